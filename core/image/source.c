/* SPDX-License-Identifier: GPL-3.0-or-later */
/* source.c - the root image as a source, with a small cache of decoded blocks */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/image/inside.h"

#define CACHE_BYTES (4U << 20)
#define MOST_SLOTS  64

struct slot {
	unsigned char *data;
	uint64_t block; /* UINT64_MAX: nothing yet */
	uint64_t used;  /* when last */
};

struct root_source {
	struct io_source src;
	const struct image *img;
	struct image_codec *codec;
	unsigned char *scratch, *scratch2;
	struct slot slots[MOST_SLOTS];
	size_t count;
	uint64_t clock;
};

static int get_block(struct root_source *s, uint64_t block, const unsigned char **data,
		     struct lm_error *err)
{
	struct slot *oldest = &s->slots[0];
	size_t i;
	int ret;

	s->clock++;
	for (i = 0; i < s->count; i++) {
		struct slot *slot = &s->slots[i];

		if (slot->block == block) {
			slot->used = s->clock;
			*data = slot->data;
			return 0;
		}
		if (slot->used < oldest->used)
			oldest = slot;
	}
	if (!oldest->data) {
		oldest->data = malloc(s->img->sb.block_bytes);
		if (!oldest->data)
			return image_no_memory(s->img, err);
	}
	oldest->block = UINT64_MAX;
	ret = image_root_read(s->img, s->codec, block, s->scratch, s->scratch2, oldest->data, err);
	/* To those who read the root image it is a device that cannot be read there. */
	if (ret == -EBADMSG) {
		ret = -EIO;
		if (err)
			err->code = ret;
	}
	if (ret)
		return ret;
	oldest->block = block;
	oldest->used = s->clock;
	*data = oldest->data;
	return 0;
}

static bool is_hole(const struct image *img, uint64_t block)
{
	return !image_root_in_fragment(img, block) &&
	       image_word_bytes(image_root_word(img, block)) == 0;
}

static int source_read(struct io_source *src, void *buf, size_t len, uint64_t off,
		       struct lm_error *err)
{
	struct root_source *s = (struct root_source *)src;
	uint32_t block_bytes = s->img->sb.block_bytes;
	unsigned char *to = buf;

	while (len) {
		uint64_t block = off / block_bytes;
		size_t skip = (size_t)(off % block_bytes);
		size_t n = (size_t)min_u64(len, image_root_len(s->img, block) - skip);
		const unsigned char *data = NULL;
		int ret;

		if (is_hole(s->img, block)) {
			memset(to, 0, n);
		} else {
			ret = get_block(s, block, &data, err);
			if (ret)
				return ret;
			memcpy(to, data + skip, n);
		}
		to += n;
		off += n;
		len -= n;
	}
	return 0;
}

static void source_close(struct io_source *src)
{
	struct root_source *s = (struct root_source *)src;
	size_t i;

	for (i = 0; i < MOST_SLOTS; i++)
		free(s->slots[i].data);
	image_codec_free(s->codec);
	free(s->scratch);
	free(s->scratch2);
	free(s);
}

static const struct io_source_ops ops = {.read = source_read, .close = source_close};

int image_root_source(struct image *image, struct io_source **src, struct lm_error *err)
{
	struct root_source *s;
	size_t i;
	int ret;

	*src = NULL;
	if (!image->info.root_path[0]) {
		ret = lm_fail(err, image->info.can_read ? -ENOENT : -EOPNOTSUPP, image->name, NULL,
			      _("The root image cannot be read"));
		lm_because(err, "%s", image->info.why_not);
		return ret;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return image_no_memory(image, err);
	s->src.ops = &ops;
	s->src.size_bytes = image->info.root_bytes;
	s->img = image;
	s->count = CACHE_BYTES / image->sb.block_bytes;
	if (s->count > MOST_SLOTS)
		s->count = MOST_SLOTS;
	for (i = 0; i < s->count; i++)
		s->slots[i].block = UINT64_MAX;
	s->scratch = malloc(image->sb.block_bytes);
	s->scratch2 = malloc(image->sb.block_bytes);
	ret = s->scratch && s->scratch2 ? image_codec_new(image, IMAGE_DECODE, &s->codec, err)
					: image_no_memory(image, err);
	if (ret) {
		source_close(&s->src);
		return ret;
	}
	*src = &s->src;
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* meta.c - tables of metadata blocks, read into memory */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/image/inside.h"

/* More than any real image needs: tables are read in as they are, not as they claim to be. */
#define MOST_BYTES (UINT64_C(256) << 20)

/*
 * Decodes the metadata block at place, which ends before end. out has room for
 * IMAGE_META_BYTES. next: the place after it.
 */
static int read_block(const struct image *img, struct image_codec *codec, uint64_t place,
		      uint64_t end, const char *what, unsigned char *out, size_t *len,
		      uint64_t *next, struct lm_error *err)
{
	unsigned char raw[2 + IMAGE_META_BYTES];
	size_t room = (size_t)min_u64(sizeof(raw), end - place);
	size_t size;
	int ret;

	if (room < 3)
		return image_bad(img, err, _("%s ends within a block, at byte %" PRIu64), what,
				 place);
	ret = image_read(img, raw, room, place, err);
	if (ret)
		return ret;
	size = get_le16(raw) & 0x7fffU;
	if (!size || size + 2 > room)
		return image_bad(img, err, _("%s has a block of a wrong size at byte %" PRIu64),
				 what, place);
	if (get_le16(raw) & 0x8000) {
		memcpy(out, raw + 2, size);
		*len = size;
	} else {
		ret = image_decode(codec, raw + 2, size, out, IMAGE_META_BYTES);
		if (ret < 0)
			return image_bad(img, err, _("%s cannot be decoded at byte %" PRIu64), what,
					 place);
		*len = (size_t)ret;
	}
	*next = place + 2 + size;
	return 0;
}

static int make_room(void **mem, size_t *cap, size_t need, size_t each)
{
	size_t want = *cap;
	void *new;

	if (need <= *cap)
		return 0;
	while (want < need)
		want = want ? want * 2 : 16;
	new = realloc(*mem, want * each);
	if (!new)
		return -ENOMEM;
	*mem = new;
	*cap = want;
	return 0;
}

int image_meta_load(const struct image *img, struct image_codec *codec, uint64_t start,
		    uint64_t end, const char *what, struct image_meta *meta, struct lm_error *err)
{
	size_t cap = 0, cap_blocks = 0, len;
	uint64_t place = start;
	int ret;

	memset(meta, 0, sizeof(*meta));
	for (;;) {
		if (make_room((void **)&meta->blocks, &cap_blocks, meta->count + 1,
			      sizeof(*meta->blocks)) ||
		    make_room((void **)&meta->data, &cap, (size_t)meta->len + IMAGE_META_BYTES,
			      1)) {
			ret = image_no_memory(img, err);
			break;
		}
		meta->blocks[meta->count].disk = place - start;
		meta->blocks[meta->count].at = meta->len;
		if (place == end)
			return 0;
		ret = read_block(img, codec, place, end, what, meta->data + meta->len, &len, &place,
				 err);
		if (ret)
			break;
		meta->len += len;
		meta->count++;
		if (meta->len > MOST_BYTES) {
			ret = image_bad(img, err, _("%s is larger than any real one"), what);
			break;
		}
	}
	image_meta_free(meta);
	return ret;
}

void image_meta_free(struct image_meta *meta)
{
	free(meta->data);
	free(meta->blocks);
	memset(meta, 0, sizeof(*meta));
}

int64_t image_meta_block(const struct image_meta *meta, uint64_t block)
{
	size_t low = 0, high = meta->count + 1;

	if (!meta->blocks)
		return -1;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (meta->blocks[mid].disk == block)
			return (int64_t)mid;
		if (meta->blocks[mid].disk < block)
			low = mid + 1;
		else
			high = mid;
	}
	return -1;
}

bool image_meta_find(const struct image_meta *meta, uint64_t block, uint32_t off, uint64_t *at)
{
	int64_t i = image_meta_block(meta, block);

	if (i < 0 || (size_t)i >= meta->count || off >= meta->blocks[i + 1].at - meta->blocks[i].at)
		return false;
	*at = meta->blocks[i].at + off;
	return true;
}

int image_table_load(const struct image *img, struct image_codec *codec, uint64_t start,
		     uint64_t len, const char *what, unsigned char **out, struct lm_error *err)
{
	unsigned char block[IMAGE_META_BYTES], entry[8];
	uint64_t done = 0, place, next;
	unsigned char *mem = NULL;
	size_t cap = 0, n;
	int ret = 0;

	*out = NULL;
	if (len > MOST_BYTES)
		return image_bad(img, err, _("%s is larger than any real one"), what);
	while (done < len) {
		ret = image_read(img, entry, sizeof(entry), start + done / IMAGE_META_BYTES * 8,
				 err);
		if (ret)
			break;
		place = get_le64(entry);
		if (place < img->sb.dir_start || place >= start) {
			ret = image_bad(img, err, _("%s points to a wrong place"), what);
			break;
		}
		ret = read_block(img, codec, place, start, what, block, &n, &next, err);
		if (!ret && n != min_u64(IMAGE_META_BYTES, len - done))
			ret = image_bad(img, err, _("%s has a block that is too short"), what);
		if (ret)
			break;
		if (make_room((void **)&mem, &cap, (size_t)done + n, 1)) {
			ret = image_no_memory(img, err);
			break;
		}
		memcpy(mem + done, block, n);
		done += n;
	}
	if (ret) {
		free(mem);
		return ret;
	}
	*out = mem;
	return 0;
}

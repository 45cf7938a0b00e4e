/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check.c - decoding everything that is in a container */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/image/inside.h"

struct check {
	const struct image *img;
	struct image_codec *codec;
	unsigned char *scratch, *out;
	size_t *fragment_len; /* of each fragment, decoded */
	uint64_t done;
	image_progress_fn progress;
	void *arg;
	struct lm_error *err;
};

static int report(struct check *c, uint64_t more)
{
	uint64_t total = c->img->sb.bytes_used;

	c->done = min_u64(c->done + more, total);
	if (!c->progress || !c->progress(c->arg, c->done, total))
		return 0;
	return lm_fail(c->err, -ECANCELED, c->img->name, NULL,
		       _("The check of the image was not finished"));
}

static int check_fragments(struct check *c)
{
	const struct image *img = c->img;
	uint32_t i;
	int ret = 0;

	c->fragment_len = calloc((size_t)img->sb.fragments + 1, sizeof(*c->fragment_len));
	if (!c->fragment_len)
		return image_no_memory(img, c->err);
	for (i = 0; i < img->sb.fragments && !ret; i++) {
		ret = image_fragment_read(img, c->codec, i, 0, c->scratch, c->out,
					  &c->fragment_len[i], c->err);
		if (!ret)
			ret = report(c, image_word_bytes(img->fragments[i].word));
	}
	return ret;
}

static int check_file(struct check *c, const struct image_inode *inode)
{
	const struct image *img = c->img;
	bool root = img->info.root_path[0] && inode->at == img->root.inode.at;
	const char *of = root ? _("Block") : _("In one of the files, block");
	uint64_t block, stored, place = inode->start;
	uint64_t tail = inode->bytes % img->sb.block_bytes;
	int ret = image_file_stored(img, inode, &stored, c->err);

	for (block = 0; block < inode->blocks && !ret; block++) {
		uint32_t word = get_le32(img->inodes.data + inode->list_at + 4 * block);
		uint64_t left = inode->bytes - block * img->sb.block_bytes;

		ret = image_block_read(img, c->codec, place, word,
				       (size_t)min_u64(left, img->sb.block_bytes), c->scratch,
				       c->out, of, block, c->err);
		place += image_word_bytes(word);
		if (!ret)
			ret = report(c, image_word_bytes(word));
	}
	if (!ret && tail && inode->fragment != IMAGE_NO_FRAGMENT &&
	    c->fragment_len[inode->fragment] < inode->frag_off + tail)
		ret = image_bad(img, c->err, _("fragment %" PRIu32 " is too short"),
				inode->fragment);
	return ret;
}

static int check_inodes(struct check *c)
{
	const struct image *img = c->img;
	struct image_inode inode;
	uint64_t at;
	int ret = 0;

	for (at = 0; at < img->inodes.len && !ret; at += inode.len) {
		ret = image_inode_at(img, at, &inode, c->err);
		if (ret)
			break;
		if (inode.type == IMAGE_REG || inode.type == IMAGE_LREG)
			ret = check_file(c, &inode);
	}
	return ret;
}

int image_check(struct image *image, image_progress_fn progress, void *arg, struct lm_error *err)
{
	struct check c = {.img = image, .progress = progress, .arg = arg, .err = err};
	int ret;

	ret = image_check_tables(image, err);
	if (ret)
		return ret;
	c.scratch = malloc(image->sb.block_bytes);
	c.out = malloc(image->sb.block_bytes);
	ret = c.scratch && c.out ? image_codec_new(image, IMAGE_DECODE, &c.codec, err)
				 : image_no_memory(image, err);
	if (!ret)
		ret = report(&c, 0);
	if (!ret)
		ret = check_fragments(&c);
	if (!ret)
		ret = check_inodes(&c);
	if (!ret)
		ret = report(&c, image->sb.bytes_used);
	image_codec_free(c.codec);
	free(c.fragment_len);
	free(c.scratch);
	free(c.out);
	return ret;
}

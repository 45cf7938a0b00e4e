/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verify.c - reading a new container back and proving every part of it */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/image/pool.h"
#include "core/image/same.h"
#include "core/image/settle.h"

#define RUN_BYTES (UINT64_C(1) << 20)

struct verify {
	struct image *old, *new;
	const struct image_change *change;
	struct image_layout lay;
	bool deep;
	struct image_pool *pool; /* blocks that are being decoded */
	struct image_codec *codec;
	unsigned char *a, *b, *scratch, *scratch2; /* of RUN_BYTES or a block */
	uint64_t done, total;
	image_progress_fn progress;
	void *arg;
	struct lm_error *err;
};

static int report(struct verify *v, uint64_t more)
{
	v->done = min_u64(v->done + more, v->total);
	if (!v->progress || !v->progress(v->arg, v->done, v->total))
		return 0;
	return lm_fail(v->err, -ECANCELED, v->new->name, NULL, _("The new image was not verified"));
}

/* len bytes of the old container at was are at is in the new one. */
static int same_bytes(struct verify *v, uint64_t was, uint64_t is, uint64_t len)
{
	int ret = 0;

	while (len && !ret) {
		size_t n = (size_t)min_u64(len, RUN_BYTES);

		ret = image_read(v->old, v->a, n, was, v->err);
		if (!ret)
			ret = image_read(v->new, v->b, n, is, v->err);
		if (!ret && memcmp(v->a, v->b, n) != 0)
			ret = image_differs(v->new, v->err,
					    _("what was copied to byte %" PRIu64 " differs"), is);
		if (!ret)
			ret = report(v, n);
		was += n;
		is += n;
		len -= n;
	}
	return ret;
}

static int check_others(struct verify *v)
{
	uint64_t start[3], len[3];
	unsigned parts = image_layout_parts(v->old, &v->lay, start, len), i;
	int ret = 0;

	for (i = 0; i < parts && !ret; i++)
		ret = same_bytes(v, start[i], image_layout_move(&v->lay, start[i]), len[i]);
	return ret;
}

static int wrong_block(struct verify *v, uint64_t block)
{
	return image_differs(v->new, v->err, _("block %" PRIu64 " of the root image is wrong"),
			     block);
}

/* Takes back the block that was given out first. */
static int take(struct verify *v)
{
	const struct image_job *job;
	int ret = image_pool_fetch(v->pool, &job, v->err);

	if (!ret && job->made == IMAGE_MADE_WRONG)
		ret = wrong_block(v, job->block);
	/* Kept ones are counted where their bytes are compared. */
	if (!ret)
		ret = report(v, job->fate == IMAGE_KEEP
					? 0
					: image_word_bytes(image_root_word(v->new, job->block)));
	image_pool_release(v->pool);
	return ret;
}

/* Gives out a block: it must decode, and to what content() says where it has changed. */
static int decode_block(struct verify *v, uint64_t block, enum image_fate fate)
{
	int ret = 0;

	if (!v->pool)
		ret = image_pool_new(v->old, v->change, IMAGE_PROVE, &v->pool, v->err);
	while (!ret && image_pool_full(v->pool))
		ret = take(v);
	return ret ? ret : image_pool_give(v->pool, block, fate, v->new, v->err);
}

/* A run of kept blocks that is yet to be compared. */
struct run {
	uint64_t was, is, len;
};

static int end_run(struct verify *v, struct run *run)
{
	int ret = same_bytes(v, run->was, run->is, run->len);

	run->len = 0;
	return ret;
}

static int check_kept(struct verify *v, uint64_t block, uint32_t word, struct run *run,
		      uint64_t was, uint64_t is)
{
	int ret = 0;

	if (word != image_root_word(v->new, block))
		return wrong_block(v, block);
	if (run->len + image_word_bytes(word) > RUN_BYTES || run->was + run->len != was ||
	    run->is + run->len != is)
		ret = end_run(v, run);
	if (!run->len)
		*run = (struct run){was, is, 0};
	run->len += image_word_bytes(word);
	return !ret && v->deep ? decode_block(v, block, IMAGE_KEEP) : ret;
}

static int check_root(struct verify *v)
{
	const struct image_inode *inode = &v->old->root.inode;
	uint64_t block, was = inode->start, is = v->new->root.inode.start;
	struct run run = {0};
	int ret = 0;

	for (block = 0; block < inode->blocks && !ret; block++) {
		uint32_t word = image_root_word(v->old, block);
		uint32_t now = image_word_bytes(image_root_word(v->new, block));
		enum image_fate fate = v->change->fate(v->change->arg, block);

		switch (fate) {
		case IMAGE_KEEP:
			ret = check_kept(v, block, word, &run, was, is);
			break;
		case IMAGE_CHANGE:
		case IMAGE_MAYBE:
			ret = decode_block(v, block, fate);
			break;
		default:
			if (now)
				ret = wrong_block(v, block);
			break;
		}
		was += image_word_bytes(word);
		is += now;
	}
	if (!ret)
		ret = end_run(v, &run);
	while (!ret && v->pool && !image_pool_idle(v->pool))
		ret = take(v);
	return ret;
}

/* The end of the root image in a fragment: its own bytes, and those of others beside it. */
static int check_tail(struct verify *v)
{
	const struct image_inode *inode = &v->old->root.inode;
	uint64_t block = inode->blocks;
	enum image_fate fate;
	size_t tail, len, now;
	int ret;

	if (!v->old->root.tail_in_fragment)
		return 0;
	fate = v->change->fate(v->change->arg, block);
	tail = image_root_len(v->old, block);
	if (fate == IMAGE_KEEP)
		return v->deep ? image_root_read(v->new, v->codec, block, v->scratch, v->scratch2,
						 v->b, v->err)
			       : 0;
	ret = image_fragment_read(v->old, v->codec, inode->fragment, inode->frag_off + tail,
				  v->scratch, v->a, &len, v->err);
	if (!ret)
		ret = image_fragment_read(v->new, v->codec, inode->fragment, inode->frag_off + tail,
					  v->scratch, v->b, &now, v->err);
	if (!ret && fate == IMAGE_HOLE)
		memset(v->a + inode->frag_off, 0, tail);
	else if (!ret)
		ret = image_tail_blend(v->old, v->change, v->a + inode->frag_off, NULL, NULL,
				       v->err);
	if (ret)
		return ret;
	if (len == now && memcmp(v->a + inode->frag_off, v->b + inode->frag_off, tail) != 0)
		return wrong_block(v, block);
	if (len != now || memcmp(v->a, v->b, len) != 0)
		return image_differs(v->new, v->err, "%s",
				     _("ends of other files in a fragment are wrong"));
	return 0;
}

/* What follows the file system, up to the next whole page, is zeros. */
static int check_padding(struct verify *v)
{
	uint64_t used = v->new->sb.bytes_used;
	uint64_t end = div_up(used, IMAGE_PAD_BYTES) * IMAGE_PAD_BYTES;
	int ret;

	if (v->new->file_bytes < end)
		return image_differs(v->new, v->err, "%s", _("it has a wrong size"));
	ret = image_read(v->new, v->b, (size_t)(end - used), used, v->err);
	memset(v->a, 0, IMAGE_PAD_BYTES);
	if (!ret && memcmp(v->a, v->b, (size_t)(end - used)) != 0)
		ret = image_differs(v->new, v->err, "%s", _("it does not end in zeros"));
	return ret;
}

static int prepare(struct verify *v)
{
	v->a = malloc(RUN_BYTES);
	v->b = malloc(RUN_BYTES);
	v->scratch = malloc(v->old->sb.block_bytes);
	v->scratch2 = malloc(v->old->sb.block_bytes);
	if (!v->a || !v->b || !v->scratch || !v->scratch2)
		return image_no_memory(v->old, v->err);
	return image_codec_new(v->old, IMAGE_DECODE, &v->codec, v->err);
}

static int open_new(struct verify *v, struct io_file *file, const char *name)
{
	int ret = io_drop_cache(file);

	if (ret)
		return lm_fail(v->err, ret, name, NULL, _("Reading the new image back failed"));
	ret = image_open(file, name, &v->new, v->err);
	if (!ret)
		ret = image_check_tables(v->new, v->err);
	/* No image at all is one more way to be wrong. */
	if (ret == -EMEDIUMTYPE || ret == -EOPNOTSUPP) {
		ret = -EBADMSG;
		if (v->err)
			v->err->code = ret;
	}
	return ret;
}

int image_verify(struct image *old, const struct image_change *change, struct io_file *new_file,
		 const char *new_name, bool deep, image_progress_fn progress, void *arg,
		 struct lm_error *err)
{
	struct verify v = {.old = old,
			   .change = change,
			   .deep = deep,
			   .progress = progress,
			   .arg = arg,
			   .err = err};
	int ret;

	if (!old->info.can_rewrite)
		return lm_fail(err, -EINVAL, old->name, NULL, _("The new image was not verified"));
	image_layout_make(old, change, &v.lay);
	ret = open_new(&v, new_file, new_name);
	if (!ret)
		ret = prepare(&v);
	if (ret)
		goto out;
	v.total = v.new->sb.bytes_used;
	ret = report(&v, 0);
	if (!ret)
		ret = image_same_tables(old, v.new, &v.lay, err);
	if (!ret)
		ret = check_others(&v);
	if (!ret)
		ret = check_root(&v);
	if (!ret)
		ret = check_tail(&v);
	if (!ret)
		ret = check_padding(&v);
	if (!ret)
		ret = report(&v, v.total);
out:
	image_pool_free(v.pool);
	image_close(v.new);
	image_codec_free(v.codec);
	free(v.a);
	free(v.b);
	free(v.scratch);
	free(v.scratch2);
	return ret;
}

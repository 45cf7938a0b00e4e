/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rewrite.c - writing the new container: blocks kept, compressed anew, or left out */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/image/layout.h"
#include "core/image/pool.h"
#include "core/image/settle.h"

#define RUN_BYTES (UINT64_C(1) << 20)
#define QUEUE     64

/* What comes next in the file: a run of kept blocks, or a block from the pool. */
struct item {
	bool packed;
	uint64_t place, len; /* of the kept blocks, or of the old one */
};

struct rewrite {
	struct image *old;
	const struct image_change *change;
	struct image_out out;
	struct image_pool *pool;
	unsigned char *list; /* sizes of the new blocks */
	struct item queue[QUEUE];
	size_t head, queued;
	image_progress_fn progress;
	void *arg;
	uint64_t total;
	struct lm_error *err;
};

static int report(struct rewrite *r)
{
	uint64_t done = image_out_at(&r->out);

	if (!r->progress || !r->progress(r->arg, min_u64(done, r->total), r->total))
		return 0;
	return lm_fail(r->err, -ECANCELED, r->out.name, NULL, _("The new image was not finished"));
}

static void settle(struct rewrite *r, const struct image_job *job, enum image_fate fate)
{
	if (job->fate == IMAGE_MAYBE && r->change->settle)
		r->change->settle(r->change->arg, job->block, fate);
}

/* Writes what has become of the block that was given out first. */
static int put_packed(struct rewrite *r, const struct item *item)
{
	const struct image_job *job;
	int ret = image_pool_fetch(r->pool, &job, r->err);

	if (ret)
		return ret;
	settle(r, job, job->made == IMAGE_MADE_SAME ? IMAGE_KEEP : IMAGE_CHANGE);
	if (job->made == IMAGE_MADE) {
		put_le32(r->list + 4 * job->block, job->word);
		ret = image_out_put(&r->out, job->data, image_word_bytes(job->word), r->err);
	} else if (job->made == IMAGE_MADE_SAME) {
		put_le32(r->list + 4 * job->block, image_root_word(r->old, job->block));
		ret = image_out_copy(&r->out, r->old, item->place, item->len, r->err);
	}
	image_pool_release(r->pool);
	return ret;
}

/* Writes out the oldest item. */
static int drain(struct rewrite *r)
{
	const struct item *item = &r->queue[r->head];
	int ret = item->packed ? put_packed(r, item) :
				 image_out_copy(&r->out, r->old, item->place, item->len, r->err);

	r->head = (r->head + 1) % QUEUE;
	r->queued--;
	return ret ? ret : report(r);
}

static int queue_item(struct rewrite *r, struct item item)
{
	int ret = r->queued == QUEUE ? drain(r) : 0;

	r->queue[(r->head + r->queued++) % QUEUE] = item;
	return ret;
}

static int keep(struct rewrite *r, uint64_t place, uint32_t len)
{
	struct item *last = &r->queue[(r->head + r->queued + QUEUE - 1) % QUEUE];

	if (!len)
		return 0;
	if (r->queued && !last->packed && last->place + last->len == place &&
	    last->len + len <= RUN_BYTES) {
		last->len += len;
		return 0;
	}
	return queue_item(r, (struct item){.place = place, .len = len});
}

static int change_block(struct rewrite *r, uint64_t block, enum image_fate fate, uint64_t place)
{
	uint32_t len = image_word_bytes(image_root_word(r->old, block));
	int ret = 0;

	if (!r->pool)
		ret = image_pool_new(r->old, r->change, IMAGE_PACK, &r->pool, r->err);
	while (!ret && image_pool_full(r->pool))
		ret = drain(r);
	if (!ret)
		ret = image_pool_give(r->pool, block, fate, NULL, r->err);
	if (!ret)
		ret = queue_item(r, (struct item){.packed = true, .place = place, .len = len});
	return ret ? ret : report(r);
}

static int put_root(struct rewrite *r)
{
	const struct image_inode *inode = &r->old->root.inode;
	uint64_t block, place = inode->start;
	int ret = 0;

	for (block = 0; block < inode->blocks && !ret; block++) {
		uint32_t word = image_root_word(r->old, block);
		enum image_fate fate = r->change->fate(r->change->arg, block);

		switch (fate) {
		case IMAGE_KEEP:
			put_le32(r->list + 4 * block, word);
			ret = keep(r, place, image_word_bytes(word));
			break;
		case IMAGE_CHANGE:
		case IMAGE_MAYBE:
			ret = change_block(r, block, fate, place);
			break;
		default:
			put_le32(r->list + 4 * block, 0);
			break;
		}
		place += image_word_bytes(word);
	}
	while (r->queued && !ret)
		ret = drain(r);
	return ret;
}

/* The end of the root image shares a fragment with the ends of others, which stay. */
static int put_tail(struct rewrite *r, const struct image_layout *lay, struct image_fragment *fresh)
{
	const struct image *old = r->old;
	const struct image_inode *inode = &old->root.inode;
	uint64_t block = inode->blocks;
	unsigned char *data, *scratch;
	struct image_codec *in = NULL, *enc = NULL;
	size_t tail, len = 0, n = 0;
	int ret;

	if (lay->frag == lay->frag_end)
		return 0;
	tail = image_root_len(old, block);
	data = malloc(old->sb.block_bytes);
	scratch = malloc(old->sb.block_bytes);
	ret = data && scratch ? image_codec_new(old, IMAGE_DECODE, &in, r->err)
			      : image_no_memory(old, r->err);
	if (!ret)
		ret = image_codec_new(old, IMAGE_ENCODE, &enc, r->err);
	if (!ret)
		ret = image_fragment_read(old, in, inode->fragment, inode->frag_off + tail, scratch,
					  data, &len, r->err);
	if (ret)
		goto out;
	if (r->change->fate(r->change->arg, block) == IMAGE_HOLE)
		memset(data + inode->frag_off, 0, tail);
	else
		ret = image_tail_blend(old, r->change, data + inode->frag_off, NULL, NULL, r->err);
	if (ret)
		goto out;
	if (!(old->sb.flags & IMAGE_F_RAW_FRAGMENTS))
		n = image_encode(enc, data, len, scratch);
	fresh->start = image_out_at(&r->out);
	fresh->word = n ? (uint32_t)n : (uint32_t)len | IMAGE_RAW;
	ret = image_out_put(&r->out, n ? scratch : data, n ? n : len, r->err);
out:
	image_codec_free(in);
	image_codec_free(enc);
	free(data);
	free(scratch);
	return ret;
}

/* In pieces, so that it can be cancelled. */
static int put_others(struct rewrite *r, const struct image_layout *lay)
{
	uint64_t start[3], len[3], n;
	unsigned parts = image_layout_parts(r->old, lay, start, len), i;
	int ret = 0;

	for (i = 0; i < parts; i++) {
		for (; len[i] && !ret; start[i] += n, len[i] -= n) {
			n = min_u64(len[i], RUN_BYTES);
			ret = image_out_copy(&r->out, r->old, start[i], n, r->err);
			if (!ret)
				ret = report(r);
		}
	}
	return ret;
}

int image_rewrite(struct image *old, const struct image_change *change, struct io_file *out,
		  const char *out_name, image_progress_fn progress, void *arg, struct lm_error *err)
{
	struct rewrite r = {
		.old = old, .change = change, .progress = progress, .arg = arg, .err = err};
	struct image_fragment fresh = {0};
	struct image_layout lay;
	struct image_super sb;
	uint64_t most;
	int ret;

	if (!old->info.can_rewrite) {
		ret = lm_fail(err, -EOPNOTSUPP, old->name, NULL,
			      _("This image cannot be written anew"));
		lm_because(err, "%s", old->info.why_not);
		return ret;
	}
	image_layout_make(old, change, &lay);
	image_estimate(old, change, &r.total, &most);
	ret = image_out_start(&r.out, out, out_name, err);
	if (ret)
		goto out;
	r.list = calloc((size_t)old->root.inode.blocks + 1, 4);
	ret = r.list ? report(&r) : image_no_memory(old, err);
	if (!ret)
		ret = put_others(&r, &lay);
	if (!ret)
		ret = put_root(&r);
	if (!ret)
		ret = put_tail(&r, &lay, &fresh);
	if (!ret)
		ret = image_tables_write(old, &lay, r.list, &fresh, &r.out, &sb, err);
	if (!ret)
		ret = report(&r);
	if (!ret)
		ret = image_out_finish(&r.out, &sb, err);
out:
	image_pool_free(r.pool);
	image_out_free(&r.out);
	free(r.list);
	return ret;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* settle.c - whether blocks that may have changed have */
#include "core/image/settle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/image/pool.h"

struct settle {
	struct image *old;
	const struct image_change *change;
	struct image_pool *pool;
	bool first, found;
	image_progress_fn progress;
	void *arg;
	struct lm_error *err;
};

static int report(struct settle *s, uint64_t done)
{
	uint64_t total = s->old->info.root_blocks;

	if (!s->progress || !s->progress(s->arg, done < total ? done : total, total))
		return 0;
	return lm_fail(s->err, -ECANCELED, s->old->name, NULL,
		       _("Finding what has changed was not finished"));
}

static void tell(const struct settle *s, uint64_t block, enum image_fate fate)
{
	if (s->change->settle)
		s->change->settle(s->change->arg, block, fate);
}

int image_tail_blend(const struct image *old, const struct image_change *change,
		     unsigned char *tail, unsigned char *was, bool *differs, struct lm_error *err)
{
	uint64_t block = old->root.inode.blocks;
	size_t len = image_root_len(old, block);
	unsigned char *content = malloc(old->sb.block_bytes);
	unsigned char *fresh = calloc(1, image_fresh_bytes(old));
	bool other;
	int ret = content && fresh ? change->content(change->arg, block, content, len, fresh, err)
				   : image_no_memory(old, err);

	if (!ret) {
		other = image_blend(change, block, tail, content, fresh, len, was);
		if (differs)
			*differs = other;
	}
	free(content);
	free(fresh);
	return ret;
}

static int settle_tail(struct settle *s)
{
	const struct image *old = s->old;
	uint64_t block = old->root.inode.blocks;
	size_t size = old->sb.block_bytes;
	unsigned char *buf;
	struct image_codec *codec;
	bool differs;
	int ret;

	if (!old->root.tail_in_fragment || s->change->fate(s->change->arg, block) != IMAGE_MAYBE)
		return 0;
	ret = image_codec_new(old, IMAGE_DECODE, &codec, s->err);
	if (ret)
		return ret;
	buf = malloc(3 * size);
	ret = buf ? image_root_read(old, codec, block, buf + size, buf + 2 * size, buf, s->err)
		  : image_no_memory(old, s->err);
	if (!ret)
		ret = image_tail_blend(old, s->change, buf, buf + size, &differs, s->err);
	if (!ret) {
		tell(s, block, differs ? IMAGE_CHANGE : IMAGE_KEEP);
		s->found = differs;
	}
	free(buf);
	image_codec_free(codec);
	return ret;
}

/* Takes the oldest block back. */
static int take(struct settle *s)
{
	const struct image_job *job;
	int ret = image_pool_fetch(s->pool, &job, s->err);

	if (ret)
		return ret;
	tell(s, job->block, job->made == IMAGE_MADE_SAME ? IMAGE_KEEP : IMAGE_CHANGE);
	s->found |= job->made != IMAGE_MADE_SAME;
	ret = report(s, job->block);
	image_pool_release(s->pool);
	return ret;
}

static int settle_blocks(struct settle *s)
{
	uint64_t block;
	int ret = 0;

	for (block = 0; block < s->old->root.inode.blocks && !(s->first && s->found); block++) {
		if (s->change->fate(s->change->arg, block) != IMAGE_MAYBE)
			continue;
		if (!s->pool)
			ret = image_pool_new(s->old, s->change, IMAGE_COMPARE, &s->pool, s->err);
		while (!ret && image_pool_full(s->pool))
			ret = take(s);
		if (!ret)
			ret = image_pool_give(s->pool, block, IMAGE_MAYBE, NULL, s->err);
		if (ret)
			return ret;
	}
	while (!ret && s->pool && !image_pool_idle(s->pool))
		ret = take(s);
	return ret;
}

int image_settle(struct image *old, const struct image_change *change, bool first,
		 image_progress_fn progress, void *arg, struct lm_error *err)
{
	struct settle s = {.old = old,
			   .change = change,
			   .first = first,
			   .progress = progress,
			   .arg = arg,
			   .err = err};
	int ret;

	if (!old->info.root_path[0] || !old->info.can_read)
		return lm_fail(err, -EINVAL, old->name, NULL, _("The root image cannot be read"));
	ret = report(&s, 0);
	if (!ret)
		ret = settle_tail(&s);
	if (!ret)
		ret = settle_blocks(&s);
	if (!ret)
		ret = report(&s, old->info.root_blocks);
	image_pool_free(s.pool);
	return ret;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* changes.c - see changes.h */
#include "core/ops/changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"

static uint32_t changes_chunk_bytes(const struct changes *c)
{
	return cow_store_info(c->look->store)->chunk_sectors * 512;
}

static void mark(struct changes *c, uint64_t first, uint64_t last, bool maybe)
{
	for (uint64_t b = first; b <= last; b++) {
		if (c->fate[b] != IMAGE_KEEP)
			continue;
		c->fate[b] = maybe ? IMAGE_MAYBE : IMAGE_CHANGE;
		c->changed_blocks++;
		c->maybe_blocks += maybe;
	}
}

static int start_fates(struct changes *c, struct lm_error *err)
{
	const struct image_info *info = image_info(c->look->image);

	c->blocks = info->root_blocks;
	c->block_bytes = info->block_bytes;
	if (c->block_bytes == 0 || c->blocks != div_up(info->root_bytes, c->block_bytes) ||
	    c->blocks > SIZE_MAX)
		return lm_fail(err, -EBADMSG, NULL, NULL, "%s", _("The image makes no sense"));
	c->fate = malloc(c->blocks ? (size_t)c->blocks : 1);
	if (!c->fate)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Looking for changes failed"));
	for (uint64_t b = 0; b < c->blocks; b++) {
		uint64_t off = b * c->block_bytes;
		bool used = view_fate_used(&c->chunks, off, min_u64(c->block_bytes, info->root_bytes - off));

		c->fate[b] = used ? IMAGE_KEEP : IMAGE_HOLE;
		c->holes += !used;
	}
	return 0;
}

/* With a journal to replay its word is good for an estimate only. */
static int load_bitmap(struct changes *c, bool strict, struct lm_error *err)
{
	struct fs *fs = c->look->fs;
	int ret = view_fate_trust(fs, strict, strict ? err : NULL);

	c->chunks = (struct view_fate){
		.store = c->look->store, .base = c->look->base, .now = c->look->view,
		.fs = ret == 1 ? fs : NULL,
	};
	return strict && ret < 0 ? ret : 0;
}

struct marking {
	struct changes *c;
	bool maybe;
};

static int mark_chunk(void *arg, const struct view_chunk *chunk, struct lm_error *err)
{
	const struct marking *m = arg;
	struct changes *c = m->c;

	(void)err;
	if (chunk->kind == VIEW_DEAD)
		return 0;
	c->live_bytes += chunk->len;
	mark(c, chunk->off / c->block_bytes, (chunk->off + chunk->len - 1) / c->block_bytes,
	     m->maybe);
	return 0;
}

static int find_in_image(struct changes *c, enum changes_look how, io_progress_fn progress,
			 void *arg, struct lm_error *err)
{
	struct marking marking = { .c = c, .maybe = how != CHANGES_LIVE };
	struct image_change change = changes_for_image(c);
	int ret = view_fate_each(&c->chunks, VIEW_FATE_USED, mark_chunk, &marking, err);

	if (ret < 0 || how == CHANGES_LIVE)
		return ret;
	return image_settle(c->look->image, &change, how == CHANGES_FIRST, progress, arg, err);
}

static int count_chunk(void *arg, uint64_t off, uint64_t len, struct lm_error *err)
{
	struct changes *c = arg;

	(void)off;
	(void)err;
	c->live_bytes += len;
	return 0;
}

int changes_find(struct changes *c, const struct stick_look *look, enum changes_look how,
		 bool strict, io_progress_fn progress, void *arg, struct lm_error *err)
{
	int ret;

	*c = (struct changes){ .look = look, .compared = how != CHANGES_LIVE };
	ret = load_bitmap(c, strict, err);
	if (ret == 0 && look->image)
		ret = start_fates(c, err);
	if (ret == 0)
		ret = look->image ? find_in_image(c, how, progress, arg, err) :
				    changes_each_chunk(c, count_chunk, c, err);
	if (ret < 0)
		changes_free(c);
	return ret;
}

void changes_free(struct changes *c)
{
	free(c->fate);
	*c = (struct changes){ 0 };
}

struct each {
	changes_chunk_fn fn;
	void *arg;
};

static int changes_each_live(void *arg, const struct view_chunk *chunk, struct lm_error *err)
{
	const struct each *e = arg;

	return chunk->kind == VIEW_LIVE ? e->fn(e->arg, chunk->off, chunk->len, err) : 0;
}

int changes_each_chunk(struct changes *c, changes_chunk_fn fn, void *arg, struct lm_error *err)
{
	struct each e = { .fn = fn, .arg = arg };

	return view_fate_each(&c->chunks, c->compared ? VIEW_FATE_COMPARE : VIEW_FATE_USED,
			      changes_each_live, &e, err);
}

static enum image_fate fate(void *arg, uint64_t block)
{
	const struct changes *c = arg;

	return block < c->blocks ? (enum image_fate)c->fate[block] : IMAGE_KEEP;
}

/* How much of len bytes from off on lies in chunks that follow each other in the store. */
static size_t stored_run(const struct changes *c, uint64_t off, size_t len, uint64_t *at)
{
	uint64_t bytes = changes_chunk_bytes(c), chunk = off / bytes, run = bytes - off % bytes;
	uint64_t follows;

	*at = cow_store_lookup(c->look->store, chunk);
	follows = *at ? *at + 1 : 0;
	while (run < len && cow_store_lookup(c->look->store, ++chunk) == follows) {
		run += bytes;
		follows += *at != 0;
	}
	return (size_t)min_u64(run, len);
}

static int content(void *arg, uint64_t block, void *buf, size_t len, unsigned char *fresh,
		   struct lm_error *err)
{
	const struct changes *c = arg;
	uint64_t off = block * c->block_bytes;
	size_t done = 0;
	int ret = 0;

	while (done < len && ret == 0) {
		uint64_t at;
		size_t n = stored_run(c, off + done, len - done, &at);

		if (at)
			ret = cow_store_read(c->look->store, at,
					     (uint32_t)((off + done) % changes_chunk_bytes(c)),
					     (char *)buf + done, n, err);
		for (size_t i = done / IMAGE_SECTOR; at && i < div_up(done + n, IMAGE_SECTOR); i++)
			fresh[i / 8] = (unsigned char)(fresh[i / 8] | 1u << i % 8);
		done += n;
	}
	return ret;
}

static void clean(void *arg, uint64_t block, void *buf, size_t len)
{
	const struct changes *c = arg;

	if (c->chunks.fs)
		fs_zero_free(c->chunks.fs, block * c->block_bytes, buf, len);
}

static void changes_settle(void *arg, uint64_t block, enum image_fate to)
{
	struct changes *c = arg;

	if (block >= c->blocks || c->fate[block] != IMAGE_MAYBE)
		return;
	c->fate[block] = (unsigned char)to;
	c->maybe_blocks--;
	c->changed_blocks -= to == IMAGE_KEEP;
}

struct image_change changes_for_image(struct changes *c)
{
	return (struct image_change){
		.fate = fate, .content = content, .clean = clean, .settle = changes_settle, .arg = c
	};
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compact_scan.c - which chunks of an overlay are worth keeping */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/compact/compact.h"
#include "core/report/usage.h"

/* Neighbouring chunks are read together, up to this much. */
#define PIECE (1u << 20)

struct scan {
	struct compact *c;
	const struct stick_look *look;
	struct io_source *top;
	uint64_t chunk, size; /* bytes of a chunk, and of the device */
	unsigned char *base, *now;
	uint64_t first, count; /* the run of chunks that is being gathered */
	size_t most;
};

static int no_memory(struct lm_error *err)
{
	return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Looking for what is in use failed"));
}

static int keep(struct compact *c, uint64_t chunk, struct lm_error *err)
{
	if (c->n_kept == c->cap_kept) {
		size_t cap = (size_t)c->cap_kept * 2 + 1024;
		uint64_t *list = reallocarray(c->kept, cap, sizeof(*list));

		if (!list)
			return no_memory(err);
		c->kept = list;
		c->cap_kept = cap;
	}
	c->kept[c->n_kept++] = chunk;
	return 0;
}

static bool is_equal(const struct scan *s, uint64_t off, size_t at, size_t len)
{
	if (memcmp(s->base + at, s->now + at, len) == 0)
		return true;
	if (!s->c->trust)
		return false;
	fs_zero_free(s->look->fs, off, s->base + at, len);
	fs_zero_free(s->look->fs, off, s->now + at, len);
	return memcmp(s->base + at, s->now + at, len) == 0;
}

static int judge_run(struct scan *s, struct lm_error *err)
{
	uint64_t off = s->first * s->chunk;
	uint64_t len = min_u64(s->count * s->chunk, s->size - off);
	int ret = io_source_read(s->look->base, s->base, (size_t)len, off, err);

	if (ret == 0)
		ret = io_source_read(s->top, s->now, (size_t)len, off, err);
	for (uint64_t i = 0; i < s->count && ret == 0; i++) {
		uint64_t at = i * s->chunk;

		if (is_equal(s, off + at, (size_t)at, (size_t)min_u64(s->chunk, len - at)))
			s->c->equal++;
		else
			ret = keep(s->c, s->first + i, err);
	}
	s->count = 0;
	return ret;
}

static int take(struct scan *s, uint64_t chunk, struct lm_error *err)
{
	uint64_t off;
	int ret = 0;

	/* Beyond the end of the device there is nothing that anybody could read. */
	if (mul_overflows(chunk, s->chunk, &off) || off >= s->size ||
	    (s->c->trust &&
	     !fs_range_used(s->look->fs, off, min_u64(s->chunk, s->size - off)))) {
		s->c->dead++;
		return 0;
	}
	if (s->count > 0 && (s->first + s->count != chunk || s->count == s->most))
		ret = judge_run(s, err);
	if (s->count == 0)
		s->first = chunk;
	s->count++;
	return ret;
}

int compact_union(struct cow_store *store, struct cow_store *scratch, uint64_t **list,
		  uint64_t *count)
{
	uint64_t n, k = 0, i = 0, j = 0;
	const struct cow_exception *a = cow_store_sorted(store, &n), *b = NULL;
	uint64_t *all;

	if (scratch)
		b = cow_store_sorted(scratch, &k);
	if (n > SIZE_MAX / 16 || k > SIZE_MAX / 16)
		return -ENOMEM;
	all = calloc((size_t)(n + k) + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	*count = 0;
	while (i < n || j < k) {
		uint64_t from_a = i < n ? a[i].old_chunk : UINT64_MAX;
		uint64_t from_b = j < k ? b[j].old_chunk : UINT64_MAX;

		i += i < n && from_a <= from_b;
		j += j < k && from_b <= from_a;
		all[(*count)++] = min_u64(from_a, from_b);
	}
	*list = all;
	return 0;
}

/* Only a file system that is whole can say what is free. */
bool compact_may_trust(struct fs *fs)
{
	return fs && fs_info(fs)->readable && fs_info(fs)->state == LM_FS_CLEAN &&
	       fs_load_bitmap(fs, NULL) == 0;
}

int compact_scan(struct compact *c, const struct stick_look *look, struct io_source *top,
		 struct cow_store *scratch, io_progress_fn progress, void *arg,
		 struct lm_error *err)
{
	const struct cow_info *info = cow_store_info(look->store);
	struct scan s = { .c = c, .look = look, .top = top, .size = look->base->size_bytes };
	uint64_t *list = NULL, count = 0;
	int ret;

	s.chunk = (uint64_t)info->chunk_sectors * 512;
	s.most = (size_t)max_u64(PIECE / s.chunk, 1);
	c->trust = compact_may_trust(look->fs);
	c->n_kept = c->dead = c->equal = 0;
	s.base = malloc(s.most * (size_t)s.chunk);
	s.now = malloc(s.most * (size_t)s.chunk);
	ret = s.base && s.now ? compact_union(look->store, scratch, &list, &count) : -ENOMEM;
	if (ret < 0)
		no_memory(err);
	for (uint64_t i = 0; i < count && ret == 0; i++) {
		ret = take(&s, list[i], err);
		if (ret == 0 && progress && (i & 255) == 0 && progress(arg, i, count) != 0)
			ret = lm_fail(err, -ECANCELED, NULL, NULL, "%s", _("Stopped"));
	}
	if (ret == 0 && s.count > 0)
		ret = judge_run(&s, err);
	c->chunk_sectors = info->chunk_sectors;
	c->before_sectors = info->allocated_sectors;
	c->after_sectors = usage_allocated_sectors(c->n_kept, info->chunk_sectors);
	free(list);
	free(s.base);
	free(s.now);
	return ret;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* view_fate.c - see view_fate.h */
#include "core/view/view_fate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"

/* Neighbouring chunks are read together, up to this much. */
#define PIECE (1u << 20)

struct walk {
	const struct view_fate *f;
	view_fate_fn fn;
	void *arg;
	uint64_t chunk;          /* bytes of one */
	unsigned char *a, *b;    /* what base and view hold; NULL: nothing is compared */
	struct view_chunk next;  /* index and count */
	uint64_t first, n, most; /* the run of chunks that is being gathered */
};

static uint64_t chunk_bytes(const struct view_fate *f)
{
	return cow_store_info(f->store)->chunk_sectors * 512ull;
}

int view_fate_trust(struct fs *fs, bool for_good, struct lm_error *err)
{
	int ret;

	if (!fs || !fs_info(fs)->readable)
		return 0;
	ret = fs_load_bitmap(fs, err);
	if (ret < 0)
		return ret;
	return !for_good || fs_info(fs)->state == LM_FS_CLEAN;
}

bool view_fate_range(const struct view_fate *f, uint64_t chunk, uint64_t *off, uint64_t *len)
{
	uint64_t bytes = chunk_bytes(f), size = f->base->size_bytes;

	*len = 0;
	if (mul_overflows(chunk, bytes, off) || *off >= size)
		return false;
	*len = min_u64(bytes, size - *off);
	return true;
}

bool view_fate_used(const struct view_fate *f, uint64_t off, uint64_t len)
{
	return !f->fs || fs_range_used(f->fs, off, len);
}

bool view_fate_same(const struct view_fate *f, uint64_t off, void *a, void *b, size_t len)
{
	if (memcmp(a, b, len) == 0)
		return true;
	if (!f->fs)
		return false;
	fs_zero_free(f->fs, off, a, len);
	fs_zero_free(f->fs, off, b, len);
	return memcmp(a, b, len) == 0;
}

static int tell(struct walk *w, uint64_t chunk, enum view_fate_kind kind, struct lm_error *err)
{
	struct view_chunk c = w->next;

	c.chunk = chunk;
	c.kind = kind;
	if (!view_fate_range(w->f, chunk, &c.off, &c.len))
		c.off = w->f->base->size_bytes;
	w->next.index++;
	return w->fn(w->arg, &c, err);
}

static int compare_run(struct walk *w, struct lm_error *err)
{
	uint64_t off = w->first * w->chunk, n = w->n;
	uint64_t len = min_u64(n * w->chunk, w->f->base->size_bytes - off);
	int ret;

	w->n = 0;
	if (n == 0)
		return 0;
	ret = io_source_read(w->f->base, w->a, (size_t)len, off, err);
	if (ret == 0)
		ret = io_source_read(w->f->now, w->b, (size_t)len, off, err);
	for (uint64_t i = 0; i < n && ret == 0; i++) {
		uint64_t at = i * w->chunk;
		bool same = view_fate_same(w->f, off + at, w->a + at, w->b + at,
					   (size_t)min_u64(w->chunk, len - at));

		ret = tell(w, w->first + i, same ? VIEW_EQUAL : VIEW_LIVE, err);
	}
	return ret;
}

static int take(struct walk *w, uint64_t chunk, struct lm_error *err)
{
	uint64_t off, len;
	bool dead = !view_fate_range(w->f, chunk, &off, &len) || !view_fate_used(w->f, off, len);
	int ret = 0;

	if (dead || w->first + w->n != chunk || w->n == w->most)
		ret = compare_run(w, err);
	if (ret)
		return ret;
	if (dead || !w->a)
		return tell(w, chunk, dead ? VIEW_DEAD : VIEW_LIVE, err);
	if (w->n == 0)
		w->first = chunk;
	w->n++;
	return 0;
}

/* The chunks of store and over in one ascending list: to be counted (w NULL), or taken. */
static int each_chunk(const struct view_fate *f, struct walk *w, uint64_t *count,
		      struct lm_error *err)
{
	uint64_t n, k = 0, i = 0, j = 0;
	const struct cow_exception *a = cow_store_sorted(f->store, &n), *b = NULL;
	int ret = 0;

	if (f->over)
		b = cow_store_sorted(f->over, &k);
	*count = 0;
	while ((i < n || j < k) && ret == 0) {
		uint64_t from_a = i < n ? a[i].old_chunk : UINT64_MAX;
		uint64_t from_b = j < k ? b[j].old_chunk : UINT64_MAX;

		i += i < n && from_a <= from_b;
		j += j < k && from_b <= from_a;
		++*count;
		if (w)
			ret = take(w, min_u64(from_a, from_b), err);
	}
	return ret;
}

int view_fate_each(const struct view_fate *f, enum view_fate_how how, view_fate_fn fn, void *arg,
		   struct lm_error *err)
{
	struct walk w = {.f = f, .fn = fn, .arg = arg, .chunk = chunk_bytes(f)};
	uint64_t count;
	int ret;

	w.most = max_u64(PIECE / w.chunk, 1);
	if (how == VIEW_FATE_COMPARE) {
		w.a = malloc((size_t)(w.most * w.chunk));
		w.b = malloc((size_t)(w.most * w.chunk));
		if (!w.a || !w.b) {
			ret = lm_fail(err, -ENOMEM, NULL, NULL, "%s",
				      _("Looking for what is in use failed"));
			goto out;
		}
	}
	(void)each_chunk(f, NULL, &w.next.count, NULL);
	ret = each_chunk(f, &w, &count, err);
	if (ret == 0)
		ret = compare_run(&w, err);
out:
	free(w.a);
	free(w.b);
	return ret;
}

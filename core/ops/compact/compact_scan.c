/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compact_scan.c - which chunks of an overlay are worth keeping */
#include <errno.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/compact/compact.h"
#include "core/view/view_fate.h"

static int compact_scan_keep(struct compact *c, uint64_t chunk, struct lm_error *err)
{
	if (c->n_kept == c->cap_kept) {
		size_t cap = (size_t)c->cap_kept * 2 + 1024;
		uint64_t *list = reallocarray(c->kept, cap, sizeof(*list));

		if (!list)
			return lm_fail(err, -ENOMEM, NULL, NULL, "%s",
				       _("Looking for what is in use failed"));
		c->kept = list;
		c->cap_kept = cap;
	}
	c->kept[c->n_kept++] = chunk;
	return 0;
}

struct scan {
	struct compact *c;
	io_progress_fn progress;
	void *arg;
};

static int scan_chunk(void *arg, const struct view_chunk *chunk, struct lm_error *err)
{
	struct scan *s = arg;
	struct compact *c = s->c;

	if (s->progress && (chunk->index & 255) == 0 &&
	    s->progress(s->arg, chunk->index, chunk->count) != 0)
		return lm_fail(err, -ECANCELED, NULL, NULL, "%s", _("Stopped"));
	switch (chunk->kind) {
	case VIEW_DEAD:
		c->dead++;
		return 0;
	case VIEW_EQUAL:
		c->equal++;
		return 0;
	default:
		return compact_scan_keep(c, chunk->chunk, err);
	}
}

bool compact_may_trust(struct fs *fs)
{
	return view_fate_trust(fs, true, NULL) == 1;
}

int compact_scan(struct compact *c, const struct stick_look *look, struct io_source *top,
		 struct cow_store *scratch, io_progress_fn progress, void *arg,
		 struct lm_error *err)
{
	const struct cow_info *info = cow_store_info(look->store);
	struct scan s = { .c = c, .progress = progress, .arg = arg };
	struct view_fate fate = {
		.store = look->store, .over = scratch, .base = look->base, .now = top,
	};
	int ret;

	c->trust = compact_may_trust(look->fs);
	fate.fs = c->trust ? look->fs : NULL;
	c->n_kept = c->dead = c->equal = 0;
	ret = view_fate_each(&fate, VIEW_FATE_COMPARE, scan_chunk, &s, err);
	c->chunk_sectors = info->chunk_sectors;
	c->before_sectors = info->allocated_sectors;
	c->after_sectors = cow_allocated_sectors(c->n_kept, info->chunk_sectors);
	return ret;
}

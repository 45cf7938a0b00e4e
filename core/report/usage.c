/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/report/usage.h"
#include "core/report/sums.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/view/view_fate.h"

enum kind { UNKNOWN, DEAD, METADATA, JOURNAL, IN_FILE };

struct gather {
	const struct cow_exception *exceptions; /* sorted by old_chunk */
	uint64_t count, chunk_bytes;
	unsigned char *kind; /* of each exception */
	struct usage_path *paths;
	size_t n_paths, cap;
};

static int usage_no_memory(struct lm_error *err)
{
	return lm_fail(err, -ENOMEM, NULL, NULL, "%s",
		       _("Finding out what holds the overlay failed"));
}

/* The first exception whose chunk is not before chunk. */
static uint64_t usage_lower_bound(const struct gather *g, uint64_t chunk)
{
	uint64_t low = 0, high = g->count;

	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (g->exceptions[mid].old_chunk < chunk)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int usage_add_path(struct gather *g, const char *path, bool is_dir, uint64_t bytes)
{
	struct usage_path *p;

	if (g->n_paths > 0 && strcmp(g->paths[g->n_paths - 1].path, path) == 0) {
		g->paths[g->n_paths - 1].bytes += bytes;
		return 0;
	}
	if (g->n_paths == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 256;

		p = reallocarray(g->paths, cap, sizeof(*p));
		if (!p)
			return -ENOMEM;
		g->paths = p;
		g->cap = cap;
	}
	p = &g->paths[g->n_paths];
	p->path = strdup(path);
	if (!p->path)
		return -ENOMEM;
	p->is_dir = is_dir;
	p->bytes = bytes;
	g->n_paths++;
	return 0;
}

/* A chunk with a block of a file belongs to the file, even if other things lie in it too. */
static int take_owner(void *arg, enum fs_owner_kind owner, const char *path, bool is_dir,
		      uint64_t off, uint64_t len)
{
	struct gather *g = arg;
	uint64_t last = (off + len - 1) / g->chunk_bytes, chunks = 0, i;

	for (i = usage_lower_bound(g, off / g->chunk_bytes);
	     i < g->count && g->exceptions[i].old_chunk <= last; i++) {
		if (g->kind[i] == IN_FILE)
			continue;
		if (owner == FS_FILE) {
			g->kind[i] = IN_FILE;
			chunks++;
		} else if (g->kind[i] == UNKNOWN) {
			g->kind[i] = owner == FS_JOURNAL ? JOURNAL : METADATA;
		}
	}
	return chunks ? usage_add_path(g, path, is_dir, chunks * g->chunk_bytes) : 0;
}

/* How far the chunks have been told apart. */
struct telling {
	struct gather *g;
	const struct lm_watch *watch;
	uint64_t done, total, *equal;
};

static int take_dead(void *arg, const struct view_chunk *c, struct lm_error *err)
{
	struct gather *g = arg;

	(void)err;
	if (c->kind == VIEW_DEAD)
		g->kind[c->index] = DEAD;
	return 0;
}

static int usage_watch(const struct telling *t, uint64_t done, struct lm_error *err)
{
	if (!t->watch || !t->watch->fn ||
	    t->watch->fn(t->watch->arg, done, t->total, _("Comparing overlay and image")) == 0)
		return 0;
	return lm_fail(err, -ECANCELED, NULL, NULL, "%s", _("Looking was stopped"));
}

static int take_equal(void *arg, const struct view_chunk *c, struct lm_error *err)
{
	struct telling *t = arg;
	int r;

	if (c->kind == VIEW_DEAD)
		return 0;
	r = usage_watch(t, t->done, err);
	t->done += t->g->chunk_bytes;
	if (c->kind == VIEW_EQUAL)
		*t->equal += t->g->chunk_bytes;
	return r;
}

static int find_equal(struct gather *g, const struct view_fate *fate, const struct lm_watch *watch,
		      uint64_t *equal, struct lm_error *err)
{
	struct telling t = {.g = g, .watch = watch, .equal = equal};
	uint64_t i;
	int r;

	for (i = 0; i < g->count; i++)
		t.total += g->kind[i] == DEAD ? 0 : g->chunk_bytes;
	r = view_fate_each(fate, VIEW_FATE_COMPARE, take_equal, &t, err);
	return r == 0 ? usage_watch(&t, t.total, err) : r;
}

static void usage_sum_up(const struct gather *g, const struct cow_info *info, struct lm_usage *u)
{
	uint64_t sum[IN_FILE + 1] = {0}, now, kept, i;

	for (i = 0; i < g->count; i++)
		sum[g->kind[i]] += g->chunk_bytes;
	u->chunk_bytes = g->chunk_bytes;
	u->total_bytes = g->count * g->chunk_bytes;
	u->files_bytes = sum[IN_FILE];
	u->journal_bytes = sum[JOURNAL];
	u->dead_bytes = sum[DEAD];
	u->fsmeta_bytes = sum[METADATA] + sum[UNKNOWN];
	u->tables_bytes = info->metadata_sectors * 512;
	if (g->count == 0)
		return;
	/* After a reset the store is made anew, with chunks of 8 sectors. */
	now = info->allocated_sectors;
	kept = min_u64(now, cow_allocated_sectors(0, 8));
	u->merge_frees_bytes = (now - kept) * 512;
	kept = (u->total_bytes - u->dead_bytes - u->equal_bytes) / g->chunk_bytes;
	kept = min_u64(now, cow_allocated_sectors(kept, info->chunk_sectors));
	u->compact_frees_bytes = (now - kept) * 512;
}

int usage_of(const struct stick_look *look, const struct lm_watch *watch, struct lm_usage **usage,
	     struct lm_error *err)
{
	const struct cow_info *info = cow_store_info(look->store);
	const struct view_fate fate = {
		.store = look->store,
		.base = look->base,
		.now = look->view,
		.fs = look->fs,
	};
	struct lm_usage *u = calloc(1, sizeof(*u));
	struct gather g = {.chunk_bytes = (uint64_t)info->chunk_sectors * 512};
	uint64_t i;
	int r;

	*usage = NULL;
	g.exceptions = cow_store_sorted(look->store, &g.count);
	g.kind = calloc(1, (size_t)g.count + 1);
	if (!u || !g.kind) {
		r = usage_no_memory(err);
		goto out;
	}
	r = fs_load_bitmap(look->fs, err);
	if (r < 0)
		goto out;
	r = fs_owners(look->fs, take_owner, &g, err);
	if (r < 0) {
		if (r == -ENOMEM)
			usage_no_memory(err);
		goto out;
	}
	/* Afterwards: where it is in use, what was freed meanwhile is free by now. */
	r = view_fate_each(&fate, VIEW_FATE_USED, take_dead, &g, err);
	if (r < 0)
		goto out;
	r = find_equal(&g, &fate, watch, &u->equal_bytes, err);
	if (r < 0)
		goto out;
	u->root = usage_tree(g.paths, g.n_paths);
	if (!u->root) {
		r = usage_no_memory(err);
		goto out;
	}
	usage_sum_up(&g, info, u);
	u->exact = sums_exact(look);
	u->note = sums_exact_text(u->exact);
	*usage = u;
	u = NULL;
out:
	for (i = 0; i < g.n_paths; i++)
		free(g.paths[i].path);
	free(g.paths);
	free(g.kind);
	lm_usage_free(u);
	return r;
}

static int usage_read(struct lm_stick *stick, const struct lm_watch *watch, struct lm_usage **usage,
		      struct lm_error *err)
{
	struct stick_look look;
	int r;

	*usage = NULL;
	r = stick_look_open(stick, 0, &look, err);
	if (r < 0)
		return r;
	if (look.trouble.code) {
		/* What cannot be opened cannot be told apart either. */
		r = look.trouble.code;
		if (err) {
			*err = look.trouble;
			/* Nothing failed here: it is the overlay that needs attention. */
			if (r == -EUCLEAN)
				err->outcome = LM_ATTENTION;
		}
	} else if (!look.store || !look.base || !look.fs) {
		r = lm_refuse(err, -EOPNOTSUPP, stick->shown, NULL,
			      _("it has no dm-snapshot overlay"), "%s",
			      _("There is no overlay to look into"));
	} else {
		r = usage_of(&look, watch, usage, err);
	}
	stick_look_close(&look);
	return r;
}

int lm_usage_read(struct lm_stick *stick, const struct lm_watch *watch, struct lm_usage **usage,
		  struct lm_error *err)
{
	unsigned before = lm_files_short();
	int ret = usage_read(stick, watch, usage, err);

	if (lm_files_short() == before)
		return ret;
	lm_usage_free(*usage);
	*usage = NULL;
	return lm_files_fail(err, stick->given);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* grow.c - the steps of making an overlay larger; the plan is made in grow_plan.c */
#include "core/ops/grow/grow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/ctx.h"
#include "core/dm/loop.h"
#include "core/dm/renew.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_extend.h"
#include "core/plan/journal.h"
#include "core/text.h"

struct grow *grow_new(struct lm_stick *stick, struct lm_error *err)
{
	return session_state(sizeof(struct grow), stick, LM_OP_GROW, err);
}

void grow_free(void *grow)
{
	struct grow *g = grow;

	session_free(g->s);
	free(g);
}

int grow_find_use(struct grow *g, struct io *io, struct lm_error *err)
{
	struct io_stat st;
	int ret = io_stat(io, g->s->overlay, &st);

	if (ret < 0)
		return lm_fail(err, ret, g->s->overlay, NULL, "%s",
			       _("Looking at the overlay failed"));
	g->attached = st.ino && dm_find_use(st.dev, st.ino, &g->use) == 1 &&
		      !g->use.leftover;
	return 0;
}

uint64_t grow_choose_length(uint64_t bytes, uint64_t old, uint64_t limit, uint32_t chunk_sectors)
{
	uint64_t chunk = chunk_sectors * 512ull, up;

	if (add_overflows(bytes, chunk - 1, &up) || up > INT64_MAX)
		return 0;
	bytes = up - up % chunk;
	if (cow_size_is_exact_fit(bytes, chunk_sectors))
		bytes += chunk;
	if (bytes > limit)
		bytes = limit - limit % chunk;
	if (cow_size_is_exact_fit(bytes, chunk_sectors))
		bytes -= chunk;
	return bytes > old ? bytes : 0;
}

/* ---- steps ---- */

/* What the tables of the store reach up to, in sectors; the length of the file in *bytes. */
static int look_at_store(struct grow *g, struct io_file *file, uint64_t *reach, uint64_t *bytes,
			 enum lm_overlay_state *state, struct lm_error *err)
{
	struct cow_store *store;
	int ret = cow_store_open(file, g->s->overlay, 0, &store, err);

	if (ret < 0)
		return ret;
	*reach = max_u64(cow_store_info(store)->allocated_sectors,
			 cow_store_info(store)->metadata_sectors);
	*bytes = cow_store_info(store)->file_bytes;
	*state = cow_store_info(store)->state;
	cow_store_close(store);
	return 0;
}

static int lock(struct grow *g, struct lm_error *err)
{
	bool attached = g->attached;
	int ret = session_lock(g->s, attached, err);

	if (ret == 0)
		ret = grow_find_use(g, g->s->rw.io, err);
	return ret == 0 && g->attached != attached ? session_changed(g->s, err) : ret;
}

int grow_step_check(struct plan_run *run, void *grow, struct lm_error *err)
{
	struct grow *g = grow;
	struct session *s = g->s;
	enum lm_overlay_state state;
	struct io_file *file;
	uint64_t bytes = 0;
	int ret;

	s->run = run;
	ret = lock(g, err);
	if (ret < 0)
		return ret;
	ret = session_no_pending(s, err);
	if (ret == 0)
		ret = session_open_overlay(g->s, IO_READ, &file, err);
	if (ret < 0)
		return ret;
	ret = look_at_store(g, file, &g->allocated, &bytes, &state, err);
	io_file_close(file);
	if (ret == 0 &&
	    (s->resuming ? bytes < g->old_bytes || bytes > g->new_bytes : bytes != g->old_bytes))
		ret = session_changed(g->s, err);
	s->noted = ret == 0 && s->resuming;
	return ret;
}

int grow_step_extend(struct plan_run *run, void *grow, struct lm_error *err)
{
	struct grow *g = grow;
	struct session *s = g->s;
	struct io_file *file;
	struct io_stat st;
	uint64_t from = 0;
	int ret;

	s->run = run;
	if (!s->resuming) {
		s->rec.overlay_id.bytes = g->old_bytes;
		s->rec.grow.new_bytes = g->new_bytes;
		ret = session_note(s, RECORD_BUILDING, err);
		if (ret < 0)
			return ret;
	}
	ret = session_open_overlay(g->s, IO_WRITE, &file, err);
	if (ret < 0)
		return ret;
	ret = io_fstat(file, &st);
	if (ret < 0)
		lm_fail(err, ret, s->overlay, NULL, "%s", _("Looking at the overlay failed"));
	/*
	 * The holes of a sparse file are filled as well, or room could still run
	 * out below the overlay; but not where the kernel may be writing into them.
	 */
	if (g->attached || g->sparse_bytes == 0)
		from = s->resuming ? min_u64(st.size_bytes, g->new_bytes) : g->old_bytes;
	if (ret == 0)
		ret = io_extend(file, s->overlay, from, g->new_bytes, session_progress, s, err);
	ret = session_close_overlay(g->s, file, ret, err);
	if (ret == -ENOSPC)
		lm_error_help(err, _("Delete or move files from the stick, or ask for less."));
	g->extended = ret == 0;
	return ret;
}

/* The device below takes the new size at once; the kernel asks for it at every allocation. */
/*
 * What had overflowed takes nothing more, however long its file: the kernel is
 * given a new snapshot of it. Where that fails a restart does the same.
 */
static void renew_if_full(struct grow *g)
{
	struct dm_snapshot_status live;
	struct io_file *file = NULL;
	struct session *s = g->s;
	struct lm_error e = { 0 };

	if (!g->use.dm_name[0] || dm_snapshot_status(s->ctx, g->use.dm_name, &live, NULL) < 0 ||
	    live.state != LM_STATE_OVERFLOW || io_open(s->rw.io, s->overlay, IO_WRITE, &file) < 0)
		return;
	if (dm_renew_overlay(s->ctx, g->use.dm_name, file, s->overlay, NULL, &e) < 0)
		ctx_log(s->ctx, LM_LOG_WARN, "%s: %s: %s", e.what, e.on, e.why);
	io_file_close(file);
}

int grow_step_kernel(struct plan_run *run, void *grow, struct lm_error *err)
{
	struct grow *g = grow;
	struct session *s = g->s;
	uint64_t sectors = 0;
	struct io_stat st;
	int ret;

	plan_run_critical(run, true);
	s->run = run;
	s->committed = true; /* from here on the kernel may allocate beyond the old end */
	ret = io_stat(s->rw.io, s->overlay, &st);
	if (ret < 0)
		return lm_fail(err, ret, s->overlay, NULL, "%s",
			       _("Looking at the overlay failed"));
	ret = dm_loop_resize_used(g->use.loop, st.dev, st.ino, &sectors, err);
	if (ret == 0 && sectors < g->new_bytes / 512) {
		lm_fail(err, -EIO, g->use.loop, NULL, "%s",
			_("Telling the kernel the new size failed"));
		ret = lm_because(err, "%s", _("the loop device has not become larger"));
	}
	if (ret == 0)
		renew_if_full(g);
	return ret;
}

static int grow_tell_result(struct grow *g, struct plan_run *run, struct lm_error *err)
{
	struct dm_snapshot_status live;
	char old[16], new[16], now[600];

	snprintf(now, sizeof(now),
		 _("The overlay was %s, it is %s now (%llu bytes). What it holds was not touched."),
		 text_size(old, g->old_bytes), text_size(new, g->new_bytes),
		 (unsigned long long)g->new_bytes);
	if (!g->attached || !g->use.dm_name[0]) {
		plan_run_result(run, now, _("The stick can be booted, or unmounted and removed."));
		return 0;
	}
	/* Not being told how it is does not make it any worse. */
	if (dm_snapshot_status(g->s->ctx, g->use.dm_name, &live, NULL) < 0) {
		plan_run_result(run, now, "");
		return 0;
	}
	if (live.state != LM_STATE_ACTIVE) {
		plan_run_result(run, now,
				_("The running system does not use it yet: it had run into the wall "
				  "before. Restart it."));
		return 0;
	}
	if (live.total_sectors != g->new_bytes / 512) {
		lm_fail(err, -EIO, g->use.dm_name, _("Restart the system: it then has the new size."),
			"%s", _("The kernel does not show the new size"));
		lm_because(err, _("it shows %llu sectors"), (unsigned long long)live.total_sectors);
		return -EIO;
	}
	plan_run_result(run, now, _("The running system has the room already."));
	return 0;
}

int grow_step_finish(struct plan_run *run, void *grow, struct lm_error *err)
{
	struct grow *g = grow;
	struct session *s = g->s;
	enum lm_overlay_state state;
	uint64_t reach, bytes;
	struct io_file *file;
	int ret;

	plan_run_critical(run, true);
	s->run = run;
	s->committed = true;
	ret = session_open_overlay(g->s, IO_READ, &file, err);
	if (ret < 0)
		return ret;
	ret = io_drop_cache(file);
	if (ret == 0)
		ret = look_at_store(g, file, &reach, &bytes, &state, err);
	io_file_close(file);
	if (ret == 0 && (bytes < g->new_bytes || reach < g->allocated ||
			 (!g->attached && reach != g->allocated))) {
		lm_fail(err, -EIO, s->overlay, _("See `livemend doctor`."), "%s",
			_("The overlay does not read back as it must"));
		ret = lm_because(err, "%s", _("the stick may be failing"));
	}
	if (ret == 0)
		ret = grow_tell_result(g, run, err);
	if (ret == 0)
		ret = journal_log(s->rw.io, s->dir, err,
				  "grow: %s was %llu bytes, it is %llu bytes now", s->overlay,
				  (unsigned long long)g->old_bytes,
				  (unsigned long long)g->new_bytes);
	s->run = run;
	if (ret == 0)
		session_log_by_hand(s);
	if (ret == 0)
		ret = session_clear(s, err);
	if (ret == 0)
		s->noted = false;
	else
		err->outcome = LM_RESUMABLE;
	return ret;
}

/* ---- backwards ---- */

/* The loop device on top has taken over more than the old length. */
static bool kernel_has_more(const struct grow *g)
{
	struct dm_loop *loops = NULL;
	unsigned count = 0;
	bool more = true;

	if (!g->attached)
		return false;
	if (dm_list_loops(&loops, &count) < 0)
		return true;
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(loops[i].name, g->use.loop) == 0)
			more = loops[i].size_bytes > g->old_bytes;
	}
	free(loops);
	return more;
}

/* Back to the old length, unless something has come to lie behind it. */
static int shrink_back(struct grow *g, struct lm_error *err)
{
	enum lm_overlay_state state;
	struct io_file *file;
	uint64_t reach, bytes;
	int ret;

	if (kernel_has_more(g))
		return session_too_late(g->s, _("the running system has the new size"), err);
	ret = session_open_overlay(g->s, IO_WRITE, &file, err);
	if (ret < 0)
		return ret;
	ret = look_at_store(g, file, &reach, &bytes, &state, err);
	if (ret == 0 && bytes > g->old_bytes) {
		if (state == LM_STATE_DAMAGED || reach > g->old_bytes / 512) {
			ret = session_too_late(g->s, _("the room that was added is in use"), err);
		} else {
			ret = io_truncate(file, g->old_bytes);
			if (ret == 0)
				ret = io_fsync(file);
			if (ret < 0)
				lm_fail(err, ret, g->s->overlay, NULL, "%s",
					_("Taking back the new length failed"));
		}
	}
	ret = session_close_overlay(g->s, file, ret, err);
	if (ret == 0)
		ret = session_clear(g->s, err);
	return session_resumable(ret, err);
}

int grow_step_undo(struct plan_run *run, void *grow, struct lm_error *err)
{
	struct grow *g = grow;
	int ret;

	plan_run_critical(run, true);
	g->s->run = run;
	journal_log(g->s->rw.io, g->s->dir, NULL, "resume: grow is undone");
	ret = shrink_back(g, err);
	session_tell_end(g->s, ret, _("The overlay has its old length."), err);
	return ret;
}

static int grow_undo_it(void *grow, struct lm_error *err)
{
	return shrink_back(grow, err);
}

void grow_abort(struct plan_run *run, void *grow, struct lm_error *err)
{
	struct grow *g = grow;
	struct session *s = g->s;

	(void)run;
	if (!s->noted)
		return;
	s->committed = s->committed || s->resuming;
	if (!session_put_back(s, grow_undo_it, g, err))
		return;
	/* Best effort: it is over, and the stick is as it was. */
	journal_log(s->rw.io, s->dir, NULL, "grow: stopped, the old length is back: %s", err->what);
}

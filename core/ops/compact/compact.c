/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compact.c - the state of a compact, and its steps; the plan is made in compact_plan.c */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_file.h"
#include "core/io/io_replace.h"
#include "core/ops/compact/compact_plan.h"
#include "core/io/io_copy.h"
#include "core/plan/journal.h"
#include "core/text.h"

/* ---- the state ---- */

struct compact *compact_new(struct lm_stick *stick, struct lm_error *err)
{
	struct compact *c = calloc(1, sizeof(*c));

	if (c)
		c->m = merge_new(stick, err);
	if (!c || !c->m) {
		free(c);
		lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
		return NULL;
	}
	c->m->rec.op = LM_OP_COMPACT;
	c->m->bare = stick->container == STICK_BARE;
	c->m->lenient = true;
	return c;
}

void compact_free(void *compact)
{
	struct compact *c = compact;

	io_file_close(c->fresh_lock);
	merge_unlook(c->m);
	cow_store_close(c->m->scratch);
	c->m->scratch = NULL;
	io_file_close(c->scratch_file);
	merge_free(c->m);
	free(c->fresh);
	free(c->aside);
	free(c->kept);
	free(c);
}

int compact_paths(struct compact *c, const char *overlay, struct lm_error *err)
{
	const struct lm_stick *s = c->m->stick;
	int ret = merge_paths(c->m, s->base_path ? s->base_path : "", overlay, err);

	if (ret < 0)
		return ret;
	if (asprintf(&c->fresh, "%s/livemend.cow", c->m->dir) < 0)
		c->fresh = NULL;
	if (asprintf(&c->aside, "%s/livemend.bak", c->m->dir) < 0)
		c->aside = NULL;
	return c->fresh && c->aside ? 0 : lm_fail(err, -ENOMEM, NULL, NULL, "%s",
						  _("Planning failed"));
}

/* ---- check ---- */

static void worst_problem(void *arg, const struct cow_problem *p)
{
	bool *bad = arg;

	*bad = *bad || !p->harmless;
}

int compact_refusal(struct compact *c, const struct stick_look *look, struct lm_error *err)
{
	const char *what = _("This overlay cannot be compacted as it is");
	const struct merge *m = c->m;
	const struct cow_info *info = look->store ? cow_store_info(look->store) : NULL;
	bool bad = false;
	int ret;

	if (info && info->state == LM_STATE_INVALID)
		return lm_refuse(err, -EUCLEAN, m->overlay,
				 _("Recover it first: `livemend recover`."),
				 _("it is marked as invalid, so the kernel does not read it"), "%s",
				 what);
	if (info && info->state == LM_STATE_DAMAGED)
		return lm_refuse(err, -EUCLEAN, m->overlay, _("See `livemend doctor`."),
				 info->trouble, "%s", what);
	if (look->trouble.code != 0) {
		if (err) {
			*err = look->trouble;
			err->outcome = LM_REFUSED;
		}
		return look->trouble.code;
	}
	if (!info || !look->base || !look->view)
		return lm_refuse(err, -EUCLEAN, m->stick->given, _("See `livemend doctor`."),
				 _("image or overlay cannot be read"), "%s",
				 _("There is nothing to compact"));
	ret = cow_store_check(look->store, worst_problem, &bad, err);
	if (ret < 0)
		return ret;
	if (bad)
		return lm_refuse(err, -EUCLEAN, m->overlay, _("See `livemend doctor`."),
				 _("its tables break the rules of the format"), "%s", what);
	if (!look->paired)
		return lm_refuse(err, -EUCLEAN, m->overlay,
				 _("Put the image back that the overlay was used with."),
				 look->pair_why, "%s",
				 _("Overlay and image do not belong together"));
	return 0;
}

/*
 * What e2fsck repairs goes into a store in memory, laid over the overlay, and
 * from there into the new one: the old one is not written to, and may be full.
 */
static int make_scratch(struct compact *c, struct lm_error *err)
{
	const struct merge *m = c->m;
	uint64_t size = m->look.base->size_bytes, chunk = cow_store_info(m->look.store)->chunk_sectors;
	int fd = memfd_create("livemend-repair", MFD_CLOEXEC), ret;

	ret = fd < 0 ? -errno : io_fd_file(fd, &c->scratch_file);
	/* Nothing of it is there before it is written: room for all of the device. */
	if (ret == 0)
		ret = io_truncate(c->scratch_file, size + size / 8 + chunk * 512 * 64);
	if (ret < 0)
		return lm_fail(err, ret, NULL, NULL, "%s",
			       _("Making room in memory for repairs failed"));
	ret = cow_format(c->scratch_file, (uint32_t)chunk, _("memory"), err);
	if (ret == 0)
		ret = cow_store_open(c->scratch_file, _("memory"), size / 512, &c->m->scratch, err);
	return ret == 0 ? merge_look(c->m, c->m->base, err) : ret;
}

static int step_check(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct merge *m = c->m;
	struct record pending;
	int ret;

	m->run = run;
	ret = merge_lock(m, err);
	if (ret < 0)
		return ret;
	ret = record_read(m->rw.io, m->dir, &pending, err);
	if (ret == 1)
		record_free(&pending);
	if (ret != 0)
		return lm_refuse(err, -EBUSY, m->stick->given, _("Run `livemend resume` first."),
				 _("an operation on it was interrupted"), "%s",
				 _("The stick is in the middle of something"));
	ret = merge_look(m, m->base, err);
	if (ret == 0)
		ret = compact_refusal(c, &m->look, err);
	if (ret == 0)
		ret = record_identify(m->rw.io, m->base, &m->rec.old_image, err);
	if (ret == 0 && !c->in_place && merge_can_check_fs(m))
		ret = make_scratch(c, err);
	if (ret == 0)
		ret = merge_check_fs(m, err);
	if (ret == 0)
		ret = record_identify_overlay(m->rw.io, m->overlay, &m->rec.overlay_id, NULL, err);
	return ret;
}

/* ---- compare ---- */

/* The plan's own look still holds: nothing has changed, nothing was repaired. */
static bool still_holds(const struct compact *c)
{
	const struct merge *m = c->m;

	return record_same(&c->scanned, &m->rec.overlay_id) &&
	       (!m->scratch || cow_store_info(m->scratch)->exceptions == 0) &&
	       c->trust == compact_may_trust(m->look.fs);
}

bool compact_wins(const struct compact *c)
{
	return c->after_sectors < c->before_sectors;
}

int compact_choose_one(struct compact *c, struct cow_store *store, struct lm_error *err)
{
	uint64_t count;
	const struct cow_exception *e = cow_store_sorted(store, &count);

	/* A table made shorter in place needs one record to go by. */
	if (!c->in_place || c->n_kept > 0 || count == 0)
		return 0;
	if (!c->kept)
		c->kept = calloc(1, sizeof(*c->kept));
	if (!c->kept)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	c->kept[0] = e[0].old_chunk;
	c->n_kept = 1;
	c->after_sectors += c->chunk_sectors;
	return 0;
}

static int step_compare(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct merge *m = c->m;
	char size[16];
	int ret = 0;

	m->run = run;
	if (!still_holds(c)) {
		ret = compact_scan(c, &m->look, m->top, m->scratch, merge_progress, m, err);
		if (ret == 0)
			ret = compact_choose_one(c, m->look.store, err);
	}
	if (ret < 0)
		return ret;
	c->nothing = !compact_wins(c);
	text_size(size, (c->before_sectors - c->after_sectors) * 512);
	if (c->nothing)
		plan_run_message(run, "%s", _("Everything in the overlay is needed"));
	else
		plan_run_message(run, _("%llu chunks stay; %llu are free, %llu as in the image"),
				 (unsigned long long)c->n_kept, (unsigned long long)c->dead,
				 (unsigned long long)c->equal);
	return 0;
}

/* ---- beside ---- */

static int step_build(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct merge *m = c->m;
	int ret;

	m->run = run;
	if (c->nothing)
		return 0;
	m->rec.phase = RECORD_BUILDING;
	m->noted = true;
	ret = record_write(m->rw.io, m->dir, &m->rec, err);
	/* Left by an older run. */
	if (ret == 0)
		ret = merge_remove_beside(m, c->fresh, m->overlay, err);
	if (ret == 0)
		ret = compact_write(c, merge_progress, m, err);
	if (ret == 0) {
		ret = io_sync_dir(m->rw.io, m->dir);
		if (ret < 0)
			lm_fail(err, ret, c->fresh, NULL, "%s",
				_("Writing the new overlay failed"));
	}
	if (ret == 0)
		ret = record_identify_overlay(m->rw.io, c->fresh, &m->rec.new_image, NULL, err);
	if (ret == 0 && record_same(&m->rec.overlay_id, &m->rec.new_image)) {
		lm_fail(err, -EEXIST, c->fresh, NULL, "%s", _("Writing the new overlay failed"));
		ret = lm_because(err, "%s", _("it cannot be told from the old one"));
	}
	return ret;
}

static int step_verify(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;

	c->m->run = run;
	return c->nothing ? 0 : compact_prove(c, c->fresh, merge_progress, c->m, err);
}

static int step_exchange(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct merge *m = c->m;
	int ret;

	if (c->nothing)
		return 0;
	plan_run_critical(run, true);
	m->run = run;
	ret = compact_lock_fresh(c, err);
	if (ret < 0)
		return ret;
	merge_unlook(m); /* nothing is held open that gets another name, but for the locks */
	m->rec.phase = RECORD_READY;
	ret = record_write(m->rw.io, m->dir, &m->rec, err);
	if (ret < 0)
		return ret;
	plan_run_flushing(run, true);
	m->committed = true;
	ret = compact_exchange(c, err);
	plan_run_flushing(run, false);
	return ret;
}

static void tell_result(struct compact *c, struct plan_run *run)
{
	char before[16], after[16], won[16], now[600];

	if (c->nothing) {
		plan_run_result(run, _("There is nothing to win: everything in the overlay is "
				       "needed. Nothing was changed."),
				_("A merge empties the overlay, growing it makes it larger."));
		return;
	}
	snprintf(now, sizeof(now),
		 _("%s are won back: the overlay held %s, it holds %s now (%llu sectors before, "
		   "%llu now). No file of the live system has changed."),
		 text_size(won, (c->before_sectors - c->after_sectors) * 512),
		 text_size(before, c->before_sectors * 512),
		 text_size(after, c->after_sectors * 512), (unsigned long long)c->before_sectors,
		 (unsigned long long)c->after_sectors);
	plan_run_result(run, now, _("The stick can be booted, or unmounted and removed."));
}

static int step_finish(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct merge *m = c->m;
	int ret = 0;

	plan_run_critical(run, true);
	m->run = run;
	if (!c->nothing) {
		m->committed = true;
		ret = compact_finish(c, err);
	} else if (m->noted) {
		ret = journal_pending_clear(m->rw.io, m->dir, err);
	}
	if (ret < 0)
		return ret;
	m->noted = false;
	tell_result(c, run);
	return 0;
}

/* ---- in place ---- */

static int step_backup(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct merge *m = c->m;
	int ret;

	m->run = run;
	if (c->nothing)
		return 0;
	merge_work_names(m);
	ret = io_replace_remove(m->work, ".", m->work_old, err);
	return ret < 0 ? ret :
			 io_copy(m->rw.io, m->overlay, m->work, ".", m->work_old, merge_progress,
				   m, err);
}

static int step_squeeze(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	int ret;

	c->m->run = run;
	if (c->nothing)
		return 0;
	c->m->rec.phase = RECORD_APPLYING;
	c->m->noted = true;
	ret = record_write(c->m->rw.io, c->m->dir, &c->m->rec, err);
	return ret < 0 ? ret : compact_in_place(c, err);
}

/* As it lies on the stick now: as full as it was said to become, and sound. */
static int step_look_again(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct merge *m = c->m;
	int ret;

	m->run = run;
	if (c->nothing)
		return 0;
	ret = merge_look(m, m->base, err);
	if (ret == 0)
		ret = io_drop_cache(m->look.overlay_file);
	if (ret == 0)
		ret = compact_refusal(c, &m->look, err);
	if (ret == 0 && cow_store_info(m->look.store)->allocated_sectors != c->after_sectors)
		ret = lm_fail(err, -EBADMSG, m->overlay, NULL, "%s",
			      _("The overlay is not as full as it must be"));
	return ret;
}

static int step_finish_in_place(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct merge *m = c->m;
	int ret;

	plan_run_critical(run, true);
	m->run = run;
	merge_unlook(m);
	ret = c->nothing ? 0 : compact_finish_in_place(c, err);
	if (ret == 0 && c->nothing && m->noted)
		ret = journal_pending_clear(m->rw.io, m->dir, err);
	if (ret < 0) {
		err->outcome = LM_RESUMABLE;
		return ret;
	}
	m->noted = false;
	tell_result(c, run);
	return 0;
}

/* ---- the end before the end ---- */

static void on_abort(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct merge *m = c->m;
	enum lm_outcome outcome = err->outcome;
	struct lm_error undo;

	(void)run;
	merge_unlook(m);
	if (!m->noted) {
		if (m->work_old[0])
			merge_work_clean(m, NULL);
		return;
	}
	lm_error_clear(&undo);
	/* In place it goes on from anywhere, and may be left anywhere if that is wanted. */
	if (m->committed || (m->rec.phase == RECORD_APPLYING && err->code != -ECANCELED) ||
	    compact_undo(c, &undo) < 0) {
		if (undo.code != 0)
			ctx_log(m->ctx, LM_LOG_WARN, "%s: %s: %s", undo.what, undo.on, undo.why);
		err->outcome = LM_RESUMABLE;
		return;
	}
	m->noted = false;
	err->outcome = outcome;
	if (m->work_old[0])
		merge_work_clean(m, NULL);
	/* Best effort: it is over, and the stick is as it was. */
	journal_log(m->rw.io, m->dir, NULL, "compact: stopped, and everything put back: %s",
		    err->what);
}

const struct compact_steps compact_steps = {
	.check = step_check,
	.compare = step_compare,
	.build = step_build,
	.verify = step_verify,
	.exchange = step_exchange,
	.finish = step_finish,
	.backup = step_backup,
	.squeeze = step_squeeze,
	.look_again = step_look_again,
	.finish_in_place = step_finish_in_place,
	.abort = on_abort,
};

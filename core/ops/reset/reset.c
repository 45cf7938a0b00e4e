/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reset.c - forget all changes: the overlay is emptied, the image and home.img stay */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/merge/merge.h"
#include "core/ops/op.h"
#include "core/plan/journal.h"
#include "core/text.h"

static int step_nothing(struct plan_run *run, void *state, struct lm_error *err)
{
	(void)run;
	(void)state;
	(void)err;
	return 0;
}

static int step_check(struct plan_run *run, void *state, struct lm_error *err)
{
	struct merge *m = state;
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
	return record_identify_overlay(m->rw.io, m->overlay, &m->rec.overlay_id, NULL, err);
}

static int step_reset(struct plan_run *run, void *state, struct lm_error *err)
{
	struct merge *m = state;
	int ret;

	plan_run_critical(run, true);
	m->run = run;
	m->rec.phase = RECORD_RESETTING;
	m->noted = true;
	ret = record_write(m->rw.io, m->dir, &m->rec, err);
	if (ret < 0)
		return ret;
	m->committed = true;
	ret = merge_reset_overlay(m, err);
	if (ret == 0)
		ret = journal_log(m->rw.io, m->dir, err, "reset: the changes in %s were forgotten",
				  m->overlay);
	if (ret == 0)
		merge_log_by_hand(m);
	if (ret == 0)
		ret = journal_pending_clear(m->rw.io, m->dir, err);
	if (ret < 0)
		err->outcome = LM_RESUMABLE;
	return ret;
}

static void on_abort(struct plan_run *run, void *state, struct lm_error *err)
{
	struct merge *m = state;

	(void)run;
	if (!m->noted)
		return;
	if (m->committed || journal_pending_clear(m->rw.io, m->dir, NULL) < 0)
		err->outcome = LM_RESUMABLE;
}

static int look(struct merge *m, bool *empty, uint64_t *bytes, struct lm_error *err)
{
	struct lm_stick *s = m->stick;
	struct record pending;
	struct record_id id;
	int ret;

	if (s->n_overlays == 0)
		return lm_refuse(err, -ENOENT, s->given, NULL, _("it has no overlay"), "%s",
				 _("There is nothing to reset"));
	if (s->overlays[0].kind != LM_OVERLAY_DM_SNAPSHOT)
		return lm_refuse(err, -EOPNOTSUPP, s->overlays[0].path,
				 _("Overlays of the dm-snapshot kind can be reset."),
				 _("it is of another kind"), "%s", _("This overlay cannot be reset"));
	ret = record_read(s->io, s->live_dir, &pending, NULL);
	if (ret == 1)
		record_free(&pending);
	if (ret != 0)
		return lm_refuse(err, -EBUSY, s->given, _("Run `livemend resume` on it first."),
				 _("an operation on it was interrupted"), "%s",
				 _("The stick is in the middle of something"));
	if (s->overlays[0].attached)
		return lm_refuse(err, -EBUSY, s->overlays[0].path,
				 _("Boot another system, or this stick without its overlay, and "
				   "reset it from there."),
				 _("the running system uses it"), "%s",
				 _("An overlay in use cannot be reset"));
	ret = stick_rw_possible(s, err);
	if (ret == 0)
		ret = merge_paths(m, s->base_path ? s->base_path : "", s->overlays[0].path, err);
	if (ret == 0)
		ret = record_identify_overlay(s->io, m->overlay, &id, empty, err);
	*bytes = id.bytes;
	return ret;
}

static void say(struct merge *m, struct lm_plan *plan)
{
	struct lm_step *s;

	s = plan_step(plan, "check", _("Check the stick"),
		      _("Nobody else may be working on it."), step_check);
	s->cancellable = true;
	s = plan_step(plan, "reset", _("Empty the overlay"),
		      _("An overlay whose first sector is zero counts as new: the next boot starts "
			"with the image as it is."),
		      step_reset);
	plan_command(s, "dd if=/dev/zero of=%s bs=512 count=1 conv=notrunc,fsync", m->overlay);
	s->writes = text_dup(_("the overlay's first sector, the journal"));
	s->work_bytes = 1;
	plan_abort(plan, on_abort);
	plan_result(plan,
		    _("The overlay is empty: the stick is as it was when it was made. home.img was "
		      "not touched."),
		    _("The stick can be booted, or unmounted and removed."));
}

int ops_plan_reset(struct lm_stick *stick, const struct lm_options *options, struct lm_plan *plan,
		   struct lm_error *err)
{
	struct merge *m = merge_new(stick, err);
	struct lm_error why;
	uint64_t bytes = 0;
	bool empty = false;
	int ret;

	(void)options;
	if (!m)
		return -ENOMEM;
	m->rec.op = LM_OP_RESET;
	plan_state(plan, m, merge_free);
	lm_error_clear(&why);
	plan_text(plan, _("Forget all changes"),
		  _("The overlay is emptied: every change made to the live system since the stick "
		    "was made is forgotten. The image and home.img are not touched."));
	ret = look(m, &empty, &bytes, &why);
	if (ret == -ENOMEM) {
		if (err)
			*err = why;
		return ret;
	}
	if (ret < 0) {
		plan_refuse(plan, &why);
		return 0;
	}
	if (empty) {
		plan_text(plan, _("Forget all changes"),
			  _("The overlay is empty: there is nothing to forget."));
		plan_step(plan, "check", _("See that there is nothing to do"),
			  _("The overlay holds no changes."), step_nothing);
		return plan_result(plan, _("There was nothing to forget: the overlay is empty."),
				   "");
	}
	say(m, plan);
	return plan_risk(plan,
			 _("All changes that the overlay holds: files, settings and programs added "
			   "since the stick was made. home.img is kept."),
			 _("Not at all once it is done. `livemend export` makes a copy of the "
			   "system first."),
			 "reset");
}

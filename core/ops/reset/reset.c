/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reset.c - forget all changes: the overlay is emptied, the image and home.img stay */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/op.h"
#include "core/ops/session.h"
#include "core/plan/journal.h"
#include "core/text.h"

static int reset_step_check(struct plan_run *run, void *state, struct lm_error *err)
{
	struct session *s = state;
	int ret;

	s->run = run;
	ret = session_lock(s, false, err);
	if (ret == 0)
		ret = session_no_pending(s, err);
	if (ret == 0)
		ret = session_know_overlay(s, err);
	return ret;
}

static int reset_step_empty(struct plan_run *run, void *state, struct lm_error *err)
{
	struct session *s = state;
	bool kept = false;
	int ret;

	plan_run_critical(run, true);
	s->run = run;
	ret = session_note(s, RECORD_RESETTING, err);
	if (ret < 0)
		return ret;
	s->committed = true;
	ret = session_reset_overlay(s, &kept, err);
	if (ret == 0)
		ret = journal_log(s->rw.io, s->dir, err, "reset: the changes in %s were forgotten",
				  s->overlay);
	if (ret == 0)
		session_log_by_hand(s);
	if (ret == 0)
		ret = session_clear(s, err);
	return session_resumable(ret, err);
}

static void reset_abort(struct plan_run *run, void *state, struct lm_error *err)
{
	struct session *s = state;

	(void)run;
	if (s->noted && (s->committed || session_clear(s, NULL) < 0))
		err->outcome = LM_RESUMABLE;
}

static int reset_look(struct session *s, bool *empty, struct lm_error *err)
{
	const struct lm_stick *stick = s->stick;
	struct record_id id;
	int ret;

	if (stick->n_overlays == 0)
		return lm_refuse(err, -ENOENT, stick->given, NULL, _("it has no overlay"), "%s",
				 _("There is nothing to reset"));
	if (stick->overlays[0].kind != LM_OVERLAY_DM_SNAPSHOT)
		return lm_refuse(err, -EOPNOTSUPP, stick->overlays[0].path,
				 _("Overlays of the dm-snapshot kind can be reset."),
				 _("it is of another kind"), "%s",
				 _("This overlay cannot be reset"));
	ret = session_no_pending(s, err);
	if (ret == 0 && stick->overlays[0].attached)
		return lm_refuse(err, -EBUSY, stick->overlays[0].path,
				 _("Boot another system, or this stick without its overlay, and "
				   "reset it from there."),
				 _("the running system uses it"), "%s",
				 _("An overlay in use cannot be reset"));
	if (ret == 0)
		ret = stick_rw_possible(s->stick, err);
	if (ret == 0)
		ret = session_overlay_path(s, stick->overlays[0].path, err);
	if (ret == 0)
		ret = record_identify_overlay(stick->io, s->overlay, &id, empty, err);
	return ret;
}

static void reset_say(struct session *s, struct lm_plan *plan)
{
	struct lm_step *step;

	step = plan_step(plan, "check", _("Check the stick"),
			 _("Nobody else may be working on it."), reset_step_check);
	step->cancellable = true;
	step = plan_step(
		plan, "reset", _("Empty the overlay"),
		_("An overlay whose first sector is zero counts as new: the next boot starts "
		  "with the image as it is."),
		reset_step_empty);
	plan_command(step, "dd if=/dev/zero of=%s bs=512 count=1 conv=notrunc,fsync", s->overlay);
	step->writes = text_dup(_("the overlay's first sector, the journal"));
	step->work_bytes = 1;
	plan_abort(plan, reset_abort);
	plan_result(plan,
		    _("The overlay is empty: the stick is as it was when it was made. home.img was "
		      "not touched."),
		    _("The stick can be booted, or unmounted and removed."));
}

static void reset_free(void *state)
{
	session_free(state);
}

int ops_plan_reset(struct lm_stick *stick, const struct lm_options *options, struct lm_plan *plan,
		   struct lm_error *err)
{
	struct session *s = session_new(stick, LM_OP_RESET, err);
	struct lm_error why;
	bool empty = false;
	int ret;

	(void)options;
	if (!s)
		return -ENOMEM;
	plan_state(plan, s, reset_free);
	lm_error_clear(&why);
	plan_text(plan, _("Forget all changes"),
		  _("The overlay is emptied: every change made to the live system since the stick "
		    "was made is forgotten. The image and home.img are not touched."));
	ret = reset_look(s, &empty, &why);
	if (ret < 0)
		return session_planned(plan, ret, &why, err);
	if (empty) {
		plan_text(plan, _("Forget all changes"),
			  _("The overlay is empty: there is nothing to forget."));
		plan_step(plan, "check", _("See that there is nothing to do"),
			  _("The overlay holds no changes."), session_step_nothing);
		return plan_result(plan, _("There was nothing to forget: the overlay is empty."),
				   "");
	}
	reset_say(s, plan);
	return plan_risk(plan,
			 _("All changes that the overlay holds: files, settings and programs added "
			   "since the stick was made. home.img is kept."),
			 _("Not at all once it is done. `livemend export` makes a copy of the "
			   "system first."),
			 "reset");
}

/* ---- resume ---- */

struct record_prose reset_prose(const struct record *r)
{
	(void)r;
	return (struct record_prose){
		.doing = _("The overlay was being reset (its changes forgotten)."),
		.safe = _(
			"The changes in the overlay are to be forgotten; the image is untouched."),
	};
}

static int reset_resume_check(struct plan_run *run, void *state, struct lm_error *err)
{
	struct session *s = state;

	s->run = run;
	return session_resume_check(s, err);
}

static int reset_resume_undo(struct plan_run *run, void *state, struct lm_error *err)
{
	struct session *s = state;
	int ret;

	plan_run_critical(run, true);
	s->run = run;
	/* For the record only, and before anything that may turn the stick read-only. */
	journal_log(s->rw.io, s->dir, NULL, "resume: reset is undone");
	ret = session_clear(s, err);
	session_tell_end(s, ret, _("Image and overlay are as before the operation."), err);
	return ret;
}

static int reset_resume_empty(struct plan_run *run, void *state, struct lm_error *err)
{
	struct session *s = state;
	bool kept = false;
	int ret;

	plan_run_critical(run, true);
	s->run = run;
	ret = session_reset_overlay(s, &kept, err);
	if (ret == 0)
		ret = journal_log(
			s->rw.io, s->dir, err,
			kept ? "resume: reset: the stick was used since, and %s was kept" :
			       "reset: the changes in %s were forgotten",
			s->overlay);
	if (ret == 0)
		ret = session_clear(s, err);
	if (ret == 0 && kept)
		plan_run_result(run,
				_("The stick was used after the reset was cut off: what is in the "
				  "overlay now was kept."),
				_("Reset again if you still want to."));
	return session_resumable(ret, err);
}

static void reset_resume_say(struct lm_plan *plan, bool undo)
{
	session_resume_say_check(plan, reset_resume_check);
	if (undo) {
		plan_text(plan, _("Undo the interrupted operation"),
			  _("What was begun is taken back: image and overlay become as they were "
			    "before it."));
		plan_step(plan, "undo", _("Take it back"),
			  _("The old image and the overlay are complete."), reset_resume_undo);
		plan_result(plan, _("Image and overlay are as before the operation."),
			    _("Run it again when you like."));
		return;
	}
	plan_text(plan, _("Finish the interrupted reset"),
		  _("The overlay was being emptied; that is finished now."));
	plan_step(plan, "reset", _("Empty the overlay"), _("The reset was asked for, and cut off."),
		  reset_resume_empty);
	plan_result(plan, _("The overlay is empty."), "");
	plan_risk(plan, _("All changes that the overlay holds, as was asked for before."),
		  _("`livemend resume --undo` keeps them instead."), "reset");
}

int reset_resume(struct lm_stick *stick, const struct lm_options *options, struct record *rec,
		 struct lm_plan *plan, struct lm_error *err)
{
	struct session *s = session_new(stick, LM_OP_RESET, err);
	struct lm_error why;
	int ret;

	if (!s)
		return -ENOMEM;
	plan_state(plan, s, reset_free);
	lm_error_clear(&why);
	session_resume_text(plan);
	ret = session_resume_knows(s, rec) ?
		      session_resume_take(s, rec, &why) :
		      session_foreign_note(s, _("the files that it names are not there"), &why);
	if (ret == 0)
		ret = session_resume_possible(s, &why);
	if (ret == 0)
		reset_resume_say(plan, options->undo || s->rec.phase != RECORD_RESETTING);
	return session_planned(plan, ret, &why, err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recover_resume.c - takes up a recovery that was cut off, or takes back one that ended
 *
 *   building   the overlay was being made longer: it gets its old length again
 *   applying   finished from the undo file, or taken back
 *   ended      taken back, as long as the overlay is what it was made to be
 *
 * A sector that is neither what it was nor what it was to become was written
 * by a system that ran from the stick meanwhile: then nothing is touched.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_extend.h"
#include "core/ops/op.h"
#include "core/ops/recover/recover.h"
#include "core/plan/journal.h"
#include "core/text.h"

/* ---- steps ---- */

static int step_lock(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;

	r->s->run = run;
	return session_lock(r->s, false, err);
}

static int end(struct recover *r, const char *log_line, struct lm_error *err)
{
	struct session *s = r->s;
	int ret = journal_log(s->rw.io, s->dir, err, log_line, s->overlay);

	/* The journal first: what it says to be under way must find its undo file. */
	if (ret == 0)
		ret = session_clear(s, err);
	return ret == 0 ? fsck_remove_log(&r->f, err) : ret;
}

static int step_shrink(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	int ret;

	plan_run_critical(run, true);
	r->s->run = run;
	r->f.old_bytes = r->s->rec.overlay_id.bytes;
	ret = fsck_shrink(&r->f, err);
	if (ret == 0)
		ret = end(r, "resume: the recovery of %s was taken back", err);
	if (ret == 0 && r->f.left_alone)
		plan_run_result(run, _("The stick was used meanwhile: the overlay keeps its new "
				       "length, and all that is in it."),
				_("Recover it again if it needs that."));
	return session_resumable(ret, err);
}

/* Opens both; state says how the overlay stands. 1 when there is no whole undo file. */
static int open_both(struct recover *r, struct redo **redo, struct io_file **file,
		     enum redo_state *state, struct lm_error *err)
{
	int ret = redo_open(r->s->rw.io, r->f.log, redo, err);

	if (ret == 0)
		lm_fail(err, -ENOENT, r->f.log,
			_("Copy the overlay file to another disk before anything else; then let the "
			  "doctor look."),
			"%s", _("The undo file is missing"));
	ret = ret == 1 ? fsck_open_overlay(&r->f, file, err) : ret < 0 ? ret : -ENOENT;
	if (ret == 0)
		ret = redo_compare(*redo, *file, state, err);
	return ret;
}

static void leave_alone(struct recover *r, struct plan_run *run)
{
	r->f.left_alone = true;
	plan_run_result(run,
			_("The stick was used after the recovery was cut off: what is in the overlay "
			  "now was kept as it is."),
			_("Let the doctor look, and recover it again if it needs that."));
}

static int step_back(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	struct session *s = r->s;
	struct redo *redo = NULL;
	struct io_file *file = NULL;
	struct record_id id;
	enum redo_state state = REDO_FOREIGN;
	int ret, closed;

	plan_run_critical(run, true);
	s->run = run;
	ret = open_both(r, &redo, &file, &state, err);
	/* After the end every change counts as use of the stick, wherever it was made. */
	if (ret == 0 && redo_info(redo)->sealed && s->rec.phase == RECORD_PHASES) {
		ret = record_identify_overlay(s->rw.io, s->overlay, &id, NULL, err);
		if (ret == 0 && strcmp(id.hash, redo_info(redo)->seal) != 0)
			state = REDO_FOREIGN;
	}
	if (ret == 0 && state == REDO_FOREIGN)
		leave_alone(r, run);
	if (ret == 0 && !r->f.left_alone) {
		ret = fsck_note(&r->f, RECORD_APPLYING, err);
		if (ret == 0)
			ret = redo_apply(redo, file, s->overlay, true, session_progress, s, err);
	}
	closed = io_file_close(file);
	if (ret == 0 && closed < 0)
		ret = lm_fail(err, closed, s->overlay, NULL, "%s", _("Writing the overlay failed"));
	redo_close(redo);
	if (ret == 0)
		ret = end(r, "resume: the recovery of %s was taken back", err);
	return session_resumable(ret, err);
}

static int step_forward(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	struct session *s = r->s;
	struct redo *redo = NULL;
	struct io_file *file = NULL;
	enum redo_state state = REDO_FOREIGN;
	struct io_stat st;
	int ret, closed;

	plan_run_critical(run, true);
	s->run = run;
	ret = open_both(r, &redo, &file, &state, err);
	if (ret == 0 && state == REDO_FOREIGN) {
		leave_alone(r, run);
	} else if (ret == 0) {
		r->f.old_bytes = redo_info(redo)->old_bytes;
		r->f.new_bytes = redo_info(redo)->new_bytes;
		ret = io_fstat(file, &st);
		if (ret < 0)
			lm_fail(err, ret, s->overlay, NULL, "%s", _("Reading the overlay failed"));
		else if (st.size_bytes < r->f.new_bytes)
			ret = io_extend(file, s->overlay, st.size_bytes, r->f.new_bytes, NULL, NULL,
					err);
		if (ret == 0)
			ret = redo_apply(redo, file, s->overlay, false, session_progress, s, err);
	}
	closed = io_file_close(file);
	if (ret == 0 && closed < 0)
		ret = lm_fail(err, closed, s->overlay, NULL, "%s", _("Writing the overlay failed"));
	redo_close(redo);
	if (ret == 0 && r->f.left_alone)
		ret = end(r, "resume: %s was used meanwhile, and left as it is", err);
	return session_resumable(ret, err);
}

static int step_prove(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	int ret;

	if (r->f.left_alone)
		return 0;
	r->resumed = r->f.checked = true; /* it was, as far as it could be */
	ret = recover_step_verify(run, recover, err);
	return session_resumable(ret, err);
}

static int step_end(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;

	return r->f.left_alone ? 0 : recover_step_finish(run, recover, err);
}

static void recover_resume_on_abort(struct plan_run *run, void *recover, struct lm_error *err)
{
	(void)run;
	(void)recover;
	/* Nothing is worse than before; it can be taken up again. */
	recover_tell_failing(err);
	err->outcome = LM_RESUMABLE;
}

/* ---- plans ---- */

static void say_lock(struct lm_plan *plan)
{
	plan_step(plan, "check", _("Check the stick"), _("Nobody else may be working on it."),
		  step_lock);
}

static void say_shrink(struct lm_plan *plan)
{
	struct lm_step *s;

	plan_text(plan, _("Undo the interrupted recovery"),
		  _("The overlay was being made longer when it was cut off. It gets its old length "
		    "again; nothing that it holds was touched."));
	say_lock(plan);
	s = plan_step(plan, "undo", _("Take it back"),
		      _("Nothing lies yet in what was added to the overlay."), step_shrink);
	s->writes = text_dup(_("the length of the overlay"));
	plan_result(plan, _("Everything is as it was before the recovery."),
		    _("Recover the overlay again when you like."));
}

static void say_back(struct recover *r, struct lm_plan *plan)
{
	struct lm_step *s;

	plan_text(plan, _("Take the recovery back"),
		  _("What the recovery changed in the overlay becomes what it was, to the byte, from "
		    "the undo file on the stick."));
	say_lock(plan);
	s = plan_step(plan, "undo", _("Take it back"),
		      _("It is marked invalid meanwhile, so that nothing can start from what is half "
			"taken back."),
		      step_back);
	s->reads = text_dup(r->f.log);
	s->writes = text_dup(r->s->overlay);
	plan_result(plan, _("The overlay is as it was before the recovery."), "");
}

static void say_forward(struct recover *r, struct lm_plan *plan)
{
	struct lm_step *s;

	plan_text(plan, _("Finish the interrupted recovery"),
		  _("All that was to be changed lies in the undo file on the stick. It is written "
		    "to the overlay now, again where it was written before."));
	say_lock(plan);
	s = plan_step(plan, "apply", _("Change the overlay"),
		      _("Writing the same once more does no harm."), step_forward);
	s->reads = text_dup(r->f.log);
	s->writes = text_dup(r->s->overlay);
	s->undo = text_dup(_("from the undo file (`livemend resume --undo`)"));
	s = plan_step(plan, "verify", _("Read the overlay back and prove it"),
		      _("From the device, not from memory; and e2fsck runs once more, to find "
			"nothing."),
		      step_prove);
	s->reads = text_dup(_("overlay and image"));
	s = plan_step(plan, "finish", _("Note what was done"), _("In the journal on the stick."),
		      step_end);
	s->writes = text_dup(_("the journal"));
	plan_result(plan, _("The overlay can be used again."),
		    _("Start from the stick, or empty the overlay for good with a merge."));
}

static int recover_resume_refuse(struct recover *r, struct lm_error *err)
{
	const struct lm_stick *s = r->s->stick;

	if (s->n_overlays == 0 || !r->s->rec.overlay ||
	    strcmp(s->overlays[0].path, r->s->rec.overlay))
		return session_foreign_note(r->s, _("the files that it names are not there"), err);
	if (s->overlays[0].attached)
		return lm_refuse(err, -EBUSY, s->overlays[0].path,
				 _("Boot another system, or this stick without its overlay, and resume "
				   "from there."),
				 _("the kernel is using it"), "%s",
				 _("The stick cannot be worked on now"));
	return stick_rw_possible(r->s->stick, err);
}

/* An undo file of a recovery that ended, and an overlay that is still what it made of it. */
static bool can_go_back(struct lm_stick *stick, struct recover *r)
{
	struct redo *redo = NULL;
	struct record_id id;
	bool fits = false;

	if (redo_open(stick->io, r->f.log, &redo, NULL) == 1 && redo_info(redo)->sealed &&
	    record_identify_overlay(stick->io, r->s->overlay, &id, NULL, NULL) == 0)
		fits = strcmp(id.hash, redo_info(redo)->seal) == 0;
	redo_close(redo);
	return fits;
}

static void say_offer(struct lm_plan *plan)
{
	const char *text = _("Nothing was interrupted on this stick. What the last recovery changed "
			     "can be taken back: `livemend resume --undo`.");

	plan_text(plan, _("Nothing to resume"), text);
	plan_step(plan, "check", _("See that there is nothing to do"),
		  _("There is no note about an operation on the stick."), session_step_nothing);
	plan_result(plan, _("Nothing was interrupted on this stick."), "");
}

static struct recover *recover_resume_take(struct lm_stick *stick, struct lm_error *err)
{
	struct recover *r = recover_new(stick, err);

	if (!r)
		return NULL;
	if (recover_paths(r, stick->n_overlays ? stick->overlays[0].path : "", err) == 0)
		return r;
	recover_free(r);
	return NULL;
}

static int plan_resume(struct recover *r, bool undo, struct lm_plan *plan)
{
	struct lm_error why;
	int ret;

	plan_abort(plan, recover_resume_on_abort);
	if (r->s->rec.phase != RECORD_APPLYING && r->s->rec.phase != RECORD_PHASES)
		say_shrink(plan);
	else if (undo)
		say_back(r, plan);
	else
		say_forward(r, plan);
	lm_error_clear(&why);
	ret = recover_resume_refuse(r, &why);
	if (ret < 0)
		plan_refuse(plan, &why);
	return 0;
}

int recover_resume(struct lm_stick *stick, const struct lm_options *options, struct record *rec,
		   struct lm_plan *plan, struct lm_error *err)
{
	struct recover *r = recover_resume_take(stick, err);
	struct lm_error why;

	if (!r)
		return -ENOMEM;
	plan_state(plan, r, recover_free);
	session_resume_text(plan);
	record_free(&r->s->rec);
	r->s->rec = *rec;
	*rec = (struct record){ 0 };
	if (stick->n_overlays > 0)
		return plan_resume(r, options->undo, plan);
	lm_error_clear(&why);
	return session_planned(plan, recover_resume_refuse(r, &why), &why, err);
}

int recover_offer(struct lm_stick *stick, const struct lm_options *options, struct lm_plan *plan,
		  struct lm_error *err)
{
	struct recover *r = stick->n_overlays ? recover_resume_take(stick, err) : NULL;

	if (!r)
		return stick->n_overlays ? -ENOMEM : 0;
	if (!can_go_back(stick, r)) {
		recover_free(r);
		return 0;
	}
	r->s->rec.phase = RECORD_PHASES; /* none: it has ended */
	plan_state(plan, r, recover_free);
	plan_risk(plan, NULL, _("It may be cut off again, and resumed again."), NULL);
	if (options->undo)
		plan_resume(r, true, plan);
	else
		say_offer(plan);
	return 1;
}

struct record_prose recover_prose(const struct record *r)
{
	return (struct record_prose){
		.doing = _("The overlay was being recovered (made usable again)."),
		.safe = r->phase == RECORD_APPLYING ?
				_("Nothing is lost: what was changed in it, and what is still to "
				  "be\n"
				  "changed, lies in LiveOS/livemend/recover.undo. KEEP THAT FILE. "
				  "Until\n"
				  "that is finished the stick may not start.") :
				_("Nothing is lost: what the overlay holds has not been touched "
				  "yet."),
	};
}

/* Only room is lost if that fails. */
void recover_outdate(struct io *io, const char *live_dir)
{
	struct io_stat st;
	char *path;

	if (asprintf(&path, "%s/livemend/" FSCK_UNDO_FILE, live_dir) < 0)
		return;
	if (io_stat(io, path, &st) == 0)
		(void)io_unlink(io, path);
	free(path);
}

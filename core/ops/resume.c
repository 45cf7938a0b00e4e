/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resume.c - takes up what was interrupted: finishes it, or undoes it
 *
 * What was cut off, and how far it came, stands in the record on the stick; how
 * it goes on is the operation's own affair. Here is what is done without one:
 * what an operation left whose very first note was cut, or that was forgotten.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/op.h"
#include "core/ops/session.h"
#include "core/plan/journal.h"

struct resume {
	struct session *s;
	bool damaged; /* the journal cannot be read */
};

static void resume_free(void *state)
{
	struct resume *r = state;

	session_free(r->s);
	free(r);
}

static bool resume_has_leftover(struct session *s, struct io *io)
{
	bool any = false;

	for (enum lm_op op = 0; op < LM_N_OPS && !any; op++)
		any = op_of(op)->has_leftover && op_of(op)->has_leftover(s, io);
	return any;
}

/* ---- steps ---- */

static int resume_step_check(struct plan_run *run, void *state, struct lm_error *err)
{
	struct resume *r = state;
	struct session *s = r->s;
	struct record rec;
	int ret;

	s->run = run;
	ret = session_lock(s, false, err);
	if (ret < 0)
		return ret;
	/* Again under the lock: it must be what was planned for. */
	ret = record_read(s->rw.io, s->dir, &rec, err);
	if (ret == 1)
		record_free(&rec);
	if (ret < 0 && ret != -EBADMSG)
		return ret;
	if (r->damaged ? ret == -EBADMSG : ret == 0 && resume_has_leftover(s, s->rw.io))
		return 0;
	return session_changed(s, err);
}

/* The base is a good image, and the overlay, as far as it can be told, is one for it. */
static int resume_prove_base(struct session *s, struct lm_error *err)
{
	int ret = session_look(s, s->base, err);

	if (ret == 0 && (!s->look.view || (!s->bare && !s->look.image)))
		ret = lm_refuse(err, -EUCLEAN, s->base, _("See `livemend doctor`."),
				_("it cannot be read"), "%s", _("The image in place is not good"));
	if (ret == 0 && !s->look.paired)
		ret = lm_refuse(err, -EUCLEAN, s->base, _("See `livemend doctor`."),
				s->look.pair_why, "%s",
				_("Overlay and image do not belong together"));
	if (ret == 0 && s->look.image)
		ret = image_check(s->look.image, session_progress, s, err);
	session_unlook(s);
	return ret;
}

static int resume_step_leftover(struct plan_run *run, void *state, struct lm_error *err)
{
	struct resume *r = state;
	struct session *s = r->s;
	int ret;

	s->run = run;
	plan_run_message(run, "%s", _("Proving that the image in place is good"));
	ret = resume_prove_base(s, err);
	/*
	 * An overlay that cannot be used is what recover is for; a cut of its very first
	 * note leaves nothing but that.
	 */
	if (ret == -EUCLEAN && r->damaged && !resume_has_leftover(s, s->rw.io)) {
		lm_error_clear(err);
		ret = 0;
	}
	if (ret < 0)
		return ret;
	plan_run_critical(run, true);
	ret = journal_log(s->rw.io, s->dir, err, "resume: leftovers are removed");
	if (ret == 0 && r->damaged)
		ret = session_clear(s, err);
	for (enum lm_op op = 0; op < LM_N_OPS && ret == 0; op++) {
		if (op_of(op)->remove_leftover)
			ret = op_of(op)->remove_leftover(s, err);
	}
	session_tell_end(s, ret, _("Image and overlay are as before the operation."), err);
	return ret;
}

/* ---- the plan ---- */

static void resume_say_nothing(struct lm_plan *plan)
{
	plan_text(plan, _("Nothing to resume"), _("No operation on this stick was interrupted."));
	plan_step(plan, "check", _("See that there is nothing to do"),
		  _("There is no note about an operation on the stick."), session_step_nothing);
	plan_result(plan, _("Nothing was interrupted on this stick."), "");
}

static void resume_say_leftover(struct lm_plan *plan)
{
	struct lm_step *step;

	plan_text(plan, _("Clean up after an interrupted operation"),
		  _("There are leftovers of an operation that never came to its point. They "
		    "are removed, after the image in place was proved to be good."));
	session_resume_say_check(plan, resume_step_check);
	step = plan_step(plan, "clean", _("Prove the image, remove the leftovers"),
			 _("Nothing is removed before the image was read as a whole."),
			 resume_step_leftover);
	step->cancellable = true;
	plan_result(plan, _("The leftovers are removed; image and overlay are as before."), "");
}

static int resume_plan_leftover(struct lm_stick *stick, bool damaged, struct lm_plan *plan,
				struct lm_error *err)
{
	struct resume *r = calloc(1, sizeof(*r));
	struct lm_error why;
	int ret;

	if (!r)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	plan_state(plan, r, resume_free);
	r->damaged = damaged;
	r->s = session_new(stick, LM_OP_RESUME, err);
	if (!r->s)
		return -ENOMEM;
	r->s->resuming = true;
	lm_error_clear(&why);
	ret = session_overlay_path(r->s, stick->n_overlays ? stick->overlays[0].path : "", &why);
	if (ret == 0 && !damaged && !resume_has_leftover(r->s, stick->io)) {
		resume_say_nothing(plan);
		return 0;
	}
	if (ret == 0)
		ret = session_resume_possible(r->s, &why);
	if (ret == 0)
		resume_say_leftover(plan);
	return session_planned(plan, ret, &why, err);
}

/* 1: there is something that has ended, and can be taken back. */
static int resume_offer(struct lm_stick *stick, const struct lm_options *options,
			struct lm_plan *plan, struct lm_error *err)
{
	int ret = 0;

	for (enum lm_op op = 0; op < LM_N_OPS && ret == 0; op++) {
		if (op_of(op)->offer)
			ret = op_of(op)->offer(stick, options, plan, err);
	}
	return ret;
}

int ops_plan_resume(struct lm_stick *stick, const struct lm_options *options, struct lm_plan *plan,
		    struct lm_error *err)
{
	struct lm_error why;
	struct record rec;
	int ret;

	lm_error_clear(&why);
	ret = record_read(stick->io, stick->live_dir, &rec, &why);
	if (ret == 1 && !op_of(rec.op)->resume) {
		record_free(&rec);
		ret = journal_other_version(stick->live_dir, &why);
	}
	if (ret == 1) {
		ret = op_of(rec.op)->resume(stick, options, &rec, plan, err);
		record_free(&rec);
		return ret;
	}
	if (ret == 0) {
		ret = resume_offer(stick, options, plan, err);
		if (ret != 0)
			return ret < 0 ? ret : 0;
	}
	session_resume_text(plan);
	/*
	 * Both slots are bad only if the very first writing was cut, before
	 * anything else was done, or if the stick is failing.
	 */
	if (ret == 0 || ret == -EBADMSG)
		return resume_plan_leftover(stick, ret == -EBADMSG, plan, err);
	return session_planned(plan, ret, &why, err);
}

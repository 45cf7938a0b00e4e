/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compact_resume.c - takes up a compact that was cut off
 *
 *   checking, building   undone: the new overlay is removed
 *   ready                the new one is proved again; then finished, or undone
 *   replaced, cleaning   finished
 *   applying             (in place) begun again from what is there
 *
 * If the stick was booted meanwhile, the overlay that it was booted with holds
 * more than the other: it keeps the name, and the other one goes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/compact/compact_plan.h"
#include "core/ops/op.h"
#include "core/plan/journal.h"
#include "core/text.h"

struct record_prose compact_prose(const struct record *r)
{
	struct record_prose prose = {
		.doing = _("The overlay was being compacted (written anew without what is free)."),
	};

	switch (r->phase) {
	case RECORD_CHECKING:
	case RECORD_BUILDING:
		prose.safe = _("Nothing is lost: image and overlay are untouched. A new overlay\n"
			       "(livemend.cow) was being written; it is not complete.");
		break;
	case RECORD_READY:
		prose.safe = _("Nothing is lost: the old overlay and the new one are both complete "
			       "on this\n"
			       "stick, and either of them gives the same system.");
		break;
	case RECORD_APPLYING:
		prose.safe = _("Nothing is lost: the overlay gives the same system at any moment.");
		break;
	default:
		prose.safe = _("Nothing is lost: the new overlay is complete and in its place.");
	}
	return prose;
}

/* Only a file directly in LiveOS is ever meant, and only one with the name of an overlay. */
static bool is_overlay_name(const struct session *s, const char *path)
{
	const char *name = path ? strrchr(path, '/') : NULL;
	size_t n = strlen(s->dir);

	name = name ? name + 1 : path;
	if (!name || strncmp(name, "overlay-", 8) != 0)
		return false;
	if (strcmp(s->dir, ".") == 0)
		return name == path;
	return name == path + n + 1 && strncmp(path, s->dir, n) == 0;
}

static bool is_first_overlay(const struct session *s)
{
	const struct lm_stick *stick = s->stick;

	return stick->n_overlays > 0 && stick->overlays[0].kind == LM_OVERLAY_DM_SNAPSHOT &&
	       strcmp(stick->overlays[0].path, s->overlay) == 0;
}

/* ---- steps ---- */

static int compact_resume_step_check(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;

	c->s->run = run;
	return session_resume_check(c->s, err);
}

static int step_undo(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct session *s = c->s;
	int ret;

	plan_run_critical(run, true);
	s->run = run;
	/* For the record only, and before anything that may turn the stick read-only. */
	journal_log(s->rw.io, s->dir, NULL, "resume: compact is undone");
	ret = compact_undo(c, err);
	session_tell_end(s, ret, _("Image and overlay are as before the operation."), err);
	return ret;
}

/* As long as old and new overlay are there, and neither was used, they can be compared. */
static int compact_resume_step_verify(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct session *s = c->s;
	struct swap_places p;
	int ret;

	s->run = run;
	if (s->rec.phase != RECORD_READY || !is_first_overlay(s))
		return 0;
	ret = swap_find(&c->swap, &p, err);
	if (ret < 0 || !record_same(&p.now, &s->rec.overlay_id) ||
	    !record_same(&p.fresh, &s->rec.compact.fresh))
		return ret;
	ret = session_look(s, s->base, err);
	if (ret == 0)
		ret = compact_refusal(c, &s->look, err);
	if (ret == 0) {
		c->trust = compact_may_trust(s->look.fs);
		ret = compact_prove(c, c->swap.fresh, session_progress, s, err);
	}
	session_unlook(s);
	if (ret == -EBADMSG) {
		/*
		 * It was proved once: something was saved since; or a journal was replayed,
		 * or damage repaired, into the new overlay. The old one counts.
		 */
		ctx_log(s->ctx, LM_LOG_WARN, "%s: %s: %s", err->what, err->on, err->why);
		lm_error_clear(err);
		c->distrust = true;
		return 0;
	}
	if (ret < 0) {
		lm_error_help(err, _("Nothing is lost: the old overlay is there. It can be undone "
				     "too: `livemend resume --undo`."));
		err->outcome = LM_RESUMABLE;
	}
	return ret;
}

static int undo_instead(struct compact *c, struct plan_run *run, struct lm_error *err)
{
	int ret = compact_undo(c, err);

	if (ret == 0)
		plan_run_result(run,
				_("The stick was used after compacting was cut off, or the new "
				  "overlay cannot be proved any more. The overlay is in place as it "
				  "is: nothing is lost."),
				_("Compact again when you like."));
	return ret;
}

static int compact_resume_step_finish(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct session *s = c->s;
	struct swap_places p;
	bool old, fresh, used;
	int ret = 0;

	plan_run_critical(run, true);
	s->run = run;
	if (s->rec.phase == RECORD_CLEANING)
		goto finish;
	ret = swap_find(&c->swap, &p, err);
	if (ret < 0)
		goto out;
	old = record_same(&p.now, &s->rec.overlay_id);
	fresh = record_same(&p.fresh, &s->rec.compact.fresh);
	used = record_exists(&p.now) && !old && !record_same(&p.now, &s->rec.compact.fresh);
	if (c->distrust || (used && fresh) || (old && !fresh)) {
		ret = undo_instead(c, run, err);
		goto out;
	}
	if (old || !record_exists(&p.now)) {
		ret = compact_lock_fresh(c, err);
		if (ret == 0)
			ret = swap_forward(&c->swap, err);
	}
finish:
	if (ret == 0)
		ret = compact_finish(c, err);
	if (ret == 0)
		session_tell_if_hurt(run, s, _("The new overlay is in place."));
out:
	if (ret < 0) {
		err->outcome = LM_RESUMABLE;
		session_help_if_hurt(s, err);
	}
	return ret;
}

/* In place: what is left to do is found from what is there. */
static int step_scan(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct session *s = c->s;
	struct io_stat st;
	int ret;

	s->run = run;
	s->noted = true;
	ret = session_look(s, s->base, err);
	if (ret == 0)
		ret = compact_refusal(c, &s->look, err);
	if (ret == 0)
		ret = session_know_overlay(s, err);
	if (ret == 0)
		ret = compact_scan(c, &s->look, s->top, NULL, session_progress, s, err);
	if (ret == 0)
		ret = compact_choose_one(c, s->look.store, err);
	if (ret == 0) {
		ret = io_fstat(s->look.overlay_file, &st);
		if (ret < 0)
			lm_fail(err, ret, s->overlay, NULL, "%s", _("Reading the overlay failed"));
	}
	if (ret < 0) {
		err->outcome = LM_RESUMABLE;
		return ret;
	}
	c->bytes = compact_length(st.size_bytes, c->chunk_sectors);
	c->nothing = !compact_wins(c);
	return 0;
}

static void compact_resume_on_abort(struct plan_run *run, void *compact, struct lm_error *err)
{
	(void)run;
	session_unlook(((struct compact *)compact)->s);
	/* The record is there still, and any moment as good as another. */
	if (((struct compact *)compact)->s->locked)
		err->outcome = LM_RESUMABLE;
}

/* ---- the plan ---- */

static void say_undo(struct lm_plan *plan)
{
	struct lm_step *s;

	plan_text(plan, _("Undo the interrupted operation"),
		  _("The overlay was being compacted. What was begun is taken back: the old "
		    "overlay is, or gets, in place."));
	session_resume_say_check(plan, compact_resume_step_check);
	s = plan_step(plan, "undo", _("Take it back"), _("The old overlay is complete."),
		      step_undo);
	s->writes = text_dup(_("names in LiveOS, the journal"));
	plan_result(plan, _("Image and overlay are as before the operation."),
		    _("Compact again when you like."));
}

static void say_finish(struct lm_plan *plan, const struct compact *c)
{
	struct lm_step *s;

	plan_text(plan, _("Finish compacting the overlay"),
		  _("The new overlay was complete when it was cut off. What is left to do is done "
		    "now."));
	session_resume_say_check(plan, compact_resume_step_check);
	s = plan_step(plan, "verify", _("Prove the new overlay once more"),
		      _("As long as the old one is there it can be compared with it."),
		      compact_resume_step_verify);
	s->work_bytes = c->s->rec.compact.fresh.bytes;
	s->cancellable = true;
	s = plan_step(plan, "finish", _("Finish it"),
		      _("The new overlay gets its name, the old one is removed: whatever is left "
			"of it to do."),
		      compact_resume_step_finish);
	s->writes = text_dup(_("names in LiveOS, the journal"));
	plan_result(plan, _("The overlay holds only what is needed now."),
		    _("The stick can be booted, or unmounted and removed."));
}

static void say_apply(struct lm_plan *plan)
{
	struct lm_step *s;

	plan_text(plan, _("Finish compacting the overlay"),
		  _("The overlay was being compacted in place. It is whole at any moment; what is "
		    "left to do is done now."));
	session_resume_say_check(plan, compact_resume_step_check);
	s = plan_step(plan, "compare", _("Find what is needed"),
		      _("Afresh, from what is on the stick now."), step_scan);
	s->cancellable = true;
	s = plan_step(plan, "apply", _("Close the gaps in the overlay"),
		      _("Every write leaves an overlay that gives the same system."),
		      compact_steps.squeeze);
	s->cancellable = true;
	plan_step(plan, "verify", _("Look at the overlay again"),
		  _("From the device, not from memory."), compact_steps.look_again);
	plan_step(plan, "clean", _("Note what was done"), _("In the journal on the stick."),
		  compact_steps.finish_in_place);
	plan_abort(plan, compact_resume_on_abort);
	plan_result(plan, _("The overlay holds only what is needed now."),
		    _("The stick can be booted, or unmounted and removed."));
}

/* Takes over what rec holds. */
static int take_record(struct compact *c, struct record *rec, struct lm_error *err)
{
	struct session *s = c->s;
	int ret;

	if (!is_overlay_name(s, rec->overlay))
		return session_foreign_note(s, _("the files that it names are not there"), err);
	/* Of the image the stick's own name counts. */
	free(rec->base);
	rec->base = NULL;
	ret = session_resume_take(s, rec, err);
	return ret < 0 ? ret : compact_swap_init(&c->swap, s, err);
}

int compact_resume(struct lm_stick *stick, const struct lm_options *options, struct record *rec,
		   struct lm_plan *plan, struct lm_error *err)
{
	struct compact *c = compact_new(stick, err);
	struct lm_error why;
	int ret;

	if (!c)
		return -ENOMEM;
	plan_state(plan, c, compact_free);
	lm_error_clear(&why);
	session_resume_text(plan);
	ret = take_record(c, rec, &why);
	if (ret == 0)
		ret = session_resume_possible(c->s, &why);
	if (ret < 0)
		return session_planned(plan, ret, &why, err);
	/* Nothing but a copy that is not needed any more is there. */
	(void)session_work_reopen(c->s);
	session_work_say(c->s, plan);
	c->in_place = c->s->rec.phase == RECORD_APPLYING;
	if (options->undo || c->s->rec.phase <= RECORD_BUILDING)
		say_undo(plan);
	else if (c->in_place)
		say_apply(plan);
	else
		say_finish(plan, c);
	return 0;
}

/* ---- leftovers without a record ---- */

bool compact_has_leftover(struct session *s, struct io *io)
{
	struct swap w;
	struct io_stat st;
	bool any = compact_swap_init(&w, s, NULL) == 0 &&
		   (io_stat(io, w.fresh, &st) == 0 || io_stat(io, w.aside, &st) == 0);

	swap_free(&w);
	return any;
}

int compact_remove_leftover(struct session *s, struct lm_error *err)
{
	struct record_id id;
	struct swap w;
	int ret;

	if (!compact_has_leftover(s, s->rw.io))
		return 0;
	/* Only where the overlay itself is there: else one of the two may be all there is. */
	ret = record_identify_overlay(s->rw.io, s->overlay, &id, NULL, err);
	if (ret < 0)
		return ret;
	ret = compact_swap_init(&w, s, err);
	if (ret == 0)
		ret = swap_remove(&w, w.fresh, err);
	if (ret == 0)
		ret = swap_remove(&w, w.aside, err);
	swap_free(&w);
	return ret;
}

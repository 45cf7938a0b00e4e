/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * merge_resume.c - takes up a merge that was cut off
 *
 * What the journal says is believed only as far as the files bear it out. Which
 * way it goes depends on how far it came:
 *
 *   checking, building   undone: the new image is removed, nothing was lost
 *   merging              the kernel's merge of the copies in the work folder goes on
 *   ready, replaced      finished: the new image was proved before; it is proved
 *                        again as long as old image and overlay are there
 *   swapping             finished from the work folder
 *   applying             the changes are written again, proved, the overlay reset
 *
 * If the stick was booted meanwhile its overlay holds more than the merge knew
 * of. It is then never reset: an old image with it stays, or a new one does,
 * for either gives the right system with it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/merge/merge_full.h"
#include "core/ops/op.h"
#include "core/plan/journal.h"
#include "core/text.h"

struct record_prose merge_prose(const struct record *r)
{
	struct record_prose prose = {
		.doing = _("The overlay was being merged into the root image."),
	};

	switch (r->phase) {
	case RECORD_CHECKING:
	case RECORD_BUILDING:
		prose.safe =
			r->repaired ?
				_("Nothing is lost: the old image is untouched, and the overlay complete.\n"
				  "e2fsck has repaired the file system in it; LiveOS/livemend/recover.undo\n"
				  "takes that back. A new image (livemend.new) may be there; it is not\n"
				  "complete.") :
				_("Nothing is lost: the old image and the overlay are untouched.\n"
				  "A new image (livemend.new) was being written; it is not complete.");
		break;
	case RECORD_MERGING:
		prose.safe = _(
			"Nothing is lost: the old image and the overlay are untouched. Copies of\n"
			"them, in the work folder named below (work), were being merged.");
		break;
	case RECORD_READY:
		prose.safe =
			_("Nothing is lost: the old image and the new one are both complete on\n"
			  "this stick, and either of them gives the same system with the overlay.");
		break;
	case RECORD_SWAPPING:
		prose.safe = _(
			"Nothing is lost: the old image and the new one are both complete in the\n"
			"work folder named below (work), and the overlay is untouched. KEEP THAT\n"
			"FOLDER: the image on this stick itself may be incomplete.");
		break;
	case RECORD_APPLYING:
		prose.safe =
			_("Nothing is lost: the overlay is complete, and what it holds was being\n"
			  "written into the image. Image and overlay give the same system as "
			  "before.");
		break;
	default:
		prose.safe = _("Nothing is lost: the new image is complete and in its place.");
	}
	return prose;
}

/* ---- steps ---- */

static int merge_resume_check(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;

	m->s->run = run;
	return session_resume_check(m->s, err);
}

static int merge_resume_undo(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	int ret;

	plan_run_critical(run, true);
	m->s->run = run;
	/* For the record only, and before anything that may turn the stick read-only. */
	journal_log(m->s->rw.io, m->s->dir, NULL, "resume: merge is undone");
	ret = merge_undo(m, err);
	session_tell_end(m->s, ret, _("Image and overlay are as before the operation."), err);
	return ret;
}

static int merge_resume_unchanged(struct merge *m, struct lm_error *err)
{
	if (m->changes.changed_blocks == 0)
		return 0;
	lm_fail(err, -EBADMSG, m->s->base, NULL, "%s", _("The image is not what it should be"));
	return lm_because(err, "%s", _("the overlay differs from it"));
}

/*
 * Proves the new image once more, where it still can be: old image and overlay
 * are there. If the stick was used meanwhile there is nothing to compare with.
 */
static int merge_resume_verify(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	enum session_overlay now;
	struct swap_places p;
	const char *old, *fresh;
	int ret;

	m->s->run = run;
	if (m->s->rec.phase == RECORD_CLEANING)
		return 0;
	ret = session_overlay_now(m->s, &now, err);
	if (ret < 0 || now != SESSION_OVERLAY_SAME)
		return ret;
	ret = swap_find(&m->swap, &p, err);
	if (ret < 0)
		return ret;
	old = record_same(&p.now, &m->s->rec.merge.old_image)   ? m->s->base :
	      record_same(&p.fresh, &m->s->rec.merge.old_image) ? m->swap.fresh :
	      record_same(&p.aside, &m->s->rec.merge.old_image) ? m->swap.aside :
								  NULL;
	fresh = record_same(&p.now, &m->s->rec.merge.new_image)   ? m->s->base :
		record_same(&p.fresh, &m->s->rec.merge.new_image) ? m->swap.fresh :
								    NULL;
	if (!old || !fresh)
		return 0;
	ret = merge_look(m, old, err);
	if (ret == 0)
		ret = changes_find(&m->changes, &m->s->look, CHANGES_ALL, true, session_progress,
				   m->s, err);
	if (ret == 0)
		ret = merge_unchanged(m) ? merge_resume_unchanged(m, err) :
					   merge_verify_at(m, run, m->s->rw.io, fresh, err);
	merge_unlook(m);
	if (ret == -EBADMSG) {
		/* It was proved once: it, or the overlay, has changed since. The old one counts. */
		ctx_log(m->s->ctx, LM_LOG_WARN, "%s: %s: %s", err->what, err->on, err->why);
		lm_error_clear(err);
		m->distrust = true;
		return 0;
	}
	if (ret < 0) {
		lm_error_help(err, _("Nothing is lost: the old image and the overlay are there. It "
				     "can be undone too: `livemend resume --undo`."));
		err->outcome = LM_RESUMABLE;
	}
	return ret;
}

static int merge_resume_finish(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	enum session_overlay now;
	struct swap_places p;
	int ret;

	plan_run_critical(run, true);
	m->s->run = run;
	if (m->s->rec.phase == RECORD_CLEANING) {
		ret = merge_finish(m, err);
		if (ret == 0)
			session_tell_if_hurt(
				run, m->s, _("The new image is in place, the merge is finished."));
		goto out;
	}
	ret = session_overlay_now(m->s, &now, err);
	if (ret == 0)
		ret = swap_find(&m->swap, &p, err);
	if (ret < 0)
		goto out;
	/* Replaced, and it is the old one again: that was being undone. */
	if (m->distrust ||
	    ((m->s->rec.phase == RECORD_READY ||
	      (m->s->rec.phase == RECORD_REPLACED && !merge_unchanged(m))) &&
	     record_same(&p.now, &m->s->rec.merge.old_image) &&
	     (now == SESSION_OVERLAY_USED || !record_same(&p.fresh, &m->s->rec.merge.new_image)))) {
		ret = merge_undo(m, err);
		if (ret == 0)
			plan_run_result(run,
					_("The stick was used after the merge was cut off, or the "
					  "new image did not survive it. The old image and the "
					  "overlay are in place, as before the merge."),
					_("Merge again when you like."));
		return ret;
	}
	if (m->s->rec.phase == RECORD_SWAPPING)
		ret = merge_work_put(m, m->s->work_new, &m->s->rec.merge.new_image, err);
	else
		ret = swap_forward(&m->swap, err);
	if (ret == 0)
		ret = merge_finish(m, err);
	if (ret == 0)
		session_tell_if_hurt(run, m->s,
				     _("The new image is in place, the merge is finished."));
	if (ret == 0 && m->kept_overlay)
		plan_run_result(run,
				_("The new image is in place. The stick was used meanwhile, so the "
				  "overlay was kept: nothing is lost."),
				_("Merge again when you like."));
out:
	if (ret < 0 && err) {
		err->outcome = LM_RESUMABLE;
		session_help_if_hurt(m->s, err);
	}
	return ret;
}

static int merge_resume_look(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	int ret;

	m->s->run = run;
	ret = merge_look(m, m->s->base, err);
	if (ret == 0)
		ret = merge_refusal(m, &m->s->look, err);
	if (ret == 0)
		ret = session_know_overlay(m->s, err);
	if (ret == 0)
		ret = changes_find(&m->changes, &m->s->look, CHANGES_ALL, true, session_progress,
				   m->s, err);
	return session_resumable(ret, err);
}

/*
 * Whether the merge of the copies is still one of this overlay: the stick may
 * have been used meanwhile, and then the copies are of the past.
 */
static int merge_resume_look_copies(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	enum session_overlay now;
	struct record_id base;
	struct io_stat st;
	int ret;

	m->s->run = run;
	m->s->noted = true;
	ret = merge_look(m, m->s->base, err);
	if (ret == 0)
		ret = merge_refusal(m, &m->s->look, err);
	if (ret == 0)
		ret = session_overlay_now(m->s, &now, err);
	if (ret == 0)
		ret = record_identify(m->s->rw.io, m->s->base, &base, err);
	if (ret == 0 &&
	    (now != SESSION_OVERLAY_SAME || !record_same(&base, &m->s->rec.merge.old_image) ||
	     io_stat(m->s->work, m->work_root, &st) ||
	     st.size_bytes != m->s->look.base->size_bytes ||
	     io_stat(m->s->work, m->work_cow, &st))) {
		ret = lm_fail(err, -ESTALE, m->s->work_path,
			      _("`livemend resume --undo` removes them, and the merge can begin "
				"anew. Nothing is lost."),
			      "%s", _("The copies in the work folder are of no use any more"));
		lm_because(err, "%s", _("the stick was used meanwhile, or they are not complete"));
	}
	return session_resumable(ret, err);
}

static int merge_resume_kernel(struct plan_run *run, void *merge, struct lm_error *err)
{
	int ret = merge_step_kernel(run, merge, err);

	return session_resumable(ret, err);
}

/* The rest of a merge as it would have gone on. */
static int merge_resume_rest(struct plan_run *run, void *merge, struct lm_error *err)
{
	static const plan_step_fn steps[] = { merge_step_check_copy, merge_step_pack,
					      merge_step_verify, merge_step_place };
	struct merge *m = merge;
	size_t i;
	int ret = 0;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && ret == 0; i++)
		ret = steps[i](run, m, err);
	return session_resumable(ret, err);
}

static int merge_resume_apply(struct plan_run *run, void *merge, struct lm_error *err)
{
	int ret = merge_step_apply(run, merge, err);

	return session_resumable(ret, err);
}

static int merge_resume_verify_bare(struct plan_run *run, void *merge, struct lm_error *err)
{
	int ret = merge_step_verify_bare(run, merge, err);

	return session_resumable(ret, err);
}

/* ---- the plan ---- */

static void merge_resume_say_finish(struct lm_plan *plan, const struct merge *m)
{
	struct lm_step *s;

	session_resume_say_check(plan, merge_resume_check);
	s = plan_step(plan, "verify", _("Prove the new image once more"),
		      _("As long as the old image is there it can be compared with it."),
		      merge_resume_verify);
	s->work_bytes = m->s->rec.merge.new_image.bytes;
	s->cancellable = true;
	s = plan_step(plan, "finish", _("Finish the merge"),
		      _("The new image gets its name, the overlay is emptied, the old image "
			"removed: whatever is left of it to do."),
		      merge_resume_finish);
	s->writes = text_dup(_("names in LiveOS, the overlay's first sector, the journal"));
	plan_text(plan, _("Finish the interrupted merge"),
		  _("The new image was complete when the merge was cut off. What is left to do is "
		    "done now."));
	plan_result(plan, _("The changes are part of the image now, and the overlay is empty."),
		    _("The stick can be booted, or unmounted and removed."));
}

static void merge_resume_say_merge(struct lm_plan *plan)
{
	struct lm_step *s;

	session_resume_say_check(plan, merge_resume_check);
	plan_step(plan, "look", _("See that the copies are still of this stick"),
		  _("If it was used meanwhile they are of the past."), merge_resume_look_copies);
	s = plan_step(plan, "snapshot-merge", _("Let the kernel merge the copies"),
		      _("It goes on where it was cut off."), merge_resume_kernel);
	s->cancellable = true;
	s = plan_step(plan, "pack", _("Prove, pack and place the new image"),
		      _("As if it had not been cut off: e2fsck, mksquashfs, comparing, exchange."),
		      merge_resume_rest);
	s->cancellable = true;
	s = plan_step(plan, "finish", _("Empty the overlay, remove the old image"),
		      _("The new image holds everything that the overlay held."),
		      merge_step_finish);
	s->writes = text_dup(_("names in LiveOS, the overlay's first sector, the journal"));
	plan_text(plan, _("Go on with the interrupted merge"),
		  _("Copies of image and overlay were being merged in the work folder. The kernel "
		    "goes "
		    "on where it was; then all is done as it would have been."));
	plan_result(plan, _("The changes are part of the image now, and the overlay is empty."),
		    _("The stick can be booted, or unmounted and removed."));
}

static void merge_resume_say_apply(struct lm_plan *plan)
{
	struct lm_step *s;

	session_resume_say_check(plan, merge_resume_check);
	s = plan_step(plan, "compare", _("Find what is left to write"),
		      _("What is in the image already need not be written again."),
		      merge_resume_look);
	s->cancellable = true;
	s = plan_step(plan, "apply", _("Write the changes into the image"),
		      _("The overlay is kept until all is written."), merge_resume_apply);
	s->cancellable = true;
	s = plan_step(plan, "verify", _("Read the changes back and prove them"),
		      _("From the device, not from memory."), merge_resume_verify_bare);
	s->cancellable = true;
	plan_step(plan, "reset", _("Empty the overlay"),
		  _("The image holds everything that the overlay held."), merge_step_finish);
	plan_text(plan, _("Finish the interrupted merge"),
		  _("The changes in the overlay are written into the image. Nothing was lost: the "
		    "overlay is complete."));
	plan_result(plan, _("The changes are part of the image now, and the overlay is empty."),
		    _("The stick can be booted, or unmounted and removed."));
}

static void merge_resume_say_undo(struct lm_plan *plan)
{
	plan_text(plan, _("Undo the interrupted operation"),
		  _("What was begun is taken back: image and overlay become as they were "
		    "before it."));
	session_resume_say_check(plan, merge_resume_check);
	plan_step(plan, "undo", _("Take it back"), _("The old image and the overlay are complete."),
		  merge_resume_undo);
	plan_result(plan, _("Image and overlay are as before the operation."),
		    _("Run it again when you like."));
}

/* ---- what the journal says ---- */

/* Only a file directly in LiveOS is ever meant. */
static bool merge_resume_is_here(const struct session *s, const char *path)
{
	size_t n = strlen(s->dir);

	if (path && strcmp(s->dir, ".") == 0)
		return *path && *path != '.' && !strchr(path, '/');
	return path && strncmp(path, s->dir, n) == 0 && path[n] == '/' &&
	       !strchr(path + n + 1, '/') && path[n + 1] != '\0' && path[n + 1] != '.';
}

static int merge_resume_take(struct merge *m, struct record *rec, struct lm_error *err)
{
	struct session *s = m->s;
	const char *base = s->stick->base_path;
	bool good = session_resume_knows(s, rec) && merge_resume_is_here(s, rec->base) &&
		    (!base || strcmp(base, rec->base) == 0 || s->stick->container == STICK_NO_BASE);
	int ret;

	if (good && rec->merge.osmin)
		good = merge_resume_is_here(s, rec->merge.osmin) &&
		       strstr(rec->merge.osmin, "osmin") != NULL;
	if (!good)
		return session_foreign_note(s, _("the files that it names are not there"), err);
	s->bare = rec->phase == RECORD_APPLYING || s->stick->container == STICK_BARE;
	s->by_kernel = rec->merge.method != LM_METHOD_REWRITE;
	m->in_place = s->bare && !s->by_kernel;
	ret = session_resume_take(s, rec, err);
	return ret < 0 ? ret : merge_swap_init(&m->swap, s, err);
}

static int merge_resume_open_work(struct merge *m, struct lm_error *err)
{
	struct session *s = m->s;
	int ret = session_work_reopen(s);

	merge_work_names(m);
	if (s->work || (s->rec.phase != RECORD_SWAPPING && s->rec.phase != RECORD_MERGING))
		return 0; /* only leftovers are there, if anything */
	return lm_refuse(err, ret < 0 ? ret : -ENOENT, s->rec.work,
			 _("Mount the disk with this folder at the same place, and resume again. "
			   "The image on the stick is not complete without it."),
			 _("the work folder is not there"), "%s",
			 _("It cannot be taken up without the work folder"));
}

static void merge_resume_say(struct merge *m, bool undo, struct lm_plan *plan)
{
	enum record_phase phase = m->s->rec.phase;

	if (undo || phase <= RECORD_BUILDING)
		merge_resume_say_undo(plan);
	else if (phase == RECORD_MERGING)
		merge_resume_say_merge(plan);
	else if (phase == RECORD_APPLYING)
		merge_resume_say_apply(plan);
	else
		merge_resume_say_finish(plan, m);
}

int merge_resume(struct lm_stick *stick, const struct lm_options *options, struct record *rec,
		 struct lm_plan *plan, struct lm_error *err)
{
	struct merge *m = merge_new(stick, err);
	struct lm_error why;
	int ret;

	if (!m)
		return -ENOMEM;
	plan_state(plan, m, merge_free);
	lm_error_clear(&why);
	session_resume_text(plan);
	ret = merge_resume_take(m, rec, &why);
	if (ret == 0)
		ret = session_resume_possible(m->s, &why);
	if (ret == 0)
		ret = merge_resume_open_work(m, &why);
	if (ret == 0) {
		session_work_say(m->s, plan);
		merge_resume_say(m, options->undo, plan);
	}
	return session_planned(plan, ret, &why, err);
}

/* ---- leftovers without a record ---- */

bool merge_has_leftover(struct session *s, struct io *io)
{
	struct swap w;
	struct io_stat st;
	bool any = merge_swap_init(&w, s, NULL) == 0 && io_stat(io, w.fresh, &st) == 0;

	swap_free(&w);
	return any;
}

int merge_remove_leftover(struct session *s, struct lm_error *err)
{
	struct swap w;
	int ret = merge_swap_init(&w, s, err);

	if (ret == 0)
		ret = swap_remove(&w, w.fresh, err);
	swap_free(&w);
	return ret;
}

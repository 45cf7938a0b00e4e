/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resume.c - takes up what was interrupted: finishes it, or undoes it
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
 *   resetting            the reset is done
 *
 * If the stick was booted meanwhile its overlay holds more than the merge knew
 * of. It is then never reset: an old image with it stays, or a new one does,
 * for either gives the right system with it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_replace.h"
#include "core/ops/compact/compact.h"
#include "core/ops/merge/merge_full.h"
#include "core/ops/op.h"
#include "core/ops/recover/recover.h"
#include "core/plan/journal.h"
#include "core/text.h"

enum way { WAY_NOTHING, WAY_LEFTOVER, WAY_UNDO, WAY_FINISH, WAY_APPLY, WAY_RESET, WAY_MERGE };

struct resume {
	struct merge *m;
	enum way way;
	bool undo;    /* asked for */
	bool damaged; /* the journal cannot be read */
	bool distrust; /* the new image is not what old image and overlay give */
};

static void resume_free(void *state)
{
	struct resume *r = state;

	if (r->m)
		merge_free(r->m);
	free(r);
}

/* ---- what the journal says ---- */

/* Only a file directly in LiveOS is ever meant. */
static bool is_here(const struct merge *m, const char *path)
{
	size_t n = strlen(m->s->dir);

	if (path && strcmp(m->s->dir, ".") == 0)
		return *path && *path != '.' && !strchr(path, '/');
	return path && strncmp(path, m->s->dir, n) == 0 && path[n] == '/' &&
	       !strchr(path + n + 1, '/') && path[n + 1] != '\0' && path[n + 1] != '.';
}

static bool is_overlay(const struct lm_stick *s, const char *path)
{
	for (size_t i = 0; path && i < s->n_overlays; i++) {
		if (s->overlays[i].kind == LM_OVERLAY_DM_SNAPSHOT &&
		    strcmp(s->overlays[i].path, path) == 0)
			return true;
	}
	return false;
}

static int check_record(const struct merge *m, const struct record *rec, struct lm_error *err)
{
	const struct lm_stick *s = m->s->stick;
	bool good = is_overlay(s, rec->overlay);

	if (rec->op == LM_OP_MERGE)
		good = good && is_here(m, rec->base) &&
		       (!s->base_path || strcmp(s->base_path, rec->base) == 0 ||
			s->container == STICK_NO_BASE);
	if (good && rec->osmin)
		good = is_here(m, rec->osmin) && strstr(rec->osmin, "osmin") != NULL;
	if (good)
		return 0;
	return session_foreign_note(m->s, _("the files that it names are not there"), err);
}

static enum way way_of(const struct record *rec, bool undo)
{
	switch (rec->phase) {
	case RECORD_CHECKING:
	case RECORD_BUILDING:
		return WAY_UNDO;
	case RECORD_MERGING:
		return undo ? WAY_UNDO : WAY_MERGE;
	case RECORD_APPLYING:
		return undo ? WAY_UNDO : WAY_APPLY;
	case RECORD_RESETTING:
		return undo ? WAY_UNDO : WAY_RESET;
	default:
		return undo ? WAY_UNDO : WAY_FINISH;
	}
}

/* Reads the journal through io into the state. */
static int take_record(struct resume *r, struct io *io, struct lm_error *err)
{
	struct merge *m = r->m;
	struct record rec;
	struct io_stat st;
	int ret = record_read(io, m->s->dir, &rec, err);

	if (ret == -EBADMSG) {
		/*
		 * Both slots are bad only if the very first writing was cut, before
		 * anything else was done, or if the stick is failing.
		 */
		r->damaged = true;
		r->way = WAY_LEFTOVER;
		return 0;
	}
	if (ret < 0)
		return ret;
	if (ret == 0) {
		char path[64];

		snprintf(path, sizeof(path), "%.40s/livemend.new", m->s->dir);
		r->way = io_stat(io, path, &st) == 0 || compact_has_leftover(m->s, io) ?
				 WAY_LEFTOVER :
				 WAY_NOTHING;
		return 0;
	}
	ret = check_record(m, &rec, err);
	if (ret < 0) {
		record_free(&rec);
		return ret;
	}
	record_free(&m->s->rec);
	m->s->rec = rec;
	m->s->bare = rec.phase == RECORD_APPLYING || m->s->stick->container == STICK_BARE;
	m->in_place = m->s->bare && rec.method == LM_METHOD_REWRITE;
	r->way = way_of(&rec, r->undo);
	return 0;
}

static int set_paths(struct resume *r, struct lm_error *err)
{
	struct merge *m = r->m;
	const struct lm_stick *s = m->s->stick;
	const char *base = m->s->rec.base ? m->s->rec.base : s->base_path ? s->base_path : "";
	const char *overlay = m->s->rec.overlay ? m->s->rec.overlay :
			      s->n_overlays     ? s->overlays[0].path :
						  "";
	struct record keep = m->s->rec;
	int ret;

	/* session_paths() fills in the record's too. */
	m->s->rec.base = m->s->rec.overlay = NULL;
	ret = merge_paths(m, base, overlay, err);
	free(keep.base);
	free(keep.overlay);
	return ret;
}

static int open_work(struct merge *m, struct lm_error *err)
{
	int ret;

	if (!m->s->rec.work)
		return 0;
	merge_work_names(m);
	m->s->work_path = strdup(m->s->rec.work);
	ret = m->s->work_path ? session_work_table(m->s) : -ENOMEM;
	if (ret == 0 || (m->s->rec.phase != RECORD_SWAPPING && m->s->rec.phase != RECORD_MERGING))
		return 0; /* only leftovers are there, if anything */
	return lm_refuse(err, ret, m->s->rec.work,
			 _("Mount the disk with this folder at the same place, and resume again. "
			   "The image on the stick is not complete without it."),
			 _("the work folder is not there"), "%s",
			 _("It cannot be taken up without the work folder"));
}

/* ---- steps ---- */

static int step_check(struct plan_run *run, void *state, struct lm_error *err)
{
	struct resume *r = state;
	struct merge *m = r->m;
	enum way planned = r->way;
	int ret;

	m->s->run = run;
	ret = merge_lock(m, err);
	if (ret < 0)
		return ret;
	/* Again under the lock: it must be what was planned for. */
	ret = take_record(r, m->s->rw.io, err);
	if (ret == 0 && r->way != planned)
		ret = session_changed(m->s, err);
	return ret;
}

/* The base is a good image, and the overlay, as far as it can be told, is one for it. */
static int prove_base(struct merge *m, struct lm_error *err)
{
	int ret = merge_look(m, m->s->base, err);

	if (ret == 0 && (!m->s->look.view || (!m->s->bare && !m->s->look.image)))
		ret = lm_refuse(err, -EUCLEAN, m->s->base, _("See `livemend doctor`."),
				_("it cannot be read"), "%s", _("The image in place is not good"));
	if (ret == 0 && !m->s->look.paired)
		ret = lm_refuse(err, -EUCLEAN, m->s->base, _("See `livemend doctor`."),
				m->s->look.pair_why, "%s",
				_("Overlay and image do not belong together"));
	if (ret == 0 && m->s->look.image)
		ret = image_check(m->s->look.image, session_progress, m->s, err);
	merge_unlook(m);
	return ret;
}

/*
 * An overlay that cannot be used is what recover is for; a cut of its very first
 * note leaves nothing but that.
 */
static bool nothing_but_note(const struct resume *r)
{
	const struct merge *m = r->m;
	struct io_stat st;

	return r->damaged && io_stat(m->s->rw.io, m->swap.fresh, &st) == -ENOENT &&
	       !compact_has_leftover(m->s, m->s->rw.io);
}

static int step_leftover(struct plan_run *run, void *state, struct lm_error *err)
{
	struct resume *r = state;
	struct merge *m = r->m;
	int ret;

	m->s->run = run;
	plan_run_message(run, "%s", _("Proving that the image in place is good"));
	ret = prove_base(m, err);
	if (ret == -EUCLEAN && nothing_but_note(r)) {
		lm_error_clear(err);
		ret = 0;
	}
	if (ret < 0)
		return ret;
	plan_run_critical(run, true);
	ret = journal_log(m->s->rw.io, m->s->dir, err, "resume: leftovers are removed");
	if (ret == 0 && r->damaged)
		ret = journal_pending_clear(m->s->rw.io, m->s->dir, err);
	if (ret == 0)
		ret = swap_remove(&m->swap, m->swap.fresh, err);
	if (ret == 0)
		ret = compact_remove_leftover(m->s, err);
	if (ret == 0)
		session_tell_if_hurt(run, m->s,
				     _("Image and overlay are as before the operation."));
	else
		session_help_if_hurt(m->s, err);
	return ret;
}

static int step_undo(struct plan_run *run, void *state, struct lm_error *err)
{
	struct merge *m = ((struct resume *)state)->m;
	int ret;

	plan_run_critical(run, true);
	m->s->run = run;
	/* For the record only, and before anything that may turn the stick read-only. */
	journal_log(m->s->rw.io, m->s->dir, NULL, "resume: %s is undone", lm_op_word(m->s->rec.op));
	if (m->s->rec.op == LM_OP_RESET)
		ret = journal_pending_clear(m->s->rw.io, m->s->dir, err);
	else
		ret = merge_undo(m, err);
	if (ret == 0)
		session_tell_if_hurt(run, m->s,
				     _("Image and overlay are as before the operation."));
	else
		session_help_if_hurt(m->s, err);
	return ret;
}

static int prove_unchanged(struct merge *m, struct lm_error *err)
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
static int step_verify(struct plan_run *run, void *state, struct lm_error *err)
{
	struct resume *r = state;
	struct merge *m = r->m;
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
	old = record_same(&p.now, &m->s->rec.old_image)   ? m->s->base :
	      record_same(&p.fresh, &m->s->rec.old_image) ? m->swap.fresh :
	      record_same(&p.aside, &m->s->rec.old_image) ? m->swap.aside :
							    NULL;
	fresh = record_same(&p.now, &m->s->rec.new_image)   ? m->s->base :
		record_same(&p.fresh, &m->s->rec.new_image) ? m->swap.fresh :
							      NULL;
	if (!old || !fresh)
		return 0;
	ret = merge_look(m, old, err);
	if (ret == 0)
		ret = changes_find(&m->changes, &m->s->look, CHANGES_ALL, true, session_progress,
				   m->s, err);
	if (ret == 0)
		ret = record_unchanged(&m->s->rec) ?
			      prove_unchanged(m, err) :
			      merge_verify_at(m, run, m->s->rw.io, fresh, err);
	merge_unlook(m);
	if (ret == -EBADMSG) {
		/* It was proved once: it, or the overlay, has changed since. The old one counts. */
		ctx_log(m->s->ctx, LM_LOG_WARN, "%s: %s: %s", err->what, err->on, err->why);
		lm_error_clear(err);
		r->distrust = true;
		return 0;
	}
	if (ret < 0) {
		lm_error_help(err, _("Nothing is lost: the old image and the overlay are there. It "
				     "can be undone too: `livemend resume --undo`."));
		err->outcome = LM_RESUMABLE;
	}
	return ret;
}

static int step_finish(struct plan_run *run, void *state, struct lm_error *err)
{
	struct resume *r = state;
	struct merge *m = r->m;
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
	if (r->distrust ||
	    (m->s->rec.phase == RECORD_READY && record_same(&p.now, &m->s->rec.old_image) &&
	     (now == SESSION_OVERLAY_USED || !record_same(&p.fresh, &m->s->rec.new_image)))) {
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
		ret = merge_work_put(m, m->s->work_new, &m->s->rec.new_image, err);
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

static int step_look(struct plan_run *run, void *state, struct lm_error *err)
{
	struct merge *m = ((struct resume *)state)->m;
	int ret;

	m->s->run = run;
	ret = merge_look(m, m->s->base, err);
	if (ret == 0)
		ret = merge_refusal(m, &m->s->look, err);
	if (ret == 0)
		ret = record_identify_overlay(m->s->rw.io, m->s->overlay, &m->s->rec.overlay_id,
					      NULL, err);
	if (ret == 0)
		ret = changes_find(&m->changes, &m->s->look, CHANGES_ALL, true, session_progress,
				   m->s, err);
	return session_resumable(ret, err);
}

/*
 * Whether the merge of the copies is still one of this overlay: the stick may
 * have been used meanwhile, and then the copies are of the past.
 */
static int step_look_copies(struct plan_run *run, void *state, struct lm_error *err)
{
	struct merge *m = ((struct resume *)state)->m;
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
	if (ret == 0 && (now != SESSION_OVERLAY_SAME || !record_same(&base, &m->s->rec.old_image) ||
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

static int step_kernel(struct plan_run *run, void *state, struct lm_error *err)
{
	int ret = merge_step_kernel(run, ((struct resume *)state)->m, err);

	return session_resumable(ret, err);
}

/* The rest of a merge as it would have gone on. */
static int step_rest(struct plan_run *run, void *state, struct lm_error *err)
{
	static const plan_step_fn steps[] = { merge_step_check_copy, merge_step_pack,
					      merge_step_verify, merge_step_place };
	struct merge *m = ((struct resume *)state)->m;
	size_t i;
	int ret = 0;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && ret == 0; i++)
		ret = steps[i](run, m, err);
	return session_resumable(ret, err);
}

static int step_finish_merge(struct plan_run *run, void *state, struct lm_error *err)
{
	return merge_step_finish(run, ((struct resume *)state)->m, err);
}

static int step_apply(struct plan_run *run, void *state, struct lm_error *err)
{
	int ret = merge_step_apply(run, ((struct resume *)state)->m, err);

	return session_resumable(ret, err);
}

static int step_verify_bare(struct plan_run *run, void *state, struct lm_error *err)
{
	int ret = merge_step_verify_bare(run, ((struct resume *)state)->m, err);

	return session_resumable(ret, err);
}

static int step_finish_bare(struct plan_run *run, void *state, struct lm_error *err)
{
	return merge_step_finish(run, ((struct resume *)state)->m, err);
}

static int step_reset(struct plan_run *run, void *state, struct lm_error *err)
{
	struct merge *m = ((struct resume *)state)->m;
	int ret;

	plan_run_critical(run, true);
	m->s->run = run;
	ret = session_reset_overlay(m->s, &m->kept_overlay, err);
	if (ret == 0)
		ret = journal_log(m->s->rw.io, m->s->dir, err,
				  m->kept_overlay ? "resume: reset: the stick was used since, and "
						    "%s was kept" :
						    "reset: the changes in %s were forgotten",
				  m->s->overlay);
	if (ret == 0)
		ret = journal_pending_clear(m->s->rw.io, m->s->dir, err);
	if (ret == 0 && m->kept_overlay)
		plan_run_result(run,
				_("The stick was used after the reset was cut off: what is in the "
				  "overlay now was kept."),
				_("Reset again if you still want to."));
	return session_resumable(ret, err);
}

/* ---- the plan ---- */

static void say_check(struct lm_plan *plan)
{
	plan_step(plan, "check", _("Check the stick"),
		  _("The files must be those that the journal names."), step_check);
}

static void say_finish(struct lm_plan *plan, const struct merge *m)
{
	struct lm_step *s;

	say_check(plan);
	s = plan_step(plan, "verify", _("Prove the new image once more"),
		      _("As long as the old image is there it can be compared with it."),
		      step_verify);
	s->work_bytes = m->s->rec.new_image.bytes;
	s->cancellable = true;
	s = plan_step(plan, "finish", _("Finish the merge"),
		      _("The new image gets its name, the overlay is emptied, the old image "
			"removed: whatever is left of it to do."),
		      step_finish);
	s->writes = text_dup(_("names in LiveOS, the overlay's first sector, the journal"));
	plan_text(plan, _("Finish the interrupted merge"),
		  _("The new image was complete when the merge was cut off. What is left to do is "
		    "done now."));
	plan_result(plan,
		    _("The changes are part of the image now, and the overlay is empty."),
		    _("The stick can be booted, or unmounted and removed."));
}

static void say_merge(struct lm_plan *plan)
{
	struct lm_step *s;

	say_check(plan);
	plan_step(plan, "look", _("See that the copies are still of this stick"),
		  _("If it was used meanwhile they are of the past."), step_look_copies);
	s = plan_step(plan, "snapshot-merge", _("Let the kernel merge the copies"),
		      _("It goes on where it was cut off."), step_kernel);
	s->cancellable = true;
	s = plan_step(plan, "pack", _("Prove, pack and place the new image"),
		      _("As if it had not been cut off: e2fsck, mksquashfs, comparing, exchange."),
		      step_rest);
	s->cancellable = true;
	s = plan_step(plan, "finish", _("Empty the overlay, remove the old image"),
		      _("The new image holds everything that the overlay held."),
		      step_finish_merge);
	s->writes = text_dup(_("names in LiveOS, the overlay's first sector, the journal"));
	plan_text(plan, _("Go on with the interrupted merge"),
		  _("Copies of image and overlay were being merged in the work folder. The kernel goes "
		    "on where it was; then all is done as it would have been."));
	plan_result(plan,
		    _("The changes are part of the image now, and the overlay is empty."),
		    _("The stick can be booted, or unmounted and removed."));
}

static void say_apply(struct lm_plan *plan)
{
	struct lm_step *s;

	say_check(plan);
	s = plan_step(plan, "compare", _("Find what is left to write"),
		      _("What is in the image already need not be written again."), step_look);
	s->cancellable = true;
	s = plan_step(plan, "apply", _("Write the changes into the image"),
		      _("The overlay is kept until all is written."), step_apply);
	s->cancellable = true;
	s = plan_step(plan, "verify", _("Read the changes back and prove them"),
		      _("From the device, not from memory."), step_verify_bare);
	s->cancellable = true;
	plan_step(plan, "reset", _("Empty the overlay"),
		  _("The image holds everything that the overlay held."), step_finish_bare);
	plan_text(plan, _("Finish the interrupted merge"),
		  _("The changes in the overlay are written into the image. Nothing was lost: the "
		    "overlay is complete."));
	plan_result(plan,
		    _("The changes are part of the image now, and the overlay is empty."),
		    _("The stick can be booted, or unmounted and removed."));
}

static void say(struct resume *r, struct lm_plan *plan)
{
	struct lm_step *s;

	switch (r->way) {
	case WAY_NOTHING:
		plan_text(plan, _("Nothing to resume"),
			  _("No operation on this stick was interrupted."));
		plan_step(plan, "check", _("See that there is nothing to do"),
			  _("There is no note about an operation on the stick."),
			  session_step_nothing);
		plan_result(plan, _("Nothing was interrupted on this stick."), "");
		break;
	case WAY_LEFTOVER:
		plan_text(plan, _("Clean up after an interrupted operation"),
			  _("There are leftovers of an operation that never came to its point. They "
			    "are removed, after the image in place was proved to be good."));
		say_check(plan);
		s = plan_step(plan, "clean", _("Prove the image, remove the leftovers"),
			      _("Nothing is removed before the image was read as a whole."),
			      step_leftover);
		s->cancellable = true;
		plan_result(plan, _("The leftovers are removed; image and overlay are as before."),
			    "");
		break;
	case WAY_UNDO:
		plan_text(plan, _("Undo the interrupted operation"),
			  _("What was begun is taken back: image and overlay become as they were "
			    "before it."));
		say_check(plan);
		plan_step(plan, "undo", _("Take it back"),
			  _("The old image and the overlay are complete."), step_undo);
		plan_result(plan, _("Image and overlay are as before the operation."),
			    _("Run it again when you like."));
		break;
	case WAY_FINISH:
		say_finish(plan, r->m);
		break;
	case WAY_APPLY:
		say_apply(plan);
		break;
	case WAY_MERGE:
		say_merge(plan);
		break;
	case WAY_RESET:
		plan_text(plan, _("Finish the interrupted reset"),
			  _("The overlay was being emptied; that is finished now."));
		say_check(plan);
		plan_step(plan, "reset", _("Empty the overlay"),
			  _("The reset was asked for, and cut off."), step_reset);
		plan_result(plan, _("The overlay is empty."), "");
		plan_risk(plan, _("All changes that the overlay holds, as was asked for before."),
			  _("`livemend resume --undo` keeps them instead."), "reset");
		break;
	}
}

int ops_plan_resume(struct lm_stick *stick, const struct lm_options *options, struct lm_plan *plan,
		    struct lm_error *err)
{
	struct record rec;
	struct resume *r;
	struct lm_error why;
	int ret;

	if (record_read(stick->io, stick->live_dir, &rec, NULL) == 1) {
		bool other = rec.op == LM_OP_COMPACT || rec.op == LM_OP_GROW;

		ret = rec.op == LM_OP_COMPACT ?
			      ops_plan_resume_compact(stick, options, &rec, plan, err) :
		      rec.op == LM_OP_GROW ?
			      ops_plan_resume_grow(stick, options, &rec, plan, err) :
			      0;
		record_free(&rec);
		if (other)
			return ret;
	}
	ret = recover_plan_resume(stick, options, plan, err);
	if (ret != 0)
		return ret < 0 ? ret : 0;
	r = calloc(1, sizeof(*r));
	if (!r)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	plan_state(plan, r, resume_free);
	r->undo = options->undo;
	r->m = merge_new(stick, err);
	if (!r->m)
		return -ENOMEM;
	r->m->s->resuming = true;
	r->m->in_place = stick->container == STICK_BARE;
	lm_error_clear(&why);
	plan_text(plan, _("Take up an interrupted operation"),
		  _("Finishes, or undoes, what was cut off."));
	plan_risk(plan, NULL, _("It may be cut off again, and resumed again."), NULL);
	ret = take_record(r, stick->io, &why);
	if (ret == 0)
		ret = set_paths(r, &why);
	if (ret == 0 && r->way != WAY_NOTHING)
		ret = stick_rw_possible(stick, &why);
	if (ret == -EROFS) {
		why.help[0] = '\0';
		lm_error_help(&why, session_fsck_help());
	}
	if (ret == 0)
		ret = open_work(r->m, &why);
	if (ret == 0)
		say(r, plan);
	return session_planned(plan, ret, &why, err);
}

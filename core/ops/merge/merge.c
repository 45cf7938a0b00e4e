/* SPDX-License-Identifier: GPL-3.0-or-later */
/* merge.c - the steps of `merge --method rewrite`; the plan is made in merge_plan.c */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "core/dm/dm.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_attrs.h"
#include "core/io/io_replace.h"
#include "core/ops/merge/merge_full.h"
#include "core/plan/journal.h"
#include "core/text.h"

/* ---- the state ---- */

struct merge *merge_new(struct lm_stick *stick, struct lm_error *err)
{
	struct merge *m = session_state(sizeof(*m), stick, LM_OP_MERGE, err);

	if (m) {
		fsck_init(&m->f, m->s);
		m->f.question = _("The root file system has errors that e2fsck does not repair by "
				  "itself. Repair them now (e2fsck -y)? What is repaired is "
				  "written to the overlay.");
	}
	return m;
}

void merge_free(void *merge)
{
	struct merge *m = merge;

	changes_free(&m->changes);
	fsck_free(&m->f);
	session_free(m->s);
	swap_free(&m->swap);
	free(m);
}

int merge_swap_init(struct swap *w, struct session *s, struct lm_error *err)
{
	*w = (struct swap){
		.s = s,
		.path = s->base,
		.old_id = &s->rec.merge.old_image,
		.new_id = &s->rec.merge.new_image,
		.identify = record_identify,
		.not_ours = _("The images on the stick are not those that the journal names"),
	};
	return swap_init(w, "livemend.new", "livemend.old", err);
}

int merge_paths(struct merge *m, const char *base, const char *overlay, struct lm_error *err)
{
	int ret = session_paths(m->s, base, overlay, err);

	return ret < 0 ? ret : merge_swap_init(&m->swap, m->s, err);
}

bool merge_unchanged(const struct merge *m)
{
	return record_same(m->swap.old_id, m->swap.new_id);
}

int merge_lock(struct merge *m, struct lm_error *err)
{
	struct session *s = m->s;
	struct dm_use use = { 0 };
	struct io_stat st;
	int ret = session_lock(s, s->quiet, err);

	if (ret < 0 || !s->quiet)
		return ret;
	/* Still so, now that nobody else can change it? */
	ret = io_stat(s->rw.io, s->overlay, &st);
	if (ret == 0 && dm_find_use(st.dev, st.ino, &use) == 1 && !use.readonly)
		ret = -EBUSY;
	if (ret < 0)
		lm_refuse(err, ret, s->overlay, NULL, _("the running system uses it"), "%s",
			  _("An overlay in use cannot be merged"));
	return ret;
}

int merge_look(struct merge *m, const char *base, struct lm_error *err)
{
	changes_free(&m->changes);
	return session_look(m->s, base, err);
}

void merge_unlook(struct merge *m)
{
	changes_free(&m->changes);
	session_unlook(m->s);
}

/* ---- steps ---- */

/*
 * Nothing in the overlay differs from the image where it counts: there is no
 * new image to be built, only the overlay to be emptied.
 */
static void keep_image(struct merge *m)
{
	m->unchanged = true;
	m->s->rec.merge.new_image = m->s->rec.merge.old_image;
	/* Neither is needed: osmin.img still fits. */
	free(m->s->rec.work);
	free(m->s->rec.merge.osmin);
	m->s->rec.work = m->s->rec.merge.osmin = NULL;
	m->s->rec.run[0] = '\0';
	plan_run_message(m->s->run, "%s",
			 _("The overlay holds nothing new: the image stays as it is"));
}

int merge_step_compare(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	char size[16];
	int ret;

	m->s->run = run;
	ret = changes_find(&m->changes, &m->s->look, CHANGES_FIRST, true, session_progress, m->s,
			   err);
	if (ret < 0)
		return ret;
	text_size(size, m->changes.live_bytes);
	if (m->s->look.image && m->changes.changed_blocks == 0)
		keep_image(m);
	else if (m->s->look.image)
		plan_run_message(run, _("Up to %llu of %llu blocks change, %llu are free"),
				 (unsigned long long)m->changes.changed_blocks,
				 (unsigned long long)m->changes.blocks,
				 (unsigned long long)m->changes.holes);
	else
		plan_run_message(run, _("%s of changes"), size);
	return 0;
}

/*
 * A new image with the very identity of the old one could not be told from it
 * after a cut. It happens only when there is nothing to change in it.
 */
static int check_differs(struct merge *m, struct lm_error *err)
{
	if (!record_same(&m->s->rec.merge.old_image, &m->s->rec.merge.new_image))
		return 0;
	lm_fail(err, -EEXIST, m->swap.fresh, NULL, "%s", _("Writing the new image failed"));
	return lm_because(err, "%s", _("it cannot be told from the old one"));
}

int merge_step_build(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	struct io *io = m->s->work ? m->s->work : m->s->rw.io;
	const char *path = m->s->work ? m->s->work_new : m->swap.fresh;
	struct image_change change = changes_for_image(&m->changes);
	struct io_file *out = NULL;
	int ret, closed;

	m->s->run = run;
	if (m->unchanged)
		return 0;
	ret = session_note(m->s, RECORD_BUILDING, err);
	/* Left by an older run; the old image was proved good by the check. */
	if (ret == 0)
		ret = swap_remove(&m->swap, m->swap.fresh, err);
	if (ret == 0 && m->s->work)
		ret = session_work_begin(m->s, err);
	if (ret < 0)
		return ret;
	ret = io_open(io, path, IO_CREATE, &out);
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Creating the new image failed"));
	ret = image_rewrite(m->s->look.image, &change, out, path, session_progress, m->s, err);
	if (ret == -ENOSPC)
		lm_error_help(err, _("Make room on the stick, or build the new image elsewhere: "
				     "`livemend merge --work DIR`."));
	closed = io_file_close(out);
	if (ret == 0)
		ret = closed < 0 ? lm_fail(err, closed, path, NULL, "%s",
					   _("Writing the new image failed")) :
				   0;
	if (ret == 0 && !m->s->work)
		ret = io_attrs_copy(io, m->s->base, io, path, err);
	if (ret == 0) {
		ret = io_sync_dir(io, m->s->work ? "." : m->s->dir);
		if (ret < 0)
			lm_fail(err, ret, path, NULL, "%s", _("Writing the new image failed"));
	}
	if (ret == 0)
		ret = record_identify(io, path, &m->s->rec.merge.new_image, err);
	return ret < 0 ? ret : check_differs(m, err);
}

int merge_verify_at(struct merge *m, struct plan_run *run, struct io *io, const char *path,
		    struct lm_error *err)
{
	struct image_change change = changes_for_image(&m->changes);
	struct io_file *file;
	int ret;

	if (m->s->rec.merge.method != LM_METHOD_REWRITE)
		return merge_full_verify_at(m, run, io, path, err);
	ret = io_open(io, path, IO_READ, &file);
	m->s->run = run;
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Reading the new image back failed"));
	ret = image_verify(m->s->look.image, &change, file, path, m->deep, session_progress, m->s,
			   err);
	io_file_close(file);
	return ret;
}

int merge_step_verify(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;

	if (m->unchanged)
		return 0;
	if (m->s->rec.merge.method == LM_METHOD_REWRITE)
		plan_run_message(run, _("%llu of %llu blocks have changed"),
				 (unsigned long long)m->changes.changed_blocks,
				 (unsigned long long)m->changes.blocks);
	return merge_verify_at(m, run, m->s->work ? m->s->work : m->s->rw.io,
			       m->s->work ? m->s->work_new : m->swap.fresh, err);
}

int merge_step_replace(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	int ret;

	if (m->unchanged)
		return 0;
	plan_run_critical(run, true);
	m->s->run = run;
	merge_unlook(m); /* nothing is held open that gets another name */
	ret = session_note(m->s, RECORD_READY, err);
	if (ret < 0)
		return ret;
	plan_run_flushing(run, true);
	m->s->committed = true;
	ret = swap_forward(&m->swap, err);
	if (ret == 0)
		ret = session_note(m->s, RECORD_REPLACED, err);
	plan_run_flushing(run, false);
	return ret;
}

static const char merge_restart[] =
	N_("The running system goes on with the old image until it is restarted; when is up to you. "
	   "Take rd.live.overlay.readonly out of the boot options then.");

int merge_step_finish(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	char before[16], after[16], now[600];
	int ret;

	plan_run_critical(run, true);
	m->s->run = run;
	m->s->committed = true;
	merge_unlook(m);
	ret = merge_finish(m, err);
	if (ret < 0)
		return ret;
	m->s->noted = false;
	if (m->kept_overlay) {
		plan_run_result(run,
				_("The new image is in place. The stick was used meanwhile, so the "
				  "overlay was kept: nothing is lost."),
				_("Merge again when you like."));
	} else if (!m->in_place && merge_unchanged(m)) {
		plan_run_result(run,
				_("The overlay held nothing that the image does not hold: the "
				  "image is as it was, and the overlay is empty."),
				_("The stick can be booted, or unmounted and removed."));
	} else if (!m->in_place) {
		snprintf(now, sizeof(now),
			 _("The changes are part of the image now, and the overlay is empty. The "
			   "image was %s, it is %s."),
			 text_size(before, m->s->rec.merge.old_image.bytes),
			 text_size(after, m->s->rec.merge.new_image.bytes));
		plan_run_result(run, now,
				m->s->quiet ?
					_(merge_restart) :
					_("The stick can be booted, or unmounted and removed."));
	}
	return 0;
}

static int merge_undo_it(void *merge, struct lm_error *err)
{
	return merge_undo(merge, err);
}

void merge_abort(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;

	(void)run;
	fsck_settle(&m->f);
	merge_unlook(m);
	/* In the midst of the repair: nothing else was begun. */
	if ((m->f.noted || m->f.logged) && fsck_put_back(&m->f) < 0)
		err->outcome = LM_RESUMABLE;
	if (!m->s->noted || !session_put_back(m->s, merge_undo_it, m, err))
		return;
	/* Best effort: it is over, and the stick is as it was. */
	journal_log(m->s->rw.io, m->s->dir, NULL, "merge: stopped, and everything put back: %s",
		    err->what);
}

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
#include "core/io/io_replace.h"
#include "core/ops/merge/merge_full.h"
#include "core/plan/journal.h"
#include "core/text.h"
#include "core/view/view.h"

/* ---- the state ---- */

struct merge *merge_new(struct lm_stick *stick, struct lm_error *err)
{
	struct merge *m = calloc(1, sizeof(*m));

	if (!m) {
		lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
		return NULL;
	}
	m->stick = stick;
	m->ctx = stick->ctx;
	m->dir = stick->live_dir;
	m->rec.op = LM_OP_MERGE;
	return m;
}

void merge_free(void *merge)
{
	struct merge *m = merge;

	merge_unlook(m);
	io_close(m->work);
	if (m->locked)
		stick_rw_close(&m->rw);
	record_free(&m->rec);
	free(m->base);
	free(m->fresh);
	free(m->aside);
	free(m->overlay);
	free(m->work_path);
	free(m);
}

int merge_paths(struct merge *m, const char *base, const char *overlay, struct lm_error *err)
{
	m->base = strdup(base);
	m->overlay = strdup(overlay);
	m->rec.base = strdup(base);
	m->rec.overlay = strdup(overlay);
	if (asprintf(&m->fresh, "%s/livemend.new", m->dir) < 0)
		m->fresh = NULL;
	if (asprintf(&m->aside, "%s/livemend.old", m->dir) < 0)
		m->aside = NULL;
	if (!m->base || !m->overlay || !m->fresh || !m->aside || !m->rec.base || !m->rec.overlay)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	return 0;
}

int merge_lock(struct merge *m, struct lm_error *err)
{
	struct dm_use use = { 0 };
	struct io_stat st;
	int ret = m->quiet ? stick_rw_open_used(m->stick, &m->rw, err) :
			     stick_rw_open(m->stick, &m->rw, err);

	m->locked = ret == 0;
	if (ret < 0 || !m->quiet)
		return ret;
	/* Still so, now that nobody else can change it? */
	ret = io_stat(m->rw.io, m->overlay, &st);
	if (ret == 0 && dm_find_use(st.dev, st.ino, &use) == 1 && !use.readonly)
		ret = -EBUSY;
	if (ret < 0)
		lm_refuse(err, ret, m->overlay, NULL, _("the running system uses it"), "%s",
			  _("An overlay in use cannot be merged"));
	return ret;
}

void merge_unlook(struct merge *m)
{
	changes_free(&m->changes);
	if (m->looking)
		stick_look_close(&m->look);
	io_source_close(m->laid);
	m->laid = m->top = NULL;
	m->looking = false;
}

/* The file system is then that of the view with what was repaired. */
static int lay_scratch(struct merge *m, struct lm_error *err)
{
	int ret;

	m->top = m->look.view;
	if (!m->scratch)
		return 0;
	ret = view_open(m->look.view, m->scratch, false, false, &m->laid, err);
	if (ret < 0)
		return ret;
	m->top = m->laid;
	fs_close(m->look.fs);
	m->look.fs = NULL;
	return fs_open(m->top, &m->look.fs, err);
}

int merge_look(struct merge *m, const char *base, struct lm_error *err)
{
	int ret;

	merge_unlook(m);
	/* What was written must be seen: everything goes through the one table. */
	m->seen = *m->stick;
	m->seen.io = m->rw.io;
	m->seen.base_path = (char *)(uintptr_t)base;
	m->seen.container = m->bare ? STICK_BARE : STICK_SQUASHFS;
	ret = stick_look_open(&m->seen, 0, &m->look, err);
	m->looking = ret == 0;
	if (ret == 0 && m->look.trouble.code != 0) {
		if (err)
			*err = m->look.trouble;
		ret = m->look.trouble.code;
	}
	return ret == 0 ? lay_scratch(m, err) : ret;
}

int merge_progress(void *merge, uint64_t done, uint64_t total)
{
	struct merge *m = merge;

	return plan_run_progress(m->run, done, total);
}

/* ---- steps ---- */

/*
 * Nothing in the overlay differs from the image where it counts: there is no
 * new image to be built, only the overlay to be emptied.
 */
static void keep_image(struct merge *m)
{
	m->unchanged = true;
	m->rec.new_image = m->rec.old_image;
	/* Neither is needed: osmin.img still fits. */
	free(m->rec.work);
	free(m->rec.osmin);
	m->rec.work = m->rec.osmin = NULL;
	plan_run_message(m->run, "%s",
			 _("The overlay holds nothing new: the image stays as it is"));
}

int merge_step_compare(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	char size[16];
	int ret;

	m->run = run;
	ret = changes_find(&m->changes, &m->look, CHANGES_FIRST, true, merge_progress, m, err);
	if (ret < 0)
		return ret;
	text_size(size, m->changes.live_bytes);
	if (m->look.image && m->changes.changed_blocks == 0)
		keep_image(m);
	else if (m->look.image)
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
	if (!record_same(&m->rec.old_image, &m->rec.new_image))
		return 0;
	lm_fail(err, -EEXIST, m->fresh, NULL, "%s", _("Writing the new image failed"));
	return lm_because(err, "%s", _("it cannot be told from the old one"));
}

int merge_step_build(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	struct io *io = m->work ? m->work : m->rw.io;
	const char *path = m->work ? m->work_new : m->fresh;
	struct image_change change = changes_for_image(&m->changes);
	struct io_file *out = NULL;
	int ret, closed;

	m->run = run;
	if (m->unchanged)
		return 0;
	m->rec.phase = RECORD_BUILDING;
	m->noted = true;
	ret = record_write(m->rw.io, m->dir, &m->rec, err);
	/* Left by an older run; the old image was proved good by the check. */
	if (ret == 0)
		ret = merge_remove_leftover(m, m->fresh, err);
	if (ret == 0 && m->work) {
		merge_work_names(m);
		path = m->work_new;
		ret = io_replace_remove(m->work, ".", m->work_new, err);
	}
	if (ret < 0)
		return ret;
	ret = io_open(io, path, IO_CREATE, &out);
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Creating the new image failed"));
	ret = image_rewrite(m->look.image, &change, out, path, merge_progress, m, err);
	if (ret == -ENOSPC)
		lm_error_help(err, _("Make room on the stick, or build the new image elsewhere: "
				     "`livemend merge --work DIR`."));
	closed = io_file_close(out);
	if (ret == 0)
		ret = closed < 0 ? lm_fail(err, closed, path, NULL, "%s",
					   _("Writing the new image failed")) :
				   0;
	if (ret == 0) {
		ret = io_sync_dir(io, m->work ? "." : m->dir);
		if (ret < 0)
			lm_fail(err, ret, path, NULL, "%s", _("Writing the new image failed"));
	}
	if (ret == 0)
		ret = record_identify(io, path, &m->rec.new_image, err);
	return ret < 0 ? ret : check_differs(m, err);
}

int merge_verify_at(struct merge *m, struct plan_run *run, struct io *io, const char *path,
		    struct lm_error *err)
{
	struct image_change change = changes_for_image(&m->changes);
	struct io_file *file;
	int ret;

	if (m->rec.method != LM_METHOD_REWRITE)
		return merge_full_verify_at(m, run, io, path, err);
	ret = io_open(io, path, IO_READ, &file);
	m->run = run;
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Reading the new image back failed"));
	ret = image_verify(m->look.image, &change, file, path, m->deep, merge_progress, m, err);
	io_file_close(file);
	return ret;
}

int merge_step_verify(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;

	if (m->unchanged)
		return 0;
	if (m->rec.method == LM_METHOD_REWRITE)
		plan_run_message(run, _("%llu of %llu blocks have changed"),
				 (unsigned long long)m->changes.changed_blocks,
				 (unsigned long long)m->changes.blocks);
	return merge_verify_at(m, run, m->work ? m->work : m->rw.io,
			       m->work ? m->work_new : m->fresh, err);
}

int merge_step_replace(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	int ret;

	if (m->unchanged)
		return 0;
	plan_run_critical(run, true);
	m->run = run;
	merge_unlook(m); /* nothing is held open that gets another name */
	m->rec.phase = RECORD_READY;
	ret = record_write(m->rw.io, m->dir, &m->rec, err);
	if (ret < 0)
		return ret;
	plan_run_flushing(run, true);
	m->committed = true;
	ret = merge_exchange(m, err);
	if (ret == 0) {
		m->rec.phase = RECORD_REPLACED;
		ret = record_write(m->rw.io, m->dir, &m->rec, err);
	}
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
	m->run = run;
	m->committed = true;
	merge_unlook(m);
	ret = merge_finish(m, err);
	if (ret < 0)
		return ret;
	m->noted = false;
	if (!m->in_place && record_unchanged(&m->rec)) {
		plan_run_result(run,
				_("The overlay held nothing that the image does not hold: the "
				  "image is as it was, and the overlay is empty."),
				_("The stick can be booted, or unmounted and removed."));
	} else if (!m->in_place) {
		snprintf(now, sizeof(now),
			 _("The changes are part of the image now, and the overlay is empty. The "
			   "image was %s, it is %s."),
			 text_size(before, m->rec.old_image.bytes),
			 text_size(after, m->rec.new_image.bytes));
		plan_run_result(run, now,
				m->quiet ? _(merge_restart) :
					   _("The stick can be booted, or unmounted and removed."));
	}
	return 0;
}

void merge_abort(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	struct lm_error undo;
	enum lm_outcome outcome = err->outcome;

	(void)run;
	merge_unlook(m);
	if (!m->noted)
		return;
	lm_error_clear(&undo);
	if (m->committed || merge_undo(m, &undo) < 0) {
		if (undo.code != 0)
			ctx_log(m->ctx, LM_LOG_WARN, "%s: %s: %s", undo.what, undo.on, undo.why);
		err->outcome = LM_RESUMABLE;
		return;
	}
	m->noted = false;
	err->outcome = outcome;
	/* Best effort: it is over, and the stick is as it was. */
	journal_log(m->rw.io, m->dir, NULL, "merge: stopped, and everything put back: %s",
		    err->what);
}

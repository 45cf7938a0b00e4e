/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recover.c - the state of a recovery, and its steps; the plan is made in recover_plan.c */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_extend.h"
#include "core/ops/recover/recover.h"
#include "core/plan/journal.h"
#include "core/text.h"

/* ---- the state ---- */

struct recover *recover_new(struct lm_stick *stick, struct lm_error *err)
{
	struct recover *r = calloc(1, sizeof(*r));

	if (r)
		r->m = merge_new(stick, err);
	if (!r || !r->m) {
		free(r);
		lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
		return NULL;
	}
	r->m->rec.op = LM_OP_RECOVER;
	r->m->bare = stick->container == STICK_BARE;
	return r;
}

void recover_free(void *recover)
{
	struct recover *r = recover;

	recover_unlook(r);
	cow_store_close(r->scratch);
	io_file_close(r->scratch_file);
	merge_free(r->m);
	free(r->log);
	free(r->log_dir);
	free(r);
}

int recover_paths(struct recover *r, const char *overlay, struct lm_error *err)
{
	const struct lm_stick *s = r->m->stick;
	int ret = merge_paths(r->m, s->base_path ? s->base_path : "", overlay, err);

	if (ret < 0)
		return ret;
	if (asprintf(&r->log_dir, "%s/livemend", r->m->dir) < 0)
		r->log_dir = NULL;
	if (asprintf(&r->log, "%s/livemend/" RECORD_UNDO_FILE, r->m->dir) < 0)
		r->log = NULL;
	return r->log && r->log_dir ? 0 : lm_fail(err, -ENOMEM, NULL, NULL, "%s",
						  _("Planning failed"));
}

int recover_open_overlay(struct recover *r, struct io_file **file, struct lm_error *err)
{
	int ret = io_open(r->m->rw.io, r->m->overlay, IO_WRITE, file);

	return ret < 0 ? lm_fail(err, ret, r->m->overlay, NULL, "%s",
				 _("Opening the overlay failed")) :
			 0;
}

int recover_remove_log(struct recover *r, struct lm_error *err)
{
	int ret = io_unlink(r->m->rw.io, r->log);

	if (ret == 0)
		ret = io_sync_dir(r->m->rw.io, r->log_dir);
	if (ret == 0 || ret == -ENOENT)
		return 0;
	return lm_fail(err, ret, r->log, NULL, "%s", _("Removing a file failed"));
}

static int note(struct recover *r, enum record_phase phase, struct lm_error *err)
{
	struct merge *m = r->m;

	m->rec.phase = phase;
	m->noted = true; /* perhaps: clearing does no harm */
	return record_write(m->rw.io, m->dir, &m->rec, err);
}

int recover_step_nothing(struct plan_run *run, void *recover, struct lm_error *err)
{
	(void)run;
	(void)recover;
	(void)err;
	return 0;
}

/* ---- check ---- */

static int changed_since(const struct recover *r, struct lm_error *err)
{
	return lm_refuse(err, -ESTALE, r->m->overlay, _("Look again."),
			 _("it has changed meanwhile"), "%s",
			 _("The stick is not as it was when this was planned"));
}

int recover_step_check(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	struct merge *m = r->m;
	struct record pending;
	struct io_stat st;
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
	ret = recover_look_again(r, err);
	if (ret == 0)
		ret = recover_refusal(r, err);
	if (ret < 0)
		return ret;
	ret = io_stat(m->rw.io, m->overlay, &st);
	if (ret < 0)
		return lm_fail(err, ret, m->overlay, NULL, "%s", _("Reading the overlay failed"));
	if (st.size_bytes != r->old_bytes)
		return changed_since(r, err);
	/* Not full, and yet invalid: the kernel met an error of the medium. */
	if (r->ills.invalid && !r->ills.no_room && !r->ills.corner) {
		plan_run_message(run, "%s", _("Reading all that the overlay holds"));
		ret = recover_read_all(r, err);
		if (ret < 0)
			return ret;
	}
	return record_identify_overlay(m->rw.io, m->overlay, &m->rec.overlay_id, NULL, err);
}

int recover_step_repair(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;

	r->m->run = run;
	return recover_fsck(r, err);
}

/* ---- length ---- */

int recover_shrink(struct recover *r, struct lm_error *err)
{
	struct merge *m = r->m;
	struct cow_store *store = NULL;
	struct io_file *file;
	struct io_stat st;
	const struct cow_info *info;
	int ret = recover_open_overlay(r, &file, err);

	if (ret < 0)
		return ret;
	ret = io_fstat(file, &st);
	if (ret == 0 && st.size_bytes > r->old_bytes) {
		ret = cow_store_open(file, m->overlay, 0, &store, err);
		if (ret < 0)
			goto out;
		info = cow_store_info(store);
		/* A system that ran from it meanwhile has put something there. */
		if (info->next_free * info->chunk_sectors * 512 > r->old_bytes &&
		    info->state != LM_STATE_DAMAGED)
			r->left_alone = true;
		else
			ret = io_truncate(file, r->old_bytes);
		if (ret == 0)
			ret = io_fsync(file);
	}
	if (ret < 0)
		lm_fail(err, ret, m->overlay, NULL, "%s",
			_("Making the overlay as short as it was failed"));
out:
	cow_store_close(store);
	io_file_close(file);
	return ret;
}

int recover_step_grow(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	struct merge *m = r->m;
	struct io_file *file = NULL;
	int ret, closed;

	m->run = run;
	ret = note(r, RECORD_BUILDING, err);
	if (ret == 0)
		ret = recover_open_overlay(r, &file, err);
	if (ret < 0)
		return ret;
	r->grown = true;
	if (r->fill_bytes)
		ret = recover_reserve(r, file, err);
	if (ret == 0 && r->new_bytes > r->old_bytes)
		ret = io_extend(file, m->overlay, r->old_bytes, r->new_bytes, merge_progress, m,
				  err);
	closed = io_file_close(file);
	if (ret == 0 && closed < 0)
		ret = lm_fail(err, closed, m->overlay, NULL, "%s", _("Writing the overlay failed"));
	return ret;
}

/* ---- the changes ---- */

int recover_step_save(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;

	r->m->run = run;
	return recover_save(r, err);
}

int recover_step_apply(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	struct merge *m = r->m;
	struct redo *redo = NULL;
	struct io_file *file = NULL;
	int ret, closed;

	plan_run_critical(run, true);
	m->run = run;
	ret = note(r, RECORD_APPLYING, err);
	if (ret == 0)
		ret = redo_open(m->rw.io, r->log, &redo, err) == 1 ? 0 : -EBADMSG;
	if (ret == 0)
		ret = recover_open_overlay(r, &file, err);
	if (ret < 0)
		goto out;
	m->committed = true;
	ret = redo_apply(redo, file, m->overlay, false, merge_progress, m, err);
	closed = io_file_close(file);
	if (ret == 0 && closed < 0)
		ret = lm_fail(err, closed, m->overlay, NULL, "%s", _("Writing the overlay failed"));
out:
	redo_close(redo);
	return ret;
}

/* ---- proof and end ---- */

static int still_ill(const struct recover *r, const char *why, struct lm_error *err)
{
	lm_fail(err, -EBADMSG, r->m->overlay,
		_("The stick may be failing: copy it, then try again."), "%s",
		_("The overlay is not what it was to become"));
	return lm_because(err, "%s", why);
}

int recover_step_verify(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	const struct cow_info *info;
	struct io_file *file;
	struct io_stat st;
	int ret;

	plan_run_critical(run, true);
	r->m->run = run;
	ret = io_open(r->m->rw.io, r->m->overlay, IO_READ, &file);
	if (ret == 0) {
		ret = io_drop_cache(file);
		io_file_close(file);
	}
	if (ret == 0)
		ret = io_stat(r->m->rw.io, r->m->overlay, &st);
	if (ret < 0)
		return lm_fail(err, ret, r->m->overlay, NULL, "%s", _("Reading the overlay failed"));
	ret = recover_look_again(r, err);
	if (ret == 0)
		ret = recover_refusal(r, err);
	if (ret < 0)
		return ret;
	info = cow_store_info(r->look.store);
	if (!info->valid || info->state == LM_STATE_DAMAGED)
		return still_ill(r, _("it is still marked as invalid, or damaged"), err);
	if (st.size_bytes != r->new_bytes)
		return still_ill(r, _("it has another length"), err);
	ret = recover_compare(r, err);
	return ret == 0 ? recover_prove_clean(r, err) : ret;
}

void recover_say_result(struct recover *r)
{
	const struct cow_info *info = r->looking ? cow_store_info(r->look.store) : NULL;
	char room[16], now[600];
	size_t n;

	if (!info)
		return;
	text_size(room, recover_room(r));
	n = (size_t)snprintf(now, sizeof(now),
			     _("The overlay can be used again, with all it held; %s can still be "
			       "written."),
			     room);
	if (r->repairs && n < sizeof(now))
		n += (size_t)snprintf(now + n, sizeof(now) - n,
				      _(" e2fsck made %u repairs; the log lists them."), r->repairs);
	if (r->lost_after > r->lost_before && n < sizeof(now))
		n += (size_t)snprintf(now + n, sizeof(now) - n,
				      _(" %llu files or folders whose name was lost are in "
					"/lost+found."),
				      (unsigned long long)(r->lost_after - r->lost_before));
	if (r->unchecked && n < sizeof(now))
		snprintf(now + n, sizeof(now) - n, "%s",
			 _(" The file system was not checked; the next start replays its journal."));
	plan_run_result(r->m->run, now,
			_("Start from the stick, or empty the overlay for good with a merge. "
			  "`livemend resume --undo` takes the recovery back, until the stick is "
			  "used, or merged or changed otherwise."));
}

int recover_step_finish(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	struct merge *m = r->m;
	struct redo *redo = NULL;
	struct record_id id;
	int ret;

	plan_run_critical(run, true);
	m->run = run;
	ret = record_identify_overlay(m->rw.io, m->overlay, &id, NULL, err);
	if (ret == 0)
		ret = redo_open(m->rw.io, r->log, &redo, err) == 1 ? 0 : -EBADMSG;
	if (ret == 0)
		ret = redo_seal(m->rw.io, r->log, redo, id.hash, err);
	redo_close(redo);
	if (ret == 0)
		ret = journal_log(m->rw.io, m->dir, err,
				  "recover: %s is usable again (%u repairs, %llu bytes longer)",
				  m->overlay, r->repairs,
				  (unsigned long long)(r->new_bytes - r->old_bytes));
	if (ret == 0)
		merge_log_by_hand(m);
	if (ret == 0)
		ret = journal_pending_clear(m->rw.io, m->dir, err);
	if (ret < 0) {
		err->outcome = LM_RESUMABLE;
		return ret;
	}
	m->noted = false;
	recover_say_result(r);
	return 0;
}

/* ---- when it ends early ---- */

static int take_back(struct recover *r)
{
	struct merge *m = r->m;
	struct redo *redo = NULL;
	struct io_file *file = NULL;
	int ret = redo_open(m->rw.io, r->log, &redo, NULL), closed;

	if (ret != 1)
		return ret < 0 ? ret : -ENOENT;
	ret = recover_open_overlay(r, &file, NULL);
	if (ret == 0) {
		ret = redo_apply(redo, file, m->overlay, true, NULL, NULL, NULL);
		closed = io_file_close(file);
		if (ret == 0)
			ret = closed;
	}
	redo_close(redo);
	return ret;
}

void recover_abort(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	struct merge *m = r->m;
	int ret = 0;

	(void)run;
	recover_tell_failing(err);
	if (!m->locked)
		return;
	recover_unlook(r);
	if (m->committed)
		ret = take_back(r);
	else if (r->grown)
		ret = recover_shrink(r, NULL);
	/* The journal first: what it says to be under way must find its undo file. */
	if (ret == 0 && m->noted)
		ret = journal_pending_clear(m->rw.io, m->dir, NULL);
	if (ret == 0 && r->logged)
		ret = recover_remove_log(r, NULL);
	if (ret < 0)
		err->outcome = LM_RESUMABLE;
	else if (err->outcome == LM_RESUMABLE)
		err->outcome = LM_UNCHANGED;
}

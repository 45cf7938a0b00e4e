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
	struct session *s = session_new(stick, LM_OP_RECOVER, err);
	struct recover *r = s ? calloc(1, sizeof(*r)) : NULL;

	if (s && !r) {
		session_free(s);
		lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	}
	if (r)
		r->s = s;
	return r;
}

void recover_free(void *recover)
{
	struct recover *r = recover;

	recover_unlook(r);
	cow_store_close(r->scratch);
	io_file_close(r->scratch_file);
	session_free(r->s);
	free(r->log);
	free(r->log_dir);
	free(r);
}

int recover_paths(struct recover *r, const char *overlay, struct lm_error *err)
{
	int ret = session_overlay_path(r->s, overlay, err);

	if (ret < 0)
		return ret;
	if (asprintf(&r->log_dir, "%s/livemend", r->s->dir) < 0)
		r->log_dir = NULL;
	if (asprintf(&r->log, "%s/livemend/" RECOVER_UNDO_FILE, r->s->dir) < 0)
		r->log = NULL;
	return r->log && r->log_dir ? 0 : lm_fail(err, -ENOMEM, NULL, NULL, "%s",
						  _("Planning failed"));
}

int recover_open_overlay(struct recover *r, struct io_file **file, struct lm_error *err)
{
	int ret = io_open(r->s->rw.io, r->s->overlay, IO_WRITE, file);

	return ret < 0 ? lm_fail(err, ret, r->s->overlay, NULL, "%s",
				 _("Opening the overlay failed")) :
			 0;
}

int recover_remove_log(struct recover *r, struct lm_error *err)
{
	int ret = io_unlink(r->s->rw.io, r->log);

	if (ret == 0)
		ret = io_sync_dir(r->s->rw.io, r->log_dir);
	if (ret == 0 || ret == -ENOENT)
		return 0;
	return lm_fail(err, ret, r->log, NULL, "%s", _("Removing a file failed"));
}

/* ---- check ---- */

static int changed_since(const struct recover *r, struct lm_error *err)
{
	return lm_refuse(err, -ESTALE, r->s->overlay, _("Look again."),
			 _("it has changed meanwhile"), "%s",
			 _("The stick is not as it was when this was planned"));
}

int recover_step_check(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	struct session *s = r->s;
	struct io_stat st;
	int ret;

	s->run = run;
	ret = session_lock(s, false, err);
	if (ret == 0)
		ret = session_no_pending(s, err);
	if (ret == 0)
		ret = recover_look_again(r, err);
	if (ret == 0)
		ret = recover_refusal(r, err);
	if (ret < 0)
		return ret;
	ret = io_stat(s->rw.io, s->overlay, &st);
	if (ret < 0)
		return lm_fail(err, ret, s->overlay, NULL, "%s", _("Reading the overlay failed"));
	if (st.size_bytes != r->old_bytes)
		return changed_since(r, err);
	/* Not full, and yet invalid: the kernel met an error of the medium. */
	if (r->ills.invalid && !r->ills.no_room && !r->ills.corner) {
		plan_run_message(run, "%s", _("Reading all that the overlay holds"));
		ret = recover_read_all(r, err);
		if (ret < 0)
			return ret;
	}
	return record_identify_overlay(s->rw.io, s->overlay, &s->rec.overlay_id, NULL, err);
}

int recover_step_repair(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;

	r->s->run = run;
	return recover_fsck(r, err);
}

/* ---- length ---- */

int recover_shrink(struct recover *r, struct lm_error *err)
{
	struct session *s = r->s;
	struct cow_store *store = NULL;
	struct io_file *file;
	struct io_stat st;
	const struct cow_info *info;
	int ret = recover_open_overlay(r, &file, err);

	if (ret < 0)
		return ret;
	ret = io_fstat(file, &st);
	if (ret == 0 && st.size_bytes > r->old_bytes) {
		ret = cow_store_open(file, s->overlay, 0, &store, err);
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
		lm_fail(err, ret, s->overlay, NULL, "%s",
			_("Making the overlay as short as it was failed"));
out:
	cow_store_close(store);
	io_file_close(file);
	return ret;
}

int recover_step_grow(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	struct session *s = r->s;
	struct io_file *file = NULL;
	int ret, closed;

	s->run = run;
	ret = session_note(s, RECORD_BUILDING, err);
	if (ret == 0)
		ret = recover_open_overlay(r, &file, err);
	if (ret < 0)
		return ret;
	r->grown = true;
	if (r->fill_bytes)
		ret = recover_reserve(r, file, err);
	if (ret == 0 && r->new_bytes > r->old_bytes)
		ret = io_extend(file, s->overlay, r->old_bytes, r->new_bytes, session_progress, s,
				err);
	closed = io_file_close(file);
	if (ret == 0 && closed < 0)
		ret = lm_fail(err, closed, s->overlay, NULL, "%s", _("Writing the overlay failed"));
	return ret;
}

/* ---- the changes ---- */

int recover_step_save(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;

	r->s->run = run;
	return recover_save(r, err);
}

int recover_step_apply(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	struct session *s = r->s;
	struct redo *redo = NULL;
	struct io_file *file = NULL;
	int ret, closed;

	plan_run_critical(run, true);
	s->run = run;
	ret = session_note(s, RECORD_APPLYING, err);
	if (ret == 0)
		ret = redo_open(s->rw.io, r->log, &redo, err) == 1 ? 0 : -EBADMSG;
	if (ret == 0)
		ret = recover_open_overlay(r, &file, err);
	if (ret < 0)
		goto out;
	s->committed = true;
	ret = redo_apply(redo, file, s->overlay, false, session_progress, s, err);
	closed = io_file_close(file);
	if (ret == 0 && closed < 0)
		ret = lm_fail(err, closed, s->overlay, NULL, "%s", _("Writing the overlay failed"));
out:
	redo_close(redo);
	return ret;
}

/* ---- proof and end ---- */

static int still_ill(const struct recover *r, const char *why, struct lm_error *err)
{
	lm_fail(err, -EBADMSG, r->s->overlay,
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
	r->s->run = run;
	ret = io_open(r->s->rw.io, r->s->overlay, IO_READ, &file);
	if (ret == 0) {
		ret = io_drop_cache(file);
		io_file_close(file);
	}
	if (ret == 0)
		ret = io_stat(r->s->rw.io, r->s->overlay, &st);
	if (ret < 0)
		return lm_fail(err, ret, r->s->overlay, NULL, "%s",
			       _("Reading the overlay failed"));
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
	plan_run_result(r->s->run, now,
			_("Start from the stick, or empty the overlay for good with a merge. "
			  "`livemend resume --undo` takes the recovery back, until the stick is "
			  "used, or merged or changed otherwise."));
}

int recover_step_finish(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	struct session *s = r->s;
	struct redo *redo = NULL;
	struct record_id id;
	int ret;

	plan_run_critical(run, true);
	s->run = run;
	ret = record_identify_overlay(s->rw.io, s->overlay, &id, NULL, err);
	if (ret == 0)
		ret = redo_open(s->rw.io, r->log, &redo, err) == 1 ? 0 : -EBADMSG;
	if (ret == 0)
		ret = redo_seal(s->rw.io, r->log, redo, id.hash, err);
	redo_close(redo);
	if (ret == 0)
		ret = journal_log(s->rw.io, s->dir, err,
				  "recover: %s is usable again (%u repairs, %llu bytes longer)",
				  s->overlay, r->repairs,
				  (unsigned long long)(r->new_bytes - r->old_bytes));
	if (ret == 0)
		session_log_by_hand(s);
	if (ret == 0)
		ret = session_clear(s, err);
	if (ret < 0) {
		err->outcome = LM_RESUMABLE;
		return ret;
	}
	s->noted = false;
	recover_say_result(r);
	return 0;
}

/* ---- when it ends early ---- */

static int take_back(struct recover *r)
{
	struct session *s = r->s;
	struct redo *redo = NULL;
	struct io_file *file = NULL;
	int ret = redo_open(s->rw.io, r->log, &redo, NULL), closed;

	if (ret != 1)
		return ret < 0 ? ret : -ENOENT;
	ret = recover_open_overlay(r, &file, NULL);
	if (ret == 0) {
		ret = redo_apply(redo, file, s->overlay, true, NULL, NULL, NULL);
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
	struct session *s = r->s;
	int ret = 0;

	(void)run;
	recover_tell_failing(err);
	if (!s->locked)
		return;
	recover_unlook(r);
	if (s->committed)
		ret = take_back(r);
	else if (r->grown)
		ret = recover_shrink(r, NULL);
	/* The journal first: what it says to be under way must find its undo file. */
	if (ret == 0 && s->noted)
		ret = session_clear(s, NULL);
	if (ret == 0 && r->logged)
		ret = recover_remove_log(r, NULL);
	if (ret < 0)
		err->outcome = LM_RESUMABLE;
	else if (err->outcome == LM_RESUMABLE)
		err->outcome = LM_UNCHANGED;
}

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
	struct recover *r = session_state(sizeof(*r), stick, LM_OP_RECOVER, err);

	if (r) {
		fsck_init(&r->f, r->s);
		r->f.question =
			_("The root file system has errors that e2fsck does not repair by "
			  "itself. Repair them now (e2fsck -y)? Until you are shown the "
			  "outcome nothing is written to the stick.");
	}
	return r;
}

void recover_free(void *recover)
{
	struct recover *r = recover;

	fsck_free(&r->f);
	recover_unlook(r);
	session_free(r->s);
	free(r);
}

int recover_paths(struct recover *r, const char *overlay, struct lm_error *err)
{
	int ret = session_overlay_path(r->s, overlay, err);

	return ret < 0 ? ret : fsck_paths(&r->f, err);
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
	if (st.size_bytes != r->f.old_bytes)
		return changed_since(r, err);
	/* Not full, and yet invalid: the kernel met an error of the medium. */
	if (r->ills.invalid && !r->ills.no_room && !r->ills.corner) {
		plan_run_message(run, "%s", _("Reading all that the overlay holds"));
		ret = recover_read_all(r, err);
		if (ret < 0)
			return ret;
	}
	return session_know_overlay(s, err);
}

bool recover_only_errors(const struct recover *r)
{
	struct recover_ills others = r->ills;

	others.errors = others.dirty = false;
	return r->ills.errors && !recover_any(&others) && r->f.new_bytes == r->f.old_bytes;
}

int recover_step_repair(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	bool ill = false;
	int ret;

	r->s->run = run;
	ret = fsck_check(&r->f, &ill, err);
	if (ret == 0 && ill && !r->f.unchecked)
		ret = fsck_repair(&r->f, err);
	fsck_settle(&r->f);
	if (ret == 0 && r->f.unchecked && (recover_only_errors(r) || r->f.lost)) {
		if (err)
			*err = r->f.why;
		ret = r->f.why.code;
	}
	return ret;
}

/* ---- length ---- */

int recover_step_grow(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	struct session *s = r->s;
	struct io_file *file = NULL;
	int ret, closed;

	s->run = run;
	ret = fsck_note(&r->f, RECORD_BUILDING, err);
	if (ret == 0 && r->fill_bytes) {
		ret = fsck_open_overlay(&r->f, &file, err);
		if (ret < 0)
			return ret;
		r->f.grown = true;
		ret = recover_reserve(r, file, err);
		closed = io_file_close(file);
		if (ret == 0 && closed < 0)
			ret = lm_fail(err, closed, s->overlay, NULL, "%s",
				      _("Writing the overlay failed"));
	}
	if (ret == 0 && r->f.new_bytes > r->f.old_bytes)
		ret = fsck_grow(&r->f, err);
	return ret;
}

/* ---- the changes ---- */

int recover_step_save(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	int ret;

	r->s->run = run;
	ret = fsck_save(&r->f, err);
	if (ret == -ENOSPC && r->f.new_bytes == r->f.old_bytes && err)
		lm_error_help(err, _("Give the size of a larger overlay with --grow."));
	return ret;
}

int recover_step_apply(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	int ret;

	plan_run_critical(run, true);
	r->s->run = run;
	ret = fsck_note(&r->f, RECORD_APPLYING, err);
	return ret == 0 ? fsck_apply(&r->f, err) : ret;
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
	if (st.size_bytes != r->f.new_bytes)
		return still_ill(r, _("it has another length"), err);
	ret = fsck_compare(&r->f, err);
	if (ret == 0)
		ret = fsck_prove(&r->f, err);
	if (ret == -EUCLEAN && r->resumed) {
		/* Nobody had checked it when it was begun. What was to be written is there. */
		r->f.unchecked = true;
		r->f.checked = false;
		r->f.why = *err;
		lm_error_clear(err);
		ret = 0;
	}
	return ret;
}

/* Errors that are known of, and that e2fsck has not repaired. */
static bool recover_has_errors(const struct recover *r)
{
	const struct fs_info *fs = r->f.fs ? fs_info(r->f.fs) : NULL;

	return !r->f.checked && fsck_is_ext(&r->f) &&
	       (!fs->readable || fs->state == LM_FS_ERRORS || r->f.why.code == -EUCLEAN);
}

void recover_say_result(struct recover *r)
{
	const struct cow_info *info = r->looking ? cow_store_info(r->look.store) : NULL;
	bool errors = recover_has_errors(r);
	char room[16], now[600];
	size_t n;

	if (!info)
		return;
	text_size(room, recover_room(r));
	n = (size_t)snprintf(now, sizeof(now),
			     errors ? _("The overlay can be read again, with all it held; %s can "
					"still be written. But its file system has errors, and e2fsck "
					"could not repair them here: files may be damaged.") :
				      _("The overlay can be used again, with all it held; %s can "
					"still be written."),
			     room);
	if (r->f.repairs && n < sizeof(now))
		n += (size_t)snprintf(now + n, sizeof(now) - n,
				      _(" e2fsck made %u repairs; the log lists them."),
				      r->f.repairs);
	if (r->f.lost_after > r->f.lost_before && n < sizeof(now))
		n += (size_t)snprintf(now + n, sizeof(now) - n,
				      _(" %llu files or folders whose name was lost are in "
					"/lost+found."),
				      (unsigned long long)(r->f.lost_after - r->f.lost_before));
	if (!r->f.checked && !errors && fsck_is_ext(&r->f) && n < sizeof(now))
		snprintf(now + n, sizeof(now) - n, "%s",
			 _(" The file system was not checked; the next start replays its journal."));
	plan_run_result(r->s->run, now,
			errors ? _("Recover it once more where there is an e2fsck that can do it; "
				   "it is not to be merged before that.") :
				 _("Start from the stick, or empty the overlay for good with a merge. "
				   "`livemend resume --undo` takes the recovery back, until the stick is "
				   "used, or merged or changed otherwise."));
}

int recover_step_finish(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;
	struct session *s = r->s;
	struct record_id id;
	int ret;

	plan_run_critical(run, true);
	s->run = run;
	ret = fsck_seal(&r->f, &id, err);
	if (ret == 0)
		ret = journal_log(s->rw.io, s->dir, err,
				  recover_has_errors(r) ?
					  "recover: %s is readable again, its file system has "
					  "errors (%u repairs, %llu bytes longer)" :
					  "recover: %s is usable again (%u repairs, %llu bytes longer)",
				  s->overlay, r->f.repairs,
				  (unsigned long long)(r->f.new_bytes - r->f.old_bytes));
	if (ret == 0)
		session_log_by_hand(s);
	if (ret == 0)
		ret = session_clear(s, err);
	if (ret < 0) {
		err->outcome = LM_RESUMABLE;
		return ret;
	}
	r->f.noted = false;
	recover_say_result(r);
	return 0;
}

/* ---- when it ends early ---- */

void recover_abort(struct plan_run *run, void *recover, struct lm_error *err)
{
	struct recover *r = recover;

	(void)run;
	recover_tell_failing(err);
	if (!r->s->locked)
		return;
	fsck_settle(&r->f);
	recover_unlook(r);
	if (fsck_put_back(&r->f) < 0)
		err->outcome = LM_RESUMABLE;
	else if (err->outcome == LM_RESUMABLE)
		err->outcome = LM_UNCHANGED;
}

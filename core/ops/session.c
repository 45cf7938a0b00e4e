/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session.c - the state of an operation, the lock, the look at base and overlay, the note */
#include "core/ops/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/op.h"
#include "core/plan/journal.h"
#include "core/view/view.h"

/* ---- the state ---- */

struct session *session_new(struct lm_stick *stick, enum lm_op op, struct lm_error *err)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s) {
		lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
		return NULL;
	}
	s->stick = stick;
	s->ctx = stick->ctx;
	s->dir = stick->live_dir;
	s->bare = stick->container == STICK_BARE;
	s->rec.op = op;
	return s;
}

void *session_state(size_t size, struct lm_stick *stick, enum lm_op op, struct lm_error *err)
{
	struct session *s = session_new(stick, op, err);
	struct session **state = s ? calloc(1, size) : NULL;

	if (s && !state) {
		session_free(s);
		lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	}
	if (state)
		*state = s;
	return state;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	session_unlook(s);
	io_close(s->work);
	if (s->locked)
		stick_rw_close(&s->rw);
	record_free(&s->rec);
	free(s->base);
	free(s->overlay);
	free(s->work_path);
	free(s);
}

int session_paths(struct session *s, const char *base, const char *overlay, struct lm_error *err)
{
	s->base = strdup(base);
	s->overlay = strdup(overlay);
	s->rec.base = strdup(base);
	s->rec.overlay = strdup(overlay);
	if (!s->base || !s->overlay || !s->rec.base || !s->rec.overlay)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	return 0;
}

int session_overlay_path(struct session *s, const char *overlay, struct lm_error *err)
{
	return session_paths(s, s->stick->base_path ? s->stick->base_path : "", overlay, err);
}

int session_lock(struct session *s, bool used, struct lm_error *err)
{
	int ret = used ? stick_rw_open_used(s->stick, &s->rw, err) :
			 stick_rw_open(s->stick, &s->rw, err);

	s->locked = ret == 0;
	return ret;
}

/* ---- the look ---- */

void session_unlook(struct session *s)
{
	if (s->looking)
		stick_look_close(&s->look);
	io_source_close(s->laid);
	s->laid = s->top = NULL;
	s->looking = false;
}

/* The file system is then that of the view with what was repaired. */
static int session_lay_scratch(struct session *s, struct lm_error *err)
{
	int ret;

	s->top = s->look.view;
	if (!s->scratch)
		return 0;
	ret = view_open(s->look.view, s->scratch, false, false, &s->laid, err);
	if (ret < 0)
		return ret;
	s->top = s->laid;
	fs_close(s->look.fs);
	s->look.fs = NULL;
	return fs_open(s->top, &s->look.fs, err);
}

int session_look(struct session *s, const char *base, struct lm_error *err)
{
	int ret;

	session_unlook(s);
	/* What was written must be seen: everything goes through the one table. */
	s->pair = stick_pair_of(s->stick, 0);
	s->pair.io = s->rw.io;
	s->pair.base = base;
	s->pair.container = s->bare ? STICK_BARE : STICK_SQUASHFS;
	ret = stick_look_pair(&s->pair, &s->look, err);
	s->looking = ret == 0;
	if (ret == 0 && s->look.trouble.code != 0) {
		if (err)
			*err = s->look.trouble;
		ret = s->look.trouble.code;
	}
	return ret == 0 ? session_lay_scratch(s, err) : ret;
}

int session_progress(void *session, uint64_t done, uint64_t total)
{
	struct session *s = session;

	return plan_run_progress(s->run, done, total);
}

/* ---- the note ---- */

int session_record(struct session *s, struct io *io, const char *dir, struct lm_error *err)
{
	const struct record_prose prose = op_of(s->rec.op)->prose(&s->rec);
	int ret = record_write(io, dir, &s->rec, &prose, err);

	/* What this one has repaired first can be taken back as long as it can. */
	for (enum lm_op i = 0; i < LM_N_OPS && ret == 0; i++) {
		if (i != s->rec.op && !s->rec.repaired && op_of(i)->outdate)
			op_of(i)->outdate(io, dir);
	}
	return ret;
}

int session_note(struct session *s, enum record_phase phase, struct lm_error *err)
{
	s->rec.phase = phase;
	s->noted = true; /* perhaps: clearing does no harm */
	return session_record(s, s->rw.io, s->dir, err);
}

int session_note_once(struct session *s, enum record_phase phase, struct lm_error *err)
{
	return s->rec.phase == phase ? 0 : session_note(s, phase, err);
}

int session_clear(struct session *s, struct lm_error *err)
{
	return journal_pending_clear(s->rw.io, s->dir, err);
}

/* ---- plans and steps ---- */

int session_resumable(int ret, struct lm_error *err)
{
	if (ret < 0 && err)
		err->outcome = LM_RESUMABLE;
	return ret;
}

int session_step_nothing(struct plan_run *run, void *state, struct lm_error *err)
{
	(void)run;
	(void)state;
	(void)err;
	return 0;
}

int session_plan_nothing(struct lm_plan *plan, const char *title, const char *why)
{
	plan_text(plan, title, why);
	plan_step(plan, "check", _("See that there is nothing to do"), why, session_step_nothing);
	return plan_result(plan, why, "");
}

int session_planned(struct lm_plan *plan, int ret, const struct lm_error *why, struct lm_error *err)
{
	if (ret == -ENOMEM) {
		if (err)
			*err = *why;
		return ret;
	}
	if (ret < 0)
		plan_refuse(plan, why);
	return 0;
}

bool session_put_back(struct session *s, session_undo_fn undo, void *state, struct lm_error *err)
{
	enum lm_outcome outcome = err->outcome;
	struct lm_error why;

	lm_error_clear(&why);
	if (s->committed || undo(state, &why) < 0) {
		if (why.code != 0)
			ctx_log(s->ctx, LM_LOG_WARN, "%s: %s: %s", why.what, why.on, why.why);
		err->outcome = LM_RESUMABLE;
		return false;
	}
	s->noted = false;
	err->outcome = outcome;
	return true;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session.h - an operation at work on a stick: what all of them have in common
 *
 *   session.c         the state, the lock, the pair of base and overlay that is
 *                     looked at, the note on the stick
 *   session_refuse.c  what stands against it, whatever the operation
 *   session_overlay.c the overlay as the record knows it; emptying it
 *   session_work.c    --work: a folder elsewhere
 *   session_resume.c  taking up what was cut off
 *   session_words.c   words for what was done, and for a stick that a cut has hurt
 */
#ifndef OPS_SESSION_H
#define OPS_SESSION_H

#include "core/plan/plan.h"
#include "core/plan/record.h"
#include "core/stick/stick.h"

struct session {
	struct lm_ctx *ctx;
	struct lm_stick *stick;
	char *dir;            /* "LiveOS" */
	char *base, *overlay; /* paths on the stick */
	bool bare;            /* no SquashFS around the root image */
	bool by_kernel;       /* e2fsck through device-mapper, as the method */
	struct record rec;
	struct plan_run *run; /* for callbacks */

	/* under the lock */
	struct stick_rw rw;
	bool locked;
	bool quiet;     /* the running system has the overlay attached, but cannot write to it */
	bool noted;     /* the journal says that it is under way */
	bool resuming;  /* it was cut off: the stick's own file system may have suffered */
	bool committed; /* from here on it is finished or resumed, not undone */

	struct io_stat overlay_stat; /* of it as rec.overlay_id knows it; size 0: not in this run */

	/* base and overlay, looked at */
	struct stick_pair pair; /* through the writable table */
	struct stick_look look;
	bool looking;
	/*
	 * Laid over the merged view: what e2fsck has repaired (fsck.h); not owned. NULL:
	 * nothing. top is the view with it, or look.view.
	 */
	struct cow_store *scratch;
	struct io_source *top, *laid;

	/* the work folder */
	struct io *work;
	bool work_ours; /* the note in it is this run's: files of its names may be removed */
	char *work_path;
	char work_new[64], work_old[64]; /* names in it */
};

/* ---- session.c ---- */

/* NULL (and *err): no memory. The session may be freed with NULL. */
struct session *session_new(struct lm_stick *stick, enum lm_op op, struct lm_error *err);
void session_free(struct session *s);
/* A zeroed state of an operation, of this many bytes; a new session is its first member. */
void *session_state(size_t size, struct lm_stick *stick, enum lm_op op, struct lm_error *err);
/* Sets base and overlay, here and in the record. */
int session_paths(struct session *s, const char *base, const char *overlay, struct lm_error *err);
/* The same, of the stick's base, if there is one. */
int session_overlay_path(struct session *s, const char *overlay, struct lm_error *err);

/* The overlay through the writable table; closing it keeps an error that was there before. */
int session_open_overlay(struct session *s, enum io_mode mode, struct io_file **file,
			 struct lm_error *err);
int session_close_overlay(struct session *s, struct io_file *file, int ret, struct lm_error *err);

/* Takes the lock and the writable table. used: the kernel may be using the overlay. */
int session_lock(struct session *s, bool used, struct lm_error *err);

/* Opens base (at this path) and overlay through the writable table; closes what was open. */
int session_look(struct session *s, const char *base, struct lm_error *err);
void session_unlook(struct session *s);

/* io_progress_fn, image_progress_fn: reports to s->run. */
int session_progress(void *session, uint64_t done, uint64_t total);

/* Writes the record, with the operation's words, to the journal below dir of io. */
int session_record(struct session *s, struct io *io, const char *dir, struct lm_error *err);
/* The journal says from now on that it is under way, and has come to this phase. */
int session_note(struct session *s, enum record_phase phase, struct lm_error *err);
/* The same, where it does not say so already. */
int session_note_once(struct session *s, enum record_phase phase, struct lm_error *err);
/* The journal says so no more. */
int session_clear(struct session *s, struct lm_error *err);

/* ---- session_resume.c: what was cut off ---- */

/* Title and risk of a plan that takes it up, for as long as nothing better is known. */
void session_resume_text(struct lm_plan *plan);
/* Takes over the record; base: its own, or the stick's where that is not to be believed. */
int session_resume_take(struct session *s, struct record *rec, struct lm_error *err);
/* stick_rw_possible(), with what helps a stick that the cut has hurt. */
int session_resume_possible(struct session *s, struct lm_error *err);
/* First step: the lock, and the stick is still in the state that was planned for. */
int session_resume_check(struct session *s, struct lm_error *err);
void session_resume_say_check(struct lm_plan *plan, plan_step_fn fn);
/* The overlay of the record is one of the stick's, of the dm-snapshot kind. */
bool session_resume_knows(const struct session *s, const struct record *rec);

/* ---- session_refuse.c ---- */

/*
 * An operation was interrupted, and it is not this one that is resumed; asked for planning, and
 * again under the lock.
 */
int session_no_pending(const struct session *s, struct lm_error *err);
/* The stick is not as it was when this was planned. */
int session_changed(const struct session *s, struct lm_error *err);
/* The record on the stick names what is not there. */
int session_foreign_note(const struct session *s, const char *why, struct lm_error *err);

/* It has come too far to be undone. LM_RESUMABLE. */
int session_too_late(const struct session *s, const char *why, struct lm_error *err);

/* What a look has found that stands against an operation, in its own words. */
struct session_words {
	const char *cannot;       /* "This overlay cannot be merged as it is" */
	const char *damaged;      /* the same of one that is damaged */
	const char *nothing;      /* "There is nothing to merge" */
	const char *help_invalid; /* what helps against an invalid one */
};
int session_refusal(const struct session *s, const struct stick_look *look,
		    const struct session_words *words, struct lm_error *err);
/*
 * Refuses a file that the kernel has a loop device on, and that is to be removed before another
 * takes its place: its room would not come free.
 */
int session_not_attached(struct io *io, const char *path, struct lm_error *err);
/*
 * Of these, what an operation asks that only keeps what is there: base and overlay are
 * no pair, or give a file system that does not open any more.
 */
int session_pair_refusal(const struct session *s, const struct stick_look *look,
			 struct lm_error *err);

/* ---- session_overlay.c ---- */

enum session_overlay {
	SESSION_OVERLAY_EMPTY, /* it was reset */
	SESSION_OVERLAY_SAME,  /* it is what the record says */
	SESSION_OVERLAY_USED   /* the stick was used since: whatever is in it is kept */
};
/* Sets rec.overlay_id: from here on what is written to it by others is noticed. */
int session_know_overlay(struct session *s, struct lm_error *err);
int session_overlay_now(struct session *s, enum session_overlay *now, struct lm_error *err);
/* Fails where it, by this name now, has been written to since session_know_overlay(). */
int session_overlay_unused(struct session *s, const char *path, struct lm_error *err);
/* Empties it. *kept: it was used meanwhile, and therefore was not emptied. */
int session_reset_overlay(struct session *s, bool *kept, struct lm_error *err);

/* ---- session_work.c ---- */

/*
 * Opens s->work from s->work_path, and gives this run and its files there their
 * names. Refuses one that lies on the stick, or in which another operation keeps
 * its files.
 */
int session_work_open(struct session *s, struct lm_error *err);
/* The same of a record. -ENOENT: its note is not there; s->work is NULL then. */
int session_work_reopen(struct session *s);
/* Says in the plan of a resume what becomes of it; after session_work_reopen(). */
void session_work_say(const struct session *s, struct lm_plan *plan);
/* Its note, before anything else is written there and after the one on the stick. */
int session_work_begin(struct session *s, struct lm_error *err);
/* Copies a file of the stick to the work folder as work_old. */
int session_work_backup(struct session *s, const char *path, struct lm_error *err);
/*
 * Removes both files; then the note there. Nothing where that is not ours. The
 * note on the stick must not need them any more.
 */
void session_work_remove(struct session *s);
void session_work_end(struct session *s);
/* Both. */
void session_work_clean(struct session *s);

/* ---- session_words.c ---- */

/* After what was done, the commands that would have done it, to the journal. */
void session_log_by_hand(const struct session *s);
/*
 * The kernel turns a FAT that it finds broken read-only, and only fsck.vfat
 * helps then. Adds that to the result, or puts it into the help of an error.
 */
void session_tell_if_hurt(struct plan_run *run, const struct session *s, const char *how);
void session_help_if_hurt(const struct session *s, struct lm_error *err);
const char *session_fsck_help(void);
/* One or the other at the end of a step, by ret. */
void session_tell_end(const struct session *s, int ret, const char *how, struct lm_error *err);

/* ---- for plans and steps ---- */

/* ret; of an error it is said that `resume` takes up what is there. */
int session_resumable(int ret, struct lm_error *err);

/* A step that does nothing: there is nothing to do. */
int session_step_nothing(struct plan_run *run, void *state, struct lm_error *err);
/* A plan of that step alone. */
int session_plan_nothing(struct lm_plan *plan, const char *title, const char *why);
/* The end of planning: what stands against it goes into the plan; only -ENOMEM is an error. */
int session_planned(struct lm_plan *plan, int ret, const struct lm_error *why,
		    struct lm_error *err);
/*
 * For an abort of what was noted: puts everything back by undo unless it is committed, and
 * sets err->outcome to what is then true. Whether it is as before.
 */
typedef int (*session_undo_fn)(void *state, struct lm_error *err);
bool session_put_back(struct session *s, session_undo_fn undo, void *state, struct lm_error *err);

#endif

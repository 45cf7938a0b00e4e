/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recover.h - inside of recover: its state and its parts
 *
 *   recover_find.c   what is the matter with an overlay
 *   recover_medium.c room that is really there, and whether all can be read
 *   recover.c        the steps
 *   recover_plan.c   the plan
 *   recover_resume.c what was cut off, and taking back what was done
 *
 * How the file system is repaired, and how all that is changed gets into the
 * overlay, is core/ops/fsck.h.
 */
#ifndef OPS_RECOVER_H
#define OPS_RECOVER_H

#include "core/ops/fsck.h"
#include "core/ops/session.h"

/* What is the matter. */
struct recover_ills {
	bool invalid;   /* the header's valid field is 0 */
	bool tail;      /* stale records behind the terminator */
	bool corner;    /* a size at which a full store becomes invalid */
	bool no_room;   /* full, or so nearly that a boot fills it */
	bool cut_table; /* the next table of exceptions lies beyond its end */
	bool hollow;    /* sparse, and the stick has no room for what is missing */
	bool dirty;     /* the file system was not unmounted */
	bool errors;    /* the file system has noted errors */
};
/* Something that recover mends by writing to the overlay. */
bool recover_any(const struct recover_ills *ills);

struct recover {
	struct session *s;    /* the lock, the tables of calls, the record */
	struct fsck f;        /* the file system, the changes, the length of the overlay */
	struct recover_ills ills;
	bool resumed;         /* it was begun by another run */
	uint64_t fill_from, fill_bytes; /* hollow: from where, and how much, storage is reserved */

	/* the look at it; opened afresh after each change */
	struct stick_look look;
	bool looking;
	struct io_source *forced; /* of a store that is marked invalid, or cut off */
};

/* There is nothing to be mended but errors of the file system. */
bool recover_only_errors(const struct recover *r);

struct recover *recover_new(struct lm_stick *stick, struct lm_error *err);
void recover_free(void *recover);
/* Sets the names. */
int recover_paths(struct recover *r, const char *overlay, struct lm_error *err);

/* ---- recover_find.c ---- */
/* Opens base and overlay; closes what was open. */
int recover_look(struct recover *r, const struct stick_pair *pair, struct lm_error *err);
/* The same through the writable table. */
int recover_look_again(struct recover *r, struct lm_error *err);
void recover_unlook(struct recover *r);
/* What cannot be mended, or not safely; after a look. */
int recover_refusal(const struct recover *r, struct lm_error *err);
/* Fills ills, after a look. */
int recover_find(struct recover *r, const struct io_stat *st, const struct io_fsinfo *info,
		 struct lm_error *err);
/*
 * Chooses new_bytes and fill_bytes. asked: 0, or the length that the user wants.
 * -ERANGE: asked is shorter than it is; -EFBIG: more than the file system allows;
 * -ENOSPC: more than there is room for.
 */
int recover_size(struct recover *r, uint64_t asked, const struct io_stat *st,
		 const struct io_fsinfo *info, struct lm_error *err);

/* ---- recover_medium.c ---- */
/* Gives the holes behind fill_from storage, in order, as far as fill_bytes go; flushed. */
int recover_reserve(struct recover *r, struct io_file *file, struct lm_error *err);
/* How many bytes of new chunks can be written, as far as storage is there for them. */
uint64_t recover_room(const struct recover *r);
/* Reads all that is allocated: whether the medium still gives it. After a look. */
int recover_read_all(struct recover *r, struct lm_error *err);
/* Of an I/O error: what to do about a failing medium. */
void recover_tell_failing(struct lm_error *err);

/* ---- recover.c: steps ---- */
int recover_step_check(struct plan_run *run, void *recover, struct lm_error *err);
int recover_step_repair(struct plan_run *run, void *recover, struct lm_error *err);
int recover_step_grow(struct plan_run *run, void *recover, struct lm_error *err);
int recover_step_save(struct plan_run *run, void *recover, struct lm_error *err);
int recover_step_apply(struct plan_run *run, void *recover, struct lm_error *err);
int recover_step_verify(struct plan_run *run, void *recover, struct lm_error *err);
int recover_step_finish(struct plan_run *run, void *recover, struct lm_error *err);
void recover_abort(struct plan_run *run, void *recover, struct lm_error *err);
/* The words of the result: what was won back. */
void recover_say_result(struct recover *r);

#endif

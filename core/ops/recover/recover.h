/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recover.h - inside of recover: its state and its parts
 *
 *   recover_find.c   what is the matter with an overlay
 *   recover_fsck.c   e2fsck on image, overlay, and a store in memory over both
 *   recover_make.c   the changes, gathered before any of them is made
 *   recover_medium.c room that is really there, and whether all can be read
 *   recover.c        the steps
 *   recover_plan.c   the plan
 *   recover_resume.c what was cut off, and taking back what was done
 *
 * What e2fsck repairs goes into memory first. So all that is to be changed in
 * the overlay is known before the first byte of it is written, and lies in the
 * undo file (redo.h): a cut at any moment is finished or taken back. The image
 * is only ever read.
 */
#ifndef OPS_RECOVER_H
#define OPS_RECOVER_H

#include "core/ops/session.h"
#include "core/plan/redo.h"

/* The undo file, in the folder livemend below the live directory. */
#define RECOVER_UNDO_FILE "recover.undo"

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
	char *log;            /* the undo file, relative to the stick */
	char *log_dir;
	struct recover_ills ills;
	uint64_t old_bytes, new_bytes; /* length of the overlay */
	uint64_t fill_from, fill_bytes; /* hollow: from where, and how much, storage is reserved */
	bool kernel;          /* e2fsck works on a device of the kernel's */
	bool grown, logged;   /* as far as it came */
	bool left_alone;      /* the stick was used meanwhile */

	/* the look at it; opened afresh after each change */
	struct stick_look look;
	bool looking;
	struct io_source *forced; /* of a store that is marked invalid, or cut off */
	struct io_source *view;   /* look.view, or forced; not owned */
	struct fs *fs;            /* of view */

	/* what e2fsck changed, in memory */
	struct io_file *scratch_file;
	struct cow_store *scratch;
	unsigned repairs;         /* lines of e2fsck that tell of one */
	bool checked, unchecked;  /* e2fsck has proved it; there was none, or no FUSE */
	uint64_t lost_before, lost_after; /* names in /lost+found */
	uint64_t written;         /* bytes that were changed */
};

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

/* ---- recover_fsck.c ---- */
bool recover_can_check(const struct recover *r);
/*
 * Which engine runs e2fsck: FUSE, or the kernel's device-mapper with a snapshot
 * of the merged device in memory. Refuses the one that was asked for and is not
 * possible.
 */
int recover_choose_engine(struct recover *r, struct lm_error *err);
/* e2fsck into the store in memory, until it is clean. */
int recover_fsck(struct recover *r, struct lm_error *err);
/* e2fsck -fn on what is on the stick now. */
int recover_prove_clean(struct recover *r, struct lm_error *err);

/* ---- recover_make.c ---- */
/* Gathers all changes and writes the undo file. */
int recover_save(struct recover *r, struct lm_error *err);
/* Whether the overlay on the stick gives what was in memory. -EBADMSG when not. */
int recover_compare(struct recover *r, struct lm_error *err);

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
/* Opens the overlay for writing. */
int recover_open_overlay(struct recover *r, struct io_file **file, struct lm_error *err);
/* Takes a longer overlay back to old_bytes, where nothing of it is used beyond. */
int recover_shrink(struct recover *r, struct lm_error *err);
int recover_remove_log(struct recover *r, struct lm_error *err);
/* The words of the result: what was won back. */
void recover_say_result(struct recover *r);

#endif

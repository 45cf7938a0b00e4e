/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fsck.h - the root file system of a session, checked and repaired
 *
 *   fsck.c        e2fsck on the merged view; what it repairs is in memory
 *   fsck_write.c  from there into the overlay
 *
 * So all that is to be changed in the overlay is known before the first byte of
 * it is written, and lies in the undo file (redo.h): a cut at any moment is
 * finished or taken back. The image is only ever read.
 *
 * On the stick it is a recovery that is noted, whichever operation it is a part
 * of, and recover's resume takes it up.
 */
#ifndef OPS_FSCK_H
#define OPS_FSCK_H

#include "core/stick/stick_fsck.h"
#include "core/ops/session.h"
#include "core/plan/redo.h"

/* In the folder livemend below the live directory. */
#define FSCK_UNDO_FILE "recover.undo"

struct fsck {
	struct session *s;
	const char *question; /* before e2fsck -y */
	bool kernel_first;    /* rather than FUSE */
	bool no_kernel;       /* the kernel does not take this overlay */

	/* what is looked at: set after each look; not owned */
	const struct stick_pair *pair;
	struct cow_store *store;
	struct io_source *base, *view;
	struct fs *base_fs, *fs;
	bool lost;            /* it is ext, and does not open: stick_look's fs_lost */
	/* lost: what a repair goes by; where there is none, the superblock of base_fs */
	struct fs_backup backup;
	bool has_backup;

	struct stick_fsck *engine;
	unsigned repairs;         /* lines of e2fsck that tell of one */
	bool checked;             /* e2fsck has proved it, with what is in memory */
	bool unchecked;           /* it could not: why, and what would help */
	struct lm_error why;
	uint64_t lost_before, lost_after; /* names in /lost+found */

	/* ---- fsck_write.c ---- */
	char *log, *log_dir;           /* the undo file, relative to the stick */
	uint64_t old_bytes, new_bytes; /* length of the overlay */
	bool noted;                    /* the journal says so */
	bool grown, logged, applied;   /* as far as it came */
	bool left_alone;               /* the stick was used meanwhile */
	uint64_t written;              /* bytes that were changed */
};

void fsck_init(struct fsck *f, struct session *s);
void fsck_free(struct fsck *f);
/* Takes what the session looks at. */
void fsck_look(struct fsck *f);

/* Whether the file system that is looked at is one that e2fsck knows; whether there is an e2fsck. */
bool fsck_is_ext(const struct fsck *f);
bool fsck_possible(const struct fsck *f);

/* Of a file system that is lost: sets backup and has_backup. */
int fsck_find_backup(struct fsck *f, struct lm_error *err);

/*
 * Whether it needs a repair: it was not unmounted, or e2fsck -fn finds faults.
 * Where e2fsck cannot work, unchecked is set, and *ill says what the file system
 * says of itself. Must be undone by fsck_settle() before the look is closed.
 */
int fsck_check(struct fsck *f, bool *ill, struct lm_error *err);
/*
 * e2fsck into the store in memory, until it is clean: first what is certain,
 * then, after asking, the rest. After fsck_check().
 */
int fsck_repair(struct fsck *f, struct lm_error *err);
/* e2fsck is not run on this look any more. */
void fsck_settle(struct fsck *f);
/* What e2fsck has changed; NULL or empty: nothing. */
struct cow_store *fsck_scratch(const struct fsck *f);
bool fsck_changed(const struct fsck *f);
/* e2fsck -fn on what is on the stick now, after a fresh look. */
int fsck_prove(struct fsck *f, struct lm_error *err);

/* ---- fsck_write.c ---- */

/* The names of the undo file. */
int fsck_paths(struct fsck *f, struct lm_error *err);
/* Opens the overlay for writing. */
int fsck_open_overlay(struct fsck *f, struct io_file **file, struct lm_error *err);
/* A recovery is under way, and has come to this phase. */
int fsck_note(struct fsck *f, enum record_phase phase, struct lm_error *err);
/*
 * Gathers all changes, to a length of new_bytes, and writes the undo file.
 * -ENOSPC, and nothing written, when the overlay has no room for them.
 */
int fsck_save(struct fsck *f, struct lm_error *err);
/* Chooses new_bytes so that they fit, as far as the stick has room. -ENOSPC. */
int fsck_choose_room(struct fsck *f, struct lm_error *err);
/* Makes the overlay that long, on storage that is there. */
int fsck_grow(struct fsck *f, struct lm_error *err);
/* Takes a longer overlay back to old_bytes, where nothing of it is used beyond. */
int fsck_shrink(struct fsck *f, struct lm_error *err);
/* Makes the changes. */
int fsck_apply(struct fsck *f, struct lm_error *err);
/* Whether the overlay, looked at again, gives what was in memory. -EBADMSG when not. */
int fsck_compare(struct fsck *f, struct lm_error *err);
/* It is done: the undo file serves as long as the overlay stays what it is now (*id). */
int fsck_seal(struct fsck *f, struct record_id *id, struct lm_error *err);
int fsck_remove_log(struct fsck *f, struct lm_error *err);
/* Everything as before, after a failure at any point; the look is closed. */
int fsck_put_back(struct fsck *f);
/*
 * The same later, from the undo file; of an overlay that was used since nothing
 * is touched, and left_alone is set. May be run again after a cut.
 */
int fsck_take_back(struct fsck *f, struct lm_error *err);

#endif

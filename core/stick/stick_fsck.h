/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stick_fsck.h - e2fsck on a merged view, by whichever way is there
 *
 * What e2fsck changes goes into a store in memory over the view, whichever way
 * it is: nothing of the stick is written to. In this order, the first one that
 * can be had:
 *
 *   fuse     the view as a file in a FUSE mount
 *   kernel   the view as a device of device-mapper
 *   whole    a copy of it in a temporary file
 *   lazy     the same, copied when e2fsck reads it (core/view/copy.h); before
 *            whole where the file system is large
 */
#ifndef STICK_STICK_FSCK_H
#define STICK_STICK_FSCK_H

#include "core/cow/cow.h"
#include "core/fs/fs.h"
#include "core/stick/stick.h"

enum stick_fsck_way {
	STICK_FSCK_FUSE,
	STICK_FSCK_KERNEL,
	STICK_FSCK_WHOLE,
	STICK_FSCK_LAZY,
	STICK_FSCK_WAYS
};

struct stick_fsck_on {
	struct lm_ctx *ctx;
	struct lm_stick *stick; /* where no temporary file may lie; its overlay 0 */
	/* For the kernel's way, stick_attach_pair(); not owned; NULL: as the stick has it. */
	const struct stick_pair *pair;
	struct io_source *view; /* not owned */
	uint32_t chunk_sectors; /* of the store in memory: the overlay's */
	bool kernel_first;      /* rather than FUSE */
	bool no_kernel;         /* the kernel does not take this overlay */
};

struct stick_fsck;

/*
 * Refuses the engine that was asked for where it is not possible, and (-ENOENT)
 * a system without e2fsck. Nothing is tried yet.
 */
int stick_fsck_open(const struct stick_fsck_on *on, struct stick_fsck **fsck, struct lm_error *err);
void stick_fsck_close(struct stick_fsck *fsck); /* NULL allowed */

/*
 * fs_e2fsck() on the view with what was written to it before. The first way
 * that works is kept to. -EOPNOTSUPP when none does: err says what would help.
 */
int stick_fsck_run(struct stick_fsck *fsck, enum fs_e2fsck mode, fs_progress_fn progress,
		   fs_line_fn line, void *arg, int *status, struct lm_error *err);

/*
 * FS_REPAIR goes by this copy of the superblock from now on (not owned); NULL:
 * by the superblock itself.
 */
void stick_fsck_use_backup(struct stick_fsck *fsck, const struct fs_backup *backup);

/* The store that e2fsck's changes are in; NULL: it was never let write. Owned by fsck. */
struct cow_store *stick_fsck_scratch(const struct stick_fsck *fsck);
/*
 * The same without e2fsck: for what else is to be changed. What is written to it
 * is to be flushed before e2fsck runs: the kernel's way reads it anew.
 */
int stick_fsck_make_scratch(struct stick_fsck *fsck, struct cow_store **scratch, struct lm_error *err);
/* e2fsck is not run again: what only serves that goes, the view among it. The store stays. */
void stick_fsck_settle(struct stick_fsck *fsck);
/* The one that was used; STICK_FSCK_WAYS: none yet. */
enum stick_fsck_way stick_fsck_way(const struct stick_fsck *fsck);

/* Whether there is an e2fsck at all, as far as ctx has it. */
bool stick_fsck_possible(const struct lm_ctx *ctx);

#endif

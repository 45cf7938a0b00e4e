/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hurt_io.h - a struct io over a real directory that fails, or loses power, on demand
 *
 * Models, with calls counted from 1:
 *   HURT_COUNT   nothing happens, calls are counted
 *   HURT_FAIL    the n-th call of any kind returns code, and is not carried out;
 *                -ENOSPC only where it can occur, at the first such call from n on
 *   HURT_CUT     from the n-th changing call on nothing reaches the directory,
 *                and every call fails; a write that is hit is carried out in part
 *   HURT_KILL    the process kills itself at the n-th changing call
 *   HURT_TELL    tell(tell_arg) is called at the n-th call of any kind, and all goes on
 *
 * With lossy, HURT_CUT also takes back what was never flushed: of the writes to
 * each file since its last fsync a random subset (by sectors) survives, of the
 * changes to directories since the last flush of a directory a random prefix.
 * syncfs counts as no flush at all, as on vfat.
 *
 * Not thread-safe by itself: the core uses an io from one thread at a time, but
 * for the FUSE export, which these tests go without.
 */
#ifndef TESTS_LIB_HURT_IO_H
#define TESTS_LIB_HURT_IO_H

#include <stdbool.h>

#include "core/io/io.h"

enum hurt_model { HURT_COUNT, HURT_FAIL, HURT_CUT, HURT_KILL, HURT_TELL };

/* What a file system makes of renaming with flags. */
enum renames {
	ALL_RENAMES,
	NO_EXCHANGE, /* it cannot exchange names */
	NO_FLAGS,    /* nor rename with any other flag, as NFS, 9p and some FUSE */
	NO_HEED      /* FUSE: it takes all flags, and replaces what has the name */
};

struct hurt_undo; /* private */

struct hurt {
	enum hurt_model model;
	unsigned n;
	int code;
	bool lossy;
	enum renames renames;
	unsigned seed;
	void (*tell)(void *arg);
	void *tell_arg;
	const char *top;   /* path of the directory */
	const char *trash; /* an empty directory on the same file system, for lossy */

	unsigned calls, changes; /* counted */
	bool hit, dead;
	char what[200]; /* the call that was hit */

	struct hurt_undo *log; /* newest first */
	unsigned trashed;
};

/* For ctx->wrap_io; arg is a struct hurt, which must outlive the io. */
struct io *hurt_wrap(void *arg, struct io *inner);

/* After the run: with lossy and a cut, takes back what was not flushed. Forgets all else. */
void hurt_end(struct hurt *h);

#endif

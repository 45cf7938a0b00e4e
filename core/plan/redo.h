/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * redo.h - a log on the stick of changes to one file: what was there, and what is to be there
 *
 * It is written and flushed before the first change is made. With it a change
 * that was cut off at any point is finished, or taken back to the byte, and it
 * can be seen whether anything else has written there meanwhile.
 *
 * Format, all numbers little-endian: 64 bytes of header (magic "LMREDO2\n",
 * length of the file before, length after, number of entries, length of the
 * log; of a snapshot store: 1, its valid field before, and after), 16 bytes for
 * each entry (offset, length, rank), for each entry the old bytes and the new
 * ones, and the SHA-256 of all that. Behind it, once the change has been made and
 * proved, a seal: magic "LMDONE2\n", the identity of the file then in 64
 * hexadecimal digits, and the SHA-256 of the sum above and these 72 bytes.
 */
#ifndef PLAN_REDO_H
#define PLAN_REDO_H

#include "core/io/io.h"
#include "core/io/io_patch.h"
#include "core/livemend.h"

/* Changes are made rank by rank, with a flush after each; undone in the opposite order. */
#define REDO_RANKS 5u

struct redo;

/*
 * Writes the log of patch to path (in the directory dir), a new file, flushes
 * it and its name, and reads it back. rank: which rank (below REDO_RANKS) what
 * lies at this offset has. On failure the file is removed again.
 */
typedef unsigned (*redo_rank_fn)(void *arg, uint64_t off);
int redo_write(struct io *io, const char *dir, const char *path, struct io_patch *patch,
	       uint64_t old_bytes, redo_rank_fn rank, void *arg, struct lm_error *err);

/*
 * The same for a snapshot store with a header: from before its first change to
 * after its last one its valid field is 0. No kernel uses it then, so whoever
 * starts from it at any time finds what was, or what is to be, or is refused.
 */
int redo_write_store(struct io *io, const char *dir, const char *path, struct io_patch *patch,
		     uint64_t old_bytes, redo_rank_fn rank, void *arg, struct lm_error *err);

struct redo_info {
	uint64_t old_bytes, new_bytes; /* length of the file */
	uint64_t entries, changed_bytes;
	bool store;                    /* made by redo_write_store() */
	bool sealed;
	char seal[65];                 /* the identity it was sealed with, hexadecimal */
};

/*
 * 1: there is one, whole; 0: none; -EBADMSG: it is damaged; -EPROTONOSUPPORT: of
 * another version. All of it is read, cold.
 */
int redo_open(struct io *io, const char *path, struct redo **redo, struct lm_error *err);
void redo_close(struct redo *redo); /* NULL allowed */
const struct redo_info *redo_info(const struct redo *redo);

enum redo_state {
	REDO_BEFORE,  /* every sector is as it was */
	REDO_BETWEEN, /* every sector is either as it was, or as it is to be; or a store is barred */
	REDO_AFTER,   /* every sector is as it is to be */
	REDO_FOREIGN  /* something else has written there */
};
int redo_compare(struct redo *redo, struct io_file *file, enum redo_state *state,
		 struct lm_error *err);

/*
 * Makes all changes, or takes all back (with the length of the file, at the
 * end); flushed. May be run again from any point. The file must be long enough
 * for the changes: see extend.h.
 */
int redo_apply(struct redo *redo, struct io_file *file, const char *name, bool undo,
	       io_progress_fn progress, void *arg, struct lm_error *err);

/* Adds the seal and flushes. */
int redo_seal(struct io *io, const char *path, struct redo *redo, const char *identity,
	      struct lm_error *err);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * practice.h - makes practice sticks: a real root file system in a real
 * SquashFS, and an overlay with a past
 *
 * The root image is a plain file that libext2fs edits, and so is a copy of it
 * that lives on: after each chapter of its life the chunks that changed are
 * written to the overlay. So a store comes about as under the kernel, with
 * live, dead and metadata chunks, without mounting anything.
 */
#ifndef PRACTICE_PRACTICE_H
#define PRACTICE_PRACTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cow/cow.h"
#include "core/fs/fs.h"
#include "core/io/io.h"
#include "core/livemend.h"

/* Sizes: small enough for seconds, large enough for real figures. */
#define PRACTICE_ROOT_BYTES    (UINT64_C(96) << 20)
#define PRACTICE_OVERLAY_BYTES (UINT64_C(24) << 20)
#define PRACTICE_CHUNK_SECTORS 8u
#define PRACTICE_BLOCK_BYTES   4096u
/* By these a practice stick is known: part of the overlay's name, label of the root. */
#define PRACTICE_NAME  "PRACTICE"
#define PRACTICE_LABEL "practice"

struct practice_lesson {
	const char *name;  /* NULL for the healthy stick */
	const char *text;  /* one sentence, to be translated */
	unsigned fill;     /* overlay used in percent after its life; 0: as it comes */
	unsigned freed;    /* of the files filled in, so many in a hundred are deleted again */
	bool overflow;     /* then written to until it has no room */
	bool invalid;      /* then marked invalid */
	bool guided;       /* comes with a lesson, step by step: core/lesson */
	bool dirty;        /* ended in the middle of a transaction */
};

/* The lesson of that name, the healthy stick for NULL; NULL when there is none. */
const struct practice_lesson *practice_lesson_find(const char *name);

/* ---- edit.c: a root image in a plain file, open for editing ---- */

struct practice_fs;

int practice_fs_open(const char *path, struct practice_fs **fs, struct lm_error *err);
/* Writes out what is still in memory. Frees in any case; NULL allowed. */
int practice_fs_close(struct practice_fs *fs, struct lm_error *err);
/* Makes or replaces a file, and the directories on the way. mode: permission bits. */
int practice_fs_put(struct practice_fs *fs, const char *path, unsigned mode, const void *data,
		    size_t len, struct lm_error *err);
int practice_fs_append(struct practice_fs *fs, const char *path, const void *data, size_t len,
		       struct lm_error *err);
int practice_fs_remove(struct practice_fs *fs, const char *path, struct lm_error *err);
int practice_fs_mkdir(struct practice_fs *fs, const char *path, unsigned mode,
		      struct lm_error *err);
int practice_fs_symlink(struct practice_fs *fs, const char *path, const char *target,
			struct lm_error *err);

/* ---- the chapters ---- */

/* tree.c: fills the new file system with a small system, in part copied from this machine. */
int practice_tree(struct practice_fs *fs, struct lm_error *err);
/* life.c: some weeks of use: files changed, added, deleted. chapter 0 and 1. */
int practice_life(struct practice_fs *fs, unsigned chapter, struct lm_error *err);
/* Fills bytes with pictures; of those called "picture" percent in a hundred are deleted again. */
int practice_pictures(struct practice_fs *fs, const char *name, uint64_t bytes, unsigned *count,
		      struct lm_error *err);
int practice_pictures_remove(struct practice_fs *fs, unsigned count, unsigned percent,
			     struct lm_error *err);
/* What was being written when the plug was pulled; which: 0 and 1. */
int practice_last_words(struct practice_fs *fs, unsigned which, struct lm_error *err);
/* text.c: deterministic content: prose, or noise that does not compress. */
void practice_prose(char *buf, size_t len, uint64_t seed);
void practice_noise(void *buf, size_t len, uint64_t seed);

/* ---- apply.c: what became of the copy, into the overlay ---- */

/* A state of the root image, to look at. */
struct practice_state {
	struct io_file *file;
	struct io_source *src;
	struct fs *fs; /* its bitmap is loaded */
};
int practice_state_open(const char *path, struct practice_state *state, struct lm_error *err);
void practice_state_close(struct practice_state *state);

/*
 * Writes each chunk in which now differs from base + store to the store, in
 * ascending order, and commits. only_free: leaves out the blocks that are in
 * use in this state; NULL: none. -ENOSPC when the store is full; what got in
 * is committed all the same.
 */
int practice_apply(struct practice_state *base, struct practice_state *now,
		   const struct practice_state *only_free, struct cow_store *store,
		   struct lm_error *err);
/*
 * Writes count chunks of base that are in use, and not yet in the store, to it
 * as they are: the kernel does not compare when a program writes the same again.
 */
int practice_apply_same(struct practice_state *base, uint64_t count, struct cow_store *store,
			struct lm_error *err);
/* Copies a file, holes staying holes. */
int practice_copy(const char *from, const char *to, struct lm_error *err);

/* ---- journal.c ---- */

/*
 * Leaves the two edits that led from path to first, and from first to second
 * (whole images), as two transactions in the journal of path, the way a cut
 * off kernel does: new data in its place, metadata in the journal only. work:
 * a directory for small files.
 */
int practice_journal(const char *path, const char *first, const char *second, const char *work,
		     struct lm_error *err);

/* ---- build.c: the stick, chapter by chapter; the steps of the plan call these in turn ---- */

struct practice {
	const struct practice_lesson *lesson;
	char *dir;            /* as given */
	char overlay[64];     /* "LiveOS/overlay-PRACTICE-1A2B-3C4D" */
	struct io *io;        /* of dir */
	char *work;           /* dir/livemend-work, for what is only needed meanwhile */
	char *base, *now;     /* root image as it came, and as it lived on */
	struct io_file *overlay_file;
	struct practice_state base_state;
	struct cow_store *store;
	unsigned pictures;
	bool made_dir, made_any;
	bool (*stop)(void *arg); /* asked now and then: true cancels */
	void *stop_arg;
};

int practice_new(struct practice **p, const char *dir, const struct practice_lesson *lesson,
		 struct lm_error *err);
void practice_free(struct practice *p);
int practice_make_root(struct practice *p, struct lm_error *err);
int practice_pack(struct practice *p, struct lm_error *err);
int practice_make_overlay(struct practice *p, struct lm_error *err);
int practice_live(struct practice *p, struct lm_error *err);
int practice_break(struct practice *p, struct lm_error *err);
/* Boot configuration and README; removes the work folder; flushes all. */
int practice_finish(struct practice *p, struct lm_error *err);
/* Removes all that was made; dir too when it was not there before. */
int practice_undo(struct practice *p, struct lm_error *err);

/* ---- child.c ---- */

/*
 * Runs a program (child_find()) and waits for it. Its output is dropped, but
 * for its last line, which becomes the reason of a failure. stop may be NULL:
 * true ends the child (-ECANCELED). -ENOENT when there is no such program.
 */
int practice_child(const char *const argv[], bool (*stop)(void *arg), void *arg,
		   struct lm_error *err);
bool practice_child_exists(const char *name);

#endif

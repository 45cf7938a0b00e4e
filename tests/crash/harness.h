/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * harness.h - an operation on a small stick, cut off or failing at every single call
 *
 * The loops are the same for all operations: run it with something happening at
 * the n-th call, look at what is left, take it up, look again. What must be true
 * each time is the operation's own, and told by struct crash.
 */
#ifndef TESTS_CRASH_HARNESS_H
#define TESTS_CRASH_HARNESS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ctx.h"
#include "core/livemend.h"
#include "core/stick/stick.h"
#include "tests/lib/hurt_io.h"
#include "tests/lib/small_stick.h"

#define BASE    "LiveOS/squashfs.img"
#define OVERLAY "LiveOS/overlay-LIVE-1A2B-3C4D"

struct crash {
	enum lm_op op;
	const struct small_files *start; /* what each run begins with */
	/* Options and context of every run, op's or resume's; NULL: as they are. */
	void (*prepare)(struct lm_ctx *ctx, struct lm_options *options);
	enum renames renames; /* what the file system can do */

	void (*begin)(void);           /* before the run that nothing happens to; may be NULL */
	void (*check)(void);           /* true at any instant */
	void (*check_done)(void);      /* true when it has ended well */
	void (*check_untouched)(void); /* true when it says that nothing has changed */
	void (*check_cancelled)(void); /* NULL: check_untouched and check */
	void (*check_settled)(void);   /* true after a resume; NULL: check and crash_check_clean */
	void (*finish)(void);          /* from whatever there is to an end, all the way checked */
	/* After a resume that undoes. Returns whether it did; NULL: DONE means so, else finish. */
	bool (*undone)(enum lm_outcome outcome);

	const char *leftovers[2]; /* files that must not stay */
	unsigned least;           /* it makes more changes than that */
	/* Of the calls after the first few and before the last few only each so many is tried. */
	unsigned head, tail, each;
	bool sparse; /* in the loops over calls too */
};

/* What the tests of a program share. */
extern struct small_stick stick;
extern char where[300]; /* for messages */
extern struct crash crash;

/* Plans and runs one operation; h may be NULL. */
enum lm_outcome crash_run(struct hurt *h, enum lm_op op, bool undo, struct lm_error *why);
/* The same, unhurt, and the test fails unless it is done. */
void crash_must(enum lm_op op, bool undo);

/* No file of the journal and none of crash.leftovers is there. */
void crash_check_clean(void);
/* Opens the stick afresh and calls fn with it. */
void crash_with_stick(void (*fn)(struct lm_stick *s));
/* The merged view is what it was in every block in use. Returns the sectors allocated. */
uint64_t crash_compare_view(struct lm_stick *s);
uint64_t crash_compare_pair(const struct stick_pair *pair);
/* For writing, as a start of the system would; file and store are to be closed. */
struct cow_store *crash_open_overlay(bool write, struct io_file **file);
void crash_close_overlay(struct cow_store *store, struct io_file *file);
/* The last chunk of 4096 bytes that is in use as a whole: it holds a file's content. */
uint64_t crash_last_chunk(void);
/* The last one that is in use as a whole, and in the overlay; of the stick as it was made. */
uint64_t crash_mapped_chunk(void);
/* Reads it through a stick opened afresh: it must be this byte all over. */
void crash_check_chunk(uint64_t chunk, unsigned char byte);
/*
 * At each call used() writes to the stick while the operation goes on; whatever it makes of that,
 * check() must find it afterwards.
 */
void crash_used_while(void (*used)(void), void (*check)(void));
/* Cuts at each change, then used() writes to the stick; a resume, which may refuse to undo, must
 * keep that. Returns how many did what was asked. */
unsigned crash_used_meanwhile(bool undo, void (*used)(void), void (*check)(void));

/* What is to be asked of a count: with sanitizers it is of a part of the calls only. */
unsigned crash_share(unsigned n);

/* The loops. Counts of changes, or of calls, of a run that nothing happens to. */
unsigned crash_count(bool calls);
void crash_cut(bool lossy, unsigned rounds);
/* Each state that a cut leaves, undone rather than finished; of crash_count() how many. */
unsigned crash_cut_undo(void);
/* The resume is cut off too, at each of its own calls, and taken up again. */
unsigned crash_cut_resume(bool undo);
void crash_fail(int code);
struct crash_told {
	unsigned stopped, late;
};
struct crash_told crash_cancel(void);
/* Killed for real, in a process of its own: locks go, what was written stays. */
void crash_kill(void);

/* As tests: the loops with what most programs ask of them. */
void test_cut(void **state);
void test_cut_lossy(void **state);
void test_cut_aside(void **state);
void test_cut_resume(void **state);
void test_fail_eio(void **state);
void test_fail_enospc(void **state);
void test_kill(void **state);
/* An overlay that is written to in place meanwhile keeps that. */
void test_used_in_place(void **state);

/* For cmocka: a time limit for each test. */
int crash_start(void **state);
#define T(f) cmocka_unit_test_setup(f, crash_start)

#endif

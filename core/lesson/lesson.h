/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lesson.h - what a lesson is made of
 *
 * A lesson is a table of steps. Each says what it is about and what is to be
 * done, and has a check that looks at the stick as it is now and compares it
 * with the facts noted when the lesson and the step began: what the learner
 * did, and by which way, is never taken on trust.
 */
#ifndef LESSON_LESSON_H
#define LESSON_LESSON_H

#include "core/fs/fs_edit.h"
#include "core/livemend.h"
#include "core/stick/stick.h"

#define LESSON_FILE     "lesson.txt" /* where it stands, at the top of the stick */
#define LESSON_COMMANDS 4
#define LESSON_LETTERS  "home/liveuser/Documents" /* what must never get lost */

/* What is compared later on; all of them numbers, so that they can be kept in a text file. */
struct lesson_facts {
	uint64_t allocated;     /* sectors of the overlay, as the kernel counts */
	uint64_t exceptions;
	uint64_t dead;          /* sectors */
	uint64_t root_free;     /* bytes free in the root file system */
	uint64_t overlay_bytes; /* length of the overlay file */
	uint64_t base;          /* stands for the identity of the root image */
	uint64_t letters;       /* stands for names and contents of the letters, 0: there are none */
};

struct lesson;
struct lesson_now;

struct lesson_step {
	const char *id, *title, *text, *todo, *hint; /* but for id to be translated */
	/* {dir} and {overlay} are filled in. */
	const char *commands[LESSON_COMMANDS + 1];
	enum lm_lesson_does does;
	const char *look;  /* LM_DOES_ANSWER: the command whose output has the answer */
	struct lm_options options; /* LM_DOES_PLAN */
	const char *label; /* LM_DOES_CHANGE: what act does, to be translated */
	/* said: one sentence about what was done; as it came where that needs no words. */
	int (*act)(struct lesson *lesson, char said[LM_VERDICT_CAP], struct lm_error *err);
	int (*check)(struct lesson *lesson, struct lesson_now *now, const char *answer,
		     struct lm_verdict *verdict, struct lm_error *err);
};

struct lesson_def {
	const char *name, *title, *text;
	const struct lesson_step *steps;
	size_t n_steps;
};

extern const struct lesson_def lesson_overlay, lesson_gauges, lesson_overflow, lesson_invalid,
	lesson_merge, lesson_compact, lesson_sizes, lesson_home;

struct lesson {
	struct lm_ctx *ctx;
	char *dir;
	const struct lesson_def *def;
	size_t at;
	struct lesson_facts start, enter; /* at the beginning of the lesson, and of this step */
};

/* ---- now.c: the stick as it is ---- */

struct lesson_now {
	struct lm_stick *stick;
	struct lm_status *status;
	const struct lm_overlay *overlay; /* the first one; never NULL */
	struct stick_look look;
	const struct cow_info *cow; /* NULL where the store cannot be opened */
	struct io *root;            /* the files of the merged system, NULL if unreadable */
	struct io *base;            /* the files of the image alone, NULL if unreadable */
	struct lesson_facts facts;
};

/*
 * Refuses with -EPERM what is no practice stick: a lesson writes and deletes
 * files, and a note of a lesson may have come to lie on somebody's own stick.
 */
int lesson_practice_only(const struct lm_stick *stick, const struct stick_look *look,
			 struct lm_error *err);
/* Opens everything afresh, read-only; refuses what is no practice stick. */
int lesson_now_open(struct lesson *lesson, struct lesson_now *now, struct lm_error *err);
void lesson_now_close(struct lesson_now *now);
/* A number that stands for names and contents of the files in dir; 0 when there are none. */
uint64_t lesson_mark_files(struct io *io, const char *dir);
/* The length of a file, UINT64_MAX when it is not there. */
uint64_t lesson_file_bytes(struct io *io, const char *path);
bool lesson_file_has(struct io *io, const char *path, const char *text);
/* The file system in home.img on the stick; NULL when there is none that can be read. */
struct io *lesson_home_files(struct lesson_now *now);

/* ---- mark.c: where the lesson stands, kept on the stick ---- */

/* -ENOENT: the folder holds no lesson. */
int lesson_mark_read(struct lesson *lesson, bool *noted, struct lm_error *err);
int lesson_mark_write(const struct lesson *lesson, struct lm_error *err);
/* NULL when there is no lesson of that name. */
const struct lesson_def *lesson_def_find(const char *name);

/* ---- change.c: what a running system would do ---- */

/* Changes the live system's files: base, overlay and file system as they are, no mount. */
typedef int (*lesson_edit_fn)(struct lesson *lesson, struct fs_edit *edit, void *arg,
			      struct lm_error *err);
int lesson_change(struct lesson *lesson, lesson_edit_fn fn, void *arg, struct lm_error *err);
/* The same in home.img, which is no part of the overlay. */
int lesson_change_home(struct lesson *lesson, lesson_edit_fn fn, void *arg, struct lm_error *err);
/* Makes a directory that may be there. */
int lesson_mkdir(struct fs_edit *edit, const char *path, struct lm_error *err);
/* Writes bytes of film to a new file, through one of the above. */
int lesson_film(struct lesson *lesson, const char *path, uint64_t bytes, bool home,
		struct lm_error *err);

/* ---- answer.c: what is said about answers ---- */

int lesson_yes(struct lm_verdict *verdict, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int lesson_not_yet(struct lm_verdict *verdict, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * A number, with a decimal point or comma, and a unit that may be left out.
 * unit is the bytes that the question asks in (1 for mere numbers): "2 MiB" to
 * a question in KiB is 2048.
 */
bool lesson_number(const char *answer, uint64_t unit, double *number);
/* Compares with expect, allowing for slack and for rounding; says so. */
int lesson_is_number(const char *answer, double expect, double slack, uint64_t unit,
		     struct lm_verdict *verdict, const char *right);
bool lesson_is_word(const char *answer, const char *word);
/* Have the letters been kept? Otherwise says that they are gone. */
bool lesson_kept(const struct lesson *lesson, const struct lesson_now *now,
		 struct lm_verdict *verdict);

/* Checks that several lessons share. */
int lesson_check_percent(struct lesson *lesson, struct lesson_now *now, const char *answer,
			 struct lm_verdict *verdict, struct lm_error *err);
int lesson_check_dead(struct lesson *lesson, struct lesson_now *now, const char *answer,
		      struct lm_verdict *verdict, struct lm_error *err);
int lesson_check_state(struct lesson *lesson, struct lesson_now *now, const char *answer,
		       struct lm_verdict *verdict, struct lm_error *err);
int lesson_check_recovered(struct lesson *lesson, struct lesson_now *now, const char *answer,
			   struct lm_verdict *verdict, struct lm_error *err);
int lesson_check_compacted(struct lesson *lesson, struct lesson_now *now, const char *answer,
			   struct lm_verdict *verdict, struct lm_error *err);
int lesson_act_note(struct lesson *lesson, char said[LM_VERDICT_CAP], struct lm_error *err);
int lesson_check_note(struct lesson *lesson, struct lesson_now *now, const char *answer,
		      struct lm_verdict *verdict, struct lm_error *err);

#endif

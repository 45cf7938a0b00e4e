/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * error.h - filling a struct lm_error on the way up
 *
 * The place that notices a failure calls lm_fail(); places further up pass the
 * code on, and may sharpen the outcome or the help. Texts are passed through
 * gettext by the caller. All text is sanitised here, so names from a stick may
 * be given as they are.
 */
#ifndef LM_ERROR_H
#define LM_ERROR_H

#include "core/livemend.h"

/*
 * Fills *err (which may be NULL) and returns code, a negative errno.
 *   on    what the failure is about (a path), NULL for nothing
 *   help  what the user can do, NULL for nothing
 *   what  printf format of what failed, a whole sentence without full stop
 * err->why becomes the system's text for code; err->outcome LM_UNCHANGED, or
 * LM_CANCELLED for -ECANCELED.
 */
int lm_fail(struct lm_error *err, int code, const char *on, const char *help, const char *what, ...)
	__attribute__((format(printf, 5, 6)));

/* Replaces why by a reason of our own; returns err->code; with NULL -EIO, so that a
 * failure of which nobody wants to know the reason is none the less one. */
int lm_because(struct lm_error *err, const char *why, ...) __attribute__((format(printf, 2, 3)));

/* As lm_fail() with outcome LM_REFUSED and a reason of our own. */
int lm_refuse(struct lm_error *err, int code, const char *on, const char *help, const char *why,
	      const char *what, ...) __attribute__((format(printf, 6, 7)));

/* Sets the help where there is none yet. */
void lm_error_help(struct lm_error *err, const char *help);

/* Empties *err. */
void lm_error_clear(struct lm_error *err);

/*
 * Too many files are open (EMFILE, ENFILE): then what is there looks as if it
 * were not, or were damaged. Whoever judges a stick asks before and after how
 * often this thread has met with that, and says that and no more if it has.
 */
unsigned lm_files_short(void);
/* Counts it, when code (a negative errno, or anything else) is one of the two. */
void lm_files_note(long code);
/* Fails with it, about on: nothing can be said about the stick. */
int lm_files_fail(struct lm_error *err, const char *on);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plain.h - line mode: everything of the full screen as lines and numbers
 *
 * For braille and speech, for terminals that can do no more, and for none at
 * all. Nothing is drawn, nothing is overwritten; what was said stays where it
 * is. The end of the input means: leave.
 */
#ifndef CLI_PLAIN_H
#define CLI_PLAIN_H

#include "cli/cli.h"
#include "core/livemend.h"

struct plain {
	struct cli *cli;
	struct out *out;
	struct lm_stick *stick;   /* NULL when none is open */
	char *path;               /* as it is opened again; NULL: the booted system */
	struct lm_error open_err; /* why none is open */
	bool resumable;           /* the last operation has to be resumed */
	bool ended;               /* the input is at its end */
};

/* ---- plain.c ---- */

/* `livemend --plain [STICK]`; returns the exit status. */
int plain_run(struct cli *cli);
/* The lesson on the practice stick in dir, from where it was left; the exit status. */
int plain_lesson_run(struct cli *cli, const char *dir);
/* Closes the stick and opens that one; the booted system for NULL. */
void plain_open(struct plain *p, const char *path);
/* The same one again, after it has changed. */
void plain_reopen(struct plain *p);
/* True when a stick is open; else says why none is. */
bool plain_has_stick(struct plain *p);
/* An error in its four parts, among the other lines. */
void plain_error(struct plain *p, const struct lm_error *err);

/* ---- plain_ask.c ---- */

/* A line of input without blanks around it; false at the end of the input. */
bool plain_ask(struct plain *p, const char *prompt, char *answer, size_t cap);

enum { PLAIN_LEAVE = -1, PLAIN_ENTER = -2 };

/*
 * Asks until the answer is a number up to count (returned), one of letters
 * (returned as it is, above any count), or nothing (PLAIN_ENTER). q, 0 and the
 * end of the input are PLAIN_LEAVE.
 */
int plain_choose(struct plain *p, const char *prompt, int count, const char *letters);
#define PLAIN_LETTER(c) (1000000 + (c))

/* "3  text" with the text hanging behind the number. */
void plain_item(struct plain *p, int number, const char *text);
/* A heading: an empty line, then the text. */
void plain_heading(struct plain *p, const char *text);
/* "label text", filled; nothing without text. */
void plain_line(struct plain *p, const char *label, const char *text);
/* Formatted text, filled, indented by that many columns. */
void plain_say(struct plain *p, unsigned indent, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A size from "40M", "1.5 GiB", "4096"; 0 and false when it is none. */
bool plain_size(const char *text, uint64_t *bytes);

/* ---- the screens; each returns when it is left ---- */

int plain_status(struct plain *p); /* status_outcome(), or that of the error */
void plain_layout(struct plain *p);
void plain_doctor(struct plain *p);
void plain_usage(struct plain *p);
void plain_log(struct plain *p);
void plain_sticks(struct plain *p);
void plain_help(struct plain *p);
void plain_topic(struct plain *p, const char *name);
void plain_wizard(struct plain *p, const struct lm_op_info *op);
/* From inputs that are known already. The outcome of the operation, -1: none was begun. */
int plain_plan(struct plain *p, struct lm_stick *stick, const struct lm_options *options);
/* Which practice stick, and where; then the lesson, where it has one. */
void plain_practice(struct plain *p);
/* The lesson in that folder. */
void plain_lesson(struct plain *p, const char *dir);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* out.h - standard output: what it can show, wrapped text, and whether it arrived */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <stdbool.h>
#include <stdio.h>

struct out {
	FILE *f;
	bool tty;       /* it is a terminal */
	bool colour;    /* escape sequences for colour may be used */
	bool lines;     /* line mode: nothing is overwritten, and questions are put here */
	bool ascii;     /* nothing but ASCII in lines and bars */
	unsigned width; /* columns; 80 where there is no terminal */
};

/* Looks at standard output and the environment. */
void out_init(struct out *out, bool no_color, bool plain);

/*
 * Flushes and closes it. 0, or the negative errno of a write that failed at
 * any time before (-EIO where it was not kept).
 */
int out_close(struct out *out);

/* Columns of the terminal behind fd now; 80 when it does not say. */
unsigned out_columns(int fd);

/*
 * Text filled to the width, the first line indented by first columns, all
 * others by rest. A newline in text begins a new line.
 */
void out_wrap(struct out *out, unsigned first, unsigned rest, const char *text);

/* Columns that text takes on a terminal; and the same text cut to at most that many. */
unsigned out_text_columns(const char *text);
void out_clip(char *text, unsigned columns);

/* The same where the line has been begun, and stands at column; empty text ends it. */
void out_fill(struct out *out, unsigned column, unsigned rest, const char *text);

enum out_style { OUT_PLAIN, OUT_BOLD, OUT_GOOD, OUT_WARN, OUT_BAD };

/* The escape sequences around a styled word; empty strings without colour. */
const char *out_on(const struct out *out, enum out_style style);
const char *out_off(const struct out *out);

/* A bar of cells columns, "[####......]"; dst needs cells + 3 bytes. Returns dst. */
char *out_bar(char *dst, unsigned cells, double percent);

#endif

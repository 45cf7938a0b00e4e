/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * canvas.h - a rectangle to draw into
 *
 * All drawing goes through here: coordinates are relative, everything is
 * clipped, nothing is sent to the terminal before the frame is complete.
 * Whoever has the focus says where the cursor belongs; braille displays and
 * screen readers follow it.
 */
#ifndef TUI_CANVAS_H
#define TUI_CANVAS_H

#include "tui/glyph.h"
#include "tui/layout.h"
#include "tui/theme.h"

struct point {
	int y, x;
};

struct canvas {
	const struct theme *theme;
	const char *const *glyphs;
	struct rect at;            /* on the screen */
	struct point *cursor;      /* on the screen; shared by all parts of one frame */
};

/* The part r (relative to cv) of cv, clipped to it. */
struct canvas canvas_part(const struct canvas *cv, struct rect r);

/* Writes text at row y, column x; returns the column behind it. */
int canvas_put(const struct canvas *cv, int y, int x, enum role role, const char *text);

/* The same, formatted; at most 512 bytes. */
int canvas_printf(const struct canvas *cv, int y, int x, enum role role, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* The same, at most width cells; a text that is longer ends in "..". */
int canvas_clip(const struct canvas *cv, int y, int x, int width, enum role role,
		const char *text);

/* Repeats a one-cell text n times. */
int canvas_fill(const struct canvas *cv, int y, int x, int n, enum role role, const char *text);

/* Wipes the rectangle. */
void canvas_clear(const struct canvas *cv);

/* A frame along the edge, with a title in its upper line (NULL for none). */
void canvas_box(const struct canvas *cv, const char *title);

/* Puts the cursor there. */
void canvas_cursor(const struct canvas *cv, int y, int x);

#endif

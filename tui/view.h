/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * view.h - what a screen is: a view on a stack, the top one having the focus
 *
 * fit() may change a view, draw() may not: it is const, gets a rectangle, and
 * must say where the cursor belongs (canvas_cursor). Nothing here draws by
 * itself: what changes is drawn by the loop, once, afterwards.
 */
#ifndef TUI_VIEW_H
#define TUI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "tui/canvas.h"
#include "tui/cmd.h"
#include "tui/service.h"

struct ui;
struct view;

enum notice {
	NOTE_ANSWER, /* ui->data has changed; which: want */
	NOTE_TICK,   /* the slow timer */
	NOTE_JOB,    /* view_ops.fd was readable */
	NOTE_END,    /* a signal asks to end; see view_ops.may_end */
};

struct view_ops {
	bool popup; /* drawn over the view below, which stays visible */
	void (*free)(struct view *v);
	unsigned (*context)(const struct view *v);
	const char *(*topic)(const struct view *v);
	/* Adapts scrolling to the size. */
	void (*fit)(struct view *v, int rows, int cols);
	void (*draw)(const struct view *v, const struct canvas *cv);
	/* false: not for this view. */
	bool (*command)(struct view *v, enum cmd cmd);
	/* Keys before they become commands (text fields); false: not taken. */
	bool (*key)(struct view *v, uint32_t key);
	void (*notice)(struct view *v, enum notice note, enum want want);
	/* What the status line says; written to dst, or left empty. */
	void (*status)(const struct view *v, char *dst, size_t cap);
	/* A further descriptor to wait for, -1 for none. */
	int (*fd)(const struct view *v);
	/* Signals and Ctrl-Z: false while work is in progress. */
	bool (*may_end)(const struct view *v);
};

struct view {
	const struct view_ops *ops;
	struct ui *ui;
	struct view *below;
	enum cmd opened_by; /* the action that opened it, CMD_NONE for others */
	bool closed; /* freed by the loop once the key has been dealt with */
};

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* term.h - taking the terminal, and giving it back whatever happens */
#ifndef TUI_TERM_H
#define TUI_TERM_H

#include <stdbool.h>

struct terminal {
	int in;          /* descriptor of the terminal, -1 without one */
	int stderr_pipe; /* read end: what libraries and children print; -1 if none */
	int rows, cols;
	bool modest;     /* not the terminal that TERM names, which nobody knows: a simple one */
	bool lost;       /* the terminal has gone: nothing is drawn any more */
	void *screen;    /* curses' SCREEN */
};

/*
 * Takes the terminal: TERM as it is, then more modest ones. headless draws into
 * nothing. Signals must be blocked already. -ENOTTY when there is no terminal
 * or none that can be used.
 */
int term_open(struct terminal *term, bool headless);

/* Gives the terminal back; what was printed in the meantime and not read goes to fd 2. */
void term_close(struct terminal *term);

/* Asks the kernel for the size and tells curses; true when it has changed. */
bool term_resize(struct terminal *term);

/* For tests without a terminal: makes the screen that large. */
void term_force_size(struct terminal *term, int rows, int cols);

/* Stops the process as Ctrl-Z does, with the terminal given back meanwhile. */
void term_suspend(struct terminal *term);

/* After a stop from outside: sets the terminal up again. */
void term_continued(struct terminal *term);

/* Somebody else has written to the screen: the next frame writes every cell, without clearing. */
void term_mend(struct terminal *term);

/* Sends the frame; full repaints everything. */
void term_flush(struct terminal *term, int cursor_y, int cursor_x, bool full);

/* Begins a frame: an empty screen in memory. */
void term_begin(struct terminal *term);

/* Is there still a terminal behind the descriptor? */
bool term_alive(const struct terminal *term);

/* The terminal has gone: from now on nothing is written to it. */
void term_lost(struct terminal *term);

#endif

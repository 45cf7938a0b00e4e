/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tui.h - the full-screen program: the one header of this room that others include */
#ifndef TUI_TUI_H
#define TUI_TUI_H

#include <stdbool.h>

#include "core/livemend.h"

struct tui_opts {
	bool no_color;      /* as NO_COLOR in the environment does */
	bool ascii;         /* no line-drawing characters, whatever the locale says */
	const char *script; /* for tests: a file of keys and waits, see tui/script.h */
	const char *dump;   /* for tests: where the script's "dump" writes, NULL: stdout */
	bool lesson;        /* begins with the lesson on the stick */
	bool headless;      /* for tests: no terminal; size from LINES and COLUMNS */
};

/*
 * Runs until the user leaves. stick_path as for lm_stick_open(), NULL for the
 * booted system; a stick that does not open is no error here, the screen says
 * what is wrong. Takes over ctx's log. The locale must have been set, and no
 * other thread may run: signals are blocked here and read from a descriptor.
 *
 * Returns an exit status: 0 when the user left, LM_RESUMABLE when the last
 * operation needs resuming, 128 + signal when a signal or a hangup ended it;
 * -ENOTTY, with nothing drawn, when there is no terminal that can be used.
 */
int tui_run(struct lm_ctx *ctx, const char *stick_path, const struct tui_opts *opts);

#endif

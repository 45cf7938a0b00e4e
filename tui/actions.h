/* SPDX-License-Identifier: GPL-3.0-or-later */
/* actions.h - what livemend can do: the commands with a name, and whether they can be done now */
#ifndef TUI_ACTIONS_H
#define TUI_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/cmd.h"

struct ui;

struct action {
	enum cmd cmd;
	const char *why_not; /* in two or three words; NULL: it can be done now */
	const char *because; /* the same in a sentence, with what helps */
};

enum { ACTIONS_MAX = 12 + LM_N_OPS };

/* All of them, in the order in which they are shown; returns how many. */
size_t actions_list(const struct ui *ui, struct action list[ACTIONS_MAX]);

/* Does it, or says in a box why it cannot be done now. false: no such action. */
bool action_do(struct ui *ui, enum cmd cmd);

/* What the stick needs most, CMD_NONE when nothing. */
enum cmd action_advised(const struct ui *ui);

/* Is the stick being written? */
bool ui_at_work(const struct ui *ui);

#endif

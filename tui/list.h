/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list.h - a selection in a list that scrolls */
#ifndef TUI_LIST_H
#define TUI_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"
#include "tui/cmd.h"

struct list {
	size_t at, top, count;
	int rows;
};

/* After the size or the count has changed. */
void list_fit(struct list *list, size_t count, int rows);
bool list_command(struct list *list, enum cmd cmd);

/* Draws row i at y, from column 2 on; the mark and the cursor are list_draw()'s. */
typedef void (*list_row_fn)(const void *arg, const struct canvas *cv, int y, size_t i, bool focus);

/* The visible rows, from the canvas' first row on, and where there are more. */
void list_draw(const struct list *list, const struct canvas *cv, list_row_fn row, const void *arg);

#endif

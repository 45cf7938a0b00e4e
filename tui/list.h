/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list.h - a selection in a list that scrolls */
#ifndef TUI_LIST_H
#define TUI_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/cmd.h"

struct list {
	size_t at, top, count;
	int rows;
};

/* After the size or the count has changed. */
void list_fit(struct list *list, size_t count, int rows);
bool list_command(struct list *list, enum cmd cmd);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* help_list.h - the help's list of topics, and what a search finds */
#ifndef TUI_HELP_LIST_H
#define TUI_HELP_LIST_H

#include <stddef.h>

struct ui;

/* All topics (word NULL), or the lines in which the word stands. */
void help_list_open(struct ui *ui, const char *word);

/* A topic, with that line of it in sight. */
void help_open_at(struct ui *ui, const char *topic, size_t line);

#endif

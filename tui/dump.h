/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dump.h - the screen as text: characters, looks and cursor */
#ifndef TUI_DUMP_H
#define TUI_DUMP_H

#include <stdbool.h>
#include <stdio.h>

/* Writes the screen, then, for each row that has any, its looks, then the cursor. */
void dump_screen(FILE *f, int rows, int cols);

/* The text of one row without trailing blanks; dst takes cap bytes. */
void dump_row(int row, int cols, char *dst, size_t cap);

/* The row the cursor was put into. */
int dump_cursor_row(void);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bar.h - what frames every view: title, status lines, keys */
#ifndef TUI_BAR_H
#define TUI_BAR_H

#include "tui/canvas.h"

struct ui;

void bar_title(const struct ui *ui, const struct canvas *cv);
void bar_keys(const struct ui *ui, const struct canvas *cv);
/* Lines that a text takes when wrapped at cols. */
int bar_lines(const char *text, int cols);
void bar_status(const struct canvas *cv, const char *text);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dialog.h - a box with a text and one or two answers */
#ifndef TUI_DIALOG_H
#define TUI_DIALOG_H

#include <stdbool.h>

#include "tui/ui.h"

/* Something to be read and closed. */
void dialog_message(struct ui *ui, const char *title, const char *text, const char *topic);

/* The four parts of an error. */
void dialog_error(struct ui *ui, const char *title, const struct lm_error *err, const char *topic);

/*
 * A question; the default, and what Esc means, is no. answer() is called once,
 * after the dialog has been closed; arg must live until then. The view may be
 * closed with ui_close(), then nothing is called.
 */
struct view *dialog_ask(struct ui *ui, const char *title, const char *text, const char *no,
			const char *yes, const char *topic, void (*answer)(void *arg, bool yes),
			void *arg);

/*
 * Asks for a line of text. answer() is called when it is given, after the box
 * has been closed, and never when it is not; arg must live until then.
 */
void dialog_prompt(struct ui *ui, const char *title, const char *text, const char *initial,
		   const char *topic, void (*answer)(void *arg, const char *text), void *arg);

#endif

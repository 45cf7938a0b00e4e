/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lesson.h - the lesson on the open stick, step by step; or the list of lessons */
#ifndef TUI_LESSON_H
#define TUI_LESSON_H

#include <stdbool.h>

#include "tui/ui.h"

/* What the service answers to service_ask_lesson(); freed by service_free_answer(). */
struct lesson_answer {
	struct lm_lesson *lesson; /* as it stands now */
	bool did, checked;        /* what was asked for, and was done */
	char said[LM_VERDICT_CAP];
	struct lm_verdict verdict;
};

/*
 * Goes back to the lesson from which an operation was begun, and looks whether
 * that has done what was asked; false when there is none.
 */
bool lesson_return(struct ui *ui);
/* True when there is one to be gone back to. */
bool lesson_waits(const struct ui *ui);

/* The wizard that makes the practice stick of that name. */
void practice_open(struct ui *ui, const char *name);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wizard.h - from a plan to its outcome, the same way for every operation
 *
 * Everything shown comes from struct lm_plan: so what is explained, what the
 * command line prints and what is done cannot differ.
 */
#ifndef TUI_WIZARD_H
#define TUI_WIZARD_H

#include "tui/doc.h"
#include "tui/field.h"
#include "tui/list.h"
#include "tui/ui.h"

enum stage {
	STAGE_INPUT,   /* a file name or folder is asked for */
	STAGE_LESSON,  /* which lesson (practice) */
	STAGE_PLAN,    /* core is planning */
	STAGE_PAGES,   /* the plan is read */
	STAGE_CONFIRM, /* No or Yes, or the word */
	STAGE_RUN,
	STAGE_END
};

enum wiz_page { PAGE_WHAT, PAGE_COMMANDS, PAGE_ROOM, PAGE_SAFETY, N_PAGES };

struct wizard {
	struct view view;
	enum stage stage;
	enum lm_op op;
	enum wiz_page page;
	struct field out, work, word; /* export and practice; merge; the typed word */
	bool asks_work;  /* STAGE_INPUT asks for the work folder */
	struct list lessons;
	struct lm_plan *plan;
	struct lm_error plan_err;
	struct doc doc;
	bool yes;        /* STAGE_CONFIRM: the button that has the focus */
	struct lm_job *job;
	struct lm_progress progress;
	struct lm_result result;
	struct view *question; /* the dialog of a question, or of cancelling */
	bool question_is_jobs;
	bool cancel_asked;
	int rows;
};

/* wiz_pages.c: fill w->doc */
void wiz_fill_page(struct wizard *w);
void wiz_fill_end(struct wizard *w);

/* progress.c */
void progress_draw(const struct wizard *w, const struct canvas *cv);
void progress_status(const struct wizard *w, char *dst, size_t cap);

/* wiz_run.c */
void wiz_start(struct wizard *w);
void wiz_on_job(struct wizard *w);
void wiz_cancel(struct wizard *w);
void wiz_cancel_now(struct wizard *w);

#endif

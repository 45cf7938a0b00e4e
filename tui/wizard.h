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
	STAGE_HOW,     /* the ways to do it, compared, one to be chosen */
	STAGE_PLAN,    /* core is planning */
	STAGE_PAGES,   /* the plan is read */
	STAGE_CONFIRM, /* No or Yes, or the word */
	STAGE_RUN,
	STAGE_END
};

enum wiz_page { PAGE_WHAT, PAGE_COMMANDS, PAGE_ROOM, PAGE_SAFETY, N_PAGES };

/* One way to do it: a method, or a size. Each has a plan of its own. */
struct way {
	char name[48];
	const char *about; /* what it is, in a sentence or two */
	enum lm_method method;
	uint64_t size_bytes;
	bool undo;
	bool asked, known;    /* for the plan; whether there is an answer */
	struct lm_plan *plan; /* NULL: none could be made, err says why */
	struct lm_error err;
};

enum { MAX_WAYS = 6 };

struct wizard {
	struct view view;
	enum stage stage;
	const struct lm_op_info *op;
	enum wiz_page page;
	struct field out, work, word; /* export and practice; merge; the typed word */
	bool asks_work;  /* STAGE_INPUT asks for the work folder */
	struct list lessons, how;
	bool lesson_set;    /* practice: which one was chosen before */
	struct way ways[MAX_WAYS];
	size_t n_ways;      /* 0: there is but one way */
	bool asks_size;     /* behind the ways there is a row to type a size */
	struct way *chosen; /* whose plan this is; NULL: the plan is the wizard's own */
	struct doc detail;  /* about the way that has the focus */
	int detail_rows;
	struct lm_plan *plan;
	struct lm_error plan_err;
	unsigned asked; /* tag of the plan that is waited for */
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

/* wizard.c */
void wiz_turn(struct wizard *w, enum wiz_page page);
/* How many pages come before "What": the one that asks how. */
int wiz_first(const struct wizard *w);
/* The plans are of no more use: all, or all but the one chosen. */
void wiz_drop_plans(struct wizard *w, bool all);

/* wiz_how.c */
void how_open(struct wizard *w);
/* Asks for the next plan that is not known; the answer to it. */
void how_ask(struct wizard *w);
void how_answer(struct wizard *w);
void how_fit(struct wizard *w, int rows, int cols);
void how_draw(const struct wizard *w, const struct canvas *cv);
bool how_command(struct wizard *w, enum cmd cmd);
void how_status(const struct wizard *w, char *dst, size_t cap);

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

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ui.h - the state of the whole screen, and what views ask of it */
#ifndef TUI_UI_H
#define TUI_UI_H

#include "tui/input.h"
#include "tui/logbuf.h"
#include "tui/script.h"
#include "tui/term.h"
#include "tui/tui.h"
#include "tui/view.h"

/* The newest answers of the service; NULL where there is none yet. */
struct data {
	bool opened;  /* opening has been answered */
	char *path;   /* of the stick; NULL while it is not open */
	struct lm_error open_err;
	bool gone; /* it was open, and has been pulled out */
	struct lm_error gone_err;
	bool another; /* another one has been asked for, and has not been opened yet */
	bool changed; /* media have come or gone while there was work in progress */
	struct lm_status *status;
	struct lm_error status_err;
	struct lm_node *layout;
	struct lm_usage *usage;
	struct lm_error usage_err;
	struct lm_report *report;
	struct lm_error report_err;
	char *journal;
	struct lm_error journal_err;
	struct found *found;
	struct lm_error found_err;
	struct lm_plan *plan; /* the wizard takes it out */
	struct lm_error plan_err;
	struct lesson_answer *lesson; /* as long as the views are told */
	struct lm_error lesson_err;
	/* dead chunks are only counted now and then: the last count */
	bool dead_known;
	uint64_t dead_sectors, dead_for_allocated;
};

struct ui {
	struct lm_ctx *ctx;
	const struct tui_opts *opts;
	struct terminal term;
	struct input input;
	struct theme theme;
	const char *const *glyphs;
	struct service *service;
	struct logbuf *log;
	struct script *script; /* NULL in real life */
	struct view *top;
	struct data data;
	char message[300]; /* said in the status line until the next key */
	bool dirty, repaint, ending;
	int end_signal;
	int exit_status;
};

void ui_push(struct ui *ui, struct view *view);
/* Closes the view; it is freed after the current key has been dealt with. */
void ui_close(struct view *view);
/* Closes view and all that was opened from it, which may point to it. */
void ui_close_through(struct ui *ui, struct view *view);
void ui_say(struct ui *ui, const char *text);
void ui_command(struct ui *ui, enum cmd cmd);
void ui_key(struct ui *ui, uint32_t key);
void ui_draw(struct ui *ui);
/* Takes answers from the service into ui->data and tells the views. */
void ui_collect(struct ui *ui);
void ui_notice(struct ui *ui, enum notice note, enum want want);
void ui_reap(struct ui *ui);
/* Ends at once where nothing is in progress, else as soon as that is safe. */
void ui_end(struct ui *ui, int signal);

/* loop.c: runs until ui->ending and no view objects. 0 or negative errno. */
int loop_run(struct ui *ui);

/* The views. Those that take arguments copy them. */
void dash_open(struct ui *ui);
void usage_open(struct ui *ui);
void doctor_open(struct ui *ui);
void log_open(struct ui *ui);
void help_open(struct ui *ui, const char *topic);
void sticks_open(struct ui *ui);
void tree_open(struct ui *ui);
void menu_open(struct ui *ui);
void lessons_open(struct ui *ui);
void wizard_open(struct ui *ui, const struct lm_op_info *op);
/* Media have come or gone: the list is read again, and the stick looked for. */
void ui_media_changed(struct ui *ui);
/* Closes all but the dashboard. */
void ui_home(struct ui *ui);
/* Another stick: path NULL is the booted system. All that was open of the old one is closed. */
void ui_open_stick(struct ui *ui, const char *path);

#endif

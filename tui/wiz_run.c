/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wiz_run.c - the job of a wizard: start, questions, cancel, end */
#include <string.h>

#include "core/i18n.h"
#include "tui/dialog.h"
#include "tui/wizard.h"

void wiz_start(struct wizard *w)
{
	struct lm_error err = {0};
	struct ui *ui = w->view.ui;

	if (service_reading(ui->service)) {
		ui_say(ui, _("One moment: the stick is still being read. Try again."));
		return;
	}
	memset(&w->progress, 0, sizeof(w->progress));
	w->cancel_asked = false;
	if (lm_job_start(w->plan, &w->job, &err) < 0) {
		w->job = NULL;
		dialog_error(ui, _("It did not start"), &err, w->op->topic);
		return;
	}
	w->stage = STAGE_RUN;
	doc_clear(&w->doc);
	wiz_on_job(w);
}

static void on_answer(void *arg, bool yes)
{
	struct wizard *w = arg;
	bool jobs = w->question_is_jobs;

	w->question = NULL;
	if (!w->job)
		return;
	if (jobs)
		lm_job_answer(w->job, yes);
	else if (yes)
		wiz_cancel_now(w);
}

static void drop_question(struct wizard *w)
{
	if (w->question)
		ui_close(w->question);
	w->question = NULL;
}

static void finish(struct wizard *w)
{
	struct ui *ui = w->view.ui;

	drop_question(w);
	lm_job_finish(w->job, &w->result);
	w->job = NULL;
	w->stage = STAGE_END;
	if (w->op->traits & LM_OP_NEEDS_STICK)
		ui->exit_status = w->result.outcome == LM_RESUMABLE ? LM_RESUMABLE : 0;
	wiz_fill_end(w);
	wiz_drop_plans(w, true);
	if (w->op->traits & LM_OP_NEEDS_STICK)
		service_open_again(ui->service); /* it is another stick now */
	if (ui->data.changed)
		ui_media_changed(ui);
}

void wiz_on_job(struct wizard *w)
{
	struct ui *ui = w->view.ui;

	if (!w->job)
		return;
	lm_job_progress(w->job, &w->progress);
	ui->dirty = true;
	if (w->progress.state == LM_JOB_ENDED) {
		finish(w);
		return;
	}
	if (w->progress.state != LM_JOB_ASKING) {
		if (w->question && w->question_is_jobs)
			drop_question(w);
		return;
	}
	if (ui->ending) {
		lm_job_answer(w->job, false);
		return;
	}
	if (w->question && w->question_is_jobs)
		return;
	drop_question(w);
	w->question_is_jobs = true;
	w->question = dialog_ask(ui, _("A question"), w->progress.question, _("No"), _("Yes"),
				 w->op->topic, on_answer, w);
}

void wiz_cancel_now(struct wizard *w)
{
	if (!w->job)
		return;
	w->cancel_asked = true;
	lm_job_cancel(w->job);
	lm_job_progress(w->job, &w->progress);
	w->view.ui->dirty = true;
}

void wiz_cancel(struct wizard *w)
{
	struct ui *ui = w->view.ui;

	if (!w->job || w->question)
		return;
	if (w->cancel_asked) {
		ui_say(ui, _("It is stopping already, as soon as that is safe."));
		return;
	}
	w->question_is_jobs = false;
	w->question =
		dialog_ask(ui, _("Cancel?"),
			   _("The work goes on while you think. Yes stops it at the next safe "
			     "point; then everything is as before, or can be resumed."),
			   _("No, go on"), _("Yes, stop"), w->op->topic, on_answer, w);
}

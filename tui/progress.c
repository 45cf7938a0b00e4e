/* SPDX-License-Identifier: GPL-3.0-or-later */
/* progress.c - work in progress: steps, bytes, rate, time */
#include <stdio.h>

#include "core/i18n.h"
#include "core/text.h"
#include "tui/gauge.h"
#include "tui/wizard.h"

static void draw_bar(const struct canvas *cv, int y, const char *name, uint64_t done,
		     uint64_t total)
{
	struct gauge g = {.name = name, .total = total, .percent = gauge_percent(done, total)};

	g.parts[0] = (struct gauge_part){'#', ROLE_USED, done < total ? done : total};
	if (total)
		gauge_amounts(g.text, sizeof(g.text), done, total);
	else
		snprintf(g.text, sizeof(g.text), "%s", _("(no measure for this step)"));
	gauge_line(cv, y, &g, false, true);
}

static void draw_steps(const struct wizard *w, const struct canvas *cv)
{
	const struct lm_progress *p = &w->progress;
	size_t i, top = 0, rows = (size_t)cv->at.rows;
	int y = 0;

	if (w->plan->n_steps > rows && p->step + 1 > rows)
		top = p->step + 1 - rows;
	for (i = top; i < w->plan->n_steps && y < cv->at.rows; i++, y++) {
		bool now = i == p->step && p->state != LM_JOB_ENDED;
		int x;

		canvas_put(cv, y, 0, ROLE_NORMAL, now ? ">" : " ");
		canvas_put(cv, y, 2, i < p->step ? ROLE_OK : now ? ROLE_HEADING : ROLE_NORMAL,
			   i < p->step ? _("done") : now ? _("now ") : "    ");
		x = canvas_printf(cv, y, 7, ROLE_NORMAL, "%2zu. ", i + 1);
		canvas_clip(cv, y, x, cv->at.cols - x, now ? ROLE_FOCUS : ROLE_NORMAL,
			    w->plan->steps[i].title);
		if (now)
			canvas_cursor(cv, y, x);
	}
}

void progress_draw(const struct wizard *w, const struct canvas *cv)
{
	const struct lm_progress *p = &w->progress;
	struct canvas steps = canvas_part(cv, (struct rect){2, 0, cv->at.rows - 8, cv->at.cols});
	char rate[16], eta[32], elapsed[32], line[300];
	int y = 2 + (int)w->plan->n_steps + 1;

	canvas_clip(cv, 0, 0, cv->at.cols, ROLE_HEADING, w->plan->title);
	draw_steps(w, &steps);
	if (y > cv->at.rows - 5)
		y = cv->at.rows - 5;
	snprintf(line, sizeof(line), _("Step %zu/%zu"), p->step + 1, w->plan->n_steps);
	draw_bar(cv, y++, line, p->done_bytes, p->total_bytes);
	draw_bar(cv, y++, _("All"), p->all_done_bytes, p->all_total_bytes);
	text_duration(elapsed, p->elapsed_seconds > 0 ? (uint64_t)p->elapsed_seconds : 0);
	text_size(rate, (uint64_t)(p->bytes_per_second > 0 ? p->bytes_per_second : 0));
	if (p->flushing)
		snprintf(line, sizeof(line), _("Flushing: waiting for the stick to take what was written. %s so far."),
			 elapsed);
	else if (p->bytes_per_second > 0 && p->eta_seconds >= 0)
		snprintf(line, sizeof(line), _("%s/s, about %s left, %s so far."), rate,
			 text_duration(eta, (uint64_t)p->eta_seconds), elapsed);
	else if (p->bytes_per_second > 0)
		snprintf(line, sizeof(line), _("%s/s, time left not known yet, %s so far."), rate,
			 elapsed);
	else
		snprintf(line, sizeof(line), _("%s so far."), elapsed);
	canvas_clip(cv, y++, 2, cv->at.cols - 2, ROLE_NORMAL, line);
	canvas_clip(cv, y, 2, cv->at.cols - 2, ROLE_NORMAL, p->message);
}

void progress_status(const struct wizard *w, char *dst, size_t cap)
{
	const struct lm_progress *p = &w->progress;

	bool last = p->step + 1 >= w->plan->n_steps;
	bool here = p->step < w->plan->n_steps && w->plan->steps[p->step].cancellable;

	if (w->cancel_asked && (p->state == LM_JOB_CRITICAL || !here))
		snprintf(dst, cap,
			 last ? _("Cancel was heard, but this is the last step: it is brought to "
				  "its end. Do "
				  "not pull the stick.")
			      : _("Cancel was heard: it stops when step %zu is done. Do not pull "
				  "the stick."),
			 p->step + 1);
	else if (w->cancel_asked)
		snprintf(dst, cap, "%s",
			 _("Cancel was heard: it stops within this step, in a moment. Do not "
			   "pull the stick before it says so."));
	else if (p->state == LM_JOB_CRITICAL)
		snprintf(dst, cap, "%s", _("This step must not be interrupted. Do not pull the stick."));
	else if (w->op->traits & LM_OP_NEW_IMAGE)
		snprintf(dst, cap, "%s",
			 _("The old image and overlay are kept until the new one is proved. c cancels."));
	else
		snprintf(dst, cap, "%s", _("Do not pull the stick. c cancels."));
}

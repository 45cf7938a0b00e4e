/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/progress.h"

#include <string.h>
#include <time.h>

#include "cli/json.h"
#include "core/i18n.h"
#include "core/text.h"

#define LINE_MS 100 /* a serial line is slow */
#define JSON_MS 500
#define SPEECH_MS 15000 /* a line may be spoken: not more often than there is something to say */
#define SPEECH_LEAST_MS 3000

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void progress_init(struct progress *p, struct out *out, const struct lm_plan *plan, bool json)
{
	memset(p, 0, sizeof(*p));
	p->out = out;
	p->plan = plan;
	if (json)
		p->kind = PROGRESS_JSON;
	else if (out->lines)
		p->kind = PROGRESS_LINES;
	else
		p->kind = out->tty ? PROGRESS_ONE_LINE : PROGRESS_STEPS;
}

static const char *step_title(const struct lm_plan *plan, size_t step)
{
	return step < plan->n_steps ? plan->steps[step].title : "";
}

/* Adds a part that fits as a whole; half a figure would be a wrong one. */
static void add(char *dst, size_t cap, unsigned columns, const char *text)
{
	size_t used = strlen(dst);

	if (used + strlen(text) < cap && out_text_columns(dst) + out_text_columns(text) <= columns)
		snprintf(dst + used, cap - used, "%s", text);
}

/* "  43%  612 MiB of 1.40 GiB", as far as it is known. */
static void add_amount(char *dst, size_t cap, unsigned columns, const struct lm_progress *now)
{
	char part[96], done[16], total[16];
	double percent;

	if (now->total_bytes) {
		percent = 100.0 * (double)now->done_bytes / (double)now->total_bytes;
		if (percent > 100)
			percent = 100;
		snprintf(part, sizeof(part), _("  %3.0f%%  %s of %s"), percent,
			 text_size(done, now->done_bytes), text_size(total, now->total_bytes));
		add(dst, cap, columns, part);
	} else if (now->done_bytes) {
		snprintf(part, sizeof(part), "  %s", text_size(done, now->done_bytes));
		add(dst, cap, columns, part);
	}
}

void progress_text(char *dst, size_t cap, unsigned columns, const struct lm_plan *plan,
		   const struct lm_progress *now)
{
	char part[96], size[16], left[32];

	snprintf(dst, cap, "[%zu/%zu] %s", now->step + 1, now->n_steps,
		 step_title(plan, now->step));
	add_amount(dst, cap, columns, now);
	if (now->state == LM_JOB_CANCELLING) {
		add(dst, cap, columns, _("  stopping at the next safe point"));
	} else if (now->flushing) {
		add(dst, cap, columns, _("  flushing to the stick"));
	} else {
		if (now->eta_seconds >= 0) {
			snprintf(part, sizeof(part), _("  %s left"),
				 text_duration(left, (uint64_t)now->eta_seconds));
			add(dst, cap, columns, part);
		}
		if (now->bytes_per_second >= 1 && now->bytes_per_second < 1e15) {
			snprintf(part, sizeof(part), _("  %s/s"),
				 text_size(size, (uint64_t)now->bytes_per_second));
			add(dst, cap, columns, part);
		}
	}
	out_clip(dst, columns);
}

static void rewrite(struct progress *p, const char *text)
{
	unsigned columns = out_text_columns(text);

	fprintf(p->out->f, "\r%s", text);
	/* Spaces, not an escape sequence: every terminal knows them. */
	if (columns < p->columns)
		fprintf(p->out->f, "%*s", (int)(p->columns - columns), "");
	p->columns = columns;
	fflush(p->out->f);
}

void progress_break(struct progress *p)
{
	if (p->kind == PROGRESS_ONE_LINE && p->columns) {
		fputc('\n', p->out->f);
		fflush(p->out->f);
		p->columns = 0;
	}
}

/* Lines for the steps that were over before anybody could look. */
static void finish_steps(struct progress *p, size_t upto)
{
	char row[512];
	size_t i;

	for (i = p->any ? p->step : 0; i < upto && i < p->plan->n_steps; i++) {
		snprintf(row, sizeof(row), _("[%zu/%zu] %s: done"), i + 1, p->plan->n_steps,
			 step_title(p->plan, i));
		out_clip(row, p->out->width - 1);
		rewrite(p, row);
		progress_break(p);
	}
}

static void begin_step(struct progress *p, const struct lm_progress *now)
{
	size_t i;

	if (p->kind == PROGRESS_ONE_LINE)
		finish_steps(p, now->step);
	if (p->kind == PROGRESS_STEPS || p->kind == PROGRESS_LINES) {
		for (i = p->any ? p->step + 1 : 0; i <= now->step && i < p->plan->n_steps; i++)
			fprintf(p->out->f, "[%zu/%zu] %s\n", i + 1, p->plan->n_steps,
				step_title(p->plan, i));
		fflush(p->out->f);
	}
	p->any = true;
	p->step = now->step;
	p->next_ms = p->kind == PROGRESS_LINES ? now_ms() + SPEECH_MS : 0;
}

/* A line of its own: each tenth of the whole, and after a while in any case. */
static void say_line(struct progress *p, const struct lm_progress *now, int64_t time)
{
	unsigned percent = 0;
	char row[512], part[96], left[32];

	if (now->all_total_bytes && now->all_done_bytes <= now->all_total_bytes)
		percent = (unsigned)((double)now->all_done_bytes * 100 /
				     (double)now->all_total_bytes);
	if (time < p->next_ms - SPEECH_MS + SPEECH_LEAST_MS ||
	    (percent / 10 <= p->tenth && time < p->next_ms))
		return;
	p->tenth = percent / 10;
	p->next_ms = time + SPEECH_MS;
	snprintf(row, sizeof(row), _("%u percent of the whole"), percent);
	if (now->state == LM_JOB_CANCELLING) {
		add(row, sizeof(row), sizeof(row), _(", stopping at the next safe point"));
	} else if (now->flushing) {
		add(row, sizeof(row), sizeof(row), _(", flushing to the stick"));
	} else if (now->eta_seconds >= 0) {
		snprintf(part, sizeof(part), _(", about %s left"),
			 text_duration(left, (uint64_t)now->eta_seconds));
		add(row, sizeof(row), sizeof(row), part);
	}
	fprintf(p->out->f, "%s\n", row);
	fflush(p->out->f);
}

int progress_show(struct progress *p, const struct lm_progress *now)
{
	int64_t time = now_ms();
	char row[512];

	if (now->state == LM_JOB_ENDED)
		return -1;
	if (!p->any || now->step != p->step)
		begin_step(p, now);
	if (p->kind == PROGRESS_LINES) {
		say_line(p, now, time);
		return (int)(p->next_ms > time ? p->next_ms - time : 1);
	}
	if (time < p->next_ms)
		return (int)(p->next_ms - time);
	if (p->kind == PROGRESS_ONE_LINE) {
		p->next_ms = time + LINE_MS;
		p->out->width = out_columns(fileno(p->out->f));
		progress_text(row, sizeof(row), p->out->width - 1, p->plan, now);
		rewrite(p, row);
	} else if (p->kind == PROGRESS_JSON) {
		p->next_ms = time + JSON_MS;
		cli_json_print(p->out->f, cli_json_progress(p->plan, now), true);
		fflush(p->out->f);
	}
	return -1;
}

void progress_end(struct progress *p, bool done)
{
	struct lm_progress last = {.step = p->plan->n_steps};

	if (!done || p->kind == PROGRESS_JSON) {
		progress_break(p);
		return;
	}
	if (p->kind == PROGRESS_ONE_LINE)
		finish_steps(p, last.step);
	else
		begin_step(p, &last);
}

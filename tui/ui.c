/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/ui.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "tui/actions.h"
#include "tui/bar.h"
#include "tui/cells.h"
#include "tui/dialog.h"

void ui_push(struct ui *ui, struct view *view)
{
	view->ui = ui;
	view->below = ui->top;
	ui->top = view;
	ui->dirty = true;
}

void ui_close(struct view *view)
{
	view->closed = true;
	view->ui->dirty = true;
}

void ui_reap(struct ui *ui)
{
	struct view **at = &ui->top;

	while (*at) {
		struct view *v = *at;

		if (!v->closed) {
			at = &v->below;
			continue;
		}
		*at = v->below;
		v->ops->free(v);
	}
}

void ui_close_through(struct ui *ui, struct view *last)
{
	struct view *v;

	for (v = ui->top; v; v = v->below) {
		ui_close(v);
		if (v == last)
			break;
	}
}

void ui_home(struct ui *ui)
{
	struct view *v;

	for (v = ui->top; v && v->below; v = v->below)
		ui_close(v);
}

static void forget_stick(struct data *d)
{
	service_free_answer(WANT_STATUS, d->status);
	service_free_answer(WANT_LAYOUT, d->layout);
	d->status = NULL;
	d->layout = NULL;
	d->dead_known = false;
	memset(&d->status_err, 0, sizeof(d->status_err));
}

/* What the old stick has answered last must not pass for the new one's. */
static void forget_all(struct data *d)
{
	forget_stick(d);
	service_free_answer(WANT_USAGE, d->usage);
	service_free_answer(WANT_DOCTOR, d->report);
	free(d->journal);
	d->usage = NULL;
	d->report = NULL;
	d->journal = NULL;
}

void ui_open_stick(struct ui *ui, const char *path)
{
	struct data *d = &ui->data;

	ui_home(ui);
	forget_all(d);
	d->gone = false;
	d->another = true;
	free(d->path);
	d->path = path ? strdup(path) : NULL;
	d->opened = false;
	memset(&d->open_err, 0, sizeof(d->open_err));
	service_open(ui->service, path);
}

void ui_say(struct ui *ui, const char *text)
{
	snprintf(ui->message, sizeof(ui->message), "%s", text);
	ui->dirty = true;
}

void ui_end(struct ui *ui, int sig)
{
	if (sig && !ui->end_signal)
		ui->end_signal = sig;
	ui->ending = true;
	ui->dirty = true;
	ui_notice(ui, NOTE_END, 0);
}

void ui_command(struct ui *ui, enum cmd cmd)
{
	struct view *v = ui->top;

	if (v->ops->command && v->ops->command(v, cmd))
		return;
	switch (cmd) {
	case CMD_HELP_KEY:
	case CMD_HELP_SIGN:
		help_open(ui, v->ops->topic ? v->ops->topic(v) : "keys");
		break;
	case CMD_MENU:
		menu_open(ui);
		break;
	case CMD_REPAINT:
		ui->repaint = true;
		break;
	case CMD_QUIT:
		ui_end(ui, 0);
		break;
	case CMD_CLOSE:
	case CMD_LEAVE_PLAN:
	case CMD_CLOSE_FIELD:
	case CMD_LEAVE:
		ui_close(v);
		break;
	default:
		action_do(ui, cmd);
		break;
	}
}

void ui_key(struct ui *ui, uint32_t key)
{
	unsigned context = ui->top->ops->context(ui->top);
	enum cmd cmd;

	ui->message[0] = '\0';
	ui->dirty = true;
	if (ui->top->ops->key && ui->top->ops->key(ui->top, key))
		return;
	cmd = cmd_for_key(context, key);
	if (cmd != CMD_NONE)
		ui_command(ui, cmd);
	else
		ui_say(ui, _("This key does nothing here. F1 explains, F9 lists what can be done."));
}

static void fit_views(struct view *v, const struct canvas *screen, const struct layout *l)
{
	const struct rect *at = v->ops->popup ? &screen->at : &l->body;

	if (v->ops->popup && v->below)
		fit_views(v->below, screen, l);
	if (v->ops->fit)
		v->ops->fit(v, at->rows, at->cols);
}

/* Drawing begins with the topmost view that covers the screen. */
static void draw_views(struct ui *ui, struct view *v, const struct canvas *screen,
		       const struct canvas *body)
{
	const struct canvas *cv = v->ops->popup ? screen : body;

	if (v->ops->popup && v->below)
		draw_views(ui, v->below, screen, body);
	v->ops->draw(v, cv);
}

static const char *status_text(const struct ui *ui, char *dst, size_t cap)
{
	const struct view *v = ui->top;

	dst[0] = '\0';
	while (v->ops->popup && !v->ops->status && v->below)
		v = v->below;
	if (ui->message[0])
		snprintf(dst, cap, "%s", ui->message);
	else if (v->ops->status)
		v->ops->status(v, dst, cap);
	return dst;
}

void ui_draw(struct ui *ui)
{
	struct point cursor = {0, 0};
	struct canvas screen = {&ui->theme, ui->glyphs, {0, 0, ui->term.rows, ui->term.cols},
				&cursor};
	struct canvas part;
	struct layout l = {0};
	char text[512];
	int i, lines;

	ui->dirty = false;
	if (ui->term.lost)
		return;
	/* What the status line says may depend on what fits, and what fits on how long it is. */
	for (i = 0; i < 3; i++) {
		status_text(ui, text, sizeof(text));
		lines = bar_lines(text, ui->term.cols);
		l = layout_frame(ui->term.rows, ui->term.cols, lines);
		fit_views(ui->top, &screen, &l);
		status_text(ui, text, sizeof(text));
		if (bar_lines(text, ui->term.cols) == lines)
			break;
	}
	term_begin(&ui->term);
	if (l.size == SIZE_NONE) {
		canvas_put(&screen, 0, 0, ROLE_NORMAL, _("Too small."));
		canvas_put(&screen, 1, 0, ROLE_NORMAL, _("40x10 is needed."));
		if (ui->top->ops->may_end && !ui->top->ops->may_end(ui->top))
			canvas_put(&screen, 2, 0, ROLE_NORMAL, _("Work goes on."));
	} else {
		part = canvas_part(&screen, l.title);
		bar_title(ui, &part);
		part = canvas_part(&screen, l.upper_rule);
		canvas_fill(&part, 0, 0, part.at.cols, ROLE_RULE, ui->glyphs[GLYPH_HLINE]);
		part = canvas_part(&screen, l.lower_rule);
		canvas_fill(&part, 0, 0, part.at.cols, ROLE_RULE, ui->glyphs[GLYPH_HLINE]);
		part = canvas_part(&screen, l.status);
		bar_status(&part, text);
		part = canvas_part(&screen, l.bar);
		bar_keys(ui, &part);
		part = canvas_part(&screen, l.body);
		draw_views(ui, ui->top, &screen, &part);
	}
	term_flush(&ui->term, cursor.y, cursor.x, ui->repaint);
	ui->repaint = false;
}

/* Only what is in use changes by itself; whether it is still there is asked of every stick. */
static void sample(struct ui *ui)
{
	const struct lm_status *st = ui->data.status;

	if (ui->ending || ui_at_work(ui) || service_reading(ui->service))
		return;
	if (!ui->data.gone && !ui->data.open_err.code)
		service_ask(ui->service, WANT_PRESENT);
	/* An overflow is no event: whoever wants to know has to ask. */
	if (st && (st->stick.booted || (st->n_overlays && st->overlays[0].attached)))
		service_ask(ui->service, WANT_STATUS);
	if (ui->data.changed)
		ui_media_changed(ui);
}

void ui_notice(struct ui *ui, enum notice note, enum want want)
{
	struct view *v;

	for (v = ui->top; v; v = v->below)
		if (!v->closed && v->ops->notice)
			v->ops->notice(v, note, want);
	if (note == NOTE_TICK)
		sample(ui);
}

void ui_media_changed(struct ui *ui)
{
	struct data *d = &ui->data;

	/* Work in progress has the stick to itself: later. */
	d->changed = ui_at_work(ui);
	if (d->changed)
		return;
	if (d->found)
		service_ask(ui->service, WANT_STICKS);
	if (d->gone || d->open_err.code)
		service_open_again(ui->service);
	else
		service_ask(ui->service, WANT_PRESENT);
}

static void on_gone(struct ui *ui, const struct lm_error *why)
{
	struct data *d = &ui->data;
	struct view *v;

	if (d->gone || ui_at_work(ui))
		return;
	d->gone = true;
	d->gone_err = *why;
	forget_stick(d);
	/* A plan for a stick that is not there is void. */
	for (v = ui->top; v; v = v->below)
		if (v->ops->fd && !v->closed)
			ui_close_through(ui, v);
	dialog_error(ui, _("The stick is gone"), why, "sticks");
}

static void on_saved(struct ui *ui, const char *path, int rc, const struct lm_error *err)
{
	char text[300];

	if (rc < 0) {
		dialog_error(ui, _("Not saved"), err, "log");
		return;
	}
	snprintf(text, sizeof(text), _("Saved to %s."), path);
	ui_say(ui, text);
}

/* Dead chunks are counted seldom: between two counts the last one stands. */
static void keep_dead(struct data *d)
{
	struct lm_overlay *o = d->status->n_overlays ? &d->status->overlays[0] : NULL;

	if (!o) {
		d->dead_known = false;
	} else if (o->dead_known) {
		d->dead_known = true;
		d->dead_sectors = o->dead_sectors;
		d->dead_for_allocated = o->allocated_sectors;
	} else if (d->dead_known && o->allocated_sectors >= d->dead_for_allocated) {
		o->dead_known = true;
		o->dead_sectors = d->dead_sectors;
	}
}

static void take(enum want want, void **slot, struct lm_error *err, void *data, int rc,
		 const struct lm_error *why)
{
	service_free_answer(want, *slot);
	*slot = rc == 0 ? data : NULL;
	memset(err, 0, sizeof(*err));
	if (rc < 0)
		*err = *why;
	if (rc < 0 && err->code == 0)
		err->code = rc;
}

void ui_collect(struct ui *ui)
{
	struct data *d = &ui->data;
	struct lm_error err;
	enum want want;
	void *data;
	int rc;

	while (service_answer(ui->service, &want, &data, &rc, &err)) {
		void *slot = NULL;

		switch (want) {
		case WANT_OPEN:
			slot = d->path;
			take(want, &slot, &d->open_err, data, rc, &err);
			d->path = slot;
			d->opened = true;
			d->dead_known = false;
			if (d->another)
				forget_all(d);
			d->another = false;
			if (rc == 0 && d->gone)
				ui_say(ui, _("The stick is there again."));
			d->gone = d->gone && rc < 0;
			break;
		case WANT_PRESENT:
			on_gone(ui, &err);
			break;
		case WANT_CHANGED:
			ui_media_changed(ui);
			break;
		case WANT_SAVE:
			on_saved(ui, data, rc, &err);
			free(data);
			break;
#define TAKE(name)                                                                                 \
	do {                                                                                       \
		slot = d->name;                                                                    \
		take(want, &slot, &d->name##_err, data, rc, &err);                                 \
		d->name = slot;                                                                    \
	} while (0)
		case WANT_STATUS:
			TAKE(status);
			if (d->status)
				keep_dead(d);
			break;
		case WANT_LAYOUT:
			service_free_answer(want, d->layout);
			d->layout = rc == 0 ? data : NULL;
			break;
		case WANT_USAGE:
			TAKE(usage);
			break;
		case WANT_DOCTOR:
			TAKE(report);
			break;
		case WANT_JOURNAL:
			TAKE(journal);
			break;
		case WANT_STICKS:
			TAKE(found);
			break;
		case WANT_LESSON:
			TAKE(lesson);
			break;
		case WANT_PLAN:
			d->plan = rc == 0 ? data : NULL;
			memset(&d->plan_err, 0, sizeof(d->plan_err));
			if (rc < 0)
				d->plan_err = err;
			break;
		default:
			break;
		}
#undef TAKE
		ui->dirty = true;
		ui_notice(ui, NOTE_ANSWER, want);
		/* The wizard that asked for it has been closed. */
		service_free_plan(ui->service, d->plan);
		d->plan = NULL;
		service_free_answer(WANT_LESSON, d->lesson);
		d->lesson = NULL;
	}
}

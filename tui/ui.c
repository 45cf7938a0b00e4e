/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/ui.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "tui/bar.h"
#include "tui/cells.h"

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
	case CMD_HELP:
	case CMD_HELP_KEY:
		help_open(ui, v->ops->topic ? v->ops->topic(v) : "keys");
		break;
	case CMD_MENU:
		menu_open(ui, v->ops->context(v));
		break;
	case CMD_REPAINT:
		ui->repaint = true;
		break;
	case CMD_QUIT:
		ui_end(ui, 0);
		break;
	case CMD_CLOSE:
	case CMD_CLOSE_FIELD:
	case CMD_LEAVE:
		ui_close(v);
		break;
	default:
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

/* Drawing begins with the topmost view that covers the screen. */
static void draw_views(struct ui *ui, struct view *v, const struct canvas *screen,
		       const struct canvas *body)
{
	const struct canvas *cv = v->ops->popup ? screen : body;

	if (v->ops->popup && v->below)
		draw_views(ui, v->below, screen, body);
	if (v->ops->fit)
		v->ops->fit(v, cv->at.rows, cv->at.cols);
	v->ops->draw(v, cv);
}

static const char *status_text(const struct ui *ui, char *dst, size_t cap)
{
	const struct view *v = ui->top;

	dst[0] = '\0';
	while (v->ops->popup && v->below)
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
	struct layout l;
	char text[512];

	ui->dirty = false;
	if (ui->term.lost)
		return;
	status_text(ui, text, sizeof(text));
	l = layout_frame(ui->term.rows, ui->term.cols, bar_lines(text, ui->term.cols));
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

void ui_notice(struct ui *ui, enum notice note, enum want want)
{
	struct view *v;

	for (v = ui->top; v; v = v->below)
		if (!v->closed && v->ops->notice)
			v->ops->notice(v, note, want);
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

static void take(struct ui *ui, enum want want, void **slot, struct lm_error *err, void *data, int rc,
		 const struct lm_error *why)
{
	service_free_answer(want, *slot);
	*slot = rc == 0 ? data : NULL;
	memset(err, 0, sizeof(*err));
	if (rc < 0)
		*err = *why;
	if (rc < 0 && err->code == 0)
		err->code = rc;
	(void)ui;
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
			take(ui, want, &slot, &d->open_err, data, rc, &err);
			d->path = slot;
			d->opened = true;
			d->dead_known = false;
			break;
#define TAKE(name)                                                                                 \
	do {                                                                                       \
		slot = d->name;                                                                    \
		take(ui, want, &slot, &d->name##_err, data, rc, &err);                             \
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
		case WANT_PLAN:
			TAKE(plan);
			break;
		default:
			break;
		}
#undef TAKE
		ui->dirty = true;
		ui_notice(ui, NOTE_ANSWER, want);
	}
}

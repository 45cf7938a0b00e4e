/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "tui/dash.h"
#include "tui/dialog.h"
#include "tui/doc.h"
#include "tui/list.h"
#include "tui/tree.h"

enum pane { PANE_GAUGES, PANE_ACTIONS, PANE_TREE, N_PANES };

struct dash {
	struct view view;
	enum pane pane;
	struct list lists[N_PANES]; /* the gauges' list counts only what can have the focus */
	struct dash_line lines[DASH_MAX_GAUGES];
	struct dash_action actions[DASH_ACTIONS];
	int n_lines;
	struct dash_layout where;
	struct doc trouble; /* why the stick does not open */
	int since_full;     /* ticks since the dead chunks were counted */
	unsigned waiting_s; /* how long the stick has not answered */
};

static void dash_free(struct view *v)
{
	doc_clear(&((struct dash *)v)->trouble);
	free(v);
}

static unsigned dash_context(const struct view *v)
{
	(void)v;
	return CTX_DASH;
}

/* The line that has the focus: an index into lines. */
static int focused_line(const struct dash *d)
{
	size_t n = d->lists[PANE_GAUGES].at;
	int i;

	for (i = 0; i < d->n_lines; i++)
		if (d->lines[i].topic && n-- == 0)
			return i;
	return 0;
}

static const char *dash_topic(const struct view *v)
{
	const struct dash *d = (const struct dash *)v;

	if (d->pane == PANE_TREE)
		return "layout";
	if (d->pane == PANE_ACTIONS)
		return d->actions[d->lists[PANE_ACTIONS].at].topic;
	return d->n_lines ? d->lines[focused_line(d)].topic : "dashboard";
}

static void dash_fit(struct view *v, int rows, int cols)
{
	struct dash *d = (struct dash *)v;
	const struct data *data = &v->ui->data;
	size_t i, n = 0;

	d->n_lines = dash_lines(data, cols, d->lines);
	dash_actions(data, d->actions);
	d->where = layout_dash((struct rect){0, 0, rows, cols},
			       rows >= 11 && cols >= 60 ? SIZE_FULL : SIZE_SMALL,
			       d->n_lines ? d->n_lines : 6, DASH_ACTIONS);
	for (i = 0; i < (size_t)d->n_lines; i++)
		n += d->lines[i].topic != NULL;
	list_fit(&d->lists[PANE_GAUGES], n, d->where.gauges.rows);
	list_fit(&d->lists[PANE_ACTIONS], DASH_ACTIONS,
		 d->where.actions.rows - (d->where.tree.rows > 0));
	list_fit(&d->lists[PANE_TREE], tree_lines(data->layout), d->where.tree.rows - 1);
	if ((d->pane == PANE_TREE && (d->where.tree.rows < 2 || !data->layout)) ||
	    (d->pane == PANE_GAUGES && n == 0 && d->trouble.n_paras))
		d->pane = n ? PANE_GAUGES : PANE_ACTIONS;
	doc_fit(&d->trouble, d->where.gauges.rows, cols);
}

static void draw_gauges(const struct dash *d, const struct canvas *cv)
{
	const struct data *data = &d->view.ui->data;
	int i, focus = focused_line(d), first = 0;

	if (!d->n_lines) {
		if (d->trouble.n_paras)
			doc_draw(&d->trouble, cv);
		else
			canvas_put(cv, 0, 2, ROLE_NORMAL,
				   data->opened ? _("Reading the stick ...") : _("Opening the stick ..."));
		return;
	}
	if (focus >= cv->at.rows)
		first = focus - cv->at.rows + 1;
	for (i = first; i < d->n_lines; i++)
		dash_line_draw(cv, i - first, &d->lines[i], d->pane == PANE_GAUGES && i == focus,
			       d->where.bars);
	if (first > 0)
		canvas_put(cv, 0, cv->at.cols - 1, ROLE_KEY, cv->glyphs[GLYPH_UP]);
	if (i - first > cv->at.rows)
		canvas_put(cv, cv->at.rows - 1, cv->at.cols - 1, ROLE_KEY, cv->glyphs[GLYPH_DOWN]);
}

static void draw_actions(const struct dash *d, const struct canvas *cv)
{
	const struct list *l = &d->lists[PANE_ACTIONS];
	int y = 0, x, head = d->where.tree.rows > 0;
	size_t i;

	if (head)
		canvas_put(cv, 0, 2, ROLE_HEADING, _("What you can do"));
	for (i = l->top; i < l->count && y + head < cv->at.rows; i++, y++) {
		const struct dash_action *a = &d->actions[i];
		bool focus = d->pane == PANE_ACTIONS && i == l->at;

		canvas_put(cv, y + head, 0, ROLE_NORMAL, focus ? ">" : " ");
		if (focus)
			canvas_cursor(cv, y + head, 2);
		canvas_put(cv, y + head, 2, a->why_not ? ROLE_OFF : ROLE_KEY, a->why_not ? "-" : a->key);
		if (a->why_not && cv->at.cols < 50) {
			/* The reason is worth more than the second half of the name. */
			char first[40];
			size_t n = strcspn(a->label, ": ");

			snprintf(first, sizeof(first), "%.*s", (int)n, a->label);
			x = canvas_put(cv, y + head, 5, focus ? ROLE_FOCUS : ROLE_OFF,
				       a->cmd == CMD_USAGE ? _("Usage") : a->cmd == CMD_TREE ? _("Layout") : first);
		} else {
			x = canvas_put(cv, y + head, 5, focus ? ROLE_FOCUS : ROLE_NORMAL, a->label);
		}
		if (a->why_not)
			canvas_printf(cv, y + head, x + 2, ROLE_OFF, "(%s)", a->why_not);
	}
	if (l->top > 0)
		canvas_put(cv, head, cv->at.cols - 1, ROLE_KEY, cv->glyphs[GLYPH_UP]);
	if (i < l->count)
		canvas_put(cv, cv->at.rows - 1, cv->at.cols - 1, ROLE_KEY, cv->glyphs[GLYPH_DOWN]);
}

static void draw_tree(const struct dash *d, const struct canvas *cv)
{
	const struct list *l = &d->lists[PANE_TREE];
	const struct lm_node *root = d->view.ui->data.layout;
	size_t i;
	int y = 1;

	canvas_put(cv, 0, 2, ROLE_HEADING, _("Layout"));
	if (!root)
		canvas_put(cv, 1, 2, ROLE_OFF, d->view.ui->data.open_err.code ? _("(no stick)") : "...");
	for (i = l->top; i < l->count && y < cv->at.rows; i++, y++)
		tree_draw(cv, y, root, i, d->pane == PANE_TREE && i == l->at);
	if (l->top > 0)
		canvas_put(cv, 1, cv->at.cols - 1, ROLE_KEY, cv->glyphs[GLYPH_UP]);
	if (i < l->count)
		canvas_put(cv, cv->at.rows - 1, cv->at.cols - 1, ROLE_KEY, cv->glyphs[GLYPH_DOWN]);
}

static void dash_draw(const struct view *v, const struct canvas *cv)
{
	const struct dash *d = (const struct dash *)v;
	struct canvas part = canvas_part(cv, d->where.gauges);

	draw_gauges(d, &part);
	part = canvas_part(cv, d->where.actions);
	draw_actions(d, &part);
	part = canvas_part(cv, d->where.tree);
	if (part.at.rows)
		draw_tree(d, &part);
}

static void next_pane(struct dash *d, int step)
{
	const struct data *data = &d->view.ui->data;
	int i;

	for (i = 0; i < N_PANES; i++) {
		d->pane = (enum pane)(((int)d->pane + step + N_PANES) % N_PANES);
		if ((d->pane == PANE_GAUGES && d->n_lines) || d->pane == PANE_ACTIONS ||
		    (d->pane == PANE_TREE && data->layout && d->where.tree.rows > 1))
			break;
	}
}

static void open_action(struct dash *d, const struct dash_action *a)
{
	struct ui *ui = d->view.ui;

	if (a->why_not) {
		dialog_message(ui, a->label, a->because, a->topic);
		return;
	}
	switch (a->cmd) {
	case CMD_MERGE:
		wizard_open(ui, LM_OP_MERGE);
		break;
	case CMD_RESUME:
		wizard_open(ui, LM_OP_RESUME);
		break;
	case CMD_EXPORT:
		wizard_open(ui, LM_OP_EXPORT);
		break;
	case CMD_RESET:
		wizard_open(ui, LM_OP_RESET);
		break;
	case CMD_PRACTICE:
		wizard_open(ui, LM_OP_PRACTICE);
		break;
	case CMD_USAGE:
		usage_open(ui);
		break;
	case CMD_DOCTOR:
		doctor_open(ui);
		break;
	case CMD_TREE:
		tree_open(ui);
		break;
	default:
		break;
	}
}

static void refresh(struct dash *d)
{
	struct ui *ui = d->view.ui;

	d->since_full = 0;
	service_open_again(ui->service);
	ui_say(ui, _("Reading everything afresh ..."));
}

static bool dash_command(struct view *v, enum cmd cmd)
{
	struct dash *d = (struct dash *)v;
	size_t i;

	for (i = 0; i < DASH_ACTIONS; i++)
		if (d->actions[i].cmd == cmd) {
			d->pane = PANE_ACTIONS;
			d->lists[PANE_ACTIONS].at = i;
			open_action(d, &d->actions[i]);
			return true;
		}
	switch (cmd) {
	case CMD_PANE:
	case CMD_RIGHT:
		next_pane(d, 1);
		return true;
	case CMD_PANE_BACK:
	case CMD_LEFT:
		next_pane(d, -1);
		return true;
	case CMD_ACCEPT:
		if (d->pane == PANE_ACTIONS)
			open_action(d, &d->actions[d->lists[PANE_ACTIONS].at]);
		else
			help_open(v->ui, dash_topic(v));
		return true;
	case CMD_REFRESH:
		refresh(d);
		return true;
	case CMD_STICKS:
		sticks_open(v->ui);
		return true;
	case CMD_LOG:
		log_open(v->ui);
		return true;
	default:
		break;
	}
	/* The gauges and the actions are one column: Up and Down go through both. */
	if (cmd == CMD_DOWN && d->pane == PANE_GAUGES &&
	    d->lists[PANE_GAUGES].at + 1 >= d->lists[PANE_GAUGES].count) {
		d->pane = PANE_ACTIONS;
		d->lists[PANE_ACTIONS].at = 0;
		return true;
	}
	if (cmd == CMD_UP && d->pane == PANE_ACTIONS && d->lists[PANE_ACTIONS].at == 0 &&
	    d->n_lines) {
		d->pane = PANE_GAUGES;
		return true;
	}
	return list_command(&d->lists[d->pane], cmd);
}

static void on_answer(struct dash *d, enum want want)
{
	struct ui *ui = d->view.ui;
	const struct data *data = &ui->data;
	const struct lm_overlay *o;

	if (want == WANT_OPEN || want == WANT_STATUS) {
		const struct lm_error *err = data->open_err.code ? &data->open_err
								 : &data->status_err;

		doc_clear(&d->trouble);
		if (err->code) {
			doc_error(&d->trouble, err);
			doc_add(&d->trouble, ROLE_NORMAL, 0, "%s",
				_("F5 tries again, F2 chooses another stick."));
		}
	}
	if (want == WANT_OPEN) {
		d->since_full = 0;
		service_ask(ui->service, WANT_STATUS);
		if (!data->open_err.code)
			service_ask(ui->service, WANT_LAYOUT);
		ui->message[0] = '\0';
	}
	if (want != WANT_STATUS || !data->status || !data->status->n_overlays)
		return;
	/* What is dead costs more to find: once, and when the overlay has grown. */
	o = &data->status->overlays[0];
	if ((!data->dead_known && d->since_full == 0) ||
	    (o->allocated_sectors != data->dead_for_allocated && d->since_full >= 15)) {
		d->since_full = 1;
		service_ask(ui->service, WANT_FULL_STATUS);
	}
}

static void dash_notice(struct view *v, enum notice note, enum want want)
{
	struct dash *d = (struct dash *)v;
	struct ui *ui = v->ui;
	const struct lm_status *st = ui->data.status;
	uint64_t done, total;
	unsigned waiting;

	if (note == NOTE_ANSWER)
		on_answer(d, want);
	if (note != NOTE_TICK || ui->top != v)
		return;
	waiting = service_progress(ui->service, &done, &total);
	if (waiting < 4)
		waiting = 0;
	if (waiting != d->waiting_s)
		ui->dirty = true;
	d->waiting_s = waiting;
	d->since_full += d->since_full > 0;
	/* Only what is in use changes by itself. */
	if (st && !service_busy(ui->service) &&
	    (st->stick.booted || (st->n_overlays && st->overlays[0].attached)))
		service_ask(ui->service, WANT_STATUS);
}

static void dash_status(const struct view *v, char *dst, size_t cap)
{
	const struct dash *d = (const struct dash *)v;
	const struct data *data = &v->ui->data;
	const struct lm_node *node;

	if (d->waiting_s)
		snprintf(dst, cap, _("The stick has not answered for %u seconds. F10 leaves."),
			 d->waiting_s);
	else if (d->pane == PANE_TREE &&
		 (node = tree_node(data->layout, d->lists[PANE_TREE].at)) != NULL)
		tree_describe(node, dst, cap);
	else if (d->pane == PANE_ACTIONS && data->status &&
		 d->actions[d->lists[PANE_ACTIONS].at].why_not)
		snprintf(dst, cap, "%s", d->actions[d->lists[PANE_ACTIONS].at].because);
	else if (data->status && data->status->advice)
		snprintf(dst, cap, "%s", data->status->advice);
	else if (data->status && data->status->health != LM_HEALTHY)
		snprintf(dst, cap, "%s", _("The doctor (d) says what it means and what helps."));
	else if (data->status)
		snprintf(dst, cap, "%s", _("Nothing needs to be done. Enter explains what the > is on."));
	else if (data->open_err.code)
		snprintf(dst, cap, "%s", _("No live stick is open. F2 looks for one, p makes one to practise."));
	else
		snprintf(dst, cap, "%s", _("Reading ..."));
}

static const struct view_ops dash_ops = {
	.free = dash_free,
	.context = dash_context,
	.topic = dash_topic,
	.fit = dash_fit,
	.draw = dash_draw,
	.command = dash_command,
	.notice = dash_notice,
	.status = dash_status,
};

void dash_open(struct ui *ui)
{
	struct dash *d = calloc(1, sizeof(*d));

	if (!d)
		return;
	d->view.ops = &dash_ops;
	ui_push(ui, &d->view);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "tui/actions.h"
#include "tui/cells.h"
#include "tui/dash.h"
#include "tui/doc.h"
#include "tui/list.h"
#include "tui/tree.h"

enum pane { PANE_GAUGES, PANE_ACTIONS, PANE_TREE, N_PANES };

struct dash {
	struct view view;
	enum pane pane;
	struct list lists[N_PANES]; /* the gauges' list counts only what can have the focus */
	struct dash_line lines[DASH_MAX_GAUGES];
	struct action actions[ACTIONS_MAX];
	size_t n_actions;
	int n_lines;
	bool placed; /* the focus has been put on what is most needed */
	bool reopened; /* the next status may be quite another */
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
		return d->n_actions ? cmd_topic(d->actions[d->lists[PANE_ACTIONS].at].cmd)
				    : "dashboard";
	return d->n_lines ? d->lines[focused_line(d)].topic : "dashboard";
}

static void dash_fit(struct view *v, int rows, int cols)
{
	struct dash *d = (struct dash *)v;
	const struct data *data = &v->ui->data;
	size_t i, n = 0;

	d->n_lines = dash_lines(data, cols, d->lines);
	d->n_actions = actions_list(v->ui, d->actions);
	d->where = layout_dash((struct rect){0, 0, rows, cols},
			       rows >= 11 && cols >= 60 ? SIZE_FULL : SIZE_SMALL,
			       d->n_lines ? d->n_lines : 6, (int)d->n_actions);
	for (i = 0; i < (size_t)d->n_lines; i++)
		n += d->lines[i].topic != NULL;
	list_fit(&d->lists[PANE_GAUGES], n, d->where.gauges.rows);
	list_fit(&d->lists[PANE_ACTIONS], d->n_actions,
		 (d->where.actions.rows - (d->where.tree.rows > 0)) * d->where.action_cols);
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

/* Where the reason would not fit behind the whole name, it is worth more than its second half. */
static void draw_action(const struct canvas *cv, int y, const struct action *a, bool focus)
{
	enum role role = focus ? ROLE_FOCUS : a->why_not ? ROLE_OFF : ROLE_NORMAL;
	const char *name = cmd_name(a->cmd), *label = cmd_label(a->cmd);
	char why[80] = "", brief[40], key[16];
	int x;

	if (a->why_not)
		snprintf(why, sizeof(why), "(%s)", a->why_not);
	if (a->why_not && 5 + cells_count(name) + 1 + cells_count(why) > cv->at.cols) {
		snprintf(brief, sizeof(brief), "%.*s", (int)strcspn(name, ": "), name);
		name = label ? label : brief;
	}
	canvas_put(cv, y, 0, ROLE_NORMAL, focus ? ">" : " ");
	if (focus)
		canvas_cursor(cv, y, 2);
	/* The letter: what stands first may be a function key, which the key bar shows. */
	cmd_letter(a->cmd, key, sizeof(key));
	canvas_put(cv, y, 2, a->why_not ? ROLE_OFF : ROLE_KEY, a->why_not ? "-" : key);
	x = canvas_clip(cv, y, 5, cv->at.cols - 5, role, name);
	if (a->why_not && x + 1 < cv->at.cols)
		canvas_clip(cv, y, x + 1, cv->at.cols - x - 1, ROLE_OFF, why);
}

static void draw_actions(const struct dash *d, const struct canvas *cv)
{
	const struct list *l = &d->lists[PANE_ACTIONS];
	int head = d->where.tree.rows > 0, rows = cv->at.rows - head;
	int cols = d->where.action_cols, width = cv->at.cols / cols;
	size_t i, per;

	if (rows < 1)
		return;
	if (head)
		canvas_put(cv, 0, 2, ROLE_HEADING, _("What you can do  (F9: all)"));
	per = ((l->count < (size_t)l->rows ? l->count : (size_t)l->rows) + (size_t)cols - 1) /
	      (size_t)cols;
	for (i = l->top; i < l->count && i - l->top < (size_t)l->rows; i++) {
		int at = (int)(i - l->top), col = at / (int)per;
		struct canvas part =
			canvas_part(cv, (struct rect){head, col * width, rows, width - 1});

		draw_action(&part, at % (int)per, &d->actions[i],
			    d->pane == PANE_ACTIONS && i == l->at);
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
		canvas_put(cv, 1, 2, ROLE_OFF,
			   d->view.ui->data.open_err.code || d->view.ui->data.gone ? _("(no stick)")
										   : "...");
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
			action_do(v->ui, d->actions[d->lists[PANE_ACTIONS].at].cmd);
		else
			help_open(v->ui, dash_topic(v));
		return true;
	case CMD_REFRESH:
		refresh(d);
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

/* Once for each stick: who has been told that something must be done has the cursor on it. */
static void place_focus(struct dash *d)
{
	const struct lm_status *st = d->view.ui->data.status;
	enum cmd advised = action_advised(d->view.ui);
	size_t i;

	if (d->placed || !st)
		return;
	d->placed = true;
	d->n_actions = actions_list(d->view.ui, d->actions);
	d->pane = PANE_GAUGES;
	d->lists[PANE_GAUGES].at = 0;
	for (i = 0; i < d->n_actions; i++)
		if (d->actions[i].cmd == advised && !d->actions[i].why_not) {
			d->pane = PANE_ACTIONS;
			d->lists[PANE_ACTIONS].at = i;
		}
}

static void show_trouble(struct dash *d)
{
	const struct data *data = &d->view.ui->data;
	const struct lm_error *err = data->gone            ? &data->gone_err
				     : data->open_err.code ? &data->open_err
							   : &data->status_err;

	doc_clear(&d->trouble);
	if (!err->code)
		return;
	doc_error(&d->trouble, err);
	doc_add(&d->trouble, ROLE_NORMAL, 0, "%s", _("F5 tries again, F2 chooses another stick."));
}

static void on_answer(struct dash *d, enum want want)
{
	struct ui *ui = d->view.ui;
	const struct data *data = &ui->data;
	const struct lm_overlay *o;

	if (want == WANT_OPEN || want == WANT_STATUS || want == WANT_PRESENT)
		show_trouble(d);
	if (want == WANT_OPEN) {
		d->since_full = 0;
		d->placed = d->placed && data->status;
		d->reopened = true;
		service_ask(ui->service, WANT_STATUS);
		if (!data->open_err.code)
			service_ask(ui->service, WANT_LAYOUT);
	}
	if (want == WANT_STATUS) {
		/* What the cursor was on has been done: it goes to what is needed now. */
		d->n_actions = actions_list(ui, d->actions);
		if (d->reopened && d->pane == PANE_ACTIONS &&
		    d->actions[d->lists[PANE_ACTIONS].at].why_not)
			d->placed = false;
		d->reopened = false;
		place_focus(d);
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
}

static void advice(const struct ui *ui, char *dst, size_t cap)
{
	enum cmd cmd = action_advised(ui);
	char key[16];

	if (cmd == CMD_NONE)
		snprintf(dst, cap, "%s", ui->data.status->advice);
	else
		snprintf(dst, cap, _("%s Press %s."), ui->data.status->advice,
			 cmd_letter(cmd, key, sizeof(key)));
}

static void dash_status(const struct view *v, char *dst, size_t cap)
{
	const struct dash *d = (const struct dash *)v;
	const struct data *data = &v->ui->data;
	const struct lm_node *node;

	if (d->waiting_s)
		snprintf(dst, cap,
			 _("The stick has not answered for %u seconds. F2 opens another one, F10 "
			   "leaves."),
			 d->waiting_s);
	else if (d->pane == PANE_TREE &&
		 (node = tree_node(data->layout, d->lists[PANE_TREE].at)) != NULL)
		tree_describe(node, dst, cap);
	else if (d->pane == PANE_ACTIONS && data->status &&
		 d->actions[d->lists[PANE_ACTIONS].at].why_not)
		snprintf(dst, cap, "%s", d->actions[d->lists[PANE_ACTIONS].at].because);
	else if (d->pane == PANE_ACTIONS && data->status &&
		 d->actions[d->lists[PANE_ACTIONS].at].cmd != action_advised(v->ui))
		snprintf(dst, cap, _("Enter: %s."),
			 cmd_help(d->actions[d->lists[PANE_ACTIONS].at].cmd));
	else if (data->status && data->status->advice)
		advice(v->ui, dst, cap);
	else if (data->status && data->status->health != LM_HEALTHY)
		snprintf(dst, cap, "%s", _("The doctor (d) says what it means and what helps."));
	else if (data->status)
		snprintf(dst, cap, "%s", _("Nothing needs to be done. Enter explains what the > is on."));
	else if (data->open_err.code || data->gone)
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

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* view_lists.c - pages with a selection: findings, sticks, the device tree, commands */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "core/text.h"
#include "tui/cells.h"
#include "tui/dialog.h"
#include "tui/doc.h"
#include "tui/gauge.h"
#include "tui/list.h"
#include "tui/tree.h"
#include "tui/ui.h"

enum list_kind { LIST_DOCTOR, LIST_STICKS, LIST_TREE, LIST_MENU };

struct lister {
	struct view view;
	enum list_kind kind;
	struct list list;
	struct doc detail;
	size_t detail_of; /* the row that the detail is about, SIZE_MAX: none yet */
	enum cmd cmds[N_CMDS];
	size_t n_cmds;
	int detail_rows;
};

static size_t rows_of(const struct lister *l)
{
	const struct data *d = &l->view.ui->data;

	switch (l->kind) {
	case LIST_DOCTOR:
		return d->report ? d->report->count : 0;
	case LIST_STICKS:
		return d->found ? d->found->count : 0;
	case LIST_TREE:
		return tree_lines(d->layout);
	default:
		return l->n_cmds;
	}
}

static void lister_free(struct view *v)
{
	struct lister *l = (struct lister *)v;

	if (l->kind == LIST_DOCTOR)
		service_cancel(v->ui->service);
	doc_clear(&l->detail);
	free(l);
}

static unsigned lister_context(const struct view *v)
{
	(void)v;
	return CTX_LIST;
}

static const char *lister_topic(const struct view *v)
{
	static const char *const topics[] = {"doctor", "stick", "layout", "keys"};

	return topics[((const struct lister *)v)->kind];
}

static const char *severity(enum lm_severity s, enum role *role)
{
	*role = s == LM_SEV_ILL ? ROLE_ACT : s == LM_SEV_WARNING ? ROLE_WATCH : s == LM_SEV_OK ? ROLE_OK : ROLE_NORMAL;
	switch (s) {
	case LM_SEV_ILL:
		return _("ILL");
	case LM_SEV_WARNING:
		return _("WARNING");
	case LM_SEV_NOTE:
		return _("note");
	default:
		return _("ok");
	}
}

static void explain(struct lister *l)
{
	const struct lm_finding *f;

	if (l->detail_of == l->list.at)
		return;
	l->detail_of = l->list.at;
	doc_clear(&l->detail);
	f = &l->view.ui->data.report->findings[l->list.at];
	doc_add(&l->detail, ROLE_HEADING, 0, "%s: %s", f->subject ? f->subject : "",
		f->what ? f->what : "");
	if (f->means)
		doc_item(&l->detail, ROLE_NORMAL, 0, _("It means:   "), f->means);
	if (f->remedy)
		doc_item(&l->detail, ROLE_NORMAL, 0, _("What helps: "), f->remedy);
}

static void lister_fit(struct view *v, int rows, int cols)
{
	struct lister *l = (struct lister *)v;
	size_t n = rows_of(l);
	int room = rows - 2;

	if (l->kind == LIST_MENU)
		room = rows - 4 < (int)n ? rows - 4 : (int)n;
	l->detail_rows = 0;
	if (l->kind == LIST_DOCTOR && n) {
		list_fit(&l->list, n, room);
		explain(l);
		doc_fit(&l->detail, 1000, cols);
		l->detail_rows = (int)l->detail.n_lines < room - 3 ? (int)l->detail.n_lines : room - 3;
		/* The same height whatever is selected: nothing jumps. */
		if (l->detail_rows < room / 2)
			l->detail_rows = room / 2;
		room -= l->detail_rows + 1;
		doc_fit(&l->detail, l->detail_rows, cols);
	}
	list_fit(&l->list, n, room);
}

static void draw_row(const struct lister *l, const struct canvas *cv, int y, size_t i, bool focus)
{
	const struct data *d = &l->view.ui->data;
	enum role role, text = focus ? ROLE_FOCUS : ROLE_NORMAL;
	char line[400], size[16], key[40];

	if (l->kind == LIST_TREE) {
		tree_draw(cv, y, d->layout, i, focus);
		return;
	}
	canvas_put(cv, y, 0, ROLE_NORMAL, focus ? ">" : " ");
	if (focus)
		canvas_cursor(cv, y, 2);
	if (l->kind == LIST_DOCTOR) {
		const struct lm_finding *f = &d->report->findings[i];
		const char *word = severity(f->severity, &role);

		canvas_put(cv, y, 2, role, word);
		snprintf(line, sizeof(line), "%s: %s", f->subject ? f->subject : "",
			 f->what ? f->what : "");
		canvas_clip(cv, y, 11, cv->at.cols - 12, text, line);
	} else if (l->kind == LIST_STICKS) {
		const struct lm_found *f = &d->found->list[i];

		snprintf(line, sizeof(line), "%-16s %-12s %10s  %s%s%s", f->path ? f->path : _("booted system"),
			 f->label ? f->label : "", f->size_bytes ? text_size(size, f->size_bytes) : "",
			 f->model ? f->model : "", f->fstype ? " " : "", f->fstype ? f->fstype : "");
		canvas_clip(cv, y, 2, cv->at.cols - 3, text, line);
	} else {
		snprintf(key, sizeof(key), "%s", cmd_keys(l->cmds[i]));
		canvas_clip(cv, y, 2, 16, ROLE_KEY, key);
		canvas_clip(cv, y, 19, cv->at.cols - 20, text, cmd_help(l->cmds[i]));
	}
}

static void nothing_text(const struct lister *l, char *dst, size_t cap)
{
	const struct data *d = &l->view.ui->data;
	uint64_t done, total;
	const struct lm_error *err = l->kind == LIST_DOCTOR ? &d->report_err : &d->found_err;

	service_progress(l->view.ui->service, &done, &total);
	if (service_busy(l->view.ui->service) && total)
		snprintf(dst, cap, _("Reading ... %d%%"), gauge_percent(done, total));
	else if (service_busy(l->view.ui->service))
		snprintf(dst, cap, "%s", _("Reading ..."));
	else if (err->code && l->kind != LIST_TREE)
		snprintf(dst, cap, "%s: %s. %s", err->what, err->why, err->help);
	else
		snprintf(dst, cap, "%s", l->kind == LIST_STICKS ? _("No live stick was found. Plug one in, then F5.")
								: _("Nothing to show."));
}

static void lister_draw(const struct view *v, const struct canvas *screen)
{
	const struct lister *l = (const struct lister *)v;
	static const char *const titles[] = {N_("Doctor: what was checked, worst first"),
					     N_("Live sticks"), N_("Layout: what lies on what"),
					     N_("What can be done here")};
	struct canvas cv = *screen, rows;
	char line[1200];
	size_t i;
	int y = 0;

	if (l->kind == LIST_MENU) {
		cv = canvas_part(screen, layout_box(screen->at.rows, screen->at.cols, l->list.rows,
						    screen->at.cols < 72 ? screen->at.cols - 8 : 62));
		canvas_clear(&cv);
		canvas_box(&cv, _(titles[l->kind]));
		rows = canvas_part(&cv, (struct rect){1, 2, cv.at.rows - 2, cv.at.cols - 4});
	} else {
		canvas_put(&cv, 0, 0, ROLE_HEADING, _(titles[l->kind]));
		rows = canvas_part(&cv, (struct rect){2, 0, l->list.rows, cv.at.cols});
	}
	if (l->list.count == 0) {
		size_t next, len, from = 0;

		nothing_text(l, line, sizeof(line));
		for (y = 0; line[from] && y < rows.at.rows; y++, from += next) {
			char part[256];

			len = cells_wrap(line + from, rows.at.cols - 2, &next);
			snprintf(part, sizeof(part), "%.*s", (int)len, line + from);
			canvas_put(&rows, y, 2, ROLE_NORMAL, part);
		}
		canvas_cursor(&rows, 0, 2);
		return;
	}
	for (i = l->list.top; i < l->list.count && y < rows.at.rows; i++, y++)
		draw_row(l, &rows, y, i, i == l->list.at);
	if (l->list.top > 0)
		canvas_put(&rows, 0, rows.at.cols - 1, ROLE_KEY, cv.glyphs[GLYPH_UP]);
	if (i < l->list.count)
		canvas_put(&rows, rows.at.rows - 1, rows.at.cols - 1, ROLE_KEY,
			   cv.glyphs[GLYPH_DOWN]);
	if (l->detail_rows > 0) {
		struct point keep = *cv.cursor;
		int at = cv.at.rows - l->detail_rows;

		canvas_fill(&cv, at - 1, 0, cv.at.cols, ROLE_RULE, cv.glyphs[GLYPH_HLINE]);
		rows = canvas_part(&cv, (struct rect){at, 0, l->detail_rows, cv.at.cols});
		doc_draw(&l->detail, &rows);
		*cv.cursor = keep;
	}
}

static void accept(struct lister *l)
{
	struct ui *ui = l->view.ui;
	enum cmd cmd;

	if (l->list.count == 0)
		return;
	if (l->kind == LIST_STICKS) {
		service_free_answer(WANT_STATUS, ui->data.status);
		ui->data.status = NULL;
		service_free_answer(WANT_LAYOUT, ui->data.layout);
		ui->data.layout = NULL;
		service_open(ui->service, ui->data.found->list[l->list.at].path);
		ui_close(&l->view);
	} else if (l->kind == LIST_MENU) {
		cmd = l->cmds[l->list.at];
		ui_close(&l->view);
		ui_reap(ui); /* the command is for the view below */
		ui_command(ui, cmd);
	} else if (l->kind == LIST_TREE) {
		char text[512];

		tree_describe(tree_node(ui->data.layout, l->list.at), text, sizeof(text));
		dialog_message(ui, _("Layout"), text, "layout");
	}
}

static bool lister_command(struct view *v, enum cmd cmd)
{
	struct lister *l = (struct lister *)v;
	static const enum want wants[] = {WANT_DOCTOR, WANT_STICKS, WANT_LAYOUT};

	if (cmd == CMD_ACCEPT) {
		accept(l);
		return true;
	}
	if (cmd == CMD_REFRESH && l->kind != LIST_MENU) {
		service_ask(v->ui->service, wants[l->kind]);
		return true;
	}
	return list_command(&l->list, cmd);
}

static void lister_notice(struct view *v, enum notice note, enum want want)
{
	struct lister *l = (struct lister *)v;

	if (note == NOTE_ANSWER && want == WANT_DOCTOR)
		l->detail_of = SIZE_MAX;
	if (note == NOTE_TICK && l->list.count == 0)
		v->ui->dirty = true;
}

static void lister_status(const struct view *v, char *dst, size_t cap)
{
	const struct lister *l = (const struct lister *)v;
	const struct data *d = &v->ui->data;

	if (l->kind == LIST_DOCTOR && d->report)
		snprintf(dst, cap, "%s", d->report->ill ? _("Something needs attention: see what helps, below.")
							: _("All is well. Nothing was changed: the doctor only reads."));
	else if (l->kind == LIST_TREE && l->list.count)
		tree_describe(tree_node(d->layout, l->list.at), dst, cap);
	else if (l->kind == LIST_STICKS)
		snprintf(dst, cap, "%s", _("Enter opens the stick, for looking only."));
}

static const struct view_ops lister_ops = {
	.free = lister_free,
	.context = lister_context,
	.topic = lister_topic,
	.fit = lister_fit,
	.draw = lister_draw,
	.command = lister_command,
	.notice = lister_notice,
	.status = lister_status,
};

static const struct view_ops menu_ops = {
	.popup = true,
	.free = lister_free,
	.context = lister_context,
	.topic = lister_topic,
	.fit = lister_fit,
	.draw = lister_draw,
	.command = lister_command,
};

static struct lister *lister_new(struct ui *ui, enum list_kind kind)
{
	struct lister *l = calloc(1, sizeof(*l));

	if (!l) {
		ui_say(ui, _("Not enough memory."));
		return NULL;
	}
	l->view.ops = kind == LIST_MENU ? &menu_ops : &lister_ops;
	l->kind = kind;
	l->detail_of = SIZE_MAX;
	ui_push(ui, &l->view);
	return l;
}

void doctor_open(struct ui *ui)
{
	service_free_answer(WANT_DOCTOR, ui->data.report);
	ui->data.report = NULL;
	if (lister_new(ui, LIST_DOCTOR))
		service_ask(ui->service, WANT_DOCTOR);
}

void sticks_open(struct ui *ui)
{
	if (lister_new(ui, LIST_STICKS))
		service_ask(ui->service, WANT_STICKS);
}

void tree_open(struct ui *ui)
{
	lister_new(ui, LIST_TREE);
}

void menu_open(struct ui *ui, unsigned context)
{
	struct lister *l = lister_new(ui, LIST_MENU);
	int i;

	for (i = CMD_NONE + 1; l && i < N_CMDS; i++)
		if ((cmd_contexts((enum cmd)i) & context) && i != CMD_MENU)
			l->cmds[l->n_cmds++] = (enum cmd)i;
}

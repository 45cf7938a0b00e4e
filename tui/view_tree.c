/* SPDX-License-Identifier: GPL-3.0-or-later */
/* view_tree.c - the device layout on a page of its own */
#include <stdio.h>
#include <stdlib.h>

#include "core/i18n.h"
#include "tui/dialog.h"
#include "tui/list.h"
#include "tui/tree.h"
#include "tui/ui.h"

struct tree_page {
	struct view view;
	struct list list;
};

static void page_free(struct view *v)
{
	free(v);
}

static unsigned page_context(const struct view *v)
{
	(void)v;
	return CTX_LIST;
}

static const char *page_topic(const struct view *v)
{
	(void)v;
	return "layout";
}

static void page_fit(struct view *v, int rows, int cols)
{
	(void)cols;
	list_fit(&((struct tree_page *)v)->list, tree_lines(v->ui->data.layout), rows - 2);
}

static void draw_row(const void *arg, const struct canvas *cv, int y, size_t i, bool focus)
{
	tree_draw(cv, y, arg, i, focus);
}

static void page_draw(const struct view *v, const struct canvas *cv)
{
	const struct tree_page *p = (const struct tree_page *)v;
	struct canvas rows = canvas_part(cv, (struct rect){2, 0, p->list.rows, cv->at.cols});

	canvas_put(cv, 0, 0, ROLE_HEADING, _("Layout: what lies on what"));
	if (p->list.count == 0) {
		canvas_put(&rows, 0, 2, ROLE_NORMAL,
			   service_reading(v->ui->service) ? _("Reading ...")
							   : _("Nothing to show."));
		canvas_cursor(&rows, 0, 2);
	}
	list_draw(&p->list, &rows, draw_row, v->ui->data.layout);
}

static bool page_command(struct view *v, enum cmd cmd)
{
	struct tree_page *p = (struct tree_page *)v;
	char text[512];

	if (cmd == CMD_ACCEPT && p->list.count) {
		tree_describe(tree_node(v->ui->data.layout, p->list.at), text, sizeof(text));
		dialog_message(v->ui, _("Layout"), text, "layout");
		return true;
	}
	if (cmd == CMD_REFRESH) {
		service_ask(v->ui->service, WANT_LAYOUT);
		return true;
	}
	return list_command(&p->list, cmd);
}

static void page_status(const struct view *v, char *dst, size_t cap)
{
	const struct tree_page *p = (const struct tree_page *)v;

	if (p->list.count)
		tree_describe(tree_node(v->ui->data.layout, p->list.at), dst, cap);
}

static const struct view_ops page_ops = {
	.free = page_free,
	.context = page_context,
	.topic = page_topic,
	.fit = page_fit,
	.draw = page_draw,
	.command = page_command,
	.status = page_status,
};

void tree_open(struct ui *ui)
{
	struct tree_page *p = calloc(1, sizeof(*p));

	if (!p) {
		ui_say(ui, _("Not enough memory."));
		return;
	}
	p->view.ops = &page_ops;
	ui_push(ui, &p->view);
}

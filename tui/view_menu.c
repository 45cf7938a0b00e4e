/* SPDX-License-Identifier: GPL-3.0-or-later */
/* view_menu.c - everything that can be done, with its key: what livemend can, and what is here */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "tui/actions.h"
#include "tui/cells.h"
#include "tui/list.h"
#include "tui/ui.h"

struct menu {
	struct view view;
	struct list list;
	struct action items[ACTIONS_MAX + N_CMDS];
	size_t n;
	unsigned context; /* of what lies below */
};

static void menu_free(struct view *v)
{
	free(v);
}

static unsigned menu_context(const struct view *v)
{
	(void)v;
	return CTX_LIST;
}

static const char *menu_topic(const struct view *v)
{
	const struct menu *m = (const struct menu *)v;
	const char *topic = m->n ? cmd_topic(m->items[m->list.at].cmd) : NULL;

	return topic ? topic : "keys";
}

static void menu_fit(struct view *v, int rows, int cols)
{
	struct menu *m = (struct menu *)v;
	int room = rows - 4 < (int)m->n ? rows - 4 : (int)m->n;

	(void)cols;
	list_fit(&m->list, m->n, room);
}

static void draw_item(const void *arg, const struct canvas *cv, int y, size_t i, bool focus)
{
	const struct action *a = &((const struct menu *)arg)->items[i];
	enum role role = focus ? ROLE_FOCUS : a->why_not ? ROLE_OFF : ROLE_NORMAL;
	const char *name = cmd_name(a->cmd);
	char keys[40];
	int x;

	snprintf(keys, sizeof(keys), "%s", cmd_keys(a->cmd));
	canvas_clip(cv, y, 2, 10, ROLE_KEY, keys);
	x = canvas_clip(cv, y, 13, cv->at.cols - 14, role, name ? name : cmd_help(a->cmd));
	if (a->why_not && x + 4 < cv->at.cols) {
		char why[80];

		snprintf(why, sizeof(why), "(%s)", a->why_not);
		canvas_clip(cv, y, x + 1, cv->at.cols - x - 2, ROLE_OFF, why);
	}
}

static void menu_draw(const struct view *v, const struct canvas *screen)
{
	const struct menu *m = (const struct menu *)v;
	struct canvas box =
		canvas_part(screen, layout_box(screen->at.rows, screen->at.cols, m->list.rows,
					       screen->at.cols < 72 ? screen->at.cols - 8 : 62));
	struct canvas rows =
		canvas_part(&box, (struct rect){1, 2, box.at.rows - 2, box.at.cols - 4});

	canvas_clear(&box);
	canvas_box(&box, _("What can be done"));
	list_draw(&m->list, &rows, draw_item, m);
}

/* The command is for the view below. */
static void carry_out(struct menu *m, enum cmd cmd)
{
	struct ui *ui = m->view.ui;

	ui_close(&m->view);
	ui_reap(ui);
	ui_command(ui, cmd);
}

static bool menu_command(struct view *v, enum cmd cmd)
{
	struct menu *m = (struct menu *)v;

	if (cmd == CMD_ACCEPT) {
		carry_out(m, m->items[m->list.at].cmd);
		return true;
	}
	return list_command(&m->list, cmd);
}

/* The keys that are listed work here as well, those of the list itself excepted. */
static bool menu_key(struct view *v, uint32_t key)
{
	struct menu *m = (struct menu *)v;
	enum cmd own = cmd_for_key(CTX_LIST, key), cmd;
	size_t i;

	if (own != CMD_NONE && !cmd_name(own))
		return false;
	cmd = own != CMD_NONE && !ui_at_work(v->ui) ? own : cmd_for_key(m->context, key);
	if (cmd == CMD_NONE)
		cmd = own;
	for (i = 0; i < m->n; i++)
		if (m->items[i].cmd == cmd) {
			carry_out(m, cmd);
			return true;
		}
	return false;
}

static void menu_status(const struct view *v, char *dst, size_t cap)
{
	const struct menu *m = (const struct menu *)v;
	const struct action *a = &m->items[m->list.at];

	snprintf(dst, cap, "%s", a->why_not ? a->because : cmd_help(a->cmd));
}

static const struct view_ops menu_ops = {
	.popup = true,
	.free = menu_free,
	.context = menu_context,
	.topic = menu_topic,
	.fit = menu_fit,
	.draw = menu_draw,
	.command = menu_command,
	.key = menu_key,
	.status = menu_status,
};

static void add_here(struct menu *m)
{
	int i;

	for (i = CMD_NONE + 1; i < N_CMDS; i++)
		if ((cmd_contexts((enum cmd)i) & m->context) && i != CMD_MENU &&
		    !cmd_name((enum cmd)i))
			m->items[m->n++] = (struct action){.cmd = (enum cmd)i};
}

void menu_open(struct ui *ui)
{
	struct menu *m = calloc(1, sizeof(*m));
	enum cmd advised = action_advised(ui);
	size_t i;

	if (!m) {
		ui_say(ui, _("Not enough memory."));
		return;
	}
	m->view.ops = &menu_ops;
	m->context = ui->top->ops->context(ui->top);
	if (ui_at_work(ui))
		add_here(m);
	m->n += actions_list(ui, m->items + m->n);
	if (!ui_at_work(ui))
		add_here(m);
	for (i = 0; i < m->n; i++)
		if (m->items[i].cmd == advised && !ui_at_work(ui))
			m->list.at = i;
	ui_push(ui, &m->view);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* view_help.c - the topics, one a page; all keys, from the command table */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "help/help.h"
#include "tui/dialog.h"
#include "tui/doc.h"
#include "tui/help_list.h"
#include "tui/ui.h"

struct help_page {
	struct view view;
	char topic[32], title[80];
	struct doc doc;
};

static void help_free(struct view *v)
{
	doc_clear(&((struct help_page *)v)->doc);
	free(v);
}

static unsigned help_context(const struct view *v)
{
	(void)v;
	return CTX_HELP;
}

static const char *help_topic_of(const struct view *v)
{
	(void)v;
	return "keys";
}

static void help_fit(struct view *v, int rows, int cols)
{
	doc_fit(&((struct help_page *)v)->doc, rows - 2, cols);
}

static void help_draw(const struct view *v, const struct canvas *cv)
{
	const struct help_page *p = (const struct help_page *)v;
	struct canvas text = canvas_part(cv, (struct rect){2, 0, cv->at.rows - 2, cv->at.cols});

	canvas_put(cv, 0, 0, ROLE_HEADING, p->title);
	doc_draw(&p->doc, &text);
}

/* The keys as the command table has them: help that cannot be out of date. */
static void add_keys(struct doc *doc)
{
	char label[40];
	int i;

	doc_add(doc, ROLE_NORMAL, 0, "%s", "");
	doc_add(doc, ROLE_HEADING, 0, "%s", _("All keys"));
	for (i = 0; i < N_CMDS - 1; i++) {
		snprintf(label, sizeof(label), "%-24s", cmd_keys(cmd_at(i)));
		doc_item(doc, ROLE_NORMAL, 2, label, cmd_help(cmd_at(i)));
	}
	doc_add(doc, ROLE_NORMAL, 2, "%s",
		_("A function key is also Esc and its digit: Esc 1 is F1, Esc 0 is F10. C- is the "
		  "Ctrl key."));
}

static void fill(struct help_page *p, const char *name)
{
	const struct help_topic *topic = help_find(name);
	char *text;

	if (!topic)
		topic = help_find("keys");
	text = topic ? help_text(topic) : NULL;
	snprintf(p->topic, sizeof(p->topic), "%s", topic ? topic->name : name);
	snprintf(p->title, sizeof(p->title), _("Help: %s"), topic ? _(topic->title) : name);
	doc_clear(&p->doc);
	if (text)
		doc_prose(&p->doc, ROLE_NORMAL, text);
	free(text);
	if (strcmp(p->topic, "keys") == 0)
		add_keys(&p->doc);
}

static void turn(struct help_page *p, int step)
{
	size_t count = 0, i;
	const struct help_topic *all = help_all(&count);

	for (i = 0; i < count; i++)
		if (strcmp(all[i].name, p->topic) == 0)
			break;
	if (count)
		fill(p,
		     all[i == count ? 0 : (i + count + (step > 0 ? 1 : count - 1)) % count].name);
}

static void search(void *arg, const char *word)
{
	struct help_page *p = arg;

	help_list_open(p->view.ui, word);
}

static bool help_command(struct view *v, enum cmd cmd)
{
	struct help_page *p = (struct help_page *)v;

	switch (cmd) {
	case CMD_HELP:
		fill(p, "keys");
		return true;
	case CMD_TOPIC_NEXT:
		turn(p, 1);
		return true;
	case CMD_TOPIC_BACK:
		turn(p, -1);
		return true;
	case CMD_TOPICS:
		help_list_open(v->ui, NULL);
		return true;
	case CMD_SEARCH:
		dialog_prompt(v->ui, _("Search the help"), _("A word, or a part of one:"), "",
			      "keys", search, p);
		return true;
	default:
		return doc_command(&p->doc, cmd);
	}
}

static void help_status(const struct view *v, char *dst, size_t cap)
{
	(void)v;
	snprintf(dst, cap, "%s",
		 _("a all topics, / search, n the next topic, F1 all keys, Esc back."));
}

static const struct view_ops help_ops = {
	.free = help_free,
	.context = help_context,
	.topic = help_topic_of,
	.fit = help_fit,
	.draw = help_draw,
	.command = help_command,
	.status = help_status,
};

void help_open(struct ui *ui, const char *topic)
{
	help_open_at(ui, topic, 0);
}

void help_open_at(struct ui *ui, const char *topic, size_t line)
{
	struct help_page *p = calloc(1, sizeof(*p));

	if (!p) {
		ui_say(ui, _("Not enough memory."));
		return;
	}
	p->view.ops = &help_ops;
	ui_push(ui, &p->view);
	fill(p, topic);
	p->doc.wanted_line = line;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* view_pages.c - pages to be read: help, log */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "help/help.h"
#include "tui/doc.h"
#include "tui/ui.h"

enum page_kind { PAGE_HELP, PAGE_LOG };

struct page {
	struct view view;
	enum page_kind kind;
	char topic[32], title[80];
	struct doc doc;
};

static void page_free(struct view *v)
{
	doc_clear(&((struct page *)v)->doc);
	free(v);
}

static unsigned page_context(const struct view *v)
{
	(void)v;
	return CTX_TEXT;
}

static const char *page_topic(const struct view *v)
{
	return ((const struct page *)v)->kind == PAGE_LOG ? "log" : "keys";
}

static void page_fit(struct view *v, int rows, int cols)
{
	doc_fit(&((struct page *)v)->doc, rows - 2, cols);
}

static void page_draw(const struct view *v, const struct canvas *cv)
{
	const struct page *p = (const struct page *)v;
	struct canvas text = canvas_part(cv, (struct rect){2, 0, cv->at.rows - 2, cv->at.cols});

	canvas_put(cv, 0, 0, ROLE_HEADING, p->title);
	doc_draw(&p->doc, &text);
}

/* The keys as the command table has them: help that cannot be out of date. */
static void add_keys(struct doc *doc)
{
	char label[40];
	int i;

	doc_add(doc, ROLE_HEADING, 0, "%s", _("All keys"));
	for (i = CMD_NONE + 1; i < N_CMDS; i++) {
		snprintf(label, sizeof(label), "%-24s", cmd_keys((enum cmd)i));
		doc_item(doc, ROLE_NORMAL, 2, label, cmd_help((enum cmd)i));
	}
	doc_add(doc, ROLE_NORMAL, 2, "%s",
		_("A function key is also Esc and its digit: Esc 1 is F1, Esc 0 is F10. C- is the Ctrl key."));
}

static void fill_help(struct page *p)
{
	const struct help_topic *topic = help_find(p->topic), *all;
	size_t count = 0, i;
	char *text;

	if (!topic)
		topic = help_find("keys");
	snprintf(p->title, sizeof(p->title), _("Help: %s"), topic ? _(topic->title) : p->topic);
	text = topic ? help_text(topic) : NULL;
	if (text)
		doc_text(&p->doc, ROLE_NORMAL, 0, text);
	free(text);
	if (strcmp(p->topic, "keys") == 0) {
		doc_add(&p->doc, ROLE_NORMAL, 0, "%s", "");
		add_keys(&p->doc);
	}
	all = help_all(&count);
	doc_add(&p->doc, ROLE_NORMAL, 0, "%s", "");
	doc_add(&p->doc, ROLE_HEADING, 0, "%s", _("Other topics (n: next, b: the one before)"));
	for (i = 0; all && i < count; i++)
		doc_add(&p->doc, topic == &all[i] ? ROLE_HEADING : ROLE_NORMAL, 0, "%s %s",
			topic == &all[i] ? ">" : " ", _(all[i].title));
}

static void fill_log(struct page *p)
{
	struct ui *ui = p->view.ui;
	char *session = logbuf_text(ui->log);
	bool at_end = doc_seen(&p->doc) || p->doc.rows == 0;
	size_t top = p->doc.top;

	doc_clear(&p->doc);
	snprintf(p->title, sizeof(p->title), "%s", _("Log"));
	doc_add(&p->doc, ROLE_HEADING, 0, "%s", _("What livemend has done to this stick"));
	if (ui->data.journal && *ui->data.journal)
		doc_text(&p->doc, ROLE_NORMAL, 2, ui->data.journal);
	else if (ui->data.journal_err.code)
		doc_error(&p->doc, &ui->data.journal_err);
	else
		doc_add(&p->doc, ROLE_NORMAL, 2, "%s",
			ui->data.journal ? _("Nothing so far.") : _("Reading ..."));
	doc_add(&p->doc, ROLE_NORMAL, 0, "%s", "");
	doc_add(&p->doc, ROLE_HEADING, 0, "%s", _("Messages of this session"));
	if (session && *session)
		doc_text(&p->doc, ROLE_NORMAL, 2, session);
	else
		doc_add(&p->doc, ROLE_NORMAL, 2, "%s", _("None."));
	free(session);
	p->doc.top = top;
	if (at_end)
		doc_end(&p->doc);
}

static void turn_topic(struct page *p, int step)
{
	size_t count = 0, i;
	const struct help_topic *all = help_all(&count);

	for (i = 0; i < count; i++)
		if (strcmp(all[i].name, p->topic) == 0)
			break;
	if (!count)
		return;
	i = i == count ? 0 : (i + count + (step > 0 ? 1 : count - 1)) % count;
	snprintf(p->topic, sizeof(p->topic), "%s", all[i].name);
	doc_clear(&p->doc);
	fill_help(p);
}

static bool page_key(struct view *v, uint32_t key)
{
	struct page *p = (struct page *)v;

	if (p->kind != PAGE_HELP || (key != 'n' && key != 'b'))
		return false;
	turn_topic(p, key == 'n' ? 1 : -1);
	return true;
}

static bool page_command(struct view *v, enum cmd cmd)
{
	struct page *p = (struct page *)v;

	if (cmd == CMD_HELP && p->kind == PAGE_HELP) {
		snprintf(p->topic, sizeof(p->topic), "keys");
		doc_clear(&p->doc);
		fill_help(p);
		return true;
	}
	return doc_command(&p->doc, cmd);
}

static void page_notice(struct view *v, enum notice note, enum want want)
{
	struct page *p = (struct page *)v;

	if (p->kind == PAGE_LOG && note == NOTE_ANSWER && want == WANT_JOURNAL) {
		fill_log(p);
		v->ui->dirty = true;
	}
}

static void page_status(const struct view *v, char *dst, size_t cap)
{
	const struct page *p = (const struct page *)v;

	if (p->kind == PAGE_HELP)
		snprintf(dst, cap, "%s",
			 _("n the next topic, b the one before, F1 all keys, Esc back."));
	else
		snprintf(dst, cap, "%s", _("Newest last. Esc goes back."));
}

static const struct view_ops page_ops = {
	.free = page_free,
	.context = page_context,
	.topic = page_topic,
	.fit = page_fit,
	.draw = page_draw,
	.command = page_command,
	.key = page_key,
	.notice = page_notice,
	.status = page_status,
};

static struct page *page_new(struct ui *ui, enum page_kind kind)
{
	struct page *p = calloc(1, sizeof(*p));

	if (!p) {
		ui_say(ui, _("Not enough memory."));
		return NULL;
	}
	p->view.ops = &page_ops;
	p->kind = kind;
	ui_push(ui, &p->view);
	return p;
}

void help_open(struct ui *ui, const char *topic)
{
	struct page *p = page_new(ui, PAGE_HELP);

	if (!p)
		return;
	snprintf(p->topic, sizeof(p->topic), "%s", topic);
	fill_help(p);
}

void log_open(struct ui *ui)
{
	const struct view *v;
	struct page *p = page_new(ui, PAGE_LOG);

	if (!p)
		return;
	/* Work in progress owns the stick: then the journal is what it was. */
	for (v = ui->top; v; v = v->below)
		if (v->ops->may_end && !v->ops->may_end(v))
			break;
	if (!v)
		service_ask(ui->service, WANT_JOURNAL);
	fill_log(p);
}

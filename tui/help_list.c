/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/help_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "help/help.h"
#include "tui/cells.h"
#include "tui/list.h"
#include "tui/ui.h"

struct hit {
	const struct help_topic *topic;
	size_t line; /* of the text, from 0 */
	char *text;  /* the line, without its blanks; NULL: the topic itself */
};

struct help_list {
	struct view view;
	struct list list;
	struct hit *hits;
	size_t n_hits;
	char title[120];
};

static void list_free(struct view *v)
{
	struct help_list *h = (struct help_list *)v;
	size_t i;

	for (i = 0; i < h->n_hits; i++)
		free(h->hits[i].text);
	free(h->hits);
	free(h);
}

static unsigned list_context(const struct view *v)
{
	(void)v;
	return CTX_LIST;
}

static const char *list_topic(const struct view *v)
{
	(void)v;
	return "keys";
}

static void fit(struct view *v, int rows, int cols)
{
	struct help_list *h = (struct help_list *)v;

	(void)cols;
	list_fit(&h->list, h->n_hits, rows - 2);
}

static void draw_row(const void *arg, const struct canvas *cv, int y, size_t i, bool focus)
{
	const struct hit *hit = &((const struct help_list *)arg)->hits[i];
	enum role role = focus ? ROLE_FOCUS : ROLE_NORMAL;

	if (!hit->text) {
		canvas_clip(cv, y, 2, 12, role, hit->topic->name);
		canvas_clip(cv, y, 16, cv->at.cols - 17, ROLE_NORMAL, _(hit->topic->title));
		return;
	}
	canvas_clip(cv, y, 2, 12, ROLE_KEY, hit->topic->name);
	canvas_clip(cv, y, 16, cv->at.cols - 17, role, hit->text);
}

static void draw(const struct view *v, const struct canvas *cv)
{
	const struct help_list *h = (const struct help_list *)v;
	struct canvas rows = canvas_part(cv, (struct rect){2, 0, h->list.rows, cv->at.cols});

	canvas_put(cv, 0, 0, ROLE_HEADING, h->title);
	if (h->n_hits == 0) {
		canvas_put(&rows, 0, 2, ROLE_NORMAL, _("It stands nowhere. Try a shorter word."));
		canvas_cursor(&rows, 0, 2);
	}
	list_draw(&h->list, &rows, draw_row, h);
}

static bool command(struct view *v, enum cmd cmd)
{
	struct help_list *h = (struct help_list *)v;

	if (cmd == CMD_ACCEPT && h->list.count) {
		const struct hit *hit = &h->hits[h->list.at];

		help_open_at(v->ui, hit->topic->name, hit->line);
		return true;
	}
	return list_command(&h->list, cmd);
}

static void status(const struct view *v, char *dst, size_t cap)
{
	(void)v;
	snprintf(dst, cap, "%s", _("Enter opens the topic, Esc goes back."));
}

static const struct view_ops list_ops = {
	.free = list_free,
	.context = list_context,
	.topic = list_topic,
	.fit = fit,
	.draw = draw,
	.command = command,
	.status = status,
};

static bool add(struct help_list *h, const struct help_topic *topic, size_t line, const char *text)
{
	struct hit *more = reallocarray(h->hits, h->n_hits + 1, sizeof(*more));
	char *copy = text ? strdup(text + strspn(text, " ")) : NULL;

	if (more)
		h->hits = more;
	if (!more || (text && !copy)) {
		free(copy);
		return false;
	}
	h->hits[h->n_hits++] = (struct hit){topic, line, copy};
	return true;
}

/* The title, and the lines that hold the word; the case of letters does not matter. */
static bool find_in(struct help_list *h, const struct help_topic *topic, const char *word)
{
	char *text = help_text(topic), *at = text;
	bool ok = text != NULL;
	size_t line;

	if (ok && (strcasestr(_(topic->title), word) || strcasestr(topic->name, word)))
		ok = add(h, topic, 0, NULL);
	for (line = 0; ok && *at; line++) {
		size_t len = strcspn(at, "\n");
		bool more = at[len] == '\n';

		at[len] = '\0';
		if (strcasestr(at, word))
			ok = add(h, topic, line, at);
		at += len + more;
	}
	free(text);
	return ok;
}

void help_list_open(struct ui *ui, const char *word)
{
	struct help_list *h = calloc(1, sizeof(*h));
	const struct help_topic *all;
	size_t count = 0, i;
	bool ok = h != NULL;

	all = help_all(&count);
	for (i = 0; ok && i < count; i++)
		ok = word ? find_in(h, &all[i], word) : add(h, &all[i], 0, NULL);
	if (!ok) {
		if (h)
			list_free(&h->view);
		ui_say(ui, _("Not enough memory."));
		return;
	}
	if (word)
		snprintf(h->title, sizeof(h->title), _("Help: where \"%s\" stands"), word);
	else
		snprintf(h->title, sizeof(h->title), "%s", _("Help: all topics"));
	h->view.ops = &list_ops;
	ui_push(ui, &h->view);
}

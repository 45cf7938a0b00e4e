/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plain_help.c - topics, and a search through them; and the sticks to choose from */
#include <stdlib.h>
#include <string.h>

#include "cli/plain.h"
#include "core/i18n.h"
#include "core/text.h"
#include "help/help.h"

static void show(struct plain *p, const struct help_topic *topic)
{
	char *text = help_text(topic);

	fprintf(p->out->f, "\n%s\n\n%s", _(topic->title), text ? text : "");
	free(text);
}

void plain_topic(struct plain *p, const char *name)
{
	const struct help_topic *topic = help_find(name);

	if (topic)
		show(p, topic);
}

static bool holds(const struct help_topic *topic, const char *word)
{
	char *text = help_text(topic);
	bool found = strcasestr(_(topic->title), word) || (text && strcasestr(text, word));

	free(text);
	return found;
}

static void search(struct plain *p)
{
	const struct help_topic *topics;
	size_t count, i, found = 0;
	char word[80];

	if (!plain_ask(p, _("Word to look for: "), word, sizeof(word)) || !word[0])
		return;
	topics = help_all(&count);
	for (i = 0; i < count; i++) {
		if (!holds(&topics[i], word))
			continue;
		plain_item(p, (int)i + 1, _(topics[i].title));
		found++;
	}
	if (!found)
		fprintf(p->out->f, "%s\n", _("No topic speaks of it."));
}

void plain_help(struct plain *p)
{
	const struct help_topic *topics;
	size_t count, i;
	int choice;

	topics = help_all(&count);
	fprintf(p->out->f, "%s\n", _("Topics:"));
	for (i = 0; i < count; i++)
		plain_item(p, (int)i + 1, _(topics[i].title));
	for (;;) {
		choice = plain_choose(p, _("Number of a topic, s to search, q to go back: "),
				      (int)count, "s");
		if (choice == PLAIN_LEAVE || choice == PLAIN_ENTER)
			return;
		if (choice == PLAIN_LETTER('s'))
			search(p);
		else
			show(p, &topics[choice - 1]);
	}
}

/* ------------------------------------------------------------ sticks -- */

static void name_stick(struct plain *p, int number, struct lm_found *f)
{
	char size[16], *line;

	if (!f->judged)
		lm_found_judge(p->cli->ctx, f, NULL);
	line = text_format("%s%s%s, %s%s%s%s%s", f->path ? f->path : _("the booted system"),
			   f->label ? ", " : "", f->label ? f->label : "",
			   text_size(size, f->size_bytes), f->model ? ", " : "",
			   f->model ? f->model : "", f->headline ? ". " : "",
			   f->headline ? f->headline : "");
	if (line)
		plain_item(p, number, line);
	free(line);
}

void plain_sticks(struct plain *p)
{
	struct lm_found *list = NULL;
	struct lm_error err = {0};
	size_t count = 0, i;
	char answer[128];
	int choice;

	if (lm_find(p->cli->ctx, &list, &count, &err)) {
		plain_error(p, &err);
	} else {
		fprintf(p->out->f, "%s\n", count ? _("Live media:") : _("No live stick was found."));
		for (i = 0; i < count; i++)
			name_stick(p, (int)i + 1, &list[i]);
	}
	if (plain_ask(p, _("Number, or the path of a folder, image or device (Enter goes back): "),
		      answer, sizeof(answer)) &&
	    answer[0]) {
		choice = answer[0] >= '0' && answer[0] <= '9' ? atoi(answer) : -1;
		if (choice > 0 && (size_t)choice <= count)
			plain_open(p, list[choice - 1].path);
		else if (choice < 0 && strcmp(answer, "q") != 0)
			plain_open(p, answer);
		if (choice != 0 && strcmp(answer, "q") != 0)
			plain_status(p);
	}
	lm_found_free(list, count);
}

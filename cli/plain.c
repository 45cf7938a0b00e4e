/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plain.c - line mode: the stick, and the list of what can be done */
#include "cli/plain.h"

#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/show.h"
#include "core/i18n.h"
#include "core/text.h"

void plain_error(struct plain *p, const struct lm_error *err)
{
	plain_line(p, _("Error:"), err->what);
	plain_line(p, _("On:"), err->on);
	plain_line(p, _("Because:"), err->why);
	plain_line(p, _("What helps:"), err->help);
}

void plain_open(struct plain *p, const char *path)
{
	char *copy = path ? strdup(path) : NULL;

	lm_stick_close(p->stick);
	p->stick = NULL;
	free(p->path);
	p->path = copy;
	memset(&p->open_err, 0, sizeof(p->open_err));
	lm_stick_open(p->cli->ctx, p->path, &p->stick, &p->open_err);
}

void plain_reopen(struct plain *p)
{
	char *path = p->path ? strdup(p->path) : NULL;

	plain_open(p, path);
	free(path);
}

bool plain_has_stick(struct plain *p)
{
	if (p->stick)
		return true;
	plain_error(p, &p->open_err);
	return false;
}

/* ------------------------------------------------- what can be done -- */

enum { MAX_ITEMS = 40 };

struct item {
	const char *name;                /* the word that can be typed as well */
	const char *text;                /* untranslated */
	bool needs_stick;
	void (*run)(struct plain *p);    /* NULL: the wizard of op */
	const struct lm_op_info *op;     /* NULL: it is none */
};

static void status_again(struct plain *p)
{
	plain_status(p);
}

/* The screens that are commands too; what is in neither list is for the shell only. */
static const struct {
	const char *name;
	void (*run)(struct plain *p);
} screens[] = {
	{"status", status_again},
	{"layout", plain_layout},
	{"doctor", plain_doctor},
	{"usage", plain_usage},
};

static void lesson_here(struct plain *p)
{
	plain_lesson(p, p->path ? p->path : "/");
}

static const struct item extras[] = {
	{"lesson", N_("go on with the lesson on this practice stick"), true, lesson_here, NULL},
	{"log", N_("everything that was done on this stick, and the commands"), true, plain_log,
	 NULL},
	{"sticks", N_("choose another stick"), false, plain_sticks, NULL},
	{"help", N_("explain: topics, words, a search"), false, plain_help, NULL},
};

/* Made from the table of commands; what they are called and do is written there only. */
static int make_items(struct item items[MAX_ITEMS])
{
	size_t c, i, count;
	const struct cli_command *all = cli_commands(&count);
	int n = 0;

	for (c = 0; c < count && n < MAX_ITEMS - 8; c++) {
		struct item *it = &items[n];

		it->name = all[c].name;
		it->text = all[c].summary;
		it->op = all[c].op;
		it->needs_stick = !it->op || it->op->traits & LM_OP_NEEDS_STICK;
		it->run = it->op && it->op->takes & LM_TAKES_LESSON ? plain_practice : NULL;
		for (i = 0; i < sizeof(screens) / sizeof(screens[0]); i++)
			if (!strcmp(screens[i].name, it->name))
				it->run = screens[i].run;
		n += it->run || it->op;
	}
	for (i = 0; i < sizeof(extras) / sizeof(extras[0]); i++)
		items[n++] = extras[i];
	return n;
}

/* Why it cannot be done now, in a few words; NULL: no reason is known beforehand. */
static const char *why_not(struct plain *p, const struct lm_status *s, const struct item *item)
{
	bool changes = item->op && item->op->traits & LM_OP_CHANGES;

	if (!item->needs_stick)
		return NULL;
	if (!p->stick)
		return _("no stick is open");
	if (item->run || !s)
		return NULL;
	if (item->op->traits & LM_OP_TAKES_UP && !s->interrupted)
		return _("nothing was cut off");
	if (changes && s->interrupted)
		return _("first resume what was cut off");
	if (changes && s->stick.readonly)
		return _("the stick is read-only");
	if (changes && (!s->n_overlays || s->overlays[0].kind == LM_OVERLAY_NONE))
		return _("there is no overlay");
	return NULL;
}

static void list_items(struct plain *p, const struct item *items, int n)
{
	struct lm_status *status = NULL;
	const char *why;
	char *line;
	int i;

	if (p->stick && lm_status_read(p->stick, LM_STATUS_QUICK, &status, NULL))
		status = NULL;
	plain_heading(p, _("What can be done:"));
	for (i = 0; i < n; i++) {
		why = why_not(p, status, &items[i]);
		if (why)
			line = text_format(_("%s: not now, %s"), items[i].name, why);
		else
			line = text_format("%s: %s", items[i].name, _(items[i].text));
		if (line)
			plain_item(p, i + 1, line);
		free(line);
	}
	plain_item(p, 0, _("quit"));
	lm_status_free(status);
}

static void run_item(struct plain *p, const struct item *item)
{
	fputc('\n', p->out->f);
	if (item->needs_stick && !plain_has_stick(p))
		return;
	if (item->run)
		item->run(p);
	else
		plain_wizard(p, item->op);
}

/* The index of what was typed, a number or a name; -1 when it is neither. */
static int find_item(const struct item *items, int n, const char *answer)
{
	char *end;
	long k = strtol(answer, &end, 10);
	int i;

	if (end != answer && !*end)
		return k >= 1 && k <= n ? (int)k - 1 : -1;
	for (i = 0; i < n; i++)
		if (!strcmp(items[i].name, answer))
			return i;
	return -1;
}

static int menu(struct plain *p, int outcome)
{
	struct item items[MAX_ITEMS] = {{0}};
	int n = make_items(items), i;
	bool list = true, any = false;
	char answer[80];

	for (;;) {
		if (list)
			list_items(p, items, n);
		list = false;
		if (!plain_ask(p, _("Number or name (Enter lists them, 0 quits): "), answer,
			       sizeof(answer)))
			return !any ? outcome : p->resumable ? LM_RESUMABLE : LM_DONE;
		any = true;
		if (!strcmp(answer, "0") || !strcmp(answer, "q") || !strcmp(answer, "quit"))
			return p->resumable ? LM_RESUMABLE : LM_DONE;
		if (!strcmp(answer, "?"))
			snprintf(answer, sizeof(answer), "help");
		i = find_item(items, n, answer);
		if (i >= 0)
			run_item(p, &items[i]);
		else if (!answer[0])
			list = true;
		else
			fprintf(p->out->f, "%s\n", _("That is none of the choices."));
	}
}

static void begin(struct plain *p, struct cli *cli)
{
	memset(p, 0, sizeof(*p));
	p->cli = cli;
	p->out = &cli->out;
	/* Questions are put and answered here, whatever standard input is. */
	cli->in_lines = true;
	cli->out.lines = true;
	cli->out.colour = false;
}

static void end(struct plain *p)
{
	lm_stick_close(p->stick);
	free(p->path);
}

int plain_run(struct cli *cli)
{
	struct plain p;
	int outcome;

	begin(&p, cli);
	plain_open(&p, cli->args.stick);
	outcome = plain_status(&p);
	outcome = menu(&p, outcome);
	end(&p);
	return outcome;
}

int plain_lesson_run(struct cli *cli, const char *dir)
{
	struct plain p;

	begin(&p, cli);
	plain_lesson(&p, dir);
	end(&p);
	return LM_DONE;
}

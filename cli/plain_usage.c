/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plain_usage.c - what eats the overlay, walked through by numbers */
#include <stdlib.h>

#include "cli/plain.h"
#include "core/i18n.h"
#include "core/text.h"

#define PAGE 20

static void sums(struct plain *p, const struct lm_usage *u)
{
	const struct {
		const char *what;
		uint64_t bytes;
	} lines[] = {
		{N_("In files and folders:"), u->files_bytes},
		{N_("The file system's tables:"), u->fsmeta_bytes},
		{N_("Its journal:"), u->journal_bytes},
		{N_("Dead, of files deleted since:"), u->dead_bytes},
		{N_("All of these together:"), u->total_bytes},
		{N_("Of these no different from the image:"), u->equal_bytes},
		{N_("The overlay's own tables:"), u->tables_bytes},
		{N_("A merge would free:"), u->merge_frees_bytes},
		{N_("A compact would free:"), u->compact_frees_bytes},
	};
	char size[16];
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		fprintf(p->out->f, "%s %s\n", _(lines[i].what), text_size(size, lines[i].bytes));
	out_wrap(p->out, 0, 0, u->note);
}

static void path_of(FILE *f, const struct lm_usage_entry *e)
{
	if (!e->parent)
		return;
	path_of(f, e->parent);
	fprintf(f, "/%s", e->name);
}

static int list(struct plain *p, const struct lm_usage_entry *dir, uint64_t total, int from)
{
	const struct lm_usage_entry *e;
	char size[16];
	int n = 0;

	fprintf(p->out->f, "%s", _("In "));
	path_of(p->out->f, dir);
	fprintf(p->out->f, "%s: %s\n", dir->parent ? "" : "/", text_size(size, dir->overlay_bytes));
	for (e = dir->child; e; e = e->next) {
		char *line;

		if (++n <= from || n > from + PAGE)
			continue;
		line = text_format(_("%s%s: %s, %u percent"), e->name, e->is_dir ? "/" : "",
				   text_size(size, e->overlay_bytes),
				   total ? (unsigned)(e->overlay_bytes * 100 / total) : 0);
		if (line)
			plain_item(p, n, line);
		free(line);
	}
	if (n > from + PAGE)
		fprintf(p->out->f, _("And %d more: m shows them.\n"), n - from - PAGE);
	return n;
}

static const struct lm_usage_entry *child(const struct lm_usage_entry *dir, int number)
{
	const struct lm_usage_entry *e = dir->child;

	while (e && --number)
		e = e->next;
	return e;
}

static void walk(struct plain *p, const struct lm_usage *u)
{
	const struct lm_usage_entry *dir = u->root, *e;
	int from = 0, n, choice;

	for (;;) {
		n = list(p, dir, u->total_bytes, from);
again:
		choice = plain_choose(p, _("Number of a folder, u for the one above, m for more, "
					   "q to go back: "),
				      n, "um");
		if (choice == PLAIN_LEAVE || choice == PLAIN_ENTER)
			return;
		if (choice == PLAIN_LETTER('m')) {
			from = from + PAGE < n ? from + PAGE : 0;
		} else if (choice == PLAIN_LETTER('u')) {
			if (!dir->parent)
				return;
			dir = dir->parent;
			from = 0;
		} else {
			e = child(dir, choice);
			if (!e || !e->is_dir || !e->child) {
				fprintf(p->out->f, "%s\n", _("There is nothing more in it."));
				goto again;
			}
			dir = e;
			from = 0;
		}
	}
}

void plain_usage(struct plain *p)
{
	struct lm_usage *usage = NULL;
	struct lm_error err = {0};
	struct lm_watch watch;
	int rc;

	fprintf(p->out->f, "%s\n", _("Reading what the overlay holds ..."));
	fflush(p->out->f);
	cli_watch_start(p->cli, &watch);
	rc = lm_usage_read(p->stick, &watch, &usage, &err);
	cli_watch_end(p->cli);
	if (rc) {
		plain_error(p, &err);
		return;
	}
	sums(p, usage);
	if (usage->root)
		walk(p, usage);
	lm_usage_free(usage);
}

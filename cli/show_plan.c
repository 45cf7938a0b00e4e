/* SPDX-License-Identifier: GPL-3.0-or-later */
/* show_plan.c - a plan as text: what will be done, why, with what, and what it needs */
#include <errno.h>
#include <stdlib.h>

#include "cli/show.h"
#include "cli/table.h"
#include "core/i18n.h"
#include "core/text.h"

enum { N_WHERE, N_WHAT, N_NEED, N_MOST, N_FREE, N_OK, N_COLUMNS };

static const struct table_column need_columns[N_COLUMNS] = {
	[N_WHERE] = {N_("WHERE"), 0.2, SCOLS_FL_WRAP},
	[N_WHAT] = {N_("WHAT FOR"), 0.3, SCOLS_FL_WRAP},
	[N_NEED] = {N_("NEEDED"), 8, SCOLS_FL_RIGHT},
	[N_MOST] = {N_("AT MOST"), 8, SCOLS_FL_RIGHT},
	[N_FREE] = {N_("FREE"), 8, SCOLS_FL_RIGHT},
	[N_OK] = {"", 3, 0},
};

static int needs(struct out *out, const struct lm_plan *plan)
{
	struct libscols_table *table;
	const struct lm_need *n;
	struct libscols_line *row;
	int code = -ENOMEM;
	size_t i;

	if (!plan->n_needs)
		return 0;
	table = table_new(out, need_columns, N_COLUMNS);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < plan->n_needs; i++) {
		n = &plan->needs[i];
		row = table_line(table, NULL);
		if (!row || table_set(row, N_WHERE, n->where) || table_set(row, N_WHAT, n->what) ||
		    table_size(row, N_NEED, n->need_bytes) ||
		    table_size(row, N_MOST, n->most_bytes) ||
		    table_size(row, N_FREE, n->free_bytes) ||
		    table_styled(out, row, N_OK, n->ok ? _("ok") : _("NO"),
				 n->ok ? OUT_GOOD : OUT_BAD))
			goto out;
	}
	fprintf(out->f, "\n%s\n", _("Room"));
	if (scols_print_table(table))
		goto out;
	code = 0;
out:
	scols_unref_table(table);
	return code;
}

/* "label text", filled, with the label in front of the first line. */
static int labelled(struct out *out, unsigned indent, const char *label, const char *text)
{
	char *whole;

	if (!text || !*text)
		return 0;
	whole = text_format("%s %s", label, text);
	if (!whole)
		return -ENOMEM;
	out_wrap(out, indent, indent + 2, whole);
	free(whole);
	return 0;
}

static int step(struct out *out, size_t number, const struct lm_step *s)
{
	char **command;

	fprintf(out->f, "%3zu. %s%s%s\n", number, out_on(out, OUT_BOLD), s->title, out_off(out));
	out_wrap(out, 5, 5, s->why);
	if (labelled(out, 5, _("Reads:"), s->reads) || labelled(out, 5, _("Writes:"), s->writes) ||
	    labelled(out, 5, _("Undone by:"), s->undo))
		return -ENOMEM;
	/* Not filled: a command is there to be copied. */
	for (command = s->commands; command && *command; command++)
		fprintf(out->f, "       $ %s\n", *command);
	return 0;
}

int show_plan(struct out *out, const struct lm_plan *plan, bool brief)
{
	char **warning;
	size_t i;

	fprintf(out->f, "%s%s%s\n", out_on(out, OUT_BOLD), plan->title ? plan->title : "",
		out_off(out));
	if (brief)
		return needs(out, plan);
	out_wrap(out, 0, 0, plan->summary);
	if (plan->n_steps)
		fprintf(out->f, "\n%s\n", _("Steps"));
	for (i = 0; i < plan->n_steps; i++)
		if (step(out, i + 1, &plan->steps[i]))
			return -ENOMEM;
	if (needs(out, plan))
		return -ENOMEM;
	fputc('\n', out->f);
	if (labelled(out, 0, _("What is lost:"), plan->destroys ? plan->destroys : _("nothing.")) ||
	    labelled(out, 0, _("If it is interrupted, or to undo it:"), plan->undo))
		return -ENOMEM;
	for (warning = plan->warnings; warning && *warning; warning++) {
		fputs(out_on(out, OUT_WARN), out->f);
		i = (size_t)labelled(out, 0, _("Note:"), *warning);
		fputs(out_off(out), out->f);
		if (i)
			return -ENOMEM;
	}
	return 0;
}

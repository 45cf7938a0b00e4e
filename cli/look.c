/* SPDX-License-Identifier: GPL-3.0-or-later */
/* look.c - `livemend layout`, `doctor` and `usage` */
#include <errno.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/json.h"
#include "cli/show.h"
#include "cli/table.h"
#include "core/i18n.h"
#include "core/text.h"

/* ------------------------------------------------------------ layout -- */

enum { L_NAME, L_TYPE, L_SIZE, L_RO, L_DETAIL, L_WHERE, L_COLUMNS };

static const struct table_column layout_columns[L_COLUMNS] = {
	[L_NAME] = {N_("NAME"), 0.2, SCOLS_FL_TREE},
	[L_TYPE] = {N_("TYPE"), 5, 0},
	[L_SIZE] = {N_("SIZE"), 8, SCOLS_FL_RIGHT},
	[L_RO] = {N_("RO"), 2, 0},
	[L_DETAIL] = {N_("DETAIL"), 0.2, SCOLS_FL_TRUNC},
	[L_WHERE] = {N_("WHERE"), 0.2, SCOLS_FL_TRUNC},
};

static int add_nodes(struct libscols_table *table, struct libscols_line *parent,
		     const struct lm_node *node)
{
	struct libscols_line *line;

	for (; node; node = node->next) {
		line = table_line(table, parent);
		if (!line || table_set(line, L_NAME, node->name) ||
		    table_set(line, L_TYPE, node->type) ||
		    (node->size_bytes && table_size(line, L_SIZE, node->size_bytes)) ||
		    table_set(line, L_RO, node->readonly ? "ro" : "") ||
		    table_set(line, L_DETAIL, node->detail) ||
		    table_set(line, L_WHERE, node->where) || add_nodes(table, line, node->child))
			return -ENOMEM;
	}
	return 0;
}

int show_layout(struct out *out, const struct lm_node *root)
{
	struct libscols_table *table = table_new(out, layout_columns, L_COLUMNS);
	int code = -ENOMEM;

	if (table && !add_nodes(table, NULL, root) && !scols_print_table(table))
		code = 0;
	scols_unref_table(table);
	return code;
}

int cli_layout(struct cli *cli)
{
	struct lm_stick *stick;
	struct lm_node *root = NULL;
	struct lm_error err = {0};
	int code;

	code = cli_open_stick(cli, &stick);
	if (code)
		return code;
	if (lm_layout_read(stick, &root, &err)) {
		code = cli_error(cli, &err);
	} else if (cli->args.json ? cli_json_print(cli->out.f, cli_json_layout(root), false)
				  : show_layout(&cli->out, root)) {
		code = cli_no_memory(cli);
	}
	lm_layout_free(root);
	lm_stick_close(stick);
	return code;
}

/* ------------------------------------------------------------ doctor -- */

int show_report(struct out *out, const struct lm_report *report)
{
	static const char *const word[] = {N_("ok"), N_("note"), N_("warning"), N_("ILL")};
	static const enum out_style style[] = {OUT_GOOD, OUT_PLAIN, OUT_WARN, OUT_BAD};
	const struct lm_finding *f;
	char *text;
	size_t i;

	for (i = 0; i < report->count; i++) {
		f = &report->findings[i];
		fprintf(out->f, "%s%-8s%s ", out_on(out, style[f->severity]), _(word[f->severity]),
			out_off(out));
		text = f->subject ? text_format("%s: %s", f->subject, f->what)
				  : text_format("%s", f->what);
		if (!text)
			return -ENOMEM;
		out_fill(out, 9, 9, text);
		free(text);
		out_wrap(out, 9, 9, f->means);
		if (f->remedy) {
			fputs("      -> ", out->f);
			out_fill(out, 9, 9, f->remedy);
		}
	}
	fprintf(out->f, "\n%s\n",
		report->ill ? _("Something needs attention.") : _("All is well."));
	return 0;
}

int cli_doctor(struct cli *cli)
{
	struct lm_stick *stick;
	struct lm_report *report = NULL;
	struct lm_error err = {0};
	struct lm_watch watch;
	int code;

	code = cli_open_stick(cli, &stick);
	if (code)
		return code;
	cli_watch_start(cli, &watch);
	code = lm_doctor(stick, cli->args.deep ? LM_DOCTOR_DEEP : 0, &watch, &report, &err);
	cli_watch_end(cli);
	if (code) {
		code = cli_error(cli, &err);
	} else {
		code = report->ill ? LM_ATTENTION : LM_DONE;
		if (cli->args.json ? cli_json_print(cli->out.f, cli_json_report(report), false)
				   : show_report(&cli->out, report))
			code = cli_no_memory(cli);
	}
	lm_report_free(report);
	lm_stick_close(stick);
	return code;
}

/* ------------------------------------------------------------- usage -- */

enum { U_NAME, U_BYTES, U_SHARE, U_FILES, U_COLUMNS };

static const struct table_column usage_columns[U_COLUMNS] = {
	[U_NAME] = {N_("PATH"), 0.5, SCOLS_FL_TREE},
	[U_BYTES] = {N_("IN OVERLAY"), 10, SCOLS_FL_RIGHT},
	[U_SHARE] = {"%", 4, SCOLS_FL_RIGHT},
	[U_FILES] = {N_("FILES"), 6, SCOLS_FL_RIGHT},
};

static int add_entry(struct libscols_table *table, struct libscols_line *parent,
		     const struct lm_usage_entry *e, uint64_t total, unsigned depth)
{
	struct libscols_line *line = table_line(table, parent);
	const struct lm_usage_entry *c;

	if (!line || table_setf(line, U_NAME, "%s%s", e->name, e->is_dir && e->parent ? "/" : "") ||
	    table_size(line, U_BYTES, e->overlay_bytes) ||
	    table_setf(line, U_SHARE, "%.0f%%",
		       total ? 100.0 * (double)e->overlay_bytes / (double)total : 0.0) ||
	    (e->is_dir && table_setf(line, U_FILES, "%llu", (unsigned long long)e->files)))
		return -ENOMEM;
	if (!depth)
		return 0;
	for (c = e->child; c; c = c->next)
		if (add_entry(table, line, c, total, depth - 1))
			return -ENOMEM;
	return 0;
}

enum { S_WHAT, S_BYTES, S_NOTE, S_COLUMNS };

static const struct table_column sum_columns[S_COLUMNS] = {
	[S_WHAT] = {"", 12, 0},
	[S_BYTES] = {"", 10, SCOLS_FL_RIGHT},
	[S_NOTE] = {"", 0.5, SCOLS_FL_WRAP},
};

static int add_sum(struct libscols_table *table, const char *what, uint64_t bytes, const char *note)
{
	struct libscols_line *line = table_line(table, NULL);

	return !line || table_set(line, S_WHAT, what) || table_size(line, S_BYTES, bytes) ||
	       table_set(line, S_NOTE, note);
}

static int show_sums(struct out *out, const struct lm_usage *u)
{
	struct libscols_table *table = table_new(out, sum_columns, S_COLUMNS);
	int code = -ENOMEM;

	if (!table)
		return -ENOMEM;
	scols_table_enable_noheadings(table, 1);
	if (add_sum(table, _("files"), u->files_bytes, _("in files and folders")) ||
	    add_sum(table, _("file system"), u->fsmeta_bytes, _("its bitmaps and tables")) ||
	    add_sum(table, _("journal"), u->journal_bytes, _("of the file system")) ||
	    add_sum(table, _("dead"), u->dead_bytes, _("of files deleted since")) ||
	    add_sum(table, _("sum"), u->total_bytes, "") ||
	    add_sum(table, _("tables"), u->tables_bytes, _("the overlay's own")) ||
	    add_sum(table, _("equal"), u->equal_bytes,
		    _("of the above, no different from the image")))
		goto out;
	code = scols_print_table(table) ? -ENOMEM : 0;
out:
	scols_unref_table(table);
	return code;
}

int show_usage(struct out *out, const struct lm_usage *u, unsigned depth)
{
	struct libscols_table *table;
	char size[16];
	int code = -ENOMEM;

	if (u->root) {
		table = table_new(out, usage_columns, U_COLUMNS);
		if (table && !add_entry(table, NULL, u->root, u->total_bytes, depth) &&
		    !scols_print_table(table))
			code = 0;
		scols_unref_table(table);
		if (code)
			return code;
		fputc('\n', out->f);
	}
	code = show_sums(out, u);
	if (code)
		return code;
	fprintf(out->f, _("\nA merge would free %s of the overlay.\n"),
		text_size(size, u->merge_frees_bytes));
	if (u->note) {
		fputc('\n', out->f);
		out_wrap(out, 0, 0, u->note);
	}
	return 0;
}

int cli_usage(struct cli *cli)
{
	struct lm_stick *stick;
	struct lm_usage *usage = NULL;
	struct lm_error err = {0};
	struct lm_watch watch;
	int code;

	code = cli_open_stick(cli, &stick);
	if (code)
		return code;
	cli_watch_start(cli, &watch);
	code = lm_usage_read(stick, &watch, &usage, &err);
	cli_watch_end(cli);
	if (code) {
		code = cli_error(cli, &err);
	} else if (cli->args.json ? cli_json_print(cli->out.f,
						   cli_json_usage(usage, cli->args.depth), false)
				  : show_usage(&cli->out, usage, cli->args.depth)) {
		code = cli_no_memory(cli);
	}
	lm_usage_free(usage);
	lm_stick_close(stick);
	return code;
}

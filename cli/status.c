/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status.c - `livemend status` */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/json.h"
#include "cli/show.h"
#include "cli/table.h"
#include "core/i18n.h"
#include "core/text.h"

enum { WHAT, BAR, USE, SIZE, FREE, STATE, N_COLUMNS };

static const struct table_column columns[N_COLUMNS] = {
	[WHAT] = {"", 8, 0},
	[BAR] = {"", 22, 0},
	[USE] = {N_("USE%"), 4, SCOLS_FL_RIGHT},
	[SIZE] = {N_("SIZE"), 8, SCOLS_FL_RIGHT},
	[FREE] = {N_("FREE"), 8, SCOLS_FL_RIGHT},
	[STATE] = {N_("STATE"), 10, SCOLS_FL_WRAP},
};

static double share(uint64_t size, uint64_t free_now)
{
	if (!size || free_now > size)
		return 0;
	return 100.0 * (double)(size - free_now) / (double)size;
}

static int gauge(struct libscols_line *line, const char *what, double percent)
{
	char bar[24];

	/* Rounded down, as the dashboard does: 100 % is what is full, not what is nearly so. */
	return table_set(line, WHAT, what) || table_set(line, BAR, out_bar(bar, 20, percent)) ||
	       table_setf(line, USE, "%u%%", (unsigned)percent);
}

static int overlay_line(struct out *out, struct libscols_table *table, const struct lm_overlay *o)
{
	struct libscols_line *line = table_line(table, NULL);
	bool usable = o->state == LM_STATE_ACTIVE || o->state == LM_STATE_EMPTY;
	char dead[16], tables[16], text[160];
	int bad;

	if (!line)
		return -ENOMEM;
	if (o->no_figures) {
		snprintf(text, sizeof(text), _("%s; how full is not known"),
			 lm_overlay_state_word(o->state));
		return table_set(line, WHAT, _("overlay")) ||
		       table_styled(out, line, STATE, text, OUT_BAD);
	}
	if (!o->total_sectors)
		return table_set(line, WHAT, _("overlay")) ||
		       table_styled(out, line, STATE, lm_overlay_state_word(o->state),
				    usable ? OUT_PLAIN : OUT_BAD);
	bad = gauge(line, _("overlay"), o->used_percent) ||
	      table_size(line, SIZE, o->total_sectors * 512) ||
	      table_size(line, FREE,
			 o->allocated_sectors < o->total_sectors
				 ? (o->total_sectors - o->allocated_sectors) * 512
				 : 0);
	text_size(tables, o->metadata_sectors * 512);
	if (bad)
		return -ENOMEM;
	if (!usable)
		return table_styled(out, line, STATE, lm_overlay_state_word(o->state), OUT_BAD);
	if (o->dead_known)
		return table_setf(line, STATE, _("%s; dead %s, tables %s"),
				  lm_overlay_state_word(o->state),
				  text_size(dead, o->dead_sectors * 512), tables);
	return table_setf(line, STATE, _("%s; tables %s"), lm_overlay_state_word(o->state), tables);
}

static const char *fs_state(const struct lm_status *s)
{
	switch (s->root.state) {
	case LM_FS_CLEAN:
		return _("clean");
	case LM_FS_DIRTY:
		return s->root.mounted ? _("in use") : _("dirty: was not unmounted");
	case LM_FS_ERRORS:
		return _("has errors");
	case LM_FS_UNKNOWN:
		break;
	}
	return _("not known");
}

static int root_lines(struct out *out, struct libscols_table *table, const struct lm_status *s)
{
	struct libscols_line *line = table_line(table, NULL);

	if (!line)
		return -ENOMEM;
	if (!s->root.known)
		return table_set(line, WHAT, _("root fs")) ||
		       table_set(line, STATE, _("cannot be read"));
	if (gauge(line, _("root fs"), share(s->root.size_bytes, s->root.free_bytes)) ||
	    table_size(line, SIZE, s->root.size_bytes) ||
	    table_size(line, FREE, s->root.free_bytes) ||
	    table_styled(out, line, STATE, fs_state(s),
			 s->root.state == LM_FS_ERRORS ? OUT_BAD : OUT_PLAIN))
		return -ENOMEM;
	line = table_line(table, NULL);
	if (!line)
		return -ENOMEM;
	return gauge(line, _("inodes"), share(s->root.inodes, s->root.inodes_free)) ||
	       table_setf(line, SIZE, "%llu", (unsigned long long)s->root.inodes) ||
	       table_setf(line, FREE, "%llu", (unsigned long long)s->root.inodes_free) ||
	       table_set(line, STATE, _("room for files"));
}

static int plain_line(struct libscols_table *table, const char *what, uint64_t size,
		      uint64_t free_now, bool free_known, const char *state)
{
	struct libscols_line *line = table_line(table, NULL);

	if (!line)
		return -ENOMEM;
	if (free_known &&
	    (gauge(line, what, share(size, free_now)) || table_size(line, FREE, free_now)))
		return -ENOMEM;
	return table_set(line, WHAT, what) || table_size(line, SIZE, size) ||
	       table_set(line, STATE, state);
}

static int gauges(struct out *out, const struct lm_status *s)
{
	struct libscols_table *table = table_new(out, columns, N_COLUMNS);
	int code = -ENOMEM;
	size_t i;

	if (!table)
		return -ENOMEM;
	for (i = 0; i < s->n_overlays; i++)
		if (overlay_line(out, table, &s->overlays[i]))
			goto out;
	if (root_lines(out, table, s))
		goto out;
	if (plain_line(table, _("stick"), s->stick.size_bytes, s->stick.free_bytes, true,
		       s->stick.readonly ? _("read-only") : s->stick.fstype))
		goto out;
	if (s->home.present &&
	    plain_line(table, _("home"), s->home.size_bytes, s->home.free_bytes, s->home.free_known,
		       s->home.encrypted ? _("encrypted") : ""))
		goto out;
	if (s->ram.present && plain_line(table, _("RAM"), s->ram.size_bytes, s->ram.free_bytes,
					 true, _("changes are lost at power-off")))
		goto out;
	code = scols_print_table(table) ? -ENOMEM : 0;
out:
	scols_unref_table(table);
	return code;
}

static void title(struct out *out, const struct lm_status *s)
{
	char size[16];

	fprintf(out->f, "%s%s%s", out_on(out, OUT_BOLD),
		s->stick.label && *s->stick.label ? s->stick.label : s->stick.path, out_off(out));
	if (s->stick.model && *s->stick.model)
		fprintf(out->f, _(" on %s"), s->stick.model);
	fprintf(out->f, "  %s", text_size(size, s->stick.size_bytes));
	if (s->stick.fstype)
		fprintf(out->f, " %s", s->stick.fstype);
	if (s->stick.label && *s->stick.label)
		fprintf(out->f, "  %s", s->stick.path);
	if (s->stick.booted)
		fprintf(out->f, "  %s", _("(the running system)"));
	fputc('\n', out->f);
}

static void files(struct out *out, const struct lm_status *s)
{
	char size[16];
	char **w;
	size_t i;

	if (s->base.path) {
		fprintf(out->f, _("image    %s  %s"), s->base.path,
			text_size(size, s->base.file_bytes));
		if (s->base.compression)
			fprintf(out->f, "  %s %s", s->base.container, s->base.compression);
		fputc('\n', out->f);
		if (s->base.root)
			fprintf(out->f, _("  holds  %s  %s  %s\n"), s->base.root,
				text_size(size, s->base.size_sectors * 512),
				s->base.fstype ? s->base.fstype : "");
	} else {
		fprintf(out->f, "%s\n", _("image    none"));
	}
	for (i = 0; i < s->n_overlays; i++) {
		const struct lm_overlay *o = &s->overlays[i];

		if (o->kind == LM_OVERLAY_NONE)
			continue;
		fprintf(out->f, _("overlay  %s  %s"), o->path ? o->path : "-",
			lm_overlay_kind_word(o->kind));
		if (o->total_sectors && !o->no_figures)
			fprintf(out->f, _("  %llu/%llu %llu sectors"),
				(unsigned long long)o->allocated_sectors,
				(unsigned long long)o->total_sectors,
				(unsigned long long)o->metadata_sectors);
		if (o->attached_as)
			fprintf(out->f, _("  in use as %s"), o->attached_as);
		fputc('\n', out->f);
		out_wrap(out, 9, 9, o->trouble);
	}
	if (s->home.present)
		fprintf(out->f, _("home     %s\n"), s->home.path);
	if (s->boot.text) {
		fprintf(out->f, _("boot     %s  %s\n"), s->boot.file,
			s->boot.entry ? s->boot.entry : "");
		out_wrap(out, 9, 9, s->boot.text);
		for (w = s->boot.warnings; w && *w; w++)
			out_wrap(out, 9, 11, *w);
	}
	fputc('\n', out->f);
}

static void verdict(struct out *out, const struct lm_status *s)
{
	static const char *const word[] = {N_("HEALTHY"), N_("WATCH"), N_("ACT"), N_("BROKEN")};
	static const enum out_style style[] = {OUT_GOOD, OUT_WARN, OUT_WARN, OUT_BAD};
	char size[16], when[32];
	char *text;

	if (s->wall_known) {
		text_size(size, s->first_wall.free_bytes);
		if (s->first_wall.seconds_left >= 0)
			text = text_format(
				_("First wall: %s, after %s more; in about %s (%s)."),
				s->first_wall.text, size,
				text_duration(when, (uint64_t)s->first_wall.seconds_left),
				s->first_wall.basis ? s->first_wall.basis : "-");
		else
			text = text_format(_("First wall: %s, after %s more."), s->first_wall.text,
					   size);
		out_wrap(out, 0, 2, text);
		free(text);
	}
	out_wrap(out, 0, 2, s->root.note);
	fprintf(out->f, "%s%s%s: ", out_on(out, style[s->health]), _(word[s->health]),
		out_off(out));
	out_fill(out, (unsigned)strlen(_(word[s->health])) + 2, 2, s->headline ? s->headline : "-");
	out_wrap(out, 2, 2, s->advice);
}

int show_status(struct out *out, const struct lm_status *s)
{
	int code;

	title(out, s);
	files(out, s);
	code = gauges(out, s);
	if (code)
		return code;
	fputc('\n', out->f);
	verdict(out, s);
	return 0;
}

int status_outcome(const struct lm_status *s)
{
	size_t i;

	if (s->health >= LM_ACT || s->interrupted || (s->n_overlays && !s->paired))
		return LM_ATTENTION;
	for (i = 0; i < s->n_overlays; i++)
		if (s->overlays[i].state > LM_STATE_EMPTY)
			return LM_ATTENTION;
	return LM_DONE;
}

int cli_status(struct cli *cli)
{
	struct lm_stick *stick;
	struct lm_status *status = NULL;
	struct lm_error err = {0};
	int code;

	code = cli_open_stick(cli, &stick);
	if (code)
		return code;
	if (lm_status_read(stick, LM_STATUS_KERNEL, &status, &err)) {
		code = cli_error(cli, &err);
	} else {
		code = status_outcome(status);
		if (cli->args.json ? cli_json_print(cli->out.f, cli_json_status(status), false)
				   : show_status(&cli->out, status))
			code = cli_no_memory(cli);
	}
	lm_status_free(status);
	lm_stick_close(stick);
	return code;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "core/text.h"
#include "tui/cells.h"
#include "tui/doc.h"
#include "tui/gauge.h"
#include "tui/list.h"
#include "tui/ui.h"

/* A line: an entry of the folder, or at the top what is in no file. */
struct row {
	const struct lm_usage_entry *entry; /* NULL: not a file */
	const char *name;
	uint64_t bytes;
	const char *about; /* what it is, where there is no entry */
};

struct usage {
	struct view view;
	struct list list;
	const struct lm_usage_entry *dir; /* in ui->data.usage; NULL: nothing yet */
	struct row *rows;
	size_t n_rows;
	uint64_t total; /* of the rows */
	bool by_name;
};

static void usage_free(struct view *v)
{
	service_cancel(v->ui->service);
	free(((struct usage *)v)->rows);
	free(v);
}

static unsigned usage_context(const struct view *v)
{
	(void)v;
	return CTX_TREE;
}

static const char *usage_topic(const struct view *v)
{
	(void)v;
	return "usage";
}

static int by_size(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->bytes != y->bytes ? (x->bytes < y->bytes) - (x->bytes > y->bytes)
				    : strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

static void add(struct usage *u, const struct lm_usage_entry *entry, const char *name,
		uint64_t bytes, const char *about)
{
	struct row *more;

	if (!entry && !bytes)
		return;
	more = reallocarray(u->rows, u->n_rows + 1, sizeof(*more));
	if (!more) {
		ui_say(u->view.ui, _("Not enough memory."));
		return;
	}
	u->rows = more;
	u->rows[u->n_rows++] = (struct row){entry, name, bytes, about};
	u->total += bytes;
}

static void fill(struct usage *u)
{
	const struct lm_usage *us = u->view.ui->data.usage;
	const struct lm_usage_entry *e;

	u->n_rows = 0;
	u->total = 0;
	for (e = u->dir ? u->dir->child : NULL; e; e = e->next)
		add(u, e, e->name, e->overlay_bytes, NULL);
	if (u->dir && !u->dir->parent) {
		add(u, NULL, _("(deleted files)"), us->dead_bytes,
		    _("Dead chunks: their files are gone, and yet they take room. Compact wins it "
		      "back."));
		add(u, NULL, _("(the file system itself)"), us->fsmeta_bytes,
		    _("Bitmaps, inode tables and the like: they change with every file."));
		add(u, NULL, _("(the journal)"), us->journal_bytes,
		    _("The root file system's notes for the case of a power cut."));
		add(u, NULL, _("(the overlay's tables)"), us->tables_bytes,
		    _("What says which chunk lies where."));
	}
	if (u->n_rows)
		qsort(u->rows, u->n_rows, sizeof(*u->rows), u->by_name ? by_name : by_size);
}

static void go_to(struct usage *u, const struct lm_usage_entry *dir,
		  const struct lm_usage_entry *at)
{
	size_t i;

	u->dir = dir;
	u->list = (struct list){0};
	fill(u);
	for (i = 0; at && i < u->n_rows; i++)
		if (u->rows[i].entry == at)
			u->list.at = i;
}

static void usage_fit(struct view *v, int rows, int cols)
{
	struct usage *u = (struct usage *)v;

	(void)cols;
	list_fit(&u->list, u->n_rows, rows - 4);
}

static void path_of(const struct lm_usage_entry *e, char *dst, size_t cap)
{
	const struct lm_usage_entry *chain[64];
	size_t n = 0, used = 0;

	for (; e && e->parent && n < 64; e = e->parent)
		chain[n++] = e;
	snprintf(dst, cap, "/");
	while (n-- && used < cap)
		used += (size_t)snprintf(dst + used, cap - used, "/%s", chain[n]->name);
}

static void draw_sums(const struct lm_usage *us, const struct canvas *cv)
{
	char a[16], b[16], line[200];

	snprintf(line, sizeof(line), _("The overlay holds %s; %s of it belong to deleted files."),
		 text_size(a, us->total_bytes), text_size(b, us->dead_bytes));
	canvas_clip(cv, 0, 0, cv->at.cols, ROLE_NORMAL, line);
	snprintf(line, sizeof(line), _("A merge (m) would free %s, a compact (c) %s."),
		 text_size(a, us->merge_frees_bytes), text_size(b, us->compact_frees_bytes));
	canvas_clip(cv, 1, 0, cv->at.cols, ROLE_HEADING, line);
	/* What usage->note says at length, in the one line that is free. */
	if (us->exact == LM_EXACT_FREE)
		canvas_clip(
			cv, 2, 0, cv->at.cols, ROLE_NORMAL,
			_("In use: whose it is may be some seconds old. Root is told exactly."));
	else if (us->exact == LM_EXACT_NOT)
		canvas_clip(cv, 2, 0, cv->at.cols, ROLE_NORMAL,
			    _("In use: all this may be some seconds old. Root is told exactly."));
}

static void draw_row(const void *arg, const struct canvas *cv, int y, size_t i, bool focus)
{
	const struct usage *u = arg;
	const struct row *r = &u->rows[i];
	struct gauge g = {
		.total = u->total ? u->total : 1,
		.parts = {{r->entry ? '#' : '=', r->entry ? ROLE_USED : ROLE_DEAD, r->bytes}}};
	char size[16];

	text_size(size, r->bytes);
	canvas_put(cv, y, 11 - cells_count(size), ROLE_NORMAL, size);
	canvas_printf(cv, y, 12, ROLE_NORMAL, "%3d%%", gauge_percent(r->bytes, u->total));
	gauge_bar(cv, y, 17, 14, &g);
	canvas_clip(cv, y, 32, cv->at.cols - 35, focus ? ROLE_FOCUS : ROLE_NORMAL, r->name);
	if (r->entry && r->entry->is_dir && cells_count(r->name) < cv->at.cols - 35)
		canvas_put(cv, y, 32 + cells_count(r->name), ROLE_NORMAL, "/");
}

static void draw_waiting(const struct usage *u, const struct canvas *cv)
{
	struct ui *ui = u->view.ui;
	const struct lm_error *err = &ui->data.usage_err;
	struct doc doc = {0};
	uint64_t done, total;

	service_progress(ui->service, &done, &total);
	if (err->code && !service_reading(ui->service))
		doc_error(&doc, err);
	else if (total)
		doc_add(&doc, ROLE_NORMAL, 0, _("Reading the overlay ... %d%%. Esc stops."),
			gauge_percent(done, total));
	else
		doc_add(&doc, ROLE_NORMAL, 0, "%s", _("Reading the overlay ... Esc stops."));
	doc_fit(&doc, cv->at.rows, cv->at.cols);
	doc_draw(&doc, cv);
	doc_clear(&doc);
}

static void usage_draw(const struct view *v, const struct canvas *cv)
{
	const struct usage *u = (const struct usage *)v;
	const struct lm_usage *us = v->ui->data.usage;
	struct canvas rows = canvas_part(cv, (struct rect){4, 0, cv->at.rows - 4, cv->at.cols});
	char path[400];

	canvas_cursor(cv, 3, 0);
	if (!us || !u->dir) {
		canvas_put(cv, 0, 0, ROLE_HEADING, _("What eats the overlay"));
		rows = canvas_part(cv, (struct rect){2, 0, cv->at.rows - 2, cv->at.cols});
		draw_waiting(u, &rows);
		return;
	}
	draw_sums(us, cv);
	path_of(u->dir, path, sizeof(path));
	canvas_clip(cv, 3, 0, cv->at.cols, ROLE_HEADING, path);
	if (u->list.count == 0)
		canvas_put(&rows, 0, 2, ROLE_NORMAL, _("Nothing in here has been changed."));
	list_draw(&u->list, &rows, draw_row, u);
}

static const struct row *focused(const struct usage *u)
{
	return u->list.at < u->n_rows ? &u->rows[u->list.at] : NULL;
}

static bool usage_command(struct view *v, enum cmd cmd)
{
	struct usage *u = (struct usage *)v;
	const struct row *r = focused(u);

	switch (cmd) {
	case CMD_OPEN:
		if (r && r->entry && r->entry->is_dir)
			go_to(u, r->entry, NULL);
		return true;
	case CMD_OUT:
		if (!u->dir || !u->dir->parent)
			ui_close(v);
		else
			go_to(u, u->dir->parent, u->dir);
		return true;
	case CMD_SORT:
		u->by_name = !u->by_name;
		go_to(u, u->dir, r ? r->entry : NULL);
		ui_say(v->ui, u->by_name ? _("Sorted by name.") : _("Sorted by size."));
		return true;
	case CMD_REFRESH:
		u->n_rows = 0;
		u->dir = NULL;
		service_ask(v->ui->service, WANT_USAGE);
		return true;
	default:
		return list_command(&u->list, cmd);
	}
}

static void usage_notice(struct view *v, enum notice note, enum want want)
{
	struct usage *u = (struct usage *)v;

	if (note == NOTE_ANSWER && want == WANT_USAGE)
		go_to(u, v->ui->data.usage ? v->ui->data.usage->root : NULL, NULL);
	if (note == NOTE_TICK && !u->dir)
		v->ui->dirty = true;
}

static void usage_status(const struct view *v, char *dst, size_t cap)
{
	const struct usage *u = (const struct usage *)v;
	const struct row *r = focused(u);
	char path[300], size[16];

	if (!r)
		return;
	if (!r->entry) {
		snprintf(dst, cap, "%s", r->about);
		return;
	}
	path_of(r->entry, path, sizeof(path));
	snprintf(dst, cap,
		 ngettext("%s: %s of the overlay, in %llu file",
			  "%s: %s of the overlay, in %llu files", (unsigned long)r->entry->files),
		 path, text_size(size, r->bytes), (unsigned long long)r->entry->files);
}

static const struct view_ops usage_ops = {
	.free = usage_free,
	.context = usage_context,
	.topic = usage_topic,
	.fit = usage_fit,
	.draw = usage_draw,
	.command = usage_command,
	.notice = usage_notice,
	.status = usage_status,
};

void usage_open(struct ui *ui)
{
	struct usage *u = calloc(1, sizeof(*u));

	if (!u) {
		ui_say(ui, _("Not enough memory."));
		return;
	}
	u->view.ops = &usage_ops;
	ui_push(ui, &u->view);
	service_free_answer(WANT_USAGE, ui->data.usage);
	ui->data.usage = NULL;
	service_ask(ui->service, WANT_USAGE);
}

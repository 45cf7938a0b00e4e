/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "core/i18n.h"
#include "core/text.h"
#include "tui/cells.h"
#include "tui/gauge.h"
#include "tui/list.h"
#include "tui/ui.h"

struct usage {
	struct view view;
	struct list list;
	const struct lm_usage_entry *dir; /* in ui->data.usage; NULL: nothing yet */
};

static void usage_free(struct view *v)
{
	service_cancel(v->ui->service);
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

static size_t children(const struct lm_usage_entry *dir)
{
	const struct lm_usage_entry *e;
	size_t n = 0;

	for (e = dir ? dir->child : NULL; e; e = e->next)
		n++;
	return n;
}

static const struct lm_usage_entry *nth(const struct lm_usage_entry *dir, size_t n)
{
	const struct lm_usage_entry *e = dir ? dir->child : NULL;

	while (e && n--)
		e = e->next;
	return e;
}

static void usage_fit(struct view *v, int rows, int cols)
{
	struct usage *u = (struct usage *)v;

	(void)cols;
	list_fit(&u->list, children(u->dir), rows - 5);
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
	char a[16], b[16], c[16], d[16];
	char line[200];

	snprintf(line, sizeof(line), _("%s files, %s fs tables, %s journal, %s deleted"),
		 text_size(a, us->files_bytes), text_size(b, us->fsmeta_bytes),
		 text_size(c, us->journal_bytes), text_size(d, us->dead_bytes));
	canvas_clip(cv, 0, 0, cv->at.cols, ROLE_NORMAL, line);
	snprintf(line, sizeof(line), _("A merge would free %s."), text_size(a, us->merge_frees_bytes));
	canvas_clip(cv, 1, 0, cv->at.cols, ROLE_HEADING, line);
}

static void usage_draw(const struct view *v, const struct canvas *cv)
{
	const struct usage *u = (const struct usage *)v;
	const struct lm_usage *us = v->ui->data.usage;
	const struct lm_usage_entry *e;
	struct canvas rows = canvas_part(cv, (struct rect){4, 0, cv->at.rows - 4, cv->at.cols});
	char path[400], size[16];
	size_t i;
	int y = 0;

	canvas_cursor(cv, 3, 0);
	if (!us || !u->dir) {
		const struct lm_error *err = &v->ui->data.usage_err;
		uint64_t done, total;

		service_progress(v->ui->service, &done, &total);
		canvas_put(cv, 0, 0, ROLE_HEADING, _("What eats the overlay"));
		if (err->code && !service_busy(v->ui->service))
			canvas_printf(cv, 2, 0, ROLE_ACT, "%s: %s", err->what, err->why);
		else if (total)
			canvas_printf(cv, 2, 0, ROLE_NORMAL, _("Reading the overlay ... %d%%"),
				      gauge_percent(done, total));
		else
			canvas_put(cv, 2, 0, ROLE_NORMAL, _("Reading the overlay ..."));
		return;
	}
	draw_sums(us, cv);
	path_of(u->dir, path, sizeof(path));
	canvas_clip(cv, 3, 0, cv->at.cols, ROLE_HEADING, path);
	if (u->list.count == 0)
		canvas_put(&rows, 0, 2, ROLE_NORMAL, _("Nothing in here has been changed."));
	e = nth(u->dir, u->list.top);
	for (i = u->list.top; e && y < u->list.rows; e = e->next, i++, y++) {
		bool focus = i == u->list.at;
		struct gauge g = {.total = u->dir->overlay_bytes ? u->dir->overlay_bytes : 1,
				  .parts = {{'#', ROLE_USED, e->overlay_bytes}}};

		canvas_put(&rows, y, 0, ROLE_NORMAL, focus ? ">" : " ");
		text_size(size, e->overlay_bytes);
		canvas_put(&rows, y, 11 - cells_count(size), ROLE_NORMAL, size);
		gauge_bar(&rows, y, 13, 14, &g);
		canvas_clip(&rows, y, 29, rows.at.cols - 32, focus ? ROLE_FOCUS : ROLE_NORMAL,
			    e->name);
		if (e->is_dir && cells_count(e->name) < rows.at.cols - 32)
			canvas_put(&rows, y, 29 + cells_count(e->name), ROLE_NORMAL, "/");
		if (focus)
			canvas_cursor(&rows, y, 29);
	}
	if (u->list.top > 0)
		canvas_put(&rows, 0, rows.at.cols - 1, ROLE_KEY, cv->glyphs[GLYPH_UP]);
	if (e)
		canvas_put(&rows, u->list.rows - 1, rows.at.cols - 1, ROLE_KEY,
			   cv->glyphs[GLYPH_DOWN]);
}

static bool usage_command(struct view *v, enum cmd cmd)
{
	struct usage *u = (struct usage *)v;
	const struct lm_usage_entry *e = nth(u->dir, u->list.at);

	if (cmd == CMD_OPEN) {
		if (e && e->is_dir) {
			u->dir = e;
			u->list = (struct list){0};
		}
		return true;
	}
	if (cmd == CMD_OUT) {
		const struct lm_usage_entry *from = u->dir;
		size_t i = 0;

		if (!u->dir || !u->dir->parent) {
			ui_close(v);
			return true;
		}
		u->dir = from->parent;
		for (e = u->dir->child; e && e != from; e = e->next)
			i++;
		u->list = (struct list){.at = i};
		return true;
	}
	if (cmd == CMD_REFRESH) {
		service_ask(v->ui->service, WANT_USAGE);
		return true;
	}
	return list_command(&u->list, cmd);
}

static void usage_notice(struct view *v, enum notice note, enum want want)
{
	struct usage *u = (struct usage *)v;

	if (note == NOTE_ANSWER && want == WANT_USAGE) {
		u->dir = v->ui->data.usage ? v->ui->data.usage->root : NULL;
		u->list = (struct list){0};
	}
	if (note == NOTE_TICK && !u->dir)
		v->ui->dirty = true;
}

static void usage_status(const struct view *v, char *dst, size_t cap)
{
	const struct usage *u = (const struct usage *)v;
	const struct lm_usage_entry *e = nth(u->dir, u->list.at);
	char path[300], size[16];

	if (!e)
		return;
	path_of(e, path, sizeof(path));
	snprintf(dst, cap, _("%s: %s of the overlay, %llu files"), path,
		 text_size(size, e->overlay_bytes), (unsigned long long)e->files);
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

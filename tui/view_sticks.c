/* SPDX-License-Identifier: GPL-3.0-or-later */
/* view_sticks.c - the sticks that are attached, and a way to any other */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "core/text.h"
#include "tui/cells.h"
#include "tui/dialog.h"
#include "tui/doc.h"
#include "tui/list.h"
#include "tui/ui.h"
#include "tui/words.h"

enum { DETAIL_ROWS = 5 };

struct sticks {
	struct view view;
	struct list list; /* the sticks, and behind them a row to type a path */
	struct doc detail;
	int detail_rows;
};

static size_t n_found(const struct sticks *s)
{
	return s->view.ui->data.found ? s->view.ui->data.found->count : 0;
}

static const struct lm_found *at(const struct sticks *s, size_t i)
{
	return i < n_found(s) ? &s->view.ui->data.found->list[i] : NULL;
}

static void sticks_free(struct view *v)
{
	doc_clear(&((struct sticks *)v)->detail);
	free(v);
}

static unsigned sticks_context(const struct view *v)
{
	(void)v;
	return CTX_LIST;
}

static const char *sticks_topic(const struct view *v)
{
	(void)v;
	return "sticks";
}

static bool is_open(const struct data *d, const struct lm_found *f)
{
	if (!d->path || d->gone)
		return false;
	return f->booted ? d->status && d->status->stick.booted
			 : f->path && strcmp(f->path, d->path) == 0;
}

static void explain(struct sticks *s)
{
	const struct data *d = &s->view.ui->data;
	const struct lm_found *f = at(s, s->list.at);

	doc_clear(&s->detail);
	if (!f) {
		doc_add(&s->detail, ROLE_NORMAL, 0, "%s",
			_("A folder that holds LiveOS, a mounted stick, a disk image, an .iso or a "
			  "block device: Enter asks for its path."));
		return;
	}
	doc_add(&s->detail, ROLE_HEADING, 0, "%s%s%s%s%s",
		f->path ? f->path : _("The system that is running"), f->fstype ? ", " : "",
		f->fstype ? f->fstype : "", f->model ? ", " : "", f->model ? f->model : "");
	if (f->contents)
		doc_item(&s->detail, ROLE_NORMAL, 0, _("On it: "), f->contents);
	doc_add(&s->detail, ROLE_NORMAL, 0, "%s",
		f->headline ? f->headline : _("Looking how it stands ..."));
	if (is_open(d, f))
		doc_add(&s->detail, ROLE_OK, 0, "%s", _("This is the stick that is open."));
}

static void sticks_fit(struct view *v, int rows, int cols)
{
	struct sticks *s = (struct sticks *)v;
	int room = rows - 2;

	s->detail_rows = room > 8 ? DETAIL_ROWS : 0;
	if (s->detail_rows)
		room -= s->detail_rows + 1;
	list_fit(&s->list, n_found(s) + 1, room);
	explain(s);
	doc_fit(&s->detail, s->detail_rows, cols);
}

static void draw_row(const void *arg, const struct canvas *cv, int y, size_t i, bool focus)
{
	const struct sticks *s = arg;
	const struct lm_found *f = at(s, i);
	enum role text = focus ? ROLE_FOCUS : ROLE_NORMAL, role = ROLE_OFF;
	const char *word = "...";
	char size[16] = "";
	int wide = cv->at.cols >= 76 ? 16 : 14;

	if (!f) {
		canvas_put(cv, y, 2, text, _("Another: type its path"));
		return;
	}
	if (f->judged)
		word = word_health(f->health, &role);
	else if (f->headline)
		word = "?";
	if (f->size_bytes)
		text_size(size, f->size_bytes);
	canvas_clip(cv, y, 2, wide, text, f->path ? f->path : _("(booted)"));
	canvas_put(cv, y, wide + 3, role, word);
	canvas_put(cv, y, wide + 22 - cells_count(size), ROLE_NORMAL, size);
	canvas_clip(cv, y, wide + 24, 12, ROLE_NORMAL, f->label ? f->label : "-");
	canvas_clip(cv, y, wide + 37, cv->at.cols - wide - 38, ROLE_NORMAL,
		    f->model ? f->model : "");
}

static void sticks_draw(const struct view *v, const struct canvas *cv)
{
	const struct sticks *s = (const struct sticks *)v;
	const struct data *d = &v->ui->data;
	struct canvas part = canvas_part(cv, (struct rect){2, 0, s->list.rows, cv->at.cols});
	const char *none = service_busy(v->ui->service) ? _("Looking for sticks ...")
			   : d->found_err.code          ? d->found_err.what
							: _("None is attached now. Plug one in: it "
								     "appears here.");
	int top = cv->at.rows - s->detail_rows;
	struct point cursor;

	canvas_put(cv, 0, 0, ROLE_HEADING, _("Live sticks"));
	if (n_found(s) == 0)
		canvas_clip(cv, 1, 2, cv->at.cols - 2, ROLE_NORMAL, none);
	list_draw(&s->list, &part, draw_row, s);
	if (!s->detail_rows)
		return;
	cursor = *cv->cursor;
	canvas_fill(cv, top - 1, 0, cv->at.cols, ROLE_RULE, cv->glyphs[GLYPH_HLINE]);
	part = canvas_part(cv, (struct rect){top, 0, s->detail_rows, cv->at.cols});
	doc_draw(&s->detail, &part);
	*cv->cursor = cursor;
}

static void typed(void *arg, const char *text)
{
	ui_open_stick(arg, text);
}

static bool sticks_command(struct view *v, enum cmd cmd)
{
	struct sticks *s = (struct sticks *)v;
	const struct lm_found *f = at(s, s->list.at);
	char *path;

	switch (cmd) {
	case CMD_ACCEPT:
		if (!f) {
			dialog_prompt(
				v->ui, _("Open a stick"),
				_("The path of a folder that holds LiveOS, of a disk image, an "
				  ".iso or a block device. Nothing is written to it."),
				"/", "sticks", typed, v->ui);
			return true;
		}
		path = f->path ? strdup(f->path) : NULL; /* the list may change under it */
		ui_open_stick(v->ui, path);
		free(path);
		return true;
	case CMD_REFRESH:
		service_ask(v->ui->service, WANT_STICKS);
		return true;
	default:
		return list_command(&s->list, cmd);
	}
}

static void sticks_status(const struct view *v, char *dst, size_t cap)
{
	(void)v;
	snprintf(dst, cap, "%s",
		 _("Enter opens the stick, for looking only. The list keeps itself up to date."));
}

static const struct view_ops sticks_ops = {
	.free = sticks_free,
	.context = sticks_context,
	.topic = sticks_topic,
	.fit = sticks_fit,
	.draw = sticks_draw,
	.command = sticks_command,
	.status = sticks_status,
};

void sticks_open(struct ui *ui)
{
	struct sticks *s = calloc(1, sizeof(*s));

	if (!s) {
		ui_say(ui, _("Not enough memory."));
		return;
	}
	s->view.ops = &sticks_ops;
	ui_push(ui, &s->view);
	service_ask(ui->service, WANT_STICKS);
}

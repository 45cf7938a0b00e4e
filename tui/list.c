/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/list.h"

void list_fit(struct list *l, size_t count, int rows)
{
	size_t n = rows > 0 ? (size_t)rows : 1;

	l->count = count;
	l->rows = (int)n;
	if (l->at >= count)
		l->at = count ? count - 1 : 0;
	if (l->at < l->top)
		l->top = l->at;
	if (l->at >= l->top + n)
		l->top = l->at - n + 1;
	if (count <= n)
		l->top = 0;
	else if (l->top > count - n)
		l->top = count - n;
}

bool list_command(struct list *l, enum cmd cmd)
{
	size_t page = l->rows > 1 ? (size_t)l->rows - 1 : 1;

	switch (cmd) {
	case CMD_UP:
		l->at -= l->at > 0;
		return true;
	case CMD_DOWN:
		l->at += l->at + 1 < l->count;
		return true;
	case CMD_PGUP:
		l->at -= l->at < page ? l->at : page;
		return true;
	case CMD_PGDN:
		l->at = l->at + page < l->count ? l->at + page : l->count ? l->count - 1 : 0;
		return true;
	case CMD_HOME:
		l->at = 0;
		return true;
	case CMD_END:
		l->at = l->count ? l->count - 1 : 0;
		return true;
	default:
		return false;
	}
}

void list_draw(const struct list *l, const struct canvas *cv, list_row_fn row, const void *arg)
{
	size_t i;
	int y = 0;

	for (i = l->top; i < l->count && y < l->rows && y < cv->at.rows; i++, y++) {
		canvas_put(cv, y, 0, ROLE_NORMAL, i == l->at ? ">" : " ");
		if (i == l->at)
			canvas_cursor(cv, y, 2);
		row(arg, cv, y, i, i == l->at);
	}
	if (l->top > 0)
		canvas_put(cv, 0, cv->at.cols - 1, ROLE_KEY, cv->glyphs[GLYPH_UP]);
	if (i < l->count)
		canvas_put(cv, y - 1, cv->at.cols - 1, ROLE_KEY, cv->glyphs[GLYPH_DOWN]);
}

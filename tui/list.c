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

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/gauge.h"

#include <stdio.h>
#include <string.h>

#include "core/i18n.h"
#include "core/text.h"

int gauge_percent(uint64_t used, uint64_t total)
{
	if (total == 0)
		return 0;
	return used >= total ? 100 : (int)((double)used * 100.0 / (double)total);
}

void gauge_amounts(char *dst, size_t cap, uint64_t used, uint64_t total)
{
	char a[16], b[16], *unit;

	text_size(a, used);
	text_size(b, total);
	unit = strchr(a, ' ');
	if (unit && strchr(b, ' ') && strcmp(unit, strchr(b, ' ')) == 0)
		*unit = '\0';
	snprintf(dst, cap, _("%s of %s"), a, b);
}

void gauge_bar(const struct canvas *cv, int y, int x, int width, const struct gauge *g)
{
	int inner = width - 2, left = inner, cells[4], i, largest = 0;
	uint64_t free_amount = g->total, used;

	if (inner < 3 || g->total == 0)
		return;
	for (i = 0; i < 3; i++)
		free_amount -= g->parts[i].amount < free_amount ? g->parts[i].amount : free_amount;
	for (i = 0; i < 4; i++) {
		used = i < 3 ? g->parts[i].amount : free_amount;
		/* What is there at all is seen. */
		cells[i] = used ? (int)((double)used * inner / (double)g->total + 0.5) : 0;
		if (used && cells[i] < 1)
			cells[i] = 1;
		left -= cells[i];
		if (cells[i] > cells[largest])
			largest = i;
	}
	cells[largest] += left;
	x = canvas_put(cv, y, x, ROLE_NORMAL, "[");
	for (i = 0; i < 4; i++) {
		char ch[2] = {i < 3 ? g->parts[i].ch : '.', '\0'};

		x = canvas_fill(cv, y, x, cells[i], i < 3 ? g->parts[i].role : ROLE_FREE, ch);
	}
	canvas_put(cv, y, x, ROLE_NORMAL, "]");
}

void gauge_line(const struct canvas *cv, int y, const struct gauge *g, bool focus, bool bars)
{
	int width = cv->at.cols - 49, x = 12;

	if (width > 62)
		width = 62;
	canvas_put(cv, y, 0, ROLE_NORMAL, focus ? ">" : " ");
	canvas_clip(cv, y, 2, 9, focus ? ROLE_FOCUS : ROLE_NORMAL, g->name);
	if (focus)
		canvas_cursor(cv, y, 2);
	if (g->total == 0) {
		canvas_clip(cv, y, x, cv->at.cols - x, ROLE_NORMAL, g->text);
		return;
	}
	if (bars && width >= 10) {
		gauge_bar(cv, y, x, width, g);
		x += width;
	}
	if (g->percent >= 0)
		canvas_printf(cv, y, x, ROLE_NORMAL, "%5d%%", g->percent);
	canvas_clip(cv, y, x + 8, 21, ROLE_NORMAL, g->text);
	if (g->word)
		canvas_put(cv, y, x + 29, g->word_role, g->word);
}

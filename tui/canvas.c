/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tui/cells.h"
#include "tui/lmcurses.h"

struct canvas canvas_part(const struct canvas *cv, struct rect r)
{
	struct canvas part = *cv;

	part.at = rect_part(cv->at, r);
	return part;
}

int canvas_put(const struct canvas *cv, int y, int x, enum role role, const char *text)
{
	wchar_t run[128];
	int n = 0, from = x, width;
	wchar_t ch;
	size_t len;

	if (y < 0 || y >= cv->at.rows || x < 0)
		return x;
	theme_set(cv->theme, role);
	while ((len = cells_next(text, &ch, &width)) > 0) {
		if (x + width > cv->at.cols)
			break;
		if (n == (int)(sizeof(run) / sizeof(run[0]))) {
			mvaddnwstr(cv->at.y + y, cv->at.x + from, run, n);
			from = x;
			n = 0;
		}
		run[n++] = ch;
		x += width;
		text += len;
	}
	if (n)
		mvaddnwstr(cv->at.y + y, cv->at.x + from, run, n);
	return x;
}

int canvas_printf(const struct canvas *cv, int y, int x, enum role role, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	va_end(args);
	return canvas_put(cv, y, x, role, text);
}

int canvas_clip(const struct canvas *cv, int y, int x, int width, enum role role,
		const char *text)
{
	char part[512];
	size_t n;

	if (width > cv->at.cols - x)
		width = cv->at.cols - x;
	if (width <= 0)
		return x;
	if (cells_count(text) <= width)
		return canvas_put(cv, y, x, role, text);
	n = cells_fit(text, width > 2 ? width - 2 : width);
	if (n > sizeof(part) - 3)
		n = cells_fit(text, 100);
	memcpy(part, text, n);
	memcpy(part + n, width > 2 ? ".." : "", width > 2 ? 3 : 1);
	return canvas_put(cv, y, x, role, part);
}

int canvas_fill(const struct canvas *cv, int y, int x, int n, enum role role, const char *text)
{
	for (; n > 0; n--)
		x = canvas_put(cv, y, x, role, text);
	return x;
}

void canvas_clear(const struct canvas *cv)
{
	int y;

	for (y = 0; y < cv->at.rows; y++)
		canvas_fill(cv, y, 0, cv->at.cols, ROLE_NORMAL, " ");
}

void canvas_box(const struct canvas *cv, const char *title)
{
	int rows = cv->at.rows, cols = cv->at.cols, y;

	canvas_put(cv, 0, 0, ROLE_RULE, cv->glyphs[GLYPH_TOP_LEFT]);
	canvas_fill(cv, 0, 1, cols - 2, ROLE_RULE, cv->glyphs[GLYPH_HLINE]);
	canvas_put(cv, 0, cols - 1, ROLE_RULE, cv->glyphs[GLYPH_TOP_RIGHT]);
	for (y = 1; y < rows - 1; y++) {
		canvas_put(cv, y, 0, ROLE_RULE, cv->glyphs[GLYPH_VLINE]);
		canvas_put(cv, y, cols - 1, ROLE_RULE, cv->glyphs[GLYPH_VLINE]);
	}
	canvas_put(cv, rows - 1, 0, ROLE_RULE, cv->glyphs[GLYPH_BOTTOM_LEFT]);
	canvas_fill(cv, rows - 1, 1, cols - 2, ROLE_RULE, cv->glyphs[GLYPH_HLINE]);
	canvas_put(cv, rows - 1, cols - 1, ROLE_RULE, cv->glyphs[GLYPH_BOTTOM_RIGHT]);
	if (title) {
		canvas_put(cv, 0, 2, ROLE_NORMAL, " ");
		canvas_put(cv, 0, canvas_clip(cv, 0, 3, cols - 6, ROLE_HEADING, title),
			   ROLE_NORMAL, " ");
	}
}

void canvas_cursor(const struct canvas *cv, int y, int x)
{
	if (y < 0 || y >= cv->at.rows || x < 0 || x >= cv->at.cols)
		return;
	cv->cursor->y = cv->at.y + y;
	cv->cursor->x = cv->at.x + x;
}

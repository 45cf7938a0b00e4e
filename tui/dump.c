/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/dump.h"

#include <limits.h>
#include <string.h>

#include "tui/lmcurses.h"

void dump_row(int row, int cols, char *dst, size_t cap)
{
	size_t used = 0, end = 0;
	int x, cy, cx;

	getyx(stdscr, cy, cx); /* reading a cell moves the cursor */
	for (x = 0; x < cols; x++) {
		wchar_t text[CCHARW_MAX + 1] = {0};
		char bytes[MB_LEN_MAX];
		mbstate_t state = {0};
		attr_t attr;
		cchar_t cell;
		short pair;
		size_t n;

		if (mvin_wch(row, x, &cell) != OK ||
		    getcchar(&cell, text, &attr, &pair, NULL) != OK)
			continue;
		n = wcrtomb(bytes, text[0], &state);
		if (n == (size_t)-1 || used + n >= cap)
			break;
		memcpy(dst + used, bytes, n);
		used += n;
		if (text[0] != L' ')
			end = used;
	}
	dst[end] = '\0';
	move(cy, cx);
}

/* One letter a cell: '.' plain, '*' bold, '#' reverse, '_' underlined, colours by letter. */
static char look(int row, int x)
{
	static const char colors[] = "kRGYBMCW";
	wchar_t text[CCHARW_MAX + 1] = {0};
	short pair = 0, fg = -1, bg;
	attr_t attr = 0;
	cchar_t cell;

	if (mvin_wch(row, x, &cell) != OK || getcchar(&cell, text, &attr, &pair, NULL) != OK)
		return '?';
	if (attr & A_REVERSE)
		return '#';
	if (pair > 0 && pair_content(pair, &fg, &bg) == OK && fg >= 0 && fg < 8)
		return attr & A_BOLD ? colors[fg] : (char)(colors[fg] | 0x20);
	return attr & A_BOLD ? '*' : attr & A_UNDERLINE ? '_' : '.';
}

void dump_screen(FILE *f, int rows, int cols)
{
	char line[2048];
	int y, x, cy, cx;

	getyx(stdscr, cy, cx);
	for (y = 0; y < rows; y++) {
		dump_row(y, cols, line, sizeof(line));
		fprintf(f, "%s\n", line);
	}
	fprintf(f, "-- looks\n");
	for (y = 0; y < rows; y++) {
		int end = 0;

		for (x = 0; x < cols && x < (int)sizeof(line) - 1; x++) {
			line[x] = look(y, x);
			if (line[x] != '.')
				end = x + 1;
		}
		line[end] = '\0';
		if (end)
			fprintf(f, "%2d %s\n", y, line);
	}
	fprintf(f, "-- cursor %d,%d\n", cy, cx);
	move(cy, cx);
}

int dump_cursor_row(void)
{
	return getcury(stdscr);
}

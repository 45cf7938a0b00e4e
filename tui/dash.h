/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dash.h - the parts of the dashboard */
#ifndef TUI_DASH_H
#define TUI_DASH_H

#include "tui/gauge.h"
#include "tui/ui.h"

enum { DASH_MAX_GAUGES = 14 };

/* One line of the upper part: a gauge, the legend below one, or a sentence. */
struct dash_line {
	struct gauge gauge;
	char text[200];     /* instead of a gauge */
	enum role role;
	const char *topic;  /* NULL: cannot have the focus */
	struct dash_legend {
		bool on, dead_known;
		uint64_t live, dead, tables, free;
	} legend;
};

/* Makes the lines from the data, for so many columns; returns how many. */
int dash_lines(const struct data *data, int cols, struct dash_line lines[DASH_MAX_GAUGES]);
void dash_line_draw(const struct canvas *cv, int y, const struct dash_line *line, bool focus,
		    bool bars);

#endif

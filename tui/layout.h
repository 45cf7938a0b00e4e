/* SPDX-License-Identifier: GPL-3.0-or-later */
/* layout.h - where things go on a screen of a given size: arithmetic only */
#ifndef TUI_LAYOUT_H
#define TUI_LAYOUT_H

#include <stdbool.h>

struct rect {
	int y, x, rows, cols;
};

/* The part r, relative to outer, cut to what lies within outer. */
struct rect rect_part(struct rect outer, struct rect r);

enum size_class {
	SIZE_NONE,  /* below 40x10: says so, work goes on */
	SIZE_SMALL, /* below 60x17: what is most needed */
	SIZE_FULL
};

/* The frame of every view: title, rule, body, rule, status lines, key bar. */
struct layout {
	enum size_class size;
	struct rect title, upper_rule, body, lower_rule, status, bar;
};

/* status_lines: wanted, 1 to 3; the screen decides how many there are. */
struct layout layout_frame(int rows, int cols, int status_lines);

/* The dashboard's body: gauges above, below them the device tree and the actions. */
struct dash_layout {
	bool bars;                     /* room for bars; else figures only */
	struct rect gauges, tree, actions; /* tree.rows is 0 where there is no room for it */
	int action_cols;                   /* columns of actions, 1 or 2 */
};

struct dash_layout layout_dash(struct rect body, enum size_class size, int gauge_lines,
			       int action_lines);

/* A box of that inner size in the middle of a screen, cut to it. */
struct rect layout_box(int rows, int cols, int inner_rows, int inner_cols);

#endif

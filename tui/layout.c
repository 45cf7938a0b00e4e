/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/layout.h"

static int clamp(int n, int low, int high)
{
	return n > high ? high < low ? low : high : n < low ? low : n;
}

struct rect rect_part(struct rect outer, struct rect r)
{
	struct rect out;

	out.y = outer.y + clamp(r.y, 0, outer.rows);
	out.x = outer.x + clamp(r.x, 0, outer.cols);
	out.rows = clamp(r.rows, 0, outer.y + outer.rows - out.y);
	out.cols = clamp(r.cols, 0, outer.x + outer.cols - out.x);
	return out;
}

struct layout layout_frame(int rows, int cols, int status_lines)
{
	struct layout l = {0};
	int most = rows >= 17 ? 3 : rows >= 13 ? 2 : 1, y;

	status_lines = clamp(status_lines, 1, most);
	l.size = rows < 10 || cols < 40 ? SIZE_NONE : rows < 17 || cols < 60 ? SIZE_SMALL : SIZE_FULL;
	l.title = (struct rect){0, 0, rows > 0, cols};
	l.upper_rule = (struct rect){1, 0, l.size == SIZE_FULL, cols};
	y = l.size == SIZE_FULL ? 2 : 1;
	l.bar = (struct rect){rows - 1, 0, 1, cols};
	l.status = (struct rect){rows - 1 - status_lines, 0, status_lines, cols};
	l.lower_rule = (struct rect){l.status.y - 1, 0, l.size == SIZE_FULL, cols};
	l.body = (struct rect){y, 0, 0, cols};
	l.body.rows = clamp((l.size == SIZE_FULL ? l.lower_rule.y : l.status.y) - y, 0, rows);
	return l;
}

struct dash_layout layout_dash(struct rect body, enum size_class size, int gauge_lines,
			       int action_lines)
{
	struct dash_layout d = {0};
	int least = clamp(action_lines, 0, size == SIZE_FULL ? 4 : 3), top, tree;

	d.bars = size == SIZE_FULL;
	d.gauges = (struct rect){0, 0, clamp(gauge_lines, 0, body.rows - least), body.cols};
	top = d.gauges.rows;
	if (body.rows - top > action_lines + 1)
		top++; /* a blank line between the two */
	tree = body.cols >= 76 ? clamp(body.cols / 2 + 4, 0, 70) : 0;
	if (tree)
		d.tree = (struct rect){top, 0, body.rows - top, tree};
	d.action_cols = !tree && body.cols >= 60 ? 2 : 1;
	d.actions = (struct rect){top, tree, body.rows - top, body.cols - tree};
	return d;
}

struct rect layout_box(int rows, int cols, int inner_rows, int inner_cols)
{
	struct rect r;

	r.rows = clamp(inner_rows + 2, 3, rows);
	r.cols = clamp(inner_cols + 4, 8, cols);
	r.y = (rows - r.rows) / 2;
	r.x = (cols - r.cols) / 2;
	return r;
}

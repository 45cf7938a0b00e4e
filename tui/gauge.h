/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gauge.h - a bar of several parts, each with a character of its own, and figures */
#ifndef TUI_GAUGE_H
#define TUI_GAUGE_H

#include <stddef.h>
#include <stdint.h>

#include "tui/canvas.h"

struct gauge {
	const char *name;
	struct gauge_part {
		char ch;
		enum role role;
		uint64_t amount;
	} parts[3]; /* what is left of total is free, '.' */
	uint64_t total;   /* 0: no bar, the text says why */
	int percent;      /* -1: none */
	char text[64];    /* "1.42 of 2.00 GiB" */
	const char *word; /* "ok", "watch", "FULL" */
	enum role word_role;
};

/* Only the bar: "[###==+....]", width cells with the brackets. */
void gauge_bar(const struct canvas *cv, int y, int x, int width, const struct gauge *g);

/* A whole line: mark, name, bar (where there is room and bars is true), percent, text, word. */
void gauge_line(const struct canvas *cv, int y, const struct gauge *g, bool focus, bool bars);

/* "1.42 of 2.00 GiB", "398 MiB of 2.00 GiB". dst takes cap bytes. */
void gauge_amounts(char *dst, size_t cap, uint64_t used, uint64_t total);

/* Percentage, rounded down, so that 100 means full. */
int gauge_percent(uint64_t used, uint64_t total);

#endif

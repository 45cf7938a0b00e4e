/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * doc.h - a page of text that is built once, wrapped to any width and scrolled
 *
 * Help, plans, findings and the log are such pages.
 */
#ifndef TUI_DOC_H
#define TUI_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/livemend.h"
#include "tui/canvas.h"
#include "tui/cmd.h"

struct doc_para {
	char *text;
	enum role role;
	int first, indent; /* cells before the first line, and before those after it */
	uint64_t bar[3];   /* a bar instead of text, when total is not 0 */
	uint64_t total;
	bool literal; /* cut rather than wrapped */
	size_t line;  /* doc_prose(): the line of the source in which it begins */
};

struct doc_line {
	size_t para, from, len;
	bool first;
};

struct doc {
	struct doc_para *paras;
	size_t n_paras;
	struct doc_line *lines;
	size_t n_lines;
	int cols; /* wrapped for; 0: not yet */
	size_t top;
	size_t wanted_line; /* of the source: brought into sight once it is wrapped; 0: none */
	int rows;
	bool broken; /* out of memory: says so instead */
};

void doc_clear(struct doc *doc);
/* An empty text is an empty line. */
void doc_add(struct doc *doc, enum role role, int indent, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* "label  text" with the text hanging behind the label. */
void doc_item(struct doc *doc, enum role role, int indent, const char *label, const char *text);
/* Text with newlines of its own, one paragraph a line. */
void doc_text(struct doc *doc, enum role role, int indent, const char *text);
/* The same, but lines that belong together become one paragraph: it wraps anew at any width. */
void doc_prose(struct doc *doc, enum role role, const char *text);
/* A bar: '#' first part, '=' second, '.' the rest up to total. */
void doc_bar(struct doc *doc, int indent, uint64_t first, uint64_t second, uint64_t total);
/* The four parts of an error, those that are there. */
void doc_error(struct doc *doc, const struct lm_error *err);
void doc_fit(struct doc *doc, int rows, int cols);
void doc_end(struct doc *doc);
/* Draws, with the cursor on the first visible line and a mark where there is more. */
void doc_draw(const struct doc *doc, const struct canvas *cv);
bool doc_command(struct doc *doc, enum cmd cmd);
/* Is the end visible? */
bool doc_seen(const struct doc *doc);

#endif

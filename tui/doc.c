/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "tui/cells.h"
#include "tui/gauge.h"

void doc_clear(struct doc *doc)
{
	size_t i;

	for (i = 0; i < doc->n_paras; i++)
		free(doc->paras[i].text);
	free(doc->paras);
	free(doc->lines);
	memset(doc, 0, sizeof(*doc));
}

static struct doc_para *grow(struct doc *doc)
{
	struct doc_para *more;

	more = reallocarray(doc->paras, doc->n_paras + 1, sizeof(*more));
	if (!more) {
		doc->broken = true;
		return NULL;
	}
	doc->paras = more;
	doc->cols = 0;
	more += doc->n_paras++;
	memset(more, 0, sizeof(*more));
	return more;
}

/* "`livemend resume`" of the core's sentences is a key here: it is put behind. Takes over text. */
static char *with_key(char *text)
{
	static const char call[] = "`livemend ";
	const char *at = text ? strstr(text, call) : NULL;
	char word[24], key[16], *longer = NULL;
	size_t len, end;
	enum cmd cmd;

	if (!at)
		return text;
	at += sizeof(call) - 1;
	len = strcspn(at, "` ");
	if (len >= sizeof(word) || at[len] != '`')
		return text;
	memcpy(word, at, len);
	word[len] = '\0';
	cmd = cmd_for_line(word);
	if (cmd == CMD_NONE)
		return text;
	end = (size_t)(at - text) + len + 1;
	if (asprintf(&longer, _("%.*s (key %s)%s"), (int)end, text, cmd_letter(cmd, key, sizeof(key)),
		     text + end) < 0)
		return text;
	free(text);
	return longer;
}

static void add(struct doc *doc, enum role role, int first, int indent, char *text)
{
	struct doc_para *p = text ? grow(doc) : NULL;

	if (!p) {
		doc->broken = true;
		free(text);
		return;
	}
	*p = (struct doc_para){.text = with_key(text), .role = role, .first = first, .indent = indent};
}

void doc_add(struct doc *doc, enum role role, int indent, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	add(doc, role, indent, indent, text);
}

void doc_item(struct doc *doc, enum role role, int indent, const char *label, const char *text)
{
	char *both = NULL;

	if (asprintf(&both, "%s%s", label, text) < 0)
		both = NULL;
	add(doc, role, indent, indent + cells_count(label), both);
}

void doc_text(struct doc *doc, enum role role, int indent, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		size_t blanks = strspn(text, " ");

		/* Tables and commands keep their columns: they are indented in the source. */
		add(doc, role, indent, indent + (int)(blanks < len ? blanks : 0),
		    strndup(text, len));
		text += len + (text[len] == '\n');
	}
}

/* Where the second column of a table's row begins; 0: it is no such row. */
static size_t column_of(const char *line, size_t len)
{
	size_t i = strspn(line, " ");

	for (; i + 1 < len; i++)
		if (line[i] == ' ' && line[i + 1] == ' ')
			return i + strspn(line + i, " ");
	return 0;
}

/* Does the next line go on with what began with this one? */
static bool goes_on(size_t blanks, size_t column, bool full, const char *next, size_t len)
{
	size_t next_blanks = strspn(next, " ");

	if (len == 0 || next_blanks >= len)
		return false;
	if (column || blanks) /* a row, or an item: what hangs behind it */
		return next_blanks > blanks && !column_of(next, len);
	return full && next_blanks == 0 && !column_of(next, len);
}

/* A line that could have taken the next word was ended on purpose. */
static bool is_full(size_t len, const char *next)
{
	return len + 1 + strcspn(next, " \n") > 72;
}

void doc_prose(struct doc *doc, enum role role, const char *text)
{
	size_t line = 0, from;

	while (*text) {
		size_t len = strcspn(text, "\n"), blanks = strspn(text, " "), hang;
		size_t column = column_of(text, len), used = len;
		const char *next = text + len + (text[len] == '\n');
		char *joined = malloc(strlen(text) + 1);

		if (!joined) {
			doc->broken = true;
			return;
		}
		memcpy(joined, text, len);
		from = line++;
		hang = column ? column : blanks < len ? blanks : 0;
		while (len &&
		       goes_on(blanks, column, is_full(len, next), next, strcspn(next, "\n"))) {
			size_t skip = strspn(next, " ");

			len = strcspn(next, "\n");
			if (blanks || column)
				hang = skip;
			joined[used++] = ' ';
			memcpy(joined + used, next + skip, len - skip);
			used += len - skip;
			next += len + (next[len] == '\n');
			line++;
		}
		joined[used] = '\0';
		add(doc, role, 0, (int)hang, joined);
		if (doc->n_paras)
			doc->paras[doc->n_paras - 1].line = from;
		text = next;
	}
}

void doc_bar(struct doc *doc, int indent, uint64_t first, uint64_t second, uint64_t total)
{
	struct doc_para *p = grow(doc);

	if (p)
		*p = (struct doc_para){.first = indent, .indent = indent, .total = total,
				       .bar = {first, second, 0}};
}

void doc_error(struct doc *doc, const struct lm_error *err)
{
	doc_add(doc, ROLE_ACT, 0, "%s", *err->what ? err->what : _("It failed"));
	if (*err->on)
		doc_item(doc, ROLE_NORMAL, 0, _("On:   "), err->on);
	if (*err->why)
		doc_item(doc, ROLE_NORMAL, 0, _("Why:  "), err->why);
	if (*err->help)
		doc_item(doc, ROLE_NORMAL, 0, _("Help: "), err->help);
}

static bool add_line(struct doc *doc, size_t para, size_t from, size_t len, bool first)
{
	struct doc_line *more = reallocarray(doc->lines, doc->n_lines + 1, sizeof(*more));

	if (!more)
		return false;
	doc->lines = more;
	doc->lines[doc->n_lines++] = (struct doc_line){para, from, len, first};
	return true;
}

void doc_fit(struct doc *doc, int rows, int cols)
{
	size_t i, from, next, len;

	doc->rows = rows > 0 ? rows : 1;
	if (cols != doc->cols) {
		doc->n_lines = 0;
		doc->cols = cols;
		for (i = 0; i < doc->n_paras; i++) {
			const struct doc_para *p = &doc->paras[i];
			int width = p->role == ROLE_COMMAND ? cols - 3 : cols - 1;

			for (from = 0;; from += next) {
				int room = width - (from ? p->indent : p->first);

				next = len = 0;
				if (p->text)
					len = cells_wrap(p->text + from, room > 8 ? room : 8,
							 &next);
				if (!add_line(doc, i, from, len, from == 0))
					doc->broken = true;
				if (!p->text || next == 0 || !p->text[from + next])
					break;
			}
		}
	}
	for (i = 0; doc->wanted_line && i < doc->n_lines; i++)
		if (doc->paras[doc->lines[i].para].line <= doc->wanted_line)
			doc->top = i;
	doc->wanted_line = 0;
	if (doc->n_lines <= (size_t)doc->rows)
		doc->top = 0;
	else if (doc->top > doc->n_lines - (size_t)doc->rows)
		doc->top = doc->n_lines - (size_t)doc->rows;
}

void doc_end(struct doc *doc)
{
	doc->top = SIZE_MAX / 2;
}

void doc_draw(const struct doc *doc, const struct canvas *cv)
{
	int y;

	canvas_cursor(cv, 0, 0);
	for (y = 0; y < cv->at.rows && doc->top + (size_t)y < doc->n_lines; y++) {
		const struct doc_line *l = &doc->lines[doc->top + (size_t)y];
		const struct doc_para *p = &doc->paras[l->para];
		char part[1024];
		size_t len = l->len < sizeof(part) ? l->len : sizeof(part) - 1;

		if (p->total) {
			struct gauge g = {.total = p->total, .parts = {
				{'#', ROLE_USED, p->bar[0]}, {'=', ROLE_DEAD, p->bar[1]}}};

			gauge_bar(cv, y, p->first, cv->at.cols - p->first - 2, &g);
			continue;
		}
		memcpy(part, p->text + l->from, len);
		part[len] = '\0';
		canvas_put(cv, y, l->first ? p->first : p->indent, p->role, part);
		/* A command that takes two lines is one command. */
		if (p->role == ROLE_COMMAND && doc->top + (size_t)y + 1 < doc->n_lines &&
		    doc->lines[doc->top + (size_t)y + 1].para == l->para)
			canvas_put(cv, y, cv->at.cols - 2, p->role, "\\");
	}
	if (doc->broken)
		canvas_put(cv, 0, 0, ROLE_ACT, _("Not enough memory to show this."));
	if (doc->top > 0)
		canvas_put(cv, 0, cv->at.cols - 1, ROLE_KEY, cv->glyphs[GLYPH_UP]);
	if (!doc_seen(doc))
		canvas_put(cv, cv->at.rows - 1, cv->at.cols - 1, ROLE_KEY, cv->glyphs[GLYPH_DOWN]);
}

bool doc_seen(const struct doc *doc)
{
	return doc->top + (size_t)doc->rows >= doc->n_lines;
}

bool doc_command(struct doc *doc, enum cmd cmd)
{
	size_t page = doc->rows > 1 ? (size_t)doc->rows - 1 : 1;

	switch (cmd) {
	case CMD_UP:
		doc->top -= doc->top > 0;
		return true;
	case CMD_DOWN:
		doc->top += !doc_seen(doc);
		return true;
	case CMD_PGUP:
		doc->top -= doc->top < page ? doc->top : page;
		return true;
	case CMD_PGDN:
	case CMD_PGDN_TEXT:
		doc->top += page;
		return true;
	case CMD_HOME:
		doc->top = 0;
		return true;
	case CMD_END:
		doc_end(doc);
		return true;
	default:
		return false;
	}
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/field.h"

#include <string.h>

#include "core/text.h"
#include "tui/cells.h"
#include "tui/input.h"

void field_set(struct field *field, const char *text)
{
	text_printable(field->text, sizeof(field->text), text);
	field->at = strlen(field->text);
}

static size_t before(const struct field *f)
{
	size_t at = f->at;

	while (at > 0 && ((unsigned char)f->text[--at] & 0xc0) == 0x80)
		continue;
	return at;
}

static size_t after(const struct field *f)
{
	wchar_t ch;
	int width;

	return f->at + cells_next(f->text + f->at, &ch, &width);
}

static void cut(struct field *f, size_t from, size_t to)
{
	memmove(f->text + from, f->text + to, strlen(f->text + to) + 1);
	f->at = from;
}

static void insert(struct field *f, uint32_t cp)
{
	char b[4];
	size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4, i;

	for (i = n - 1; i > 0; i--, cp >>= 6)
		b[i] = (char)(0x80 | (cp & 0x3f));
	b[0] = (char)(n == 1 ? cp : (0xf00u >> n & 0xffu) | cp);
	if (strlen(f->text) + n >= sizeof(f->text))
		return;
	memmove(f->text + f->at + n, f->text + f->at, strlen(f->text + f->at) + 1);
	memcpy(f->text + f->at, b, n);
	f->at += n;
}

bool field_key(struct field *f, uint32_t key)
{
	switch (key) {
	case K_LEFT:
		f->at = before(f);
		return true;
	case K_RIGHT:
		f->at = after(f);
		return true;
	case K_HOME:
	case K_CTRL('a'):
		f->at = 0;
		return true;
	case K_END:
	case K_CTRL('e'):
		f->at = strlen(f->text);
		return true;
	case K_BACKSPACE:
		cut(f, before(f), f->at);
		return true;
	case K_DELETE:
		cut(f, f->at, after(f));
		return true;
	case K_CTRL('u'):
		cut(f, 0, f->at);
		return true;
	default:
		if (!key_is_text(key))
			return false;
		insert(f, key);
		return true;
	}
}

void field_draw(const struct field *f, const struct canvas *cv, int y, int x, int width)
{
	size_t from = 0;
	char head[sizeof(f->text)];
	int at;

	memcpy(head, f->text, f->at);
	head[f->at] = '\0';
	/* The cursor stays in sight: what is left of it scrolls out. */
	while (cells_count(head + from) > width - 1) {
		wchar_t ch;
		int w;

		from += cells_next(head + from, &ch, &w);
	}
	at = cells_count(head + from);
	canvas_fill(cv, y, x, width, ROLE_FIELD, " ");
	memcpy(head, f->text, sizeof(head));
	head[from + cells_fit(head + from, width)] = '\0';
	canvas_put(cv, y, x, ROLE_FIELD, head + from);
	canvas_cursor(cv, y, x + at);
}

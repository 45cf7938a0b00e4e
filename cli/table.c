/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "core/i18n.h"
#include "core/text.h"

struct libscols_table *table_new(struct out *out, const struct table_column *columns, size_t count)
{
	struct libscols_table *table = scols_new_table();
	size_t i;

	if (!table)
		return NULL;
	scols_table_set_stream(table, out->f);
	scols_table_enable_colors(table, out->colour);
	scols_table_enable_ascii(table, out->ascii);
	scols_table_enable_nowrap(table, 0);
	/* Where nobody looks at a screen, nothing is cut off. */
	if (out->tty) {
		scols_table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
		scols_table_set_termwidth(table, out->width);
	} else {
		scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	}
	for (i = 0; i < count; i++) {
		if (!scols_table_new_column(table, *columns[i].title ? _(columns[i].title) : "",
					    columns[i].width, columns[i].flags)) {
			scols_unref_table(table);
			return NULL;
		}
	}
	return table;
}

struct libscols_line *table_line(struct libscols_table *table, struct libscols_line *parent)
{
	return scols_table_new_line(table, parent);
}

int table_set(struct libscols_line *line, size_t column, const char *text)
{
	return scols_line_set_data(line, column, text ? text : "") ? -ENOMEM : 0;
}

int table_setf(struct libscols_line *line, size_t column, const char *format, ...)
{
	va_list args;
	char *text;
	int code;

	va_start(args, format);
	text = text_vformat(format, args);
	va_end(args);
	if (!text)
		return -ENOMEM;
	code = table_set(line, column, text);
	free(text);
	return code;
}

int table_size(struct libscols_line *line, size_t column, uint64_t bytes)
{
	char size[16];

	return table_set(line, column, text_size(size, bytes));
}

int table_styled(struct out *out, struct libscols_line *line, size_t column, const char *text,
		 enum out_style style)
{
	static const char *const name[] = {NULL, NULL, "green", "yellow", "red"};
	struct libscols_cell *cell;

	if (table_set(line, column, text))
		return -ENOMEM;
	if (!out->colour || !name[style])
		return 0;
	cell = scols_line_get_cell(line, column);
	return !cell || scols_cell_set_color(cell, name[style]) ? -ENOMEM : 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* table.h - tables and trees for people, through libsmartcols */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <libsmartcols.h>
#include <stdint.h>

#include "cli/out.h"

struct table_column {
	const char *title; /* untranslated; "" for none */
	double width;      /* hint: below 1 a share of the terminal, else columns */
	int flags;         /* SCOLS_FL_* */
};

/*
 * A table that is printed to out. Release it with scols_unref_table(). NULL
 * without memory.
 */
struct libscols_table *table_new(struct out *out, const struct table_column *columns, size_t count);

/* Adds a line below parent (NULL: a line of its own). NULL without memory. */
struct libscols_line *table_line(struct libscols_table *table, struct libscols_line *parent);

/* Sets a cell; text is copied and may be NULL. 0 or -ENOMEM. */
int table_set(struct libscols_line *line, size_t column, const char *text);
int table_setf(struct libscols_line *line, size_t column, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same as a size in words ("1.42 GiB"), and a word in a style. */
int table_size(struct libscols_line *line, size_t column, uint64_t bytes);
int table_styled(struct out *out, struct libscols_line *line, size_t column, const char *text,
		 enum out_style style);

#endif

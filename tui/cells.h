/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cells.h - how many cells of the screen a text takes, and where to break it */
#ifndef TUI_CELLS_H
#define TUI_CELLS_H

#include <stddef.h>
#include <wchar.h>

/*
 * Decodes the character at s (UTF-8) and returns its length in bytes, 0 at the
 * end. What the locale cannot show, or is no UTF-8, comes back as '?'; *width
 * is 1 or 2 (0 for combining characters).
 */
size_t cells_next(const char *s, wchar_t *ch, int *width);

/* Cells that s takes. */
int cells_count(const char *s);

/* Bytes of the longest beginning of s that fits into that many cells. */
size_t cells_fit(const char *s, int cells);

/*
 * Where the first line ends when s is wrapped at that many cells (> 0):
 * returns the bytes of the line without trailing blanks, and in *next the
 * offset where the following line begins (the end of s when there is none).
 * Breaks at blanks and newlines; a word longer than a line is cut.
 */
size_t cells_wrap(const char *s, int cells, size_t *next);

#endif

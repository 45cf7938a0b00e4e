/* SPDX-License-Identifier: GPL-3.0-or-later */
/* field.h - a line of text to be typed */
#ifndef TUI_FIELD_H
#define TUI_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tui/canvas.h"

struct field {
	char text[512]; /* UTF-8 */
	size_t at;      /* the cursor, in bytes */
};

void field_set(struct field *field, const char *text);
/* true: the key was for the field. */
bool field_key(struct field *field, uint32_t key);
void field_draw(const struct field *field, const struct canvas *cv, int y, int x, int width);

#endif

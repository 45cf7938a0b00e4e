/* SPDX-License-Identifier: GPL-3.0-or-later */
/* glyph.h - lines and corners: one of two whole sets, never a mixture */
#ifndef TUI_GLYPH_H
#define TUI_GLYPH_H

#include <stdbool.h>

enum glyph {
	GLYPH_HLINE,
	GLYPH_VLINE,
	GLYPH_TOP_LEFT,
	GLYPH_TOP_RIGHT,
	GLYPH_BOTTOM_LEFT,
	GLYPH_BOTTOM_RIGHT,
	GLYPH_TREE_MID,  /* two cells each */
	GLYPH_TREE_LAST,
	GLYPH_TREE_DOWN,
	GLYPH_UP,
	GLYPH_DOWN,
	N_GLYPHS
};

/* The set for this locale: UTF-8, or plain ASCII. Indexed by enum glyph. */
const char *const *glyph_set(bool ascii);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/glyph.h"

#include <langinfo.h>
#include <string.h>

static const char *const plain[N_GLYPHS] = {
	[GLYPH_HLINE] = "-",       [GLYPH_VLINE] = "|",        [GLYPH_TOP_LEFT] = "+",
	[GLYPH_TOP_RIGHT] = "+",   [GLYPH_BOTTOM_LEFT] = "+",  [GLYPH_BOTTOM_RIGHT] = "+",
	[GLYPH_TREE_MID] = "|-",   [GLYPH_TREE_LAST] = "`-",   [GLYPH_TREE_DOWN] = "| ",
	[GLYPH_UP] = "^",          [GLYPH_DOWN] = "v",
};

/* Only what the console fonts of Debian and the kernel's own have in common. */
static const char *const unicode[N_GLYPHS] = {
	[GLYPH_HLINE] = "\u2500",           [GLYPH_VLINE] = "\u2502",
	[GLYPH_TOP_LEFT] = "\u250c",        [GLYPH_TOP_RIGHT] = "\u2510",
	[GLYPH_BOTTOM_LEFT] = "\u2514",     [GLYPH_BOTTOM_RIGHT] = "\u2518",
	[GLYPH_TREE_MID] = "\u251c\u2500",  [GLYPH_TREE_LAST] = "\u2514\u2500",
	[GLYPH_TREE_DOWN] = "\u2502 ",      [GLYPH_UP] = "\u2191",
	[GLYPH_DOWN] = "\u2193",
};

const char *const *glyph_set(bool ascii)
{
	return !ascii && strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? unicode : plain;
}

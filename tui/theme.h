/* SPDX-License-Identifier: GPL-3.0-or-later */
/* theme.h - what the parts of the screen look like, with colours and without */
#ifndef TUI_THEME_H
#define TUI_THEME_H

#include <stdbool.h>

enum role {
#define ROLE(name, mono, dark, dark_attr, any, any_attr) ROLE_##name,
#include "tui/theme.def"
#undef ROLE
	N_ROLES
};

struct theme {
	bool color;
	int ground; /* 0: known to be dark; 1: any */
};

/* Chooses, after the terminal is up; no_color is the user's wish. */
void theme_init(struct theme *theme, bool no_color);

/* Makes what is written to stdscr from now on look like role. */
void theme_set(const struct theme *theme, enum role role);

#endif

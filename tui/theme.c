/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/theme.h"

#include <stdlib.h>

#include "tui/lmcurses.h"

static const struct look {
	attr_t mono, attr;
	short fg;
} looks[N_ROLES] = {
#define ROLE(name, without, color, with) [ROLE_##name] = {without, with, color},
#include "tui/theme.def"
#undef ROLE
};

void theme_init(struct theme *theme, bool no_color)
{
	const char *wish = getenv("NO_COLOR"); /* no-color.org: any value but the empty one */
	int role;

	theme->color = !no_color && !(wish && *wish) && has_colors() && start_color() == OK &&
		       use_default_colors() == OK && COLOR_PAIRS > N_ROLES;
	for (role = 0; theme->color && role < N_ROLES; role++)
		if (init_pair((short)(role + 1), looks[role].fg, -1) != OK)
			theme->color = false;
}

void theme_set(const struct theme *theme, enum role role)
{
	if (!theme->color)
		attr_set(looks[role].mono, 0, NULL);
	else if (looks[role].fg < 0)
		attr_set(looks[role].attr, 0, NULL);
	else
		attr_set(looks[role].attr, (short)(role + 1), NULL);
}

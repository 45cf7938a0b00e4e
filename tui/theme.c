/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/theme.h"

#include <stdlib.h>
#include <string.h>

#include "tui/lmcurses.h"

static const struct look {
	attr_t mono;
	struct {
		short fg;
		attr_t attr;
	} on[2]; /* a dark ground; any */
} looks[N_ROLES] = {
#define ROLE(name, mono, dark, dark_attr, any, any_attr)                                           \
	[ROLE_##name] = {mono, {{dark, dark_attr}, {any, any_attr}}},
#include "tui/theme.def"
#undef ROLE
};

/* The text VT is dark; some terminals say what they are in "foreground;[...;]background". */
static bool known_dark(void)
{
	const char *term = getenv("TERM"), *ground = getenv("COLORFGBG");
	const char *last = ground ? strrchr(ground, ';') : NULL;

	if (last && last[1] >= '0' && last[1] <= '9') {
		long color = strtol(last + 1, NULL, 10);

		return color != 7 && color < 9;
	}
	return term && strncmp(term, "linux", 5) == 0;
}

void theme_init(struct theme *theme, bool no_color)
{
	const char *wish = getenv("NO_COLOR"); /* no-color.org: any value but the empty one */
	int role;

	theme->color = !no_color && !(wish && *wish) && has_colors() && start_color() == OK &&
		       use_default_colors() == OK && COLOR_PAIRS > N_ROLES;
	theme->ground = known_dark() ? 0 : 1;
	for (role = 0; theme->color && role < N_ROLES; role++)
		if (init_pair((short)(role + 1), looks[role].on[theme->ground].fg, -1) != OK)
			theme->color = false;
}

void theme_set(const struct theme *theme, enum role role)
{
	const struct look *look = &looks[role];

	if (!theme->color)
		attr_set(look->mono, 0, NULL);
	else if (look->on[theme->ground].fg < 0)
		attr_set(look->on[theme->ground].attr, 0, NULL);
	else
		attr_set(look->on[theme->ground].attr, (short)(role + 1), NULL);
}

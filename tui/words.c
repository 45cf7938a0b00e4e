/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/words.h"

#include "core/i18n.h"

const char *word_health(enum lm_health health, enum role *role)
{
	static const char *const words[] = {N_("HEALTHY"), N_("WATCH"), N_("ACT NOW"),
					    N_("BROKEN")};

	*role = health == LM_HEALTHY ? ROLE_OK : health == LM_WATCH ? ROLE_WATCH : ROLE_ACT;
	return _(words[health & 3]);
}

const char *word_severity(enum lm_severity s, enum role *role)
{
	*role = s == LM_SEV_ILL       ? ROLE_ACT
		: s == LM_SEV_WARNING ? ROLE_WATCH
		: s == LM_SEV_OK      ? ROLE_OK
				      : ROLE_NORMAL;
	switch (s) {
	case LM_SEV_ILL:
		return _("ILL");
	case LM_SEV_WARNING:
		return _("WARNING");
	case LM_SEV_NOTE:
		return _("note");
	default:
		return _("ok");
	}
}

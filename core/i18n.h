/* SPDX-License-Identifier: GPL-3.0-or-later */
/* i18n.h - marking of texts for translation, for all of core/, cli/ and tui/ */
#ifndef LM_I18N_H
#define LM_I18N_H

#include <libintl.h>

#define _(text) gettext(text)
#define N_(text) text /* marked here, translated where it is shown */

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* words.h - how it stands, in a word, with its colour */
#ifndef TUI_WORDS_H
#define TUI_WORDS_H

#include "core/livemend.h"
#include "tui/theme.h"

const char *word_health(enum lm_health health, enum role *role);
const char *word_severity(enum lm_severity severity, enum role *role);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lmcurses.h - the one place that says which curses; only term, input, canvas and dump use it */
#ifndef TUI_LMCURSES_H
#define TUI_LMCURSES_H

#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <term.h>

#endif

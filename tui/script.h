/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * script.h - keys from a file, and dumps of the screen, for tests
 *
 * One line a command:
 *   key NAME...    press these keys, each when nothing is being read
 *   now NAME...    press these keys even while something is being read
 *   type TEXT      type the text
 *   wait TEXT      wait until the screen shows it (10 s at most, or LM_PATIENCE)
 *   gone TEXT      wait until it does not
 *   size COLSxROWS resize
 *   dump TITLE     write the screen: text, looks, cursor
 *   at TEXT        the cursor must be in a row that holds the text
 *   lost           the terminal vanishes
 * At the end of the file the program ends as by SIGTERM. A wait that is in vain
 * or an "at" that is not true writes what it was to the dump; exit status 99.
 */
#ifndef TUI_SCRIPT_H
#define TUI_SCRIPT_H

#include <stdbool.h>

struct ui;
struct script;

int script_open(struct script **script, const char *path, const char *dump);
void script_close(struct script *script);
/* Does what can be done now. Returns the milliseconds to wait at most before the next call. */
int script_step(struct script *script, struct ui *ui);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* console.h - the kernel's messages, which on a console are written over the screen */
#ifndef TUI_CONSOLE_H
#define TUI_CONSOLE_H

#include <stdbool.h>

/*
 * A descriptor that becomes readable when the kernel has said something, if
 * tty is a terminal that it writes its messages to and they can be followed
 * (that may need privileges); else -1.
 */
int console_open(int tty);

/* Takes what was said; true when it was loud enough to be on the screen. */
bool console_disturbed(int fd);

/* Is it a text VT? Others than the kernel may write to those, too. */
bool console_is_vt(int tty);

#endif

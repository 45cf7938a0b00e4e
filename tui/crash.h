/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crash.h - the terminal given back when the program dies of a bug */
#ifndef TUI_CRASH_H
#define TUI_CRASH_H

#include <termios.h>

/*
 * From now on a fatal signal writes reset (copied; at most 255 bytes) to fd,
 * restores mode and the standard descriptors from old (-1: that one stays), then
 * takes its course. Handlers that somebody else has installed (a sanitizer's)
 * are left alone.
 */
void crash_arm(int fd, const struct termios *mode, const char *reset, const int old[3]);

/* The terminal has been given back the ordinary way. */
void crash_disarm(void);

#endif

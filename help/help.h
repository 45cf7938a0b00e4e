/* SPDX-License-Identifier: GPL-3.0-or-later */
/* help.h - the help topics, compiled in so that they are there when the stick is not */
#ifndef HELP_HELP_H
#define HELP_HELP_H

#include <stddef.h>

struct help_topic {
	const char *name;  /* "overlay": one lower-case word */
	const char *title; /* "The overlay"; marked for translation, as are the paragraphs */
	/*
	 * Without the title; lines of at most 76 columns, ASCII; each ends in a
	 * newline, the last is followed by NULL.
	 */
	const char *const *paragraphs;
};

/*
 * All paragraphs, translated, with an empty line between: to be freed. NULL
 * when there is no memory.
 */
char *help_text(const struct help_topic *topic);

/* The topic of that name, NULL when there is none. */
const struct help_topic *help_find(const char *name);

/* All topics, in the order in which they are best read; *count may be NULL. */
const struct help_topic *help_all(size_t *count);

#endif

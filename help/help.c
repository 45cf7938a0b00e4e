/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "help/help.h"

#include <string.h>

/* Made from help/NAME.txt by help/topics.awk. */
static const struct help_topic topics[] = {
#include "help/topics.inc"
};

static const size_t n_topics = sizeof(topics) / sizeof(topics[0]);

const struct help_topic *help_find(const char *name)
{
	size_t i;

	if (!name)
		return NULL;
	for (i = 0; i < n_topics; i++)
		if (!strcmp(topics[i].name, name))
			return &topics[i];
	return NULL;
}

const struct help_topic *help_all(size_t *count)
{
	if (count)
		*count = n_topics;
	return topics;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "help/help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"

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

char *help_text(const struct help_topic *topic)
{
	char *text = NULL;
	size_t size, i;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (i = 0; topic->paragraphs[i]; i++)
		fprintf(f, "%s%s", i ? "\n" : "", _(topic->paragraphs[i]));
	i = (size_t)ferror(f);
	if (fclose(f) != 0 || i) {
		free(text);
		return NULL;
	}
	return text;
}

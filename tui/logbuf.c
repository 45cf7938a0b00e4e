/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/logbuf.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/i18n.h"
#include "core/text.h"

#define LINES_KEPT 500

struct logbuf {
	pthread_mutex_t lock;
	char *lines[LINES_KEPT];
	size_t next;
};

struct logbuf *logbuf_new(void)
{
	struct logbuf *log = calloc(1, sizeof(*log));

	if (log)
		pthread_mutex_init(&log->lock, NULL);
	return log;
}

void logbuf_free(struct logbuf *log)
{
	size_t i;

	for (i = 0; log && i < LINES_KEPT; i++)
		free(log->lines[i]);
	free(log);
}

void logbuf_add(void *arg, enum lm_log_level level, const char *text)
{
	static const char *const words[] = {N_("ERROR "), N_("WARNING "), "", ""};
	struct logbuf *log = arg;
	time_t t = time(NULL);
	struct tm tm;
	char *line;

	if (level == LM_LOG_DEBUG || !localtime_r(&t, &tm))
		return;
	line = text_format("%02d:%02d:%02d %s%s", tm.tm_hour, tm.tm_min, tm.tm_sec,
			   *words[level] ? _(words[level]) : "", text);
	pthread_mutex_lock(&log->lock);
	free(log->lines[log->next]);
	log->lines[log->next] = line;
	log->next = (log->next + 1) % LINES_KEPT;
	pthread_mutex_unlock(&log->lock);
}

char *logbuf_text(struct logbuf *log)
{
	char *text = NULL;
	size_t len, i;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	pthread_mutex_lock(&log->lock);
	for (i = 0; i < LINES_KEPT; i++) {
		const char *line = log->lines[(log->next + i) % LINES_KEPT];

		if (line)
			fprintf(f, "%s\n", line);
	}
	pthread_mutex_unlock(&log->lock);
	return fclose(f) == 0 ? text : NULL;
}

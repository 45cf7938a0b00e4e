/* SPDX-License-Identifier: GPL-3.0-or-later */
/* logbuf.h - the last messages of this session, from any thread */
#ifndef TUI_LOGBUF_H
#define TUI_LOGBUF_H

#include "core/livemend.h"

struct logbuf;

struct logbuf *logbuf_new(void);
void logbuf_free(struct logbuf *log);
/* A lm_log_fn with the logbuf as its argument. */
void logbuf_add(void *log, enum lm_log_level level, const char *text);
/* All lines, newline-terminated, oldest first; free with free(). NULL without memory. */
char *logbuf_text(struct logbuf *log);

#endif

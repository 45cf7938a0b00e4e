/* SPDX-License-Identifier: GPL-3.0-or-later */
/* progress.h - a running job shown line by line, or as JSON lines */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/out.h"
#include "core/livemend.h"

enum progress_kind {
	PROGRESS_ONE_LINE, /* a terminal: one line, rewritten */
	PROGRESS_LINES,    /* line mode: a line now and then, none is rewritten */
	PROGRESS_STEPS,    /* no terminal: a line when a step begins */
	PROGRESS_JSON      /* an object a line */
};

struct progress {
	struct out *out;
	const struct lm_plan *plan;
	enum progress_kind kind;
	size_t step;      /* the last one shown */
	bool any;         /* one was shown */
	unsigned columns; /* of the line that stands there, 0: none */
	unsigned tenth;   /* PROGRESS_LINES: of the whole, when the last line was written */
	int64_t next_ms;  /* when the next update may be shown */
};

void progress_init(struct progress *p, struct out *out, const struct lm_plan *plan, bool json);

/*
 * Shows the snapshot, unless the last one is too recent: then it returns the
 * milliseconds after which to call again. -1: nothing is waiting.
 */
int progress_show(struct progress *p, const struct lm_progress *now);

/* Ends a line that is rewritten, so that other text may follow. */
void progress_break(struct progress *p);

/* The last word: the steps up to the end, when all is done. */
void progress_end(struct progress *p, bool done);

/* The text of one line, at most columns wide; for tests. dst is terminated. */
void progress_text(char *dst, size_t cap, unsigned columns, const struct lm_plan *plan,
		   const struct lm_progress *now);

#endif

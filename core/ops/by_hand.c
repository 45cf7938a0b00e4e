/* SPDX-License-Identifier: GPL-3.0-or-later */
/* by_hand.c - the journal tells what was done also as the commands that would have done it */
#include <stdio.h>
#include <stdlib.h>

#include "core/ops/merge/merge.h"
#include "core/plan/journal.h"

void merge_log_by_hand(const struct merge *m)
{
	const struct lm_plan *plan = m->run ? plan_run_plan(m->run) : NULL;
	char *text = NULL;
	size_t size = 0, i, j;
	bool any = false;
	FILE *f = plan ? open_memstream(&text, &size) : NULL;

	if (!f)
		return;
	for (i = 0; i < plan->n_steps; i++)
		for (j = 0; plan->steps[i].commands && plan->steps[i].commands[j]; j++) {
			fprintf(f, "%s%s", any ? "; " : "", plan->steps[i].commands[j]);
			any = true;
		}
	/* For the record only: what was done is done, whether this can be written or not. */
	if (fclose(f) == 0 && any)
		journal_log(m->rw.io, m->dir, NULL, "  by hand: %s", text);
	free(text);
}

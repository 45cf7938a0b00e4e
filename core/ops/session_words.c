/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_words.c - what was done as commands, and words for a stick that a cut has hurt */
#include <stdio.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/session.h"
#include "core/plan/journal.h"

/* ---- by hand ---- */

void session_log_by_hand(const struct session *s)
{
	const struct lm_plan *plan = s->run ? plan_run_plan(s->run) : NULL;
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
		journal_log(s->rw.io, s->dir, NULL, "  by hand: %s", text);
	free(text);
}

/* ---- a stick that is hurt ---- */

void session_tell_if_hurt(struct plan_run *run, const struct session *s, const char *how)
{
	char now[600];
	struct io_fsinfo info;

	if (io_fsinfo(s->rw.io, &info) < 0 || !info.readonly)
		return;
	snprintf(now, sizeof(now),
		 _("%s The stick's own file system was hurt by the cut, and the kernel has made it "
		   "read-only."),
		 how);
	plan_run_result(run, now,
			_("Unmount the stick and check it with `fsck.vfat -a` on its "
			  "partition; then mount it again."));
}

const char *session_fsck_help(void)
{
	return _("If the kernel has made the stick read-only, its own file system was hurt by the "
		 "cut: unmount it, check it with `fsck.vfat -a` on its partition, mount it again, "
		 "and "
		 "resume again. Nothing is lost.");
}

void session_help_if_hurt(const struct session *s, struct lm_error *err)
{
	struct io_fsinfo info;

	if (io_fsinfo(s->rw.io, &info) < 0 || !info.readonly || !err)
		return;
	err->help[0] = '\0';
	lm_error_help(err, session_fsck_help());
}

void session_tell_end(const struct session *s, int ret, const char *how, struct lm_error *err)
{
	if (ret == 0)
		session_tell_if_hurt(s->run, s, how);
	else
		session_help_if_hurt(s, err);
}

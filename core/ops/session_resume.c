/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_resume.c - taking up what was cut off: what all operations do for it */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/session.h"

void session_resume_text(struct lm_plan *plan)
{
	plan_text(plan, _("Take up an interrupted operation"),
		  _("Finishes, or undoes, what was cut off."));
	plan_risk(plan, NULL, _("It may be cut off again, and resumed again."), NULL);
}

int session_resume_take(struct session *s, struct record *rec, struct lm_error *err)
{
	char *base = rec->base, *overlay = rec->overlay;
	int ret;

	rec->base = rec->overlay = NULL;
	record_free(&s->rec);
	s->rec = *rec;
	*rec = (struct record){ 0 };
	s->resuming = true;
	ret = base ? session_paths(s, base, overlay, err) : session_overlay_path(s, overlay, err);
	free(base);
	free(overlay);
	return ret;
}

int session_resume_possible(struct session *s, struct lm_error *err)
{
	int ret = stick_rw_possible(s->stick, err);

	if (ret == -EROFS && err) {
		err->help[0] = '\0';
		lm_error_help(err, session_fsck_help());
	}
	return ret;
}

int session_resume_check(struct session *s, struct lm_error *err)
{
	struct record now;
	int ret = session_lock(s, false, err);

	if (ret == 0)
		ret = record_read(s->rw.io, s->dir, &now, err);
	if (ret < 0)
		return ret;
	ret = ret == 1 && record_equal(&now, &s->rec) ? 0 : session_changed(s, err);
	record_free(&now);
	return ret;
}

void session_resume_say_check(struct lm_plan *plan, plan_step_fn fn)
{
	plan_step(plan, "check", _("Check the stick"),
		  _("The files must be those that the journal names."), fn);
}

bool session_resume_knows(const struct session *s, const struct record *rec)
{
	const struct lm_stick *stick = s->stick;

	for (size_t i = 0; rec->overlay && i < stick->n_overlays; i++) {
		if (stick->overlays[i].kind == LM_OVERLAY_DM_SNAPSHOT &&
		    strcmp(stick->overlays[i].path, rec->overlay) == 0)
			return true;
	}
	return false;
}

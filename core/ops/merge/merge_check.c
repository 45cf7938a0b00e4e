/* SPDX-License-Identifier: GPL-3.0-or-later */
/* merge_check.c - what must be true before a merge */
#include <errno.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/merge/merge.h"

int merge_refusal(struct merge *m, const struct stick_look *look, struct lm_error *err)
{
	const struct session_words words = {
		.cannot = _("This overlay cannot be merged as it is"),
		.damaged = _("This overlay is damaged and cannot be merged"),
		.nothing = _("There is nothing to merge"),
		.help_invalid = _("Do not delete it: what is in it can be read still. See "
				  "`livemend doctor`."),
	};
	int ret = session_refusal(m->s, look, &words, err);

	/* Only what nobody here knows anything of is merged unchecked. */
	if (ret == 0 && look->fs && fs_info(look->fs)->ext && !fs_info(look->fs)->readable)
		return lm_refuse(err, -EOPNOTSUPP, m->s->stick->given,
				 _("Merge it by a newer livemend, with newer e2fsprogs."),
				 fs_info(look->fs)->trouble, "%s",
				 _("The root file system cannot be checked"));
	if (ret == 0 && look->image) {
		ret = image_check_tables(look->image, err);
		if (ret < 0 && ret != -ENOMEM && err)
			err->outcome = LM_REFUSED;
	}
	if (ret == 0 && look->image && m->s->rec.merge.method == LM_METHOD_REWRITE &&
	    !image_info(look->image)->can_rewrite)
		return lm_refuse(err, -EOPNOTSUPP, m->s->base, NULL,
				 image_info(look->image)->why_not, "%s",
				 _("This image cannot be written anew"));
	return ret;
}

int merge_step_check(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	struct session *s = m->s;
	int ret;

	s->run = run;
	ret = merge_lock(m, err);
	if (ret == 0)
		ret = session_no_pending(s, err);
	if (ret == 0)
		ret = merge_look(m, s->base, err);
	if (ret == 0)
		ret = merge_refusal(m, &s->look, err);
	/* What is found now is what must be found when it is finished. */
	if (ret == 0)
		ret = record_identify(s->rw.io, s->base, &s->rec.merge.old_image, err);
	if (ret == 0)
		ret = session_check_fs(s, false, err);
	if (ret == 0)
		ret = record_identify_overlay(s->rw.io, s->overlay, &s->rec.overlay_id, NULL, err);
	return ret;
}

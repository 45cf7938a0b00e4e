/* SPDX-License-Identifier: GPL-3.0-or-later */
/* merge_check.c - what must be true before a merge */
#include <errno.h>

#include "core/ctx.h"
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
		ret = session_know_overlay(s, err);
	return ret;
}

/* ---- the repair ---- */

static int merge_without_check(struct merge *m, bool ill, struct lm_error *err)
{
	struct session *s = m->s;
	const struct lm_error *why = &m->f.why;

	/* On its own word; what is no ext at all was not refused before. */
	if (!ill)
		return 0;
	lm_refuse(err, -EUCLEAN, s->stick->given,
		  why->help[0] ? why->help : _("Install e2fsprogs, which it belongs to."),
		  _("it was not unmounted cleanly, or has errors, and e2fsck cannot work on it here"),
		  "%s", _("The root file system must be repaired first"));
	if (why->why[0])
		lm_because(err, "%s: %s", why->what, why->why);
	return err ? err->code : -EUCLEAN;
}

/* The undo file; where the overlay has no room for the repair it is made longer. */
static int merge_save_repair(struct merge *m, struct lm_error *err)
{
	struct fsck *f = &m->f;
	struct io_stat st;
	int ret = io_stat(m->s->rw.io, m->s->overlay, &st);

	if (ret < 0)
		return lm_fail(err, ret, m->s->overlay, NULL, "%s",
			       _("Reading the overlay failed"));
	f->old_bytes = f->new_bytes = st.size_bytes;
	ret = fsck_paths(f, err);
	if (ret == 0)
		ret = fsck_save(f, err);
	/* Its own room, not the stick's, which the undo file would have needed. */
	if (ret == -ENOSPC && !f->logged) {
		lm_error_clear(err);
		ret = fsck_choose_room(f, err);
		if (ret == 0)
			ret = fsck_note(f, RECORD_BUILDING, err);
		if (ret == 0)
			ret = fsck_grow(f, err);
		if (ret == 0)
			ret = fsck_save(f, err);
	}
	if (ret == -ENOSPC && err) {
		err->help[0] = '\0';
		lm_error_help(err, _("Make room on the stick. Or recover it first: `livemend recover` "
				     "repairs it, and gives the overlay what room there is."));
	}
	return ret;
}

static int merge_prove_repair(struct merge *m, struct lm_error *err)
{
	struct session *s = m->s;
	const struct cow_info *info;
	int ret = merge_look(m, s->base, err);

	if (ret == 0)
		ret = merge_refusal(m, &s->look, err);
	if (ret < 0)
		return ret;
	info = cow_store_info(s->look.store);
	fsck_look(&m->f);
	if (!info->valid)
		return lm_fail(err, -EBADMSG, s->overlay, NULL, "%s",
			       _("The overlay is not what it was to become"));
	ret = fsck_compare(&m->f, err);
	return ret == 0 ? fsck_prove(&m->f, err) : ret;
}

static int merge_write_repair(struct merge *m, struct lm_error *err)
{
	struct session *s = m->s;
	int ret = merge_save_repair(m, err);

	/* The last chance to stop it without more ado. */
	if (ret == 0 && plan_run_cancelled(s->run))
		ret = lm_fail(err, -ECANCELED, NULL, NULL, "%s", _("Stopped"));
	if (ret < 0)
		return ret;
	plan_run_critical(s->run, true);
	plan_run_message(s->run, "%s", _("Writing what was repaired to the overlay"));
	ret = fsck_note(&m->f, RECORD_APPLYING, err);
	if (ret == 0)
		ret = fsck_apply(&m->f, err);
	if (ret == 0)
		ret = merge_prove_repair(m, err);
	if (ret == 0)
		ret = fsck_seal(&m->f, &s->rec.overlay_id, err);
	if (ret == 0)
		ret = session_know_overlay(s, err);
	if (ret < 0)
		return ret;
	/* From here on it is the merge that is under way, and takes it back with the rest. */
	s->rec.repaired = true;
	ret = session_note(s, RECORD_CHECKING, err);
	if (ret < 0) {
		s->rec.repaired = s->noted = false;
		return ret;
	}
	m->f.noted = m->f.grown = m->f.logged = m->f.applied = false;
	plan_run_critical(s->run, false);
	return 0;
}

int merge_step_repair(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	struct session *s = m->s;
	bool ill = false;
	int ret;

	s->run = run;
	/* Where the kernel is needed anyway it needs no FUSE. */
	m->f.kernel_first = s->by_kernel;
	fsck_look(&m->f);
	ret = fsck_check(&m->f, &ill, err);
	/* It has the overlay's tables in memory, and sees what changes below them. */
	if (ret == 0 && ill && s->quiet)
		ret = lm_refuse(err, -EBUSY, s->stick->given,
				_("Boot another system, and merge from there."),
				_("it must be repaired first, and the running system looks at it"),
				"%s", _("An overlay in use cannot be merged"));
	if (ret == 0 && ill && !m->f.unchecked)
		ret = fsck_repair(&m->f, err);
	fsck_settle(&m->f);
	if (ret == 0 && m->f.unchecked)
		return merge_without_check(m, ill, err);
	if (ret < 0 || !fsck_changed(&m->f))
		return ret;
	return merge_write_repair(m, err);
}

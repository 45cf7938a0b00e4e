/* SPDX-License-Identifier: GPL-3.0-or-later */
/* merge_end.c - the end of a merge, forwards and backwards; as in swap.h running it again is right
 */
#include <errno.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_replace.h"
#include "core/ops/merge/merge.h"
#include "core/plan/journal.h"

/* ---- forwards ---- */

/* From now on the overlay belongs to the image as it is now. */
static int write_pairing(struct merge *m, struct lm_error *err)
{
	enum session_overlay now;
	int ret = session_overlay_now(m->s, &now, err);

	/* What became of it since may be anything; the pair is not ours to vouch for. */
	if (ret < 0 || now == SESSION_OVERLAY_USED)
		return ret;
	ret = merge_look(m, m->s->base, err);
	if (ret == 0)
		ret = stick_pair_write(m->s->rw.io, m->s->dir, m->s->overlay,
				       m->s->look.image ? image_info(m->s->look.image) : NULL,
				       m->s->look.base_fs ? fs_info(m->s->look.base_fs) : NULL,
				       err);
	merge_unlook(m);
	return ret;
}

/*
 * The overlay is reset only as long as the old image exists: the two go
 * together, and the old image is removed after the reset, never before it. An
 * image that did not have to be changed is both.
 */
static int reset_once(struct merge *m, struct lm_error *err)
{
	enum session_overlay now;
	struct swap_places p;
	int ret;

	if (m->in_place || m->s->rec.work || merge_unchanged(m))
		return session_reset_overlay(m->s, &m->kept_overlay, err);
	ret = swap_find(&m->swap, &p, err);
	if (ret < 0)
		return ret;
	if (swap_is_old(&m->swap, &p.fresh) || swap_is_old(&m->swap, &p.aside))
		return session_reset_overlay(m->s, &m->kept_overlay, err);
	ret = session_overlay_now(m->s, &now, err);
	m->kept_overlay = ret == 0 && now != SESSION_OVERLAY_EMPTY;
	return ret;
}

/* Removes what was the old image, wherever it is. A file that is neither is none of ours. */
static int remove_old(struct merge *m, struct lm_error *err)
{
	struct swap_places p;
	int ret = swap_find(&m->swap, &p, err);

	if (ret == 0 && !swap_is_new(&m->swap, &p.now))
		ret = swap_not_ours(&m->swap, err);
	return ret == 0 ? swap_remove_rest(&m->swap, &p, err) : ret;
}

static int log_merge(struct merge *m, struct lm_error *err)
{
	if (m->kept_overlay)
		return journal_log(m->s->rw.io, m->s->dir, err,
				   "merge: %s has its new content; %s was used meanwhile, and kept as "
				   "it is",
				   m->s->base, m->s->overlay);
	if (m->in_place)
		return journal_log(m->s->rw.io, m->s->dir, err,
				   "merge: %s was written into %s; the overlay is empty",
				   m->s->overlay, m->s->base);
	if (merge_unchanged(m))
		return journal_log(m->s->rw.io, m->s->dir, err,
				   "merge: %s held nothing that %s does not hold; it is empty",
				   m->s->overlay, m->s->base);
	return journal_log(
		m->s->rw.io, m->s->dir, err,
		"merge: %s has its new content (%llu bytes before, %llu now); %s is "
		"empty%s",
		m->s->base, (unsigned long long)m->s->rec.merge.old_image.bytes,
		(unsigned long long)m->s->rec.merge.new_image.bytes, m->s->overlay,
		m->s->rec.merge.osmin ? "; osmin.img, which no longer fits, was removed" : "");
}

/* What was reset stays reset, what was kept is kept. */
static int settle_overlay(struct merge *m, struct lm_error *err)
{
	/* Before the reset: old overlay and new image are a pair, they give the same system. */
	int ret = write_pairing(m, err);

	return ret < 0 ? ret : reset_once(m, err);
}

/* The undo file of a repair is of no use any more. */
static int merge_forget_repair(struct merge *m, struct lm_error *err)
{
	int ret = m->s->rec.repaired ? fsck_paths(&m->f, err) : 0;

	return ret == 0 && m->s->rec.repaired ? fsck_remove_log(&m->f, err) : ret;
}

int merge_finish(struct merge *m, struct lm_error *err)
{
	bool was_cleaning = m->s->rec.phase == RECORD_CLEANING;
	int ret = m->in_place ? 0 : swap_check(&m->swap, m->swap.new_id, err);

	if (ret == 0 && !was_cleaning) {
		if (!m->in_place)
			ret = session_note_once(m->s, RECORD_REPLACED, err);
		if (ret == 0)
			ret = settle_overlay(m, err);
		if (ret == 0 && !m->in_place)
			ret = session_note_once(m->s, RECORD_CLEANING, err);
		if (ret == 0 && !m->in_place)
			ret = remove_old(m, err);
	}
	if (ret == 0 && m->s->rec.merge.osmin)
		ret = io_replace_remove(m->s->rw.io, m->s->dir, m->s->rec.merge.osmin, err);
	if (ret == 0)
		merge_work_clean(m);
	if (ret == 0)
		ret = log_merge(m, err);
	if (ret == 0)
		session_log_by_hand(m->s);
	if (ret == 0)
		ret = merge_forget_repair(m, err);
	if (ret == 0)
		ret = session_clear(m->s, err);
	if (ret == 0 && was_cleaning)
		ret = swap_remove_unseen(&m->swap, err);
	return session_resumable(ret, err);
}

/* ---- backwards ---- */

/* The old image back under its name. */
static int put_back(struct merge *m, struct lm_error *err)
{
	struct swap_places p;
	int ret = swap_find(&m->swap, &p, err);

	if (ret == 0)
		ret = swap_back(&m->swap, &p, err);
	if (ret != 1)
		return ret;
	if (!m->s->work)
		return swap_not_ours(&m->swap, err);
	ret = merge_work_put(m, m->s->work_old, m->swap.old_id, err);
	return ret < 0 ? ret : swap_check(&m->swap, m->swap.old_id, err);
}

/*
 * With what was repaired in the overlay, unless a part of that is in an image
 * written in place already: both give the same system then, the repaired one.
 */
static int merge_undo_repair(struct merge *m, struct lm_error *err)
{
	struct session *s = m->s;
	int ret;

	if (m->in_place && s->rec.phase == RECORD_APPLYING) {
		plan_run_result(s->run,
				_("Image and overlay give the same system as before the merge, with "
				  "its file system repaired."),
				_("Run it again when you like."));
		return 0;
	}
	/* Of all the rest nothing is left that a resume would have to look for. */
	ret = session_note_once(s, RECORD_BUILDING, err);
	if (ret == 0)
		ret = fsck_take_back(&m->f, err);
	if (ret == 0 && m->f.left_alone)
		plan_run_result(s->run,
				_("The image is as it was before the merge. The stick was used "
				  "meanwhile: what is in the overlay now was kept as it is, with "
				  "what e2fsck had repaired in it."),
				_("Run it again when you like."));
	return ret;
}

static int merge_undo_rest(void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	/* Nothing there is needed any more, and a resume must not look for it. */
	int ret = m->s->work_ours ? session_note_once(m->s, RECORD_BUILDING, err) : 0;

	if (ret == 0)
		merge_work_clean(m);
	return ret == 0 && m->s->rec.repaired ? merge_undo_repair(m, err) : ret;
}

int merge_undo(struct merge *m, struct lm_error *err)
{
	const enum record_phase phase = m->s->rec.phase;
	bool early = phase <= RECORD_BUILDING || phase == RECORD_MERGING;
	enum session_overlay now;
	int ret = 0;

	if (phase == RECORD_REPLACED || phase == RECORD_CLEANING) {
		ret = session_overlay_now(m->s, &now, err);
		if (ret == 0 && (now != SESSION_OVERLAY_SAME || phase == RECORD_CLEANING))
			ret = session_too_late(m->s, _("the overlay has been reset"), err);
	}
	/* An image written in place, with the overlay, gives the same system at any time. */
	if (ret == 0 && !m->in_place && !early)
		ret = put_back(m, err);
	if (ret == 0 && !m->in_place && record_exists(m->swap.old_id))
		ret = swap_check(&m->swap, m->swap.old_id, err);
	if (ret == 0 && phase == RECORD_REPLACED)
		ret = write_pairing(m, err);
	if (ret == 0 && !m->in_place) {
		ret = swap_undo_end(&m->swap, !early, merge_undo_rest, m, err);
	} else if (ret == 0) {
		ret = merge_undo_rest(m, err);
		if (ret == 0)
			ret = session_clear(m->s, err);
	}
	/* What the journal says to be under way must find its undo file: the journal first. */
	if (ret == 0)
		ret = merge_forget_repair(m, err);
	return session_resumable(ret, err);
}

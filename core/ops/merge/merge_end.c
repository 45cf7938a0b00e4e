/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * merge_end.c - the end of a merge, forwards and backwards
 *
 * Nothing here believes that the step before it was carried out: each call
 * identifies the files by length and hash and does what is left to do. That
 * makes running it again right at any time, which is all that resume does.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_replace.h"
#include "core/ops/merge/merge.h"
#include "core/ops/swap.h"
#include "core/plan/journal.h"

int merge_find_places(struct merge *m, struct merge_places *p, struct lm_error *err)
{
	int ret = record_identify(m->s->rw.io, m->s->base, &p->base, err);

	if (ret == 0)
		ret = record_identify(m->s->rw.io, m->fresh, &p->fresh, err);
	if (ret == 0)
		ret = record_identify(m->s->rw.io, m->aside, &p->aside, err);
	return ret;
}

static bool is_old(const struct merge *m, const struct record_id *id)
{
	return record_same(id, &m->s->rec.old_image);
}

static bool is_new(const struct merge *m, const struct record_id *id)
{
	return record_same(id, &m->s->rec.new_image);
}

/* None of the files is what the record says: someone else was here. */
static int not_ours(const struct merge *m, struct lm_error *err)
{
	lm_fail(err, -EUCLEAN, m->s->base,
		_("Nothing was touched. Compare the files in LiveOS with your backups; "
		  "PENDING.txt names their sizes."),
		"%s", _("The images on the stick are not those that the journal names"));
	if (err)
		err->outcome = LM_RESUMABLE;
	return lm_because(err, "%s", _("they were changed by something else, or are damaged"));
}

int merge_remove_leftover(struct merge *m, const char *path, struct lm_error *err)
{
	return swap_remove_beside(m->s, path, m->s->base, err);
}

static int check_is_new(struct merge *m, struct lm_error *err)
{
	struct record_id now;
	int ret = record_identify(m->s->rw.io, m->s->base, &now, err);

	if (ret < 0)
		return ret;
	return is_new(m, &now) ? 0 : not_ours(m, err);
}

int merge_exchange(struct merge *m, struct lm_error *err)
{
	struct merge_places p;
	int ret = merge_find_places(m, &p, err);

	if (ret < 0)
		return ret;
	if (is_new(m, &p.base)) {
		ret = 0;
	} else if (is_old(m, &p.base) && is_new(m, &p.fresh) && !record_exists(&p.aside)) {
		ret = io_replace(m->s->rw.io, m->s->dir, m->fresh, m->s->base, m->aside, NULL, err);
	} else if (!record_exists(&p.base) && is_old(m, &p.aside) && is_new(m, &p.fresh)) {
		/* Cut in the sequence for file systems that cannot exchange. */
		ret = io_replace_move(m->s->rw.io, m->s->dir, m->fresh, m->s->base, err);
	} else {
		return not_ours(m, err);
	}
	return ret < 0 ? ret : check_is_new(m, err);
}

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
	struct merge_places p;
	int ret;

	if (m->in_place || m->s->rec.work || record_unchanged(&m->s->rec))
		return session_reset_overlay(m->s, &m->kept_overlay, err);
	ret = merge_find_places(m, &p, err);
	if (ret < 0)
		return ret;
	if (is_old(m, &p.fresh) || is_old(m, &p.aside))
		return session_reset_overlay(m->s, &m->kept_overlay, err);
	ret = session_overlay_now(m->s, &now, err);
	m->kept_overlay = ret == 0 && now != SESSION_OVERLAY_EMPTY;
	return ret;
}

/* Removes what was the old image, wherever it is. A file that is neither is none of ours. */
static int remove_old(struct merge *m, struct lm_error *err)
{
	struct merge_places p;
	int ret = check_is_new(m, err);

	if (ret == 0)
		ret = merge_find_places(m, &p, err);
	if (ret == 0 && record_exists(&p.fresh))
		ret = merge_remove_leftover(m, m->fresh, err);
	if (ret == 0 && record_exists(&p.aside))
		ret = merge_remove_leftover(m, m->aside, err);
	return ret;
}

static int log_merge(struct merge *m, struct lm_error *err)
{
	if (m->in_place)
		return journal_log(m->s->rw.io, m->s->dir, err,
				   "merge: %s was written into %s; the overlay is empty",
				   m->s->overlay, m->s->base);
	if (record_unchanged(&m->s->rec))
		return journal_log(m->s->rw.io, m->s->dir, err,
				   "merge: %s held nothing that %s does not hold; it is empty",
				   m->s->overlay, m->s->base);
	return journal_log(m->s->rw.io, m->s->dir, err,
			   "merge: %s has its new content (%llu bytes before, %llu now); %s is "
			   "empty%s",
			   m->s->base, (unsigned long long)m->s->rec.old_image.bytes,
			   (unsigned long long)m->s->rec.new_image.bytes, m->s->overlay,
			   m->s->rec.osmin ? "; osmin.img, which no longer fits, was removed" : "");
}

/* What was reset stays reset, what was kept is kept. */
static int settle_overlay(struct merge *m, struct lm_error *err)
{
	/* Before the reset: old overlay and new image are a pair, they give the same system. */
	int ret = write_pairing(m, err);

	return ret < 0 ? ret : reset_once(m, err);
}

/*
 * While the old image is being removed its chain of clusters may be cut, and
 * reading it then makes the kernel turn a FAT read-only: it is not looked at
 * any more, and goes last of all.
 */
static int clean_after_cut(struct merge *m, struct lm_error *err)
{
	int ret = journal_pending_clear(m->s->rw.io, m->s->dir, err);

	if (ret == 0)
		ret = io_replace_remove(m->s->rw.io, m->s->dir, m->aside, err);
	if (ret == 0)
		ret = io_replace_remove(m->s->rw.io, m->s->dir, m->fresh, err);
	return ret;
}

int merge_finish(struct merge *m, struct lm_error *err)
{
	bool was_cleaning = m->s->rec.phase == RECORD_CLEANING;
	int ret = m->in_place ? 0 : check_is_new(m, err);

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
	if (ret == 0 && m->s->rec.osmin)
		ret = io_replace_remove(m->s->rw.io, m->s->dir, m->s->rec.osmin, err);
	if (ret == 0 && m->s->rec.work)
		ret = merge_work_clean(m, err);
	if (ret == 0)
		ret = log_merge(m, err);
	if (ret == 0)
		session_log_by_hand(m->s);
	if (ret == 0)
		ret = was_cleaning ? clean_after_cut(m, err) :
				     journal_pending_clear(m->s->rw.io, m->s->dir, err);
	if (ret < 0 && err)
		err->outcome = LM_RESUMABLE;
	return ret;
}

/* ---- backwards ---- */

/* The old image back under its name. */
static int put_back(struct merge *m, struct lm_error *err)
{
	struct merge_places p;
	int ret = merge_find_places(m, &p, err);

	if (ret < 0)
		return ret;
	if (is_old(m, &p.base))
		return 0;
	if (is_new(m, &p.base) && is_old(m, &p.fresh) && !record_exists(&p.aside))
		ret = io_replace(m->s->rw.io, m->s->dir, m->fresh, m->s->base, m->aside, NULL, err);
	else if (is_new(m, &p.base) && is_old(m, &p.aside) && !record_exists(&p.fresh)) {
		ret = io_replace_move(m->s->rw.io, m->s->dir, m->s->base, m->fresh, err);
		if (ret == 0)
			ret = io_replace_move(m->s->rw.io, m->s->dir, m->aside, m->s->base, err);
	} else if (!record_exists(&p.base) && is_old(m, &p.aside))
		ret = io_replace_move(m->s->rw.io, m->s->dir, m->aside, m->s->base, err);
	else if (m->s->work)
		ret = merge_work_put(m, m->s->work_old, &m->s->rec.old_image, err);
	else
		return not_ours(m, err);
	if (ret == 0)
		ret = record_identify(m->s->rw.io, m->s->base, &p.base, err);
	if (ret == 0 && !is_old(m, &p.base))
		ret = not_ours(m, err);
	return ret;
}

int merge_undo(struct merge *m, struct lm_error *err)
{
	bool early = m->s->rec.phase <= RECORD_BUILDING || m->s->rec.phase == RECORD_MERGING;
	enum session_overlay now;
	struct record_id base;
	int ret = 0;

	if (m->s->rec.phase == RECORD_REPLACED || m->s->rec.phase == RECORD_CLEANING) {
		ret = session_overlay_now(m->s, &now, err);
		if (ret == 0 &&
		    (now != SESSION_OVERLAY_SAME || m->s->rec.phase == RECORD_CLEANING)) {
			ret = lm_fail(err, -EUCLEAN, m->s->overlay,
				      _("Finish it: `livemend resume` without undoing."), "%s",
				      _("It cannot be undone any more"));
			lm_because(err, "%s", _("the overlay has been reset"));
		}
	}
	/* An image written in place, with the overlay, gives the same system at any time. */
	if (ret == 0 && !m->in_place && !early)
		ret = put_back(m, err);
	if (ret == 0 && !m->in_place) {
		ret = record_identify(m->s->rw.io, m->s->base, &base, err);
		if (ret == 0 && record_exists(&m->s->rec.old_image) && !is_old(m, &base))
			ret = not_ours(m, err);
	}
	if (ret == 0 && m->s->rec.phase == RECORD_REPLACED)
		ret = write_pairing(m, err);
	if (ret == 0 && !m->in_place && !early)
		ret = merge_remove_leftover(m, m->fresh, err);
	else if (ret == 0 && !m->in_place && !m->s->resuming)
		ret = io_replace_remove(m->s->rw.io, m->s->dir, m->fresh, err);
	if (ret == 0 && m->s->rec.work)
		ret = merge_work_clean(m, err);
	if (ret == 0)
		ret = journal_pending_clear(m->s->rw.io, m->s->dir, err);
	/*
	 * What was being written when it was cut comes last of all: on FAT its
	 * chain of clusters may be broken, and removing it then makes the kernel
	 * turn the stick read-only. Before the exchange the two images cannot
	 * share clusters: not even a look is taken at it.
	 */
	if (ret == 0 && !m->in_place && early && m->s->resuming)
		ret = io_replace_remove(m->s->rw.io, m->s->dir, m->fresh, err);
	if (ret < 0 && err)
		err->outcome = LM_RESUMABLE;
	return ret;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compact_end.c - the end of a compact, forwards and backwards
 *
 * As in merge_end.c each call looks at the files first, so that resume is the
 * same code. Old and new overlay give the same system, but only until one of
 * them is used: an overlay that is neither of the two that the record names was
 * booted from since, and is never exchanged or removed.
 */
#include <errno.h>
#include <string.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_replace.h"
#include "core/ops/compact/compact.h"
#include "core/ops/swap.h"
#include "core/plan/journal.h"

static int identify(struct compact *c, const char *path, struct record_id *id,
		    struct lm_error *err)
{
	struct io_stat st;
	int ret = io_stat(c->s->rw.io, path, &st);

	*id = (struct record_id){ 0 };
	if (ret == -ENOENT)
		return 0;
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Reading the overlay failed"));
	return record_identify_overlay(c->s->rw.io, path, id, NULL, err);
}

int compact_find_places(struct compact *c, struct compact_places *p, struct lm_error *err)
{
	int ret = identify(c, c->s->overlay, &p->overlay, err);

	if (ret == 0)
		ret = identify(c, c->fresh, &p->fresh, err);
	if (ret == 0)
		ret = identify(c, c->aside, &p->aside, err);
	return ret;
}

static bool is_old(const struct compact *c, const struct record_id *id)
{
	return record_same(id, &c->s->rec.overlay_id);
}

static bool is_new(const struct compact *c, const struct record_id *id)
{
	return record_same(id, &c->s->rec.new_image);
}

/* Booted from since, with the old one or the new one. */
static bool is_used(const struct compact *c, const struct record_id *id)
{
	return record_exists(id) && !is_old(c, id) && !is_new(c, id);
}

static int not_ours(const struct compact *c, struct lm_error *err)
{
	lm_fail(err, -EUCLEAN, c->s->overlay,
		_("Nothing was touched. Compare the files in LiveOS with your backups; "
		  "PENDING.txt names their sizes."),
		"%s", _("The overlays on the stick are not those that the journal names"));
	if (err)
		err->outcome = LM_RESUMABLE;
	return lm_because(err, "%s", _("they were changed by something else, or are damaged"));
}

int compact_lock_fresh(struct compact *c, struct lm_error *err)
{
	int ret = io_open(c->s->rw.io, c->fresh, IO_READ, &c->fresh_lock);

	if (ret == 0)
		ret = io_lock(c->fresh_lock);
	if (ret == -EWOULDBLOCK)
		ret = -EBUSY;
	return ret < 0 ? lm_fail(err, ret, c->fresh, NULL, "%s", _("Locking the stick failed")) : 0;
}

int compact_exchange(struct compact *c, struct lm_error *err)
{
	struct session *s = c->s;
	struct compact_places p;
	int ret = compact_find_places(c, &p, err);

	if (ret < 0)
		return ret;
	if (is_new(c, &p.overlay))
		return 0;
	if (is_old(c, &p.overlay) && is_new(c, &p.fresh) && !record_exists(&p.aside))
		ret = io_replace(s->rw.io, s->dir, c->fresh, s->overlay, c->aside, NULL, err);
	else if (!record_exists(&p.overlay) && is_old(c, &p.aside) && is_new(c, &p.fresh))
		/* Cut in the sequence for file systems that cannot exchange. */
		ret = io_replace_move(s->rw.io, s->dir, c->fresh, s->overlay, err);
	else
		return not_ours(c, err);
	if (ret == 0)
		ret = identify(c, s->overlay, &p.overlay, err);
	return ret == 0 && !is_new(c, &p.overlay) ? not_ours(c, err) : ret;
}

static int remove_old(struct compact *c, struct lm_error *err)
{
	struct session *s = c->s;
	struct compact_places p;
	int ret = compact_find_places(c, &p, err);

	if (ret < 0)
		return ret;
	/* What has the name is the new one, or what became of it; else nothing may go. */
	if (!is_new(c, &p.overlay) &&
	    !(is_used(c, &p.overlay) && !is_new(c, &p.fresh) && !is_new(c, &p.aside)))
		return not_ours(c, err);
	ret = session_note_once(c->s, RECORD_CLEANING, err);
	if (ret == 0 && record_exists(&p.fresh))
		ret = swap_remove_beside(s, c->fresh, s->overlay, err);
	if (ret == 0 && record_exists(&p.aside))
		ret = swap_remove_beside(s, c->aside, s->overlay, err);
	return ret;
}

static int log_it(struct compact *c, struct lm_error *err)
{
	return journal_log(c->s->rw.io, c->s->dir, err,
			   "compact: %s was written anew, without what is free or as in the image",
			   c->s->overlay);
}

int compact_finish(struct compact *c, struct lm_error *err)
{
	struct session *s = c->s;
	bool was_cleaning = s->rec.phase == RECORD_CLEANING;
	int ret = 0;

	if (!was_cleaning)
		ret = session_note_once(c->s, RECORD_REPLACED, err);
	if (ret == 0 && !was_cleaning)
		ret = remove_old(c, err);
	if (ret == 0)
		ret = log_it(c, err);
	if (ret == 0)
		session_log_by_hand(s);
	if (ret == 0)
		ret = session_clear(s, err);
	/*
	 * A file whose removal was cut may have a broken chain of clusters: it is
	 * not looked at, and goes last of all (see merge_end.c).
	 */
	if (ret == 0 && was_cleaning)
		ret = io_replace_remove(s->rw.io, s->dir, c->aside, err);
	if (ret == 0 && was_cleaning)
		ret = io_replace_remove(s->rw.io, s->dir, c->fresh, err);
	if (ret < 0 && err)
		err->outcome = LM_RESUMABLE;
	return ret;
}

static int too_late(struct compact *c, const char *why, struct lm_error *err)
{
	lm_fail(err, -EUCLEAN, c->s->overlay, _("Finish it: `livemend resume` without undoing."),
		"%s", _("It cannot be undone any more"));
	if (err)
		err->outcome = LM_RESUMABLE;
	return lm_because(err, "%s", why);
}

/* The old overlay back under its name. */
static int put_back(struct compact *c, struct lm_error *err)
{
	struct session *s = c->s;
	struct compact_places p;
	int ret = compact_find_places(c, &p, err);

	if (ret < 0 || is_old(c, &p.overlay))
		return ret;
	/* Never exchanged, and used since: it is what was there before, and more. */
	if (is_used(c, &p.overlay) && is_new(c, &p.fresh))
		return 0;
	if (is_used(c, &p.overlay))
		return too_late(c, _("the stick was used with the new overlay"), err);
	if (is_new(c, &p.overlay) && is_old(c, &p.fresh) && !record_exists(&p.aside)) {
		ret = io_replace(s->rw.io, s->dir, c->fresh, s->overlay, c->aside, NULL, err);
	} else if (is_new(c, &p.overlay) && is_old(c, &p.aside) && !record_exists(&p.fresh)) {
		ret = io_replace_move(s->rw.io, s->dir, s->overlay, c->fresh, err);
		if (ret == 0)
			ret = io_replace_move(s->rw.io, s->dir, c->aside, s->overlay, err);
	} else if (!record_exists(&p.overlay) && is_old(c, &p.aside)) {
		ret = io_replace_move(s->rw.io, s->dir, c->aside, s->overlay, err);
	} else if (is_new(c, &p.overlay)) {
		return too_late(c, _("the old overlay is not there any more"), err);
	} else {
		return not_ours(c, err);
	}
	if (ret == 0)
		ret = identify(c, s->overlay, &p.overlay, err);
	return ret == 0 && !is_old(c, &p.overlay) ? not_ours(c, err) : ret;
}

int compact_undo(struct compact *c, struct lm_error *err)
{
	struct session *s = c->s;
	bool early = s->rec.phase <= RECORD_BUILDING;
	int ret = 0;

	if (s->rec.phase == RECORD_CLEANING)
		return too_late(c, _("the old overlay was being removed"), err);
	/* In place every moment is as good as another. */
	if (s->rec.phase == RECORD_APPLYING)
		early = false;
	else if (!early)
		ret = put_back(c, err);
	if (ret == 0 && !early)
		ret = swap_remove_beside(s, c->fresh, s->overlay, err);
	else if (ret == 0 && !s->resuming)
		ret = io_replace_remove(s->rw.io, s->dir, c->fresh, err);
	if (ret == 0)
		ret = session_clear(s, err);
	/* Cut while it was being written: last of all, and without a look (see merge_end.c). */
	if (ret == 0 && early && s->resuming)
		ret = io_replace_remove(s->rw.io, s->dir, c->fresh, err);
	if (ret < 0 && err)
		err->outcome = LM_RESUMABLE;
	return ret;
}

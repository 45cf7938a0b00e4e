/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compact_end.c - the end of a compact, forwards and backwards
 *
 * Old and new overlay give the same system, but only until one of
 * them is used: an overlay that is neither of the two that the record names was
 * booted from since, and is never exchanged or removed.
 */
#include <errno.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/compact/compact.h"
#include "core/plan/journal.h"

int compact_lock_fresh(struct compact *c, struct lm_error *err)
{
	int ret = io_open(c->s->rw.io, c->swap.fresh, IO_READ, &c->fresh_lock);

	if (ret == 0)
		ret = io_lock(c->fresh_lock);
	if (ret == -EWOULDBLOCK)
		ret = -EBUSY;
	return ret < 0 ?
		       lm_fail(err, ret, c->swap.fresh, NULL, "%s", _("Locking the stick failed")) :
		       0;
}

static int compact_end_remove_old(struct compact *c, struct lm_error *err)
{
	const struct swap *w = &c->swap;
	struct swap_places p;
	int ret = swap_find(w, &p, err);

	if (ret < 0)
		return ret;
	/* What has the name is the new one, or what became of it; else nothing may go. */
	if (!swap_is_new(w, &p.now) &&
	    !(swap_is_other(w, &p.now) && !swap_is_new(w, &p.fresh) && !swap_is_new(w, &p.aside)))
		return swap_not_ours(w, err);
	ret = session_note_once(c->s, RECORD_CLEANING, err);
	return ret == 0 ? swap_remove_rest(w, &p, err) : ret;
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
		ret = compact_end_remove_old(c, err);
	if (ret == 0)
		ret = log_it(c, err);
	if (ret == 0)
		session_log_by_hand(s);
	if (ret == 0)
		ret = session_clear(s, err);
	if (ret == 0 && was_cleaning)
		ret = swap_remove_unseen(&c->swap, err);
	return session_resumable(ret, err);
}

/* The old overlay back under its name. */
static int compact_end_put_back(struct compact *c, struct lm_error *err)
{
	const struct swap *w = &c->swap;
	struct swap_places p;
	int ret = swap_find(w, &p, err);

	if (ret < 0)
		return ret;
	/* Never exchanged, and used since: it is what was there before, and more. */
	if (swap_is_other(w, &p.now) && swap_is_new(w, &p.fresh))
		return 0;
	if (swap_is_other(w, &p.now))
		return session_too_late(c->s, _("the stick was used with the new overlay"), err);
	ret = swap_back(w, &p, err);
	if (ret != 1)
		return ret;
	if (swap_is_new(w, &p.now))
		return session_too_late(c->s, _("the old overlay is not there any more"), err);
	return swap_not_ours(w, err);
}

/* The copy elsewhere, before nobody knows of it any more. */
static int compact_end_work(void *compact, struct lm_error *err)
{
	struct compact *c = compact;

	(void)err;
	session_work_clean(c->s);
	return 0;
}

int compact_undo(struct compact *c, struct lm_error *err)
{
	const enum record_phase phase = c->s->rec.phase;
	bool early = phase <= RECORD_BUILDING;
	int ret = 0;

	if (phase == RECORD_CLEANING)
		return session_too_late(c->s, _("the old overlay was being removed"), err);
	/* In place every moment is as good as another. */
	if (!early && phase != RECORD_APPLYING)
		ret = compact_end_put_back(c, err);
	if (ret == 0)
		ret = swap_undo_end(&c->swap, !early, compact_end_work, c, err);
	return session_resumable(ret, err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compact.c - the state of a compact, and its steps; the plan is made in compact_plan.c */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_file.h"
#include "core/io/io_attrs.h"
#include "core/io/io_replace.h"
#include "core/ops/compact/compact_plan.h"
#include "core/io/io_copy.h"
#include "core/plan/journal.h"
#include "core/text.h"

/* ---- the state ---- */

struct compact *compact_new(struct lm_stick *stick, struct lm_error *err)
{
	struct compact *c = session_state(sizeof(*c), stick, LM_OP_COMPACT, err);

	if (c) {
		fsck_init(&c->f, c->s);
		c->f.question =
			_("The root file system has errors that e2fsck does not repair by "
			  "itself. Repair them now (e2fsck -y)? What is repaired is written to the "
			  "new overlay.");
	}
	return c;
}

void compact_free(void *compact)
{
	struct compact *c = compact;

	io_file_close(c->fresh_lock);
	session_free(c->s);
	fsck_free(&c->f);
	swap_free(&c->swap);
	free(c->kept);
	free(c);
}

int compact_swap_init(struct swap *w, struct session *s, struct lm_error *err)
{
	*w = (struct swap){
		.s = s,
		.path = s->overlay,
		.old_id = &s->rec.overlay_id,
		.new_id = &s->rec.compact.fresh,
		.identify = swap_identify_overlay,
		.not_ours = _("The overlays on the stick are not those that the journal names"),
	};
	return swap_init(w, "livemend.cow", "livemend.bak", err);
}

int compact_paths(struct compact *c, const char *overlay, struct lm_error *err)
{
	int ret = session_overlay_path(c->s, overlay, err);

	return ret < 0 ? ret : compact_swap_init(&c->swap, c->s, err);
}

/* ---- check ---- */

int compact_refusal(struct compact *c, const struct stick_look *look, struct lm_error *err)
{
	const struct session_words words = {
		.cannot = _("This overlay cannot be compacted as it is"),
		.damaged = _("This overlay cannot be compacted as it is"),
		.nothing = _("There is nothing to compact"),
		.help_invalid = _("Recover it first: `livemend recover`."),
	};

	return session_refusal(c->s, look, &words, err);
}

/*
 * What e2fsck repairs goes into a store in memory, laid over the overlay, and
 * from there into the new one: the old one is not written to, and may be full.
 * Where there is no new one nothing is repaired: what the file system says is
 * believed only if it is sound as it is.
 */
int compact_check_fs(struct compact *c, struct lm_error *err)
{
	struct session *s = c->s;
	bool ill = false;
	int ret;

	fsck_look(&c->f);
	ret = fsck_check(&c->f, &ill, err);
	if (ret == 0 && ill && !c->f.unchecked && !c->in_place)
		ret = fsck_repair(&c->f, err);
	fsck_settle(&c->f);
	if (ret == 0 && ill && c->in_place && fs_info(s->look.fs)->readable &&
	    fs_info(s->look.fs)->state == LM_FS_CLEAN)
		return lm_refuse(err, -EUCLEAN, s->stick->given,
				 _("Recover it first: `livemend recover`."),
				 _("e2fsck found errors in it"), "%s",
				 _("The root file system must be repaired first"));
	if (ret < 0 || !fsck_changed(&c->f))
		return ret;
	s->scratch = fsck_scratch(&c->f);
	return session_look(s, s->base, err);
}

static int compact_step_check(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct session *s = c->s;
	int ret;

	s->run = run;
	ret = session_lock(s, false, err);
	if (ret == 0)
		ret = session_no_pending(s, err);
	if (ret == 0)
		ret = session_look(s, s->base, err);
	if (ret == 0)
		ret = compact_refusal(c, &s->look, err);
	if (ret == 0)
		ret = record_identify(s->rw.io, s->base, &s->rec.compact.image, err);
	if (ret == 0)
		ret = compact_check_fs(c, err);
	if (ret == 0)
		ret = session_know_overlay(s, err);
	return ret;
}

/* ---- compare ---- */

/* The plan's own look still holds: nothing has changed, nothing was repaired. */
static bool still_holds(const struct compact *c)
{
	const struct session *s = c->s;

	return record_same(&c->scanned, &s->rec.overlay_id) &&
	       (!s->scratch || cow_store_info(s->scratch)->exceptions == 0) &&
	       c->trust == compact_may_trust(s->look.fs);
}

bool compact_wins(const struct compact *c)
{
	return c->after_sectors < c->before_sectors;
}

int compact_choose_one(struct compact *c, struct cow_store *store, struct lm_error *err)
{
	uint64_t count;
	const struct cow_exception *e = cow_store_sorted(store, &count);

	/* A table made shorter in place needs one record to go by. */
	if (!c->in_place || c->n_kept > 0 || count == 0)
		return 0;
	if (!c->kept)
		c->kept = calloc(1, sizeof(*c->kept));
	if (!c->kept)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	c->kept[0] = e[0].old_chunk;
	c->n_kept = 1;
	c->after_sectors += c->chunk_sectors;
	return 0;
}

static int step_compare(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct session *s = c->s;
	char size[16];
	int ret = 0;

	s->run = run;
	if (!still_holds(c)) {
		ret = compact_scan(c, &s->look, s->top, s->scratch, session_progress, s, err);
		if (ret == 0)
			ret = compact_choose_one(c, s->look.store, err);
	}
	if (ret < 0)
		return ret;
	c->nothing = !compact_wins(c);
	text_size(size, (c->before_sectors - c->after_sectors) * 512);
	if (c->nothing)
		plan_run_message(run, "%s", _("Everything in the overlay is needed"));
	else
		plan_run_message(run, _("%llu chunks stay; %llu are free, %llu as in the image"),
				 (unsigned long long)c->n_kept, (unsigned long long)c->dead,
				 (unsigned long long)c->equal);
	return 0;
}

/* ---- beside ---- */

static int step_build(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct session *s = c->s;
	int ret;

	s->run = run;
	if (c->nothing)
		return 0;
	ret = session_note(s, RECORD_BUILDING, err);
	/* Left by an older run. */
	if (ret == 0)
		ret = swap_remove(&c->swap, c->swap.fresh, err);
	if (ret == 0)
		ret = compact_write(c, session_progress, s, err);
	if (ret == 0)
		ret = io_attrs_copy(s->rw.io, s->overlay, s->rw.io, c->swap.fresh, err);
	if (ret == 0) {
		ret = io_sync_dir(s->rw.io, s->dir);
		if (ret < 0)
			lm_fail(err, ret, c->swap.fresh, NULL, "%s",
				_("Writing the new overlay failed"));
	}
	if (ret == 0)
		ret = record_identify_overlay(s->rw.io, c->swap.fresh, &s->rec.compact.fresh, NULL,
					      err);
	if (ret == 0 && record_same(&s->rec.overlay_id, &s->rec.compact.fresh)) {
		lm_fail(err, -EEXIST, c->swap.fresh, NULL, "%s",
			_("Writing the new overlay failed"));
		ret = lm_because(err, "%s", _("it cannot be told from the old one"));
	}
	return ret;
}

static int compact_step_verify(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;

	c->s->run = run;
	return c->nothing ? 0 : compact_prove(c, c->swap.fresh, session_progress, c->s, err);
}

static int step_exchange(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct session *s = c->s;
	int ret;

	if (c->nothing)
		return 0;
	plan_run_critical(run, true);
	s->run = run;
	ret = compact_lock_fresh(c, err);
	if (ret < 0)
		return ret;
	session_unlook(s); /* nothing is held open that gets another name, but for the locks */
	ret = session_note(s, RECORD_READY, err);
	if (ret == 0)
		ret = session_overlay_unused(s, s->overlay, err);
	if (ret < 0)
		return ret;
	plan_run_flushing(run, true);
	s->committed = true;
	ret = swap_forward(&c->swap, err);
	plan_run_flushing(run, false);
	return ret;
}

static void tell_result(struct compact *c, struct plan_run *run)
{
	char before[16], after[16], won[16], now[600];

	if (c->nothing) {
		plan_run_result(run, _("There is nothing to win: everything in the overlay is "
				       "needed. Nothing was changed."),
				_("A merge empties the overlay, growing it makes it larger."));
		return;
	}
	snprintf(now, sizeof(now),
		 _("%s are won back: the overlay held %s, it holds %s now (%llu sectors before, "
		   "%llu now). No file of the live system has changed."),
		 text_size(won, (c->before_sectors - c->after_sectors) * 512),
		 text_size(before, c->before_sectors * 512),
		 text_size(after, c->after_sectors * 512), (unsigned long long)c->before_sectors,
		 (unsigned long long)c->after_sectors);
	plan_run_result(run, now, _("The stick can be booted, or unmounted and removed."));
}

/* Nobody has written to the old overlay, which has another name now, since it was read. */
static int compact_old_unused(struct compact *c, struct lm_error *err)
{
	const char *const names[] = { c->swap.fresh, c->swap.aside };
	struct io_stat st;
	int ret = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && ret == 0; i++) {
		if (io_stat(c->s->rw.io, names[i], &st) == 0)
			ret = session_overlay_unused(c->s, names[i], err);
	}
	return ret;
}

static int compact_step_finish(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct session *s = c->s;
	int ret = 0;

	plan_run_critical(run, true);
	s->run = run;
	if (!c->nothing) {
		ret = compact_old_unused(c, err);
		s->committed = ret == 0;
		if (ret == 0)
			ret = compact_finish(c, err);
	} else if (s->noted) {
		ret = session_clear(s, err);
	}
	if (ret < 0)
		return ret;
	s->noted = false;
	tell_result(c, run);
	return 0;
}

/* ---- in place ---- */

static int step_backup(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct session *s = c->s;
	int ret;

	s->run = run;
	if (c->nothing)
		return 0;
	ret = session_note(s, RECORD_BUILDING, err);
	if (ret == 0)
		ret = session_work_begin(s, err);
	return ret < 0 ? ret : session_work_backup(s, s->overlay, err);
}

static int step_squeeze(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	int ret;

	c->s->run = run;
	if (c->nothing)
		return 0;
	ret = session_note(c->s, RECORD_APPLYING, err);
	return ret < 0 ? ret : compact_in_place(c, err);
}

/* As it lies on the stick now: as full as it was said to become, and sound. */
static int step_look_again(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct session *s = c->s;
	int ret;

	s->run = run;
	if (c->nothing)
		return 0;
	ret = session_look(s, s->base, err);
	if (ret == 0)
		ret = io_drop_cache(s->look.overlay_file);
	if (ret == 0)
		ret = compact_refusal(c, &s->look, err);
	if (ret == 0 && cow_store_info(s->look.store)->allocated_sectors != c->after_sectors)
		ret = lm_fail(err, -EBADMSG, s->overlay, NULL, "%s",
			      _("The overlay is not as full as it must be"));
	return ret;
}

static int step_finish_in_place(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct session *s = c->s;
	int ret;

	plan_run_critical(run, true);
	s->run = run;
	session_unlook(s);
	ret = c->nothing ? 0 : compact_finish_in_place(c, err);
	if (ret == 0 && c->nothing && s->noted)
		ret = session_clear(s, err);
	if (ret < 0) {
		err->outcome = LM_RESUMABLE;
		return ret;
	}
	s->noted = false;
	tell_result(c, run);
	return 0;
}

/* ---- the end before the end ---- */

static int undo_it(void *compact, struct lm_error *err)
{
	return compact_undo(compact, err);
}

static void compact_on_abort(struct plan_run *run, void *compact, struct lm_error *err)
{
	struct compact *c = compact;
	struct session *s = c->s;

	(void)run;
	session_unlook(s);
	if (!s->noted)
		return;
	/* In place it goes on from anywhere, and may be left anywhere if that is wanted. */
	s->committed = s->committed || (s->rec.phase == RECORD_APPLYING && err->code != -ECANCELED);
	if (!session_put_back(s, undo_it, c, err))
		return;
	/* Best effort: it is over, and the stick is as it was. */
	journal_log(s->rw.io, s->dir, NULL, "compact: stopped, and everything put back: %s",
		    err->what);
}

const struct compact_steps compact_steps = {
	.check = compact_step_check,
	.compare = step_compare,
	.build = step_build,
	.verify = compact_step_verify,
	.exchange = step_exchange,
	.finish = compact_step_finish,
	.backup = step_backup,
	.squeeze = step_squeeze,
	.look_again = step_look_again,
	.finish_in_place = step_finish_in_place,
	.abort = compact_on_abort,
};

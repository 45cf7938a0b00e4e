/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recover_plan.c - the plan of a recovery: what is the matter, and what is done about it */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/ctx.h"
#include "core/dm/dm.h"
#include "core/dm/engine.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/op.h"
#include "core/ops/recover/recover.h"
#include "core/plan/journal.h"
#include "core/text.h"

#define MARGIN_BYTES (1ull << 20)
/* What an overlay in use is given at least. */
#define IN_USE_BYTES (16ull << 20)

struct planning {
	struct recover *r;
	struct lm_plan *plan;
	struct io_stat overlay;
	struct io_fsinfo info;
};

static const char *title(void)
{
	return _("Recover the overlay");
}

/* ---- what stands against it ---- */

static int refuse_kind(const struct lm_stick *s, struct lm_error *err)
{
	if (s->n_overlays == 0)
		return lm_refuse(err, -ENOENT, s->given, NULL, _("it has no overlay"), "%s",
				 _("There is nothing to recover"));
	if (s->overlays[0].kind != LM_OVERLAY_DM_SNAPSHOT)
		return lm_refuse(err, -EOPNOTSUPP, s->overlays[0].path,
				 _("Overlays of the dm-snapshot kind can be recovered."),
				 _("it is of another kind"), "%s",
				 _("This overlay cannot be recovered"));
	return 0;
}

static int refuse_stick(const struct recover *r, struct lm_error *err)
{
	const struct lm_stick *s = r->s->stick;
	int ret = session_no_pending(r->s, err);

	if (ret < 0)
		return ret;
	if (s->overlays[0].attached)
		return lm_refuse(err, -EBUSY, s->overlays[0].path,
				 _("Save what is open to another medium, if it can still be read. Then "
				   "boot another system, or this stick without its overlay, and "
				   "recover it from there: nothing that was saved is lost. As long as "
				   "it does not say Overflow, `livemend grow` works while it is in "
				   "use."),
				 _("the kernel is using it"), "%s",
				 _("An overlay in use cannot be recovered"));
	return stick_rw_possible(r->s->stick, err);
}

/* ---- words ---- */

struct words {
	char text[1200];
	size_t len;
};

static void recover_add(struct words *w, const char *text)
{
	if (w->len < sizeof(w->text))
		w->len += (size_t)snprintf(w->text + w->len, sizeof(w->text) - w->len, "%s%s",
					   w->len ? " " : "", text);
}

static void say_ills(struct planning *p)
{
	const struct recover_ills *i = &p->r->ills;
	struct words w = { 0 };

	if (i->invalid)
		recover_add(&w, _("The overlay is marked invalid: the kernel reads nothing of it, and the "
			  "stick does not start. What was saved is still there."));
	if (i->cut_table)
		recover_add(&w, _("The overlay file was cut off: its next table would lie beyond its end, and "
			  "the stick does not start."));
	else if (i->no_room)
		recover_add(&w, _("The overlay is full, or so nearly that the next start fills it."));
	if (i->corner)
		recover_add(&w, _("Its size is one at which a full overlay becomes invalid."));
	if (i->hollow)
		recover_add(&w, _("The overlay file has holes, and the stick has no room to fill them all."));
	if (i->tail)
		recover_add(&w, _("Old entries stand behind the end of its table, and would come alive."));
	if (p->r->f.lost)
		recover_add(&w, _("The superblock of the root file system is damaged or gone: none of its "
			  "files can be found, and the stick does not start."));
	else if (i->errors)
		recover_add(&w, _("The root file system has errors."));
	else if (i->dirty)
		recover_add(&w, _("The root file system was not unmounted: its journal has to be replayed."));
	if (!recover_any(i))
		recover_add(&w, _("The overlay is in order; it is only made longer."));
	recover_add(&w, _("The image is not touched."));
	plan_text(p->plan, title(), w.text);
}

/* What is lost with a superblock, and what there would be instead. */
static void say_lost(struct planning *p)
{
	const struct recover *r = p->r;

	if (r->f.has_backup)
		plan_warn(p->plan,
			  _("The file system is put together again from the copy of its superblock "
			    "in block %llu: label and settings are as the copy has them."),
			  (unsigned long long)r->f.backup.block);
	else
		plan_warn(p->plan, "%s",
			  _("No copy of its superblock is left in it: it is put together again from "
			    "the one in the image. Label and settings are as they are there."));
	plan_warn(p->plan, "%s",
		  _("What else was damaged with it is not known before e2fsck has run: files may be "
		    "lost, or their names, which are then in /lost+found. You are shown how many "
		    "before you start from it, and can take it back. `livemend reset` would bring "
		    "back the system as it is in the image, and lose all that was changed since."));
}

static void say_warnings(struct planning *p)
{
	const struct recover *r = p->r;

	if (!fsck_is_ext(&r->f))
		plan_warn(p->plan, "%s",
			  _("The root file system is not ext2, ext3 or ext4: it is not checked."));
	else if (!fsck_possible(&r->f))
		plan_warn(p->plan, "%s",
			  r->ills.errors ?
				  _("There is no e2fsck here (e2fsprogs): the errors of the file "
				    "system stay until it is recovered where there is one.") :
				  _("There is no e2fsck here (e2fsprogs): the file system is not "
				    "checked. The next start replays its journal."));
	if (r->f.lost)
		say_lost(p);
	/* The kernel adds the next table before it fills one: there was more. */
	if (r->ills.cut_table)
		plan_warn(p->plan, "%s",
			  _("What lay behind the place where the overlay was cut off is lost: files "
			    "that were written last may be older than they were, or damaged. If there "
			    "is a copy of the whole overlay file, put it back instead."));
	if (r->ills.no_room && r->f.new_bytes == r->f.old_bytes)
		plan_warn(p->plan, "%s",
			  p->info.file_limit_bytes <= r->f.old_bytes + MARGIN_BYTES ?
				  _("The overlay has the largest size possible on this file system: it "
				    "stays full. Empty it with a merge, or win room with compact.") :
				  _("The stick has no room for a longer overlay: it stays full. Empty "
				    "it with a merge, or win room with compact."));
	if (r->ills.corner && r->f.new_bytes == r->f.old_bytes)
		plan_warn(p->plan, "%s",
			  _("Its size stays one at which a full overlay becomes invalid: merge it "
			    "before it is full."));
	if (r->ills.hollow && r->fill_bytes < r->f.old_bytes - r->fill_from)
		plan_warn(p->plan, "%s",
			  _("The stick has no room for all of the overlay: move files off it, or "
			    "merge soon."));
}

/* ---- steps ---- */

static void say_repair(struct planning *p)
{
	struct recover *r = p->r;
	struct lm_step *s;

	s = plan_step(p->plan, "check", _("Check stick and overlay"),
		      _("The overlay must belong to the image, and every entry of its table must "
			"make sense: what is guessed would destroy."),
		      recover_step_check);
	s->reads = text_dup(_("the overlay's tables, the file system's own structures"));
	s->work_bytes = MARGIN_BYTES;
	s->cancellable = true;
	if (!fsck_possible(&r->f))
		return;
	s = plan_step(p->plan, "fsck", _("Check and repair the file system, in memory"),
		      _("e2fsck sees image and overlay as one device. First it only replays the "
			"journal and mends what is certain; before anything else you are asked. "
			"What it changes is kept in memory for now."),
		      recover_step_repair);
	plan_command(s, "dmsetup create merged --table '0 %llu snapshot BASE %s PO %u'",
		     (unsigned long long)(r->look.base->size_bytes / 512), r->s->overlay,
		     (unsigned)cow_store_info(r->look.store)->chunk_sectors);
	if (r->f.lost && r->f.has_backup)
		plan_command(s, "e2fsck -fy -b %llu -B %u /dev/mapper/merged",
			     (unsigned long long)r->f.backup.block,
			     (unsigned)r->f.backup.block_bytes);
	else if (r->f.lost)
		plan_command(s, "dd if=BASE of=/dev/mapper/merged bs=1024 skip=1 seek=1 count=1");
	else
		plan_command(s, "e2fsck -p /dev/mapper/merged");
	if (!r->f.lost || !r->f.has_backup)
		plan_command(s, "e2fsck -fy /dev/mapper/merged");
	s->reads = text_dup(_("overlay and image"));
	s->work_bytes = r->look.base->size_bytes / 32;
	s->cancellable = true;
}

static void say_grow(struct planning *p)
{
	struct recover *r = p->r;
	char size[16], title_text[120];
	struct lm_step *s;

	if (r->f.new_bytes == r->f.old_bytes && !r->fill_bytes)
		return;
	if (r->f.new_bytes > r->f.old_bytes)
		snprintf(title_text, sizeof(title_text), _("Make the overlay longer: %s"),
			 text_size(size, r->f.new_bytes));
	else
		snprintf(title_text, sizeof(title_text), _("Reserve room for the overlay: %s"),
			 text_size(size, r->fill_bytes));
	s = plan_step(p->plan, "grow", title_text,
		      _("Its new room is really there, not promised. Nothing of what it holds is "
			"moved."),
		      recover_step_grow);
	if (r->f.new_bytes > r->f.old_bytes)
		plan_command(s, "fallocate -o %llu -l %llu %s", (unsigned long long)r->f.old_bytes,
			     (unsigned long long)(r->f.new_bytes - r->f.old_bytes), r->s->overlay);
	else
		plan_command(s, "fallocate -o %llu -l %llu %s", (unsigned long long)r->fill_from,
			     (unsigned long long)r->fill_bytes, r->s->overlay);
	s->writes = text_dup(_("the overlay, beyond what it holds"));
	s->undo = text_dup(_("it is made as short as it was"));
	s->work_bytes = r->f.new_bytes - r->f.old_bytes + r->fill_bytes;
	s->cancellable = true;
}

static void say_changes(struct planning *p)
{
	struct recover *r = p->r;
	struct lm_step *s;

	s = plan_step(p->plan, "save", _("Write down what is to be changed"),
		      _("What is there now and what is to be there, in an undo file on the stick: "
			"with it a cut is finished or taken back, to the byte."),
		      recover_step_save);
	s->reads = text_dup(_("the overlay"));
	s->writes = text_dup(r->f.log);
	s->undo = text_dup(_("the undo file is deleted; nothing else was touched"));
	s->work_bytes = MARGIN_BYTES;
	s->cancellable = true;

	s = plan_step(p->plan, "apply", _("Change the overlay"),
		      _("It is marked invalid meanwhile, so that nothing can start from what is half "
			"done; the mark of validity comes last. The image is never written to."),
		      recover_step_apply);
	if (r->ills.invalid)
		plan_command(s, "printf '\\1' | dd of=%s bs=1 seek=4 conv=notrunc", r->s->overlay);
	s->writes = text_dup(_("the overlay's header, its last table, repaired blocks"));
	s->undo = text_dup(_("from the undo file (`livemend resume --undo`)"));
	s->work_bytes = MARGIN_BYTES;

	s = plan_step(p->plan, "verify", _("Read the overlay back and prove it"),
		      _("From the device, not from memory; and e2fsck runs once more, to find "
			"nothing."),
		      recover_step_verify);
	s->reads = text_dup(_("overlay and image"));
	s->work_bytes = r->look.base->size_bytes / 64;

	s = plan_step(p->plan, "finish", _("Note what was done"), _("In the journal on the stick."),
		      recover_step_finish);
	s->writes = text_dup(_("the journal"));
	s->work_bytes = MARGIN_BYTES;
}

static int ledger(struct planning *p, struct lm_error *err)
{
	const struct recover *r = p->r;
	uint64_t more = r->f.new_bytes - r->f.old_bytes + r->fill_bytes;

	if (more)
		plan_need(p->plan, _("the stick"), _("the longer overlay"), more, more,
			  p->info.free_bytes, p->info.file_limit_bytes);
	plan_need(p->plan, _("the stick"), _("the undo file and the journal"),
		  4ull * JOURNAL_SLOT_BYTES, 16 * MARGIN_BYTES,
		  p->info.free_bytes > more ? p->info.free_bytes - more : 0, 0);
	for (size_t i = 0; i < p->plan->n_needs; i++) {
		if (p->plan->needs[i].ok)
			continue;
		lm_refuse(err, -ENOSPC, r->s->stick->given,
			  _("Make room on the stick: delete or move a file."), "", "%s",
			  _("There is not enough room"));
		return lm_because(err, "%s", _("the undo file must be on the stick before anything "
					       "is changed"));
	}
	return 0;
}

/* The length that the user wants; 0: none. */
static uint64_t asked_bytes(const struct planning *p, const struct lm_options *o)
{
	uint64_t bytes = o->size_bytes;

	if (o->size_is_more && add_overflows(bytes, p->overlay.size_bytes, &bytes))
		bytes = UINT64_MAX;
	return bytes;
}

/* Without e2fsck nothing of that would be mended. */
static int refuse_errors(const struct recover *r, struct lm_error *err)
{
	if ((!recover_only_errors(r) && !r->f.lost) || fsck_possible(&r->f))
		return 0;
	return lm_refuse(err, -ENOENT, "e2fsck", _("Install e2fsprogs, which it belongs to."),
			 _("there is no such program on this system"), "%s",
			 _("The errors of the file system cannot be repaired here"));
}

static int look_and_plan(struct planning *p, const struct lm_options *o, struct lm_error *err)
{
	struct recover *r = p->r;
	struct lm_stick *s = r->s->stick;
	struct stick_pair pair = stick_pair_of(s, 0);
	int ret = recover_look(r, &pair, err);

	if (ret == 0)
		ret = recover_refusal(r, err);
	if (ret < 0)
		return ret;
	ret = io_stat(s->io, r->s->overlay, &p->overlay);
	if (ret == 0)
		ret = io_fsinfo(s->io, &p->info);
	if (ret < 0)
		return lm_fail(err, ret, r->s->overlay, NULL, "%s",
			       _("Asking for the free space failed"));
	if (cow_store_info(r->look.store)->header_zero && !o->size_bytes)
		return session_plan_nothing(p->plan, title(),
					    _("The overlay is empty and in order: there is nothing "
					      "to recover."));
	ret = recover_find(r, &p->overlay, &p->info, err);
	if (ret == 0)
		ret = recover_size(r, asked_bytes(p, o), &p->overlay, &p->info, err);
	if (ret < 0)
		return ret;
	r->f.no_kernel = r->ills.cut_table;
	ret = refuse_errors(r, err);
	if (ret == 0)
		ret = fsck_find_backup(&r->f, err);
	if (ret < 0)
		return ret;
	if (!recover_any(&r->ills) && r->f.new_bytes == r->f.old_bytes)
		return session_plan_nothing(p->plan, title(),
					    _("The overlay is in order: there is nothing to "
					      "recover."));
	say_ills(p);
	say_repair(p);
	say_grow(p);
	say_changes(p);
	say_warnings(p);
	plan_abort(p->plan, recover_abort);
	return ledger(p, err);
}

/* In use, and the kernel takes no more writes: it needs room, and to be told of it. */
static bool overflowed_in_use(const struct lm_stick *s)
{
	const struct stick_overlay *o = s->n_overlays ? &s->overlays[0] : NULL;
	struct dm_snapshot_status live;

	return o && o->kind == LM_OVERLAY_DM_SNAPSHOT && o->attached && o->dm_name &&
	       dm_snapshot_status(s->ctx, o->dm_name, &live, NULL) == 0 &&
	       live.state == LM_STATE_OVERFLOW;
}

static int plan_in_use(struct lm_stick *stick, const struct lm_options *options,
		       struct lm_plan *plan, struct lm_error *err)
{
	struct lm_options grow = *options;
	struct io_stat st;

	if (!grow.size_bytes && io_stat(stick->io, stick->overlays[0].path, &st) == 0) {
		grow.size_bytes = max_u64(st.size_bytes / 4, IN_USE_BYTES);
		grow.size_is_more = true;
	}
	return ops_plan_grow(stick, &grow, plan, err);
}

int ops_plan_recover(struct lm_stick *stick, const struct lm_options *options,
		     struct lm_plan *plan, struct lm_error *err)
{
	struct planning p = { .plan = plan };
	struct lm_error why;
	int ret;

	if (overflowed_in_use(stick))
		return plan_in_use(stick, options, plan, err);
	p.r = recover_new(stick, err);
	if (!p.r)
		return -ENOMEM;
	lm_error_clear(&why);
	plan_state(plan, p.r, recover_free);
	plan_text(plan, title(),
		  _("What is the matter with the overlay is mended, so that the stick can be used "
		    "again with all that was saved. The image is not touched."));
	plan_risk(plan, NULL,
		  _("Until the overlay is changed a cancel puts everything back. If it is cut off, "
		    "at any moment, `livemend resume` finishes it; `livemend resume --undo` takes "
		    "it back, also afterwards, until the stick is used or something else is done "
		    "with livemend."),
		  NULL);
	plan_result(plan, _("The overlay can be used again."),
		    _("Start from the stick, or empty the overlay for good with a merge."));
	ret = refuse_kind(stick, &why);
	if (ret == 0)
		ret = dm_engine_wanted(stick->ctx, &why);
	if (ret == 0)
		ret = recover_paths(p.r, stick->overlays[0].path, &why);
	if (ret == 0)
		ret = refuse_stick(p.r, &why);
	if (ret == 0)
		ret = look_and_plan(&p, options, &why);
	recover_unlook(p.r);
	recover_tell_failing(&why);
	return session_planned(plan, ret, &why, err);
}

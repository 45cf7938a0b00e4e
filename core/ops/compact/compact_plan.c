/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compact_plan.c - looks at the stick and plans a compact; writes nothing */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_replace.h"
#include "core/ops/compact/compact_plan.h"
#include "core/ops/op.h"
#include "core/plan/journal.h"
#include "core/text.h"

/* Journal, directory entries, and a few clusters to be rounded up to. */
#define MARGIN_BYTES (1u << 20)
/* The new overlay, the journal's two slots, log, and a folder for them. */
#define FILES_NEEDED 5u

struct planning {
	struct compact *c;
	struct lm_plan *plan;
	struct stick_look look;
	struct io_fsinfo stick_info;
	struct io_stat overlay;
	bool exact;       /* what is won is known, not guessed */
	uint64_t on_disk; /* what the new overlay occupies */
};

static const char *compact_plan_title(void)
{
	return _("Compact the overlay");
}

/* ---- what stands against it ---- */

static int compact_plan_refuse_kind(const struct lm_stick *s, struct lm_error *err)
{
	if (s->n_overlays == 0)
		return lm_refuse(err, -ENOENT, s->given, NULL, _("it has no overlay"), "%s",
				 _("There is nothing to compact"));
	if (s->overlays[0].kind != LM_OVERLAY_DM_SNAPSHOT)
		return lm_refuse(err, -EOPNOTSUPP, s->overlays[0].path,
				 _("Overlays of the dm-snapshot kind can be compacted; a directory "
				   "(overlayfs) gives room back by itself."),
				 _("it is of another kind"), "%s",
				 _("This overlay cannot be compacted"));
	return 0;
}

static int compact_plan_refuse_stick(const struct compact *c, struct lm_error *err)
{
	const struct lm_stick *s = c->s->stick;
	int ret = session_no_pending(c->s, err);

	if (ret < 0)
		return ret;
	if (s->overlays[0].attached)
		return lm_refuse(err, -EBUSY, s->overlays[0].path,
				 _("Boot another system, or this stick without its overlay, and "
				   "compact it from there. Growing it works while it is in use."),
				 _("the running system uses it"), "%s",
				 _("An overlay in use cannot be compacted"));
	ret = stick_rw_possible(c->s->stick, err);
	if (ret == 0)
		ret = stick_names_free(s->io, c->swap.aside, err);
	return ret < 0 ? ret : stick_rw_may_replace(c->s->stick, s->overlays[0].path, err);
}

/* ---- lengths and room ---- */

static void choose_length(struct planning *p)
{
	struct compact *c = p->c;

	c->bytes = compact_length(p->overlay.size_bytes, c->chunk_sectors);
	c->allocated = p->overlay.on_disk_bytes + MARGIN_BYTES > p->overlay.size_bytes;
	/* A file that is not sparse, on what cannot have such. */
	if (strcmp(p->stick_info.fstype, "vfat") == 0 || strcmp(p->stick_info.fstype, "exfat") == 0)
		c->allocated = true;
	p->on_disk = c->allocated ? c->bytes : c->after_sectors * 512ull;
}

static int open_work(struct planning *p, const char *work, struct lm_error *err)
{
	struct session *s = p->c->s;

	if (!work)
		return 0;
	s->work_path = strdup(work);
	if (!s->work_path)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	return session_work_open(s, err);
}

static void forget_work(struct session *s)
{
	io_close(s->work);
	s->work = NULL;
	free(s->rec.work);
	s->rec.work = NULL;
	s->rec.run[0] = '\0';
	free(s->work_path);
	s->work_path = NULL;
}

static int compact_plan_ledger(struct planning *p, const struct lm_options *o, struct lm_error *err)
{
	struct session *s = p->c->s;
	struct io_fsinfo there;
	uint64_t need = p->on_disk + MARGIN_BYTES;
	int ret = open_work(p, o->work, err);

	if (ret < 0)
		return ret;
	p->c->in_place = s->ctx->tight || need > p->stick_info.free_bytes ||
			 p->stick_info.inodes_free < FILES_NEEDED;
	if (!p->c->in_place) {
		if (s->work)
			plan_warn(p->plan,
				  _("The stick has room for the new overlay: the folder "
				    "%s is not needed."),
				  s->work_path);
		forget_work(s);
		return plan_need(p->plan, _("the stick"), _("the new overlay beside the old one"),
				 need, need, p->stick_info.free_bytes,
				 p->stick_info.file_limit_bytes);
	}
	plan_need(p->plan, _("the stick"), _("the journal"), 2 * JOURNAL_SLOT_BYTES, MARGIN_BYTES,
		  p->stick_info.free_bytes, 0);
	if (!s->work)
		return 0;
	ret = io_fsinfo(s->work, &there);
	if (ret < 0)
		return lm_fail(err, ret, s->work_path, NULL, "%s",
			       _("Asking for the free space failed"));
	return plan_need(p->plan, s->work_path, _("a copy of the overlay"), p->overlay.size_bytes,
			 p->overlay.size_bytes + MARGIN_BYTES, there.free_bytes,
			 there.file_limit_bytes);
}

static int compact_plan_refuse_room(const struct lm_plan *plan, struct lm_error *err)
{
	char need[16], have[16];

	for (size_t i = 0; i < plan->n_needs; i++) {
		const struct lm_need *n = &plan->needs[i];

		if (n->ok)
			continue;
		lm_refuse(err, -ENOSPC, n->where,
			  _("Make room there; on the stick, delete or move a file. --work takes a "
			    "folder with more room."),
			  "", "%s", _("There is not enough room"));
		return lm_because(err, _("%s are needed for %s, %s are free"),
				  text_size(need, n->need_bytes), n->what,
				  text_size(have, n->free_bytes));
	}
	return 0;
}

/* ---- the steps ---- */

static void compact_plan_say_check(struct planning *p)
{
	struct compact *c = p->c;
	const struct fs_info *fs = p->look.fs ? fs_info(p->look.fs) : NULL;
	struct lm_step *s;

	s = plan_step(p->plan, "check", _("Check stick, overlay and file system"),
		      _("Only a sound file system can be believed when it says what is free. "
			"e2fsck sees image and overlay as one device."),
		      compact_steps.check);
	plan_command(s, "livemend export merged.img");
	plan_command(s, "e2fsck -fn merged.img");
	s->reads = text_dup(_("the overlay's tables, the file system's own structures"));
	s->writes = text_dup(c->in_place ?
				     _("nothing") :
				     _("nothing; repairs of the file system into the new overlay"));
	s->work_bytes = cow_store_info(p->look.store)->file_bytes / 32;
	s->cancellable = true;

	if (!fs || !fs->readable)
		plan_warn(p->plan, "%s",
			  _("The root file system is not ext2, ext3 or ext4, so nobody can tell "
			    "which of its blocks are free: only what equals the image is left "
			    "out."));
	else if (fs->state == LM_FS_CLEAN && !fsck_possible(&c->f))
		plan_warn(p->plan, "%s",
			  _("There is no e2fsck here (e2fsprogs), so the file system cannot be "
			    "checked. It is marked clean, and believed on that word."));
	else if (fs->state != LM_FS_CLEAN && (c->in_place || !fsck_possible(&c->f)))
		plan_warn(p->plan, "%s",
			  _("The root file system was not unmounted cleanly, and cannot be repaired "
			    "here. All of its blocks count as used: only what equals the image is "
			    "left out. `livemend recover` repairs it."));
	else if (fs->state == LM_FS_DIRTY)
		plan_warn(p->plan, "%s",
			  _("The root file system was not unmounted cleanly. Its journal is "
			    "replayed first, as the next boot would do; what can be won is known "
			    "exactly only then."));
	else if (fs->state == LM_FS_ERRORS)
		plan_warn(p->plan, "%s",
			  _("The root file system is marked as having errors. It is repaired "
			    "first; you are asked before. What can be won is known exactly only "
			    "then."));
}

static void compact_plan_say_compare(struct planning *p)
{
	struct lm_step *s = plan_step(p->plan, "compare", _("Find what is needed"),
				      _("Chunks of deleted files, and chunks that equal the image, "
					"need not be kept."),
				      compact_steps.compare);

	s->reads = text_dup(_("overlay and image"));
	s->work_bytes = p->exact ? MARGIN_BYTES : p->c->before_sectors * 512;
	s->cancellable = true;
}

static void say_beside(struct planning *p)
{
	struct lm_plan *plan = p->plan;
	struct compact *c = p->c;
	struct lm_step *s;

	s = plan_step(plan, "build", _("Write the new overlay"),
		      c->allocated ? _("Beside the old one, in order, and of the same length; its "
				       "room is really there.") :
				     _("Beside the old one, in order, and of the same length; with "
				       "holes, as the old one."),
		      compact_steps.build);
	plan_command(s, "cp --sparse=always %s %s", c->s->overlay, c->swap.fresh);
	s->reads = text_dup(_("the overlay"));
	s->writes = text_dup(c->swap.fresh);
	s->undo = text_dup(_("the new overlay is deleted; nothing else was touched"));
	s->work_bytes = p->on_disk;
	s->cancellable = true;

	s = plan_step(plan, "verify", _("Read the new overlay back and prove it"),
		      _("From the device, not from memory: with the image it must give the same as "
			"the old one in every block that the file system uses."),
		      compact_steps.verify);
	plan_command(s, "cmp MERGED-BEFORE MERGED-AFTER");
	s->reads = text_dup(_("both overlays, the image"));
	s->undo = text_dup(_("the new overlay is deleted; nothing else was touched"));
	s->work_bytes = 2 * c->after_sectors * 512;
	s->cancellable = true;

	s = plan_step(plan, "exchange", _("Give the new overlay the name of the old one"),
		      _("In one step, in an order of writes that no power cut can turn into a "
			"loss; then it is looked at again."),
		      compact_steps.exchange);
	plan_command(s, "mv --exchange %s %s", c->swap.fresh, c->s->overlay);
	s->writes = text_dup(_("two names in the folder LiveOS"));
	s->undo = text_dup(_("the names are exchanged back (`livemend resume --undo`)"));
	s->work_bytes = MARGIN_BYTES;

	s = plan_step(plan, "clean", _("Remove the old overlay"),
		      _("The new one holds everything of it that is needed."),
		      compact_steps.finish);
	plan_command(s, "rm %s", c->swap.fresh);
	s->writes = text_dup(_("the name of the old overlay, the journal"));
	s->undo = text_dup(_("not any more; `livemend resume` finishes it if it is cut off"));
	s->work_bytes = MARGIN_BYTES;
	if (!io_replace_can_exchange(&p->stick_info))
		plan_warn(plan,
			  _("This kernel cannot exchange two names on %s. Two renames are used "
			    "instead; a power cut between them, within a moment, leaves a stick "
			    "that starts without its overlay until `livemend resume` was run. "
			    "Nothing can be lost."),
			  p->stick_info.fstype);
}

static void say_in_place(struct planning *p)
{
	struct lm_plan *plan = p->plan;
	struct compact *c = p->c;
	struct lm_step *s;

	plan_warn(plan, "%s",
		  _("The stick has no room for a second overlay: it is compacted in place. Every "
		    "write leaves an overlay that gives the same system, so a cut does no harm; "
		    "but there is no second overlay to go back to if the stick itself fails."));
	if (c->s->work) {
		s = plan_step(plan, "backup", _("Copy the overlay to the work folder"),
			      _("Against a stick that fails; the copy is compared, and removed at "
				"the end."),
			      compact_steps.backup);
		plan_command(s, "cp %s %s", c->s->overlay, c->s->work_path);
		s->writes = text_dup(c->s->work_path);
		s->undo = text_dup(_("the copy is deleted; nothing else was touched"));
		s->work_bytes = 2 * p->overlay.size_bytes;
		s->cancellable = true;
	} else {
		plan_warn(plan, "%s",
			  _("With --work DIR a copy of the overlay is kept in DIR meanwhile."));
	}
	s = plan_step(plan, "apply", _("Close the gaps in the overlay"),
		      _("Its table is written without what is not needed, and data that lies "
			"behind moves into the gaps: each is copied, read back, and only then "
			"counted."),
		      compact_steps.squeeze);
	s->reads = text_dup(_("the overlay"));
	s->writes = text_dup(c->s->overlay);
	s->undo = text_dup(_("it need not be: at any moment it gives the same system"));
	s->work_bytes = c->after_sectors * 512;
	s->cancellable = true;
	s = plan_step(plan, "verify", _("Look at the overlay again"),
		      _("From the device, not from memory."), compact_steps.look_again);
	s->reads = text_dup(_("the overlay's tables, the file system's own structures"));
	s->work_bytes = MARGIN_BYTES;
	s = plan_step(plan, "clean", _("Note what was done"), _("In the journal on the stick."),
		      compact_steps.finish_in_place);
	s->writes = text_dup(_("the journal"));
	s->work_bytes = MARGIN_BYTES;
}

/* ---- words ---- */

static void say_summary(struct planning *p)
{
	struct compact *c = p->c;
	char won[16], text[600];
	uint64_t wins = c->before_sectors - c->after_sectors;

	if (p->exact)
		snprintf(text, sizeof(text),
			 _("%s are won back: %llu chunks of deleted files and %llu that equal the "
			   "image are left out, %llu stay. The overlay holds %llu sectors now, %llu "
			   "afterwards. The image is not touched; no file of the live system "
			   "changes."),
			 text_size(won, wins * 512), (unsigned long long)c->dead,
			 (unsigned long long)c->equal, (unsigned long long)c->n_kept,
			 (unsigned long long)c->before_sectors,
			 (unsigned long long)c->after_sectors);
	else
		snprintf(text, sizeof(text), "%s",
			 _("What is free in the root file system, and what equals the image, is "
			   "left out of the overlay. The image is not touched; no file of the live "
			   "system changes."));
	plan_text(p->plan, compact_plan_title(), text);
}

static int compact_plan_look(struct planning *p, const struct lm_options *o, struct lm_error *err)
{
	struct compact *c = p->c;
	struct lm_stick *s = c->s->stick;
	int ret = stick_look_open(s, 0, &p->look, err);

	if (ret == 0)
		ret = compact_refusal(c, &p->look, err);
	if (ret < 0)
		return ret;
	if (cow_store_info(p->look.store)->exceptions == 0)
		return session_plan_nothing(p->plan, compact_plan_title(),
					    _("The overlay is empty: there is nothing to win."));
	ret = record_identify_overlay(s->io, c->s->overlay, &c->scanned, NULL, err);
	if (ret == 0)
		ret = compact_scan(c, &p->look, p->look.view, NULL, NULL, NULL, err);
	if (ret < 0)
		return ret;
	/* With a journal to replay, or errors to repair, it is another file system afterwards. */
	c->f.fs = p->look.fs; /* only to be asked about */
	p->exact = c->trust || !p->look.fs || !fs_info(p->look.fs)->readable ||
		   !fsck_possible(&c->f);
	ret = io_stat(s->io, c->s->overlay, &p->overlay);
	if (ret == 0)
		ret = io_fsinfo(s->io, &p->stick_info);
	if (ret < 0)
		return lm_fail(err, ret, c->s->overlay, NULL, "%s",
			       _("Asking for the free space failed"));
	choose_length(p);
	ret = compact_plan_ledger(p, o, err);
	if (ret == -ENOMEM)
		return ret;
	if (ret == 0)
		ret = compact_choose_one(c, p->look.store, err);
	if (ret < 0)
		return ret;
	if (p->exact && !compact_wins(c))
		return session_plan_nothing(p->plan, compact_plan_title(),
					    _("Everything in the overlay is needed: there is "
					      "nothing to win. A merge empties the overlay, "
					      "growing it makes it larger."));
	say_summary(p);
	compact_plan_say_check(p);
	compact_plan_say_compare(p);
	if (c->in_place)
		say_in_place(p);
	else
		say_beside(p);
	plan_abort(p->plan, compact_steps.abort);
	return compact_plan_refuse_room(p->plan, err);
}

int ops_plan_compact(struct lm_stick *stick, const struct lm_options *options,
		     struct lm_plan *plan, struct lm_error *err)
{
	struct planning p = { .plan = plan };
	struct lm_error why;
	int ret;

	p.c = compact_new(stick, err);
	if (!p.c)
		return -ENOMEM;
	lm_error_clear(&why);
	plan_state(plan, p.c, compact_free);
	plan_text(plan, compact_plan_title(),
		  _("The overlay is written anew without what is free in the root file system and "
		    "without what equals the image. The image is not touched."));
	plan_risk(plan, NULL,
		  _("Until the names are exchanged a cancel puts everything back. If it is cut "
		    "off, at any moment, `livemend resume` finishes or undoes it."),
		  NULL);
	plan_result(plan, _("The overlay holds only what is needed now."),
		    _("The stick can be booted, or unmounted and removed."));
	ret = compact_plan_refuse_kind(stick, &why);
	if (ret == 0)
		ret = compact_paths(p.c, stick->overlays[0].path, &why);
	if (ret == 0)
		ret = compact_plan_refuse_stick(p.c, &why);
	if (ret == 0)
		ret = compact_plan_look(&p, options, &why);
	stick_look_close(&p.look);
	return session_planned(plan, ret, &why, err);
}

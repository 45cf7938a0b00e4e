/* SPDX-License-Identifier: GPL-3.0-or-later */
/* merge_plan.c - looks at the stick and plans a merge; writes nothing */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_replace.h"
#include "core/ops/merge/merge_full.h"
#include "core/ops/op.h"
#include "core/text.h"
#include "core/view/view.h"

/* Journal, pairing record, directory entries, and a few clusters to be rounded up to. */
#define MARGIN_BYTES (1u << 20)

struct planning {
	struct merge *m;
	struct lm_plan *plan;
	struct stick_look look;
	struct changes changes;
	uint64_t likely, most; /* size of the new image */
	uint64_t old_bytes;    /* of the image file on the stick */
	bool reboot;
	struct io_fsinfo stick_info;
};

static int plan_nothing(struct lm_plan *plan)
{
	plan_text(plan, _("Merge the overlay into the root image"),
		  _("The overlay is empty: there is nothing to merge."));
	plan_step(plan, "check", _("See that there is nothing to do"),
		  _("The overlay holds no changes."), session_step_nothing);
	return plan_result(plan, _("There was nothing to merge: the overlay is empty."), "");
}

/* ---- what is there, and what stands against it ---- */

static int merge_plan_refuse_kind(const struct lm_stick *s, struct lm_error *err)
{
	const char *why;

	if (s->n_overlays == 0)
		return lm_refuse(err, -ENOENT, s->given, NULL, _("it has no overlay"), "%s",
				 _("There is nothing to merge"));
	switch (s->overlays[0].kind) {
	case LM_OVERLAY_DM_SNAPSHOT:
		break;
	case LM_OVERLAY_OVERLAYFS:
		why = _("its overlay is a directory (overlayfs)");
		goto other;
	default:
		why = _("its overlay is of a kind that cannot be merged");
	other:
		return lm_refuse(err, -EOPNOTSUPP, s->overlays[0].path,
				 _("Overlays of the dm-snapshot kind can be merged."), why, "%s",
				 _("This overlay cannot be merged"));
	}
	switch (s->container) {
	case STICK_SQUASHFS:
	case STICK_BARE:
		return 0;
	case STICK_EROFS:
		return lm_refuse(err, -EOPNOTSUPP, s->base_path, NULL,
				 _("EROFS images cannot be written anew by this version"), "%s",
				 _("This image cannot be written anew"));
	default:
		return lm_refuse(err, -ENOENT, s->given, NULL, _("there is no root image"), "%s",
				 _("There is nothing to merge into"));
	}
}

static int refuse_method(struct merge *m, const struct lm_options *o, struct lm_error *err)
{
	return o->method == LM_METHOD_REWRITE ? 0 : merge_full_refusal(m, o, err);
}

static int merge_plan_refuse_stick(struct merge *m, bool reboot, struct lm_error *err)
{
	const struct lm_stick *s = m->s->stick;
	int ret = session_no_pending(m->s, err);

	if (ret < 0)
		return ret;
	m->s->quiet = s->overlays[0].quiet;
	if (s->overlays[0].attached && !m->s->quiet)
		return lm_refuse(err, -EBUSY, s->overlays[0].path,
				 _("Boot another system and merge from there. Or boot this stick with "
				   "rd.live.overlay.readonly added to its boot options: what changes "
				   "then stays in memory, the overlay keeps still, and it can be "
				   "merged."),
				 _("the running system uses it, and changes it while it would be "
				   "read"),
				 "%s", _("An overlay in use cannot be merged"));
	if (reboot && !m->s->quiet)
		return lm_refuse(err, -EINVAL, s->given, _("Leave --reboot out."),
				 _("no system runs from it"), "%s",
				 _("There is nothing to restart"));
	ret = m->s->quiet ? stick_rw_possible_used(m->s->stick, err) :
			    stick_rw_possible(m->s->stick, err);
	if (ret < 0 || m->in_place)
		return ret;
	ret = stick_names_free(s->io, m->swap.aside, err);
	return ret < 0 ? ret : stick_rw_may_replace(m->s->stick, s->base_path, err);
}

/* ---- the plan's parts ---- */

static void merge_plan_say_check(struct planning *p)
{
	struct lm_step *s;

	s = plan_step(p->plan, "check", _("Check stick and overlay"),
		      _("The overlay must belong to the image, and every entry of its table must "
			"make sense: what is guessed would destroy."),
		      merge_step_check);
	s->reads = text_dup(_("the overlay's tables, the file system's own structures"));
	s->work_bytes = MARGIN_BYTES;
	s->cancellable = true;
}

static void merge_plan_say_repair(struct planning *p)
{
	struct lm_plan *plan = p->plan;
	struct merge *m = p->m;
	const struct fs_info *fs = p->look.fs ? fs_info(p->look.fs) : NULL;
	struct lm_step *s;

	if (!fs || !fs->readable) {
		plan_warn(plan, "%s",
			  _("The root file system is not ext2, ext3 or ext4: it is merged as it "
			    "is, without a check, and free blocks are kept."));
		return;
	}
	s = plan_step(plan, "repair", _("Check the file system, repair it if need be"),
		      _("Only a sound file system is merged. e2fsck sees image and overlay as one "
			"device; what it has to repair is kept in memory, and then written to the "
			"overlay with an undo file on the stick: with it a cut is finished or taken "
			"back, to the byte."),
		      merge_step_repair);
	plan_command(s, "livemend export merged.img");
	plan_command(s, "e2fsck -fn merged.img");
	s->reads = text_dup(_("overlay and image"));
	s->writes = text_dup(_("nothing; repairs of the file system into the overlay"));
	s->undo = text_dup(_("from the undo file (`livemend resume --undo`)"));
	s->work_bytes = p->look.store ? cow_store_info(p->look.store)->file_bytes / 16 : 0;
	s->cancellable = true;

	m->f.fs = p->look.fs; /* only to be asked about */
	if (fs->state == LM_FS_DIRTY)
		plan_warn(plan, "%s",
			  _("The root file system was not unmounted cleanly. Its journal is "
			    "replayed into the overlay first, as the next boot would do."));
	else if (fs->state == LM_FS_ERRORS)
		plan_warn(plan, "%s",
			  _("The root file system is marked as having errors. It is repaired "
			    "first, into the overlay; you are asked before."));
	else if (!fsck_possible(&m->f))
		plan_warn(plan, "%s",
			  _("There is no e2fsck here (e2fsprogs), so the file system cannot be "
			    "checked. It is marked clean, and merged on that word."));
}

/* Known before: it would only be found out under way. */
static int refuse_repair(struct planning *p, struct lm_error *err)
{
	const struct fs_info *fs = p->look.fs ? fs_info(p->look.fs) : NULL;

	p->m->f.fs = p->look.fs;
	if (!fs || !fs->readable || fs->state == LM_FS_CLEAN || fsck_possible(&p->m->f))
		return 0;
	return lm_refuse(err, -EUCLEAN, p->m->s->stick->given,
			 _("Install e2fsprogs, which it belongs to. Or start the stick once and shut "
			   "it down."),
			 _("it was not unmounted cleanly, or has errors, and there is no e2fsck here"),
			 "%s", _("The root file system must be repaired first"));
}

static void merge_plan_say_compare(struct planning *p)
{
	struct lm_step *s = plan_step(p->plan, "compare", _("Find what has changed"),
				      _("Chunks of deleted files and chunks equal to the image "
					"need not be written."),
				      merge_step_compare);

	s->reads = text_dup(_("overlay and image"));
	s->work_bytes = p->changes.live_bytes;
	s->cancellable = true;
}

static void say_end(struct planning *p, const char *why)
{
	struct lm_plan *plan = p->plan;
	struct lm_step *s;

	s = plan_step(plan, "reset", _("Empty the overlay, remove the old image"), why,
		      merge_step_finish);
	plan_command(s, "dd if=/dev/zero of=%s bs=512 count=1 conv=notrunc,fsync",
		     p->m->s->overlay);
	if (!p->m->in_place)
		plan_command(s, "rm %s", p->m->swap.fresh);
	if (p->m->s->rec.merge.osmin)
		plan_command(s, "rm %s", p->m->s->rec.merge.osmin);
	s->writes = text_dup(_("the overlay's first sector, the record of the pair, the journal"));
	s->undo = text_dup(_("not any more; `livemend resume` finishes it if it is cut off"));
	s->work_bytes = MARGIN_BYTES;
	if (!p->reboot)
		return;
	s = plan_step(plan, "reboot", _("Restart the system in a minute"),
		      _("It was asked for. Until then it runs from the old image."),
		      merge_step_reboot);
	plan_command(s, "shutdown -r +1");
	s->undo = text_dup("shutdown -c");
}

static void say_image(struct planning *p)
{
	struct lm_plan *plan = p->plan;
	struct merge *m = p->m;
	bool work = m->s->work_path != NULL;
	struct lm_step *s;

	merge_plan_say_compare(p);
	s = plan_step(plan, "build", _("Write the new image"),
		      _("Blocks that have not changed are copied as they lie, compressed; only "
			"changed ones are compressed anew, and free ones are left out."),
		      merge_step_build);
	plan_command(s, "mksquashfs ROOT %s%s%s", work ? m->s->work_path : "", work ? "/" : "",
		     work ? "NEW.img" : m->swap.fresh);
	s->reads = text_dup(_("the old image, the overlay"));
	s->writes = text_dup(work ? m->s->work_path : m->swap.fresh);
	s->undo = text_dup(_("the new image is deleted; nothing else was touched"));
	s->work_bytes = p->likely;
	s->cancellable = true;

	s = plan_step(plan, "verify", _("Read the new image back and prove it"),
		      m->deep ? _("From the device, not from memory: every block is decoded and "
				  "compared.") :
				_("From the device, not from memory: copied blocks are compared "
				  "with the old image, changed ones with what they must hold."),
		      merge_step_verify);
	s->reads = text_dup(_("both images, the overlay"));
	s->undo = text_dup(_("the new image is deleted; nothing else was touched"));
	s->work_bytes = p->likely;
	s->cancellable = true;
}

/* To the stick, where it was not built there; names, overlay, what is old. */
static void say_place(struct planning *p)
{
	struct lm_plan *plan = p->plan;
	struct merge *m = p->m;
	bool work = m->s->work_path != NULL;
	struct lm_step *s;

	if (work && m->both_fit) {
		s = plan_step(plan, "copy", _("Copy the new image to the stick"),
			      _("Beside the old one, and compared."), merge_step_copy);
		plan_command(s, "cp %s/NEW.img %s", m->s->work_path, m->swap.fresh);
		s->writes = text_dup(m->swap.fresh);
		s->undo = text_dup(_("the new image is deleted; nothing else was touched"));
		s->work_bytes = 2 * p->likely;
		s->cancellable = true;
	} else if (work) {
		s = plan_step(plan, "backup", _("Copy the old image to the work folder"),
			      _("The stick has no room for both, so the old one must be safe "
				"elsewhere first."),
			      merge_step_backup);
		plan_command(s, "cp %s %s/OLD.img", m->s->base, m->s->work_path);
		s->writes = text_dup(m->s->work_path);
		s->undo = text_dup(_("the copies are deleted; nothing else was touched"));
		s->work_bytes = 2 * p->old_bytes;
		s->cancellable = true;
		s = plan_step(plan, "exchange", _("Replace the image on the stick"),
			      _("The old image is removed, the new one copied to its place and "
				"compared. Until this has ended the stick cannot be booted without "
				"the work folder."),
			      merge_step_swap);
		plan_command(s, "rm %s", m->s->base);
		plan_command(s, "cp %s/NEW.img %s", m->s->work_path, m->s->base);
		s->writes = text_dup(m->s->base);
		s->undo = text_dup(_("`livemend resume`, as long as the work folder is there"));
		s->work_bytes = 2 * p->likely;
	}
	if (!work || m->both_fit) {
		s = plan_step(plan, "exchange", _("Give the new image the name of the old one"),
			      _("In one step, in an order of writes that no power cut can turn "
				"into a loss; then it is looked at again."),
			      merge_step_replace);
		plan_command(s, "mv --exchange %s %s", m->swap.fresh, m->s->base);
		s->writes = text_dup(_("two names in the folder LiveOS"));
		s->undo = text_dup(_("the names are exchanged back (`livemend resume --undo`)"));
		s->work_bytes = MARGIN_BYTES;
	}
	say_end(p, _("The new image holds everything that the overlay held. The old overlay over "
		     "the new image gives the same system, so the order does no harm."));
}

static void say_bare(struct planning *p)
{
	struct lm_plan *plan = p->plan;
	struct lm_step *s;

	merge_plan_say_compare(p);
	s = plan_step(plan, "apply", _("Write the changes into the image"),
		      _("The root image lies on the stick as it is. The overlay is kept until all "
			"is written, so image and overlay give the same system all the time."),
		      merge_step_apply);
	plan_command(s, "dmsetup create merge --table '0 SECTORS snapshot-merge IMAGE OVERLAY P "
			"%u'",
		     cow_store_info(p->look.store)->chunk_sectors);
	s->reads = text_dup(_("the overlay"));
	s->writes = text_dup(p->m->s->base);
	s->undo = text_dup(_("it need not be: with the overlay it is the same system"));
	s->work_bytes = p->changes.live_bytes;
	s->cancellable = true;
	s = plan_step(plan, "verify", _("Read the changes back and prove them"),
		      _("From the device, not from memory."), merge_step_verify_bare);
	s->reads = text_dup(_("image and overlay"));
	s->work_bytes = p->changes.live_bytes;
	s->cancellable = true;
	say_end(p, _("The image holds everything that the overlay held."));
}

static void merge_plan_say_warnings(struct planning *p)
{
	struct merge *m = p->m;
	bool exchange = io_replace_can_exchange(&p->stick_info);

	if (m->s->quiet)
		plan_warn(p->plan, "%s",
			  _("The running system reads this overlay, and cannot write to it: what has "
			    "changed since it was started is in memory only, is not merged, and is "
			    "gone when it is shut down. It goes on with the old image, whose room is "
			    "given back only then. It is restarted only if you ask for it (--reboot)."));
	if (m->s->rec.merge.osmin)
		plan_warn(p->plan, "%s",
			  _("osmin.img, which belongs to the old image and would not fit the new "
			    "one, is removed. It only serves to install a smaller system."));
	if (!m->in_place && m->s->work_path && !m->both_fit)
		plan_warn(p->plan,
			  _("The stick has no room for both images. While the image on it is being "
			    "replaced the stick cannot be booted, and everything depends on the "
			    "folder %s: keep it until the merge has ended."),
			  m->s->work_path);
	else if (!m->in_place && !exchange)
		plan_warn(p->plan,
			  _("This kernel cannot exchange two names on %s. Two renames are used "
			    "instead; a power cut between them, within a moment, leaves a stick "
			    "that does not boot until `livemend resume` was run. Nothing can be "
			    "lost."),
			  p->stick_info.fstype);
}

/* ---- room ---- */

static int merge_plan_refuse_room(struct planning *p, struct lm_error *err)
{
	const struct lm_need *n = NULL;
	char need[16], have[16];

	for (size_t i = 0; i < p->plan->n_needs && !n; i++) {
		if (!p->plan->needs[i].ok)
			n = &p->plan->needs[i];
	}
	if (!n)
		return 0;
	if (n->file_limit_bytes != 0 && n->need_bytes > n->file_limit_bytes) {
		text_size(need, n->need_bytes);
		text_size(have, n->file_limit_bytes);
		lm_refuse(err, -EFBIG, p->m->s->base,
			  _("Delete large files in the live system, so that the image becomes "
			    "smaller; or move the system to a stick with another file system."),
			  _("a file on FAT cannot be larger than 4 GiB"), "%s",
			  _("The new image would be too large for this stick"));
		return lm_because(err, _("it would take %s, and the largest file there is %s"), need,
				  have);
	}
	text_size(need, n->need_bytes);
	text_size(have, n->free_bytes);
	lm_refuse(err, -ENOSPC, n->where,
		  p->m->s->work_path ?
			  _("Give a folder with more room with --work.") :
			  _("Delete or move files from the stick, or build the new image in a "
			    "folder on another disk: `livemend merge --work DIR`."),
		  "", "%s", _("There is not enough room"));
	return lm_because(err, _("%s are needed for %s, %s are free"), need, n->what, have);
}

/* The work folder's part for the methods that unpack everything there. */
static int ledger_full(struct planning *p, const struct io_fsinfo *there, struct lm_error *err)
{
	struct merge *m = p->m;
	uint64_t copies = merge_full_room(m, &p->look), old = m->both_fit ? 0 : p->old_bytes;
	uint64_t root = p->look.base->size_bytes;
	char need[16], have[16];

	if (root > there->file_limit_bytes) {
		text_size(need, root);
		text_size(have, there->file_limit_bytes);
		lm_refuse(err, -EFBIG, m->s->work_path,
			  _("Give a folder on another file system with --work."), "", "%s",
			  _("The root image does not fit into the work folder"));
		return lm_because(err, _("it takes %s, and the largest file there is %s"), need,
				  have);
	}
	return plan_need(p->plan, m->s->work_path,
			 m->s->bare ? _("the new image") :
				      _("the whole root image, unpacked, and the new image"),
			 copies + p->likely + old + MARGIN_BYTES,
			 copies + p->most + old + MARGIN_BYTES, there->free_bytes, 0);
}

static int ledger_work(struct planning *p, struct lm_error *err)
{
	struct merge *m = p->m;
	struct io_fsinfo there;
	uint64_t stick_need = p->likely + MARGIN_BYTES, free_bytes = p->stick_info.free_bytes;
	int ret = io_fsinfo(m->s->work, &there);

	if (ret < 0)
		return lm_fail(err, ret, m->s->work_path, NULL, "%s",
			       _("Asking for the free space failed"));
	/* In the worst case too: it must not turn out only after the old one is gone. */
	m->both_fit = !m->s->ctx->tight && p->most + MARGIN_BYTES <= free_bytes;
	if (!m->both_fit) {
		ret = session_not_attached(m->s->stick->io, m->s->stick->base_path, err);
		if (ret < 0)
			return ret;
	}
	if (m->s->rec.merge.method != LM_METHOD_REWRITE) {
		ret = ledger_full(p, &there, err);
		if (ret < 0)
			return ret;
		if (m->both_fit)
			return plan_need(p->plan, _("the stick"),
					 _("the new image beside the old one"), stick_need,
					 p->most + MARGIN_BYTES, free_bytes,
					 p->stick_info.file_limit_bytes);
		return plan_need(p->plan, _("the stick"), _("the new image in place of the old one"),
				 stick_need, p->most + MARGIN_BYTES, free_bytes + p->old_bytes,
				 p->stick_info.file_limit_bytes);
	}
	if (m->both_fit) {
		plan_need(p->plan, m->s->work_path, _("the new image"), stick_need,
			  p->most + MARGIN_BYTES, there.free_bytes, there.file_limit_bytes);
		return plan_need(p->plan, _("the stick"), _("the new image beside the old one"),
				 stick_need, p->most + MARGIN_BYTES, free_bytes,
				 p->stick_info.file_limit_bytes);
	}
	plan_need(p->plan, m->s->work_path, _("the new image and a copy of the old one"),
		  stick_need + p->old_bytes, p->most + p->old_bytes + MARGIN_BYTES,
		  there.free_bytes, there.file_limit_bytes);
	/* The old image's room counts, and so the worst case must fit into it. */
	return plan_need(p->plan, _("the stick"), _("the new image in place of the old one"),
			 p->most + MARGIN_BYTES, p->most + MARGIN_BYTES, free_bytes + p->old_bytes,
			 p->stick_info.file_limit_bytes);
}

static int merge_plan_ledger(struct planning *p, struct lm_error *err)
{
	struct merge *m = p->m;
	struct image_change change = changes_for_image(&p->changes);
	int ret;

	if (m->in_place) {
		plan_need(p->plan, _("the stick"), _("the journal"), MARGIN_BYTES, MARGIN_BYTES,
			  p->stick_info.free_bytes, 0);
		return 0;
	}
	if (m->s->bare)
		p->likely = p->most = p->look.base->size_bytes;
	else
		image_estimate(p->look.image, &change, &p->likely, &p->most);
	p->likely = min_u64(p->likely, p->most);
	if (m->s->work_path) {
		ret = ledger_work(p, err);
		return ret == -ENOMEM ? 0 : ret; /* the plan remembers */
	}
	plan_need(p->plan, _("the stick"), _("the new image beside the old one"),
		  p->likely + MARGIN_BYTES, p->most + MARGIN_BYTES, p->stick_info.free_bytes,
		  p->stick_info.file_limit_bytes);
	if (p->likely + MARGIN_BYTES <= p->stick_info.free_bytes &&
	    p->most + MARGIN_BYTES > p->stick_info.free_bytes)
		plan_warn(p->plan, "%s",
			  _("If the changes compress badly the room may not suffice. Then it stops, "
			    "and everything is as before."));
	/* The new image, the journal's two slots, log, pairing, and a folder for them. */
	if (p->stick_info.inodes_free < 6)
		return lm_refuse(err, -ENOSPC, m->s->stick->given, _("Delete some files on it."),
				 _("the stick has no inodes left"), "%s",
				 _("There is not enough room"));
	return 0;
}

/* ---- all of it ---- */

static int merge_plan_look(struct planning *p, struct lm_error *err)
{
	struct merge *m = p->m;
	struct lm_stick *s = m->s->stick;
	struct io_stat st;
	int ret;

	ret = stick_look_open(s, 0, &p->look, err);
	if (ret < 0)
		return ret;
	ret = merge_refusal(m, &p->look, err);
	if (ret < 0)
		return ret;
	if (cow_store_info(p->look.store)->exceptions == 0)
		return plan_nothing(p->plan);
	ret = changes_find(&p->changes, &p->look, CHANGES_LIVE, false, NULL, NULL, err);
	if (ret < 0)
		return ret;
	ret = io_stat(s->io, s->base_path, &st);
	if (ret == 0)
		ret = io_fsinfo(s->io, &p->stick_info);
	if (ret < 0)
		return lm_fail(err, ret, s->base_path, NULL, "%s",
			       _("Asking for the free space failed"));
	p->old_bytes = st.size_bytes;
	if (m->s->work_path && !m->in_place) {
		ret = session_work_open(m->s, err);
		if (ret < 0)
			return ret;
	}
	if (m->s->quiet && p->look.fs && fs_info(p->look.fs)->readable &&
	    fs_info(p->look.fs)->state != LM_FS_CLEAN)
		return lm_refuse(err, -EBUSY, s->overlays[0].path,
				 _("Boot another system, and merge from there."),
				 _("its file system must be repaired first, and the running system "
				   "looks at it"),
				 "%s", _("An overlay in use cannot be merged"));
	if (m->s->quiet && m->in_place)
		return lm_refuse(err, -EBUSY, s->base_path,
				 _("Use --method mirror, which writes a new image; or boot another "
				   "system, and merge from there."),
				 _("the root image would be written in place, and the running system "
				   "uses it"),
				 "%s", _("An image in use cannot be written to"));
	ret = refuse_repair(p, err);
	if (ret < 0)
		return ret;
	ret = merge_plan_ledger(p, err);
	if (ret < 0)
		return ret;
	if (m->s->rec.merge.method != LM_METHOD_REWRITE && !m->s->bare) {
		struct image_pack pack;

		ret = image_pack_options(p->look.image, &pack, err);
		if (ret < 0)
			return ret;
	}
	merge_plan_say_check(p);
	merge_plan_say_repair(p);
	if (m->in_place) {
		say_bare(p);
	} else {
		if (m->s->rec.merge.method == LM_METHOD_REWRITE)
			say_image(p);
		else
			merge_full_say(m, p->plan, &p->look, p->likely);
		say_place(p);
	}
	merge_plan_say_warnings(p);
	plan_abort(p->plan, merge_abort);
	return merge_plan_refuse_room(p, err);
}

int ops_plan_merge(struct lm_stick *stick, const struct lm_options *options, struct lm_plan *plan,
		   struct lm_error *err)
{
	struct planning p = { .plan = plan };
	struct lm_error why;
	int ret;

	lm_error_clear(&why);
	p.m = merge_new(stick, err);
	if (!p.m)
		return -ENOMEM;
	plan_state(plan, p.m, merge_free);
	p.m->deep = options->deep;
	p.m->in_place = p.m->s->bare && options->method == LM_METHOD_REWRITE;
	p.m->s->rec.merge.method = options->method;
	p.m->s->by_kernel = options->method != LM_METHOD_REWRITE;
	plan_text(plan, _("Merge the overlay into the root image"),
		  p.m->in_place ?
			  _("What the overlay holds is written into the root image, and then the "
			    "overlay is emptied. No file of the live system changes.") :
			  _("A new root image is written beside the old one: the old image with "
			    "what the overlay holds. It is read back and proved before it takes "
			    "the old one's place; then the overlay is emptied. No file of the live "
			    "system changes."));
	plan_risk(plan, NULL,
		  _("Until the names are exchanged a cancel puts everything back. If it is cut "
		    "off, at any moment, `livemend resume` finishes or undoes it."),
		  "merge");
	plan_result(plan, _("The changes are part of the image now, and the overlay is empty."),
		    _("The stick can be booted, or unmounted and removed."));
	p.reboot = options->reboot;
	ret = refuse_method(p.m, options, &why);
	if (ret == 0)
		ret = merge_plan_refuse_kind(stick, &why);
	if (ret == 0)
		ret = merge_paths(p.m, stick->base_path, stick->overlays[0].path, &why);
	if (ret == 0 && stick->osmin_path) {
		p.m->s->rec.merge.osmin = strdup(stick->osmin_path);
		ret = p.m->s->rec.merge.osmin ?
			      0 :
			      lm_fail(&why, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	}
	if (ret == 0 && options->work) {
		p.m->s->work_path = strdup(options->work);
		ret = p.m->s->work_path ?
			      0 :
			      lm_fail(&why, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	}
	if (ret == 0)
		ret = merge_plan_refuse_stick(p.m, p.reboot, &why);
	if (ret == 0)
		ret = merge_plan_look(&p, &why);
	changes_free(&p.changes);
	stick_look_close(&p.look);
	return session_planned(plan, ret, &why, err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* merge_check.c - what must be true before a merge, and the repair of the file system */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/ctx.h"
#include "core/dm/attach.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/merge/merge.h"
#include "core/view/view.h"

/* Exit status of e2fsck, e2fsck(8). */
#define E2FSCK_FIXED 1
#define E2FSCK_REBOOT 2
#define E2FSCK_LEFT 4

/* It did not come to its end; with LEFT it says besides that it met what it may not mend. */
static bool gave_up(int status)
{
	return !(status & E2FSCK_LEFT) && status & ~(E2FSCK_FIXED | E2FSCK_REBOOT);
}

static int refuse_state(const struct merge *m, const struct cow_info *info, struct lm_error *err)
{
	switch (info->state) {
	case LM_STATE_INVALID:
		return lm_refuse(err, -EUCLEAN, m->overlay,
				 _("Do not delete it: what is in it can be read still. See "
				   "`livemend doctor`."),
				 _("it is marked as invalid, so the kernel does not read it"), "%s",
				 _("This overlay cannot be merged as it is"));
	case LM_STATE_DAMAGED:
		return lm_refuse(err, -EUCLEAN, m->overlay, _("See `livemend doctor`."),
				 info->trouble, "%s",
				 _("This overlay is damaged and cannot be merged"));
	default:
		return 0;
	}
}

static void worst_problem(void *arg, const struct cow_problem *p)
{
	int *worst = arg;

	if (!p->harmless && *worst < 0)
		*worst = (int)p->fault;
}

int merge_refusal(struct merge *m, const struct stick_look *look, struct lm_error *err)
{
	int worst = -1, ret;

	if (look->store) {
		ret = refuse_state(m, cow_store_info(look->store), err);
		if (ret < 0)
			return ret;
	}
	if (look->trouble.code != 0) {
		if (err) {
			*err = look->trouble;
			err->outcome = LM_REFUSED;
		}
		return look->trouble.code;
	}
	if (!look->store || !look->base || !look->view || !look->base_file)
		return lm_refuse(err, -EUCLEAN, m->stick->given, _("See `livemend doctor`."),
				 _("image or overlay cannot be read"), "%s",
				 _("There is nothing to merge"));
	ret = cow_store_check(look->store, worst_problem, &worst, err);
	if (ret < 0)
		return ret;
	if (worst >= 0)
		return lm_refuse(err, -EUCLEAN, m->overlay, _("See `livemend doctor`."),
				 _("its tables break the rules of the format"), "%s",
				 _("This overlay is damaged and cannot be merged"));
	if (!look->paired)
		return lm_refuse(err, -EUCLEAN, m->overlay,
				 _("Put the image back that the overlay was used with."),
				 look->pair_why, "%s",
				 _("Overlay and image do not belong together"));
	if (look->image && m->rec.method == LM_METHOD_REWRITE &&
	    !image_info(look->image)->can_rewrite)
		return lm_refuse(err, -EOPNOTSUPP, m->base, NULL,
				 image_info(look->image)->why_not, "%s",
				 _("This image cannot be written anew"));
	return 0;
}

/* ---- e2fsck ---- */

static int on_fsck_progress(void *arg, unsigned pass, uint64_t done, uint64_t total)
{
	struct merge *m = arg;

	/* Five passes, as one hundred parts each. */
	if (total == 0 || pass < 1 || pass > 5)
		return 0;
	return plan_run_progress(m->run, (pass - 1) * 100ull + done * 100 / total, 500);
}

static void on_fsck_line(void *arg, const char *line)
{
	const struct merge *m = arg;

	ctx_log(m->ctx, LM_LOG_INFO, "e2fsck: %s", line);
}

/* The methods that need device-mapper need no FUSE. */
static int run_e2fsck_kernel(struct merge *m, enum fs_e2fsck mode, int *status,
			     struct lm_error *err)
{
	struct dm_attach *a;
	struct lm_error later;
	int ret, closed;

	ret = dm_attach_open(&m->seen, 0, mode != FS_CHECK ? DM_ATTACH_WRITE : 0, &a, err);
	if (ret < 0)
		return ret;
	ret = dm_attach_e2fsck(a, mode, on_fsck_progress, on_fsck_line, m, status, err);
	lm_error_clear(&later);
	closed = dm_attach_close(a, &later);
	if (ret == 0 && closed < 0) {
		ret = closed;
		if (err)
			*err = later;
	}
	return ret;
}

/* Runs e2fsck on the view as it lies on the stick; the look is closed and opened around it. */
static int run_e2fsck(struct merge *m, enum fs_e2fsck mode, int *status, struct lm_error *err)
{
	struct cow_store *store = NULL;
	struct io_file *file = NULL;
	struct io_source *view = NULL;
	struct view_fuse *fuse = NULL;
	bool write = mode != FS_CHECK;
	struct lm_error inside;
	int ret, closed;

	if (m->rec.method != LM_METHOD_REWRITE)
		return run_e2fsck_kernel(m, mode, status, err);
	if (m->scratch) {
		ret = view_open(m->look.view, m->scratch, write, false, &view, err);
	} else {
		ret = io_open(m->rw.io, m->overlay, write ? IO_WRITE : IO_READ, &file);
		if (ret < 0)
			return lm_fail(err, ret, m->overlay, NULL, "%s",
				       _("Opening the overlay failed"));
		ret = cow_store_open(file, m->overlay, m->look.base->size_bytes / 512, &store, err);
		if (ret == 0)
			ret = view_open(m->look.base, store, write, false, &view, err);
	}
	if (ret == 0)
		ret = view_fuse_open(view, write, NULL, &fuse, err);
	if (ret < 0)
		goto out;
	ret = fs_e2fsck(view_fuse_path(fuse), mode, on_fsck_progress, on_fsck_line, m, status, err);
	lm_error_clear(&inside);
	closed = view_fuse_close(fuse, &inside);
	if (closed < 0) {
		/* What e2fsck calls an I/O error has its true reason here. */
		ret = closed;
		if (err)
			*err = inside;
		if (closed == -ENOSPC)
			lm_error_help(err, _("The overlay has no room for the repair. The stick "
					     "is usable as before; a larger overlay is needed "
					     "first."));
	}
out:
	io_source_close(view);
	cow_store_close(store);
	closed = io_file_close(file);
	if (ret == 0 && closed < 0)
		ret = lm_fail(err, closed, m->overlay, NULL, "%s", _("Writing the overlay failed"));
	return ret;
}

static int e2fsck_failed(const struct merge *m, int status, struct lm_error *err)
{
	lm_fail(err, -EUCLEAN, m->stick->given, _("See the log, and `livemend doctor`."), "%s",
		_("Checking the file system failed"));
	return lm_because(err, _("e2fsck ended with status %d"), status);
}

static int note_checking(struct merge *m, struct lm_error *err)
{
	int ret;

	if (m->noted || m->scratch)
		return 0;
	m->rec.phase = RECORD_CHECKING;
	ret = record_write(m->rw.io, m->dir, &m->rec, err);
	m->noted = true; /* perhaps: clearing does no harm */
	return ret;
}

/* Repairs through the overlay: exactly what the next boot, or its user, would do. */
static int repair(struct merge *m, struct lm_error *err)
{
	int status, ret;

	/* It has the overlay's tables in memory, and sees what changes below them. */
	if (m->quiet)
		return lm_refuse(err, -EBUSY, m->stick->given,
				 _("Boot another system, and merge from there."),
				 _("it must be repaired first, and the running system looks at it"),
				 "%s", _("An overlay in use cannot be merged"));
	ret = note_checking(m, err);
	if (ret < 0)
		return ret;
	plan_run_message(m->run, "%s", _("Replaying the file system's journal into the overlay"));
	ret = run_e2fsck(m, FS_PREEN, &status, err);
	if (ret < 0)
		return ret;
	if (gave_up(status))
		return e2fsck_failed(m, status, err);
	if (!(status & E2FSCK_LEFT))
		return 0;
	if (!plan_run_ask(m->run, _("The root file system has errors that e2fsck does not repair "
				    "by itself. Repair them now (e2fsck -y)? What is repaired is "
				    "written to the overlay.")))
		return lm_fail(err, -ECANCELED, m->stick->given,
			       _("Repair the file system, then merge."), "%s",
			       _("The file system has errors, and was not repaired"));
	plan_run_message(m->run, "%s", _("Repairing the file system"));
	ret = run_e2fsck(m, FS_REPAIR, &status, err);
	if (ret == 0 && (status & ~(E2FSCK_FIXED | E2FSCK_REBOOT)))
		ret = e2fsck_failed(m, status, err);
	return ret;
}

bool merge_can_check_fs(const struct merge *m)
{
	return m->rec.method != LM_METHOD_REWRITE ||
	       (!m->ctx->no_fuse && view_fuse_available());
}

int merge_check_fs(struct merge *m, struct lm_error *err)
{
	enum lm_fs_state state;
	int status = 0, ret;

	if (!m->look.fs || !fs_info(m->look.fs)->readable) {
		ctx_log(m->ctx, LM_LOG_WARN, "%s",
			_("The root file system is not ext2, ext3 or ext4: it is not checked"));
		return 0;
	}
	state = fs_info(m->look.fs)->state;
	if (merge_can_check_fs(m)) {
		if (state == LM_FS_CLEAN) {
			plan_run_message(m->run, "%s", _("Checking the merged file system"));
			ret = run_e2fsck(m, FS_CHECK, &status, err);
			if (ret == -ENOENT)
				goto without; /* no e2fsck on this system */
			if (ret < 0)
				return ret;
			if (status == 0)
				return 0;
			if (gave_up(status))
				return e2fsck_failed(m, status, err);
		}
		ret = repair(m, err);
		if (ret == -ENOENT)
			goto without;
		if (ret == -ENOSPC && m->lenient) {
			ctx_log(m->ctx, LM_LOG_WARN, "%s: %s", err->what, err->why);
			lm_error_clear(err);
			return merge_look(m, m->base, err);
		}
		if (ret == 0)
			ret = run_e2fsck(m, FS_CHECK, &status, err);
		if (ret == 0 && status != 0)
			ret = e2fsck_failed(m, status, err);
		/* The overlay was written: look afresh. */
		return ret == 0 ? merge_look(m, m->base, err) : ret;
	}
without:
	if (state == LM_FS_CLEAN || m->lenient)
		return 0;
	return lm_refuse(err, -EUCLEAN, m->stick->given,
			 _("Boot the stick once and shut it down, or install e2fsck and FUSE "
			   "(fuse3)."),
			 _("it was not unmounted cleanly, and without e2fsck and FUSE it cannot be "
			   "repaired here"),
			 "%s", _("The root file system must be repaired first"));
}

int merge_step_check(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	struct record pending;
	int ret;

	m->run = run;
	ret = merge_lock(m, err);
	if (ret < 0)
		return ret;
	ret = record_read(m->rw.io, m->dir, &pending, err);
	if (ret == 1)
		record_free(&pending);
	if (ret != 0)
		return lm_refuse(err, -EBUSY, m->stick->given, _("Run `livemend resume` first."),
				 _("an operation on it was interrupted"), "%s",
				 _("The stick is in the middle of something"));
	ret = merge_look(m, m->base, err);
	if (ret == 0)
		ret = merge_refusal(m, &m->look, err);
	/* What is found now is what must be found when it is finished. */
	if (ret == 0)
		ret = record_identify(m->rw.io, m->base, &m->rec.old_image, err);
	if (ret == 0)
		ret = merge_check_fs(m, err);
	if (ret == 0)
		ret = record_identify_overlay(m->rw.io, m->overlay, &m->rec.overlay_id, NULL, err);
	return ret;
}

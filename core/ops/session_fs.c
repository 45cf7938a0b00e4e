/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_fs.c - e2fsck on the merged view, and the repair of its file system */
#include <errno.h>

#include "core/ctx.h"
#include "core/dm/attach.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/session.h"
#include "core/view/view.h"

/* Exit status of e2fsck, e2fsck(8). */
#define E2FSCK_FIXED  1
#define E2FSCK_REBOOT 2
#define E2FSCK_LEFT   4

/* It did not come to its end; with LEFT it says besides that it met what it may not mend. */
static bool gave_up(int status)
{
	return !(status & E2FSCK_LEFT) && status & ~(E2FSCK_FIXED | E2FSCK_REBOOT);
}

static int on_fsck_progress(void *arg, unsigned pass, uint64_t done, uint64_t total)
{
	struct session *s = arg;

	/* Five passes, as one hundred parts each. */
	if (total == 0 || pass < 1 || pass > 5)
		return 0;
	return plan_run_progress(s->run, (pass - 1) * 100ull + done * 100 / total, 500);
}

static void on_fsck_line(void *arg, const char *line)
{
	const struct session *s = arg;

	ctx_log(s->ctx, LM_LOG_INFO, "e2fsck: %s", line);
}

/* The methods that need device-mapper need no FUSE. */
static int run_e2fsck_kernel(struct session *s, enum fs_e2fsck mode, int *status,
			     struct lm_error *err)
{
	struct dm_attach *a;
	struct lm_error later;
	int ret, closed;

	ret = dm_attach_pair(&s->pair, mode != FS_CHECK ? DM_ATTACH_WRITE : 0, &a, err);
	if (ret < 0)
		return ret;
	ret = dm_attach_e2fsck(a, mode, on_fsck_progress, on_fsck_line, s, status, err);
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
static int run_e2fsck(struct session *s, enum fs_e2fsck mode, int *status, struct lm_error *err)
{
	struct cow_store *store = NULL;
	struct io_file *file = NULL;
	struct io_source *view = NULL;
	struct view_fuse *fuse = NULL;
	bool write = mode != FS_CHECK;
	struct lm_error inside;
	int ret, closed;

	if (s->by_kernel)
		return run_e2fsck_kernel(s, mode, status, err);
	if (s->scratch) {
		ret = view_open(s->look.view, s->scratch, write, false, &view, err);
	} else {
		ret = io_open(s->rw.io, s->overlay, write ? IO_WRITE : IO_READ, &file);
		if (ret < 0)
			return lm_fail(err, ret, s->overlay, NULL, "%s",
				       _("Opening the overlay failed"));
		ret = cow_store_open(file, s->overlay, s->look.base->size_bytes / 512, &store, err);
		if (ret == 0)
			ret = view_open(s->look.base, store, write, false, &view, err);
	}
	if (ret == 0)
		ret = view_fuse_open(view, write, NULL, &fuse, err);
	if (ret < 0)
		goto out;
	ret = fs_e2fsck(view_fuse_path(fuse), mode, on_fsck_progress, on_fsck_line, s, status, err);
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
		ret = lm_fail(err, closed, s->overlay, NULL, "%s", _("Writing the overlay failed"));
	return ret;
}

static int e2fsck_failed(const struct session *s, int status, struct lm_error *err)
{
	lm_fail(err, -EUCLEAN, s->stick->given, _("See the log, and `livemend doctor`."), "%s",
		_("Checking the file system failed"));
	return lm_because(err, _("e2fsck ended with status %d"), status);
}

static int note_checking(struct session *s, struct lm_error *err)
{
	if (s->noted || s->scratch)
		return 0;
	return session_note(s, RECORD_CHECKING, err);
}

/* Repairs through the overlay: exactly what the next boot, or its user, would do. */
static int repair(struct session *s, struct lm_error *err)
{
	int status, ret;

	/* It has the overlay's tables in memory, and sees what changes below them. */
	if (s->quiet)
		return lm_refuse(err, -EBUSY, s->stick->given,
				 _("Boot another system, and merge from there."),
				 _("it must be repaired first, and the running system looks at it"),
				 "%s", _("An overlay in use cannot be merged"));
	ret = note_checking(s, err);
	if (ret < 0)
		return ret;
	plan_run_message(s->run, "%s", _("Replaying the file system's journal into the overlay"));
	ret = run_e2fsck(s, FS_PREEN, &status, err);
	if (ret < 0)
		return ret;
	if (gave_up(status))
		return e2fsck_failed(s, status, err);
	if (!(status & E2FSCK_LEFT))
		return 0;
	if (!plan_run_ask(s->run, _("The root file system has errors that e2fsck does not repair "
				    "by itself. Repair them now (e2fsck -y)? What is repaired is "
				    "written to the overlay.")))
		return lm_fail(err, -ECANCELED, s->stick->given,
			       _("Repair the file system, then merge."), "%s",
			       _("The file system has errors, and was not repaired"));
	plan_run_message(s->run, "%s", _("Repairing the file system"));
	ret = run_e2fsck(s, FS_REPAIR, &status, err);
	if (ret == 0 && (status & ~(E2FSCK_FIXED | E2FSCK_REBOOT)))
		ret = e2fsck_failed(s, status, err);
	return ret;
}

bool session_can_check_fs(const struct session *s)
{
	return s->by_kernel || (!s->ctx->no_fuse && view_fuse_available());
}

int session_check_fs(struct session *s, bool lenient, struct lm_error *err)
{
	enum lm_fs_state state;
	int status = 0, ret;

	if (!s->look.fs || !fs_info(s->look.fs)->readable) {
		ctx_log(s->ctx, LM_LOG_WARN, "%s",
			_("The root file system is not ext2, ext3 or ext4: it is not checked"));
		return 0;
	}
	state = fs_info(s->look.fs)->state;
	if (session_can_check_fs(s)) {
		if (state == LM_FS_CLEAN) {
			plan_run_message(s->run, "%s", _("Checking the merged file system"));
			ret = run_e2fsck(s, FS_CHECK, &status, err);
			if (ret == -ENOENT)
				goto without; /* no e2fsck on this system */
			if (ret < 0)
				return ret;
			if (status == 0)
				return 0;
			if (gave_up(status))
				return e2fsck_failed(s, status, err);
		}
		ret = repair(s, err);
		if (ret == -ENOENT)
			goto without;
		if (ret == -ENOSPC && lenient) {
			ctx_log(s->ctx, LM_LOG_WARN, "%s: %s", err->what, err->why);
			lm_error_clear(err);
			return session_look(s, s->base, err);
		}
		if (ret == 0)
			ret = run_e2fsck(s, FS_CHECK, &status, err);
		if (ret == 0 && status != 0)
			ret = e2fsck_failed(s, status, err);
		/* The overlay was written: look afresh. */
		return ret == 0 ? session_look(s, s->base, err) : ret;
	}
without:
	if (state == LM_FS_CLEAN || lenient)
		return 0;
	return lm_refuse(err, -EUCLEAN, s->stick->given,
			 _("Boot the stick once and shut it down, or install e2fsck and FUSE "
			   "(fuse3)."),
			 _("it was not unmounted cleanly, and without e2fsck and FUSE it cannot be "
			   "repaired here"),
			 "%s", _("The root file system must be repaired first"));
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recover_fsck.c - e2fsck on image, overlay, and a store in memory that takes what it repairs */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/ctx.h"
#include "core/dm/attach.h"
#include "core/dm/engine.h"
#include "core/dm/scratch.h"
#include "core/error.h"
#include "core/fs/fs_lost.h"
#include "core/i18n.h"
#include "core/io/io_file.h"
#include "core/ops/recover/recover.h"
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

bool recover_can_check(const struct recover *r)
{
	return r->kernel || (!r->s->ctx->no_fuse && view_fuse_available());
}

int recover_choose_engine(struct recover *r, struct lm_error *err)
{
	bool has_fuse = !r->s->ctx->no_fuse && view_fuse_available();
	enum lm_engine engine;
	int ret = dm_engine_choose(r->s->ctx, has_fuse ? LM_ENGINE_DIRECT : LM_ENGINE_KERNEL, NULL,
				   &engine, err);

	r->kernel = ret == 0 && engine == LM_ENGINE_KERNEL;
	return ret;
}

static int on_progress(void *arg, unsigned pass, uint64_t done, uint64_t total)
{
	struct recover *r = arg;

	/* Five passes, as one hundred parts each. */
	if (total == 0 || pass < 1 || pass > 5)
		return 0;
	return plan_run_progress(r->s->run, (pass - 1) * 100ull + done * 100 / total, 500);
}

static void on_line(void *arg, const char *line)
{
	struct recover *r = arg;

	/* "FIXED." with -p, "? yes" with -y. */
	if (strstr(line, "FIXED.") || strstr(line, "? yes"))
		r->repairs++;
	ctx_log(r->s->ctx, LM_LOG_INFO, "e2fsck: %s", line);
}

/* top: the device to be checked; not owned. */
static int run_on(struct recover *r, struct io_source *top, enum fs_e2fsck mode, int *status,
		  struct lm_error *err)
{
	struct view_fuse *fuse;
	struct lm_error inside;
	int ret = view_fuse_open(top, mode != FS_CHECK, NULL, &fuse, err), closed;

	if (ret < 0)
		return ret;
	ret = fs_e2fsck(view_fuse_path(fuse), mode, on_progress, on_line, r, status, err);
	lm_error_clear(&inside);
	closed = view_fuse_close(fuse, &inside);
	if (closed < 0) {
		/* What e2fsck calls an I/O error has its true reason here. */
		ret = closed;
		if (err)
			*err = inside;
	}
	return ret;
}

/* ---- the same through the kernel ---- */

static int run_by_kernel(struct recover *r, enum fs_e2fsck mode, int *status, struct lm_error *err)
{
	uint64_t chunk = cow_store_info(r->look.store)->chunk_sectors;
	struct lm_error later = { 0 };
	struct dm_attach *attach = NULL;
	struct dm_scratch *scratch = NULL;
	int ret, closed;

	/* The kernel writes to the file itself: what we know of it is opened afresh. */
	cow_store_close(r->scratch);
	r->scratch = NULL;
	ret = dm_attach_pair(&r->s->pair, DM_ATTACH_FORCE, &attach, err);
	if (ret == 0)
		ret = dm_scratch_open(attach, r->scratch_file, chunk, &scratch, err);
	if (ret == 0)
		ret = fs_e2fsck(dm_scratch_path(scratch), mode, on_progress, on_line, r, status,
				err);
	closed = dm_scratch_close(scratch, &later);
	if (closed == 0)
		closed = dm_attach_close(attach, &later);
	else
		(void)dm_attach_close(attach, NULL);
	if (ret == 0 && closed < 0) {
		ret = closed;
		if (err)
			*err = later;
	}
	closed = cow_store_open(r->scratch_file, _("memory"), r->look.base->size_bytes / 512,
				&r->scratch, ret == 0 ? err : NULL);
	return ret < 0 ? ret : closed;
}

static int prove_by_kernel(struct recover *r, int *status, struct lm_error *err)
{
	struct dm_attach *attach;
	struct lm_error later = { 0 };
	int ret = dm_attach_pair(&r->s->pair, 0, &attach, err), closed;

	if (ret < 0)
		return ret;
	ret = dm_attach_e2fsck(attach, FS_CHECK, on_progress, on_line, r, status, err);
	closed = dm_attach_close(attach, &later);
	if (ret == 0 && closed < 0) {
		ret = closed;
		if (err)
			*err = later;
	}
	return ret;
}

static int run_in_memory(struct recover *r, enum fs_e2fsck mode, int *status, struct lm_error *err)
{
	struct io_source *top;
	int ret;

	if (r->kernel)
		return run_by_kernel(r, mode, status, err);
	ret = view_open(r->view, r->scratch, mode != FS_CHECK, false, &top, err);
	if (ret < 0)
		return ret;
	ret = run_on(r, top, mode, status, err);
	io_source_close(top);
	return ret;
}

static int failed(const struct recover *r, int status, struct lm_error *err)
{
	lm_fail(err, -EUCLEAN, r->s->stick->given,
		_("Nothing was changed. The log has what e2fsck said; `livemend export` writes the "
		  "file system to a file, for other tools to try."),
		"%s", _("Repairing the file system failed"));
	return lm_because(err, _("e2fsck ended with status %d"), status);
}

static int make_scratch(struct recover *r, struct lm_error *err)
{
	uint64_t size = r->look.base->size_bytes;
	uint32_t chunk = cow_store_info(r->look.store)->chunk_sectors;
	int fd = memfd_create("livemend-repair", MFD_CLOEXEC), ret;

	ret = fd < 0 ? -errno : io_fd_file(fd, &r->scratch_file);
	/* Nothing of it is there before it is written: room for all of the device. */
	if (ret == 0)
		ret = io_truncate(r->scratch_file, size + size / 8 + chunk * 512ull * 64);
	if (ret < 0)
		return lm_fail(err, ret, NULL, NULL, "%s",
			       _("Making room in memory for repairs failed"));
	ret = cow_format(r->scratch_file, chunk, _("memory"), err);
	return ret == 0 ? cow_store_open(r->scratch_file, _("memory"), size / 512, &r->scratch, err) :
			  ret;
}

/* Not to be called before something was written: what could not be counted is none. */
static uint64_t count_lost(struct recover *r, struct cow_store *scratch)
{
	struct io_source *top = NULL;
	struct fs *fs = NULL;
	uint64_t count = 0;

	if (view_open(r->view, scratch, false, false, &top, NULL) == 0 &&
	    fs_open(top, &fs, NULL) == 0 && fs_count_lost(fs, &count) < 0)
		count = 0;
	fs_close(fs);
	io_source_close(top);
	return count;
}

static int repair(struct recover *r, struct lm_error *err)
{
	int status, ret;

	plan_run_message(r->s->run, "%s", _("Replaying the file system's journal"));
	ret = run_in_memory(r, FS_PREEN, &status, err);
	if (ret < 0)
		return ret;
	if (gave_up(status))
		return failed(r, status, err);
	if (status & E2FSCK_LEFT) {
		if (!plan_run_ask(
			    r->s->run,
			    _("The root file system has errors that e2fsck does not repair by "
			      "itself. Repair them now (e2fsck -y)? Until you are shown the "
			      "outcome nothing is written to the stick.")))
			return lm_fail(err, -ECANCELED, r->s->stick->given,
				       _("Copy what you need first: `livemend export`."), "%s",
				       _("The file system has errors, and was not repaired"));
		plan_run_message(r->s->run, "%s", _("Repairing the file system"));
		ret = run_in_memory(r, FS_REPAIR, &status, err);
		if (ret < 0)
			return ret;
		if (gave_up(status))
			return failed(r, status, err);
	}
	plan_run_message(r->s->run, "%s", _("Checking that nothing is left to repair"));
	ret = run_in_memory(r, FS_CHECK, &status, err);
	if (ret == 0 && status != 0)
		ret = failed(r, status, err);
	return ret;
}

static int check_and_repair(struct recover *r, struct lm_error *err)
{
	int status = E2FSCK_LEFT, ret;

	if (fs_info(r->fs)->state == LM_FS_CLEAN) {
		plan_run_message(r->s->run, "%s", _("Checking the file system"));
		ret = run_in_memory(r, FS_CHECK, &status, err);
		if (ret < 0)
			return ret;
		if (gave_up(status))
			return failed(r, status, err);
	}
	/* What a check alone said are no repairs. */
	r->repairs = 0;
	return status ? repair(r, err) : 0;
}

/* The stand-in for e2fsck that tests have. */
static int repair_by_test(struct recover *r, struct lm_error *err)
{
	struct io_source *top;
	int ret = make_scratch(r, err);

	if (ret == 0)
		ret = view_open(r->view, r->scratch, true, false, &top, err);
	if (ret < 0)
		return ret;
	ret = r->s->ctx->repair(r->s->ctx->repair_arg, top);
	if (ret == 0)
		ret = io_source_flush(top, err);
	io_source_close(top);
	return ret;
}

int recover_fsck(struct recover *r, struct lm_error *err)
{
	int ret;

	if (r->s->ctx->repair)
		return repair_by_test(r, err);

	/* The kernel does not take a store whose next table lies beyond its end. */
	r->unchecked = !fs_info(r->fs)->readable || !recover_can_check(r) ||
		       (r->kernel && r->ills.cut_table);
	if (r->unchecked)
		return 0;
	if (fs_count_lost(r->fs, &r->lost_before) < 0)
		r->lost_before = 0;
	ret = make_scratch(r, err);
	if (ret == 0)
		ret = check_and_repair(r, err);
	if (ret == -ENOENT) {
		lm_error_clear(err);
		r->unchecked = true; /* no e2fsck on this system */
		return 0;
	}
	r->checked = ret == 0;
	if (ret == 0)
		r->lost_after = count_lost(r, r->scratch);
	return ret;
}

int recover_prove_clean(struct recover *r, struct lm_error *err)
{
	int status = 0, ret;

	if (!r->checked || !recover_can_check(r))
		return 0;
	plan_run_message(r->s->run, "%s", _("Checking the file system as it is on the stick"));
	ret = r->kernel ? prove_by_kernel(r, &status, err) :
			  run_on(r, r->view, FS_CHECK, &status, err);
	if (ret == 0 && status != 0) {
		lm_fail(err, -EUCLEAN, r->s->overlay, NULL, "%s",
			_("The file system is not clean after its repair"));
		ret = lm_because(err, _("e2fsck ended with status %d"), status);
	}
	return ret;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/stick/stick_fsck.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ctx.h"
#include "core/stick/stick_attach.h"
#include "core/dm/engine.h"
#include "core/dm/scratch.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_file.h"
#include "core/view/copy.h"
#include "core/view/place.h"
#include "core/view/view.h"

/* Up to here all of it is copied: quickly done, and nothing of it depends on the kernel. */
#define WHOLE_BYTES (256ull << 20)

struct stick_fsck {
	struct stick_fsck_on on;
	enum stick_fsck_way order[STICK_FSCK_WAYS];
	unsigned n_ways, at; /* at: the one that is tried, or kept to */
	bool chosen;
	const struct fs_backup *backup; /* what a repair goes by; not owned */
	enum stick_fsck_way way;        /* once it is chosen */
	struct io_file *file;           /* the store in memory */
	struct cow_store *scratch;
	struct view_copy *copy;
	struct io_source *under; /* what the copy is of, where that is not the view itself */
};

bool stick_fsck_possible(const struct lm_ctx *ctx)
{
	return !(ctx && ctx->no_e2fsck) && fs_e2fsck_exists();
}

/* ---- which ways, and in which order ---- */

static void fsck_add(struct stick_fsck *f, enum stick_fsck_way way)
{
	const struct lm_ctx *ctx = f->on.ctx;

	if (ctx && ctx->no_fuse && way == STICK_FSCK_FUSE)
		return;
	if (ctx && ctx->fsck_way && ctx->fsck_way != 1 + (unsigned)way)
		return;
	f->order[f->n_ways++] = way;
}

static int fsck_choose(struct stick_fsck *f, struct lm_error *err)
{
	const struct lm_ctx *ctx = f->on.ctx;
	enum lm_engine asked = ctx ? ctx->engine : LM_ENGINE_AUTO;
	bool kernel = asked != LM_ENGINE_DIRECT && !f->on.no_kernel;
	bool large = f->on.view->size_bytes > WHOLE_BYTES;
	int ret = kernel ? dm_engine_possible(ctx, NULL, err) : 0;

	if (ret < 0 && asked == LM_ENGINE_KERNEL)
		return ret;
	if (ret < 0) {
		lm_error_clear(err);
		kernel = false;
	}
	if (kernel && (asked == LM_ENGINE_KERNEL || f->on.kernel_first))
		fsck_add(f, STICK_FSCK_KERNEL);
	if (asked == LM_ENGINE_KERNEL && kernel)
		return 0;
	fsck_add(f, STICK_FSCK_FUSE);
	if (kernel && !f->on.kernel_first)
		fsck_add(f, STICK_FSCK_KERNEL);
	fsck_add(f, large ? STICK_FSCK_LAZY : STICK_FSCK_WHOLE);
	fsck_add(f, large ? STICK_FSCK_WHOLE : STICK_FSCK_LAZY);
	return 0;
}

int stick_fsck_open(const struct stick_fsck_on *on, struct stick_fsck **fsck, struct lm_error *err)
{
	struct stick_fsck *f;
	int ret;

	*fsck = NULL;
	if (!stick_fsck_possible(on->ctx))
		return lm_refuse(err, -ENOENT, "e2fsck",
				 _("Install e2fsprogs, which it belongs to."),
				 _("there is no such program on this system"), "%s",
				 _("The program e2fsck was not found"));
	f = calloc(1, sizeof(*f));
	if (!f)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s",
			       _("Checking the file system failed"));
	f->on = *on;
	ret = fsck_choose(f, err);
	if (ret < 0) {
		stick_fsck_close(f);
		return ret;
	}
	*fsck = f;
	return 0;
}

static void close_copy(struct stick_fsck *f)
{
	view_copy_close(f->copy);
	io_source_close(f->under);
	f->copy = NULL;
	f->under = NULL;
}

void stick_fsck_close(struct stick_fsck *f)
{
	if (!f)
		return;
	close_copy(f);
	cow_store_close(f->scratch);
	io_file_close(f->file);
	free(f);
}

/* ---- the store in memory ---- */

static int open_scratch(struct stick_fsck *f, struct lm_error *err)
{
	return cow_store_open(f->file, _("memory"), f->on.view->size_bytes / 512, &f->scratch, err);
}

int stick_fsck_make_scratch(struct stick_fsck *f, struct cow_store **scratch, struct lm_error *err)
{
	uint64_t size = f->on.view->size_bytes;
	uint32_t chunk = f->on.chunk_sectors;
	int fd, ret;

	if (!f->file) {
		fd = memfd_create("livemend-repair", MFD_CLOEXEC);
		ret = fd < 0 ? -errno : io_fd_file(fd, &f->file);
		/* Nothing of it is there before it is written: room for all of the device. */
		if (ret == 0)
			ret = io_truncate(f->file, size + size / 8 + chunk * 512ull * 64);
		if (ret < 0)
			return lm_fail(err, ret, NULL, NULL, "%s",
				       _("Making room in memory for repairs failed"));
		ret = cow_format(f->file, chunk, _("memory"), err);
		if (ret == 0)
			ret = open_scratch(f, err);
		if (ret < 0)
			return ret;
	}
	if (scratch)
		*scratch = f->scratch;
	return 0;
}

void stick_fsck_use_backup(struct stick_fsck *f, const struct fs_backup *backup)
{
	f->backup = backup;
}

void stick_fsck_settle(struct stick_fsck *f)
{
	close_copy(f);
	f->at = f->n_ways;
}

struct cow_store *stick_fsck_scratch(const struct stick_fsck *f)
{
	return f->scratch;
}

enum stick_fsck_way stick_fsck_way(const struct stick_fsck *f)
{
	return f->chosen ? f->way : STICK_FSCK_WAYS;
}

/* ---- the ways ---- */

struct fsck_call {
	enum fs_e2fsck mode;
	fs_progress_fn progress;
	fs_line_fn line;
	void *arg;
	int *status;
	bool started; /* e2fsck was begun: it is no question of the way any more */
};

static const char *const *fsck_env(const struct stick_fsck *f)
{
	return f->on.ctx ? f->on.ctx->e2fsck_env : NULL;
}

static int fsck_e2fsck(const struct stick_fsck *f, const char *path, struct fsck_call *call,
		       struct lm_error *err)
{
	const struct fs_e2fsck_with with = { .fd = -1, .env = fsck_env(f), .backup = f->backup };

	call->started = true;
	return fs_e2fsck_with(path, call->mode, &with, call->progress, call->line, call->arg,
			      call->status, err);
}

/* What is checked: the view, or what was repaired laid over it. *top is closed by the caller. */
static int open_top(struct stick_fsck *f, bool write, struct io_source **top, struct lm_error *err)
{
	*top = NULL;
	return f->scratch ? view_open(f->on.view, f->scratch, write, false, top, err) : 0;
}

static int by_fuse(struct stick_fsck *f, struct fsck_call *call, struct lm_error *err)
{
	bool write = call->mode != FS_CHECK;
	struct io_source *top;
	struct view_fuse *fuse;
	struct lm_error inside;
	char *dir = NULL;
	int ret = open_top(f, write, &top, err), closed;

	if (ret < 0)
		return ret;
	/* Looking writes nothing to the stick, no directory either. */
	ret = view_place_make(f->on.stick ? f->on.stick->mountpoint : NULL, &dir);
	if (ret < 0)
		lm_fail(err, ret, NULL,
			_("Let TMPDIR name a folder that is not on the stick and can be written "
			  "to."),
			"%s", _("There is no place to show the root image as a file"));
	else
		ret = view_fuse_open(top ? top : f->on.view, write, dir, &fuse, err);
	if (ret < 0)
		goto out;
	ret = fsck_e2fsck(f, view_fuse_path(fuse), call, err);
	lm_error_clear(&inside);
	closed = view_fuse_close(fuse, &inside);
	if (closed < 0 && ret != -ECANCELED) {
		/* What e2fsck calls an I/O error has its true reason here. */
		ret = closed;
		if (err)
			*err = inside;
	}
out:
	if (dir)
		(void)rmdir(dir);
	free(dir);
	io_source_close(top);
	return ret;
}

/* The kernel writes to the store itself: what we know of it is opened afresh. */
static int by_kernel_scratch(struct stick_fsck *f, struct stick_attach *attach,
			     struct fsck_call *call, struct lm_error *err)
{
	struct dm_scratch *scratch = NULL;
	struct lm_error later = { 0 };
	int ret, closed;

	cow_store_close(f->scratch);
	f->scratch = NULL;
	ret = dm_scratch_open(attach->dev, f->file, f->on.chunk_sectors, &scratch, err);
	if (ret == 0)
		ret = fsck_e2fsck(f, dm_scratch_path(scratch), call, err);
	closed = dm_scratch_close(scratch, &later);
	if (ret == 0 && closed < 0) {
		ret = closed;
		if (err)
			*err = later;
	}
	closed = open_scratch(f, ret == 0 ? err : NULL);
	return ret < 0 ? ret : closed;
}

static int by_kernel(struct stick_fsck *f, struct fsck_call *call, struct lm_error *err)
{
	struct stick_attach *attach = NULL;
	struct lm_error later = { 0 };
	int ret, closed;

	if (!f->on.stick)
		return lm_fail(err, -EOPNOTSUPP, NULL, NULL, "%s",
			       _("The kernel engine cannot be used here"));
	ret = f->on.pair ? stick_attach_pair(f->on.pair, STICK_ATTACH_FORCE, &attach, err) :
			   stick_attach_open(f->on.stick, 0, STICK_ATTACH_FORCE, &attach, err);
	if (ret < 0)
		return ret;
	if (f->scratch)
		ret = by_kernel_scratch(f, attach, call, err);
	else
		ret = fsck_e2fsck(f, attach->dev->path, call, err);
	closed = stick_attach_close(attach, &later);
	if (ret == 0 && closed < 0) {
		ret = closed;
		if (err)
			*err = later;
	}
	return ret;
}

/* Where the temporary file would take the stick's own room, or the overlay's. */
static size_t fsck_not_on(const struct stick_fsck *f, dev_t dev[2])
{
	const struct lm_stick *s = f->on.stick;
	struct stat st;
	char path[160];
	size_t n = 0;

	if (s && s->mountpoint && stat(s->mountpoint, &st) == 0)
		dev[n++] = st.st_dev;
	if (s && s->n_overlays && s->overlays[0].dm_name &&
	    snprintf(path, sizeof(path), "/dev/mapper/%s", s->overlays[0].dm_name) <
		    (int)sizeof(path) &&
	    stat(path, &st) == 0)
		dev[n++] = st.st_rdev;
	return n;
}

static int open_copy(struct stick_fsck *f, bool lazy, struct lm_error *err)
{
	dev_t not_on[2];
	size_t n = fsck_not_on(f, not_on);
	int ret = f->copy ? 0 : open_top(f, false, &f->under, err);

	if (ret == 0 && !f->copy)
		ret = view_copy_open(f->under ? f->under : f->on.view, lazy, not_on, n, &f->copy,
				     err);
	if (ret < 0)
		close_copy(f);
	return ret;
}

static int by_copy(struct stick_fsck *f, bool lazy, struct fsck_call *call, struct lm_error *err)
{
	struct io_source *top = NULL;
	int ret = open_copy(f, lazy, err);

	if (ret < 0)
		return ret;
	ret = view_copy_e2fsck(f->copy, call->mode, f->backup, fsck_env(f), call->progress,
			       call->line, call->arg, call->status, err);
	/* Before it has written, any other way is as good. */
	call->started = ret == 0 || (ret != -EOPNOTSUPP && ret != -ENOSPC);
	if (ret == 0 && call->mode != FS_CHECK) {
		ret = open_top(f, true, &top, err);
		if (ret == 0)
			ret = view_copy_take(f->copy, top, err);
		io_source_close(top);
	}
	/* What it left half done in the copy is not what the next one is to find. */
	if (ret < 0)
		close_copy(f);
	return ret;
}

static int fsck_by(struct stick_fsck *f, enum stick_fsck_way way, struct fsck_call *call,
		   struct lm_error *err)
{
	switch (way) {
	case STICK_FSCK_FUSE:
		return by_fuse(f, call, err);
	case STICK_FSCK_KERNEL:
		return by_kernel(f, call, err);
	case STICK_FSCK_WHOLE:
		return by_copy(f, false, call, err);
	default:
		return by_copy(f, true, call, err);
	}
}

int stick_fsck_run(struct stick_fsck *f, enum fs_e2fsck mode, fs_progress_fn progress,
		   fs_line_fn line, void *arg, int *status, struct lm_error *err)
{
	struct lm_error why;
	int ret = mode == FS_CHECK ? 0 : stick_fsck_make_scratch(f, NULL, err);

	lm_error_clear(&why);
	if (ret < 0)
		return ret;
	for (; f->at < f->n_ways; f->at++) {
		struct fsck_call call = { .mode = mode,
					  .progress = progress,
					  .line = line,
					  .arg = arg,
					  .status = status };

		lm_error_clear(&why);
		ret = fsck_by(f, f->order[f->at], &call, &why);
		if (ret == 0 || call.started || ret == -ECANCELED || f->chosen) {
			f->chosen = true;
			f->way = f->order[f->at];
			if (ret < 0 && err)
				*err = why;
			return ret;
		}
		ctx_log(f->on.ctx, LM_LOG_INFO, "%s: %s", why.what, why.why);
	}
	lm_fail(err, -EOPNOTSUPP, NULL, why.help, "%s",
		_("e2fsck cannot work on the file system here"));
	if (why.why[0])
		lm_because(err, "%s", why.why);
	return -EOPNOTSUPP;
}

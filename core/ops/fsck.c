/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fsck.c - e2fsck on image, overlay, and a store in memory that takes what it repairs */
#include "core/ops/fsck.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/fs/fs_lost.h"
#include "core/i18n.h"
#include "core/view/view.h"

/* Exit status of e2fsck, e2fsck(8). */
#define E2FSCK_FIXED  1
#define E2FSCK_REBOOT 2
#define E2FSCK_LEFT   4

/* It did not come to its end; with LEFT it says besides that it met what it may not mend. */
static bool fsck_gave_up(int status)
{
	return !(status & E2FSCK_LEFT) && status & ~(E2FSCK_FIXED | E2FSCK_REBOOT);
}

void fsck_init(struct fsck *f, struct session *s)
{
	*f = (struct fsck){ .s = s };
}

void fsck_free(struct fsck *f)
{
	stick_fsck_close(f->engine);
	free(f->log);
	free(f->log_dir);
	f->engine = NULL;
	f->log = f->log_dir = NULL;
}

void fsck_look(struct fsck *f)
{
	struct session *s = f->s;

	f->pair = &s->pair;
	f->store = s->look.store;
	f->base = s->look.base;
	f->view = s->look.view;
	f->base_fs = s->look.base_fs;
	f->fs = s->look.fs;
	f->lost = s->look.fs_lost;
}

bool fsck_is_ext(const struct fsck *f)
{
	return f->fs && (fs_info(f->fs)->ext || f->lost);
}

bool fsck_possible(const struct fsck *f)
{
	return fsck_is_ext(f) && (f->s->ctx->repair || stick_fsck_possible(f->s->ctx));
}

void fsck_settle(struct fsck *f)
{
	if (f->engine)
		stick_fsck_settle(f->engine);
}

struct cow_store *fsck_scratch(const struct fsck *f)
{
	return f->engine ? stick_fsck_scratch(f->engine) : NULL;
}

bool fsck_changed(const struct fsck *f)
{
	const struct cow_store *scratch = fsck_scratch(f);

	return scratch && cow_store_info(scratch)->exceptions > 0;
}

/* ---- one run ---- */

static int fsck_progress(void *arg, unsigned pass, uint64_t done, uint64_t total)
{
	struct fsck *f = arg;

	/* Five passes, as one hundred parts each; a copy before them is not counted. */
	if (total == 0 || pass > 5)
		return 0;
	if (pass < 1)
		return plan_run_progress(f->s->run, 0, 500);
	return plan_run_progress(f->s->run, (pass - 1) * 100ull + done * 100 / total, 500);
}

static void fsck_line(void *arg, const char *line)
{
	struct fsck *f = arg;

	/* "FIXED." with -p, "? yes" with -y. */
	if (strstr(line, "FIXED.") || strstr(line, "? yes"))
		f->repairs++;
	ctx_log(f->s->ctx, LM_LOG_INFO, "e2fsck: %s", line);
}

static int fsck_run(struct fsck *f, struct stick_fsck *engine, enum fs_e2fsck mode, int *status,
		    struct lm_error *err)
{
	return stick_fsck_run(engine, mode, fsck_progress, fsck_line, f, status, err);
}

static struct stick_fsck_on fsck_on(const struct fsck *f)
{
	return (struct stick_fsck_on){ .ctx = f->s->ctx,
				       .stick = f->s->stick,
				       .pair = f->pair,
				       .view = f->view,
				       .chunk_sectors = cow_store_info(f->store)->chunk_sectors,
				       .kernel_first = f->kernel_first,
				       .no_kernel = f->no_kernel };
}

static int fsck_failed(const struct fsck *f, int status, struct lm_error *err)
{
	lm_fail(err, -EUCLEAN, f->s->stick->given,
		_("Nothing was changed. The log has what e2fsck said; `livemend export` writes the "
		  "file system to a file, for other tools to try."),
		"%s", _("Repairing the file system failed"));
	return lm_because(err, _("e2fsck ended with status %d"), status);
}

/* Not a failure: it is told, and the operation knows what it can do without. */
static void fsck_without(struct fsck *f, struct lm_error *err)
{
	f->unchecked = true;
	f->checked = false;
	f->why = *err;
	lm_error_clear(err);
	if (f->why.code)
		ctx_log(f->s->ctx, LM_LOG_WARN, "%s: %s", f->why.what, f->why.why);
}

/* ---- checking ---- */

int fsck_check(struct fsck *f, bool *ill, struct lm_error *err)
{
	const struct fs_info *info = fs_info(f->fs);
	struct stick_fsck_on on = fsck_on(f);
	struct lm_error why;
	int status = 0, ret;

	lm_error_clear(&why);
	f->unchecked = f->checked = false;
	*ill = !info->readable || info->state != LM_FS_CLEAN;
	if (!fsck_is_ext(f)) {
		*ill = false;
		fsck_without(f, &why);
		return 0;
	}
	if (f->s->ctx->repair) {
		*ill = true;
		return 0;
	}
	stick_fsck_close(f->engine);
	ret = stick_fsck_open(&on, &f->engine, &why);
	if (ret == 0 && !*ill) {
		plan_run_message(f->s->run, "%s", _("Checking the file system"));
		ret = fsck_run(f, f->engine, FS_CHECK, &status, &why);
		/* What a check alone said are no repairs. */
		f->repairs = 0;
		*ill = ret == 0 && status != 0;
		f->checked = ret == 0 && status == 0;
		if (ret == 0 && fsck_gave_up(status))
			return fsck_failed(f, status, err);
	}
	if (ret == -ENOENT || ret == -EOPNOTSUPP) {
		fsck_without(f, &why);
		return 0;
	}
	if (ret < 0 && err)
		*err = why;
	return ret;
}

/* ---- repairing ---- */

/* Not to be called before something was written: what could not be counted is none. */
static uint64_t fsck_count_lost(struct fsck *f)
{
	struct io_source *top = NULL;
	struct fs *fs = NULL;
	uint64_t count = 0;

	if (view_open(f->view, fsck_scratch(f), false, false, &top, NULL) == 0 &&
	    fs_open(top, &fs, NULL) == 0 && fs_count_lost(fs, &count) < 0)
		count = 0;
	fs_close(fs);
	io_source_close(top);
	return count;
}

/* ---- a superblock that is gone ---- */

int fsck_find_backup(struct fsck *f, struct lm_error *err)
{
	int ret;

	f->has_backup = false;
	if (!f->lost || !f->base_fs)
		return 0;
	ret = fs_find_backup(f->base_fs, f->view, &f->backup, err);
	f->has_backup = ret == 0;
	return ret == -ENOENT ? 0 : ret;
}

/* No copy of it is left, or there never was one: that of the image, in memory. */
static int fsck_stand_in(struct fsck *f, struct lm_error *err)
{
	struct cow_store *scratch;
	struct io_source *top = NULL;
	int ret = stick_fsck_make_scratch(f->engine, &scratch, err);

	if (ret == 0)
		ret = view_open(f->view, scratch, true, false, &top, err);
	if (ret < 0)
		return ret;
	ret = fs_stand_in(f->base_fs, top, err);
	if (ret == 0)
		ret = io_source_flush(top, err);
	io_source_close(top);
	return ret;
}

/* Once the superblock is gone e2fsck is told which one to go by, so that it does not guess. */
static int fsck_mend_super(struct fsck *f, int *status, struct lm_error *err)
{
	int ret = fsck_find_backup(f, err);

	if (ret == 0 && f->has_backup)
		stick_fsck_use_backup(f->engine, &f->backup);
	else if (ret == 0)
		ret = fsck_stand_in(f, err);
	if (ret == 0)
		ret = fsck_run(f, f->engine, FS_REPAIR, status, err);
	stick_fsck_use_backup(f->engine, NULL);
	return ret;
}

/* What was put together is the very file system of the image, at a later time. */
static int fsck_is_same(struct fsck *f, struct lm_error *err)
{
	struct io_source *top = NULL;
	struct fs *fs = NULL;
	char why[160] = "";
	bool same = false;
	int ret = view_open(f->view, fsck_scratch(f), false, false, &top, err);

	if (ret == 0)
		ret = fs_open(top, &fs, err);
	if (ret == 0 && (fs_same(f->base_fs, fs, &same, why) < 0 || !same)) {
		lm_fail(err, -EUCLEAN, f->s->stick->given,
			_("Nothing was changed. To start without the overlay: `livemend reset`."),
			"%s", _("Repairing the file system failed"));
		ret = lm_because(err, "%s", why);
	}
	fs_close(fs);
	io_source_close(top);
	return ret;
}

/* ---- the repair ---- */

static const char *fsck_question(const struct fsck *f)
{
	return f->lost ? _("The superblock of the root file system is damaged or gone. Put a copy "
			   "of it in its place, and repair what hangs on it (e2fsck -y)? Until you "
			   "are shown the outcome nothing is written to the stick.")
		       : f->question;
}

static int fsck_mend(struct fsck *f, struct lm_error *err)
{
	bool lost = f->lost && f->base_fs;
	int status = E2FSCK_LEFT, ret = 0;

	/* Of an image that does not open either nobody knows what would be right. */
	if (!lost && !fs_info(f->fs)->readable)
		return lm_refuse(err, -EUCLEAN, f->s->overlay,
				 _("`livemend export` writes the file system to a file, for other "
				   "tools to try. `livemend reset` gives up the overlay instead: the "
				   "system is then as it is in the image, and all changes are lost."),
				 fs_info(f->fs)->trouble, "%s",
				 _("The root file system does not open"));
	/* A superblock is put in its place only by -y. */
	if (!lost) {
		plan_run_message(f->s->run, "%s", _("Replaying the file system's journal"));
		ret = fsck_run(f, f->engine, FS_PREEN, &status, err);
	}
	if (ret < 0)
		return ret;
	if (fsck_gave_up(status))
		return fsck_failed(f, status, err);
	if (status & E2FSCK_LEFT) {
		if (!plan_run_ask(f->s->run, fsck_question(f)))
			return lm_fail(err, -ECANCELED, f->s->stick->given,
				       _("Copy what you need first: `livemend export`."), "%s",
				       _("The file system has errors, and was not repaired"));
		plan_run_message(f->s->run, "%s", _("Repairing the file system"));
		ret = lost ? fsck_mend_super(f, &status, err)
			   : fsck_run(f, f->engine, FS_REPAIR, &status, err);
		if (ret < 0)
			return ret;
		if (fsck_gave_up(status))
			return fsck_failed(f, status, err);
	}
	plan_run_message(f->s->run, "%s", _("Checking that nothing is left to repair"));
	ret = fsck_run(f, f->engine, FS_CHECK, &status, err);
	if (ret == 0 && status != 0)
		ret = fsck_failed(f, status, err);
	return ret == 0 && lost ? fsck_is_same(f, err) : ret;
}

/* The stand-in for e2fsck that tests have. */
static int fsck_by_test(struct fsck *f, struct lm_error *err)
{
	struct stick_fsck_on on = fsck_on(f);
	struct cow_store *scratch;
	struct io_source *top = NULL;
	struct lm_ctx *ctx = f->s->ctx;
	bool none = ctx->no_e2fsck;
	int ret;

	stick_fsck_close(f->engine);
	ctx->no_e2fsck = false;
	ret = stick_fsck_open(&on, &f->engine, err);
	ctx->no_e2fsck = none;
	if (ret == 0)
		ret = stick_fsck_make_scratch(f->engine, &scratch, err);
	if (ret == 0)
		ret = view_open(f->view, scratch, true, false, &top, err);
	if (ret < 0)
		return ret;
	ret = ctx->repair(ctx->repair_arg, top);
	if (ret == 0)
		ret = io_source_flush(top, err);
	io_source_close(top);
	return ret;
}

int fsck_repair(struct fsck *f, struct lm_error *err)
{
	struct lm_error why;
	int ret;

	if (f->s->ctx->repair)
		return fsck_by_test(f, err);
	if (fs_count_lost(f->lost && f->base_fs ? f->base_fs : f->fs, &f->lost_before) < 0)
		f->lost_before = 0;
	lm_error_clear(&why);
	ret = fsck_mend(f, &why);
	/* Whichever way there is was not tried before, where the file system is not clean. */
	if (ret == -ENOENT || ret == -EOPNOTSUPP) {
		fsck_without(f, &why);
		return 0;
	}
	if (ret < 0 && err)
		*err = why;
	f->checked = ret == 0;
	if (ret == 0)
		f->lost_after = fsck_count_lost(f);
	return ret;
}

/* ---- proof ---- */

int fsck_prove(struct fsck *f, struct lm_error *err)
{
	struct stick_fsck_on on = fsck_on(f);
	struct stick_fsck *engine = NULL;
	unsigned repairs = f->repairs;
	int status = 0, ret;

	if (!f->checked)
		return 0;
	plan_run_message(f->s->run, "%s", _("Checking the file system as it is on the stick"));
	ret = stick_fsck_open(&on, &engine, err);
	if (ret == 0)
		ret = fsck_run(f, engine, FS_CHECK, &status, err);
	stick_fsck_close(engine);
	f->repairs = repairs;
	if (ret == -ENOENT || ret == -EOPNOTSUPP) {
		/* A resume elsewhere: what was written is proved by comparing. */
		lm_error_clear(err);
		return 0;
	}
	if (ret == 0 && status != 0) {
		lm_fail(err, -EUCLEAN, f->s->overlay, NULL, "%s",
			_("The file system is not clean after its repair"));
		ret = lm_because(err, _("e2fsck ended with status %d"), status);
	}
	return ret;
}

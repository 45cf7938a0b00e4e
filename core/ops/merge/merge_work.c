/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * merge_work.c - merge --work DIR
 *
 * The new image is built and proved in DIR. Where the stick has room for both
 * images, it is copied beside the old one and all goes on as ever. Where it has
 * not, the old image is first copied to DIR and compared, and then the one on
 * the stick is removed and replaced: until that is done, the stick needs DIR.
 * The journal is kept in both places.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_replace.h"
#include "core/io/io_copy.h"
#include "core/ops/merge/merge.h"
#include "core/plan/journal.h"

/* The folder is on the stick when it lies below it, or on the same mounted file system. */
static bool on_the_stick(const struct merge *m, const char *work)
{
	char top[PATH_MAX], parent[PATH_MAX + 4];
	struct stat a, b, c;
	size_t n;

	if (!m->stick->mountpoint || !realpath(m->stick->mountpoint, top))
		return false;
	n = strlen(top);
	if (strncmp(work, top, n) == 0 && (work[n] == '/' || work[n] == '\0' || n == 1))
		return true;
	snprintf(parent, sizeof(parent), "%s/..", top);
	/* A plain folder shares its file system with all that is around it: that is no stick. */
	return stat(work, &a) == 0 && stat(top, &b) == 0 && stat(parent, &c) == 0 &&
	       a.st_dev == b.st_dev && b.st_dev != c.st_dev;
}

/* Opens m->work at m->work_path. */
int merge_work_table(struct merge *m)
{
	struct io *inner;
	int ret = io_dir_open(m->work_path, &inner);

	if (ret < 0)
		return ret;
	m->work = inner;
	if (m->ctx->wrap_io)
		m->work = m->ctx->wrap_io(m->ctx->wrap_arg, inner);
	if (!m->work)
		io_close(inner);
	return m->work ? 0 : -ENOMEM;
}

int merge_work_open(struct merge *m, struct lm_error *err)
{
	char *given = m->work_path;
	int ret;

	m->work_path = realpath(given, NULL);
	ret = m->work_path ? 0 : -errno;
	if (ret == 0 && on_the_stick(m, m->work_path)) {
		ret = lm_refuse(err, -EINVAL, given,
				_("Give a folder on another disk with --work."),
				_("it lies on the stick itself"), "%s",
				_("This folder is no help"));
		free(given);
		return ret;
	}
	if (ret == 0)
		ret = merge_work_table(m);
	if (ret < 0)
		lm_fail(err, ret, given, _("Give a folder that exists and that you may write to."),
			"%s", _("The work folder cannot be used"));
	free(given);
	if (ret == 0) {
		free(m->rec.work);
		m->rec.work = strdup(m->work_path);
		if (!m->rec.work)
			ret = lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	}
	return ret;
}

void merge_work_names(struct merge *m)
{
	/* Of this image and no other: two merges may share a folder. */
	snprintf(m->work_new, sizeof(m->work_new), "livemend-%.12s.new", m->rec.old_image.hash);
	snprintf(m->work_old, sizeof(m->work_old), "livemend-%.12s.old", m->rec.old_image.hash);
	snprintf(m->work_root, sizeof(m->work_root), "livemend-%.12s.root", m->rec.old_image.hash);
	snprintf(m->work_cow, sizeof(m->work_cow), "livemend-%.12s.cow", m->rec.old_image.hash);
	snprintf(m->work_tree, sizeof(m->work_tree), "livemend-%.12s.tree", m->rec.old_image.hash);
}

int merge_step_copy(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;

	m->run = run;
	if (m->unchanged)
		return 0;
	return io_copy(m->work, m->work_new, m->rw.io, m->dir, m->fresh, merge_progress, m, err);
}

int merge_step_backup(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	int ret;

	m->run = run;
	if (m->unchanged)
		return 0;
	ret = io_replace_remove(m->work, ".", m->work_old, err);
	return ret < 0 ? ret :
			 io_copy(m->rw.io, m->base, m->work, ".", m->work_old, merge_progress, m,
				   err);
}

/* The file in the work folder is what the record says. */
static int prove_in_work(struct merge *m, const char *name, const struct record_id *id,
			 struct lm_error *err)
{
	struct record_id now;
	int ret = record_identify(m->work, name, &now, err);

	if (ret < 0 || record_same(&now, id))
		return ret;
	lm_fail(err, -ENOENT, m->work_path,
		_("Find the folder with the files livemend-*.new and livemend-*.old; the journal "
		  "on the stick tells its path."),
		"%s", _("The work folder does not hold the image that is needed"));
	if (err)
		err->outcome = LM_RESUMABLE;
	return lm_because(err, _("%s is missing, or is another file"), name);
}

int merge_work_put(struct merge *m, const char *name, const struct record_id *id,
		   struct lm_error *err)
{
	struct record_id now;
	int ret = record_identify(m->rw.io, m->base, &now, err);

	if (ret < 0 || record_same(&now, id))
		return ret;
	ret = prove_in_work(m, name, id, err);
	/* The only other thing that may be there is the old image, and it must be safe. */
	if (ret == 0 && record_exists(&now)) {
		if (record_same(&now, &m->rec.old_image)) {
			ret = prove_in_work(m, m->work_old, &m->rec.old_image, err);
		} else if (!record_same(&now, &m->rec.new_image)) {
			lm_fail(err, -EUCLEAN, m->base, NULL, "%s",
				_("The image on the stick is not one that the journal names"));
			ret = lm_because(err, "%s", _("it was changed by something else"));
		}
	}
	if (ret == 0)
		ret = io_replace_remove(m->rw.io, m->dir, m->base, err);
	if (ret == 0)
		ret = io_replace_remove(m->rw.io, m->dir, m->fresh, err);
	if (ret == 0)
		ret = io_copy(m->work, name, m->rw.io, m->dir, m->fresh, merge_progress, m, err);
	if (ret == 0)
		ret = io_replace_move(m->rw.io, m->dir, m->fresh, m->base, err);
	return ret;
}

int merge_step_swap(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	int ret;

	if (m->unchanged)
		return 0;
	plan_run_critical(run, true);
	m->run = run;
	merge_unlook(m);
	m->rec.phase = RECORD_SWAPPING;
	ret = record_write(m->work, ".", &m->rec, err);
	if (ret == 0)
		ret = record_write(m->rw.io, m->dir, &m->rec, err);
	if (ret < 0)
		return ret;
	m->committed = true;
	return merge_work_put(m, m->work_new, &m->rec.new_image, err);
}

int merge_full_clean(struct merge *m, struct lm_error *err)
{
	int ret = io_replace_remove(m->work, ".", m->work_root, err);

	if (ret == 0)
		ret = io_replace_remove(m->work, ".", m->work_cow, err);
	if (ret == 0)
		io_rmdir(m->work, m->work_tree); /* -ENOENT as a rule */
	return ret;
}

int merge_work_clean(struct merge *m, struct lm_error *err)
{
	int ret;

	if (!m->work)
		return 0;
	ret = io_replace_remove(m->work, ".", m->work_new, err);
	if (ret == 0)
		ret = io_replace_remove(m->work, ".", m->work_old, err);
	if (ret == 0 && m->rec.method != LM_METHOD_REWRITE)
		ret = merge_full_clean(m, err);
	if (ret == 0)
		ret = journal_pending_clear(m->work, ".", err);
	if (ret == 0)
		io_rmdir(m->work, "livemend"); /* if nothing else is in it */
	return ret;
}

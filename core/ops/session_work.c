/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_work.c - --work DIR: a folder elsewhere, and what an operation keeps in it */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_copy.h"
#include "core/io/io_attrs.h"
#include "core/io/io_replace.h"
#include "core/ops/session.h"
#include "core/plan/journal.h"

/* The folder is on the stick when it lies below it, or on the same mounted file system. */
static bool on_the_stick(const struct session *s, const char *work)
{
	char top[PATH_MAX], parent[PATH_MAX + 4];
	struct stat a, b, c;
	size_t n;

	if (!s->stick->mountpoint || !realpath(s->stick->mountpoint, top))
		return false;
	n = strlen(top);
	if (strncmp(work, top, n) == 0 && (work[n] == '/' || work[n] == '\0' || n == 1))
		return true;
	snprintf(parent, sizeof(parent), "%s/..", top);
	/* A plain folder shares its file system with all that is around it: that is no stick. */
	return stat(work, &a) == 0 && stat(top, &b) == 0 && stat(parent, &c) == 0 &&
	       a.st_dev == b.st_dev && b.st_dev != c.st_dev;
}

/* Opens s->work at s->work_path. */
int session_work_table(struct session *s)
{
	struct io *inner;
	int ret = io_dir_open(s->work_path, &inner);

	if (ret < 0)
		return ret;
	s->work = inner;
	if (s->ctx->wrap_io)
		s->work = s->ctx->wrap_io(s->ctx->wrap_arg, inner);
	if (!s->work)
		io_close(inner);
	return s->work ? 0 : -ENOMEM;
}

int session_work_open(struct session *s, struct lm_error *err)
{
	char *given = s->work_path;
	int ret;

	s->work_path = realpath(given, NULL);
	ret = s->work_path ? 0 : -errno;
	if (ret == 0 && on_the_stick(s, s->work_path)) {
		ret = lm_refuse(
			err, -EINVAL, given, _("Give a folder on another disk with --work."),
			_("it lies on the stick itself"), "%s", _("This folder is no help"));
		free(given);
		return ret;
	}
	if (ret == 0)
		ret = session_work_table(s);
	if (ret < 0)
		lm_fail(err, ret, given, _("Give a folder that exists and that you may write to."),
			"%s", _("The work folder cannot be used"));
	free(given);
	if (ret == 0)
		ret = stick_names_work(s->work, s->work_path, err);
	if (ret == 0) {
		free(s->rec.work);
		s->rec.work = strdup(s->work_path);
		if (!s->rec.work)
			ret = lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	}
	return ret;
}

void session_work_names(struct session *s, const struct record_id *image)
{
	/* Of this image and no other: two merges may share a folder. */
	snprintf(s->work_new, sizeof(s->work_new), "livemend-%.12s.new", image->hash);
	snprintf(s->work_old, sizeof(s->work_old), "livemend-%.12s.old", image->hash);
}

int session_work_backup(struct session *s, const char *path, struct lm_error *err)
{
	int ret = io_replace_remove(s->work, ".", s->work_old, err);

	if (ret == 0)
		ret = io_copy(s->rw.io, path, s->work, ".", s->work_old, session_progress, s, err);
	/* As far as it can be had there: the original is on the stick, and asked first. */
	if (ret == 0)
		(void)io_attrs_copy(s->rw.io, path, s->work, s->work_old, NULL);
	return ret;
}

int session_work_remove(struct session *s, struct lm_error *err)
{
	int ret = io_replace_remove(s->work, ".", s->work_new, err);

	return ret < 0 ? ret : io_replace_remove(s->work, ".", s->work_old, err);
}

int session_work_end(struct session *s, struct lm_error *err)
{
	int ret = journal_pending_clear(s->work, ".", err);

	if (ret == 0)
		io_rmdir(s->work, "livemend"); /* if nothing else is in it */
	return ret;
}

int session_work_clean(struct session *s, struct lm_error *err)
{
	int ret = s->work ? session_work_remove(s, err) : 0;

	return ret == 0 && s->work ? session_work_end(s, err) : ret;
}

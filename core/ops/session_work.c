/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_work.c - --work DIR: a folder elsewhere, and what an operation keeps in it */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
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
static int work_table(struct session *s)
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

static void work_names(struct session *s)
{
	snprintf(s->work_new, sizeof(s->work_new), "livemend-%s.new", s->rec.run);
	snprintf(s->work_old, sizeof(s->work_old), "livemend-%s.old", s->rec.run);
}

/* No other operation has its files there, or needs them still. */
static int work_is_free(const struct session *s, struct lm_error *err)
{
	struct record there;
	int ret = record_read(s->work, ".", &there, NULL);

	/* A note whose very first writing was cut is of one that has written nothing else. */
	if (ret == 0 || ret == -EBADMSG)
		return 0;
	if (ret == 1)
		record_free(&there);
	return lm_refuse(err, -EBUSY, s->work_path,
			 _("Give another folder with --work. Or finish the operation that this one "
			   "belongs to: `livemend resume STICK`. Its livemend/PENDING.txt says what it "
			   "was."),
			 _("another operation keeps its files in it, and has not ended"), "%s",
			 _("The work folder cannot be used"));
}

static int work_name_run(struct session *s, struct lm_error *err)
{
	unsigned char bytes[RECORD_RUN_DIGITS / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return lm_fail(err, -EIO, NULL, NULL, "%s", _("Planning failed"));
	for (size_t i = 0; i < sizeof(bytes); i++)
		sprintf(s->rec.run + 2 * i, "%02x", bytes[i]);
	work_names(s);
	return 0;
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
		ret = work_table(s);
	if (ret < 0)
		lm_fail(err, ret, given, _("Give a folder that exists and that you may write to."),
			"%s", _("The work folder cannot be used"));
	free(given);
	if (ret == 0)
		ret = stick_names_work(s->work, s->work_path, err);
	if (ret == 0)
		ret = work_is_free(s, err);
	if (ret == 0)
		ret = work_name_run(s, err);
	if (ret == 0) {
		free(s->rec.work);
		s->rec.work = strdup(s->work_path);
		if (!s->rec.work)
			ret = lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	}
	return ret;
}

int session_work_reopen(struct session *s)
{
	struct record there = { 0 };
	int ret;

	if (!s->rec.work)
		return 0;
	work_names(s);
	s->work_path = strdup(s->rec.work);
	ret = s->work_path ? work_table(s) : -ENOMEM;
	if (ret < 0)
		return ret;
	/*
	 * The stick may be a stranger's: what its note says of a folder elsewhere counts only
	 * where the note in that folder says the same.
	 */
	ret = record_read(s->work, ".", &there, NULL);
	s->work_ours = ret == 1 && s->rec.run[0] && strcmp(there.run, s->rec.run) == 0 &&
		       there.op == s->rec.op && there.work &&
		       strcmp(there.work, s->rec.work) == 0;
	record_free(&there);
	if (s->work_ours)
		return 0;
	io_close(s->work);
	s->work = NULL;
	return -ENOENT;
}

void session_work_say(const struct session *s, struct lm_plan *plan)
{
	if (s->work_ours)
		plan_warn(plan,
			  _("The files of this operation in the folder %s, livemend-%s.*, are removed "
			    "when nothing needs them any more."),
			  s->rec.work, s->rec.run);
	else if (s->rec.work)
		plan_warn(plan,
			  _("The note on the stick names the folder %s. It is left alone: there is no "
			    "note of this operation in it."),
			  s->rec.work);
}

int session_work_begin(struct session *s, struct lm_error *err)
{
	int ret = work_is_free(s, err);

	if (ret == 0) {
		s->work_ours = true; /* perhaps: what is there of it is */
		ret = session_record(s, s->work, ".", err);
	}
	return ret;
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

/*
 * What cannot be removed, or not for good, is no reason to leave the stick half done: its disk may
 * be why it is removed, and what stays there, or comes back, has names of its own.
 */
static void work_left(struct session *s, const struct lm_error *why)
{
	ctx_log(s->ctx, LM_LOG_WARN, "%s: %s: %s: %s", s->work_path, why->what, why->on, why->why);
}

void session_work_remove(struct session *s)
{
	const char *const files[] = { s->work_new, s->work_old };
	struct lm_error why;

	for (size_t i = 0; s->work && s->work_ours && i < sizeof(files) / sizeof(files[0]); i++) {
		if (io_replace_remove(s->work, ".", files[i], &why) < 0)
			work_left(s, &why);
	}
}

void session_work_end(struct session *s)
{
	struct lm_error why;

	if (!s->work || !s->work_ours)
		return;
	if (journal_pending_clear(s->work, ".", &why) < 0)
		work_left(s, &why);
	io_rmdir(s->work, "livemend"); /* if nothing else is in it */
	s->work_ours = false;
}

void session_work_clean(struct session *s)
{
	session_work_remove(s);
	session_work_end(s);
}

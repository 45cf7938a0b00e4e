/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stick_names.c - what has the names that an operation is going to use
 *
 * Nothing on a stick is followed or opened that is no plain file (core/io), so
 * a link, a pipe or a device under one of these names stops an operation. That
 * must be found before it begins, not after the point from which it can only go
 * on: each operation asks here while it is planned, and again when it begins.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/stick/stick_priv.h"

static const char *names_what(void)
{
	return _("There is something in the way");
}

static const char *names_help(void)
{
	return _("Look what it is (`ls -l`), move it elsewhere or delete it, and try again: livemend "
		 "makes its own anew.");
}

/* A plain file with this one name, or nothing. */
static int check_file(struct io *io, const char *path, struct lm_error *err)
{
	struct io_stat st;
	int ret = io_stat(io, path, &st);

	if (ret == -ENOENT || ret == -ENOTDIR)
		return 0;
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Looking at the file failed"));
	if (st.kind != IO_REGULAR)
		return lm_refuse(err, -ENOSTR, path, names_help(),
				 _("livemend writes a file of this name, and this is none: a "
				   "directory, a link, a device or a pipe, which is not followed"),
				 "%s", names_what());
	if (st.links > 1)
		return lm_refuse(err, -EMLINK, path, names_help(),
				 _("livemend writes to a file of this name, and this one has another "
				   "name as well (a hard link), which would change with it"),
				 "%s", names_what());
	return 0;
}

static int check_folder(struct io *io, const char *path, struct lm_error *err)
{
	struct io_stat st;
	int ret = io_stat(io, path, &st);

	if (ret == -ENOENT || (ret == 0 && st.kind == IO_DIRECTORY))
		return 0;
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Looking at the file failed"));
	return lm_refuse(err, -ENOTDIR, path, names_help(),
			 _("livemend keeps its journal in a folder of this name, and this is none: a "
			   "file, a link, a device or a pipe, which is not followed"),
			 "%s", names_what());
}

static int check_in(struct io *io, const char *dir, const char *const *names, size_t count,
		    struct lm_error *err)
{
	int ret = 0;

	for (size_t i = 0; i < count && ret == 0; i++) {
		char *path = stick_join(dir, names[i]);

		ret = path ? check_file(io, path, err) :
			     lm_fail(err, -ENOMEM, dir, NULL, "%s", _("Opening the stick failed"));
		free(path);
	}
	return ret;
}

/* The name of something of ours in a folder that others may write to. */
static int check_work_name(void *arg, const char *name, enum io_kind kind)
{
	static const char *const ends[] = { ".new", ".old", ".root", ".cow", ".tree" };
	const char *dot = strrchr(name, '.');
	char **found = arg;

	if (kind == IO_REGULAR || !dot || strncmp(name, "livemend-", 9) != 0 ||
	    (kind == IO_DIRECTORY && strcmp(dot, ".tree") == 0))
		return 0;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (strcmp(dot, ends[i]) != 0)
			continue;
		*found = strdup(name);
		return *found ? 1 : -ENOMEM;
	}
	return 0;
}

int stick_names_journal(struct io *io, const char *dir, struct lm_error *err)
{
	static const char *const names[] = { "journal.txt", "PENDING.txt", "PENDING.bak", "pairing",
					     "recover.undo" };
	char *folder = stick_join(dir, "livemend");
	int ret;

	if (!folder)
		return lm_fail(err, -ENOMEM, dir, NULL, "%s", _("Opening the stick failed"));
	ret = check_folder(io, folder, err);
	if (ret == 0)
		ret = check_in(io, folder, names, sizeof(names) / sizeof(names[0]), err);
	free(folder);
	return ret;
}

int stick_names_work(struct io *io, const char *path, struct lm_error *err)
{
	char *found = NULL;
	int ret = stick_names_journal(io, ".", err);

	if (ret < 0)
		return ret;
	if (access(path, W_OK | X_OK))
		return lm_refuse(err, -errno, path,
				 _("Give a folder that exists and that you may write to."),
				 _("you may not write there"), "%s",
				 _("The work folder cannot be used"));
	ret = io_list(io, ".", check_work_name, &found);
	if (ret == 1)
		ret = lm_refuse(err, -ENOSTR, found, names_help(),
				_("livemend writes a file of this name, and this is none: a "
				  "directory, a link, a device or a pipe, which is not followed"),
				"%s", names_what());
	else if (ret < 0)
		lm_fail(err, ret, path, NULL, "%s", _("The work folder cannot be used"));
	free(found);
	return ret;
}

int stick_names_free(struct io *io, const char *path, struct lm_error *err)
{
	struct io_stat st;
	int ret = io_stat(io, path, &st);

	if (ret == -ENOENT)
		return 0;
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Looking at the file failed"));
	return lm_refuse(err, -EEXIST, path,
			 _("Nothing of livemend's needs it now. Check the stick with `livemend "
			   "doctor`, and its file system (on FAT: unmount it and run fsck.vfat -n); "
			   "then move the file elsewhere, or delete it."),
			 _("the name is needed for a moment when the files are exchanged, and it is "
			   "taken: something that was left over, or of another's"),
			 "%s", names_what());
}

/* Overlays are written to; so is a root image that lies on the stick as it is. */
static int check_written(struct io *io, const char *path, struct lm_error *err)
{
	struct io_stat st;
	int ret = path ? io_stat(io, path, &st) : -ENOENT;

	if (ret == -ENOENT)
		return 0;
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Looking at the file failed"));
	if (st.kind != IO_REGULAR)
		return lm_refuse(err, -ENOSTR, path, _("See `ls -l`: what is it?"),
				 _("it is no plain file: a link, a device or a pipe"), "%s",
				 _("The stick cannot be worked on"));
	if (st.links > 1)
		return lm_refuse(err, -EMLINK, path,
				 _("Give it a file of its own: `cp -a FILE COPY`, then "
				   "`mv COPY FILE`."),
				 _("it has another name as well (a hard link), and what that is used "
				   "for would change with it"),
				 "%s", _("The stick cannot be worked on"));
	return 0;
}

int stick_names_check(const struct lm_stick *s, struct io *io, struct lm_error *err)
{
	static const char *const names[] = { "livemend.new", "livemend.old", "livemend.cow",
					     "livemend.bak" };
	int ret = stick_names_journal(io, s->live_dir, err);

	if (ret == 0)
		ret = check_in(io, s->live_dir, names, sizeof(names) / sizeof(names[0]), err);
	for (size_t i = 0; i < s->n_overlays && ret == 0; i++) {
		if (s->overlays[i].kind == LM_OVERLAY_DM_SNAPSHOT)
			ret = check_written(io, s->overlays[i].path, err);
	}
	if (ret == 0 && s->container == STICK_BARE)
		ret = check_written(io, s->base_path, err);
	return ret;
}

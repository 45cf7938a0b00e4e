/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stick opened for an operation, and the lock that keeps others out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/ctx.h"
#include "core/dm/dm.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_attrs.h"
#include "core/stick/stick_priv.h"

static int refuse(struct lm_stick *s, int code, const char *why, const char *help,
		  struct lm_error *err)
{
	return lm_refuse(err, code, s->given, help, why, "%s", _("The stick cannot be written to"));
}

/*
 * The kernel has this very file in its hands through a loop device. While it is planned,
 * what goes when it starts does not count.
 */
static bool kernel_uses(struct io *io, const char *path, bool planning, struct dm_use *use)
{
	struct io_stat st;

	return path && io_stat(io, path, &st) == 0 && st.ino &&
	       dm_find_use(st.dev, st.ino, use) == 1 && !(planning && use->leftover);
}

static int check_not_in_use(struct lm_stick *s, struct io *io, bool planning,
			    struct lm_error *err)
{
	struct dm_use use;
	size_t i;

	for (i = 0; i < s->n_overlays; i++) {
		if (s->overlays[i].kind == LM_OVERLAY_DM_SNAPSHOT &&
		    kernel_uses(io, s->overlays[i].path, planning, &use))
			return lm_refuse(err, -EBUSY, s->overlays[i].path,
					 _("Boot another system, or this stick without its overlay, "
					   "and work on it from there."),
					 _("the overlay is in use by the running system"), "%s",
					 _("The stick cannot be worked on now"));
	}
	/* A bare base is written in place: nobody may have it mounted meanwhile. */
	if (s->container == STICK_BARE && kernel_uses(io, s->base_path, planning, &use))
		return lm_refuse(err, -EBUSY, s->base_path,
				 _("Unmount it, or work from another system."),
				 _("the root image is in use by the running system"), "%s",
				 _("The stick cannot be worked on now"));
	return 0;
}

static const char *lock_name(const struct lm_stick *s)
{
	size_t i;

	for (i = 0; i < s->n_overlays; i++) {
		if (s->overlays[i].kind == LM_OVERLAY_DM_SNAPSHOT)
			return s->overlays[i].path;
	}
	return s->base_path;
}

static int take_lock(struct lm_stick *s, struct stick_rw *rw, struct lm_error *err)
{
	const char *name = lock_name(s);
	int ret;

	if (!name)
		return 0;
	ret = io_open(rw->io, name, IO_READ, &rw->lock);
	if (ret)
		return lm_fail(err, ret, name, NULL, "%s", _("Opening the file to lock it failed"));
	ret = io_lock(rw->lock);
	/* On NFS only who may write may lock. */
	if (ret == -EBADF) {
		io_file_close(rw->lock);
		ret = io_open(rw->io, name, IO_WRITE, &rw->lock);
		if (!ret)
			ret = io_lock(rw->lock);
	}
	if (ret == -EWOULDBLOCK)
		return lm_refuse(err, -EBUSY, name, _("Wait until it has ended, then try again."),
				 _("another livemend is working on this stick"), "%s",
				 _("The stick cannot be worked on now"));
	if (ret)
		return lm_fail(err, ret, name, NULL, "%s", _("Locking the stick failed"));
	return 0;
}

static int open_directory(struct lm_stick *s, struct io **io, struct lm_error *err)
{
	struct io_fsinfo info;
	int ret;

	ret = io_dir_open(s->mountpoint, io);
	if (!ret)
		ret = io_fsinfo(*io, &info);
	if (ret)
		return lm_fail(err, ret, s->mountpoint, NULL, "%s", _("Opening the stick failed"));
	if (strcmp(info.fstype, "iso9660") == 0)
		return refuse(s, -EROFS, _("an ISO 9660 file system cannot be written to"),
			      _("Put the image on a stick in a way that allows changes, for example "
				"with livecd-iso-to-disk or Fedora Media Writer's persistence."),
			      err);
	if (info.readonly)
		return refuse(s, -EROFS, _("it is mounted read-only"),
			      _("Mount it for writing (`mount -o remount,rw DIR`). If that fails, "
				"the stick may have a write-protect switch or be failing."),
			      err);
	return 0;
}

static int check_mountable(struct lm_stick *s, struct lm_error *err)
{
	if (strcmp(s->fstype, "iso9660") == 0)
		return refuse(s, -EROFS, _("an ISO 9660 file system cannot be written to"),
			      _("Put the image on a stick in a way that allows changes, for example "
				"with livecd-iso-to-disk or Fedora Media Writer's persistence."),
			      err);
	if (geteuid() != 0)
		return refuse(s, -EPERM, _("it is not mounted, and mounting it takes root"),
			      _("Mount it yourself and give the mount point, or run livemend as "
				"root."),
			      err);
	return 0;
}

/* below: in the live directory, NULL for path, which is one of the stick. */
static int check_allowed(struct lm_stick *s, const char *below, const char *path, int how,
			 struct lm_error *err)
{
	char *rel = below ? stick_join(s->live_dir, below) : strdup(path);
	char *full = rel ? stick_join(s->mountpoint, rel) : NULL;
	int ret = 0;

	if (!full)
		ret = lm_fail(err, -ENOMEM, s->given, NULL, "%s", _("Opening the stick failed"));
	else if (access(full, how) && !(below && errno == ENOENT))
		ret = refuse(s, -EACCES, _("you may not write there"),
			     _("Run livemend as root, or as the owner of the files."), err);
	free(rel);
	free(full);
	return ret;
}

static int check_permission(struct lm_stick *s, struct lm_error *err)
{
	/* What is written after the point of no return, too. */
	static const char *const files[] = { "livemend/journal.txt", "livemend/PENDING.txt",
					     "livemend/PENDING.bak" };
	const char *name = lock_name(s);
	int ret = check_allowed(s, NULL, s->live_dir, W_OK | X_OK, err);

	if (!ret && name)
		ret = check_allowed(s, NULL, name, R_OK | W_OK, err);
	if (!ret)
		ret = check_allowed(s, "livemend", NULL, W_OK | X_OK, err);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !ret; i++)
		ret = check_allowed(s, files[i], NULL, R_OK | W_OK, err);
	return ret;
}

static int is_possible(struct lm_stick *stick, bool used, struct lm_error *err)
{
	struct io *io = NULL;
	int ret;

	if (!stick->mountpoint) {
		ret = check_mountable(stick, err);
		if (!ret)
			ret = stick_mount_possible(stick, err);
		return ret ? ret : stick_names_check(stick, stick->io, err);
	}
	ret = open_directory(stick, &io, err);
	if (!ret && !used)
		ret = check_not_in_use(stick, io, true, err);
	if (!ret)
		ret = stick_names_check(stick, io, err);
	if (!ret)
		ret = check_permission(stick, err);
	io_close(io);
	return ret;
}

int stick_rw_possible(struct lm_stick *stick, struct lm_error *err)
{
	return is_possible(stick, false, err);
}

int stick_rw_possible_used(struct lm_stick *stick, struct lm_error *err)
{
	return is_possible(stick, true, err);
}

int stick_rw_may_replace(struct lm_stick *stick, const char *path, struct lm_error *err)
{
	struct io_attrs attrs;
	struct io_fsinfo info;
	int ret;

	/* Where files have no owners of their own the new one gets the same by itself. */
	if (geteuid() == 0 || !stick->mountpoint || io_fsinfo(stick->io, &info) < 0 ||
	    !io_attrs_kept(&info))
		return 0;
	ret = io_attrs_of(stick->io, path, &attrs);
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Looking at the file failed"));
	if (attrs.uid != geteuid())
		ret = lm_refuse(err, -EPERM, path,
				_("Run livemend as root, or as the owner of the files."),
				_("it belongs to another user, and the file that takes its place "
				  "must, too"),
				"%s", _("The stick cannot be written to"));
	io_attrs_free(&attrs);
	return ret;
}

static int open_rw(struct lm_stick *stick, bool used, struct stick_rw *rw, struct lm_error *err)
{
	struct stick_mount *mount = NULL;
	char mounted[64];
	struct io *inner;
	int ret;

	memset(rw, 0, sizeof(*rw));
	rw->stick = stick;
	if (stick->mountpoint) {
		rw->path = strdup(stick->mountpoint);
		ret = rw->path ? open_directory(stick, &rw->io, err) : -ENOMEM;
	} else {
		rw->path = strdup(stick->given);
		ret = rw->path ? check_mountable(stick, err) : -ENOMEM;
		if (!ret)
			ret = stick_mount_open(stick, &mount, mounted, err);
		if (!ret) {
			rw->mount = mount;
			ret = io_dir_open(mounted, &rw->io);
			if (ret)
				lm_fail(err, ret, stick->given, NULL, "%s",
					_("Opening the mounted stick failed"));
		}
	}
	if (!rw->path)
		lm_fail(err, ret, stick->given, NULL, "%s", _("Opening the stick failed"));
	if (ret)
		goto fail;
	if (stick->ctx && stick->ctx->wrap_io) {
		inner = rw->io;
		rw->io = stick->ctx->wrap_io(stick->ctx->wrap_arg, inner);
		if (!rw->io) {
			rw->io = inner;
			ret = lm_fail(err, -ENOMEM, stick->given, NULL, "%s",
				      _("Opening the stick failed"));
			goto fail;
		}
	}
	ret = used ? 0 : check_not_in_use(stick, rw->io, false, err);
	if (!ret)
		ret = stick_names_check(stick, rw->io, err);
	if (!ret && stick->mountpoint)
		ret = check_permission(stick, err);
	if (!ret)
		ret = take_lock(stick, rw, err);
	if (!ret)
		return 0;
fail:
	stick_rw_close(rw);
	return ret;
}

int stick_rw_open(struct lm_stick *stick, struct stick_rw *rw, struct lm_error *err)
{
	return open_rw(stick, false, rw, err);
}

int stick_rw_open_used(struct lm_stick *stick, struct stick_rw *rw, struct lm_error *err)
{
	return open_rw(stick, true, rw, err);
}

void stick_rw_close(struct stick_rw *rw)
{
	io_file_close(rw->lock);
	io_close(rw->io);
	stick_mount_close(rw->mount);
	free(rw->path);
	memset(rw, 0, sizeof(*rw));
}

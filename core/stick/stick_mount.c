/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A private mount for operations on a stick that is not mounted.
 *
 * The mount is made with fsopen(2) and never attached to any name: it is
 * reached through its descriptor alone, no other program sees it, and it is
 * gone when that is closed, also after SIGKILL.
 *
 * Two mounts of one image file or device do not know of each other, and ruin
 * the file system. So the file itself is locked (flock) for as long as it is
 * mounted, a block device is claimed (O_EXCL, then by the mount or through the
 * loop device), and one that is mounted or attached anywhere is not mounted a
 * second time, under whatever name it is given: it is known by device and inode.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#ifndef MOUNT_ATTR_RDONLY
#include <linux/mount.h> /* which some C libraries do not take in */
#endif
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/dm/dm.h"
#include "core/dm/loop.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_file.h"
#include "core/stick/stick_priv.h"

struct stick_mount {
	struct dm_loopdev *loop; /* NULL: the device itself was mounted */
	int fd;
	int held; /* the image file, locked, or the device, claimed; -1: by the mount */
};

#define LOCK_TRIES 20
#define PAUSE_MS   25

static int mount_busy(const struct lm_stick *s, const char *help, const char *why,
		      struct lm_error *err)
{
	return lm_refuse(err, -EBUSY, s->given, help, why, "%s",
			 _("The stick cannot be worked on now"));
}

/* Opens what holds the stick, and claims a device: exclusively, against mounts and the like. */
static int open_holder(const struct lm_stick *s, int flags, struct stat *st)
{
	int at = open(s->device ? s->device : s->given, O_PATH | O_CLOEXEC), ret;

	if (at < 0)
		return -errno;
	ret = fstat(at, st) ? -errno : 0;
	if (ret == 0)
		ret = io_fd_reopen(at, flags | O_CLOEXEC | (S_ISBLK(st->st_mode) ? O_EXCL : 0),
				   IO_BLOCK_TOO);
	/* Without /proc. */
	if (ret == -ENOENT) {
		ret = open(s->device ? s->device : s->given,
			   flags | O_CLOEXEC | (S_ISBLK(st->st_mode) ? O_EXCL : 0));
		ret = ret < 0 ? -errno : io_fd_check_same(at, ret, IO_BLOCK_TOO);
	}
	close(at);
	return ret;
}

/* Another livemend that only looks whether it could, holds it for an instant. */
static int lock_holder(int fd, int how)
{
	struct timespec pause = { 0, PAUSE_MS * 1000000L };
	int ret = 0;

	for (int i = 0; i < LOCK_TRIES; i++) {
		ret = flock(fd, how | LOCK_NB) ? -errno : 0;
		if (ret != -EWOULDBLOCK)
			return ret;
		nanosleep(&pause, NULL);
	}
	return ret;
}

static int refuse_attached(const struct lm_stick *s, const struct stat *st, const char *ours,
			   struct lm_error *err)
{
	bool block = S_ISBLK(st->st_mode);
	char loop[32], why[200], *mounted;
	int ret;

	mounted = stick_mounted_at(st);
	if (mounted) {
		mount_busy(s, _("Give livemend the directory where it is mounted; or unmount it."),
			   "", err);
		ret = lm_because(err, _("it is mounted on %s, and a second mount would ruin the file "
					"system"), mounted);
		free(mounted);
		return err ? ret : -EBUSY;
	}
	ret = dm_find_loop(st->st_dev, st->st_ino, block ? st->st_rdev : 0, ours, loop);
	if (ret < 0)
		return lm_fail(err, ret, s->given, NULL, "%s",
			       _("Finding out whether it is in use failed"));
	if (ret == 0)
		return 0;
	snprintf(why, sizeof(why),
		 _("it is attached to %s, and a second mount would ruin the file system"), loop);
	return mount_busy(s,
			  _("If it is mounted there, give livemend the directory where it is; or "
			    "unmount it, and detach it: `losetup -d` (`losetup -l` lists what is "
			    "attached)."),
			  why, err);
}

/* Returns the descriptor that holds it. */
static int hold(const struct lm_stick *s, bool write, struct stat *st, struct lm_error *err)
{
	int fd = open_holder(s, write ? O_RDWR : O_RDONLY, st), ret = 0;

	if (fd == -EBUSY)
		return mount_busy(s,
				  _("Unmount it (`lsblk` shows where it is in use), or give livemend "
				    "the directory where it is mounted."),
				  _("the kernel has it in use: mounted, or a part of something else"),
				  err);
	if (fd < 0)
		return lm_fail(err, fd, s->given, NULL, "%s", _("Opening the stick failed"));
	if (S_ISREG(st->st_mode))
		ret = lock_holder(fd, write ? LOCK_EX : LOCK_SH);
	/* NFS locks for those only who may write; there all other looks must do. */
	if (ret == -EBADF && !write)
		ret = 0;
	if (ret == -EWOULDBLOCK)
		ret = mount_busy(s, _("Wait until it has ended, then try again."),
				 _("another livemend is working on this stick"), err);
	else if (ret < 0)
		lm_fail(err, ret, s->given, NULL, "%s", _("Locking the stick failed"));
	else
		ret = refuse_attached(s, st, NULL, err);
	if (ret == 0)
		return fd;
	close(fd);
	return ret;
}

int stick_mount_possible(const struct lm_stick *s, struct lm_error *err)
{
	struct stat st;
	int fd = hold(s, false, &st, err);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int set_string(int fs, const char *key, const char *value)
{
	return syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0) ? -errno : 0;
}

int stick_mount_private(const char *node, const char *fstype, bool readonly)
{
	int fs, ret, fd;

	fs = (int)syscall(SYS_fsopen, fstype, FSOPEN_CLOEXEC);
	if (fs < 0)
		return -errno;
	ret = set_string(fs, "source", node);
	if (!ret && readonly && syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "ro", NULL, 0))
		ret = -errno;
	if (!ret && syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		ret = -errno;
	if (!ret) {
		fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
				  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
					  (readonly ? MOUNT_ATTR_RDONLY : 0));
		ret = fd < 0 ? -errno : fd;
	}
	close(fs);
	return ret;
}

int stick_mount_open(const struct lm_stick *s, struct stick_mount **mount, char path[64],
		     struct lm_error *err)
{
	struct stick_mount *m = NULL;
	bool refused = false;
	struct stat st;
	char ours[32];
	int ret;

	*mount = NULL;
	m = calloc(1, sizeof(*m));
	if (!m)
		return lm_fail(err, -ENOMEM, s->given, NULL, "%s", _("Mounting failed"));
	m->fd = -1;
	m->held = hold(s, true, &st, err);
	if (m->held < 0) {
		ret = m->held;
		free(m);
		return ret;
	}
	if (S_ISBLK(st.st_mode) && !s->part_offset) {
		/* Now it is the mount that claims it: no two can. */
		close(m->held);
		m->held = -1;
		m->fd = stick_mount_private(s->device ? s->device : s->given, s->fstype, false);
	} else {
		ret = dm_loop_attach(s->ctx, m->held, s->given, s->part_offset, s->part_bytes, 0,
				     &m->loop, NULL);
		/* Attached by somebody else in between? From now on their losetup sees ours. */
		if (ret == 0) {
			snprintf(ours, sizeof(ours), "loop%d", m->loop->number);
			ret = refuse_attached(s, &st, ours, err);
			refused = ret < 0;
		}
		m->fd = ret ? ret : stick_mount_private(m->loop->node, s->fstype, false);
	}
	if (m->fd < 0) {
		ret = m->fd;
		dm_loop_detach(m->loop);
		if (m->held >= 0)
			close(m->held);
		free(m);
		if (refused)
			return ret;
		return lm_fail(err, ret, s->given,
			       _("Mount it yourself and give the mount point to livemend."),
			       "%s", _("Mounting the stick failed"));
	}
	snprintf(path, 64, "/proc/self/fd/%d", m->fd);
	*mount = m;
	return 0;
}

void stick_mount_close(struct stick_mount *mount)
{
	if (!mount)
		return;
	syncfs(mount->fd);
	close(mount->fd);
	dm_loop_detach(mount->loop);
	/* The lock goes last: whoever waits for it finds no loop device any more. */
	if (mount->held >= 0)
		close(mount->held);
	free(mount);
}

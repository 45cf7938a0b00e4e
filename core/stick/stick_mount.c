/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A private mount for operations on a stick that is not mounted.
 *
 * The mount is made with fsopen(2) and never attached to any name: it is
 * reached through its descriptor alone, no other program sees it, and it is
 * gone when that is closed, also after SIGKILL.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/dm/loop.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/stick/stick_priv.h"

struct stick_mount {
	struct dm_loopdev *loop; /* NULL: the device itself was mounted */
	int fd;
};

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
	const char *from = s->device ? s->device : s->given;
	struct stick_mount *m = NULL;
	struct stat st;
	int file, ret;

	*mount = NULL;
	m = calloc(1, sizeof(*m));
	if (!m)
		return lm_fail(err, -ENOMEM, s->given, NULL, "%s", _("Mounting failed"));
	m->fd = -1;

	if (stat(from, &st) == 0 && S_ISBLK(st.st_mode) && !s->part_offset) {
		m->fd = stick_mount_private(from, s->fstype, false);
	} else {
		file = open(from, O_RDWR | O_CLOEXEC);
		ret = file < 0 ? -errno
			       : dm_loop_attach(s->ctx, file, from, s->part_offset, s->part_bytes,
						0, &m->loop, NULL);
		if (file >= 0)
			close(file);
		m->fd = ret ? ret : stick_mount_private(m->loop->node, s->fstype, false);
	}
	if (m->fd < 0) {
		ret = m->fd;
		dm_loop_detach(m->loop);
		free(m);
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
	free(mount);
}

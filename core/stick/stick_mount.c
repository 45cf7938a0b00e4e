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
#include <linux/loop.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/stick/stick_priv.h"

struct stick_mount {
	int loop; /* -1: the device itself was mounted */
	int fd;
};

/* Attaches fd to a free loop device that goes away with its last user. */
static int attach_loop(int fd, uint64_t off, uint64_t size, char node[32])
{
	struct loop_config config = { .fd = (uint32_t)fd };
	int control, loop = -1, tries, number, ret = 0;

	config.info.lo_offset = off;
	config.info.lo_sizelimit = size;
	config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (control < 0)
		return -errno;
	/* Another program may take the same free device in between. */
	for (tries = 0; tries < 64; tries++) {
		number = ioctl(control, LOOP_CTL_GET_FREE);
		if (number < 0) {
			ret = -errno;
			break;
		}
		snprintf(node, 32, "/dev/loop%d", number);
		loop = open(node, O_RDWR | O_CLOEXEC);
		if (loop < 0) {
			ret = -errno;
			break;
		}
		if (ioctl(loop, LOOP_CONFIGURE, &config) == 0) {
			ret = loop;
			break;
		}
		ret = -errno;
		close(loop);
		if (ret != -EBUSY)
			break;
	}
	close(control);
	return ret;
}

static int set_string(int fs, const char *key, const char *value)
{
	return syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0) ? -errno : 0;
}

static int mount_device(const char *node, const char *fstype)
{
	int fs, ret, fd;

	fs = (int)syscall(SYS_fsopen, fstype, FSOPEN_CLOEXEC);
	if (fs < 0)
		return -errno;
	ret = set_string(fs, "source", node);
	if (!ret && syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		ret = -errno;
	if (!ret) {
		fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
				  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
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
	char node[32] = "";
	struct stat st;
	int file = -1, ret;

	*mount = NULL;
	m = calloc(1, sizeof(*m));
	if (!m)
		return lm_fail(err, -ENOMEM, s->given, NULL, "%s", _("Mounting failed"));
	m->loop = m->fd = -1;

	if (stat(from, &st) == 0 && S_ISBLK(st.st_mode) && !s->part_offset) {
		m->fd = mount_device(from, s->fstype);
	} else {
		file = open(from, O_RDWR | O_CLOEXEC);
		m->loop = file < 0 ? -errno
				   : attach_loop(file, s->part_offset, s->part_bytes, node);
		if (file >= 0)
			close(file);
		m->fd = m->loop < 0 ? m->loop : mount_device(node, s->fstype);
	}
	if (m->fd < 0) {
		ret = m->fd;
		if (m->loop >= 0)
			close(m->loop);
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
	if (mount->loop >= 0)
		close(mount->loop);
	free(mount);
}

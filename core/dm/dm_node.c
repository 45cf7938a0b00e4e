/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The node of a block device: the kernel's (devtmpfs), or one made for the moment of opening. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/dm/dm_task.h"

static int open_node(const char *path, dev_t dev, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return -errno;
	/* A static /dev may hold an old node of that name for something else. */
	if (fstat(fd, &st) || !S_ISBLK(st.st_mode) || st.st_rdev != dev) {
		close(fd);
		return -ENXIO;
	}
	return fd;
}

int dm_node_open(const char *name, dev_t dev, bool readonly, int *fd, char path[64])
{
	static const char *const places[] = { "/dev", "/run", "/tmp" };
	int flags = readonly ? O_RDONLY : O_RDWR, ret;
	size_t i;

	snprintf(path, 64, "/dev/%.31s", name);
	ret = open_node(path, dev, flags);
	for (i = 0; ret < 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		char made[80];

		snprintf(made, sizeof(made), "%s/.livemend-%d-%.31s", places[i], (int)getpid(),
			 name);
		if (mknod(made, S_IFBLK | 0600, dev))
			continue;
		ret = open_node(made, dev, flags);
		unlink(made);
		/* The open device itself has a name for child processes. */
		if (ret >= 0)
			snprintf(path, 64, "/proc/%d/fd/%d", (int)getpid(), ret);
	}
	*fd = ret < 0 ? -1 : ret;
	return ret < 0 ? ret : 0;
}

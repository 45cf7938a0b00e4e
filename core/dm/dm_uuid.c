/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who made a device: its UUID names the process, in a way that survives the reuse of numbers. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/dm/device.h"
#include "core/dm/dm_task.h"

/* When the process started, in ticks since boot (proc(5), field 22 of stat). */
static int start_time(long pid, uint64_t *ticks)
{
	char path[64], text[1024], *p;
	ssize_t n;
	int fd, i;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	/* It may end while it is being looked at. */
	if (n <= 0)
		return n < 0 ? -errno : -ESRCH;
	text[n] = '\0';
	/* Its name, in brackets, may contain anything. */
	p = strrchr(text, ')');
	for (i = 2; p && i < 22; i++)
		p = strchr(p + 1, ' ');
	return p && sscanf(p, " %" SCNu64, ticks) == 1 ? 0 : -EBADMSG;
}

/* Numbers of processes mean something in their own namespace only. */
static int pid_namespace(uint64_t *number)
{
	char text[64];
	ssize_t n = readlink("/proc/self/ns/pid", text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return sscanf(text, "pid:[%" SCNu64 "]", number) == 1 ? 0 : -EBADMSG;
}

int dm_uuid_new(unsigned count, char uuid[129])
{
	uint64_t space, ticks;
	int ret = pid_namespace(&space);

	if (!ret)
		ret = start_time((long)getpid(), &ticks);
	if (ret)
		return ret;
	snprintf(uuid, 129, DM_UUID_PREFIX "%" PRIu64 "-%ld-%" PRIu64 "-%u", space,
		 (long)getpid(), ticks, count);
	return 0;
}

enum dm_owner dm_uuid_owner(const char *uuid)
{
	uint64_t space, our_space, ticks, now_ticks;
	unsigned count;
	long pid;
	int end = -1, ret;

	if (sscanf(uuid, DM_UUID_PREFIX "%" SCNu64 "-%ld-%" SCNu64 "-%u%n", &space, &pid, &ticks,
		   &count, &end) != 4 ||
	    end < 0 || uuid[end] != '\0' || pid <= 0)
		return DM_OWNER_OTHERS;
	if (pid_namespace(&our_space) || space != our_space)
		return DM_OWNER_OTHERS;
	ret = start_time(pid, &now_ticks);
	if (ret == -ENOENT || ret == -ESRCH)
		return DM_OWNER_DEAD;
	if (ret)
		return DM_OWNER_ALIVE;
	if (now_ticks != ticks)
		return DM_OWNER_DEAD;
	return pid == (long)getpid() ? DM_OWNER_SELF : DM_OWNER_ALIVE;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Room for a file that nobody is to keep: in memory, or on a disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/view/copy.h"

#define TEMP_TMPFS 0x01021994
#define TEMP_RAMFS 0x858458f6
/* Left free on a disk that is not ours. */
#define TEMP_MARGIN (64ull << 20)

/* ---- memory ---- */

/* The number behind a word at the beginning of a line, in bytes; -1: none. */
static int64_t temp_meminfo(const char *word)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long long kib;
	int64_t bytes = -1;
	char line[120];

	while (f && bytes < 0 && fgets(line, sizeof(line), f))
		if (strncmp(line, word, strlen(word)) == 0 &&
		    sscanf(line + strlen(word), "%llu", &kib) == 1)
			bytes = (int64_t)(kib << 10);
	if (f)
		fclose(f);
	return bytes;
}

static int64_t temp_cgroup_number(const char *group, const char *name)
{
	unsigned long long bytes;
	char path[600];
	int64_t number = -1;
	FILE *f;

	if (snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s", group, name) >= (int)sizeof(path))
		return -1;
	f = fopen(path, "re");
	if (f && fscanf(f, "%llu", &bytes) == 1) /* "max" is none */
		number = (int64_t)min_u64(bytes, INT64_MAX);
	if (f)
		fclose(f);
	return number;
}

/* What the control groups that we are in leave: beyond that a process is killed. */
static uint64_t temp_cgroup_room(void)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[512], *group = NULL, *slash;
	uint64_t room = UINT64_MAX;

	while (f && !group && fgets(line, sizeof(line), f))
		if (strncmp(line, "0::", 3) == 0)
			group = line + 3;
	if (f)
		fclose(f);
	if (!group)
		return room;
	group[strcspn(group, "\n")] = '\0';
	for (;;) {
		int64_t most = temp_cgroup_number(group, "memory.max");
		int64_t now = temp_cgroup_number(group, "memory.current");

		if (most >= 0 && now >= 0)
			room = min_u64(room, (uint64_t)(most > now ? most - now : 0));
		slash = strrchr(group, '/');
		if (!slash || !group[0])
			return room;
		*slash = '\0';
	}
}

uint64_t view_memory_room(void)
{
	int64_t available = temp_meminfo("MemAvailable:");
	uint64_t room;

	if (available < 0)
		available = temp_meminfo("MemFree:");
	if (available < 0)
		available = 0;
	/* The other half is for what e2fsck itself keeps, and for everybody else. */
	room = min_u64((uint64_t)available, temp_cgroup_room()) / 2;
	return room;
}

/* ---- files ---- */

static bool temp_is_on(dev_t dev, const dev_t *not_on, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (not_on[i] == dev)
			return true;
	return false;
}

static int temp_make(const char *dir)
{
	char *path;
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* Not every file system has files without a name. */
	if (asprintf(&path, "%s/livemend-XXXXXX", dir) < 0)
		return -ENOMEM;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	else
		(void)unlink(path);
	free(path);
	return fd;
}

static int temp_on_disk(const char *dir, uint64_t need, const dev_t *not_on, size_t n,
			uint64_t *budget)
{
	struct statfs kind;
	struct statvfs room;
	struct stat st;
	uint64_t bytes;

	if (!dir || dir[0] != '/' || stat(dir, &st) < 0 || statfs(dir, &kind) < 0 ||
	    statvfs(dir, &room) < 0 || temp_is_on(st.st_dev, not_on, n))
		return -ENOSPC;
	/* That is memory, too. */
	if (kind.f_type == TEMP_TMPFS || (unsigned)kind.f_type == TEMP_RAMFS)
		return -ENOSPC;
	if (mul_overflows(room.f_bavail, room.f_frsize, &bytes))
		bytes = UINT64_MAX;
	if (bytes < TEMP_MARGIN || bytes - TEMP_MARGIN < need)
		return -ENOSPC;
	*budget = bytes - TEMP_MARGIN;
	return temp_make(dir);
}

int view_temp_file(uint64_t need, const dev_t *not_on, size_t n, int *fd, uint64_t *budget)
{
	const char *dirs[] = { getenv("TMPDIR"), "/var/tmp", "/tmp" };

	*budget = view_memory_room();
	*fd = *budget >= need ? memfd_create("livemend-copy", MFD_CLOEXEC) : -ENOSPC;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && *fd < 0; i++)
		*fd = temp_on_disk(dirs[i], need, not_on, n, budget);
	return *fd < 0 ? -ENOSPC : 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/view/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/child/child.h"
#include "core/error.h"
#include "core/text.h"
#include "core/view/view.h"

#define PREFIX   "livemend-"
#define TEMPLATE PREFIX "XXXXXX"

static bool is_capable(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data))
		return false;
	return data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN);
}

bool view_fuse_available(void)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char path[CHILD_PATH_MAX];

	if (fd < 0)
		return false;
	close(fd);
	if (is_capable())
		return true;
	/* Without that file it mounts, and then does not unmount. */
	return child_find("fusermount3", path) == 0 && access("/etc/mtab", R_OK) == 0;
}

/* ---- mounting ---- */

static int mount_by_kernel(const char *dir, bool writable, int *fd)
{
	char options[120];
	int ret;

	*fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (*fd < 0)
		return -errno;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u", *fd,
		 (unsigned)geteuid(), (unsigned)getegid());
	if (mount("livemend", dir, "fuse.livemend",
		  MS_NOSUID | MS_NODEV | (writable ? 0 : MS_RDONLY), options) == 0)
		return 0;
	ret = -errno;
	close(*fd);
	*fd = -1;
	return ret;
}

/* The same as the library does, but by an absolute path and with an environment of our own. */
static int mount_by_fusermount(const char *dir, bool writable, int *fd, char why[200])
{
	const char *const argv[] = { "fusermount3", "-o",
				     writable ? "rw,nosuid,nodev,fsname=livemend,subtype=livemend" :
						"ro,nosuid,nodev,fsname=livemend,subtype=livemend",
				     "--", dir, NULL };
	static const char *const env[] = { "_FUSE_COMMFD=3", NULL };
	struct child_job job = { .argv = argv, .env = env, .n_fds = 1 };
	struct child_end end;
	struct lm_error err;
	int ends[2], ret;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	job.fds = &ends[1];
	lm_error_clear(&err);
	ret = child_run(&job, &end, &err);
	close(ends[1]);
	*fd = ret == 0 && end.status == 0 ? child_receive_fd(ends[0]) : -1;
	close(ends[0]);
	if (*fd >= 0)
		return 0;
	text_printable(why, 200, end.last[0] ? end.last : err.why);
	return -EOPNOTSUPP;
}

int view_place_mount(const char *dir, bool writable, int *fd, char why[200])
{
	int ret = mount_by_kernel(dir, writable, fd);

	why[0] = '\0';
	if (ret != -EPERM && ret != -EACCES) {
		if (ret < 0)
			text_printable(why, 200, strerror(-ret));
		return ret < 0 ? -EOPNOTSUPP : 0;
	}
	return mount_by_fusermount(dir, writable, fd, why);
}

void view_place_unmount(const char *dir)
{
	const char *const argv[] = { "fusermount3", "-u", "-q", "-z", "--", dir, NULL };
	struct child_job job = { .argv = argv };

	if (umount2(dir, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		(void)child_run(&job, NULL, NULL);
}

/* ---- a directory ---- */

/* A mount whose server was killed can be told by its error. Best effort. */
static void remove_dead(const char *place)
{
	DIR *list = opendir(place);
	struct dirent *entry;

	if (!list)
		return;
	while ((entry = readdir(list))) {
		struct stat st;
		char *path;

		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0 ||
		    strlen(entry->d_name) != strlen(TEMPLATE) ||
		    asprintf(&path, "%s/%s", place, entry->d_name) < 0)
			continue;
		if (lstat(path, &st) && errno == ENOTCONN) {
			view_place_unmount(path);
			(void)rmdir(path);
		}
		free(path);
	}
	closedir(list);
}

/* A directory made there is written nowhere. */
static bool is_memory(const char *place)
{
	struct statfs fs;

	return statfs(place, &fs) == 0 &&
	       (fs.f_type == TMPFS_MAGIC || fs.f_type == (__typeof__(fs.f_type))RAMFS_MAGIC);
}

static bool is_same(const char *a, const struct stat *b)
{
	struct stat st;

	return stat(a, &st) == 0 && st.st_dev == b->st_dev && st.st_ino == b->st_ino;
}

/* Whether directory place is avoid or lies in it, however both are written. */
static bool lies_in(const char *place, const char *avoid)
{
	struct stat st;
	char *real, *slash;
	bool in = false;

	if (!avoid || stat(avoid, &st))
		return false;
	real = realpath(place, NULL);
	while (real && !(in = is_same(real, &st)) && (slash = strrchr(real, '/')) && slash != real)
		*slash = '\0';
	free(real);
	return in;
}

static int make_in(const char *place, char **dir)
{
	remove_dead(place);
	if (asprintf(dir, "%s/" TEMPLATE, place) < 0) {
		*dir = NULL;
		return -ENOMEM;
	}
	if (mkdtemp(*dir))
		return 0;
	free(*dir);
	*dir = NULL;
	return -EACCES;
}

int view_place_make(const char *avoid, char **dir)
{
	/* With a read-only root and nothing else mounted there still is /dev. */
	const char *places[] = { getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/run", "/tmp",
				 "/dev/shm", "/dev" };
	int ret = -EACCES;

	*dir = NULL;
	for (int memory = 1; memory >= 0; memory--) {
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			if (!places[i] || places[i][0] != '/' || is_memory(places[i]) != memory ||
			    lies_in(places[i], avoid))
				continue;
			ret = make_in(places[i], dir);
			if (ret != -EACCES)
				return ret;
		}
	}
	return ret;
}

int view_place_room(const char *dir, uint64_t *bytes)
{
	struct statvfs room;

	if (statvfs(dir, &room) < 0)
		return -errno;
	if (mul_overflows(room.f_bavail, room.f_frsize, bytes))
		*bytes = UINT64_MAX;
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/fs/fs_mounted.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fsmap.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#ifndef MOUNT_ATTR_RDONLY
#include <linux/mount.h> /* which some C libraries do not take in */
#endif
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/error.h"
#include "core/i18n.h"

#define MAP_AT_ONCE 1024u
#define EXTENTS     256u
/* Each level costs a descriptor; what lies deeper is passed over. */
#define MAX_DEPTH 256u
#define PATH_MOST 65536u

/* ---- the map ---- */

static int map_each(int top, struct fsmap_head *head, fs_mounted_map_fn fn, void *arg)
{
	uint64_t last = 0;
	uint32_t i;
	int ret;

	for (;;) {
		if (ioctl(top, FS_IOC_GETFSMAP, head) < 0)
			return errno == ENOTTY || errno == EINVAL || errno == ENOSYS ? -EOPNOTSUPP
										     : -errno;
		if (head->fmh_entries == 0)
			return 0;
		for (i = 0; i < head->fmh_entries; i++) {
			const struct fsmap *m = &head->fmh_recs[i];

			ret = fn(arg, m->fmr_owner, m->fmr_physical, m->fmr_length);
			if (ret)
				return ret;
		}
		/* Only a kernel that does not do what it should would go in circles. */
		if (head->fmh_recs[i - 1].fmr_flags & FMR_OF_LAST ||
		    head->fmh_recs[i - 1].fmr_physical < last)
			return 0;
		last = head->fmh_recs[i - 1].fmr_physical + 1;
		fsmap_advance(head);
	}
}

int fs_mounted_map(int top, fs_mounted_map_fn fn, void *arg)
{
	struct fsmap_head *head = calloc(1, fsmap_sizeof(MAP_AT_ONCE));
	int ret;

	if (!head)
		return -ENOMEM;
	head->fmh_count = MAP_AT_ONCE;
	head->fmh_keys[1] = (struct fsmap){.fmr_device = UINT32_MAX,
					   .fmr_flags = UINT32_MAX,
					   .fmr_physical = UINT64_MAX,
					   .fmr_owner = UINT64_MAX,
					   .fmr_offset = UINT64_MAX};
	ret = map_each(top, head, fn, arg);
	free(head);
	return ret;
}

/* ---- one file ---- */

struct walk {
	fs_mounted_fn fn;
	void *arg;
	dev_t dev;
	char *path;
	size_t len; /* of path */
	struct fiemap *map;
	bool refused; /* the file system has no FIEMAP */
};

static bool is_on_disk(const struct fiemap_extent *e)
{
	/* Not there yet, or in the inode: of that the inode tables are told already. */
	return e->fe_length > 0 &&
	       !(e->fe_flags & (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC |
				FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_NOT_ALIGNED));
}

static int ask_extents(struct walk *w, int fd, const char *path, bool is_dir, uint32_t flags,
		       uint64_t *bytes)
{
	struct fiemap *map = w->map;
	uint64_t from = 0;
	uint32_t i;
	int ret;

	for (;;) {
		const struct fiemap_extent *last;

		memset(map, 0, sizeof(*map));
		map->fm_start = from;
		map->fm_length = FIEMAP_MAX_OFFSET - from;
		map->fm_flags = flags;
		map->fm_extent_count = EXTENTS;
		if (ioctl(fd, FS_IOC_FIEMAP, map) < 0) {
			w->refused = errno == EOPNOTSUPP || errno == ENOTTY;
			return 0;
		}
		if (map->fm_mapped_extents == 0 || map->fm_mapped_extents > EXTENTS)
			return 0;
		for (i = 0; i < map->fm_mapped_extents; i++) {
			const struct fiemap_extent *e = &map->fm_extents[i];

			if (!is_on_disk(e))
				continue;
			*bytes += e->fe_length;
			ret = w->fn(w->arg, path, is_dir, e->fe_physical, e->fe_length);
			if (ret)
				return ret;
		}
		last = &map->fm_extents[i - 1];
		if (last->fe_flags & FIEMAP_EXTENT_LAST || last->fe_logical < from ||
		    last->fe_length == 0 || last->fe_logical > FIEMAP_MAX_OFFSET - last->fe_length)
			return 0;
		from = last->fe_logical + last->fe_length;
	}
}

static int ask_file(struct walk *w, int fd, const struct stat *st, const char *path)
{
	bool is_dir = S_ISDIR(st->st_mode);
	uint64_t bytes = 0;
	int ret = ask_extents(w, fd, path, is_dir, 0, &bytes);

	/* More than its content: attributes in a block of their own, perhaps. */
	if (ret == 0 && !w->refused && bytes < (uint64_t)st->st_blocks * 512) {
		ret = ask_extents(w, fd, path, is_dir, FIEMAP_FLAG_XATTR, &bytes);
		w->refused = false;
	}
	return ret;
}

/*
 * Opens what is behind an O_PATH descriptor, once it is known to be a directory
 * or a regular file of that file system. Negative errno; -EXDEV for others.
 */
static int open_known(const struct walk *w, int at, struct stat *st)
{
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOATIME | O_CLOEXEC, fd;
	char path[40];

	if (fstat(at, st) < 0)
		return -errno;
	if (st->st_dev != w->dev || (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)))
		return -EXDEV;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", at);
	fd = open(path, flags | (S_ISDIR(st->st_mode) ? O_DIRECTORY : 0));
	if (fd < 0) {
		lm_files_note(-errno);
		return -errno;
	}
	return fd;
}

/* ---- all files ---- */

static int open_entry(int dir, const char *name)
{
	const struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		lm_files_note(-errno);
		return -errno;
	}
	return fd;
}

static int walk_dir(struct walk *w, int fd, unsigned depth);

/* What is the matter with one entry is no reason to leave the others alone. */
static int walk_entry(struct walk *w, int dir, const char *name, unsigned depth)
{
	size_t len = w->len, more = strlen(name);
	struct stat st;
	int at, fd, ret = 0;

	if (w->len + more + 2 > PATH_MOST)
		return 0;
	at = open_entry(dir, name);
	if (at < 0)
		return 0;
	fd = open_known(w, at, &st);
	close(at);
	if (fd < 0)
		return 0;
	w->path[w->len++] = '/';
	memcpy(w->path + w->len, name, more + 1);
	w->len += more;
	if (st.st_blocks > 0)
		ret = ask_file(w, fd, &st, w->path);
	if (ret == 0 && !w->refused && S_ISDIR(st.st_mode) && depth < MAX_DEPTH)
		ret = walk_dir(w, fd, depth + 1);
	else
		close(fd);
	w->len = len;
	w->path[len] = '\0';
	return ret;
}

/* Closes fd. */
static int walk_dir(struct walk *w, int fd, unsigned depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int ret = 0;

	if (!dir) {
		close(fd);
		return 0;
	}
	while (ret == 0 && !w->refused) {
		e = readdir(dir);
		if (!e)
			break;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    (e->d_type != DT_REG && e->d_type != DT_DIR && e->d_type != DT_UNKNOWN))
			continue;
		ret = walk_entry(w, dirfd(dir), e->d_name, depth);
	}
	closedir(dir);
	return ret;
}

bool fs_mounted_may_walk(void)
{
	return geteuid() == 0 && access("/proc/self/fd", X_OK) == 0;
}

/*
 * The same mount once more, without what is mounted on it: what lies below
 * that is seen, and nothing can be opened there that does something.
 */
static int open_bare(int top)
{
#ifdef SYS_mount_setattr
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV |
					      MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID |
					      MOUNT_ATTR_NOATIME,
				  .attr_clr = MOUNT_ATTR__ATIME};
	int fd = (int)syscall(SYS_open_tree, top, "",
			      AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd >= 0 && syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0) {
		close(fd);
		fd = -1;
	}
	if (fd >= 0)
		return fd;
#endif
	return fcntl(top, F_DUPFD_CLOEXEC, 0);
}

static int walk_begin(struct walk *w, int top, fs_mounted_fn fn, void *arg)
{
	struct stat st;

	*w = (struct walk){.fn = fn, .arg = arg};
	if (fstat(top, &st) < 0)
		return -errno;
	w->dev = st.st_dev;
	w->path = malloc(PATH_MOST);
	w->map = malloc(sizeof(struct fiemap) + EXTENTS * sizeof(struct fiemap_extent));
	if (!w->path || !w->map)
		return -ENOMEM;
	w->path[0] = '\0';
	return 0;
}

static void walk_end(struct walk *w)
{
	free(w->path);
	free(w->map);
}

int fs_mounted_walk(int top, fs_mounted_fn fn, void *arg, struct lm_error *err)
{
	int bare = -1, fd = -1, ret;
	struct walk w;
	struct stat st;

	ret = walk_begin(&w, top, fn, arg);
	if (ret == 0) {
		bare = open_bare(top);
		fd = bare < 0 ? -errno : open_known(&w, bare, &st);
		ret = fd < 0 ? fd : ask_file(&w, fd, &st, "/");
	}
	if (ret == 0 && !w.refused) {
		ret = walk_dir(&w, fd, 0);
		fd = -1;
	}
	if (ret == 0 && w.refused)
		ret = -EOPNOTSUPP;
	if (fd >= 0)
		close(fd);
	if (bare >= 0)
		close(bare);
	walk_end(&w);
	if (ret < 0 && ret != -EOPNOTSUPP)
		lm_fail(err, ret, NULL, NULL, "%s",
			_("Asking the kernel where the files lie failed"));
	return ret;
}

/* ---- deleted, and still in use ---- */

static bool is_deleted_name(const char *target, ssize_t len)
{
	static const char tail[] = " (deleted)";
	size_t n = sizeof(tail) - 1;

	return len >= (ssize_t)n && memcmp(target + len - n, tail, n) == 0;
}

static int ask_deleted(struct walk *w, int dir, const char *name)
{
	char target[4096], path[32];
	struct stat st;
	int at, fd, ret = 0;

	if (!is_deleted_name(target, readlinkat(dir, name, target, sizeof(target))))
		return 0;
	/* Through the kernel's own link, which leads to the file itself. */
	at = openat(dir, name, O_PATH | O_CLOEXEC);
	if (at < 0) {
		lm_files_note(-errno);
		return 0;
	}
	fd = open_known(w, at, &st);
	close(at);
	if (fd < 0)
		return 0;
	snprintf(path, sizeof(path), "#%llu", (unsigned long long)st.st_ino);
	if (st.st_nlink == 0 && st.st_blocks > 0)
		ret = ask_file(w, fd, &st, path);
	close(fd);
	return ret;
}

static int deleted_of(struct walk *w, int proc, const char *pid, const char *sub)
{
	struct dirent *e;
	char path[300];
	DIR *dir;
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%.255s/%s", pid, sub);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (ret == 0 && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			ret = ask_deleted(w, dirfd(dir), e->d_name);
	closedir(dir);
	return ret;
}

int fs_mounted_deleted(int top, fs_mounted_fn fn, void *arg)
{
	struct dirent *e;
	struct walk w;
	DIR *proc = NULL;
	int ret = walk_begin(&w, top, fn, arg);

	if (ret == 0) {
		proc = opendir("/proc");
		ret = proc ? 0 : -errno;
	}
	while (ret == 0 && (e = readdir(proc))) {
		if (e->d_name[0] < '0' || e->d_name[0] > '9')
			continue;
		ret = deleted_of(&w, dirfd(proc), e->d_name, "fd");
		if (ret == 0)
			ret = deleted_of(&w, dirfd(proc), e->d_name, "map_files");
	}
	if (proc)
		closedir(proc);
	walk_end(&w);
	return ret;
}

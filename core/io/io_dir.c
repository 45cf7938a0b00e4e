/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A real directory as struct io. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/io/io.h"
#include "core/io/io_file.h"
#include "core/libc.h"

struct dir {
	struct io io;
	int fd;
};

static int top_of(struct io *io)
{
	return ((struct dir *)io)->fd;
}

/* Relative, and no component is "..": then nothing but a symbolic link could lead out. */
static bool is_beneath(const char *path)
{
	const char *p = path;

	if (*p == '/' || *p == '\0')
		return false;
	while (*p) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return false;
		p += n;
		p += *p == '/';
	}
	return true;
}

/* The same without openat2 (kernels before 5.6): each component by itself, no links followed. */
static int open_by_steps(int top, const char *path, int flags, mode_t mode)
{
	int at = top, fd = -1;

	for (;;) {
		size_t n = strcspn(path, "/");
		bool last = path[n] == '\0' || path[n + strspn(path + n, "/")] == '\0';
		char name[NAME_MAX + 1];

		if (n > NAME_MAX) {
			fd = -ENAMETOOLONG;
			break;
		}
		memcpy(name, path, n);
		name[n] = '\0';
		fd = openat(at, n ? name : ".",
			    last ? flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
			    last ? mode : 0);
		if (fd < 0)
			fd = -errno;
		if (fd < 0 || last)
			break;
		if (at != top)
			close(at);
		at = fd;
		path += n + strspn(path + n, "/");
	}
	if (at != top)
		close(at);
	return fd;
}

static int open_beneath(int top, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned long long)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	if (!is_beneath(path))
		return -EXDEV;
	do {
		fd = syscall(SYS_openat2, top, path, &how, sizeof(how));
	} while (fd < 0 && errno == EINTR);
	if (fd >= 0)
		return (int)fd;
	if (errno == ENOSYS || errno == EPERM)
		return open_by_steps(top, path, flags, mode);
	return -errno;
}

/* Opens the directory that holds path; *name is its last component. */
static int open_parent(int top, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char *parent;
	int fd;

	if (!is_beneath(path))
		return -EXDEV;
	*name = slash ? slash + 1 : path;
	if (!**name)
		return -EINVAL;
	if (!slash) {
		fd = fcntl(top, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	parent = strndup(path, (size_t)(slash - path));
	if (!parent)
		return -ENOMEM;
	fd = open_beneath(top, parent, O_PATH | O_DIRECTORY, 0);
	free(parent);
	return fd;
}

static int dir_open(struct io *io, const char *path, enum io_mode mode, struct io_file **file)
{
	int flags = io_open_flags(mode) | O_NOFOLLOW, at, fd;
	bool write = mode != IO_READ;

	if (flags & O_CREAT) {
		/* With O_EXCL: nothing that is there already is opened by this. */
		fd = open_beneath(top_of(io), path, flags, 0600);
		return fd < 0 ? fd : io_fd_created(fd, mode, file);
	}
	at = open_beneath(top_of(io), path, O_PATH | O_NOFOLLOW, 0);
	if (at < 0)
		return at;
	fd = io_fd_reopen(at, flags, write ? IO_ONE_NAME : 0);
	/* Without /proc: by its name again, and what was got is held against what was looked at. */
	if (fd == -ENOENT) {
		fd = open_beneath(top_of(io), path, flags, 0);
		fd = fd < 0 ? fd : io_fd_check_same(at, fd, write ? IO_ONE_NAME : 0);
	}
	close(at);
	return fd < 0 ? fd : io_fd_file(fd, file);
}

static int dir_stat(struct io *io, const char *path, struct io_stat *st)
{
	int fd = open_beneath(top_of(io), path, O_PATH | O_NOFOLLOW, 0), ret;

	if (fd < 0)
		return fd;
	ret = io_fd_stat(fd, st);
	close(fd);
	return ret;
}

static enum io_kind kind_of(int dir, const struct dirent *e)
{
	struct stat st;

	switch (e->d_type) {
	case DT_REG:
		return IO_REGULAR;
	case DT_DIR:
		return IO_DIRECTORY;
	case DT_BLK:
		return IO_BLOCKDEV;
	case DT_UNKNOWN:
		if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return S_ISREG(st.st_mode)   ? IO_REGULAR
			       : S_ISDIR(st.st_mode) ? IO_DIRECTORY
						     : IO_OTHER;
		return IO_OTHER;
	default:
		return IO_OTHER;
	}
}

static int dir_list(struct io *io, const char *path, io_list_fn fn, void *arg)
{
	int fd = open_beneath(top_of(io), path, O_RDONLY | O_DIRECTORY, 0), ret = 0;
	struct dirent *e;
	DIR *d;

	if (fd < 0)
		return fd;
	d = fdopendir(fd);
	if (!d) {
		ret = -errno;
		close(fd);
		return ret;
	}
	while (ret == 0) {
		errno = 0;
		e = readdir(d);
		if (!e) {
			ret = -errno;
			break;
		}
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			ret = fn(arg, e->d_name, kind_of(dirfd(d), e));
	}
	closedir(d);
	return ret;
}

static const char *fs_name(unsigned long magic)
{
	switch (magic) {
	case MSDOS_SUPER_MAGIC:
		return "vfat";
	case EXT4_SUPER_MAGIC:
		return "ext4";
	case ISOFS_SUPER_MAGIC:
		return "iso9660";
	case TMPFS_MAGIC:
		return "tmpfs";
	case BTRFS_SUPER_MAGIC:
		return "btrfs";
	case XFS_SUPER_MAGIC:
		return "xfs";
	case OVERLAYFS_SUPER_MAGIC:
		return "overlay";
	case F2FS_SUPER_MAGIC:
		return "f2fs";
	case FUSE_SUPER_MAGIC:
		return "fuse";
	case NFS_SUPER_MAGIC:
		return "nfs";
	case SQUASHFS_MAGIC:
		return "squashfs";
	case 0x2011bab0: /* EXFAT_SUPER_MAGIC, since Linux 5.7 */
		return "exfat";
	case 0x7366746e: /* ntfs3 */
		return "ntfs";
	case 0x15013346: /* UDF_SUPER_MAGIC */
		return "udf";
	default:
		return "unknown";
	}
}

static int dir_fsinfo(struct io *io, struct io_fsinfo *info)
{
	struct statvfs v;
	struct statfs s;

	memset(info, 0, sizeof(*info));
	if (fstatfs(top_of(io), &s) || fstatvfs(top_of(io), &v))
		return -errno;
	snprintf(info->fstype, sizeof(info->fstype), "%s", fs_name((unsigned long)s.f_type));
	info->size_bytes = (uint64_t)v.f_blocks * v.f_frsize;
	info->free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
	/* FAT, btrfs and others report no inodes at all: no limit. */
	info->inodes_free = v.f_files ? v.f_favail : UINT64_MAX;
	info->file_limit_bytes = s.f_type == MSDOS_SUPER_MAGIC ? UINT32_MAX : UINT64_MAX;
	info->readonly = (v.f_flag & ST_RDONLY) != 0;
	return 0;
}

static int make_dir(struct io *io, const char *path, mode_t mode)
{
	const char *name;
	int fd = open_parent(top_of(io), path, &name), ret;

	if (fd < 0)
		return fd;
	ret = mkdirat(fd, name, mode) ? -errno : 0;
	close(fd);
	return ret;
}

static int dir_mkdir(struct io *io, const char *path)
{
	return make_dir(io, path, 0755);
}

static int dir_mkdir_private(struct io *io, const char *path)
{
	return make_dir(io, path, 0700);
}

static int remove_at(struct io *io, const char *path, int flags)
{
	const char *name;
	int fd = open_parent(top_of(io), path, &name), ret;

	if (fd < 0)
		return fd;
	ret = unlinkat(fd, name, flags) ? -errno : 0;
	close(fd);
	return ret;
}

static int dir_unlink(struct io *io, const char *path)
{
	return remove_at(io, path, 0);
}

static int dir_rmdir(struct io *io, const char *path)
{
	return remove_at(io, path, AT_REMOVEDIR);
}

static int dir_rename(struct io *io, const char *from, const char *to, enum io_rename how)
{
	const char *from_name, *to_name;
	int from_fd, to_fd, ret;

	from_fd = open_parent(top_of(io), from, &from_name);
	if (from_fd < 0)
		return from_fd;
	to_fd = open_parent(top_of(io), to, &to_name);
	if (to_fd < 0) {
		close(from_fd);
		return to_fd;
	}
	ret = renameat2(from_fd, from_name, to_fd, to_name,
			how == IO_RENAME_EXCHANGE    ? RENAME_EXCHANGE
			: how == IO_RENAME_NOREPLACE ? RENAME_NOREPLACE
						     : 0)
		      ? -errno
		      : 0;
	close(to_fd);
	close(from_fd);
	return ret;
}

static int dir_sync_dir(struct io *io, const char *path)
{
	int fd = open_beneath(top_of(io), path, O_RDONLY | O_DIRECTORY, 0), ret;

	if (fd < 0)
		return fd;
	ret = fsync(fd) ? -errno : 0;
	/* Some network file systems know no fsync of a directory: all of it, then. */
	if (ret == -EINVAL)
		ret = syncfs(fd) ? -errno : 0;
	close(fd);
	return ret;
}

static int dir_sync_fs(struct io *io)
{
	return syncfs(top_of(io)) ? -errno : 0;
}

static void dir_close(struct io *io)
{
	close(top_of(io));
	free(io);
}

static const struct io_ops dir_ops = {
	.open = dir_open,
	.stat = dir_stat,
	.list = dir_list,
	.fsinfo = dir_fsinfo,
	.mkdir = dir_mkdir,
	.mkdir_private = dir_mkdir_private,
	.unlink = dir_unlink,
	.rmdir = dir_rmdir,
	.rename_files = dir_rename,
	.sync_dir = dir_sync_dir,
	.sync_fs = dir_sync_fs,
	.close = dir_close,
};

int io_dir_open(const char *path, struct io **io)
{
	struct dir *d = NULL;
	int fd;

	*io = NULL;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	d = calloc(1, sizeof(*d));
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	d->io.ops = &dir_ops;
	d->fd = fd;
	*io = &d->io;
	return 0;
}

int io_dir_open_readonly(const char *path, struct io **io)
{
	struct io *inner;
	int ret = io_dir_open(path, &inner);

	*io = NULL;
	if (ret)
		return ret;
	*io = io_readonly(inner);
	if (!*io) {
		io_close(inner);
		return -ENOMEM;
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plainfs SOURCE MOUNTPOINT refuse|ignore: SOURCE once more, by way of FUSE, as a file system that
 * knows no flags of renameat2(2): it refuses them (EINVAL), or takes them and replaces what is
 * there, as many do. For the kernel lab; runs in the foreground until it is unmounted.
 */
#define FUSE_USE_VERSION 31
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int top;
static bool ignores;

/* "." for the top. */
static const char *below(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int result(int ret)
{
	return ret < 0 ? -errno : 0;
}

static int p_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	return fi ? result(fstat((int)fi->fh, st)) :
		    result(fstatat(top, below(path), st, AT_SYMLINK_NOFOLLOW));
}

static int p_readdir(const char *path, void *buf, fuse_fill_dir_t fill, off_t off,
		     struct fuse_file_info *fi, enum fuse_readdir_flags flags)
{
	int fd = openat(top, below(path), O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	(void)off;
	(void)fi;
	(void)flags;
	if (!d)
		return -errno;
	while ((e = readdir(d)))
		fill(buf, e->d_name, NULL, 0, 0);
	closedir(d);
	return 0;
}

static int p_open(const char *path, struct fuse_file_info *fi)
{
	int fd = openat(top, below(path), fi->flags & ~O_NOFOLLOW);

	fi->fh = (uint64_t)fd;
	return result(fd);
}

static int p_create(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	int fd = openat(top, below(path), fi->flags, mode);

	fi->fh = (uint64_t)fd;
	return result(fd);
}

static int p_read(const char *path, char *buf, size_t len, off_t off, struct fuse_file_info *fi)
{
	ssize_t n = pread((int)fi->fh, buf, len, off);

	(void)path;
	return n < 0 ? -errno : (int)n;
}

static int p_write(const char *path, const char *buf, size_t len, off_t off,
		   struct fuse_file_info *fi)
{
	ssize_t n = pwrite((int)fi->fh, buf, len, off);

	(void)path;
	return n < 0 ? -errno : (int)n;
}

static int p_release(const char *path, struct fuse_file_info *fi)
{
	(void)path;
	return result(close((int)fi->fh));
}

static int p_fsync(const char *path, int data, struct fuse_file_info *fi)
{
	(void)path;
	(void)data;
	return result(fsync((int)fi->fh));
}

static int p_truncate(const char *path, off_t size, struct fuse_file_info *fi)
{
	int fd, ret;

	if (fi)
		return result(ftruncate((int)fi->fh, size));
	fd = openat(top, below(path), O_WRONLY);
	if (fd < 0)
		return -errno;
	ret = result(ftruncate(fd, size));
	close(fd);
	return ret;
}

static int p_rename(const char *from, const char *to, unsigned flags)
{
	if (flags && !ignores)
		return -EINVAL;
	return result(renameat(top, below(from), top, below(to)));
}

static int p_unlink(const char *path)
{
	return result(unlinkat(top, below(path), 0));
}

static int p_rmdir(const char *path)
{
	return result(unlinkat(top, below(path), AT_REMOVEDIR));
}

static int p_mkdir(const char *path, mode_t mode)
{
	return result(mkdirat(top, below(path), mode));
}

static int p_chmod(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	(void)fi;
	return result(fchmodat(top, below(path), mode, 0));
}

static int p_chown(const char *path, uid_t uid, gid_t gid, struct fuse_file_info *fi)
{
	(void)fi;
	return result(fchownat(top, below(path), uid, gid, AT_SYMLINK_NOFOLLOW));
}

static int p_utimens(const char *path, const struct timespec times[2], struct fuse_file_info *fi)
{
	(void)fi;
	return result(utimensat(top, below(path), times, AT_SYMLINK_NOFOLLOW));
}

static int p_statfs(const char *path, struct statvfs *st)
{
	(void)path;
	return result(fstatvfs(top, st));
}

static const struct fuse_operations calls = {
	.getattr = p_getattr,
	.readdir = p_readdir,
	.open = p_open,
	.create = p_create,
	.read = p_read,
	.write = p_write,
	.release = p_release,
	.fsync = p_fsync,
	.truncate = p_truncate,
	.rename = p_rename,
	.unlink = p_unlink,
	.rmdir = p_rmdir,
	.mkdir = p_mkdir,
	.chmod = p_chmod,
	.chown = p_chown,
	.utimens = p_utimens,
	.statfs = p_statfs,
};

int main(int argc, char **argv)
{
	char name[] = "plainfs", front[] = "-f", single[] = "-s", option[] = "-oallow_other";
	char *args[] = { name, front, single, option, argc > 2 ? argv[2] : NULL, NULL };

	if (argc != 4)
		return 2;
	ignores = strcmp(argv[3], "ignore") == 0;
	top = open(argv[1], O_RDONLY | O_DIRECTORY);
	if (top < 0) {
		perror(argv[1]);
		return 1;
	}
	return fuse_main(5, args, &calls, NULL);
}

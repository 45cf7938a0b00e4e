/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/io_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/io/io_attrs.h"
#include "core/libc.h"

struct fd_file {
	struct io_file file;
	int fd;
};

static int fd_of(struct io_file *file)
{
	return ((struct fd_file *)file)->fd;
}

static bool fits_off_t(uint64_t off, uint64_t len)
{
	uint64_t end;

	return !add_overflows(off, len, &end) && end <= INT64_MAX;
}

static ssize_t file_pread(struct io_file *file, void *buf, size_t len, uint64_t off)
{
	size_t done = 0;

	if (!fits_off_t(off, len))
		return -EINVAL;
	while (done < len) {
		ssize_t n = pread(fd_of(file), (char *)buf + done, len - done, (off_t)(off + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static int file_pwrite(struct io_file *file, const void *buf, size_t len, uint64_t off)
{
	size_t done = 0;

	if (!fits_off_t(off, len))
		return -EFBIG;
	while (done < len) {
		ssize_t n = pwrite(fd_of(file), (const char *)buf + done, len - done,
				   (off_t)(off + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		done += (size_t)n;
	}
	return 0;
}

static int file_set_attrs(struct io_file *file, const struct io_attrs *attrs)
{
	return io_fd_set_attrs(fd_of(file), attrs);
}

static int file_fsync(struct io_file *file)
{
	return fsync(fd_of(file)) ? -errno : 0;
}

static int file_truncate(struct io_file *file, uint64_t size)
{
	if (size > INT64_MAX)
		return -EFBIG;
	return ftruncate(fd_of(file), (off_t)size) ? -errno : 0;
}

static int write_zeros(struct io_file *file, uint64_t from, uint64_t to)
{
	static const char zeros[65536];

	while (from < to) {
		size_t n = (size_t)min_u64(to - from, sizeof(zeros));
		int ret = file_pwrite(file, zeros, n, from);

		if (ret)
			return ret;
		from += n;
	}
	return 0;
}

/*
 * For file systems without fallocate (vfat): what is beyond the end is written
 * as zeros, and so are holes, which such file systems rarely have.
 */
static int allocate_by_writing(struct io_file *file, uint64_t off, uint64_t end)
{
	int fd = fd_of(file);
	struct stat st;
	uint64_t size;

	if (fstat(fd, &st))
		return -errno;
	size = (uint64_t)st.st_size;
	while (off < end && off < size) {
		off_t hole = lseek(fd, (off_t)off, SEEK_HOLE), data;
		uint64_t to;
		int ret;

		if (hole < 0)
			return errno == EINVAL || errno == EOPNOTSUPP ? 0 : -errno;
		if ((uint64_t)hole >= size || (uint64_t)hole >= end)
			break;
		data = lseek(fd, hole, SEEK_DATA);
		if (data < 0 && errno != ENXIO)
			return -errno;
		to = data < 0 ? size : (uint64_t)data;
		ret = write_zeros(file, (uint64_t)hole, min_u64(to, end));
		if (ret)
			return ret;
		off = to;
	}
	return end > size ? write_zeros(file, size, end) : 0;
}

static int file_allocate(struct io_file *file, uint64_t off, uint64_t len)
{
	int ret;

	if (!fits_off_t(off, len))
		return -EFBIG;
	if (len == 0)
		return 0;
	do {
		ret = fallocate(fd_of(file), 0, (off_t)off, (off_t)len) ? -errno : 0;
	} while (ret == -EINTR);
	if (ret == -EOPNOTSUPP || ret == -ENOSYS)
		ret = allocate_by_writing(file, off, off + len);
	return ret;
}

static int file_drop_cache(struct io_file *file)
{
	posix_fadvise(fd_of(file), 0, 0, POSIX_FADV_DONTNEED);
	return 0;
}

int io_fd_stat(int fd, struct io_stat *st)
{
	struct statx sx;
	struct stat s;

	memset(st, 0, sizeof(*st));
	if (fstat(fd, &s))
		return -errno;
	st->kind = S_ISREG(s.st_mode)   ? IO_REGULAR
		   : S_ISDIR(s.st_mode) ? IO_DIRECTORY
		   : S_ISBLK(s.st_mode) ? IO_BLOCKDEV
					: IO_OTHER;
	st->size_bytes = (uint64_t)s.st_size;
	st->on_disk_bytes = (uint64_t)s.st_blocks * 512;
	st->dev = s.st_dev;
	st->ino = s.st_ino;
	st->links = (uint32_t)s.st_nlink;
	st->mtime = s.st_mtime;
	st->mtime_nsec = (uint32_t)s.st_mtim.tv_nsec;
	if (st->kind == IO_BLOCKDEV) {
		off_t end = lseek(fd, 0, SEEK_END);

		/* O_PATH descriptors have no length; the caller asked for less then. */
		st->size_bytes = end < 0 ? 0 : (uint64_t)end;
		st->on_disk_bytes = st->size_bytes;
	}
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &sx) == 0 && sx.stx_mask & STATX_BTIME)
		st->btime = sx.stx_btime.tv_sec;
	return 0;
}

static int file_fstat(struct io_file *file, struct io_stat *st)
{
	return io_fd_stat(fd_of(file), st);
}

static int file_lock(struct io_file *file)
{
	return flock(fd_of(file), LOCK_EX | LOCK_NB) ? -errno : 0;
}

static int file_close(struct io_file *file)
{
	int ret = close(fd_of(file)) ? -errno : 0;

	free(file);
	return ret;
}

static const struct io_ops fd_file_ops = {
	.pread = file_pread,
	.pwrite = file_pwrite,
	.fsync = file_fsync,
	.truncate = file_truncate,
	.set_attrs = file_set_attrs,
	.allocate = file_allocate,
	.drop_cache = file_drop_cache,
	.fstat = file_fstat,
	.lock = file_lock,
	.file_close = file_close,
	.fd = fd_of,
};

int io_fd_file(int fd, struct io_file **file)
{
	struct fd_file *f = calloc(1, sizeof(*f));

	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	f->file.ops = &fd_file_ops;
	f->fd = fd;
	*file = &f->file;
	return 0;
}

int io_fd_created(int fd, enum io_mode mode, struct io_file **file)
{
	struct io_attrs attrs = { .mode = mode == IO_CREATE_PUBLIC ? 0644 : 0600 };
	int ret = io_fd_set_attrs(fd, &attrs);

	if (ret < 0) {
		close(fd);
		return ret;
	}
	return io_fd_file(fd, file);
}

int io_open_flags(enum io_mode mode)
{
	int flags = O_CLOEXEC | O_NOCTTY;

	switch (mode) {
	case IO_READ:
		return flags | O_RDONLY | O_NONBLOCK; /* a FIFO must not hang us */
	case IO_WRITE:
		return flags | O_RDWR | O_NONBLOCK;
	case IO_CREATE:
	case IO_CREATE_PUBLIC:
		return flags | O_RDWR | O_CREAT | O_EXCL;
	}
	return flags;
}

static int check_kind(const struct stat *st, unsigned which)
{
	if (S_ISDIR(st->st_mode))
		return -EISDIR;
	if (S_ISLNK(st->st_mode))
		return -ELOOP;
	if (!S_ISREG(st->st_mode) && !(which & IO_BLOCK_TOO && S_ISBLK(st->st_mode)))
		return -ENOSTR;
	return which & IO_ONE_NAME && st->st_nlink > 1 ? -EMLINK : 0;
}

int io_fd_check_same(int fd, int used, unsigned which)
{
	struct stat a, b;
	int ret = fstat(fd, &a) || fstat(used, &b) ? -errno : check_kind(&b, which);

	if (ret == 0 && (a.st_dev != b.st_dev || a.st_ino != b.st_ino))
		ret = -ESTALE;
	if (ret == 0)
		return used;
	close(used);
	return ret;
}

int io_fd_reopen(int fd, int flags, unsigned which)
{
	char path[40];
	struct stat st;
	int ret = fstat(fd, &st) ? -errno : check_kind(&st, which), used;

	if (ret < 0)
		return ret;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	do {
		used = open(path, flags & ~O_NOFOLLOW);
	} while (used < 0 && errno == EINTR);
	if (used < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	return io_fd_check_same(fd, used, which);
}

int io_path_open(const char *path, enum io_mode mode, struct io_file **file)
{
	int flags = io_open_flags(mode), at, fd;

	*file = NULL;
	if (flags & O_CREAT) {
		fd = open(path, flags, 0600);
		return fd < 0 ? -errno : io_fd_created(fd, mode, file);
	}
	at = open(path, O_PATH | O_CLOEXEC);
	if (at < 0)
		return -errno;
	fd = io_fd_reopen(at, flags, IO_BLOCK_TOO);
	if (fd == -ENOENT) {
		fd = open(path, flags);
		fd = fd < 0 ? -errno : io_fd_check_same(at, fd, IO_BLOCK_TOO);
	}
	close(at);
	return fd < 0 ? fd : io_fd_file(fd, file);
}

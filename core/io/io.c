/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/io.h"

#include <errno.h>

#include "core/error.h"

int io_open(struct io *io, const char *path, enum io_mode mode, struct io_file **file)
{
	int ret;

	*file = NULL;
	ret = io->ops->open(io, path, mode, file);
	lm_files_note(ret);
	return ret;
}

int io_stat(struct io *io, const char *path, struct io_stat *st)
{
	int ret = io->ops->stat(io, path, st);

	lm_files_note(ret);
	return ret;
}

int io_list(struct io *io, const char *path, io_list_fn fn, void *arg)
{
	int ret = io->ops->list(io, path, fn, arg);

	lm_files_note(ret);
	return ret;
}

int io_fsinfo(struct io *io, struct io_fsinfo *info)
{
	return io->ops->fsinfo(io, info);
}

int io_mkdir(struct io *io, const char *path)
{
	return io->ops->mkdir ? io->ops->mkdir(io, path) : -EROFS;
}

int io_mkdir_private(struct io *io, const char *path)
{
	return io->ops->mkdir_private ? io->ops->mkdir_private(io, path) : -EROFS;
}

int io_unlink(struct io *io, const char *path)
{
	return io->ops->unlink ? io->ops->unlink(io, path) : -EROFS;
}

int io_rmdir(struct io *io, const char *path)
{
	return io->ops->rmdir ? io->ops->rmdir(io, path) : -EROFS;
}

int io_rename(struct io *io, const char *from, const char *to, enum io_rename how)
{
	return io->ops->rename_files ? io->ops->rename_files(io, from, to, how) : -EROFS;
}

int io_sync_dir(struct io *io, const char *path)
{
	return io->ops->sync_dir ? io->ops->sync_dir(io, path) : -EROFS;
}

int io_sync_fs(struct io *io)
{
	return io->ops->sync_fs ? io->ops->sync_fs(io) : -EROFS;
}

void io_close(struct io *io)
{
	if (io)
		io->ops->close(io);
}

ssize_t io_pread(struct io_file *file, void *buf, size_t len, uint64_t off)
{
	return file->ops->pread(file, buf, len, off);
}

int io_pwrite(struct io_file *file, const void *buf, size_t len, uint64_t off)
{
	return file->ops->pwrite ? file->ops->pwrite(file, buf, len, off) : -EROFS;
}

int io_fsync(struct io_file *file)
{
	return file->ops->fsync ? file->ops->fsync(file) : 0;
}

int io_truncate(struct io_file *file, uint64_t size)
{
	return file->ops->truncate ? file->ops->truncate(file, size) : -EROFS;
}

int io_set_attrs(struct io_file *file, const struct io_attrs *attrs)
{
	return file->ops->set_attrs ? file->ops->set_attrs(file, attrs) : -EROFS;
}

int io_allocate(struct io_file *file, uint64_t off, uint64_t len)
{
	return file->ops->allocate ? file->ops->allocate(file, off, len) : -EROFS;
}

int io_drop_cache(struct io_file *file)
{
	return file->ops->drop_cache ? file->ops->drop_cache(file) : 0;
}

int io_fstat(struct io_file *file, struct io_stat *st)
{
	return file->ops->fstat(file, st);
}

int io_lock(struct io_file *file)
{
	return file->ops->lock ? file->ops->lock(file) : -EOPNOTSUPP;
}

int io_file_close(struct io_file *file)
{
	return file ? file->ops->file_close(file) : 0;
}

int io_fd(struct io_file *file)
{
	return file->ops->fd ? file->ops->fd(file) : -1;
}

int io_read_full(struct io_file *file, void *buf, size_t len, uint64_t off)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = io_pread(file, (char *)buf + done, len - done, off + done);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return -ENODATA;
		done += (size_t)n;
	}
	return 0;
}

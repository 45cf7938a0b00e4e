/* SPDX-License-Identifier: GPL-3.0-or-later */
/* io_replace.c - see io_replace.h for the sequences and why they are what they are */
#include "core/io/io_replace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "core/error.h"
#include "core/i18n.h"

static bool kernel_at_least(unsigned major, unsigned minor)
{
	struct utsname u;
	unsigned a, b;

	if (uname(&u) != 0 || sscanf(u.release, "%u.%u", &a, &b) != 2)
		return false;
	return a > major || (a == major && b >= minor);
}

bool io_replace_can_exchange(const struct io_fsinfo *info)
{
	static const char *const can[] = { "ext4", "btrfs", "xfs", "f2fs", "tmpfs", "overlay" };

	if (strcmp(info->fstype, "vfat") == 0)
		return kernel_at_least(6, 0);
	for (size_t i = 0; i < sizeof(can) / sizeof(can[0]); i++) {
		if (strcmp(info->fstype, can[i]) == 0)
			return true;
	}
	return false;
}

/* fsync sends the flush to the device; on vfat syncfs() does not. */
static int sync_file(struct io *io, const char *path)
{
	struct io_file *file;
	int ret, closed;

	ret = io_open(io, path, IO_READ, &file);
	if (ret < 0)
		return ret;
	ret = io_fsync(file);
	closed = io_file_close(file);
	return ret < 0 ? ret : closed;
}

/* The file system, or the kernel, does not know the flag. */
static bool is_unknown(int ret)
{
	return ret == -EINVAL || ret == -ENOSYS || ret == -EOPNOTSUPP || ret == -ENOTTY;
}

static int exchange(struct io *io, const char *dir, const char *fresh, const char *name,
		    bool *cannot)
{
	int ret = io_rename(io, fresh, name, IO_RENAME_EXCHANGE);

	*cannot = is_unknown(ret);
	/* Both directory entries go into the buffers together before any of them is flushed. */
	if (ret == 0)
		ret = io_sync_fs(io);
	if (ret == 0)
		ret = sync_file(io, name);
	if (ret == 0)
		ret = sync_file(io, fresh);
	if (ret == 0)
		ret = io_sync_dir(io, dir);
	return ret;
}

static int rename_free(struct io *io, const char *from, const char *to)
{
	struct io_stat st;
	int ret = io_stat(io, to, &st);

	/* Looked at in any case: not all that take the flag heed it. */
	if (ret != -ENOENT)
		return ret < 0 ? ret : -EEXIST;
	ret = io_rename(io, from, to, IO_RENAME_NOREPLACE);
	return is_unknown(ret) ? io_rename(io, from, to, IO_RENAME_PLAIN) : ret;
}

static int move(struct io *io, const char *dir, const char *from, const char *to)
{
	int ret = rename_free(io, from, to);

	if (ret == 0)
		ret = sync_file(io, to);
	if (ret == 0)
		ret = io_sync_dir(io, dir);
	return ret;
}

int io_replace(struct io *io, const char *dir, const char *fresh, const char *name,
	       const char *aside, bool *was_aside, struct lm_error *err)
{
	struct io_fsinfo info;
	bool cannot = false;
	int ret = io_fsinfo(io, &info);

	if (ret == 0) {
		cannot = !io_replace_can_exchange(&info);
		if (!cannot)
			ret = exchange(io, dir, fresh, name, &cannot);
	}
	if (was_aside)
		*was_aside = cannot;
	if (cannot) {
		ret = move(io, dir, name, aside);
		if (ret == 0)
			ret = move(io, dir, fresh, name);
		if (ret == 0)
			ret = move(io, dir, aside, fresh);
	}
	if (ret < 0)
		return lm_fail(err, ret, name, NULL, "%s",
			       _("Exchanging the old file for the new one failed"));
	return 0;
}

int io_replace_move(struct io *io, const char *dir, const char *from, const char *to,
		    struct lm_error *err)
{
	int ret = move(io, dir, from, to);

	return ret < 0 ? lm_fail(err, ret, from, NULL, "%s", _("Renaming a file failed")) : 0;
}

int io_replace_remove(struct io *io, const char *dir, const char *path, struct lm_error *err)
{
	struct io_stat st;
	int ret = io_stat(io, path, &st);

	/* First, because where nothing can be written unlink() does not say that it is not there. */
	if (ret == 0)
		ret = io_unlink(io, path);
	if (ret == 0)
		ret = io_sync_dir(io, dir);
	if (ret == -ENOENT)
		return 0;
	return ret < 0 ? lm_fail(err, ret, path, NULL, "%s", _("Removing a file failed")) : 0;
}

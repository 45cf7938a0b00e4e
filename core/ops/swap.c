/* SPDX-License-Identifier: GPL-3.0-or-later */
/* swap.c - see swap.h */
#include "core/ops/swap.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/fs.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_replace.h"

/* The first device block of a file on FAT; -errno where it cannot be told (only root may ask). */
static int first_block(struct io *io, const char *path, int *block)
{
	struct io_file *file;
	int ret = io_open(io, path, IO_READ, &file);

	if (ret < 0)
		return ret;
	*block = 0;
	ret = io_fd(file) < 0 ? -EOPNOTSUPP : 0;
	if (ret == 0 && ioctl(io_fd(file), FIBMAP, block) != 0)
		ret = -errno;
	io_file_close(file);
	return ret;
}

static int identify_as(struct session *s, const char *path, bool overlay, struct record_id *id,
		       struct lm_error *err)
{
	return overlay ? record_identify_overlay(s->rw.io, path, id, NULL, err) :
			 record_identify(s->rw.io, path, id, err);
}

static int is_same_content(struct session *s, const char *path, const char *good, bool *same,
			   struct lm_error *err)
{
	bool overlay = strcmp(good, s->overlay) == 0;
	struct record_id left, base;
	int ret = identify_as(s, path, overlay, &left, err);

	if (ret == 0)
		ret = identify_as(s, good, overlay, &base, err);
	*same = ret == 0 && record_same(&left, &base);
	return ret;
}

int swap_remove_beside(struct session *s, const char *path, const char *good, struct lm_error *err)
{
	struct io_stat left, base;
	struct io_fsinfo info;
	bool same = false;
	int a, b, ret;

	ret = io_stat(s->rw.io, path, &left);
	if (ret == -ENOENT)
		return 0;
	if (ret == 0)
		ret = io_stat(s->rw.io, good, &base);
	if (ret == 0)
		ret = io_fsinfo(s->rw.io, &info);
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Removing a file failed"));
	/*
	 * A cut during the exchange on FAT can leave both names on the same
	 * clusters. Removing one would free them under the other. The content is
	 * only looked at if it may be so: a file that was being written when it
	 * was cut may be longer than its chain of clusters, and reading beyond
	 * that makes the kernel turn the whole stick read-only.
	 */
	if (strcmp(info.fstype, "vfat") == 0 && left.size_bytes == base.size_bytes) {
		ret = is_same_content(s, path, good, &same, err);
		if (ret < 0)
			return ret;
	}
	if (same) {
		ret = first_block(s->rw.io, good, &a);
		if (ret == 0)
			ret = first_block(s->rw.io, path, &b);
		if (ret < 0 || a == b) {
			ctx_log(s->ctx, LM_LOG_WARN,
				_("%s is left alone: it may share its clusters with the image. "
				  "Unmount the stick and run fsck.vfat -n on it"),
				path);
			return 0;
		}
	}
	return io_replace_remove(s->rw.io, s->dir, path, err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stores in memory beneath and above an attached stick. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/ctx.h"
#include "core/dm/scratch.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_file.h"

/* ---- an overlay as if its header said that it is valid ---- */

struct dm_as_valid {
	struct dm_loopdev *head;
	struct dm_dev *dev;
};

static int copy_head(struct io_file *overlay, size_t chunk_bytes, int *fd)
{
	unsigned char *chunk = malloc(chunk_bytes);
	int ret = chunk ? io_read_full(overlay, chunk, chunk_bytes, 0) : -ENOMEM;

	*fd = -1;
	if (ret < 0)
		goto out;
	put_le32(chunk + 4, 1);
	*fd = memfd_create("livemend-header", MFD_CLOEXEC);
	if (*fd < 0)
		ret = -errno;
	else if (write(*fd, chunk, chunk_bytes) != (ssize_t)chunk_bytes)
		ret = -EIO;
out:
	free(chunk);
	return ret;
}

int dm_as_valid_open(const struct lm_ctx *ctx, struct io_file *overlay, const char *name,
		     const struct dm_loopdev *loop, uint64_t chunk_sectors,
		     struct dm_as_valid **as_valid, struct lm_error *err)
{
	struct dm_as_valid *v = calloc(1, sizeof(*v));
	struct dm_target t[2];
	int fd = -1, ret = v ? copy_head(overlay, (size_t)chunk_sectors * 512, &fd) : -ENOMEM;

	*as_valid = NULL;
	if (ret < 0) {
		lm_fail(err, ret, name, NULL, "%s", _("The overlay cannot be given to the kernel"));
		goto out;
	}
	ret = dm_loop_attach(ctx, fd, name, 0, 0, DM_LOOP_READONLY, &v->head, err);
	if (ret < 0)
		goto out;
	ret = dm_target_linear(&t[0], chunk_sectors, v->head->devno, 0);
	if (ret == 0)
		ret = dm_target_linear(&t[1], loop->sectors - chunk_sectors, loop->devno,
				       chunk_sectors);
	if (ret < 0) {
		lm_fail(err, ret, name, NULL, "%s", _("The overlay cannot be given to the kernel"));
		goto out;
	}
	t[1].start = chunk_sectors;
	ret = dm_dev_create(ctx, "valid", t, 2, DM_DEV_READONLY, &v->dev, err);
out:
	if (fd >= 0)
		close(fd);
	if (ret < 0) {
		dm_as_valid_close(v, NULL);
		return ret;
	}
	*as_valid = v;
	return 0;
}

dev_t dm_as_valid_devno(const struct dm_as_valid *v)
{
	return v->dev->devno;
}

int dm_as_valid_close(struct dm_as_valid *v, struct lm_error *err)
{
	int ret;

	if (!v)
		return 0;
	ret = dm_dev_remove(v->dev, err);
	dm_loop_detach(v->head);
	free(v);
	return ret;
}

/* ---- a store in memory that takes what is written ---- */

struct dm_scratch {
	struct dm_loopdev *loop;
	struct dm_dev *dev;
};

int dm_scratch_open(const struct dm_dev *under, struct io_file *store, uint64_t chunk_sectors,
		    struct dm_scratch **scratch, struct lm_error *err)
{
	const struct lm_ctx *ctx = under->ctx;
	struct dm_scratch *s = calloc(1, sizeof(*s));
	struct dm_target t;
	int ret = s ? 0 : lm_fail(err, -ENOMEM, NULL, NULL, "%s",
				  _("Making room in memory for repairs failed"));

	*scratch = NULL;
	if (ret == 0)
		ret = dm_loop_attach_file(ctx, store, _("memory"), 0, &s->loop, err);
	if (ret < 0)
		goto out;
	ret = dm_target_snapshot(&t, under->sectors, under->devno, s->loop->devno, chunk_sectors,
				 false);
	if (ret < 0)
		lm_fail(err, ret, NULL, NULL, "%s", _("Making room in memory for repairs failed"));
	else
		ret = dm_dev_create(ctx, "repair", &t, 1, 0, &s->dev, err);
out:
	if (ret < 0) {
		dm_scratch_close(s, NULL);
		return ret;
	}
	*scratch = s;
	return 0;
}

const char *dm_scratch_path(const struct dm_scratch *scratch)
{
	return scratch->dev->path;
}

int dm_scratch_close(struct dm_scratch *s, struct lm_error *err)
{
	int ret = 0, gone;

	if (!s)
		return 0;
	if (s->dev && s->dev->fd >= 0 && fsync(s->dev->fd) != 0)
		ret = lm_fail(err, -errno, s->dev->name, NULL, "%s",
			      _("Making room in memory for repairs failed"));
	gone = dm_dev_remove(s->dev, ret < 0 ? NULL : err);
	dm_loop_detach(s->loop);
	free(s);
	return ret < 0 ? ret : gone;
}

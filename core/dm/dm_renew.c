/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A snapshot that took too much is replaced by one on the same, larger file. */
#include "core/dm/renew.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "core/dm/device.h"
#include "core/dm/dm_task.h"
#include "core/dm/loop.h"
#include "core/error.h"
#include "core/i18n.h"

static int refuse(struct lm_error *err, int code, const char *on, const char *why)
{
	return lm_refuse(err, code, on, NULL, why, "%s",
			 _("The overlay in use cannot be given more room"));
}

/* The one target of the device, with its table. */
static int read_table(const struct lm_ctx *ctx, const char *name, uint64_t *sectors, dev_t *base,
		      dev_t *cow, uint64_t *chunk)
{
	struct dm_task *task;
	uint64_t start, length;
	char *type, *params;
	void *next;
	int ret;

	dm_say_begin(ctx);
	task = dm_task_by_name(DM_DEVICE_TABLE, name);
	ret = task ? dm_task_ask(task) : -ENOMEM;
	if (!ret) {
		next = dm_get_next_target(task, NULL, &start, &length, &type, &params);
		if (next || !type || start || strcmp(type, "snapshot") != 0 ||
		    dm_parse_snapshot_table(params, base, cow, chunk))
			ret = -EOPNOTSUPP;
		*sectors = length;
	}
	if (task)
		dm_task_destroy(task);
	dm_say_end();
	return ret;
}

int dm_parse_snapshot_table(const char *params, dev_t *base, dev_t *cow, uint64_t *chunk_sectors)
{
	unsigned a, b, c, d;
	char flag[3], again[96];
	uint64_t chunk;

	*base = *cow = 0;
	*chunk_sectors = 0;
	if (sscanf(params, "%u:%u %u:%u %2[PO] %" SCNu64, &a, &b, &c, &d, flag, &chunk) != 6 ||
	    (strcmp(flag, "P") != 0 && strcmp(flag, "PO") != 0))
		return -EBADMSG;
	/* Nothing before, between or behind that sscanf() would have passed over. */
	snprintf(again, sizeof(again), "%u:%u %u:%u %s %" PRIu64, a, b, c, d, flag, chunk);
	if (strcmp(again, params) != 0 || a > 0xfff || c > 0xfff || b > 0xfffff || d > 0xfffff)
		return -EBADMSG;
	*base = makedev(a, b);
	*cow = makedev(c, d);
	*chunk_sectors = chunk;
	return 0;
}

static int check_state(const struct lm_ctx *ctx, const char *name, struct lm_error *err)
{
	struct dm_snapshot_status s;
	int ret = dm_snapshot_status(ctx, name, &s, err);

	/* Any other store may be changing at this moment, and must not be read a second time. */
	if (!ret && s.state != LM_STATE_OVERFLOW && s.state != LM_STATE_INVALID)
		ret = refuse(err, -EALREADY, name, _("it still takes what is written to it"));
	return ret;
}

static int check_table(const struct lm_ctx *ctx, const char *name, struct io_file *file,
		       const char *path, struct dm_target *table, dev_t *base, dev_t *cow,
		       uint64_t *chunk, struct lm_error *err)
{
	uint64_t sectors = 0;
	struct io_stat st;
	int ret = read_table(ctx, name, &sectors, base, cow, chunk);

	if (ret == -EOPNOTSUPP)
		return refuse(err, ret, name, _("it is no plain persistent snapshot"));
	if (!ret)
		ret = io_fstat(file, &st);
	if (ret)
		return lm_fail(err, ret, name, NULL, "%s", _("Reading the device's table failed"));
	if (dm_loop_is_on(*cow, st.dev, st.ino) != 1)
		return refuse(err, -ESTALE, path, _("the device uses another file"));
	/* That the kernel could take it is known; its place is filled in later. */
	ret = dm_target_snapshot(table, sectors, *base, *cow, *chunk, false);
	return ret ? refuse(err, ret, name, _("its chunk size makes no sense")) : 0;
}

int dm_renew_overlay(const struct lm_ctx *ctx, const char *dm_name, struct io_file *file,
		     const char *path, struct dm_snapshot_status *now, struct lm_error *err)
{
	struct dm_snapshot_status s = { 0 };
	struct dm_loopdev *loop = NULL;
	struct dm_dev *dev = NULL;
	struct dm_target table;
	dev_t base = 0, cow = 0;
	uint64_t chunk = 0;
	int ret;

	ret = check_state(ctx, dm_name, err);
	if (!ret)
		ret = check_table(ctx, dm_name, file, path, &table, &base, &cow, &chunk, err);
	if (!ret)
		ret = dm_loop_attach_file(ctx, file, path, 0, &loop, err);
	if (!ret && loop->readonly)
		ret = refuse(err, -EROFS, path, _("the overlay cannot be written to"));
	if (!ret)
		ret = dm_target_snapshot(&table, table.length, base, loop->devno, chunk, false);
	if (!ret)
		ret = dm_dev_find(ctx, dm_name, &dev, err);
	/* What is waiting to be written is to find the new room: nothing is flushed before. */
	if (!ret)
		ret = dm_dev_swap(dev, &table, 1, DM_SWAP_NOFREEZE, err);
	dm_dev_remove(dev, NULL);
	if (!ret) {
		dm_loop_clear(cow);
		ret = dm_snapshot_status(ctx, dm_name, &s, err);
	}
	dm_loop_detach(loop);
	if (!ret && s.state != LM_STATE_ACTIVE)
		ret = lm_fail(err, -EIO, dm_name, NULL, "%s",
			      _("The overlay still takes nothing"));
	if (now)
		*now = s;
	return ret;
}

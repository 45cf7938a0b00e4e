/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stick's base and overlay as one block device of the kernel's. */
#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/ctx.h"
#include "core/stick/stick_attach.h"
#include "core/dm/engine.h"
#include "core/dm/scratch.h"
#include "core/error.h"
#include "core/i18n.h"

/* The SquashFS that holds the base, mounted where nobody else sees it. */
struct inside {
	struct dm_loopdev *loop;
	int mount;
	struct io *io;
};

static int refuse(struct lm_error *err, int code, const char *on, const char *why, const char *help)
{
	return lm_refuse(err, code, on, help, why, "%s",
			 _("The stick cannot be given to the kernel"));
}

static int open_failed(struct lm_error *err, int ret, const char *on)
{
	return lm_fail(err, ret, on, NULL, "%s", _("Opening the file failed"));
}

/* -------------------------------------------------------- what stands against it -- */

static int check_store(const struct stick_pair *s, const struct stick_look *look, unsigned flags,
		       struct lm_error *err)
{
	const char *path = s->overlay->path;
	const struct cow_info *info;

	if (s->overlay->kind != LM_OVERLAY_DM_SNAPSHOT)
		return refuse(err, -EOPNOTSUPP, path,
			      _("this overlay is no dm-snapshot store, device-mapper has nothing "
				"to do with it"),
			      NULL);
	if (!look->store) {
		if (err)
			*err = look->trouble;
		return look->trouble.code ? look->trouble.code : -EIO;
	}
	info = cow_store_info(look->store);
	if (info->state == LM_STATE_DAMAGED)
		return refuse(err, -EUCLEAN, path,
			      info->trouble[0] ?
				      info->trouble :
				      _("its store is damaged, and the kernel would not notice"),
			      _("`livemend doctor` says what is wrong."));
	if (info->state == LM_STATE_INVALID && !(flags & STICK_ATTACH_FORCE))
		return refuse(err, -EUCLEAN, path,
			      _("the kernel marked it invalid, and would give nothing of it"),
			      _("`livemend recover` makes it usable again."));
	if (info->chunk_sectors > DM_MAX_CHUNK_SECTORS)
		return refuse(err, -EFBIG, path,
			      _("its chunks are so large that the kernel could run out of memory"),
			      NULL);
	if (!look->paired)
		return refuse(err, -EUCLEAN, path, look->pair_why,
			      _("Put back the root image that it was made for."));
	return 0;
}

/* By what is behind loop devices, under whatever name (a kernel compares devices only). */
static int check_unused(struct io_file *file, const char *path, bool may_read, struct lm_error *err)
{
	struct dm_use use;
	struct io_stat st;
	int ret = io_fstat(file, &st);

	if (ret)
		return open_failed(err, ret, path);
	if (!st.ino)
		return 0;
	ret = dm_find_use(st.dev, st.ino, &use);
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s",
			       _("Finding out whether it is in use failed"));
	if (ret == 0)
		return 0;
	/* What nobody can write to may be read by two at the same time. */
	if (may_read && use.readonly)
		return 0;
	lm_refuse(err, -EBUSY, path, _("Use it where it is attached, or detach it there first."),
		  use.mounted ? _("it is in use: attached and mounted already") :
				_("it is attached already"),
		  "%s", _("The stick cannot be given to the kernel"));
	if (err && use.dm_name[0])
		lm_because(err, "%s (%s, %s)", err->why, use.loop, use.dm_name);
	else if (err)
		lm_because(err, "%s (%s)", err->why, use.loop);
	return -EBUSY;
}

/* A base that somebody may write to is no base. */
static int check_base_steady(struct io_file *file, const char *path, struct lm_error *err)
{
	struct dm_loop *loops = NULL;
	unsigned count = 0, i;
	struct dm_use use;
	struct io_stat st;
	int ret = io_fstat(file, &st);

	if (ret)
		return open_failed(err, ret, path);
	if (!st.ino || dm_find_use(st.dev, st.ino, &use) != 1 || !use.mounted ||
	    dm_list_loops(&loops, &count))
		return 0;
	for (i = 0; i < count && !ret; i++) {
		if (strcmp(loops[i].name, use.loop) == 0 && !loops[i].readonly &&
		    loops[i].mountpoint[0])
			ret = refuse(err, -EBUSY, path,
				     _("the root image itself is mounted, and changes under the "
				       "overlay"),
				     _("Unmount it first."));
	}
	free(loops);
	return ret;
}

/* ------------------------------------------------------------------ the base -- */

static void inside_close(struct inside *in)
{
	if (!in)
		return;
	io_close(in->io);
	if (in->mount >= 0)
		close(in->mount);
	dm_loop_detach(in->loop);
	free(in);
}

static int open_inside(const struct stick_pair *s, const struct stick_look *look,
		       struct stick_attach *a, struct io_file **root, struct lm_error *err)
{
	const char *name = image_info(look->image)->root_path;
	struct inside *in = calloc(1, sizeof(*in));
	char path[64];
	int ret;

	if (!in)
		return open_failed(err, -ENOMEM, s->base);
	in->mount = -1;
	a->inside = in;
	/* Through the page cache: SquashFS reads block by block, and would be without readahead. */
	ret = dm_loop_attach_file(s->ctx, look->base_file, s->base, DM_LOOP_READONLY, &in->loop,
				  err);
	if (ret)
		return ret;
	in->mount = stick_mount_private(in->loop->node, "squashfs", true);
	if (in->mount < 0) {
		ret = in->mount;
		in->mount = -1;
		return lm_fail(err, ret, s->base,
			       _("Can this kernel read SquashFS, in that compression? `--engine "
				 "direct` does without it."),
			       "%s", _("Mounting the image failed"));
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", in->mount);
	ret = io_dir_open_readonly(path, &in->io);
	if (!ret)
		ret = io_open(in->io, name, IO_READ, root);
	return ret ? open_failed(err, ret, name) : 0;
}

static int attach_base(const struct stick_pair *s, const struct stick_look *look,
		       struct stick_attach *a, struct lm_error *err)
{
	struct io_file *root = NULL;
	int ret;

	if (look->image) {
		ret = open_inside(s, look, a, &root, err);
		if (ret)
			return ret;
	}
	ret = dm_loop_attach_file(s->ctx, root ? root : look->base_file, s->base,
				  DM_LOOP_READONLY | (root ? 0 : DM_LOOP_DIRECT), &a->base, err);
	io_file_close(root);
	if (!ret) {
		a->sectors = a->base->sectors;
		if (a->sectors != look->base->size_bytes / 512)
			ret = refuse(err, -EUCLEAN, s->base,
				     _("the kernel sees another size of the root image than "
				       "livemend"),
				     NULL);
	}
	return ret;
}

/* --------------------------------------------------------------- the overlay -- */

static int attach_overlay(const struct stick_pair *s, const struct stick_look *look,
			  struct stick_attach *a, struct dm_target *table, struct lm_error *err)
{
	const char *path = s->overlay->path;
	const struct cow_info *info = cow_store_info(look->store);
	struct io_file *file = NULL;
	int ret;

	ret = io_open(s->io, path, a->writable ? IO_WRITE : IO_READ, &file);
	if (ret)
		return open_failed(err, ret, path);
	ret = check_unused(file, path, !a->writable, err);
	if (!ret)
		ret = dm_loop_attach_file(s->ctx, file, path, a->writable ? 0 : DM_LOOP_READONLY,
					  &a->overlay, err);
	if (!ret && info->state == LM_STATE_INVALID)
		ret = dm_as_valid_open(s->ctx, file, path, a->overlay, info->chunk_sectors,
				       &a->as_valid, err);
	io_file_close(file);
	if (ret)
		return ret;
	if (a->writable && a->overlay->readonly)
		return refuse(err, -EROFS, path, _("the overlay cannot be written to"), NULL);
	a->chunk_sectors = info->chunk_sectors;
	ret = dm_target_snapshot(table, a->sectors, a->base->devno,
				 a->as_valid ? dm_as_valid_devno(a->as_valid) : a->overlay->devno,
				 a->chunk_sectors, false);
	if (ret)
		lm_fail(err, ret, path, NULL, "%s", _("The overlay cannot be given to the kernel"));
	return ret;
}

/* What the kernel made of it must be what we read. */
static int prove(const struct stick_attach *a, const struct stick_look *look, const char *path,
		 struct lm_error *err)
{
	const struct cow_info *info = cow_store_info(look->store);
	struct dm_snapshot_status live;
	int ret = stick_attach_status(a, &live, err);

	if (ret)
		return ret;
	if (live.state != LM_STATE_ACTIVE ||
	    (!info->header_zero && (live.allocated_sectors != info->allocated_sectors ||
				    live.metadata_sectors != info->metadata_sectors))) {
		return refuse(err, -EUCLEAN, path,
			      _("the kernel reads another state out of it than livemend does"),
			      _("Nothing was written to it. `livemend doctor` checks it."));
	}
	return 0;
}

static int build(const struct stick_pair *s, unsigned flags, const struct stick_look *look,
		 struct stick_attach *a, struct lm_error *err)
{
	bool with = !(flags & STICK_ATTACH_BASE) && s->overlay;
	struct dm_target table;
	int ret;

	if (!look->base || !look->base_file) {
		if (err)
			*err = look->trouble;
		return look->trouble.code ? look->trouble.code : -EIO;
	}
	if (io_fd(look->base_file) < 0)
		return refuse(err, -ENOTTY, s->given,
			      _("it is read without being mounted, and so has no files that the "
				"kernel could use"),
			      _("Mount it and give the mount point to livemend."));
	if (with) {
		ret = check_store(s, look, flags, err);
		if (ret)
			return ret;
		/* The kernel would write a header into a new store, or fail at that. */
		if (cow_store_info(look->store)->header_zero && !(flags & STICK_ATTACH_WRITE))
			with = false;
	}
	a->writable = with && flags & STICK_ATTACH_WRITE && !(flags & STICK_ATTACH_FORCE);
	ret = check_base_steady(look->base_file, s->base, err);
	if (!ret)
		ret = attach_base(s, look, a, err);
	if (ret)
		return ret;
	if (with)
		ret = attach_overlay(s, look, a, &table, err);
	else
		ret = dm_target_linear(&table, a->sectors, a->base->devno, 0);
	if (!ret)
		ret = dm_dev_create(s->ctx, "view", &table, 1, a->writable ? 0 : DM_DEV_READONLY,
				    &a->dev, err);
	if (!ret && with)
		ret = prove(a, look, s->overlay->path, err);
	return ret;
}

int stick_attach_pair(const struct stick_pair *pair, unsigned flags, struct stick_attach **attach,
		      struct lm_error *err)
{
	struct stick_look look;
	struct stick_attach *a;
	int ret;

	*attach = NULL;
	ret = dm_engine_possible(pair->ctx, NULL, err);
	if (ret)
		return ret;
	a = calloc(1, sizeof(*a));
	if (!a)
		return open_failed(err, -ENOMEM, pair->given);
	ret = stick_look_pair(pair, &look, err);
	if (ret) {
		free(a);
		return ret;
	}
	ret = build(pair, flags, &look, a, err);
	stick_look_close(&look);
	if (ret) {
		stick_attach_close(a, NULL);
		return ret;
	}
	*attach = a;
	return 0;
}

int stick_attach_open(struct lm_stick *stick, size_t overlay, unsigned flags,
		      struct stick_attach **attach, struct lm_error *err)
{
	const struct stick_pair pair = stick_pair_of(stick, overlay);

	return stick_attach_pair(&pair, flags, attach, err);
}

static int flush(struct stick_attach *a, struct lm_error *err)
{
	if (!a->dev || !a->writable || fsync(a->dev->fd) == 0)
		return 0;
	return lm_fail(err, -errno, a->dev->name, NULL, "%s",
		       _("Writing to the overlay through the kernel failed"));
}

int stick_attach_close(struct stick_attach *a, struct lm_error *err)
{
	struct lm_error later = { 0 };
	int ret, gone;

	if (!a)
		return 0;
	ret = flush(a, err);
	gone = dm_dev_remove(a->dev, &later);
	if (gone && !ret) {
		ret = gone;
		if (err)
			*err = later;
	}
	gone = dm_as_valid_close(a->as_valid, ret ? NULL : err);
	if (gone && !ret)
		ret = gone;
	dm_loop_detach(a->overlay);
	dm_loop_detach(a->base);
	inside_close(a->inside);
	free(a);
	return ret;
}

/* ------------------------------------------------------------------- its use -- */

int stick_attach_source(struct stick_attach *a, struct io_source **src, struct lm_error *err)
{
	struct io_file *file;
	int ret = io_path_open(a->dev->path, a->writable ? IO_WRITE : IO_READ, &file);

	*src = NULL;
	if (ret)
		return open_failed(err, ret, a->dev->path);
	ret = io_file_source(file, true, a->dev->path, 0, 0, src, err);
	if (ret)
		io_file_close(file);
	return ret;
}

int stick_attach_status(const struct stick_attach *a, struct dm_snapshot_status *status,
			struct lm_error *err)
{
	if (!a->overlay) {
		memset(status, 0, sizeof(*status));
		return -ENODATA;
	}
	return dm_snapshot_status(a->dev->ctx, a->dev->name, status, err);
}

int stick_attach_e2fsck(struct stick_attach *a, enum fs_e2fsck mode, fs_progress_fn progress,
			fs_line_fn line, void *arg, int *status, struct lm_error *err)
{
	struct dm_snapshot_status live;
	int ret;

	ret = fs_e2fsck(a->dev->path, mode, progress, line, arg, status, err);
	/* The store's state says more than e2fsck's complaints about failed writes. */
	if (a->writable && stick_attach_status(a, &live, NULL) == 0 &&
	    live.state != LM_STATE_ACTIVE) {
		ret = lm_fail(err, -ENOSPC, a->dev->name, _("Enlarge the overlay first."), "%s",
			      _("Checking the file system needed more room than the overlay has"));
		return ret;
	}
	if (!ret)
		ret = flush(a, err);
	(void)ioctl(a->dev->fd, BLKFLSBUF, 0);
	return ret;
}

int stick_attach_grown(struct stick_attach *a, struct lm_error *err)
{
	struct dm_snapshot_status live;
	int ret;

	if (!a->overlay)
		return 0;
	ret = dm_loop_resize(a->overlay, err);
	if (!ret)
		ret = stick_attach_status(a, &live, err);
	if (!ret && live.state == LM_STATE_ACTIVE && live.total_sectors != a->overlay->sectors)
		ret = lm_fail(err, -EIO, a->dev->name, NULL, "%s",
			      _("The kernel did not take over the new size of the overlay"));
	return ret;
}

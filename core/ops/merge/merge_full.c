/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * merge_full.c - merge --method mirror and snapshot-merge: the whole root image in the work folder
 *
 *   mirror          dm-mirror copies the attached snapshot into a file
 *   snapshot-merge  root image and overlay are copied, and the kernel merges
 *                   the one copy into the other; goes on where it was after a
 *                   cut, for the two copies give the same system at any moment
 *
 * Then both free what the file system does not use, prove the copy with
 * e2fsck, and pack it (merge_full_pack.c). Nothing on the stick is written
 * before the new image is proved: what e2fsck repairs was repaired in the
 * overlay before, so that old overlay and new image give the same system.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/ctx.h"
#include "core/stick/stick_attach.h"
#include "core/dm/engine.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_replace.h"
#include "core/io/io_copy.h"
#include "core/ops/merge/merge_full.h"

#define COPY_BYTES (1u << 20)
#define POLL_MS    100
/* A stick that takes nothing for so long is given up. */
#define STALL_SECONDS 120

static int work_failed(const struct merge *m, int ret, const char *name, struct lm_error *err)
{
	lm_fail(err, ret, m->s->work_path, NULL, "%s", _("Writing to the work folder failed"));
	(void)name;
	if (ret == -ENOSPC)
		lm_error_help(err, _("Make room there, or give a folder with more room with --work."));
	return ret;
}

static void merge_full_nap(void)
{
	struct timespec t = { .tv_nsec = POLL_MS * 1000000L };

	nanosleep(&t, NULL);
}

/* ---- what is waited for must move ---- */

struct stall {
	uint64_t last;
	time_t since;
};

static time_t seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static int check_stall(struct stall *s, uint64_t done, const char *what, struct lm_error *err)
{
	if (done != s->last || !s->since) {
		s->last = done;
		s->since = seconds_now();
		return 0;
	}
	if (seconds_now() - s->since < STALL_SECONDS)
		return 0;
	lm_fail(err, -ETIMEDOUT, what, NULL, "%s", _("The kernel's copying stands still"));
	return lm_because(err, _("nothing has moved for %d seconds"), STALL_SECONDS);
}

/* ---- files in the work folder ---- */

/* The journal says so first. */
static int begin(struct merge *m, struct plan_run *run, struct lm_error *err)
{
	int ret;

	m->s->run = run;
	ret = session_note(m->s, RECORD_BUILDING, err);
	merge_work_names(m);
	if (ret == 0)
		ret = swap_remove(&m->swap, m->swap.fresh, err);
	if (ret == 0)
		ret = session_work_begin(m->s, err);
	if (ret == 0) {
		ret = io_mkdir_private(m->s->work, m->work_tree);
		if (ret < 0)
			work_failed(m, ret, m->work_tree, err);
	}
	return ret;
}

/* A file with all its room: a hole that cannot be filled would only tell of it in the middle. */
static int make_root(struct merge *m, struct io_file **file, struct lm_error *err)
{
	uint64_t bytes = m->s->look.base->size_bytes;
	int ret = io_open(m->s->work, m->work_root, IO_CREATE, file);

	if (ret == 0)
		ret = io_allocate(*file, 0, bytes);
	if (ret == 0)
		ret = io_truncate(*file, bytes);
	if (ret < 0) {
		io_file_close(*file);
		*file = NULL;
		return work_failed(m, ret, m->work_root, err);
	}
	return 0;
}

static int sync_work(struct merge *m, struct io_file *file, struct lm_error *err)
{
	int ret;

	plan_run_flushing(m->s->run, true);
	ret = io_fsync(file);
	if (ret == 0)
		ret = io_sync_dir(m->s->work, m->work_tree);
	if (ret == 0)
		ret = io_sync_dir(m->s->work, ".");
	plan_run_flushing(m->s->run, false);
	return ret < 0 ? work_failed(m, ret, m->work_root, err) : 0;
}

static int close_work(struct merge *m, struct io_file *file, int ret, struct lm_error *err)
{
	int closed = io_file_close(file);

	return ret == 0 && closed < 0 ? work_failed(m, closed, m->work_root, err) : ret;
}

/* ---- mirror ---- */

static int mirror_failed(const struct merge *m, const struct dm_mirror_status *s,
			 struct lm_error *err)
{
	bool source = s->health[0] != 'A' && s->health[1] == 'A';

	lm_fail(err, -EIO, source ? m->s->base : m->s->work_path,
		_("Nothing on the stick was changed. `livemend doctor` looks at the stick."), "%s",
		_("Copying through dm-mirror failed"));
	return lm_because(err,
			  source ? _("image or overlay could not be read (health %s, %llu of %llu "
				     "regions)") :
				   _("the copy in the work folder could not be written (health %s, "
				     "%llu of %llu regions)"),
			  s->health, (unsigned long long)s->done, (unsigned long long)s->total);
}

static int watch_mirror(struct merge *m, struct dm_dev *dev, struct lm_error *err)
{
	uint64_t size = dev->sectors * 512;
	struct dm_target_status status;
	struct stall stall = { 0 };
	int ret;

	for (;;) {
		ret = dm_dev_status1(dev, &status, err);
		if (ret < 0)
			return ret;
		if (status.kind != DM_KIND_MIRROR || !status.understood)
			return lm_fail(err, -EPROTO, dev->name, NULL, "%s",
				       _("The kernel's status of the copying is not understood"));
		plan_run_message(m->s->run, _("%llu of %llu regions in sync, health %s"),
				 (unsigned long long)status.u.mirror.done,
				 (unsigned long long)status.u.mirror.total, status.u.mirror.health);
		if (dm_mirror_failed(&status.u.mirror))
			return mirror_failed(m, &status.u.mirror, err);
		ret = session_progress(m->s,
				       status.u.mirror.total ?
					       size / status.u.mirror.total * status.u.mirror.done :
					       0,
				       size);
		if (ret < 0)
			return lm_fail(err, ret, NULL, NULL, "%s", _("Stopped"));
		if (dm_mirror_done(&status.u.mirror))
			return 0;
		ret = check_stall(&stall, status.u.mirror.done, dev->name, err);
		if (ret < 0)
			return ret;
		merge_full_nap();
	}
}

static int mirror_to(struct merge *m, const struct stick_attach *from, struct io_file *file,
		     struct lm_error *err)
{
	struct dm_loopdev *to = NULL;
	struct dm_dev *dev = NULL;
	struct dm_target table;
	struct lm_error later;
	int ret, gone;

	ret = dm_loop_attach_file(m->s->ctx, file, m->s->work_path, DM_LOOP_DIRECT, &to, err);
	if (ret < 0)
		return ret;
	ret = dm_target_mirror(&table, from->sectors, from->dev->devno, to->devno,
			       DM_MIRROR_REGION_SECTORS);
	if (ret < 0)
		lm_fail(err, ret, m->s->base, NULL, "%s", _("Copying through dm-mirror failed"));
	else
		ret = dm_dev_create(m->s->ctx, "mirror", &table, 1, 0, &dev, err);
	if (ret == 0)
		ret = watch_mirror(m, dev, err);
	lm_error_clear(&later);
	gone = dm_dev_remove(dev, &later);
	if (ret == 0 && gone < 0) {
		ret = gone;
		if (err)
			*err = later;
	}
	if (ret == 0 && fsync(to->fd) < 0)
		ret = work_failed(m, -errno, m->work_root, err);
	dm_loop_detach(to);
	return ret;
}

int merge_step_mirror(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	struct stick_attach *from = NULL;
	struct io_file *file = NULL;
	struct lm_error later;
	int ret, closed;

	ret = begin(m, run, err);
	if (ret == 0)
		ret = make_root(m, &file, err);
	if (ret < 0)
		return ret;
	ret = stick_attach_pair(&m->s->pair, 0, &from, err);
	if (ret == 0)
		ret = mirror_to(m, from, file, err);
	lm_error_clear(&later);
	closed = stick_attach_close(from, &later);
	if (ret == 0 && closed < 0) {
		ret = closed;
		if (err)
			*err = later;
	}
	if (ret == 0)
		ret = sync_work(m, file, err);
	return close_work(m, file, ret, err);
}

/* ---- snapshot-merge ---- */

static int copy_base(struct merge *m, struct io_file *file, struct lm_error *err)
{
	uint64_t size = m->s->look.base->size_bytes, off;
	unsigned char *buf = malloc(COPY_BYTES);
	int ret = 0;

	if (!buf)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Copying the root image failed"));
	for (off = 0; off < size && ret == 0; off += COPY_BYTES) {
		size_t len = (size_t)min_u64(COPY_BYTES, size - off);

		ret = io_source_read(m->s->look.base, buf, len, off, err);
		if (ret == 0) {
			ret = io_pwrite(file, buf, len, off);
			if (ret < 0)
				work_failed(m, ret, m->work_root, err);
		}
		if (ret == 0) {
			ret = session_progress(m->s, off + len, size);
			if (ret < 0)
				lm_fail(err, ret, NULL, NULL, "%s", _("Stopped"));
		}
	}
	free(buf);
	return ret;
}

int merge_step_copies(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	struct io_file *file = NULL;
	int ret;

	ret = begin(m, run, err);
	if (ret == 0)
		ret = make_root(m, &file, err);
	if (ret < 0)
		return ret;
	ret = copy_base(m, file, err);
	if (ret == 0)
		ret = sync_work(m, file, err);
	ret = close_work(m, file, ret, err);
	if (ret == 0)
		ret = io_copy(m->s->rw.io, m->s->overlay, m->s->work, m->work_tree, m->work_cow, NULL, NULL,
			      err);
	if (ret < 0)
		return ret;
	/* From here on it is taken up again, not begun anew. */
	return session_note(m->s, RECORD_MERGING, err);
}

static int merge_ended_badly(const struct merge *m, const char *state, struct lm_error *err)
{
	lm_fail(err, -EIO, m->s->work_path,
		_("Nothing on the stick was changed. Is the disk of the work folder in order?"),
		"%s", _("The kernel's merge of the copies failed"));
	return lm_because(err, _("its status is: %s"), state);
}

static int watch_merge(struct merge *m, struct dm_dev *dev, struct lm_error *err)
{
	uint64_t first = 0, left;
	struct dm_target_status status;
	struct stall stall = { 0 };
	int ret;

	for (;;) {
		const struct dm_snapshot_status *s = &status.u.snapshot;

		ret = dm_dev_status1(dev, &status, err);
		if (ret < 0)
			return ret;
		if (status.kind != DM_KIND_MERGE || !status.understood)
			return lm_fail(err, -EPROTO, dev->name, NULL, "%s",
				       _("The kernel's status of the merge is not understood"));
		if (s->state != LM_STATE_ACTIVE)
			return merge_ended_badly(m,
						 s->state == LM_STATE_MERGE_FAILED ? "Merge failed" :
						 s->state == LM_STATE_OVERFLOW	   ? "Overflow" :
										     "Invalid",
						 err);
		plan_run_message(m->s->run, _("the kernel says: %llu/%llu %llu"),
				 (unsigned long long)s->allocated_sectors,
				 (unsigned long long)s->total_sectors,
				 (unsigned long long)s->metadata_sectors);
		left = s->allocated_sectors - min_u64(s->metadata_sectors, s->allocated_sectors);
		if (!first)
			first = left;
		ret = session_progress(m->s, (first - min_u64(left, first)) * 512,
				       (first ? first : 1) * 512);
		if (ret < 0)
			return lm_fail(err, ret, NULL, NULL, "%s", _("Stopped"));
		if (dm_merge_done(s))
			return 0;
		ret = check_stall(&stall, left + 1, dev->name, err);
		if (ret < 0)
			return ret;
		merge_full_nap();
	}
}

/*
 * What the kernel would not notice: it takes an invalid store for an empty one,
 * and follows a damaged one wherever it points.
 */
static int check_copy_of_store(struct merge *m, struct io_file *file, uint64_t sectors,
			       uint64_t *chunk, struct lm_error *err)
{
	struct cow_store *store = NULL;
	const struct cow_info *info;
	int ret = cow_store_open(file, m->work_cow, sectors, &store, err);

	if (ret < 0)
		return ret;
	info = cow_store_info(store);
	*chunk = info->chunk_sectors;
	if (info->state == LM_STATE_DAMAGED || info->state == LM_STATE_INVALID)
		ret = merge_ended_badly(m, info->state == LM_STATE_INVALID ? "Invalid" : info->trouble,
					err);
	cow_store_close(store);
	return ret;
}

static int kernel_merge(struct merge *m, struct io_file *root, struct io_file *cow,
			struct lm_error *err)
{
	struct dm_loopdev *base = NULL, *store = NULL;
	struct dm_dev *dev = NULL;
	struct dm_target table;
	struct lm_error later;
	uint64_t chunk = 0;
	int ret, gone;

	ret = dm_loop_attach_file(m->s->ctx, root, m->s->work_path, DM_LOOP_DIRECT, &base, err);
	if (ret == 0)
		ret = check_copy_of_store(m, cow, base->sectors, &chunk, err);
	if (ret == 0)
		ret = dm_loop_attach_file(m->s->ctx, cow, m->s->work_path, 0, &store, err);
	if (ret < 0)
		goto out;
	ret = dm_target_snapshot(&table, base->sectors, base->devno, store->devno, chunk, true);
	if (ret < 0)
		lm_fail(err, ret, m->s->work_path, NULL, "%s",
			_("The kernel's merge of the copies failed"));
	else
		ret = dm_dev_create(m->s->ctx, "merge", &table, 1, 0, &dev, err);
	if (ret == 0)
		ret = watch_merge(m, dev, err);
	lm_error_clear(&later);
	gone = dm_dev_remove(dev, &later);
	if (ret == 0 && gone < 0) {
		ret = gone;
		if (err)
			*err = later;
	}
	if (ret == 0 && fsync(base->fd) < 0)
		ret = work_failed(m, -errno, m->work_root, err);
out:
	dm_loop_detach(store);
	dm_loop_detach(base);
	return ret;
}

int merge_step_kernel(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	struct io_file *root = NULL, *cow = NULL;
	int ret;

	m->s->run = run;
	ret = io_open(m->s->work, m->work_root, IO_WRITE, &root);
	if (ret == 0)
		ret = io_open(m->s->work, m->work_cow, IO_WRITE, &cow);
	if (ret < 0)
		lm_fail(err, ret, m->s->work_path, NULL, "%s",
			_("Opening the copies in the work folder failed"));
	else
		ret = kernel_merge(m, root, cow, err);
	if (ret == 0)
		ret = sync_work(m, root, err);
	ret = close_work(m, root, ret, err);
	return close_work(m, cow, ret, err);
}

/* ---- the copy as a file system ---- */

/* What the file system does not use need not be packed. Best effort. */
static void free_unused(struct merge *m, struct io_file *file)
{
	const struct fs_info *info = m->s->look.fs ? fs_info(m->s->look.fs) : NULL;
	uint64_t size = m->s->look.base->size_bytes, off, from = 0, block;
	int fd = io_fd(file);
	bool in_run = false;

	if (!info || !info->readable || info->state != LM_FS_CLEAN || fd < 0 ||
	    fs_load_bitmap(m->s->look.fs, NULL) < 0)
		return;
	block = info->block_bytes;
	for (off = 0; off < size; off += block) {
		bool used = fs_range_used(m->s->look.fs, off, min_u64(block, size - off));

		if (!used && !in_run)
			from = off;
		if (used && in_run &&
		    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
			      (off_t)(off - from)) < 0)
			return;
		in_run = !used;
	}
	if (in_run)
		(void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
				(off_t)(size - from));
}

static int merge_full_on_progress(void *arg, unsigned pass, uint64_t done, uint64_t total)
{
	if (total == 0 || pass < 1 || pass > 5)
		return 0;
	return session_progress(((struct merge *)arg)->s, (pass - 1) * 100ull + done * 100 / total, 500);
}

static void merge_full_on_line(void *arg, const char *line)
{
	const struct merge *m = arg;

	ctx_log(m->s->ctx, LM_LOG_INFO, "e2fsck: %s", line);
}

int merge_step_check_copy(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	struct io_file *file;
	char *path = NULL;
	int ret, status = 0;

	m->s->run = run;
	ret = io_open(m->s->work, m->work_root, IO_WRITE, &file);
	if (ret < 0)
		return work_failed(m, ret, m->work_root, err);
	free_unused(m, file);
	ret = sync_work(m, file, err);
	ret = close_work(m, file, ret, err);
	if (ret < 0 || !m->s->look.fs || !fs_info(m->s->look.fs)->readable)
		return ret;
	if (asprintf(&path, "%s/%s", m->s->work_path, m->work_root) < 0)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s",
			       _("Checking the file system failed"));
	ret = fs_e2fsck(path, FS_CHECK, merge_full_on_progress, merge_full_on_line, m, &status,
			err);
	if (ret == -ENOENT) {
		/* The check of the snapshot went without it, too, and said so. */
		lm_error_clear(err);
		ret = 0;
	}
	if (ret == 0 && status != 0) {
		lm_fail(err, -EUCLEAN, path,
			_("Nothing on the stick was changed. See the log, and `livemend doctor`."),
			"%s", _("The copy is no sound file system"));
		ret = lm_because(err, _("e2fsck ended with status %d"), status);
	}
	free(path);
	return ret;
}

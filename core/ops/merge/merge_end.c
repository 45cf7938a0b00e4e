/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * merge_end.c - the end of a merge, forwards and backwards
 *
 * Nothing here believes that the step before it was carried out: each call
 * identifies the files by length and hash and does what is left to do. That
 * makes running it again right at any time, which is all that resume does.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/fs.h>

#include "core/cow/cow.h"
#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_replace.h"
#include "core/ops/merge/merge.h"
#include "core/plan/journal.h"

int merge_find_places(struct merge *m, struct merge_places *p, struct lm_error *err)
{
	int ret = record_identify(m->rw.io, m->base, &p->base, err);

	if (ret == 0)
		ret = record_identify(m->rw.io, m->fresh, &p->fresh, err);
	if (ret == 0)
		ret = record_identify(m->rw.io, m->aside, &p->aside, err);
	return ret;
}

static bool is_old(const struct merge *m, const struct record_id *id)
{
	return record_same(id, &m->rec.old_image);
}

static bool is_new(const struct merge *m, const struct record_id *id)
{
	return record_same(id, &m->rec.new_image);
}

/* None of the files is what the record says: someone else was here. */
static int not_ours(const struct merge *m, struct lm_error *err)
{
	lm_fail(err, -EUCLEAN, m->base,
		_("Nothing was touched. Compare the files in LiveOS with your backups; "
		  "PENDING.txt names their sizes."),
		"%s", _("The images on the stick are not those that the journal names"));
	if (err)
		err->outcome = LM_RESUMABLE;
	return lm_because(err, "%s", _("they were changed by something else, or are damaged"));
}

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

static int identify_as(struct merge *m, const char *path, bool overlay, struct record_id *id,
		       struct lm_error *err)
{
	return overlay ? record_identify_overlay(m->rw.io, path, id, NULL, err) :
			 record_identify(m->rw.io, path, id, err);
}

static int is_same_content(struct merge *m, const char *path, const char *good, bool *same,
			   struct lm_error *err)
{
	bool overlay = strcmp(good, m->overlay) == 0;
	struct record_id left, base;
	int ret = identify_as(m, path, overlay, &left, err);

	if (ret == 0)
		ret = identify_as(m, good, overlay, &base, err);
	*same = ret == 0 && record_same(&left, &base);
	return ret;
}

int merge_remove_leftover(struct merge *m, const char *path, struct lm_error *err)
{
	return merge_remove_beside(m, path, m->base, err);
}

int merge_remove_beside(struct merge *m, const char *path, const char *good,
			struct lm_error *err)
{
	struct io_stat left, base;
	struct io_fsinfo info;
	bool same = false;
	int a, b, ret;

	ret = io_stat(m->rw.io, path, &left);
	if (ret == -ENOENT)
		return 0;
	if (ret == 0)
		ret = io_stat(m->rw.io, good, &base);
	if (ret == 0)
		ret = io_fsinfo(m->rw.io, &info);
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
		ret = is_same_content(m, path, good, &same, err);
		if (ret < 0)
			return ret;
	}
	if (same) {
		ret = first_block(m->rw.io, good, &a);
		if (ret == 0)
			ret = first_block(m->rw.io, path, &b);
		if (ret < 0 || a == b) {
			ctx_log(m->ctx, LM_LOG_WARN,
				_("%s is left alone: it may share its clusters with the image. "
				  "Unmount the stick and run fsck.vfat -n on it"),
				path);
			return 0;
		}
	}
	return io_replace_remove(m->rw.io, m->dir, path, err);
}

static int check_is_new(struct merge *m, struct lm_error *err)
{
	struct record_id now;
	int ret = record_identify(m->rw.io, m->base, &now, err);

	if (ret < 0)
		return ret;
	return is_new(m, &now) ? 0 : not_ours(m, err);
}

int merge_exchange(struct merge *m, struct lm_error *err)
{
	struct merge_places p;
	int ret = merge_find_places(m, &p, err);

	if (ret < 0)
		return ret;
	if (is_new(m, &p.base)) {
		ret = 0;
	} else if (is_old(m, &p.base) && is_new(m, &p.fresh) && !record_exists(&p.aside)) {
		ret = io_replace(m->rw.io, m->dir, m->fresh, m->base, m->aside, NULL, err);
	} else if (!record_exists(&p.base) && is_old(m, &p.aside) && is_new(m, &p.fresh)) {
		/* Cut in the sequence for file systems that cannot exchange. */
		ret = io_replace_move(m->rw.io, m->dir, m->fresh, m->base, err);
	} else {
		return not_ours(m, err);
	}
	return ret < 0 ? ret : check_is_new(m, err);
}

/* ---- the overlay ---- */

int merge_overlay_now(struct merge *m, enum merge_overlay *now, struct lm_error *err)
{
	struct record_id id;
	bool empty;
	int ret = record_identify_overlay(m->rw.io, m->overlay, &id, &empty, err);

	if (ret < 0)
		return ret;
	*now = record_same(&id, &m->rec.overlay_id) ? MERGE_OVERLAY_SAME :
	       empty				    ? MERGE_OVERLAY_EMPTY :
						      MERGE_OVERLAY_USED;
	return 0;
}

int merge_reset_overlay(struct merge *m, struct lm_error *err)
{
	struct io_file *file;
	enum merge_overlay now;
	int ret = merge_overlay_now(m, &now, err), closed;

	if (ret < 0 || now == MERGE_OVERLAY_EMPTY)
		return ret;
	if (now == MERGE_OVERLAY_USED) {
		m->kept_overlay = true;
		return 0;
	}
	ret = io_open(m->rw.io, m->overlay, IO_WRITE, &file);
	if (ret < 0)
		return lm_fail(err, ret, m->overlay, NULL, "%s", _("Opening the overlay failed"));
	ret = cow_reset(file, m->overlay, err);
	closed = io_file_close(file);
	if (ret == 0 && closed < 0)
		ret = lm_fail(err, closed, m->overlay, NULL, "%s",
			      _("Resetting the overlay failed"));
	return ret;
}

/* ---- forwards ---- */

/* From now on the overlay belongs to the image as it is now. */
static int write_pairing(struct merge *m, struct lm_error *err)
{
	enum merge_overlay now;
	int ret = merge_overlay_now(m, &now, err);

	/* What became of it since may be anything; the pair is not ours to vouch for. */
	if (ret < 0 || now == MERGE_OVERLAY_USED)
		return ret;
	ret = merge_look(m, m->base, err);
	if (ret == 0)
		ret = stick_pair_write(m->rw.io, m->dir, m->overlay,
				       m->look.image ? image_info(m->look.image) : NULL,
				       m->look.base_fs ? fs_info(m->look.base_fs) : NULL, err);
	merge_unlook(m);
	return ret;
}

/*
 * The overlay is reset only as long as the old image exists: the two go
 * together, and the old image is removed after the reset, never before it. An
 * image that did not have to be changed is both.
 */
static int reset_once(struct merge *m, struct lm_error *err)
{
	enum merge_overlay now;
	struct merge_places p;
	int ret;

	if (m->in_place || m->rec.work || record_unchanged(&m->rec))
		return merge_reset_overlay(m, err);
	ret = merge_find_places(m, &p, err);
	if (ret < 0)
		return ret;
	if (is_old(m, &p.fresh) || is_old(m, &p.aside))
		return merge_reset_overlay(m, err);
	ret = merge_overlay_now(m, &now, err);
	m->kept_overlay = ret == 0 && now != MERGE_OVERLAY_EMPTY;
	return ret;
}

/* Removes what was the old image, wherever it is. A file that is neither is none of ours. */
static int remove_old(struct merge *m, struct lm_error *err)
{
	struct merge_places p;
	int ret = check_is_new(m, err);

	if (ret == 0)
		ret = merge_find_places(m, &p, err);
	if (ret == 0 && record_exists(&p.fresh))
		ret = merge_remove_leftover(m, m->fresh, err);
	if (ret == 0 && record_exists(&p.aside))
		ret = merge_remove_leftover(m, m->aside, err);
	return ret;
}

static int log_merge(struct merge *m, struct lm_error *err)
{
	if (m->in_place)
		return journal_log(m->rw.io, m->dir, err,
				   "merge: %s was written into %s; the overlay is empty",
				   m->overlay, m->base);
	if (record_unchanged(&m->rec))
		return journal_log(m->rw.io, m->dir, err,
				   "merge: %s held nothing that %s does not hold; it is empty",
				   m->overlay, m->base);
	return journal_log(m->rw.io, m->dir, err,
			   "merge: %s has its new content (%llu bytes before, %llu now); %s is "
			   "empty%s",
			   m->base, (unsigned long long)m->rec.old_image.bytes,
			   (unsigned long long)m->rec.new_image.bytes, m->overlay,
			   m->rec.osmin ? "; osmin.img, which no longer fits, was removed" : "");
}

static int write_phase(struct merge *m, enum record_phase phase, struct lm_error *err)
{
	if (m->rec.phase == phase)
		return 0;
	m->rec.phase = phase;
	return record_write(m->rw.io, m->dir, &m->rec, err);
}

/* What was reset stays reset, what was kept is kept. */
static int settle_overlay(struct merge *m, struct lm_error *err)
{
	/* Before the reset: old overlay and new image are a pair, they give the same system. */
	int ret = write_pairing(m, err);

	return ret < 0 ? ret : reset_once(m, err);
}

/*
 * While the old image is being removed its chain of clusters may be cut, and
 * reading it then makes the kernel turn a FAT read-only: it is not looked at
 * any more, and goes last of all.
 */
static int clean_after_cut(struct merge *m, struct lm_error *err)
{
	int ret = journal_pending_clear(m->rw.io, m->dir, err);

	if (ret == 0)
		ret = io_replace_remove(m->rw.io, m->dir, m->aside, err);
	if (ret == 0)
		ret = io_replace_remove(m->rw.io, m->dir, m->fresh, err);
	return ret;
}

int merge_finish(struct merge *m, struct lm_error *err)
{
	bool was_cleaning = m->rec.phase == RECORD_CLEANING;
	int ret = m->in_place ? 0 : check_is_new(m, err);

	if (ret == 0 && !was_cleaning) {
		if (!m->in_place)
			ret = write_phase(m, RECORD_REPLACED, err);
		if (ret == 0)
			ret = settle_overlay(m, err);
		if (ret == 0 && !m->in_place)
			ret = write_phase(m, RECORD_CLEANING, err);
		if (ret == 0 && !m->in_place)
			ret = remove_old(m, err);
	}
	if (ret == 0 && m->rec.osmin)
		ret = io_replace_remove(m->rw.io, m->dir, m->rec.osmin, err);
	if (ret == 0 && m->rec.work)
		ret = merge_work_clean(m, err);
	if (ret == 0)
		ret = log_merge(m, err);
	if (ret == 0)
		merge_log_by_hand(m);
	if (ret == 0)
		ret = was_cleaning ? clean_after_cut(m, err) :
				     journal_pending_clear(m->rw.io, m->dir, err);
	if (ret < 0 && err)
		err->outcome = LM_RESUMABLE;
	return ret;
}

/* ---- backwards ---- */

/* The old image back under its name. */
static int put_back(struct merge *m, struct lm_error *err)
{
	struct merge_places p;
	int ret = merge_find_places(m, &p, err);

	if (ret < 0)
		return ret;
	if (is_old(m, &p.base))
		return 0;
	if (is_new(m, &p.base) && is_old(m, &p.fresh) && !record_exists(&p.aside))
		ret = io_replace(m->rw.io, m->dir, m->fresh, m->base, m->aside, NULL, err);
	else if (is_new(m, &p.base) && is_old(m, &p.aside) && !record_exists(&p.fresh)) {
		ret = io_replace_move(m->rw.io, m->dir, m->base, m->fresh, err);
		if (ret == 0)
			ret = io_replace_move(m->rw.io, m->dir, m->aside, m->base, err);
	} else if (!record_exists(&p.base) && is_old(m, &p.aside))
		ret = io_replace_move(m->rw.io, m->dir, m->aside, m->base, err);
	else if (m->work)
		ret = merge_work_put(m, m->work_old, &m->rec.old_image, err);
	else
		return not_ours(m, err);
	if (ret == 0)
		ret = record_identify(m->rw.io, m->base, &p.base, err);
	if (ret == 0 && !is_old(m, &p.base))
		ret = not_ours(m, err);
	return ret;
}

int merge_undo(struct merge *m, struct lm_error *err)
{
	bool early = m->rec.phase <= RECORD_BUILDING || m->rec.phase == RECORD_MERGING;
	enum merge_overlay now;
	struct record_id base;
	int ret = 0;

	if (m->rec.phase == RECORD_REPLACED || m->rec.phase == RECORD_CLEANING) {
		ret = merge_overlay_now(m, &now, err);
		if (ret == 0 && (now != MERGE_OVERLAY_SAME || m->rec.phase == RECORD_CLEANING)) {
			ret = lm_fail(err, -EUCLEAN, m->overlay,
				      _("Finish it: `livemend resume` without undoing."), "%s",
				      _("It cannot be undone any more"));
			lm_because(err, "%s", _("the overlay has been reset"));
		}
	}
	/* An image written in place, with the overlay, gives the same system at any time. */
	if (ret == 0 && !m->in_place && !early)
		ret = put_back(m, err);
	if (ret == 0 && !m->in_place) {
		ret = record_identify(m->rw.io, m->base, &base, err);
		if (ret == 0 && record_exists(&m->rec.old_image) && !is_old(m, &base))
			ret = not_ours(m, err);
	}
	if (ret == 0 && m->rec.phase == RECORD_REPLACED)
		ret = write_pairing(m, err);
	if (ret == 0 && !m->in_place && !early)
		ret = merge_remove_leftover(m, m->fresh, err);
	else if (ret == 0 && !m->in_place && !m->resuming)
		ret = io_replace_remove(m->rw.io, m->dir, m->fresh, err);
	if (ret == 0 && m->rec.work)
		ret = merge_work_clean(m, err);
	if (ret == 0)
		ret = journal_pending_clear(m->rw.io, m->dir, err);
	/*
	 * What was being written when it was cut comes last of all: on FAT its
	 * chain of clusters may be broken, and removing it then makes the kernel
	 * turn the stick read-only. Before the exchange the two images cannot
	 * share clusters: not even a look is taken at it.
	 */
	if (ret == 0 && !m->in_place && early && m->resuming)
		ret = io_replace_remove(m->rw.io, m->dir, m->fresh, err);
	if (ret < 0 && err)
		err->outcome = LM_RESUMABLE;
	return ret;
}

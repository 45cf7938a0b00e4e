/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stick_attach.h - base and overlay of a stick given to the kernel as one block device
 *
 * The device is used as a block device only: nothing of the root file system
 * is ever mounted. It is gone when it is closed, and with its process.
 */
#ifndef STICK_STICK_ATTACH_H
#define STICK_STICK_ATTACH_H

#include "core/dm/device.h"
#include "core/dm/loop.h"
#include "core/fs/fs.h"
#include "core/stick/stick.h"

/* The overlay may be written to; the base never is. Without it nothing at all is written. */
#define STICK_ATTACH_WRITE 1u
/* The base alone, whatever overlays there are. */
#define STICK_ATTACH_BASE 2u
/* An overlay that is marked invalid is read as if it were not; read-only. */
#define STICK_ATTACH_FORCE 4u

struct stick_attach {
	struct dm_dev *dev;                /* the merged device; dev->path for e2fsck and others */
	struct dm_loopdev *base, *overlay; /* overlay NULL: the base alone is shown */
	uint64_t sectors, chunk_sectors;
	bool writable;
	void *inside;                 /* private: the SquashFS around the base */
	struct dm_as_valid *as_valid; /* private: with STICK_ATTACH_FORCE */
};

/*
 * Attaches the overlay over the base, files opened beneath pair->io: for
 * writing that must be the writable table of a stick_rw.
 *
 * Refuses (LM_REFUSED) what is attached already, an overlay that does not
 * belong to the base, a damaged or invalid store, an absurd chunk size, an
 * image that is not SquashFS or bare, and whatever dm_engine_possible()
 * refuses. A stick that is read without mounting has no files that the kernel
 * could use: -ENOTTY; open it by stick_rw_open() first. An empty new store
 * that may not be written to shows as the base alone.
 */
int stick_attach_pair(const struct stick_pair *pair, unsigned flags, struct stick_attach **attach,
		      struct lm_error *err);
/* The same for a pair of the stick's, as it is looked at. */
int stick_attach_open(struct lm_stick *stick, size_t overlay, unsigned flags,
		      struct stick_attach **attach, struct lm_error *err);
/*
 * Undoes it in reverse order. What was written is on the stick when it returns
 * 0; an error of the last flush, or of a removal, is told. NULL allowed.
 */
int stick_attach_close(struct stick_attach *attach, struct lm_error *err);

/* The merged device as a source; writable if it is. Not closed with it. */
int stick_attach_source(struct stick_attach *attach, struct io_source **src, struct lm_error *err);
/* The snapshot's own status. -ENODATA where the base alone is shown. */
int stick_attach_status(const struct stick_attach *attach, struct dm_snapshot_status *status,
			struct lm_error *err);
/*
 * fs_e2fsck() on the merged device, then everything is flushed and the page
 * cache of the device forgotten, so that what is read next is what is there.
 * When the store overflowed meanwhile: -ENOSPC.
 */
int stick_attach_e2fsck(struct stick_attach *attach, enum fs_e2fsck mode, fs_progress_fn progress,
			fs_line_fn line, void *arg, int *status, struct lm_error *err);
/*
 * The overlay file has grown (through the io table): takes the new size over
 * while in use.
 */
int stick_attach_grown(struct stick_attach *attach, struct lm_error *err);

#endif

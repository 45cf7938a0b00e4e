/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * device.h - device-mapper devices of our own: tables, create, swap, remove
 *
 * Every device has a UUID that begins with LIVEMEND- and says which process
 * made it. udev is told to keep blkid, udisks and links in /dev/disk away, and
 * waited for with a deadline; where there is no udev, the node is made here.
 * Each device is held open, and marked to be removed with its last user: it
 * outlives its process only for as long as somebody else has it open.
 * libdevmapper's messages go to the log of ctx. All calls take root.
 */
#ifndef DM_DEVICE_H
#define DM_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/dm/status.h"
#include "core/livemend.h"

#define DM_UUID_PREFIX "LIVEMEND-"

/* One line of a table. The functions below fill it. */
struct dm_target {
	uint64_t start, length; /* sectors */
	char type[16];
	char params[200];
};

/* Chunks beyond this are refused: the kernel would take them, and as much memory, thrice. */
#define DM_MAX_CHUNK_SECTORS 4096u
/* 4 MiB: each region costs one latency of each device, which smaller ones make felt. */
#define DM_MIRROR_REGION_SECTORS 8192u

/*
 * snapshot, or (merge) snapshot-merge, of a persistent store. The flag is PO:
 * a full store becomes Overflow, not Invalid. chunk_sectors is that of the
 * store's header (8 for a new one). -EINVAL for a chunk size that is no power
 * of two or beyond the limit, for the same device twice, for no sectors.
 */
int dm_target_snapshot(struct dm_target *t, uint64_t sectors, dev_t base, dev_t cow,
		       uint64_t chunk_sectors, bool merge);
int dm_target_origin(struct dm_target *t, uint64_t sectors, dev_t dev);
int dm_target_linear(struct dm_target *t, uint64_t sectors, dev_t dev, uint64_t offset_sectors);
/* Every read and write fails, for putting in the place of a medium that is gone. */
int dm_target_error(struct dm_target *t, uint64_t sectors);
/*
 * Two legs, source first, with a log in memory and handle_errors. The region
 * is a power of two >= 2; a region larger than the device is made smaller.
 * Copies as soon as it is resumed. Done when dm_mirror_done().
 */
int dm_target_mirror(struct dm_target *t, uint64_t sectors, dev_t source, dev_t dest,
		     uint64_t region_sectors);
/*
 * The same with the log on a device (the disk log): a mirror that was cut off
 * goes on where it was when it is created again with the same log device.
 */
int dm_target_mirror_logged(struct dm_target *t, uint64_t sectors, dev_t source, dev_t dest,
			    uint64_t region_sectors, dev_t log);

struct dm_dev {
	const struct lm_ctx *ctx;
	char name[128], uuid[129];
	char path[64];    /* for child processes: "/dev/dm-3", or a way to fd without any node */
	dev_t devno;
	uint64_t sectors;
	bool readonly;
	bool own;         /* made here: goes with dm_dev_remove() */
	bool stays;       /* DM_DEV_STAYS */
	int fd;           /* open on it; -1 for those of others, and before the first resume */
};

#define DM_DEV_READONLY 1u
#define DM_DEV_NO_TABLE 2u /* only created; dm_dev_load() and dm_dev_resume() follow */
#define DM_DEV_STAYS    4u /* survives this process (for tests) */

/*
 * Creates, loads and resumes. purpose is a short word of letters, for the name:
 * "livemend-1234-0-view". With DM_DEV_NO_TABLE targets may be NULL.
 */
int dm_dev_create(const struct lm_ctx *ctx, const char *purpose, const struct dm_target *targets,
		  unsigned count, unsigned flags, struct dm_dev **dev, struct lm_error *err);
/* A device of others by its name ("live-rw"), for status, load, suspend and resume. */
int dm_dev_find(const struct lm_ctx *ctx, const char *name, struct dm_dev **dev,
		struct lm_error *err);
/* Puts a table into the inactive slot; it is used from the next resume on. */
int dm_dev_load(struct dm_dev *dev, const struct dm_target *targets, unsigned count,
		unsigned flags, struct lm_error *err);
/* Takes the inactive table away again. */
int dm_dev_clear(struct dm_dev *dev, struct lm_error *err);

#define DM_SUSPEND_NOFLUSH 1u /* leaves I/O in the queue */
#define DM_SUSPEND_NOFREEZE 2u /* does not freeze the file system on it */
/* After an error the device is resumed as far as that is possible. */
int dm_dev_suspend(struct dm_dev *dev, unsigned flags, struct lm_error *err);
int dm_dev_resume(struct dm_dev *dev, struct lm_error *err);
/* As DM_SUSPEND_NOFREEZE; beside DM_DEV_READONLY in the flags of dm_dev_swap(). */
#define DM_SWAP_NOFREEZE 8u
/* Suspend, load, resume; with a failure in between the old table is live again. */
int dm_dev_swap(struct dm_dev *dev, const struct dm_target *targets, unsigned count,
		unsigned flags, struct lm_error *err);
/*
 * Closes, removes (with retries, since others may look at it for a moment) and
 * frees; of others: frees only. An error means that it is still there; *dev is
 * freed all the same. NULL allowed.
 */
int dm_dev_remove(struct dm_dev *dev, struct lm_error *err);

/* Status of its targets, as dm_status_read() (status.h). */
int dm_dev_status(const struct dm_dev *dev, struct dm_target_status **list, unsigned *count,
		  struct lm_error *err);
/* Of the first target, which is what all of ours have. */
int dm_dev_status1(const struct dm_dev *dev, struct dm_target_status *status,
		   struct lm_error *err);

/*
 * Removes devices that a livemend which is no longer running left behind; their
 * loops and private mounts go with them. *cleared (may be NULL) gets how many.
 * One that is in use stays, and is told to the log. Without root or
 * device-mapper there is nothing to do: 0.
 */
int dm_clear_leftovers(const struct lm_ctx *ctx, unsigned *cleared, struct lm_error *err);

#endif

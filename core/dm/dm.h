/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dm.h - what the kernel has attached: loop devices and device-mapper, by sysfs and ioctl
 */
#ifndef DM_DM_H
#define DM_DM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/livemend.h"

/* A use of a file by the kernel. */
struct dm_use {
	char loop[32];    /* "loop3" */
	char dm_name[128]; /* of the device on top, raw; empty when there is none */
	char dm_node[32]; /* "dm-0", empty when there is none */
	bool mounted;     /* a file system on top is mounted */
	bool readonly;    /* every loop device on it is read-only: nobody changes it that way */
	/*
	 * Nothing but what a livemend that was killed has left in the kernel, and nothing of it
	 * is mounted: it goes when the next operation starts (dm_clear_leftovers()).
	 */
	bool leftover;
};

/*
 * Finds who uses the file with this identity (st_dev, st_ino) through a loop
 * device. 1: found, *use filled; 0: nobody; negative errno. Needs no root; the
 * dm name comes from /sys/block/dm-N/dm/name. A mount by another name of the
 * same inode is found too.
 */
int dm_find_use(uint64_t dev, uint64_t ino, struct dm_use *use);

/*
 * Finds a loop device, other than except (NULL: none is), on the file with this
 * identity; or, with rdev, on that block device, the disk it is a part of, or
 * another part of that. 1: found, name filled; 0: none; negative errno.
 */
int dm_find_loop(uint64_t dev, uint64_t ino, uint64_t rdev, const char *except, char name[32]);

/* Figures of a snapshot from the kernel. */
struct dm_snapshot_status {
	enum lm_overlay_state state; /* ACTIVE, OVERFLOW, INVALID, MERGE_FAILED */
	uint64_t allocated_sectors, total_sectors, metadata_sectors; /* ACTIVE only */
};

/* Status of the snapshot target of a dm device by name. -EACCES without root. */
int dm_snapshot_status(const struct lm_ctx *ctx, const char *name,
		       struct dm_snapshot_status *status, struct lm_error *err);

/* The text of `dmsetup status` for one snapshot target, parsed strictly; -EBADMSG otherwise. */
int dm_parse_snapshot(const char *params, struct dm_snapshot_status *status);

/* A device-mapper device, from sysfs. */
struct dm_node {
	char name[128], node[32], mountpoint[256];
	char below[8][32]; /* kernel names of what it lies on */
	unsigned n_below;
	uint64_t size_bytes;
};
int dm_list(struct dm_node **nodes, unsigned *count);

/* A loop device and its backing file, from sysfs. */
struct dm_loop {
	char name[32], backing[512], mountpoint[256];
	uint64_t size_bytes, offset;
	bool readonly;
};
int dm_list_loops(struct dm_loop **loops, unsigned *count);

#endif

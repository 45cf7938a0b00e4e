/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scratch.h - stores in memory beneath and above an attached stick
 *
 * So that a program such as e2fsck can write to the merged device, and nothing
 * of that gets to the stick; and so that the kernel reads an overlay that is
 * marked invalid, without the mark being touched.
 */
#ifndef DM_SCRATCH_H
#define DM_SCRATCH_H

#include "core/dm/device.h"
#include "core/dm/loop.h"

/*
 * A read-only device with what the overlay holds, but for the header's valid
 * field, which is 1. loop is the one of the overlay; it must stay.
 */
struct dm_as_valid;
int dm_as_valid_open(const struct lm_ctx *ctx, struct io_file *overlay, const char *name,
		     const struct dm_loopdev *loop, uint64_t chunk_sectors,
		     struct dm_as_valid **as_valid, struct lm_error *err);
dev_t dm_as_valid_devno(const struct dm_as_valid *as_valid);
int dm_as_valid_close(struct dm_as_valid *as_valid, struct lm_error *err); /* NULL allowed */

/*
 * A writable device over the attached one. What is written goes to store, a
 * file with a descriptor that cow_format() has made a store of, and can be read
 * there after the close. Close it before the attached one.
 */
struct dm_scratch;
int dm_scratch_open(const struct dm_dev *under, struct io_file *store, uint64_t chunk_sectors,
		    struct dm_scratch **scratch, struct lm_error *err);
const char *dm_scratch_path(const struct dm_scratch *scratch); /* for child processes */
int dm_scratch_close(struct dm_scratch *scratch, struct lm_error *err); /* NULL allowed */

#endif

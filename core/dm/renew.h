/* SPDX-License-Identifier: GPL-3.0-or-later */
/* renew.h - room for an overlay that is full, while the system runs from it */
#ifndef DM_RENEW_H
#define DM_RENEW_H

#include "core/dm/dm.h"
#include "core/io/io.h"

/*
 * A snapshot of the kernel's that says Overflow, or Invalid, takes nothing more
 * for as long as it lives, whatever becomes of its file. Its file having been
 * enlarged (and, if it was invalid, its header mended), this puts a snapshot
 * of the same file through another loop device into its place, below whatever
 * is mounted on it. What was mapped stays mapped: the store is one that could
 * not change any more, and is read anew.
 *
 * dm_name is the device ("live-rw"), file its overlay, open for writing; path
 * is for messages. *now (may be NULL) gets the state after it. Refuses a
 * device that is not in such a state (-EALREADY), has another table than a
 * persistent snapshot (-EOPNOTSUPP), or another file (-ESTALE). After any other
 * error the device is as it was.
 */
int dm_renew_overlay(const struct lm_ctx *ctx, const char *dm_name, struct io_file *file,
		     const char *path, struct dm_snapshot_status *now, struct lm_error *err);

/* The table of a snapshot, "7:0 7:1 PO 8", parsed strictly; -EBADMSG otherwise. */
int dm_parse_snapshot_table(const char *params, dev_t *base, dev_t *cow, uint64_t *chunk_sectors);

#endif

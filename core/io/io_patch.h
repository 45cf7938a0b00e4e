/* SPDX-License-Identifier: GPL-3.0-or-later */
/* io_patch.h - changes to a file, gathered in memory before any of them is made */
#ifndef IO_IO_PATCH_H
#define IO_IO_PATCH_H

#include "core/io/io.h"

/* Changes are kept, and told, in whole sectors. */
#define IO_PATCH_SECTOR 512u

struct io_patch;

/*
 * below is not owned, is only ever read, and must outlive the patch. At most
 * limit bytes of changes are kept: -EFBIG beyond.
 */
int io_patch_new(struct io_file *below, uint64_t limit, struct io_patch **patch);
void io_patch_free(struct io_patch *patch); /* NULL allowed */

/*
 * The file as it will be: reads see what was written, and zeros between the end
 * of below and a new one. It may be made longer, not shorter (-EINVAL). Owned
 * by the patch.
 */
struct io_file *io_patch_file(struct io_patch *patch);

uint64_t io_patch_size(const struct io_patch *patch); /* of the file as it will be */

/*
 * Calls fn for each run of sectors that was written to and differs from what
 * is in below (zeros beyond its end), in ascending order, at most 4096 bytes at
 * a time. Non-zero ends it and is returned; a failing read of below, too.
 */
typedef int (*io_patch_fn)(void *arg, uint64_t off, const void *was, const void *is, size_t len);
int io_patch_each(struct io_patch *patch, io_patch_fn fn, void *arg);

#endif

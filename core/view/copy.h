/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * copy.h - a view given to e2fsck as a copy in a temporary file
 *
 * For where there is neither FUSE nor device-mapper. The copy is exact, in
 * one of two ways:
 *
 *   whole   all of the view is copied before anything else, as a sparse file
 *   lazy    the file is empty at first; the kernel stops e2fsck at each of its
 *           reads and writes (seccomp user notification, Linux 5.5), and what
 *           it is about to touch is copied then. That costs what e2fsck reads,
 *           and needs no rights
 *
 * The file is in memory, or on a disk other than the stick, and has no name.
 * What e2fsck has changed in it is found by comparing.
 */
#ifndef VIEW_COPY_H
#define VIEW_COPY_H

#include <sys/types.h>

#include "core/fs/fs.h"
#include "core/io/io.h"

struct view_copy;

/*
 * src is not owned and must outlive it. not_on: file systems on which the file
 * must not lie. Nothing is copied yet. -EOPNOTSUPP: this kernel cannot do it
 * lazily; -ENOSPC: neither memory nor disk has room.
 */
int view_copy_open(struct io_source *src, bool lazy, const dev_t *not_on, size_t n_not_on,
		   struct view_copy **copy, struct lm_error *err);
void view_copy_close(struct view_copy *copy); /* NULL allowed */

/*
 * fs_e2fsck() on the copy. -EOPNOTSUPP when the kernel then refuses to do it
 * lazily: e2fsck was not started. May be called again: it finds what it wrote.
 */
int view_copy_e2fsck(struct view_copy *copy, enum fs_e2fsck mode, const struct fs_backup *backup,
		     const char *const *env, fs_progress_fn progress, fs_line_fn line, void *arg,
		     int *status, struct lm_error *err);

/* Writes to `to`, which reads as the view did, or as after the last time, what differs from it. */
int view_copy_take(struct view_copy *copy, struct io_source *to, struct lm_error *err);

/* ---- inside ---- */

/* Runs of zeros are left out. written (may be NULL) is increased by what is not. */
int view_write_sparse(struct io_file *out, const unsigned char *buf, size_t len, uint64_t off,
		      uint64_t *written);
/* How much memory may be taken for such a file, in bytes. */
uint64_t view_memory_room(void);
/*
 * A file without a name, for `need` bytes at least; *budget is how many it may
 * take. -ENOSPC.
 */
int view_temp_file(uint64_t need, const dev_t *not_on, size_t n_not_on, int *fd,
		   uint64_t *budget);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * view.h - base + overlay as one device, and its export through FUSE
 */
#ifndef VIEW_VIEW_H
#define VIEW_VIEW_H

#include "core/cow/cow.h"
#include "core/io/io.h"

/*
 * The merged view. Its size is the base's. Reads take mapped chunks from the
 * store and the rest from the base; writes go to the store (cow_store_write),
 * flush commits it. base and store are not owned and must outlive it. store
 * may be NULL: the base alone, read-only. An INVALID or DAMAGED store is
 * refused with -EUCLEAN unless force is set (an INVALID one then reads as if
 * it were valid).
 */
int view_open(struct io_source *base, struct cow_store *store, bool writable, bool force,
	      struct io_source **view, struct lm_error *err);

/*
 * Serves src as the one file "root.img" in a FUSE mount of its own, from a
 * thread of its own, so that programs such as e2fsck can work on it. dir: an
 * empty directory, or NULL: one is made as view_place_make() does it. src must
 * not be used by others while it is exported. -EOPNOTSUPP where there is no
 * FUSE. What went wrong inside (a full store, a read error) is told by
 * view_fuse_close().
 */
struct view_fuse;
int view_fuse_open(struct io_source *src, bool writable, const char *dir, struct view_fuse **fuse,
		   struct lm_error *err);
const char *view_fuse_path(const struct view_fuse *fuse); /* path of root.img */
/* Unmounts, flushes and removes the directory; returns the first error met. */
int view_fuse_close(struct view_fuse *fuse, struct lm_error *err);
/* Whether FUSE can be used here at all (device, and fusermount3 or root). */
bool view_fuse_available(void);

/*
 * Writes src as a sparse file (runs of zeros of at least 4 KiB become holes),
 * fsyncs it. out must be empty. -ECANCELED when the watch says so.
 */
int view_export(struct io_source *src, struct io_file *out, const char *out_name,
		const struct lm_watch *watch, struct lm_error *err);

#endif

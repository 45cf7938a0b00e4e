/* SPDX-License-Identifier: GPL-3.0-or-later */
/* io_extents.h - a read-only file as a list of runs of a source, for the readers in io_image.h */
#ifndef IO_IO_EXTENTS_H
#define IO_IO_EXTENTS_H

#include "core/io/io.h"

/* Bytes [from, from + len) of the file lie at src_off; what no extent covers reads as zeros. */
struct io_extent {
	uint64_t from, src_off, len;
};

struct io_extents {
	struct io_extent *list; /* ascending, not overlapping; by malloc() */
	size_t count, cap;
};

/* Appends, joining what is contiguous. 0 or -ENOMEM; -EUCLEAN when the sums overflow. */
int io_extents_add(struct io_extents *x, uint64_t from, uint64_t src_off, uint64_t len);
void io_extents_free(struct io_extents *x);

/*
 * Makes the file; takes over x->list in any case. src is not owned and must
 * outlive the file. Every extent must lie within src, else -EUCLEAN.
 */
int io_extents_file(struct io_source *src, struct io_extents *x, const struct io_stat *st,
		    struct io_file **file);

/* The same for a few bytes in memory, which are taken over. */
int io_memory_file(void *bytes, size_t len, const struct io_stat *st, struct io_file **file);

/*
 * Path walking that all the readers share: each component of path is looked up
 * by fn, starting from the top. "." and empty components are passed over, ".."
 * is -EXDEV.
 */
int io_walk(const char *path, int (*fn)(void *arg, const char *name), void *arg);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* copy.h - a copy of a file that has been read back and compared */
#ifndef OPS_COPY_H
#define OPS_COPY_H

#include "core/io/io.h"
#include "core/livemend.h"

typedef int (*copy_progress_fn)(void *arg, uint64_t done, uint64_t total);

/*
 * Copies from to a new file to in the directory dir of another (or the same)
 * table, flushes it and its name, reads it back cold and compares. progress
 * counts both passes. On failure the copy may be there in part.
 */
int copy_file(struct io *from_io, const char *from, struct io *to_io, const char *dir,
	      const char *to, copy_progress_fn progress, void *arg, struct lm_error *err);

#endif

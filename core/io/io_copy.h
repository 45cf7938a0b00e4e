/* SPDX-License-Identifier: GPL-3.0-or-later */
/* io_copy.h - a copy of a file that has been read back and compared */
#ifndef IO_IO_COPY_H
#define IO_IO_COPY_H

#include "core/io/io.h"
#include "core/livemend.h"

/*
 * Copies from to a new file to in the directory dir of another (or the same)
 * table, flushes it and its name, reads it back cold and compares. progress
 * counts both passes. On failure the copy may be there in part.
 */
int io_copy(struct io *from_io, const char *from, struct io *to_io, const char *dir,
	      const char *to, io_progress_fn progress, void *arg, struct lm_error *err);

#endif

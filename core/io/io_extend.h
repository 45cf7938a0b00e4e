/* SPDX-License-Identifier: GPL-3.0-or-later */
/* io_extend.h - a file made longer, on storage that is really there */
#ifndef IO_IO_EXTEND_H
#define IO_IO_EXTEND_H

#include "core/io/io.h"
#include "core/livemend.h"

/*
 * Makes the file's bytes [from, to) real, in pieces; the file is then at least
 * to long, and flushed. Where storage cannot be reserved (FAT) zeros are
 * written beyond the end. progress counts from 0 to `to - from`; non-zero ends
 * it with -ECANCELED. What was added stays as it is on failure.
 */
int io_extend(struct io_file *file, const char *name, uint64_t from, uint64_t to,
		io_progress_fn progress, void *arg, struct lm_error *err);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fs_io.h - the files of an ext2, ext3 or ext4 inside a source, read without mounting
 *
 * Of the same kind as the readers in core/io/io_image.h: takes a source, which
 * it closes when it is closed itself, and offers it read-only through struct io.
 */
#ifndef FS_FS_IO_H
#define FS_FS_IO_H

#include "core/io/io.h"

int fs_io_open(struct io_source *src, struct io **io, struct lm_error *err);

#endif

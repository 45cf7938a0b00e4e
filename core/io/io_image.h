/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * io_image.h - file systems inside a disk image or block device, read without mounting
 *
 * Each takes a source (a whole device or one partition), which it closes when
 * it is closed itself, and offers it read-only through struct io. All numbers
 * on the medium are distrusted: chains are bounded, sizes checked.
 */
#ifndef IO_IO_IMAGE_H
#define IO_IO_IMAGE_H

#include "core/io/io.h"

int io_fat_open(struct io_source *src, struct io **io, struct lm_error *err);  /* FAT12/16/32, VFAT names */
int io_iso_open(struct io_source *src, struct io **io, struct lm_error *err);  /* ISO 9660, Rock Ridge or Joliet names */

#endif

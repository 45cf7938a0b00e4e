/* SPDX-License-Identifier: GPL-3.0-or-later */
/* io_file.h - files with a real descriptor, shared by io_dir.c and io_path_open() */
#ifndef IO_IO_FILE_H
#define IO_IO_FILE_H

#include "core/io/io.h"

struct stat;

/* Takes over fd (closes it on failure too). */
int io_fd_file(int fd, struct io_file **file);
/* Fills *st from fd; block devices get their real size. */
int io_fd_stat(int fd, struct io_stat *st);
/* The open(2) flags of a mode. */
int io_open_flags(enum io_mode mode);

#endif

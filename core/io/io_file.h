/* SPDX-License-Identifier: GPL-3.0-or-later */
/* io_file.h - files with a real descriptor, shared by io_dir.c and io_path_open() */
#ifndef IO_IO_FILE_H
#define IO_IO_FILE_H

#include "core/io/io.h"

struct stat;

/* Takes over fd (closes it on failure too). */
int io_fd_file(int fd, struct io_file **file);
/* The same for one that was made just now: whatever the umask, it has the mode it is to have. */
int io_fd_created(int fd, enum io_mode mode, struct io_file **file);
/* Fills *st from fd; block devices get their real size. */
int io_fd_stat(int fd, struct io_stat *st);
/* The open(2) flags of a mode. */
int io_open_flags(enum io_mode mode);

/* What may be opened. Without: regular files only. */
#define IO_BLOCK_TOO 1u /* or block devices */
#define IO_ONE_NAME  2u /* only if it has no other name: -EMLINK */

/*
 * Opens for use what fd, which is open with O_PATH, stands for: only then does a
 * device or a pipe notice anything, and it does not come to that. Returns a
 * descriptor, -EISDIR, -ELOOP, -ENOSTR (io.h), -EMLINK, or -ENOENT where there is
 * no /proc to do it by. fd stays open.
 */
int io_fd_reopen(int fd, int flags, unsigned which);
/* Returns used if it is the same file as fd, and may be opened; else closes it: an error. */
int io_fd_check_same(int fd, int used, unsigned which);

#endif

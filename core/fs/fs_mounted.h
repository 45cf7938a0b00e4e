/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fs_mounted.h - what the kernel says of a file system that it has mounted
 *
 * By FS_IOC_GETFSMAP and FS_IOC_FIEMAP. Nothing is written, no time of access
 * is set, and nothing but directories and regular files of that very mount is
 * opened: no device, no pipe, not even for a moment.
 */
#ifndef FS_FS_MOUNTED_H
#define FS_FS_MOUNTED_H

#include <stdbool.h>
#include <stdint.h>

#include "core/livemend.h"

/* A run of bytes of the device. owner: FMR_OWN_ of linux/fsmap.h. Non-zero ends it. */
typedef int (*fs_mounted_map_fn)(void *arg, uint64_t owner, uint64_t off, uint64_t len);

/*
 * All of the device, what is free in it, too. top: a descriptor of a file or
 * directory in the mount. -EOPNOTSUPP: this kernel, or this kind of file
 * system, does not say it.
 */
int fs_mounted_map(int top, fs_mounted_map_fn fn, void *arg);

/* Whether every file may be asked about. */
bool fs_mounted_may_walk(void);

/* Bytes that a file holds; path is raw, "/a/b". Non-zero ends it. */
typedef int (*fs_mounted_fn)(void *arg, const char *path, bool is_dir, uint64_t off, uint64_t len);

/*
 * Every directory and regular file that has blocks, in whatever order. What
 * vanishes meanwhile, or cannot be asked, is passed over. top: the top of the
 * mount. -EOPNOTSUPP: this file system cannot be asked so.
 */
int fs_mounted_walk(int top, fs_mounted_fn fn, void *arg, struct lm_error *err);

/* Files of that mount that are deleted and still in use; path is "#" and the inode number. */
int fs_mounted_deleted(int top, fs_mounted_fn fn, void *arg);

#endif

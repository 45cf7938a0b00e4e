/* SPDX-License-Identifier: GPL-3.0-or-later */
/* place.h - whether FUSE can be used here, and a directory to mount on */
#ifndef VIEW_PLACE_H
#define VIEW_PLACE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Makes an empty directory to mount on; *dir is freed with free(). In memory
 * where there is such a file system ($XDG_RUNTIME_DIR, /run, /dev/shm, /dev),
 * else below $TMPDIR, /run or /tmp, but never inside of directory avoid (NULL:
 * none). What a killed livemend has left mounted there is taken away first.
 */
int view_place_make(const char *avoid, char **dir);
/* How many bytes can be written there. 0 or negative errno. */
int view_place_room(const char *dir, uint64_t *bytes);

/*
 * Mounts a FUSE file system of ours on dir; *fd is what its server reads. By
 * the kernel's own call where that is allowed, else by fusermount3. -EOPNOTSUPP
 * with the reason in why (printable).
 */
int view_place_mount(const char *dir, bool writable, int *fd, char why[200]);
/* Best effort. The server's descriptor must have been closed: nobody answers any more. */
void view_place_unmount(const char *dir);

#endif

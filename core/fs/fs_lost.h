/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fs_lost.h - what e2fsck saved without a name */
#ifndef FS_FS_LOST_H
#define FS_FS_LOST_H

#include "core/fs/fs.h"

/* Names in /lost+found; 0 where there is no such directory. -EMEDIUMTYPE when not readable. */
int fs_count_lost(struct fs *fs, uint64_t *count);

#endif

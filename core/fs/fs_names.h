/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fs_names.h - the path of each inode, gathered by one walk over all directories */
#ifndef FS_FS_NAMES_H
#define FS_FS_NAMES_H

#include "core/fs/fs_priv.h"

struct fs_names;

int fs_names_new(ext2_filsys ext, struct fs_names **names, struct lm_error *err);
void fs_names_free(struct fs_names *names); /* NULL allowed */

/* Learns the entries of a directory. Damage is passed over; -ENOMEM only. */
int fs_names_add_dir(struct fs_names *names, ext2_ino_t dir, struct lm_error *err);

/*
 * The printable path, valid until the next call; NULL without memory. One
 * without a name lies below a pretended directory, by its number.
 */
const char *fs_names_path(struct fs_names *names, ext2_ino_t ino, bool deleted);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fs_busy.h - the inside of a struct fs that is mounted and written to while it is read */
#ifndef FS_FS_BUSY_H
#define FS_FS_BUSY_H

#include "core/fs/fs_priv.h"

struct fs_busy {
	int top;                    /* descriptor in the mount, not owned; -1: it cannot be asked */
	bool asked;                 /* what is free came from the kernel */
	struct io_source *replayed; /* the source with its journal over it; NULL: none */
	unsigned char *own;         /* as fs->used: what is the file system's own; if asked */
};

/* Before the file system is opened: with its journal replayed, unless current. 0 or -ENOMEM. */
int fs_busy_prepare(struct fs *fs, bool current, struct lm_error *err);
/* Once it is open: what the kernel says goes before what was read. 0 or -ENOMEM. */
int fs_busy_ask(struct fs *fs, struct lm_error *err);
void fs_busy_free(struct fs_busy *busy); /* NULL allowed */

/* What is free right now, as fs->used; NULL where the kernel does not say. To be freed. */
unsigned char *fs_busy_used_now(const struct fs *fs);

#endif

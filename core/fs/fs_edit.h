/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fs_edit.h - changes in an ext2/3/4 file system without mounting it
 *
 * For practice sticks and tests. Paths are absolute, parents must exist, and
 * symbolic links are not followed. The journal is not used: what is written
 * is only whole after fs_edit_close().
 */
#ifndef FS_FS_EDIT_H
#define FS_FS_EDIT_H

#include <stddef.h>
#include <sys/types.h>

#include "core/io/io.h"

struct fs_edit;

/*
 * src is not owned and must be writable. -EUCLEAN when the file system has
 * errors or a journal to replay, -EMEDIUMTYPE when it is none.
 */
int fs_edit_open(struct io_source *src, struct fs_edit **edit, struct lm_error *err);

int fs_edit_mkdir(struct fs_edit *edit, const char *path, mode_t mode, struct lm_error *err);

/* Makes the file, or replaces one that is there (its blocks are freed first). */
int fs_edit_write(struct fs_edit *edit, const char *path, const void *data, size_t len,
		  mode_t mode, struct lm_error *err);

/* Adds to the end of a regular file that exists. */
int fs_edit_append(struct fs_edit *edit, const char *path, const void *data, size_t len,
		   struct lm_error *err);

/* Removes a name; with the last one the file, and its blocks are free. Not for directories. */
int fs_edit_unlink(struct fs_edit *edit, const char *path, struct lm_error *err);

int fs_edit_symlink(struct fs_edit *edit, const char *path, const char *target,
		    struct lm_error *err);

/* Marks the file system as one with errors, as the kernel does when it meets one. */
void fs_edit_mark_errors(struct fs_edit *edit);

/*
 * Writes bitmaps, descriptors and superblock, flushes the source, and frees
 * edit in any case. NULL allowed.
 */
int fs_edit_close(struct fs_edit *edit, struct lm_error *err);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mksquashfs.h - mksquashfs as a child process, on a tree that only it sees */
#ifndef OPS_MERGE_MKSQUASHFS_H
#define OPS_MERGE_MKSQUASHFS_H

#include "core/child/child.h"
#include "core/image/image.h"

/* Versions from 4.7 to 4.7.4 lose data of sparse files. */
struct mksquashfs {
	char program[CHILD_PATH_MAX];
	unsigned version[3];
};

/*
 * Finds it, and asks for its version. Refuses (LM_REFUSED): -ENOENT there is
 * none, -EOPNOTSUPP it is one that damages what it packs.
 */
int mksquashfs_find(struct mksquashfs *mk, struct lm_error *err);
/* "mksquashfs version 4.5.1 (2022/03/17)"; false: not understood. */
bool mksquashfs_parse_version(const char *text, unsigned version[3]);
bool mksquashfs_is_bad(const unsigned version[3]);
/* Parts of a hundred out of a line of its progress bar ("[==|  ] 12/4096   3%"); -1: none. */
int mksquashfs_parse_progress(const char *line);

/* percent, 0 to 100; non-zero ends the child. */
typedef int (*mksquashfs_progress_fn)(void *arg, unsigned percent);
typedef void (*mksquashfs_line_fn)(void *arg, const char *line);

/*
 * Packs the tree of the old image with another file in the place of its root
 * image. In a mount namespace of its own the child mounts the loop device
 * old_node at dir (an empty directory), puts root over dir/root_path, and runs
 * mksquashfs with these options on dir. out must not exist yet. The result is
 * not flushed. -ECANCELED when progress says so.
 */
struct mksquashfs_job {
	const char *old_node, *dir, *root, *root_path, *out;
	const struct image_pack *pack;
	mksquashfs_progress_fn progress;
	mksquashfs_line_fn line;
	void *arg;
};
int mksquashfs_run(const struct mksquashfs *mk, const struct mksquashfs_job *job,
		   struct lm_error *err);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * io_replace.h - a new file takes the name of an old one, whatever happens meanwhile
 *
 * The usual recipe (write, fsync, rename over, fsync the directory) destroys
 * data on vfat: the directory is flushed before the moved entry is. Measured
 * over every state that a cut can leave, two sequences keep the file:
 *
 *   exchange  renameat2(RENAME_EXCHANGE); syncfs; fsync of both files; fsync
 *             of the directory. The name holds the old or the new file in
 *             every state. vfat knows it since Linux 6.0.
 *   aside     old name -> aside; new name -> old name; aside -> new name, each
 *             with fsync(file) before fsync(directory). Nothing is lost in any
 *             state, but there is a moment at which the name does not exist.
 *
 * After both the old file is found under the new file's former name. Which
 * file is which after a cut is told by content, never by name.
 *
 * Which of the two is used is known beforehand, from the type of the file
 * system: there is no way to ask without doing it (the kernel looks for both
 * names before the file system sees the flag), and what has its program in user
 * space (FUSE) may take the flag, not know it, and replace. There, on NFS, 9p
 * and all that is not known, it is the second sequence, which needs no more than
 * rename(2): where RENAME_NOREPLACE is not known either, the name is seen to be
 * free before, under the stick's lock.
 */
#ifndef IO_IO_REPLACE_H
#define IO_IO_REPLACE_H

#include <stdbool.h>

#include "core/io/io.h"

/*
 * Whether names are exchanged on this file system, by its type and the running
 * kernel's version; for planning, and what io_replace() goes by.
 */
bool io_replace_can_exchange(const struct io_fsinfo *info);

/*
 * Gives fresh the name of name, and the other way round. All three paths lie
 * in the directory dir; aside must not exist. Both files must have been
 * fsynced. *was_aside (may be NULL) tells that the second sequence was used: by
 * io_replace_can_exchange(), or because the exchange was turned down after all.
 */
int io_replace(struct io *io, const char *dir, const char *fresh, const char *name,
	       const char *aside, bool *was_aside, struct lm_error *err);

/* A file whose name is free now gets it, durably: rename, fsync of the file, fsync of dir. */
int io_replace_move(struct io *io, const char *dir, const char *from, const char *to,
		    struct lm_error *err);

/* Removes a file, durably. No error when it is not there. */
int io_replace_remove(struct io *io, const char *dir, const char *path, struct lm_error *err);

#endif

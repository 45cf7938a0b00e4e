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
 */
#ifndef IO_IO_REPLACE_H
#define IO_IO_REPLACE_H

#include <stdbool.h>

#include "core/io/io.h"

/*
 * Whether the file system can exchange two names, by its type and the running
 * kernel's version; a guess for planning, nothing is written.
 */
bool io_replace_can_exchange(const struct io_fsinfo *info);

/*
 * Gives fresh the name of name, and the other way round. All three paths lie
 * in the directory dir; aside must not exist. Both files must have been
 * fsynced. *was_aside (may be NULL) tells that the second sequence was used.
 */
int io_replace(struct io *io, const char *dir, const char *fresh, const char *name,
	       const char *aside, bool *was_aside, struct lm_error *err);

/* A file whose name is free now gets it, durably: rename, fsync of the file, fsync of dir. */
int io_replace_move(struct io *io, const char *dir, const char *from, const char *to,
		    struct lm_error *err);

/* Removes a file, durably. No error when it is not there. */
int io_replace_remove(struct io *io, const char *dir, const char *path, struct lm_error *err);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fs_journal.h - a file system as it is once its journal has been replayed, without writing
 *
 * For looking at one that is mounted and written to elsewhere: what is in its
 * place on the disk is older than what the journal holds, and parts of both
 * together make no sense. Sources: fs/jbd2/recovery.c, include/linux/jbd2.h.
 */
#ifndef FS_FS_JOURNAL_H
#define FS_FS_JOURNAL_H

#include "core/fs/fs_priv.h"

/*
 * src with the transactions laid over it that its journal holds whole: they are
 * read now, and kept in memory. ext: src, opened; it is not needed any longer
 * afterwards. src is not owned. *out is NULL, and 0 returned, where there is no
 * journal in it, or one that cannot be read: src is then all that there is.
 */
int fs_journal_open(ext2_filsys ext, struct io_source *src, struct io_source **out,
		    struct lm_error *err);

/*
 * Whether nothing has been committed since: what was read through it until now
 * is of one moment.
 */
bool fs_journal_settled(struct io_source *journal);

#endif

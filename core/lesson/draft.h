/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * draft.h - writes that are kept in memory first
 *
 * The kernel's page cache and journal see to it that data goes to the overlay
 * before the metadata that speaks of it, and that metadata does not go there
 * at all when the data found no room. An edit of a file system goes into a
 * draft over it, and then into the overlay in that order.
 */
#ifndef LESSON_DRAFT_H
#define LESSON_DRAFT_H

#include "core/fs/fs.h"
#include "core/io/io.h"

#define DRAFT_BLOCK 4096u

/* below is not owned. Closed by io_source_close(). */
int draft_open(struct io_source *below, struct io_source **draft, struct lm_error *err);

/*
 * Writes what was drafted to what is below: first the blocks that are free in
 * before (its bitmap is loaded), then the rest. -ENOSPC when there is no room;
 * then nothing of the rest has been written unless the data had all fitted.
 */
int draft_apply(struct io_source *draft, const struct fs *before, struct lm_error *err);

#endif

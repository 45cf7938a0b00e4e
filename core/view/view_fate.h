/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * view_fate.h - what each chunk that an overlay holds is worth
 *
 * The one place that decides it, for figures as for what is left out:
 *
 *   dead   no block in it is in use by the merged file system, or it lies
 *          beyond the end of the base
 *   equal  in every block in use the base says the same
 *   live   all others
 *
 * The last chunk of a base that is no whole number of chunks is as long as
 * what is left of it. What else lies in a store is its header and tables:
 * cow_allocated_sectors(), and metadata_sectors of struct cow_info.
 */
#ifndef VIEW_VIEW_FATE_H
#define VIEW_VIEW_FATE_H

#include "core/cow/cow.h"
#include "core/fs/fs.h"
#include "core/io/io.h"

struct view_fate {
	struct cow_store *store; /* the overlay */
	struct cow_store *over;  /* what is laid over it, with chunks of that size; NULL: nothing */
	struct io_source *base;
	struct io_source *now; /* merged, with all of it; for VIEW_FATE_COMPARE only */
	const struct fs *fs;   /* of now, its bitmap loaded; NULL: all of it counts as used */
};

/*
 * Whether fs, that of the merged view (may be NULL), can say what is free; its
 * bitmap is loaded then. For good (something is going to be left out on that
 * word): only one that is whole and was unmounted cleanly; for figures the
 * state of its last checkpoint will do. 1: yes; 0: no; or the error of
 * fs_load_bitmap().
 */
int view_fate_trust(struct fs *fs, bool for_good, struct lm_error *err);

/* The bytes of the base that a chunk stands for; false: none, it lies beyond its end. */
bool view_fate_range(const struct view_fate *f, uint64_t chunk, uint64_t *off, uint64_t *len);

/* Whether anything in bytes [off, off + len) of the merged device is in use. */
bool view_fate_used(const struct view_fate *f, uint64_t off, uint64_t len);

/*
 * Whether a and b say the same for [off, off + len) in every block in use. The
 * rest of both may be zeroed on the way.
 */
bool view_fate_same(const struct view_fate *f, uint64_t off, void *a, void *b, size_t len);

enum view_fate_kind { VIEW_DEAD, VIEW_EQUAL, VIEW_LIVE };

struct view_chunk {
	enum view_fate_kind kind;
	uint64_t chunk;        /* of the base */
	uint64_t off, len;     /* the bytes of the base that it stands for; len 0: beyond its end */
	uint64_t index, count; /* which of all that there are, in ascending order */
};

/* Non-zero ends it. */
typedef int (*view_fate_fn)(void *arg, const struct view_chunk *c, struct lm_error *err);

/*
 * Calls fn for every chunk that store or over hold, each once, ascending.
 * VIEW_FATE_USED reads nothing, and calls live what is not dead;
 * VIEW_FATE_COMPARE reads base and view, neighbours together.
 */
enum view_fate_how { VIEW_FATE_USED, VIEW_FATE_COMPARE };
int view_fate_each(const struct view_fate *f, enum view_fate_how how, view_fate_fn fn, void *arg,
		   struct lm_error *err);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * changes.h - what an overlay changes in the root image, chunk by chunk and block by block
 *
 * A chunk is live when a block of the merged file system that is in use lies
 * in it, and it counts only if it differs from the base in such a block.
 */
#ifndef OPS_CHANGES_H
#define OPS_CHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/image/image.h"
#include "core/stick/stick.h"
#include "core/view/view_fate.h"

/* How closely it is looked. */
enum changes_look {
	CHANGES_LIVE,  /* what is live counts, whether it differs or not: reads neither */
	CHANGES_FIRST, /* is there anything that differs? The rest is left IMAGE_MAYBE */
	CHANGES_ALL    /* each chunk (without an image), each block (of an image) is compared */
};

struct changes {
	const struct stick_look *look; /* not owned */
	struct view_fate chunks; /* its fs is NULL where what it says is free is not left out */
	bool compared;        /* chunks equal to the base are left out (without an image) */
	unsigned char *fate;  /* enum image_fate of each block */
	uint64_t blocks;
	uint32_t block_bytes;
	uint64_t changed_blocks; /* or may have changed (IMAGE_MAYBE) */
	uint64_t maybe_blocks;   /* of these */
	uint64_t holes;
	uint64_t live_bytes;  /* of chunks that count; with an image all that are live */
};


/*
 * Finds the fate of each block of the image, or without an image just what
 * counts (CHANGES_FIRST is CHANGES_ALL then). A file system whose bitmap cannot be trusted: -EUCLEAN with strict, else all
 * of it counts as used. Free with changes_free().
 */
int changes_find(struct changes *c, const struct stick_look *look, enum changes_look how,
		 bool strict, io_progress_fn progress, void *arg, struct lm_error *err);
void changes_free(struct changes *c);

/* For image_rewrite() and image_verify(). */
struct image_change changes_for_image(struct changes *c);

/*
 * Calls fn for each chunk that counts (live and, where compared, different
 * from the base), in ascending order, clipped to the base's size. Non-zero
 * ends it.
 */
typedef int (*changes_chunk_fn)(void *arg, uint64_t off, uint64_t len, struct lm_error *err);
int changes_each_chunk(struct changes *c, changes_chunk_fn fn, void *arg, struct lm_error *err);

#endif

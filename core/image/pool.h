/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pool.h - work on blocks of the root image in threads, given back in the order it came
 *
 * For one calling thread, which does all the reading and writing: a worker
 * only decodes, compares and compresses what it finds in its job, so it never
 * leaves the caller waiting. A block that cannot be compressed is stored as it
 * is; one that cannot be decoded is told of when it is fetched.
 */
#ifndef IMAGE_POOL_H
#define IMAGE_POOL_H

#include "core/image/inside.h"

struct image_pool;

enum image_task {
	IMAGE_PACK,    /* the new content, compressed */
	IMAGE_COMPARE, /* whether the new content differs */
	IMAGE_PROVE    /* whether a block of the new container holds the new content */
};

enum image_made {
	IMAGE_MADE,      /* packed; compared and different; proved */
	IMAGE_MADE_ZERO, /* packed: it holds nothing but zeros */
	IMAGE_MADE_SAME, /* IMAGE_MAYBE: it does not differ from the old one */
	IMAGE_MADE_WRONG,   /* not proved */
	IMAGE_MADE_BAD_OLD, /* the old block cannot be decoded */
	IMAGE_MADE_BAD_NEW  /* the new one cannot */
};

struct image_job {
	uint64_t block;
	enum image_fate fate;
	enum image_made made;
	/* IMAGE_PACK, IMAGE_MADE: what is to be stored, and its word in the list of sizes. */
	const unsigned char *data;
	uint32_t word;
};

/* change must outlive it. */
int image_pool_new(const struct image *img, const struct image_change *change,
		   enum image_task task, struct image_pool **pool, struct lm_error *err);
/* Ends the threads, whatever is still under way. NULL allowed. */
void image_pool_free(struct image_pool *pool);

bool image_pool_full(const struct image_pool *pool); /* the oldest has to be fetched first */
bool image_pool_idle(const struct image_pool *pool); /* nothing is left to be fetched */
/*
 * Gives out a block, when there is room: reads what is needed of it from the
 * old image, by content(), and for IMAGE_PROVE from the new one (else NULL).
 * fate: IMAGE_CHANGE, IMAGE_MAYBE; with IMAGE_PROVE also IMAGE_HOLE, and
 * IMAGE_KEEP, which just has to be decoded.
 */
int image_pool_give(struct image_pool *pool, uint64_t block, enum image_fate fate,
		    const struct image *new, struct lm_error *err);
/*
 * Waits for the oldest. Fails when it could not be decoded: -EIO for a block of
 * the old image, -EBADMSG for one of the new.
 */
int image_pool_fetch(struct image_pool *pool, const struct image_job **job, struct lm_error *err);
/* Done with what was fetched. */
void image_pool_release(struct image_pool *pool);

/*
 * Lays what is new (of a block that content() was asked for) over old, and
 * cleans it. was: room for a block, to see whether that makes a difference;
 * NULL: it is said to make one.
 */
bool image_blend(const struct image_change *change, uint64_t block, unsigned char *old,
		 const unsigned char *content, const unsigned char *fresh, size_t len,
		 unsigned char *was);
/* Whether all of a block is new. */
bool image_all_fresh(const unsigned char *fresh, size_t len);
static inline size_t image_fresh_bytes(const struct image *img)
{
	return img->sb.block_bytes / IMAGE_SECTOR / 8;
}

#endif

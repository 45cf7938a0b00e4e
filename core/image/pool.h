/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pool.h - blocks compressed in threads, and given back in the order they came
 *
 * For one calling thread. A block that cannot be compressed is given back as
 * it was: a worker never fails and never leaves the caller waiting.
 */
#ifndef IMAGE_POOL_H
#define IMAGE_POOL_H

#include "core/image/inside.h"

struct image_pool;

/* threads 0: as many as there are processors for this process. */
int image_pool_new(const struct image *img, unsigned threads, struct image_pool **pool,
		   struct lm_error *err);
/* Ends the threads, whatever is still under way. NULL allowed. */
void image_pool_free(struct image_pool *pool);

/* Room for the next block, or NULL when the oldest has to be fetched first. */
unsigned char *image_pool_room(struct image_pool *pool);
/* Hands over what was put there. */
void image_pool_submit(struct image_pool *pool, size_t len);
/* Waits for the oldest block; word is its size as a list of blocks has it. */
const unsigned char *image_pool_fetch(struct image_pool *pool, uint32_t *word);
/* Done with what was fetched. */
void image_pool_release(struct image_pool *pool);

#endif

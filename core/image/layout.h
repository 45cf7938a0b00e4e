/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * layout.h - where things of the old container are in the new one
 *
 * What is not the root image comes first, in its old order, then the blocks
 * of the root image, then, when the end of the root image lay in a fragment
 * and has changed, that fragment anew. So the places of everything else are
 * known before the first block is compressed, and only ever become smaller.
 */
#ifndef IMAGE_LAYOUT_H
#define IMAGE_LAYOUT_H

#include "core/image/out.h"

struct image_layout {
	uint64_t gap, gap_end;   /* blocks of the old root image */
	uint64_t frag, frag_end; /* the fragment that is written anew; equal: none */
	uint64_t root;           /* the new place of the root image */
};

void image_layout_make(const struct image *old, const struct image_change *change,
		       struct image_layout *lay);
/* New place of what lay at place and is neither of the root image nor in the new fragment. */
uint64_t image_layout_move(const struct image_layout *lay, uint64_t place);
/* Copied parts, ascending: at most three. Returns how many. */
unsigned image_layout_parts(const struct image *old, const struct image_layout *lay,
			    uint64_t start[3], uint64_t len[3]);

/*
 * Writes all tables and completes *sb. list: the sizes of the blocks of the new
 * root image, as in its inode. frag: the fragment written anew, if there is one.
 */
int image_tables_write(const struct image *old, const struct image_layout *lay,
		       const unsigned char *list, const struct image_fragment *frag,
		       struct image_out *out, struct image_super *sb, struct lm_error *err);

#endif

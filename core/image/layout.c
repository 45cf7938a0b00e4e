/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/image/layout.h"

void image_layout_make(const struct image *old, const struct image_change *change,
		       struct image_layout *lay)
{
	const struct image_root *root = &old->root;
	const struct image_fragment *f;

	lay->gap = root->stored ? root->inode.start : old->sb.inode_start;
	lay->gap_end = lay->gap + root->stored;
	lay->frag = lay->frag_end = old->sb.inode_start;
	if (root->tail_in_fragment && change->fate(change->arg, root->inode.blocks) != IMAGE_KEEP) {
		f = &old->fragments[root->inode.fragment];
		lay->frag = f->start;
		lay->frag_end = f->start + image_word_bytes(f->word);
	}
	lay->root = image_layout_move(lay, old->sb.inode_start);
}

uint64_t image_layout_move(const struct image_layout *lay, uint64_t place)
{
	uint64_t moved = place;

	if (place >= lay->gap_end)
		moved -= lay->gap_end - lay->gap;
	if (place >= lay->frag_end)
		moved -= lay->frag_end - lay->frag;
	return moved;
}

unsigned image_layout_parts(const struct image *old, const struct image_layout *lay,
			    uint64_t start[3], uint64_t len[3])
{
	bool gap_first = lay->gap <= lay->frag;
	const uint64_t from[3] = {IMAGE_SUPER_BYTES, gap_first ? lay->gap_end : lay->frag_end,
				  gap_first ? lay->frag_end : lay->gap_end};
	const uint64_t to[3] = {gap_first ? lay->gap : lay->frag, gap_first ? lay->frag : lay->gap,
				old->sb.inode_start};
	unsigned i, n = 0;

	for (i = 0; i < 3; i++) {
		if (from[i] >= to[i])
			continue;
		start[n] = from[i];
		len[n++] = to[i] - from[i];
	}
	return n;
}

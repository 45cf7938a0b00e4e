/* SPDX-License-Identifier: GPL-3.0-or-later */
/* estimate.c - how large a rewritten container becomes */
#include "core/bytes.h"
#include "core/image/layout.h"

/* value * part / whole, without overflow for what an image can hold. */
static uint64_t share(uint64_t value, uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((long double)value * (long double)part / (long double)whole)
		     : value;
}

static uint64_t table_bytes(uint64_t len)
{
	return len + div_up(len, IMAGE_META_BYTES) * 10;
}

void image_estimate(const struct image *image, const struct image_change *change,
		    uint64_t *likely_bytes, uint64_t *most_bytes)
{
	const struct image_super *sb = &image->sb;
	const struct image_root *root = &image->root;
	uint64_t block, kept = 0, changed = 0, plain = 0, others, tables, old_tables;
	struct image_layout lay;

	image_layout_make(image, change, &lay);
	for (block = 0; block < root->inode.blocks; block++) {
		uint32_t size = image_word_bytes(image_root_word(image, block));
		size_t len = image_root_len(image, block);

		if (size)
			plain += len;
		switch (change->fate(change->arg, block)) {
		case IMAGE_KEEP:
			kept += size;
			break;
		case IMAGE_CHANGE:
		case IMAGE_MAYBE:
			changed += len;
			break;
		default:
			break;
		}
	}
	others = lay.root;
	if (lay.frag < lay.frag_end)
		others += sb->block_bytes;
	tables = table_bytes(image->inodes.len) + 2 * image->inodes.count +
		 table_bytes(image->dirs.len) + 2 * image->dirs.count +
		 table_bytes(sb->fragments * UINT64_C(16)) + table_bytes(sb->inodes * UINT64_C(8)) +
		 table_bytes(sb->ids * UINT64_C(4));
	if (sb->xattr_start != IMAGE_NOWHERE)
		tables += sb->bytes_used - image->xattr_kv;
	old_tables = sb->bytes_used - sb->inode_start;
	*most_bytes = others + kept + changed + tables + IMAGE_PAD_BYTES;
	*likely_bytes = others + kept + share(changed, root->stored, plain) +
			min_u64(tables, old_tables + image->dirs.len) + IMAGE_PAD_BYTES;
	*likely_bytes = min_u64(*likely_bytes, *most_bytes);
}

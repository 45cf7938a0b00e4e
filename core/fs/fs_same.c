/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/fs/fs_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "core/i18n.h"
#include "core/text.h"

/* Set and cleared while it is in use; all other incompatible features stay. */
#define COMES_AND_GOES ((uint32_t)EXT3_FEATURE_INCOMPAT_RECOVER)

static const char *difference(const struct fs *base, const struct fs *merged)
{
	struct ext2_super_block *a = base->ext->super, *b = merged->ext->super;
	dgrp_t g;

	if (memcmp(a->s_uuid, b->s_uuid, sizeof(a->s_uuid)) != 0)
		return _("the overlay holds a file system with another UUID");
	if (base->info.mkfs_time != merged->info.mkfs_time)
		return _("the overlay holds a file system that was made at another time");
	if (a->s_log_block_size != b->s_log_block_size ||
	    a->s_log_cluster_size != b->s_log_cluster_size ||
	    a->s_first_data_block != b->s_first_data_block ||
	    a->s_blocks_per_group != b->s_blocks_per_group ||
	    a->s_clusters_per_group != b->s_clusters_per_group ||
	    a->s_inodes_per_group != b->s_inodes_per_group ||
	    EXT2_INODE_SIZE(a) != EXT2_INODE_SIZE(b) || EXT2_DESC_SIZE(a) != EXT2_DESC_SIZE(b))
		return _("the overlay's file system is laid out differently");
	if (base->info.blocks != merged->info.blocks)
		return base->info.blocks < merged->info.blocks
			       ? _("same file system, but it was grown in the overlay")
			       : _("same file system, but it was shrunk in the overlay");
	if (((a->s_feature_incompat ^ b->s_feature_incompat) & ~COMES_AND_GOES) != 0)
		return _("the overlay's file system uses other features");
	for (g = 0; g < base->ext->group_desc_count; g++)
		if (ext2fs_block_bitmap_loc(base->ext, g) !=
			    ext2fs_block_bitmap_loc(merged->ext, g) ||
		    ext2fs_inode_bitmap_loc(base->ext, g) !=
			    ext2fs_inode_bitmap_loc(merged->ext, g) ||
		    ext2fs_inode_table_loc(base->ext, g) != ext2fs_inode_table_loc(merged->ext, g))
			return _("the overlay's file system has its tables in other places");
	return NULL;
}

int fs_super_sum(const unsigned char *sb)
{
	if (!(get_le32(sb + 0x64) & EXT4_FEATURE_RO_COMPAT_METADATA_CSUM))
		return -1;
	return ext2fs_crc32c_le(~0u, sb, 0x3fc) == get_le32(sb + 0x3fc);
}

/*
 * A superblock that is whole, of a file system that does not open here: what it
 * says of itself is true of another one, such as a larger one.
 */
static const char *foreign(const struct fs *base, const struct fs *merged)
{
	const struct ext2_super_block *a = base->ext->super;
	const unsigned char *sb = merged->super;
	int sum = fs_super_sum(sb);

	if (!merged->info.ext || sum == 0)
		return NULL;
	if (memcmp(a->s_uuid, sb + 0x68, sizeof(a->s_uuid)) != 0)
		return _("the overlay holds a file system with another UUID");
	if (get_le32(sb + 0x04) > base->info.blocks)
		return _("same file system, but it was grown in the overlay");
	if (sum < 0)
		return NULL;
	if (a->s_mkfs_time != get_le32(sb + 0x108))
		return _("the overlay holds a file system that was made at another time");
	return NULL;
}

int fs_same(const struct fs *base, const struct fs *merged, bool *same, char why[160])
{
	const char *text;

	why[0] = '\0';
	if (!base->info.readable || !merged->info.readable) {
		text = base->info.readable ? foreign(base, merged) : NULL;
		if (text) {
			*same = false;
			text_printable(why, 160, text);
			return 0;
		}
		text_printable(why, 160, _("one of the two cannot be read"));
		return -EMEDIUMTYPE;
	}
	text = difference(base, merged);
	*same = text == NULL;
	text_printable(why, 160, text);
	return 0;
}

/* Whole, as far as can be told, and of a later time. */
static bool is_unknown(const struct fs *fs)
{
	return fs->info.ext && !fs->info.readable && fs->info.state == LM_FS_UNKNOWN;
}

bool fs_is_lost(const struct fs *base, const struct fs *merged, char why[160])
{
	why[0] = '\0';
	if (merged->info.readable || (!merged->info.ext && !(base && base->info.ext)))
		return false;
	if (is_unknown(merged) && (!base || is_unknown(base)))
		return false;
	text_printable(why, 160,
		       merged->info.ext ? merged->info.trouble : _("its superblock is gone"));
	return true;
}

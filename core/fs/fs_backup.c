/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fs_backup.c - the copy of a superblock that can stand for it */
#include <errno.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/fs/fs_priv.h"
#include "core/i18n.h"

/* Set and cleared while it is in use: copies are not kept up with it. */
#define BACKUP_INCOMPAT_MAY_DIFFER ((uint32_t)EXT3_FEATURE_INCOMPAT_RECOVER)

/* Fields that no use of a file system changes; in the layout on disk. */
static bool same_file_system(const unsigned char *a, const unsigned char *b)
{
	static const struct {
		unsigned off, len;
	} kept[] = {
		{0x00, 8},  /* inodes, blocks */
		{0x14, 24}, /* first block, sizes of block and cluster, of groups */
		{0x58, 2},  /* size of inodes */
		{0x68, 16}, /* UUID */
		{0xfe, 2},  /* size of descriptors */
		{0x104, 4}, /* first group of blocks of descriptors */
		{0x108, 4}, /* when it was made */
		{0x150, 4}, /* blocks, the upper half */
	};
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (memcmp(a + kept[i].off, b + kept[i].off, kept[i].len) != 0)
			return false;
	return ((get_le32(a + 0x60) ^ get_le32(b + 0x60)) & ~BACKUP_INCOMPAT_MAY_DIFFER) == 0;
}

static bool is_whole(const struct fs *base, dgrp_t group, const unsigned char *sb, uint64_t size)
{
	uint64_t bytes;

	return get_le16(sb + 0x38) == EXT2_SUPER_MAGIC && get_le16(sb + 0x5a) == (group & 0xffff) &&
	       fs_super_sum(sb) != 0 && fs_super_check(sb, size, &bytes) == FS_SUPER_SOUND &&
	       same_file_system(base->super, sb);
}

/* The group descriptors that lie behind it lead to where bitmaps and inodes can be. */
static bool opens(struct io_source *src, const struct fs_backup *backup)
{
	struct fs_channel channel = {.src = src};
	ext2_filsys ext;
	bool good;

	if (fs_ext_open_backup(&channel, backup, &ext))
		return false;
	good = ext2fs_check_desc(ext) == 0;
	ext2fs_free(ext);
	return good;
}

int fs_find_backup(const struct fs *base, struct io_source *src, struct fs_backup *backup,
		   struct lm_error *err)
{
	unsigned char sb[FS_SUPER_BYTES];
	bool found = false;
	dgrp_t g;

	if (!base->info.readable)
		return -ENOENT;
	for (g = 1; g < base->ext->group_desc_count; g++) {
		struct fs_backup b = {.block = ext2fs_group_first_block2(base->ext, g),
				      .block_bytes = base->info.block_bytes};
		uint64_t off = b.block * b.block_bytes;
		struct lm_error why;
		int ret;

		if (!ext2fs_bg_has_super(base->ext, g) || off > src->size_bytes ||
		    src->size_bytes - off < sizeof(sb))
			continue;
		ret = io_source_read(src, sb, sizeof(sb), off, &why);
		if (ret == -ENOMEM || ret == -ECANCELED) {
			if (err)
				*err = why;
			return ret;
		}
		if (ret < 0 || !is_whole(base, g, sb, src->size_bytes))
			continue;
		b.write_time = (int64_t)get_le32(sb + 0x30) + ((int64_t)sb[0x274] << 32);
		if ((!found || b.write_time > backup->write_time) && opens(src, &b)) {
			*backup = b;
			found = true;
		}
	}
	return found ? 0 : -ENOENT;
}

/* ---- a stand-in ---- */

/* With its superblock back: it is the file system of base, and its descriptors are whole. */
static bool descriptors_whole(const struct fs *base, struct io_source *top)
{
	struct fs *fs = NULL;
	char why[160];
	bool good = false;
	dgrp_t g;

	if (fs_open(top, &fs, NULL) < 0)
		return false;
	if (fs_same(base, fs, &good, why) < 0)
		good = false;
	for (g = 0; good && g < fs->ext->group_desc_count; g++)
		good = ext2fs_group_desc_csum_verify(fs->ext, g) != 0;
	good = good && ext2fs_check_desc(fs->ext) == 0;
	fs_close(fs);
	return good;
}

/* What they say of inodes and blocks never used was true in base only. */
static void forget_unused(ext2_filsys ext)
{
	dgrp_t g;

	if (!ext2fs_has_group_desc_csum(ext))
		return;
	for (g = 0; g < ext->group_desc_count; g++) {
		ext2fs_bg_flags_clear(ext, g, EXT2_BG_BLOCK_UNINIT | EXT2_BG_INODE_UNINIT);
		ext2fs_bg_itable_unused_set(ext, g, 0);
		ext2fs_group_desc_csum_set(ext, g);
	}
}

int fs_stand_in(const struct fs *base, struct io_source *top, struct lm_error *err)
{
	struct fs_channel from = {.src = base->channel.src}, to = {.src = top};
	ext2_filsys ext;
	errcode_t code = fs_ext_open(&from, 0, &ext);

	if (code)
		return fs_ext_fail(err, &from, code, NULL, NULL,
				   _("Reading the root file system failed"));
	/* A journal is looked into, whether there is something in it or not. */
	if (ext->super->s_feature_compat & EXT3_FEATURE_COMPAT_HAS_JOURNAL)
		ext->super->s_feature_incompat |= EXT3_FEATURE_INCOMPAT_RECOVER;
	ext->super->s_state &= (uint16_t)~EXT2_VALID_FS;
	code = fs_ext_turn_to(ext, &to);
	if (code)
		goto out;
	ext->flags |= EXT2_FLAG_RW | EXT2_FLAG_DIRTY | EXT2_FLAG_MASTER_SB_ONLY |
		      EXT2_FLAG_SUPER_ONLY;
	code = ext2fs_flush(ext);
	if (!code && !descriptors_whole(base, top)) {
		forget_unused(ext);
		ext->flags &= ~EXT2_FLAG_SUPER_ONLY;
		ext->flags |= EXT2_FLAG_DIRTY;
		code = ext2fs_flush(ext);
	}
out:
	ext->flags &= ~(EXT2_FLAG_DIRTY | EXT2_FLAG_CHANGED);
	ext2fs_free(ext);
	return code ? fs_ext_fail(err, &to, code, NULL, NULL,
				  _("Writing the superblock of the root file system failed"))
		    : 0;
}

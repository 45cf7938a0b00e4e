/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/fs/fs_busy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/text.h"

/* Features that make it more than ext3, as libblkid judges (probers/ext.c). */
#define EXT3_INCOMPAT (EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_RECOVER | \
		       EXT2_FEATURE_INCOMPAT_META_BG)
#define EXT3_RO_COMPAT (EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | \
			EXT2_FEATURE_RO_COMPAT_LARGE_FILE | 0x0004u /* BTREE_DIR */)

__attribute__((format(printf, 2, 3))) static void
set_trouble(struct fs *fs, const char *format, ...)
{
	char raw[sizeof(fs->info.trouble)];
	va_list args;

	va_start(args, format);
	if (vsnprintf(raw, sizeof(raw), format, args) < 0)
		raw[0] = '\0';
	va_end(args);
	text_printable(fs->info.trouble, sizeof(fs->info.trouble), raw);
}

static void set_type(struct fs *fs, const struct ext2_super_block *sb)
{
	const char *type = "ext2";

	if ((sb->s_feature_incompat & ~(uint32_t)EXT3_INCOMPAT) ||
	    (sb->s_feature_ro_compat & ~(uint32_t)EXT3_RO_COMPAT))
		type = "ext4";
	else if (sb->s_feature_compat & EXT3_FEATURE_COMPAT_HAS_JOURNAL)
		type = "ext3";
	snprintf(fs->info.type, sizeof(fs->info.type), "%s", type);
}

static enum lm_fs_state state_of(const struct ext2_super_block *sb)
{
	if (sb->s_state & EXT2_ERROR_FS)
		return LM_FS_ERRORS;
	if (!(sb->s_state & EXT2_VALID_FS) || sb->s_last_orphan != 0 ||
	    (sb->s_feature_incompat & EXT3_FEATURE_INCOMPAT_RECOVER) ||
	    (sb->s_feature_ro_compat & EXT4_FEATURE_RO_COMPAT_ORPHAN_PRESENT))
		return LM_FS_DIRTY;
	return LM_FS_CLEAN;
}

/*
 * Free figures as the kernel makes them when it mounts: from the group
 * descriptors, for the superblock's own are only written now and then.
 */
static void count_free(struct fs *fs)
{
	const struct ext2_super_block *sb = fs->ext->super;
	uint64_t clusters = 0, inodes = 0, ratio = EXT2FS_CLUSTER_RATIO(fs->ext), kept;
	dgrp_t g;

	for (g = 0; g < fs->ext->group_desc_count; g++) {
		clusters += ext2fs_bg_free_blocks_count(fs->ext, g);
		inodes += ext2fs_bg_free_inodes_count(fs->ext, g);
	}
	fs->free_clusters = clusters;
	fs->info.blocks_free = min_u64(clusters * ratio, fs->info.blocks);
	fs->info.inodes_free = min_u64(inodes, fs->info.inodes);
	/* fs/ext4/super.c, ext4_statfs() and ext4_set_resv_clusters() */
	kept = ext2fs_r_blocks_count(fs->ext->super);
	if (sb->s_feature_incompat & EXT3_FEATURE_INCOMPAT_EXTENTS)
		kept += min_u64(fs->info.blocks / ratio / 50, 4096) * ratio;
	fs->info.blocks_avail = fs->info.blocks_free > kept ? fs->info.blocks_free - kept : 0;
}

static void take_super(struct fs *fs, const struct ext2_super_block *sb)
{
	struct fs_info *info = &fs->info;
	char label[sizeof(sb->s_volume_name) + 1];

	set_type(fs, sb);
	info->state = state_of(sb);
	info->needs_recovery = (sb->s_feature_incompat & EXT3_FEATURE_INCOMPAT_RECOVER) != 0;
	info->block_bytes = 1024u << sb->s_log_block_size;
	info->inodes = sb->s_inodes_count;
	memcpy(info->uuid, sb->s_uuid, sizeof(info->uuid));
	memcpy(label, sb->s_volume_name, sizeof(sb->s_volume_name));
	label[sizeof(sb->s_volume_name)] = '\0';
	text_printable(info->label, sizeof(info->label), label);
	info->mkfs_time = (int64_t)sb->s_mkfs_time + ((int64_t)sb->s_mkfs_time_hi << 32);
	info->write_time = (int64_t)sb->s_wtime + ((int64_t)sb->s_wtime_hi << 32);
}

static int open_ext(struct fs *fs, struct lm_error *err)
{
	struct fs_info *info = &fs->info;
	errcode_t code;

	code = fs_ext_open(&fs->channel, fs->busy ? EXT2_FLAG_IGNORE_CSUM_ERRORS : 0, &fs->ext);
	if (code == 0) {
		take_super(fs, fs->ext->super);
		info->blocks = ext2fs_blocks_count(fs->ext->super);
		info->size_bytes = info->blocks * info->block_bytes;
		info->readable = true;
		count_free(fs);
		return 0;
	}
	fs->ext = NULL;
	if (fs->channel.failed || code == EXT2_ET_NO_MEMORY)
		return fs_ext_fail(err, &fs->channel, code, NULL, NULL,
				   _("Reading the root file system failed"));
	info->state = LM_FS_ERRORS;
	if ((code == EXT2_ET_UNSUPP_FEATURE || code == EXT2_ET_RO_UNSUPP_FEATURE) &&
	    fs_super_sum(fs->super) != 0) {
		info->state = LM_FS_UNKNOWN;
		set_trouble(fs, "%s", _("it uses features that this livemend does not know"));
	} else if (code == EXT2_ET_SB_CSUM_INVALID || fs_super_sum(fs->super) == 0) {
		set_trouble(fs, "%s", _("the checksum of its superblock is wrong"));
	} else {
		set_trouble(fs, "%s", error_message(code));
	}
	return 0;
}

struct magic {
	const char *type;
	uint32_t off;
	uint32_t len;
	const char *bytes;
};

static const struct magic magics[] = {
	{"xfs", 0, 4, "XFSB"},
	{"btrfs", 65536 + 64, 8, "_BHRfS_M"},
	{"f2fs", 1024, 4, "\x10\x20\xf5\xf2"},
	{"erofs", 1024, 4, "\xe2\xe1\xf5\xe0"},
	{"squashfs", 0, 4, "hsqs"},
	{"crypto_LUKS", 0, 6, "LUKS\xba\xbe"},
};

static int probe_others(struct fs *fs, struct lm_error *err)
{
	struct io_source *src = fs->channel.src;
	size_t i;
	int r;

	for (i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		const struct magic *m = &magics[i];
		char buf[8];

		if (src->size_bytes < (uint64_t)m->off + m->len)
			continue;
		r = io_source_read(src, buf, m->len, m->off, err);
		if (r < 0)
			return r;
		if (memcmp(buf, m->bytes, m->len) == 0) {
			snprintf(fs->info.type, sizeof(fs->info.type), "%s", m->type);
			set_trouble(fs, _("livemend cannot look into file systems of type %s"),
				    m->type);
			return 0;
		}
	}
	set_trouble(fs, "%s", _("no file system was found in it"));
	return 0;
}

static bool super_makes_sense(struct fs *fs, const unsigned char *sb)
{
	uint64_t size = fs->channel.src->size_bytes, bytes;
	char a[16], b[16];

	switch (fs_super_check(sb, size, &bytes)) {
	case FS_SUPER_NONSENSE:
		set_trouble(fs, "%s", _("its superblock makes no sense"));
		return false;
	case FS_SUPER_TOO_LARGE:
		set_trouble(fs, _("it claims %s, but only %s are there"), text_size(a, bytes),
			    text_size(b, size));
		return false;
	default:
		return true;
	}
}

static int probe(struct fs *fs, struct lm_error *err)
{
	unsigned char *sb = fs->super;
	int r;

	if (fs->channel.src->size_bytes < FS_SUPER_OFF + FS_SUPER_BYTES)
		return probe_others(fs, err);
	r = io_source_read(fs->channel.src, sb, sizeof(fs->super), FS_SUPER_OFF, err);
	if (r < 0)
		return r;
	if (get_le16(sb + 0x38) != EXT2_SUPER_MAGIC)
		return probe_others(fs, err);
	if (get_le32(sb + 0x60) & EXT3_FEATURE_INCOMPAT_JOURNAL_DEV) {
		snprintf(fs->info.type, sizeof(fs->info.type), "jbd");
		set_trouble(fs, "%s", _("it is the journal of another file system"));
		return 0;
	}
	snprintf(fs->info.type, sizeof(fs->info.type), "ext4");
	fs->info.ext = true;
	fs->info.state = LM_FS_ERRORS;
	return super_makes_sense(fs, sb) ? open_ext(fs, err) : 0;
}

static int fs_new(struct io_source *src, struct fs **out, struct lm_error *err)
{
	struct fs *fs = calloc(1, sizeof(*fs));

	*out = fs;
	if (!fs)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s",
			       _("Reading the root file system failed"));
	fs->channel.src = src;
	fs->info.state = LM_FS_UNKNOWN;
	return 0;
}

int fs_open(struct io_source *src, struct fs **out, struct lm_error *err)
{
	struct fs *fs;
	int r;

	*out = NULL;
	r = fs_new(src, &fs, err);
	if (r == 0)
		r = probe(fs, err);
	if (r < 0) {
		fs_close(fs);
		return r;
	}
	*out = fs;
	return 0;
}

int fs_open_busy(struct io_source *src, bool current, int top, struct fs **out,
		 struct lm_error *err)
{
	struct fs *fs;
	int r;

	*out = NULL;
	r = fs_new(src, &fs, err);
	if (r == 0) {
		fs->busy = calloc(1, sizeof(*fs->busy));
		if (!fs->busy)
			r = lm_fail(err, -ENOMEM, NULL, NULL, "%s",
				    _("Reading the root file system failed"));
	}
	if (r == 0) {
		fs->busy->top = top;
		r = fs_busy_prepare(fs, current, err);
	}
	if (r == 0)
		r = probe(fs, err);
	if (r == 0 && fs->info.readable)
		r = fs_busy_ask(fs, err);
	if (r < 0) {
		fs_close(fs);
		return r;
	}
	*out = fs;
	return 0;
}

void fs_close(struct fs *fs)
{
	if (!fs)
		return;
	if (fs->ext)
		ext2fs_free(fs->ext);
	fs_busy_free(fs->busy);
	free(fs->used);
	free(fs);
}

const struct fs_info *fs_info(const struct fs *fs)
{
	return &fs->info;
}

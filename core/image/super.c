/* SPDX-License-Identifier: GPL-3.0-or-later */
/* super.c - the superblock, checked against itself and against the size of the file */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/image/inside.h"
#include "core/sum.h"

#define MAGIC         0x73717368
#define MAGIC_SWAPPED 0x68737173

static const char *const names[] = {"", "gzip", "lzma", "lzo", "xz", "lz4", "zstd"};

static void parse(const unsigned char *p, struct image_super *sb)
{
	sb->inodes = get_le32(p + 4);
	sb->mkfs_time = get_le32(p + 8);
	sb->block_bytes = get_le32(p + 12);
	sb->fragments = get_le32(p + 16);
	sb->compression = get_le16(p + 20);
	sb->block_log = get_le16(p + 22);
	sb->flags = get_le16(p + 24);
	sb->ids = get_le16(p + 26);
	sb->root_inode = get_le64(p + 32);
	sb->bytes_used = get_le64(p + 40);
	sb->id_start = get_le64(p + 48);
	sb->xattr_start = get_le64(p + 56);
	sb->inode_start = get_le64(p + 64);
	sb->dir_start = get_le64(p + 72);
	sb->frag_start = get_le64(p + 80);
	sb->export_start = get_le64(p + 88);
}

void image_super_put(const struct image_super *sb, unsigned char raw[IMAGE_SUPER_BYTES])
{
	put_le32(raw, MAGIC);
	put_le32(raw + 4, sb->inodes);
	put_le32(raw + 8, sb->mkfs_time);
	put_le32(raw + 12, sb->block_bytes);
	put_le32(raw + 16, sb->fragments);
	put_le16(raw + 20, sb->compression);
	put_le16(raw + 22, sb->block_log);
	put_le16(raw + 24, sb->flags);
	put_le16(raw + 26, sb->ids);
	put_le16(raw + 28, 4);
	put_le16(raw + 30, 0);
	put_le64(raw + 32, sb->root_inode);
	put_le64(raw + 40, sb->bytes_used);
	put_le64(raw + 48, sb->id_start);
	put_le64(raw + 56, sb->xattr_start);
	put_le64(raw + 64, sb->inode_start);
	put_le64(raw + 72, sb->dir_start);
	put_le64(raw + 80, sb->frag_start);
	put_le64(raw + 88, sb->export_start);
}

/* The index of a table of len bytes at start lies between low and high. */
static bool index_fits(uint64_t start, uint64_t len, uint64_t low, uint64_t high)
{
	uint64_t index = div_up(len, IMAGE_META_BYTES) * 8;

	return start >= low && start <= high && index <= high - start;
}

static int check(const struct image *img, struct lm_error *err)
{
	const struct image_super *sb = &img->sb;
	uint64_t end = sb->bytes_used;

	if (sb->block_log < 12 || sb->block_log > 20 ||
	    sb->block_bytes != UINT32_C(1) << sb->block_log)
		return image_bad(img, err, _("its superblock gives no valid block size"));
	if (end > img->file_bytes)
		return image_bad(img, err,
				 _("it is cut off: %" PRIu64 " of %" PRIu64 " bytes are there"),
				 img->file_bytes, end);
	if (sb->inode_start < IMAGE_SUPER_BYTES || sb->inode_start >= sb->dir_start ||
	    sb->dir_start >= end)
		return image_bad(img, err, _("its tables are not in order"));
	if (!sb->ids || !index_fits(sb->id_start, sb->ids * UINT64_C(4), sb->dir_start, end))
		return image_bad(img, err, _("its table of owners is not where it should be"));
	if (sb->fragments &&
	    !index_fits(sb->frag_start, sb->fragments * UINT64_C(16), sb->dir_start, sb->id_start))
		return image_bad(img, err, _("its table of fragments is not where it should be"));
	if (sb->export_start != IMAGE_NOWHERE &&
	    !index_fits(sb->export_start, sb->inodes * UINT64_C(8), sb->dir_start, sb->id_start))
		return image_bad(img, err, _("its table of inodes is not where it should be"));
	if (sb->xattr_start != IMAGE_NOWHERE &&
	    (sb->xattr_start < sb->id_start || sb->xattr_start > end || end - sb->xattr_start < 16))
		return image_bad(img, err, _("its table of attributes is not where it should be"));
	return 0;
}

static int read_options(struct image *img, struct lm_error *err)
{
	unsigned char raw[2 + sizeof(img->options)] = {0};
	size_t room = (size_t)min_u64(sizeof(raw), img->sb.inode_start - IMAGE_SUPER_BYTES);
	size_t len;
	int ret;

	if (!(img->sb.flags & IMAGE_F_COMPRESSOR_OPTIONS))
		return 0;
	ret = image_read(img, raw, room, IMAGE_SUPER_BYTES, err);
	if (ret)
		return ret;
	/* One metadata block; mksquashfs and libsquashfs store it uncompressed. */
	len = get_le16(raw) & 0x7fffU;
	if (!(get_le16(raw) & 0x8000) || !len || len + 2 > room)
		return image_bad(img, err, _("the options of its compressor cannot be read"));
	memcpy(img->options, raw + 2, len);
	img->options_len = len;
	return 0;
}

int image_super_read(struct image *img, struct lm_error *err)
{
	unsigned char raw[IMAGE_SUPER_BYTES];
	struct io_stat st;
	uint32_t magic;
	int ret;

	ret = io_fstat(img->file, &st);
	if (ret)
		return lm_fail(err, ret, img->name, NULL, _("Looking at the image failed"));
	img->file_bytes = st.size_bytes;
	if (st.size_bytes < sizeof(raw)) {
		ret = lm_fail(err, -EMEDIUMTYPE, img->name, NULL, _("This is no SquashFS image"));
		lm_because(err, _("it is too short"));
		return ret;
	}
	ret = image_read(img, raw, sizeof(raw), 0, err);
	if (ret)
		return ret;
	magic = get_le32(raw);
	if (magic != MAGIC && magic != MAGIC_SWAPPED) {
		ret = lm_fail(err, -EMEDIUMTYPE, img->name, NULL, _("This is no SquashFS image"));
		lm_because(err, _("it does not begin like one"));
		return ret;
	}
	parse(raw, &img->sb);
	if (magic == MAGIC_SWAPPED || get_le16(raw + 28) != 4 || get_le16(raw + 30) != 0) {
		ret = lm_fail(err, -EOPNOTSUPP, img->name, NULL,
			      _("This version of SquashFS is not supported"));
		lm_because(err, _("it is not version 4.0"));
		return ret;
	}
	if (img->sb.compression < IMAGE_GZIP || img->sb.compression > IMAGE_ZSTD) {
		ret = lm_fail(err, -EOPNOTSUPP, img->name, NULL,
			      _("This SquashFS image is not supported"));
		lm_because(err, _("its compressor, number %u, is unknown"), img->sb.compression);
		return ret;
	}
	ret = check(img, err);
	if (!ret)
		ret = read_options(img, err);
	if (ret)
		return ret;
	snprintf(img->info.compression, sizeof(img->info.compression), "%s",
		 names[img->sb.compression]);
	img->info.block_bytes = img->sb.block_bytes;
	img->info.bytes_used = img->sb.bytes_used;
	img->info.mkfs_time = img->sb.mkfs_time;
	sum_of(raw, sizeof(raw), img->info.identity);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pack.c - what mksquashfs is to be told to make an image like one there is
 *
 * Compressor options: struct comp_opts of squashfs-tools' gzip_wrapper.h,
 * xz_wrapper.h, lz4_wrapper.h, lzo_wrapper.h and zstd_wrapper.h. Flags of the
 * superblock: squashfs_fs.h of the kernel.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/image/inside.h"

enum {
	FLAG_NO_FRAGMENTS = 0x010,
	FLAG_ALWAYS_FRAGMENTS = 0x020,
	FLAG_DUPLICATES = 0x040,
	FLAG_EXPORT = 0x080,
	FLAG_RAW_XATTRS = 0x100,
	FLAG_NO_XATTRS = 0x200,
	FLAG_RAW_IDS = 0x800
};

static void add(struct image_pack *p, const char *text)
{
	if (p->count < IMAGE_PACK_ARGS)
		snprintf(p->text[p->count++], sizeof(p->text[0]), "%s", text);
}

static void add_number(struct image_pack *p, const char *option, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	add(p, option);
	add(p, text);
}

/* Names joined by commas, for the bits that are set; false: a bit without a name. */
static bool add_names(struct image_pack *p, const char *option, const char *const *names,
		      unsigned count, uint32_t bits)
{
	char text[sizeof(p->text[0])] = "";
	unsigned i;

	for (i = 0; i < count; i++) {
		if (!(bits & UINT32_C(1) << i))
			continue;
		if (text[0])
			strcat(text, ",");
		strcat(text, names[i]);
	}
	if (bits >> count)
		return false;
	if (bits) {
		add(p, option);
		add(p, text);
	}
	return true;
}

static bool add_compressor(const struct image *img, struct image_pack *p)
{
	static const char *const bcj[] = { "x86", "powerpc", "ia64", "arm", "armthumb", "sparc" };
	static const char *const strategies[] = { "default", "filtered", "huffman_only",
						  "run_length_encoded", "fixed" };
	const unsigned char *o = img->options;

	if (!img->options_len)
		return true;
	switch (img->sb.compression) {
	case IMAGE_GZIP:
		if (img->options_len < 8)
			return false;
		add_number(p, "-Xcompression-level", get_le32(o));
		add_number(p, "-Xwindow-size", get_le16(o + 4));
		return add_names(p, "-Xstrategy", strategies, 5, get_le16(o + 6));
	case IMAGE_XZ:
		if (img->options_len < 8)
			return false;
		if (get_le32(o) != img->sb.block_bytes)
			add_number(p, "-Xdict-size", get_le32(o));
		return add_names(p, "-Xbcj", bcj, 6, get_le32(o + 4));
	case IMAGE_LZ4:
		if (img->options_len < 8)
			return false;
		if (get_le32(o + 4) & 1)
			add(p, "-Xhc");
		return true;
	case IMAGE_ZSTD:
		if (img->options_len < 4)
			return false;
		add_number(p, "-Xcompression-level", get_le32(o));
		return true;
	default:
		return false;
	}
}

int image_pack_options(const struct image *img, struct image_pack *pack, struct lm_error *err)
{
	unsigned flags = img->sb.flags;

	memset(pack, 0, sizeof(*pack));
	add(pack, "-comp");
	add(pack, img->info.compression);
	add_number(pack, "-b", img->sb.block_bytes);
	if (flags & IMAGE_F_RAW_INODES)
		add(pack, "-noI");
	if (flags & IMAGE_F_RAW_DATA)
		add(pack, "-noD");
	if (flags & IMAGE_F_RAW_FRAGMENTS)
		add(pack, "-noF");
	if (flags & FLAG_RAW_XATTRS)
		add(pack, "-noX");
	if (flags & FLAG_RAW_IDS)
		add(pack, "-noId");
	if (flags & FLAG_NO_FRAGMENTS)
		add(pack, "-no-fragments");
	if (flags & FLAG_ALWAYS_FRAGMENTS)
		add(pack, "-always-use-fragments");
	if (!(flags & FLAG_DUPLICATES))
		add(pack, "-no-duplicates");
	if (!(flags & FLAG_EXPORT))
		add(pack, "-no-exports");
	if (flags & FLAG_NO_XATTRS)
		add(pack, "-no-xattrs");
	if (add_compressor(img, pack))
		return 0;
	return lm_refuse(err, -EOPNOTSUPP, img->name,
			 _("`livemend merge` (the method rewrite) does without mksquashfs."),
			 _("its compressor has options that livemend cannot name to mksquashfs"),
			 "%s", _("This image cannot be packed anew"));
}

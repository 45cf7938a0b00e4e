/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * codec.c - the compressors of libsquashfs, with their edges taken off
 *
 * Encoding never fails and never grows: what cannot be compressed is stored
 * (lz4 in libsquashfs returns more than it was given, and the others may run
 * out of memory). Options are given at creation, since read_options() of
 * libsquashfs 1.2 forgets the level of zstd and takes any dictionary.
 */
#include <errno.h>
#include <sqfs/compressor.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/image/inside.h"

struct image_codec {
	sqfs_compressor_t *c;
	unsigned char *twin; /* lzma decoding only: a second buffer */
	size_t twin_len;
};

/* False when the options are not understood; then blocks can be decoded but not encoded. */
static bool take_options(const struct image *img, sqfs_compressor_config_t *cfg)
{
	const unsigned char *o = img->options;
	uint32_t dict;

	if (!img->options_len)
		return true;
	switch (img->sb.compression) {
	case IMAGE_GZIP:
		if (img->options_len < 8)
			return false;
		cfg->level = get_le32(o);
		cfg->opt.gzip.window_size = get_le16(o + 4);
		cfg->flags = (sqfs_u16)(cfg->flags | (get_le16(o + 6) & SQFS_COMP_FLAG_GZIP_ALL));
		return !(get_le16(o + 6) & ~SQFS_COMP_FLAG_GZIP_ALL);
	case IMAGE_XZ:
		if (img->options_len < 8)
			return false;
		/* The kernel takes a dictionary of a metadata block at least. */
		dict = get_le32(o);
		cfg->opt.xz.dict_size = dict < IMAGE_META_BYTES ? IMAGE_META_BYTES : dict;
		cfg->flags = (sqfs_u16)(cfg->flags | (get_le32(o + 4) & 0x3f));
		return !(get_le32(o + 4) & ~UINT32_C(0x3f));
	case IMAGE_LZ4:
		if (img->options_len < 8)
			return false;
		cfg->flags = (sqfs_u16)(cfg->flags | (get_le32(o + 4) & SQFS_COMP_FLAG_LZ4_HC));
		return get_le32(o) == 1;
	case IMAGE_ZSTD:
		if (img->options_len < 4)
			return false;
		cfg->level = get_le32(o);
		return true;
	default:
		return false;
	}
}

int image_codec_new(const struct image *img, enum image_way way, struct image_codec **codec,
		    struct lm_error *err)
{
	sqfs_compressor_config_t cfg;
	sqfs_compressor_t *c = NULL;
	struct image_codec *new;
	int ret;

	*codec = NULL;
	ret = sqfs_compressor_config_init(&cfg, img->sb.compression, img->sb.block_bytes,
					  way == IMAGE_DECODE ? SQFS_COMP_FLAG_UNCOMPRESS : 0);
	if (!ret && way == IMAGE_ENCODE && !take_options(img, &cfg))
		ret = -1;
	if (!ret)
		ret = sqfs_compressor_create(&cfg, &c);
	if (ret) {
		ret = lm_fail(err, -EOPNOTSUPP, img->name, NULL,
			      _("The compressor of this image is not supported"));
		lm_because(err, _("libsquashfs has no %s with its options"), img->info.compression);
		return ret;
	}
	new = image_codec_wrap(c);
	if (new &&way == IMAGE_DECODE && img->sb.compression == IMAGE_LZMA) {
		new->twin_len = img->sb.block_bytes < IMAGE_META_BYTES ? IMAGE_META_BYTES
								       : img->sb.block_bytes;
		new->twin = malloc(new->twin_len);
		if (!new->twin) {
			image_codec_free(new);
			return image_no_memory(img, err);
		}
	}
	if (!new)
		return image_no_memory(img, err);
	*codec = new;
	return 0;
}

struct image_codec *image_codec_wrap(void *compressor)
{
	struct image_codec *codec = calloc(1, sizeof(*codec));

	if (codec)
		codec->c = compressor;
	else
		sqfs_destroy(compressor);
	return codec;
}

void image_codec_free(struct image_codec *codec)
{
	if (!codec)
		return;
	sqfs_destroy(codec->c);
	free(codec->twin);
	free(codec);
}

int image_decode(struct image_codec *codec, const void *in, size_t len, void *out, size_t cap)
{
	sqfs_compressor_t *c = codec->c;
	sqfs_s32 n, again;

	if (codec->twin)
		memset(out, 0x55, cap);
	n = c->do_block(c, in, (sqfs_u32)len, out, (sqfs_u32)cap);
	if (n <= 0 || (size_t)n > cap)
		return -EBADMSG;
	if (codec->twin) {
		/*
		 * lzma of libsquashfs returns the length in the header, even if
		 * less came out. What it did not write shows by differing.
		 */
		if (cap > codec->twin_len)
			return -EBADMSG;
		memset(codec->twin, 0xaa, cap);
		again = c->do_block(c, in, (sqfs_u32)len, codec->twin, (sqfs_u32)cap);
		if (again != n || memcmp(out, codec->twin, (size_t)n) != 0)
			return -EBADMSG;
	}
	return n;
}

size_t image_encode(struct image_codec *codec, const void *in, size_t len, void *out)
{
	sqfs_compressor_t *c = codec->c;
	sqfs_s32 n = c->do_block(c, in, (sqfs_u32)len, out, (sqfs_u32)len);

	return n <= 0 || (size_t)n >= len ? 0 : (size_t)n;
}

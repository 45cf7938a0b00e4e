/* SPDX-License-Identifier: GPL-3.0-or-later */
/* block.c - blocks of the root image: where they are and what is in them */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/image/inside.h"

uint32_t image_root_word(const struct image *img, uint64_t block)
{
	return get_le32(img->root.list + 4 * block);
}

uint64_t image_root_place(const struct image *img, uint64_t block)
{
	uint64_t i = block / IMAGE_STEP * IMAGE_STEP;
	uint64_t place = img->root.inode.start + img->root.offsets[block / IMAGE_STEP];

	for (; i < block; i++)
		place += image_word_bytes(image_root_word(img, i));
	return place;
}

size_t image_root_len(const struct image *img, uint64_t block)
{
	uint64_t at = block * img->sb.block_bytes;

	return (size_t)min_u64(img->sb.block_bytes, img->info.root_bytes - at);
}

bool image_root_in_fragment(const struct image *img, uint64_t block)
{
	return img->root.tail_in_fragment && block == img->root.inode.blocks;
}

int image_undecodable(const struct image *img, const char *of, uint64_t number, uint64_t place,
		      struct lm_error *err)
{
	lm_fail(err, -EBADMSG, img->name, _("The image is damaged there; get a fresh copy of it."),
		_("%s %" PRIu64 " cannot be decoded"), of, number);
	lm_because(err, _("what is stored at byte %" PRIu64 " is damaged"), place);
	return -EBADMSG;
}

int image_block_read(const struct image *img, struct image_codec *codec, uint64_t place,
		     uint32_t word, size_t len, unsigned char *scratch, unsigned char *out,
		     const char *of, uint64_t number, struct lm_error *err)
{
	size_t size = image_word_bytes(word);
	int ret;

	if (!size) {
		memset(out, 0, len);
		return 0;
	}
	if (word & IMAGE_RAW) {
		if (size != len)
			return image_undecodable(img, of, number, place, err);
		return image_read(img, out, len, place, err);
	}
	ret = image_read(img, scratch, size, place, err);
	if (ret)
		return ret;
	ret = image_decode(codec, scratch, size, out, len);
	if (ret < 0 || (size_t)ret != len)
		return image_undecodable(img, of, number, place, err);
	return 0;
}

int image_fragment_read(const struct image *img, struct image_codec *codec, uint32_t index,
			size_t min, unsigned char *scratch, unsigned char *out, size_t *len,
			struct lm_error *err)
{
	const struct image_fragment *f = &img->fragments[index];
	size_t size = image_word_bytes(f->word);
	int ret;

	if (f->word & IMAGE_RAW) {
		*len = size;
		ret = image_read(img, out, size, f->start, err);
	} else {
		ret = image_read(img, scratch, size, f->start, err);
		if (!ret) {
			ret = image_decode(codec, scratch, size, out, img->sb.block_bytes);
			*len = ret < 0 ? 0 : (size_t)ret;
			if (ret < 0)
				return image_undecodable(img, _("Fragment"), index, f->start, err);
			ret = 0;
		}
	}
	if (!ret && *len < min)
		return image_undecodable(img, _("Fragment"), index, f->start, err);
	return ret;
}

int image_root_read(const struct image *img, struct image_codec *codec, uint64_t block,
		    unsigned char *scratch, unsigned char *scratch2, unsigned char *out,
		    struct lm_error *err)
{
	const struct image_inode *inode = &img->root.inode;
	size_t len = image_root_len(img, block), got;
	int ret;

	if (!image_root_in_fragment(img, block))
		return image_block_read(img, codec, image_root_place(img, block),
					image_root_word(img, block), len, scratch, out, _("Block"),
					block, err);
	ret = image_fragment_read(img, codec, inode->fragment, inode->frag_off + len, scratch,
				  scratch2, &got, err);
	if (!ret)
		memcpy(out, scratch2 + inode->frag_off, len);
	return ret;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tree.c - inodes and directories, out of the decoded tables */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/image/inside.h"

#define DIR_HEADER_BYTES 12
#define DIR_ENTRY_BYTES  8
#define DIR_INDEX_BYTES  12
/* A directory's size counts three bytes for "." and "..", which are not stored. */
#define DIR_UNSTORED 3

static int bad_inode(const struct image *img, uint64_t at, struct lm_error *err)
{
	return image_bad(img, err, _("the inode at %" PRIu64 " of the inode table makes no sense"),
			 at);
}

/* Bytes before what varies in length; 0 for an unknown type. */
static size_t fixed_len(unsigned type)
{
	static const unsigned char len[] = {0,  32, 32, 24, 24, 24, 20, 20,
					    40, 56, 24, 28, 28, 24, 24};

	return type < sizeof(len) ? len[type] : 0;
}

static uint64_t block_count(const struct image *img, uint64_t bytes, uint32_t fragment)
{
	return fragment == IMAGE_NO_FRAGMENT ? div_up(bytes, img->sb.block_bytes)
					     : bytes / img->sb.block_bytes;
}

static bool file_ok(const struct image *img, const struct image_inode *inode)
{
	uint32_t tail = (uint32_t)(inode->bytes % img->sb.block_bytes);

	if (inode->bytes > INT64_MAX)
		return false;
	if (inode->fragment == IMAGE_NO_FRAGMENT)
		return true;
	return inode->fragment < img->sb.fragments && inode->frag_off <= img->sb.block_bytes &&
	       tail <= img->sb.block_bytes - inode->frag_off;
}

/* Adds up an index of a directory, whose entries are of different lengths. */
static bool index_len(const unsigned char *p, uint64_t left, struct image_inode *inode)
{
	uint64_t size;
	unsigned i;

	for (i = 0; i < inode->index_count; i++) {
		if (left < DIR_INDEX_BYTES)
			return false;
		size = DIR_INDEX_BYTES + get_le32(p + 8) + UINT64_C(1);
		if (size > left)
			return false;
		p += size;
		left -= size;
		inode->len += size;
	}
	return true;
}

int image_inode_at(const struct image *img, uint64_t at, struct image_inode *inode,
		   struct lm_error *err)
{
	const unsigned char *p = img->inodes.data + at;
	uint64_t left, size;

	memset(inode, 0, sizeof(*inode));
	inode->at = at;
	inode->fragment = IMAGE_NO_FRAGMENT;
	if (at >= img->inodes.len || img->inodes.len - at < 16)
		return bad_inode(img, at, err);
	left = img->inodes.len - at;
	inode->type = get_le16(p);
	inode->len = fixed_len(inode->type);
	if (!inode->len || inode->len > left)
		return bad_inode(img, at, err);
	left -= inode->len;
	switch (inode->type) {
	case IMAGE_DIR:
		inode->dir_block = get_le32(p + 16);
		inode->dir_bytes = get_le16(p + 24);
		inode->dir_off = get_le16(p + 26);
		break;
	case IMAGE_LDIR:
		inode->dir_bytes = get_le32(p + 20);
		inode->dir_block = get_le32(p + 24);
		inode->index_count = get_le16(p + 32);
		inode->dir_off = get_le16(p + 34);
		inode->index_at = at + inode->len;
		if (!index_len(p + inode->len, left, inode))
			return bad_inode(img, at, err);
		break;
	case IMAGE_REG:
		inode->start = get_le32(p + 16);
		inode->fragment = get_le32(p + 20);
		inode->frag_off = get_le32(p + 24);
		inode->bytes = get_le32(p + 28);
		break;
	case IMAGE_LREG:
		inode->start = get_le64(p + 16);
		inode->bytes = get_le64(p + 24);
		inode->fragment = get_le32(p + 44);
		inode->frag_off = get_le32(p + 48);
		break;
	case IMAGE_SYMLINK:
	case IMAGE_LSYMLINK:
		size = get_le32(p + 20) + (inode->type == IMAGE_LSYMLINK ? UINT64_C(4) : 0);
		if (size > left)
			return bad_inode(img, at, err);
		inode->len += size;
		break;
	default:
		break;
	}
	if (inode->type == IMAGE_REG || inode->type == IMAGE_LREG) {
		inode->list_at = at + inode->len;
		inode->blocks = block_count(img, inode->bytes, inode->fragment);
		if (!file_ok(img, inode) || inode->blocks > left / 4)
			return bad_inode(img, at, err);
		inode->len += inode->blocks * 4;
	}
	return 0;
}

int image_file_stored(const struct image *img, const struct image_inode *inode, uint64_t *stored,
		      struct lm_error *err)
{
	const unsigned char *list = img->inodes.data + inode->list_at;
	uint64_t i, sum = 0, end;
	uint32_t word;

	for (i = 0; i < inode->blocks; i++) {
		word = get_le32(list + 4 * i);
		if (word & ~(2 * IMAGE_RAW - 1) || image_word_bytes(word) > img->sb.block_bytes)
			return image_bad(
				img, err,
				_("the inode at %" PRIu64 " gives block %" PRIu64 " a wrong size"),
				inode->at, i);
		sum += image_word_bytes(word);
	}
	if (sum && (inode->start < IMAGE_SUPER_BYTES || add_overflows(inode->start, sum, &end) ||
		    end > img->sb.inode_start))
		return image_bad(
			img, err,
			_("the blocks of the inode at %" PRIu64 " are not where data can be"),
			inode->at);
	*stored = sum;
	return 0;
}

/* The stored listing of a directory: its place and length in the directory table. */
static int listing(const struct image *img, const struct image_inode *dir, uint64_t *at,
		   uint64_t *len, struct lm_error *err)
{
	*len = dir->dir_bytes > DIR_UNSTORED ? dir->dir_bytes - DIR_UNSTORED : 0;
	if (!*len)
		return 0;
	if (!image_meta_find(&img->dirs, dir->dir_block, dir->dir_off, at) ||
	    *len > img->dirs.len - *at)
		return image_bad(
			img, err,
			_("the directory at %" PRIu64 " of the inode table has no valid listing"),
			dir->at);
	return 0;
}

static int bad_listing(const struct image *img, uint64_t at, struct lm_error *err)
{
	return image_bad(img, err, _("the directory listing at %" PRIu64 " makes no sense"), at);
}

static int walk(const struct image *img, const struct image_inode *dir, uint64_t *start,
		image_header_fn header, image_entry_fn entry, void *arg, struct lm_error *err)
{
	uint64_t at = 0, len = 0, end;
	int ret = listing(img, dir, &at, &len, err);

	if (ret)
		return ret;
	if (start)
		*start = at;
	end = at + len;
	while (at < end) {
		const unsigned char *h = img->dirs.data + at;
		struct image_entry found = {.header = at, .first = true};
		uint32_t count;

		if (end - at < DIR_HEADER_BYTES)
			return bad_listing(img, at, err);
		count = get_le32(h);
		if (count > 255)
			return bad_listing(img, at, err);
		if (header) {
			ret = header(arg, at);
			if (ret)
				return ret;
		}
		at += DIR_HEADER_BYTES;
		for (count++; count > 0; count--) {
			const unsigned char *e = img->dirs.data + at;
			size_t size;

			if (end - at < DIR_ENTRY_BYTES)
				return bad_listing(img, at, err);
			size = (size_t)get_le16(e + 6) + 1;
			if (size > 256 || size > end - at - DIR_ENTRY_BYTES)
				return bad_listing(img, at, err);
			if (entry) {
				found.name = (const char *)e + DIR_ENTRY_BYTES;
				found.len = size;
				found.block = get_le32(h + 4);
				found.off = get_le16(e);
				/* The difference to the number in the header, with a sign. */
				found.number = get_le32(h + 8) + get_le16(e + 2) -
					       ((get_le16(e + 2) & 0x8000U) << 1);
				found.type = get_le16(e + 4);
				ret = entry(arg, &found);
				if (ret)
					return ret;
				found.first = false;
			}
			at += DIR_ENTRY_BYTES + size;
		}
	}
	return 0;
}

int image_each_header(const struct image *img, const struct image_inode *dir, image_header_fn fn,
		      void *arg, struct lm_error *err)
{
	return walk(img, dir, NULL, fn, NULL, arg, err);
}

int image_each_entry(const struct image *img, const struct image_inode *dir, uint64_t *start,
		     image_entry_fn fn, void *arg, struct lm_error *err)
{
	return walk(img, dir, start, NULL, fn, arg, err);
}

struct lookup {
	const char *name;
	size_t len;
	uint32_t block, off;
};

static int match(void *arg, const struct image_entry *entry)
{
	struct lookup *l = arg;

	if (entry->len != l->len || memcmp(entry->name, l->name, l->len) != 0)
		return 0;
	l->block = entry->block;
	l->off = entry->off;
	return 1;
}

static int by_reference(const struct image *img, uint64_t block, uint32_t off,
			struct image_inode *inode, struct lm_error *err)
{
	uint64_t at;

	if (!image_meta_find(&img->inodes, block, off, &at))
		return image_bad(img, err, _("a reference leads to no inode"));
	return image_inode_at(img, at, inode, err);
}

int image_find_path(const struct image *img, const char *path, struct image_inode *inode,
		    struct lm_error *err)
{
	struct lookup l = {.name = path};
	int ret = by_reference(img, img->sb.root_inode >> 16,
			       (uint32_t)(img->sb.root_inode & 0xffff), inode, err);

	while (!ret && *l.name) {
		l.len = strcspn(l.name, "/");
		if (inode->type != IMAGE_DIR && inode->type != IMAGE_LDIR)
			return -ENOENT;
		ret = walk(img, inode, NULL, NULL, match, &l, err);
		if (ret < 0)
			return ret;
		if (ret == 0)
			return -ENOENT;
		ret = by_reference(img, l.block, l.off, inode, err);
		l.name += l.len;
		l.name += strspn(l.name, "/");
	}
	return ret;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check_tables.c - the tables as the kernel reads them when a container is used
 *
 * Inodes have a number, owners and attributes that are there; entries of
 * directories lead to the inode they name; lists of directories and their
 * indexes are in the order in which the kernel searches them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/image/inside.h"

#define MOST_LINK_BYTES 4096
#define NO_XATTR        UINT32_MAX
#define XATTR_ID_BYTES  16
#define XATTR_ELSEWHERE 0x100
#define MOST_XATTRS     (UINT64_C(1) << 24) /* attributes that are looked at, of all inodes */

struct table_check {
	const struct image *img;
	struct image_codec *codec;
	unsigned char *starts; /* a bit for each byte of the inode table: an inode begins there */
	uint32_t xattrs;       /* numbers of sets of attributes */
	/* The directory that is looked at. */
	const struct image_inode *dir;
	const unsigned char *index; /* the entry of its index that comes next */
	unsigned index_left;
	uint64_t listing;
	const char *last; /* the name before; NULL: none */
	size_t last_len;
	struct lm_error *err;
};

/* ---- attributes ---- */

/* The size of a value at place, and whether it is there. */
static bool xattr_value_there(const struct image_meta *kv, uint64_t at, uint64_t *next)
{
	uint64_t left = at < kv->len ? kv->len - at : 0;

	if (left < 4 || get_le32(kv->data + at) > left - 4)
		return false;
	*next = at + 4 + get_le32(kv->data + at);
	return true;
}

static bool xattr_place(const struct image_meta *kv, uint64_t ref, uint64_t *at)
{
	return ref >> 16 <= UINT32_MAX &&
	       image_meta_find(kv, ref >> 16, (uint32_t)(ref & 0xffff), at);
}

/* Name and value at *at, which is moved behind them. */
static bool xattr_there(const struct image_meta *kv, uint64_t *at)
{
	uint64_t left = *at < kv->len ? kv->len - *at : 0, value, place, next;
	unsigned type;

	if (left < 4)
		return false;
	type = get_le16(kv->data + *at);
	value = *at + 4 + get_le16(kv->data + *at + 2);
	if (!xattr_value_there(kv, value, &next))
		return false;
	*at = next;
	if (!(type & XATTR_ELSEWHERE))
		return true;
	return next - value == 12 && xattr_place(kv, get_le64(kv->data + value + 4), &place) &&
	       xattr_value_there(kv, place, &next);
}

static int check_xattr_ids(struct table_check *c, const struct image_meta *kv,
			   const unsigned char *ids)
{
	uint64_t total = 0, at = 0;
	uint32_t i, n, count;
	bool good;

	for (i = 0; i < c->xattrs; i++) {
		const unsigned char *id = ids + XATTR_ID_BYTES * (size_t)i;

		count = get_le32(id + 8);
		total += count;
		if (total > MOST_XATTRS)
			return image_bad(c->img, c->err, _("%s is larger than any real one"),
					 _("the table of attributes"));
		good = !count || xattr_place(kv, get_le64(id), &at);
		for (n = 0; n < count && good; n++)
			good = xattr_there(kv, &at);
		if (!good)
			return image_bad(c->img, c->err, _("%s points to a wrong place"),
					 _("the table of attributes"));
	}
	return 0;
}

static int check_xattrs(struct table_check *c)
{
	const struct image *img = c->img;
	uint64_t start = img->sb.xattr_start;
	unsigned char head[16], *ids = NULL;
	struct image_meta kv;
	int ret;

	if (start == IMAGE_NOWHERE)
		return 0;
	ret = image_read(img, head, sizeof(head), start, c->err);
	if (ret)
		return ret;
	c->xattrs = get_le32(head + 8);
	ret = image_meta_load(img, c->codec, img->xattr_kv, start, _("the table of attributes"),
			      &kv, c->err);
	if (ret)
		return ret;
	ret = image_table_load(img, c->codec, start + sizeof(head),
			       c->xattrs * (uint64_t)XATTR_ID_BYTES, _("the table of attributes"),
			       &ids, c->err);
	if (!ret)
		ret = check_xattr_ids(c, &kv, ids);
	free(ids);
	image_meta_free(&kv);
	return ret;
}

/* ---- inodes ---- */

/* The short form of a type. */
static unsigned basic_type(unsigned type)
{
	return type >= IMAGE_LDIR ? type - (IMAGE_LDIR - IMAGE_DIR) : type;
}

/* Which set of attributes it has; NO_XATTR: none. */
static uint32_t inode_xattr(const unsigned char *p, const struct image_inode *inode)
{
	switch (inode->type) {
	case IMAGE_LDIR:
		return get_le32(p + 36);
	case IMAGE_LREG:
		return get_le32(p + 52);
	case IMAGE_LSYMLINK:
		return get_le32(p + inode->len - 4);
	case IMAGE_LBLKDEV:
	case IMAGE_LCHRDEV:
		return get_le32(p + 24);
	case IMAGE_LFIFO:
	case IMAGE_LSOCKET:
		return get_le32(p + 20);
	default:
		return NO_XATTR;
	}
}

/* Some writers leave the type in the mode; any other one would become part of it. */
static bool mode_fits(unsigned mode, unsigned type)
{
	static const unsigned short modes[] = {0,       0040000, 0100000, 0120000,
					       0060000, 0020000, 0010000, 0140000};

	return !(mode & 0170000) || (mode & 0170000) == modes[basic_type(type)];
}

static int check_inode(struct table_check *c, const struct image_inode *inode)
{
	const struct image *img = c->img;
	const unsigned char *p = img->inodes.data + inode->at;
	uint32_t xattr = inode_xattr(p, inode);
	bool good = get_le32(p + 12) != 0 && get_le16(p + 4) < img->sb.ids &&
		    get_le16(p + 6) < img->sb.ids && mode_fits(get_le16(p + 2), inode->type);

	/* Without a table of attributes the kernel looks at no number of a set. */
	if (xattr != NO_XATTR && img->sb.xattr_start != IMAGE_NOWHERE && xattr >= c->xattrs)
		good = false;
	if (basic_type(inode->type) == IMAGE_SYMLINK && get_le32(p + 20) > MOST_LINK_BYTES)
		good = false;
	if (!good)
		return image_bad(img, c->err,
				 _("the inode at %" PRIu64 " of the inode table makes no sense"),
				 inode->at);
	c->starts[inode->at / 8] |= (unsigned char)(1U << inode->at % 8);
	return 0;
}

static int check_inodes(struct table_check *c)
{
	struct image_inode inode;
	uint64_t at, stored;
	int ret = 0;

	for (at = 0; at < c->img->inodes.len && !ret; at += inode.len) {
		ret = image_inode_at(c->img, at, &inode, c->err);
		if (!ret)
			ret = check_inode(c, &inode);
		if (!ret && basic_type(inode.type) == IMAGE_REG)
			ret = image_file_stored(c->img, &inode, &stored, c->err);
	}
	return ret;
}

/* The inode at (block, off), which must have that number; NULL when there is none. */
static const unsigned char *inode_there(const struct table_check *c, uint64_t block, uint32_t off,
					uint32_t number)
{
	const struct image_meta *meta = &c->img->inodes;
	uint64_t at;

	if (!image_meta_find(meta, block, off, &at) || !(c->starts[at / 8] & (1U << at % 8)) ||
	    get_le32(meta->data + at + 12) != number)
		return NULL;
	return meta->data + at;
}

/* ---- directories ---- */

/* An index says under which name the entries below a header begin. */
static bool index_fits_entry(struct table_check *c, const struct image_entry *entry)
{
	const unsigned char *index = c->index;
	uint64_t at;

	if (!c->index_left || !entry->first || c->listing + get_le32(index) != entry->header)
		return true;
	if (!image_meta_find(
		    &c->img->dirs, get_le32(index + 4),
		    (uint32_t)((c->dir->dir_off + (uint64_t)get_le32(index)) % IMAGE_META_BYTES),
		    &at) ||
	    at != entry->header || get_le32(index + 8) + UINT64_C(1) != entry->len ||
	    memcmp(index + 12, entry->name, entry->len) != 0)
		return false;
	c->index += 12 + entry->len;
	c->index_left--;
	return true;
}

/*
 * The kernel ends its search at the first name that begins with a later letter;
 * by an index it looks only where the name would stand.
 */
static bool in_order(const struct table_check *c, const struct image_entry *entry)
{
	size_t len = (size_t)min_u64(c->last_len, entry->len);
	int differs;

	if (!c->last)
		return true;
	if (!c->dir->index_count)
		return (unsigned char)*c->last <= (unsigned char)*entry->name;
	differs = memcmp(c->last, entry->name, len);
	return differs < 0 || (differs == 0 && c->last_len < entry->len);
}

static int check_entry(void *arg, const struct image_entry *entry)
{
	struct table_check *c = arg;
	const unsigned char *inode = inode_there(c, entry->block, entry->off, entry->number);

	if (!inode || basic_type(get_le16(inode)) != entry->type || !in_order(c, entry) ||
	    memchr(entry->name, '/', entry->len) || memchr(entry->name, 0, entry->len) ||
	    !index_fits_entry(c, entry))
		return image_bad(c->img, c->err,
				 _("the directory listing at %" PRIu64 " makes no sense"),
				 entry->header);
	c->last = entry->name;
	c->last_len = entry->len;
	return 0;
}

static int check_dir(struct table_check *c, const struct image_inode *dir)
{
	int ret;

	c->dir = dir;
	c->index = c->img->inodes.data + dir->index_at;
	c->index_left = dir->index_count;
	c->last = NULL;
	/* Known before the first entry: the place of the listing is that of its first header. */
	c->listing = 0;
	ret = image_each_entry(c->img, dir, &c->listing, check_entry, c, c->err);
	if (!ret && c->index_left)
		ret = image_bad(
			c->img, c->err,
			_("the directory at %" PRIu64 " of the inode table has no valid listing"),
			dir->at);
	return ret;
}

static int check_dirs(struct table_check *c)
{
	const struct image *img = c->img;
	struct image_inode inode;
	uint64_t at;
	int ret = 0;

	for (at = 0; at < img->inodes.len && !ret; at += inode.len) {
		ret = image_inode_at(img, at, &inode, c->err);
		if (!ret && basic_type(inode.type) == IMAGE_DIR)
			ret = check_dir(c, &inode);
	}
	if (ret)
		return ret;
	ret = image_meta_find(&img->inodes, img->sb.root_inode >> 16,
			      (uint32_t)(img->sb.root_inode & 0xffff), &at)
		      ? 0
		      : -EBADMSG;
	if (ret || !(c->starts[at / 8] & (1U << at % 8)) ||
	    basic_type(get_le16(img->inodes.data + at)) != IMAGE_DIR)
		return image_bad(img, c->err, "%s", _("a reference leads to no inode"));
	return 0;
}

/* ---- the rest ---- */

static int check_owners(struct table_check *c)
{
	const struct image *img = c->img;
	unsigned char *raw = NULL;
	int ret = image_table_load(img, c->codec, img->sb.id_start, img->sb.ids * UINT64_C(4),
				   _("the table of owners"), &raw, c->err);

	free(raw);
	return ret;
}

/* Inodes by number. */
static int check_export(struct table_check *c)
{
	const struct image *img = c->img;
	unsigned char *raw = NULL;
	uint64_t ref;
	uint32_t i;
	int ret;

	if (img->sb.export_start == IMAGE_NOWHERE)
		return 0;
	ret = image_table_load(img, c->codec, img->sb.export_start, img->sb.inodes * UINT64_C(8),
			       _("the table of inodes"), &raw, c->err);
	for (i = 0; i < img->sb.inodes && !ret; i++) {
		ref = get_le64(raw + 8 * (size_t)i);
		/* A number that no inode has. */
		if (ref != UINT64_MAX &&
		    !inode_there(c, ref >> 16, (uint32_t)(ref & 0xffff), i + 1))
			ret = image_bad(img, c->err, _("%s points to a wrong place"),
					_("the table of inodes"));
	}
	free(raw);
	return ret;
}

int image_check_tables(struct image *image, struct lm_error *err)
{
	struct table_check c = {.img = image, .err = err};
	int ret;

	if (!image->info.can_read) {
		ret = lm_fail(err, -EOPNOTSUPP, image->name, NULL,
			      _("The image cannot be checked"));
		lm_because(err, "%s", image->info.why_not);
		return ret;
	}
	if (!image->info.can_mount)
		return image_bad(image, err, _("the kernel will not mount it: %s"),
				 image->info.why_no_mount);
	c.starts = calloc(1, (size_t)(image->inodes.len / 8 + 1));
	ret = c.starts ? image_codec_new(image, IMAGE_DECODE, &c.codec, err)
		       : image_no_memory(image, err);
	if (!ret)
		ret = check_owners(&c);
	if (!ret)
		ret = check_xattrs(&c);
	if (!ret)
		ret = check_inodes(&c);
	if (!ret)
		ret = check_dirs(&c);
	if (!ret)
		ret = check_export(&c);
	image_codec_free(c.codec);
	free(c.starts);
	return ret;
}

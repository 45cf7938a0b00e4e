/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * same.c - the tables of two containers compared
 *
 * The writer keeps the decoded layout of each table, so what is compared is
 * the decoded tables byte for byte; only places on disk may differ, and these
 * must lead to the same inode, listing or data as before.
 */
#include "core/image/same.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"

struct same {
	const struct image *old, *new;
	const struct image_layout *lay;
	unsigned char *want; /* the old table, as it should have become */
	struct lm_error *err;
};

int image_differs(const struct image *new, struct lm_error *err, const char *why, ...)
{
	char text[sizeof(err->why)];
	va_list args;

	va_start(args, why);
	vsnprintf(text, sizeof(text), why, args);
	va_end(args);
	lm_fail(err, -EBADMSG, new->name, NULL, "%s",
		_("The new image is not what was to be written"));
	lm_because(err, "%s", text);
	return -EBADMSG;
}

static bool same_layout(const struct image_meta *a, const struct image_meta *b)
{
	size_t i;

	if (a->len != b->len || a->count != b->count)
		return false;
	for (i = 0; i <= a->count; i++)
		if (a->blocks[i].at != b->blocks[i].at)
			return false;
	return true;
}

static bool same_block(const struct image_meta *a, uint64_t in_a, const struct image_meta *b,
		       uint64_t in_b)
{
	return image_meta_block(a, in_a) >= 0 &&
	       image_meta_block(a, in_a) == image_meta_block(b, in_b);
}

/* Takes a field that may differ over from the new table. */
static void accept(struct same *s, uint64_t at, size_t len)
{
	memcpy(s->want + at, s->new->inodes.data + at, len);
}

static int dir_inode(struct same *s, const struct image_inode *inode)
{
	uint64_t at = inode->at + (inode->type == IMAGE_DIR ? 16 : 24), index = inode->index_at;
	const unsigned char *p = s->new->inodes.data;
	bool same = same_block(&s->old->dirs, inode->dir_block, &s->new->dirs, get_le32(p + at));
	unsigned i;

	if (same)
		accept(s, at, 4);
	else if (inode->dir_bytes > 3)
		return image_differs(s->new, s->err,
				     _("the directory at %" PRIu64 " has another listing"),
				     inode->at);
	for (i = 0; i < inode->index_count; i++) {
		const unsigned char *was = s->old->inodes.data + index;

		if (same_block(&s->old->dirs, get_le32(was + 4), &s->new->dirs,
			       get_le32(p + index + 4)))
			accept(s, index + 4, 4);
		index += 12 + get_le32(was + 8) + UINT64_C(1);
	}
	return 0;
}

static void root_inode(struct same *s, const struct image_inode *inode)
{
	unsigned char *want = s->want + inode->at;
	uint64_t i, holes = 0;

	accept(s, inode->list_at, (size_t)inode->blocks * 4);
	if (inode->type == IMAGE_REG) {
		put_le32(want + 16, (uint32_t)s->lay->root);
		return;
	}
	for (i = 0; i < inode->blocks; i++)
		if (!get_le32(s->want + inode->list_at + 4 * i))
			holes += image_root_len(s->old, i);
	put_le64(want + 16, s->lay->root);
	put_le64(want + 32, holes);
}

static int file_inode(struct same *s, const struct image_inode *inode)
{
	unsigned char *want = s->want + inode->at;
	uint64_t stored;
	int ret = image_file_stored(s->old, inode, &stored, s->err);

	if (ret || !stored)
		return ret;
	if (inode->type == IMAGE_REG)
		put_le32(want + 16, (uint32_t)image_layout_move(s->lay, inode->start));
	else
		put_le64(want + 16, image_layout_move(s->lay, inode->start));
	return 0;
}

static int same_inodes(struct same *s)
{
	const struct image_meta *was = &s->old->inodes;
	struct image_inode inode;
	uint64_t at;
	int ret = 0;

	if (!same_layout(was, &s->new->inodes))
		return image_differs(s->new, s->err, "%s", _("its inode table has another size"));
	s->want = malloc((size_t)was->len + 1);
	if (!s->want)
		return image_no_memory(s->new, s->err);
	memcpy(s->want, was->data, (size_t)was->len);
	for (at = 0; at < was->len && !ret; at += inode.len) {
		ret = image_inode_at(s->old, at, &inode, s->err);
		if (ret)
			break;
		if (inode.type == IMAGE_DIR || inode.type == IMAGE_LDIR)
			ret = dir_inode(s, &inode);
		else if (at == s->old->root.inode.at)
			root_inode(s, &inode);
		else if (inode.type == IMAGE_REG || inode.type == IMAGE_LREG)
			ret = file_inode(s, &inode);
		if (!ret && memcmp(s->want + at, s->new->inodes.data + at, (size_t)inode.len) != 0)
			ret = image_differs(s->new, s->err,
					    _("its inode at %" PRIu64 " is not the old one"), at);
	}
	free(s->want);
	s->want = NULL;
	return ret;
}

static int same_header(void *arg, uint64_t at)
{
	struct same *s = arg;
	const unsigned char *is = s->new->dirs.data + at + 4;

	if (!same_block(&s->old->inodes, get_le32(s->old->dirs.data + at + 4), &s->new->inodes,
			get_le32(is)))
		return image_differs(s->new, s->err,
				     _("its directory table at %" PRIu64 " leads to other inodes"),
				     at);
	memcpy(s->want + at + 4, is, 4);
	return 0;
}

static int same_dirs(struct same *s)
{
	const struct image_meta *was = &s->old->dirs;
	struct image_inode inode;
	uint64_t at;
	int ret = 0;

	if (!same_layout(was, &s->new->dirs))
		return image_differs(s->new, s->err, "%s",
				     _("its directory table has another size"));
	s->want = malloc((size_t)was->len + 1);
	if (!s->want)
		return image_no_memory(s->new, s->err);
	memcpy(s->want, was->data, (size_t)was->len);
	for (at = 0; at < s->old->inodes.len && !ret; at += inode.len) {
		ret = image_inode_at(s->old, at, &inode, s->err);
		if (!ret && (inode.type == IMAGE_DIR || inode.type == IMAGE_LDIR))
			ret = image_each_header(s->old, &inode, same_header, s, s->err);
	}
	if (!ret && memcmp(s->want, s->new->dirs.data, (size_t)was->len) != 0)
		ret = image_differs(s->new, s->err, "%s",
				    _("its directories are not the old ones"));
	free(s->want);
	s->want = NULL;
	return ret;
}

static int same_fragments(struct same *s)
{
	const struct image *old = s->old, *new = s->new;
	bool anew = s->lay->frag < s->lay->frag_end;
	uint32_t i;

	for (i = 0; i < old->sb.fragments; i++) {
		const struct image_fragment *a = &old->fragments[i], *b = &new->fragments[i];
		bool ok;

		if (anew && i == old->root.inode.fragment)
			ok = b->start == s->lay->root + new->root.stored;
		else
			ok = b->word == a->word && b->start == image_layout_move(s->lay, a->start);
		if (!ok)
			return image_differs(
				new, s->err,
				_("its fragment %" PRIu32 " is not where it should be"), i);
	}
	return 0;
}

static int same_reference(struct same *s, uint64_t was, uint64_t is)
{
	if (was == UINT64_MAX && is == was)
		return 0;
	if ((was & 0xffff) == (is & 0xffff) &&
	    same_block(&s->old->inodes, was >> 16, &s->new->inodes, is >> 16))
		return 0;
	return image_differs(s->new, s->err, "%s", _("a reference leads to another inode"));
}

/* A table with an index, decoded, of both; each entry compared by fn, or all bytes. */
static int same_table(struct same *s, uint64_t was, uint64_t is, uint64_t len, bool references,
		      const char *what)
{
	unsigned char *a = NULL, *b = NULL;
	struct image_codec *codec;
	uint64_t i;
	int ret = image_codec_new(s->old, IMAGE_DECODE, &codec, s->err);

	if (ret)
		return ret;
	ret = image_table_load(s->old, codec, was, len, what, &a, s->err);
	if (!ret)
		ret = image_table_load(s->new, codec, is, len, what, &b, s->err);
	if (!ret && !references && memcmp(a, b, (size_t)len) != 0)
		ret = image_differs(s->new, s->err, _("%s is not the old one"), what);
	for (i = 0; references && i < len && !ret; i += 8)
		ret = same_reference(s, get_le64(a + i), get_le64(b + i));
	image_codec_free(codec);
	free(a);
	free(b);
	return ret;
}

static int compare(struct same *s, uint64_t was, uint64_t is, uint64_t len)
{
	unsigned char a[4096], b[4096];
	int ret = 0;

	while (len && !ret) {
		size_t n = (size_t)min_u64(len, sizeof(a));

		ret = image_read(s->old, a, n, was, s->err);
		if (!ret)
			ret = image_read(s->new, b, n, is, s->err);
		if (!ret && memcmp(a, b, n) != 0)
			ret = image_differs(s->new, s->err, "%s",
					    _("its attributes are not the old ones"));
		was += n;
		is += n;
		len -= n;
	}
	return ret;
}

/* end: where the file system must end. */
static int same_xattrs(struct same *s, uint64_t *end)
{
	const struct image *old = s->old, *new = s->new;
	uint64_t was = old->sb.xattr_start, is = new->sb.xattr_start, blocks, i;
	unsigned char a[8], b[8], head[16];
	int ret;

	if (was == IMAGE_NOWHERE)
		return 0;
	if (new->xattr_kv != *end || was - old->xattr_kv != is - new->xattr_kv)
		return image_differs(new, s->err, "%s", _("its attributes are in a wrong place"));
	ret = compare(s, old->xattr_kv, new->xattr_kv, was - old->xattr_kv);
	if (!ret)
		ret = compare(s, was + 8, is + 8, 8);
	if (!ret)
		ret = image_read(old, head, sizeof(head), was, s->err);
	if (ret)
		return ret;
	blocks = div_up(get_le32(head + 8) * UINT64_C(16), IMAGE_META_BYTES);
	for (i = 0; i < blocks; i++) {
		ret = image_read(old, a, sizeof(a), was + 16 + 8 * i, s->err);
		if (!ret)
			ret = image_read(new, b, sizeof(b), is + 16 + 8 * i, s->err);
		if (ret)
			return ret;
		if (get_le64(a) - old->xattr_kv != get_le64(b) - new->xattr_kv)
			return image_differs(new, s->err, "%s",
					     _("its attributes are not the old ones"));
	}
	*end = is + 16 + 8 * blocks;
	return 0;
}

static bool same_presence(uint64_t a, uint64_t b)
{
	return (a == IMAGE_NOWHERE) == (b == IMAGE_NOWHERE);
}

static int same_super(struct same *s)
{
	const struct image_super *a = &s->old->sb, *b = &s->new->sb;
	uint64_t data_end = s->lay->root + s->new->root.stored;

	if (a->inodes != b->inodes || b->mkfs_time != a->mkfs_time + 1 ||
	    a->block_bytes != b->block_bytes || a->fragments != b->fragments ||
	    a->compression != b->compression || a->flags != b->flags || a->ids != b->ids ||
	    !same_presence(a->xattr_start, b->xattr_start) ||
	    !same_presence(a->export_start, b->export_start) ||
	    !same_presence(a->frag_start, b->frag_start) ||
	    strcmp(s->old->info.root_path, s->new->info.root_path) != 0 ||
	    s->old->info.root_bytes != s->new->info.root_bytes || !s->new->info.can_rewrite)
		return image_differs(s->new, s->err, "%s", _("its superblock is not right"));
	if (s->lay->frag < s->lay->frag_end)
		data_end += image_word_bytes(s->new->fragments[s->old->root.inode.fragment].word);
	if (b->inode_start != data_end)
		return image_differs(s->new, s->err, "%s", _("its tables are in a wrong place"));
	return same_reference(s, a->root_inode, b->root_inode);
}

int image_same_tables(const struct image *old, const struct image *new,
		      const struct image_layout *lay, struct lm_error *err)
{
	struct same s = {.old = old, .new = new, .lay = lay, .err = err};
	uint64_t end = new->sb.id_start + div_up(new->sb.ids *UINT64_C(4), IMAGE_META_BYTES) * 8;
	int ret = same_super(&s);

	if (!ret)
		ret = same_inodes(&s);
	if (!ret)
		ret = same_dirs(&s);
	if (!ret)
		ret = same_fragments(&s);
	if (!ret && old->sb.export_start != IMAGE_NOWHERE)
		ret = same_table(&s, old->sb.export_start, new->sb.export_start,
				 old->sb.inodes * UINT64_C(8), true, _("the table of inodes"));
	if (!ret)
		ret = same_table(&s, old->sb.id_start, new->sb.id_start, old->sb.ids * UINT64_C(4),
				 false, _("the table of owners"));
	if (!ret)
		ret = same_xattrs(&s, &end);
	if (!ret && end != new->sb.bytes_used)
		ret = image_differs(new, err, "%s", _("it has a wrong size"));
	return ret;
}

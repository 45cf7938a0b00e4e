/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tables.c - the tables of a new container
 *
 * No inode changes its length, so each table keeps its decoded layout, and
 * metadata block n of a new table holds what block n of the old one held. What
 * changes is where these blocks are on disk. Inodes point into directories
 * and directories at inodes; the directory table is stored uncompressed, which
 * makes the places of its blocks known before the first inode is written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/image/layout.h"

struct tables {
	const struct image *old;
	const struct image_layout *lay;
	struct image_out *out;
	struct image_super *sb;
	struct image_codec *codec;
	unsigned char *inodes, *dirs;        /* the new tables, decoded */
	uint64_t *inode_blocks, *dir_blocks; /* new place of each of their blocks */
	struct lm_error *err;
};

static int put_block(struct tables *t, const unsigned char *data, size_t len, bool raw)
{
	unsigned char block[2 + IMAGE_META_BYTES];
	size_t n = raw ? 0 : image_encode(t->codec, data, len, block + 2);

	if (!n) {
		memcpy(block + 2, data, len);
		put_le16(block, (uint16_t)(len | 0x8000));
		n = len;
	} else {
		put_le16(block, (uint16_t)n);
	}
	return image_out_put(t->out, block, 2 + n, t->err);
}

static bool raw_tables(const struct tables *t)
{
	return (t->old->sb.flags & IMAGE_F_RAW_INODES) != 0;
}

/* A table with an index behind it; start: the place of that. */
static int put_table(struct tables *t, const unsigned char *data, uint64_t len, uint64_t *start)
{
	uint64_t blocks = div_up(len, IMAGE_META_BYTES), i;
	unsigned char *index = malloc((size_t)blocks * 8 + 1);
	int ret = 0;

	if (!index)
		return image_no_memory(t->old, t->err);
	for (i = 0; i < blocks && !ret; i++) {
		uint64_t at = i * IMAGE_META_BYTES;

		put_le64(index + 8 * i, image_out_at(t->out));
		ret = put_block(t, data + at, (size_t)min_u64(IMAGE_META_BYTES, len - at),
				raw_tables(t));
	}
	*start = image_out_at(t->out);
	if (!ret)
		ret = image_out_put(t->out, index, (size_t)blocks * 8, t->err);
	free(index);
	return ret;
}

/* The new place of the metadata block that was at block; false when there was none. */
static bool move(const struct image_meta *meta, const uint64_t *places, uint32_t block,
		 uint32_t *moved)
{
	int64_t i = image_meta_block(meta, block);

	if (i < 0 || places[i] > UINT32_MAX)
		return false;
	*moved = (uint32_t)places[i];
	return true;
}

static int bad_reference(const struct tables *t)
{
	return image_bad(t->old, t->err, "%s", _("a reference leads to no metadata block"));
}

static int fix_dir(struct tables *t, const struct image_inode *inode)
{
	unsigned char *p = t->inodes + inode->at + (inode->type == IMAGE_DIR ? 16 : 24);
	unsigned char *index = t->inodes + inode->index_at;
	uint32_t place;
	unsigned i;

	/* An empty directory may point to where a listing would have come. */
	if (move(&t->old->dirs, t->dir_blocks, inode->dir_block, &place))
		put_le32(p, place);
	else if (inode->dir_bytes > 3)
		return bad_reference(t);
	for (i = 0; i < inode->index_count; i++) {
		if (!move(&t->old->dirs, t->dir_blocks, get_le32(index + 4), &place))
			return bad_reference(t);
		put_le32(index + 4, place);
		index += 12 + get_le32(index + 8) + UINT64_C(1);
	}
	return 0;
}

static void fix_root(struct tables *t, const struct image_inode *inode, const unsigned char *list)
{
	unsigned char *p = t->inodes + inode->at;
	uint64_t i, holes = 0;

	memcpy(t->inodes + inode->list_at, list, (size_t)inode->blocks * 4);
	if (inode->type == IMAGE_REG) {
		put_le32(p + 16, (uint32_t)t->lay->root);
		return;
	}
	put_le64(p + 16, t->lay->root);
	for (i = 0; i < inode->blocks; i++)
		if (!get_le32(list + 4 * i))
			holes += image_root_len(t->old, i);
	put_le64(p + 32, holes);
}

static int fix_file(struct tables *t, const struct image_inode *inode)
{
	unsigned char *p = t->inodes + inode->at;
	uint64_t stored, start;
	int ret = image_file_stored(t->old, inode, &stored, t->err);

	/* Where nothing is stored the place means nothing. */
	if (ret || !stored)
		return ret;
	start = image_layout_move(t->lay, inode->start);
	if (inode->type == IMAGE_REG)
		put_le32(p + 16, (uint32_t)start);
	else
		put_le64(p + 16, start);
	return 0;
}

static int put_inodes(struct tables *t, const unsigned char *list)
{
	const struct image_meta *meta = &t->old->inodes;
	struct image_inode inode;
	uint64_t at;
	size_t i;
	int ret = 0;

	for (at = 0; at < meta->len && !ret; at += inode.len) {
		ret = image_inode_at(t->old, at, &inode, t->err);
		if (ret)
			break;
		if (inode.type == IMAGE_DIR || inode.type == IMAGE_LDIR)
			ret = fix_dir(t, &inode);
		else if (at == t->old->root.inode.at)
			fix_root(t, &inode, list);
		else if (inode.type == IMAGE_REG || inode.type == IMAGE_LREG)
			ret = fix_file(t, &inode);
	}
	t->sb->inode_start = image_out_at(t->out);
	for (i = 0; i < meta->count && !ret; i++) {
		t->inode_blocks[i] = image_out_at(t->out) - t->sb->inode_start;
		ret = put_block(t, t->inodes + meta->blocks[i].at,
				(size_t)(meta->blocks[i + 1].at - meta->blocks[i].at),
				raw_tables(t));
	}
	t->inode_blocks[meta->count] = image_out_at(t->out) - t->sb->inode_start;
	return ret;
}

static int fix_header(void *arg, uint64_t at)
{
	struct tables *t = arg;
	uint32_t place;

	if (!move(&t->old->inodes, t->inode_blocks, get_le32(t->old->dirs.data + at + 4), &place))
		return bad_reference(t);
	put_le32(t->dirs + at + 4, place);
	return 0;
}

static int put_dirs(struct tables *t)
{
	const struct image_meta *meta = &t->old->dirs;
	struct image_inode inode;
	uint64_t at;
	size_t i;
	int ret = 0;

	for (at = 0; at < t->old->inodes.len && !ret; at += inode.len) {
		ret = image_inode_at(t->old, at, &inode, t->err);
		if (!ret && (inode.type == IMAGE_DIR || inode.type == IMAGE_LDIR))
			ret = image_each_header(t->old, &inode, fix_header, t, t->err);
	}
	t->sb->dir_start = image_out_at(t->out);
	for (i = 0; i < meta->count && !ret; i++)
		ret = put_block(t, t->dirs + meta->blocks[i].at,
				(size_t)(meta->blocks[i + 1].at - meta->blocks[i].at), true);
	return ret;
}

static int put_fragments(struct tables *t, const struct image_fragment *fresh)
{
	const struct image *old = t->old;
	unsigned char *raw;
	uint32_t i;
	int ret;

	if (!old->sb.fragments) {
		if (old->sb.frag_start != IMAGE_NOWHERE)
			t->sb->frag_start = image_out_at(t->out);
		return 0;
	}
	raw = calloc(old->sb.fragments, 16);
	if (!raw)
		return image_no_memory(old, t->err);
	for (i = 0; i < old->sb.fragments; i++) {
		struct image_fragment f = old->fragments[i];

		if (t->lay->frag < t->lay->frag_end && i == old->root.inode.fragment)
			f = *fresh;
		else
			f.start = image_layout_move(t->lay, f.start);
		put_le64(raw + 16 * (size_t)i, f.start);
		put_le32(raw + 16 * (size_t)i + 8, f.word);
	}
	ret = put_table(t, raw, old->sb.fragments * UINT64_C(16), &t->sb->frag_start);
	free(raw);
	return ret;
}

static int move_inode(const struct tables *t, uint64_t ref, uint64_t *moved)
{
	uint32_t place;

	if (ref >> 16 > UINT32_MAX ||
	    !move(&t->old->inodes, t->inode_blocks, (uint32_t)(ref >> 16), &place))
		return bad_reference(t);
	*moved = (uint64_t)place << 16 | (ref & 0xffff);
	return 0;
}

/* The table of inodes by number, for NFS. */
static int put_export(struct tables *t)
{
	const struct image *old = t->old;
	struct image_codec *codec;
	unsigned char *raw = NULL;
	uint64_t ref;
	uint32_t i;
	int ret;

	if (old->sb.export_start == IMAGE_NOWHERE)
		return 0;
	ret = image_codec_new(old, IMAGE_DECODE, &codec, t->err);
	if (ret)
		return ret;
	ret = image_table_load(old, codec, old->sb.export_start, old->sb.inodes * UINT64_C(8),
			       _("the table of inodes"), &raw, t->err);
	image_codec_free(codec);
	for (i = 0; i < old->sb.inodes && !ret; i++) {
		ref = get_le64(raw + 8 * (size_t)i);
		/* A number that no inode has. */
		if (ref == UINT64_MAX)
			continue;
		ret = move_inode(t, ref, &ref);
		put_le64(raw + 8 * (size_t)i, ref);
	}
	if (!ret)
		ret = put_table(t, raw, old->sb.inodes * UINT64_C(8), &t->sb->export_start);
	free(raw);
	return ret;
}

static int put_ids(struct tables *t)
{
	const struct image *old = t->old;
	struct image_codec *codec;
	unsigned char *raw = NULL;
	int ret = image_codec_new(old, IMAGE_DECODE, &codec, t->err);

	if (ret)
		return ret;
	ret = image_table_load(old, codec, old->sb.id_start, old->sb.ids * UINT64_C(4),
			       _("the table of owners"), &raw, t->err);
	image_codec_free(codec);
	if (!ret)
		ret = put_table(t, raw, old->sb.ids * UINT64_C(4), &t->sb->id_start);
	free(raw);
	return ret;
}

/* All references in it but those of its index are relative: it is copied as it is. */
static int put_xattrs(struct tables *t)
{
	const struct image *old = t->old;
	uint64_t kv = image_out_at(t->out), left, i, blocks;
	unsigned char *head;
	size_t len;
	int ret;

	if (old->sb.xattr_start == IMAGE_NOWHERE)
		return 0;
	ret = image_out_copy(t->out, old, old->xattr_kv, old->sb.xattr_start - old->xattr_kv,
			     t->err);
	if (ret)
		return ret;
	left = old->sb.bytes_used - old->sb.xattr_start;
	head = malloc(16);
	if (!head)
		return image_no_memory(old, t->err);
	ret = image_read(old, head, 16, old->sb.xattr_start, t->err);
	blocks = div_up(get_le32(head + 8) * UINT64_C(16), IMAGE_META_BYTES);
	len = (size_t)(16 + blocks * 8);
	free(head);
	if (ret)
		return ret;
	if (len > left)
		return image_bad(old, t->err, "%s", _("its table of attributes makes no sense"));
	head = malloc(len);
	if (!head)
		return image_no_memory(old, t->err);
	ret = image_read(old, head, len, old->sb.xattr_start, t->err);
	put_le64(head, get_le64(head) - old->xattr_kv + kv);
	for (i = 0; i < blocks && !ret; i++)
		put_le64(head + 16 + 8 * i, get_le64(head + 16 + 8 * i) - old->xattr_kv + kv);
	t->sb->xattr_start = image_out_at(t->out);
	if (!ret)
		ret = image_out_put(t->out, head, len, t->err);
	free(head);
	return ret;
}

static int prepare(struct tables *t)
{
	const struct image *old = t->old;
	uint64_t place = 0;
	size_t i;

	t->inodes = malloc((size_t)old->inodes.len + 1);
	t->dirs = malloc((size_t)old->dirs.len + 1);
	t->inode_blocks = calloc(old->inodes.count + 1, sizeof(*t->inode_blocks));
	t->dir_blocks = calloc(old->dirs.count + 1, sizeof(*t->dir_blocks));
	if (!t->inodes || !t->dirs || !t->inode_blocks || !t->dir_blocks)
		return image_no_memory(old, t->err);
	memcpy(t->inodes, old->inodes.data, (size_t)old->inodes.len);
	memcpy(t->dirs, old->dirs.data, (size_t)old->dirs.len);
	for (i = 0; i <= old->dirs.count; i++) {
		t->dir_blocks[i] = place;
		if (i < old->dirs.count)
			place += 2 + old->dirs.blocks[i + 1].at - old->dirs.blocks[i].at;
	}
	return image_codec_new(old, IMAGE_ENCODE, &t->codec, t->err);
}

int image_tables_write(const struct image *old, const struct image_layout *lay,
		       const unsigned char *list, const struct image_fragment *frag,
		       struct image_out *out, struct image_super *sb, struct lm_error *err)
{
	struct tables t = {.old = old, .lay = lay, .out = out, .sb = sb, .err = err};
	int ret;

	*sb = old->sb;
	ret = prepare(&t);
	if (!ret)
		ret = put_inodes(&t, list);
	if (!ret)
		ret = put_dirs(&t);
	if (!ret)
		ret = put_fragments(&t, frag);
	if (!ret)
		ret = put_export(&t);
	if (!ret)
		ret = put_ids(&t);
	if (!ret)
		ret = put_xattrs(&t);
	if (!ret)
		ret = move_inode(&t, old->sb.root_inode, &sb->root_inode);
	sb->bytes_used = image_out_at(out);
	/* The new container is never taken for the old one, however alike. */
	sb->mkfs_time = old->sb.mkfs_time + 1;
	image_codec_free(t.codec);
	free(t.inodes);
	free(t.dirs);
	free(t.inode_blocks);
	free(t.dir_blocks);
	return ret;
}

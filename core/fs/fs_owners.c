/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who owns which block. One scan over the inodes gathers runs of blocks, in
 * which each cluster appears once (the first claim counts) and only if the
 * bitmap calls it used; then, with all names known, they are reported.
 *
 * A damaged tree cannot keep the scan busy: no index block is visited twice,
 * and the blocks that all files together may claim are limited.
 */
#include "core/fs/fs_busy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/fs/fs_mounted.h"
#include "core/fs/fs_names.h"
#include "core/i18n.h"
#include "core/text.h"

/* Deepest extent tree that Linux makes (EXT4_MAX_EXTENT_DEPTH). */
#define MAX_EXTENT_DEPTH 5

/* Owners that are no file, in place of an inode number. */
#define OWNER_METADATA 0u

struct run {
	uint32_t ino; /* OWNER_METADATA, or the file's inode */
	uint32_t is_dir : 1, deleted : 1, journal : 1;
	uint64_t first, count; /* clusters, counted as in fs->used */
};

struct scan {
	struct fs *fs;
	ext2_filsys ext;
	unsigned char *seen;  /* by cluster, as fs->used */
	unsigned char *nodes; /* by block: index blocks visited */
	struct run *runs;
	size_t n_runs, cap;
	struct run now; /* whose blocks are being added; first and count unused */
	uint64_t budget; /* blocks that may still be claimed */
	struct fs_names *names;
	bool no_memory;
};

static int add_run(struct scan *s, uint64_t first, uint64_t count)
{
	struct run *last = s->n_runs ? &s->runs[s->n_runs - 1] : NULL;

	if (last && last->ino == s->now.ino && last->first + last->count == first) {
		last->count += count;
		return 0;
	}
	if (s->n_runs == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 4096;
		struct run *runs = reallocarray(s->runs, cap, sizeof(*runs));

		if (!runs) {
			s->no_memory = true;
			return -ENOMEM;
		}
		s->runs = runs;
		s->cap = cap;
	}
	s->runs[s->n_runs] = s->now;
	s->runs[s->n_runs].first = first;
	s->runs[s->n_runs].count = count;
	s->n_runs++;
	return 0;
}

/* Gives blocks to s->now as far as they are used and nobody's yet. */
static int claim(struct scan *s, uint64_t block, uint64_t count)
{
	uint64_t base = EXT2FS_B2C(s->ext, s->ext->super->s_first_data_block), bit, last, from;

	if (count == 0 || block < s->ext->super->s_first_data_block ||
	    block >= s->fs->info.blocks || count > s->fs->info.blocks - block)
		return 0;
	if (count > s->budget) {
		s->budget = 0;
		return 0;
	}
	s->budget -= count;
	bit = EXT2FS_B2C(s->ext, block) - base;
	last = EXT2FS_B2C(s->ext, block + count - 1) - base;
	while (bit <= last) {
		for (from = bit; bit <= last && fs_bit(s->fs->used, bit) && !fs_bit(s->seen, bit);
		     bit++)
			fs_set_bit(s->seen, bit);
		if (bit > from && add_run(s, from, bit - from) < 0)
			return -ENOMEM;
		if (bit <= last)
			bit++;
	}
	return 0;
}

/* False when the index block was visited before, which only damage can cause. */
static bool first_visit(struct scan *s, uint64_t block)
{
	if (block >= s->fs->info.blocks || fs_bit(s->nodes, block))
		return false;
	fs_set_bit(s->nodes, block);
	return true;
}

static bool walk_extents(struct scan *s, ext2_ino_t ino, struct ext2_inode *inode)
{
	const unsigned char *head = (const unsigned char *)inode->i_block;
	struct ext2fs_extent extent;
	ext2_extent_handle_t handle;
	bool whole = true;
	errcode_t code;
	int op = EXT2_EXTENT_ROOT;

	if (get_le16(head) != EXT3_EXT_MAGIC || get_le16(head + 6) > MAX_EXTENT_DEPTH)
		return false;
	if (ext2fs_extent_open2(s->ext, ino, inode, &handle))
		return false;
	while (whole && s->budget > 0 && !s->no_memory) {
		code = ext2fs_extent_get(handle, op, &extent);
		if (code) {
			whole = code == EXT2_ET_EXTENT_NO_NEXT || code == EXT2_ET_NO_CURRENT_NODE;
			break;
		}
		op = EXT2_EXTENT_NEXT;
		if (extent.e_flags & EXT2_EXTENT_FLAGS_SECOND_VISIT)
			continue;
		if (!(extent.e_flags & EXT2_EXTENT_FLAGS_LEAF)) {
			whole = first_visit(s, extent.e_pblk);
			claim(s, extent.e_pblk, 1);
		} else {
			claim(s, extent.e_pblk, extent.e_len);
		}
	}
	ext2fs_extent_free(handle);
	return whole;
}

struct indirect {
	struct scan *scan;
	uint64_t first, count; /* run that is being gathered */
	bool whole;
};

static int take_block(ext2_filsys ext, blk64_t *block, e2_blkcnt_t blockcnt, blk64_t ref_block,
		      int ref_offset, void *arg)
{
	struct indirect *in = arg;

	(void)ext;
	(void)ref_block;
	(void)ref_offset;
	if (blockcnt < 0 && !first_visit(in->scan, *block)) {
		in->whole = false;
		return BLOCK_ABORT;
	}
	if (in->count > 0 && *block == in->first + in->count) {
		in->count++;
		return 0;
	}
	claim(in->scan, in->first, in->count);
	in->first = *block;
	in->count = 1;
	return in->scan->budget == 0 || in->scan->no_memory ? BLOCK_ABORT : 0;
}

static bool walk_indirect(struct scan *s, ext2_ino_t ino)
{
	struct indirect in = {.scan = s, .whole = true};

	if (ext2fs_block_iterate3(s->ext, ino, BLOCK_FLAG_READ_ONLY, NULL, take_block, &in))
		in.whole = false;
	claim(s, in.first, in.count);
	return in.whole;
}

static bool is_reserved(const struct ext2_super_block *sb, ext2_ino_t ino)
{
	return (ino < EXT2_FIRST_INO(sb) && ino != EXT2_ROOT_INO) ||
	       ino == sb->s_usr_quota_inum || ino == sb->s_grp_quota_inum ||
	       ino == sb->s_prj_quota_inum || ino == sb->s_orphan_file_inum;
}

static int take_inode(struct scan *s, ext2_ino_t ino, struct ext2_inode *inode,
		      struct lm_error *err)
{
	struct ext2_super_block *sb = s->ext->super;
	bool journal = ino == sb->s_journal_inum && ino != 0;
	bool reserved = is_reserved(sb, ino), is_dir, whole = true;

	if (!reserved && !journal && inode->i_links_count == 0 &&
	    (!s->ext->inode_map || ino > sb->s_inodes_count ||
	     !ext2fs_test_inode_bitmap2(s->ext->inode_map, ino)))
		return 0;
	is_dir = LINUX_S_ISDIR(inode->i_mode) && !reserved && !journal;
	s->now = (struct run){.ino = reserved && !journal ? OWNER_METADATA : ino,
			      .is_dir = is_dir,
			      .journal = journal,
			      .deleted = inode->i_links_count == 0};
	if (ext2fs_file_acl_block(s->ext, inode) != 0)
		claim(s, ext2fs_file_acl_block(s->ext, inode), 1);
	if (ino == EXT2_BAD_INO || ext2fs_inode_has_valid_blocks2(s->ext, inode))
		whole = inode->i_flags & EXT4_EXTENTS_FL ? walk_extents(s, ino, inode)
							  : walk_indirect(s, ino);
	if (s->no_memory)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Reading the inodes failed"));
	/* A directory whose tree is broken is left alone: reading it might not end. */
	return is_dir && whole ? fs_names_add_dir(s->names, ino, err) : 0;
}

static int scan_inodes(struct scan *s, struct lm_error *err)
{
	struct ext2_inode_large large;
	struct ext2_inode *inode = (struct ext2_inode *)&large;
	ext2_inode_scan scan;
	ext2_ino_t ino = 0;
	errcode_t code;
	int r = 0;

	code = ext2fs_open_inode_scan(s->ext, 0, &scan);
	if (code)
		return fs_ext_fail(err, &s->fs->channel, code, NULL, NULL,
				   _("Reading the inodes failed"));
	while (r == 0) {
		memset(&large, 0, sizeof(large));
		code = ext2fs_get_next_inode_full(scan, &ino, inode, sizeof(large));
		if (code == EXT2_ET_BAD_BLOCK_IN_INODE_TABLE)
			continue;
		if (code && code != EXT2_ET_INODE_CSUM_INVALID) {
			/* Damage ends the scan early; what is left over is nobody's then. */
			if (s->fs->channel.failed || code == EXT2_ET_NO_MEMORY)
				r = fs_ext_fail(err, &s->fs->channel, code, NULL, NULL,
						_("Reading the inodes failed"));
			break;
		}
		if (ino == 0)
			break;
		r = take_inode(s, ino, inode, err);
	}
	ext2fs_close_inode_scan(scan);
	return r;
}

static void claim_groups(struct scan *s)
{
	ext2_filsys ext = s->ext;
	dgrp_t g;

	s->now = (struct run){.ino = OWNER_METADATA};
	for (g = 0; g < ext->group_desc_count; g++) {
		blk64_t super = 0, old_desc = 0, new_desc = 0;
		blk_t n;

		ext2fs_super_and_bgd_loc2(ext, g, &super, &old_desc, &new_desc, &n);
		if (super != 0 || g == 0)
			claim(s, super, 1);
		/* n counts the superblock, the descriptors, and what is kept for more of these. */
		if (old_desc != 0)
			claim(s, old_desc, ext2fs_has_feature_meta_bg(ext->super)
						   ? ext->super->s_first_meta_bg
						   : ext->desc_blocks);
		if (new_desc != 0)
			claim(s, new_desc, 1);
		claim(s, ext2fs_block_bitmap_loc(ext, g), 1);
		claim(s, ext2fs_inode_bitmap_loc(ext, g), 1);
		claim(s, ext2fs_inode_table_loc(ext, g), ext->inode_blocks_per_group);
	}
	if (ext2fs_has_feature_mmp(ext->super))
		claim(s, ext->super->s_mmp_block, 1);
}

static int report_run(const struct scan *s, const struct run *run, fs_owner_fn fn, void *arg,
		      struct lm_error *err)
{
	const struct fs *fs = s->fs;
	uint64_t off = fs->data_start + run->first * fs->cluster_bytes;
	uint64_t len = min_u64(run->count * fs->cluster_bytes, fs->info.size_bytes - off);
	const char *path;

	if (run->ino == OWNER_METADATA)
		return fn(arg, FS_METADATA, NULL, false, off, len);
	if (run->journal)
		return fn(arg, FS_JOURNAL, NULL, false, off, len);
	path = fs_names_path(s->names, run->ino, run->deleted);
	if (!path)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Reading the inodes failed"));
	return fn(arg, FS_FILE, path, run->is_dir, off, len);
}

/* A node of an extent tree, as far as a look at it can tell: no call of the kernel's does. */
static bool is_index_block(const struct scan *s, uint64_t off)
{
	unsigned char head[12];

	/* Without them the index of a file is blocks of numbers, which say nothing of themselves.
	 */
	if (!ext2fs_has_feature_extents(s->ext->super))
		return true;
	return io_source_read(s->fs->channel.src, head, sizeof(head), off, NULL) == 0 &&
	       get_le16(head) == EXT3_EXT_MAGIC && get_le16(head + 2) <= get_le16(head + 4) &&
	       get_le16(head + 6) <= MAX_EXTENT_DEPTH;
}

/*
 * One run of clusters that nobody claims. In what is being written to it was
 * freed since (now: what is used now, or NULL), or it has an owner that was
 * not to be seen.
 */
static int report_unclaimed(const struct scan *s, const unsigned char *now, uint64_t *bit,
			    fs_owner_fn fn, void *arg)
{
	struct fs *fs = s->fs;
	uint64_t from = *bit, off = fs->data_start + from * fs->cluster_bytes, end;
	enum fs_owner_kind kind = FS_METADATA;
	bool gone = now && !fs_bit(now, from);

	if (fs->busy)
		kind = is_index_block(s, off) ? FS_METADATA : FS_FILE;
	for (; *bit < fs->clusters && fs_bit(fs->used, *bit) && !fs_bit(s->seen, *bit); ++*bit) {
		if (fs->busy && *bit > from &&
		    ((now && gone == fs_bit(now, *bit)) ||
		     (kind == FS_METADATA) !=
			     is_index_block(s, fs->data_start + *bit * fs->cluster_bytes)))
			break;
		if (gone)
			fs->used[*bit >> 3] =
				(unsigned char)(fs->used[*bit >> 3] & ~(1u << (*bit & 7)));
	}
	if (gone)
		return 0;
	end = min_u64(fs->data_start + *bit * fs->cluster_bytes, fs->info.size_bytes);
	return fn(arg, kind, kind == FS_FILE ? _("/(without a name)") : NULL, false, off,
		  end - off);
}

/* Bytes in use that no inode claims: around the file system, and leaked in it. */
static int report_rest(const struct scan *s, const unsigned char *now, fs_owner_fn fn, void *arg)
{
	const struct fs *fs = s->fs;
	uint64_t bit = 0, size = fs->channel.src->size_bytes;
	int r = 0;

	if (fs->data_start > 0)
		r = fn(arg, FS_METADATA, NULL, false, 0, fs->data_start);
	while (r == 0 && bit < fs->clusters) {
		if (fs_bit(fs->used, bit) && !fs_bit(s->seen, bit))
			r = report_unclaimed(s, now, &bit, fn, arg);
		else
			bit++;
	}
	if (r == 0 && size > fs->info.size_bytes)
		r = fn(arg, FS_METADATA, NULL, false, fs->info.size_bytes,
		       size - fs->info.size_bytes);
	return r;
}

/* ---- what is mounted: each file is asked for ---- */

struct asking {
	struct scan *s;
	fs_owner_fn fn;
	void *arg;
	bool deleted;
	struct lm_error *err;
};

/* What was claimed since the last time goes to its owner at once: its path is known. */
static int asking_report(struct asking *a, enum fs_owner_kind kind, const char *path, bool is_dir)
{
	const struct fs *fs = a->s->fs;
	int r = 0;

	for (size_t i = 0; i < a->s->n_runs && r == 0; i++) {
		const struct run *run = &a->s->runs[i];
		uint64_t off = fs->data_start + run->first * fs->cluster_bytes;

		r = a->fn(a->arg, kind, path, is_dir, off,
			  min_u64(run->count * fs->cluster_bytes, fs->info.size_bytes - off));
	}
	a->s->n_runs = 0;
	return r;
}

static int asking_no_memory(const struct asking *a)
{
	return lm_fail(a->err, -ENOMEM, NULL, NULL, "%s", _("Reading the inodes failed"));
}

/* fs_mounted_fn */
static int asking_take(void *arg, const char *path, bool is_dir, uint64_t off, uint64_t len)
{
	struct asking *a = arg;
	uint64_t block = a->s->fs->info.block_bytes;
	char *text;
	int r;

	a->s->now = (struct run){.ino = EXT2_ROOT_INO};
	claim(a->s, off / block, len / block);
	if (a->s->no_memory)
		return asking_no_memory(a);
	if (a->s->n_runs == 0)
		return 0;
	text = a->deleted ? text_format("%s/%s", _("/(deleted, still open)"), path)
			  : text_dup(path);
	if (!text)
		return asking_no_memory(a);
	r = asking_report(a, FS_FILE, text, is_dir);
	free(text);
	return r;
}

static int asking_own(struct asking *a)
{
	const struct fs *fs = a->s->fs;
	uint64_t bit, block = fs->info.block_bytes;

	a->s->now = (struct run){.ino = OWNER_METADATA};
	for (bit = 0; bit < fs->clusters; bit++)
		if (fs_bit(fs->busy->own, bit))
			claim(a->s, (fs->data_start + bit * fs->cluster_bytes) / block, 1);
	return a->s->no_memory ? asking_no_memory(a) : asking_report(a, FS_METADATA, NULL, false);
}

/* The journal, and other files without a name: the kernel leaves them out, but they stay. */
static int asking_reserved(struct asking *a)
{
	const struct ext2_super_block *sb = a->s->ext->super;
	uint32_t others[] = {sb->s_journal_inum, sb->s_usr_quota_inum, sb->s_grp_quota_inum,
			     sb->s_prj_quota_inum, sb->s_orphan_file_inum};
	size_t n = sizeof(others) / sizeof(others[0]), i;
	struct ext2_inode_large large;
	ext2_ino_t ino;
	int r = 0;

	for (i = 0; i < n + EXT2_FIRST_INO(sb) - 1 && r == 0; i++) {
		ino = i < n ? others[i] : (ext2_ino_t)(i - n + 1);
		if (ino == 0 || ino > sb->s_inodes_count || ino == EXT2_ROOT_INO ||
		    ext2fs_read_inode_full(a->s->ext, ino, (struct ext2_inode *)&large,
					   sizeof(large)))
			continue;
		r = take_inode(a->s, ino, (struct ext2_inode *)&large, a->err);
		if (r == 0)
			r = asking_report(a, ino == sb->s_journal_inum ? FS_JOURNAL : FS_METADATA,
					  NULL, false);
	}
	return r;
}

static bool anything_unclaimed(const struct scan *s)
{
	for (uint64_t bit = 0; bit < s->fs->clusters; bit++)
		if (fs_bit(s->fs->used, bit) && !fs_bit(s->seen, bit))
			return true;
	return false;
}

/* -EOPNOTSUPP: it does not say it, and nothing was reported but what stays true. */
static int owners_asked(struct scan *s, fs_owner_fn fn, void *arg, struct lm_error *err)
{
	struct asking a = {.s = s, .fn = fn, .arg = arg, .err = err};
	unsigned char *now;
	int r;

	/* Files come and go: one may be met twice. */
	s->budget = UINT64_MAX;
	r = asking_own(&a);
	if (r == 0)
		r = asking_reserved(&a);
	if (r == 0)
		r = fs_mounted_walk(s->fs->busy->top, asking_take, &a, err);
	if (r == 0 && anything_unclaimed(s)) {
		a.deleted = true;
		r = fs_mounted_deleted(s->fs->busy->top, asking_take, &a);
		/* They are found elsewhere, then: without a name. */
		if (r < 0 && r != -ENOMEM)
			r = 0;
	}
	if (r)
		return r;
	now = fs_busy_used_now(s->fs);
	r = report_rest(s, now, fn, arg);
	free(now);
	return r;
}

int fs_owners(struct fs *fs, fs_owner_fn fn, void *arg, struct lm_error *err)
{
	struct scan s = {.fs = fs};
	int flags;
	size_t i;
	int r;

	r = fs_load_bitmap(fs, err);
	if (r < 0)
		return r;
	s.ext = fs->ext;
	s.budget = 2 * fs->info.blocks + 64;
	flags = s.ext->flags;
	/* To look at what is damaged is better than to leave it out. */
	s.ext->flags |= EXT2_FLAG_IGNORE_CSUM_ERRORS;
	s.seen = calloc(1, (size_t)div_up(fs->clusters, 8));
	s.nodes = calloc(1, (size_t)div_up(fs->info.blocks, 8));
	if (!s.seen || !s.nodes) {
		r = lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Reading the inodes failed"));
		goto out;
	}
	if (fs->busy && fs->busy->asked && fs_mounted_may_walk()) {
		r = owners_asked(&s, fn, arg, err);
		if (r != -EOPNOTSUPP)
			goto out;
		s.budget = 2 * fs->info.blocks + 64;
	}
	r = fs_names_new(s.ext, &s.names, err);
	if (r < 0)
		goto out;
	/* Without it, files that are deleted and still open are nobody's. */
	if (!s.ext->inode_map && ext2fs_read_inode_bitmap(s.ext) != 0)
		s.ext->inode_map = NULL;
	claim_groups(&s);
	r = scan_inodes(&s, err);
	for (i = 0; r == 0 && i < s.n_runs; i++)
		r = report_run(&s, &s.runs[i], fn, arg, err);
	if (r == 0)
		r = report_rest(&s, NULL, fn, arg);
out:
	s.ext->flags = flags;
	fs_names_free(s.names);
	free(s.runs);
	free(s.nodes);
	free(s.seen);
	return r;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ext2, ext3 and ext4 through libext2fs, read-only; see fs_io.h.
 *
 * libext2fs keeps caches behind its handle, so the calls that use it take
 * turns. An open file is a list of extents and needs it no more.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/fs/fs_io.h"
#include "core/fs/fs_priv.h"
#include "core/i18n.h"
#include "core/io/io_extents.h"

#define INLINE_MAX 65536u

struct ext {
	struct io io;
	struct fs_channel channel;
	ext2_filsys fs;
	pthread_mutex_t lock;
};

struct walk {
	struct ext *e;
	ext2_ino_t at;
	struct ext2_inode inode;
};

/* No symbolic link is followed: a component that is none of a directory's ends the walk. */
static int step_into(void *arg, const char *name)
{
	struct walk *w = arg;
	ext2_ino_t next;
	errcode_t code;

	if (!LINUX_S_ISDIR(w->inode.i_mode))
		return LINUX_S_ISLNK(w->inode.i_mode) ? -ELOOP : -ENOTDIR;
	code = ext2fs_lookup(w->e->fs, w->at, name, (int)strlen(name), NULL, &next);
	if (!code)
		code = ext2fs_read_inode(w->e->fs, next, &w->inode);
	if (code)
		return fs_ext_errno(code);
	w->at = next;
	return 0;
}

static int find(struct ext *e, const char *path, struct walk *w)
{
	errcode_t code;

	memset(w, 0, sizeof(*w));
	w->e = e;
	w->at = EXT2_ROOT_INO;
	code = ext2fs_read_inode(e->fs, w->at, &w->inode);
	return code ? fs_ext_errno(code) : io_walk(path, step_into, w);
}

static enum io_kind kind_of_mode(unsigned mode)
{
	return LINUX_S_ISREG(mode) ? IO_REGULAR :
	       LINUX_S_ISDIR(mode) ? IO_DIRECTORY :
	       LINUX_S_ISBLK(mode) ? IO_BLOCKDEV :
				     IO_OTHER;
}

static void fill_stat(struct ext *e, const struct walk *w, struct io_stat *st)
{
	struct ext2_inode inode = w->inode;

	memset(st, 0, sizeof(*st));
	st->kind = kind_of_mode(inode.i_mode);
	st->size_bytes = EXT2_I_SIZE(&inode);
	st->on_disk_bytes = ext2fs_get_stat_i_blocks(e->fs, &inode) * 512;
	st->links = inode.i_links_count;
	st->mtime = inode.i_mtime;
}

/* ---- the extents of a file ---- */

static int from_extents(struct ext *e, ext2_ino_t ino, struct io_extents *x)
{
	ext2_extent_handle_t handle;
	struct ext2fs_extent extent;
	uint64_t bs = e->fs->blocksize;
	errcode_t code;
	int op = EXT2_EXTENT_ROOT, ret = 0;

	code = ext2fs_extent_open(e->fs, ino, &handle);
	if (code)
		return fs_ext_errno(code);
	for (;;) {
		code = ext2fs_extent_get(handle, op, &extent);
		op = EXT2_EXTENT_NEXT;
		if (code == EXT2_ET_EXTENT_NO_NEXT || code == EXT2_ET_NO_CURRENT_NODE)
			break;
		if (code) {
			ret = fs_ext_errno(code);
			break;
		}
		/* What was never written reads as zeros, as a hole does. */
		if (!(extent.e_flags & EXT2_EXTENT_FLAGS_LEAF) ||
		    extent.e_flags & EXT2_EXTENT_FLAGS_UNINIT)
			continue;
		if (extent.e_pblk >= ext2fs_blocks_count(e->fs->super)) {
			ret = -EUCLEAN;
			break;
		}
		ret = io_extents_add(x, extent.e_lblk * bs, extent.e_pblk * bs,
				     (uint64_t)extent.e_len * bs);
		if (ret)
			break;
	}
	ext2fs_extent_free(handle);
	return ret;
}

struct collect {
	struct ext *e;
	struct io_extents *x;
	int ret;
};

static int add_block(ext2_filsys fs, blk64_t *block, e2_blkcnt_t count, blk64_t ref, int offset,
		     void *arg)
{
	struct collect *c = arg;

	(void)ref;
	(void)offset;
	if (*block >= ext2fs_blocks_count(fs->super))
		c->ret = -EUCLEAN;
	else
		c->ret = io_extents_add(c->x, (uint64_t)count * fs->blocksize,
					*block * fs->blocksize, fs->blocksize);
	return c->ret ? BLOCK_ABORT : 0;
}

static int from_blocks(struct ext *e, ext2_ino_t ino, struct io_extents *x)
{
	struct collect c = { .e = e, .x = x };
	errcode_t code = ext2fs_block_iterate3(
		e->fs, ino, BLOCK_FLAG_DATA_ONLY | BLOCK_FLAG_READ_ONLY, NULL, add_block, &c);

	return code ? fs_ext_errno(code) : c.ret;
}

/* A small file that is kept in its inode. */
static int open_inline(struct ext *e, ext2_ino_t ino, const struct io_stat *st,
		       struct io_file **file)
{
	unsigned char *bytes;
	ext2_file_t f;
	unsigned got = 0;
	errcode_t code;

	if (st->size_bytes > INLINE_MAX)
		return -EUCLEAN;
	bytes = calloc(1, st->size_bytes ? (size_t)st->size_bytes : 1);
	if (!bytes)
		return -ENOMEM;
	code = ext2fs_file_open(e->fs, ino, 0, &f);
	if (!code) {
		code = ext2fs_file_read(f, bytes, (unsigned)st->size_bytes, &got);
		ext2fs_file_close(f);
	}
	if (!code && got == st->size_bytes)
		return io_memory_file(bytes, got, st, file);
	free(bytes);
	return code ? fs_ext_errno(code) : -EUCLEAN;
}

static int open_locked(struct ext *e, const char *path, struct io_file **file)
{
	struct io_extents x = { 0 };
	struct io_stat st;
	struct walk w;
	int ret;

	ret = find(e, path, &w);
	if (ret)
		return ret;
	fill_stat(e, &w, &st);
	if (st.kind != IO_REGULAR)
		return st.kind == IO_DIRECTORY       ? -EISDIR :
		       LINUX_S_ISLNK(w.inode.i_mode) ? -ELOOP :
						       -EINVAL;
	if (w.inode.i_flags & EXT4_INLINE_DATA_FL)
		return open_inline(e, w.at, &st, file);
	ret = w.inode.i_flags & EXT4_EXTENTS_FL ? from_extents(e, w.at, &x) :
						  from_blocks(e, w.at, &x);
	if (ret) {
		io_extents_free(&x);
		return ret;
	}
	return io_extents_file(e->channel.src, &x, &st, file);
}

/* ---- the table of calls ---- */

static int ext_open(struct io *io, const char *path, enum io_mode mode, struct io_file **file)
{
	struct ext *e = (struct ext *)io;
	int ret;

	if (mode != IO_READ)
		return -EROFS;
	pthread_mutex_lock(&e->lock);
	ret = open_locked(e, path, file);
	pthread_mutex_unlock(&e->lock);
	return ret;
}

static int ext_stat(struct io *io, const char *path, struct io_stat *st)
{
	struct ext *e = (struct ext *)io;
	struct walk w;
	int ret;

	pthread_mutex_lock(&e->lock);
	ret = find(e, path, &w);
	if (!ret)
		fill_stat(e, &w, st);
	pthread_mutex_unlock(&e->lock);
	return ret;
}

struct listing {
	struct ext *e;
	io_list_fn fn;
	void *arg;
	int ret;
};

static int list_entry(ext2_ino_t dir, int entry, struct ext2_dir_entry *d, int offset,
		      int blocksize, char *buf, void *arg)
{
	struct listing *l = arg;
	struct ext2_inode inode;
	char name[EXT2_NAME_LEN + 1];
	size_t n = (size_t)ext2fs_dirent_name_len(d);

	(void)dir;
	(void)entry;
	(void)offset;
	(void)blocksize;
	(void)buf;
	if (n > EXT2_NAME_LEN)
		return 0;
	memcpy(name, d->name, n);
	name[n] = '\0';
	if (!d->inode || !n || strlen(name) != n || strchr(name, '/') || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return 0;
	/* The type in the entry is a hint that a damaged one gets wrong. */
	if (ext2fs_read_inode(l->e->fs, d->inode, &inode))
		return 0;
	l->ret = l->fn(l->arg, name, kind_of_mode(inode.i_mode));
	return l->ret ? DIRENT_ABORT : 0;
}

struct names {
	char **list;
	enum io_kind *kinds;
	size_t count;
};

static int keep_name(void *arg, const char *name, enum io_kind kind)
{
	struct names *n = arg;
	enum io_kind *kinds = reallocarray(n->kinds, n->count + 1, sizeof(*kinds));
	char **list;

	if (!kinds)
		return -ENOMEM;
	n->kinds = kinds;
	list = reallocarray(n->list, n->count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	n->list = list;
	list[n->count] = strdup(name);
	if (!list[n->count])
		return -ENOMEM;
	kinds[n->count++] = kind;
	return 0;
}

static int ext_list(struct io *io, const char *path, io_list_fn fn, void *arg)
{
	struct ext *e = (struct ext *)io;
	struct names names = { 0 };
	struct listing l = { .e = e, .fn = keep_name, .arg = &names };
	struct walk w;
	errcode_t code;
	size_t i;
	int ret;

	/* fn may call back into this file system: the names are gathered first. */
	pthread_mutex_lock(&e->lock);
	ret = find(e, path, &w);
	if (!ret && !LINUX_S_ISDIR(w.inode.i_mode))
		ret = -ENOTDIR;
	if (!ret) {
		code = ext2fs_dir_iterate2(e->fs, w.at, 0, NULL, list_entry, &l);
		ret = code ? fs_ext_errno(code) : l.ret;
	}
	pthread_mutex_unlock(&e->lock);
	for (i = 0; i < names.count; i++) {
		if (!ret)
			ret = fn(arg, names.list[i], names.kinds[i]);
		free(names.list[i]);
	}
	free(names.list);
	free(names.kinds);
	return ret;
}

static int ext_fsinfo(struct io *io, struct io_fsinfo *info)
{
	struct ext *e = (struct ext *)io;
	struct ext2_super_block *s = e->fs->super;
	uint64_t spare = ext2fs_free_blocks_count(s), kept = ext2fs_r_blocks_count(s);

	memset(info, 0, sizeof(*info));
	strcpy(info->fstype, ext2fs_has_feature_extents(s) ? "ext4" :
			     ext2fs_has_feature_journal(s) ? "ext3" :
							     "ext2");
	info->size_bytes = ext2fs_blocks_count(s) * e->fs->blocksize;
	info->free_bytes = spare > kept ? (spare - kept) * e->fs->blocksize : 0;
	/* A stranger's figure. */
	info->free_bytes = min_u64(info->free_bytes, info->size_bytes);
	info->inodes_free = s->s_free_inodes_count;
	info->file_limit_bytes = UINT64_MAX;
	return 0;
}

static void ext_close(struct io *io)
{
	struct ext *e = (struct ext *)io;

	if (e->fs)
		ext2fs_close_free(&e->fs);
	io_source_close(e->channel.src);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

static const struct io_ops ext_ops = {
	.open = ext_open,
	.stat = ext_stat,
	.list = ext_list,
	.fsinfo = ext_fsinfo,
	.close = ext_close,
};

int fs_io_open(struct io_source *src, struct io **io, struct lm_error *err)
{
	struct ext *e = calloc(1, sizeof(*e));
	errcode_t code;
	int ret;

	*io = NULL;
	if (!e) {
		io_source_close(src);
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Opening the file system failed"));
	}
	e->io.ops = &ext_ops;
	e->channel.src = src;
	pthread_mutex_init(&e->lock, NULL);
	code = fs_ext_open(&e->channel, 0, &e->fs);
	if (code) {
		e->fs = NULL;
		ret = fs_ext_fail(err, &e->channel, code, NULL, NULL,
				  _("Opening the ext file system failed"));
		ext_close(&e->io);
		return ret;
	}
	*io = &e->io;
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/fs/fs_edit.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/fs/fs_priv.h"
#include "core/i18n.h"

struct fs_edit {
	struct fs_channel channel;
	ext2_filsys ext;
};

static int edit_fail(struct fs_edit *edit, struct lm_error *err, errcode_t code, const char *path)
{
	return fs_ext_fail(err, &edit->channel, code, path, NULL,
			   _("Changing the root file system failed"));
}

static errcode_t fit_to_edit(const struct ext2_super_block *sb)
{
	if (!(sb->s_state & EXT2_VALID_FS) || (sb->s_state & EXT2_ERROR_FS) ||
	    (sb->s_feature_incompat & EXT3_FEATURE_INCOMPAT_RECOVER))
		return EUCLEAN;
	return 0;
}

int fs_edit_open(struct io_source *src, struct fs_edit **out, struct lm_error *err)
{
	struct fs_edit *edit = calloc(1, sizeof(*edit));
	errcode_t code;
	int r;

	*out = NULL;
	if (!edit)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s",
			       _("Changing the root file system failed"));
	edit->channel.src = src;
	code = fs_ext_open(&edit->channel, EXT2_FLAG_RW, &edit->ext);
	if (code)
		edit->ext = NULL;
	else
		code = fit_to_edit(edit->ext->super);
	if (code == 0)
		code = ext2fs_read_bitmaps(edit->ext);
	if (code) {
		r = edit_fail(edit, err, code, NULL);
		if (edit->ext)
			ext2fs_free(edit->ext);
		free(edit);
		return r;
	}
	/* As the kernel: the backups of superblock and descriptors stay as mkfs made them. */
	edit->ext->flags |= EXT2_FLAG_MASTER_SB_ONLY;
	*out = edit;
	return 0;
}

/* Finds the directory of path, and the name within it. */
static errcode_t find_parent(struct fs_edit *edit, const char *path, ext2_ino_t *dir,
			     const char **name)
{
	const char *slash = strrchr(path, '/');
	char *parent;
	errcode_t code;

	if (path[0] != '/' || !slash[1] || strlen(slash + 1) > EXT2_NAME_LEN)
		return EINVAL;
	*name = slash + 1;
	*dir = EXT2_ROOT_INO;
	if (slash == path)
		return 0;
	parent = strndup(path, (size_t)(slash - path));
	if (!parent)
		return EXT2_ET_NO_MEMORY;
	code = ext2fs_namei(edit->ext, EXT2_ROOT_INO, EXT2_ROOT_INO, parent, dir);
	free(parent);
	return code;
}

static errcode_t find(struct fs_edit *edit, const char *path, ext2_ino_t *dir, const char **name,
		      ext2_ino_t *ino)
{
	errcode_t code = find_parent(edit, path, dir, name);

	if (code)
		return code;
	return ext2fs_lookup(edit->ext, *dir, *name, (int)strlen(*name), NULL, ino);
}

/* Adds an entry; a directory that is full grows by a block. */
static errcode_t link_name(struct fs_edit *edit, ext2_ino_t dir, const char *name, ext2_ino_t ino,
			   int type)
{
	errcode_t code = ext2fs_link(edit->ext, dir, name, ino, type);

	if (code != EXT2_ET_DIR_NO_SPACE)
		return code;
	code = ext2fs_expand_dir(edit->ext, dir);
	return code ? code : ext2fs_link(edit->ext, dir, name, ino, type);
}

int fs_edit_mkdir(struct fs_edit *edit, const char *path, mode_t mode, struct lm_error *err)
{
	struct ext2_inode inode;
	const char *name;
	ext2_ino_t dir, ino;
	errcode_t code;

	code = find(edit, path, &dir, &name, &ino);
	if (code == 0)
		return edit_fail(edit, err, EEXIST, path);
	if (code == EXT2_ET_FILE_NOT_FOUND)
		code = find_parent(edit, path, &dir, &name);
	if (code == 0)
		code = ext2fs_mkdir(edit->ext, dir, 0, name);
	if (code == EXT2_ET_DIR_NO_SPACE) {
		code = ext2fs_expand_dir(edit->ext, dir);
		if (code == 0)
			code = ext2fs_mkdir(edit->ext, dir, 0, name);
	}
	if (code == 0)
		code = find(edit, path, &dir, &name, &ino);
	if (code == 0)
		code = ext2fs_read_inode(edit->ext, ino, &inode);
	if (code == 0) {
		inode.i_mode = (__u16)(LINUX_S_IFDIR | (mode & 07777));
		code = ext2fs_write_inode(edit->ext, ino, &inode);
	}
	return code ? edit_fail(edit, err, code, path) : 0;
}

static errcode_t write_at(struct fs_edit *edit, ext2_ino_t ino, bool at_end, const void *data,
			  size_t len)
{
	const char *from = data;
	errcode_t code, closed;
	ext2_file_t file;

	code = ext2fs_file_open(edit->ext, ino, EXT2_FILE_WRITE, &file);
	if (code)
		return code;
	if (at_end)
		code = ext2fs_file_llseek(file, 0, EXT2_SEEK_END, NULL);
	while (code == 0 && len > 0) {
		unsigned done = 0;

		code = ext2fs_file_write(file, from, (unsigned)min_u64(len, 1u << 20), &done);
		from += done;
		len -= done;
	}
	closed = ext2fs_file_close(file);
	return code ? code : closed;
}

/* Frees what the inode holds, and the inode; its names are gone already. */
static errcode_t free_inode(struct fs_edit *edit, ext2_ino_t ino, struct ext2_inode_large *large)
{
	struct ext2_inode *inode = (struct ext2_inode *)large;
	errcode_t code;

	code = ext2fs_free_ext_attr(edit->ext, ino, large);
	if (code == 0 && ext2fs_inode_has_valid_blocks2(edit->ext, inode))
		code = ext2fs_punch(edit->ext, ino, inode, NULL, 0, ~0ULL);
	if (code)
		return code;
	inode->i_links_count = 0;
	inode->i_dtime = (__u32)time(NULL);
	code = ext2fs_write_inode_full(edit->ext, ino, inode, sizeof(*large));
	if (code == 0)
		ext2fs_inode_alloc_stats2(edit->ext, ino, -1, LINUX_S_ISDIR(inode->i_mode));
	return code;
}

static errcode_t unlink_path(struct fs_edit *edit, const char *path)
{
	struct ext2_inode_large large = {0};
	struct ext2_inode *inode = (struct ext2_inode *)&large;
	const char *name;
	ext2_ino_t dir, ino;
	errcode_t code;

	code = find(edit, path, &dir, &name, &ino);
	if (code == 0)
		code = ext2fs_read_inode_full(edit->ext, ino, inode, sizeof(large));
	if (code)
		return code;
	if (LINUX_S_ISDIR(inode->i_mode))
		return EISDIR;
	code = ext2fs_unlink(edit->ext, dir, name, ino, 0);
	if (code)
		return code;
	if (inode->i_links_count > 1) {
		inode->i_links_count--;
		return ext2fs_write_inode_full(edit->ext, ino, inode, sizeof(large));
	}
	return free_inode(edit, ino, &large);
}

int fs_edit_unlink(struct fs_edit *edit, const char *path, struct lm_error *err)
{
	errcode_t code = unlink_path(edit, path);

	return code ? edit_fail(edit, err, code, path) : 0;
}

static errcode_t new_file(struct fs_edit *edit, const char *path, mode_t mode, ext2_ino_t *ino)
{
	struct ext2_inode inode = {0};
	ext2_extent_handle_t handle;
	const char *name;
	ext2_ino_t dir;
	errcode_t code;

	code = find_parent(edit, path, &dir, &name);
	if (code == 0)
		code = ext2fs_new_inode(edit->ext, dir, LINUX_S_IFREG | 0644, NULL, ino);
	if (code)
		return code;
	inode.i_mode = (__u16)(LINUX_S_IFREG | (mode & 07777));
	inode.i_links_count = 1;
	inode.i_atime = inode.i_ctime = inode.i_mtime = (__u32)time(NULL);
	if (ext2fs_has_feature_extents(edit->ext->super)) {
		inode.i_flags |= EXT4_EXTENTS_FL;
		/* Opening an empty map makes its header in the inode. */
		code = ext2fs_extent_open2(edit->ext, *ino, &inode, &handle);
		if (code)
			return code;
		ext2fs_extent_free(handle);
	}
	code = ext2fs_write_new_inode(edit->ext, *ino, &inode);
	if (code)
		return code;
	ext2fs_inode_alloc_stats2(edit->ext, *ino, +1, 0);
	return link_name(edit, dir, name, *ino, EXT2_FT_REG_FILE);
}

int fs_edit_write(struct fs_edit *edit, const char *path, const void *data, size_t len,
		  mode_t mode, struct lm_error *err)
{
	ext2_ino_t ino = 0;
	errcode_t code;

	code = unlink_path(edit, path);
	if (code == 0 || code == EXT2_ET_FILE_NOT_FOUND)
		code = new_file(edit, path, mode, &ino);
	if (code == 0)
		code = write_at(edit, ino, false, data, len);
	return code ? edit_fail(edit, err, code, path) : 0;
}

int fs_edit_append(struct fs_edit *edit, const char *path, const void *data, size_t len,
		   struct lm_error *err)
{
	struct ext2_inode inode;
	const char *name;
	ext2_ino_t dir, ino;
	errcode_t code;

	code = find(edit, path, &dir, &name, &ino);
	if (code == 0)
		code = ext2fs_read_inode(edit->ext, ino, &inode);
	if (code == 0 && !LINUX_S_ISREG(inode.i_mode))
		code = EINVAL;
	if (code == 0)
		code = write_at(edit, ino, true, data, len);
	return code ? edit_fail(edit, err, code, path) : 0;
}

int fs_edit_symlink(struct fs_edit *edit, const char *path, const char *target,
		    struct lm_error *err)
{
	const char *name;
	ext2_ino_t dir, ino;
	errcode_t code;

	code = find(edit, path, &dir, &name, &ino);
	if (code == 0)
		code = EEXIST;
	else if (code == EXT2_ET_FILE_NOT_FOUND)
		code = find_parent(edit, path, &dir, &name);
	if (code == 0)
		code = ext2fs_symlink(edit->ext, dir, 0, name, target);
	if (code == EXT2_ET_DIR_NO_SPACE) {
		code = ext2fs_expand_dir(edit->ext, dir);
		if (code == 0)
			code = ext2fs_symlink(edit->ext, dir, 0, name, target);
	}
	return code ? edit_fail(edit, err, code, path) : 0;
}

void fs_edit_mark_errors(struct fs_edit *edit)
{
	edit->ext->super->s_state |= EXT2_ERROR_FS;
	ext2fs_mark_super_dirty(edit->ext);
}

int fs_edit_close(struct fs_edit *edit, struct lm_error *err)
{
	errcode_t code;
	int r = 0;

	if (!edit)
		return 0;
	code = ext2fs_close_free(&edit->ext);
	if (code || edit->channel.failed)
		r = edit_fail(edit, err, code, NULL);
	else if (edit->channel.src->ops->flush)
		r = io_source_flush(edit->channel.src, err);
	free(edit);
	return r;
}

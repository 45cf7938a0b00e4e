/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/fs/fs_lost.h"

#include <errno.h>
#include <string.h>

#include "core/fs/fs_priv.h"

static int count_name(struct ext2_dir_entry *entry, int offset, int block_size, char *buf, void *arg)
{
	uint64_t *count = arg;
	int len = ext2fs_dirent_name_len(entry);

	(void)offset;
	(void)block_size;
	(void)buf;
	if (entry->inode && !(len == 1 && entry->name[0] == '.') &&
	    !(len == 2 && entry->name[0] == '.' && entry->name[1] == '.'))
		(*count)++;
	return 0;
}

int fs_count_lost(struct fs *fs, uint64_t *count)
{
	ext2_ino_t dir;
	errcode_t code;

	*count = 0;
	if (!fs->ext)
		return -EMEDIUMTYPE;
	code = ext2fs_lookup(fs->ext, EXT2_ROOT_INO, "lost+found", 10, NULL, &dir);
	if (code == EXT2_ET_FILE_NOT_FOUND)
		return 0;
	if (code == 0)
		code = ext2fs_dir_iterate(fs->ext, dir, 0, NULL, count_name, count);
	return code ? fs_ext_errno(code) : 0;
}

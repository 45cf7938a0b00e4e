/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fs_priv.h - what the files of this room share: libext2fs over a struct io_source */
#ifndef FS_FS_PRIV_H
#define FS_FS_PRIV_H

#include <ext2fs/ext2fs.h>

#include "core/fs/fs.h"

#define FS_SUPER_OFF   1024u
#define FS_SUPER_BYTES 1024u

/* What stands behind an io_channel. Must not move while the file system is open. */
struct fs_channel {
	struct io_source *src;
	bool failed;           /* the source itself reported an error: */
	struct lm_error error; /* ...the first one */
};

struct fs_busy;

struct fs {
	struct fs_channel channel;
	struct fs_busy *busy; /* NULL: nobody writes to it */
	ext2_filsys ext; /* NULL when not readable */
	struct fs_info info;
	unsigned char super[FS_SUPER_BYTES]; /* as it lies in the source; where info.ext */
	uint64_t free_clusters; /* as the group descriptors say */
	/* One bit a cluster, from the one that holds the first data block; NULL until loaded. */
	unsigned char *used;
	uint64_t clusters;      /* bits in used */
	uint64_t cluster_bytes;
	uint64_t data_start;    /* byte of the source where used begins */
};

/* Sets clusters, cluster_bytes and data_start, once it is open. */
void fs_bitmap_shape(struct fs *fs);

/*
 * What libext2fs believes of a superblock without a check: sizes that must fit
 * into the source (of size bytes), so that memory stays in proportion to it,
 * nothing divides by 0, and nothing is written behind a buffer. *bytes gets
 * what it claims.
 */
enum fs_super { FS_SUPER_SOUND, FS_SUPER_NONSENSE, FS_SUPER_TOO_LARGE };
enum fs_super fs_super_check(const unsigned char *sb, uint64_t size, uint64_t *bytes);

/* ext2fs_open2() on channel->src, once its superblock is sound. flags: EXT2_FLAG_RW or 0; the rest is added here. */
errcode_t fs_ext_open(struct fs_channel *channel, int flags, ext2_filsys *ext);
/* The same by a copy of the superblock, which is sound. */
errcode_t fs_ext_open_backup(struct fs_channel *channel, const struct fs_backup *backup,
			     ext2_filsys *ext);
/* What is written from now on goes to another source; ext stays open on channel's contents. */
errcode_t fs_ext_turn_to(ext2_filsys ext, struct fs_channel *channel);
/* -1: it has none, 0: wrong, 1: right. */
int fs_super_sum(const unsigned char *sb);

/*
 * Turns an error of libext2fs into ours and returns its negative errno. The
 * source's own error, where there is one, is the better story and is kept.
 */
int fs_ext_fail(struct lm_error *err, struct fs_channel *channel, errcode_t code, const char *on,
		const char *help, const char *what);
int fs_ext_errno(errcode_t code);

static inline bool fs_bit(const unsigned char *map, uint64_t bit)
{
	return map[bit >> 3] >> (bit & 7) & 1;
}

static inline void fs_set_bit(unsigned char *map, uint64_t bit)
{
	map[bit >> 3] = (unsigned char)(map[bit >> 3] | 1u << (bit & 7));
}

#endif

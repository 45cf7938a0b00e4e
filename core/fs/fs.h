/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fs.h - the root file system, seen through libext2fs over a source
 */
#ifndef FS_FS_H
#define FS_FS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/io/io.h"
#include "core/livemend.h"

struct fs;

struct fs_info {
	char type[16];        /* "ext2", "ext3", "ext4"; others as libblkid names them */
	bool ext;             /* the mark of ext2/3/4 is in its place, whether it opens or not */
	bool readable;        /* ext2/3/4 that libext2fs opens; the rest below is known only then */
	enum lm_fs_state state; /* CLEAN; DIRTY: journal to replay or not unmounted; ERRORS: marked */
	bool needs_recovery;  /* journal to replay */
	uint32_t block_bytes;
	uint64_t blocks, blocks_free, inodes, inodes_free; /* blocks_free less the reserved ones: */
	uint64_t blocks_avail;                             /* ...free for ordinary users */
	uint64_t size_bytes;  /* blocks * block_bytes */
	unsigned char uuid[16];
	char label[20];
	int64_t mkfs_time, write_time;
	char trouble[160];    /* why it is not readable, else empty; printable, translated */
};

/*
 * Opens the file system in src (not owned, must outlive it). A file system
 * that cannot be read opens all the same, with readable == false. Only
 * superblock and descriptors are read; bitmaps on the first use.
 */
int fs_open(struct io_source *src, struct fs **fs, struct lm_error *err);
/*
 * The same for a file system that is mounted and written to while it is read.
 * What is free, and how much, is asked of the kernel: top, not owned, is a
 * descriptor of the top of the mount; -1: it cannot be asked. Then, and for all
 * else, src is read with its journal replayed in memory, or as it is where it
 * is current: the device itself, through which the kernel writes, too. No
 * checksums are held against what is read. The state is never CLEAN.
 */
int fs_open_busy(struct io_source *src, bool current, int top, struct fs **fs,
		 struct lm_error *err);
bool fs_is_busy(const struct fs *fs);
/*
 * False where what was read is of more than one moment, and it had better be
 * read again, with all below it. Loads the bitmap.
 */
bool fs_busy_settled(struct fs *fs);

/* How exact what is read of a file system is. */
enum fs_exact {
	FS_EXACT,      /* at rest, or the kernel said all of it */
	FS_EXACT_FREE, /* what is free was asked, whose the rest is was read */
	FS_EXACT_NOT   /* all was read: as it was a few seconds ago */
};
enum fs_exact fs_exactness(const struct fs *fs);

void fs_close(struct fs *fs); /* NULL allowed */
const struct fs_info *fs_info(const struct fs *fs);

/*
 * Reads the block bitmap now. -EUCLEAN when it cannot be trusted, -EMEDIUMTYPE
 * when there is none (not readable). With a journal still to replay it is the
 * state of the last checkpoint: good for figures, not for throwing anything
 * away (see fs_zero_free()).
 */
int fs_load_bitmap(struct fs *fs, struct lm_error *err);

/*
 * Whether any block in bytes [off, off + len) is in use. Bytes before the
 * first block, beyond the last one, and everything in a file system that is
 * not readable count as used. fs_load_bitmap() must have succeeded.
 */
bool fs_range_used(const struct fs *fs, uint64_t off, uint64_t len);

/*
 * Zeroes the parts of buf (content of [off, off + len)) whose blocks are free.
 * Leaves all as it is unless the file system is LM_FS_CLEAN.
 */
void fs_zero_free(const struct fs *fs, uint64_t off, void *buf, size_t len);

/* What owns a block. */
enum fs_owner_kind { FS_FREE, FS_METADATA, FS_JOURNAL, FS_FILE };

/*
 * Scans all inodes once and calls fn for each run of blocks with its owner, in
 * no particular order; path is "/a/b" (printable) for FS_FILE (directories
 * too), NULL otherwise; hard links are given one of their paths. Free blocks
 * are not called for. Non-zero return of fn ends it with that value.
 *
 * Every byte of the source that fs_range_used() calls used is given to exactly
 * one owner (whole clusters, with bigalloc): of several that claim it, to the
 * first. What is used and claimed by nobody, as the space before the first and
 * after the last block, is FS_METADATA. A file without a path is found below
 * "/(deleted, still open)" or "/(without a name)", by its inode number. Loads
 * the bitmap. Damaged inodes and directories are passed over.
 *
 * Of a file system that is mounted (fs_open_busy()) the kernel is asked for each
 * file. What was freed while that was done is free from then on; what is in use
 * and found nowhere (made or moved meanwhile, set aside for a file that is being
 * written) is FS_FILE "/(without a name)".
 */
typedef int (*fs_owner_fn)(void *arg, enum fs_owner_kind kind, const char *path, bool is_dir,
			   uint64_t off_bytes, uint64_t len_bytes);
int fs_owners(struct fs *fs, fs_owner_fn fn, void *arg, struct lm_error *err);

/*
 * Whether merged is a later state of the very file system in base: same UUID,
 * making time, geometry, and places of bitmaps and inode tables of every
 * group. *same is only set when both are readable, or where the superblock of
 * merged alone shows that it is another one. why says what differs.
 */
int fs_same(const struct fs *base, const struct fs *merged, bool *same, char why[160]);

/*
 * Whether a file system that was there cannot be opened any more: merged is
 * not readable, though it or base (may be NULL) is ext2/3/4. why says what is
 * the matter with it. Others, which livemend never reads, are not lost, nor is
 * one of features that it does not know, in both.
 */
bool fs_is_lost(const struct fs *base, const struct fs *merged, char why[160]);

/* A copy of the superblock that stands for one that is damaged. */
struct fs_backup {
	uint64_t block;        /* in blocks of block_bytes */
	uint32_t block_bytes;
	int64_t write_time;    /* when the file system was last written to, as it has it */
};

/*
 * The newest copy of the superblock in src (base with an overlay over it) that
 * is whole and of the very file system in base: which has to be readable and
 * says where copies are. With its group descriptors libext2fs opens it.
 * -ENOENT, and err not filled: there is none. What cannot be read is none.
 */
int fs_find_backup(const struct fs *base, struct io_source *src, struct fs_backup *backup,
		   struct lm_error *err);

/*
 * Where there is no copy: writes the superblock of base into top (base with an
 * overlay over it, in memory), for e2fsck to go by. The group descriptors stay,
 * if they are whole; else they are base's, too, without what would keep e2fsck
 * from looking for inodes that they do not know.
 */
int fs_stand_in(const struct fs *base, struct io_source *top, struct lm_error *err);

/*
 * Runs e2fsck with an argument vector on path. mode: FS_CHECK (-fn), FS_PREEN (-fp) or
 * FS_REPAIR (-fy). *status gets its exit status (bit mask, e2fsck(8)); its output goes to log
 * line by line, its progress (-C) to progress. -ENOENT when there is no e2fsck.
 */
enum fs_e2fsck { FS_CHECK, FS_PREEN, FS_REPAIR };
typedef int (*fs_progress_fn)(void *arg, unsigned pass, uint64_t done, uint64_t total);
typedef void (*fs_line_fn)(void *arg, const char *line);
int fs_e2fsck(const char *path, enum fs_e2fsck mode, fs_progress_fn progress, fs_line_fn line,
	      void *arg, int *status, struct lm_error *err);

/*
 * The same with a descriptor that it gets as number 3 (-1: none), and somebody
 * who watches it. -EOPNOTSUPP when prepare failed: it was not started.
 */
struct fs_e2fsck_with {
	int fd;
	const char *const *env; /* beside what child.h gives; NULL: nothing */
	const struct fs_backup *backup; /* FS_REPAIR goes by it; NULL: by the superblock */
	int (*prepare)(void *arg, int socket); /* child_prepare_fn; NULL: nobody watches */
	int (*answer)(void *arg, int fd);      /* child_answer_fn */
	void *arg;
};
int fs_e2fsck_with(const char *path, enum fs_e2fsck mode, const struct fs_e2fsck_with *with,
		   fs_progress_fn progress, fs_line_fn line, void *arg, int *status,
		   struct lm_error *err);
/* Whether there is one on this system. */
bool fs_e2fsck_exists(void);

#endif

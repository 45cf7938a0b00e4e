/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inside.h - what the files of this room share
 *
 * The inode and directory tables are held decoded, in one piece each, with a
 * list of the metadata blocks they came from. A reference on disk (block,
 * offset) becomes a place in that piece. The format is that of the kernel's
 * fs/squashfs/squashfs_fs.h, version 4.0.
 */
#ifndef IMAGE_INSIDE_H
#define IMAGE_INSIDE_H

#include "core/image/image.h"

#define IMAGE_SUPER_BYTES 96
#define IMAGE_META_BYTES  8192
#define IMAGE_NOWHERE     UINT64_MAX /* a table that is not there */
#define IMAGE_NO_FRAGMENT UINT32_MAX
#define IMAGE_RAW         (UINT32_C(1) << 24) /* in the size of a block: stored uncompressed */
#define IMAGE_PAD_BYTES   4096

enum { IMAGE_GZIP = 1, IMAGE_LZMA, IMAGE_LZO, IMAGE_XZ, IMAGE_LZ4, IMAGE_ZSTD };

enum { /* flags of the superblock */
       IMAGE_F_RAW_INODES = 0x001,
       IMAGE_F_RAW_DATA = 0x002,
       IMAGE_F_RAW_FRAGMENTS = 0x008,
       IMAGE_F_COMPRESSOR_OPTIONS = 0x400
};

enum { /* types of inodes; those from IMAGE_LDIR on are the long forms */
       IMAGE_DIR = 1,
       IMAGE_REG,
       IMAGE_SYMLINK,
       IMAGE_BLKDEV,
       IMAGE_CHRDEV,
       IMAGE_FIFO,
       IMAGE_SOCKET,
       IMAGE_LDIR,
       IMAGE_LREG,
       IMAGE_LSYMLINK,
       IMAGE_LBLKDEV,
       IMAGE_LCHRDEV,
       IMAGE_LFIFO,
       IMAGE_LSOCKET
};

struct image_super {
	uint32_t inodes, mkfs_time, block_bytes, fragments;
	uint16_t compression, block_log, flags, ids;
	uint64_t root_inode, bytes_used;
	uint64_t id_start, xattr_start, inode_start, dir_start, frag_start, export_start;
};

/* Compressor of one thread. */
struct image_codec;

struct image_meta_block {
	uint64_t disk; /* its place, counted from the start of the table */
	uint64_t at;   /* of its first byte in data */
};

struct image_meta {
	unsigned char *data;
	uint64_t len;
	struct image_meta_block *blocks; /* count of them, and one more for the end */
	size_t count;
};

struct image_fragment {
	uint64_t start;
	uint32_t word; /* size, and IMAGE_RAW */
};

/* One inode, as far as anyone here wants to know. */
struct image_inode {
	uint64_t at, len; /* in the inode table, all of it */
	unsigned type;
	/* files */
	uint64_t start, bytes;
	uint32_t fragment, frag_off;
	uint64_t blocks, list_at; /* entries of the list of sizes, and where it is */
	/* directories */
	uint32_t dir_block, dir_off, dir_bytes;
	unsigned index_count;
	uint64_t index_at;
};

/* The root image: where its blocks are. */
struct image_root {
	struct image_inode inode;
	const unsigned char *list; /* sizes of its blocks, little-endian */
	uint64_t stored;           /* sum of them */
	uint64_t *offsets;         /* of every IMAGE_STEP-th block, from inode.start */
	bool tail_in_fragment;
};
#define IMAGE_STEP 256

struct image {
	struct io_file *file; /* not owned */
	char *name;
	struct image_info info;
	struct image_super sb;
	uint64_t file_bytes;
	unsigned char options[16]; /* of the compressor, the first bytes */
	size_t options_len;
	struct image_meta inodes, dirs;
	struct image_fragment *fragments; /* sb.fragments of them */
	struct image_root root;
	uint64_t xattr_kv; /* where names and values of xattrs begin, or IMAGE_NOWHERE */
};

/* -EBADMSG with a reason. */
int image_bad(const struct image *img, struct lm_error *err, const char *why, ...)
	__attribute__((format(printf, 3, 4)));
int image_no_memory(const struct image *img, struct lm_error *err);
/* Exactly len bytes of the container; -EBADMSG when it ends before. */
int image_read(const struct image *img, void *buf, size_t len, uint64_t off, struct lm_error *err);

/* mountable.c: notes in info what the kernel would refuse. An error only where reading fails. */
int image_mount_check(struct image *img, struct lm_error *err);

/* super.c */
int image_super_read(struct image *img, struct lm_error *err);
void image_super_put(const struct image_super *sb, unsigned char raw[IMAGE_SUPER_BYTES]);

/* codec.c */
enum image_way { IMAGE_DECODE, IMAGE_ENCODE };
/* -EOPNOTSUPP when libsquashfs lacks it or its options are unknown. */
int image_codec_new(const struct image *img, enum image_way way, struct image_codec **codec,
		    struct lm_error *err);
void image_codec_free(struct image_codec *codec); /* NULL allowed */
/* Bytes decoded to out, at most cap; -EBADMSG when it cannot be. Fills no error. */
int image_decode(struct image_codec *codec, const void *in, size_t len, void *out, size_t cap);
/* Bytes encoded to out (room for len), less than len; 0: store it as it is. */
size_t image_encode(struct image_codec *codec, const void *in, size_t len, void *out);
/* For tests: takes over a struct sqfs_compressor_t. */
struct image_codec *image_codec_wrap(void *compressor);

/* meta.c */
int image_meta_load(const struct image *img, struct image_codec *codec, uint64_t start,
		    uint64_t end, const char *what, struct image_meta *meta, struct lm_error *err);
void image_meta_free(struct image_meta *meta);
/* Place in data of (block, offset); false when there is no such place. */
bool image_meta_find(const struct image_meta *meta, uint64_t block, uint32_t off, uint64_t *at);
/* Number of the metadata block that starts at block; count for the end; -1 for none. */
int64_t image_meta_block(const struct image_meta *meta, uint64_t block);
/* A table with an index: len bytes whose index lies at start. Free *out with free(). */
int image_table_load(const struct image *img, struct image_codec *codec, uint64_t start,
		     uint64_t len, const char *what, unsigned char **out, struct lm_error *err);

/* tree.c */
int image_inode_at(const struct image *img, uint64_t at, struct image_inode *inode,
		   struct lm_error *err);
/* Stored bytes of a file's blocks; checks each size. */
int image_file_stored(const struct image *img, const struct image_inode *inode, uint64_t *stored,
		      struct lm_error *err);
/* -ENOENT when there is none; fills no error then. */
int image_find_path(const struct image *img, const char *path, struct image_inode *inode,
		    struct lm_error *err);
/* Calls fn for the place in the directory table of each header of a directory. */
typedef int (*image_header_fn)(void *arg, uint64_t at);
int image_each_header(const struct image *img, const struct image_inode *dir, image_header_fn fn,
		      void *arg, struct lm_error *err);
/* An entry of a directory. */
struct image_entry {
	uint64_t header; /* place in the directory table of the header it stands under */
	const char *name;
	size_t len;
	uint32_t block, off; /* of its inode */
	uint32_t number;
	unsigned type;
	bool first; /* under its header */
};
/* Called for each entry; non-zero ends the walk and is returned. */
typedef int (*image_entry_fn)(void *arg, const struct image_entry *entry);
/* start: the place of its listing in the directory table. */
int image_each_entry(const struct image *img, const struct image_inode *dir, uint64_t *start,
		     image_entry_fn fn, void *arg, struct lm_error *err);

static inline uint32_t image_word_bytes(uint32_t word)
{
	return word & (IMAGE_RAW - 1);
}

/* block.c: blocks of the root image */
uint32_t image_root_word(const struct image *img, uint64_t block);
/* Place in the container. */
uint64_t image_root_place(const struct image *img, uint64_t block);
/* Bytes of the root image in block. */
size_t image_root_len(const struct image *img, uint64_t block);
/* The last block, in a fragment. */
bool image_root_in_fragment(const struct image *img, uint64_t block);
/* -EBADMSG: what is stored at place cannot be decoded. */
int image_undecodable(const struct image *img, const char *of, uint64_t number, uint64_t place,
		      struct lm_error *err);
/*
 * Decodes what is stored at place with that size word, which must become
 * exactly len bytes. scratch has room for a block. -EBADMSG when it cannot be
 * decoded; of and number name it.
 */
int image_block_read(const struct image *img, struct image_codec *codec, uint64_t place,
		     uint32_t word, size_t len, unsigned char *scratch, unsigned char *out,
		     const char *of, uint64_t number, struct lm_error *err);
/* A fragment, whose length is known only once decoded (at least min). */
int image_fragment_read(const struct image *img, struct image_codec *codec, uint32_t index,
			size_t min, unsigned char *scratch, unsigned char *out, size_t *len,
			struct lm_error *err);
/* Block of the root image, wherever it is; two scratch buffers of a block each. */
int image_root_read(const struct image *img, struct image_codec *codec, uint64_t block,
		    unsigned char *scratch, unsigned char *scratch2, unsigned char *out,
		    struct lm_error *err);

#endif

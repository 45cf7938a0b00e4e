/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * image.h - SquashFS as the container of a root image
 *
 * Reads the one big file in it (LiveOS/rootfs.img, LiveOS/ext3fs.img, ...) and
 * writes a new container in which unchanged blocks are the old compressed
 * bytes. Block n of that file covers bytes n * block_bytes of the root image.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/io/io.h"
#include "core/livemend.h"

struct image;

struct image_info {
	char compression[8]; /* "gzip", "lzma", "lzo", "xz", "lz4", "zstd" */
	uint32_t block_bytes;
	char root_path[64];  /* "LiveOS/rootfs.img"; empty: a plain tree, no root image inside */
	uint64_t root_bytes; /* size of the root image */
	uint64_t root_blocks;
	uint64_t bytes_used;        /* of the SquashFS */
	uint64_t root_stored_bytes; /* compressed bytes of the root image */
	uint64_t other_bytes;       /* everything else in it */
	uint64_t mkfs_time;
	unsigned char identity[32]; /* SHA-256 of the superblock */
	bool can_read; /* false: the compressor is not supported (lzo), only the above is known */
	bool can_rewrite; /* false: laid out in a way the writer does not take, see why_not */
	char why_not[160];
	bool can_mount; /* false: the kernel refuses to mount it, see why_no_mount */
	char why_no_mount[160];
};

/*
 * Opens a SquashFS in file (not owned). -EMEDIUMTYPE when it is none, -EBADMSG
 * when it is damaged or cut off, -EOPNOTSUPP for an unknown version. One that
 * can be read, though the kernel would not mount it, is opened.
 */
int image_open(struct io_file *file, const char *name, struct image **image, struct lm_error *err);
void image_close(struct image *image); /* NULL allowed */
const struct image_info *image_info(const struct image *image);

/*
 * The root image as a source; several may be open, each used by one thread.
 * Needs the image as long as it is open. Decoded blocks are cached (a few MiB).
 * A block that decodes short, or not at all, is an error (-EIO), never zeros.
 */
int image_root_source(struct image *image, struct io_source **src, struct lm_error *err);

/* What becomes of one block of the root image. */
enum image_fate {
	IMAGE_KEEP,   /* the old compressed bytes */
	IMAGE_CHANGE, /* asked for with content(), and compressed anew */
	IMAGE_HOLE,   /* nothing: reads as zeros */
	IMAGE_MAYBE   /* asked for with content(): KEEP if it makes no difference, else CHANGE */
};

/* For each so many bytes of a block, one bit says whether content() has filled them. */
#define IMAGE_SECTOR 512u

struct image_change {
	enum image_fate (*fate)(void *arg, uint64_t block);
	/*
	 * Fills the parts of buf that are new (len bytes: a whole block, less for
	 * the last), and sets the bits of their sectors in fresh, all of which are
	 * clear: bit n % 8 of byte n / 8. The rest of the block is as it was.
	 */
	int (*content)(void *arg, uint64_t block, void *buf, size_t len, unsigned char *fresh,
		       struct lm_error *err);
	/*
	 * Zeroes what does not count in the block that is complete; NULL: all of it
	 * counts. Called from several threads at once.
	 */
	void (*clean)(void *arg, uint64_t block, void *buf, size_t len);
	/* Told what has become of a block that was IMAGE_MAYBE; NULL: not told. */
	void (*settle)(void *arg, uint64_t block, enum image_fate fate);
	void *arg;
	unsigned threads; /* 0: as many as there are processors */
};

/* Called with the bytes written (or verified) so far; non-zero cancels (-ECANCELED). */
typedef int (*image_progress_fn)(void *arg, uint64_t done_bytes, uint64_t total_bytes);

/*
 * Decides on the blocks that are IMAGE_MAYBE, and tells settle(). With first it
 * ends soon after the first that differs has been found, and leaves the others
 * undecided, but always decides on the end of the root image in a fragment.
 * progress gets numbers of blocks.
 */
int image_settle(struct image *old, const struct image_change *change, bool first,
		 image_progress_fn progress, void *arg, struct lm_error *err);

/*
 * Bounds for the size of a rewritten image: *likely from the ratio of the
 * blocks there are, *most if no changed block can be compressed.
 */
void image_estimate(const struct image *image, const struct image_change *change,
		    uint64_t *likely_bytes, uint64_t *most_bytes);

/*
 * Writes the new image to out (empty, open for writing), superblock last, and
 * flushes. All files, links, devices and xattrs of the old image are kept.
 * Until it returns 0, out has no superblock and is no image to anyone. A block
 * that is IMAGE_MAYBE is decided on (the end of the root image in a fragment
 * excepted: that is taken for changed).
 */
int image_rewrite(struct image *old, const struct image_change *change, struct io_file *out,
		  const char *out_name, image_progress_fn progress, void *arg,
		  struct lm_error *err);

/*
 * Reads the new image back (cold: drops its cache first) and proves it: the
 * kernel mounts it, the tables parse, the other files are where they were and
 * equal, kept blocks are byte for byte those of old, holes are holes, changed
 * ones decode to content(), those that are IMAGE_MAYBE still too. deep also
 * decodes every kept block. -EBADMSG on any difference.
 */
int image_verify(struct image *old, const struct image_change *change, struct io_file *new_file,
		 const char *new_name, bool deep, image_progress_fn progress, void *arg,
		 struct lm_error *err);

/*
 * What mksquashfs is to be told to make an image like this one: compressor and
 * its options, block size, what is left uncompressed. Refuses what it has no
 * words for (-EOPNOTSUPP).
 */
#define IMAGE_PACK_ARGS 24
struct image_pack {
	char text[IMAGE_PACK_ARGS][64];
	unsigned count;
};
int image_pack_options(const struct image *image, struct image_pack *pack, struct lm_error *err);

/*
 * Reads all tables, as the kernel does at mounting and whenever a file in the
 * image is used; -EBADMSG when it would refuse. Costs what the tables have, no
 * file is read.
 */
int image_check_tables(struct image *image, struct lm_error *err);

/*
 * The same, and decodes everything in the image; -EBADMSG or -EIO at the first
 * block that is damaged.
 */
int image_check(struct image *image, image_progress_fn progress, void *arg, struct lm_error *err);

#endif

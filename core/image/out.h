/* SPDX-License-Identifier: GPL-3.0-or-later */
/* out.h - a file written from its beginning to its end, in large aligned pieces */
#ifndef IMAGE_OUT_H
#define IMAGE_OUT_H

#include "core/image/inside.h"

struct image_out {
	struct io_file *file;
	const char *name;
	unsigned char *buf;
	uint64_t done;   /* bytes handed to the file */
	size_t used;     /* of buf */
	uint64_t synced; /* bytes known to be on the device */
};

/* Begins with the place of the superblock, as zeros. */
int image_out_start(struct image_out *out, struct io_file *file, const char *name,
		    struct lm_error *err);
void image_out_free(struct image_out *out);

static inline uint64_t image_out_at(const struct image_out *out)
{
	return out->done + out->used;
}

int image_out_put(struct image_out *out, const void *data, size_t len, struct lm_error *err);
/* len bytes of img from off. */
int image_out_copy(struct image_out *out, const struct image *img, uint64_t off, uint64_t len,
		   struct lm_error *err);
/* Pads the file, makes it durable, and only then gives it its superblock. */
int image_out_finish(struct image_out *out, const struct image_super *sb, struct lm_error *err);

#endif

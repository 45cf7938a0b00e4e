/* SPDX-License-Identifier: GPL-3.0-or-later */
/* same.h - parts of proving that a new container says what the old one said */
#ifndef IMAGE_SAME_H
#define IMAGE_SAME_H

#include "core/image/layout.h"

/* -EBADMSG: it is not what was to be written. */
int image_differs(const struct image *new, struct lm_error *err, const char *why, ...)
	__attribute__((format(printf, 3, 4)));
/* All tables but the list of blocks of the root image. */
int image_same_tables(const struct image *old, const struct image *new,
		      const struct image_layout *lay, struct lm_error *err);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* settle.h - the end of the root image that shares a fragment with the ends of other files */
#ifndef IMAGE_SETTLE_H
#define IMAGE_SETTLE_H

#include "core/image/inside.h"

/*
 * Makes of the old end the new one. was (room for a block) and differs, which
 * says whether that makes a difference, may both be NULL.
 */
int image_tail_blend(const struct image *old, const struct image_change *change,
		     unsigned char *tail, unsigned char *was, bool *differs, struct lm_error *err);

#endif

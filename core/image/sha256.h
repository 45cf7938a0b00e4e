/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sha256.h - SHA-256 (FIPS 180-4) of a short buffer */
#ifndef IMAGE_SHA256_H
#define IMAGE_SHA256_H

#include <stddef.h>

void sha256(const void *data, size_t len, unsigned char digest[32]);

#endif

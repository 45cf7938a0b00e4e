/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sum.h - the one hash of livemend: SHA-256, as sha256sum(1) makes it
 *
 * Whatever lies on a stick and has a sum has this one, over bytes that lie
 * there as they are: so that anybody can make it again, with a shell.
 */
#ifndef LM_SUM_H
#define LM_SUM_H

#include <stddef.h>
#include <stdint.h>

#include <nettle/sha2.h>

#define SUM_BYTES  32u /* of a sum */
#define SUM_DIGITS 64u /* of it in hexadecimal, without the terminator */

struct sum {
	struct sha256_ctx ctx;
};

void sum_start(struct sum *sum);
void sum_add(struct sum *sum, const void *data, size_t len);
/* *sum may then be started again. */
void sum_end(struct sum *sum, unsigned char digest[SUM_BYTES]);
void sum_end_hex(struct sum *sum, char digits[SUM_DIGITS + 1]);

/* All of it at once. */
void sum_of(const void *data, size_t len, unsigned char digest[SUM_BYTES]);
void sum_of_hex(const void *data, size_t len, char digits[SUM_DIGITS + 1]);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/sum.h"

#include <nettle/version.h>

static void put_hex(char *digits, const unsigned char *bytes, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		digits[2 * i] = hex[bytes[i] >> 4];
		digits[2 * i + 1] = hex[bytes[i] & 15];
	}
	digits[2 * n] = '\0';
}

void sum_start(struct sum *sum)
{
	sha256_init(&sum->ctx);
}

void sum_add(struct sum *sum, const void *data, size_t len)
{
	sha256_update(&sum->ctx, len, data);
}

void sum_end(struct sum *sum, unsigned char digest[SUM_BYTES])
{
#if NETTLE_VERSION_MAJOR >= 4
	sha256_digest(&sum->ctx, digest);
#else
	sha256_digest(&sum->ctx, SUM_BYTES, digest);
#endif
}

void sum_end_hex(struct sum *sum, char digits[SUM_DIGITS + 1])
{
	unsigned char digest[SUM_BYTES];

	sum_end(sum, digest);
	put_hex(digits, digest, sizeof(digest));
}

void sum_of(const void *data, size_t len, unsigned char digest[SUM_BYTES])
{
	struct sum sum;

	sum_start(&sum);
	sum_add(&sum, data, len);
	sum_end(&sum, digest);
}

void sum_of_hex(const void *data, size_t len, char digits[SUM_DIGITS + 1])
{
	struct sum sum;

	sum_start(&sum);
	sum_add(&sum, data, len);
	sum_end_hex(&sum, digits);
}

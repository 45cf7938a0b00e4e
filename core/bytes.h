/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bytes.h - little-endian fields in a buffer, and arithmetic that notices overflow
 */
#ifndef LM_BYTES_H
#define LM_BYTES_H

#include <stdbool.h>
#include <stdint.h>

static inline uint16_t get_le16(const unsigned char *p)
{
	return (uint16_t)(p[0] | (unsigned)p[1] << 8);
}

static inline uint32_t get_le32(const unsigned char *p)
{
	return (uint32_t)get_le16(p) | (uint32_t)get_le16(p + 2) << 16;
}

static inline uint64_t get_le64(const unsigned char *p)
{
	return (uint64_t)get_le32(p) | (uint64_t)get_le32(p + 4) << 32;
}

static inline void put_le16(unsigned char *p, uint16_t v)
{
	p[0] = (unsigned char)(v & 0xff);
	p[1] = (unsigned char)(v >> 8);
}

static inline void put_le32(unsigned char *p, uint32_t v)
{
	put_le16(p, (uint16_t)(v & 0xffff));
	put_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void put_le64(unsigned char *p, uint64_t v)
{
	put_le32(p, (uint32_t)(v & 0xffffffff));
	put_le32(p + 4, (uint32_t)(v >> 32));
}

/* True on overflow; *r is then not to be used. */
#define add_overflows(a, b, r) __builtin_add_overflow(a, b, r)
#define mul_overflows(a, b, r) __builtin_mul_overflow(a, b, r)

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Division rounding up; b > 0. */
static inline uint64_t div_up(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

#endif

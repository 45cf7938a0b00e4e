/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store_lab.h - stores built byte by byte, and the kernel's arithmetic, for tests
 *
 * Written from the description of the format alone; shares nothing with
 * core/cow, so that both can be held against each other.
 */
#ifndef TESTS_STORE_LAB_H
#define TESTS_STORE_LAB_H

#include "tests/unit/mem_io.h"

struct lab {
	struct mem_file mem;
	uint32_t c;      /* sectors in a chunk */
	uint64_t cb;     /* bytes in a chunk */
	uint64_t e;      /* exceptions in an area */
	uint64_t count;  /* exceptions put so far */
	uint64_t next;   /* where lab_add() puts the next data */
	uint64_t highest; /* what the kernel makes of new_chunk so far */
};

/* A store of this many sectors with a header; data lies in memory. */
void lab_make(struct lab *lab, uint32_t c, uint64_t sectors);
void lab_free(struct lab *lab);
/* Puts record number i into the table; fills nothing else. */
void lab_put(struct lab *lab, uint64_t i, uint64_t old_chunk, uint64_t new_chunk);
/* Appends a record. */
void lab_record(struct lab *lab, uint64_t old_chunk, uint64_t new_chunk);
/* Appends an exception the kernel's way, its data filled with lab_byte(old_chunk, ...). */
uint64_t lab_add(struct lab *lab, uint64_t old_chunk);
unsigned char lab_byte(uint64_t chunk, uint64_t off, unsigned generation);

/* What `dmsetup status` prints. */
uint64_t lab_allocated(const struct lab *lab);
uint64_t lab_metadata(const struct lab *lab);

/* A base whose byte at off is lab_byte(off / 512, off % 512, 99). */
struct lab_base {
	struct io_source source;
	unsigned reads;
	int fail_with;
};
void lab_base_make(struct lab_base *base, uint64_t bytes);

/* xorshift: the same numbers everywhere. */
uint64_t lab_random(uint64_t *seed);

#endif

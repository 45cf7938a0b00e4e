/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/store_lab.h"

#include <string.h>

static void put(unsigned char *at, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		at[i] = (unsigned char)(value >> (8 * i));
}

void lab_make(struct lab *lab, uint32_t c, uint64_t sectors)
{
	memset(lab, 0, sizeof(*lab));
	mem_file_make(&lab->mem, sectors * 512, sectors * 512);
	lab->c = c;
	lab->cb = (uint64_t)c * 512;
	lab->e = lab->cb / 16;
	lab->next = 2;
	lab->highest = 2;
	if (sectors) {
		memcpy(lab->mem.data, "SnAp", 4);
		put(lab->mem.data + 4, 1, 4);
		put(lab->mem.data + 8, 1, 4);
		put(lab->mem.data + 12, c, 4);
	}
}

void lab_free(struct lab *lab)
{
	mem_file_free(&lab->mem);
}

void lab_put(struct lab *lab, uint64_t i, uint64_t old_chunk, uint64_t new_chunk)
{
	uint64_t chunk = 1 + i / lab->e * (lab->e + 1);
	unsigned char *at = lab->mem.data + chunk * lab->cb + i % lab->e * 16;

	put(at, old_chunk, 8);
	put(at + 8, new_chunk, 8);
}

void lab_record(struct lab *lab, uint64_t old_chunk, uint64_t new_chunk)
{
	lab_put(lab, lab->count++, old_chunk, new_chunk);
	if (lab->highest <= new_chunk)
		lab->highest = new_chunk + 1;
}

unsigned char lab_byte(uint64_t chunk, uint64_t off, unsigned generation)
{
	uint64_t x = (chunk + 1) * 0x9e3779b97f4a7c15u + off / 64 * 0xd1b54a32d192ed03u +
		     generation * 77u;

	return (unsigned char)((x >> 56) + off);
}

uint64_t lab_add(struct lab *lab, uint64_t old_chunk)
{
	uint64_t chunk = lab->next++;

	if (lab->next % (lab->e + 1) == 1)
		lab->next++;
	lab_record(lab, old_chunk, chunk);
	for (uint64_t i = 0; i < lab->cb; i++)
		lab->mem.data[chunk * lab->cb + i] = lab_byte(old_chunk, i, 0);
	return chunk;
}

uint64_t lab_allocated(const struct lab *lab)
{
	uint64_t next = lab->highest;

	if (next % (lab->e + 1) == 1)
		next++;
	return next * lab->c;
}

uint64_t lab_metadata(const struct lab *lab)
{
	return (lab->count / lab->e + 2) * lab->c;
}

static int base_read(struct io_source *src, void *buf, size_t len, uint64_t off,
		     struct lm_error *err)
{
	struct lab_base *base = (struct lab_base *)src;
	unsigned char *to = buf;

	(void)err;
	base->reads++;
	if (base->fail_with)
		return base->fail_with;
	for (size_t i = 0; i < len; i++)
		to[i] = lab_byte((off + i) / 512, (off + i) % 512, 99);
	return 0;
}

static void base_close(struct io_source *src)
{
	(void)src;
}

void lab_base_make(struct lab_base *base, uint64_t bytes)
{
	static const struct io_source_ops ops = { .read = base_read, .close = base_close };

	memset(base, 0, sizeof(*base));
	base->source.ops = &ops;
	base->source.size_bytes = bytes;
}

uint64_t lab_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

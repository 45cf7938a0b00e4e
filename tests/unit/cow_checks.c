/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/cow_checks.h"
#include "tests/lib/narrow.h"

void shadow_make(struct shadow *shadow, uint64_t base_chunks, uint64_t cb)
{
	shadow->base_chunks = base_chunks;
	shadow->cb = cb;
	shadow->count = 0;
	shadow->now = calloc(base_chunks, sizeof(unsigned));
	shadow->durable = calloc(base_chunks, sizeof(unsigned));
	assert_non_null(shadow->now);
	assert_non_null(shadow->durable);
}

void shadow_free(struct shadow *shadow)
{
	free(shadow->now);
	free(shadow->durable);
}

void shadow_commit(struct shadow *shadow)
{
	memcpy(shadow->durable, shadow->now, shadow->base_chunks * sizeof(unsigned));
}

struct cow_store *open_mem(struct mem_file *mem, uint64_t base_sectors)
{
	struct cow_store *store;
	struct lm_error err;

	assert_int_equal(cow_store_open(&mem->file, "overlay", base_sectors, &store, &err), 0);
	return store;
}

static void fill_chunk(unsigned char *buf, uint64_t cb, uint64_t old_chunk, unsigned generation)
{
	for (uint64_t i = 0; i < cb; i++)
		buf[i] = lab_byte(old_chunk, i, generation);
}

int write_whole(struct cow_store *store, struct shadow *shadow, uint64_t old_chunk,
		struct lm_error *err)
{
	unsigned char *buf = malloc(shadow->cb);
	unsigned generation = shadow->now[old_chunk] + 1;
	int rc;

	assert_non_null(buf);
	fill_chunk(buf, shadow->cb, old_chunk, generation);
	rc = cow_store_write(store, old_chunk, 0, buf, shadow->cb, NULL, err);
	free(buf);
	if (rc)
		return rc;
	shadow->count += !shadow->now[old_chunk];
	shadow->now[old_chunk] = generation;
	return 0;
}

int write_pieces(struct cow_store *store, struct shadow *shadow, uint64_t old_chunk, uint64_t *seed,
		 struct lm_error *err)
{
	unsigned char *buf = malloc(shadow->cb), *fill = malloc(shadow->cb);
	unsigned generation = shadow->now[old_chunk] + 1;
	uint64_t cut = 1 + lab_random(seed) % (shadow->cb - 1);
	int rc;

	assert_non_null(buf);
	assert_non_null(fill);
	fill_chunk(buf, shadow->cb, old_chunk, generation);
	fill_chunk(fill, shadow->cb, old_chunk, 1000);
	rc = cow_store_write(store, old_chunk, (uint32_t)cut, buf + cut, shadow->cb - cut,
			     shadow->now[old_chunk] ? NULL : fill, err);
	if (!rc && !shadow->now[old_chunk]) {
		unsigned char *back = malloc(cut);

		assert_non_null(back);
		assert_int_equal(cow_store_read(store, cow_store_lookup(store, old_chunk), 0, back,
						cut, err),
				 0);
		assert_memory_equal(back, fill, cut);
		free(back);
	}
	if (!rc)
		rc = cow_store_write(store, old_chunk, 0, buf, cut, NULL, err);
	free(buf);
	free(fill);
	if (rc)
		return rc;
	shadow->count += !shadow->now[old_chunk];
	shadow->now[old_chunk] = generation;
	return 0;
}

void assert_between(struct cow_store *store, uint64_t old_chunk, uint64_t cb, unsigned low,
		    unsigned high)
{
	uint64_t chunk = cow_store_lookup(store, old_chunk);
	unsigned char *buf;
	struct lm_error err;

	if (!chunk) {
		if (low)
			fail_msg("chunk %llu is lost", (unsigned long long)old_chunk);
		return;
	}
	if (!high)
		fail_msg("chunk %llu has come alive", (unsigned long long)old_chunk);
	buf = malloc(cb);
	assert_non_null(buf);
	assert_int_equal(cow_store_read(store, chunk, 0, buf, cb, &err), 0);
	for (uint64_t at = 0; at < cb; at += 512) {
		bool found = false;

		for (unsigned g = low ? low : 1; g <= high && !found; g++) {
			found = true;
			for (uint64_t i = at; i < at + 512 && found; i++)
				found = buf[i] == lab_byte(old_chunk, i, g);
		}
		if (!found)
			fail_msg("chunk %llu has foreign data", (unsigned long long)old_chunk);
	}
	free(buf);
}

/* The tables on disk as the kernel reads them, and what it asks of them. */
static void assert_disk(const struct mem_file *mem, const struct cow_store *store, uint64_t count)
{
	const struct cow_info *info = cow_store_info(store);
	uint64_t c = info->chunk_sectors, cb = c * 512, e = cb / 16, n = 0, highest = 2;
	bool ended = false;

	if (!count && !memcmp(mem->data, "\0\0\0\0", 4))
		return;
	assert_memory_equal(mem->data, "SnAp", 4);
	for (uint64_t area = 0; !ended; area++) {
		const unsigned char *at = mem->data + (1 + area * (e + 1)) * cb;

		assert_true((2 + area * (e + 1)) * cb <= mem->size);
		for (uint64_t i = 0; i < e; i++) {
			uint64_t chunk = 0;

			for (int b = 15; b >= 8; b--)
				chunk = chunk << 8 | at[i * 16 + (uint64_t)b];
			if (!chunk)
				ended = true;
			if (ended) { /* nothing may lie behind the terminator */
				for (uint64_t b = i * 16; b < cb; b++)
					assert_int_equal(at[b], 0);
				assert_int_equal(info->metadata_sectors, (area + 2) * c);
				break;
			}
			assert_true(chunk >= 2 && chunk % (e + 1) != 1 &&
				    (chunk + 1) * cb <= mem->size);
			if (highest <= chunk)
				highest = chunk + 1;
			n++;
		}
	}
	if (highest % (e + 1) == 1)
		highest++;
	assert_int_equal(n, count);
	assert_int_equal(info->exceptions, count);
	assert_int_equal(info->allocated_sectors, highest * c);
}

void assert_all(struct mem_file *mem, const struct shadow *shadow)
{
	struct cow_store *store = open_mem(mem, 0);
	struct lm_error err;

	assert_disk(mem, store, shadow->count);
	assert_int_equal(cow_store_check(store, NULL, NULL, &err),
			 cow_size_is_exact_fit(mem->size, cow_store_info(store)->chunk_sectors));
	for (uint64_t i = 0; i < shadow->base_chunks; i++)
		assert_between(store, i, shadow->cb, shadow->now[i], shadow->now[i]);
	cow_store_close(store);
}

void spoil(struct mem_file *mem, uint64_t from)
{
	uint64_t seed = 99;

	for (uint64_t i = from; i < mem->size; i++)
		mem->data[i] = (unsigned char)lab_random(&seed);
}

static void note_fault(void *arg, const struct cow_problem *problem)
{
	struct faults *faults = arg;

	assert_int_equal(faults->count[problem->fault], 0);
	faults->count[problem->fault] = problem->count;
	faults->first[problem->fault] = *problem;
}

int collect_faults(struct cow_store *store, struct faults *faults)
{
	struct lm_error err;
	int kinds;

	memset(faults, 0, sizeof(*faults));
	kinds = cow_store_check(store, note_fault, faults, &err);
	assert_true(kinds >= 0);
	return kinds;
}

void assert_figures(const struct lab *lab, const struct cow_store *store)
{
	const struct cow_info *info = cow_store_info(store);

	assert_int_equal(info->chunk_sectors, lab->c);
	assert_int_equal(info->exceptions, lab->count);
	assert_int_equal(info->allocated_sectors, lab_allocated(lab));
	assert_int_equal(info->metadata_sectors, lab_metadata(lab));
	assert_int_equal(info->total_sectors, lab->mem.size / 512);
	assert_int_equal(info->areas, lab->count / lab->e + 1);
	assert_int_equal(info->file_bytes, lab->mem.size);
}

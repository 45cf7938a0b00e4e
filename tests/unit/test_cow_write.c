/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing stores: round trips, refusals, and the power cut at any moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/cow/cow.h"
#include "tests/unit/store_lab.h"

/* What the store ought to say: which generation of each chunk of the base it holds, 0: none. */
struct shadow {
	uint64_t base_chunks, cb, count;
	unsigned *now, *durable;
};

static void shadow_make(struct shadow *shadow, uint64_t base_chunks, uint64_t cb)
{
	shadow->base_chunks = base_chunks;
	shadow->cb = cb;
	shadow->count = 0;
	shadow->now = calloc(base_chunks, sizeof(unsigned));
	shadow->durable = calloc(base_chunks, sizeof(unsigned));
	assert_non_null(shadow->now);
	assert_non_null(shadow->durable);
}

static void shadow_free(struct shadow *shadow)
{
	free(shadow->now);
	free(shadow->durable);
}

static void shadow_commit(struct shadow *shadow)
{
	memcpy(shadow->durable, shadow->now, shadow->base_chunks * sizeof(unsigned));
}

static struct cow_store *open_mem(struct mem_file *mem, uint64_t base_sectors)
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

static int write_whole(struct cow_store *store, struct shadow *shadow, uint64_t old_chunk,
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

/* The same in pieces, the first of which needs the rest of the chunk. */
static int write_pieces(struct cow_store *store, struct shadow *shadow, uint64_t old_chunk,
			uint64_t *seed, struct lm_error *err)
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
						cut, err), 0);
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

/* Each sector of a chunk is of a generation between low and high. */
static void assert_between(struct cow_store *store, uint64_t old_chunk, uint64_t cb, unsigned low,
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
			assert_true(chunk >= 2 && chunk % (e + 1) != 1 && (chunk + 1) * cb <= mem->size);
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

static void assert_all(struct mem_file *mem, const struct shadow *shadow)
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

/* Junk everywhere but in the header and the first area. */
static void spoil(struct mem_file *mem, uint64_t from)
{
	uint64_t seed = 99;

	for (uint64_t i = from; i < mem->size; i++)
		mem->data[i] = (unsigned char)lab_random(&seed);
}

static void round_trip(uint32_t c, bool new_store, uint64_t base_chunks, uint64_t writes)
{
	uint64_t seed = 4711 + c, cb = (uint64_t)c * 512;
	struct mem_file mem;
	struct cow_store *store;
	struct shadow shadow;
	struct lm_error err;

	mem_file_make(&mem, (base_chunks + base_chunks / (c * 32) + 8) * cb,
		      (base_chunks + base_chunks / (c * 32) + 8) * cb);
	if (new_store) {
		spoil(&mem, 4);
	} else {
		spoil(&mem, 0);
		assert_int_equal(cow_format(&mem.file, c, "overlay", &err), 0);
		assert_int_equal(mem.flushes, 2);
	}
	shadow_make(&shadow, base_chunks, cb);
	store = open_mem(&mem, base_chunks * c);
	assert_int_equal(cow_store_info(store)->state, LM_STATE_EMPTY);
	for (uint64_t i = 0; i < writes; i++) {
		uint64_t old_chunk = lab_random(&seed) % base_chunks;
		int rc = lab_random(&seed) % 2 ? write_whole(store, &shadow, old_chunk, &err)
					       : write_pieces(store, &shadow, old_chunk, &seed, &err);

		assert_int_equal(rc, 0);
		assert_int_equal(cow_store_info(store)->exceptions, shadow.count);
		if (lab_random(&seed) % 64)
			continue;
		assert_int_equal(cow_store_commit(store, &err), 0);
		if (lab_random(&seed) % 2)
			continue;
		cow_store_close(store);
		store = open_mem(&mem, base_chunks * c);
		assert_int_equal(cow_store_info(store)->exceptions, shadow.count);
	}
	{
		uint64_t count;
		const struct cow_exception *all = cow_store_sorted(store, &count);

		assert_int_equal(count, shadow.count);
		for (uint64_t i = 1; i < count; i++)
			assert_true(all[i - 1].old_chunk < all[i].old_chunk);
	}
	assert_int_equal(cow_store_commit(store, &err), 0);
	cow_store_close(store);
	assert_all(&mem, &shadow);
	shadow_free(&shadow);
	mem_file_free(&mem);
}

static void test_round_trip(void **state)
{
	(void)state;
	round_trip(8, true, 900, 1500);
	round_trip(1, false, 300, 900);
	round_trip(8, false, 700, 1000);
	round_trip(16, false, 600, 700);
	round_trip(32, false, 1100, 1200);
	round_trip(128, false, 50, 60);
	round_trip(2048, false, 6, 10);
}

/* More exceptions in one commit than the front of the map holds, in descending order. */
static void test_large_commit(void **state)
{
	const uint64_t n = 10000;
	struct mem_file mem;
	struct cow_store *store;
	struct shadow shadow;
	struct lm_error err;

	(void)state;
	mem_file_make(&mem, (n + n / 32 + 9) * 512, (n + n / 32 + 9) * 512);
	assert_int_equal(cow_format(&mem.file, 1, "overlay", &err), 0);
	shadow_make(&shadow, n, 512);
	store = open_mem(&mem, 0);
	for (uint64_t i = n; i-- > 0;)
		assert_int_equal(write_whole(store, &shadow, i * 7 % n, &err), 0);
	mem_file_forget(&mem);
	assert_int_equal(cow_store_commit(store, &err), 0);
	assert_int_equal(mem.flushes, 2);
	mem_file_forget(&mem);
	assert_int_equal(cow_store_commit(store, &err), 0);
	assert_int_equal(mem.flushes, 0);
	assert_int_equal(write_whole(store, &shadow, 5, &err), 0);
	assert_int_equal(cow_store_commit(store, &err), 0);
	assert_int_equal(mem.flushes, 1); /* in place: no table changes */
	assert_int_equal(mem.writes, 1);
	cow_store_close(store);
	assert_all(&mem, &shadow);
	shadow_free(&shadow);
	mem_file_free(&mem);
}

/* Up to the brim, at every size around whole areas. */
static void test_brim(void **state)
{
	(void)state;
	for (uint64_t chunks = 3; chunks < 105; chunks++) {
		uint64_t room = cow_capacity(chunks * 512, 1);
		struct mem_file mem;
		struct cow_store *store;
		struct shadow shadow;
		struct lm_error err;
		unsigned char *before = malloc(chunks * 512);

		assert_non_null(before);
		mem_file_make(&mem, chunks * 512, chunks * 512);
		spoil(&mem, 0);
		assert_int_equal(cow_format(&mem.file, 1, "overlay", &err), 0);
		shadow_make(&shadow, chunks, 512);
		store = open_mem(&mem, 0);
		for (uint64_t i = 0; i < room; i++) {
			assert_int_equal(cow_store_info(store)->room_chunks, room - i);
			assert_int_equal(write_whole(store, &shadow, i, &err), 0);
			if (i % 7 == 0)
				assert_int_equal(cow_store_commit(store, &err), 0);
		}
		assert_int_equal(cow_store_info(store)->state, LM_STATE_FULL);
		memcpy(before, mem.data, chunks * 512);
		assert_int_equal(write_whole(store, &shadow, room, &err), -ENOSPC);
		assert_true(err.why[0] != '\0');
		assert_memory_equal(before, mem.data, chunks * 512);
		assert_int_equal(cow_store_lookup(store, room), 0);
		assert_int_equal(write_whole(store, &shadow, 0, &err), 0); /* in place still goes */
		assert_int_equal(cow_store_commit(store, &err), 0);
		cow_store_close(store);
		assert_all(&mem, &shadow);
		store = open_mem(&mem, 0);
		assert_int_equal(cow_store_info(store)->state, LM_STATE_FULL);
		assert_int_equal(write_whole(store, &shadow, room, &err), -ENOSPC);
		cow_store_close(store);
		shadow_free(&shadow);
		mem_file_free(&mem);
		free(before);
	}
}

/* A sparse overlay file on a full stick: the write fails, what was there before is kept. */
static void test_no_room_below(void **state)
{
	(void)state;
	for (unsigned nth = 1; nth < 4; nth++) {
		struct mem_file mem;
		struct cow_store *store;
		struct shadow shadow;
		struct lm_error err;
		int failures = 0;

		mem_file_make(&mem, 200 * 512, 200 * 512);
		spoil(&mem, 0);
		assert_int_equal(cow_format(&mem.file, 1, "overlay", &err), 0);
		shadow_make(&shadow, 150, 512);
		store = open_mem(&mem, 0);
		for (uint64_t i = 0; i < 150; i++) {
			int rc;

			mem.fail_at = nth;
			mem.fail_with = -ENOSPC;
			rc = write_whole(store, &shadow, i, &err);
			mem.fail_at = 0;
			if (rc) {
				assert_int_equal(rc, -ENOSPC);
				assert_int_equal(cow_store_lookup(store, i), 0);
				assert_int_equal(cow_store_info(store)->exceptions, shadow.count);
				failures++;
				assert_int_equal(write_whole(store, &shadow, i, &err), 0);
			}
		}
		/* the data itself; the table behind a full one, and one after it */
		assert_int_equal(failures, nth == 1 ? 150 : nth == 2 ? 4 : 0);
		assert_int_equal(cow_store_commit(store, &err), 0);
		cow_store_close(store);
		assert_all(&mem, &shadow);
		shadow_free(&shadow);
		mem_file_free(&mem);
	}
}

/* After a failed commit nothing more is written, and what is on disk is one of the two states. */
static void test_commit_fails(void **state)
{
	(void)state;
	for (unsigned nth = 1; nth < 9; nth++) {
		struct mem_file mem;
		struct cow_store *store;
		struct shadow shadow;
		struct lm_error err;
		unsigned writes;
		int rc;

		mem_file_make(&mem, 200 * 4096, 200 * 4096);
		spoil(&mem, 4);
		shadow_make(&shadow, 40, 4096);
		store = open_mem(&mem, 0);
		for (uint64_t i = 0; i < 10; i++)
			assert_int_equal(write_whole(store, &shadow, i, &err), 0);
		mem.fail_at = nth;
		rc = cow_store_commit(store, &err);
		mem.fail_at = 0;
		assert_int_equal(rc, nth <= 5 ? -EIO : 0);
		if (rc) {
			writes = mem.writes;
			assert_int_equal(write_whole(store, &shadow, 20, &err), -EIO);
			assert_int_equal(write_whole(store, &shadow, 2, &err), -EIO);
			assert_int_equal(cow_store_commit(store, &err), -EIO);
			assert_int_equal(mem.writes, writes);
			assert_int_not_equal(cow_store_lookup(store, 3), 0); /* reading goes on */
		}
		cow_store_close(store);
		store = open_mem(&mem, 0);
		assert_int_not_equal(cow_store_info(store)->state, LM_STATE_DAMAGED);
		for (uint64_t i = 0; i < 40; i++)
			assert_between(store, i, 4096, rc ? 0 : shadow.now[i], shadow.now[i]);
		cow_store_close(store);
		shadow_free(&shadow);
		mem_file_free(&mem);
	}
}

/* Leftovers of a torn write of a table do not come alive when records are added. */
static void test_stale_tail(void **state)
{
	struct lab lab;
	struct cow_store *store;
	struct shadow shadow;
	struct lm_error err;
	size_t flushed = 0;

	(void)state;
	lab_make(&lab, 8, 600 * 8);
	lab_put(&lab, 1, 50, 2);
	lab_put(&lab, 200, 51, 3);
	shadow_make(&shadow, 60, 4096);
	store = open_mem(&lab.mem, 0);
	lab.mem.record = true;
	assert_int_equal(write_whole(store, &shadow, 7, &err), 0);
	assert_int_equal(cow_store_check(store, NULL, NULL, &err), 0);
	assert_int_equal(cow_store_commit(store, &err), 0);
	cow_store_close(store);
	assert_all(&lab.mem, &shadow);
	/* they have gone from the disk before the record comes */
	for (size_t i = 0; i < lab.mem.n_events && !flushed; i++) {
		if (lab.mem.events[i].flush)
			flushed = i + 1;
		else if (lab.mem.events[i].off == 4096)
			for (size_t b = 0; b < 4096; b++)
				assert_int_equal(lab.mem.events[i].now[b], 0);
	}
	assert_int_equal(flushed, 3);
	shadow_free(&shadow);
	lab_free(&lab);
}

static void test_refusals(void **state)
{
	struct lab lab;
	struct cow_store *store;
	unsigned char buf[4096] = { 0 };
	struct lm_error err;

	(void)state;
	lab_make(&lab, 8, 600 * 8);
	lab_add(&lab, 1);
	store = open_mem(&lab.mem, 80);
	assert_int_equal(cow_store_write(store, 10, 0, buf, 4096, NULL, &err), -EINVAL);
	assert_int_equal(cow_store_write(store, 2, 1, buf, 4096, NULL, &err), -EINVAL);
	assert_int_equal(cow_store_write(store, 2, 4096, buf, 0, NULL, &err), -EINVAL);
	assert_int_equal(cow_store_write(store, 2, 0, buf, 100, NULL, &err), -EINVAL);
	assert_int_equal(cow_store_write(store, 2, 0, buf, 0, NULL, &err), 0);
	assert_int_equal(lab.mem.writes, 0);
	assert_int_equal(cow_store_commit(store, &err), 0);
	assert_int_equal(lab.mem.flushes, 0);
	lab.mem.readonly = true;
	assert_int_equal(cow_store_write(store, 2, 0, buf, 4096, NULL, &err), -EROFS);
	assert_int_equal(cow_reset(&lab.mem.file, "overlay", &err), -EROFS);
	assert_int_equal(cow_format(&lab.mem.file, 8, "overlay", &err), -EROFS);
	assert_int_equal(cow_format(&lab.mem.file, 9, "overlay", &err), -EINVAL);
	lab.mem.readonly = false;
	cow_store_close(store);
	lab_record(&lab, 2, 1);
	store = open_mem(&lab.mem, 0);
	assert_int_equal(cow_store_write(store, 5, 0, buf, 4096, NULL, &err), -EUCLEAN);
	assert_int_equal(cow_store_write(store, 2, 0, buf, 4096, NULL, &err), -EUCLEAN);
	assert_int_equal(lab.mem.writes, 0);
	cow_store_close(store);
	lab_free(&lab);
}

static void test_reset(void **state)
{
	struct lab lab;
	struct cow_store *store;
	struct shadow shadow;
	struct lm_error err;

	(void)state;
	lab_make(&lab, 32, 600 * 32);
	for (uint64_t i = 0; i < 20; i++)
		lab_add(&lab, i);
	lab.mem.record = true;
	assert_int_equal(cow_reset(&lab.mem.file, "overlay", &err), 0);
	assert_int_equal(lab.mem.n_events, 2);
	assert_int_equal(lab.mem.events[0].off, 0);
	assert_int_equal(lab.mem.events[0].len, 512);
	assert_true(lab.mem.events[1].flush);
	lab.mem.record = false;
	store = open_mem(&lab.mem, 0);
	assert_int_equal(cow_store_info(store)->state, LM_STATE_EMPTY);
	assert_int_equal(cow_store_info(store)->chunk_sectors, 8);
	assert_int_equal(cow_store_lookup(store, 0), 0);
	shadow_make(&shadow, 60, 4096);
	assert_int_equal(write_whole(store, &shadow, 7, &err), 0);
	assert_int_equal(cow_store_commit(store, &err), 0);
	cow_store_close(store);
	assert_all(&lab.mem, &shadow);
	shadow_free(&shadow);
	lab_free(&lab);
}

/* ---- the power cut ---- */

/* What may be on the medium when the power goes after the first upto events. */
static void cut_power(struct mem_file *after, const struct mem_file *mem,
		      const unsigned char *durable, size_t upto, uint64_t *seed)
{
	size_t flushed = 0;

	memcpy(after->data, durable, mem->size);
	for (size_t i = 0; i < upto; i++) {
		if (mem->events[i].flush)
			flushed = i + 1;
	}
	for (size_t i = 0; i < upto; i++) {
		const struct mem_event *event = &mem->events[i];
		uint64_t fate = lab_random(seed) % 4;

		if (event->flush)
			continue;
		for (size_t at = 0; at < event->len;) {
			/* a sector is written as a whole or not at all */
			size_t part = 512 - (event->off + at) % 512;

			if (part > event->len - at)
				part = event->len - at;
			if (i < flushed || fate < 2 || (fate == 2 && lab_random(seed) % 2))
				memcpy(after->data + event->off + at, event->now + at, part);
			at += part;
		}
	}
}

static void assert_cuts(struct mem_file *mem, const unsigned char *durable,
			const struct shadow *shadow, uint64_t *seed)
{
	struct mem_file after;

	mem_file_make(&after, mem->size, mem->size);
	for (size_t upto = 0; upto <= mem->n_events; upto++) {
		for (int k = 0; k < 6; k++) {
			struct cow_store *store;

			cut_power(&after, mem, durable, upto, seed);
			store = open_mem(&after, 0);
			assert_int_not_equal(cow_store_info(store)->state, LM_STATE_DAMAGED);
			assert_int_not_equal(cow_store_info(store)->state, LM_STATE_INVALID);
			for (uint64_t i = 0; i < shadow->base_chunks; i++)
				assert_between(store, i, shadow->cb, shadow->durable[i],
					       shadow->now[i]);
			cow_store_close(store);
		}
	}
	mem_file_free(&after);
}

static void power_cut(uint32_t c, uint64_t chunks, uint64_t base_chunks, bool new_store,
		      unsigned rounds, unsigned batch)
{
	uint64_t seed = 31 + c + batch, cb = (uint64_t)c * 512;
	unsigned char *durable = malloc(chunks * cb);
	struct mem_file mem;
	struct cow_store *store;
	struct shadow shadow;
	struct lm_error err;

	assert_non_null(durable);
	mem_file_make(&mem, chunks * cb, chunks * cb);
	spoil(&mem, new_store ? 4 : 0);
	if (!new_store)
		assert_int_equal(cow_format(&mem.file, c, "overlay", &err), 0);
	shadow_make(&shadow, base_chunks, cb);
	store = open_mem(&mem, 0);
	mem.record = true;
	for (unsigned round = 0; round < rounds; round++) {
		memcpy(durable, mem.data, chunks * cb);
		mem_file_forget(&mem);
		for (unsigned i = 0; i < batch; i++) {
			int rc = write_whole(store, &shadow, lab_random(&seed) % base_chunks, &err);

			assert_true(rc == 0 || rc == -ENOSPC);
		}
		assert_int_equal(cow_store_commit(store, &err), 0);
		assert_cuts(&mem, durable, &shadow, &seed);
		shadow_commit(&shadow);
	}
	cow_store_close(store);
	assert_all(&mem, &shadow);
	shadow_free(&shadow);
	mem_file_free(&mem);
	free(durable);
}

static void test_power_cut(void **state)
{
	(void)state;
	power_cut(1, 200, 180, false, 60, 3);
	power_cut(1, 200, 180, false, 8, 70);   /* several areas in one commit */
	power_cut(1, 100, 180, false, 10, 20);  /* until it is full: exact fit */
	power_cut(8, 60, 40, true, 6, 9);
	power_cut(8, 620, 600, false, 2, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_large_commit),
		cmocka_unit_test(test_brim),         cmocka_unit_test(test_no_room_below),
		cmocka_unit_test(test_commit_fails), cmocka_unit_test(test_stale_tail),
		cmocka_unit_test(test_refusals),     cmocka_unit_test(test_reset),
		cmocka_unit_test(test_power_cut),
	};

	alarm(240);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

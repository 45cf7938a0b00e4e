/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing stores: round trips, refusals, no room, failures. */
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

#include "tests/unit/cow_checks.h"
#include "tests/lib/narrow.h"

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
		int rc = lab_random(&seed) % 2
				 ? write_whole(store, &shadow, old_chunk, &err)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_large_commit),
		cmocka_unit_test(test_brim),         cmocka_unit_test(test_no_room_below),
		cmocka_unit_test(test_commit_fails), cmocka_unit_test(test_stale_tail),
		cmocka_unit_test(test_refusals),     cmocka_unit_test(test_reset),
	};

	alarm(240);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

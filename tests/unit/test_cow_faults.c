/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stores that break the rules, and what is said about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/cow_checks.h"

static void test_truncated(void **state)
{
	struct lab lab;
	struct cow_store *store;
	struct faults faults;

	(void)state;
	lab_make(&lab, 8, 600 * 8);
	for (uint64_t i = 0; i < 300; i++)
		lab_add(&lab, i);

	lab.mem.size = 258 * 4096; /* before the second area */
	store = open_mem(&lab.mem, 0);
	assert_int_equal(cow_store_info(store)->state, LM_STATE_DAMAGED);
	assert_true(cow_store_info(store)->trouble[0] != '\0');
	assert_int_equal(cow_store_info(store)->exceptions, 256);
	assert_int_equal(collect_faults(store, &faults), 1);
	assert_int_equal(faults.count[COW_FAULT_TRUNCATED], 1);
	assert_int_equal(faults.first[COW_FAULT_TRUNCATED].new_chunk, 258);
	cow_store_close(store);

	lab.mem.size = 259 * 4096 - 1; /* within it */
	store = open_mem(&lab.mem, 0);
	assert_int_equal(cow_store_info(store)->state, LM_STATE_DAMAGED);
	cow_store_close(store);

	lab.mem.size = 290 * 4096 + 100; /* within the data */
	store = open_mem(&lab.mem, 0);
	assert_int_equal(cow_store_info(store)->state, LM_STATE_DAMAGED);
	assert_int_equal(cow_store_info(store)->exceptions, 300);
	collect_faults(store, &faults);
	assert_int_equal(faults.count[COW_FAULT_NEW_RANGE], 303 - 290);
	assert_int_equal(faults.first[COW_FAULT_NEW_RANGE].new_chunk, 290);
	assert_int_equal(faults.first[COW_FAULT_NEW_RANGE].index, 287);
	{
		unsigned char buf[4096];
		struct lm_error err;

		assert_int_equal(cow_store_read(store, 289, 0, buf, 4096, &err), 0);
		assert_int_equal(cow_store_read(store, 290, 0, buf, 4096, &err), -EIO);
		assert_int_equal(cow_store_read(store, UINT64_MAX / 4096, 0, buf, 4096, &err),
				 -EIO);
		assert_int_equal(cow_store_read(store, UINT64_MAX, 4095, buf, 1, &err), -EIO);
	}
	cow_store_close(store);
	lab_free(&lab);
}

static void test_faults(void **state)
{
	struct lab lab;
	struct cow_store *store;
	struct faults faults;
	uint64_t count;

	(void)state;
	lab_make(&lab, 8, 600 * 8);
	lab_record(&lab, 0, 2);
	lab_record(&lab, 9, 7);    /* holes 3 to 6 */
	lab_record(&lab, 0, 8);    /* chunk 0 again: the first counts */
	lab_record(&lab, 4, 7);    /* shares 7 */
	lab_record(&lab, 5, 258);  /* the second area */
	lab_record(&lab, 6, 1);    /* the first area */
	lab_record(&lab, 1000, 9); /* the base has 100 chunks */
	lab_record(&lab, 7, 600);  /* one behind the end */
	lab_record(&lab, 0, 10);
	lab_record(&lab, 8, 1ull << 60);
	store = open_mem(&lab.mem, 795); /* the last chunk of the base is short */
	assert_int_equal(cow_store_info(store)->state, LM_STATE_DAMAGED);
	assert_int_equal(cow_store_info(store)->exceptions, 10);
	assert_int_equal(cow_store_info(store)->room_chunks, 0);
	assert_int_equal(collect_faults(store, &faults), 6);
	assert_int_equal(faults.count[COW_FAULT_OLD_TWICE], 2);
	assert_int_equal(faults.first[COW_FAULT_OLD_TWICE].index, 2);
	assert_int_equal(faults.first[COW_FAULT_OLD_TWICE].new_chunk, 8);
	assert_int_equal(faults.count[COW_FAULT_NEW_TWICE], 1);
	assert_int_equal(faults.first[COW_FAULT_NEW_TWICE].index, 3);
	assert_int_equal(faults.count[COW_FAULT_NEW_METADATA], 2);
	assert_int_equal(faults.first[COW_FAULT_NEW_METADATA].index, 4);
	assert_int_equal(faults.count[COW_FAULT_OLD_RANGE], 1);
	assert_int_equal(faults.first[COW_FAULT_OLD_RANGE].old_chunk, 1000);
	assert_int_equal(faults.count[COW_FAULT_NEW_RANGE], 2);
	assert_int_equal(faults.first[COW_FAULT_NEW_RANGE].index, 7);
	assert_int_equal(faults.count[COW_FAULT_HOLE], 4 + 257 - 11 + 1);
	assert_int_equal(faults.first[COW_FAULT_HOLE].new_chunk, 3);
	assert_true(faults.first[COW_FAULT_HOLE].harmless);
	assert_false(faults.first[COW_FAULT_OLD_TWICE].harmless);
	assert_int_equal(cow_store_lookup(store, 0), 2);
	assert_int_equal(cow_store_lookup(store, 4), 7);
	assert_non_null(cow_store_sorted(store, &count));
	assert_int_equal(count, 8);
	cow_store_close(store);

	store = open_mem(&lab.mem, 0);
	collect_faults(store, &faults);
	assert_int_equal(faults.count[COW_FAULT_OLD_RANGE], 0);
	cow_store_close(store);
	lab_free(&lab);
}

static void test_base_end(void **state)
{
	struct lab lab;
	struct cow_store *store;

	(void)state;
	lab_make(&lab, 8, 80);
	lab_record(&lab, 99, 2);
	store = open_mem(&lab.mem, 793); /* chunk 99 has one sector */
	assert_int_equal(cow_store_info(store)->state, LM_STATE_ACTIVE);
	cow_store_close(store);
	store = open_mem(&lab.mem, 792);
	assert_int_equal(cow_store_info(store)->state, LM_STATE_DAMAGED);
	assert_non_null(strstr(cow_store_info(store)->trouble, "99"));
	cow_store_close(store);
	lab_free(&lab);
}

/* More exceptions than the base has chunks: the rest of the tables is not read. */
static void test_too_many(void **state)
{
	(void)state;
	for (int copies = 0; copies < 2; copies++) {
		struct faults faults;
		struct lab lab;
		struct cow_store *store;

		lab_make(&lab, 8, 257 * 20 * 8);
		for (uint64_t i = 0; i < 256 * 18; i++)
			lab_record(&lab, copies ? 3 : i % 4, copies ? 5 : 2 + i + i / 256);
		store = open_mem(&lab.mem, 32);
		assert_int_equal(cow_store_info(store)->state, LM_STATE_DAMAGED);
		assert_true(cow_store_info(store)->exceptions <= 256);
		assert_true(lab.mem.read_bytes < 3 * 4096);
		assert_true(collect_faults(store, &faults) > 0);
		assert_true(faults.count[COW_FAULT_OLD_TWICE] > 0);
		cow_store_close(store);
		lab_free(&lab);
	}
}

static void test_holes_only(void **state)
{
	struct lab lab;
	struct cow_store *store;
	struct faults faults;

	(void)state;
	lab_make(&lab, 1, 200);
	lab_record(&lab, 3, 40); /* in the second group, in random order */
	lab_record(&lab, 2, 5);
	store = open_mem(&lab.mem, 0);
	assert_figures(&lab, store);
	assert_int_equal(cow_store_info(store)->state, LM_STATE_ACTIVE);
	assert_int_equal(cow_store_info(store)->next_free, 41);
	assert_int_equal(collect_faults(store, &faults), 1);
	assert_int_equal(faults.count[COW_FAULT_HOLE], 41 - 2 - 1 - 2);
	/* 41 to 199 without the areas 67, 100, 133, 166, 199 */
	assert_int_equal(cow_store_info(store)->room_chunks, 159 - 5);
	cow_store_close(store);
	lab_free(&lab);
}

static void test_stale_tail(void **state)
{
	struct lab lab;
	struct cow_store *store;
	struct faults faults;

	(void)state;
	lab_make(&lab, 8, 600 * 8);
	lab_add(&lab, 1);
	lab_put(&lab, 1, 77, 0); /* old_chunk of the terminator says nothing */
	lab_put(&lab, 5, 8, 2);
	lab_put(&lab, 255, 9, 3);
	store = open_mem(&lab.mem, 0);
	assert_figures(&lab, store);
	assert_int_equal(cow_store_info(store)->state, LM_STATE_ACTIVE);
	assert_int_equal(collect_faults(store, &faults), 1);
	assert_int_equal(faults.count[COW_FAULT_STALE_TAIL], 2);
	assert_int_equal(faults.first[COW_FAULT_STALE_TAIL].index, 5);
	assert_true(faults.first[COW_FAULT_STALE_TAIL].harmless);
	assert_int_equal(cow_store_lookup(store, 8), 0);
	cow_store_close(store);
	lab_free(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truncated),  cmocka_unit_test(test_faults),
		cmocka_unit_test(test_base_end),   cmocka_unit_test(test_holes_only),
		cmocka_unit_test(test_stale_tail), cmocka_unit_test(test_too_many),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading stores that were built byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/cow/cow.h"
#include "tests/unit/store_lab.h"

static struct cow_store *open_lab(struct lab *lab, uint64_t base_sectors)
{
	struct cow_store *store;
	struct lm_error err;

	assert_int_equal(cow_store_open(&lab->mem.file, "overlay", base_sectors, &store, &err), 0);
	return store;
}

struct faults {
	uint64_t count[COW_FAULT_EXACT_FIT + 1];
	struct cow_problem first[COW_FAULT_EXACT_FIT + 1];
};

static void note_fault(void *arg, const struct cow_problem *problem)
{
	struct faults *faults = arg;

	assert_int_equal(faults->count[problem->fault], 0);
	faults->count[problem->fault] = problem->count;
	faults->first[problem->fault] = *problem;
}

static int check_lab(struct cow_store *store, struct faults *faults)
{
	struct lm_error err;
	int kinds;

	memset(faults, 0, sizeof(*faults));
	kinds = cow_store_check(store, note_fault, faults, &err);
	assert_true(kinds >= 0);
	return kinds;
}

static void assert_figures(const struct lab *lab, const struct cow_store *store)
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

static const uint32_t chunk_sizes[] = { 1, 8, 16, 32, 128, 2048 };
#define N_SIZES (sizeof(chunk_sizes) / sizeof(chunk_sizes[0]))

/* Big enough for tables only: the data of these stores is never read. */
static void make_tables(struct lab *lab, uint32_t c, uint64_t n)
{
	uint64_t e = (uint64_t)c * 32, chunks = n + n / e + 40;

	lab_make(lab, c, 0);
	mem_file_free(&lab->mem);
	mem_file_make(&lab->mem, chunks * c * 512, (2 + n / e * (e + 1)) * c * 512);
	memcpy(lab->mem.data, "SnAp\1\0\0\0\1\0\0\0", 12);
	lab->mem.data[12] = (unsigned char)c;
	lab->mem.data[13] = (unsigned char)(c >> 8);
	for (uint64_t i = 0; i < n; i++) {
		lab_record(lab, i * 3, lab->next++);
		if (lab->next % (e + 1) == 1)
			lab->next++;
	}
}

static void test_figures(void **state)
{
	(void)state;
	for (size_t s = 0; s < N_SIZES; s++) {
		uint32_t c = chunk_sizes[s];
		uint64_t e = (uint64_t)c * 32;
		uint64_t n[] = { 0, 1, 2, e - 1, e, e + 1, 2 * e, 2 * e + 1, 3 * e + 7 };

		for (size_t k = 0; k < sizeof(n) / sizeof(n[0]); k++) {
			struct lab lab;
			struct cow_store *store;
			struct faults faults;

			make_tables(&lab, c, n[k]);
			store = open_lab(&lab, 0);
			assert_figures(&lab, store);
			assert_int_equal(cow_store_info(store)->state,
					 n[k] ? LM_STATE_ACTIVE : LM_STATE_EMPTY);
			assert_int_equal(check_lab(store, &faults), 0);
			if (n[k]) {
				assert_int_equal(cow_store_lookup(store, 0), 2);
				assert_int_not_equal(cow_store_lookup(store, (n[k] - 1) * 3), 0);
			}
			assert_int_equal(cow_store_lookup(store, 1), 0);
			assert_int_equal(cow_store_lookup(store, n[k] * 3), 0);
			cow_store_close(store);
			lab_free(&lab);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

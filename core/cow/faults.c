/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cow/store.h"

void cow_fault_note(struct cow_store *store, enum cow_fault fault, uint64_t index,
		    uint64_t old_chunk, uint64_t new_chunk)
{
	struct cow_problem *problem = &store->problems[fault];

	if (problem->count++)
		return;
	problem->fault = fault;
	problem->harmless = fault == COW_FAULT_HOLE || fault == COW_FAULT_STALE_TAIL ||
			    fault == COW_FAULT_EXACT_FIT;
	problem->index = index;
	problem->old_chunk = old_chunk;
	problem->new_chunk = new_chunk;
}

static bool is_data(const struct cow_shape *shape, uint64_t chunk)
{
	return chunk >= 2 && chunk < shape->chunks && !cow_shape_is_metadata(shape, chunk);
}

static void find_bad_numbers(struct cow_store *store, const struct cow_exception *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (store->base_chunks && e[i].old_chunk >= store->base_chunks)
			cow_fault_note(store, COW_FAULT_OLD_RANGE, i, e[i].old_chunk,
				       e[i].new_chunk);
		if (e[i].new_chunk >= store->shape.chunks)
			cow_fault_note(store, COW_FAULT_NEW_RANGE, i, e[i].old_chunk,
				       e[i].new_chunk);
		else if (!is_data(&store->shape, e[i].new_chunk))
			cow_fault_note(store, COW_FAULT_NEW_METADATA, i, e[i].old_chunk,
				       e[i].new_chunk);
	}
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The numbers of one kind, in ascending order. */
static uint64_t *sorted_numbers(const struct cow_exception *e, size_t n, bool new_chunks)
{
	uint64_t *numbers = calloc(n ? n : 1, sizeof(*numbers));
	bool ascending = true;

	if (!numbers)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		numbers[i] = new_chunks ? e[i].new_chunk : e[i].old_chunk;
		ascending = ascending && (i == 0 || numbers[i - 1] <= numbers[i]);
	}
	if (!ascending)
		qsort(numbers, n, sizeof(*numbers), compare_numbers);
	return numbers;
}

/* Notes all but the first of the records that have this number. */
static void note_repeated(struct cow_store *store, enum cow_fault fault,
			  const struct cow_exception *e, size_t n, uint64_t number)
{
	bool seen = false;

	for (size_t i = 0; i < n; i++) {
		uint64_t here = fault == COW_FAULT_NEW_TWICE ? e[i].new_chunk : e[i].old_chunk;

		if (here != number)
			continue;
		if (seen) {
			cow_fault_note(store, fault, i, e[i].old_chunk, e[i].new_chunk);
			return;
		}
		seen = true;
	}
}

/* The first is looked for in the table, so that it can be named; the others are counted. */
static void find_repeated(struct cow_store *store, enum cow_fault fault,
			  const struct cow_exception *e, size_t n, const uint64_t *numbers)
{
	for (size_t i = 1; i < n; i++) {
		if (numbers[i] != numbers[i - 1])
			continue;
		if (store->problems[fault].count)
			store->problems[fault].count++;
		else
			note_repeated(store, fault, e, n, numbers[i]);
	}
}

static void find_holes(struct cow_store *store, const uint64_t *numbers, size_t n)
{
	const struct cow_shape *shape = &store->shape;
	uint64_t next = 2, holes = 0, first = 0;

	for (size_t i = 0; i < n && numbers[i] < shape->chunks; i++) {
		if (numbers[i] < next)
			continue;
		next = cow_shape_skip_metadata(shape, next);
		if (numbers[i] > next) {
			if (!holes)
				first = next;
			holes += cow_shape_data_below(shape, numbers[i]) -
				 cow_shape_data_below(shape, next);
		}
		next = numbers[i] + 1;
	}
	if (holes) {
		cow_fault_note(store, COW_FAULT_HOLE, 0, 0, first);
		store->problems[COW_FAULT_HOLE].count = holes;
	}
}

static int compare_records(const void *a, const void *b)
{
	const struct cow_exception *x = a, *y = b;

	if (x->old_chunk != y->old_chunk)
		return (x->old_chunk > y->old_chunk) - (x->old_chunk < y->old_chunk);
	return (x->new_chunk > y->new_chunk) - (x->new_chunk < y->new_chunk);
}

/* Records that say the same twice are one: cow_squeeze(), cut off, leaves such. */
static struct cow_exception *without_copies(const struct cow_exception *records, size_t *count)
{
	struct cow_exception *e = calloc(*count ? *count : 1, sizeof(*e));
	size_t n = 0;

	if (!e)
		return NULL;
	memcpy(e, records, *count * sizeof(*e));
	qsort(e, *count, sizeof(*e), compare_records);
	for (size_t i = 0; i < *count; i++) {
		if (n == 0 || compare_records(&e[n - 1], &e[i]) != 0)
			e[n++] = e[i];
	}
	*count = n;
	return e;
}

static int find_all_repeated(struct cow_store *store, const struct cow_exception *records,
			     size_t count, bool new_chunks)
{
	uint64_t *numbers = sorted_numbers(records, count, new_chunks);

	if (!numbers)
		return -ENOMEM;
	find_repeated(store, new_chunks ? COW_FAULT_NEW_TWICE : COW_FAULT_OLD_TWICE, records,
		      count, numbers);
	if (new_chunks)
		find_holes(store, numbers, count);
	free(numbers);
	return 0;
}

int cow_find_faults(struct cow_store *store, const struct cow_exception *records, size_t count)
{
	struct cow_problem *twice = store->problems;
	struct cow_exception *once;
	size_t n = count;
	int rc;

	find_bad_numbers(store, records, count);
	rc = find_all_repeated(store, records, count, true);
	if (!rc)
		rc = find_all_repeated(store, records, count, false);
	if (rc || !twice[COW_FAULT_NEW_TWICE].count || !twice[COW_FAULT_OLD_TWICE].count)
		return rc;
	once = without_copies(records, &n);
	if (!once)
		return -ENOMEM;
	if (n < count) {
		twice[COW_FAULT_NEW_TWICE].count = twice[COW_FAULT_OLD_TWICE].count = 0;
		rc = find_all_repeated(store, once, n, false);
		twice[COW_FAULT_HOLE].count = 0;
		if (!rc)
			rc = find_all_repeated(store, once, n, true);
	}
	free(once);
	return rc;
}

int cow_store_check(struct cow_store *store, void (*fn)(void *arg, const struct cow_problem *),
		    void *arg, struct lm_error *err)
{
	int kinds = 0;

	(void)err;
	for (int i = 0; i < COW_FAULTS; i++) {
		if (!store->problems[i].count)
			continue;
		kinds++;
		if (fn)
			fn(arg, &store->problems[i]);
	}
	return kinds;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The power goes at any moment while a store is written: nothing committed is lost or wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/cow_checks.h"
#include "tests/lib/narrow.h"

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
	power_cut(1, 200, 180, false, 8, 70);  /* several areas in one commit */
	power_cut(1, 100, 180, false, 10, 20); /* until it is full: exact fit */
	power_cut(8, 60, 40, true, 6, 9);
	power_cut(8, 620, 600, false, 2, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_power_cut),
	};

	alarm(240);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

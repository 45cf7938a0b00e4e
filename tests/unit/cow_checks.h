/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cow_checks.h - what the tests of the store have in common; it asserts through cmocka */
#ifndef TESTS_COW_CHECKS_H
#define TESTS_COW_CHECKS_H

#include "core/cow/cow.h"
#include "tests/unit/store_lab.h"

struct cow_store *open_mem(struct mem_file *mem, uint64_t base_sectors);

/* The figures are the kernel's. */
void assert_figures(const struct lab *lab, const struct cow_store *store);

struct faults {
	uint64_t count[COW_FAULT_EXACT_FIT + 1];
	struct cow_problem first[COW_FAULT_EXACT_FIT + 1];
};

/* Returns how many kinds of faults there are; each may be reported once only. */
int collect_faults(struct cow_store *store, struct faults *faults);

/*
 * What the store ought to say: which generation of each chunk of the base it
 * holds, 0 for none, now and after a power cut.
 */
struct shadow {
	uint64_t base_chunks, cb, count;
	unsigned *now, *durable;
};

void shadow_make(struct shadow *shadow, uint64_t base_chunks, uint64_t cb);
void shadow_free(struct shadow *shadow);
void shadow_commit(struct shadow *shadow);

/* The next generation of a chunk goes into the store, and when that worked into the shadow. */
int write_whole(struct cow_store *store, struct shadow *shadow, uint64_t old_chunk,
		struct lm_error *err);
/* The same in pieces, the first of which needs the rest of the chunk. */
int write_pieces(struct cow_store *store, struct shadow *shadow, uint64_t old_chunk,
		 uint64_t *seed, struct lm_error *err);

/* Each sector of a chunk is of a generation from low to high; with low 0 it may be missing. */
void assert_between(struct cow_store *store, uint64_t old_chunk, uint64_t cb, unsigned low,
		    unsigned high);
/* What a store that was committed and closed has on disk: the tables, and each chunk. */
void assert_all(struct mem_file *mem, const struct shadow *shadow);

/* Junk from here to the end. */
void spoil(struct mem_file *mem, uint64_t from);

#endif

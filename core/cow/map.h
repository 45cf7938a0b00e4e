/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * map.h - from a chunk of the base to a chunk of the store
 *
 * One large sorted array, and a small sorted one in front of it that takes
 * what is added: a million exceptions cost 16 MiB, a lookup is O(log n).
 */
#ifndef COW_MAP_H
#define COW_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "core/cow/cow.h"

struct cow_map {
	struct cow_exception *all;
	size_t n, cap;
	struct cow_exception *fresh; /* none of it is in all */
	size_t n_fresh;
};

/*
 * Takes over records (count of them, in the order of the store, made by
 * malloc) into an empty map. Of several with one old_chunk the first stays.
 * -ENOMEM, records is then still the caller's.
 */
int cow_map_build(struct cow_map *map, struct cow_exception *records, size_t count);
void cow_map_free(struct cow_map *map);

/* 0 when there is none. */
uint64_t cow_map_find(const struct cow_map *map, uint64_t old_chunk);

/* Makes room, so that the next cow_map_add() cannot fail. */
int cow_map_reserve(struct cow_map *map);
/* Adds an exception for an old_chunk that is not in the map; after cow_map_reserve(). */
void cow_map_add(struct cow_map *map, uint64_t old_chunk, uint64_t new_chunk);

/* All of it in one sorted array. */
const struct cow_exception *cow_map_sorted(struct cow_map *map, size_t *count);

#endif

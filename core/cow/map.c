/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/cow/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

/* Inserting moves half of it on average, settling moves all of the map. */
#define FRESH_MAX 4096u

static bool is_ascending(const struct cow_exception *e, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (e[i - 1].old_chunk >= e[i].old_chunk)
			return false;
	}
	return true;
}

/* Radix sort by old_chunk. It is stable, so that the first of equal ones comes first. */
static struct cow_exception *sort_stable(struct cow_exception *a, struct cow_exception *b, size_t n)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < n; i++)
		bits |= a[i].old_chunk;
	for (unsigned shift = 0; shift < 64 && bits >> shift; shift += 8) {
		size_t at[256] = { 0 }, sum = 0;
		struct cow_exception *swap = a;

		for (size_t i = 0; i < n; i++)
			at[a[i].old_chunk >> shift & 0xff]++;
		for (size_t i = 0; i < 256; i++) {
			size_t here = at[i];

			at[i] = sum;
			sum += here;
		}
		for (size_t i = 0; i < n; i++)
			b[at[a[i].old_chunk >> shift & 0xff]++] = a[i];
		a = b;
		b = swap;
	}
	return a;
}

int cow_map_build(struct cow_map *map, struct cow_exception *records, size_t count)
{
	struct cow_exception *other, *sorted;
	size_t n = 0;

	if (is_ascending(records, count)) {
		map->all = records;
		map->n = map->cap = count;
		return 0;
	}
	other = calloc(count, sizeof(*other));
	if (!other)
		return -ENOMEM;
	sorted = sort_stable(records, other, count);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || sorted[i].old_chunk != sorted[n - 1].old_chunk)
			sorted[n++] = sorted[i];
	}
	map->all = sorted;
	map->n = n;
	map->cap = count;
	free(sorted == records ? other : records);
	return 0;
}

void cow_map_free(struct cow_map *map)
{
	free(map->all);
	free(map->fresh);
	memset(map, 0, sizeof(*map));
}

/* Where the first exception with at least old_chunk is, n when there is none. */
static size_t lower_bound(const struct cow_exception *e, size_t n, uint64_t old_chunk)
{
	size_t low = 0;

	while (low < n) {
		size_t middle = low + (n - low) / 2;

		if (e[middle].old_chunk < old_chunk)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

uint64_t cow_map_find(const struct cow_map *map, uint64_t old_chunk)
{
	size_t i = lower_bound(map->all, map->n, old_chunk);

	if (i < map->n && map->all[i].old_chunk == old_chunk)
		return map->all[i].new_chunk;
	i = lower_bound(map->fresh, map->n_fresh, old_chunk);
	if (i < map->n_fresh && map->fresh[i].old_chunk == old_chunk)
		return map->fresh[i].new_chunk;
	return 0;
}

/* Merges from the end, in place; cow_map_reserve() has seen to the room. */
static void settle(struct cow_map *map)
{
	size_t i = map->n, k = map->n_fresh;

	while (k > 0) {
		if (i > 0 && map->all[i - 1].old_chunk > map->fresh[k - 1].old_chunk) {
			map->all[i + k - 1] = map->all[i - 1];
			i--;
		} else {
			map->all[i + k - 1] = map->fresh[k - 1];
			k--;
		}
	}
	map->n += map->n_fresh;
	map->n_fresh = 0;
}

int cow_map_reserve(struct cow_map *map)
{
	size_t want = map->n + map->n_fresh + 1, cap;
	struct cow_exception *all;

	if (!map->fresh) {
		map->fresh = calloc(FRESH_MAX, sizeof(*map->fresh));
		if (!map->fresh)
			return -ENOMEM;
	}
	if (want <= map->cap)
		return 0;
	if (add_overflows(want, want / 4 + FRESH_MAX, &cap))
		return -ENOMEM;
	all = reallocarray(map->all, cap, sizeof(*all));
	if (!all)
		return -ENOMEM;
	map->all = all;
	map->cap = cap;
	return 0;
}

void cow_map_add(struct cow_map *map, uint64_t old_chunk, uint64_t new_chunk)
{
	size_t i;

	if (map->n_fresh == FRESH_MAX)
		settle(map);
	i = lower_bound(map->fresh, map->n_fresh, old_chunk);
	memmove(map->fresh + i + 1, map->fresh + i, (map->n_fresh - i) * sizeof(*map->fresh));
	map->fresh[i].old_chunk = old_chunk;
	map->fresh[i].new_chunk = new_chunk;
	map->n_fresh++;
}

const struct cow_exception *cow_map_sorted(struct cow_map *map, size_t *count)
{
	settle(map);
	*count = map->n;
	return map->all;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/bytes.h"
#include "core/cow/store.h"

bool cow_chunk_sectors_ok(uint32_t chunk_sectors)
{
	return chunk_sectors && chunk_sectors <= COW_MAX_CHUNK_SECTORS &&
	       !(chunk_sectors & (chunk_sectors - 1));
}

void cow_shape_set(struct cow_shape *shape, uint32_t chunk_sectors, uint64_t bytes)
{
	shape->chunk_sectors = chunk_sectors;
	shape->chunk_bytes = chunk_sectors * COW_SECTOR_BYTES;
	shape->per_area = shape->chunk_bytes / COW_RECORD_BYTES;
	shape->stride = (uint64_t)shape->per_area + 1;
	shape->chunks = bytes / shape->chunk_bytes;
}

uint64_t cow_shape_areas(const struct cow_shape *shape)
{
	return shape->chunks < 2 ? 0 : (shape->chunks - 2) / shape->stride + 1;
}

uint64_t cow_shape_data_below(const struct cow_shape *shape, uint64_t chunk)
{
	return chunk < 2 ? 0 : chunk - 1 - div_up(chunk - 1, shape->stride);
}

bool cow_size_is_exact_fit(uint64_t bytes, uint32_t chunk_sectors)
{
	struct cow_shape shape;

	if (!cow_chunk_sectors_ok(chunk_sectors))
		return false;
	cow_shape_set(&shape, chunk_sectors, bytes);
	return shape.chunks > 1 && shape.chunks % shape.stride == 1;
}

/*
 * The kernel's arithmetic (dm-snap-persistent.c, skip_metadata() and
 * persistent_usage()): two chunks for header and first area, a chunk for each
 * further area as soon as the one before it is full.
 */
uint64_t cow_allocated_sectors(uint64_t count, uint32_t chunk_sectors)
{
	uint64_t per_area = (uint64_t)chunk_sectors * COW_SECTOR_BYTES / COW_RECORD_BYTES;

	return (2 + count + count / per_area) * chunk_sectors;
}

uint64_t cow_capacity(uint64_t bytes, uint32_t chunk_sectors)
{
	struct cow_shape shape;

	if (!cow_chunk_sectors_ok(chunk_sectors))
		return 0;
	cow_shape_set(&shape, chunk_sectors, bytes);
	/* The one that would fill the last area cannot be committed. */
	return cow_shape_data_below(&shape, shape.chunks) -
	       cow_size_is_exact_fit(bytes, chunk_sectors);
}

/*
 * An exception needs a data chunk, and a record in an area. The kernel zeroes
 * the next area before it fills one, so that the last record of the last area
 * that exists is never used.
 */
static uint64_t room_left(const struct cow_store *store, uint64_t area, uint64_t used)
{
	const struct cow_shape *shape = &store->shape;
	uint64_t next = store->info.next_free, areas = cow_shape_areas(shape), data, records;

	if (next >= shape->chunks || area >= areas)
		return 0;
	data = cow_shape_data_below(shape, shape->chunks) - cow_shape_data_below(shape, next);
	records = (areas - area) * shape->per_area - used - 1;
	return min_u64(data, records);
}

void cow_store_refresh(struct cow_store *store)
{
	const struct cow_shape *shape = &store->shape;
	struct cow_info *info = &store->info;
	uint64_t used = store->used + store->n_pending;
	uint64_t area = store->area + used / shape->per_area;

	used %= shape->per_area;
	info->areas = area + 1;
	info->allocated_sectors = info->next_free * shape->chunk_sectors;
	info->metadata_sectors = (area + 2) * shape->chunk_sectors;
	if (info->state == LM_STATE_DAMAGED) {
		info->room_chunks = 0;
		return;
	}
	info->room_chunks = room_left(store, area, used);
	if (!info->valid)
		info->state = LM_STATE_INVALID;
	else if (!info->room_chunks)
		info->state = LM_STATE_FULL;
	else
		info->state = info->exceptions ? LM_STATE_ACTIVE : LM_STATE_EMPTY;
}

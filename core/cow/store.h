/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store.h - the inside of a store, for the files of this room */
#ifndef COW_STORE_H
#define COW_STORE_H

#include "core/cow/cow.h"
#include "core/cow/map.h"

#define COW_MAGIC            0x70416e53u
#define COW_VERSION          1u
#define COW_HEADER_BYTES     16u
#define COW_SECTOR_BYTES     512u
#define COW_RECORD_BYTES     16u
#define COW_NEW_STORE_CHUNK  8u /* sectors; what live systems ask the kernel for */
#define COW_FAULTS           (COW_FAULT_EXACT_FIT + 1)

/* What follows from the chunk size and the length of the file. */
struct cow_shape {
	uint32_t chunk_sectors, chunk_bytes;
	uint32_t per_area; /* exceptions in a metadata area */
	uint64_t stride;   /* from one metadata area to the next, in chunks */
	uint64_t chunks;   /* whole chunks in the file */
};

struct cow_store {
	struct io_file *file;
	char *name;
	uint64_t base_chunks; /* 0 when not known */
	struct cow_shape shape;
	struct cow_info info;
	struct cow_map *map;
	struct cow_problem problems[COW_FAULTS]; /* count 0: not there */

	uint64_t area;        /* the last area, as it is on disk, ... */
	uint32_t used;        /* ... the exceptions in it, ... */
	unsigned char *image; /* ... and its bytes, zeros behind them */

	struct cow_exception *pending; /* written, but not yet in a table on disk */
	size_t n_pending, cap_pending;
	unsigned char *chunk; /* room for one chunk, made when it is needed */
	bool unflushed;       /* something was written since the last flush */
	int broken;           /* the error after which nothing more is written */
};

/* chunk_sectors: a power of two up to COW_MAX_CHUNK_SECTORS. */
void cow_shape_set(struct cow_shape *shape, uint32_t chunk_sectors, uint64_t bytes);
bool cow_chunk_sectors_ok(uint32_t chunk_sectors);
/* How many metadata areas lie inside of the file as a whole. */
uint64_t cow_shape_areas(const struct cow_shape *shape);
/* How many data chunks there are below this chunk. */
uint64_t cow_shape_data_below(const struct cow_shape *shape, uint64_t chunk);
static inline bool cow_shape_is_metadata(const struct cow_shape *shape, uint64_t chunk)
{
	return chunk % shape->stride == 1;
}
/* The chunk of metadata area k. */
static inline uint64_t cow_shape_area_chunk(const struct cow_shape *shape, uint64_t k)
{
	return 1 + k * shape->stride;
}
/* The next chunk that may hold data, from this one on. */
static inline uint64_t cow_shape_skip_metadata(const struct cow_shape *shape, uint64_t chunk)
{
	return cow_shape_is_metadata(shape, chunk) ? chunk + 1 : chunk;
}

/* Brings info's figures and state in line with next_free and the tables. */
void cow_store_refresh(struct cow_store *store);

/* Looks through the records as they lie in the store, and fills problems. */
int cow_find_faults(struct cow_store *store, const struct cow_exception *records, size_t count);
void cow_fault_note(struct cow_store *store, enum cow_fault fault, uint64_t index,
		    uint64_t old_chunk, uint64_t new_chunk);

/* Fills whole chunk 0 of a new store. */
void cow_header_make(unsigned char *chunk, uint32_t chunk_sectors);

#endif

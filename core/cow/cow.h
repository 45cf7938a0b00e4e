/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cow.h - the persistent dm-snapshot exception store, in user space
 *
 * Format: drivers/md/dm-snap-persistent.c. With c = chunk size in sectors and
 * E = c * 512 / 16 exceptions per area: chunk 0 is the header, metadata area k
 * is chunk 1 + k * (E + 1), every other chunk is data. All numbers are
 * little-endian.
 */
#ifndef COW_COW_H
#define COW_COW_H

#include <stdbool.h>
#include <stdint.h>

#include "core/io/io.h"
#include "core/livemend.h"

/* Largest chunk that is read; the kernel would take 2^21, and as much memory. */
#define COW_MAX_CHUNK_SECTORS 4096u

struct cow_store;

struct cow_info {
	enum lm_overlay_state state; /* ACTIVE, EMPTY, FULL, INVALID or DAMAGED */
	bool valid;             /* the header's valid field is not 0 */
	bool header_zero;       /* magic 0: a new store, the kernel will make the header */
	uint32_t version;
	uint32_t chunk_sectors; /* 8 for a zero header */
	uint64_t allocated_sectors; /* as `dmsetup status` prints them */
	uint64_t total_sectors;
	uint64_t metadata_sectors;
	uint64_t exceptions;
	uint64_t areas;         /* metadata areas read */
	uint64_t next_free;     /* the chunk that is allocated next */
	uint64_t room_chunks;   /* exceptions that can still be added, the kernel's way */
	uint64_t file_bytes;
	char trouble[200];      /* why it is DAMAGED, else empty */
};

/*
 * Reads the store in file (not owned; stays open as long as the store).
 * base_sectors is the size of the base, 0 when not known. Fails only for I/O
 * errors and memory: a store that makes no sense opens as LM_STATE_DAMAGED
 * with as many exceptions as could be read. Memory is bounded by the number of
 * exceptions that the file can hold, and that such a base can have.
 */
int cow_store_open(struct io_file *file, const char *name, uint64_t base_sectors,
		   struct cow_store **store, struct lm_error *err);
void cow_store_close(struct cow_store *store); /* NULL allowed */

const struct cow_info *cow_store_info(const struct cow_store *store);

/* The chunk of the store that holds old_chunk of the base, 0 when there is none. O(1) or O(log n).
 * Of duplicates the first record wins, as in the kernel. */
uint64_t cow_store_lookup(const struct cow_store *store, uint64_t old_chunk);

struct cow_exception {
	uint64_t old_chunk, new_chunk;
};

/* All exceptions in ascending order of old_chunk, without duplicates; owned by the store,
 * valid until it is written to or closed. */
const struct cow_exception *cow_store_sorted(const struct cow_store *store, uint64_t *count);

/* Reads len bytes from byte off of a chunk of the store on; they may go on into the chunks that
 * follow it there. */
int cow_store_read(struct cow_store *store, uint64_t new_chunk, uint32_t off, void *buf,
		   size_t len, struct lm_error *err);

/* ---- checking ---- */

enum cow_fault {
	COW_FAULT_HEADER,       /* magic, version or chunk size make no sense */
	COW_FAULT_INVALID,      /* marked invalid */
	COW_FAULT_TRUNCATED,    /* an area that must exist lies beyond the end */
	COW_FAULT_OLD_RANGE,    /* an exception outside the base */
	COW_FAULT_NEW_RANGE,    /* data beyond the end of the store */
	COW_FAULT_NEW_METADATA, /* data chunk 0, or in a metadata area */
	COW_FAULT_OLD_TWICE,    /* two exceptions for one chunk of the base (not counted where they
				   say the same: the kernel and livemend read that right) */
	COW_FAULT_NEW_TWICE,    /* two exceptions share a data chunk */
	COW_FAULT_HOLE,         /* data chunks that were allocated and never recorded (harmless) */
	COW_FAULT_STALE_TAIL,   /* records behind the terminator of the last area (repairable) */
	COW_FAULT_EXACT_FIT     /* a size at which a full store becomes invalid even under PO */
};

struct cow_problem {
	enum cow_fault fault;
	bool harmless;   /* the kernel reads it right, and livemend too: HOLE, STALE_TAIL, EXACT_FIT */
	uint64_t index;  /* of the exception, where that applies */
	uint64_t old_chunk, new_chunk;
	uint64_t count;  /* how many of this kind (each kind is reported once, with its first) */
};

/* Calls fn for each kind of problem; returns how many kinds there are, or a negative errno. */
int cow_store_check(struct cow_store *store, void (*fn)(void *arg, const struct cow_problem *),
		    void *arg, struct lm_error *err);

/* ---- writing, for a store whose file is open for writing ---- */

/*
 * Writes len bytes at byte off within chunk old_chunk of the merged device. A
 * chunk that is mapped is written in place. Otherwise a new chunk is filled
 * from fill (the whole chunk as it reads now, chunk_sectors * 512 bytes, only
 * needed when off/len do not cover it all; else NULL) and its exception is
 * recorded in memory; it becomes visible on disk by cow_store_commit().
 * -ENOSPC when the store is full: nothing has changed then. An empty store
 * (zero header) gets its header on the first commit.
 */
int cow_store_write(struct cow_store *store, uint64_t old_chunk, uint32_t off, const void *buf,
		    size_t len, const void *fill, struct lm_error *err);

/*
 * Zeroes what stands behind the terminator of the last area (COW_FAULT_STALE_TAIL),
 * and flushes. Nothing to do: 0.
 */
int cow_store_clear_tail(struct cow_store *store, struct lm_error *err);

/* The kernel's commit order: data, flush, metadata, flush; then all written so far is durable. */
int cow_store_commit(struct cow_store *store, struct lm_error *err);

/*
 * Makes the store empty by one write of its first sector (all zero), and flushes.
 * What the kernel, and cow_store_open(), then see is a new store.
 */
int cow_reset(struct io_file *file, const char *name, struct lm_error *err);

/* Writes the header and first area of a new store with this chunk size, and flushes. */
int cow_format(struct io_file *file, uint32_t chunk_sectors, const char *name,
	       struct lm_error *err);

/*
 * Leaves all exceptions out but those of the chunks in kept (ascending, at
 * least one, all of them in the store), and moves what lies too far behind into
 * the gaps: the store is then as full as a new one with these exceptions. In
 * place, without room for anything, and in an order of writes and flushes in
 * which at any instant every chunk in kept reads the same, for the kernel too;
 * run again after a cut it goes on from there. What the chunks that are left out
 * read as is the base from some instant on. The store must not be open. progress
 * counts bytes, and may stop it by non-zero (-ECANCELED).
 */
int cow_squeeze(struct io_file *file, const char *name, const uint64_t *kept, uint64_t n_kept,
		int (*progress)(void *arg, uint64_t done, uint64_t total), void *arg,
		struct lm_error *err);

/* True where a store of this many bytes has the exact-fit defect (dm-snapshot.md 1.3). */
bool cow_size_is_exact_fit(uint64_t bytes, uint32_t chunk_sectors);

/* Sectors that are allocated in a store of this chunk size once it has taken count exceptions. */
uint64_t cow_allocated_sectors(uint64_t count, uint32_t chunk_sectors);

/* How many exceptions a store of this many bytes can take. */
uint64_t cow_capacity(uint64_t bytes, uint32_t chunk_sectors);

#endif

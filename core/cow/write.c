/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writing in the kernel's order of commit (drivers/md/dm-snap-persistent.c,
 * persistent_commit_exception), for many exceptions at a time: whatever is cut
 * off, the tables on disk only name chunks whose data got there before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/cow/store.h"
#include "core/error.h"
#include "core/i18n.h"

static int write_failed(struct cow_store *store, int rc, struct lm_error *err)
{
	return lm_fail(err, rc, store->name, NULL, "%s", _("Writing to the overlay failed"));
}

/* From here on nothing is written any more: the tables on disk stay as they are. */
static int write_broke(struct cow_store *store, int rc, struct lm_error *err)
{
	store->broken = rc;
	return write_failed(store, rc, err);
}

static int store_full(struct cow_store *store, struct lm_error *err)
{
	int rc = write_failed(store, -ENOSPC, err);

	lm_because(err, "%s", _("the overlay is full"));
	return rc;
}

static int may_write(struct cow_store *store, struct lm_error *err)
{
	int rc;

	if (store->broken) {
		rc = write_failed(store, store->broken, err);
		lm_because(err, "%s", _("an earlier write to it failed"));
		return rc;
	}
	if (store->info.state != LM_STATE_DAMAGED)
		return 0;
	rc = write_failed(store, -EUCLEAN, err);
	lm_because(err, _("the overlay is damaged: %s"), store->info.trouble);
	return rc;
}

static int write_chunk(struct cow_store *store, uint64_t chunk, const void *buf)
{
	store->unflushed = true;
	return io_pwrite(store->file, buf, store->shape.chunk_bytes,
			 chunk * store->shape.chunk_bytes);
}

static int flush(struct cow_store *store)
{
	int rc = io_fsync(store->file);

	if (!rc)
		store->unflushed = false;
	return rc;
}

static int make_buffers(struct cow_store *store)
{
	if (!store->chunk)
		store->chunk = malloc(store->shape.chunk_bytes);
	if (!store->chunk)
		return -ENOMEM;
	if (store->n_pending == store->cap_pending) {
		size_t cap = store->cap_pending * 2 + 256;
		struct cow_exception *e = reallocarray(store->pending, cap, sizeof(*e));

		if (!e)
			return -ENOMEM;
		store->pending = e;
		store->cap_pending = cap;
	}
	return cow_map_reserve(store->map);
}

/*
 * The area that follows must be there, and empty, before this one is full; a
 * new store's first area before its header; and what lies behind a terminator
 * must have gone before records are added in front of it. Done at once and
 * not in the commit, so that a stick without room (a sparse overlay file)
 * refuses this exception, and not those before it.
 */
static int prepare_tables(struct cow_store *store)
{
	const struct cow_shape *shape = &store->shape;
	uint64_t used = store->used + store->n_pending;
	struct cow_problem *tail = &store->problems[COW_FAULT_STALE_TAIL];
	int rc;

	if (!store->n_pending && (store->info.header_zero || tail->count)) {
		rc = write_chunk(store, cow_shape_area_chunk(shape, store->area), store->image);
		if (rc)
			return rc;
		tail->count = 0;
	}
	if ((used + 1) % shape->per_area)
		return 0;
	memset(store->chunk, 0, shape->chunk_bytes);
	return write_chunk(store,
			   cow_shape_area_chunk(shape, store->area + (used + 1) / shape->per_area),
			   store->chunk);
}

static int write_new(struct cow_store *store, uint64_t old_chunk, uint32_t off, const void *buf,
		     size_t len, const void *fill, struct lm_error *err)
{
	const struct cow_shape *shape = &store->shape;
	uint64_t new_chunk = store->info.next_free;
	int rc;

	if (!store->info.room_chunks)
		return store_full(store, err);
	if (len < shape->chunk_bytes && !fill)
		return write_failed(store, -EINVAL, err);
	rc = make_buffers(store);
	if (!rc)
		rc = prepare_tables(store);
	if (rc)
		return write_failed(store, rc, err);
	if (len < shape->chunk_bytes) {
		memcpy(store->chunk, fill, shape->chunk_bytes);
		memcpy(store->chunk + off, buf, len);
		buf = store->chunk;
	}
	rc = write_chunk(store, new_chunk, buf);
	if (rc)
		return write_failed(store, rc, err);

	store->pending[store->n_pending].old_chunk = old_chunk;
	store->pending[store->n_pending++].new_chunk = new_chunk;
	cow_map_add(store->map, old_chunk, new_chunk);
	store->info.exceptions++;
	store->info.next_free = cow_shape_skip_metadata(shape, new_chunk + 1);
	cow_store_refresh(store);
	return 0;
}

int cow_store_write(struct cow_store *store, uint64_t old_chunk, uint32_t off, const void *buf,
		    size_t len, const void *fill, struct lm_error *err)
{
	const struct cow_shape *shape = &store->shape;
	uint64_t new_chunk;
	int rc;

	rc = may_write(store, err);
	if (rc)
		return rc;
	if (off >= shape->chunk_bytes || len > shape->chunk_bytes - off ||
	    (store->base_chunks && old_chunk >= store->base_chunks))
		return write_failed(store, -EINVAL, err);
	if (!len)
		return 0;
	new_chunk = cow_map_find(store->map, old_chunk);
	if (!new_chunk)
		return write_new(store, old_chunk, off, buf, len, fill, err);
	store->unflushed = true;
	rc = io_pwrite(store->file, buf, len, new_chunk * shape->chunk_bytes + off);
	return rc ? write_failed(store, rc, err) : 0;
}

static void put_records(unsigned char *image, uint32_t at, const struct cow_exception *e,
			size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put_le64(image + (at + i) * COW_RECORD_BYTES, e[i].old_chunk);
		put_le64(image + (at + i) * COW_RECORD_BYTES + 8, e[i].new_chunk);
	}
}

/*
 * Everything that cannot be seen as long as the last area on disk has its
 * terminator: the areas behind it. The last of them stays in store->chunk.
 */
static int write_hidden_areas(struct cow_store *store, size_t first, uint64_t *last)
{
	const struct cow_shape *shape = &store->shape;
	uint64_t area = store->area;

	for (size_t at = first;; at += shape->per_area) {
		size_t count = (size_t)min_u64(store->n_pending - at, shape->per_area);
		int rc;

		memset(store->chunk, 0, shape->chunk_bytes);
		put_records(store->chunk, 0, store->pending + at, count);
		rc = write_chunk(store, cow_shape_area_chunk(shape, ++area), store->chunk);
		if (rc)
			return rc;
		if (count < shape->per_area)
			break;
	}
	*last = area;
	return 0;
}

/* After the data and all that is hidden have been flushed. */
static int write_header(struct cow_store *store)
{
	unsigned char *header;
	int rc;

	if (!store->info.header_zero)
		return 0;
	header = malloc(store->shape.chunk_bytes);
	if (!header)
		return -ENOMEM;
	cow_header_make(header, store->shape.chunk_sectors);
	rc = write_chunk(store, 0, header);
	free(header);
	if (!rc)
		rc = flush(store);
	if (!rc)
		store->info.header_zero = false;
	return rc;
}

static int commit_pending(struct cow_store *store)
{
	const struct cow_shape *shape = &store->shape;
	uint64_t last = store->area;
	size_t count = (size_t)min_u64(store->n_pending, shape->per_area - store->used);
	bool filled = store->used + count == shape->per_area;
	int rc = 0;

	if (filled)
		rc = write_hidden_areas(store, count, &last);
	if (!rc)
		rc = flush(store);
	if (!rc)
		rc = write_header(store);
	if (rc)
		return rc;
	/* This one write makes all of it visible. */
	put_records(store->image, store->used, store->pending, count);
	rc = write_chunk(store, cow_shape_area_chunk(shape, store->area), store->image);
	if (!rc)
		rc = flush(store);
	if (rc)
		return rc;
	store->used = (uint32_t)((store->used + store->n_pending) % shape->per_area);
	if (filled)
		memcpy(store->image, store->chunk, shape->chunk_bytes);
	store->area = last;
	store->n_pending = 0;
	return 0;
}

int cow_store_clear_tail(struct cow_store *store, struct lm_error *err)
{
	struct cow_problem *tail = &store->problems[COW_FAULT_STALE_TAIL];
	int rc;

	if (!tail->count)
		return 0;
	rc = may_write(store, err);
	if (rc)
		return rc;
	rc = write_chunk(store, cow_shape_area_chunk(&store->shape, store->area), store->image);
	if (!rc)
		rc = flush(store);
	if (rc)
		return write_broke(store, rc, err);
	tail->count = 0;
	return 0;
}

int cow_store_commit(struct cow_store *store, struct lm_error *err)
{
	int rc;

	if (!store->n_pending && !store->unflushed)
		return 0;
	rc = may_write(store, err);
	if (rc)
		return rc;
	rc = store->n_pending ? commit_pending(store) : flush(store);
	if (rc)
		return write_broke(store, rc, err);
	cow_store_refresh(store);
	return 0;
}

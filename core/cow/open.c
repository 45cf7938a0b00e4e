/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/cow/store.h"
#include "core/error.h"
#include "core/i18n.h"

#define AHEAD_MAX 64u

/* The records as they lie in the store. */
struct records {
	struct cow_exception *e;
	size_t n, cap;
};

__attribute__((format(printf, 2, 3))) static void damaged(struct cow_store *store,
							   const char *format, ...)
{
	struct cow_info *info = &store->info;
	va_list args;

	info->state = LM_STATE_DAMAGED;
	if (info->trouble[0])
		return;
	va_start(args, format);
	if (vsnprintf(info->trouble, sizeof(info->trouble), format, args) < 0)
		info->trouble[0] = '\0';
	va_end(args);
}

static int read_failed(const struct cow_store *store, int rc, struct lm_error *err)
{
	return lm_fail(err, rc, store->name, NULL, "%s", _("Reading the overlay's tables failed"));
}

static int no_memory(const struct cow_store *store, struct lm_error *err)
{
	return lm_fail(err, -ENOMEM, store->name, NULL, "%s",
		       _("Reading the overlay's tables failed"));
}

/* True when there are tables to be read behind the header. */
static bool judge_header(struct cow_store *store, const unsigned char *header)
{
	struct cow_info *info = &store->info;
	uint32_t magic = get_le32(header), chunk_sectors = get_le32(header + 12);

	if (!magic) {
		info->header_zero = true;
		info->valid = true;
		info->version = COW_VERSION;
		return false;
	}
	info->valid = get_le32(header + 4) != 0;
	info->version = get_le32(header + 8);
	if (magic != COW_MAGIC)
		damaged(store, _("it does not begin with the mark of a snapshot store"));
	else if (info->version != COW_VERSION)
		damaged(store, _("its header is of version %u, only version 1 is known"),
			(unsigned)info->version);
	else if (!cow_chunk_sectors_ok(chunk_sectors))
		damaged(store, _("its header gives an impossible chunk size of %u sectors"),
			(unsigned)chunk_sectors);
	if (info->state == LM_STATE_DAMAGED) {
		cow_fault_note(store, COW_FAULT_HEADER, 0, 0, 0);
		return false;
	}
	if (!info->valid)
		cow_fault_note(store, COW_FAULT_INVALID, 0, 0, 0);
	cow_shape_set(&store->shape, chunk_sectors, info->file_bytes);
	info->chunk_sectors = chunk_sectors;
	return true;
}

/*
 * Areas lie one in every stride of chunks, which defeats read-ahead: ask for
 * the next ones beforehand, for more of them the further the tables go on.
 */
static void read_ahead(const struct cow_store *store, uint64_t area, uint64_t *asked)
{
	int fd = io_fd(store->file);
	uint64_t areas = cow_shape_areas(&store->shape), until;

	if (fd < 0 || area < *asked)
		return;
	until = min_u64(areas, area + 1 + min_u64(area, AHEAD_MAX));
	for (uint64_t k = area + 1; k < until; k++) {
		uint64_t at = cow_shape_area_chunk(&store->shape, k) * store->shape.chunk_bytes;

		(void)posix_fadvise(fd, (off_t)at, (off_t)store->shape.chunk_bytes,
				    POSIX_FADV_WILLNEED);
	}
	*asked = until;
}

static int add_area(struct records *records, const unsigned char *image, uint32_t count)
{
	if (records->cap - records->n < count) {
		size_t cap = records->cap * 2 + count;
		struct cow_exception *e = reallocarray(records->e, cap, sizeof(*e));

		if (!e)
			return -ENOMEM;
		records->e = e;
		records->cap = cap;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct cow_exception *e = &records->e[records->n++];

		e->old_chunk = get_le64(image + (size_t)i * COW_RECORD_BYTES);
		e->new_chunk = get_le64(image + (size_t)i * COW_RECORD_BYTES + 8);
	}
	return 0;
}

static uint32_t count_records(const struct cow_store *store)
{
	uint32_t i = 0;

	while (i < store->shape.per_area &&
	       get_le64(store->image + (size_t)i * COW_RECORD_BYTES + 8))
		i++;
	return i;
}

/* What lies behind the terminator would come alive with the next exception. */
static void clear_tail(struct cow_store *store)
{
	for (uint32_t i = store->used + 1; i < store->shape.per_area; i++) {
		const unsigned char *record = store->image + (size_t)i * COW_RECORD_BYTES;

		if (get_le64(record + 8))
			cow_fault_note(store, COW_FAULT_STALE_TAIL, store->info.exceptions + i,
				       get_le64(record), get_le64(record + 8));
	}
	memset(store->image + (size_t)store->used * COW_RECORD_BYTES, 0,
	       store->shape.chunk_bytes - (size_t)store->used * COW_RECORD_BYTES);
}

/* There is at most one exception for a chunk of the base: what says more need not be read on. */
static bool is_too_many(const struct cow_store *store, size_t n)
{
	return store->base_chunks && n > store->base_chunks;
}

static int read_areas(struct cow_store *store, struct records *records, struct lm_error *err)
{
	const struct cow_shape *shape = &store->shape;
	uint64_t areas = cow_shape_areas(shape), asked = 0;
	int rc;

	for (store->area = 0; store->area < areas; store->area++) {
		read_ahead(store, store->area, &asked);
		rc = io_read_full(store->file, store->image, shape->chunk_bytes,
				  cow_shape_area_chunk(shape, store->area) * shape->chunk_bytes);
		if (rc)
			return read_failed(store, rc, err);
		store->used = count_records(store);
		if (add_area(records, store->image, store->used))
			return no_memory(store, err);
		if (is_too_many(store, records->n))
			return 0;
		if (store->used < shape->per_area) {
			clear_tail(store);
			return 0;
		}
	}
	damaged(store, _("it is cut off: table %llu of its exceptions would lie beyond its end"),
		(unsigned long long)store->area + 1);
	cow_fault_note(store, COW_FAULT_TRUNCATED, 0, 0, cow_shape_area_chunk(shape, store->area));
	store->used = 0;
	memset(store->image, 0, shape->chunk_bytes);
	return 0;
}

/* Where the kernel would go on, read off the records as it does it. */
static uint64_t find_next_free(const struct cow_store *store, const struct records *records)
{
	uint64_t next = 2;

	for (size_t i = 0; i < records->n; i++) {
		if (next <= records->e[i].new_chunk)
			next = records->e[i].new_chunk + 1;
	}
	return cow_shape_skip_metadata(&store->shape, next);
}

/* Faults that make the data doubtful. */
static void judge_faults(struct cow_store *store)
{
	const struct cow_problem *p = store->problems;

	if (p[COW_FAULT_OLD_RANGE].count)
		damaged(store,
			_("it has data for chunk %llu, but the root image ends at chunk %llu: "
			  "it does not belong to this image"),
			(unsigned long long)p[COW_FAULT_OLD_RANGE].old_chunk,
			(unsigned long long)store->base_chunks);
	if (p[COW_FAULT_NEW_RANGE].count)
		damaged(store, _("the data of %llu exceptions lie beyond its end"),
			(unsigned long long)p[COW_FAULT_NEW_RANGE].count);
	if (p[COW_FAULT_NEW_METADATA].count)
		damaged(store, _("%llu exceptions point into its own tables"),
			(unsigned long long)p[COW_FAULT_NEW_METADATA].count);
	if (p[COW_FAULT_NEW_TWICE].count)
		damaged(store, _("%llu exceptions share their data with another one"),
			(unsigned long long)p[COW_FAULT_NEW_TWICE].count);
	if (p[COW_FAULT_OLD_TWICE].count)
		damaged(store, _("%llu chunks of the root image are recorded more than once"),
			(unsigned long long)p[COW_FAULT_OLD_TWICE].count);
}

static int load(struct cow_store *store, uint64_t base_sectors, struct lm_error *err)
{
	struct records records = { 0 };
	unsigned char header[COW_HEADER_BYTES];
	bool tables = false;
	int rc = 0;

	if (store->info.file_bytes < sizeof(header)) {
		damaged(store, _("it is too short to be a snapshot store"));
		cow_fault_note(store, COW_FAULT_TRUNCATED, 0, 0, 0);
	} else {
		rc = io_read_full(store->file, header, sizeof(header), 0);
		if (rc)
			return read_failed(store, rc, err);
		tables = judge_header(store, header);
	}
	if (base_sectors)
		store->base_chunks = div_up(base_sectors, store->info.chunk_sectors);
	store->image = calloc(1, store->shape.chunk_bytes);
	if (!store->image)
		return no_memory(store, err);
	if (tables) {
		rc = read_areas(store, &records, err);
		if (rc)
			goto out;
	} else if (store->info.state != LM_STATE_DAMAGED && store->shape.chunks < 2) {
		damaged(store, _("it is too short to be a snapshot store"));
		cow_fault_note(store, COW_FAULT_TRUNCATED, 0, 0, 1);
	}
	store->info.exceptions = records.n;
	store->info.next_free = find_next_free(store, &records);
	rc = cow_find_faults(store, records.e, records.n);
	if (!rc)
		rc = cow_map_build(store->map, records.e, records.n);
	if (rc) {
		rc = no_memory(store, err);
		goto out;
	}
	/* Even if all of them are copies: nothing that is in order has so many. */
	if (is_too_many(store, records.n) && !store->problems[COW_FAULT_OLD_RANGE].count &&
	    !store->problems[COW_FAULT_OLD_TWICE].count)
		cow_fault_note(store, COW_FAULT_OLD_TWICE, store->base_chunks, 0, 0);
	records.e = NULL;
	judge_faults(store);
	if (store->info.state != LM_STATE_DAMAGED &&
	    cow_size_is_exact_fit(store->info.file_bytes, store->info.chunk_sectors))
		cow_fault_note(store, COW_FAULT_EXACT_FIT, 0, 0, store->shape.chunks);
	cow_store_refresh(store);
out:
	free(records.e);
	return rc;
}

int cow_store_open(struct io_file *file, const char *name, uint64_t base_sectors,
		   struct cow_store **store, struct lm_error *err)
{
	struct cow_store *s = calloc(1, sizeof(*s));
	struct io_stat st;
	int rc;

	*store = NULL;
	if (!s)
		return lm_fail(err, -ENOMEM, name, NULL, "%s", _("Opening the overlay failed"));
	s->file = file;
	s->name = strdup(name ? name : "");
	s->map = calloc(1, sizeof(*s->map));
	if (!s->name || !s->map) {
		rc = lm_fail(err, -ENOMEM, name, NULL, "%s", _("Opening the overlay failed"));
		goto fail;
	}
	rc = io_fstat(file, &st);
	if (rc) {
		rc = lm_fail(err, rc, name, NULL, "%s", _("Opening the overlay failed"));
		goto fail;
	}
	s->info.state = LM_STATE_EMPTY;
	s->info.file_bytes = st.size_bytes;
	s->info.total_sectors = st.size_bytes / COW_SECTOR_BYTES;
	s->info.chunk_sectors = COW_NEW_STORE_CHUNK;
	cow_shape_set(&s->shape, COW_NEW_STORE_CHUNK, st.size_bytes);
	rc = load(s, base_sectors, err);
	if (rc)
		goto fail;
	*store = s;
	return 0;
fail:
	cow_store_close(s);
	return rc;
}

void cow_store_close(struct cow_store *store)
{
	if (!store)
		return;
	if (store->map)
		cow_map_free(store->map);
	free(store->map);
	free(store->image);
	free(store->pending);
	free(store->chunk);
	free(store->name);
	free(store);
}

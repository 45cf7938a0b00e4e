/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * squeeze.c - a store made smaller in place
 *
 * Every write below leaves a table that reads the same in what is kept, whichever
 * of its sectors a cut lets through (a record never lies in two of them):
 *
 *   1. Records that are to go, in the front part of the table, are overwritten
 *      by copies of those that are to stay and lie behind it. Of two records
 *      that say the same nobody minds the second.
 *   2. Where the table is going to end, the rest of that area is overwritten
 *      by copies of one record: should a torn write bring part of it back to
 *      life, it says nothing new.
 *   3. That rest is zeroed, and the table ends there. Areas behind it are not
 *      read any more; the kernel zeroes them before it uses them again.
 *   4. Data that lies behind the new end is copied into gaps, flushed and read
 *      back; then the records are turned to the copies.
 *
 * Each of them is flushed before the next.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/cow/store.h"
#include "core/error.h"
#include "core/i18n.h"

#define PIECE (1u << 20)

struct shift {
	uint64_t record; /* its index */
	uint64_t from, to;
};

struct squeeze {
	struct io_file *file;
	const char *name;
	struct cow_shape shape;
	unsigned char *areas; /* all of them, one behind the other */
	bool *dirty;          /* of each area */
	uint64_t n_areas, n;  /* n: records */
	const uint64_t *kept;
	uint64_t n_kept;
	bool *stays;          /* of each record */
	struct shift *shifts;
	uint64_t n_shifts;
	int (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg;
};

static int no_memory(const struct squeeze *s, struct lm_error *err)
{
	return lm_fail(err, -ENOMEM, s->name, NULL, "%s", _("Compacting the overlay failed"));
}

static int read_failed(const struct squeeze *s, int rc, struct lm_error *err)
{
	return lm_fail(err, rc, s->name, NULL, "%s", _("Reading the overlay failed"));
}

static int write_failed(const struct squeeze *s, int rc, struct lm_error *err)
{
	return lm_fail(err, rc, s->name, NULL, "%s", _("Writing to the overlay failed"));
}

static unsigned char *record_at(const struct squeeze *s, uint64_t i)
{
	return s->areas + i / s->shape.per_area * s->shape.chunk_bytes +
	       i % s->shape.per_area * COW_RECORD_BYTES;
}

static void set_record(struct squeeze *s, uint64_t i, uint64_t old_chunk, uint64_t new_chunk)
{
	put_le64(record_at(s, i), old_chunk);
	put_le64(record_at(s, i) + 8, new_chunk);
	s->dirty[i / s->shape.per_area] = true;
}

static void copy_record(struct squeeze *s, uint64_t to, uint64_t from)
{
	set_record(s, to, get_le64(record_at(s, from)), get_le64(record_at(s, from) + 8));
}

static int write_areas(struct squeeze *s, struct lm_error *err)
{
	bool any = false;
	int rc = 0;

	for (uint64_t k = 0; k < s->n_areas && !rc; k++) {
		if (!s->dirty[k])
			continue;
		rc = io_pwrite(s->file, s->areas + k * s->shape.chunk_bytes, s->shape.chunk_bytes,
			       cow_shape_area_chunk(&s->shape, k) * s->shape.chunk_bytes);
		s->dirty[k] = false;
		any = true;
	}
	if (!rc && any)
		rc = io_fsync(s->file);
	return rc ? write_failed(s, rc, err) : 0;
}

/* ---- reading ---- */

static int read_areas(struct squeeze *s, struct lm_error *err)
{
	size_t bytes;

	if (mul_overflows((size_t)s->n_areas, (size_t)s->shape.chunk_bytes, &bytes))
		return no_memory(s, err);
	s->areas = malloc(bytes);
	s->dirty = calloc((size_t)s->n_areas, sizeof(*s->dirty));
	if (!s->areas || !s->dirty)
		return no_memory(s, err);
	for (uint64_t k = 0; k < s->n_areas; k++) {
		int rc = io_read_full(s->file, s->areas + k * s->shape.chunk_bytes,
				      s->shape.chunk_bytes,
				      cow_shape_area_chunk(&s->shape, k) * s->shape.chunk_bytes);

		if (rc)
			return read_failed(s, rc, err);
	}
	while (s->n < s->n_areas * s->shape.per_area && get_le64(record_at(s, s->n) + 8))
		s->n++;
	/* What lies behind the end must not come back to life. */
	for (uint64_t i = s->n; i < s->n_areas * s->shape.per_area; i++)
		memset(record_at(s, i), 0, COW_RECORD_BYTES);
	return 0;
}

static bool find_kept(const struct squeeze *s, uint64_t old_chunk, uint64_t *at)
{
	uint64_t low = 0, high = s->n_kept;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (s->kept[middle] < old_chunk)
			low = middle + 1;
		else
			high = middle;
	}
	*at = low;
	return low < s->n_kept && s->kept[low] == old_chunk;
}

/* Of records with the same chunk the first counts, and only it stays. */
static int find_staying(struct squeeze *s, struct lm_error *err)
{
	bool *seen = calloc((size_t)s->n_kept, sizeof(*seen));
	uint64_t found = 0, at;

	s->stays = calloc((size_t)s->n + 1, sizeof(*s->stays));
	if (!seen || !s->stays) {
		free(seen);
		return no_memory(s, err);
	}
	for (uint64_t i = 0; i < s->n; i++) {
		if (!find_kept(s, get_le64(record_at(s, i)), &at) || seen[at])
			continue;
		seen[at] = s->stays[i] = true;
		found++;
	}
	free(seen);
	if (found == s->n_kept)
		return 0;
	lm_fail(err, -EINVAL, s->name, NULL, "%s", _("Compacting the overlay failed"));
	return lm_because(err, "%s", _("it does not hold what is to be kept"));
}

/* ---- the table ---- */

static int close_gaps(struct squeeze *s, struct lm_error *err)
{
	uint64_t from = s->n_kept;

	for (uint64_t to = 0; to < s->n_kept; to++) {
		if (s->stays[to])
			continue;
		while (!s->stays[from])
			from++;
		copy_record(s, to, from++);
	}
	return write_areas(s, err);
}

static int end_table(struct squeeze *s, struct lm_error *err)
{
	uint64_t area = s->n_kept / s->shape.per_area;
	uint64_t end = min_u64(s->n, (area + 1) * s->shape.per_area);
	int rc;

	for (uint64_t i = s->n_kept; i < end; i++)
		copy_record(s, i, s->n_kept - 1);
	rc = write_areas(s, err);
	for (uint64_t i = s->n_kept; i < (area + 1) * s->shape.per_area; i++)
		set_record(s, i, 0, 0);
	return rc ? rc : write_areas(s, err);
}

/* ---- the data ---- */

/* The chunk of data number i. */
static uint64_t data_chunk(const struct squeeze *s, uint64_t i)
{
	return 2 + i + i / s->shape.per_area;
}

static int by_source(const void *a, const void *b)
{
	const struct shift *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

static int find_shifts(struct squeeze *s, struct lm_error *err)
{
	bool *taken = calloc((size_t)s->n_kept, sizeof(*taken));
	uint64_t slot = 0;

	s->shifts = calloc((size_t)s->n_kept, sizeof(*s->shifts));
	if (!taken || !s->shifts) {
		free(taken);
		return no_memory(s, err);
	}
	for (uint64_t i = 0; i < s->n_kept; i++) {
		uint64_t at = get_le64(record_at(s, i) + 8);
		uint64_t index = cow_shape_data_below(&s->shape, at);

		if (index < s->n_kept)
			taken[index] = true;
		else
			s->shifts[s->n_shifts++] = (struct shift){ .record = i, .from = at };
	}
	qsort(s->shifts, (size_t)s->n_shifts, sizeof(*s->shifts), by_source);
	for (uint64_t k = 0; k < s->n_shifts; k++) {
		while (taken[slot])
			slot++;
		s->shifts[k].to = data_chunk(s, slot++);
	}
	free(taken);
	return 0;
}

/* How many shifts from k on are one piece on both sides. */
static uint64_t piece_at(const struct squeeze *s, uint64_t k)
{
	uint64_t n = 1, most = max_u64(PIECE / s->shape.chunk_bytes, 1);

	while (n < most && k + n < s->n_shifts &&
	       s->shifts[k + n].from == s->shifts[k].from + n &&
	       s->shifts[k + n].to == s->shifts[k].to + n)
		n++;
	return n;
}

static int each_piece(struct squeeze *s, unsigned char *buf, bool prove, struct lm_error *err)
{
	uint64_t chunk = s->shape.chunk_bytes, total = 2 * s->n_shifts * chunk;
	unsigned char *other = buf + max_u64(PIECE, chunk);
	int rc = 0;

	for (uint64_t k = 0; k < s->n_shifts && !rc;) {
		uint64_t n = piece_at(s, k);
		size_t len = (size_t)(n * chunk);

		rc = io_read_full(s->file, buf, len, s->shifts[k].from * chunk);
		if (!rc && prove)
			rc = io_read_full(s->file, other, len, s->shifts[k].to * chunk);
		if (rc)
			return read_failed(s, rc, err);
		if (!prove) {
			rc = io_pwrite(s->file, buf, len, s->shifts[k].to * chunk);
			if (rc)
				return write_failed(s, rc, err);
		} else if (memcmp(buf, other, len) != 0) {
			read_failed(s, -EIO, err);
			return lm_because(err, "%s",
					  _("it does not read back as it was written"));
		}
		k += n;
		if (s->progress &&
		    s->progress(s->arg, ((prove ? s->n_shifts : 0) + k) * chunk, total) != 0)
			rc = lm_fail(err, -ECANCELED, NULL, NULL, "%s", _("Stopped"));
	}
	return rc;
}

static int move_data(struct squeeze *s, struct lm_error *err)
{
	unsigned char *buf;
	int rc;

	rc = find_shifts(s, err);
	if (rc || !s->n_shifts)
		return rc;
	buf = malloc(2 * (size_t)max_u64(PIECE, s->shape.chunk_bytes));
	if (!buf)
		return no_memory(s, err);
	rc = each_piece(s, buf, false, err);
	if (!rc) {
		rc = io_fsync(s->file);
		if (!rc)
			rc = io_drop_cache(s->file);
		if (rc)
			write_failed(s, rc, err);
	}
	if (!rc)
		rc = each_piece(s, buf, true, err);
	free(buf);
	if (rc)
		return rc;
	for (uint64_t k = 0; k < s->n_shifts; k++)
		set_record(s, s->shifts[k].record, get_le64(record_at(s, s->shifts[k].record)),
			   s->shifts[k].to);
	return write_areas(s, err);
}

/* ---- all of it ---- */

static int look(struct squeeze *s, struct lm_error *err)
{
	const struct cow_info *info;
	struct cow_store *store;
	int rc = cow_store_open(s->file, s->name, 0, &store, err);

	if (rc)
		return rc;
	info = cow_store_info(store);
	if (info->state == LM_STATE_DAMAGED || info->header_zero || !s->n_kept) {
		rc = lm_fail(err, -EUCLEAN, s->name, NULL, "%s",
			     _("Compacting the overlay failed"));
		lm_because(err, "%s", info->trouble);
	}
	cow_shape_set(&s->shape, info->chunk_sectors, info->file_bytes);
	s->n_areas = info->areas;
	cow_store_close(store);
	return rc;
}

int cow_squeeze(struct io_file *file, const char *name, const uint64_t *kept, uint64_t n_kept,
		int (*progress)(void *arg, uint64_t done, uint64_t total), void *arg,
		struct lm_error *err)
{
	struct squeeze s = { .file = file, .name = name, .kept = kept, .n_kept = n_kept,
			     .progress = progress, .arg = arg };
	int rc = look(&s, err);

	if (!rc)
		rc = read_areas(&s, err);
	if (!rc)
		rc = find_staying(&s, err);
	if (!rc && s.n > s.n_kept)
		rc = close_gaps(&s, err);
	if (!rc && s.n > s.n_kept)
		rc = end_table(&s, err);
	if (!rc)
		rc = move_data(&s, err);
	free(s.areas);
	free(s.dirty);
	free(s.stays);
	free(s.shifts);
	return rc;
}

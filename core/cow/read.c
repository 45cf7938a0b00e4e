/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>

#include "core/bytes.h"
#include "core/cow/store.h"
#include "core/error.h"
#include "core/i18n.h"

const struct cow_info *cow_store_info(const struct cow_store *store)
{
	return &store->info;
}

uint64_t cow_store_lookup(const struct cow_store *store, uint64_t old_chunk)
{
	return cow_map_find(store->map, old_chunk);
}

const struct cow_exception *cow_store_sorted(const struct cow_store *store, uint64_t *count)
{
	size_t n;
	const struct cow_exception *sorted = cow_map_sorted(store->map, &n);

	*count = n;
	return sorted;
}

int cow_store_read(struct cow_store *store, uint64_t new_chunk, uint32_t off, void *buf,
		   size_t len, struct lm_error *err)
{
	uint64_t at, end;
	int rc;

	if (mul_overflows(new_chunk, (uint64_t)store->shape.chunk_bytes, &at) ||
	    add_overflows(at, (uint64_t)off, &at) || add_overflows(at, (uint64_t)len, &end) ||
	    end > store->info.total_sectors * COW_SECTOR_BYTES) {
		rc = lm_fail(err, -EIO, store->name, NULL,
			     _("Reading chunk %llu of the overlay failed"),
			     (unsigned long long)new_chunk);
		lm_because(err, "%s", _("it lies beyond the end of the overlay"));
		return rc;
	}
	rc = io_read_full(store->file, buf, len, at);
	if (rc)
		return lm_fail(err, rc, store->name, NULL,
			       _("Reading chunk %llu of the overlay failed"),
			       (unsigned long long)new_chunk);
	return 0;
}

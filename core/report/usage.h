/* SPDX-License-Identifier: GPL-3.0-or-later */
/* usage.h - the inside of lm_usage_read(), for what is open already */
#ifndef REPORT_USAGE_H
#define REPORT_USAGE_H

#include "core/cow/cow.h"
#include "core/fs/fs.h"

/* fs is that of the merged view. Free with lm_usage_free(). */
int usage_of(struct cow_store *store, struct io_source *base, struct fs *fs,
	     const struct lm_watch *watch, struct lm_usage **usage, struct lm_error *err);

/* Sectors that are allocated in a store of this chunk size once it has taken count exceptions. */
uint64_t usage_allocated_sectors(uint64_t count, uint32_t chunk_sectors);

/*
 * One tree out of many paths, in which a path may occur more than once. NULL
 * without memory. paths is sorted on the way.
 */
struct usage_path {
	char *path;
	bool is_dir;
	uint64_t bytes;
};
struct lm_usage_entry *usage_tree(struct usage_path *paths, size_t count);

#endif

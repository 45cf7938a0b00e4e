/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sums.h - how full an overlay is: the one set of figures that every screen and command shows */
#ifndef REPORT_SUMS_H
#define REPORT_SUMS_H

#include "core/dm/dm.h"
#include "core/stick/stick.h"

struct sums {
	enum lm_overlay_state state;
	bool known; /* false: damaged, none of the figures is known */
	uint64_t chunk_sectors;
	uint64_t allocated_sectors, total_sectors, metadata_sectors;
	uint64_t exceptions;
	uint64_t room_bytes; /* data that it can still take */
	bool from_kernel;
};

/* As the store's own tables have it. info may be NULL: it could not be opened. */
void sums_of_store(struct sums *sums, const struct cow_info *info);
/* The kernel's figures in place of those: they cannot be older. */
void sums_take_kernel(struct sums *sums, const struct dm_snapshot_status *live);
/*
 * Of a look at an overlay that may be attached: the store's, and the kernel's
 * where it is and says so.
 */
void sums_of_look(struct sums *sums, struct lm_stick *stick, const struct stick_look *look);

/*
 * How far the figures of a look can be relied on, and a sentence about it
 * (translated, static); NULL where there is nothing to say.
 */
enum lm_exact sums_exact(const struct stick_look *look);
const char *sums_exact_text(enum lm_exact exact);

#endif

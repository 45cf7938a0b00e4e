/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/report/sums.h"

#include <string.h>

#include "core/bytes.h"
#include "core/i18n.h"

void sums_of_store(struct sums *sums, const struct cow_info *info)
{
	memset(sums, 0, sizeof(*sums));
	sums->state = LM_STATE_DAMAGED;
	if (!info)
		return;
	sums->state = info->state;
	sums->chunk_sectors = info->chunk_sectors;
	sums->known = info->state != LM_STATE_DAMAGED;
	if (!sums->known)
		return;
	sums->allocated_sectors = info->allocated_sectors;
	sums->total_sectors = info->total_sectors;
	sums->metadata_sectors = info->metadata_sectors;
	sums->exceptions = info->exceptions;
	sums->room_bytes = info->room_chunks * info->chunk_sectors * 512;
}

void sums_take_kernel(struct sums *sums, const struct dm_snapshot_status *live)
{
	uint64_t taken, most;

	if (live->state != LM_STATE_ACTIVE) {
		sums->state = live->state;
		sums->room_bytes = 0;
		sums->from_kernel = true;
		return;
	}
	if (sums->state != LM_STATE_EMPTY)
		sums->state = LM_STATE_ACTIVE;
	sums->from_kernel = true;
	sums->allocated_sectors = live->allocated_sectors;
	sums->total_sectors = live->total_sectors;
	sums->metadata_sectors = live->metadata_sectors;
	if (!sums->chunk_sectors) {
		sums->known = true;
		return;
	}
	/* What is being written at this moment counts: it has its place already. */
	taken = (live->allocated_sectors -
		 min_u64(live->metadata_sectors, live->allocated_sectors)) /
		sums->chunk_sectors;
	most = cow_capacity(live->total_sectors * 512, (uint32_t)sums->chunk_sectors);
	if (!sums->known)
		sums->exceptions = taken;
	sums->known = true;
	sums->room_bytes = (most - min_u64(taken, most)) * sums->chunk_sectors * 512;
}

void sums_of_look(struct sums *sums, struct lm_stick *stick, const struct stick_look *look)
{
	const struct stick_overlay *o = stick->n_overlays ? &stick->overlays[0] : NULL;
	struct dm_snapshot_status live;

	sums_of_store(sums, look->store ? cow_store_info(look->store) : NULL);
	if (o && o->attached && o->dm_name &&
	    dm_snapshot_status(stick->ctx, o->dm_name, &live, NULL) == 0)
		sums_take_kernel(sums, &live);
}

enum lm_exact sums_exact(const struct stick_look *look)
{
	static const enum lm_exact exact[] = {[FS_EXACT] = LM_EXACT,
					      [FS_EXACT_FREE] = LM_EXACT_FREE,
					      [FS_EXACT_NOT] = LM_EXACT_NOT};

	return look->fs ? exact[fs_exactness(look->fs)] : LM_EXACT;
}

const char *sums_exact_text(enum lm_exact exact)
{
	switch (exact) {
	case LM_EXACT_FREE:
		return _("The running system is writing to it. What is free is the kernel's word; "
			 "whose the rest is was read from the stick, and may be a few seconds old. "
			 "Root is told exactly.");
	case LM_EXACT_NOT:
		return _("The running system is writing to it, and the kernel could not be asked: "
			 "what is in use was read from the stick, and may be a few seconds old. "
			 "Root is told exactly.");
	default:
		return NULL;
	}
}

const char *lm_exact_word(enum lm_exact exact)
{
	static const char *const words[] = {"exact", "free", "about"};

	return (unsigned)exact < sizeof(words) / sizeof(words[0]) ? words[exact] : "about";
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * status.h - `dmsetup status` of every target that a live system has
 *
 * Sources of the formats: snapshot_status() in drivers/md/dm-snap.c,
 * mirror_status() in dm-raid1.c with core_status() and disk_status() of
 * dm-log.c, thin_status() and pool_status() in dm-thin.c of Linux 6.1.
 */
#ifndef DM_STATUS_H
#define DM_STATUS_H

#include <sys/types.h>

#include "core/dm/dm.h"

enum dm_target_kind {
	DM_KIND_OTHER,
	DM_KIND_SNAPSHOT,
	DM_KIND_ORIGIN,
	DM_KIND_MERGE,
	DM_KIND_MIRROR,
	DM_KIND_LINEAR,
	DM_KIND_THIN,
	DM_KIND_THIN_POOL
};

#define DM_MIRROR_MAX_LEGS 8
struct dm_mirror_status {
	unsigned legs;
	dev_t leg[DM_MIRROR_MAX_LEGS];
	uint64_t done, total; /* regions */
	/* A alive, D write failed, S copying failed, R read failed, F flush failed, U unknown. */
	char health[DM_MIRROR_MAX_LEGS + 1];
	bool on_disk;         /* the log is on a device */
	char log_health;      /* of that device: A, D or F */
};
/* All regions copied, and every leg and the log in good health. */
bool dm_mirror_done(const struct dm_mirror_status *m);
/* A letter other than A: it never ends, or not well. */
bool dm_mirror_failed(const struct dm_mirror_status *m);

struct dm_thin_status {
	bool failed, error;      /* "Fail", "Error": nothing else is known */
	uint64_t mapped_sectors;
	bool any_mapped;
	uint64_t highest_sector; /* with any_mapped */
};

enum dm_pool_mode { DM_POOL_RW, DM_POOL_RO, DM_POOL_FULL }; /* FULL: out_of_data_space */
struct dm_pool_status {
	bool failed, error;      /* "Fail", "Error": nothing else is known */
	uint64_t transaction;
	uint64_t meta_used, meta_total; /* metadata blocks */
	uint64_t data_used, data_total; /* data blocks */
	enum dm_pool_mode mode;
	bool error_if_no_space;
	bool needs_check;
};

struct dm_target_status {
	enum dm_target_kind kind;
	char type[17];          /* the kernel's word */
	uint64_t start, length; /* sectors */
	bool understood;        /* false: the text was not what it should be, u is empty */
	union {
		struct dm_snapshot_status snapshot; /* SNAPSHOT, MERGE */
		struct dm_mirror_status mirror;
		struct dm_thin_status thin;
		struct dm_pool_status pool;
	} u;
};

/* Strictly parsed; -EBADMSG for anything else. */
int dm_parse_mirror(const char *params, struct dm_mirror_status *status);
int dm_parse_thin(const char *params, struct dm_thin_status *status);
int dm_parse_pool(const char *params, struct dm_pool_status *status);
/* Chooses by type. understood is false with -EBADMSG; unknown types are DM_KIND_OTHER, 0. */
int dm_parse_target(const char *type, const char *params, struct dm_target_status *status);

/*
 * Status of every target of the device with this name. *list is freed by
 * free(). -EACCES without root, -ENXIO when there is no such device.
 */
int dm_status_read(const struct lm_ctx *ctx, const char *name, struct dm_target_status **list,
		   unsigned *count, struct lm_error *err);

/* A merge has ended well: what is allocated is the tables alone. */
bool dm_merge_done(const struct dm_snapshot_status *s);

/*
 * How a target is called on the screen: "dm snapshot", "dm mirror 45%",
 * "dm snapshot Overflow". Several targets: the first, and how many more.
 */
void dm_status_words(const struct dm_target_status *list, unsigned count, char words[64]);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compact.h - inside of compact: its state and its parts
 *
 *   compact.c        the state and the steps
 *   compact_plan.c   the plan
 *   compact_scan.c   which chunks are kept
 *   compact_write.c  the new overlay beside the old one, and the proof of it
 *   compact_place.c  without room for a new one: in place
 *   compact_resume.c what was cut off
 *   compact_end.c    exchange, removal, undoing: each call looks at the files first
 *
 * A chunk is left out when it is dead (the file system uses no block in it) or
 * equal to the base in every block in use. The merged view stays the same in
 * all blocks in use, so that the old overlay and the new one may stand for each
 * other until one of them is used.
 */
#ifndef OPS_COMPACT_H
#define OPS_COMPACT_H

#include "core/ops/fsck.h"
#include "core/ops/swap.h"

struct compact {
	struct session *s;
	struct swap swap; /* of the overlay */
	bool in_place;
	bool distrust;     /* resume: the new overlay does not say the same as the old one */
	bool nothing;      /* there turned out to be nothing to win */
	bool allocated;    /* the old overlay occupies all of its length: so will the new one */
	uint64_t bytes;    /* length of the new one */
	uint32_t chunk_sectors;

	/* what was found by compact_scan() */
	bool trust;        /* what the file system says is free is left out */
	uint64_t *kept;    /* chunks of the base, ascending */
	uint64_t n_kept, cap_kept, dead, equal;
	uint64_t before_sectors, after_sectors; /* allocated, as dmsetup prints it */
	struct record_id scanned; /* the overlay that it is true of */
	bool scanned_trust;

	struct fsck f; /* what e2fsck changes, in memory */
	struct io_file *fresh_lock;   /* the new overlay, locked as the old one is */
};

struct compact *compact_new(struct lm_stick *stick, struct lm_error *err);
void compact_free(void *compact);
/* The names of the new overlay and of the old one. */
int compact_swap_init(struct swap *w, struct session *s, struct lm_error *err);
int compact_paths(struct compact *c, const char *overlay, struct lm_error *err);


/* e2fsck on the merged view; the look is then that with what it repaired. */
int compact_check_fs(struct compact *c, struct lm_error *err);
/*
 * Fills kept and the figures. top is the merged view, with what scratch holds
 * laid over it; scratch may be NULL.
 */
int compact_scan(struct compact *c, const struct stick_look *look, struct io_source *top,
		 struct cow_store *scratch, io_progress_fn progress, void *arg,
		 struct lm_error *err);

/* Whether what the file system says is free may be left out. Loads its bitmap. */
bool compact_may_trust(struct fs *fs);

/* Writes the new overlay at fresh; flushed, but for its name. */
int compact_write(struct compact *c, io_progress_fn progress, void *arg,
		  struct lm_error *err);

/*
 * Reads the overlay at path cold and compares it with the view that is open, in
 * every block in use. -EBADMSG when it does not say the same.
 */
int compact_prove(struct compact *c, const char *path, io_progress_fn progress, void *arg,
		  struct lm_error *err);

/* ---- compact_end.c ---- */
/* Removal of the old one, journal. */
int compact_finish(struct compact *c, struct lm_error *err);
/* As before: the old overlay has the name, the new one is gone, the journal clear. */
int compact_undo(struct compact *c, struct lm_error *err);
/* Locks the new overlay as the old one is: after the exchange it has the name. */
int compact_lock_fresh(struct compact *c, struct lm_error *err);

/* ---- compact_place.c ---- */
int compact_in_place(struct compact *c, struct lm_error *err);
int compact_finish_in_place(struct compact *c, struct lm_error *err);
/* The length of the new overlay: the old one's, but never one at which a full store is invalid. */
uint64_t compact_length(uint64_t bytes, uint32_t chunk_sectors);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * grow.h - inside of grow: its state, and the parts that the plan and resume share
 *
 * The file is made longer, for real; the store in it takes the new length by
 * itself, for nothing in it says how long it is. Where the kernel uses it the
 * loop device is told, and from then on the kernel allocates beyond the old end.
 */
#ifndef OPS_GROW_H
#define OPS_GROW_H

#include "core/dm/dm.h"
#include "core/ops/session.h"

struct grow {
	struct session *s;  /* the lock, the record */
	bool attached;      /* the kernel uses it; use says how */
	struct dm_use use;
	bool extended;      /* it is as long as it shall be */
	bool undo;          /* resume: back to the old length */
	uint64_t old_bytes, new_bytes;
	uint64_t sparse_bytes; /* holes in the old part */
	uint32_t chunk_sectors;
	uint64_t allocated; /* sectors, before */
};

struct grow *grow_new(struct lm_stick *stick, struct lm_error *err);
void grow_free(void *grow);

/* Fills attached and use. */
int grow_find_use(struct grow *g, struct io *io, struct lm_error *err);
/*
 * The length next to `bytes` from above that is one of whole chunks and at which
 * a full store stays valid; at most limit. 0 when there is none above old.
 */
uint64_t grow_choose_length(uint64_t bytes, uint64_t old, uint64_t limit, uint32_t chunk_sectors);

int grow_step_check(struct plan_run *run, void *grow, struct lm_error *err);
int grow_step_extend(struct plan_run *run, void *grow, struct lm_error *err);
int grow_step_kernel(struct plan_run *run, void *grow, struct lm_error *err);
int grow_step_finish(struct plan_run *run, void *grow, struct lm_error *err);
int grow_step_undo(struct plan_run *run, void *grow, struct lm_error *err);
void grow_abort(struct plan_run *run, void *grow, struct lm_error *err);

/* The steps of it, from making it longer on; check comes before them. */
void grow_say_steps(struct grow *g, struct lm_plan *plan);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compact_plan.h - what the plan of a compact needs of its steps */
#ifndef OPS_COMPACT_COMPACT_PLAN_H
#define OPS_COMPACT_COMPACT_PLAN_H

#include "core/ops/compact/compact.h"

struct compact_steps {
	plan_step_fn check, compare;
	plan_step_fn build, verify, exchange, finish;           /* beside the old one */
	plan_step_fn backup, squeeze, look_again, finish_in_place; /* in place */
	plan_abort_fn abort;
};
extern const struct compact_steps compact_steps;

/* What stands against it, as far as it can be seen; for planning and again under the lock. */
int compact_refusal(struct compact *c, const struct stick_look *look, struct lm_error *err);
bool compact_wins(const struct compact *c);
/* In place one chunk must stay, even where none is needed. */
int compact_choose_one(struct compact *c, struct cow_store *store, struct lm_error *err);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ops.h - one builder of a plan for each operation; lm_plan_make() chooses among them */
#ifndef OPS_OP_H
#define OPS_OP_H

#include "core/livemend.h"

/* Each fills an empty plan (its op is set); a refusal goes into the plan, 0 is returned. */
int ops_plan_export(struct lm_stick *stick, const struct lm_options *options, struct lm_plan *plan,
		    struct lm_error *err);
int ops_plan_merge(struct lm_stick *stick, const struct lm_options *options, struct lm_plan *plan,
		   struct lm_error *err);
int ops_plan_reset(struct lm_stick *stick, const struct lm_options *options, struct lm_plan *plan,
		   struct lm_error *err);
int ops_plan_resume(struct lm_stick *stick, const struct lm_options *options, struct lm_plan *plan,
		    struct lm_error *err);
int ops_plan_recover(struct lm_stick *stick, const struct lm_options *options,
		     struct lm_plan *plan, struct lm_error *err);
int ops_plan_compact(struct lm_stick *stick, const struct lm_options *options,
		     struct lm_plan *plan, struct lm_error *err);
int ops_plan_grow(struct lm_stick *stick, const struct lm_options *options, struct lm_plan *plan,
		  struct lm_error *err);
struct record;
/* resume, for what the journal on the stick holds; takes over what rec holds. */
int ops_plan_resume_compact(struct lm_stick *stick, const struct lm_options *options,
			    struct record *rec, struct lm_plan *plan, struct lm_error *err);
int ops_plan_resume_grow(struct lm_stick *stick, const struct lm_options *options,
			 struct record *rec, struct lm_plan *plan, struct lm_error *err);
int ops_plan_practice(struct lm_ctx *ctx, const struct lm_options *options, struct lm_plan *plan,
		      struct lm_error *err);

#endif

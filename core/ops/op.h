/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * op.h - an operation as the core sees it
 *
 * The rows are in op.def: a row there, and a folder here that holds what its
 * OP_CORE() names, are an operation. lm_plan_make() (ops.c) goes by the table.
 */
#ifndef OPS_OP_H
#define OPS_OP_H

#include "core/livemend.h"

/*
 * Fills an empty plan (its op is set; plan->impl->ctx is the context); a refusal
 * goes into the plan, 0 is returned. stick is NULL without LM_OP_NEEDS_STICK.
 */
typedef int ops_plan_fn(struct lm_stick *stick, const struct lm_options *options,
			struct lm_plan *plan, struct lm_error *err);

struct op {
	ops_plan_fn *plan;
	bool direct_only; /* in user space whatever the kernel can do; other methods are the
			     kernel's */
};

/* NULL when op is none. */
const struct op *op_of(enum lm_op op);

/* The builders that the rows name. */
#define OP(id, word, core, shown) ops_plan_fn ops_plan_##word;
#include "core/ops/op.def"
#undef OP

struct record;
/* resume, for what the journal on the stick holds; takes over what rec holds. */
int ops_plan_resume_compact(struct lm_stick *stick, const struct lm_options *options,
			    struct record *rec, struct lm_plan *plan, struct lm_error *err);
int ops_plan_resume_grow(struct lm_stick *stick, const struct lm_options *options,
			 struct record *rec, struct lm_plan *plan, struct lm_error *err);

#endif

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
#include "core/plan/record.h"

struct session;

/*
 * Fills an empty plan (its op is set; plan->impl->ctx is the context); a refusal
 * goes into the plan, 0 is returned. stick is NULL without LM_OP_NEEDS_STICK.
 */
typedef int ops_plan_fn(struct lm_stick *stick, const struct lm_options *options,
			struct lm_plan *plan, struct lm_error *err);

/*
 * resume: plans to finish, or to undo, what the record on the stick says; takes
 * over what rec holds. A refusal goes into the plan, 0 is returned.
 */
typedef int ops_resume_fn(struct lm_stick *stick, const struct lm_options *options,
			  struct record *rec, struct lm_plan *plan, struct lm_error *err);

struct op {
	ops_plan_fn *plan;
	bool direct_only; /* in user space whatever the kernel can do; other methods are the
			     kernel's */

	/* Of one that leaves a record on the stick. */
	ops_resume_fn *resume;
	struct record_prose (*prose)(const struct record *rec);

	/*
	 * Without a record: something that has ended can be taken back. 1: it can, and the
	 * plan says how; 0: nothing of the kind. May be NULL.
	 */
	ops_plan_fn *offer;
	/* That is useless from now on: another operation has begun. */
	void (*outdate)(struct io *io, const char *live_dir);

	/* What a cut can leave beside the image and the overlay; without a record. */
	bool (*has_leftover)(struct session *s, struct io *io);
	int (*remove_leftover)(struct session *s, struct lm_error *err);
};

/* NULL when op is none. */
const struct op *op_of(enum lm_op op);

/* The builders that the rows name. */
#define OP(id, word, core, shown) ops_plan_fn ops_plan_##word;
#include "core/ops/op.def"
#undef OP

/* What else they name. */
ops_resume_fn merge_resume, recover_resume, compact_resume, grow_resume, reset_resume;
struct record_prose merge_prose(const struct record *rec);
struct record_prose recover_prose(const struct record *rec);
struct record_prose compact_prose(const struct record *rec);
struct record_prose grow_prose(const struct record *rec);
struct record_prose reset_prose(const struct record *rec);
ops_plan_fn recover_offer;
void recover_outdate(struct io *io, const char *live_dir);
bool merge_has_leftover(struct session *s, struct io *io);
int merge_remove_leftover(struct session *s, struct lm_error *err);
bool compact_has_leftover(struct session *s, struct io *io);
int compact_remove_leftover(struct session *s, struct lm_error *err);

#endif

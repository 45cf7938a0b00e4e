/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ops.c - the table of operations as the core sees it, and a plan for each row */
#include "core/ops/op.h"

#include <errno.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/plan/plan.h"

static const struct op table[LM_N_OPS] = {
#define OP_CORE(...) __VA_ARGS__
#define OP_SHOWN(...)
#define OP(id, word, core, shown) [LM_OP_##id] = { .plan = ops_plan_##word, core },
#include "core/ops/op.def"
#undef OP
#undef OP_CORE
#undef OP_SHOWN
};

const struct op *op_of(enum lm_op op)
{
	return (unsigned)op < LM_N_OPS ? &table[op] : NULL;
}

static void refuse_kernel(struct lm_plan *plan)
{
	struct lm_error err = { 0 };

	lm_refuse(&err, -EOPNOTSUPP, NULL, _("Leave --engine away, or use --engine direct."),
		  _("this is done in user space only, without device-mapper"), "%s",
		  _("The kernel engine cannot be used here"));
	plan_refuse(plan, &err);
}

static int plan_make(struct lm_ctx *ctx, struct lm_stick *stick, const struct lm_options *options,
		     struct lm_plan **out, struct lm_error *err)
{
	const struct op *op = op_of(options->op);
	struct lm_plan *plan;
	int ret;

	*out = NULL;
	if (!op)
		return lm_fail(err, -EINVAL, NULL, NULL, "%s", _("There is no such operation"));
	if (!stick && (lm_op_info(options->op)->traits & LM_OP_NEEDS_STICK))
		return lm_fail(err, -EINVAL, NULL, NULL, "%s", _("Which stick?"));
	plan = plan_new(ctx, options->op);
	if (!plan)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	ret = op->plan(stick, options, plan, err);
	if (ret == 0 && plan->possible && op->direct_only && options->method == LM_METHOD_REWRITE &&
	    lm_ctx_engine(ctx) == LM_ENGINE_KERNEL)
		refuse_kernel(plan);
	if (ret == 0)
		ret = plan_ready(plan, err);
	if (ret < 0) {
		lm_plan_free(plan);
		return ret;
	}
	*out = plan;
	return 0;
}

int lm_plan_make(struct lm_ctx *ctx, struct lm_stick *stick, const struct lm_options *options,
		 struct lm_plan **out, struct lm_error *err)
{
	unsigned before = lm_files_short();
	int ret = plan_make(ctx, stick, options, out, err);

	if (lm_files_short() == before)
		return ret;
	lm_plan_free(*out);
	*out = NULL;
	return lm_files_fail(err, stick ? lm_stick_path(stick) : NULL);
}

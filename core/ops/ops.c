/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan_make.c - one plan for each operation */
#include <errno.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/op.h"
#include "core/plan/plan.h"

static int fill(struct lm_ctx *ctx, struct lm_stick *stick, const struct lm_options *options,
		struct lm_plan *plan, struct lm_error *err)
{
	switch (options->op) {
	case LM_OP_EXPORT:
		return ops_plan_export(stick, options, plan, err);
	case LM_OP_MERGE:
		return ops_plan_merge(stick, options, plan, err);
	case LM_OP_RESET:
		return ops_plan_reset(stick, options, plan, err);
	case LM_OP_RESUME:
		return ops_plan_resume(stick, options, plan, err);
	case LM_OP_PRACTICE:
		return ops_plan_practice(ctx, options, plan, err);
	case LM_OP_GROW:
		return ops_plan_grow(stick, options, plan, err);
	case LM_OP_COMPACT:
		return ops_plan_compact(stick, options, plan, err);
	case LM_OP_RECOVER:
		return ops_plan_recover(stick, options, plan, err);
	}
	return lm_fail(err, -EINVAL, NULL, NULL, "%s", _("There is no such operation"));
}

/* What livemend does in user space whatever the kernel is able to. */
static bool is_direct_only(const struct lm_options *options)
{
	switch (options->op) {
	case LM_OP_MERGE:
		return options->method == LM_METHOD_REWRITE;
	case LM_OP_RESET:
	case LM_OP_PRACTICE:
		return true;
	default:
		return false;
	}
}

static void refuse_kernel(struct lm_plan *plan)
{
	struct lm_error err = { 0 };

	lm_refuse(&err, -EOPNOTSUPP, NULL, _("Leave --engine away, or use --engine direct."),
		  _("this is done in user space only, without device-mapper"), "%s",
		  _("The kernel engine cannot be used here"));
	plan_refuse(plan, &err);
}

int lm_plan_make(struct lm_ctx *ctx, struct lm_stick *stick, const struct lm_options *options,
		 struct lm_plan **out, struct lm_error *err)
{
	struct lm_plan *plan;
	int ret;

	*out = NULL;
	if (!stick && options->op != LM_OP_PRACTICE)
		return lm_fail(err, -EINVAL, NULL, NULL, "%s", _("Which stick?"));
	plan = plan_new(ctx, options->op);
	if (!plan)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	ret = fill(ctx, stick, options, plan, err);
	if (ret == 0 && plan->possible && is_direct_only(options) &&
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

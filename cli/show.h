/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * show.h - what the core returns, as text for people
 *
 * Each function returns 0 or -ENOMEM; whether the text arrived is seen when
 * the output is closed.
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/out.h"
#include "core/livemend.h"

int show_status(struct out *out, const struct lm_status *status);
int show_layout(struct out *out, const struct lm_node *root);
int show_report(struct out *out, const struct lm_report *report);
int show_usage(struct out *out, const struct lm_usage *usage, unsigned depth);

/* The whole plan, or (brief) only what it is called and the room it needs. */
int show_plan(struct out *out, const struct lm_plan *plan, bool brief);

/* The exit status that a status stands for: LM_DONE or LM_ATTENTION. */
int status_outcome(const struct lm_status *status);

#endif

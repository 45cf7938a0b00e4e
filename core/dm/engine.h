/* SPDX-License-Identifier: GPL-3.0-or-later */
/* engine.h - whether the kernel can do the work here, and which engine does it */
#ifndef DM_ENGINE_H
#define DM_ENGINE_H

#include "core/livemend.h"

/*
 * 0 when the kernel engine is possible: root, /dev/mapper/control, loop
 * devices, and the targets snapshot (1.15.0 or later, which knows Overflow),
 * linear, and each of `targets` (NULL-terminated, may be NULL: "mirror",
 * "snapshot-merge"). The kernel loads their modules by itself when asked.
 * Otherwise refuses (LM_REFUSED): -EPERM, -ENODEV, -EOPNOTSUPP; err says why
 * and what would help.
 */
int dm_engine_possible(const struct lm_ctx *ctx, const char *const *targets,
		       struct lm_error *err);

/*
 * Which engine an operation that has both is to use: what the user asked for
 * (kernel: refused where it is not possible), with auto the preferred one, or
 * the direct one where the kernel cannot.
 */
int dm_engine_choose(const struct lm_ctx *ctx, enum lm_engine preferred,
		     const char *const *targets, enum lm_engine *engine, struct lm_error *err);

/* Refuses the kernel's where it was asked for and is not possible. */
int dm_engine_wanted(const struct lm_ctx *ctx, struct lm_error *err);

/* For what has the direct engine only: refuses when the user asked for the kernel's. */
int dm_engine_direct_only(const struct lm_ctx *ctx, struct lm_error *err);

/* Version of a target, which the kernel loads if it can; -ENODEV: there is none. */
int dm_engine_version(const struct lm_ctx *ctx, const char *target, uint32_t version[3]);

#endif

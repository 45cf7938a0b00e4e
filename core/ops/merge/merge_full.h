/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * merge_full.h - the methods that copy the whole root image: mirror and snapshot-merge
 */
#ifndef OPS_MERGE_MERGE_FULL_H
#define OPS_MERGE_MERGE_FULL_H

#include "core/ops/merge/merge.h"

/* ---- merge_full.c: the steps, in their order ---- */
int merge_step_mirror(struct plan_run *run, void *merge, struct lm_error *err);
int merge_step_copies(struct plan_run *run, void *merge, struct lm_error *err);
int merge_step_kernel(struct plan_run *run, void *merge, struct lm_error *err);
int merge_step_check_copy(struct plan_run *run, void *merge, struct lm_error *err);

/* ---- merge_full_pack.c ---- */
int merge_step_pack(struct plan_run *run, void *merge, struct lm_error *err);
/* To the stick, by the way for which there is room: beside the old image, or in its place. */
int merge_step_place(struct plan_run *run, void *merge, struct lm_error *err);

/* ---- merge_full_verify.c ---- */
/*
 * Proves the image at path, made from nothing: every block of its root image
 * is what the merged view has, and every other file in it is what it is in the
 * old one, which is looked at. -EBADMSG on any difference.
 */
int merge_full_verify_at(struct merge *m, struct plan_run *run, struct io *io, const char *path,
			 struct lm_error *err);

/* ---- merge_full_plan.c ---- */
/* What these methods need beside what every merge needs. */
int merge_full_refusal(struct merge *m, const struct lm_options *options, struct lm_error *err);
/* Room that they take in the work folder at their peak, beside the new image. */
uint64_t merge_full_room(const struct merge *m, const struct stick_look *look);
/* The steps up to the proof of the new image, in words. */
void merge_full_say(struct merge *m, struct lm_plan *plan, const struct stick_look *look,
		    uint64_t likely_bytes);

#endif

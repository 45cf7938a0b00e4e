/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * merge.h - inside of the merge: its state and its parts
 *
 *   merge.c        the plan and its steps
 *   merge_check.c  lock, store, pairing, the repair of the file system
 *   merge_bare.c   writing into a bare root image
 *   merge_work.c   --work: the work folder, copies, the swap without room for both
 *   merge_resume.c what was cut off
 *   merge_end.c    exchange of names, reset, cleaning up, undoing: each call is
 *                  idempotent and looks at the files first, so that `resume` is
 *                  the same code
 */
#ifndef OPS_MERGE_H
#define OPS_MERGE_H

#include "core/ops/changes.h"
#include "core/ops/fsck.h"
#include "core/ops/swap.h"

struct merge {
	struct session *s;
	bool deep;
	bool in_place;     /* a bare image that changes are written into; else it is replaced */
	bool both_fit;     /* --work: the stick has room for both images */
	struct swap swap;  /* of the image */

	struct fsck f;       /* the file system, and its repair */

	/* while it runs */
	bool unchanged;    /* the overlay says nothing that the image does not say: it stays */
	bool distrust;     /* resume: the new image is not what old image and overlay give */
	bool kept_overlay; /* the overlay was used meanwhile, and therefore not reset */
	struct changes changes;
	/* in the work folder, of other methods than rewrite: copies of root image and overlay, a
	 * mount point */
	char work_root[64], work_cow[64], work_tree[64], work_pack[64], work_mount[64];
};

struct merge *merge_new(struct lm_stick *stick, struct lm_error *err);
void merge_free(void *merge);
/* Sets the names on the stick; of the new image and of the old one. */
int merge_swap_init(struct swap *w, struct session *s, struct lm_error *err);
int merge_paths(struct merge *m, const char *base, const char *overlay, struct lm_error *err);

/* Nothing had to be changed in the image: old and new are the same file. */
bool merge_unchanged(const struct merge *m);

/* session_look() and session_unlook(), and what was found with the look goes too. */
int merge_look(struct merge *m, const char *base, struct lm_error *err);
void merge_unlook(struct merge *m);

/* Takes the lock and the writable table. */
int merge_lock(struct merge *m, struct lm_error *err);

/* ---- merge_check.c ---- */
/* What stands against it, as far as it can be seen; for planning and again under the lock. */
int merge_refusal(struct merge *m, const struct stick_look *look, struct lm_error *err);
int merge_step_check(struct plan_run *run, void *merge, struct lm_error *err);
/*
 * The file system is checked, and repaired in memory; what was repaired gets into
 * the overlay by an undo file, and stays undoable until the overlay is emptied.
 */
int merge_step_repair(struct plan_run *run, void *merge, struct lm_error *err);

/* ---- steps for an image in SquashFS ---- */
int merge_step_compare(struct plan_run *run, void *merge, struct lm_error *err);
int merge_step_build(struct plan_run *run, void *merge, struct lm_error *err);
int merge_step_verify(struct plan_run *run, void *merge, struct lm_error *err);
int merge_step_replace(struct plan_run *run, void *merge, struct lm_error *err);
int merge_step_finish(struct plan_run *run, void *merge, struct lm_error *err);
void merge_abort(struct plan_run *run, void *merge, struct lm_error *err);
/* Proves the image at path on the stick against the old one that is open. */
int merge_verify_at(struct merge *m, struct plan_run *run, struct io *io, const char *path,
		    struct lm_error *err);

/* ---- merge_reboot.c ---- */
/* Asks for a restart in a minute. That it cannot be had changes nothing about the merge. */
int merge_step_reboot(struct plan_run *run, void *merge, struct lm_error *err);

/* ---- merge_bare.c ---- */
int merge_step_apply(struct plan_run *run, void *merge, struct lm_error *err);
int merge_step_verify_bare(struct plan_run *run, void *merge, struct lm_error *err);

/* ---- merge_work.c ---- */
/* Names the files in the work folder; the old image's identity must be known. */
void merge_work_names(struct merge *m);
int merge_step_copy(struct plan_run *run, void *merge, struct lm_error *err);
int merge_step_backup(struct plan_run *run, void *merge, struct lm_error *err);
int merge_step_swap(struct plan_run *run, void *merge, struct lm_error *err);
/* Puts the file of that name in the work folder in place of the image on the stick. */
int merge_work_put(struct merge *m, const char *name, const struct record_id *id,
		   struct lm_error *err);
/* What is in the work folder goes, as far as it can. */
void merge_work_clean(struct merge *m);

/* ---- merge_end.c ---- */
/* Pairing, reset of the overlay, removal of what is old, journal: the rest of it. */
int merge_finish(struct merge *m, struct lm_error *err);
/* Everything as before: the old image has the name, the new one is gone, the journal clear. */
int merge_undo(struct merge *m, struct lm_error *err);

#endif

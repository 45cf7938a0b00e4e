/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * merge.h - inside of the merge: its state, and the parts that merge.c and resume.c share
 *
 *   merge.c        the plan and its steps
 *   merge_check.c  lock, store, pairing, e2fsck on the merged view
 *   merge_bare.c   writing into a bare root image
 *   merge_work.c   --work: the work folder, copies, the swap without room for both
 *   merge_end.c    exchange of names, reset, cleaning up, undoing: each call is
 *                  idempotent and looks at the files first, so that `resume` is
 *                  the same code
 */
#ifndef OPS_MERGE_H
#define OPS_MERGE_H

#include "core/ops/changes.h"
#include "core/plan/record.h"
#include "core/plan/plan.h"
#include "core/stick/stick.h"

struct merge {
	struct lm_ctx *ctx;
	struct lm_stick *stick;
	bool deep;
	bool bare;         /* no SquashFS around the root image */
	bool in_place;     /* a bare image that changes are written into; else it is replaced */
	bool both_fit;     /* --work: the stick has room for both images */
	char *base, *fresh, *aside, *overlay; /* paths on the stick */
	char *dir;         /* "LiveOS" */

	/* while it runs */
	struct stick_rw rw;
	bool locked;
	bool quiet;        /* the running system has the overlay attached, but cannot write to it */
	struct record rec;
	bool noted;        /* the journal says that it is under way */
	bool resuming;     /* it was cut off: the stick's own file system may have suffered */
	bool unchanged;    /* the overlay says nothing that the image does not say: it stays */
	bool kept_overlay; /* the overlay was used meanwhile, and therefore not reset */
	bool committed;    /* from here on it is finished or resumed, not undone */
	struct lm_stick seen; /* the stick through the writable table */
	struct stick_look look;
	bool looking;
	struct changes changes;
	struct io *work;   /* the work folder */
	char *work_path;
	char work_new[64], work_old[64]; /* names in it */
	/* other methods than rewrite: copies of root image and overlay, and a mount point */
	char work_root[64], work_cow[64], work_tree[64];
	/*
	 * Laid over the merged view: what e2fsck repairs goes there, and the overlay is not
	 * written to. NULL: into the overlay. top is the view with it, or look.view.
	 */
	struct cow_store *scratch;
	struct io_source *top, *laid;
	bool lenient; /* a file system that cannot be repaired here is taken as it is */
	struct plan_run *run; /* for callbacks */
};

struct merge *merge_new(struct lm_stick *stick, struct lm_error *err);
void merge_free(void *merge);
/* Sets base, fresh, aside from the names on the stick. */
int merge_paths(struct merge *m, const char *base, const char *overlay, struct lm_error *err);

/* Opens base (at this path) and overlay through the writable table; closes what was open. */
int merge_look(struct merge *m, const char *base, struct lm_error *err);
void merge_unlook(struct merge *m);

/* by_hand.c: after what was done, the commands that would have done it, to the journal. */
void merge_log_by_hand(const struct merge *m);

/* Takes the lock and the writable table. */
int merge_lock(struct merge *m, struct lm_error *err);

/* ---- merge_check.c ---- */
/* What stands against it, as far as it can be seen; for planning and again under the lock. */
int merge_refusal(struct merge *m, const struct stick_look *look, struct lm_error *err);
int merge_step_check(struct plan_run *run, void *merge, struct lm_error *err);
/*
 * e2fsck on the merged view; a journal is replayed, damage repaired after asking.
 * Opens the look afresh where something was written.
 */
int merge_check_fs(struct merge *m, struct lm_error *err);
bool merge_can_check_fs(const struct merge *m);

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
/* io_progress_fn, image_progress_fn: reports to m->run. */
int merge_progress(void *merge, uint64_t done, uint64_t total);

/* ---- merge_reboot.c ---- */
/* Asks for a restart in a minute. That it cannot be had changes nothing about the merge. */
int merge_step_reboot(struct plan_run *run, void *merge, struct lm_error *err);

/* ---- merge_bare.c ---- */
int merge_step_apply(struct plan_run *run, void *merge, struct lm_error *err);
int merge_step_verify_bare(struct plan_run *run, void *merge, struct lm_error *err);

/* ---- merge_work.c ---- */
/* Opens m->work from m->work_path; refuses one that lies on the stick. */
int merge_work_open(struct merge *m, struct lm_error *err);
int merge_work_table(struct merge *m);
/* Names the files in the work folder; the old image's identity must be known. */
void merge_work_names(struct merge *m);
int merge_step_copy(struct plan_run *run, void *merge, struct lm_error *err);
int merge_step_backup(struct plan_run *run, void *merge, struct lm_error *err);
int merge_step_swap(struct plan_run *run, void *merge, struct lm_error *err);
/* Puts the file of that name in the work folder in place of the image on the stick. */
int merge_work_put(struct merge *m, const char *name, const struct record_id *id,
		   struct lm_error *err);
int merge_work_clean(struct merge *m, struct lm_error *err);
/* Removes the copies of the methods that need them. */
int merge_full_clean(struct merge *m, struct lm_error *err);

/* ---- merge_end.c ---- */
/* Where the two images are now. */
struct merge_places {
	struct record_id base, fresh, aside;
};
int merge_find_places(struct merge *m, struct merge_places *p, struct lm_error *err);
/* The new image gets the name, wherever a cut left things. */
int merge_exchange(struct merge *m, struct lm_error *err);
/* Pairing, reset of the overlay, removal of what is old, journal: the rest of it. */
int merge_finish(struct merge *m, struct lm_error *err);
/* Everything as before: the old image has the name, the new one is gone, the journal clear. */
int merge_undo(struct merge *m, struct lm_error *err);
/* Removes a leftover, unless it shares its clusters with the image (FAT after a cut). */
int merge_remove_leftover(struct merge *m, const char *path, struct lm_error *err);
/* The same beside another file, whose name must keep its clusters: the overlay. */
int merge_remove_beside(struct merge *m, const char *path, const char *good,
			struct lm_error *err);
enum merge_overlay {
	MERGE_OVERLAY_EMPTY, /* it was reset */
	MERGE_OVERLAY_SAME,  /* it is what the record says */
	MERGE_OVERLAY_USED   /* the stick was used since: whatever is in it is kept */
};
int merge_overlay_now(struct merge *m, enum merge_overlay *now, struct lm_error *err);
int merge_reset_overlay(struct merge *m, struct lm_error *err);

/* ---- merge_hurt.c ---- */
/*
 * The kernel turns a FAT that it finds broken read-only, and only fsck.vfat
 * helps then. Adds that to the result, or puts it into the help of an error.
 */
void merge_tell_if_hurt(struct plan_run *run, const struct merge *m, const char *how);
void merge_help_if_hurt(const struct merge *m, struct lm_error *err);
const char *merge_fsck_help(void);

#endif

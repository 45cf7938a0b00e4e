/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan.h - inside of a plan: how an operation builds one, and how it is run
 *
 * An operation (core/ops/) fills a plan by the builder calls and gives each
 * step a function. The runner (runner.c) carries them out in a thread, one
 * after the other; the journal (journal.h) on the stick says how far it came.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "core/io/io.h"
#include "core/livemend.h"

struct plan_run; /* the runner's side, handed to each step */

/*
 * Carries out one step. 0, or negative errno with *err filled and its outcome
 * set (LM_UNCHANGED, LM_RESUMABLE, LM_CANCELLED).
 */
typedef int (*plan_step_fn)(struct plan_run *run, void *arg, struct lm_error *err);

/*
 * --- building ---
 * Running out of memory is remembered in the plan and told once, by
 * plan_ready(): a builder need not look at every single call.
 */
struct lm_plan *plan_new(struct lm_ctx *ctx, enum lm_op op);
/* Texts are copied; NULL where a field of lm_step may be NULL. */
int plan_text(struct lm_plan *plan, const char *title, const char *summary);
/* Never NULL; valid as long as the plan. At most PLAN_MAX_STEPS. */
#define PLAN_MAX_STEPS 24
struct lm_step *plan_step(struct lm_plan *plan, const char *id, const char *title, const char *why,
			  plan_step_fn fn);
/* A command that would do the same: each %s is quoted for the shell, see text_command(). */
int plan_command(struct lm_step *step, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* One word more for the command that was added last. */
int plan_command_word(struct lm_step *step, const char *word);
int plan_need(struct lm_plan *plan, const char *where, const char *what, uint64_t need,
	      uint64_t most, uint64_t free_bytes, uint64_t file_limit);
int plan_warn(struct lm_plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Marks it as impossible; the reason is copied. */
void plan_refuse(struct lm_plan *plan, const struct lm_error *why);
/* State of the operation, given to each step; released with the plan. */
void plan_state(struct lm_plan *plan, void *state, void (*release)(void *));
/*
 * Called once, in the worker, when the run ends early: a step failed, or a
 * cancel took effect between two steps. Puts things back as far as it can, and
 * sets err->outcome to what is then true (LM_RESUMABLE where it cannot).
 */
typedef void (*plan_abort_fn)(struct plan_run *run, void *state, struct lm_error *err);
void plan_abort(struct lm_plan *plan, plan_abort_fn fn);
/* Says what the plan destroys, how it is undone, which word confirms it; NULL: leaves it. */
int plan_risk(struct lm_plan *plan, const char *destroys, const char *undo, const char *confirm);
/* Sentences for the result after success. */
int plan_result(struct lm_plan *plan, const char *now, const char *next);

/* 0 when the plan is complete, -ENOMEM (and *err) when memory ran out while building it. */
int plan_ready(const struct lm_plan *plan, struct lm_error *err);

/* --- for steps; all may be called from any thread of the step --- */
/* Reports progress of this step; -ECANCELED when it should stop (only in cancellable steps). */
int plan_run_progress(struct plan_run *run, uint64_t done, uint64_t total);
void plan_run_message(struct plan_run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void plan_run_flushing(struct plan_run *run, bool flushing);
/* From here to the end of the step a cancel is deferred. */
void plan_run_critical(struct plan_run *run, bool critical);
/* Asks; true = yes. Under a cancel the answer is no. */
bool plan_run_ask(struct plan_run *run, const char *question);
bool plan_run_cancelled(struct plan_run *run);
/* Replaces the sentences of the result by what was really done. */
void plan_run_result(struct plan_run *run, const char *now, const char *next);
struct lm_ctx *plan_run_ctx(struct plan_run *run);
const struct lm_plan *plan_run_plan(const struct plan_run *run);

/* --- for the runner --- */
struct plan {
	struct lm_ctx *ctx;
	plan_step_fn fn[PLAN_MAX_STEPS];
	void *arg; /* the state */
	void (*release)(void *);
	plan_abort_fn abort;
	char *now, *next;
	bool no_memory;
};

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_crash_grow.c - making an overlay larger, cut off or failing at every single call
 *
 * The oracle: opened afresh, the merged view is the same in every block in use,
 * before, at every cut, after resume, and after it; the image is never touched;
 * after a resume nothing is left behind, and the overlay is as long as it was
 * or as it was to become; and what a run says of its outcome is true.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/ctx.h"
#include "core/livemend.h"
#include "core/stick/stick.h"
#include "tests/lib/hurt_io.h"
#include "tests/lib/small_stick.h"

#define BASE "LiveOS/squashfs.img"
#define OVERLAY "LiveOS/overlay-LIVE-1A2B-3C4D"
#define MORE (36u << 20)

static struct small_stick stick;
static char where[300]; /* for messages */
static uint64_t before, after; /* bytes */

static _Atomic(struct lm_job *) running;

/* Plans and runs one operation; h may be NULL. Returns its outcome. */
static enum lm_outcome run_op(struct hurt *h, enum lm_op op, bool undo, struct lm_error *why)
{
	struct lm_options o = { .op = op, .undo = undo, .size_bytes = MORE, .size_is_more = true };
	struct lm_stick *s = NULL;
	struct lm_plan *plan = NULL;
	struct lm_result result;
	struct lm_job *job;
	struct lm_ctx *ctx;
	enum lm_outcome outcome;

	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	ctx->no_fuse = true;
	if (h) {
		h->top = stick.top;
		h->trash = stick.trash;
		ctx->wrap_io = hurt_wrap;
		ctx->wrap_arg = h;
	}
	if (lm_stick_open(ctx, stick.top, &s, why) < 0)
		fail_msg("%s: opening the stick: %s: %s", where, why->what, why->why);
	if (lm_plan_make(ctx, s, &o, &plan, why) < 0)
		fail_msg("%s: planning: %s: %s", where, why->what, why->why);
	if (!plan->possible) {
		*why = plan->refusal;
		outcome = plan->refusal.outcome;
	} else {
		assert_int_equal(lm_job_start(plan, &job, why), 0);
		atomic_store(&running, job);
		lm_job_finish(job, &result);
		*why = result.error;
		outcome = result.outcome;
		assert_true(result.now[0] != '\0');
		assert_true((outcome == LM_DONE) == (result.error.code == 0));
	}
	atomic_store(&running, NULL);
	lm_plan_free(plan);
	lm_stick_close(s);
	lm_ctx_free(ctx);
	if (h)
		hurt_end(h);
	return outcome;
}

static void must(enum lm_op op, bool undo)
{
	struct lm_error why;
	enum lm_outcome outcome = run_op(NULL, op, undo, &why);

	if (outcome != LM_DONE)
		fail_msg("%s: then %s: outcome %d: %s: %s: %s", where, lm_op_word(op), outcome,
			 why.what, why.on, why.why);
}

/* ---- the oracle ---- */

static void compare_view(struct lm_stick *s)
{
	struct stick_look look;
	unsigned char *now = malloc(stick.want_len);

	assert_non_null(now);
	assert_int_equal(stick_look_open(s, 0, &look, NULL), 0);
	if (look.trouble.code != 0)
		fail_msg("%s: looking: %s: %s: %s", where, look.trouble.what, look.trouble.on,
			 look.trouble.why);
	assert_true(look.paired);
	assert_non_null(look.view);
	assert_non_null(look.store);
	assert_int_equal(look.view->size_bytes, stick.want_len);
	assert_int_equal(io_source_read(look.view, now, stick.want_len, 0, NULL), 0);
	for (size_t b = 0; b < stick.want_len / 1024; b++) {
		if (stick.used[b] && memcmp(now + b * 1024, stick.want + b * 1024, 1024) != 0)
			fail_msg("%s: block %zu is not what it was", where, b);
	}
	stick_look_close(&look);
	free(now);
}

static uint64_t length(void)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", stick.top, OVERLAY);
	assert_int_equal(stat(path, &st), 0);
	return (uint64_t)st.st_size;
}

/* Opened afresh, the stick reads as ever. */
static void check_view(void)
{
	struct lm_stick *s;
	struct lm_error err;
	struct lm_ctx *ctx;

	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	if (lm_stick_open(ctx, stick.top, &s, &err) < 0)
		fail_msg("%s: opening: %s: %s", where, err.what, err.why);
	if (!small_same(&stick, &stick.fresh, BASE))
		fail_msg("%s: the image was touched", where);
	compare_view(s);
	lm_stick_close(s);
	lm_ctx_free(ctx);
}

static void check_clean(void)
{
	if (small_exists(&stick, "LiveOS/livemend/PENDING.txt") ||
	    small_exists(&stick, "LiveOS/livemend/PENDING.bak"))
		fail_msg("%s: the journal is still pending", where);
}

static void check_untouched(void)
{
	check_clean();
	if (!small_same(&stick, &stick.fresh, OVERLAY))
		fail_msg("%s: it says that nothing has changed, but it has", where);
}

static void check_grown(void)
{
	check_view();
	check_clean();
	if (length() != after)
		fail_msg("%s: it is %llu bytes long", where, (unsigned long long)length());
}

/* From whatever there is now to a larger overlay. */
static void resume_and_grow(void)
{
	check_view();
	must(LM_OP_RESUME, false);
	check_clean();
	check_view();
	if (length() == before)
		must(LM_OP_GROW, false);
	check_grown();
}

static unsigned count_changes(bool calls)
{
	struct hurt h = { .model = HURT_COUNT };
	struct lm_error why;
	enum lm_outcome outcome;

	small_restore(&stick, &stick.fresh);
	snprintf(where, sizeof(where), "unhurt");
	before = length();
	outcome = run_op(&h, LM_OP_GROW, false, &why);
	if (outcome != LM_DONE)
		fail_msg("unhurt: outcome %d: %s: %s: %s", outcome, why.what, why.on, why.why);
	after = length();
	assert_int_equal(after, before + MORE);
	check_grown();
	return calls ? h.calls : h.changes;
}

/* ---- the loops ---- */

static void cut_grows(bool lossy, unsigned rounds)
{
	unsigned total = count_changes(false);

	assert_true(total > 8);
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned n = 1; n <= total; n++) {
			struct hurt h = { .model = HURT_CUT, .n = n, .lossy = lossy,
					  .seed = n + 7919 * round };
			enum lm_outcome outcome;
			struct lm_error why;

			small_restore(&stick, &stick.fresh);
			outcome = run_op(&h, LM_OP_GROW, false, &why);
			snprintf(where, sizeof(where), "cut %u of %u (round %u) at %s", n, total,
				 round, h.what);
			assert_true(h.hit);
			assert_true(outcome == LM_UNCHANGED || outcome == LM_RESUMABLE);
			resume_and_grow();
		}
	}
	printf("# %u cuts\n", total * rounds);
}

static void test_cut(void **state)
{
	(void)state;
	cut_grows(false, 1);
}

static void test_cut_lossy(void **state)
{
	(void)state;
	cut_grows(true, 4);
}

/* Each state that a cut leaves, undone rather than finished. */
static void test_cut_undo(void **state)
{
	unsigned total = count_changes(false), undone = 0;

	(void)state;
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_CUT, .n = n, .lossy = true, .seed = n };
		struct lm_error why;
		enum lm_outcome outcome;

		small_restore(&stick, &stick.fresh);
		run_op(&h, LM_OP_GROW, false, &why);
		snprintf(where, sizeof(where), "cut %u of %u at %s, undone", n, total, h.what);
		outcome = run_op(NULL, LM_OP_RESUME, true, &why);
		check_view();
		if (outcome == LM_DONE) {
			check_clean();
			/* Nothing to undo where it was over already. */
			if (length() == before)
				undone++;
			else
				assert_int_equal(length(), after);
		} else {
			fail_msg("%s: outcome %d: %s: %s", where, outcome, why.what, why.why);
		}
	}
	assert_true(undone > total / 2);
}

/* The resume is cut off too, at each of its own calls, and taken up again. */
static void test_cut_resume(void **state)
{
	unsigned total = count_changes(false), cuts = 0;

	(void)state;
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_CUT, .n = n, .lossy = true, .seed = 3 * n };
		struct small_files half;
		struct lm_error why;
		char first[220];

		small_restore(&stick, &stick.fresh);
		run_op(&h, LM_OP_GROW, false, &why);
		snprintf(first, sizeof(first), "%s", h.what);
		small_save(&stick, &half);
		for (unsigned k = 1;; k++) {
			struct hurt again = { .model = HURT_CUT, .n = k, .lossy = true,
					      .seed = n + k };

			small_restore(&stick, &half);
			run_op(&again, LM_OP_RESUME, false, &why);
			if (!again.hit)
				break;
			snprintf(where, sizeof(where), "cut %u at %.100s, resume cut %u at %.100s",
				 n, first, k, again.what);
			check_view();
			must(LM_OP_RESUME, false);
			check_view();
			check_clean();
			cuts++;
		}
		small_files_free(&half);
	}
	printf("# %u cuts of resumes\n", cuts);
}

static void fail_grows(int code)
{
	unsigned total = count_changes(true), told[3] = { 0 };

	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_FAIL, .n = n, .code = code };
		enum lm_outcome outcome;
		struct lm_error why;

		small_restore(&stick, &stick.fresh);
		outcome = run_op(&h, LM_OP_GROW, false, &why);
		snprintf(where, sizeof(where), "%s at call %u of %u, %s: outcome %d, %.60s",
			 strerror(-code), n, total, h.what, outcome, why.what);
		switch (outcome) {
		case LM_DONE: /* it did not matter */
			check_grown();
			told[0]++;
			break;
		case LM_UNCHANGED:
		case LM_REFUSED:
			assert_true(why.what[0] != '\0');
			check_untouched();
			check_view();
			told[1]++;
			break;
		case LM_RESUMABLE:
			resume_and_grow();
			told[2]++;
			break;
		default:
			fail_msg("%s: what is that?", where);
		}
	}
	printf("# %u calls failed: %u did not matter, %u unchanged, %u resumed\n", total, told[0],
	       told[1], told[2]);
	assert_true(told[1] + told[2] > 5);
}

static void test_fail_eio(void **state)
{
	(void)state;
	fail_grows(-EIO);
}

static void test_fail_enospc(void **state)
{
	(void)state;
	fail_grows(-ENOSPC);
}

/* Called in the worker: the user wants it to stop, just now. */
static void cancel_now(void *arg)
{
	struct lm_job *job;

	(void)arg;
	while (!(job = atomic_load(&running)))
		sched_yield();
	lm_job_cancel(job);
}

static void test_cancel(void **state)
{
	unsigned total = count_changes(true), stopped = 0, late = 0;

	(void)state;
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_TELL, .n = n, .tell = cancel_now };
		enum lm_outcome outcome;
		struct lm_error why;

		small_restore(&stick, &stick.fresh);
		outcome = run_op(&h, LM_OP_GROW, false, &why);
		snprintf(where, sizeof(where), "cancelled at call %u of %u: outcome %d", n, total,
			 outcome);
		if (outcome == LM_CANCELLED) {
			check_untouched();
			check_view();
			stopped++;
		} else {
			assert_int_equal(outcome, LM_DONE);
			check_grown();
			late++;
		}
	}
	printf("# %u stopped, %u too late\n", stopped, late);
	assert_true(stopped > 0 && late > 0);
}

/* Killed for real, in a process of its own: locks go, what was written stays. */
static void test_kill(void **state)
{
	unsigned total = count_changes(false);

	(void)state;
	for (unsigned n = 1; n <= total; n += n + 24 < total && n > 12 ? 7 : 1) {
		int status;
		pid_t pid;

		small_restore(&stick, &stick.fresh);
		fflush(NULL);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct hurt h = { .model = HURT_KILL, .n = n };
			struct lm_error why;

			run_op(&h, LM_OP_GROW, false, &why);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		snprintf(where, sizeof(where), "killed at change %u of %u", n, total);
		resume_and_grow();
	}
}

/* Cut off, then booted, and the room that was added came into use. */
static void test_used_meanwhile(void **state)
{
	unsigned total = count_changes(false), kept = 0;
	unsigned char chunk[4096];

	(void)state;
	memset(chunk, 0x77, sizeof(chunk));
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_CUT, .n = n };
		enum lm_outcome outcome;
		struct cow_store *store;
		struct io_file *file;
		struct lm_error why;
		char path[256];
		bool beyond = false;

		small_restore(&stick, &stick.fresh);
		run_op(&h, LM_OP_GROW, false, &why);
		if (length() == before)
			continue;
		snprintf(where, sizeof(where), "cut %u of %u at %s, then used", n, total, h.what);
		snprintf(path, sizeof(path), "%s/%s", stick.top, OVERLAY);
		assert_int_equal(io_path_open(path, IO_WRITE, &file), 0);
		assert_int_equal(cow_store_open(file, path, stick.want_len / 512, &store, NULL), 0);
		for (uint64_t c = 0; c < stick.want_len / 4096 && !beyond; c++) {
			if (!stick.used[4 * c] && !stick.used[4 * c + 1] &&
			    !stick.used[4 * c + 2] && !stick.used[4 * c + 3])
				assert_int_equal(cow_store_write(store, c, 0, chunk, 4096, NULL,
								 NULL), 0);
			beyond = cow_store_info(store)->allocated_sectors * 512 > before;
		}
		assert_int_equal(cow_store_commit(store, NULL), 0);
		cow_store_close(store);
		io_file_close(file);
		if (!beyond)
			continue;
		outcome = run_op(NULL, LM_OP_RESUME, true, &why);
		check_view();
		assert_true(length() > before);
		kept++;
		if (outcome != LM_DONE)
			must(LM_OP_RESUME, false);
		check_view();
		check_clean();
	}
	printf("# %u kept\n", kept);
}

static int setup(void **state)
{
	(void)state;
	small_make(&stick, false);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	small_free(&stick);
	return 0;
}

static int start(void **state)
{
	(void)state;
	alarm(240);
	where[0] = '\0';
	return 0;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, start)
	const struct CMUnitTest tests[] = {
		T(test_cut),	   T(test_cut_lossy),	T(test_cut_undo), T(test_cut_resume),
		T(test_fail_eio),  T(test_fail_enospc), T(test_kill),	  T(test_cancel),
		T(test_used_meanwhile),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

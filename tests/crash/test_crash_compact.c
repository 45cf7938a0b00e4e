/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_crash_compact.c - compacting, cut off or failing at every single call
 *
 * The oracle: opened afresh, the merged view is the same in every block in use,
 * before, at every cut, after resume, and after it; the image is never touched;
 * after a resume nothing is left behind; the overlay is then as full as it was
 * or as the plan said; and what a run says of its outcome is true. Both ways:
 * a new overlay beside the old one, and in place.
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
#define FRESH "LiveOS/livemend.cow"
#define ASIDE "LiveOS/livemend.bak"

static struct small_stick stick;
static char where[300]; /* for messages */
static bool in_place;
static uint64_t before, promised; /* allocated sectors */

static _Atomic(struct lm_job *) running;

/* Plans and runs one operation; h may be NULL. Returns its outcome. */
static enum lm_outcome run_op(struct hurt *h, enum lm_op op, bool undo, struct lm_error *why)
{
	struct lm_options o = { .op = op, .undo = undo };
	struct lm_stick *s = NULL;
	struct lm_plan *plan = NULL;
	struct lm_result result;
	struct lm_job *job;
	struct lm_ctx *ctx;
	enum lm_outcome outcome;

	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	ctx->no_fuse = true;
	ctx->tight = in_place;
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

static uint64_t compare_view(struct lm_stick *s)
{
	struct stick_look look;
	unsigned char *now = malloc(stick.want_len);
	uint64_t allocated;

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
	allocated = cow_store_info(look.store)->allocated_sectors;
	stick_look_close(&look);
	free(now);
	return allocated;
}

/* Opened afresh, the stick reads as ever. Returns how full the overlay is. */
static uint64_t check_view(void)
{
	struct lm_stick *s, seen;
	struct lm_error err;
	struct lm_ctx *ctx;
	uint64_t allocated = 0;

	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	if (lm_stick_open(ctx, stick.top, &s, &err) < 0)
		fail_msg("%s: opening: %s: %s", where, err.what, err.why);
	if (!small_same(&stick, &stick.fresh, BASE))
		fail_msg("%s: the image was touched", where);
	if (s->n_overlays > 0) {
		allocated = compare_view(s);
	} else {
		/* Between two renames: whatever of the two is there must serve. */
		const char *names[] = { FRESH, ASIDE };
		unsigned there = 0;

		for (unsigned i = 0; i < 2; i++) {
			struct stick_overlay o = { .kind = LM_OVERLAY_DM_SNAPSHOT };

			if (!small_exists(&stick, names[i]))
				continue;
			seen = *s;
			o.path = (char *)(uintptr_t)names[i];
			seen.overlays = &o;
			seen.n_overlays = 1;
			compare_view(&seen);
			there++;
		}
		assert_true(there == 2);
	}
	lm_stick_close(s);
	lm_ctx_free(ctx);
	return allocated;
}

static void check_clean(void)
{
	if (small_exists(&stick, FRESH) || small_exists(&stick, ASIDE))
		fail_msg("%s: an overlay was left behind", where);
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

static void check_compacted(void)
{
	uint64_t allocated = check_view();

	check_clean();
	if (allocated != promised)
		fail_msg("%s: %llu sectors are allocated, not %llu", where,
			 (unsigned long long)allocated, (unsigned long long)promised);
}

/* From whatever there is now to a compacted stick. */
static void resume_and_compact(void)
{
	check_view();
	must(LM_OP_RESUME, false);
	check_clean();
	if (check_view() != promised)
		must(LM_OP_COMPACT, false);
	check_compacted();
}

static unsigned count_changes(bool calls, bool no_exchange)
{
	struct hurt h = { .model = HURT_COUNT, .no_exchange = no_exchange };
	struct lm_error why;
	enum lm_outcome outcome;

	small_restore(&stick, &stick.fresh);
	snprintf(where, sizeof(where), "unhurt");
	before = check_view();
	outcome = run_op(&h, LM_OP_COMPACT, false, &why);
	if (outcome != LM_DONE)
		fail_msg("unhurt: outcome %d: %s: %s: %s", outcome, why.what, why.on, why.why);
	promised = check_view();
	assert_true(promised < before);
	check_clean();
	return calls ? h.calls : h.changes;
}

/* ---- the loops ---- */

static void cut_compacts(bool lossy, bool no_exchange, unsigned rounds)
{
	unsigned total = count_changes(false, no_exchange);

	assert_true(total > 15);
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned n = 1; n <= total; n++) {
			struct hurt h = { .model = HURT_CUT, .n = n, .lossy = lossy,
					  .no_exchange = no_exchange, .seed = n + 7919 * round };
			enum lm_outcome outcome;
			struct lm_error why;

			small_restore(&stick, &stick.fresh);
			outcome = run_op(&h, LM_OP_COMPACT, false, &why);
			snprintf(where, sizeof(where), "cut %u of %u (round %u) at %s", n, total,
				 round, h.what);
			assert_true(h.hit);
			assert_true(outcome == LM_UNCHANGED || outcome == LM_RESUMABLE);
			resume_and_compact();
		}
	}
	printf("# %u cuts\n", total * rounds);
}

static void test_cut(void **state)
{
	(void)state;
	cut_compacts(false, false, 1);
}

static void test_cut_lossy(void **state)
{
	(void)state;
	cut_compacts(true, false, 3);
}

static void test_cut_aside(void **state)
{
	(void)state;
	cut_compacts(true, true, 2);
}

/* Each state that a cut leaves, undone rather than finished. */
static void test_cut_undo(void **state)
{
	unsigned total = count_changes(false, false), undone = 0;

	(void)state;
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_CUT, .n = n, .lossy = true, .seed = n };
		struct lm_error why;
		enum lm_outcome outcome;

		small_restore(&stick, &stick.fresh);
		run_op(&h, LM_OP_COMPACT, false, &why);
		snprintf(where, sizeof(where), "cut %u of %u at %s, undone", n, total, h.what);
		outcome = run_op(NULL, LM_OP_RESUME, true, &why);
		check_view();
		if (outcome == LM_DONE) {
			check_clean();
			undone++;
		} else {
			/* Too late for that, as it says; then it can be finished. */
			resume_and_compact();
		}
	}
	assert_true(undone > total / 2);
}

/* The resume is cut off too, at each of its own calls, and taken up again. */
static void test_cut_resume(void **state)
{
	unsigned total = count_changes(false, false), cuts = 0;

	(void)state;
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_CUT, .n = n, .lossy = true, .seed = 3 * n };
		struct small_files half;
		struct lm_error why;
		char first[220];

		/* Those while data is written are all alike. */
		if (n > 12 && n + 40 < total && n % 16 != 0)
			continue;
		small_restore(&stick, &stick.fresh);
		run_op(&h, LM_OP_COMPACT, false, &why);
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

static void fail_compacts(int code)
{
	unsigned total = count_changes(true, false), told[3] = { 0 };

	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_FAIL, .n = n, .code = code };
		enum lm_outcome outcome;
		struct lm_error why;

		small_restore(&stick, &stick.fresh);
		outcome = run_op(&h, LM_OP_COMPACT, false, &why);
		snprintf(where, sizeof(where), "%s at call %u of %u, %s: outcome %d, %.60s",
			 strerror(-code), n, total, h.what, outcome, why.what);
		switch (outcome) {
		case LM_DONE: /* it did not matter */
			check_compacted();
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
			resume_and_compact();
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
	fail_compacts(-EIO);
}

static void test_fail_enospc(void **state)
{
	(void)state;
	fail_compacts(-ENOSPC);
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
	unsigned total = count_changes(true, false), stopped = 0, late = 0;

	(void)state;
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_TELL, .n = n, .tell = cancel_now };
		enum lm_outcome outcome;
		struct lm_error why;

		small_restore(&stick, &stick.fresh);
		outcome = run_op(&h, LM_OP_COMPACT, false, &why);
		snprintf(where, sizeof(where), "cancelled at call %u of %u: outcome %d", n, total,
			 outcome);
		if (outcome == LM_CANCELLED) {
			if (!in_place)
				check_untouched();
			check_clean();
			check_view();
			stopped++;
		} else {
			assert_int_equal(outcome, LM_DONE);
			check_compacted();
			late++;
		}
	}
	printf("# %u stopped, %u too late\n", stopped, late);
	assert_true(stopped > 0 && late > 0);
}

/* Killed for real, in a process of its own: locks go, what was written stays. */
static void test_kill(void **state)
{
	unsigned total = count_changes(false, false);

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

			run_op(&h, LM_OP_COMPACT, false, &why);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		snprintf(where, sizeof(where), "killed at change %u of %u", n, total);
		resume_and_compact();
	}
}

/* A live chunk that every boot would write to as well: that with the superblock. */
static void overlay_poke(uint64_t chunk, const unsigned char *data)
{
	const unsigned char front[16] = "a boot was here";
	unsigned char fill[4096];
	struct cow_store *store;
	struct io_file *file;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", stick.top, OVERLAY);
	assert_int_equal(io_path_open(path, IO_WRITE, &file), 0);
	assert_int_equal(cow_store_open(file, path, stick.want_len / 512, &store, NULL), 0);
	memcpy(fill, stick.want, sizeof(fill));
	/* The boot block, before the superblock, is nobody's: it stands for the time of mounting. */
	assert_int_equal(cow_store_write(store, 0, 0, front, sizeof(front), fill, NULL), 0);
	assert_int_equal(cow_store_write(store, chunk, 0, data, 4096, fill, NULL), 0);
	assert_int_equal(cow_store_commit(store, NULL), 0);
	cow_store_close(store);
	io_file_close(file);
}

/*
 * Cut off, then booted: the overlay holds more than compact knew of. Whatever
 * resume does, what was written after the cut must be there.
 */
static void used_meanwhile(bool undo)
{
	unsigned total = count_changes(false, false), done = 0;
	uint64_t chunk = stick.want_len / 4096 - 1;

	/* The last chunk that is in use as a whole: it holds a file's content. */
	while (!stick.used[4 * chunk] || !stick.used[4 * chunk + 1] || !stick.used[4 * chunk + 2] ||
	       !stick.used[4 * chunk + 3])
		chunk--;
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_CUT, .n = n, .lossy = true, .seed = 5 * n };
		unsigned char data[4096], want[4096];
		struct stick_look look;
		struct lm_error why;
		struct lm_stick *s;
		struct lm_ctx *ctx;

		small_restore(&stick, &stick.fresh);
		run_op(&h, LM_OP_COMPACT, false, &why);
		snprintf(where, sizeof(where), "cut %u of %u at %s, then used", n, total, h.what);
		memset(want, 0x77, sizeof(want));
		overlay_poke(chunk, want);
		if (run_op(NULL, LM_OP_RESUME, undo, &why) == LM_DONE)
			done++;
		else
			must(LM_OP_RESUME, false);
		check_clean();
		assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
		assert_int_equal(lm_stick_open(ctx, stick.top, &s, NULL), 0);
		assert_int_equal(stick_look_open(s, 0, &look, NULL), 0);
		assert_non_null(look.view);
		assert_int_equal(io_source_read(look.view, data, sizeof(data), chunk * 4096, NULL),
				 0);
		if (memcmp(data, want, sizeof(want)) != 0)
			fail_msg("%s: what was written since is gone", where);
		stick_look_close(&look);
		lm_stick_close(s);
		lm_ctx_free(ctx);
	}
	assert_true(done > total / 2);
}

static void test_used_meanwhile(void **state)
{
	(void)state;
	used_meanwhile(false);
}

static void test_used_undo(void **state)
{
	(void)state;
	used_meanwhile(true);
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

/* The second half: as if the stick had no room for two overlays. */
static void change_to_in_place(void **state)
{
	(void)state;
	in_place = true;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, start)
	const struct CMUnitTest tests[] = {
		T(test_cut),	    T(test_cut_lossy), T(test_cut_aside),   T(test_cut_undo),
		T(test_cut_resume), T(test_fail_eio),  T(test_fail_enospc), T(test_kill),
		T(test_cancel),	    T(test_used_meanwhile), T(test_used_undo),
		cmocka_unit_test(change_to_in_place),
		T(test_cut),	    T(test_cut_lossy), T(test_cut_undo), T(test_cut_resume),
		T(test_fail_eio),   T(test_fail_enospc), T(test_kill),   T(test_cancel),
		T(test_used_meanwhile),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

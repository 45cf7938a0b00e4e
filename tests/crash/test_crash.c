/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_crash.c - whole merges, resets and resumes, cut off or failing at every single call
 *
 * The oracle: opened afresh, the merged view is the same in every block in use,
 * before, at every cut, after resume, and after the merge; image and overlay
 * are never both gone; after a resume nothing is left behind; and what a run
 * says of its outcome is true.
 */
#include <errno.h>
#include <setjmp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdarg.h>
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
#define BARE "LiveOS/rootfs.img"
#define OVERLAY "LiveOS/overlay-LIVE-1A2B-3C4D"
#define FRESH "LiveOS/livemend.new"
#define ASIDE "LiveOS/livemend.old"

static struct small_stick stick;
static bool same; /* the image holds what the overlay holds: it must stay as it is */
static char where[300]; /* for messages */

static const char *base_name(void)
{
	return stick.bare ? BARE : BASE;
}

/* ---- running ---- */

/* merge --work: NULL for none; tight: as if the stick had no room for both images. */
static char *work;
static bool tight;

static _Atomic(struct lm_job *) running;

/* Plans and runs one operation; h may be NULL. Returns its outcome. */
static enum lm_outcome run_op(struct hurt *h, enum lm_op op, bool undo, struct lm_error *why)
{
	struct lm_options o = { .op = op, .undo = undo, .work = op == LM_OP_MERGE ? work : NULL };
	struct lm_stick *s = NULL;
	struct lm_plan *plan = NULL;
	struct lm_result result;
	struct lm_job *job;
	struct lm_ctx *ctx;
	enum lm_outcome outcome;

	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	ctx->no_fuse = true;
	ctx->tight = tight;
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
	if (!look.paired)
		fail_msg("%s: no pair any more: %s", where, look.pair_why);
	assert_non_null(look.view);
	assert_int_equal(look.view->size_bytes, stick.want_len);
	assert_int_equal(io_source_read(look.view, now, stick.want_len, 0, NULL), 0);
	for (size_t b = 0; b < stick.want_len / 1024; b++) {
		if (stick.used[b] && memcmp(now + b * 1024, stick.want + b * 1024, 1024) != 0)
			fail_msg("%s: block %zu is not what it was", where, b);
	}
	stick_look_close(&look);
	free(now);
}

/* The old image, as it was, and the new one are in the work folder. */
static void check_work(void)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s/work && ls livemend-*.new >/dev/null && "
		 "cmp -s livemend-*.old ../old.img", stick.room);
	if (system(line) != 0)
		fail_msg("%s: the work folder does not hold what is missing", where);
}

/* Opened afresh, the stick reads as ever. */
static void check_view(void)
{
	struct lm_stick *s, seen;
	struct lm_error err;
	struct lm_ctx *ctx;

	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	if (lm_stick_open(ctx, stick.top, &s, &err) < 0)
		fail_msg("%s: opening: %s: %s", where, err.what, err.why);
	if (s->base_path) {
		compare_view(s);
	} else if (work && tight) {
		/* It is in the work folder, whole. */
		check_work();
	} else {
		/* Between two renames: whatever of the two is there must serve. */
		const char *names[] = { FRESH, ASIDE };
		unsigned there = 0;

		for (unsigned i = 0; i < 2; i++) {
			if (!small_exists(&stick, names[i]))
				continue;
			seen = *s;
			seen.base_path = (char *)(uintptr_t)names[i];
			seen.container = STICK_SQUASHFS;
			compare_view(&seen);
			there++;
		}
		assert_true(there == 2);
	}
	lm_stick_close(s);
	lm_ctx_free(ctx);
}

static bool overlay_is_empty(void)
{
	struct cow_store *store;
	struct io_file *file;
	char path[256];
	bool empty;

	snprintf(path, sizeof(path), "%s/%s", stick.top, OVERLAY);
	assert_int_equal(io_path_open(path, IO_READ, &file), 0);
	assert_int_equal(cow_store_open(file, path, 0, &store, NULL), 0);
	empty = cow_store_info(store)->state == LM_STATE_EMPTY;
	cow_store_close(store);
	io_file_close(file);
	return empty;
}

static void check_clean(void)
{
	if (small_exists(&stick, FRESH) || small_exists(&stick, ASIDE))
		fail_msg("%s: an image was left behind", where);
	if (small_exists(&stick, "LiveOS/livemend/PENDING.txt") ||
	    small_exists(&stick, "LiveOS/livemend/PENDING.bak"))
		fail_msg("%s: the journal is still pending", where);
}

static void check_untouched(void)
{
	check_clean();
	if (!small_same(&stick, &stick.fresh, OVERLAY) ||
	    (!stick.bare && !small_same(&stick, &stick.fresh, base_name())))
		fail_msg("%s: it says that nothing has changed, but it has", where);
}

static void check_merged(void)
{
	check_view();
	check_clean();
	if (!overlay_is_empty())
		fail_msg("%s: the overlay is not empty", where);
	if (same && !small_same(&stick, &stick.fresh, BASE))
		fail_msg("%s: the image was written anew for nothing", where);
}

/* From whatever there is now to a merged stick. */
static void resume_and_merge(void)
{
	check_view();
	must(LM_OP_RESUME, false);
	check_view();
	check_clean();
	if (!overlay_is_empty())
		must(LM_OP_MERGE, false);
	check_merged();
}

static unsigned count_changes(enum lm_op op, bool calls, bool no_exchange)
{
	struct hurt h = { .model = HURT_COUNT, .no_exchange = no_exchange };
	struct lm_error why;
	enum lm_outcome outcome = run_op(&h, op, false, &why);

	if (outcome != LM_DONE)
		fail_msg("%s: unhurt: outcome %d: %s: %s: %s", lm_op_word(op), outcome, why.what,
			 why.on, why.why);
	return calls ? h.calls : h.changes;
}

/* ---- the loops ---- */

static void cut_merges(bool lossy, bool no_exchange, unsigned rounds)
{
	unsigned total;

	small_restore(&stick, &stick.fresh);
	total = count_changes(LM_OP_MERGE, false, no_exchange);
	assert_true(total > (same ? 5 : 15));
	check_merged();
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned n = 1; n <= total; n++) {
			struct hurt h = { .model = HURT_CUT, .n = n, .lossy = lossy,
					  .no_exchange = no_exchange, .seed = n + 7919 * round };
			enum lm_outcome outcome;
			struct lm_error why;

			small_restore(&stick, &stick.fresh);
			outcome = run_op(&h, LM_OP_MERGE, false, &why);
			snprintf(where, sizeof(where), "cut %u of %u (round %u) at %s", n, total,
				 round, h.what);
			assert_true(h.hit);
			assert_true(outcome == LM_UNCHANGED || outcome == LM_RESUMABLE);
			resume_and_merge();
		}
	}
	printf("# %u cuts\n", total * rounds);
}

static void test_cut(void **state)
{
	(void)state;
	cut_merges(false, false, 1);
}

static bool work_is_empty(void)
{
	char line[300];

	snprintf(line, sizeof(line), "test -z \"$(ls -A %s/work)\"", stick.room);
	return system(line) == 0;
}

static void cut_with_work(bool no_room)
{
	char path[128], line[512];

	snprintf(path, sizeof(path), "%s/work", stick.room);
	snprintf(line, sizeof(line), "cd %s && rm -rf work && mkdir work && cp stick/%s old.img",
		 stick.room, BASE);
	small_restore(&stick, &stick.fresh);
	assert_int_equal(system(line), 0);
	work = path;
	tight = no_room;
	cut_merges(false, false, 1);
	work = NULL;
	tight = false;
	if (!work_is_empty())
		fail_msg("something was left in the work folder");
}

static void test_cut_work(void **state)
{
	(void)state;
	cut_with_work(false);
}

static void test_cut_swap(void **state)
{
	(void)state;
	cut_with_work(true);
}

static void test_cut_lossy(void **state)
{
	(void)state;
	cut_merges(true, false, 3);
}

static void test_cut_aside(void **state)
{
	(void)state;
	if (stick.bare)
		skip();
	cut_merges(true, true, 2);
}

/* Each state that a cut leaves, undone rather than finished. */
static void test_cut_undo(void **state)
{
	unsigned total, undone = 0;

	(void)state;
	small_restore(&stick, &stick.fresh);
	total = count_changes(LM_OP_MERGE, false, false);
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_CUT, .n = n, .lossy = true, .seed = n };
		struct lm_error why;
		enum lm_outcome outcome;

		small_restore(&stick, &stick.fresh);
		run_op(&h, LM_OP_MERGE, false, &why);
		snprintf(where, sizeof(where), "cut %u of %u at %s, undone", n, total, h.what);
		outcome = run_op(NULL, LM_OP_RESUME, true, &why);
		check_view();
		if (outcome == LM_DONE) {
			check_clean();
			undone++;
		} else {
			/* Too late for that, as it says; then it can be finished. */
			resume_and_merge();
		}
	}
	assert_true(same ? undone > 0 : undone > total / 2);
}

/* The resume is cut off too, at each of its own calls, and taken up again. */
static void test_cut_resume(void **state)
{
	unsigned total, cuts = 0;

	(void)state;
	small_restore(&stick, &stick.fresh);
	total = count_changes(LM_OP_MERGE, false, false);
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_CUT, .n = n, .lossy = true, .seed = 3 * n };
		struct small_files half;
		struct lm_error why;
		char first[220];

		/* Those while the image is written are all alike. */
		if (!same && n > 8 && n + 32 < total && n % 8 != 0)
			continue;
		small_restore(&stick, &stick.fresh);
		run_op(&h, LM_OP_MERGE, false, &why);
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

static void fail_merges(int code)
{
	unsigned total, told[3] = { 0 };

	small_restore(&stick, &stick.fresh);
	total = count_changes(LM_OP_MERGE, true, false);
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_FAIL, .n = n, .code = code };
		enum lm_outcome outcome;
		struct lm_error why;

		small_restore(&stick, &stick.fresh);
		outcome = run_op(&h, LM_OP_MERGE, false, &why);
		snprintf(where, sizeof(where), "%s at call %u of %u, %s: outcome %d, %.60s",
			 strerror(-code), n, total, h.what, outcome, why.what);
		switch (outcome) {
		case LM_DONE: /* it did not matter */
			check_merged();
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
			resume_and_merge();
			told[2]++;
			break;
		default:
			fail_msg("%s: what is that?", where);
		}
	}
	printf("# %u calls failed: %u did not matter, %u unchanged, %u resumed\n", total, told[0],
	       told[1], told[2]);
	assert_true(told[1] > 10);
}

static void test_fail_eio(void **state)
{
	(void)state;
	fail_merges(-EIO);
}

static void test_fail_enospc(void **state)
{
	(void)state;
	fail_merges(-ENOSPC);
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
	unsigned total, stopped = 0, late = 0;

	(void)state;
	small_restore(&stick, &stick.fresh);
	total = count_changes(LM_OP_MERGE, true, false);
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_TELL, .n = n, .tell = cancel_now };
		enum lm_outcome outcome;
		struct lm_error why;

		small_restore(&stick, &stick.fresh);
		outcome = run_op(&h, LM_OP_MERGE, false, &why);
		snprintf(where, sizeof(where), "cancelled at call %u of %u: outcome %d", n, total,
			 outcome);
		if (outcome == LM_CANCELLED) {
			check_untouched();
			check_view();
			stopped++;
		} else {
			assert_int_equal(outcome, LM_DONE);
			check_merged();
			late++;
		}
	}
	printf("# %u stopped, %u too late\n", stopped, late);
	assert_true(late > 0 && (same || stopped > late));
}

/* Killed for real, in a process of its own: locks go, what was written stays. */
static void test_kill(void **state)
{
	unsigned total;

	(void)state;
	small_restore(&stick, &stick.fresh);
	total = count_changes(LM_OP_MERGE, false, false);
	for (unsigned n = 1; n <= total; n += n + 24 < total && n > 6 ? 5 : 1) {
		int status;
		pid_t pid;

		small_restore(&stick, &stick.fresh);
		fflush(NULL);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct hurt h = { .model = HURT_KILL, .n = n };
			struct lm_error why;

			run_op(&h, LM_OP_MERGE, false, &why);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		snprintf(where, sizeof(where), "killed at change %u of %u", n, total);
		resume_and_merge();
	}
}

/* After a reset the base alone is there: what counts is that nothing else is ever. */
static void test_reset(void **state)
{
	unsigned total;

	(void)state;
	small_restore(&stick, &stick.fresh);
	total = count_changes(LM_OP_RESET, false, false);
	assert_true(overlay_is_empty());
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_CUT, .n = n, .lossy = true, .seed = n };
		struct lm_error why;

		small_restore(&stick, &stick.fresh);
		run_op(&h, LM_OP_RESET, false, &why);
		snprintf(where, sizeof(where), "reset cut %u of %u at %s", n, total, h.what);
		if (!overlay_is_empty())
			check_view();
		must(LM_OP_RESUME, false);
		check_clean();
		assert_true(small_same(&stick, &stick.fresh, base_name()));
		if (!overlay_is_empty())
			check_view();
	}
}

static void overlay_poke(uint64_t chunk)
{
	unsigned char data[4096];
	struct cow_store *store;
	struct io_file *file;
	char path[256];

	memset(data, 0x77, sizeof(data));
	snprintf(path, sizeof(path), "%s/%s", stick.top, OVERLAY);
	assert_int_equal(io_path_open(path, IO_WRITE, &file), 0);
	assert_int_equal(cow_store_open(file, path, stick.want_len / 512, &store, NULL), 0);
	assert_int_equal(cow_store_write(store, chunk, 0, data, sizeof(data), NULL, NULL), 0);
	assert_int_equal(cow_store_commit(store, NULL), 0);
	cow_store_close(store);
	io_file_close(file);
}

/*
 * Cut off, then booted: the overlay holds more than the merge knew of. Whatever
 * resume does, what was written after the cut must be there.
 */
static void test_used_meanwhile(void **state)
{
	unsigned total;
	uint64_t chunk = stick.want_len / 4096 - 1;

	(void)state;
	/* The last chunk that is in use as a whole: it holds a file's content. */
	while (!stick.used[4 * chunk] || !stick.used[4 * chunk + 1] || !stick.used[4 * chunk + 2] ||
	       !stick.used[4 * chunk + 3])
		chunk--;
	small_restore(&stick, &stick.fresh);
	total = count_changes(LM_OP_MERGE, false, false);
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_CUT, .n = n, .lossy = true, .seed = 5 * n };
		unsigned char data[4096], want[4096];
		struct stick_look look;
		struct lm_error why;
		struct lm_stick *s;
		struct lm_ctx *ctx;

		small_restore(&stick, &stick.fresh);
		run_op(&h, LM_OP_MERGE, false, &why);
		snprintf(where, sizeof(where), "cut %u of %u at %s, then used", n, total, h.what);
		overlay_poke(chunk);
		must(LM_OP_RESUME, false);
		check_clean();
		assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
		assert_int_equal(lm_stick_open(ctx, stick.top, &s, NULL), 0);
		assert_int_equal(stick_look_open(s, 0, &look, NULL), 0);
		assert_non_null(look.view);
		assert_int_equal(io_source_read(look.view, data, sizeof(data), chunk * 4096, NULL),
				 0);
		memset(want, 0x77, sizeof(want));
		if (memcmp(data, want, sizeof(want)) != 0)
			fail_msg("%s: what was written since is gone", where);
		stick_look_close(&look);
		lm_stick_close(s);
		lm_ctx_free(ctx);
	}
}

static int setup_image(void **state)
{
	(void)state;
	small_make(&stick, false);
	return 0;
}

static int setup_bare(void **state)
{
	(void)state;
	small_make(&stick, true);
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

/* One plan of TAP for all kinds of stick: what follows works on another kind. */
static void change_to_bare(void **state)
{
	same = false;
	assert_int_equal(teardown(state), 0);
	assert_int_equal(setup_bare(state), 0);
}

static void change_to_same(void **state)
{
	assert_int_equal(teardown(state), 0);
	small_make_same(&stick);
	same = true;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, start)
	const struct CMUnitTest tests[] = {
		T(test_cut),	    T(test_cut_lossy), T(test_cut_aside),   T(test_cut_undo),
		T(test_cut_resume), T(test_fail_eio),  T(test_fail_enospc), T(test_kill),
		T(test_reset),	    T(test_used_meanwhile), T(test_cut_work), T(test_cut_swap),
		T(test_cancel),
		cmocka_unit_test(change_to_same),
		T(test_cut),	    T(test_cut_lossy), T(test_cut_undo),    T(test_cut_resume),
		T(test_fail_eio),   T(test_kill),      T(test_cut_work),    T(test_cut_swap),
		T(test_used_meanwhile), T(test_cancel),
		cmocka_unit_test(change_to_bare),
		T(test_cut),	    T(test_cut_lossy), T(test_cut_undo), T(test_cut_resume),
		T(test_fail_eio),   T(test_fail_enospc), T(test_kill),   T(test_used_meanwhile),
		T(test_cancel),
	};

	return cmocka_run_group_tests(tests, setup_image, teardown);
}

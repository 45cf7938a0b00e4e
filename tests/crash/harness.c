/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/crash/harness.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

struct small_stick stick;
char where[300];

static _Atomic(struct lm_job *) running;

/* ---- running ---- */

enum lm_outcome crash_run(struct hurt *h, enum lm_op op, bool undo, struct lm_error *why)
{
	struct lm_options o = {.op = op, .undo = undo};
	struct lm_stick *s = NULL;
	struct lm_plan *plan = NULL;
	struct lm_result result;
	struct lm_job *job;
	struct lm_ctx *ctx;
	enum lm_outcome outcome;

	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	ctx->no_fuse = ctx->no_e2fsck = true;
	if (crash.prepare)
		crash.prepare(ctx, &o);
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

void crash_must(enum lm_op op, bool undo)
{
	struct lm_error why;
	enum lm_outcome outcome = crash_run(NULL, op, undo, &why);

	if (outcome != LM_DONE)
		fail_msg("%s: then %s: outcome %d: %s: %s: %s", where, lm_op_word(op), outcome,
			 why.what, why.on, why.why);
}

/* ---- looking ---- */

void crash_check_clean(void)
{
	for (size_t i = 0; i < sizeof(crash.leftovers) / sizeof(crash.leftovers[0]); i++) {
		if (crash.leftovers[i] && small_exists(&stick, crash.leftovers[i]))
			fail_msg("%s: %s was left behind", where, crash.leftovers[i]);
	}
	if (small_exists(&stick, "LiveOS/livemend/PENDING.txt") ||
	    small_exists(&stick, "LiveOS/livemend/PENDING.bak"))
		fail_msg("%s: the journal is still pending", where);
}

void crash_with_stick(void (*fn)(struct lm_stick *s))
{
	struct lm_stick *s;
	struct lm_error err;
	struct lm_ctx *ctx;

	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	if (lm_stick_open(ctx, stick.top, &s, &err) < 0)
		fail_msg("%s: opening: %s: %s", where, err.what, err.why);
	fn(s);
	lm_stick_close(s);
	lm_ctx_free(ctx);
}

uint64_t crash_compare_pair(const struct stick_pair *pair)
{
	struct stick_look look;
	unsigned char *now = malloc(stick.want_len);
	uint64_t allocated;

	assert_non_null(now);
	assert_int_equal(stick_look_pair(pair, &look, NULL), 0);
	if (look.trouble.code != 0)
		fail_msg("%s: looking: %s: %s: %s", where, look.trouble.what, look.trouble.on,
			 look.trouble.why);
	if (!look.paired)
		fail_msg("%s: no pair any more: %s", where, look.pair_why);
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

uint64_t crash_compare_view(struct lm_stick *s)
{
	const struct stick_pair pair = stick_pair_of(s, 0);

	return crash_compare_pair(&pair);
}

struct cow_store *crash_open_overlay(bool write, struct io_file **file)
{
	struct cow_store *store;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", stick.top, OVERLAY);
	assert_int_equal(io_path_open(path, write ? IO_WRITE : IO_READ, file), 0);
	assert_int_equal(cow_store_open(*file, path, stick.want_len / 512, &store, NULL), 0);
	return store;
}

void crash_close_overlay(struct cow_store *store, struct io_file *file)
{
	cow_store_close(store);
	assert_int_equal(io_file_close(file), 0);
}

uint64_t crash_last_chunk(void)
{
	uint64_t chunk = stick.want_len / 4096 - 1;
	const bool *used;

	for (used = stick.used + 4 * chunk; !used[0] || !used[1] || !used[2] || !used[3]; used -= 4)
		chunk--;
	return chunk;
}

uint64_t crash_mapped_chunk(void)
{
	static uint64_t chunk;
	struct cow_store *store;
	struct io_file *file;
	const bool *used;

	if (chunk != 0)
		return chunk;
	small_restore(&stick, crash.start);
	store = crash_open_overlay(false, &file);
	chunk = stick.want_len / 4096;
	do {
		assert_true(--chunk > 64);
		used = stick.used + 4 * chunk;
	} while (!used[0] || !used[1] || !used[2] || !used[3] || !cow_store_lookup(store, chunk));
	crash_close_overlay(store, file);
	return chunk;
}

static uint64_t looked_at;
static unsigned char look_for;

static void check_chunk(struct lm_stick *s)
{
	unsigned char data[4096];
	struct stick_look look;

	assert_int_equal(stick_look_open(s, 0, &look, NULL), 0);
	assert_non_null(look.view);
	assert_int_equal(io_source_read(look.view, data, sizeof(data), looked_at * 4096, NULL), 0);
	for (size_t i = 0; i < sizeof(data); i++) {
		if (data[i] != look_for)
			fail_msg("%s: what was written since is gone", where);
	}
	stick_look_close(&look);
}

void crash_check_chunk(uint64_t chunk, unsigned char byte)
{
	looked_at = chunk;
	look_for = byte;
	crash_with_stick(check_chunk);
}

/* ---- the loops ---- */

static void check_settled(void)
{
	if (crash.check_settled) {
		crash.check_settled();
		return;
	}
	crash.check();
	crash_check_clean();
}

/* With sanitizers it is their findings that count: the same code runs at most of the calls. */
#define SANITIZED_EACH 11

unsigned crash_share(unsigned n)
{
	return getenv("LM_SANITIZED") ? n / SANITIZED_EACH : n;
}

static bool is_tried(unsigned n, unsigned total)
{
	return !getenv("LM_SANITIZED") || n <= 4 || n + 4 >= total || n % SANITIZED_EACH == 0;
}

/* Between the first and the last of them they are much alike. */
static bool is_tried_sparsely(unsigned n, unsigned total)
{
	if (getenv("LM_SANITIZED"))
		return is_tried(n, total);
	return n <= crash.head || n + crash.tail >= total || n % crash.each == 0;
}

unsigned crash_count(bool calls)
{
	struct hurt h = {.model = HURT_COUNT, .renames = crash.renames};
	struct lm_error why;
	enum lm_outcome outcome;

	small_restore(&stick, crash.start);
	snprintf(where, sizeof(where), "unhurt");
	if (crash.begin)
		crash.begin();
	outcome = crash_run(&h, crash.op, false, &why);
	if (outcome != LM_DONE)
		fail_msg("unhurt: outcome %d: %s: %s: %s", outcome, why.what, why.on, why.why);
	crash.check_done();
	assert_true(h.changes > crash.least);
	return calls ? h.calls : h.changes;
}

/* A run that is cut off at its n-th change; where says so. */
static enum lm_outcome cut_at(unsigned n, unsigned total, bool lossy, unsigned seed)
{
	struct hurt h = {.model = HURT_CUT,
			 .n = n,
			 .lossy = lossy,
			 .seed = seed,
			 .renames = crash.renames};
	enum lm_outcome outcome;
	struct lm_error why;

	small_restore(&stick, crash.start);
	outcome = crash_run(&h, crash.op, false, &why);
	snprintf(where, sizeof(where), "cut %u of %u (seed %u) at %.100s", n, total, seed, h.what);
	assert_true(h.hit);
	assert_true(outcome == LM_UNCHANGED || outcome == LM_RESUMABLE);
	return outcome;
}

void crash_cut(bool lossy, unsigned rounds)
{
	unsigned total = crash_count(false);

	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned n = 1; n <= total; n++) {
			if (!is_tried(n, total))
				continue;
			cut_at(n, total, lossy, n + 7919 * round);
			crash.finish();
		}
	}
	printf("# %u cuts\n", total * rounds);
}

unsigned crash_cut_undo(void)
{
	unsigned total = crash_count(false), undone = 0;

	for (unsigned n = 1; n <= total; n++) {
		struct lm_error why;
		enum lm_outcome outcome;

		if (!is_tried(n, total))
			continue;
		cut_at(n, total, true, n);
		crash.check();
		outcome = crash_run(NULL, LM_OP_RESUME, true, &why);
		crash.check();
		if (crash.undone) {
			undone += crash.undone(outcome);
		} else if (outcome == LM_DONE) {
			crash_check_clean();
			undone++;
		} else {
			/* Too late for that, as it says; then it can be finished. */
			crash.finish();
		}
	}
	printf("# %u of %u undone\n", undone, total);
	return undone;
}

unsigned crash_cut_resume(bool undo)
{
	unsigned total = crash_count(false), cuts = 0;

	for (unsigned n = 1; n <= total; n++) {
		struct small_files half;
		char first[sizeof(where)];

		if (!is_tried_sparsely(n, total))
			continue;
		cut_at(n, total, true, 3 * n);
		memcpy(first, where, sizeof(first));
		small_save(&stick, &half);
		for (unsigned k = 1;; k++) {
			struct hurt again = {
				.model = HURT_CUT, .n = k, .lossy = true, .seed = n + k};
			struct lm_error why;

			small_restore(&stick, &half);
			crash_run(&again, LM_OP_RESUME, undo, &why);
			if (!again.hit)
				break;
			snprintf(where, sizeof(where), "%.150s, resume cut %u at %.80s", first, k,
				 again.what);
			crash.check();
			crash_must(LM_OP_RESUME, false);
			check_settled();
			cuts++;
		}
		small_files_free(&half);
	}
	printf("# %u cuts of resumes\n", cuts);
	return cuts;
}

void crash_fail(int code)
{
	unsigned total = crash_count(true), told[3] = {0};

	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = {.model = HURT_FAIL, .n = n, .code = code};
		enum lm_outcome outcome;
		struct lm_error why;

		if (crash.sparse ? !is_tried_sparsely(n, total) : !is_tried(n, total))
			continue;
		small_restore(&stick, crash.start);
		outcome = crash_run(&h, crash.op, false, &why);
		snprintf(where, sizeof(where), "%s at call %u of %u, %s: outcome %d, %.60s",
			 strerror(-code), n, total, h.what, outcome, why.what);
		switch (outcome) {
		case LM_DONE: /* it did not matter */
			crash.check_done();
			told[0]++;
			break;
		case LM_UNCHANGED:
		case LM_REFUSED:
			assert_true(why.what[0] != '\0');
			crash.check_untouched();
			crash.check();
			told[1]++;
			break;
		case LM_RESUMABLE:
			crash.finish();
			told[2]++;
			break;
		default:
			fail_msg("%s: what is that?", where);
		}
	}
	printf("# %u calls failed: %u did not matter, %u unchanged, %u resumed\n", total, told[0],
	       told[1], told[2]);
	assert_true(told[1] + told[2] > crash_share(5));
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

struct crash_told crash_cancel(void)
{
	unsigned total = crash_count(true);
	struct crash_told told = {0};

	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = {.model = HURT_TELL, .n = n, .tell = cancel_now};
		enum lm_outcome outcome;
		struct lm_error why;

		if (crash.sparse ? !is_tried_sparsely(n, total) : !is_tried(n, total))
			continue;
		small_restore(&stick, crash.start);
		outcome = crash_run(&h, crash.op, false, &why);
		snprintf(where, sizeof(where), "cancelled at call %u of %u: outcome %d", n, total,
			 outcome);
		if (outcome != LM_CANCELLED) {
			assert_int_equal(outcome, LM_DONE);
			crash.check_done();
			told.late++;
			continue;
		}
		if (crash.check_cancelled) {
			crash.check_cancelled();
		} else {
			crash.check_untouched();
			crash.check();
		}
		told.stopped++;
	}
	printf("# %u stopped, %u too late\n", told.stopped, told.late);
	return told;
}

void crash_kill(void)
{
	unsigned total = crash_count(false);

	for (unsigned n = 1; n <= total; n++) {
		int status;
		pid_t pid;

		if (!is_tried_sparsely(n, total))
			continue;
		small_restore(&stick, crash.start);
		fflush(NULL);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct hurt h = {.model = HURT_KILL, .n = n};
			struct lm_error why;

			crash_run(&h, crash.op, false, &why);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		snprintf(where, sizeof(where), "killed at change %u of %u", n, total);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		crash.finish();
	}
}

unsigned crash_used_meanwhile(bool undo, void (*used)(void), void (*check)(void))
{
	unsigned total = crash_count(false), done = 0;

	for (unsigned n = 1; n <= total; n++) {
		struct lm_error why;

		cut_at(n, total, true, 5 * n);
		snprintf(where + strlen(where), sizeof(where) - strlen(where), ", then used");
		used();
		if (crash_run(NULL, LM_OP_RESUME, undo, &why) == LM_DONE)
			done++;
		else
			crash_must(LM_OP_RESUME, false);
		crash_check_clean();
		check();
	}
	return done;
}

static void (*use_now_fn)(void);

static void use_now(void *arg)
{
	(void)arg;
	use_now_fn();
}

void crash_used_while(void (*used)(void), void (*check)(void))
{
	unsigned total = crash_count(true), told[2] = {0};

	use_now_fn = used;
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = {.model = HURT_TELL, .n = n, .tell = use_now,
				 .renames = crash.renames};
		enum lm_outcome outcome;
		struct lm_error why;

		if (!is_tried_sparsely(n, total))
			continue;
		small_restore(&stick, crash.start);
		outcome = crash_run(&h, crash.op, false, &why);
		snprintf(where, sizeof(where), "used at call %u of %u: outcome %d: %.60s", n, total,
			 outcome, why.what);
		if (outcome == LM_RESUMABLE)
			crash_must(LM_OP_RESUME, false);
		crash_check_clean();
		check();
		told[outcome == LM_DONE]++;
	}
	printf("# %u went on, %u did not\n", told[1], told[0]);
}

/* ---- as tests ---- */

void test_cut(void **state)
{
	(void)state;
	crash_cut(false, 1);
}

void test_cut_lossy(void **state)
{
	(void)state;
	crash_cut(true, 3);
}

void test_cut_aside(void **state)
{
	(void)state;
	crash.renames = NO_EXCHANGE;
	crash_cut(true, 2);
	crash.renames = NO_FLAGS;
	crash_cut(true, 1);
	crash.renames = NO_HEED;
	crash_cut(true, 1);
	crash.renames = ALL_RENAMES;
}

void test_cut_resume(void **state)
{
	(void)state;
	assert_true(crash_cut_resume(false) > crash_share(20));
}

void test_fail_eio(void **state)
{
	(void)state;
	crash_fail(-EIO);
}

void test_fail_enospc(void **state)
{
	(void)state;
	crash_fail(-ENOSPC);
}

void test_kill(void **state)
{
	(void)state;
	crash_kill();
}

/*
 * Something writes to a chunk of the overlay that is mapped, while the operation is at work: no table
 * tells of it. Not at the very instant of an earlier write: that is what the time of a file tells.
 */
static void use_in_place(void)
{
	unsigned char data[4096];
	struct io_stat before, after;
	struct io_file *file;
	struct cow_store *store = crash_open_overlay(true, &file);

	memset(data, 0x77, sizeof(data));
	assert_int_equal(io_fstat(file, &before), 0);
	do {
		assert_int_equal(cow_store_write(store, crash_mapped_chunk(), 0, data, sizeof(data),
						 NULL, NULL), 0);
		assert_int_equal(cow_store_commit(store, NULL), 0);
		assert_int_equal(io_fstat(file, &after), 0);
	} while (after.mtime == before.mtime && after.mtime_nsec == before.mtime_nsec);
	crash_close_overlay(store, file);
}

/* In the image by then, or in the overlay still: whatever is read is what was written. */
static void check_used_in_place(void)
{
	crash_check_chunk(crash_mapped_chunk(), 0x77);
}

void test_used_in_place(void **state)
{
	(void)state;
	crash_mapped_chunk(); /* as it is before */
	crash_used_while(use_in_place, check_used_in_place);
}

int crash_start(void **state)
{
	(void)state;
	alarm(240);
	where[0] = '\0';
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_crash_recover.c - recovering, cut off or failing at every single call
 *
 * The overlay is full, invalid, has stale records behind its table, and its
 * file system gets repairs in chunks that are there and in new ones. The
 * oracle: the image is never touched; whenever the overlay is marked valid
 * everything in it is as it was, if it was valid, or as it is to be; a resume makes it the very file that an unhurt run makes; a resume
 * that undoes makes it the very file that it was; and what a run says of its
 * outcome is true.
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

#include "core/bytes.h"
#include "core/ctx.h"
#include "core/livemend.h"
#include "core/stick/stick.h"
#include "tests/lib/hurt_io.h"
#include "tests/lib/small_stick.h"

#define BASE "LiveOS/squashfs.img"
#define OVERLAY "LiveOS/overlay-LIVE-1A2B-3C4D"
#define UNDO "LiveOS/livemend/recover.undo"
#define MORE_BYTES (256u << 10)

static struct small_stick stick;
static struct small_files ill, well;
static char where[300]; /* for messages */
static uint64_t ill_bytes;
static bool was_valid;

static _Atomic(struct lm_job *) running;

/* Blocks far from each other: some are in the overlay, some are not. */
static int mend_some(void *arg, struct io_source *top)
{
	unsigned char block[1024];
	int ret = 0;

	(void)arg;
	for (uint64_t off = 64 << 10; off + sizeof(block) <= top->size_bytes && ret == 0;
	     off += top->size_bytes / 16 / 1024 * 1024) {
		ret = io_source_read(top, block, sizeof(block), off, NULL);
		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = (unsigned char)(block[i] ^ 0x5a);
		if (ret == 0)
			ret = io_source_write(top, block, sizeof(block), off, NULL);
	}
	return ret;
}

static enum lm_outcome run_op(struct hurt *h, enum lm_op op, bool undo, struct lm_error *why)
{
	struct lm_options o = { .op = op, .undo = undo };
	struct lm_stick *s = NULL;
	struct lm_plan *plan = NULL;
	struct lm_result result;
	struct lm_job *job;
	struct lm_ctx *ctx;
	enum lm_outcome outcome;

	if (op == LM_OP_RECOVER)
		o.size_bytes = ill_bytes + MORE_BYTES;
	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	ctx->no_fuse = true;
	ctx->repair = mend_some;
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

static void path_of(char path[200], const char *name)
{
	snprintf(path, 200, "%s/%s", stick.top, name);
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
	if (small_exists(&stick, UNDO))
		fail_msg("%s: the undo file was left behind", where);
	if (!small_same(&stick, &ill, OVERLAY))
		fail_msg("%s: it says that nothing has changed, but it has", where);
}

static void check_recovered(void)
{
	check_clean();
	if (!small_same(&stick, &well, OVERLAY))
		fail_msg("%s: the overlay is not what it is to be", where);
}

static bool is_valid_on_disk(void)
{
	unsigned char header[16];
	char path[200];
	FILE *f;

	path_of(path, OVERLAY);
	f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fread(header, 1, sizeof(header), f), sizeof(header));
	fclose(f);
	return get_le32(header + 4) != 0;
}

/* What it was, but for its length. */
static bool is_ill_on_disk(void)
{
	struct small_files now = { 0 };
	const unsigned char *was = NULL, *is = NULL;
	size_t was_len = 0, len = 0;
	bool same = false;

	small_save(&stick, &now);
	for (size_t i = 0; i < ill.count; i++) {
		if (strcmp(ill.files[i].path, OVERLAY) == 0) {
			was = ill.files[i].data;
			was_len = ill.files[i].len;
		}
	}
	for (size_t i = 0; i < now.count; i++) {
		if (strcmp(now.files[i].path, OVERLAY) == 0) {
			is = now.files[i].data;
			len = now.files[i].len;
		}
	}
	assert_true(was && is);
	same = len >= was_len && memcmp(was, is, was_len) == 0;
	small_files_free(&now);
	return same;
}

/* At any moment: whoever starts from it then finds what was, or what is to be, or is refused. */
static void check_state(void)
{
	if (!small_same(&stick, &stick.fresh, BASE))
		fail_msg("%s: the image was touched", where);
	if (is_valid_on_disk() && !small_same(&stick, &well, OVERLAY) &&
	    !(was_valid && is_ill_on_disk()))
		fail_msg("%s: it is marked valid, and is neither what it was nor what it is to be",
			 where);
}

/* From whatever there is now to a recovered stick. */
static void resume_and_recover(void)
{
	check_state();
	must(LM_OP_RESUME, false);
	check_state();
	check_clean();
	if (!small_same(&stick, &well, OVERLAY)) {
		if (!small_same(&stick, &ill, OVERLAY))
			fail_msg("%s: the resume left something in between", where);
		must(LM_OP_RECOVER, false);
	}
	check_recovered();
}

static unsigned count(bool calls)
{
	struct hurt h = { .model = HURT_COUNT };
	struct lm_error why;
	enum lm_outcome outcome;

	small_restore(&stick, &ill);
	snprintf(where, sizeof(where), "unhurt");
	outcome = run_op(&h, LM_OP_RECOVER, false, &why);
	if (outcome != LM_DONE)
		fail_msg("unhurt: outcome %d: %s: %s: %s", outcome, why.what, why.on, why.why);
	small_files_free(&well);
	small_save(&stick, &well);
	check_state();
	check_clean();
	assert_true(is_valid_on_disk());
	assert_false(small_same(&stick, &ill, OVERLAY));
	return calls ? h.calls : h.changes;
}

/* ---- the stick ---- */

static void make_ill(bool invalid)
{
	struct lm_stick *s;
	struct stick_look look;
	struct lm_ctx *ctx;
	const struct cow_info *info;
	unsigned char bytes[16];
	char path[200];
	uint64_t tail;
	FILE *f;

	small_restore(&stick, &stick.fresh);
	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	assert_int_equal(lm_stick_open(ctx, stick.top, &s, NULL), 0);
	assert_int_equal(stick_look_open(s, 0, &look, NULL), 0);
	info = cow_store_info(look.store);
	ill_bytes = info->next_free * info->chunk_sectors * 512;
	/* Two records behind the terminator of the first area; it must not be full. */
	assert_int_equal(info->areas, 1);
	tail = info->chunk_sectors * 512ull + (info->exceptions + 3) * 16;
	assert_true(info->exceptions + 4 < info->chunk_sectors * 32ull);
	stick_look_close(&look);
	lm_stick_close(s);
	lm_ctx_free(ctx);

	path_of(path, OVERLAY);
	f = fopen(path, "r+b");
	assert_non_null(f);
	put_le64(bytes, 7);
	put_le64(bytes + 8, 9);
	assert_int_equal(fseek(f, (long)tail, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, 16, f), 16);
	put_le32(bytes, invalid ? 0 : 1);
	assert_int_equal(fseek(f, 4, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, 4, f), 4);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(truncate(path, (off_t)ill_bytes), 0);
	small_files_free(&ill);
	small_save(&stick, &ill);
	was_valid = !invalid;
}

/* ---- the loops ---- */

static void cut_all(bool lossy, unsigned rounds)
{
	unsigned total = count(false);

	assert_true(total > 20);
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned n = 1; n <= total; n++) {
			struct hurt h = { .model = HURT_CUT, .n = n, .lossy = lossy,
					  .seed = n + 7919 * round };
			enum lm_outcome outcome;
			struct lm_error why;

			small_restore(&stick, &ill);
			outcome = run_op(&h, LM_OP_RECOVER, false, &why);
			snprintf(where, sizeof(where), "cut %u of %u (round %u) at %s", n, total,
				 round, h.what);
			assert_true(h.hit);
			assert_true(outcome == LM_UNCHANGED || outcome == LM_RESUMABLE);
			resume_and_recover();
		}
	}
	printf("# %u cuts\n", total * rounds);
}

static void test_cut(void **state)
{
	(void)state;
	cut_all(false, 1);
}

static void test_cut_lossy(void **state)
{
	(void)state;
	cut_all(true, 3);
}

/* Each state that a cut leaves, undone rather than finished. */
static void test_cut_undo(void **state)
{
	unsigned total = count(false), undone = 0;

	(void)state;
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_CUT, .n = n, .lossy = true, .seed = n };
		struct lm_error why;

		small_restore(&stick, &ill);
		run_op(&h, LM_OP_RECOVER, false, &why);
		snprintf(where, sizeof(where), "cut %u of %u at %s, undone", n, total, h.what);
		check_state();
		must(LM_OP_RESUME, true);
		check_clean();
		if (small_same(&stick, &ill, OVERLAY))
			undone++;
		else /* it had all been done */
			check_recovered();
	}
	assert_true(undone + 2 >= total);
}

/* The resume is cut off too, both ways, at each of its own calls, and taken up again. */
static void cut_resumes(bool undo)
{
	unsigned total = count(false), cuts = 0;

	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_CUT, .n = n, .lossy = true, .seed = 3 * n };
		struct small_files half;
		struct lm_error why;
		char first[220];

		/* Those while the undo file is written, and the changes, are all alike. */
		if (n > 24 && n + 24 < total && n % 8 != 0)
			continue;
		small_restore(&stick, &ill);
		run_op(&h, LM_OP_RECOVER, false, &why);
		snprintf(first, sizeof(first), "%s", h.what);
		small_save(&stick, &half);
		for (unsigned k = 1;; k++) {
			struct hurt again = { .model = HURT_CUT, .n = k, .lossy = true,
					      .seed = n + k };

			small_restore(&stick, &half);
			run_op(&again, LM_OP_RESUME, undo, &why);
			if (!again.hit)
				break;
			snprintf(where, sizeof(where), "cut %u at %.100s, resume cut %u at %.100s",
				 n, first, k, again.what);
			resume_and_recover();
			cuts++;
		}
		small_files_free(&half);
	}
	printf("# %u cuts of resumes\n", cuts);
	assert_true(cuts > 50);
}

static void test_cut_resume(void **state)
{
	(void)state;
	cut_resumes(false);
}

static void test_cut_undoing(void **state)
{
	(void)state;
	cut_resumes(true);
}

static void fail_all(int code)
{
	unsigned total = count(true), told[3] = { 0 };

	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_FAIL, .n = n, .code = code };
		enum lm_outcome outcome;
		struct lm_error why;

		small_restore(&stick, &ill);
		outcome = run_op(&h, LM_OP_RECOVER, false, &why);
		snprintf(where, sizeof(where), "%s at call %u of %u, %s: outcome %d, %.60s",
			 strerror(-code), n, total, h.what, outcome, why.what);
		switch (outcome) {
		case LM_DONE: /* it did not matter */
			check_recovered();
			told[0]++;
			break;
		case LM_UNCHANGED:
		case LM_REFUSED:
			assert_true(why.what[0] != '\0');
			if (why.code == -EIO)
				assert_non_null(strstr(why.help, "ddrescue"));
			check_untouched();
			told[1]++;
			break;
		case LM_RESUMABLE:
			resume_and_recover();
			told[2]++;
			break;
		default:
			fail_msg("%s: what is that?", where);
		}
	}
	printf("# %u calls failed: %u did not matter, %u unchanged, %u resumed\n", total, told[0],
	       told[1], told[2]);
	assert_true(told[1] > 5);
}

static void test_fail_eio(void **state)
{
	(void)state;
	fail_all(-EIO);
}

static void test_fail_enospc(void **state)
{
	(void)state;
	fail_all(-ENOSPC);
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
	unsigned total = count(true), stopped = 0, late = 0;

	(void)state;
	for (unsigned n = 1; n <= total; n++) {
		struct hurt h = { .model = HURT_TELL, .n = n, .tell = cancel_now };
		enum lm_outcome outcome;
		struct lm_error why;

		small_restore(&stick, &ill);
		outcome = run_op(&h, LM_OP_RECOVER, false, &why);
		snprintf(where, sizeof(where), "cancelled at call %u of %u: outcome %d", n, total,
			 outcome);
		if (outcome == LM_CANCELLED) {
			check_untouched();
			stopped++;
		} else {
			assert_int_equal(outcome, LM_DONE);
			check_recovered();
			late++;
		}
	}
	printf("# %u stopped, %u too late\n", stopped, late);
	assert_true(stopped > 5);
}

static void test_kill(void **state)
{
	unsigned total = count(false);

	(void)state;
	for (unsigned n = 1; n <= total; n++) {
		pid_t pid;
		int status;

		small_restore(&stick, &ill);
		fflush(stdout);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct hurt h = { .model = HURT_KILL, .n = n };
			struct lm_error why;

			run_op(&h, LM_OP_RECOVER, false, &why);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		snprintf(where, sizeof(where), "killed at change %u of %u", n, total);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		resume_and_recover();
	}
}

/* After the end: back to the byte, but only as long as nobody has used it. */
static void test_undo_later(void **state)
{
	char path[200];
	unsigned char byte = 0x77;
	FILE *f;

	(void)state;
	count(false);
	must(LM_OP_RESUME, true);
	check_untouched();

	count(false);
	path_of(path, OVERLAY);
	f = fopen(path, "r+b");
	assert_non_null(f);
	/* What a start of the system changes, of all that is there: the first mapped chunk. */
	assert_int_equal(fseek(f, 2 * 4096 + 1030, SEEK_SET), 0);
	assert_int_equal(fwrite(&byte, 1, 1, f), 1);
	assert_int_equal(fclose(f), 0);
	small_files_free(&well);
	small_save(&stick, &well);
	must(LM_OP_RESUME, true);
	check_recovered();

	/* Nor after another operation: then its undo file is no use, and goes. */
	assert_true(small_exists(&stick, UNDO));
	must(LM_OP_RESET, false);
	assert_false(small_exists(&stick, UNDO));
}

static unsigned calls_with_room(bool invalid)
{
	char path[200];

	make_ill(invalid);
	path_of(path, OVERLAY);
	ill_bytes += 4 << 20;
	assert_int_equal(truncate(path, (off_t)ill_bytes), 0);
	small_files_free(&ill);
	small_save(&stick, &ill);
	return count(true);
}

/* Invalid and not full: an error of the medium did that, so all of it is read before anything. */
static void test_read_all(void **state)
{
	unsigned valid = calls_with_room(false), invalid = calls_with_room(true);

	(void)state;
	if (invalid <= valid)
		fail_msg("%u calls for an invalid overlay with room, %u for a valid one", invalid,
			 valid);
	fail_all(-EIO);
}

static int with_invalid(void **state)
{
	(void)state;
	make_ill(true);
	return 0;
}

static int with_valid(void **state)
{
	(void)state;
	make_ill(false);
	return 0;
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
	small_files_free(&ill);
	small_files_free(&well);
	small_free(&stick);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_cut, with_invalid),
		cmocka_unit_test_setup(test_cut_lossy, with_invalid),
		cmocka_unit_test_setup(test_cut, with_valid),
		cmocka_unit_test_setup(test_cut_lossy, with_valid),
		cmocka_unit_test_setup(test_cut_undo, with_invalid),
		cmocka_unit_test_setup(test_cut_resume, with_invalid),
		cmocka_unit_test_setup(test_cut_undoing, with_valid),
		cmocka_unit_test_setup(test_fail_eio, with_invalid),
		cmocka_unit_test_setup(test_fail_enospc, with_invalid),
		cmocka_unit_test_setup(test_cancel, with_invalid),
		cmocka_unit_test_setup(test_kill, with_invalid),
		cmocka_unit_test_setup(test_undo_later, with_invalid),
		cmocka_unit_test(test_read_all),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

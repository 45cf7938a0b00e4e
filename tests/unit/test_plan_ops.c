/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans of the operations on a small real stick: what they say, refuse, and do. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/ctx.h"
#include "core/livemend.h"
#include "core/plan/journal.h"
#include "core/stick/stick.h"
#include "tests/lib/small_stick.h"

#define OVERLAY "LiveOS/overlay-LIVE-1A2B-3C4D"

static struct small_stick stick;
static struct lm_ctx *ctx;
static struct lm_stick *s;

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

static int begin(void **state)
{
	(void)state;
	alarm(60);
	small_restore(&stick, &stick.fresh);
	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	ctx->no_fuse = true;
	s = NULL;
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (s)
		lm_stick_close(s);
	lm_ctx_free(ctx);
	return 0;
}

static struct lm_plan *plan_for(const struct lm_options *o)
{
	struct lm_plan *plan;
	struct lm_error err;

	if (s)
		lm_stick_close(s);
	if (lm_stick_open(ctx, stick.top, &s, &err) < 0)
		fail_msg("%s: %s", err.what, err.why);
	if (lm_plan_make(ctx, s, o, &plan, &err) < 0)
		fail_msg("%s: %s", err.what, err.why);
	assert_non_null(plan->title);
	assert_non_null(plan->summary);
	assert_non_null(plan->warnings);
	return plan;
}

static void refused(const struct lm_options *o, int code, const char *word)
{
	struct lm_plan *plan = plan_for(o);
	struct lm_job *job;

	assert_false(plan->possible);
	assert_int_equal(plan->refusal.outcome, LM_REFUSED);
	assert_int_equal(plan->refusal.code, code);
	assert_true(plan->refusal.what[0] && plan->refusal.why[0]);
	if (!strstr(plan->refusal.why, word) && !strstr(plan->refusal.help, word) &&
	    !strstr(plan->refusal.what, word))
		fail_msg("no \"%s\" in: %s: %s. %s", word, plan->refusal.what, plan->refusal.why,
			 plan->refusal.help);
	assert_true(lm_job_start(plan, &job, NULL) < 0);
	lm_plan_free(plan);
}

static void done(const struct lm_options *o, const char *word)
{
	struct lm_plan *plan = plan_for(o);
	struct lm_result r;
	struct lm_job *job;

	if (!plan->possible)
		fail_msg("%s: %s", plan->refusal.what, plan->refusal.why);
	assert_int_equal(lm_job_start(plan, &job, NULL), 0);
	lm_job_finish(job, &r);
	if (r.outcome != LM_DONE)
		fail_msg("%s: %s: %s", r.error.what, r.error.on, r.error.why);
	if (!strstr(r.now, word))
		fail_msg("no \"%s\" in: %s", word, r.now);
	lm_plan_free(plan);
}

static void poke(const char *path, off_t off, const void *data, size_t len)
{
	char full[256];
	int fd;

	snprintf(full, sizeof(full), "%s/%s", stick.top, path);
	fd = open(full, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, off), len);
	close(fd);
}

static void test_merge_plan(void **state)
{
	struct lm_options o = { .op = LM_OP_MERGE };
	struct lm_plan *plan = plan_for(&o);

	(void)state;
	assert_true(plan->possible);
	assert_null(plan->destroys);
	assert_string_equal(plan->steps[0].id, "check");
	assert_string_equal(plan->steps[plan->n_steps - 1].id, "reset");
	assert_true(plan->n_needs > 0);
	for (size_t i = 0; i < plan->n_needs; i++)
		assert_true(plan->needs[i].ok && plan->needs[i].need_bytes > 0);
	/* The last steps are beyond the point of no return. */
	assert_true(plan->steps[0].cancellable);
	assert_false(plan->steps[plan->n_steps - 1].cancellable);
	/* Planning writes nothing. */
	assert_true(small_same(&stick, &stick.fresh, OVERLAY));
	assert_false(small_exists(&stick, "LiveOS/livemend"));
	lm_plan_free(plan);
}

static void test_merge_refusals(void **state)
{
	struct lm_options o = { .op = LM_OP_MERGE };
	struct lm_options mirror = { .op = LM_OP_MERGE, .method = LM_METHOD_MIRROR };
	struct lm_options on_stick = { .op = LM_OP_MERGE, .work = stick.top };
	struct lm_options nowhere = { .op = LM_OP_MERGE, .work = "/nonexistent/dir" };
	const unsigned char zero[4] = { 0 };

	(void)state;
	refused(&mirror, -EOPNOTSUPP, "rewrite");
	if (!stick.bare) {
		refused(&on_stick, -EINVAL, "stick itself");
		refused(&nowhere, -ENOENT, "folder");
	}
	poke(OVERLAY, 4, zero, 4); /* valid = 0 */
	refused(&o, -EUCLEAN, "invalid");
	small_restore(&stick, &stick.fresh);
	poke(OVERLAY, 0, "junk", 4);
	refused(&o, -EUCLEAN, "");
	small_restore(&stick, &stick.fresh);
}

static void test_pending_refuses(void **state)
{
	struct lm_options merge = { .op = LM_OP_MERGE }, reset = { .op = LM_OP_RESET };
	struct lm_options resume = { .op = LM_OP_RESUME };
	char junk[100] = "junk";
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/LiveOS/livemend", stick.top);
	assert_int_equal(mkdir(path, 0755), 0);
	poke("LiveOS/livemend/PENDING.txt", 0, junk, sizeof(junk));
	refused(&merge, -EBUSY, "resume");
	refused(&reset, -EBUSY, "resume");
	/* A damaged note and no more: the stick is proved good, and the note removed. */
	done(&resume, "leftovers");
	assert_false(small_exists(&stick, "LiveOS/livemend/PENDING.txt"));
	assert_true(small_same(&stick, &stick.fresh, OVERLAY));
	done(&resume, "Nothing was interrupted");
}

/* A note from another stick, or by a stranger: it names files that it must not get at. */
static void test_foreign_note(void **state)
{
	static const char *const overlays[] = { "LiveOS/home.img", "../etc/passwd",
						"LiveOS/overlay-other" };
	struct lm_options resume = { .op = LM_OP_RESUME };

	(void)state;
	poke("LiveOS/home.img", 0, "precious", 8);
	for (size_t i = 0; i < sizeof(overlays) / sizeof(overlays[0]); i++) {
		struct journal_entry e[] = {
			{ "op", "reset" },	  { "phase", "resetting" },
			{ "overlay", overlays[i] }, { "old-bytes", "0" },
			{ "old-hash", "" },	  { "new-bytes", "0" },
			{ "new-hash", "" },	  { "overlay-bytes", "8" },
			{ "overlay-hash", "" },
		};
		struct io *io;

		assert_int_equal(io_dir_open(stick.top, &io), 0);
		assert_int_equal(journal_pending_write(io, "LiveOS", "Words.", e, 9, NULL), 0);
		io_close(io);
		refused(&resume, -EUCLEAN, "journal");
		assert_true(small_exists(&stick, "LiveOS/home.img"));
		assert_true(small_same(&stick, &stick.fresh, OVERLAY));
	}
}

static void test_leftover(void **state)
{
	struct lm_options resume = { .op = LM_OP_RESUME };

	(void)state;
	poke("LiveOS/livemend.new", 0, "half of an image", 16);
	done(&resume, "leftovers");
	assert_false(small_exists(&stick, "LiveOS/livemend.new"));
	assert_true(small_same(&stick, &stick.fresh, OVERLAY));
	/* Never when the image in place is not good. */
	poke("LiveOS/livemend.new", 0, "half of an image", 16);
	if (!stick.bare) {
		struct lm_plan *plan;
		struct lm_result r;
		struct lm_job *job;

		poke("LiveOS/squashfs.img", 2000, "damage damage damage", 20);
		plan = plan_for(&resume);
		assert_true(plan->possible);
		assert_int_equal(lm_job_start(plan, &job, NULL), 0);
		lm_job_finish(job, &r);
		assert_int_not_equal(r.outcome, LM_DONE);
		lm_plan_free(plan);
		assert_true(small_exists(&stick, "LiveOS/livemend.new"));
	}
}

static void test_reset_and_nothing(void **state)
{
	struct lm_options merge = { .op = LM_OP_MERGE }, reset = { .op = LM_OP_RESET };
	struct lm_plan *plan;
	char *text;

	(void)state;
	poke("LiveOS/home.img", 0, "precious", 8);
	plan = plan_for(&reset);
	assert_non_null(plan->destroys);
	assert_string_equal(plan->confirm, "reset");
	lm_plan_free(plan);
	done(&reset, "empty");
	assert_true(small_exists(&stick, "LiveOS/home.img"));
	done(&reset, "nothing to forget");
	done(&merge, "nothing to merge");
	assert_int_equal(lm_journal_read(s, &text, NULL), 0);
	assert_non_null(strstr(text, "reset: "));
	free(text);
}

static void test_merge(void **state)
{
	struct lm_options merge = { .op = LM_OP_MERGE, .deep = true };
	char *text;

	(void)state;
	done(&merge, "overlay is empty");
	done(&merge, "nothing to merge");
	assert_int_equal(lm_journal_read(s, &text, NULL), 0);
	assert_non_null(strstr(text, "merge: "));
	free(text);
}

static void test_export(void **state)
{
	char out[128];
	struct lm_options o = { .op = LM_OP_EXPORT, .out = out };
	struct lm_options nowhere = { .op = LM_OP_EXPORT, .out = "/nonexistent/x.img" };
	struct lm_options none = { .op = LM_OP_EXPORT };
	unsigned char *data = malloc(stick.want_len);
	struct stat st;
	int fd;

	(void)state;
	snprintf(out, sizeof(out), "%s/out.img", stick.room);
	refused(&nowhere, -ENOENT, "folder");
	refused(&none, -EINVAL, "file");
	done(&o, "out.img");
	fd = open(out, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, stick.want_len);
	assert_int_equal(read(fd, data, stick.want_len), stick.want_len);
	for (size_t b = 0; b < stick.want_len / 1024; b++) {
		if (stick.used[b])
			assert_memory_equal(data + b * 1024, stick.want + b * 1024, 1024);
	}
	close(fd);
	refused(&o, -EEXIST, "exists");
	unlink(out);
	free(data);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(test_merge_plan), T(test_merge_refusals), T(test_pending_refuses),
		T(test_foreign_note), T(test_leftover), T(test_reset_and_nothing), T(test_merge),
		T(test_export),
	};
	int failed = cmocka_run_group_tests_name("bare", tests, setup_bare, teardown);

	return failed + cmocka_run_group_tests_name("squashfs", tests, setup_image, teardown);
}

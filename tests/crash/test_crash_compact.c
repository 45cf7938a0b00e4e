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
#include "tests/crash/harness.h"

#define FRESH "LiveOS/livemend.cow"
#define ASIDE "LiveOS/livemend.bak"

static bool in_place;
static uint64_t before, promised, allocated; /* sectors */

static void prepare(struct lm_ctx *ctx, struct lm_options *options)
{
	(void)options;
	ctx->tight = in_place;
}

static void check_stick(struct lm_stick *s)
{
	const char *names[] = {FRESH, ASIDE};

	if (s->n_overlays > 0) {
		allocated = crash_compare_view(s);
		return;
	}
	/* Between two renames: whatever of the two is there must serve. */
	for (unsigned i = 0; i < 2; i++) {
		struct stick_overlay o = {.kind = LM_OVERLAY_DM_SNAPSHOT};
		struct stick_pair pair = stick_pair_of(s, 0);

		assert_true(small_exists(&stick, names[i]));
		o.path = (char *)(uintptr_t)names[i];
		pair.overlay = &o;
		crash_compare_pair(&pair);
	}
}

/* Opened afresh, the stick reads as ever. */
static void check_view(void)
{
	if (!small_same(&stick, &stick.fresh, BASE))
		fail_msg("%s: the image was touched", where);
	crash_with_stick(check_stick);
}

static void begin(void)
{
	check_view();
	before = allocated;
	promised = 0;
}

static void check_untouched(void)
{
	crash_check_clean();
	if (!small_same(&stick, &stick.fresh, OVERLAY))
		fail_msg("%s: it says that nothing has changed, but it has", where);
}

static void check_cancelled(void)
{
	if (!in_place)
		check_untouched();
	crash_check_clean();
	check_view();
}

static void check_compacted(void)
{
	check_view();
	crash_check_clean();
	if (promised == 0) /* by the first run, that nothing happened to */
		promised = allocated;
	assert_true(promised < before);
	if (allocated != promised)
		fail_msg("%s: %llu sectors are allocated, not %llu", where,
			 (unsigned long long)allocated, (unsigned long long)promised);
}

/* From whatever there is now to a compacted stick. */
static void resume_and_compact(void)
{
	check_view();
	crash_must(LM_OP_RESUME, false);
	crash_check_clean();
	check_view();
	if (allocated != promised)
		crash_must(LM_OP_COMPACT, false);
	check_compacted();
}

static void test_cut_undo(void **state)
{
	(void)state;
	assert_true(crash_cut_undo() > crash_share(8));
}

static void test_cancel(void **state)
{
	struct crash_told told = crash_cancel();

	(void)state;
	assert_true(told.stopped > 0 && told.late > 0);
}

/* The system was started: a live chunk, and the one with the superblock, which every start writes.
 */
static void use(void)
{
	const unsigned char front[16] = "a boot was here";
	unsigned char fill[4096], data[4096];
	struct io_file *file;
	struct cow_store *store = crash_open_overlay(true, &file);

	memset(data, 0x77, sizeof(data));
	memcpy(fill, stick.want, sizeof(fill));
	/* The boot block, before the superblock, is nobody's: it stands for the time of mounting.
	 */
	assert_int_equal(cow_store_write(store, 0, 0, front, sizeof(front), fill, NULL), 0);
	assert_int_equal(cow_store_write(store, crash_last_chunk(), 0, data, 4096, fill, NULL), 0);
	assert_int_equal(cow_store_commit(store, NULL), 0);
	crash_close_overlay(store, file);
}

static void check_used(void)
{
	crash_check_chunk(crash_last_chunk(), 0x77);
}

static void test_used_meanwhile(void **state)
{
	(void)state;
	assert_true(crash_used_meanwhile(false, use, check_used) > crash_share(8));
}

static void test_used_undo(void **state)
{
	(void)state;
	assert_true(crash_used_meanwhile(true, use, check_used) > crash_share(8));
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

/* The second half: as if the stick had no room for two overlays. */
static void change_to_in_place(void **state)
{
	(void)state;
	in_place = true;
}

struct crash crash = {
	.op = LM_OP_COMPACT,
	.start = &stick.fresh,
	.prepare = prepare,
	.begin = begin,
	.check = check_view,
	.check_done = check_compacted,
	.check_untouched = check_untouched,
	.check_cancelled = check_cancelled,
	.finish = resume_and_compact,
	.leftovers = {FRESH, ASIDE},
	.least = 15,
	.head = 12,
	.tail = 40,
	.each = 16,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_cut),
		T(test_cut_lossy),
		T(test_cut_aside),
		T(test_cut_undo),
		T(test_cut_resume),
		T(test_fail_eio),
		T(test_fail_enospc),
		T(test_kill),
		T(test_cancel),
		T(test_used_meanwhile),
		T(test_used_undo),
		T(test_used_in_place),
		cmocka_unit_test(change_to_in_place),
		T(test_cut),
		T(test_cut_lossy),
		T(test_cut_undo),
		T(test_cut_resume),
		T(test_fail_eio),
		T(test_fail_enospc),
		T(test_kill),
		T(test_cancel),
		T(test_used_meanwhile),
	};

	cmocka_set_test_filter(getenv("LM_ONLY"));
	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_crash_grow.c - making an overlay larger, cut off or failing at every single call
 *
 * The oracle: opened afresh, the merged view is the same in every block in use,
 * before, at every cut, after resume, and after it; the image is never touched;
 * after a resume nothing is left behind, and the overlay is as long as it was
 * or as it was to become; and what a run says of its outcome is true.
 */
#include "tests/crash/harness.h"

#include <sys/stat.h>

#define MORE (36u << 20)

static uint64_t before; /* bytes */

static void prepare(struct lm_ctx *ctx, struct lm_options *options)
{
	(void)ctx;
	options->size_bytes = MORE;
	options->size_is_more = true;
}

static uint64_t length(void)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", stick.top, OVERLAY);
	assert_int_equal(stat(path, &st), 0);
	return (uint64_t)st.st_size;
}

static void begin(void)
{
	before = length();
}

static void check_stick(struct lm_stick *s)
{
	crash_compare_view(s);
}

/* Opened afresh, the stick reads as ever. */
static void check_view(void)
{
	if (!small_same(&stick, &stick.fresh, BASE))
		fail_msg("%s: the image was touched", where);
	crash_with_stick(check_stick);
}

static void check_untouched(void)
{
	crash_check_clean();
	if (!small_same(&stick, &stick.fresh, OVERLAY))
		fail_msg("%s: it says that nothing has changed, but it has", where);
}

static void check_grown(void)
{
	check_view();
	crash_check_clean();
	if (length() != before + MORE)
		fail_msg("%s: it is %llu bytes long", where, (unsigned long long)length());
}

/* From whatever there is now to a larger overlay. */
static void resume_and_grow(void)
{
	check_view();
	crash_must(LM_OP_RESUME, false);
	crash_check_clean();
	check_view();
	if (length() == before)
		crash_must(LM_OP_GROW, false);
	check_grown();
}

static bool undone(enum lm_outcome outcome)
{
	if (outcome != LM_DONE)
		fail_msg("%s, undone: outcome %d", where, outcome);
	crash_check_clean();
	/* Nothing to undo where it was over already. */
	if (length() != before)
		check_grown();
	return length() == before;
}

static void test_cut_undo(void **state)
{
	(void)state;
	assert_true(crash_cut_undo() > crash_share(4));
}

static void test_cancel(void **state)
{
	struct crash_told told = crash_cancel();

	(void)state;
	assert_true(told.stopped > 0 && told.late > 0);
}

static bool over;       /* the room that was added came into use */
static unsigned beyond; /* how often */

/* The system was started, and wrote as much as there was room for. */
static void use(void)
{
	unsigned char chunk[4096];
	struct cow_store *store;
	struct io_file *file;
	const bool *used = stick.used;

	over = false;
	if (length() == before)
		return;
	memset(chunk, 0x77, sizeof(chunk));
	store = crash_open_overlay(true, &file);
	for (uint64_t c = 0; c < stick.want_len / 4096 && !over; c++, used += 4) {
		if (!used[0] && !used[1] && !used[2] && !used[3])
			assert_int_equal(cow_store_write(store, c, 0, chunk, 4096, NULL, NULL), 0);
		over = cow_store_info(store)->allocated_sectors * 512 > before;
	}
	assert_int_equal(cow_store_commit(store, NULL), 0);
	crash_close_overlay(store, file);
	beyond += over;
}

static void check_used(void)
{
	struct io_file *file;
	struct cow_store *store = crash_open_overlay(false, &file);

	assert_int_not_equal(cow_store_info(store)->state, LM_STATE_DAMAGED);
	crash_close_overlay(store, file);
	assert_true(!over || length() > before);
	check_view();
}

static void test_used_meanwhile(void **state)
{
	(void)state;
	beyond = 0;
	crash_used_meanwhile(true, use, check_used);
	printf("# %u used what was added\n", beyond);
	assert_true(beyond > 0);
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

struct crash crash = {
	.op = LM_OP_GROW,
	.start = &stick.fresh,
	.prepare = prepare,
	.begin = begin,
	.check = check_view,
	.check_done = check_grown,
	.check_untouched = check_untouched,
	.undone = undone,
	.finish = resume_and_grow,
	.least = 8,
	.head = 12,
	.tail = 24,
	.each = 1,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_cut),        T(test_cut_lossy), T(test_cut_undo),
		T(test_cut_resume), T(test_fail_eio),  T(test_fail_enospc),
		T(test_kill),       T(test_cancel),    T(test_used_meanwhile),
	};

	cmocka_set_test_filter(getenv("LM_ONLY"));
	return cmocka_run_group_tests(tests, setup, teardown);
}

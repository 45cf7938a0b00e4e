/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_crash.c - whole merges, resets and resumes, cut off or failing at every single call
 *
 * The oracle: opened afresh, the merged view is the same in every block in use,
 * before, at every cut, after resume, and after the merge; image and overlay
 * are never both gone; after a resume nothing is left behind; and what a run
 * says of its outcome is true.
 */
#include "tests/crash/harness.h"

#define BARE  "LiveOS/rootfs.img"
#define FRESH "LiveOS/livemend.new"
#define ASIDE "LiveOS/livemend.old"

static bool same; /* the image holds what the overlay holds: it must stay as it is */

/* merge --work: NULL for none; tight: as if the stick had no room for both images. */
static char *work;
static bool tight;

static void prepare(struct lm_ctx *ctx, struct lm_options *options)
{
	options->work = options->op == LM_OP_MERGE ? work : NULL;
	ctx->tight = tight;
}

static const char *base_name(void)
{
	return stick.bare ? BARE : BASE;
}

/* The old image, as it was, and the new one are in the work folder. */
static void check_work(void)
{
	char line[512];

	snprintf(line, sizeof(line),
		 "cd %s/work && ls livemend-*.new >/dev/null && "
		 "cmp -s livemend-*.old ../old.img",
		 stick.room);
	if (system(line) != 0)
		fail_msg("%s: the work folder does not hold what is missing", where);
}

static void check_stick(struct lm_stick *s)
{
	const char *names[] = {FRESH, ASIDE};

	if (s->base_path) {
		crash_compare_view(s);
		return;
	}
	if (work && tight) {
		/* It is in the work folder, whole. */
		check_work();
		return;
	}
	/* Between two renames: whatever of the two is there must serve. */
	for (unsigned i = 0; i < 2; i++) {
		struct stick_pair pair = stick_pair_of(s, 0);

		assert_true(small_exists(&stick, names[i]));
		pair.base = names[i];
		pair.container = STICK_SQUASHFS;
		crash_compare_pair(&pair);
	}
}

/* Opened afresh, the stick reads as ever. */
static void check_view(void)
{
	crash_with_stick(check_stick);
}

static bool overlay_is_empty(void)
{
	struct io_file *file;
	struct cow_store *store = crash_open_overlay(false, &file);
	bool empty = cow_store_info(store)->state == LM_STATE_EMPTY;

	crash_close_overlay(store, file);
	return empty;
}

static void check_untouched(void)
{
	crash_check_clean();
	if (!small_same(&stick, &stick.fresh, OVERLAY) ||
	    (!stick.bare && !small_same(&stick, &stick.fresh, base_name())))
		fail_msg("%s: it says that nothing has changed, but it has", where);
}

static void check_merged(void)
{
	check_view();
	crash_check_clean();
	if (!overlay_is_empty())
		fail_msg("%s: the overlay is not empty", where);
	if (same && !small_same(&stick, &stick.fresh, BASE))
		fail_msg("%s: the image was written anew for nothing", where);
}

/* From whatever there is now to a merged stick. */
static void resume_and_merge(void)
{
	check_view();
	crash_must(LM_OP_RESUME, false);
	check_view();
	crash_check_clean();
	if (!overlay_is_empty())
		crash_must(LM_OP_MERGE, false);
	check_merged();
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
	crash_cut(false, 1);
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

static void test_cut_undo(void **state)
{
	unsigned undone = crash_cut_undo();

	(void)state;
	assert_true(undone > (same ? 0 : crash_share(8)));
}

static void test_cancel(void **state)
{
	struct crash_told told = crash_cancel();

	(void)state;
	assert_true(told.late > 0 && (same || told.stopped > told.late));
}

/* After a reset the base alone is there: what counts is that nothing else is ever. */
static void check_reset(void)
{
	crash_check_clean();
	assert_true(small_same(&stick, &stick.fresh, base_name()));
	if (!overlay_is_empty())
		check_view();
}

static void check_half_reset(void)
{
	if (!overlay_is_empty())
		check_view();
}

static void finish_reset(void)
{
	check_half_reset();
	crash_must(LM_OP_RESUME, false);
	check_reset();
}

static void test_reset(void **state)
{
	struct crash merge = crash;

	(void)state;
	crash.op = LM_OP_RESET;
	crash.check = check_half_reset;
	crash.check_done = check_reset;
	crash.finish = finish_reset;
	crash.least = 3;
	crash_count(false);
	assert_true(overlay_is_empty());
	crash_cut(true, 1);
	crash = merge;
}

/* The system was started: the overlay holds more than the merge knew of. */
static void use(void)
{
	unsigned char data[4096];
	struct io_file *file;
	struct cow_store *store = crash_open_overlay(true, &file);

	memset(data, 0x77, sizeof(data));
	assert_int_equal(
		cow_store_write(store, crash_last_chunk(), 0, data, sizeof(data), NULL, NULL), 0);
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
	assert_true(crash_used_meanwhile(false, use, check_used) > (same ? 4 : 15));
}

static void shell(const char *format, ...)
{
	char line[600];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (system(line) != 0)
		fail_msg("%s: %s", where, line);
}

/*
 * The note on the stick names a folder that is not the operation's: another stick's, as a stranger
 * may have written it, with names in it that are this run's. Nothing in it is touched.
 */
static void test_foreign_work(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/work", stick.room);
	for (int no_room = 0; no_room < 2; no_room++) {
		unsigned total;

		small_restore(&stick, &stick.fresh);
		snprintf(where, sizeof(where), "foreign");
		shell("cd %s && rm -rf work && mkdir work", stick.room);
		work = path;
		tight = no_room;
		total = crash_count(false);
		for (unsigned n = 1; n <= total; n += n + 40 < total && n > 8 ? 9 : 1) {
			struct hurt h = { .model = HURT_CUT, .n = n };
			struct lm_error why;

			small_restore(&stick, &stick.fresh);
			shell("cd %s && rm -rf work && mkdir work", stick.room);
			crash_run(&h, LM_OP_MERGE, false, &why);
			snprintf(where, sizeof(where), "foreign, cut %u of %u at %s", n, total,
				 h.what);
			/* With a note of its own, or with none. */
			shell("cd %s && rm -rf real sums && mv work real && mkdir -p work/livemend && "
			      "run=$(sed -n 's/^run: //p' stick/LiveOS/livemend/PENDING.* 2>/dev/null | head -n 1) && "
			      "for e in new old tree; do echo theirs >work/livemend-$run.$e; done && "
			      "echo theirs >work/squashfs.img && if [ %u = 1 ]; then "
			      "sed 's/^run: ..../run: 0000/' real/livemend/PENDING.txt "
			      ">work/livemend/PENDING.txt 2>/dev/null || :; fi && "
			      "find work -type f -exec md5sum {} + | sort >sums",
			      stick.room, n & 1);
			if (crash_run(NULL, LM_OP_RESUME, n & 2, &why) == LM_DONE)
				crash_check_clean();
			shell("cd %s && find work -type f -exec md5sum {} + | sort | cmp -s - sums",
			      stick.room);
			/* With the right folder back it comes to its end. */
			shell("cd %s && rm -rf work && mv real work", stick.room);
			crash_must(LM_OP_RESUME, false);
			check_view();
		}
	}
	work = NULL;
	tight = false;
}

/* Two sticks of one release, one folder: the second has to find another. */
static void test_shared_work(void **state)
{
	struct hurt h = { .model = HURT_CUT };
	char path[128], top[sizeof(stick.top)];
	struct lm_error why;
	unsigned total, refused = 0;

	(void)state;
	snprintf(where, sizeof(where), "shared");
	snprintf(path, sizeof(path), "%s/work", stick.room);
	memcpy(top, stick.top, sizeof(top));
	small_restore(&stick, &stick.fresh);
	shell("cd %s && rm -rf work other && mkdir work && cp -r stick other", stick.room);
	work = path;
	total = crash_count(false);
	for (unsigned n = 8; n <= total; n += 8) {
		enum lm_outcome outcome;

		h = (struct hurt){ .model = HURT_CUT, .n = n };
		small_restore(&stick, &stick.fresh);
		shell("cd %s && rm -rf work && mkdir work", stick.room);
		crash_run(&h, LM_OP_MERGE, false, &why);
		snprintf(where, sizeof(where), "shared, cut %u of %u at %s", n, total, h.what);
		if (!small_exists(&stick, "../work/livemend/PENDING.txt"))
			continue;
		shell("cd %s && find work -type f -exec md5sum {} + | sort >sums", stick.room);
		snprintf(stick.top, sizeof(stick.top), "%.60s/other", stick.room);
		outcome = crash_run(NULL, LM_OP_MERGE, false, &why);
		memcpy(stick.top, top, sizeof(top));
		assert_int_equal(outcome, LM_REFUSED);
		shell("cd %s && find work -type f -exec md5sum {} + | sort | cmp -s - sums",
		      stick.room);
		refused++;
		resume_and_merge();
	}
	work = NULL;
	assert_true(refused > 3);
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

/* One plan of TAP for all kinds of stick: what follows works on another kind. */
static void change_to_bare(void **state)
{
	same = false;
	crash.least = 15;
	assert_int_equal(teardown(state), 0);
	assert_int_equal(setup_bare(state), 0);
}

static void change_to_same(void **state)
{
	assert_int_equal(teardown(state), 0);
	small_make_same(&stick);
	same = true;
	crash.least = 5;
}

struct crash crash = {
	.op = LM_OP_MERGE,
	.start = &stick.fresh,
	.prepare = prepare,
	.check = check_view,
	.check_done = check_merged,
	.check_untouched = check_untouched,
	.finish = resume_and_merge,
	.leftovers = {FRESH, ASIDE},
	.least = 15,
	.head = 8,
	.tail = 32,
	.each = 8,
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
		T(test_reset),
		T(test_used_meanwhile),
		T(test_cut_work),
		T(test_cut_swap),
		T(test_cancel),	    T(test_used_in_place), T(test_foreign_work), T(test_shared_work),
		cmocka_unit_test(change_to_same),
		T(test_cut),
		T(test_cut_lossy),
		T(test_cut_undo),
		T(test_cut_resume),
		T(test_fail_eio),
		T(test_kill),
		T(test_cut_work),
		T(test_cut_swap),
		T(test_used_meanwhile),
		T(test_cancel),
		cmocka_unit_test(change_to_bare),
		T(test_cut),
		T(test_cut_lossy),
		T(test_cut_undo),
		T(test_cut_resume),
		T(test_fail_eio),
		T(test_fail_enospc),
		T(test_kill),
		T(test_used_meanwhile),
		T(test_cancel),
	};

	cmocka_set_test_filter(getenv("LM_ONLY"));
	return cmocka_run_group_tests(tests, setup_image, teardown);
}

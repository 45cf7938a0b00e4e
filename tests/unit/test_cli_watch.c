/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What watch makes of its samples: thresholds, hysteresis, rates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/watch.h"

static struct watch_limits limits;
static struct watch_track track;

static int setup(void **state)
{
	static const struct cli_args args = {.at = {80, 90, 95}, .n_at = 3};

	(void)state;
	memset(&track, 0, sizeof(track));
	watch_limits_set(&limits, &args);
	return 0;
}

/* Of a wall of 1000000 bytes. */
static struct watch_event at(double percent, double now)
{
	struct watch_gauge g = {.there = true, .percent = percent,
				.free_bytes = (uint64_t)((100 - percent) * 10000)};

	return watch_judge(&track, &limits, &g, now);
}

static void full_counts_always(void **state)
{
	(void)state;
	assert_int_equal(limits.n, 4);
	assert_int_equal(limits.at[3], 100);
	assert_int_equal(at(96, 1).threshold, 95);
	assert_int_equal(at(100, 2).threshold, 100);
	assert_int_equal(at(100, 3).change, WATCH_NOTHING);
}

static void each_threshold_is_told_once(void **state)
{
	struct watch_event e;

	(void)state;
	assert_int_equal(at(79.9, 1).change, WATCH_NOTHING);
	e = at(80, 2);
	assert_int_equal(e.change, WATCH_CROSSED);
	assert_int_equal(e.threshold, 80);
	assert_int_equal(at(85, 3).change, WATCH_NOTHING);
	/* Two at a time: the higher one. */
	e = at(96, 4);
	assert_int_equal(e.change, WATCH_CROSSED);
	assert_int_equal(e.threshold, 95);
}

static void a_threshold_is_left_by_two_percent(void **state)
{
	struct watch_event e;

	(void)state;
	at(90.5, 1);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(at(89.5, 2 + 2 * i).change, WATCH_NOTHING);
		assert_int_equal(at(90.5, 3 + 2 * i).change, WATCH_NOTHING);
	}
	e = at(87.9, 50);
	assert_int_equal(e.change, WATCH_LEFT);
	assert_int_equal(e.threshold, 90);
	assert_int_equal(at(90, 51).change, WATCH_CROSSED);
	e = at(10, 52);
	assert_int_equal(e.change, WATCH_LEFT);
	assert_int_equal(e.threshold, 80);
}

static void a_rate_needs_samples_of_its_own(void **state)
{
	struct watch_event e;

	(void)state;
	assert_int_equal(at(50, 0).seconds_left, -1);
	assert_int_equal(at(51, 10).seconds_left, -1);
	e = at(52, 20);
	/* 20000 bytes in 20 seconds, 480000 are left. */
	assert_true(e.rate > 999 && e.rate < 1001);
	assert_in_range(e.seconds_left, 479, 481);
	/* Room was won: it begins anew. */
	assert_int_equal(at(20, 30).seconds_left, -1);
	assert_int_equal(at(21, 40).seconds_left, -1);
	assert_true(at(22, 50).seconds_left > 0);
	/* Nothing is written: nothing is known. */
	for (int i = 0; i < 500; i++)
		e = at(22, 5000 + 10 * i);
	assert_int_equal(e.seconds_left, -1);
}

static void what_is_not_there_says_nothing(void **state)
{
	struct watch_gauge none = {.percent = 100};

	(void)state;
	assert_int_equal(watch_judge(&track, &limits, &none, 1).change, WATCH_NOTHING);
}

static void walls_of_a_status(void **state)
{
	struct lm_overlay o = {.kind = LM_OVERLAY_DM_SNAPSHOT, .state = LM_STATE_ACTIVE,
			       .allocated_sectors = 80, .total_sectors = 100, .used_percent = 80,
			       .file_bytes = 51200, .on_disk_bytes = 51200};
	struct lm_status status = {.overlays = &o, .n_overlays = 1,
				   .root = {.known = true, .size_bytes = 100, .free_bytes = 40,
					    .inodes = 10, .inodes_free = 9},
				   .stick = {.size_bytes = 100, .free_bytes = 1}};
	struct watch_sample s;

	(void)state;
	watch_gauges(&status, &s);
	assert_true(s.usable);
	assert_int_equal(s.gauge[WATCH_OVERLAY].free_bytes, 20 * 512);
	assert_int_equal(s.gauge[WATCH_ROOT_BLOCKS].percent, 60);
	assert_int_equal(s.gauge[WATCH_ROOT_INODES].free_bytes, 9);
	/* A stick full of files is no wall, unless the overlay has holes to be filled. */
	assert_false(s.gauge[WATCH_STICK].there);
	assert_false(s.gauge[WATCH_RAM].there);
	o.on_disk_bytes = 4096;
	o.state = LM_STATE_OVERFLOW;
	watch_gauges(&status, &s);
	assert_true(s.gauge[WATCH_STICK].there);
	assert_int_equal(s.gauge[WATCH_STICK].percent, 99);
	assert_false(s.usable);
	assert_int_equal(s.gauge[WATCH_OVERLAY].percent, 100);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		T(full_counts_always),
		T(each_threshold_is_told_once),
		T(a_threshold_is_left_by_two_percent),
		T(a_rate_needs_samples_of_its_own),
		T(what_is_not_there_says_nothing),
		T(walls_of_a_status),
	};

	return cmocka_run_group_tests_name("cli_watch", tests, NULL, NULL);
}

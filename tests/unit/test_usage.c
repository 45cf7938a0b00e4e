/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <errno.h>

#include <cmocka.h>

#include "core/cow/cow.h"
#include "core/report/usage.h"
#include "core/stick/stick.h"
#include "tests/unit/look_lab.h"

static void check_tree(const struct lm_usage_entry *e, const struct lm_usage *u)
{
	const struct lm_usage_entry *c;
	uint64_t below = 0, files = 0;

	assert_int_equal(e->overlay_bytes % u->chunk_bytes, 0);
	for (c = e->child; c; c = c->next) {
		assert_ptr_equal(c->parent, e);
		if (c->next)
			assert_true(c->overlay_bytes >= c->next->overlay_bytes);
		check_tree(c, u);
		below += c->overlay_bytes;
		files += c->files;
	}
	assert_true(below <= e->overlay_bytes);
	assert_int_equal(e->files, e->is_dir ? files : 1);
	if (!e->is_dir)
		assert_null(e->child);
}

static void check_sums(const struct lm_usage *u)
{
	assert_int_equal(u->files_bytes + u->fsmeta_bytes + u->journal_bytes + u->dead_bytes,
			 u->total_bytes);
	assert_int_equal(u->root->overlay_bytes, u->files_bytes);
	assert_true(u->equal_bytes <= u->total_bytes - u->dead_bytes);
	assert_true(u->compact_frees_bytes >= u->dead_bytes + u->equal_bytes);
	assert_true(u->merge_frees_bytes >= u->compact_frees_bytes);
	check_tree(u->root, u);
}

static int stop(void *arg, uint64_t done, uint64_t total, const char *text)
{
	(void)text;
	++*(int *)arg;
	return done > total ? -1 : done > 0;
}

static void test_practice(void **state)
{
	static const char *const lessons[] = {NULL, "dead-heavy", "nearly-full", "overflow"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lessons) / sizeof(lessons[0]); i++) {
		struct lm_stick *stick = lab_stick(lessons[i], true);
		struct lm_usage *u = NULL;
		struct stick_look look;
		struct lm_error err;
		int calls = 0;
		struct lm_watch watch = {stop, &calls};

		assert_int_equal(lm_usage_read(stick, NULL, &u, &err), 0);
		check_sums(u);
		assert_int_equal(stick_look_open(stick, 0, &look, &err), 0);
		assert_int_equal(u->total_bytes,
				 cow_store_info(look.store)->exceptions * u->chunk_bytes);
		stick_look_close(&look);
		assert_true(u->files_bytes > 0 && u->fsmeta_bytes > 0);
		if (lessons[i] && strcmp(lessons[i], "dead-heavy") == 0)
			assert_true(u->dead_bytes > u->total_bytes / 4);
		lm_usage_free(u);
		u = NULL;
		assert_int_equal(lm_usage_read(stick, &watch, &u, &err), -ECANCELED);
		assert_null(u);
		assert_int_equal(calls, 2);
		lab_done(stick);
	}
}

static void test_invalid(void **state)
{
	struct lm_stick *stick = lab_stick("invalid", true);
	struct lm_usage *u = NULL;
	struct lm_error err;

	(void)state;
	assert_int_equal(lm_usage_read(stick, NULL, &u, &err), -EUCLEAN);
	assert_null(u);
	assert_true(err.what[0] && err.why[0]);
	lab_done(stick);
}

/* The figures of `dmsetup status` that the kernel gave for such stores (chunk of 8 sectors). */
static void test_arithmetic(void **state)
{
	(void)state;
	assert_int_equal(cow_allocated_sectors(0, 8), 16);
	assert_int_equal(cow_allocated_sectors(1, 8), 24);
	assert_int_equal(cow_allocated_sectors(255, 8), 257 * 8);
	assert_int_equal(cow_allocated_sectors(256, 8), 259 * 8);
	assert_int_equal(cow_allocated_sectors(257, 8), 260 * 8);
	assert_int_equal(cow_allocated_sectors(512, 8), 516 * 8);
}

static void test_tree(void **state)
{
	char a[] = "/usr/b", b[] = "/usr-x", c[] = "/usr", d[] = "/usr/a/z", e[] = "/usr/b";
	struct usage_path paths[] = {{a, false, 4}, {b, false, 8}, {c, true, 4}, {d, false, 16},
				     {e, false, 4}};
	struct lm_usage u = {.chunk_bytes = 4};
	const struct lm_usage_entry *usr;

	(void)state;
	u.root = usage_tree(paths, 5);
	assert_non_null(u.root);
	check_tree(u.root, &u);
	assert_int_equal(u.root->overlay_bytes, 36);
	assert_int_equal(u.root->files, 3);
	usr = u.root->child;
	assert_string_equal(usr->name, "usr");
	assert_int_equal(usr->overlay_bytes, 28);
	assert_string_equal(usr->next->name, "usr-x");
	assert_null(usr->next->next);
	assert_string_equal(usr->child->name, "a");
	assert_string_equal(usr->child->next->name, "b");
	assert_int_equal(usr->child->next->overlay_bytes, 8);
	{
		struct lm_usage *heap = calloc(1, sizeof(*heap));

		assert_non_null(heap);
		heap->root = u.root;
		lm_usage_free(heap);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree), cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_practice), cmocka_unit_test(test_invalid),
	};
	int r;

	alarm(240);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	lm_ctx_free(lab_ctx);
	return r;
}

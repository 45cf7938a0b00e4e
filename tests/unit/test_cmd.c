/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_cmd.c - the table of keys: nothing hangs on an F key, nothing is out of reach */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "help/help.h"
#include "tui/cmd.h"
#include "tui/input.h"

#define N_CONTEXTS 13

/* Calls fn for each key of the command. */
static int each_key(enum cmd cmd, int (*fn)(enum cmd, uint32_t, unsigned), unsigned context)
{
	const char *at = cmd_keys(cmd);
	int n = 0;

	while (*at) {
		size_t len = strcspn(at, " ");

		n += fn(cmd, key_from_name(at, len), context);
		at += len;
		at += strspn(at, " ");
	}
	return n;
}

static int is_function_key(enum cmd cmd, uint32_t key, unsigned context)
{
	(void)cmd;
	(void)context;
	return key > K_F0 && key <= K_LAST;
}

static int is_named(enum cmd cmd, uint32_t key, unsigned context)
{
	(void)context;
	if (!key)
		print_error("a key of \"%s\" has a name that nobody knows\n", cmd_help(cmd));
	return key != 0;
}

static int reaches(enum cmd cmd, uint32_t key, unsigned context)
{
	return cmd_for_key(context, key) == cmd;
}

static int reaches_without_f(enum cmd cmd, uint32_t key, unsigned context)
{
	/* A row of its own, as in a field the sign is text. */
	if (cmd == CMD_HELP_KEY && reaches(CMD_HELP_SIGN, '?', context))
		return 1;
	return !is_function_key(cmd, key, context) && reaches(cmd, key, context);
}

static void test_keys(void **state)
{
	int cmd, bit, keys, known, bad = 0;

	(void)state;
	for (cmd = CMD_NONE + 1; cmd < N_CMDS; cmd++) {
		const char *blank = cmd_keys(cmd);

		for (keys = *blank ? 1 : 0; (blank = strchr(blank, ' ')); blank++)
			keys++;
		known = each_key(cmd, is_named, 0);
		assert_int_equal(known, keys);
		assert_true(keys > 0);
		for (bit = 0; bit < N_CONTEXTS; bit++) {
			unsigned context = 1u << bit;

			if (!(cmd_contexts(cmd) & context))
				continue;
			if (!each_key(cmd, reaches, context)) {
				print_error("\"%s\": no key reaches it in context %#x\n", cmd_help(cmd),
					    context);
				bad++;
			}
			/* Where letters are text Esc and a digit must do. */
			if (context != CTX_FIELD && each_key(cmd, is_function_key, context) &&
			    !each_key(cmd, reaches_without_f, context)) {
				print_error("\"%s\": only an F key in context %#x\n", cmd_help(cmd),
					    context);
				bad++;
			}
		}
	}
	assert_int_equal(bad, 0);
}

static void test_topics(void **state)
{
	int cmd;

	(void)state;
	for (cmd = CMD_NONE + 1; cmd < N_CMDS; cmd++)
		if (cmd_name(cmd)) {
			assert_non_null(cmd_topic(cmd));
			if (!help_find(cmd_topic(cmd)))
				fail_msg("\"%s\": there is no topic %s", cmd_name(cmd), cmd_topic(cmd));
		}
}

static void test_slow_esc(void **state)
{
	struct input input = {0};

	(void)state;
	/* long after the machine's start, and right after it */
	assert_int_equal(input_after_esc(&input, '4', 1000000, false), '4');
	assert_int_equal(input_after_esc(&input, '4', 10, false), '4');
	assert_int_equal(input_after_esc(&input, K_ESC, 1000000, false), K_ESC);
	assert_int_equal(input_after_esc(&input, '4', 1001500, false), K_F0 + 4);
	assert_int_equal(input_after_esc(&input, '4', 1001600, false), '4');
	assert_int_equal(input_after_esc(&input, K_ESC, 1000000, false), K_ESC);
	assert_int_equal(input_after_esc(&input, '0', 1000001, false), K_F0 + 10);
	assert_int_equal(input_after_esc(&input, K_ESC, 1000000, false), K_ESC);
	assert_int_equal(input_after_esc(&input, '4', 1005000, false), '4');
	assert_int_equal(input_after_esc(&input, K_ESC, 1000000, false), K_ESC);
	assert_int_equal(input_after_esc(&input, '4', 1000100, true), '4');
	assert_int_equal(input_after_esc(&input, K_ESC, 1000000, false), K_ESC);
	assert_int_equal(input_after_esc(&input, 'x', 1000100, false), 'x');
	assert_int_equal(input_after_esc(&input, '4', 1000200, false), '4');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_topics),
		cmocka_unit_test(test_slow_esc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_cmd.c - the table of keys: nothing hangs on an F key, nothing is out of reach */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "help/help.h"
#include "tui/cmd.h"
#include "tui/input.h"
#include "tui/lmcurses.h"

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

/* What the front ends take from the table of operations is there, and each has its place. */
static void test_operations(void **state)
{
	const unsigned out = LM_TAKES_FILE | LM_TAKES_FOLDER;
	const unsigned ways = LM_TAKES_METHOD | LM_TAKES_SIZE | LM_TAKES_UNDO;
	bool menu[100] = {0}, keys[100] = {0}, listed[N_CMDS] = {0};
	int i;

	(void)state;
	for (i = 0; i < LM_N_OPS; i++) {
		const struct lm_op_info *op = lm_op_info((enum lm_op)i);

		assert_int_equal(op->op, i);
		assert_ptr_equal(lm_op_find(op->word), op);
		assert_ptr_equal(cmd_op(cmd_of_op(op->op)), op);
		assert_true(op->topic && op->summary && op->name && op->does && op->key);
		assert_int_equal(strlen(op->key), 1);
		assert_in_range(op->menu_rank, 1, 99);
		assert_in_range(op->keys_rank, 1, 99);
		assert_false(menu[op->menu_rank] || keys[op->keys_rank]);
		menu[op->menu_rank] = keys[op->keys_rank] = true;
		assert_int_equal(op->how != NULL, (op->takes & ways) != 0);
		assert_int_equal(op->title != NULL, (op->takes & (out | LM_TAKES_WORK)) != 0);
		assert_int_equal(op->out && op->out_about, (op->takes & out) != 0);
	}
	assert_null(lm_op_info(LM_N_OPS));
	assert_null(cmd_op(CMD_MENU));
	for (i = 0; i < N_CMDS - 1; i++) {
		assert_in_range(cmd_at(i), CMD_NONE + 1, N_CMDS - 1);
		assert_false(listed[cmd_at(i)]);
		listed[cmd_at(i)] = true;
	}
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

static void test_names(void **state)
{
	static const char *const none[] = {"F13", "F99999999999", "", "Enter ", "\303"};

	(void)state;
	assert_int_equal(key_from_name("F12", 3), K_LAST);
	assert_int_equal(key_from_name("q", 1), 'q');
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(key_from_name(none[i], strlen(none[i])), 0);
}

static void reads(struct input *input, int line, const char *bytes, const uint32_t *keys)
{
	uint32_t key;

	assert_int_equal(write(line, bytes, strlen(bytes)), strlen(bytes));
	while ((key = input_key(input)) != 0)
		assert_int_equal(key, *keys++);
	assert_int_equal(*keys, 0);
}

/* What comes from the line byte by byte, and what is no character. */
static void test_bytes(void **state)
{
	struct input input;
	SCREEN *screen;
	FILE *in, *out;
	uint32_t key;
	int line[2];

	(void)state;
	setlocale(LC_ALL, "C.UTF-8");
	assert_int_equal(pipe(line), 0);
	in = fdopen(line[0], "r");
	out = fopen("/dev/null", "w");
	screen = newterm("xterm", out, in);
	assert_non_null(screen);
	raw();
	meta(stdscr, TRUE);
	set_escdelay(0);
	assert_int_equal(input_open(&input), 0);
	reads(&input, line[1], "a\303\244q", (uint32_t[]){'a', 0xe4, 'q', 0});
	/* A byte that is none takes nothing with it. */
	reads(&input, line[1], "\377b\033OA", (uint32_t[]){'b', K_UP, 0});
	reads(&input, line[1], "\303b\303\303\244", (uint32_t[]){'b', 0xe4, 0});
	/* Slow lines: the rest comes later. */
	reads(&input, line[1], "\360\237", (uint32_t[]){0});
	reads(&input, line[1], "\230\200\033", (uint32_t[]){0x1f600, K_ESC, 0});
	/* Beyond Unicode there are keys of ours, and nobody else's. */
	assert_int_equal(write(line[1], "\364\220\200\201", 4), 4);
	while ((key = input_key(&input)) != 0)
		assert_int_equal(key, KEY_NAMED);
	input_close(&input);
	endwin();
	delscreen(screen);
	fclose(in);
	fclose(out);
	close(line[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_topics),
		cmocka_unit_test(test_slow_esc),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

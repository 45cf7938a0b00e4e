/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/args.h"
#include "tests/unit/cli_stubs.h"

#define MAX_WORDS 12

static struct cli_args args;
static struct lm_error err;

/* Parses "livemend" and the given words, which end in NULL. */
static int parse(const char *first, ...)
{
	static char store[MAX_WORDS][80];
	char *argv[MAX_WORDS + 1] = {store[0]};
	const char *word = first;
	va_list list;
	int argc = 1;

	strcpy(store[0], "livemend");
	va_start(list, first);
	for (; word; word = va_arg(list, const char *)) {
		assert_true(argc < MAX_WORDS && strlen(word) < sizeof(store[0]));
		strcpy(store[argc], word);
		argv[argc] = store[argc];
		argc++;
	}
	va_end(list);
	argv[argc] = NULL;
	memset(&err, 0, sizeof(err));
	return cli_args_parse(&args, argc, argv, &err);
}

static void assert_wrong(int code, const char *part)
{
	assert_int_equal(code, -EINVAL);
	assert_int_equal(err.outcome, LM_USAGE);
	if (!strstr(err.what, part))
		fail_msg("'%s' not in '%s'", part, err.what);
	assert_null(strchr(err.what, '\n'));
}

static void nothing_is_the_full_screen(void **state)
{
	(void)state;
	assert_int_equal(parse(NULL), 0);
	assert_null(args.command);
	assert_null(args.stick);
	assert_int_equal(args.action, CLI_RUN);
}

static void a_path_is_the_full_screen(void **state)
{
	(void)state;
	assert_int_equal(parse("/", NULL), 0);
	assert_null(args.command);
	assert_string_equal(args.stick, "/");
	/* What looks like a path is one, so that opening it can say what is wrong. */
	assert_int_equal(parse("/nowhere/at/all", NULL), 0);
	assert_string_equal(args.stick, "/nowhere/at/all");
	assert_wrong(parse("/", "/", NULL), "too many");
}

static void every_command_is_found(void **state)
{
	size_t i, n;
	const struct cli_command *all = cli_commands(&n);

	(void)state;
	for (i = 0; i < n; i++) {
		if (all[i].operands == CLI_SIZE_STICK)
			assert_int_equal(parse(all[i].name, "1M", "X", NULL), 0);
		else
			assert_int_equal(parse(all[i].name, "X", NULL), 0);
		assert_ptr_equal(args.command, &all[i]);
		assert_string_equal(args.out ? args.out : args.stick, "X");
	}
}

static void sizes_are_read(void **state)
{
	(void)state;
	assert_int_equal(parse("grow", "2G", "S", NULL), 0);
	assert_int_equal(args.size_bytes, 2ull << 30);
	assert_false(args.size_is_more);
	assert_string_equal(args.stick, "S");
	assert_int_equal(parse("grow", "+512M", "S", NULL), 0);
	assert_int_equal(args.size_bytes, 512ull << 20);
	assert_true(args.size_is_more);
	assert_wrong(parse("grow", "much", "S", NULL), "no size");
	assert_wrong(parse("grow", "+", "S", NULL), "no size");
	assert_wrong(parse("grow", "++1G", "S", NULL), "no size");
	assert_wrong(parse("grow", "0", "S", NULL), "no size");
	assert_wrong(parse("grow", "99999999T", "S", NULL), "too large");
	assert_int_equal(parse("grow", "+2G", NULL), 0);
	assert_true(args.size_is_more);
	assert_null(args.stick);
	assert_wrong(parse("grow", NULL), "needs a size");
	assert_wrong(parse("grow", "S", NULL), "no size");
	assert_wrong(parse("grow", "2G", "S", "T", NULL), "one word too many");
}

static void options_and_words_may_be_mixed(void **state)
{
	(void)state;
	assert_int_equal(parse("--json", "usage", "S", "--depth", "7", NULL), 0);
	assert_string_equal(args.command->name, "usage");
	assert_string_equal(args.stick, "S");
	assert_int_equal(args.depth, 7);
	assert_true(args.json);
	assert_int_equal(parse("--work", "W", "merge", "--yes", "S", "--dry-run", NULL), 0);
	assert_string_equal(args.command->name, "merge");
	assert_string_equal(args.work, "W");
	assert_string_equal(args.stick, "S");
	assert_true(args.yes && args.dry_run);
}

static void after_two_dashes_all_are_operands(void **state)
{
	(void)state;
	assert_int_equal(parse("--", "status", NULL), 0);
	assert_null(args.command);
	assert_string_equal(args.stick, "status");
	assert_int_equal(parse("status", "--", "--json", NULL), 0);
	assert_string_equal(args.stick, "--json");
	assert_false(args.json);
	assert_int_equal(parse("export", "--", "-o", "-s", NULL), 0);
	assert_string_equal(args.out, "-o");
	assert_string_equal(args.stick, "-s");
}

static void operands_are_counted(void **state)
{
	(void)state;
	assert_int_equal(parse("status", NULL), 0);
	assert_null(args.stick);
	assert_wrong(parse("status", "a", "b", NULL), "too many: b");
	/* The running system's own is meant. */
	assert_int_equal(parse("merge", NULL), 0);
	assert_null(args.stick);
	assert_int_equal(parse("reset", "--yes", NULL), 0);
	assert_null(args.stick);
	assert_wrong(parse("resume", "", NULL), "empty");
	assert_wrong(parse("practice", NULL), "folder");
	assert_wrong(parse("export", NULL), "file to write");
	assert_wrong(parse("export", "o", "s", "x", NULL), "too many: x");
	assert_wrong(parse("status", "", NULL), "empty");
	assert_int_equal(parse("export", "o", NULL), 0);
	assert_null(args.stick);
}

static void choices_are_checked(void **state)
{
	(void)state;
	assert_int_equal(parse("status", "--engine", "direct", NULL), 0);
	assert_int_equal(args.engine, LM_ENGINE_DIRECT);
	assert_int_equal(parse("status", "--engine=kernel", NULL), 0);
	assert_int_equal(args.engine, LM_ENGINE_KERNEL);
	assert_wrong(parse("status", "--engine", "kern", NULL), "kern");
	assert_wrong(parse("status", "--engine", "", NULL), "--engine");
	assert_int_equal(parse("merge", "--method", "mirror", "S", NULL), 0);
	assert_int_equal(args.method, LM_METHOD_MIRROR);
	assert_int_equal(parse("merge", "--method", "snapshot-merge", "S", NULL), 0);
	assert_int_equal(args.method, LM_METHOD_SNAPSHOT_MERGE);
	assert_wrong(parse("merge", "--method", "rewrite|mirror", "S", NULL), "--method");
	assert_wrong(parse("usage", "--depth", "-1", NULL), "--depth");
	assert_wrong(parse("usage", "--depth", "3x", NULL), "--depth");
	assert_wrong(parse("usage", "--depth", "99999999999999999999", NULL), "--depth");
	assert_int_equal(parse("usage", "--depth", "0", NULL), 0);
	assert_int_equal(args.depth, 0);
	assert_int_equal(parse("practice", "--lesson", "dirty", "D", NULL), 0);
	assert_string_equal(args.lesson, "dirty");
	assert_wrong(parse("practice", "--lesson", "nosuch", "D", NULL), "nosuch");
	assert_non_null(strstr(err.help, "overflow, dirty"));
}

static void wrong_options_are_named(void **state)
{
	(void)state;
	assert_wrong(parse("status", "--nonsense", NULL), "--nonsense");
	assert_wrong(parse("-q", NULL), "-q");
	assert_wrong(parse("status", "--json=1", NULL), "--json takes no value");
	assert_wrong(parse("merge", "S", "--work", NULL), "--work needs a value");
	assert_wrong(parse("status", "--depth", "3", NULL), "--depth does not apply to 'status'");
	assert_wrong(parse("--undo", NULL), "needs a command");
	assert_wrong(parse("--json", NULL), "needs a command");
}

static void thresholds_are_read(void **state)
{
	(void)state;
	assert_int_equal(parse("watch", NULL), 0);
	assert_int_equal(args.n_at, 3);
	assert_int_equal(args.at[0], 80);
	assert_int_equal(args.at[2], 95);
	assert_false(args.once);
	assert_int_equal(parse("watch", "--at", "90,5,70", "--every", "60", "--once", "S", NULL), 0);
	assert_int_equal(args.n_at, 3);
	assert_int_equal(args.at[0], 5);
	assert_int_equal(args.at[1], 70);
	assert_int_equal(args.at[2], 90);
	assert_int_equal(args.every, 60);
	assert_true(args.once);
	assert_wrong(parse("watch", "--at", "", NULL), "--at needs");
	assert_wrong(parse("watch", "--at", "0", NULL), "--at needs");
	assert_wrong(parse("watch", "--at", "101", NULL), "--at needs");
	assert_wrong(parse("watch", "--at", "80,", NULL), "--at needs");
	assert_wrong(parse("watch", "--at", "1,2,3,4,5,6,7,8,9", NULL), "--at needs");
	assert_wrong(parse("watch", "--every", "0", NULL), "--every needs");
	assert_wrong(parse("status", "--once", NULL), "does not apply");
}

static void slips_are_guessed(void **state)
{
	(void)state;
	assert_wrong(parse("stauts", NULL), "neither a command nor a file");
	assert_string_equal(err.help, "Did you mean: livemend status");
	assert_wrong(parse("merg", NULL), "merg");
	assert_string_equal(err.help, "Did you mean: livemend merge");
	assert_wrong(parse("zzzzzzzz", NULL), "zzzzzzzz");
	assert_null(strstr(err.help, "mean"));
	assert_wrong(parse("an-exceedingly-long-word-that-is-no-command", NULL), "neither");
}

/* A terminal must not be driven by a word of the command line that is shown again. */
static void escape_sequences_are_harmless(void **state)
{
	(void)state;
	assert_wrong(parse("\033[2Jx", NULL), "[2Jx");
	assert_null(strchr(err.what, '\033'));
	assert_wrong(parse("status", "--\033[2J", NULL), "[2J");
	assert_null(strchr(err.what, '\033'));
}

static void json_is_known_even_when_wrong(void **state)
{
	(void)state;
	assert_wrong(parse("stauts", "--json", NULL), "stauts");
	assert_true(args.json);
	assert_wrong(parse("--bad", "--json", NULL), "--bad");
	assert_true(args.json);
	assert_wrong(parse("--bad", "--", "--json", NULL), "--bad");
	assert_false(args.json);
}

static void help_and_version(void **state)
{
	(void)state;
	assert_int_equal(parse("--version", "whatever", NULL), 0);
	assert_int_equal(args.action, CLI_SHOW_VERSION);
	assert_int_equal(parse("merge", "--help", NULL), 0);
	assert_int_equal(args.action, CLI_SHOW_HELP);
	assert_string_equal(args.command->name, "merge");
	assert_int_equal(parse("-h", "overlay", NULL), 0);
	assert_string_equal(args.topic, "overlay");
	assert_int_equal(parse("--help", NULL), 0);
	assert_null(args.topic);
	assert_null(args.command);
}

static void usage_lines(void **state)
{
	char line[200], tiny[10];

	(void)state;
	assert_string_equal(cli_args_usage(line, sizeof(line), cli_command_find("export")),
			    "livemend export OUT [STICK]");
	assert_string_equal(cli_args_usage(line, sizeof(line), cli_command_find("usage")),
			    "livemend usage [--depth N] [STICK]");
	assert_string_equal(cli_args_usage(tiny, sizeof(tiny), cli_command_find("merge")),
			    "livemend ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_the_full_screen),
		cmocka_unit_test(a_path_is_the_full_screen),
		cmocka_unit_test(every_command_is_found),
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(options_and_words_may_be_mixed),
		cmocka_unit_test(after_two_dashes_all_are_operands),
		cmocka_unit_test(operands_are_counted),
		cmocka_unit_test(choices_are_checked),
		cmocka_unit_test(wrong_options_are_named),
		cmocka_unit_test(thresholds_are_read),
		cmocka_unit_test(slips_are_guessed),
		cmocka_unit_test(escape_sequences_are_harmless),
		cmocka_unit_test(json_is_known_even_when_wrong),
		cmocka_unit_test(help_and_version),
		cmocka_unit_test(usage_lines),
	};

	return cmocka_run_group_tests_name("cli_args", tests, NULL, NULL);
}

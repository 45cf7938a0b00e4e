/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Filling, cutting, bars, the progress line, and answers that are read as they come. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/ask.h"
#include "cli/out.h"
#include "cli/progress.h"

/* progress.o prints JSON as well, which none of these tests asks for. */
const char *lm_exact_word(enum lm_exact exact)
{
	return exact == LM_EXACT ? "exact" : "about";
}

const char *lm_boot_uses_word(enum lm_boot_uses uses)
{
	(void)uses;
	return "overlay";
}

const char *lm_overlay_kind_word(enum lm_overlay_kind kind)
{
	(void)kind;
	return "";
}

const char *lm_overlay_state_word(enum lm_overlay_state state)
{
	(void)state;
	return "";
}

static void assert_filled(unsigned width, unsigned first, unsigned rest, const char *text,
			  const char *want)
{
	struct out out = {.width = width};
	char *got = NULL;
	size_t size;

	out.f = open_memstream(&got, &size);
	assert_non_null(out.f);
	out_wrap(&out, first, rest, text);
	fclose(out.f);
	assert_string_equal(got, want);
	free(got);
}

static void text_is_filled(void **state)
{
	(void)state;
	assert_filled(20, 0, 0, NULL, "");
	assert_filled(20, 0, 0, "", "");
	assert_filled(20, 2, 4, "one", "  one\n");
	assert_filled(20, 2, 4, "one two three four five", "  one two three\n    four five\n");
	assert_filled(20, 0, 0, "one\ntwo", "one\ntwo\n");
	assert_filled(20, 1, 1, "one\n", " one\n");
	/* What is too long for a line stays whole, on a line of its own. */
	assert_filled(10, 0, 2, "a /a/very/long/path b", "a\n  /a/very/long/path\n  b\n");
	assert_filled(10, 0, 2, "/a/very/long/path", "/a/very/long/path\n");
	/* Nothing is wider than what is easy to read. */
	assert_filled(500, 0, 0,
		      "1234567890 1234567890 1234567890 1234567890 1234567890 "
		      "1234567890 1234567890 1234567890 1234567890 1234567890",
		      "1234567890 1234567890 1234567890 1234567890 1234567890 "
		      "1234567890 1234567890 1234567890 1234567890\n1234567890\n");
}

static void columns_are_counted_not_bytes(void **state)
{
	char text[] = "Gr\xc3\xbc\xc3\x9f"
		      "e";

	(void)state;
	if (!setlocale(LC_ALL, "C.UTF-8"))
		skip();
	assert_int_equal(out_text_columns(text), 5);
	assert_int_equal(out_text_columns("\xe4\xb8\xad"), 2);
	assert_filled(14, 0, 0, "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc \xc3\xbc\xc3\xbc",
		      "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc \xc3\xbc\xc3\xbc\n");
	out_clip(text, 3);
	assert_string_equal(text, "Gr\xc3\xbc");
	/* A byte that is no character takes a column, and ends nothing. */
	assert_int_equal(out_text_columns("a\xff"
					  "b"),
			 3);
}

static void texts_are_cut(void **state)
{
	char text[] = "abc";

	(void)state;
	out_clip(text, 3);
	assert_string_equal(text, "abc");
	out_clip(text, 2);
	assert_string_equal(text, "ab");
	out_clip(text, 0);
	assert_string_equal(text, "");
}

static void bars_never_overflow(void **state)
{
	char bar[8];

	(void)state;
	assert_string_equal(out_bar(bar, 5, 0), "[.....]");
	assert_string_equal(out_bar(bar, 5, 19.9), "[.....]");
	assert_string_equal(out_bar(bar, 5, 20), "[#....]");
	assert_string_equal(out_bar(bar, 5, 99.9), "[####.]");
	assert_string_equal(out_bar(bar, 5, 100), "[#####]");
	assert_string_equal(out_bar(bar, 5, 1e300), "[#####]");
	assert_string_equal(out_bar(bar, 5, -3), "[.....]");
}

static void progress_is_one_line(void **state)
{
	static char title[] = "Write the new image";
	struct lm_step step = {.title = title};
	struct lm_plan plan = {.steps = &step, .n_steps = 1};
	struct lm_progress now = {.n_steps = 1,
				  .done_bytes = 612ull << 20,
				  .total_bytes = 1436ull << 20,
				  .bytes_per_second = 18 << 20,
				  .eta_seconds = 80};
	char text[200];

	(void)state;
	progress_text(text, sizeof(text), 79, &plan, &now);
	assert_string_equal(text, "[1/1] Write the new image   43%  612 MiB of 1.40 GiB  "
				  "1 min 20 s left");
	now.flushing = true;
	progress_text(text, sizeof(text), 100, &plan, &now);
	assert_non_null(strstr(text, "flushing to the stick"));
	now.state = LM_JOB_CANCELLING;
	progress_text(text, sizeof(text), 100, &plan, &now);
	assert_non_null(strstr(text, "stopping at the next safe point"));
	/* Nothing is made up where nothing is known, and a small buffer is enough. */
	memset(&now, 0, sizeof(now));
	now.n_steps = 1;
	now.eta_seconds = -1;
	progress_text(text, sizeof(text), 100, &plan, &now);
	assert_string_equal(text, "[1/1] Write the new image");
	now.done_bytes = 5;
	now.total_bytes = 4;
	progress_text(text, sizeof(text), 100, &plan, &now);
	assert_non_null(strstr(text, "100%"));
	progress_text(text, 8, 100, &plan, &now);
	assert_string_equal(text, "[1/1] W");
}

static void answers_are_read_as_they_come(void **state)
{
	struct ask_line line;
	int fds[2], i;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "yes\nno", 6), 6);
	ask_line_init(&line);
	for (i = 0; i < 3; i++)
		assert_int_equal(ask_line_read(&line, fds[0]), ASK_MORE);
	assert_int_equal(ask_line_read(&line, fds[0]), ASK_LINE);
	assert_string_equal(line.text, "yes");
	close(fds[1]);
	ask_line_init(&line);
	assert_int_equal(ask_line_read(&line, fds[0]), ASK_MORE);
	assert_int_equal(ask_line_read(&line, fds[0]), ASK_MORE);
	/* A line that is not ended is no answer. */
	assert_int_equal(ask_line_read(&line, fds[0]), ASK_END);
	close(fds[0]);
}

static void an_answer_that_is_too_long_is_none(void **state)
{
	struct ask_line line;
	enum ask_state got = ASK_MORE;
	int fds[2], i;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	for (i = 0; i < 200; i++)
		assert_int_equal(write(fds[1], "y", 1), 1);
	assert_int_equal(write(fds[1], "\n", 1), 1);
	ask_line_init(&line);
	while (got == ASK_MORE)
		got = ask_line_read(&line, fds[0]);
	assert_int_equal(got, ASK_LINE);
	assert_string_equal(line.text, "");
	close(fds[0]);
	close(fds[1]);
}

static void only_yes_is_yes(void **state)
{
	(void)state;
	assert_true(ask_is_yes("y"));
	assert_true(ask_is_yes("YES"));
	assert_false(ask_is_yes(""));
	assert_false(ask_is_yes("yy"));
	assert_false(ask_is_yes(" y"));
	assert_false(ask_is_yes("n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_filled),
		cmocka_unit_test(columns_are_counted_not_bytes),
		cmocka_unit_test(texts_are_cut),
		cmocka_unit_test(bars_never_overflow),
		cmocka_unit_test(progress_is_one_line),
		cmocka_unit_test(answers_are_read_as_they_come),
		cmocka_unit_test(an_answer_that_is_too_long_is_none),
		cmocka_unit_test(only_yes_is_yes),
	};

	return cmocka_run_group_tests_name("cli_text", tests, NULL, NULL);
}

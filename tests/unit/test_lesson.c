/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every lesson from its beginning to its end, and the wrong moves on the way. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/cow/cow.h"
#include "core/lesson/lesson.h"
#include "core/livemend.h"
#include "core/practice/practice.h"

static struct lm_ctx *ctx;
static char top[64], dir[80];

static int setup(void **state)
{
	(void)state;
	alarm(240);
	snprintf(top, sizeof(top), "%s/livemend-test.XXXXXX",
		 getenv("TMPDIR") && strlen(getenv("TMPDIR")) < 32 ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(top))
		return -1;
	snprintf(dir, sizeof(dir), "%s/stick", top);
	return lm_ctx_new(&ctx, NULL);
}

static int teardown(void **state)
{
	const char *argv[] = { "rm", "-rf", top, NULL };

	(void)state;
	lm_ctx_free(ctx);
	return practice_child(argv, NULL, NULL, NULL);
}

static void show(const struct lm_error *err)
{
	print_message("%s: %s: %s (%s)\n", err->what, err->on, err->why, err->help);
}

/* Carries out an operation, the word typed; false where it is refused. */
static bool operate(struct lm_stick *stick, const struct lm_options *options)
{
	struct lm_error err = { 0 };
	struct lm_result result;
	struct lm_plan *plan;
	struct lm_job *job;

	if (lm_plan_make(ctx, stick, options, &plan, &err)) {
		show(&err);
		return false;
	}
	if (!plan->possible) {
		show(&plan->refusal);
		lm_plan_free(plan);
		return false;
	}
	assert_int_equal(lm_job_start(plan, &job, NULL), 0);
	lm_job_finish(job, &result);
	lm_plan_free(plan);
	if (result.outcome != LM_DONE)
		show(&result.error);
	return result.outcome == LM_DONE;
}

static struct lm_lesson *begin(const char *name)
{
	struct lm_options options = { .op = LM_OP_PRACTICE, .out = dir, .lesson = name };
	struct lm_lesson *lesson;
	struct lm_error err = { 0 };

	assert_true(operate(NULL, &options));
	if (lm_lesson_open(ctx, dir, &lesson, &err))
		show(&err);
	assert_string_equal(lesson->name, name);
	assert_int_equal(lesson->at, 0);
	return lesson;
}

static bool operate_on_stick(const struct lm_options *options)
{
	struct lm_stick *stick;
	bool done;

	assert_int_equal(lm_stick_open(ctx, dir, &stick, NULL), 0);
	done = operate(stick, options);
	lm_stick_close(stick);
	return done;
}

static struct lm_status *status_now(void)
{
	struct lm_status *status;
	struct lm_stick *stick;

	assert_int_equal(lm_stick_open(ctx, dir, &stick, NULL), 0);
	assert_int_equal(lm_status_read(stick, 0, &status, NULL), 0);
	lm_stick_close(stick);
	return status;
}

static void check(struct lm_lesson *lesson, const char *answer, bool done)
{
	struct lm_verdict verdict;
	struct lm_error err = { 0 };
	size_t at = lesson->at;

	if (lm_lesson_check(lesson, answer, &verdict, &err)) {
		show(&err);
		fail();
	}
	if (verdict.done != done)
		fail_msg("%s/%s: %s", lesson->name, lesson->steps[at].id, verdict.text);
	assert_true(verdict.text[0] != '\0');
	assert_int_equal(lesson->at, done ? at + 1 : at);
}

/* An answer that is wrong, one that is none, and then the right one. */
static void answer(struct lm_lesson *lesson, const char *id, const char *right)
{
	assert_string_equal(lesson->steps[lesson->at].id, id);
	assert_int_equal(lesson->steps[lesson->at].does, LM_DOES_ANSWER);
	check(lesson, NULL, false);
	check(lesson, "", false);
	check(lesson, "98765", false);
	check(lesson, "I do not know", false);
	check(lesson, right, true);
}

static void answer_number(struct lm_lesson *lesson, const char *id, double right, const char *unit)
{
	char text[64];

	snprintf(text, sizeof(text), " %.2f %s ", right, unit);
	answer(lesson, id, text);
}

static void answer_percent(struct lm_lesson *lesson)
{
	struct lm_status *status = status_now();
	char text[16];

	snprintf(text, sizeof(text), "%u%%", (unsigned)status->overlays[0].used_percent);
	lm_status_free(status);
	answer(lesson, lesson->steps[lesson->at].id, text);
}

static void answer_dead(struct lm_lesson *lesson)
{
	struct lm_status *status = status_now();

	answer_number(lesson, "dead", (double)(status->overlays[0].dead_sectors * 512) / 1024,
		      "KiB");
	lm_status_free(status);
}

/* Not yet as long as it is not done; then done. */
static void change(struct lm_lesson *lesson, const char *id)
{
	char said[LM_VERDICT_CAP];
	struct lm_error err = { 0 };

	assert_string_equal(lesson->steps[lesson->at].id, id);
	assert_int_equal(lesson->steps[lesson->at].does, LM_DOES_CHANGE);
	assert_non_null(lesson->steps[lesson->at].label);
	check(lesson, NULL, false);
	if (lm_lesson_do(lesson, said, &err)) {
		show(&err);
		fail();
	}
	check(lesson, NULL, true);
}

/* The lesson put away and taken up again, as after a night. */
static void sleep_over(struct lm_lesson **lesson)
{
	size_t at = (*lesson)->at;

	lm_lesson_close(*lesson);
	assert_int_equal(lm_lesson_open(ctx, dir, lesson, NULL), 0);
	assert_int_equal((*lesson)->at, at);
}

static void plan(struct lm_lesson *lesson, const char *id)
{
	char said[LM_VERDICT_CAP];

	assert_string_equal(lesson->steps[lesson->at].id, id);
	assert_int_equal(lesson->steps[lesson->at].does, LM_DOES_PLAN);
	assert_int_equal(lm_lesson_do(lesson, said, NULL), -EINVAL);
	check(lesson, NULL, false);
	assert_true(operate_on_stick(&lesson->steps[lesson->at].options));
	check(lesson, NULL, true);
}

static void end(struct lm_lesson *lesson)
{
	struct lm_verdict verdict;
	size_t i;

	assert_int_equal(lesson->at, lesson->n_steps);
	for (i = 0; i < lesson->n_steps; i++)
		assert_true(lesson->steps[i].done);
	assert_int_equal(lm_lesson_check(lesson, NULL, &verdict, NULL), 0);
	assert_true(verdict.done);
	lm_lesson_close(lesson);
}

static double mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

static void overlay(void **state)
{
	struct lm_lesson *lesson = begin("overlay");

	(void)state;
	answer_percent(lesson);
	change(lesson, "write");
	sleep_over(&lesson);
	change(lesson, "delete");
	answer_dead(lesson);
	end(lesson);
}

static void gauges(void **state)
{
	struct lm_lesson *lesson = begin("gauges");
	struct lm_status *s = status_now();
	uint64_t room = (s->overlays[0].total_sectors - s->overlays[0].allocated_sectors) * 512;

	(void)state;
	answer_percent(lesson);
	answer_number(lesson, "free", mib(room), "MiB");
	answer_number(lesson, "df", mib(s->root.free_bytes), "MB");
	assert_true(s->wall_known);
	check(lesson, "ram", false);
	answer(lesson, "wall", s->first_wall.what);
	answer_dead(lesson);
	lm_status_free(s);
	end(lesson);
}

/* Whatever the learner does, what is left cannot be taken for the lesson's end. */
static void reset_stick(void)
{
	assert_true(operate_on_stick(&(struct lm_options){ .op = LM_OP_RESET }));
}

static void overflow(void **state)
{
	struct lm_lesson *lesson = begin("overflow");
	struct lm_status *s = status_now();
	char said[LM_VERDICT_CAP];

	(void)state;
	answer(lesson, "state", "full");
	answer_number(lesson, "df", mib(s->root.free_bytes), "");
	lm_status_free(s);
	assert_int_not_equal(lm_lesson_do(lesson, said, NULL), 0);
	plan(lesson, "recover");
	change(lesson, "write");
	end(lesson);
}

static void invalid(void **state)
{
	struct lm_lesson *lesson = begin("invalid");

	(void)state;
	answer(lesson, "state", "Invalid");
	answer(lesson, "field", "0");
	plan(lesson, "recover");
	change(lesson, "write");
	end(lesson);
}

/* A reset empties the overlay too; that is noticed, and said. */
static void wrong_way(void **state)
{
	struct lm_lesson *lesson = begin("overflow");
	struct lm_verdict verdict;
	struct lm_status *s = status_now();

	(void)state;
	answer(lesson, "state", "full");
	answer_number(lesson, "df", mib(s->root.free_bytes), "");
	lm_status_free(s);
	reset_stick();
	assert_int_equal(lm_lesson_check(lesson, NULL, &verdict, NULL), 0);
	assert_false(verdict.done);
	assert_non_null(strstr(verdict.text, "letters"));
	lm_lesson_close(lesson);
}

static double merge_frees(void)
{
	struct lm_usage *usage;
	struct lm_stick *stick;
	double frees;

	assert_int_equal(lm_stick_open(ctx, dir, &stick, NULL), 0);
	assert_int_equal(lm_usage_read(stick, NULL, &usage, NULL), 0);
	frees = mib(usage->merge_frees_bytes);
	lm_usage_free(usage);
	lm_stick_close(stick);
	return frees;
}

static void merge(void **state)
{
	struct lm_lesson *lesson = begin("merge");

	(void)state;
	answer_number(lesson, "frees", merge_frees(), "MiB");
	plan(lesson, "merge");
	sleep_over(&lesson);
	answer_percent(lesson);
	change(lesson, "write");
	end(lesson);
}

static void wrong_merge(void **state)
{
	struct lm_lesson *lesson = begin("merge");

	(void)state;
	answer_number(lesson, "frees", merge_frees(), "MiB");
	reset_stick();
	check(lesson, NULL, false);
	lm_lesson_close(lesson);
}

static void compact(void **state)
{
	struct lm_lesson *lesson = begin("compact");

	(void)state;
	answer_dead(lesson);
	plan(lesson, "compact");
	answer_percent(lesson);
	end(lesson);
}

/* A merge wins the room back as well, but it is not what was asked. */
static void wrong_compact(void **state)
{
	struct lm_lesson *lesson = begin("compact");

	(void)state;
	answer_dead(lesson);
	assert_true(operate_on_stick(&(struct lm_options){ .op = LM_OP_MERGE }));
	check(lesson, NULL, false);
	lm_lesson_close(lesson);
}

static void sizes(void **state)
{
	struct lm_lesson *lesson = begin("sizes");

	(void)state;
	answer_number(lesson, "capacity", (double)cow_capacity(32u << 20, 8), "");
	check(lesson, "250", false);
	check(lesson, "260 MiB", false);
	answer(lesson, "corner", "256 MiB");
	check(lesson, "4096", false);
	answer(lesson, "fat", "4095");
	answer(lesson, "chunk", "32 KiB");
	plan(lesson, "grow");
	end(lesson);
}

static void home(void **state)
{
	struct lm_lesson *lesson = begin("home");

	(void)state;
	answer(lesson, "largest", "/home");
	change(lesson, "make");
	change(lesson, "move");
	sleep_over(&lesson);
	change(lesson, "logs");
	change(lesson, "write");
	plan(lesson, "compact");
	end(lesson);
}

static void spoil(const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/lesson.txt", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* No lesson, or a note that makes no sense: said, and nothing is taken for granted. */
static void spoilt(void **state)
{
	static const char *const texts[] = {
		"", "livemend lesson 2\nname overlay\nstep 0\n", "livemend lesson 1\nstep 0\n",
		"livemend lesson 1\nname nothing\nstep 0\n",
		"livemend lesson 1\nname overlay\nstep 99\n",
		"livemend lesson 1\nname overlay\nstep 1\nstart.dead 4\n",
		"livemend lesson 1\nname overlay\nstep -1\n",
	};
	struct lm_lesson *lesson = begin("overlay");
	struct lm_error err;
	char path[128];
	size_t i;

	(void)state;
	lm_lesson_close(lesson);
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		spoil(texts[i]);
		assert_int_equal(lm_lesson_open(ctx, dir, &lesson, &err), -EINVAL);
		assert_null(lesson);
		assert_true(err.help[0] != '\0');
	}
	snprintf(path, sizeof(path), "%s/lesson.txt", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(lm_lesson_open(ctx, dir, &lesson, &err), -ENOENT);
	assert_int_equal(lm_lesson_open(ctx, "/nonexistent", &lesson, &err), -ENOENT);
}

static void own_name(char path[200])
{
	struct lm_status *s = status_now();

	snprintf(path, 200, "%s/%s", dir, s->overlays[0].path);
	lm_status_free(s);
}

/* The note of a lesson on somebody's own stick: nothing is written there for it. */
static void not_mine(void **state)
{
	struct lm_lesson *lesson = begin("overlay"), *other;
	char was[200], is[200], said[LM_VERDICT_CAP];
	struct lm_error err = { 0 };

	(void)state;
	answer_percent(lesson);
	own_name(was);
	snprintf(is, sizeof(is), "%s/LiveOS/overlay-MINE-1234-5678", dir);
	assert_int_equal(rename(was, is), 0);
	assert_int_equal(lm_lesson_do(lesson, said, &err), -EPERM);
	assert_int_equal(err.outcome, LM_REFUSED);
	assert_int_equal(lm_lesson_open(ctx, dir, &other, &err), -EPERM);
	assert_null(other);
	assert_int_equal(rename(is, was), 0);
	lm_lesson_close(lesson);
}

static bool file_has(const char *name, const char *text)
{
	const char *src = getenv("LM_SRC");
	char path[4096], line[512];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", src ? src : ".", name);
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s cannot be opened", path);
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, text) != NULL;
	fclose(f);
	return found;
}

static void step_is_whole(const struct lesson_def *def, const struct lesson_step *s)
{
	const struct lesson_step *other;
	bool knows_look = !s->look || !strcmp(s->look, "status") || !strcmp(s->look, "usage") ||
			  !strcmp(s->look, "doctor") || !strcmp(s->look, "layout");

	assert_true(s->id[0] && s->title[0] && s->text[0] && s->todo[0] && s->hint[0]);
	assert_non_null(s->commands[0]);
	assert_null(s->commands[LESSON_COMMANDS]);
	assert_non_null(s->check);
	assert_true(knows_look);
	assert_int_equal(s->label != NULL, s->does == LM_DOES_CHANGE);
	assert_int_equal(s->act != NULL, s->does == LM_DOES_CHANGE);
	if (s->does != LM_DOES_ANSWER)
		assert_null(s->look);
	for (other = def->steps; other < s; other++)
		assert_string_not_equal(other->id, s->id);
}

/* Whatever can be asked for has its texts, and is in the topic and in the manual. */
static void lint(void **state)
{
	const char *const *name;
	char text[64];
	size_t i;

	(void)state;
	for (name = lm_lessons(); *name; name++) {
		const struct lesson_def *def = lesson_def_find(*name);

		snprintf(text, sizeof(text), ".Sy %s ", *name);
		if (!file_has("help/livemend.8", text))
			fail_msg("the manual lacks %s", *name);
		if (!file_has("help/lessons.txt", *name))
			fail_msg("the topic lacks %s", *name);
		assert_non_null(lm_lesson_text(*name));
		assert_int_equal(practice_lesson_find(*name)->guided, def != NULL);
		if (!def)
			continue;
		snprintf(text, sizeof(text), "  %s  ", *name);
		assert_true(file_has("help/lessons.txt", text));
		assert_true(def->title[0] && def->text[0] && def->n_steps > 0);
		for (i = 0; i < def->n_steps; i++)
			step_is_whole(def, &def->steps[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lint),
		cmocka_unit_test_setup_teardown(overlay, setup, teardown),
		cmocka_unit_test_setup_teardown(gauges, setup, teardown),
		cmocka_unit_test_setup_teardown(overflow, setup, teardown),
		cmocka_unit_test_setup_teardown(invalid, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_way, setup, teardown),
		cmocka_unit_test_setup_teardown(merge, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_merge, setup, teardown),
		cmocka_unit_test_setup_teardown(compact, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_compact, setup, teardown),
		cmocka_unit_test_setup_teardown(sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(home, setup, teardown),
		cmocka_unit_test_setup_teardown(spoilt, setup, teardown),
		cmocka_unit_test_setup_teardown(not_mine, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plain_lesson.c - practice sticks, and the lessons on them, line by line */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plain.h"
#include "core/i18n.h"
#include "core/text.h"

static void say_step(struct plain *p, const struct lm_lesson *l)
{
	const struct lm_lesson_step *s = &l->steps[l->at];
	char **c;

	fprintf(p->out->f, _("\n%s. Step %zu of %zu: %s\n\n"), l->title, l->at + 1, l->n_steps,
		s->title);
	out_wrap(p->out, 0, 0, s->text);
	fputc('\n', p->out->f);
	plain_line(p, s->does == LM_DOES_ANSWER ? _("Question:") : _("To do:"), s->todo);
	if (s->commands && s->commands[0])
		fprintf(p->out->f, "%s\n", _("In the shell:"));
	for (c = s->commands; c && *c; c++)
		fprintf(p->out->f, "  $ %s\n", *c);
}

/* Opens what the step says is to be looked at. */
static void look(struct plain *p, const struct lm_lesson *l)
{
	const char *what = l->steps[l->at].look;

	plain_open(p, l->dir);
	if (!plain_has_stick(p))
		return;
	if (what && !strcmp(what, "usage"))
		plain_usage(p);
	else if (what && !strcmp(what, "doctor"))
		plain_doctor(p);
	else if (what && !strcmp(what, "layout"))
		plain_layout(p);
	else
		plain_status(p);
}

static bool check(struct plain *p, struct lm_lesson *l, const char *answer)
{
	struct lm_verdict verdict;
	struct lm_error err = {0};

	if (lm_lesson_check(l, answer, &verdict, &err)) {
		plain_error(p, &err);
		return false;
	}
	out_wrap(p->out, 0, 0, verdict.text);
	return verdict.done;
}

/* False when the lesson is left. */
static bool answer_step(struct plain *p, struct lm_lesson *l)
{
	char answer[80];

	for (;;) {
		if (!plain_ask(p, _("Your answer (l looks, h gives a hint, q stops for now): "), answer,
			       sizeof(answer)) ||
		    !strcmp(answer, "q"))
			return false;
		if (!strcmp(answer, "l"))
			look(p, l);
		else if (!strcmp(answer, "h"))
			plain_line(p, _("Hint:"), l->steps[l->at].hint);
		else if (answer[0] && check(p, l, answer))
			return true;
	}
}

static void do_it(struct plain *p, struct lm_lesson *l)
{
	const struct lm_lesson_step *s = &l->steps[l->at];
	char said[LM_VERDICT_CAP];
	struct lm_error err = {0};
	struct lm_stick *stick;

	if (s->does == LM_DOES_CHANGE) {
		if (lm_lesson_do(l, said, &err))
			plain_error(p, &err);
		else
			out_wrap(p->out, 0, 0, said);
		return;
	}
	if (lm_stick_open(p->cli->ctx, l->dir, &stick, &err)) {
		plain_error(p, &err);
		return;
	}
	plain_plan(p, stick, &s->options);
	lm_stick_close(stick);
}

/* What the key 1 does, in words; to be freed. */
static char *what_to_do(const struct lm_lesson_step *s)
{
	return s->does == LM_DOES_CHANGE ? text_format("%s", s->label)
					 : text_format(_("Open the plan of %s"),
						       lm_op_word(s->options.op));
}

static bool work_step(struct plain *p, struct lm_lesson *l)
{
	char *what;
	int choice;

	for (;;) {
		what = what_to_do(&l->steps[l->at]);
		plain_item(p, 1, what ? what : "");
		free(what);
		plain_item(p, 2, _("Check whether it is done"));
		plain_item(p, 3, _("A hint"));
		plain_item(p, 4, _("Look at the stick"));
		plain_item(p, 0, _("Stop for now"));
		choice = plain_choose(p, _("Number: "), 4, NULL);
		if (choice == PLAIN_LEAVE)
			return false;
		if (choice == 1)
			do_it(p, l);
		if (choice == 1 || choice == 2) {
			if (check(p, l, NULL))
				return true;
		} else if (choice == 3) {
			plain_line(p, _("Hint:"), l->steps[l->at].hint);
		} else if (choice == 4) {
			look(p, l);
		}
	}
}

void plain_lesson(struct plain *p, const char *dir)
{
	char *word;
	struct lm_lesson *l;
	struct lm_error err = {0};
	bool go_on = true;

	if (lm_lesson_open(p->cli->ctx, dir, &l, &err)) {
		plain_error(p, &err);
		return;
	}
	fprintf(p->out->f, _("\nLesson: %s\n"), l->title);
	out_wrap(p->out, 0, 0, l->text);
	while (go_on && l->at < l->n_steps) {
		say_step(p, l);
		go_on = l->steps[l->at].does == LM_DOES_ANSWER ? answer_step(p, l) : work_step(p, l);
	}
	word = text_command("%s", dir);
	if (l->at == l->n_steps)
		fprintf(p->out->f, "\n%s\n", _("The lesson is over: all is done. Delete the folder, or "
					       "look around in it."));
	else
		fprintf(p->out->f, _("\nGo on later with: livemend practice %s\n"),
			word ? word : "DIR");
	free(word);
	lm_lesson_close(l);
}

/* --------------------------------------------------- practice sticks -- */

static int choose_stick(struct plain *p, const char **name)
{
	const char *const *all = lm_lessons();
	char *line;
	int n, choice;

	fprintf(p->out->f, "%s\n", _("Practice sticks:"));
	for (n = 0; all[n]; n++) {
		line = text_format("%s: %s%s", all[n], lm_lesson_text(all[n]),
				   lm_lesson_is_guided(all[n]) ? _(" A lesson, step by step.") : "");
		if (line)
			plain_item(p, n + 1, line);
		free(line);
	}
	plain_item(p, n + 1, _("healthy: a stick in good order, with an overlay in use"));
	choice = plain_choose(p, _("Number (q goes back): "), n + 1, NULL);
	if (choice < 0)
		return choice;
	*name = choice <= n ? all[choice - 1] : NULL;
	return 0;
}

void plain_practice(struct plain *p)
{
	struct lm_options o = {.op = lm_op_that_takes(LM_TAKES_LESSON)->op};
	char dir[128];

	if (choose_stick(p, &o.lesson))
		return;
	if (!plain_ask(p, _("Folder for it, empty or new (Enter: practice-stick, q goes back): "), dir,
		       sizeof(dir)) ||
	    !strcmp(dir, "q"))
		return;
	if (!dir[0])
		snprintf(dir, sizeof(dir), "practice-stick");
	o.out = dir;
	if (plain_plan(p, NULL, &o) != LM_DONE)
		return;
	if (lm_lesson_is_guided(o.lesson))
		plain_lesson(p, dir);
	plain_open(p, dir);
	fputc('\n', p->out->f);
	plain_status(p);
}

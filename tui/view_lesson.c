/* SPDX-License-Identifier: GPL-3.0-or-later */
/* view_lesson.c - a lesson: what a step is about, what is to be done, and whether it has been */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "tui/actions.h"
#include "tui/dialog.h"
#include "tui/doc.h"
#include "tui/lesson.h"
#include "tui/list.h"

enum { MAX_LESSONS = 16 };

struct lesson_view {
	struct view view;
	struct doc doc;
	struct lm_lesson *lesson; /* NULL: none on this stick, or not read yet */
	bool read, hint;
	enum lesson_ask asked;
	const char *names[MAX_LESSONS]; /* those that can be chosen */
	struct list list;
};

static struct lesson_view *lesson_of(struct view *v)
{
	return (struct lesson_view *)v;
}

static void lesson_free(struct view *v)
{
	struct lesson_view *l = lesson_of(v);

	lm_lesson_close(l->lesson);
	doc_clear(&l->doc);
	free(l);
}

static unsigned lesson_context(const struct view *v)
{
	const struct lesson_view *l = (const struct lesson_view *)v;

	return l->read && !l->lesson ? CTX_LIST : CTX_LESSON;
}

static const char *lesson_topic(const struct view *v)
{
	(void)v;
	return "lessons";
}

static size_t count_names(const struct lesson_view *l)
{
	size_t n = 0;

	while (n < MAX_LESSONS && l->names[n])
		n++;
	return n;
}

static void lesson_fit(struct view *v, int rows, int cols)
{
	struct lesson_view *l = lesson_of(v);

	doc_fit(&l->doc, rows - 2, cols);
	list_fit(&l->list, count_names(l), rows - 4);
}

/* ---------------------------------------------------------------- drawing */

static const char *where_to_look(const char *look)
{
	if (!strcmp(look, "usage"))
		return _("Where to look: u, what eats the overlay. Esc comes back here.");
	if (!strcmp(look, "doctor"))
		return _("Where to look: d, the doctor. Esc comes back here.");
	if (!strcmp(look, "layout"))
		return _("Where to look: t, the layout. Esc comes back here.");
	return _("Where to look: the first screen. Esc goes there, L comes back here.");
}

static const char *what_enter_does(const struct lm_lesson_step *s)
{
	switch (s->does) {
	case LM_DOES_ANSWER:
		return _("Enter asks for your answer, n gives a hint.");
	case LM_DOES_CHANGE:
		return _("Enter does it, v looks whether it is done, n gives a hint.");
	default:
		return _("Enter opens the plan, v looks whether it is done, n gives a hint.");
	}
}

static void fill_step(struct lesson_view *l, const struct lm_lesson_step *s)
{
	char **c;

	doc_add(&l->doc, ROLE_HEADING, 0, _("Step %zu of %zu: %s"), l->lesson->at + 1,
		l->lesson->n_steps, s->title);
	doc_text(&l->doc, ROLE_NORMAL, 0, s->text);
	doc_add(&l->doc, ROLE_NORMAL, 0, "%s", "");
	doc_item(&l->doc, ROLE_HEADING, 0, s->does == LM_DOES_ANSWER ? _("Question: ") : _("To do: "),
		 s->todo);
	if (s->label)
		doc_item(&l->doc, ROLE_NORMAL, 2, _("Enter: "), s->label);
	if (s->does == LM_DOES_PLAN)
		doc_item(&l->doc, ROLE_NORMAL, 2, _("Enter: "), lm_op_word(s->options.op));
	if (s->look)
		doc_add(&l->doc, ROLE_NORMAL, 2, "%s", where_to_look(s->look));
	if (l->hint)
		doc_item(&l->doc, ROLE_WATCH, 2, _("Hint: "), s->hint);
	if (s->commands && s->commands[0]) {
		doc_add(&l->doc, ROLE_NORMAL, 0, "%s", "");
		doc_add(&l->doc, ROLE_HEADING, 0, "%s", _("The same in the shell"));
	}
	for (c = s->commands; c && *c; c++)
		doc_add(&l->doc, ROLE_NORMAL, 2, "%s", *c);
}

static void fill(struct lesson_view *l)
{
	const struct lm_lesson *lesson = l->lesson;
	size_t i;

	doc_clear(&l->doc);
	if (!lesson) {
		doc_add(&l->doc, ROLE_NORMAL, 0, "%s", _("Reading ..."));
		return;
	}
	if (lesson->at < lesson->n_steps)
		fill_step(l, &lesson->steps[lesson->at]);
	else
		doc_add(&l->doc, ROLE_OK, 0, "%s",
			_("The lesson is over: all is done. Look around on the stick, or choose "
			  "another lesson: Enter."));
	doc_add(&l->doc, ROLE_NORMAL, 0, "%s", "");
	doc_add(&l->doc, ROLE_HEADING, 0, "%s", _("The steps of this lesson"));
	/* Done or not is a word, not a colour. */
	for (i = 0; i < lesson->n_steps; i++)
		doc_add(&l->doc, ROLE_NORMAL, 2, "%s %zu. %s",
			i < lesson->at ? _("[done]") : i == lesson->at ? _("[now] ") : "[    ]",
			i + 1, lesson->steps[i].title);
}

static void draw_name(const void *arg, const struct canvas *cv, int y, size_t i, bool focus)
{
	const struct lesson_view *l = arg;
	const char *text = lm_lesson_text(l->names[i]);

	canvas_clip(cv, y, 2, 12, focus ? ROLE_FOCUS : ROLE_NORMAL, l->names[i]);
	canvas_clip(cv, y, 15, cv->at.cols - 16, ROLE_NORMAL, text ? text : "");
}

static void lesson_draw(const struct view *v, const struct canvas *cv)
{
	const struct lesson_view *l = (const struct lesson_view *)v;
	struct canvas part = canvas_part(cv, (struct rect){2, 0, cv->at.rows - 2, cv->at.cols});

	if (l->read && !l->lesson) {
		canvas_put(cv, 0, 0, ROLE_HEADING, _("Which lesson? Each is a stick of its own."));
		list_draw(&l->list, &part, draw_name, l);
		return;
	}
	canvas_printf(cv, 0, 0, ROLE_HEADING, _("Lesson: %s"), l->lesson ? l->lesson->title : "");
	doc_draw(&l->doc, &part);
}

/* ------------------------------------------------------------------- keys */

static void ask(struct lesson_view *l, enum lesson_ask what, const char *answer)
{
	l->asked = what;
	service_ask_lesson(l->view.ui->service, what, answer);
	l->view.ui->dirty = true;
}

static void on_answer(void *arg, const char *text)
{
	ask(arg, LESSON_CHECK, text);
}

static void list_lessons(struct lesson_view *l)
{
	lm_lesson_close(l->lesson);
	l->lesson = NULL;
	l->read = true;
}

static void do_step(struct lesson_view *l)
{
	struct ui *ui = l->view.ui;
	const struct lm_lesson_step *s;

	if (!l->lesson)
		return;
	if (l->lesson->at == l->lesson->n_steps) {
		list_lessons(l);
		return;
	}
	s = &l->lesson->steps[l->lesson->at];
	if (s->does == LM_DOES_ANSWER)
		dialog_prompt(ui, s->title, s->todo, "", "lessons", on_answer, l);
	else if (s->does == LM_DOES_CHANGE)
		ask(l, LESSON_DO, NULL);
	else
		action_do(ui, cmd_for_line(lm_op_word(s->options.op)));
}

static bool lesson_command(struct view *v, enum cmd cmd)
{
	struct lesson_view *l = lesson_of(v);

	if (l->read && !l->lesson) {
		if (cmd == CMD_ACCEPT && l->list.count)
			practice_open(v->ui, l->names[l->list.at]);
		else
			return list_command(&l->list, cmd);
		return true;
	}
	switch (cmd) {
	case CMD_STEP:
		/* Enter first shows the rest of the page. */
		if (!doc_seen(&l->doc))
			return doc_command(&l->doc, CMD_PGDN);
		do_step(l);
		return true;
	case CMD_CHECK:
		if (l->lesson && l->lesson->at < l->lesson->n_steps &&
		    l->lesson->steps[l->lesson->at].does == LM_DOES_ANSWER)
			do_step(l);
		else
			ask(l, LESSON_CHECK, NULL);
		return true;
	case CMD_HINT:
		l->hint = true;
		fill(l);
		return true;
	default:
		return doc_command(&l->doc, cmd);
	}
}

static void say_verdict(struct lesson_view *l, const struct lesson_answer *a)
{
	char text[2 * LM_VERDICT_CAP + 8];

	if (!a->checked)
		return;
	snprintf(text, sizeof(text), "%s%s%s", a->said, a->said[0] ? "\n" : "", a->verdict.text);
	dialog_message(l->view.ui, a->verdict.done ? _("Done") : _("Not yet"), text, "lessons");
}

static void take(struct lesson_view *l)
{
	struct ui *ui = l->view.ui;
	struct lesson_answer *a = ui->data.lesson;
	size_t was = l->lesson ? l->lesson->at : 0;

	if (!a) {
		int code = ui->data.lesson_err.code;

		/* That there is none is no error; that one cannot be taken up is. */
		if (l->asked == LESSON_READ && (code == -EINVAL || code == -EPERM))
			dialog_error(ui, _("The lesson on this stick"), &ui->data.lesson_err,
				     "lessons");
		if (l->asked != LESSON_READ)
			dialog_error(ui, _("The step could not be done"), &ui->data.lesson_err,
				     "lessons");
		else
			l->read = true;
		fill(l);
		return;
	}
	lm_lesson_close(l->lesson);
	l->lesson = a->lesson;
	a->lesson = NULL;
	l->read = true;
	if (l->lesson->at != was)
		l->hint = false;
	fill(l);
	say_verdict(l, a);
	if (a->did)
		service_open_again(ui->service); /* the stick has been changed */
}

static void lesson_notice(struct view *v, enum notice note, enum want want)
{
	if (note == NOTE_ANSWER && want == WANT_LESSON)
		take(lesson_of(v));
}

static void lesson_status(const struct view *v, char *dst, size_t cap)
{
	const struct lesson_view *l = (const struct lesson_view *)v;

	if (l->read && !l->lesson)
		snprintf(dst, cap, "%s",
			 _("Enter makes the stick and begins. Esc goes back."));
	else if (!l->lesson)
		snprintf(dst, cap, "%s", _("Reading ..."));
	else if (!doc_seen(&l->doc))
		snprintf(dst, cap, "%s", _("Enter shows the rest of this page."));
	else if (l->lesson->at < l->lesson->n_steps)
		snprintf(dst, cap, "%s", what_enter_does(&l->lesson->steps[l->lesson->at]));
	else
		snprintf(dst, cap, "%s", _("Enter lists the lessons, Esc goes back."));
}

static const struct view_ops lesson_ops = {
	.free = lesson_free,
	.context = lesson_context,
	.topic = lesson_topic,
	.fit = lesson_fit,
	.draw = lesson_draw,
	.command = lesson_command,
	.notice = lesson_notice,
	.status = lesson_status,
};

static struct view *waiting(const struct ui *ui)
{
	struct view *v;

	for (v = ui->top; v; v = v->below)
		if (v->ops == &lesson_ops && !v->closed && lesson_of(v)->lesson)
			break;
	return v;
}

bool lesson_waits(const struct ui *ui)
{
	return waiting(ui) != NULL;
}

bool lesson_return(struct ui *ui)
{
	struct view *v = waiting(ui), *above;

	if (!v)
		return false;
	for (above = ui->top; above != v; above = above->below)
		ui_close(above);
	ask(lesson_of(v), LESSON_CHECK, NULL);
	return true;
}

void lessons_open(struct ui *ui)
{
	struct lesson_view *l = calloc(1, sizeof(*l));
	const char *const *all = lm_lessons();
	size_t i, n = 0;

	if (!l) {
		ui_say(ui, _("Not enough memory."));
		return;
	}
	l->view.ops = &lesson_ops;
	for (i = 0; all[i] && n < MAX_LESSONS; i++)
		if (lm_lesson_is_guided(all[i]))
			l->names[n++] = all[i];
	fill(l);
	ui_push(ui, &l->view);
	ask(l, LESSON_READ, NULL);
}

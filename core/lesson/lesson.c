/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lesson.c - taking up a lesson, its steps as they are shown, and going on to the next */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/lesson/lesson.h"
#include "core/text.h"

static const struct lesson_def *const lessons[] = { &lesson_overlay,  &lesson_gauges,
						    &lesson_overflow, &lesson_invalid,
						    &lesson_merge,    &lesson_compact,
						    &lesson_sizes,    &lesson_home };

const struct lesson_def *lesson_def_find(const char *name)
{
	size_t i;

	for (i = 0; name && i < sizeof(lessons) / sizeof(lessons[0]); i++)
		if (strcmp(lessons[i]->name, name) == 0)
			return lessons[i];
	return NULL;
}

bool lm_lesson_is_guided(const char *name)
{
	return lesson_def_find(name) != NULL;
}

static void lesson_free(struct lesson *l)
{
	if (!l)
		return;
	free(l->dir);
	free(l);
}

void lm_lesson_close(struct lm_lesson *lesson)
{
	size_t i;
	char **c;

	if (!lesson)
		return;
	for (i = 0; lesson->steps && i < lesson->n_steps; i++) {
		struct lm_lesson_step *s = &lesson->steps[i];

		free(s->title);
		free(s->text);
		free(s->todo);
		free(s->hint);
		free(s->label);
		for (c = s->commands; c && *c; c++)
			free(*c);
		free(s->commands);
	}
	free(lesson->steps);
	free(lesson->title);
	free(lesson->text);
	free(lesson->dir);
	lesson_free(lesson->impl);
	free(lesson);
}

/* A copy with {dir} and {overlay} filled in; both are printable. */
static char *filled(const char *text, const char *dir, const char *overlay)
{
	char *out = NULL;
	size_t len;
	FILE *f;

	if (!text)
		return strdup("");
	f = open_memstream(&out, &len);
	if (!f)
		return NULL;
	for (; *text; text++) {
		if (strncmp(text, "{dir}", 5) == 0) {
			fputs(dir, f);
			text += 4;
		} else if (strncmp(text, "{overlay}", 9) == 0) {
			fputs(overlay, f);
			text += 8;
		} else {
			fputc(*text, f);
		}
	}
	if (fclose(f)) {
		free(out);
		return NULL;
	}
	return out;
}

static int fill_step(struct lm_lesson_step *to, const struct lesson_step *from, const char *dir,
		     const char *overlay)
{
	char *shell_dir, *shell_overlay;
	size_t i;
	int rc = 0;

	to->id = from->id;
	to->does = from->does;
	to->look = from->look;
	to->options = from->options;
	to->title = filled(_(from->title), dir, overlay);
	to->text = filled(_(from->text), dir, overlay);
	to->todo = filled(_(from->todo), dir, overlay);
	to->hint = filled(_(from->hint), dir, overlay);
	to->label = from->label ? filled(_(from->label), dir, overlay) : NULL;
	to->commands = calloc(LESSON_COMMANDS + 1, sizeof(*to->commands));
	if (!to->title || !to->text || !to->todo || !to->hint || (from->label && !to->label) ||
	    !to->commands)
		return -ENOMEM;
	shell_dir = text_command("%s", dir);
	shell_overlay = text_command("%s", overlay);
	for (i = 0; from->commands[i] && rc == 0; i++) {
		if (shell_dir && shell_overlay)
			to->commands[i] = filled(from->commands[i], shell_dir, shell_overlay);
		if (!to->commands[i])
			rc = -ENOMEM;
	}
	free(shell_dir);
	free(shell_overlay);
	return rc;
}

static void show_place(struct lm_lesson *lesson)
{
	size_t i;

	lesson->at = lesson->impl->at;
	for (i = 0; i < lesson->n_steps; i++)
		lesson->steps[i].done = i < lesson->at;
}

static int fill(struct lm_lesson *lesson, const char *overlay)
{
	const struct lesson_def *def = lesson->impl->def;
	size_t i;

	lesson->name = def->name;
	lesson->dir = text_dup(lesson->impl->dir);
	lesson->title = strdup(_(def->title));
	lesson->text = strdup(_(def->text));
	lesson->steps = calloc(def->n_steps, sizeof(*lesson->steps));
	if (!lesson->dir || !lesson->title || !lesson->text || !lesson->steps)
		return -ENOMEM;
	lesson->n_steps = def->n_steps;
	for (i = 0; i < def->n_steps; i++)
		if (fill_step(&lesson->steps[i], &def->steps[i], lesson->dir, overlay))
			return -ENOMEM;
	show_place(lesson);
	return 0;
}

/* The stick as it is when the lesson is begun; and each step's beginning. */
static int take_note(struct lesson *l, bool noted, char overlay[128], struct lm_error *err)
{
	struct lesson_now now;
	int rc = lesson_now_open(l, &now, err);

	if (rc)
		return rc;
	snprintf(overlay, 128, "%s", now.overlay->path ? now.overlay->path : "");
	if (!noted) {
		l->start = l->enter = now.facts;
		rc = lesson_mark_write(l, err);
	}
	lesson_now_close(&now);
	return rc;
}

int lm_lesson_open(struct lm_ctx *ctx, const char *dir, struct lm_lesson **out,
		   struct lm_error *err)
{
	struct lm_lesson *lesson = calloc(1, sizeof(*lesson));
	struct lesson *l = calloc(1, sizeof(*l));
	char overlay[128] = "";
	bool noted;
	int rc;

	*out = NULL;
	if (lesson)
		lesson->impl = l;
	if (!lesson || !l) {
		free(lesson);
		lesson_free(l);
		return lm_fail(err, -ENOMEM, dir, NULL, "%s", _("Taking up the lesson failed"));
	}
	l->ctx = ctx;
	l->dir = strdup(dir);
	rc = l->dir ? lesson_mark_read(l, &noted, err) :
		      lm_fail(err, -ENOMEM, dir, NULL, "%s", _("Taking up the lesson failed"));
	if (!rc)
		rc = take_note(l, noted, overlay, err);
	if (!rc && fill(lesson, overlay))
		rc = lm_fail(err, -ENOMEM, dir, NULL, "%s", _("Taking up the lesson failed"));
	if (rc) {
		lm_lesson_close(lesson);
		return rc;
	}
	*out = lesson;
	return 0;
}

int lm_lesson_do(struct lm_lesson *lesson, char said[LM_VERDICT_CAP], struct lm_error *err)
{
	struct lesson *l = lesson->impl;
	const struct lesson_step *step = l->at < l->def->n_steps ? &l->def->steps[l->at] : NULL;
	struct lesson_now now;
	int rc;

	said[0] = '\0';
	if (!step || !step->act)
		return lm_fail(err, -EINVAL, NULL, NULL, "%s",
			       _("This step asks for something else"));
	rc = lesson_now_open(l, &now, err);
	if (rc)
		return rc;
	lesson_now_close(&now);
	return step->act(l, said, err);
}

int lm_lesson_check(struct lm_lesson *lesson, const char *answer, struct lm_verdict *verdict,
		    struct lm_error *err)
{
	struct lesson *l = lesson->impl;
	struct lesson_now now;
	int rc;

	memset(verdict, 0, sizeof(*verdict));
	if (l->at >= l->def->n_steps)
		return lesson_yes(verdict, "%s", _("The lesson is over: all is done."));
	rc = lesson_now_open(l, &now, err);
	if (rc)
		return rc;
	rc = l->def->steps[l->at].check(l, &now, answer, verdict, err);
	if (!rc && verdict->done) {
		struct lesson was = *l;

		l->at++;
		l->enter = now.facts;
		rc = lesson_mark_write(l, err);
		if (rc)
			*l = was;
		show_place(lesson);
	}
	lesson_now_close(&now);
	return rc;
}

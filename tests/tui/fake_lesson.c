/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fake_lesson.c - one lesson of three steps, on the stick of the scenario "lesson" */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/livemend.h"

bool lm_lesson_is_guided(const char *name)
{
	return strcmp(name, "overflow") == 0;
}

static int lesson_at; /* of the one lesson there is, on the scenario's stick */

static char *commands_of_step[] = {(char *)"livemend status /run/stick",
				    (char *)"dmsetup status live-rw", NULL};

int lm_lesson_open(struct lm_ctx *ctx, const char *dir, struct lm_lesson **out, struct lm_error *err)
{
	static const struct lm_lesson_step all[] = {
		{.id = "percent",
		 .title = (char *)"What has happened",
		 .text = (char *)"The overlay of this stick has no room left.\n\nNothing is lost.",
		 .todo = (char *)"How many percent of the overlay are in use?",
		 .hint = (char *)"Look at the first gauge.",
		 .commands = commands_of_step,
		 .does = LM_DOES_ANSWER,
		 .look = "status"},
		{.id = "write",
		 .title = (char *)"Write a file",
		 .text = (char *)"A file is written.",
		 .todo = (char *)"Write it.",
		 .hint = (char *)"Press Enter.",
		 .does = LM_DOES_CHANGE,
		 .label = (char *)"Write a note"},
		{.id = "merge",
		 .title = (char *)"Merge it",
		 .text = (char *)"Now it is merged.",
		 .todo = (char *)"Merge the overlay.",
		 .hint = (char *)"m",
		 .does = LM_DOES_PLAN,
		 .options = {.op = LM_OP_MERGE}},
	};
	struct lm_lesson *l;

	(void)ctx;
	*out = NULL;
	if (!strstr(dir, "lesson")) {
		err->code = -ENOENT;
		return -ENOENT;
	}
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->name = "overflow";
	l->title = (char *)"Overflow, and recovery";
	l->text = (char *)"A full overlay.";
	l->dir = (char *)dir;
	l->steps = (struct lm_lesson_step *)all;
	l->n_steps = 3;
	l->at = (size_t)lesson_at;
	*out = l;
	return 0;
}

void lm_lesson_close(struct lm_lesson *lesson)
{
	free(lesson);
}

int lm_lesson_do(struct lm_lesson *lesson, char said[LM_VERDICT_CAP], struct lm_error *err)
{
	(void)lesson;
	(void)err;
	snprintf(said, LM_VERDICT_CAP, "%s", "The note was written.");
	return 0;
}

int lm_lesson_check(struct lm_lesson *lesson, const char *answer, struct lm_verdict *verdict,
		    struct lm_error *err)
{
	(void)err;
	verdict->done = lesson_at != 0 || (answer && strcmp(answer, "100") == 0);
	snprintf(verdict->text, sizeof(verdict->text), "%s",
		 verdict->done ? "That is so." : "Not yet: look again.");
	lesson_at += verdict->done;
	lesson->at = (size_t)lesson_at;
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* service_lesson.c - the lesson on the open stick: read, done, checked, on the stick's thread */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tui/lesson.h"
#include "tui/service_priv.h"

void service_ask_lesson(struct service *s, enum lesson_ask what, const char *answer)
{
	pthread_mutex_lock(&s->lock);
	free(s->lesson_said);
	s->lesson_said = answer ? strdup(answer) : NULL;
	s->lesson_ask = what;
	service_wake(s, WORKER_STICK, 1u << WANT_LESSON);
	pthread_mutex_unlock(&s->lock);
}

void service_free_lesson(void *data)
{
	struct lesson_answer *a = data;

	lm_lesson_close(a->lesson);
	free(a);
}

/* What was done is looked at at once; what was answered too. */
static int serve(struct lesson_answer *a, enum lesson_ask ask, const char *said,
		 struct lm_error *err)
{
	int rc = 0;

	if (ask == LESSON_DO) {
		rc = lm_lesson_do(a->lesson, a->said, err);
		a->did = true;
	}
	if (rc == 0 && ask != LESSON_READ) {
		rc = lm_lesson_check(a->lesson, said, &a->verdict, err);
		a->checked = true;
	}
	return rc;
}

void service_lesson(struct worker *w)
{
	struct service *s = w->s;
	struct lesson_answer *a = calloc(1, sizeof(*a));
	struct lm_error err = {0};
	enum lesson_ask ask;
	char *path, *said;
	int rc = a ? 0 : -ENOMEM;

	pthread_mutex_lock(&s->lock);
	ask = s->lesson_ask;
	said = s->lesson_said;
	s->lesson_said = NULL;
	path = s->path ? strdup(s->path) : NULL;
	pthread_mutex_unlock(&s->lock);
	if (rc == 0)
		rc = path ? lm_lesson_open(s->ctx, path, &a->lesson, &err) : -ENOENT;
	if (rc == 0)
		rc = serve(a, ask, said, &err);
	if (rc < 0 && a) {
		service_free_lesson(a);
		a = NULL;
	}
	service_post(w, WANT_LESSON, a, rc, &err);
	free(said);
	free(path);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* service_list.c - the sticks that are attached: what there is, how they stand, what comes and goes
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tui/service_priv.h"

static char *dup_or_null(const char *text)
{
	return text ? strdup(text) : NULL;
}

static struct found *found_copy(const struct found *from)
{
	struct found *to = calloc(1, sizeof(*to));
	size_t i;

	if (!to)
		return NULL;
	to->list = calloc(from->count ? from->count : 1, sizeof(*to->list));
	to->count = to->list ? from->count : 0;
	for (i = 0; i < to->count; i++) {
		const struct lm_found *f = &from->list[i];

		to->list[i] = *f;
		to->list[i].path = dup_or_null(f->path);
		to->list[i].label = dup_or_null(f->label);
		to->list[i].model = dup_or_null(f->model);
		to->list[i].fstype = dup_or_null(f->fstype);
		to->list[i].contents = dup_or_null(f->contents);
		to->list[i].headline = dup_or_null(f->headline);
	}
	return to;
}

static bool same_stick(const struct lm_found *a, const struct lm_found *b)
{
	return a->booted == b->booted && a->size_bytes == b->size_bytes &&
	       strcmp(a->path ? a->path : "", b->path ? b->path : "") == 0 &&
	       strcmp(a->label ? a->label : "", b->label ? b->label : "") == 0;
}

/* With the lock: the new list takes over what is known of sticks that were there before. */
static void take_list(struct service *s, struct lm_found *list, size_t count)
{
	size_t i, j;

	for (i = 0; i < count; i++)
		for (j = 0; j < s->found.count; j++)
			if (same_stick(&list[i], &s->found.list[j])) {
				list[i].judged = s->found.list[j].judged;
				list[i].health = s->found.list[j].health;
				list[i].headline = s->found.list[j].headline;
				s->found.list[j].headline = NULL;
				break;
			}
	lm_found_free(s->found.list, s->found.count);
	s->found = (struct found){list, count};
	s->found_serial++;
}

void service_list(struct worker *w)
{
	struct service *s = w->s;
	struct lm_found *list = NULL;
	struct found *copy = NULL;
	struct lm_error err = {0};
	size_t count = 0;
	int rc = lm_find(s->ctx, &list, &count, &err);
	void *old;

	pthread_mutex_lock(&s->lock);
	if (rc == 0) {
		take_list(s, list, count);
		copy = found_copy(&s->found);
		service_wake(s, WORKER_LOOK, 1u << WANT_JUDGE);
		rc = copy ? 0 : -ENOMEM;
		err.code = rc;
	}
	/* Before the lock is given up: what is found out about these sticks is newer. */
	old = service_post_locked(w, WANT_STICKS, copy, rc, &err);
	pthread_mutex_unlock(&s->lock);
	service_free_answer(WANT_STICKS, old);
}

/* With the lock: the next one to look at, whole; false when all have been looked at. */
static bool next_of(struct service *s, size_t i, struct lm_found *one)
{
	if (i >= s->found.count)
		return false;
	*one = (struct lm_found){.path = dup_or_null(s->found.list[i].path),
				 .booted = s->found.list[i].booted};
	return true;
}

void service_judge(struct worker *w)
{
	struct service *s = w->s;
	struct lm_found one;
	unsigned serial;
	size_t i;

	pthread_mutex_lock(&s->lock);
	serial = s->found_serial;
	for (i = 0; !s->stop && serial == s->found_serial && next_of(s, i, &one); i++) {
		struct found *copy = NULL;
		void *old = NULL;

		pthread_mutex_unlock(&s->lock);
		lm_found_judge(s->ctx, &one, NULL);
		pthread_mutex_lock(&s->lock);
		if (serial == s->found_serial) {
			struct lm_found *f = &s->found.list[i];

			free(f->headline);
			f->headline = one.headline;
			f->judged = one.judged;
			f->health = one.health;
			one.headline = NULL;
			copy = found_copy(&s->found);
		}
		if (copy)
			old = service_post_locked(w, WANT_STICKS, copy, 0, NULL);
		pthread_mutex_unlock(&s->lock);
		service_free_answer(WANT_STICKS, old);
		free(one.path);
		free(one.headline);
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
}

/* With the lock, which is given up meanwhile. */
void service_wait_list(struct worker *w)
{
	struct service *s = w->s;
	struct pollfd fds[2] = {{.fd = s->list_fd, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
	bool changed = false;
	uint64_t count;

	pthread_mutex_unlock(&s->lock);
	if (!s->monitor && lm_monitor_start(s->ctx, &s->monitor, NULL) < 0)
		s->monitor = NULL;
	if (s->monitor)
		fds[1].fd = lm_monitor_fd(s->monitor);
	if (poll(fds, 2, -1) > 0) {
		if (fds[0].revents && read(s->list_fd, &count, sizeof(count)) < 0)
			count = 0; /* somebody was quicker */
		if (fds[1].revents)
			changed = lm_monitor_changed(s->monitor);
	}
	if (changed)
		service_post(w, WANT_CHANGED, NULL, 0, NULL);
	pthread_mutex_lock(&s->lock);
}

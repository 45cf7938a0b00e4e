/* SPDX-License-Identifier: GPL-3.0-or-later */
/* service.c - the threads, and what passes between them and the screen */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tui/service_priv.h"

/* Another stick is not kept waiting for one that has been silent for so long. */
#define PATIENCE_S 3

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void poke(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		return; /* full: it is readable anyway */
}

void service_free_answer(enum want want, void *data)
{
	if (!data)
		return;
	switch (want) {
	case WANT_STATUS:
	case WANT_FULL_STATUS:
		lm_status_free(data);
		break;
	case WANT_LAYOUT:
		lm_layout_free(data);
		break;
	case WANT_USAGE:
		lm_usage_free(data);
		break;
	case WANT_DOCTOR:
	case WANT_DEEP_DOCTOR:
		lm_report_free(data);
		break;
	case WANT_PLAN:
		lm_plan_free(data);
		break;
	case WANT_LESSON:
		service_free_lesson(data);
		break;
	case WANT_STICKS:
		lm_found_free(((struct found *)data)->list, ((struct found *)data)->count);
		free(data);
		break;
	default:
		free(data);
		break;
	}
}

static enum want slot_of(enum want want)
{
	return want == WANT_FULL_STATUS ? WANT_STATUS : want == WANT_DEEP_DOCTOR ? WANT_DOCTOR : want;
}

void *service_post_locked(struct worker *w, enum want want, void *data, int rc,
			  const struct lm_error *err)
{
	struct service *s = w->s;
	enum want slot = slot_of(want);
	struct answer *a = &s->answers[slot];
	void *old = data;

	if (!w->orphan) {
		old = a->fresh && a->rc == 0 ? a->data : NULL;
		*a = (struct answer){.fresh = true, .data = data, .rc = rc};
		if (rc < 0)
			a->err = *err;
		if (slot == WANT_PLAN)
			s->plan_posted = w->plan_tag;
	}
	poke(s->fd);
	return old;
}

void service_post(struct worker *w, enum want want, void *data, int rc, const struct lm_error *err)
{
	void *old;

	pthread_mutex_lock(&w->s->lock);
	old = service_post_locked(w, want, data, rc, err);
	pthread_mutex_unlock(&w->s->lock);
	service_free_answer(slot_of(want), old);
}

static void free_plans(struct old_plan *p)
{
	while (p) {
		struct old_plan *next = p->next;

		lm_plan_free(p->plan);
		free(p);
		p = next;
	}
}

/* With the lock, which is given up meanwhile. */
static void call(struct worker *w, enum want want)
{
	struct old_plan *plans = NULL;

	w->wanted &= ~(1u << want);
	w->running = 1u << want;
	w->cancel = false;
	w->done = w->total = 0;
	w->since = now();
	if (want == WANT_FREE_PLAN) {
		plans = w->old_plans;
		w->old_plans = NULL;
	}
	pthread_mutex_unlock(&w->s->lock);
	if (want == WANT_FREE_PLAN)
		free_plans(plans);
	else if (want == WANT_STICKS)
		service_list(w);
	else if (want == WANT_JUDGE)
		service_judge(w);
	else
		service_serve(w, want);
	pthread_mutex_lock(&w->s->lock);
	w->running = 0;
}

static void *run(void *arg)
{
	struct worker *w = arg;
	struct service *s = w->s;

	pthread_mutex_lock(&s->lock);
	while (!s->stop && !w->orphan) {
		if (w->wanted) {
			call(w, (enum want)__builtin_ctz(w->wanted));
			poke(s->fd);
		} else if (w->kind == WORKER_LIST) {
			service_wait_list(w);
		} else {
			pthread_cond_wait(&s->wake, &s->lock);
		}
	}
	pthread_mutex_unlock(&s->lock);
	free_plans(w->old_plans);
	if (w->stick)
		lm_stick_close(w->stick);
	pthread_mutex_lock(&s->lock);
	w->stopped = true;
	pthread_cond_signal(&s->idle);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static int worker_start(struct service *s, enum worker_kind kind, unsigned wants)
{
	struct worker *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return -ENOMEM;
	w->s = s;
	w->kind = kind;
	w->wanted = wants;
	s->workers[kind] = w;
	rc = -pthread_create(&w->thread, NULL, run, w);
	if (rc < 0) {
		s->workers[kind] = NULL;
		free(w);
	}
	return rc;
}

static void service_free(struct service *s)
{
	size_t i;

	for (i = 0; i < N_WANTS; i++)
		if (s->answers[i].fresh)
			service_free_answer((enum want)i, s->answers[i].data);
	for (i = 0; i < 3; i++)
		free(s->strings[i]);
	lm_found_free(s->found.list, s->found.count);
	lm_monitor_stop(s->monitor);
	if (s->fd >= 0)
		close(s->fd);
	if (s->list_fd >= 0)
		close(s->list_fd);
	free(s->save_path);
	free(s->save_text);
	free(s->lesson_said);
	free(s->path);
	free(s);
}

int service_start(struct service **service, struct lm_ctx *ctx, const char *path)
{
	struct service *s = calloc(1, sizeof(*s));
	pthread_condattr_t attr;
	int rc;

	if (!s)
		return -ENOMEM;
	s->ctx = ctx;
	s->path = path ? strdup(path) : NULL;
	s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->list_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = s->fd < 0 || s->list_fd < 0 ? -errno : path && !s->path ? -ENOMEM : 0;
	if (rc < 0) {
		service_free(s);
		return rc;
	}
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->idle, &attr);
	pthread_condattr_destroy(&attr);
	/* The stick's thread is needed; without the others there is no list. */
	rc = worker_start(s, WORKER_STICK, 1u << WANT_OPEN);
	if (rc < 0) {
		service_free(s);
		return rc;
	}
	if (worker_start(s, WORKER_LIST, 0) == 0)
		worker_start(s, WORKER_LOOK, 0);
	*service = s;
	return 0;
}

/* With the lock. */
static bool all_stopped(const struct service *s)
{
	const struct worker *w;
	int i;

	for (i = 0; i < N_WORKERS; i++)
		if (s->workers[i] && !s->workers[i]->stopped)
			return false;
	for (w = s->orphans; w; w = w->next)
		if (!w->stopped)
			return false;
	return true;
}

bool service_stop(struct service *s)
{
	struct worker *w, *next;
	struct timespec until;
	int rc = 0, i;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_broadcast(&s->wake);
	poke(s->list_fd);
	while (!all_stopped(s) && rc == 0)
		rc = pthread_cond_timedwait(&s->idle, &s->lock, &until);
	pthread_mutex_unlock(&s->lock);
	if (rc)
		return false;
	for (i = 0; i < N_WORKERS; i++)
		if (s->workers[i]) {
			s->workers[i]->next = s->orphans;
			s->orphans = s->workers[i];
		}
	for (w = s->orphans; w; w = next) {
		next = w->next;
		pthread_join(w->thread, NULL);
		free(w);
	}
	service_free(s);
	return true;
}

int service_fd(const struct service *s)
{
	return s->fd;
}

void service_wake(struct service *s, enum worker_kind kind, unsigned wants)
{
	if (!s->workers[kind])
		return;
	s->workers[kind]->wanted |= wants;
	pthread_cond_broadcast(&s->wake);
	if (kind == WORKER_LIST)
		poke(s->list_fd);
}

void service_ask(struct service *s, enum want want)
{
	pthread_mutex_lock(&s->lock);
	service_wake(s, want == WANT_STICKS ? WORKER_LIST : WORKER_STICK, 1u << want);
	pthread_mutex_unlock(&s->lock);
}

unsigned service_ask_plan(struct service *s, const struct lm_options *o)
{
	const char *from[3] = {o->work, o->out, o->lesson};
	struct worker *w;
	unsigned tag;
	int i;

	pthread_mutex_lock(&s->lock);
	for (i = 0; i < 3; i++) {
		free(s->strings[i]);
		s->strings[i] = from[i] ? strdup(from[i]) : NULL;
	}
	s->options = *o;
	s->options.work = s->strings[0];
	s->options.out = s->strings[1];
	s->options.lesson = s->strings[2];
	/* Nothing else may use the stick while the plan's job runs. */
	w = s->workers[WORKER_STICK];
	w->wanted &= 1u << WANT_FREE_PLAN | 1u << WANT_OPEN;
	service_wake(s, WORKER_STICK, 1u << WANT_PLAN);
	tag = ++s->plan_asked;
	pthread_mutex_unlock(&s->lock);
	return tag;
}

unsigned service_plan_tag(struct service *s)
{
	unsigned tag;

	pthread_mutex_lock(&s->lock);
	tag = s->plan_taken;
	pthread_mutex_unlock(&s->lock);
	return tag;
}

/* With the lock: a new thread for the stick, if the old one hangs. */
static void replace_hung(struct service *s)
{
	struct worker *old = s->workers[WORKER_STICK];

	if (!old->running || now() - old->since < PATIENCE_S)
		return;
	if (worker_start(s, WORKER_STICK, 0) < 0) {
		s->workers[WORKER_STICK] = old;
		return;
	}
	old->orphan = true;
	old->wanted = 0;
	old->next = s->orphans;
	s->orphans = old;
}

void service_open_again(struct service *s)
{
	pthread_mutex_lock(&s->lock);
	replace_hung(s);
	service_wake(s, WORKER_STICK, 1u << WANT_OPEN);
	pthread_mutex_unlock(&s->lock);
}

void service_open(struct service *s, const char *path)
{
	pthread_mutex_lock(&s->lock);
	free(s->path);
	s->path = path ? strdup(path) : NULL;
	pthread_mutex_unlock(&s->lock);
	service_open_again(s);
}

void service_free_plan(struct service *s, struct lm_plan *plan)
{
	struct old_plan *p = plan ? calloc(1, sizeof(*p)) : NULL;
	struct worker *w;

	if (!p)
		return; /* without memory it is kept */
	p->plan = plan;
	pthread_mutex_lock(&s->lock);
	w = s->workers[WORKER_STICK];
	p->next = w->old_plans;
	w->old_plans = p;
	service_wake(s, WORKER_STICK, 1u << WANT_FREE_PLAN);
	pthread_mutex_unlock(&s->lock);
}

void service_save(struct service *s, const char *path, char *text)
{
	pthread_mutex_lock(&s->lock);
	free(s->save_path);
	free(s->save_text);
	s->save_path = strdup(path);
	s->save_text = text;
	service_wake(s, WORKER_LOOK, 1u << WANT_SAVE);
	pthread_mutex_unlock(&s->lock);
}

void service_cancel(struct service *s)
{
	struct worker *w;

	pthread_mutex_lock(&s->lock);
	w = s->workers[WORKER_STICK];
	w->cancel = true;
	w->wanted &= ~(1u << WANT_USAGE | 1u << WANT_DOCTOR | 1u << WANT_DEEP_DOCTOR);
	pthread_mutex_unlock(&s->lock);
}

bool service_answer(struct service *s, enum want *want, void **data, int *rc, struct lm_error *err)
{
	bool found = false;
	int i;

	pthread_mutex_lock(&s->lock);
	for (i = 0; i < N_WANTS && !found; i++) {
		struct answer *a = &s->answers[i];

		if (!a->fresh)
			continue;
		found = true;
		*want = (enum want)i;
		*data = a->data;
		*rc = a->rc;
		*err = a->err;
		*a = (struct answer){0};
		if (i == WANT_PLAN)
			s->plan_taken = s->plan_posted;
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

/* With the lock. */
static bool at_it(const struct service *s, enum worker_kind kind)
{
	return s->workers[kind] && (s->workers[kind]->wanted || s->workers[kind]->running);
}

static bool any_fresh(const struct service *s)
{
	int i;

	for (i = 0; i < N_WANTS; i++)
		if (s->answers[i].fresh)
			return true;
	return false;
}

bool service_reading(struct service *s)
{
	bool busy;

	pthread_mutex_lock(&s->lock);
	busy = at_it(s, WORKER_STICK) || any_fresh(s);
	pthread_mutex_unlock(&s->lock);
	return busy;
}

bool service_busy(struct service *s)
{
	bool busy;

	pthread_mutex_lock(&s->lock);
	busy = at_it(s, WORKER_STICK) || at_it(s, WORKER_LIST) || at_it(s, WORKER_LOOK) ||
	       any_fresh(s);
	pthread_mutex_unlock(&s->lock);
	return busy;
}

unsigned service_progress(struct service *s, uint64_t *done, uint64_t *total)
{
	struct worker *w;
	unsigned seconds;

	pthread_mutex_lock(&s->lock);
	w = s->workers[WORKER_STICK];
	*done = w->done;
	*total = w->total;
	seconds = w->running ? (unsigned)(now() - w->since) : 0;
	pthread_mutex_unlock(&s->lock);
	return seconds;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/service.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>


struct answer {
	bool fresh;
	void *data;
	int rc;
	struct lm_error err;
};

struct service {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake, idle;
	int fd;
	struct lm_ctx *ctx;
	/* under the lock */
	unsigned wanted, running;
	bool stop, stopped, cancel;
	char *path; /* NULL: the booted system */
	struct lm_plan *old_plan;
	struct lm_options options;
	char *strings[3]; /* what options points to */
	struct answer answers[N_WANTS];
	uint64_t done, total;
	time_t since;
	/* the thread's own */
	struct lm_stick *stick;
	struct lm_error open_err;
	int open_rc;
};

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
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
		lm_report_free(data);
		break;
	case WANT_PLAN:
		lm_plan_free(data);
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

static void post(struct service *s, enum want want, void *data, int rc, const struct lm_error *err)
{
	enum want slot = want == WANT_FULL_STATUS ? WANT_STATUS : want;
	struct answer *a = &s->answers[slot];
	void *old;

	pthread_mutex_lock(&s->lock);
	old = a->fresh && a->rc == 0 ? a->data : NULL;
	*a = (struct answer){.fresh = true, .data = data, .rc = rc};
	if (rc < 0)
		a->err = *err;
	pthread_mutex_unlock(&s->lock);
	service_free_answer(slot, old);
}

static int watch(void *arg, uint64_t done, uint64_t total, const char *text)
{
	struct service *s = arg;
	bool cancel;

	(void)text;
	pthread_mutex_lock(&s->lock);
	s->done = done;
	s->total = total;
	cancel = s->cancel || s->stop;
	pthread_mutex_unlock(&s->lock);
	return cancel;
}

static void do_open(struct service *s)
{
	char *path, *shown;

	if (s->stick)
		lm_stick_close(s->stick);
	s->stick = NULL;
	pthread_mutex_lock(&s->lock);
	path = s->path ? strdup(s->path) : NULL;
	pthread_mutex_unlock(&s->lock);
	memset(&s->open_err, 0, sizeof(s->open_err));
	s->open_rc = lm_stick_open(s->ctx, path, &s->stick, &s->open_err);
	if (s->open_rc < 0)
		s->stick = NULL;
	shown = strdup(s->stick ? lm_stick_path(s->stick) : "");
	post(s, WANT_OPEN, s->open_rc < 0 ? NULL : shown, s->open_rc, &s->open_err);
	if (s->open_rc < 0)
		free(shown);
	free(path);
}

static void *find(struct service *s, int *rc, struct lm_error *err)
{
	struct found *found = calloc(1, sizeof(*found));

	*rc = found ? lm_find(s->ctx, &found->list, &found->count, err) : -ENOMEM;
	if (*rc < 0) {
		free(found);
		found = NULL;
	}
	return found;
}

/* Makes one call on the stick, without the lock. */
static void serve(struct service *s, enum want want)
{
	struct lm_watch w = {watch, s};
	struct lm_error err = {0};
	struct lm_options options;
	struct lm_status *status = NULL;
	struct lm_node *layout = NULL;
	struct lm_usage *usage = NULL;
	struct lm_report *report = NULL;
	struct lm_plan *plan = NULL;
	char *text = NULL;
	void *data = NULL;
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	options = s->options;
	pthread_mutex_unlock(&s->lock);
	if (want == WANT_OPEN) {
		do_open(s);
		return;
	}
	if (!s->stick && want != WANT_STICKS && want != WANT_FREE_PLAN &&
	    !(want == WANT_PLAN && options.op == LM_OP_PRACTICE)) {
		post(s, want, NULL, s->open_rc < 0 ? s->open_rc : -ENODEV, &s->open_err);
		return;
	}
	switch (want) {
	case WANT_FREE_PLAN:
		pthread_mutex_lock(&s->lock);
		plan = s->old_plan;
		s->old_plan = NULL;
		pthread_mutex_unlock(&s->lock);
		if (plan)
			lm_plan_free(plan);
		return;
	case WANT_STATUS:
	case WANT_FULL_STATUS:
		rc = lm_status_read(s->stick, want == WANT_STATUS ? LM_STATUS_QUICK : 0, &status,
				    &err);
		data = status;
		break;
	case WANT_LAYOUT:
		rc = lm_layout_read(s->stick, &layout, &err);
		data = layout;
		break;
	case WANT_USAGE:
		rc = lm_usage_read(s->stick, &w, &usage, &err);
		data = usage;
		break;
	case WANT_DOCTOR:
		rc = lm_doctor(s->stick, 0, &w, &report, &err);
		data = report;
		break;
	case WANT_JOURNAL:
		rc = lm_journal_read(s->stick, &text, &err);
		data = text;
		break;
	case WANT_STICKS:
		data = find(s, &rc, &err);
		break;
	case WANT_PLAN:
		rc = lm_plan_make(s->ctx, options.op == LM_OP_PRACTICE ? NULL : s->stick, &options,
				  &plan, &err);
		data = plan;
		break;
	default:
		return;
	}
	post(s, want, rc < 0 ? NULL : data, rc, &err);
}

static void *run(void *arg)
{
	struct service *s = arg;
	uint64_t one = 1;
	int want;

	pthread_mutex_lock(&s->lock);
	while (!s->stop) {
		if (!s->wanted) {
			pthread_cond_wait(&s->wake, &s->lock);
			continue;
		}
		want = __builtin_ctz(s->wanted);
		s->wanted &= ~(1u << want);
		s->running = 1u << want;
		s->cancel = false;
		s->done = s->total = 0;
		s->since = now();
		pthread_mutex_unlock(&s->lock);
		serve(s, (enum want)want);
		pthread_mutex_lock(&s->lock);
		s->running = 0;
		if (write(s->fd, &one, sizeof(one)) < 0)
			continue; /* full: it is readable anyway */
	}
	pthread_mutex_unlock(&s->lock);
	if (s->old_plan)
		lm_plan_free(s->old_plan);
	if (s->stick)
		lm_stick_close(s->stick);
	pthread_mutex_lock(&s->lock);
	s->stopped = true;
	pthread_cond_signal(&s->idle);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

int service_start(struct service **service, struct lm_ctx *ctx, const char *path)
{
	struct service *s = calloc(1, sizeof(*s));
	pthread_condattr_t attr;
	int rc;

	if (!s)
		return -ENOMEM;
	s->ctx = ctx;
	s->wanted = 1u << WANT_OPEN;
	s->path = path ? strdup(path) : NULL;
	s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = s->fd < 0 ? -errno : path && !s->path ? -ENOMEM : 0;
	if (rc < 0)
		goto fail;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->idle, &attr);
	pthread_condattr_destroy(&attr);
	rc = -pthread_create(&s->thread, NULL, run, s);
	if (rc < 0)
		goto fail;
	*service = s;
	return 0;
fail:
	if (s->fd >= 0)
		close(s->fd);
	free(s->path);
	free(s);
	return rc;
}

bool service_stop(struct service *s)
{
	struct timespec until;
	int rc = 0;
	size_t i;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	while (!s->stopped && rc == 0)
		rc = pthread_cond_timedwait(&s->idle, &s->lock, &until);
	pthread_mutex_unlock(&s->lock);
	if (rc)
		return false;
	pthread_join(s->thread, NULL);
	for (i = 0; i < N_WANTS; i++)
		if (s->answers[i].fresh)
			service_free_answer((enum want)i, s->answers[i].data);
	for (i = 0; i < 3; i++)
		free(s->strings[i]);
	close(s->fd);
	free(s->path);
	free(s);
	return true;
}

int service_fd(const struct service *s)
{
	return s->fd;
}

void service_ask(struct service *s, enum want want)
{
	pthread_mutex_lock(&s->lock);
	s->wanted |= 1u << want;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

void service_ask_plan(struct service *s, const struct lm_options *o)
{
	const char *from[3] = {o->work, o->out, o->lesson};
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
	s->wanted = (s->wanted & (1u << WANT_FREE_PLAN | 1u << WANT_OPEN)) | 1u << WANT_PLAN;
	pthread_cond_signal(&s->wake);
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

void service_open_again(struct service *s)
{
	service_ask(s, WANT_OPEN);
}

void service_free_plan(struct service *s, struct lm_plan *plan)
{
	struct lm_plan *older;

	if (!plan)
		return;
	pthread_mutex_lock(&s->lock);
	older = s->old_plan;
	s->old_plan = plan;
	pthread_mutex_unlock(&s->lock);
	if (older)
		lm_plan_free(older); /* never two in practice: each is freed before the next is made */
	service_ask(s, WANT_FREE_PLAN);
}

void service_cancel(struct service *s)
{
	pthread_mutex_lock(&s->lock);
	s->cancel = true;
	s->wanted &= ~(1u << WANT_USAGE | 1u << WANT_DOCTOR);
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
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

bool service_busy(struct service *s)
{
	bool busy;
	int i;

	pthread_mutex_lock(&s->lock);
	busy = s->wanted || s->running;
	for (i = 0; i < N_WANTS; i++)
		busy = busy || s->answers[i].fresh;
	pthread_mutex_unlock(&s->lock);
	return busy;
}

unsigned service_progress(struct service *s, uint64_t *done, uint64_t *total)
{
	unsigned seconds;

	pthread_mutex_lock(&s->lock);
	*done = s->done;
	*total = s->total;
	seconds = s->running ? (unsigned)(now() - s->since) : 0;
	pthread_mutex_unlock(&s->lock);
	return seconds;
}

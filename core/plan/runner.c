/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * runner.c - carries out a plan in a thread of its own
 *
 * Everything that two threads see lies in struct plan_run and is touched under
 * its lock. The eventfd is written once after each reading of the progress, so
 * a step may report as often as it likes.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/ctx.h"
#include "core/dm/device.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/plan/plan.h"
#include "core/text.h"

/* Rates are taken over the last WINDOW samples, SAMPLE_SECONDS apart: about ten seconds. */
#define WINDOW 40
#define SAMPLE_SECONDS 0.25
/* Below this a time left is more of a guess than a figure. */
#define ETA_AFTER_SECONDS 1.0

struct sample {
	double at;
	uint64_t step_done; /* bytes of the step */
	uint64_t all_done;  /* bytes of the plan */
};

struct plan_run {
	struct lm_plan *plan;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	int fd;
	struct timespec start;

	/* below: under lock */
	struct lm_progress progress;
	bool signalled; /* fd was written since the progress was last read */
	bool critical, cancel, asking, answer, leaving;
	struct sample window[WINDOW];
	unsigned samples, next_sample;
	uint64_t before; /* work of the steps that are finished */
	char now[600], next[400];
	bool has_result;
	struct lm_result result;
};

/* The public name of the same thing. */
struct lm_job {
	struct plan_run run;
};

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* Under lock. */
static void changed(struct plan_run *run)
{
	const uint64_t one = 1;

	run->progress.serial++;
	if (run->signalled)
		return;
	/* Cannot fail but by EAGAIN, when it is readable anyway. */
	if (write(run->fd, &one, sizeof(one)) == (ssize_t)sizeof(one) || errno == EAGAIN)
		run->signalled = true;
}

static const struct lm_step *current(const struct plan_run *run)
{
	return &run->plan->steps[run->progress.step];
}

/* Under lock: what the state is, from the flags. */
static void set_state(struct plan_run *run)
{
	enum lm_job_state *state = &run->progress.state;

	if (*state == LM_JOB_ENDED)
		return;
	if (run->asking)
		*state = LM_JOB_ASKING;
	else if (run->critical)
		*state = LM_JOB_CRITICAL;
	else if (run->cancel)
		*state = LM_JOB_CANCELLING;
	else
		*state = LM_JOB_RUNNING;
}

static void forget_samples(struct plan_run *run)
{
	run->samples = run->next_sample = 0;
	run->progress.bytes_per_second = 0;
}

/* Under lock: a sample now and then, and the figures that follow from them. */
static void measure(struct plan_run *run)
{
	struct lm_progress *p = &run->progress;
	double now = seconds_since(&run->start);
	const struct sample *last, *first;
	double span, pace;

	p->elapsed_seconds = now;
	last = &run->window[(run->next_sample + WINDOW - 1) % WINDOW];
	if (run->samples == 0 || now - last->at >= SAMPLE_SECONDS) {
		run->window[run->next_sample] =
			(struct sample){ now, p->done_bytes, p->all_done_bytes };
		run->next_sample = (run->next_sample + 1) % WINDOW;
		if (run->samples < WINDOW)
			run->samples++;
	}
	first = &run->window[(run->next_sample + WINDOW - run->samples) % WINDOW];
	span = now - first->at;
	if (span >= SAMPLE_SECONDS && p->done_bytes >= first->step_done)
		p->bytes_per_second = (double)(p->done_bytes - first->step_done) / span;

	p->eta_seconds = -1;
	if (p->all_total_bytes <= p->all_done_bytes || now < ETA_AFTER_SECONDS)
		return;
	/* The recent pace where there is one, else that of the whole. */
	pace = (double)p->all_done_bytes / now;
	if (span >= ETA_AFTER_SECONDS && p->all_done_bytes > first->all_done)
		pace = (double)(p->all_done_bytes - first->all_done) / span;
	if (pace > 0) {
		double left = (double)(p->all_total_bytes - p->all_done_bytes) / pace;

		if (left < 1e9)
			p->eta_seconds = (int64_t)(left + 0.5);
	}
}

int plan_run_progress(struct plan_run *run, uint64_t done, uint64_t total)
{
	struct lm_progress *p = &run->progress;
	uint64_t work;
	int ret;

	pthread_mutex_lock(&run->lock);
	if (done < p->done_bytes)
		forget_samples(run); /* it began anew */
	if (total != 0 && done > total)
		done = total;
	p->done_bytes = done;
	p->total_bytes = total;
	work = current(run)->work_bytes;
	p->all_done_bytes = run->before;
	if (total != 0)
		p->all_done_bytes += (uint64_t)((double)work * ((double)done / (double)total));
	measure(run);
	changed(run);
	ret = run->cancel && !run->critical && current(run)->cancellable ? -ECANCELED : 0;
	pthread_mutex_unlock(&run->lock);
	return ret;
}

void plan_run_message(struct plan_run *run, const char *format, ...)
{
	char raw[sizeof(run->progress.message)];
	va_list args;

	va_start(args, format);
	if (vsnprintf(raw, sizeof(raw), format, args) < 0)
		raw[0] = '\0';
	va_end(args);
	pthread_mutex_lock(&run->lock);
	text_printable(run->progress.message, sizeof(run->progress.message), raw);
	changed(run);
	pthread_mutex_unlock(&run->lock);
	ctx_log(run->plan->impl->ctx, LM_LOG_INFO, "%s", raw);
}

void plan_run_flushing(struct plan_run *run, bool flushing)
{
	pthread_mutex_lock(&run->lock);
	run->progress.flushing = flushing;
	changed(run);
	pthread_mutex_unlock(&run->lock);
}

void plan_run_critical(struct plan_run *run, bool critical)
{
	pthread_mutex_lock(&run->lock);
	run->critical = critical;
	set_state(run);
	changed(run);
	pthread_mutex_unlock(&run->lock);
}

bool plan_run_ask(struct plan_run *run, const char *question)
{
	bool yes;

	pthread_mutex_lock(&run->lock);
	run->asking = true;
	run->answer = false;
	text_printable(run->progress.question, sizeof(run->progress.question), question);
	set_state(run);
	changed(run);
	while (run->asking && !run->cancel && !run->leaving)
		pthread_cond_wait(&run->answered, &run->lock);
	yes = run->answer && !run->cancel;
	run->asking = false;
	run->progress.question[0] = '\0';
	set_state(run);
	changed(run);
	pthread_mutex_unlock(&run->lock);
	return yes;
}

bool plan_run_cancelled(struct plan_run *run)
{
	bool cancelled;

	pthread_mutex_lock(&run->lock);
	cancelled = run->cancel && !run->critical && current(run)->cancellable;
	pthread_mutex_unlock(&run->lock);
	return cancelled;
}

void plan_run_result(struct plan_run *run, const char *now, const char *next)
{
	pthread_mutex_lock(&run->lock);
	text_printable(run->now, sizeof(run->now), now);
	text_printable(run->next, sizeof(run->next), next);
	run->has_result = true;
	pthread_mutex_unlock(&run->lock);
}

const struct lm_plan *plan_run_plan(const struct plan_run *run)
{
	return run->plan;
}

struct lm_ctx *plan_run_ctx(struct plan_run *run)
{
	return run->plan->impl->ctx;
}

static void begin_step(struct plan_run *run, size_t i)
{
	struct lm_progress *p = &run->progress;

	pthread_mutex_lock(&run->lock);
	if (i > 0)
		run->before += run->plan->steps[i - 1].work_bytes;
	p->step = i;
	p->done_bytes = p->total_bytes = 0;
	p->all_done_bytes = run->before;
	p->flushing = false;
	run->critical = false;
	text_printable(p->message, sizeof(p->message), run->plan->steps[i].title);
	forget_samples(run);
	measure(run);
	set_state(run);
	changed(run);
	pthread_mutex_unlock(&run->lock);
	ctx_log(run->plan->impl->ctx, LM_LOG_INFO, _("Step %zu of %zu: %s"), i + 1,
		run->plan->n_steps, run->plan->steps[i].title);
}

/* A cancel between two steps counts as one within either of them. */
static bool cancelled_between(struct plan_run *run, size_t next)
{
	const struct lm_step *steps = run->plan->steps;
	bool stop;

	pthread_mutex_lock(&run->lock);
	stop = run->cancel && (steps[next].cancellable || (next > 0 && steps[next - 1].cancellable));
	pthread_mutex_unlock(&run->lock);
	return stop;
}

static int run_steps(struct plan_run *run, struct lm_error *err)
{
	struct plan *impl = run->plan->impl;
	int ret = 0;

	for (size_t i = 0; i < run->plan->n_steps && ret == 0; i++) {
		if (cancelled_between(run, i)) {
			ret = lm_fail(err, -ECANCELED, NULL, NULL, "%s", _("Stopped"));
			break;
		}
		begin_step(run, i);
		ret = impl->fn[i] ? impl->fn[i](run, impl->arg, err) : 0;
		if (ret < 0 && err->code == 0)
			lm_fail(err, ret, NULL, NULL, _("%s: it failed"), run->plan->steps[i].title);
	}
	if (ret < 0 && impl->abort) {
		plan_run_critical(run, true);
		impl->abort(run, impl->arg, err);
		plan_run_critical(run, false);
	}
	return ret;
}

static const char *now_text(enum lm_outcome outcome)
{
	switch (outcome) {
	case LM_CANCELLED:
		return _("It was stopped at a safe point. Everything is as it was before.");
	case LM_RESUMABLE:
		return _("It is half done. Nothing is lost: what is needed to go on, and what is "
			 "needed to go back, is on the stick.");
	case LM_REFUSED:
		return _("Nothing was changed.");
	case LM_ATTENTION:
	case LM_USAGE:
		return "";
	default:
		return _("Everything is as it was before.");
	}
}

static void fill_result(struct plan_run *run, int ret, const struct lm_error *err)
{
	const struct plan *impl = run->plan->impl;
	struct lm_result *r = &run->result;
	const char *now = impl->now, *next = impl->next;

	r->outcome = ret == 0 ? LM_DONE : err->outcome;
	if (ret < 0) {
		r->error = *err;
		now = now_text(r->outcome);
		next = r->outcome == LM_RESUMABLE ? _("Run `livemend resume` on this stick.") :
						    err->help;
	}
	if (run->has_result) {
		now = run->now;
		next = run->next;
	}
	text_printable(r->now, sizeof(r->now), now);
	text_printable(r->next, sizeof(r->next), next);
	r->seconds = seconds_since(&run->start);
}

static void *worker(void *arg)
{
	struct plan_run *run = arg;
	struct lm_error err;
	int ret;

	lm_error_clear(&err);
	/* What a livemend that was killed has attached would be a stick in use. Best effort. */
	(void)dm_clear_leftovers(run->plan->impl->ctx, NULL, NULL);
	ret = run_steps(run, &err);
	if (ret < 0)
		ctx_log(run->plan->impl->ctx, LM_LOG_ERROR, "%s: %s: %s", err.what, err.on,
			err.why);

	pthread_mutex_lock(&run->lock);
	fill_result(run, ret, &err);
	if (ret == 0)
		run->progress.all_done_bytes = run->progress.all_total_bytes;
	run->progress.eta_seconds = ret == 0 ? 0 : -1;
	run->progress.elapsed_seconds = run->result.seconds;
	run->progress.flushing = false;
	run->progress.state = LM_JOB_ENDED;
	changed(run);
	pthread_mutex_unlock(&run->lock);
	return NULL;
}

/*
 * Starts the thread with every signal blocked, so that they go to the front
 * end; but for those that a thread sends itself by a fault of the program.
 */
static int start_thread(struct plan_run *run)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&all, faults[i]);
	ret = pthread_sigmask(SIG_SETMASK, &all, &old);
	if (ret != 0)
		return -ret;
	ret = pthread_create(&run->thread, NULL, worker, run);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -ret;
}

int lm_job_start(struct lm_plan *plan, struct lm_job **out, struct lm_error *err)
{
	struct lm_job *job;
	struct plan_run *run;
	int ret;

	*out = NULL;
	if (!plan->possible || plan->n_steps == 0) {
		if (err)
			*err = plan->refusal;
		if (err && err->code == 0)
			return lm_refuse(err, -EPERM, NULL, NULL, _("there is nothing to do"), "%s",
					 _("This plan cannot be carried out"));
		return err ? err->code : -EPERM;
	}
	job = calloc(1, sizeof(*job));
	if (!job)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Starting failed"));
	run = &job->run;
	run->plan = plan;
	run->progress.n_steps = plan->n_steps;
	run->progress.eta_seconds = -1;
	for (size_t i = 0; i < plan->n_steps; i++)
		run->progress.all_total_bytes += plan->steps[i].work_bytes;
	clock_gettime(CLOCK_MONOTONIC, &run->start);
	run->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (run->fd < 0) {
		ret = -errno;
		goto out_free;
	}
	ret = -pthread_mutex_init(&run->lock, NULL);
	if (ret < 0)
		goto out_fd;
	ret = -pthread_cond_init(&run->answered, NULL);
	if (ret < 0)
		goto out_lock;
	ret = start_thread(run);
	if (ret < 0)
		goto out_cond;
	*out = job;
	return 0;

out_cond:
	pthread_cond_destroy(&run->answered);
out_lock:
	pthread_mutex_destroy(&run->lock);
out_fd:
	close(run->fd);
out_free:
	free(job);
	return lm_fail(err, ret, NULL, NULL, "%s", _("Starting failed"));
}

int lm_job_fd(const struct lm_job *job)
{
	return job->run.fd;
}

void lm_job_progress(struct lm_job *job, struct lm_progress *progress)
{
	struct plan_run *run = &job->run;
	uint64_t count;

	pthread_mutex_lock(&run->lock);
	/* Emptied here too, for a caller that polls and never reads it. */
	while (read(run->fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
	run->signalled = false;
	if (run->progress.state != LM_JOB_ENDED)
		run->progress.elapsed_seconds = seconds_since(&run->start);
	*progress = run->progress;
	pthread_mutex_unlock(&run->lock);
}

void lm_job_cancel(struct lm_job *job)
{
	struct plan_run *run = &job->run;

	pthread_mutex_lock(&run->lock);
	if (!run->cancel && run->progress.state != LM_JOB_ENDED) {
		run->cancel = true;
		set_state(run);
		changed(run);
		pthread_cond_broadcast(&run->answered);
	}
	pthread_mutex_unlock(&run->lock);
}

void lm_job_answer(struct lm_job *job, bool yes)
{
	struct plan_run *run = &job->run;

	pthread_mutex_lock(&run->lock);
	if (run->asking) {
		run->answer = yes;
		run->asking = false;
		pthread_cond_broadcast(&run->answered);
	}
	pthread_mutex_unlock(&run->lock);
}

void lm_job_finish(struct lm_job *job, struct lm_result *result)
{
	struct plan_run *run = &job->run;

	/* Whoever waits here does not answer any more: a question is a no. */
	pthread_mutex_lock(&run->lock);
	run->leaving = true;
	pthread_cond_broadcast(&run->answered);
	pthread_mutex_unlock(&run->lock);
	pthread_join(run->thread, NULL);
	if (result)
		*result = run->result;
	pthread_cond_destroy(&run->answered);
	pthread_mutex_destroy(&run->lock);
	close(run->fd);
	free(job);
}

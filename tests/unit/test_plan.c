/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plan builder and the runner: progress, cancelling, questions, outcomes. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/error.h"
#include "core/plan/plan.h"

struct play {
	sem_t at, go; /* the step says that it is there, and waits to be let on */
	unsigned aborted, ran;
	int fail;
	bool answer, loop;
	enum lm_outcome abort_outcome;
};

static struct lm_ctx *ctx;

static int setup(void **state)
{
	struct play *p = calloc(1, sizeof(*p));

	*state = p;
	sem_init(&p->at, 0, 0);
	sem_init(&p->go, 0, 0);
	alarm(60);
	return lm_ctx_new(&ctx, NULL);
}

static int teardown(void **state)
{
	struct play *p = *state;

	sem_destroy(&p->at);
	sem_destroy(&p->go);
	free(p);
	lm_ctx_free(ctx);
	return 0;
}

static struct lm_plan *make(struct play *p)
{
	struct lm_plan *plan = plan_new(ctx, LM_OP_RESET);

	assert_non_null(plan);
	plan_text(plan, "Play", "Nothing real.");
	plan_state(plan, p, NULL);
	plan_result(plan, "It was played.", "Play again.");
	return plan;
}

static void end(struct lm_plan *plan, struct lm_job *job, struct lm_result *r)
{
	lm_job_finish(job, r);
	lm_plan_free(plan);
}

static int step_plain(struct plan_run *run, void *arg, struct lm_error *err)
{
	struct play *p = arg;

	p->ran++;
	plan_run_message(run, "Part %u\n", p->ran);
	plan_run_progress(run, 50, 100);
	if (p->fail)
		return lm_fail(err, p->fail, "there", "Do this.", "Playing failed");
	return plan_run_progress(run, 100, 100);
}

/* Goes on until it is cancelled, or let go where it is not. */
static int step_loop(struct plan_run *run, void *arg, struct lm_error *err)
{
	struct play *p = arg;
	uint64_t done = 0;
	int ret = 0;

	sem_post(&p->at);
	while (ret == 0) {
		ret = plan_run_progress(run, done++, UINT64_MAX);
		if (p->loop && plan_run_cancelled(run) != (ret != 0) && ret != 0)
			return lm_fail(err, -EPROTO, NULL, NULL, "They disagree");
		usleep(100);
	}
	return lm_fail(err, ret, NULL, NULL, "Stopped");
}

static int step_wait(struct plan_run *run, void *arg, struct lm_error *err)
{
	struct play *p = arg;

	(void)err;
	plan_run_critical(run, true);
	sem_post(&p->at);
	while (sem_wait(&p->go) != 0)
		;
	p->ran++;
	return plan_run_progress(run, 1, 1);
}

static int step_ask(struct plan_run *run, void *arg, struct lm_error *err)
{
	struct play *p = arg;

	(void)err;
	p->answer = plan_run_ask(run, "Really?");
	return 0;
}

static void on_abort(struct plan_run *run, void *state, struct lm_error *err)
{
	struct play *p = state;

	(void)run;
	p->aborted++;
	if (p->abort_outcome)
		err->outcome = p->abort_outcome;
}

static void wait_state(struct lm_job *job, enum lm_job_state want, struct lm_progress *pr)
{
	struct pollfd fd = { .fd = lm_job_fd(job), .events = POLLIN };

	for (;;) {
		uint64_t count;

		assert_int_equal(poll(&fd, 1, 30000), 1);
		assert_int_equal(read(fd.fd, &count, sizeof(count)), sizeof(count));
		lm_job_progress(job, pr);
		if (pr->state == want)
			return;
		assert_int_not_equal(pr->state, LM_JOB_ENDED);
	}
}

static void test_build(void **state)
{
	struct lm_plan *plan = make(*state);
	struct lm_step *s;
	struct lm_error err;

	s = plan_step(plan, "one", "First", "Because.", step_plain);
	assert_int_equal(plan_command(s, "cp %s %s", "a", "b"), 0);
	assert_int_equal(plan_command(s, "rm a"), 0);
	assert_string_equal(s->commands[0], "cp a b");
	assert_string_equal(s->commands[1], "rm a");
	assert_null(s->commands[2]);
	assert_int_equal(plan_warn(plan, "Beware of %s", "the\033dog"), 0);
	assert_string_equal(plan->warnings[0], "Beware of the?dog");
	assert_null(plan->warnings[1]);
	plan_need(plan, "the stick", "image", 10, 20, 15, UINT64_MAX);
	plan_need(plan, "the stick", "image", 10, 20, 15, 9);
	plan_need(plan, "the stick", "image", 16, 20, 15, 0);
	assert_true(plan->needs[0].ok);
	assert_int_equal(plan->needs[0].file_limit_bytes, 0);
	assert_false(plan->needs[1].ok);
	assert_false(plan->needs[2].ok);
	assert_int_equal(plan_ready(plan, NULL), 0);
	for (int i = 0; i < PLAN_MAX_STEPS; i++)
		assert_non_null(plan_step(plan, "x", "X", "Y", NULL));
	assert_int_equal(plan->n_steps, PLAN_MAX_STEPS);
	assert_int_equal(plan_ready(plan, &err), -ENOMEM);
	lm_plan_free(plan);
	lm_plan_free(NULL);
}

static void test_done(void **state)
{
	struct play *p = *state;
	struct lm_plan *plan = make(p);
	struct lm_progress pr;
	struct lm_result r;
	struct lm_job *job;
	unsigned serial;

	plan_abort(plan, on_abort);
	for (int i = 0; i < 3; i++)
		plan_step(plan, "x", "Title", "Why", step_plain)->work_bytes = 1000;
	assert_int_equal(lm_job_start(plan, &job, NULL), 0);
	wait_state(job, LM_JOB_ENDED, &pr);
	assert_int_equal(pr.all_done_bytes, 3000);
	assert_int_equal(pr.all_total_bytes, 3000);
	assert_int_equal(pr.step, 2);
	assert_int_equal(pr.n_steps, 3);
	assert_string_equal(pr.message, "Part 3?");
	serial = pr.serial;
	lm_job_cancel(job); /* too late, and harmless */
	lm_job_progress(job, &pr);
	assert_int_equal(pr.serial, serial);
	end(plan, job, &r);
	assert_int_equal(r.outcome, LM_DONE);
	assert_int_equal(r.error.code, 0);
	assert_string_equal(r.now, "It was played.");
	assert_string_equal(r.next, "Play again.");
	assert_int_equal(p->ran, 3);
	assert_int_equal(p->aborted, 0);
}

static void test_fail(void **state)
{
	struct play *p = *state;
	struct lm_plan *plan = make(p);
	struct lm_result r;
	struct lm_job *job;

	p->fail = -EIO;
	p->abort_outcome = LM_RESUMABLE;
	plan_abort(plan, on_abort);
	plan_step(plan, "x", "Title", "Why", step_plain);
	plan_step(plan, "y", "Title", "Why", step_plain);
	assert_int_equal(lm_job_start(plan, &job, NULL), 0);
	end(plan, job, &r);
	assert_int_equal(r.outcome, LM_RESUMABLE);
	assert_int_equal(r.error.code, -EIO);
	assert_string_equal(r.error.what, "Playing failed");
	assert_true(strstr(r.next, "resume") != NULL);
	assert_int_equal(p->ran, 1);
	assert_int_equal(p->aborted, 1);
}

static void test_cancel(void **state)
{
	struct play *p = *state;
	struct lm_plan *plan = make(p);
	struct lm_result r;
	struct lm_job *job;

	p->loop = true;
	plan_abort(plan, on_abort);
	plan_step(plan, "x", "Title", "Why", step_loop)->cancellable = true;
	plan_step(plan, "y", "Title", "Why", step_plain);
	assert_int_equal(lm_job_start(plan, &job, NULL), 0);
	assert_int_equal(sem_wait(&p->at), 0);
	lm_job_cancel(job);
	lm_job_cancel(job);
	end(plan, job, &r);
	assert_int_equal(r.outcome, LM_CANCELLED);
	assert_int_equal(r.error.code, -ECANCELED);
	assert_int_equal(p->ran, 0);
	assert_int_equal(p->aborted, 1);
}

/* In a critical stretch nothing stops it, nor after it where no step can be cancelled. */
static void test_critical(void **state)
{
	struct play *p = *state;
	struct lm_plan *plan = make(p);
	struct lm_progress pr;
	struct lm_result r;
	struct lm_job *job;

	plan_step(plan, "x", "Title", "Why", step_wait);
	plan_step(plan, "y", "Title", "Why", step_plain);
	assert_int_equal(lm_job_start(plan, &job, NULL), 0);
	assert_int_equal(sem_wait(&p->at), 0);
	lm_job_cancel(job);
	wait_state(job, LM_JOB_CRITICAL, &pr);
	sem_post(&p->go);
	end(plan, job, &r);
	assert_int_equal(r.outcome, LM_DONE);
	assert_int_equal(p->ran, 2);
}

/* Asked for in a critical stretch, it takes effect at the end of a step that can be cancelled. */
static void test_cancel_between(void **state)
{
	struct play *p = *state;
	struct lm_plan *plan = make(p);
	struct lm_result r;
	struct lm_job *job;

	plan_step(plan, "x", "Title", "Why", step_wait)->cancellable = true;
	plan_step(plan, "y", "Title", "Why", step_plain);
	assert_int_equal(lm_job_start(plan, &job, NULL), 0);
	assert_int_equal(sem_wait(&p->at), 0);
	lm_job_cancel(job);
	sem_post(&p->go);
	end(plan, job, &r);
	assert_int_equal(r.outcome, LM_CANCELLED);
	assert_int_equal(p->ran, 1);
}

static void test_ask(void **state)
{
	struct play *p = *state;

	/* yes, no, cancelled, gone */
	for (int how = 0; how < 4; how++) {
		struct lm_plan *plan = make(p);
		struct lm_progress pr;
		struct lm_result r;
		struct lm_job *job;

		plan_step(plan, "x", "Title", "Why", step_ask);
		assert_int_equal(lm_job_start(plan, &job, NULL), 0);
		wait_state(job, LM_JOB_ASKING, &pr);
		assert_string_equal(pr.question, "Really?");
		if (how == 0)
			lm_job_answer(job, true);
		else if (how == 1)
			lm_job_answer(job, false);
		else if (how == 2)
			lm_job_cancel(job);
		end(plan, job, &r);
		assert_int_equal(r.outcome, LM_DONE);
		assert_int_equal(p->answer, how == 0);
	}
}

static void test_impossible(void **state)
{
	struct lm_plan *plan = make(*state);
	struct lm_error why, err;
	struct lm_job *job;

	plan_step(plan, "x", "Title", "Why", step_plain);
	lm_refuse(&why, -ENOSPC, "stick", "Make room.", "it is full", "There is no room");
	plan_refuse(plan, &why);
	assert_int_equal(lm_job_start(plan, &job, &err), -ENOSPC);
	assert_null(job);
	assert_int_equal(err.outcome, LM_REFUSED);
	lm_plan_free(plan);
}

static int step_mask(struct plan_run *run, void *arg, struct lm_error *err)
{
	struct play *p = arg;
	sigset_t set;

	(void)run;
	(void)err;
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	p->ran = sigismember(&set, SIGINT) && sigismember(&set, SIGTERM) &&
		 sigismember(&set, SIGWINCH) && sigismember(&set, SIGCHLD);
	return 0;
}

static void test_signals(void **state)
{
	struct play *p = *state;
	struct lm_plan *plan = make(p);
	struct lm_result r;
	struct lm_job *job;
	sigset_t before, after;

	plan_step(plan, "x", "Title", "Why", step_mask);
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(lm_job_start(plan, &job, NULL), 0);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	end(plan, job, &r);
	assert_int_equal(p->ran, 1);
	assert_int_equal(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
}

static int step_paced(struct plan_run *run, void *arg, struct lm_error *err)
{
	(void)arg;
	(void)err;
	for (unsigned i = 1; i <= 150; i++) {
		plan_run_progress(run, i * 1000000ull, 300000000ull);
		usleep(10000);
	}
	sem_post(&((struct play *)arg)->at);
	while (sem_wait(&((struct play *)arg)->go) != 0)
		;
	return 0;
}

/* The figures: half done at no more than 100 MB/s, a plan of two equal steps. */
static void test_rates(void **state)
{
	struct play *p = *state;
	struct lm_plan *plan = make(p);
	struct lm_progress pr;
	struct lm_result r;
	struct lm_job *job;

	plan_step(plan, "x", "Title", "Why", step_paced)->work_bytes = 600;
	plan_step(plan, "y", "Title", "Why", step_plain)->work_bytes = 600;
	assert_int_equal(lm_job_start(plan, &job, NULL), 0);
	assert_int_equal(sem_wait(&p->at), 0);
	lm_job_progress(job, &pr);
	assert_int_equal(pr.done_bytes, 150000000);
	assert_int_equal(pr.all_done_bytes, 300);
	assert_int_equal(pr.all_total_bytes, 1200);
	assert_true(pr.bytes_per_second > 1e6 && pr.bytes_per_second < 1.05e8);
	/* 900 of 1200 are left; 300 took at least 1.5 s. */
	assert_true(pr.eta_seconds >= 4);
	assert_true(pr.elapsed_seconds >= 1.5);
	sem_post(&p->go);
	end(plan, job, &r);
	assert_int_equal(r.outcome, LM_DONE);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_build),	    T(test_done), T(test_fail),	      T(test_cancel),
		T(test_critical),   T(test_ask),  T(test_impossible), T(test_cancel_between),
		T(test_signals),    T(test_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

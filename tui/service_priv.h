/* SPDX-License-Identifier: GPL-3.0-or-later */
/* service_priv.h - what the files of the service share */
#ifndef TUI_SERVICE_PRIV_H
#define TUI_SERVICE_PRIV_H

#include <pthread.h>
#include <time.h>

#include "tui/service.h"

enum worker_kind { WORKER_STICK, WORKER_LIST, WORKER_LOOK, N_WORKERS };

struct old_plan {
	struct lm_plan *plan;
	struct old_plan *next;
};

/* One thread. What is not its own is under the service's lock. */
struct worker {
	struct service *s;
	enum worker_kind kind;
	pthread_t thread;
	unsigned wanted, running;
	bool cancel, orphan, stopped;
	time_t since;
	uint64_t done, total;
	struct old_plan *old_plans;
	struct worker *next; /* of the orphans */
	/* its own */
	struct lm_stick *stick;
	struct lm_error open_err;
	int open_rc;
	unsigned plan_tag;
};

struct answer {
	bool fresh;
	void *data;
	int rc;
	struct lm_error err;
};

struct service {
	pthread_mutex_t lock;
	pthread_cond_t wake, idle;
	int fd;      /* for the screen: there is an answer */
	int list_fd; /* for the thread that lists: there is something to do */
	struct lm_ctx *ctx;
	struct lm_monitor *monitor; /* the listing thread's own; NULL when it cannot be had */
	/* under the lock */
	struct worker *workers[N_WORKERS], *orphans;
	bool stop;
	char *path; /* NULL: the booted system */
	struct lm_options options;
	char *strings[3];                             /* what options points to */
	unsigned plan_asked, plan_posted, plan_taken; /* tags */
	char *save_path, *save_text;
	enum lesson_ask lesson_ask;
	char *lesson_said;
	struct answer answers[N_WANTS];
	struct found found; /* what was listed last, and what is known of how they stand */
	unsigned found_serial;
};

/* Posts an answer, unless nobody waits for this worker any more; takes over data. */
void service_post(struct worker *w, enum want want, void *data, int rc, const struct lm_error *err);
/*
 * The same with the lock held, for an answer that must not come after a newer
 * one of another worker. Returns what to free without the lock.
 */
void *service_post_locked(struct worker *w, enum want want, void *data, int rc,
			  const struct lm_error *err);
/* With the lock. */
void service_wake(struct service *s, enum worker_kind kind, unsigned wants);

/* service_work.c: makes one call, without the lock. */
void service_serve(struct worker *w, enum want want);
/* service_lesson.c */
void service_lesson(struct worker *w);
void service_free_lesson(void *data);
/* service_list.c: the same for sticks that are not open; the wait for what is plugged in. */
void service_list(struct worker *w);
void service_judge(struct worker *w);
void service_wait_list(struct worker *w);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * service.h - the thread that talks to the stick
 *
 * Reading a stick can take long, on a dying one for minutes. So one thread of
 * its own owns the stick and makes all calls on it, one at a time; the screen
 * asks here and is told through a descriptor.
 */
#ifndef TUI_SERVICE_H
#define TUI_SERVICE_H

#include <stdbool.h>

#include "core/livemend.h"

/* What can be asked for, in the order in which it is answered. */
enum want {
	WANT_FREE_PLAN, /* no answer; the plan of service_free_plan() */
	WANT_OPEN,
	WANT_STATUS,
	WANT_LAYOUT,
	WANT_FULL_STATUS, /* answered as WANT_STATUS, with the dead chunks */
	WANT_JOURNAL,
	WANT_STICKS,
	WANT_USAGE,
	WANT_DOCTOR,
	WANT_PLAN,
	N_WANTS
};

struct found {
	struct lm_found *list;
	size_t count;
};

struct service;

/* path NULL is the booted system. Opening is asked for at once. */
int service_start(struct service **service, struct lm_ctx *ctx, const char *path);

/*
 * Ends the thread and frees everything. A call that does not come back within
 * a second is left alone: false, and nothing may be freed but by exit.
 */
bool service_stop(struct service *service);

/* Readable when there is an answer. */
int service_fd(const struct service *service);

void service_ask(struct service *service, enum want want);
/* Asks for a plan; the strings in options are copied. */
void service_ask_plan(struct service *service, const struct lm_options *options);
/* Closes the stick and opens path (NULL: the booted system), or the same one again. */
void service_open(struct service *service, const char *path);
void service_open_again(struct service *service);
/* Frees a plan on the thread that owns the stick. */
void service_free_plan(struct service *service, struct lm_plan *plan);
/* Stops a long call (usage, doctor) if one is running. */
void service_cancel(struct service *service);

/*
 * The next answer: false when there is none. *rc 0 with *data to be taken over,
 * or negative with *err filled. data: char * for the path of WANT_OPEN,
 * lm_status, lm_node, lm_usage, lm_report, char * (journal), lm_plan, found.
 */
bool service_answer(struct service *service, enum want *want, void **data, int *rc,
		    struct lm_error *err);
void service_free_answer(enum want want, void *data);

/* Is anything asked for and not answered? */
bool service_busy(struct service *service);
/* How far a long call is, and for how many seconds the current one has been running. */
unsigned service_progress(struct service *service, uint64_t *done, uint64_t *total);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * service.h - the threads that talk to sticks
 *
 * Reading a stick can take long, on a dying one for minutes, and a kernel that
 * is asked about a broken device may not answer at all. So the screen never
 * asks by itself: one thread owns the open stick and makes all calls on it, one
 * at a time; one lists what is attached and waits for what is plugged in; one
 * looks how those stand. The screen asks here and is told through a descriptor.
 * When another stick is opened while the old one does not answer, its thread is
 * left alone with it, and a new one takes over.
 */
#ifndef TUI_SERVICE_H
#define TUI_SERVICE_H

#include <stdbool.h>

#include "core/livemend.h"

/* What can be asked for; of one thread, in the order in which it is answered. */
enum want {
	WANT_FREE_PLAN, /* no answer; the plans of service_free_plan() */
	WANT_OPEN,
	WANT_PRESENT, /* answered only when the stick is gone: rc negative */
	WANT_STATUS,
	WANT_LAYOUT,
	WANT_FULL_STATUS, /* answered as WANT_STATUS, with the dead chunks */
	WANT_JOURNAL,
	WANT_USAGE,
	WANT_DOCTOR,
	WANT_DEEP_DOCTOR, /* answered as WANT_DOCTOR */
	WANT_PLAN,
	WANT_LESSON, /* service_ask_lesson() */
	WANT_STICKS,  /* answered at once, and again as it is known how they stand */
	WANT_CHANGED, /* not to be asked for: media have come or gone */
	WANT_JUDGE,   /* not to be asked for */
	WANT_SAVE,    /* service_save() */
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
 * Ends the threads and frees everything. A call that does not come back within
 * a second is left alone: false, and nothing may be freed but by exit.
 */
bool service_stop(struct service *service);

/* Readable when there is an answer. */
int service_fd(const struct service *service);

void service_ask(struct service *service, enum want want);
/*
 * Asks for a plan; the strings in options are copied. Returns a number by which
 * its answer is known: service_plan_tag() of the answer taken last.
 */
unsigned service_ask_plan(struct service *service, const struct lm_options *options);
unsigned service_plan_tag(struct service *service);
/* Closes the stick and opens path (NULL: the booted system), or the same one again. */
void service_open(struct service *service, const char *path);
void service_open_again(struct service *service);
/* Frees a plan on the thread that owns the stick. */
void service_free_plan(struct service *service, struct lm_plan *plan);
/* Writes text to a new file at path; an existing one is not touched. Takes over text. */
void service_save(struct service *service, const char *path, char *text);
/*
 * Takes up the lesson on the open stick: merely reads how it stands, does the
 * present step's change, or looks whether the step has been done, with the
 * answer where one was asked for. The latter is also done after the change.
 */
enum lesson_ask { LESSON_READ, LESSON_DO, LESSON_CHECK };
void service_ask_lesson(struct service *service, enum lesson_ask what, const char *answer);
/* Stops a long call (usage, doctor) if one is running. */
void service_cancel(struct service *service);

/*
 * The next answer: false when there is none. *rc 0 with *data to be taken over,
 * or negative with *err filled. data: char * for the path of WANT_OPEN and of
 * WANT_SAVE, lm_status, lm_node, lm_usage, lm_report, char * (journal), lm_plan,
 * lesson_answer (tui/lesson.h), found.
 */
bool service_answer(struct service *service, enum want *want, void **data, int *rc,
		    struct lm_error *err);
void service_free_answer(enum want want, void *data);

/* Is anything asked for and not answered? Of the open stick; of any. */
bool service_reading(struct service *service);
bool service_busy(struct service *service);
/* How far a long call is, and for how many seconds the current one has been running. */
unsigned service_progress(struct service *service, uint64_t *done, uint64_t *total);

#endif

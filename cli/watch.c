/* SPDX-License-Identifier: GPL-3.0-or-later */
/* watch.c - `livemend watch`: a line before a wall is hit */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cli/json.h"
#include "cli/json_maker.h"
#include "cli/watch.h"
#include "core/i18n.h"
#include "core/text.h"

/* A look that takes longer hangs. */
#define PATIENCE_SECONDS 30.0

struct watch {
	struct cli *cli;
	struct watch_limits limits;
	struct watch_track track[WATCH_WALLS];
	int signals; /* signalfd */
	pid_t child; /* a look that is under way; 0: none */
	int fd;
	double begun;   /* when it was begun */
	bool seen;      /* a look has come to its end */
	bool silent;    /* it was said that there is no answer */
	int failing;    /* the error that was said; 0: none */
	bool attention; /* some wall is beyond a threshold */
};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const char *clock_text(char dst[32])
{
	time_t now = time(NULL);
	struct tm tm;

	if (!gmtime_r(&now, &tm) || !strftime(dst, 32, "%Y-%m-%d %H:%M:%SZ", &tm))
		dst[0] = '\0';
	return dst;
}

/* ---- lines ---- */

static const char *wall_text(enum watch_wall wall)
{
	switch (wall) {
	case WATCH_OVERLAY:
		return _("overlay");
	case WATCH_ROOT_BLOCKS:
		return _("root file system");
	case WATCH_ROOT_INODES:
		return _("number of files of the root file system");
	case WATCH_STICK:
		return _("stick, below an overlay with holes");
	default:
		return _("memory of the temporary overlay");
	}
}

static void end_line(struct watch *w)
{
	putc('\n', w->cli->out.f);
	fflush(w->cli->out.f);
}

static struct json_maker json_event(const char *event)
{
	struct json_maker m = jm_start();
	char now[32];

	jm_text(&m, "event", event);
	jm_text(&m, "time", clock_text(now));
	return m;
}

static void print_json(struct watch *w, struct json_maker *m)
{
	cli_json_print(w->cli->out.f, jm_end(m), true);
	fflush(w->cli->out.f);
}

static void json_wall(struct watch *w, enum watch_wall wall, const struct watch_sample *s,
		      const struct watch_event *e)
{
	const struct watch_gauge *g = &s->gauge[wall];
	struct json_maker m = json_event(e->change == WATCH_LEFT ? "left" : "crossed");

	jm_text(&m, "wall", watch_wall_word(wall));
	jm_u64(&m, "threshold", e->threshold);
	jm_double(&m, "used_percent", g->percent);
	jm_u64(&m, wall == WATCH_ROOT_INODES ? "free_inodes" : "free_bytes", g->free_bytes);
	if (wall == WATCH_OVERLAY)
		jm_text(&m, "state", lm_overlay_state_word(s->state));
	if (e->rate > 0)
		jm_double(&m, "per_second", e->rate);
	else
		jm_null(&m, "per_second");
	jm_known(&m, "seconds_left", (uint64_t)e->seconds_left, e->seconds_left >= 0);
	print_json(w, &m);
}

static void say_wall(struct watch *w, enum watch_wall wall, const struct watch_sample *s,
		     const struct watch_event *e)
{
	const struct watch_gauge *g = &s->gauge[wall];
	FILE *f = w->cli->out.f;
	char now[32], size[16], left[32], span[32];

	fprintf(f, "%s ", clock_text(now));
	if (e->change == WATCH_LEFT) {
		fprintf(f, _("%s: below %u%% again, at %u%%"), wall_text(wall), e->threshold,
			(unsigned)g->percent);
		end_line(w);
		return;
	}
	if (wall == WATCH_OVERLAY && !s->usable)
		fprintf(f, _("%s: FULL or unusable (%s)"), wall_text(wall),
			lm_overlay_state_word(s->state));
	else if (e->threshold == 100)
		fprintf(f, _("%s: FULL"), wall_text(wall));
	else if (wall == WATCH_ROOT_INODES)
		fprintf(f, _("%s: %u%% used, %llu left"), wall_text(wall), (unsigned)g->percent,
			(unsigned long long)g->free_bytes);
	else
		fprintf(f, _("%s: %u%% used, %s left"), wall_text(wall), (unsigned)g->percent,
			text_size(size, g->free_bytes));
	if (e->seconds_left >= 0 && e->threshold < 100)
		fprintf(f, _("; full in about %s at the rate of the last %s"),
			text_duration(left, (uint64_t)e->seconds_left),
			text_duration(span, (uint64_t)(e->span + 0.5)));
	end_line(w);
}

static void say_event(struct watch *w, const char *event, const char *text)
{
	struct json_maker m;
	char now[32];

	if (!w->cli->args.json) {
		fprintf(w->cli->out.f, "%s %s", clock_text(now), text);
		end_line(w);
		return;
	}
	m = json_event(event);
	jm_text(&m, "text", text);
	print_json(w, &m);
}

/* ---- samples ---- */

static void take(struct watch *w, const struct watch_sample *s)
{
	w->attention = false;
	for (enum watch_wall wall = 0; wall < WATCH_WALLS; wall++) {
		struct watch_event e =
			watch_judge(&w->track[wall], &w->limits, &s->gauge[wall], seconds());

		w->attention = w->attention || w->track[wall].level > 0;
		if (e.change == WATCH_NOTHING)
			continue;
		if (w->cli->args.json)
			json_wall(w, wall, s, &e);
		else
			say_wall(w, wall, s, &e);
	}
}

/* -1: go on; else the exit status. */
static int end_look(struct watch *w)
{
	struct watch_sample s;
	char *text;

	watch_look_end(w->child, w->fd, &s);
	w->child = 0;
	if (w->silent)
		say_event(w, "answers", _("the stick answers again"));
	w->silent = false;
	if (s.code) {
		/* What cannot be seen from the start is an error; what goes away later may return. */
		if (!w->seen || w->cli->args.once)
			return cli_error(w->cli, &s.err);
		if (w->failing != s.code) {
			text = text_format("%s: %s", s.err.what, s.err.why);
			say_event(w, "error", text ? text : s.err.what);
			free(text);
		}
		w->failing = s.code;
		return -1;
	}
	if (w->failing)
		say_event(w, "answers", _("the stick can be read again"));
	w->failing = 0;
	w->seen = true;
	take(w, &s);
	if (w->cli->args.once)
		return w->attention ? LM_ATTENTION : LM_DONE;
	return -1;
}

static int no_answer(struct watch *w)
{
	struct lm_error err = {.code = -ETIMEDOUT, .outcome = LM_UNCHANGED};

	if (!w->cli->args.once) {
		if (!w->silent)
			say_event(w, "silent",
				  _("the stick does not answer: a read has been hanging for half a "
				    "minute"));
		w->silent = true;
		return -1;
	}
	snprintf(err.what, sizeof(err.what), "%s", _("Looking at the stick failed"));
	snprintf(err.why, sizeof(err.why), "%s", _("it does not answer"));
	return cli_error(w->cli, &err);
}

static int start_failed(struct watch *w, int code)
{
	struct lm_error err = {.code = code, .outcome = LM_UNCHANGED};

	snprintf(err.what, sizeof(err.what), "%s", _("Starting failed"));
	snprintf(err.why, sizeof(err.why), "%s", strerror(-code));
	return cli_error(w->cli, &err);
}

/* Milliseconds until there is something to do without being called. */
static int time_to_wait(const struct watch *w, double next)
{
	double until = w->child ? w->begun + PATIENCE_SECONDS : next, ms;

	if (w->child && w->silent)
		return -1; /* only an answer, or a signal, can change anything */
	ms = (until - seconds()) * 1000;
	return ms <= 0 ? 0 : ms > 1e6 ? 1000000 : (int)ms + 1;
}

static int run(struct watch *w)
{
	double next = seconds();
	struct signalfd_siginfo info;
	struct pollfd fds[2];
	int code;

	for (;;) {
		if (!w->child && seconds() >= next) {
			code = watch_look_start(w->cli, &w->child, &w->fd);
			if (code)
				return start_failed(w, code);
			w->begun = seconds();
			next = w->begun + w->cli->args.every;
		}
		fds[0] = (struct pollfd){.fd = w->signals, .events = POLLIN};
		fds[1] = (struct pollfd){.fd = w->child ? w->fd : -1, .events = POLLIN};
		if (poll(fds, 2, time_to_wait(w, next)) < 0 && errno != EINTR)
			return start_failed(w, -errno);
		/* The way in which a watch ends. Taken, or it would end the program after all. */
		if (fds[0].revents &&
		    read(w->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
			return LM_DONE;
		if (w->child && fds[1].revents) {
			code = end_look(w);
			if (code >= 0)
				return code;
		} else if (w->child && seconds() - w->begun >= PATIENCE_SECONDS) {
			code = no_answer(w);
			if (code >= 0)
				return code;
		}
		/* Nobody reads it any more. */
		if (ferror(w->cli->out.f))
			return LM_UNCHANGED;
	}
}

int cli_watch(struct cli *cli)
{
	struct watch w = {.cli = cli, .signals = -1};
	sigset_t ending, before;
	int code;

	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGHUP);
	watch_limits_set(&w.limits, &cli->args);
	if (sigprocmask(SIG_BLOCK, &ending, &before))
		return start_failed(&w, -errno);
	w.signals = signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
	code = w.signals < 0 ? start_failed(&w, -errno) : run(&w);
	if (w.child)
		watch_look_kill(w.child, w.fd);
	if (w.signals >= 0)
		close(w.signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return code;
}

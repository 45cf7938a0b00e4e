/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report.c - errors, and the progress of calls that only look */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/json.h"
#include "core/i18n.h"
#include "core/text.h"

/* The parts of an error as a person reads them. */
static void error_text(FILE *f, const struct lm_error *err)
{
	struct out out = {.f = f, .width = 80};
	char *head;

	if (isatty(fileno(f)))
		out.width = out_columns(fileno(f));
	head = err->on[0] ? text_format("livemend: %s: %s", err->what, err->on)
			  : text_format("livemend: %s", err->what);
	/* Not filled: a path that is wrapped can no longer be copied. */
	fprintf(f, "%s\n", head ? head : err->what);
	free(head);
	out_wrap(&out, 2, 2, err->why);
	out_wrap(&out, 2, 2, err->help);
}

int cli_error(struct cli *cli, const struct lm_error *err)
{
	struct lm_error whole = *err;

	if (whole.outcome == LM_DONE)
		whole.outcome = LM_UNCHANGED;
	if (!cli->args.json) {
		fflush(cli->out.f);
		error_text(stderr, &whole);
	} else if (cli_json_print(cli->out.f, cli_json_wrap("error", cli_json_error(&whole)),
				  false)) {
		error_text(stderr, &whole);
	}
	return (int)whole.outcome;
}

int cli_no_memory(struct cli *cli)
{
	struct lm_error err = {.code = -ENOMEM, .outcome = LM_UNCHANGED};

	(void)cli;
	snprintf(err.what, sizeof(err.what), "%s", _("There is not enough memory"));
	error_text(stderr, &err);
	return LM_UNCHANGED;
}

int cli_open_stick(struct cli *cli, struct lm_stick **stick)
{
	struct lm_error err = {0};

	*stick = NULL;
	if (!lm_stick_open(cli->ctx, cli->args.stick, stick, &err))
		return 0;
	return cli_error(cli, &err);
}

/* ------------------------------------------------------------- watch -- */

static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int signal_number)
{
	(void)signal_number;
	stop_asked = 1;
}

/* Shows how far a long look has come, once it has taken a while, on a terminal. */
struct watch_line {
	struct timespec next; /* when to draw again */
	bool shown, on_terminal;
};

static struct watch_line line;

static bool reached(struct timespec *next, const struct timespec *now)
{
	if (now->tv_sec != next->tv_sec)
		return now->tv_sec > next->tv_sec;
	return now->tv_nsec >= next->tv_nsec;
}

static void set_next(struct timespec *next, const struct timespec *now, long milliseconds)
{
	*next = *now;
	next->tv_nsec += milliseconds * 1000000;
	next->tv_sec += next->tv_nsec / 1000000000;
	next->tv_nsec %= 1000000000;
}

static int watched(void *arg, uint64_t done, uint64_t total, const char *text)
{
	struct watch_line *w = arg;
	struct timespec now;
	char size[16], row[80];

	if (stop_asked)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!w->on_terminal || !reached(&w->next, &now))
		return 0;
	set_next(&w->next, &now, 100);
	if (total)
		snprintf(row, sizeof(row), "%3.0f%%  %s", 100.0 * (double)done / (double)total,
			 text ? text : "");
	else
		snprintf(row, sizeof(row), "%s  %s", text_size(size, done), text ? text : "");
	fprintf(stderr, "\r%-78.78s", row);
	fflush(stderr);
	w->shown = true;
	return 0;
}

void cli_watch_start(struct cli *cli, struct lm_watch *watch)
{
	/* The second one kills: nothing is being changed. */
	struct sigaction action = {.sa_handler = ask_to_stop,
				   .sa_flags = (int)SA_RESETHAND | SA_RESTART};
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	memset(&line, 0, sizeof(line));
	set_next(&line.next, &now, 500);
	line.on_terminal = isatty(STDERR_FILENO) && !cli->args.json && !cli->args.plain;
	watch->fn = watched;
	watch->arg = &line;
	stop_asked = 0;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void cli_watch_end(struct cli *cli)
{
	(void)cli;
	if (line.shown)
		fprintf(stderr, "\r%78s\r", "");
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

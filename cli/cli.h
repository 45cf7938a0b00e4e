/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli.h - one run of the program: what was asked for, and where the answer goes */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "cli/args.h"
#include "cli/out.h"
#include "core/livemend.h"

struct cli {
	struct cli_args args;
	struct lm_ctx *ctx;
	struct out out;
	bool in_lines; /* line mode: answers are read from standard input, whatever it is */
	bool job_ran;  /* a plan was carried out: the exit status is its outcome */
};

/* The handlers of the commands; each returns the exit status. */
int cli_status(struct cli *cli);
int cli_layout(struct cli *cli);
int cli_doctor(struct cli *cli);
int cli_usage(struct cli *cli);
int cli_watch(struct cli *cli);
/* That of every operation: the one that args.command names. */
int cli_op(struct cli *cli);

/* Runs a plan that was agreed to, with its progress; returns its outcome. */
int cli_run_plan(struct cli *cli, struct lm_plan *plan);

/* The full-screen program, or line mode, or the status as lines where there is no screen. */
int cli_screen(struct cli *cli);

/* The lesson on a practice stick: on the full screen, or line by line, or not at all. */
int cli_lesson(struct cli *cli, const char *dir);

/* --help: of a command, of a topic, of the program. */
int cli_help(struct cli *cli);

/*
 * A watch for calls that look at a lot: a line on the terminal once it takes a
 * while, and a stop on SIGINT and SIGTERM. One at a time.
 */
void cli_watch_start(struct cli *cli, struct lm_watch *watch);
void cli_watch_end(struct cli *cli);

/* Opens the stick of the command line; 0, or the exit status with the error shown. */
int cli_open_stick(struct cli *cli, struct lm_stick **stick);

/* Reports that memory ran out; returns the exit status. */
int cli_no_memory(struct cli *cli);

/* Shows an error (stderr, or stdout with --json); returns the exit status for it. */
int cli_error(struct cli *cli, const struct lm_error *err);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* args.h - the command line read into a struct */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "cli/command.h"
#include "core/livemend.h"

#define CLI_MAX_AT 8

enum cli_action {
	CLI_RUN,       /* args->command, NULL for the full-screen program */
	CLI_SHOW_HELP, /* of args->command, of args->topic, or of the program */
	CLI_SHOW_VERSION
};

/* Strings point into argv. */
struct cli_args {
	enum cli_action action;
	const struct cli_command *command; /* NULL: no command was named */
	const char *topic;                 /* --help TOPIC, else NULL */
	const char *stick;                 /* NULL: the booted live system */
	uint64_t size_bytes;               /* grow SIZE, recover --grow SIZE, */
	bool size_is_more;                 /* ...given as +SIZE */
	const char *out;                   /* export: OUT; practice: DIR; else NULL */
	enum lm_engine engine;
	enum lm_method method;
	const char *work;
	const char *lesson;
	unsigned at[CLI_MAX_AT], n_at; /* watch: percentages, ascending */
	unsigned every;                /* watch: seconds between two looks */
	bool once;                     /* watch */
	unsigned depth; /* usage: levels below / that are shown */
	bool dry_run, yes, json, no_color, plain, debug, deep, reboot, undo;
};

/*
 * Reads the command line. Options and words may be mixed; after "--" every
 * word is an operand, also one that looks like an option or a command. The
 * only thing looked up is whether the first word, when it names no command,
 * is there as a file.
 *
 * 0, or -EINVAL with *err filled (outcome LM_USAGE). args->json is right in
 * both cases, so that the caller knows how to report.
 */
int cli_args_parse(struct cli_args *args, int argc, char *const argv[], struct lm_error *err);

/* "livemend export OUT [STICK]" in buf. */
const char *cli_args_usage(char *buf, size_t cap, const struct cli_command *command);

#endif

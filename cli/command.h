/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command.h - the one table of commands and options; parsing, help and tests read it
 *
 * The operations among them come from the core's table of operations.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "core/livemend.h"

struct cli;

enum cli_option_id {
	/* common to all commands */
	CLI_OPT_ENGINE,
	CLI_OPT_DRY_RUN,
	CLI_OPT_YES,
	CLI_OPT_JSON,
	CLI_OPT_NO_COLOR,
	CLI_OPT_PLAIN,
	CLI_OPT_DEBUG,
	CLI_OPT_VERSION,
	CLI_OPT_HELP,
	/* of single commands */
	CLI_OPT_DEPTH,
	CLI_OPT_DEEP,
	CLI_OPT_METHOD,
	CLI_OPT_WORK,
	CLI_OPT_REBOOT,
	CLI_OPT_UNDO,
	CLI_OPT_LESSON,
	CLI_OPT_GROW,
	CLI_OPT_AT,
	CLI_OPT_EVERY,
	CLI_OPT_ONCE,
	CLI_N_OPTIONS
};

#define CLI_FIRST_OWN CLI_OPT_DEPTH
#define CLI_BIT(id)   (1u << (id))

struct cli_option {
	enum cli_option_id id;
	const char *name;  /* "dry-run" */
	char letter;       /* 0: none */
	const char *value; /* "DIR" or "auto|kernel|direct"; NULL: takes none */
	const char *help;  /* one line, to be translated */
};

enum cli_operands {
	CLI_STICK_OPTIONAL, /* [STICK] */
	CLI_SIZE_STICK,     /* SIZE [STICK] */
	CLI_OUT_STICK,      /* OUT [STICK] */
	CLI_DIR             /* DIR */
};

struct cli_command {
	const char *name;
	enum cli_operands operands;
	const char *summary;         /* one line, to be translated */
	const char *topic;           /* help topic that explains it */
	unsigned own;                /* CLI_BIT() of the options of its own */
	int (*run)(struct cli *cli); /* returns the exit status */
	const struct lm_op_info *op; /* that it carries out; NULL: it only looks */
};

extern const struct cli_option cli_options[CLI_N_OPTIONS];

/* All of them, in the order of `livemend --help`. */
const struct cli_command *cli_commands(size_t *count);

/* NULL when there is none of that name. */
const struct cli_command *cli_command_find(const char *name);

/* The command that name may be a slip of, NULL when nothing is near. */
const struct cli_command *cli_command_near(const char *name);

/* "[STICK]", "OUT [STICK]" */
const char *cli_operands_text(enum cli_operands operands);

#endif

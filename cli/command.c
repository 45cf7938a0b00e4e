/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"

#include <string.h>

#include "cli/cli.h"
#include "core/i18n.h"

const struct cli_option cli_options[CLI_N_OPTIONS] = {
	{CLI_OPT_ENGINE, "engine", 0, "auto|kernel|direct",
	 N_("how to work: in user space (direct), or with the kernel's device-mapper")},
	{CLI_OPT_DRY_RUN, "dry-run", 'n', NULL, N_("show the plan and change nothing")},
	{CLI_OPT_YES, "yes", 'y', NULL, N_("do not ask; needed where no terminal can ask")},
	{CLI_OPT_JSON, "json", 0, NULL, N_("write JSON")},
	{CLI_OPT_NO_COLOR, "no-color", 0, NULL, N_("no colours (as with NO_COLOR set)")},
	{CLI_OPT_PLAIN, "plain", 0, NULL, N_("plain ASCII lines, never the full screen")},
	{CLI_OPT_DEBUG, "debug", 0, NULL, N_("print the log to standard error")},
	{CLI_OPT_VERSION, "version", 'V', NULL, N_("print the version")},
	{CLI_OPT_HELP, "help", 'h', NULL, N_("print help: of a command, of a topic, or this")},
	{CLI_OPT_DEPTH, "depth", 0, "N", N_("levels of folders to show (default 2)")},
	{CLI_OPT_DEEP, "deep", 0, NULL, N_("read and decode every block of the image")},
	{CLI_OPT_METHOD, "method", 0, "rewrite|mirror|snapshot-merge",
	 N_("how to merge (default rewrite)")},
	{CLI_OPT_WORK, "work", 0, "DIR",
	 N_("a folder elsewhere, for when the stick has no room")},
	{CLI_OPT_REBOOT, "reboot", 0, NULL,
	 N_("restart a minute after the merge, where the system runs from the stick")},
	{CLI_OPT_UNDO, "undo", 0, NULL,
	 N_("go back to the state before, where that is still possible")},
	{CLI_OPT_LESSON, "lesson", 0, "NAME", N_("a stick with something to be mended")},
	{CLI_OPT_GROW, "grow", 0, "SIZE", N_("make the overlay this long, such as 2G")},
	{CLI_OPT_AT, "at", 0, "N,N,...", N_("percentages to warn at (default 80,90,95)")},
	{CLI_OPT_EVERY, "every", 0, "SECONDS", N_("how often to look (default 10)")},
	{CLI_OPT_ONCE, "once", 0, NULL, N_("look once; exit 1 if there is something to warn of")},
};

/* Those that only look; the others are the operations. */
static const struct cli_command looks[] = {
	{"status", CLI_STICK_OPTIONAL, N_("gauges, and the state of every overlay"), "overlay", 0,
	 cli_status, NULL},
	{"layout", CLI_STICK_OPTIONAL,
	 N_("the tree of partitions, images, loops, dm devices, mounts"), "layout", 0, cli_layout,
	 NULL},
	{"doctor", CLI_STICK_OPTIONAL, N_("check everything, change nothing; exit 1 if ill"),
	 "doctor", CLI_BIT(CLI_OPT_DEEP), cli_doctor, NULL},
	{"usage", CLI_STICK_OPTIONAL, N_("what eats the overlay, and what a merge would free"),
	 "usage", CLI_BIT(CLI_OPT_DEPTH), cli_usage, NULL},
	{"watch", CLI_STICK_OPTIONAL, N_("warn before a wall is hit"), "watch",
	 CLI_BIT(CLI_OPT_AT) | CLI_BIT(CLI_OPT_EVERY) | CLI_BIT(CLI_OPT_ONCE), cli_watch, NULL},
};

enum { N_LOOKS = sizeof(looks) / sizeof(looks[0]), N_COMMANDS = N_LOOKS + LM_N_OPS };

static enum cli_operands operands_of(const struct lm_op_info *op)
{
	if (op->takes & LM_TAKES_FOLDER)
		return CLI_DIR;
	if (op->takes & LM_TAKES_FILE)
		return CLI_OUT_STICK;
	if (op->takes & LM_NEEDS_SIZE)
		return CLI_SIZE_STICK;
	return CLI_STICK_OPTIONAL;
}

/* The options that say something to it. */
static unsigned own_of(const struct lm_op_info *op)
{
	static const struct {
		unsigned takes;
		enum cli_option_id option;
	} options[] = {
		{LM_TAKES_METHOD, CLI_OPT_METHOD}, {LM_TAKES_WORK, CLI_OPT_WORK},
		{LM_TAKES_DEEP, CLI_OPT_DEEP},     {LM_TAKES_REBOOT, CLI_OPT_REBOOT},
		{LM_TAKES_UNDO, CLI_OPT_UNDO},     {LM_TAKES_LESSON, CLI_OPT_LESSON},
	};
	unsigned own = 0;
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (op->takes & options[i].takes)
			own |= CLI_BIT(options[i].option);
	/* A size that is needed is a word of its own. */
	if (op->takes & LM_TAKES_SIZE && !(op->takes & LM_NEEDS_SIZE))
		own |= CLI_BIT(CLI_OPT_GROW);
	return own;
}

const struct cli_command *cli_commands(size_t *count)
{
	static struct cli_command all[N_COMMANDS];
	size_t i;

	*count = N_COMMANDS;
	if (all[0].name)
		return all;
	for (i = 0; i < N_COMMANDS; i++) {
		const struct lm_op_info *op;

		if (i < N_LOOKS) {
			all[i] = looks[i];
			continue;
		}
		op = lm_op_info((enum lm_op)(i - N_LOOKS));
		all[i] = (struct cli_command){op->word,   operands_of(op), op->summary, op->topic,
					      own_of(op), cli_op,          op};
	}
	return all;
}

const struct cli_command *cli_command_find(const char *name)
{
	size_t i, n;
	const struct cli_command *all = cli_commands(&n);

	for (i = 0; i < n; i++)
		if (!strcmp(all[i].name, name))
			return &all[i];
	return NULL;
}

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Changes, insertions and removals of one character between two short words. */
static size_t distance(const char *a, const char *b)
{
	size_t row[32], i, j, above, left_above, len = strlen(b);

	if (len >= sizeof(row) / sizeof(row[0]))
		return len;
	for (j = 0; j <= len; j++)
		row[j] = j;
	for (i = 1; a[i - 1]; i++) {
		left_above = row[0];
		row[0] = i;
		for (j = 1; j <= len; j++) {
			above = row[j];
			row[j] = min(min(above, row[j - 1]) + 1,
				     left_above + (a[i - 1] != b[j - 1]));
			left_above = above;
		}
	}
	return row[len];
}

const struct cli_command *cli_command_near(const char *name)
{
	const struct cli_command *best = NULL;
	size_t i, n, d, least = 3;
	const struct cli_command *all = cli_commands(&n);

	if (strlen(name) > 20)
		return NULL;
	for (i = 0; i < n; i++) {
		d = distance(name, all[i].name);
		if (d < least && d < strlen(name)) {
			least = d;
			best = &all[i];
		}
	}
	return best;
}

const char *cli_operands_text(enum cli_operands operands)
{
	switch (operands) {
	case CLI_STICK_OPTIONAL:
		return "[STICK]";
	case CLI_SIZE_STICK:
		return "SIZE [STICK]";
	case CLI_OUT_STICK:
		return "OUT [STICK]";
	case CLI_DIR:
		return "DIR";
	}
	return "";
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/args.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/i18n.h"
#include "core/text.h"

#define DEFAULT_DEPTH 2
#define DEFAULT_EVERY 10
#define MAX_OPERANDS  2
#define LONG_BASE     256 /* above every option letter */

/* What a run through argv has collected, before it is judged. */
struct scan {
	unsigned given; /* CLI_BIT() of the options seen */
	const char *value[CLI_N_OPTIONS];
	const char *word; /* the first word, unless it came after "--" */
	const char *operands[MAX_OPERANDS + 1];
	size_t n_operands;
};

static int usage(struct lm_error *err, const char *help, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int usage(struct lm_error *err, const char *help, const char *format, ...)
{
	char raw[sizeof(err->what)];
	va_list args;

	if (!err)
		return -EINVAL;
	memset(err, 0, sizeof(*err));
	err->code = -EINVAL;
	err->outcome = LM_USAGE;
	va_start(args, format);
	if (vsnprintf(raw, sizeof(raw), format, args) < 0)
		raw[0] = '\0';
	va_end(args);
	text_printable(err->what, sizeof(err->what), raw);
	text_printable(err->help, sizeof(err->help), help);
	return -EINVAL;
}

const char *cli_args_usage(char *buf, size_t cap, const struct cli_command *command)
{
	size_t used = 0;
	int i, n;

	n = snprintf(buf, cap, "livemend %s", command->name);
	for (i = CLI_FIRST_OWN; i < CLI_N_OPTIONS; i++) {
		const struct cli_option *o = &cli_options[i];

		used += (size_t)n;
		if (used >= cap)
			return buf;
		n = 0;
		if (command->own & CLI_BIT(o->id))
			n = snprintf(buf + used, cap - used, " [--%s%s%s]", o->name,
				     o->value ? " " : "", o->value ? o->value : "");
	}
	used += (size_t)n;
	if (used < cap)
		snprintf(buf + used, cap - used, " %s", cli_operands_text(command->operands));
	return buf;
}

static void add_operand(struct scan *scan, const char *word)
{
	if (scan->n_operands <= MAX_OPERANDS)
		scan->operands[scan->n_operands] = word;
	scan->n_operands++;
}

/* Makes getopt's tables out of ours; '-' keeps words and options in their order. */
static void make_tables(struct option *longs, char *letters)
{
	int i, n = 0;

	letters[n++] = '-';
	letters[n++] = ':';
	for (i = 0; i < CLI_N_OPTIONS; i++) {
		const struct cli_option *o = &cli_options[i];

		longs[i].name = o->name;
		longs[i].has_arg = o->value ? required_argument : no_argument;
		longs[i].flag = NULL;
		longs[i].val = LONG_BASE + i;
		if (o->letter)
			letters[n++] = o->letter;
	}
	memset(&longs[CLI_N_OPTIONS], 0, sizeof(longs[0]));
	letters[n] = '\0';
}

static int letter_option(int letter)
{
	int i;

	for (i = 0; i < CLI_N_OPTIONS; i++)
		if (cli_options[i].letter == letter)
			return i;
	return -1;
}

static int scan_words(struct scan *scan, int argc, char *const argv[], struct lm_error *err)
{
	struct option longs[CLI_N_OPTIONS + 1];
	char letters[CLI_N_OPTIONS + 3];
	int c, id, at;

	make_tables(longs, letters);
	optind = 0; /* starts getopt afresh */
	opterr = 0;
	for (;;) {
		at = optind ? optind : 1;
		c = getopt_long(argc, argv, letters, longs, NULL);
		if (c == -1)
			break;
		if (c == 1) {
			if (!scan->word && !scan->n_operands)
				scan->word = optarg;
			else
				add_operand(scan, optarg);
			continue;
		}
		if (c == ':')
			return usage(err, _("See: livemend --help"),
				     _("the option %s needs a value"), argv[at]);
		if (c == '?') {
			if (optopt >= LONG_BASE)
				return usage(err, _("See: livemend --help"),
					     _("the option --%s takes no value"),
					     cli_options[optopt - LONG_BASE].name);
			if (optopt)
				return usage(err, _("See: livemend --help"),
					     _("unknown option: -%c"), optopt);
			return usage(err, _("See: livemend --help"),
				     _("unknown or ambiguous option: %s"), argv[at]);
		}
		id = c >= LONG_BASE ? c - LONG_BASE : letter_option(c);
		if (id < 0)
			continue;
		scan->given |= CLI_BIT(id);
		scan->value[id] = optarg;
	}
	for (; optind < argc; optind++)
		add_operand(scan, argv[optind]);
	return 0;
}

/* True when --json stands among the options, however wrong the rest may be. */
static bool wants_json(int argc, char *const argv[])
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json"))
			return true;
	return false;
}

static int read_word(struct cli_args *args, struct scan *scan, struct lm_error *err)
{
	const struct cli_command *near;
	char help[160];

	if (!scan->word)
		return 0;
	args->command = cli_command_find(scan->word);
	if (args->command)
		return 0;
	if (scan->given & CLI_BIT(CLI_OPT_HELP)) {
		args->topic = scan->word;
		return 0;
	}
	if (access(scan->word, F_OK) && errno != EACCES && !strchr(scan->word, '/')) {
		near = cli_command_near(scan->word);
		if (near)
			snprintf(help, sizeof(help), _("Did you mean: livemend %s"), near->name);
		else
			snprintf(help, sizeof(help), "%s", _("See: livemend --help"));
		return usage(err, help, _("'%s' is neither a command nor a file"), scan->word);
	}
	if (scan->n_operands)
		return usage(err, _("See: livemend --help"), _("one word too many: %s"),
			     scan->operands[0]);
	args->stick = scan->word;
	return 0;
}

/* "2G", or "+512M" for so much more. */
static int read_size(struct cli_args *args, const char *text, const char *help,
		     struct lm_error *err)
{
	int ret;

	args->size_is_more = text[0] == '+';
	ret = text_parse_size(text + args->size_is_more, &args->size_bytes);
	if (ret == -ERANGE)
		return usage(err, help, _("'%s' is too large"), text);
	if (ret || !args->size_bytes)
		return usage(err, help, _("'%s' is no size; sizes are such as 2G, 512M or +1G"),
			     text);
	return 0;
}

static int read_operands(struct cli_args *args, const struct scan *scan, struct lm_error *err)
{
	const struct cli_command *c = args->command;
	char line[256], help[300];
	size_t most = 1, least = 0;

	if (!c) {
		if (scan->n_operands > 1)
			return usage(err, _("See: livemend --help"), _("one word too many: %s"),
				     scan->operands[1]);
		if (scan->n_operands == 1)
			args->stick = scan->operands[0];
		return 0;
	}
	snprintf(help, sizeof(help), _("Usage: %s"), cli_args_usage(line, sizeof(line), c));
	if (c->operands != CLI_STICK_OPTIONAL)
		least = 1;
	if (c->operands == CLI_OUT_STICK || c->operands == CLI_SIZE_STICK)
		most = 2;
	if (scan->n_operands > most)
		return usage(err, help, _("one word too many: %s"), scan->operands[most]);
	if (scan->n_operands < least) {
		switch (c->operands) {
		case CLI_OUT_STICK:
			return usage(err, help, _("'%s' needs the name of the file to write"),
				     c->name);
		case CLI_DIR:
			return usage(err, help, _("'%s' needs a folder"), c->name);
		default:
			return usage(err, help, _("'%s' needs a size, such as 2G or +512M"),
				     c->name);
		}
	}
	if (c->operands == CLI_SIZE_STICK) {
		if (read_size(args, scan->operands[0], help, err))
			return -EINVAL;
		args->stick = scan->n_operands > 1 ? scan->operands[1] : NULL;
	} else if (c->operands == CLI_DIR) {
		args->out = scan->operands[0];
	} else if (c->operands == CLI_OUT_STICK) {
		args->out = scan->operands[0];
		args->stick = scan->n_operands > 1 ? scan->operands[1] : NULL;
	} else {
		args->stick = scan->n_operands ? scan->operands[0] : NULL;
	}
	if ((args->out && !*args->out) || (args->stick && !*args->stick))
		return usage(err, help, _("an empty name was given"));
	return 0;
}

/* "80,90,95": in any order. */
static int read_at(struct cli_args *args, const char *text, struct lm_error *err)
{
	const char *p = text;
	unsigned i;

	args->n_at = 0;
	for (;;) {
		char *end;
		unsigned long n = strtoul(p, &end, 10);

		if (*p < '0' || *p > '9' || n < 1 || n > 100 || (*end && *end != ',') ||
		    args->n_at == CLI_MAX_AT)
			return usage(err, NULL,
				     _("--at needs up to %d percentages, such as 80,90,95, not '%s'"),
				     CLI_MAX_AT, text);
		for (i = args->n_at; i > 0 && args->at[i - 1] > n; i--)
			args->at[i] = args->at[i - 1];
		args->at[i] = (unsigned)n;
		args->n_at++;
		if (!*end)
			return 0;
		p = end + 1;
	}
}

static int read_every(struct cli_args *args, const char *text, struct lm_error *err)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || n < 1 || n > 86400)
		return usage(err, NULL, _("--every needs seconds from 1 to 86400, not '%s'"), text);
	args->every = (unsigned)n;
	return 0;
}

static int read_depth(struct cli_args *args, const char *text, struct lm_error *err)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || n > 1000)
		return usage(err, NULL, _("--depth needs a number from 0 to 1000, not '%s'"), text);
	args->depth = (unsigned)n;
	return 0;
}

/* The index of text in the |-separated words of an option's value, -1 if it is none. */
static int choice(enum cli_option_id id, const char *text, struct lm_error *err)
{
	const char *p = cli_options[id].value;
	size_t len = strlen(text), n;
	int i;

	for (i = 0; *p; i++) {
		n = strcspn(p, "|");
		if (n == len && !strncmp(p, text, n))
			return i;
		p += n + (p[n] == '|');
	}
	usage(err, NULL, _("--%s needs one of %s, not '%s'"), cli_options[id].name,
	      cli_options[id].value, text);
	return -1;
}

static int read_lesson(struct cli_args *args, const char *name, struct lm_error *err)
{
	const char *const *all = lm_lessons();
	char list[300] = "";
	size_t i, used = 0;
	int n;

	for (i = 0; all[i]; i++) {
		if (!strcmp(all[i], name)) {
			args->lesson = all[i];
			return 0;
		}
		n = snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", all[i]);
		if (n > 0 && (size_t)n < sizeof(list) - used)
			used += (size_t)n;
	}
	usage(err, NULL, _("there is no lesson '%s'"), name);
	if (err)
		snprintf(err->help, sizeof(err->help), _("The lessons are: %s"), list);
	return -EINVAL;
}

static int read_options(struct cli_args *args, const struct scan *scan, struct lm_error *err)
{
	unsigned foreign = scan->given & ~(CLI_BIT(CLI_FIRST_OWN) - 1u);
	char line[256], help[300];
	int i;

	if (args->command)
		foreign &= ~args->command->own;
	for (i = CLI_FIRST_OWN; i < CLI_N_OPTIONS; i++) {
		if (!(foreign & CLI_BIT(i)))
			continue;
		if (!args->command)
			return usage(err, _("See: livemend --help"),
				     _("--%s needs a command before it"), cli_options[i].name);
		snprintf(help, sizeof(help), _("Usage: %s"),
			 cli_args_usage(line, sizeof(line), args->command));
		return usage(err, help, _("--%s does not apply to '%s'"), cli_options[i].name,
			     args->command->name);
	}
	if (scan->given & CLI_BIT(CLI_OPT_ENGINE)) {
		i = choice(CLI_OPT_ENGINE, scan->value[CLI_OPT_ENGINE], err);
		if (i < 0)
			return -EINVAL;
		args->engine = (enum lm_engine)i;
	}
	if (scan->given & CLI_BIT(CLI_OPT_METHOD)) {
		i = choice(CLI_OPT_METHOD, scan->value[CLI_OPT_METHOD], err);
		if (i < 0)
			return -EINVAL;
		args->method = (enum lm_method)i;
	}
	if (scan->given & CLI_BIT(CLI_OPT_DEPTH) &&
	    read_depth(args, scan->value[CLI_OPT_DEPTH], err))
		return -EINVAL;
	if (read_at(args, scan->given & CLI_BIT(CLI_OPT_AT) ? scan->value[CLI_OPT_AT] : "80,90,95",
		    err))
		return -EINVAL;
	if (scan->given & CLI_BIT(CLI_OPT_EVERY) &&
	    read_every(args, scan->value[CLI_OPT_EVERY], err))
		return -EINVAL;
	if (scan->given & CLI_BIT(CLI_OPT_LESSON) &&
	    read_lesson(args, scan->value[CLI_OPT_LESSON], err))
		return -EINVAL;
	if (scan->given & CLI_BIT(CLI_OPT_WORK) && !*scan->value[CLI_OPT_WORK])
		return usage(err, NULL, "%s", _("--work needs a folder"));
	args->work = scan->value[CLI_OPT_WORK];
	if (scan->given & CLI_BIT(CLI_OPT_GROW) &&
	    read_size(args, scan->value[CLI_OPT_GROW], NULL, err))
		return -EINVAL;
	return 0;
}

int cli_args_parse(struct cli_args *args, int argc, char *const argv[], struct lm_error *err)
{
	struct scan scan = {0};
	unsigned given;

	*args = (struct cli_args){.depth = DEFAULT_DEPTH, .every = DEFAULT_EVERY, .json = wants_json(argc, argv)};
	if (scan_words(&scan, argc, argv, err))
		return -EINVAL;
	given = scan.given;
	args->json = given & CLI_BIT(CLI_OPT_JSON);
	args->dry_run = given & CLI_BIT(CLI_OPT_DRY_RUN);
	args->yes = given & CLI_BIT(CLI_OPT_YES);
	args->no_color = given & CLI_BIT(CLI_OPT_NO_COLOR);
	args->plain = given & CLI_BIT(CLI_OPT_PLAIN);
	args->debug = given & CLI_BIT(CLI_OPT_DEBUG);
	args->deep = given & CLI_BIT(CLI_OPT_DEEP);
	args->undo = given & CLI_BIT(CLI_OPT_UNDO);
	args->once = given & CLI_BIT(CLI_OPT_ONCE);
	args->reboot = given & CLI_BIT(CLI_OPT_REBOOT);

	if (given & CLI_BIT(CLI_OPT_VERSION)) {
		args->action = CLI_SHOW_VERSION;
		return 0;
	}
	if (read_word(args, &scan, err))
		return -EINVAL;
	if (given & CLI_BIT(CLI_OPT_HELP)) {
		args->action = CLI_SHOW_HELP;
		return 0;
	}
	if (!args->stick && read_operands(args, &scan, err))
		return -EINVAL;
	if (read_options(args, &scan, err))
		return -EINVAL;
	if (args->json && !args->command)
		return usage(err, _("For example: livemend status --json"), "%s",
			     _("--json needs a command"));
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* help.c - `livemend --help`, `livemend COMMAND --help`, `livemend --help TOPIC` */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/i18n.h"
#include "core/text.h"
#include "help/help.h"

static void option_line(struct out *out, const struct cli_option *o)
{
	char name[64];

	if (o->letter)
		snprintf(name, sizeof(name), "-%c, --%s", o->letter, o->name);
	else
		snprintf(name, sizeof(name), "    --%s", o->name);
	if (o->value) {
		/* Long lists of words would leave no room for the text beside them. */
		fprintf(out->f, "  %s %s\n", name, o->value);
		out_wrap(out, 20, 20, _(o->help));
	} else {
		fprintf(out->f, "  %-18s", name);
		out_fill(out, 20, 20, _(o->help));
	}
}

static void options(struct out *out, unsigned own)
{
	int i;

	if (own) {
		fprintf(out->f, "\n%s\n", _("Options of this command:"));
		for (i = CLI_FIRST_OWN; i < CLI_N_OPTIONS; i++)
			if (own & CLI_BIT(i))
				option_line(out, &cli_options[i]);
	}
	fprintf(out->f, "\n%s\n", _("Options of all commands:"));
	for (i = 0; i < CLI_FIRST_OWN; i++)
		option_line(out, &cli_options[i]);
}

/* Those of single commands, each with the commands that have it. */
static void own_options(struct out *out)
{
	size_t c, count;
	const struct cli_command *all = cli_commands(&count);
	int i, n;

	fprintf(out->f, "\n%s\n", _("Options of single commands:"));
	for (i = CLI_FIRST_OWN; i < CLI_N_OPTIONS; i++) {
		option_line(out, &cli_options[i]);
		fprintf(out->f, "%20s(", "");
		for (c = 0, n = 0; c < count; c++)
			if (all[c].own & CLI_BIT(i))
				fprintf(out->f, "%s%s", n++ ? ", " : "", all[c].name);
		fputs(")\n", out->f);
	}
}

static void of_topic(struct out *out, const struct help_topic *topic)
{
	char *text = help_text(topic);

	fprintf(out->f, "%s\n\n%s", _(topic->title), text ? text : "");
	free(text);
}

static void of_command(struct out *out, const struct cli_command *c)
{
	const struct help_topic *topic = help_find(c->topic);
	const char *const *lesson;
	char line[256];

	fprintf(out->f, _("Usage: %s\n\n"), cli_args_usage(line, sizeof(line), c));
	if (topic)
		of_topic(out, topic);
	if (c->own & CLI_BIT(CLI_OPT_LESSON)) {
		fprintf(out->f, "\n%s\n", _("Lessons:"));
		for (lesson = lm_lessons(); *lesson; lesson++) {
			fprintf(out->f, "  %-18s", *lesson);
			out_fill(out, 20, 20, lm_lesson_text(*lesson));
		}
	}
	options(out, c->own);
}

static void of_program(struct out *out)
{
	const struct help_topic *topics;
	const struct cli_command *all;
	char line[256];
	size_t i, count, column = 0;

	fprintf(out->f, "%s\n",
		_("Usage: livemend [STICK]            the full-screen program\n"
		  "       livemend COMMAND ...        one thing, line by line\n\n"
		  "livemend shows how full the overlay of a live USB stick is, and mends it.\n\n"
		  "Commands:"));
	all = cli_commands(&count);
	for (i = 0; i < count; i++) {
		const struct cli_command *c = &all[i];

		snprintf(line, sizeof(line), "%s %s", c->name, cli_operands_text(c->operands));
		fprintf(out->f, "  %-20s", line);
		out_fill(out, 22, 22, _(c->summary));
	}
	fprintf(out->f, "\n%s\n",
		_("STICK is a block device, a mounted directory, a folder that holds LiveOS, an\n"
		  ".iso or a disk image; without it, the live system that is running."));
	options(out, 0);
	own_options(out);
	fprintf(out->f, "\n%s", _("Topics (livemend --help TOPIC):"));
	topics = help_all(&count);
	for (i = 0; i < count; i++) {
		if (column == 0 || column + strlen(topics[i].name) + 1 > 76) {
			fputs("\n ", out->f);
			column = 1;
		}
		fprintf(out->f, " %s", topics[i].name);
		column += strlen(topics[i].name) + 1;
	}
	fprintf(out->f, "\n\n%s\n",
		_("Exit status: 0 done, or healthy; 1 something needs attention; 2 wrong usage;\n"
		  "3 refused, nothing was changed; 4 failed, everything is as before;\n"
		  "5 interrupted, see livemend resume; 130 stopped by you at a safe point."));
}

int cli_help(struct cli *cli)
{
	const struct help_topic *topic;

	if (cli->args.command) {
		of_command(&cli->out, cli->args.command);
		return LM_DONE;
	}
	if (!cli->args.topic) {
		of_program(&cli->out);
		return LM_DONE;
	}
	topic = help_find(cli->args.topic);
	if (!topic) {
		struct lm_error err = {.code = -EINVAL, .outcome = LM_USAGE};

		snprintf(err.what, sizeof(err.what), "%s", _("There is no help on that"));
		text_printable(err.on, sizeof(err.on), cli->args.topic);
		snprintf(err.help, sizeof(err.help), "%s", _("See: livemend --help"));
		return cli_error(cli, &err);
	}
	of_topic(&cli->out, topic);
	return LM_DONE;
}

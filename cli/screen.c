/* SPDX-License-Identifier: GPL-3.0-or-later */
/* screen.c - `livemend [STICK]` */
#include <errno.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/plain.h"
#include "core/i18n.h"
#include "tui/tui.h"

int cli_screen(struct cli *cli)
{
	struct tui_opts opts = {.no_color = cli->args.no_color, .ascii = cli->out.ascii};
	int status = -ENOTTY;

	if (!cli->args.plain && cli->out.tty && isatty(STDIN_FILENO))
		status = tui_run(cli->ctx, cli->args.stick, &opts);
	if (status >= 0)
		return status;
	if (status != -ENOTTY) {
		struct lm_error err = {.code = status, .outcome = LM_UNCHANGED};

		snprintf(err.what, sizeof(err.what), "%s",
			 _("The full screen could not be started"));
		snprintf(err.help, sizeof(err.help), "%s",
			 _("With --plain everything is said line by line; see livemend --help"));
		return cli_error(cli, &err);
	}
	/* Where nobody sees the questions there is no use in asking. */
	if (!cli->args.plain && !cli->out.tty) {
		status = cli_status(cli);
		fprintf(stderr, "%s\n",
			_("This is no terminal for the full screen; livemend --help lists the "
			  "commands, livemend --plain works line by line."));
		return status;
	}
	if (!cli->args.plain)
		fprintf(stderr, "%s\n",
			_("This is no terminal for the full screen, so it goes on line by line."));
	return plain_run(cli);
}

int cli_lesson(struct cli *cli, const char *dir)
{
	struct tui_opts opts = {
		.no_color = cli->args.no_color, .ascii = cli->out.ascii, .lesson = true};
	int status;

	if (!cli->args.plain && (!cli->out.tty || !isatty(STDIN_FILENO))) {
		fprintf(cli->out.f, _("The lesson begins on a terminal, or line by line: livemend "
				      "practice --plain %s\n"),
			dir);
		return LM_DONE;
	}
	if (!cli->args.plain) {
		status = tui_run(cli->ctx, dir, &opts);
		if (status >= 0)
			return status;
	}
	return plain_lesson_run(cli, dir);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - starts the program, chooses the handler, sees to it that output arrived */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#ifdef HAVE_MALLOPT
#include <malloc.h>
#endif
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/i18n.h"

/* A file of the stick must never be opened as a standard descriptor. */
static int open_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		if (fd <= STDERR_FILENO && fcntl(fd, F_SETFD, 0) < 0)
			return -errno;
	} while (fd <= STDERR_FILENO);
	close(fd);
	return 0;
}

static void to_stderr(void *arg, enum lm_log_level level, const char *text)
{
	static const char *const word[] = {"error", "warning", "info", "debug"};

	(void)arg;
	fprintf(stderr, "livemend: %s: %s\n", word[level], text);
}

static int run(struct cli *cli)
{
	const char *debug = getenv("LIVEMEND_DEBUG");
	struct lm_error err = {0};
	int status;

	if (lm_ctx_new(&cli->ctx, &err))
		return cli_error(cli, &err);
	lm_ctx_set_engine(cli->ctx, cli->args.engine);
	if (cli->args.debug || (debug && *debug && strcmp(debug, "0") != 0))
		lm_ctx_set_log(cli->ctx, to_stderr, NULL);
	status = cli->args.command ? cli->args.command->run(cli) : cli_screen(cli);
	lm_ctx_free(cli->ctx);
	return status;
}

int main(int argc, char *argv[])
{
	struct cli cli = {0};
	struct lm_error err = {0};
	sigset_t pipe_signal;
	int status, code;

	if (open_standard_fds())
		return LM_UNCHANGED;
#ifdef HAVE_MALLOPT
	/*
	 * A compressor takes a few MiB for each block and gives them back after it:
	 * they are kept for the next one rather than fetched from the kernel anew.
	 */
	mallopt(M_MMAP_THRESHOLD, 16 << 20);
	mallopt(M_TRIM_THRESHOLD, 32 << 20);
#endif
	setlocale(LC_ALL, "");
	bindtextdomain(PACKAGE, LOCALEDIR);
	textdomain(PACKAGE);
	/*
	 * A reader that goes away must not end a job in the middle. Blocked, not
	 * ignored: child processes get an empty mask and so the usual behaviour.
	 */
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe_signal, NULL);

	code = cli_args_parse(&cli.args, argc, argv, &err);
	out_init(&cli.out, cli.args.no_color, cli.args.plain);
	if (code) {
		status = cli_error(&cli, &err);
	} else if (cli.args.action == CLI_SHOW_VERSION) {
		fprintf(cli.out.f, "livemend %s\n", PACKAGE_VERSION);
		status = LM_DONE;
	} else if (cli.args.action == CLI_SHOW_HELP) {
		status = cli_help(&cli);
	} else {
		status = run(&cli);
	}

	code = out_close(&cli.out);
	if (code) {
		if (code != -EPIPE)
			fprintf(stderr, "livemend: %s: %s\n", _("Writing the output failed"),
				strerror(-code));
		/* What was done to a stick is worth more than what was said about it. */
		if (status == LM_DONE && !cli.job_ran)
			status = LM_UNCHANGED;
	}
	return status;
}

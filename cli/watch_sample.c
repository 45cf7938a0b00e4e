/* SPDX-License-Identifier: GPL-3.0-or-later */
/* watch_sample.c - see watch.h */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/watch.h"
#include "core/i18n.h"

static void failed(struct watch_sample *s, int code)
{
	memset(s, 0, sizeof(*s));
	s->code = code;
	s->err.code = code;
	s->err.outcome = LM_UNCHANGED;
	snprintf(s->err.what, sizeof(s->err.what), "%s", _("Looking at the stick failed"));
	snprintf(s->err.why, sizeof(s->err.why), "%s", strerror(-code));
}

static void look(struct cli *cli, struct watch_sample *s)
{
	struct lm_status *status = NULL;
	struct lm_stick *stick = NULL;
	struct lm_error err = {0};
	int code = lm_stick_open(cli->ctx, cli->args.stick, &stick, &err);

	if (!code)
		code = lm_status_read(stick, LM_STATUS_QUICK, &status, &err);
	if (code) {
		failed(s, code);
		s->err = err;
	} else {
		watch_gauges(status, s);
	}
	lm_status_free(status);
	lm_stick_close(stick);
}

int watch_look_start(struct cli *cli, pid_t *child, int *fd)
{
	struct watch_sample sample;
	pid_t parent = getpid();
	sigset_t none;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	*child = fork();
	if (*child < 0) {
		int code = -errno;

		close(ends[0]);
		close(ends[1]);
		return code;
	}
	if (*child > 0) {
		close(ends[1]);
		*fd = ends[0];
		return 0;
	}
	/* Nothing but looking is done here, and nothing of the parent's is written out. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (getppid() != parent)
		_exit(1);
	close(ends[0]);
	memset(&sample, 0, sizeof(sample));
	look(cli, &sample);
	/* No more than a pipe takes in one piece. */
	_Static_assert(sizeof(sample) <= 4096, "a sample must fit into a pipe at once");
	_exit(write(ends[1], &sample, sizeof(sample)) == (ssize_t)sizeof(sample) ? 0 : 1);
}

void watch_look_end(pid_t child, int fd, struct watch_sample *sample)
{
	ssize_t n = read(fd, sample, sizeof(*sample));

	if (n != (ssize_t)sizeof(*sample))
		failed(sample, -EIO);
	close(fd);
	/* It has said all, and is about to end. */
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

void watch_look_kill(pid_t child, int fd)
{
	close(fd);
	kill(child, SIGKILL);
	/* One that hangs in the kernel cannot even be killed, and is not waited for. */
	waitpid(child, NULL, WNOHANG);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs of other packages, run with an argument vector and waited for. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/practice/practice.h"

static const char *const places[] = { "/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/",
				      "/usr/bin/", "/sbin/", "/bin/" };

/* sbin is not in the PATH of ordinary users. */
static bool find_program(const char *name, char path[256])
{
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (snprintf(path, 256, "%s%s", places[i], name) < 256 && access(path, X_OK) == 0)
			return true;
	}
	return false;
}

bool practice_child_exists(const char *name)
{
	char path[256];

	return find_program(name, path);
}

static int start(const char *path, const char *const argv[], int err_fd, pid_t *pid)
{
	static const char *const environment[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LC_ALL=C", NULL
	};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc)
		return -rc;
	rc = posix_spawnattr_init(&attr);
	if (rc) {
		posix_spawn_file_actions_destroy(&actions);
		return -rc;
	}
	sigemptyset(&none);
	sigfillset(&all);
	rc = posix_spawnattr_setsigmask(&attr, &none);
	if (!rc)
		rc = posix_spawnattr_setsigdefault(&attr, &all);
	if (!rc)
		rc = posix_spawnattr_setflags(&attr,
					      POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (!rc)
		rc = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (!rc)
		rc = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(&actions, err_fd, 2);
	if (!rc)
		rc = posix_spawn(pid, path, &actions, &attr, (char *const *)argv,
				 (char *const *)environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

/* Keeps the last line with anything in it of what came through the pipe. */
static void keep_last_line(char line[200], bool *ended, const char *buf, size_t len)
{
	size_t at = strlen(line), i;

	for (i = 0; i < len; i++) {
		if (buf[i] == '\n' || buf[i] == '\r') {
			*ended = true;
			continue;
		}
		if (*ended) {
			at = 0;
			*ended = false;
		}
		if (at + 1 < 200)
			line[at++] = buf[i];
		line[at] = '\0';
	}
}

/* Reads until the child closes its end; ends the child when it should stop. */
static int follow(int fd, pid_t pid, bool (*stop)(void *), void *arg, char line[200])
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	bool ended = false, stopped = false;
	char buf[512];

	for (;;) {
		int n = poll(&pfd, 1, stop ? 200 : -1);
		ssize_t got;

		if (n < 0 && errno != EINTR)
			return -errno;
		if (stop && !stopped && stop(arg)) {
			stopped = true;
			kill(pid, SIGTERM);
		}
		if (n <= 0)
			continue;
		got = read(fd, buf, sizeof(buf));
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			return stopped ? -ECANCELED : 0;
		if (got > 0)
			keep_last_line(line, &ended, buf, (size_t)got);
	}
}

int practice_child(const char *const argv[], bool (*stop)(void *arg), void *arg,
		   struct lm_error *err)
{
	char path[256], line[200] = "";
	int pipe_fd[2], status = 0, rc;
	pid_t pid;

	if (!find_program(argv[0], path)) {
		rc = lm_fail(err, -ENOENT, argv[0], NULL, _("Running %s failed"), argv[0]);
		lm_because(err, "%s", _("there is no such program on this system"));
		return rc;
	}
	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return lm_fail(err, -errno, NULL, NULL, _("Running %s failed"), argv[0]);
	rc = start(path, argv, pipe_fd[1], &pid);
	close(pipe_fd[1]);
	if (rc) {
		close(pipe_fd[0]);
		return lm_fail(err, rc, path, NULL, _("Running %s failed"), argv[0]);
	}
	rc = follow(pipe_fd[0], pid, stop, arg, line);
	close(pipe_fd[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc)
		return lm_fail(err, rc, path, NULL, _("Running %s failed"), argv[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	rc = lm_fail(err, -EIO, path, NULL, _("%s failed"), argv[0]);
	if (line[0])
		lm_because(err, "%s", line);
	return rc;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* e2fsck as a child process: argument vector, output and progress by pipes. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "core/fs/fs.h"
#include "core/i18n.h"
#include "core/text.h"

#define PROGRESS_FD 3 /* where the child finds the pipe of its -C */
#define TICK_MS     250

/* One end of a pipe that is read line by line. */
struct lines {
	int fd;
	size_t used;
	char buf[1024];
};

struct run {
	pid_t pid;
	struct lines out, bar;
	fs_progress_fn progress;
	fs_line_fn line;
	void *arg;
	unsigned pass;
	uint64_t done, total;
	bool cancelled;
};

static int find_program(char path[PATH_MAX])
{
	const char *env = getenv("PATH");
	char *list, *dir, *save = NULL;
	int r = -ENOENT;

	if (asprintf(&list, "%s:/usr/sbin:/sbin", env ? env : "") < 0)
		return -ENOMEM;
	for (dir = strtok_r(list, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		int len = snprintf(path, PATH_MAX, "%s/e2fsck", dir);

		if (dir[0] == '/' && len < PATH_MAX && access(path, X_OK) == 0) {
			r = 0;
			break;
		}
	}
	free(list);
	return r;
}

/* A pipe whose ends lie above all numbers that the child's own descriptors get. */
static int make_pipe(int ends[2])
{
	int low[2], i, r = 0;

	ends[0] = ends[1] = -1;
	if (pipe2(low, O_CLOEXEC) < 0)
		return -errno;
	for (i = 0; i < 2 && r == 0; i++) {
		ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 10);
		if (ends[i] < 0)
			r = -errno;
	}
	close(low[0]);
	close(low[1]);
	if (r < 0 && ends[0] >= 0) {
		close(ends[0]);
		ends[0] = -1;
	}
	return r;
}

/* An empty mask and default actions: what the program blocks or ignores is not for the child. */
static int set_signals(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	r = posix_spawnattr_setsigmask(attr, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(attr, &all);
	if (r == 0)
		r = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return r;
}

static int start_child(const char *program, char *const argv[], int out, int bar, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int r;

	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return -r;
	r = posix_spawnattr_init(&attr);
	if (r != 0)
		goto out_actions;
	r = set_signals(&attr);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, out, 2);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, bar, PROGRESS_FD);
	if (r == 0)
		r = posix_spawn(pid, program, &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
out_actions:
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static void take_output(struct run *run, char *text)
{
	char line[sizeof(run->out.buf) + 1];

	text_printable(line, sizeof(line), text);
	if (run->line && line[0])
		run->line(run->arg, line);
}

static void take_progress(struct run *run, char *text)
{
	unsigned pass;
	uint64_t done, total;

	if (sscanf(text, "%u %" SCNu64 " %" SCNu64, &pass, &done, &total) != 3)
		return;
	run->pass = pass;
	run->done = done;
	run->total = total;
}

/* Asks the callback, which is also how a cancel is noticed. */
static void tell_progress(struct run *run)
{
	if (!run->progress || run->cancelled)
		return;
	if (run->progress(run->arg, run->pass, run->done, run->total) != 0) {
		run->cancelled = true;
		kill(run->pid, SIGTERM);
	}
}

/* Reads what there is and hands on the whole lines; closes at the end. */
static void drain(struct run *run, struct lines *in, void (*take)(struct run *, char *))
{
	ssize_t got = read(in->fd, in->buf + in->used, sizeof(in->buf) - 1 - in->used);
	char *start = in->buf, *end;

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got > 0)
		in->used += (size_t)got;
	in->buf[in->used] = '\0';
	/* A NUL in the output would hide what follows it. */
	for (end = in->buf; end < in->buf + in->used; end++)
		if (*end == '\0' || *end == '\r')
			*end = ' ';
	while ((end = strchr(start, '\n'))) {
		*end = '\0';
		take(run, start);
		start = end + 1;
	}
	in->used -= (size_t)(start - in->buf);
	memmove(in->buf, start, in->used + 1);
	/* The rest at the end, and a line that is longer than the buffer, as it is. */
	if (in->used > 0 && (got <= 0 || in->used == sizeof(in->buf) - 1)) {
		take(run, in->buf);
		in->used = 0;
	}
	if (got <= 0) {
		close(in->fd);
		in->fd = -1;
	}
}

static void follow(struct run *run)
{
	while (run->out.fd >= 0 || run->bar.fd >= 0) {
		struct pollfd fds[2] = {
			{.fd = run->out.fd, .events = POLLIN},
			{.fd = run->bar.fd, .events = POLLIN},
		};

		if (poll(fds, 2, TICK_MS) > 0) {
			if (fds[0].revents)
				drain(run, &run->out, take_output);
			if (fds[1].revents)
				drain(run, &run->bar, take_progress);
		}
		tell_progress(run);
	}
}

static int wait_child(pid_t pid, int *status)
{
	pid_t r;

	do {
		r = waitpid(pid, status, 0);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int fs_e2fsck(const char *path, enum fs_e2fsck mode, fs_progress_fn progress, fs_line_fn line,
	      void *arg, int *status, struct lm_error *err)
{
	static const char *const modes[] = {"-n", "-p", "-y"};
	char program[PATH_MAX], how[3], fd_text[12];
	char name[] = "e2fsck", force[] = "-f", bar_opt[] = "-C";
	struct run run = {.progress = progress, .line = line, .arg = arg};
	int out[2] = {-1, -1}, bar[2] = {-1, -1}, wait_status = 0, r;
	char *target = NULL;

	r = find_program(program);
	if (r == -ENOENT)
		return lm_fail(err, r, "e2fsck", _("Install e2fsprogs, which it belongs to."),
			       "%s", _("The program e2fsck was not found"));
	snprintf(how, sizeof(how), "%s", modes[mode]);
	snprintf(fd_text, sizeof(fd_text), "%d", PROGRESS_FD);
	/* A name that begins with - would be an option. */
	if (r == 0 && asprintf(&target, "%s%s", path[0] == '-' ? "./" : "", path) < 0) {
		target = NULL;
		r = -ENOMEM;
	}
	if (r == 0)
		r = make_pipe(out);
	if (r == 0)
		r = make_pipe(bar);
	if (r == 0) {
		char *argv[] = {name, force, how, bar_opt, fd_text, target, NULL};

		r = start_child(program, argv, out[1], bar[1], &run.pid);
	}
	if (out[1] >= 0)
		close(out[1]);
	if (bar[1] >= 0)
		close(bar[1]);
	if (r < 0) {
		if (out[0] >= 0)
			close(out[0]);
		if (bar[0] >= 0)
			close(bar[0]);
		lm_fail(err, r, program, NULL, "%s", _("Starting e2fsck failed"));
		goto out;
	}
	run.out.fd = out[0];
	run.bar.fd = bar[0];
	follow(&run);
	r = wait_child(run.pid, &wait_status);
	if (run.cancelled) {
		r = lm_fail(err, -ECANCELED, path, NULL, "%s", _("e2fsck was stopped"));
	} else if (r < 0) {
		lm_fail(err, r, program, NULL, "%s", _("Waiting for e2fsck failed"));
	} else if (WIFSIGNALED(wait_status)) {
		r = lm_fail(err, -EINTR, path, NULL, "%s", _("e2fsck did not finish"));
		lm_because(err, _("it was ended by signal %d"), WTERMSIG(wait_status));
	} else {
		*status = WEXITSTATUS(wait_status);
	}
out:
	free(target);
	return r;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/child/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/text.h"

#define TICK_MS  200
#define GRACE_MS 5000
/* Above all numbers that the child's own descriptors get. */
#define HIGH_FD 20

static const char *const child_places[] = {
	"/usr/sbin/",       "/usr/bin/",       "/sbin/",
	"/bin/",            "/run/current-system/sw/bin/", /* NixOS has none of these */
	"/usr/local/sbin/", "/usr/local/bin/",
};

int child_find(const char *name, char path[CHILD_PATH_MAX])
{
	size_t i;

	if (strchr(name, '/')) {
		int len = snprintf(path, CHILD_PATH_MAX, "%s", name);

		return name[0] == '/' && len < (int)CHILD_PATH_MAX && access(path, X_OK) == 0 ?
			       0 :
			       -ENOENT;
	}
	for (i = 0; i < sizeof(child_places) / sizeof(child_places[0]); i++) {
		int len = snprintf(path, CHILD_PATH_MAX, "%s%s", child_places[i], name);

		if (len < (int)CHILD_PATH_MAX && access(path, X_OK) == 0)
			return 0;
	}
	snprintf(path, CHILD_PATH_MAX, "%s", name);
	return -ENOENT;
}

/* ---- the child's side, between fork and exec ---- */

/* What it sends if it does not come to the program. */
struct child_report {
	bool unprepared;
	int error;
};

struct child_start {
	const struct child_job *job;
	const char *path;
	char *env[CHILD_MAX_ENV + 3];
	sigset_t mask; /* of the parent */
	pid_t parent;
	/* All of them close at exec: ours, and the child's. */
	int out[2], bar[2], report[2], talk[2];
};

static void child_close_from(int first)
{
	struct rlimit limit;

#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0)
		return;
#endif
	/* An older kernel. All that livemend opens closes at exec; this is for what it was given. */
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > 65536)
		limit.rlim_cur = 65536;
	for (int fd = first; fd < (int)limit.rlim_cur; fd++)
		close(fd);
}

static int child_default_signals(void)
{
	struct sigaction act = { .sa_handler = SIG_DFL };
	sigset_t none;
	int i;

	for (i = 1; i < NSIG; i++)
		(void)sigaction(i, &act, NULL); /* KILL, STOP and those of libc refuse */
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

/* 0, 1, 2, those that were given, the bar; behind them, until exec, report and talk. */
static int child_set_fds(struct child_start *s)
{
	int high[CHILD_MAX_FDS], to = 3, null;
	size_t i;

	for (i = 0; i < s->job->n_fds; i++) {
		high[i] = fcntl(s->job->fds[i], F_DUPFD_CLOEXEC, HIGH_FD);
		if (high[i] < 0)
			return -1;
	}
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	/* A chroot may have none: an end of a pipe with nobody behind it is as empty. */
	if (null < 0) {
		int none[2];

		if (pipe2(none, O_CLOEXEC) < 0)
			return -1;
		close(none[1]);
		null = none[0];
	}
	if ((null == 0 ? fcntl(0, F_SETFD, 0) : dup2(null, 0)) < 0 || dup2(s->out[1], 1) < 0 ||
	    dup2(s->out[1], 2) < 0)
		return -1;
	for (i = 0; i < s->job->n_fds; i++)
		if (dup2(high[i], to++) < 0)
			return -1;
	if (s->job->bar && dup2(s->bar[1], to++) < 0)
		return -1;
	if (dup3(s->report[1], to, O_CLOEXEC) < 0)
		return -1;
	s->report[1] = to++;
	if (s->job->answer) {
		if (dup3(s->talk[1], to, O_CLOEXEC) < 0)
			return -1;
		s->talk[1] = to++;
	}
	child_close_from(to);
	return 0;
}

static _Noreturn void child_begin(struct child_start *s)
{
	struct child_report report = { 0 };
	int ret;

	/* Nothing that is typed at livemend reaches it; and it ends with livemend. */
	(void)setsid();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != s->parent)
		_exit(127);
	if (child_default_signals() == 0 && child_set_fds(s) == 0) {
		ret = s->job->prepare ? s->job->prepare(s->job->arg, s->talk[1]) : 0;
		if (ret == 0)
			execve(s->path, (char *const *)(uintptr_t)s->job->argv, s->env);
		report.unprepared = ret != 0;
		errno = ret != 0 ? -ret : errno;
	}
	report.error = errno ? errno : EIO;
	/* Not write(): that may be one of the calls that are watched already. */
	(void)send(s->report[1], &report, sizeof(report), MSG_NOSIGNAL);
	_exit(127);
}

/* ---- the parent's side ---- */

struct child_run {
	const struct child_job *job;
	struct child_end *end;
	pid_t pid;
	struct child_lines out, bar;
	int report, watch;
	struct child_report said;
	bool stopped, killed;
	struct timespec asked; /* when it was asked to stop */
};

static void child_shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Above the numbers that the child's own descriptors get. */
static int child_raise(int fd[2])
{
	for (int i = 0; i < 2; i++) {
		int high = fcntl(fd[i], F_DUPFD_CLOEXEC, HIGH_FD), ret = -errno;

		/* EINVAL: so high a number is not allowed. */
		if (high < 0)
			return ret == -EINVAL ? -EMFILE : ret;
		close(fd[i]);
		fd[i] = high;
	}
	return 0;
}

static int child_channels(struct child_start *s)
{
	int ret = 0;

	if (pipe2(s->out, O_CLOEXEC) < 0 || (s->job->bar && pipe2(s->bar, O_CLOEXEC) < 0) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->report) < 0 ||
	    (s->job->answer && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->talk) < 0))
		return -errno;
	ret = child_raise(s->out);
	if (ret == 0 && s->job->bar)
		ret = child_raise(s->bar);
	if (ret == 0)
		ret = child_raise(s->report);
	if (ret == 0 && s->job->answer)
		ret = child_raise(s->talk);
	return ret;
}

static void child_environment(struct child_start *s)
{
	size_t n = 0, i;

	s->env[n++] = (char *)(uintptr_t)"PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	s->env[n++] = (char *)(uintptr_t)"LC_ALL=C";
	for (i = 0; s->job->env && s->job->env[i] && i < CHILD_MAX_ENV; i++)
		s->env[n++] = (char *)(uintptr_t)s->job->env[i];
	s->env[n] = NULL;
}

static int child_start(struct child_start *s, struct child_run *run)
{
	sigset_t all;
	int ret = child_channels(s);

	if (ret == 0) {
		child_environment(s);
		s->parent = getpid();
		/* No handler of ours is to run in the child. */
		sigfillset(&all);
		ret = -pthread_sigmask(SIG_SETMASK, &all, &s->mask);
	}
	if (ret == 0) {
		run->pid = fork();
		if (run->pid == 0)
			child_begin(s);
		if (run->pid < 0)
			ret = -errno;
		(void)pthread_sigmask(SIG_SETMASK, &s->mask, NULL);
	}
	child_shut(&s->out[1]);
	child_shut(&s->bar[1]);
	child_shut(&s->report[1]);
	child_shut(&s->talk[1]);
	run->out.fd = s->out[0];
	run->bar.fd = s->bar[0];
	run->report = s->report[0];
	run->watch = s->talk[0];
	return ret;
}

static void child_take(void *arg, const char *line)
{
	struct child_run *run = arg;

	text_printable(run->end->last, sizeof(run->end->last), line);
	if (run->job->line)
		run->job->line(run->job->arg, line);
}

static void child_read_report(struct child_run *run)
{
	ssize_t n = recv(run->report, &run->said, sizeof(run->said), 0);

	if (n < 0 && errno == EINTR)
		return;
	if (n != (ssize_t)sizeof(run->said))
		run->said = (struct child_report){ 0 };
	child_shut(&run->report);
}

static void child_read_watch(struct child_run *run)
{
	int next = run->job->answer(run->job->arg, run->watch);

	if (next != run->watch)
		child_shut(&run->watch);
	run->watch = next;
}

/* It and what it has started. */
static void child_signal(const struct child_run *run, int sig)
{
	if (kill(-run->pid, sig) < 0)
		(void)kill(run->pid, sig);
}

static uint64_t child_ms_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)(now.tv_sec - then->tv_sec) * 1000 +
	       (uint64_t)((now.tv_nsec - then->tv_nsec) / 1000000);
}

static void child_ask_stop(struct child_run *run)
{
	const struct child_job *job = run->job;

	if (!run->stopped && job->stop && job->stop(job->arg) != 0) {
		run->stopped = true;
		clock_gettime(CLOCK_MONOTONIC, &run->asked);
		child_signal(run, job->stop_signal ? job->stop_signal : SIGTERM);
	}
	if (run->stopped && !run->killed &&
	    child_ms_since(&run->asked) >= (job->grace_ms ? job->grace_ms : GRACE_MS)) {
		run->killed = true;
		child_signal(run, SIGKILL);
	}
}

/* It may have left somebody behind who holds its pipes open. */
static bool child_has_ended(const struct child_run *run)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	       info.si_pid == run->pid;
}

static void child_follow(struct child_run *run)
{
	bool ended = false;

	while (run->out.fd >= 0 || run->bar.fd >= 0 || run->report >= 0) {
		struct pollfd fds[] = {
			{ .fd = run->out.fd, .events = POLLIN },
			{ .fd = run->bar.fd, .events = POLLIN },
			{ .fd = run->report, .events = POLLIN },
			{ .fd = run->watch, .events = POLLIN },
		};
		int n = poll(fds, sizeof(fds) / sizeof(fds[0]), ended ? 0 : TICK_MS);

		if (n > 0) {
			if (fds[0].revents)
				child_lines_read(&run->out, child_take, run);
			if (fds[1].revents)
				child_lines_read(&run->bar, run->job->progress, run->job->arg);
			if (fds[2].revents)
				child_read_report(run);
			if (fds[3].revents)
				child_read_watch(run);
		} else if (n == 0 && ended) {
			break;
		} else if (n == 0) {
			ended = child_has_ended(run);
		}
		child_ask_stop(run);
	}
	child_shut(&run->out.fd);
	child_shut(&run->bar.fd);
	child_shut(&run->report);
	child_shut(&run->watch);
}

/* Its pipes are closed, but that is not its end. */
static int child_wait(struct child_run *run, int *status)
{
	const struct timespec nap = { .tv_nsec = 10 * 1000000L };
	pid_t r;

	for (;;) {
		r = waitpid(run->pid, status, run->job->stop ? WNOHANG : 0);
		if (r == run->pid)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0) {
			child_ask_stop(run);
			nanosleep(&nap, NULL);
		}
	}
}

static int child_judge(const struct child_run *run, int status, struct lm_error *err)
{
	const char *name = run->job->argv[0];
	int ret;

	if (run->said.error) {
		run->end->prepared = !run->said.unprepared;
		return lm_fail(err, -run->said.error, run->end->path, NULL, _("Running %s failed"),
			       name);
	}
	if (WIFEXITED(status))
		run->end->status = WEXITSTATUS(status);
	else
		run->end->signal = WTERMSIG(status);
	if (run->stopped)
		return lm_fail(err, -ECANCELED, run->end->path, NULL, _("%s was stopped"), name);
	if (WIFEXITED(status))
		return 0;
	ret = lm_fail(err, -EINTR, run->end->path, NULL, _("%s did not finish"), name);
	lm_because(err, _("it was ended by signal %d"), run->end->signal);
	return ret;
}

int child_run(const struct child_job *job, struct child_end *end, struct lm_error *err)
{
	struct child_start start = { .job = job,
				     .out = { -1, -1 },
				     .bar = { -1, -1 },
				     .report = { -1, -1 },
				     .talk = { -1, -1 } };
	struct child_end own;
	struct child_run run = { .job = job, .end = end ? end : &own };
	int status = 0, ret;

	*run.end = (struct child_end){ .status = -1, .prepared = true };
	ret = child_find(job->argv[0], run.end->path);
	if (ret < 0) {
		lm_fail(err, ret, job->argv[0], NULL, _("Running %s failed"), job->argv[0]);
		lm_because(err, "%s", _("there is no such program on this system"));
		return ret;
	}
	start.path = run.end->path;
	ret = job->n_fds <= CHILD_MAX_FDS ? child_start(&start, &run) : -EINVAL;
	if (ret < 0) {
		child_shut(&run.out.fd);
		child_shut(&run.bar.fd);
		child_shut(&run.report);
		child_shut(&run.watch);
		return lm_fail(err, ret, run.end->path, NULL, _("Running %s failed"), job->argv[0]);
	}
	child_follow(&run);
	ret = child_wait(&run, &status);
	if (ret < 0)
		return lm_fail(err, ret, run.end->path, NULL, _("Running %s failed"), job->argv[0]);
	return child_judge(&run, status, err);
}

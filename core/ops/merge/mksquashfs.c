/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mksquashfs.c - see mksquashfs.h
 *
 * The tree is the old image as the kernel mounts it, with the new root image
 * bound over the old one: owners, times, links, devices and extended
 * attributes of everything else are what they were, and nothing is unpacked.
 */
#include "core/ops/merge/mksquashfs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/text.h"

#define MAX_ARGS (IMAGE_PACK_ARGS + 12)
#define TICK_MS  250
/* What a child that never came to mksquashfs ends with, and the place where it failed. */
#define STATUS_MOUNT 120
#define STATUS_EXEC  121

static char *const environment[] = {
	(char *)(uintptr_t)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	(char *)(uintptr_t)"LC_ALL=C", NULL
};

bool mksquashfs_parse_version(const char *text, unsigned v[3])
{
	const char *p = strstr(text, "mksquashfs version ");

	v[0] = v[1] = v[2] = 0;
	if (!p)
		return false;
	p += strlen("mksquashfs version ");
	return sscanf(p, "%u.%u.%u", &v[0], &v[1], &v[2]) >= 2;
}

bool mksquashfs_is_bad(const unsigned v[3])
{
	return v[0] == 4 && v[1] == 7 && v[2] <= 4;
}

int mksquashfs_parse_progress(const char *line)
{
	const char *p = strrchr(line, '%');
	int value = 0, digits = 0, place = 1;

	if (!p)
		return -1;
	while (p > line && p[-1] >= '0' && p[-1] <= '9' && digits < 3) {
		p--;
		value += (*p - '0') * place;
		place *= 10;
		digits++;
	}
	return digits && value <= 100 ? value : -1;
}

static bool find_program(char path[256])
{
	static const char *const places[] = { "/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/",
					      "/usr/bin/", "/sbin/", "/bin/" };
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, 256, "%smksquashfs", places[i]);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

struct child {
	pid_t pid;
	int out;
	char line[1024];
	size_t used;
	bool stopped;
	int percent;
	char last[200]; /* the last line that is no progress bar */
};

/* Only what may be called between fork and exec in a process with threads. */
static void run_child(const char *program, char *const argv[], const struct mksquashfs_job *job,
		      const char *target, pid_t parent, int out)
{
	struct sigaction act = { .sa_handler = SIG_DFL };
	sigset_t none;
	int i, null;

	for (i = 1; i < 32; i++)
		sigaction(i, &act, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(STATUS_EXEC);
	null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(STATUS_EXEC);
	if (job && (unshare(CLONE_NEWNS) ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount(job->old_node, job->dir, "squashfs", MS_RDONLY | MS_NOSUID, NULL) ||
		    mount(job->root, target, NULL, MS_BIND, NULL)))
		_exit(STATUS_MOUNT);
	execve(program, argv, environment);
	_exit(STATUS_EXEC);
}

static int start(const char *program, char *const argv[], const struct mksquashfs_job *job,
		 const char *target, struct child *c)
{
	pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	c->pid = fork();
	if (c->pid < 0) {
		int ret = -errno;

		close(ends[0]);
		close(ends[1]);
		return ret;
	}
	if (c->pid == 0)
		run_child(program, argv, job, target, parent, ends[1]);
	close(ends[1]);
	c->out = ends[0];
	return 0;
}

static void take_line(struct child *c, const struct mksquashfs_job *job)
{
	char text[200];
	int percent = mksquashfs_parse_progress(c->line);

	if (percent >= 0 && (strchr(c->line, '/') || c->line[0] < 'A')) {
		c->percent = percent;
		return;
	}
	text_printable(text, sizeof(text), c->line);
	if (!text[0])
		return;
	memcpy(c->last, text, sizeof(text));
	if (job && job->line)
		job->line(job->arg, text);
}

/* Its progress bar ends in a carriage return. */
static bool drain(struct child *c, const struct mksquashfs_job *job)
{
	char buf[512];
	ssize_t got = read(c->out, buf, sizeof(buf)), i;

	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	for (i = 0; i < got; i++) {
		if (buf[i] == '\n' || buf[i] == '\r' || c->used + 1 == sizeof(c->line)) {
			c->line[c->used] = '\0';
			if (c->used)
				take_line(c, job);
			c->used = 0;
		} else if (buf[i]) {
			c->line[c->used++] = buf[i];
		}
	}
	return got > 0;
}

static void follow(struct child *c, const struct mksquashfs_job *job)
{
	struct pollfd fd = { .fd = c->out, .events = POLLIN };
	bool open = true;

	while (open) {
		if (poll(&fd, 1, TICK_MS) > 0)
			open = drain(c, job);
		if (job && job->progress && !c->stopped &&
		    job->progress(job->arg, (unsigned)c->percent)) {
			c->stopped = true;
			/* Not asked: at the first signal it would write out what it has. */
			kill(c->pid, SIGKILL);
		}
	}
	c->line[c->used] = '\0';
	if (c->used)
		take_line(c, job);
	close(c->out);
}

static int finish(struct child *c, int *status)
{
	pid_t r;

	do {
		r = waitpid(c->pid, status, 0);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int mksquashfs_find(struct mksquashfs *mk, struct lm_error *err)
{
	static char name[] = "mksquashfs", option[] = "-version";
	char *const argv[] = { name, option, NULL };
	struct child c = { 0 };
	char first[200] = "";
	int ret, status = 0;
	ssize_t got;

	memset(mk, 0, sizeof(*mk));
	if (!find_program(mk->program))
		return lm_refuse(err, -ENOENT, "mksquashfs",
				 _("Install squashfs-tools; or use `livemend merge` as it is (the "
				   "method rewrite), which needs no other program."),
				 _("there is no such program on this system"), "%s",
				 _("The new image cannot be packed"));
	ret = start(mk->program, argv, NULL, NULL, &c);
	if (ret)
		return lm_fail(err, ret, mk->program, NULL, "%s", _("Starting mksquashfs failed"));
	do {
		got = read(c.out, first, sizeof(first) - 1);
	} while (got < 0 && errno == EINTR);
	if (got > 0)
		first[got] = '\0';
	follow(&c, NULL);
	ret = finish(&c, &status);
	if (ret || !mksquashfs_parse_version(first, mk->version))
		return lm_refuse(err, -EOPNOTSUPP, mk->program,
				 _("Use `livemend merge` as it is (the method rewrite)."),
				 _("it does not tell its version"), "%s",
				 _("This mksquashfs cannot be used"));
	if (mksquashfs_is_bad(mk->version)) {
		lm_refuse(err, -EOPNOTSUPP, mk->program,
			  _("Update squashfs-tools to 4.7.5 or later; or use `livemend merge` as it "
			    "is (the method rewrite)."),
			  "", "%s", _("This mksquashfs cannot be used"));
		return lm_because(err, _("version %u.%u.%u loses data of sparse files"),
				  mk->version[0], mk->version[1], mk->version[2]);
	}
	return 0;
}

static int failed(const struct mksquashfs *mk, const struct mksquashfs_job *job,
		  const struct child *c, int status, struct lm_error *err)
{
	if (c->stopped)
		return lm_fail(err, -ECANCELED, job->out, NULL, "%s", _("Stopped"));
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_MOUNT) {
		lm_fail(err, -EIO, job->old_node, NULL, "%s", _("Mounting the image failed"));
		return lm_because(err, "%s", _("see the kernel's messages (dmesg)"));
	}
	lm_fail(err, strstr(c->last, "No space") ? -ENOSPC : -EIO, mk->program, NULL, "%s",
		_("Packing the new image failed"));
	if (WIFSIGNALED(status))
		return lm_because(err, _("mksquashfs was ended by signal %d"), WTERMSIG(status));
	if (c->last[0])
		return lm_because(err, "mksquashfs: %s", c->last);
	return lm_because(err, _("mksquashfs ended with status %d"), WEXITSTATUS(status));
}

int mksquashfs_run(const struct mksquashfs *mk, const struct mksquashfs_job *job,
		   struct lm_error *err)
{
	/* Nothing is appended to, nothing is kept for recovery in somebody's home. */
	static const char *const always[] = { "-noappend", "-no-recovery", "-progress" };
	char *argv[MAX_ARGS + 1], *target = NULL;
	struct child c = { 0 };
	int ret, status = 0;
	unsigned n = 0, i;

	argv[n++] = (char *)(uintptr_t)"mksquashfs";
	argv[n++] = (char *)(uintptr_t)job->dir;
	argv[n++] = (char *)(uintptr_t)job->out;
	for (i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		argv[n++] = (char *)(uintptr_t)always[i];
	for (i = 0; i < job->pack->count; i++)
		argv[n++] = (char *)(uintptr_t)job->pack->text[i];
	argv[n] = NULL;
	if (asprintf(&target, "%s/%s", job->dir, job->root_path) < 0)
		return lm_fail(err, -ENOMEM, mk->program, NULL, "%s",
			       _("Starting mksquashfs failed"));
	ret = start(mk->program, argv, job, target, &c);
	if (ret) {
		lm_fail(err, ret, mk->program, NULL, "%s", _("Starting mksquashfs failed"));
		goto out;
	}
	follow(&c, job);
	ret = finish(&c, &status);
	if (ret)
		lm_fail(err, ret, mk->program, NULL, "%s", _("Waiting for mksquashfs failed"));
	else if (c.stopped || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		ret = failed(mk, job, &c, status, err);
out:
	free(target);
	return ret;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * umlinit - the first process of a User-Mode Linux guest of the tests
 *
 *   linux.uml ... init=umlinit UML_WORK=DIR UML_JOB=DIR/JOB
 *
 * The guest's root is the host's, read-only. DIR is a directory of the host,
 * made writable here. JOB is a directory in it and holds "modules" (a path of
 * a kernel module a line, in the order in which they are to be loaded),
 * "script" (run by /bin/sh) and "args" (its arguments, one a line). What the
 * script prints goes to the second console, so that it arrives while it runs
 * and without the kernel's messages; its exit status goes into JOB/status.
 * Then the guest powers off, whatever is still running. It needs no udev, no
 * systemd, no kmod.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define MAX_ARGS 32

static void die(const char *what, const char *on)
{
	fprintf(stderr, "umlinit: %s %s: %s\n", what, on, strerror(errno));
	reboot(RB_POWER_OFF);
	_exit(125);
}

static void mount_or_die(const char *type, const char *where, unsigned long flags,
			 const char *options)
{
	if (mount(type, where, type, flags, options) < 0 && errno != EBUSY)
		die("mounting", where);
}

/* One line without its end; false at the end of the file. */
static bool next_line(FILE *file, char **line, size_t *cap)
{
	ssize_t len = getline(line, cap, file);

	if (len <= 0)
		return false;
	if ((*line)[len - 1] == '\n')
		(*line)[len - 1] = '\0';
	return true;
}

static FILE *open_list(const char *job, const char *name)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/%s", job, name) >= (int)sizeof(path))
		return NULL;
	return fopen(path, "re");
}

static void load_modules(const char *job)
{
	FILE *list = open_list(job, "modules");
	char *line = NULL;
	size_t cap = 0;

	if (!list)
		die("opening the list of modules in", job);
	while (next_line(list, &line, &cap)) {
		int fd = open(line, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
			die("loading", line);
		close(fd);
	}
	free(line);
	fclose(list);
}

/* Standard output and error to the second console, as raw bytes. */
static void take_console(void)
{
	int in = open("/dev/null", O_RDONLY);
	int out = open("/dev/tty1", O_WRONLY | O_NOCTTY);
	struct termios tio;

	if (in < 0 || out < 0)
		die("opening", "/dev/tty1");
	if (tcgetattr(out, &tio) == 0) {
		tio.c_oflag &= ~(tcflag_t)OPOST;
		(void)tcsetattr(out, TCSANOW, &tio);
	}
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		die("redirecting to", "/dev/tty1");
	if (in > 2)
		close(in);
	if (out > 2)
		close(out);
}

static pid_t start_script(const char *job)
{
	char script[4096], *line = NULL;
	char *argv[MAX_ARGS + 3] = {(char[]){"sh"}, script, NULL};
	size_t cap = 0, argc = 2;
	FILE *args = open_list(job, "args");
	pid_t pid;

	if (snprintf(script, sizeof(script), "%s/script", job) >= (int)sizeof(script))
		die("the name is too long:", job);
	while (args && argc < MAX_ARGS + 2 && next_line(args, &line, &cap)) {
		argv[argc] = strdup(line);
		if (!argv[argc++])
			die("reading", "args");
	}
	argv[argc] = NULL;
	free(line);
	if (args)
		fclose(args);
	pid = fork();
	if (pid < 0)
		die("starting", script);
	if (pid == 0) {
		take_console();
		setsid();
		execv("/bin/sh", argv);
		_exit(127);
	}
	while (argc > 2)
		free(argv[--argc]);
	return pid;
}

static void report(const char *job, int status)
{
	char path[4096], text[16];
	int len = snprintf(text, sizeof(text), "%d\n", status);
	int fd;

	if (snprintf(path, sizeof(path), "%s/status", job) >= (int)sizeof(path))
		die("the name is too long:", job);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, (size_t)len) != len || fsync(fd) < 0 || close(fd) < 0)
		die("writing", path);
}

int main(void)
{
	const char *work = getenv("UML_WORK"), *job = getenv("UML_JOB");
	int status = 0;
	pid_t pid, script;

	if (getpid() != 1 || !work || !job) {
		fprintf(stderr, "umlinit: to be run as init, with UML_WORK and UML_JOB\n");
		return 2;
	}
	/* What is mounted here hides the host's; nothing of the host is written but the job. */
	mount_or_die("proc", "/proc", 0, NULL);
	mount_or_die("sysfs", "/sys", 0, NULL);
	mount_or_die("devtmpfs", "/dev", 0, NULL);
	mount_or_die("tmpfs", "/run", 0, "size=16m");
	mount_or_die("tmpfs", "/mnt", 0, "size=85%");
	mount_or_die("hostfs", work, 0, work);
	if (mkdir("/mnt/tmp", 01777) < 0 || chdir("/mnt") < 0)
		die("making", "/mnt/tmp");
	load_modules(job);

	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("TMPDIR", "/mnt/tmp", 1);
	setenv("HOME", "/mnt/tmp", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("DM_DISABLE_UDEV", "1", 1); /* libdevmapper makes the nodes itself */
	script = start_script(job);
	while ((pid = wait(&status)) != script)
		if (pid < 0 && errno != EINTR)
			die("waiting for", "the script");
	report(job, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	reboot(RB_POWER_OFF);
	return 0;
}

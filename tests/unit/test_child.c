/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs of other packages: what they are given, what they say, how they are ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/child/child.h"
#include "core/error.h"
#include "core/fs/fs.h"

struct heard {
	char text[20000];
	unsigned lines, stops, stop_at;
	size_t longest;
	const char *stop_after; /* stops when that was heard */
};

static void hear(void *arg, const char *line)
{
	struct heard *h = arg;
	size_t used = strlen(h->text), len = strlen(line);

	h->lines++;
	if (len > h->longest)
		h->longest = len;
	snprintf(h->text + used, sizeof(h->text) - used, "%s\n", line);
}

static int stop(void *arg)
{
	struct heard *h = arg;

	return h->stop_after && strstr(h->text, h->stop_after) != NULL;
}

/* Runs a shell script; its lines are in *h. */
static int sh(const char *script, struct heard *h, struct child_end *end, struct lm_error *err)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct child_job job = { .argv = argv, .line = hear, .stop = stop,
				       .grace_ms = 50, .arg = h };

	lm_error_clear(err);
	return child_run(&job, end, err);
}

static void test_lines(void **state)
{
	struct child_end end;
	struct lm_error err;
	struct heard h = { 0 };

	(void)state;
	assert_int_equal(sh("echo one; echo; echo two >&2; printf 'bar\r\\007three'; exit 7", &h,
			    &end, &err), 0);
	assert_int_equal(end.status, 7);
	assert_int_equal(end.signal, 0);
	assert_string_equal(h.text, "one\ntwo\nbar\n?three\n");
	assert_string_equal(end.last, "?three");
	/* A NUL does not hide what follows; a line without an end is one, too. */
	h = (struct heard){ 0 };
	assert_int_equal(sh("printf 'a\\0b'", &h, &end, &err), 0);
	assert_string_equal(h.text, "a b\n");
}

static void test_long_line(void **state)
{
	struct child_end end;
	struct lm_error err;
	struct heard h = { 0 };

	(void)state;
	assert_int_equal(sh("i=0; while [ $i -lt 700 ]; do printf 0123456789; i=$((i + 1)); done; "
			    "echo; echo after", &h, &end, &err), 0);
	assert_true(h.lines > 2 && h.longest < 1024);
	assert_string_equal(end.last, "after");
	h.text[0] = '\0';
}

static int in_list(const char *list, const char *word)
{
	char pattern[64];

	snprintf(pattern, sizeof(pattern), "\n%s\n", word);
	return strstr(list, pattern) != NULL;
}

static void test_environment(void **state)
{
	const char *const argv[] = { "env", NULL };
	static const char *const extra[] = { "E2FSCK_TIME=7", NULL };
	struct heard h = { .text = "\n" };
	const struct child_job job = { .argv = argv, .env = extra, .line = hear, .arg = &h };
	struct child_end end;

	(void)state;
	setenv("E2FSCK_CONFIG", "/tmp/evil", 1);
	setenv("LD_LIBRARY_PATH", "/tmp/evil", 1);
	setenv("SOURCE_DATE_EPOCH", "1", 1);
	setenv("LC_ALL", "de_DE.UTF-8", 1);
	assert_int_equal(child_run(&job, &end, NULL), 0);
	assert_int_equal(h.lines, 3);
	assert_true(in_list(h.text, "PATH=/usr/sbin:/usr/bin:/sbin:/bin"));
	assert_true(in_list(h.text, "LC_ALL=C"));
	assert_true(in_list(h.text, "E2FSCK_TIME=7"));
	unsetenv("LD_LIBRARY_PATH");
	unsetenv("SOURCE_DATE_EPOCH");
	setenv("LC_ALL", "C", 1);
}

/* One that is inherited (no close-on-exec), one that is given. */
static void test_descriptors(void **state)
{
	const char *const argv[] = { "sh", "-c",
				     "readlink /proc/self/fd/0; cat <&3; "
				     "for i in 4 5 6 7 8 9; do "
				     "(: <&$i) 2>/dev/null && echo open $i; done; exit 0", NULL };
	char name[] = "/tmp/test_child-XXXXXX";
	struct heard h = { .text = "\n" };
	struct child_job job = { .argv = argv, .line = hear, .arg = &h };
	struct child_end end;
	int given = mkstemp(name), leak = open("/dev/zero", O_RDONLY);

	(void)state;
	assert_true(given >= 0 && leak >= 0);
	assert_int_equal(write(given, "given\n", 6), 6);
	assert_int_equal(lseek(given, 0, SEEK_SET), 0);
	job.fds = &given;
	job.n_fds = 1;
	assert_int_equal(child_run(&job, &end, NULL), 0);
	assert_true(in_list(h.text, "/dev/null"));
	assert_true(in_list(h.text, "given"));
	assert_null(strstr(h.text, "open"));
	close(leak);
	close(given);
	unlink(name);
}

static void test_bar(void **state)
{
	const char *const argv[] = { "sh", "-c", "echo text; echo '1 2 3' >&3", NULL };
	struct heard h = { .text = "\n" }, bar = { .text = "\n" };
	struct child_job job = { .argv = argv, .line = hear, .bar = true, .arg = &h };
	struct child_end end;

	(void)state;
	assert_int_equal(child_run(&job, &end, NULL), 0);
	assert_int_equal(h.lines, 1);
	job.line = NULL;
	job.progress = hear;
	job.arg = &bar;
	assert_int_equal(child_run(&job, &end, NULL), 0);
	assert_string_equal(bar.text, "\n1 2 3\n");
}

/* What the program blocks or ignores is not for the child; nor is its session. */
static void test_signals(void **state)
{
	struct heard h = { .text = "\n" };
	struct child_end end;
	struct lm_error err;
	sigset_t set;

	(void)state;
	signal(SIGTERM, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	assert_int_equal(sh("kill -TERM $$; sleep 5; echo still here", &h, &end, &err), -EINTR);
	assert_int_equal(end.signal, SIGTERM);
	assert_int_equal(end.status, -1);
	assert_non_null(strstr(err.why, "15"));
	assert_int_equal(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
	signal(SIGTERM, SIG_DFL);

	h = (struct heard){ .text = "\n" };
	assert_int_equal(sh("ps -o sid= -p $$ 2>/dev/null || cut -d' ' -f6 /proc/$$/stat; echo $$",
			    &h, &end, &err), 0);
	assert_int_equal(strtol(h.text, NULL, 10), strtol(end.last, NULL, 10));
}

static void test_cancel(void **state)
{
	struct heard h = { .stop_after = "ready" };
	struct child_end end;
	struct lm_error err;

	(void)state;
	assert_int_equal(sh("trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 1; done", &h,
			    &end, &err), -ECANCELED);
	assert_int_equal(err.code, -ECANCELED);
	assert_int_equal(err.outcome, LM_CANCELLED);

	/* One that does not listen is killed, with what it has started. */
	h = (struct heard){ .stop_after = "ready" };
	assert_int_equal(sh("trap '' TERM; echo ready; sleep 1000", &h, &end, &err), -ECANCELED);
	assert_int_equal(end.signal, SIGKILL);
}

/* Somebody else holds the pipe open: that is no reason to wait for him. */
static void test_left_behind(void **state)
{
	struct heard h = { 0 };
	struct child_end end;
	struct lm_error err;

	(void)state;
	alarm(30);
	assert_int_equal(sh("sleep 40 & echo done", &h, &end, &err), 0);
	assert_string_equal(h.text, "done\n");
	alarm(0);
}

static void test_not_there(void **state)
{
	static const char *const none[] = { "no-such-program-here", NULL };
	static const char *const relative[] = { "./sh", NULL };
	static const char *const no_program[] = { "/etc/passwd", NULL };
	struct child_job job = { .argv = none };
	struct child_end end;
	struct lm_error err;

	(void)state;
	assert_int_equal(child_run(&job, &end, &err), -ENOENT);
	assert_true(err.why[0] != '\0');
	job.argv = relative;
	assert_int_equal(child_run(&job, &end, &err), -ENOENT);
	job.argv = no_program;
	assert_true(child_run(&job, &end, &err) < 0);
	assert_int_equal(end.status, -1);
}

static int refuses(void *arg, int socket)
{
	(void)arg;
	(void)socket;
	return -EXDEV;
}

static int greets(void *arg, int socket)
{
	(void)arg;
	return send(socket, "hello", 5, 0) == 5 ? 0 : -errno;
}

static int listens(void *arg, int fd)
{
	char buf[16] = "";
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, 0);

	if (n > 0)
		hear(arg, buf);
	return n > 0 ? fd : -1;
}

static void test_prepare(void **state)
{
	static const char *const argv[] = { "echo", "started", NULL };
	struct heard h = { 0 };
	struct child_job job = { .argv = argv, .line = hear, .prepare = refuses, .arg = &h };
	struct child_end end;
	struct lm_error err;

	(void)state;
	assert_int_equal(child_run(&job, &end, &err), -EXDEV);
	assert_false(end.prepared);
	assert_string_equal(h.text, "");
	job.prepare = greets;
	job.answer = listens;
	assert_int_equal(child_run(&job, &end, &err), 0);
	assert_true(end.prepared);
	assert_non_null(strstr(h.text, "hello\n"));
	assert_non_null(strstr(h.text, "started\n"));
}

/* An e2fsck that somebody has put into PATH is not run, and a configuration is not handed on. */
static void test_fake_e2fsck(void **state)
{
	char dir[] = "/tmp/test_child-XXXXXX", path[64], mark[64], command[200];
	char *old = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin"), *list;
	struct heard h = { 0 };
	struct stat st;
	FILE *f;
	int status = 0;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/e2fsck", dir);
	snprintf(mark, sizeof(mark), "%s/mark", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\necho \"$E2FSCK_CONFIG\" >%s\n", mark);
	assert_int_equal(fchmod(fileno(f), 0755), 0);
	assert_int_equal(fclose(f), 0);
	assert_true(asprintf(&list, "%s:%s", dir, old) > 0);
	setenv("PATH", list, 1);
	setenv("E2FSCK_CONFIG", mark, 1);
	snprintf(command, sizeof(command), "%s/image", dir);
	f = fopen(command, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	/* The real one finds no file system in an empty file. */
	assert_int_equal(fs_e2fsck(command, FS_CHECK, NULL, hear, &h, &status, NULL), 0);
	assert_int_equal(status, 8);
	assert_true(stat(mark, &st) < 0);
	setenv("PATH", old, 1);
	unsetenv("E2FSCK_CONFIG");
	unlink(command);
	unlink(path);
	rmdir(dir);
	free(list);
	free(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),       cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_environment), cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_bar),         cmocka_unit_test(test_signals),
		cmocka_unit_test(test_cancel),      cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_not_there),   cmocka_unit_test(test_prepare),
		cmocka_unit_test(test_fake_e2fsck),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

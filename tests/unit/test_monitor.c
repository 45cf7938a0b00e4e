/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sticks that come and go: the monitor, over a made-up /sys and /proc, and what has gone. */
#include "tests/unit/stick_help.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/stick/stick_priv.h"

static char *dir;

static int setup(void **state)
{
	(void)state;
	dir = help_dir();
	help_run(dir, "mkdir -p proc/self sys/class/block/sda && echo 100 >sys/class/block/sda/size && "
		      "echo '1 0 8:1 / / rw' >proc/self/mountinfo");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	help_remove(dir);
	return 0;
}

/* Waits for the descriptor, as a front end does, until something has changed. */
static bool changes(struct lm_monitor *m, int tries)
{
	struct pollfd p = {.fd = lm_monitor_fd(m), .events = POLLIN};

	while (tries-- > 0) {
		assert_int_equal(poll(&p, 1, 10000), 1);
		if (lm_monitor_changed(m))
			return true;
	}
	return false;
}

static void test_come_and_go(void **state)
{
	struct lm_monitor *m;

	(void)state;
	assert_int_equal(stick_monitor_start(dir, &m, NULL), 0);
	assert_false(lm_monitor_changed(m));
	assert_false(changes(m, 3));
	help_run(dir, "mkdir sys/class/block/sdb && echo 9 >sys/class/block/sdb/size");
	assert_true(changes(m, 3));
	assert_false(lm_monitor_changed(m));
	/* A card was put into a reader that was there already. */
	help_run(dir, "echo 77 >sys/class/block/sdb/size");
	assert_true(changes(m, 3));
	help_run(dir, "echo '2 1 8:17 / /mnt rw' >>proc/self/mountinfo");
	assert_true(changes(m, 3));
	/* What holds no stick of its own is not news. */
	help_run(dir, "mkdir sys/class/block/loop0 sys/class/block/dm-0");
	assert_false(changes(m, 3));
	help_run(dir, "rm -r sys/class/block/sdb");
	assert_true(changes(m, 3));
	lm_monitor_stop(m);
}

/* In a child: mounts of its own, so that nothing else comes or goes. 0, or where it went wrong. */
static int watch_real(struct lm_ctx *ctx)
{
	struct lm_monitor *m;
	int ret = 0;

	if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return errno == EPERM || errno == ENOSPC ? 77 : 1;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return errno == EPERM || errno == EINVAL ? 77 : 2;
	if (lm_monitor_start(ctx, &m, NULL) != 0)
		return 3;
	if (lm_monitor_changed(m))
		ret = 4;
	else if (mount("tmpfs", dir, "tmpfs", 0, NULL) != 0)
		ret = 5;
	else if (!changes(m, 5))
		ret = 6;
	else if (lm_monitor_changed(m))
		ret = 7;
	else if (umount(dir) != 0 || !changes(m, 5))
		ret = 8;
	lm_monitor_stop(m);
	return ret;
}

/* The real /sys and /proc: a mount that comes and goes is seen, and no other change. */
static void test_real(void **state)
{
	struct lm_ctx *ctx;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(60);
		_exit(watch_real(ctx));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	lm_ctx_free(ctx);
	lm_monitor_stop(NULL);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("no mounts of its own are allowed here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void gone_after(const char *name, const char *command)
{
	struct lm_error err = {0};
	struct lm_stick *s;
	struct lm_ctx *ctx;

	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	assert_int_equal(lm_stick_open(ctx, help_path(dir, name), &s, &err), 0);
	assert_int_equal(lm_stick_present(s, &err), 0);
	help_run(dir, command);
	assert_int_equal(lm_stick_present(s, &err), -ENODEV);
	assert_int_equal(err.code, -ENODEV);
	assert_true(err.what[0] && err.why[0] && err.help[0]);
	assert_int_equal(lm_stick_present(s, NULL), -ENODEV);
	lm_stick_close(s);
	lm_ctx_free(ctx);
}

static void test_folder_gone(void **state)
{
	(void)state;
	help_run(dir, "mkdir -p s/LiveOS && printf hsqs >s/LiveOS/squashfs.img");
	gone_after("s", "mv s t");
	/* Unmounted: the folder is there, what was in it is not. */
	gone_after("t", "mv t/LiveOS t/else");
}

static void test_found_contents(void **state)
{
	struct lm_found f = {0};
	struct lm_error err = {0};
	struct lm_ctx *ctx;

	(void)state;
	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	f.path = (char *)help_path(dir, "not-there");
	assert_true(lm_found_judge(ctx, &f, &err) < 0);
	assert_false(f.judged);
	assert_non_null(f.headline);
	assert_true(err.code < 0);
	help_run(dir, "mkdir -p f/LiveOS && printf hsqs >f/LiveOS/squashfs.img");
	f.path = (char *)help_path(dir, "f");
	assert_int_equal(lm_found_judge(ctx, &f, NULL), 0);
	assert_true(f.judged);
	assert_int_equal(f.health, LM_BROKEN);
	free(f.headline);
	lm_ctx_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_come_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(test_real, setup, teardown),
		cmocka_unit_test_setup_teardown(test_folder_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_found_contents, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/view/place.h"
#include "core/view/view.h"
#include "tests/unit/look_lab.h"

static const struct lm_finding *find(const struct lm_report *r, const char *id)
{
	size_t i;

	for (i = 0; i < r->count; i++)
		if (strcmp(r->findings[i].id, id) == 0)
			return &r->findings[i];
	return NULL;
}

static struct lm_report *examine(struct lm_stick *stick, unsigned flags)
{
	struct lm_report *r = NULL;
	struct lm_error err;
	bool ill = false;
	size_t i;

	assert_int_equal(lm_doctor(stick, flags, NULL, &r, &err), 0);
	assert_true(r->count > 0);
	for (i = 0; i < r->count; i++) {
		const struct lm_finding *f = &r->findings[i];

		if (i > 0)
			assert_true(f[-1].severity >= f->severity);
		assert_true(f->subject[0] && f->what[0]);
		if (f->severity >= LM_SEV_WARNING) {
			ill = true;
			assert_true(f->means && f->means[0] && f->remedy && f->remedy[0]);
		}
	}
	assert_int_equal(ill, r->ill);
	return r;
}

static void assert_finding(struct lm_stick *stick, const char *id, enum lm_severity severity)
{
	struct lm_report *r = examine(stick, 0);
	const struct lm_finding *f = find(r, id);

	if (!f || f->severity != severity)
		print_error("%s is missing, or of another severity\n", id);
	assert_true(f && f->severity == severity);
	lm_report_free(r);
}

static void test_healthy(void **state)
{
	struct lm_stick *stick = lab_stick(NULL, true);
	struct lm_report *r;

	(void)state;
	r = examine(stick, LM_DOCTOR_DEEP);
	assert_false(r->ill);
	assert_non_null(find(r, "base"));
	assert_non_null(find(r, "store"));
	assert_non_null(find(r, "pairing"));
	assert_non_null(find(r, "fs-check"));
	lm_report_free(r);
	lab_done(stick);
}

static void test_lessons(void **state)
{
	struct lm_stick *stick;

	(void)state;
	stick = lab_stick("invalid", true);
	assert_finding(stick, "store-invalid", LM_SEV_ILL);
	lab_done(stick);
	stick = lab_stick("overflow", true);
	assert_finding(stick, "overlay-full", LM_SEV_ILL);
	lab_done(stick);
	stick = lab_stick("nearly-full", true);
	assert_finding(stick, "overlay-nearly-full", LM_SEV_WARNING);
	lab_done(stick);
	stick = lab_stick("dirty", true);
	assert_finding(stick, "fs-dirty", LM_SEV_NOTE);
	lab_done(stick);
}

/* Path of the one file that matches below LiveOS. */
static void live_file(const char *pattern, char path[400])
{
	char full[400];
	glob_t g;

	snprintf(full, sizeof(full), "%s/LiveOS/%s", lab_dir, pattern);
	assert_int_equal(glob(full, 0, NULL, &g), 0);
	snprintf(path, 400, "%s", g.gl_pathv[0]);
	globfree(&g);
}

static void poke(const char *path, off_t at, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, at), len);
	assert_int_equal(close(fd), 0);
}

static void test_damage(void **state)
{
	struct lm_stick *stick = lab_stick(NULL, true);
	struct lm_error err;
	char path[400];

	(void)state;
	snprintf(path, sizeof(path), "%s/LiveOS/livemend.new", lab_dir);
	poke(path, 0, "x", 1);
	assert_finding(stick, "leftover", LM_SEV_NOTE);
	/* A table entry that points to chunk 1, which is the table. */
	live_file("overlay-*", path);
	poke(path, 4096 + 8, "\1\0\0\0\0\0\0\0", 8);
	assert_finding(stick, "store-in-tables", LM_SEV_ILL);
	poke(path, 0, "\033[2J", 4);
	assert_finding(stick, "store-header", LM_SEV_ILL);
	live_file("rootfs.img", path);
	assert_int_equal(truncate(path, 5000), 0);
	lm_stick_close(stick);
	assert_int_equal(lm_stick_open(lab_ctx, lab_dir, &stick, &err), 0);
	assert_finding(stick, "fs-damaged", LM_SEV_ILL);
	lab_done(stick);
}

static void test_interrupted(void **state)
{
	struct lm_stick *stick = lab_stick(NULL, true);
	char path[400];

	(void)state;
	snprintf(path, sizeof(path), "%s/LiveOS/livemend", lab_dir);
	assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/LiveOS/livemend/PENDING.txt", lab_dir);
	poke(path, 0, "op: merge\n", 10);
	assert_finding(stick, "interrupted-damaged", LM_SEV_WARNING);
	lab_done(stick);
}

/* A place to mount on is made in memory, and never inside of the stick. */
static void test_place(void **state)
{
	const char *top = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	char *tmp = getenv("TMPDIR"), *old = tmp ? strdup(tmp) : NULL;
	char dir[64], in[80], real[4096], *made = NULL;

	(void)state;
	snprintf(dir, sizeof(dir), "%s/lm-place-XXXXXX", top);
	assert_non_null(mkdtemp(dir));
	snprintf(in, sizeof(in), "%s/in", dir);
	assert_int_equal(mkdir(in, 0700), 0);
	setenv("TMPDIR", in, 1);
	setenv("XDG_RUNTIME_DIR", in, 1);
	assert_int_equal(view_place_make(NULL, &made), 0);
	assert_int_equal(rmdir(made), 0);
	free(made);
	if (view_place_make(dir, &made) == 0) {
		assert_non_null(realpath(made, real));
		assert_true(strncmp(real, dir, strlen(dir)) != 0);
		assert_int_equal(rmdir(made), 0);
		free(made);
	}
	/* By another name it is the same place. */
	snprintf(real, sizeof(real), "%s/../%s", dir, strrchr(dir, '/') + 1);
	setenv("TMPDIR", real, 1);
	setenv("XDG_RUNTIME_DIR", real, 1);
	if (view_place_make(dir, &made) == 0) {
		assert_true(strncmp(made, real, strlen(real)) != 0);
		assert_int_equal(rmdir(made), 0);
		free(made);
	}
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("TMPDIR");
	if (old)
		setenv("TMPDIR", old, 1);
	free(old);
	assert_int_equal(rmdir(in), 0);
	assert_int_equal(rmdir(dir), 0); /* it is empty */
}

static int stop(void *arg, uint64_t done, uint64_t total, const char *text)
{
	(void)done;
	(void)total;
	assert_non_null(text);
	++*(int *)arg;
	return 1;
}

static void test_cancel(void **state)
{
	struct lm_report *r = NULL;
	struct lm_stick *stick;
	struct lm_error err;
	int calls = 0;
	struct lm_watch watch = {stop, &calls};

	(void)state;
	stick = lab_stick(NULL, true);
	assert_int_equal(lm_doctor(stick, LM_DOCTOR_DEEP, &watch, &r, &err), -ECANCELED);
	assert_null(r);
	assert_int_equal(calls, 1);
	assert_int_equal(err.outcome, LM_CANCELLED);
	lab_done(stick);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy),	    cmocka_unit_test(test_lessons),
		cmocka_unit_test(test_damage),	    cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_cancel),	    cmocka_unit_test(test_place),
	};
	int r;

	alarm(480);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	lm_ctx_free(lab_ctx);
	return r;
}

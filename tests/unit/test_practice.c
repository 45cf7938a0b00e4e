/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Practice sticks: each lesson's facts, and that nothing is left where none could be made. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/cow/cow.h"
#include "core/fs/fs.h"
#include "core/ops/op.h"
#include "core/plan/plan.h"
#include "core/practice/practice.h"
#include "core/view/view.h"

static struct lm_ctx *ctx;
static char top[64]; /* of this test; removed at its end */

static void path_in(char path[256], const char *name)
{
	snprintf(path, 256, "%s/%s", top, name);
}

static int setup(void **state)
{
	(void)state;
	alarm(120);
	snprintf(top, sizeof(top), "%s/livemend-test.XXXXXX",
		 getenv("TMPDIR") && strlen(getenv("TMPDIR")) < 32 ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(top))
		return -1;
	return lm_ctx_new(&ctx, NULL);
}

static int teardown(void **state)
{
	const char *argv[] = { "rm", "-rf", top, NULL };

	(void)state;
	lm_ctx_free(ctx);
	return practice_child(argv, NULL, NULL, NULL);
}

static struct lm_plan *plan_for(const char *dir, const char *lesson)
{
	struct lm_options options = { .op = LM_OP_PRACTICE, .out = dir, .lesson = lesson };
	struct lm_plan *plan = plan_new(ctx, LM_OP_PRACTICE);
	struct lm_error err = { 0 };

	assert_non_null(plan);
	assert_int_equal(ops_plan_practice(NULL, &options, plan, &err), 0);
	assert_int_equal(plan_ready(plan, &err), 0);
	return plan;
}

static void make(const char *dir, const char *lesson)
{
	struct lm_plan *plan = plan_for(dir, lesson);
	struct lm_result result;
	struct lm_job *job;

	assert_true(plan->possible);
	assert_int_equal(lm_job_start(plan, &job, NULL), 0);
	lm_job_finish(job, &result);
	if (result.outcome != LM_DONE)
		fail_msg("%s: %s: %s", result.error.on, result.error.what, result.error.why);
	lm_plan_free(plan);
}

static int note_overlay(void *arg, const char *name, enum io_kind kind)
{
	if (strncmp(name, "overlay-PRACTICE-", 17) == 0 && kind == IO_REGULAR)
		snprintf(arg, 128, "LiveOS/%s", name);
	return 0;
}

/* A practice stick, opened through the rooms that it is to be held against. */
struct look {
	struct io *io;
	struct io_file *base_file, *overlay_file;
	struct io_source *base, *view;
	struct cow_store *store;
	struct fs *fs;
	char merged[256]; /* exported */
};

static void open_look(struct look *l, const char *dir)
{
	char base[256], image[256], overlay[128] = "";
	const char *unpack[] = { "unsquashfs", "-no-progress", "-d", base, image, NULL };
	struct io_file *out;

	memset(l, 0, sizeof(*l));
	path_in(base, "unpacked");
	snprintf(image, sizeof(image), "%.200s/LiveOS/squashfs.img", dir);
	assert_int_equal(practice_child(unpack, NULL, NULL, NULL), 0);
	strcat(base, "/LiveOS/rootfs.img");
	assert_int_equal(io_dir_open_readonly(dir, &l->io), 0);
	assert_int_equal(io_list(l->io, "LiveOS", note_overlay, overlay), 0);
	assert_string_not_equal(overlay, "");
	assert_int_equal(io_open(l->io, overlay, IO_READ, &l->overlay_file), 0);
	assert_int_equal(io_path_open(base, IO_READ, &l->base_file), 0);
	assert_int_equal(io_file_source(l->base_file, false, "base", 0, 0, &l->base, NULL), 0);
	assert_int_equal(cow_store_open(l->overlay_file, "overlay", l->base->size_bytes / 512,
					&l->store, NULL), 0);
	assert_int_equal(view_open(l->base, l->store, false, true, &l->view, NULL), 0);
	assert_int_equal(fs_open(l->view, &l->fs, NULL), 0);
	path_in(l->merged, "merged.img");
	assert_int_equal(io_path_open(l->merged, IO_CREATE, &out), 0);
	assert_int_equal(view_export(l->view, out, "merged.img", NULL, NULL), 0);
	assert_int_equal(io_file_close(out), 0);
}

static void close_look(struct look *l)
{
	fs_close(l->fs);
	io_source_close(l->view);
	cow_store_close(l->store);
	io_source_close(l->base);
	io_file_close(l->base_file);
	io_file_close(l->overlay_file);
	io_close(l->io);
}

/* e2fsck(8)'s exit status; mode: "-fn", "-fp", "-fy". */
static int run_e2fsck(const char *path, const char *mode)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execl("/sbin/e2fsck", "e2fsck", mode, path, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static unsigned percent_used(const struct look *l)
{
	const struct cow_info *info = cow_store_info(l->store);

	return (unsigned)(100 * info->allocated_sectors / info->total_sectors);
}

/* Exceptions whose blocks are free, and those that equal the base, in percent of all. */
static void count_chunks(struct look *l, unsigned *dead, unsigned *same, unsigned *metadata)
{
	const struct cow_exception *e;
	unsigned char a[4096], b[4096];
	uint64_t n, i;

	*dead = *same = *metadata = 0;
	assert_int_equal(fs_load_bitmap(l->fs, NULL), 0);
	e = cow_store_sorted(l->store, &n);
	for (i = 0; i < n; i++) {
		uint64_t off = e[i].old_chunk * 4096;

		if (!fs_range_used(l->fs, off, 4096)) {
			++*dead;
			continue;
		}
		assert_int_equal(io_source_read(l->base, a, sizeof(a), off, NULL), 0);
		assert_int_equal(io_source_read(l->view, b, sizeof(b), off, NULL), 0);
		*same += memcmp(a, b, sizeof(a)) == 0;
		*metadata += e[i].old_chunk < 64;
	}
	*dead = (unsigned)(*dead * 100 / n);
}

static bool exists(const char *dir, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static void healthy(void **state)
{
	unsigned dead, same, metadata;
	char dir[256], readme[256];
	struct look l;

	(void)state;
	path_in(dir, "stick");
	make(dir, NULL);
	open_look(&l, dir);
	assert_int_equal(cow_store_info(l.store)->state, LM_STATE_ACTIVE);
	assert_in_range(percent_used(&l), 50, 66);
	count_chunks(&l, &dead, &same, &metadata);
	assert_in_range(dead, 5, 50);
	assert_in_range(same, 30, 60);
	assert_true(metadata > 2);
	assert_int_equal(fs_info(l.fs)->state, LM_FS_CLEAN);
	assert_int_equal(run_e2fsck(l.merged, "-fn"), 0);
	close_look(&l);
	assert_false(exists(dir, "livemend-work"));
	assert_true(exists(dir, "syslinux/syslinux.cfg"));
	snprintf(readme, sizeof(readme), "%.200s/README.txt", dir);
	assert_int_equal(access(readme, R_OK), 0);
}

static void nearly_full(void **state)
{
	unsigned dead, same, metadata;
	char dir[256];
	struct look l;

	(void)state;
	path_in(dir, "stick");
	make(dir, "nearly-full");
	open_look(&l, dir);
	assert_int_equal(cow_store_info(l.store)->state, LM_STATE_ACTIVE);
	assert_in_range(percent_used(&l), 95, 99);
	count_chunks(&l, &dead, &same, &metadata);
	assert_in_range(dead, 0, 10);
	assert_int_equal(run_e2fsck(l.merged, "-fn"), 0);
	close_look(&l);
}

static void dead_heavy(void **state)
{
	unsigned dead, same, metadata;
	char dir[256];
	struct look l;

	(void)state;
	path_in(dir, "stick");
	make(dir, "dead-heavy");
	open_look(&l, dir);
	assert_in_range(percent_used(&l), 80, 92);
	count_chunks(&l, &dead, &same, &metadata);
	assert_in_range(dead, 60, 95);
	assert_int_equal(run_e2fsck(l.merged, "-fn"), 0);
	close_look(&l);
}

static void overflow(void **state)
{
	char dir[256];
	struct look l;

	(void)state;
	path_in(dir, "stick");
	make(dir, "overflow");
	open_look(&l, dir);
	assert_int_equal(cow_store_info(l.store)->state, LM_STATE_FULL);
	assert_int_equal(cow_store_info(l.store)->room_chunks, 0);
	assert_int_equal(fs_info(l.fs)->state, LM_FS_ERRORS);
	/* Something to mend, and then well. */
	assert_int_not_equal(run_e2fsck(l.merged, "-fy") & 1, 0);
	assert_int_equal(run_e2fsck(l.merged, "-fn"), 0);
	close_look(&l);
}

static void invalid(void **state)
{
	char dir[256];
	struct look l;

	(void)state;
	path_in(dir, "stick");
	make(dir, "invalid");
	open_look(&l, dir);
	assert_int_equal(cow_store_info(l.store)->state, LM_STATE_INVALID);
	assert_false(cow_store_info(l.store)->valid);
	assert_true(cow_store_info(l.store)->exceptions > 1000);
	run_e2fsck(l.merged, "-fy");
	assert_int_equal(run_e2fsck(l.merged, "-fn"), 0);
	close_look(&l);
}

static bool has_text(const char *image, const char *file, const char *out)
{
	char command[400];
	const char *argv[] = { "debugfs", "-R", command, image, NULL };
	struct stat st;

	snprintf(command, sizeof(command), "dump %s %s", file, out);
	unlink(out);
	assert_int_equal(practice_child(argv, NULL, NULL, NULL), 0);
	return stat(out, &st) == 0 && st.st_size == 30000;
}

static void dirty(void **state)
{
	static const char saved[] = "/home/liveuser/Documents/just-saved.txt";
	char dir[256], out[256];
	struct look l;

	(void)state;
	path_in(dir, "stick");
	path_in(out, "just-saved.txt");
	make(dir, "dirty");
	open_look(&l, dir);
	assert_int_equal(cow_store_info(l.store)->state, LM_STATE_ACTIVE);
	assert_true(fs_info(l.fs)->needs_recovery);
	assert_int_equal(fs_info(l.fs)->state, LM_FS_DIRTY);
	/* What was saved last is in the journal only, and comes with its replay. */
	assert_false(has_text(l.merged, saved, out));
	assert_int_not_equal(run_e2fsck(l.merged, "-fp") & 1, 0);
	assert_int_equal(run_e2fsck(l.merged, "-fn"), 0);
	assert_true(has_text(l.merged, saved, out));
	close_look(&l);
}

static void refused(void **state)
{
	char dir[256], file[300];
	struct lm_plan *plan;
	struct lm_options options = { .op = LM_OP_PRACTICE, .out = dir, .lesson = "none" };
	struct lm_error err;
	int fd;

	(void)state;
	path_in(dir, "stick");
	assert_int_equal(mkdir(dir, 0755), 0);
	snprintf(file, sizeof(file), "%s/letter.txt", dir);
	fd = open(file, O_CREAT | O_WRONLY, 0644);
	assert_true(fd >= 0);
	close(fd);

	plan = plan_for(dir, NULL);
	assert_false(plan->possible);
	assert_int_equal(plan->refusal.outcome, LM_REFUSED);
	assert_int_equal(plan->refusal.code, -ENOTEMPTY);
	lm_plan_free(plan);

	plan = plan_for(file, NULL);
	assert_false(plan->possible);
	assert_int_equal(plan->refusal.outcome, LM_REFUSED);
	lm_plan_free(plan);

	plan = plan_new(ctx, LM_OP_PRACTICE);
	assert_int_equal(ops_plan_practice(NULL, &options, plan, &err), -EINVAL);
	assert_int_equal(err.outcome, LM_USAGE);
	lm_plan_free(plan);
	assert_int_equal(unlink(file), 0);
}

/* Stops at the n-th time that it is asked. */
static bool stop_at(void *arg)
{
	unsigned *left = arg;

	return *left == 0 || --*left == 0;
}

static int whole(struct practice *p, struct lm_error *err)
{
	int rc = practice_make_root(p, err);

	if (!rc)
		rc = practice_pack(p, err);
	if (!rc)
		rc = practice_make_overlay(p, err);
	if (!rc)
		rc = practice_live(p, err);
	if (!rc)
		rc = practice_break(p, err);
	return rc;
}

static void leaves_nothing(void **state)
{
	unsigned start;
	char dir[256];

	(void)state;
	path_in(dir, "stick");
	/* A few of many places are enough: early in a child, late in the life. */
	for (start = 1; start < 12; start += 5) {
		unsigned left = start;
		struct practice *p;

		assert_int_equal(practice_new(&p, dir, practice_lesson_find("overflow"), NULL), 0);
		p->stop = stop_at;
		p->stop_arg = &left;
		if (whole(p, NULL) == 0)
			assert_true(left > 0);
		assert_int_equal(practice_undo(p, NULL), 0);
		practice_free(p);
		assert_int_equal(access(dir, F_OK), -1);
	}
}

static void lessons(void **state)
{
	const char *const *name;
	unsigned n = 0;

	(void)state;
	for (name = lm_lessons(); *name; name++, n++)
		assert_non_null(lm_lesson_text(*name));
	assert_int_equal(n, 11);
	assert_true(lm_lesson_is_guided("overflow"));
	assert_false(lm_lesson_is_guided("dirty"));
	assert_null(lm_lesson_text("none"));
	assert_null(lm_lesson_text(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lessons, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(healthy, setup, teardown),
		cmocka_unit_test_setup_teardown(nearly_full, setup, teardown),
		cmocka_unit_test_setup_teardown(dead_heavy, setup, teardown),
		cmocka_unit_test_setup_teardown(overflow, setup, teardown),
		cmocka_unit_test_setup_teardown(invalid, setup, teardown),
		cmocka_unit_test_setup_teardown(dirty, setup, teardown),
		cmocka_unit_test_setup_teardown(leaves_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

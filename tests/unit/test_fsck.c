/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_fsck.c - e2fsck on a view, by each way that there is without rights
 *
 * The reference is e2fsck itself on a plain copy of the same file system: view
 * and store in memory must then read like that copy, byte for byte (but for the
 * superblock's count of what was written: zeros are written in other ways).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/bytes.h"
#include "core/ctx.h"
#include "core/stick/stick_fsck.h"
#include "core/error.h"
#include "core/view/copy.h"
#include "core/view/lazy.h"
#include "core/view/view.h"
#include "tests/unit/fs_lab.h"

#define SIZE_KIB 12288u

static const char *const same_time[] = { "E2FSCK_TIME=2100000000", NULL };
static struct lm_ctx *ctx;
static char ill_path[320], ref_path[320];

/* ---- damage ---- */

static void debugfs(const char *commands)
{
	char script[340];
	FILE *f;

	snprintf(script, sizeof(script), "%s.debugfs", lab_path());
	f = fopen(script, "w");
	assert_non_null(f);
	fputs(commands, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(lab_run("debugfs -w -f %s %s >/dev/null 2>&1", script, lab_path()), 0);
	unlink(script);
}

static void make_files(void)
{
	char line[120], all[8000] = "";
	size_t used = 0;

	lab_mkfs("-b 1024 -E hash_seed=11111111-2222-3333-4444-555555555555 "
		 "-U 11111111-2222-3333-4444-555555555556", SIZE_KIB);
	for (unsigned i = 0; i < 60; i++) {
		snprintf(line, sizeof(line), "write %s f%u\n", i % 2 ? "/bin/sh" : "/etc/passwd", i);
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%smkdir d%u\n", line, i);
	}
	debugfs(all);
}

static void flip_bits(void)
{
	uint64_t seed = 12345;
	unsigned char byte;
	int fd;

	make_files();
	fd = open(lab_path(), O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	/* In the bitmaps, inode tables and directories of the first group; not the superblock. */
	for (unsigned i = 0; i < 300; i++) {
		off_t at;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		at = (off_t)(4096 + (seed >> 33) % (900 << 10));
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte = (unsigned char)(byte ^ 1u << (seed >> 60) % 8);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	close(fd);
}

/* Two files that claim the blocks of a third: what a copy of the metadata alone would ruin. */
static void claim_twice(void)
{
	make_files();
	debugfs("bmap f1 0 3000\nbmap f3 0 3000\nbmap f5 0 3001\nssv state 2\n"
		"set_inode_field f7 block[0] 3001\nset_inode_field f9 size 123456789\n"
		"clri d5\nset_inode_field d7 links_count 9\nunlink d9\n");
}

/* With -n it is not replayed. */
static void need_journal(void)
{
	make_files();
	debugfs("jo\njw -b 900,901,902 /etc/services\njc\n");
}

/* ---- both sides ---- */

static int reference(const char *how)
{
	return lab_run("E2FSCK_TIME=2100000000 e2fsck %s %s >/dev/null 2>&1", how, ref_path);
}

static void compare(struct io_source *view, struct cow_store *scratch)
{
	struct io_source *top = NULL, *ref = NULL;
	struct io_file *file;
	unsigned char *a = malloc(1 << 20), *b = malloc(1 << 20);
	struct lm_error err;

	assert_true(a && b);
	assert_int_equal(io_path_open(ref_path, IO_READ, &file), 0);
	assert_int_equal(io_file_source(file, true, "ref", 0, 0, &ref, &err), 0);
	if (scratch)
		assert_int_equal(view_open(view, scratch, false, false, &top, &err), 0);
	assert_int_equal(view->size_bytes, ref->size_bytes);
	for (uint64_t off = 0; off < view->size_bytes; off += 1 << 20) {
		size_t n = min_u64(1 << 20, view->size_bytes - off);

		assert_int_equal(io_source_read(top ? top : view, a, n, off, &err), 0);
		assert_int_equal(io_source_read(ref, b, n, off, &err), 0);
		/* How much was written to it in its life, and the checksum over that. */
		if (off == 0) {
			memcpy(a + 1024 + 0x178, b + 1024 + 0x178, 8);
			memcpy(a + 1024 + 0x3fc, b + 1024 + 0x3fc, 4);
		}
		for (size_t i = 0; i < n; i += 512)
			if (memcmp(a + i, b + i, 512) != 0)
				fail_msg("it differs at byte %llu", (unsigned long long)(off + i));
	}
	io_source_close(top);
	io_source_close(ref);
	free(a);
	free(b);
}

static void use(enum stick_fsck_way way)
{
	ctx->fsck_way = 1 + (unsigned)way;
	ctx->e2fsck_env = same_time;
	if (way == STICK_FSCK_FUSE && !view_fuse_available()) {
		print_message("FUSE cannot be used here\n");
		skip();
	}
	if (way == STICK_FSCK_LAZY && !lazy_possible()) {
		print_message("this kernel does not tell of the calls of a child\n");
		skip();
	}
}

/* -fn, -fp, -fy, -fn: each ends as it does on the plain file, and leaves the same. */
static void repair_by(enum stick_fsck_way way, void (*damage)(void))
{
	static const struct {
		enum fs_e2fsck mode;
		const char *how;
	} runs[] = { { FS_CHECK, "-fn" }, { FS_PREEN, "-fp" }, { FS_REPAIR, "-fy" },
		     { FS_REPAIR, "-fy" }, { FS_CHECK, "-fn" } };
	struct stick_fsck_on on = { .ctx = ctx, .chunk_sectors = 8 };
	struct stick_fsck *fsck;
	struct lm_error err;

	use(way);
	damage();
	assert_int_equal(lab_run("cp %s %s", lab_path(), ref_path), 0);
	assert_int_equal(lab_run("cp %s %s", lab_path(), ill_path), 0);
	on.view = lab_source(IO_READ);
	assert_int_equal(stick_fsck_open(&on, &fsck, &err), 0);
	assert_int_equal(stick_fsck_way(fsck), STICK_FSCK_WAYS);
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		int want = reference(runs[i].how), status = -1;

		lm_error_clear(&err);
		if (stick_fsck_run(fsck, runs[i].mode, NULL, NULL, NULL, &status, &err) != 0)
			fail_msg("%s: %s: %s", runs[i].how, err.what, err.why);
		assert_int_equal(stick_fsck_way(fsck), way);
		if (status != want)
			fail_msg("%s: status %d, and %d on the file", runs[i].how, status, want);
		assert_true(i > 0 || status != 0 || damage == need_journal);
		assert_true(i == 0 ? !stick_fsck_scratch(fsck) : stick_fsck_scratch(fsck) != NULL);
		compare(on.view, stick_fsck_scratch(fsck));
	}
	stick_fsck_close(fsck);
	io_source_close(on.view);
	/* What lies beneath was only read. */
	assert_int_equal(lab_run("cmp -s %s %s", lab_path(), ill_path), 0);
}

static void test_fuse(void **state)
{
	(void)state;
	repair_by(STICK_FSCK_FUSE, flip_bits);
	repair_by(STICK_FSCK_FUSE, claim_twice);
	repair_by(STICK_FSCK_FUSE, need_journal);
}

static void test_whole(void **state)
{
	(void)state;
	repair_by(STICK_FSCK_WHOLE, flip_bits);
	repair_by(STICK_FSCK_WHOLE, claim_twice);
	repair_by(STICK_FSCK_WHOLE, need_journal);
}

static void test_lazy(void **state)
{
	(void)state;
	repair_by(STICK_FSCK_LAZY, flip_bits);
	repair_by(STICK_FSCK_LAZY, claim_twice);
	repair_by(STICK_FSCK_LAZY, need_journal);
}

/* A superblock that does not open: e2fsck looks at it with a library that uses read(). */
static void no_superblock(void)
{
	make_files();
	assert_int_equal(lab_run("dd if=/dev/zero of=%s bs=1024 seek=1 count=1 conv=notrunc "
				 "2>/dev/null", lab_path()), 0);
}

static void test_backup_superblock(void **state)
{
	(void)state;
	repair_by(STICK_FSCK_WHOLE, no_superblock);
	if (lazy_possible())
		repair_by(STICK_FSCK_LAZY, no_superblock);
}

/* ---- what goes wrong ---- */

struct hurt_source {
	struct io_source source;
	struct io_source *inner;
	uint64_t from, reads; /* fails there */
};

static int hurt_read(struct io_source *src, void *buf, size_t len, uint64_t off,
		     struct lm_error *err)
{
	struct hurt_source *h = (struct hurt_source *)src;

	h->reads += len;
	if (h->from && off + len > h->from)
		return lm_fail(err, -EIO, "stick", NULL, "%s", "Reading the stick failed");
	return io_source_read(h->inner, buf, len, off, err);
}

static const struct io_source_ops hurt_ops = { .read = hurt_read };

static void fail_by(enum stick_fsck_way way)
{
	struct hurt_source h = { .source.ops = &hurt_ops, .from = 700 << 10 };
	struct stick_fsck_on on = { .ctx = ctx, .chunk_sectors = 8, .view = &h.source };
	struct stick_fsck *fsck;
	struct lm_error err;
	int status;

	use(way);
	make_files();
	h.inner = lab_source(IO_READ);
	h.source.size_bytes = h.inner->size_bytes;
	assert_int_equal(stick_fsck_open(&on, &fsck, &err), 0);
	lm_error_clear(&err);
	assert_int_equal(stick_fsck_run(fsck, FS_REPAIR, NULL, NULL, NULL, &status, &err), -EIO);
	assert_string_equal(err.what, "Reading the stick failed");
	stick_fsck_close(fsck);
	io_source_close(h.inner);
}

static void test_read_error(void **state)
{
	(void)state;
	fail_by(STICK_FSCK_WHOLE);
	fail_by(STICK_FSCK_LAZY);
}

static int stop_at_once(void *arg, unsigned pass, uint64_t done, uint64_t total)
{
	(void)arg;
	(void)pass;
	(void)done;
	(void)total;
	return 1;
}

static void test_cancel(void **state)
{
	static const enum stick_fsck_way ways[] = { STICK_FSCK_WHOLE, STICK_FSCK_LAZY };
	struct stick_fsck_on on = { .ctx = ctx, .chunk_sectors = 8 };
	struct stick_fsck *fsck;
	struct lm_error err;
	int status;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		if (ways[i] == STICK_FSCK_LAZY && !lazy_possible())
			continue;
		use(ways[i]);
		make_files();
		on.view = lab_source(IO_READ);
		assert_int_equal(stick_fsck_open(&on, &fsck, &err), 0);
		assert_int_equal(
			stick_fsck_run(fsck, FS_REPAIR, stop_at_once, NULL, NULL, &status, &err),
			-ECANCELED);
		stick_fsck_close(fsck);
		io_source_close(on.view);
	}
}

/* ---- which way ---- */

/* A large one is not copied as a whole, and what is copied is what e2fsck reads. */
static void test_large(void **state)
{
	struct hurt_source h = { .source.ops = &hurt_ops };
	struct stick_fsck_on on = { .ctx = ctx, .chunk_sectors = 8, .view = &h.source };
	struct stick_fsck *fsck;
	struct lm_error err;
	int status = -1;

	(void)state;
	ctx->fsck_way = 0;
	ctx->no_fuse = true;
	lab_mkfs("-b 4096", 800 << 10);
	h.inner = lab_source(IO_READ);
	h.source.size_bytes = h.inner->size_bytes;
	assert_int_equal(stick_fsck_open(&on, &fsck, &err), 0);
	assert_int_equal(stick_fsck_run(fsck, FS_CHECK, NULL, NULL, NULL, &status, &err), 0);
	assert_int_equal(status, 0);
	if (lazy_possible()) {
		assert_int_equal(stick_fsck_way(fsck), STICK_FSCK_LAZY);
		assert_true(h.reads < 200u << 20);
	}
	stick_fsck_close(fsck);
	io_source_close(h.inner);
	ctx->no_fuse = false;
}

static void test_falls_back(void **state)
{
	struct stick_fsck_on on = { .ctx = ctx, .chunk_sectors = 8 };
	struct stick_fsck *fsck;
	struct lm_error err;
	int status = -1;

	(void)state;
	ctx->fsck_way = 0;
	ctx->no_fuse = true;
	make_files();
	on.view = lab_source(IO_READ);
	assert_int_equal(stick_fsck_open(&on, &fsck, &err), 0);
	assert_int_equal(stick_fsck_run(fsck, FS_CHECK, NULL, NULL, NULL, &status, &err), 0);
	assert_int_equal(stick_fsck_way(fsck), STICK_FSCK_WHOLE);
	stick_fsck_close(fsck);
	ctx->no_fuse = false;

	ctx->no_e2fsck = true;
	assert_false(stick_fsck_possible(ctx));
	assert_int_equal(stick_fsck_open(&on, &fsck, &err), -ENOENT);
	assert_int_equal(err.outcome, LM_REFUSED);
	ctx->no_e2fsck = false;
	io_source_close(on.view);
}

static void test_not_on_the_stick(void **state)
{
	struct stat st;
	uint64_t budget;
	int fd = -1;

	(void)state;
	/* So much memory there is not, and every folder is on the stick. */
	assert_int_equal(stat("/tmp", &st), 0);
	setenv("TMPDIR", "/tmp", 1);
	assert_int_equal(stat("/var/tmp", &st), 0);
	dev_t all[2] = { st.st_dev };
	assert_int_equal(stat("/tmp", &st), 0);
	all[1] = st.st_dev;
	assert_int_equal(view_temp_file(UINT64_MAX / 2, all, 2, &fd, &budget), -ENOSPC);
	assert_true(fd < 0);
	assert_int_equal(view_temp_file(1 << 20, all, 2, &fd, &budget), 0);
	assert_true(budget >= 1 << 20);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_dev != all[0] && st.st_dev != all[1]);
	close(fd);
	unsetenv("TMPDIR");
}

static int setup(void **state)
{
	(void)state;
	snprintf(ref_path, sizeof(ref_path), "%s.ref", lab_path());
	snprintf(ill_path, sizeof(ill_path), "%s.ill", lab_path());
	return lm_ctx_new(&ctx, NULL);
}

static int teardown(void **state)
{
	(void)state;
	unlink(lab_path());
	unlink(ref_path);
	unlink(ill_path);
	lm_ctx_free(ctx);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fuse),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_lazy),
		cmocka_unit_test(test_backup_superblock),
		cmocka_unit_test(test_read_error),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_falls_back),
		cmocka_unit_test(test_not_on_the_stick),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

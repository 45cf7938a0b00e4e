/* SPDX-License-Identifier: GPL-3.0-or-later */
/* e2fsck at work on the merged view of a damaged ext4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/view/view.h"

extern char **environ;

#define BASE_BYTES (24u << 20)

struct world {
	char dir[64], base_path[96], cow_path[96], mount[96];
	struct io_file *base_file, *cow_file;
	struct io_source *base, *view;
	struct cow_store *store;
};

static int run(const char *const argv[])
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status;

	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	assert_int_equal(posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ),
			 0);
	posix_spawn_file_actions_destroy(&actions);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int e2fsck(const char *how, const char *path)
{
	const char *const argv[] = { "e2fsck", how, path, NULL };

	return run(argv);
}

/* An ext4 with two inodes cleared behind its back, so that e2fsck has something to mend. */
static void make_damaged(const char *path)
{
	const char *const mkfs[] = { "mkfs.ext4", "-q", "-F", "-b", "1024", path, "24M", NULL };
	const char *commands[] = { "mkdir d",
				   "mkdir d/e",
				   "write /bin/sh d/sh",
				   "clri d",
				   "ssv free_blocks_count 7",
				   "ssv state 0" };

	assert_int_equal(run(mkfs), 0);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const char *const argv[] = { "debugfs", "-w", "-R", commands[i], path, NULL };

		assert_int_equal(run(argv), 0);
	}
}

static void open_all(struct world *world, bool writable)
{
	struct lm_error err;

	assert_int_equal(io_path_open(world->base_path, IO_READ, &world->base_file), 0);
	assert_int_equal(io_path_open(world->cow_path, IO_WRITE, &world->cow_file), 0);
	assert_int_equal(io_file_source(world->base_file, true, "base", 0, 0, &world->base, &err),
			 0);
	assert_int_equal(
		cow_store_open(world->cow_file, "overlay", BASE_BYTES / 512, &world->store, &err),
		0);
	assert_int_equal(view_open(world->base, world->store, writable, false, &world->view, &err),
			 0);
}

static void close_all(struct world *world)
{
	io_source_close(world->view);
	cow_store_close(world->store);
	io_source_close(world->base);
	assert_int_equal(io_file_close(world->cow_file), 0);
}

static void make_world(struct world *world, off_t cow_bytes)
{
	int fd;

	memset(world, 0, sizeof(*world));
	strcpy(world->dir, "/tmp/lm-view-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	snprintf(world->base_path, sizeof(world->base_path), "%s/base.img", world->dir);
	snprintf(world->cow_path, sizeof(world->cow_path), "%s/overlay", world->dir);
	snprintf(world->mount, sizeof(world->mount), "%s/mnt", world->dir);
	assert_int_equal(mkdir(world->mount, 0700), 0);
	make_damaged(world->base_path);
	fd = open(world->cow_path, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, cow_bytes), 0);
	close(fd);
}

static void free_world(struct world *world)
{
	assert_int_equal(unlink(world->base_path), 0);
	assert_int_equal(unlink(world->cow_path), 0);
	assert_int_equal(rmdir(world->mount), 0); /* not a mount any more */
	assert_int_equal(rmdir(world->dir), 0);
}

/* No thread of an export may be left over. */
static void assert_no_thread(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char path[300], name[32] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fgets(name, sizeof(name), f))
			assert_string_not_equal(name, "livemend-fuse\n");
		fclose(f);
	}
	closedir(dir);
}

static unsigned char *slurp(const char *path, size_t len)
{
	unsigned char *buf = malloc(len);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_non_null(buf);
	assert_true(fd >= 0);
	for (size_t at = 0; at < len;) {
		ssize_t n = pread(fd, buf + at, len - at, (off_t)at);

		assert_true(n > 0);
		at += (size_t)n;
	}
	close(fd);
	return buf;
}

static void need_fuse(void)
{
	if (!view_fuse_available()) {
		print_message("FUSE cannot be used here\n");
		skip();
	}
}

static void test_repair(void **state)
{
	struct world world;
	struct view_fuse *fuse;
	struct lm_error err;
	struct stat st;
	unsigned char *before, *after, *through, *header;
	char path[128];

	(void)state;
	need_fuse();
	make_world(&world, 16 << 20);
	before = slurp(world.base_path, BASE_BYTES);
	open_all(&world, true);
	assert_int_equal(view_fuse_open(world.view, true, world.mount, &fuse, &err), 0);
	snprintf(path, sizeof(path), "%s", view_fuse_path(fuse));
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_size, BASE_BYTES);
	assert_int_equal(e2fsck("-fn", path), 4);
	header = slurp(world.cow_path, 4);
	assert_memory_equal(header, "\0\0\0\0", 4); /* looking has written nothing */
	free(header);
	assert_int_equal(e2fsck("-fp", path), 4); /* not what it mends unasked */
	assert_int_equal(e2fsck("-fy", path), 1);
	assert_int_equal(e2fsck("-fn", path), 0);
	assert_int_equal(e2fsck("-fp", path), 0);
	through = slurp(path, BASE_BYTES);
	assert_int_equal(truncate(path, 5), -1);
	assert_int_equal(truncate(path, BASE_BYTES), 0);
	assert_int_equal(view_fuse_close(fuse, &err), 0);
	assert_no_thread();
	assert_true(cow_store_info(world.store)->exceptions > 0);
	close_all(&world);

	/* all of it is in the overlay, none of it in the base */
	after = slurp(world.base_path, BASE_BYTES);
	assert_memory_equal(before, after, BASE_BYTES);
	open_all(&world, false);
	assert_int_equal(io_source_read(world.view, after, BASE_BYTES, 0, &err), 0);
	assert_memory_equal(after, through, BASE_BYTES);
	assert_int_equal(view_fuse_open(world.view, false, NULL, &fuse, &err), 0);
	snprintf(path, sizeof(path), "%s", view_fuse_path(fuse));
	assert_int_equal(e2fsck("-fn", path), 0);
	assert_int_equal(open(path, O_RDWR | O_CLOEXEC), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(view_fuse_close(fuse, &err), 0);
	assert_int_equal(access(path, F_OK), -1);
	*strrchr(path, '/') = '\0';
	assert_int_equal(access(path, F_OK), -1); /* its directory has gone as well */

	{
		struct io_file *out;
		char out_path[128];

		snprintf(out_path, sizeof(out_path), "%s/out", world.dir);
		assert_int_equal(io_path_open(out_path, IO_CREATE, &out), 0);
		assert_int_equal(view_export(world.view, out, out_path, NULL, &err), 0);
		assert_int_equal(io_file_close(out), 0);
		free(after);
		after = slurp(out_path, BASE_BYTES);
		assert_memory_equal(after, through, BASE_BYTES);
		assert_int_equal(stat(out_path, &st), 0);
		assert_true(st.st_blocks * 512 < BASE_BYTES / 2);
		assert_int_equal(e2fsck("-fn", out_path), 0);
		assert_int_equal(unlink(out_path), 0);
	}
	close_all(&world);
	free(before);
	free(after);
	free(through);
	free_world(&world);
}

/* A file system that was cut off: its journal is replayed into the overlay. */
static void test_journal(void **state)
{
	struct world world;
	struct view_fuse *fuse;
	struct lm_error err;
	char script[128];
	unsigned char byte[1024], zeros[1024] = { 0 };
	FILE *f;

	(void)state;
	need_fuse();
	make_world(&world, 16 << 20);
	snprintf(script, sizeof(script), "%s/script", world.dir);
	{
		const char *const mkfs[] = { "mkfs.ext4", "-q", "-F", "-b", "1024", world.base_path,
					     "24M", NULL };
		const char *const argv[] = { "debugfs", "-w", "-f", script, world.base_path, NULL };

		f = fopen(script, "we");
		assert_non_null(f);
		/* a free block, whose content is in the journal only */
		assert_true(fputs("jo\njw -b 20000 /bin/sh\njc\n", f) >= 0);
		assert_int_equal(fclose(f), 0);
		assert_int_equal(run(mkfs), 0);
		assert_int_equal(run(argv), 0);
	}
	open_all(&world, true);
	assert_int_equal(io_source_read(world.view, byte, 1024, 20000 * 1024, &err), 0);
	assert_memory_equal(byte, zeros, 1024);
	assert_int_equal(view_fuse_open(world.view, true, world.mount, &fuse, &err), 0);
	assert_int_equal(e2fsck("-p", view_fuse_path(fuse)) & ~1, 0);
	assert_int_equal(e2fsck("-fn", view_fuse_path(fuse)), 0);
	assert_int_equal(view_fuse_close(fuse, &err), 0);
	close_all(&world);
	open_all(&world, false);
	assert_int_equal(io_source_read(world.view, byte, 1024, 20000 * 1024, &err), 0);
	assert_memory_equal(byte, "\177ELF", 4);
	assert_int_equal(io_source_read(world.base, byte, 1024, 20000 * 1024, &err), 0);
	assert_memory_equal(byte, zeros, 1024);
	close_all(&world);
	assert_int_equal(unlink(script), 0);
	free_world(&world);
}

/* The overlay is too small for the repair. */
static void test_full(void **state)
{
	struct world world;
	struct view_fuse *fuse;
	struct lm_error err;

	(void)state;
	need_fuse();
	make_world(&world, 4 * 4096);
	open_all(&world, true);
	assert_int_equal(view_fuse_open(world.view, true, world.mount, &fuse, &err), 0);
	assert_true(e2fsck("-fy", view_fuse_path(fuse)) & ~3);
	assert_int_equal(view_fuse_close(fuse, &err), -ENOSPC);
	assert_int_equal(err.code, -ENOSPC);
	assert_true(err.what[0] != '\0');
	assert_no_thread();
	assert_int_equal(cow_store_info(world.store)->state, LM_STATE_FULL);
	close_all(&world);
	open_all(&world, false);
	close_all(&world);
	free_world(&world);
}

/* What is written through a mapping arrives; a file left open does not keep the mount. */
static void test_mapping(void **state)
{
	struct world world;
	struct view_fuse *fuse;
	struct lm_error err;
	unsigned char *map, byte;
	int fd;

	(void)state;
	need_fuse();
	make_world(&world, 16 << 20);
	open_all(&world, true);
	assert_int_equal(view_fuse_open(world.view, true, world.mount, &fuse, &err), 0);
	fd = open(view_fuse_path(fuse), O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 65536);
	assert_true(map != MAP_FAILED);
	map[4097] = 0x5a;
	assert_int_equal(view_fuse_close(fuse, &err), 0);
	assert_int_equal(pread(fd, &byte, 1, 1 << 20), -1);
	munmap(map, 8192);
	close(fd);
	assert_int_equal(io_source_read(world.view, &byte, 1, 65536 + 4097, &err), 0);
	assert_int_equal(byte, 0x5a);
	close_all(&world);
	free_world(&world);
}

static int bad_read(struct io_source *src, void *buf, size_t len, uint64_t off,
		    struct lm_error *err)
{
	(void)src;
	memset(buf, 0, len);
	if (off < 1 << 20)
		return 0;
	if (err) {
		memset(err, 0, sizeof(*err));
		err->code = -EUCLEAN;
		strcpy(err->what, "spoiled");
	}
	return -EUCLEAN;
}

static void bad_close(struct io_source *src)
{
	(void)src;
}

static void test_errors(void **state)
{
	static const struct io_source_ops ops = { .read = bad_read, .close = bad_close };
	struct io_source bad = { .ops = &ops, .size_bytes = 8 << 20 };
	struct view_fuse *fuse;
	struct lm_error err;
	char byte;
	int fd;

	(void)state;
	need_fuse();
	assert_int_equal(view_fuse_open(&bad, false, NULL, &fuse, &err), 0);
	fd = open(view_fuse_path(fuse), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, 0), 1);
	assert_int_equal(pread(fd, &byte, 1, 4 << 20), -1);
	close(fd);
	assert_int_equal(view_fuse_close(fuse, &err), -EUCLEAN);
	assert_string_equal(err.what, "spoiled");

	assert_int_not_equal(view_fuse_open(&bad, false, "/nowhere/at/all", &fuse, &err), 0);
	assert_null(fuse);
	assert_true(err.what[0] && err.why[0]);
	assert_no_thread();
}

/* A killed livemend leaves a mount that nobody serves; the next one takes it away. */
static void test_killed(void **state)
{
	static const struct io_source_ops ops = { .read = bad_read, .close = bad_close };
	struct io_source bad = { .ops = &ops, .size_bytes = 8 << 20 };
	struct view_fuse *fuse;
	struct lm_error err;
	struct stat st;
	char path[256] = "";
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	(void)state;
	need_fuse();
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (view_fuse_open(&bad, false, NULL, &fuse, &err) ||
		    write(ends[1], view_fuse_path(fuse), strlen(view_fuse_path(fuse))) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	n = read(ends[0], path, sizeof(path) - 1);
	assert_true(n > 0);
	close(ends[0]);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	*strrchr(path, '/') = '\0';
	assert_int_equal(lstat(path, &st), -1);
	assert_int_equal(errno, ENOTCONN);
	assert_int_equal(view_fuse_open(&bad, false, NULL, &fuse, &err), 0);
	assert_int_equal(lstat(path, &st), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(view_fuse_close(fuse, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repair),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_mapping),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_killed),
	};

	alarm(120);
	setenv("PATH", "/usr/sbin:/sbin:/usr/bin:/bin", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

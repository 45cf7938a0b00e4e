/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/io/io.h"
#include "core/io/io_attrs.h"
#include "core/io/io_replace.h"
#include "tests/lib/hurt_io.h"

static char top[PATH_MAX];

static char *in_top(char *buf, const char *name)
{
	snprintf(buf, PATH_MAX, "%.4000s/%.64s", top, name);
	return buf;
}

static int setup(void **state)
{
	char path[PATH_MAX];
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(top, sizeof(top), "%.4000s/lm-io-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(top))
		return -1;
	return mkdir(in_top(path, "stick"), 0755) || mkdir(in_top(path, "stick/LiveOS"), 0755) ||
	       symlink("../secret", in_top(path, "stick/out")) ||
	       symlink("LiveOS", in_top(path, "stick/link")) || mkdir(in_top(path, "secret"), 0755);
}

static int teardown(void **state)
{
	static const char *const names[] = {"stick/out", "stick/link", "stick/LiveOS/b",
					    "stick/LiveOS/a"};
	static const char *const dirs[] = {"stick/LiveOS", "stick", "secret", ""};
	char path[PATH_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(in_top(path, names[i]));
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		rmdir(in_top(path, dirs[i]));
	return 0;
}

static struct io *open_stick(void)
{
	char path[PATH_MAX];
	struct io *io;

	assert_int_equal(io_dir_open(in_top(path, "stick"), &io), 0);
	return io;
}

static void test_files(void **state)
{
	struct io *io = open_stick();
	struct io_file *f, *g;
	struct io_stat st;
	char buf[16];

	(void)state;
	assert_int_equal(io_open(io, "LiveOS/a", IO_READ, &f), -ENOENT);
	assert_int_equal(io_open(io, "LiveOS/a", IO_CREATE, &f), 0);
	assert_int_equal(io_open(io, "LiveOS/a", IO_CREATE, &g), -EEXIST);
	assert_int_equal(io_pwrite(f, "hello", 5, 4096), 0);
	assert_int_equal(io_fsync(f), 0);
	assert_int_equal(io_fstat(f, &st), 0);
	assert_int_equal(st.size_bytes, 4101);
	assert_int_equal(io_pread(f, buf, sizeof(buf), 4096), 5);
	assert_int_equal(io_read_full(f, buf, 6, 4096), -ENODATA);
	assert_int_equal(io_read_full(f, buf, 5, 4096), 0);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(io_pread(f, buf, 4, UINT64_MAX - 1), -EINVAL);
	assert_int_equal(io_pwrite(f, buf, 4, UINT64_MAX - 1), -EFBIG);
	assert_int_equal(io_allocate(f, 0, 65536), 0);
	assert_int_equal(io_fstat(f, &st), 0);
	assert_int_equal(st.size_bytes, 65536);
	assert_true(st.on_disk_bytes >= 65536);
	assert_int_equal(io_read_full(f, buf, 5, 4096), 0);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(io_truncate(f, 10), 0);
	assert_int_equal(io_lock(f), 0);
	assert_int_equal(io_open(io, "LiveOS/a", IO_READ, &g), 0);
	assert_int_equal(io_lock(g), -EWOULDBLOCK);
	assert_int_equal(io_file_close(g), 0);
	assert_int_equal(io_drop_cache(f), 0);
	assert_int_equal(io_file_close(f), 0);
	io_close(io);
}

static void test_names(void **state)
{
	struct io *io = open_stick();
	struct io_file *f;
	struct io_stat a, b;

	(void)state;
	assert_int_equal(io_open(io, "LiveOS/b", IO_CREATE, &f), 0);
	assert_int_equal(io_file_close(f), 0);
	assert_int_equal(io_stat(io, "LiveOS/a", &a), 0);
	assert_int_equal(io_rename(io, "LiveOS/a", "LiveOS/b", IO_RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(io_rename(io, "LiveOS/a", "LiveOS/b", IO_RENAME_EXCHANGE), 0);
	assert_int_equal(io_stat(io, "LiveOS/b", &b), 0);
	assert_int_equal(a.ino, b.ino);
	assert_int_equal(io_sync_dir(io, "LiveOS"), 0);
	assert_int_equal(io_sync_fs(io), 0);
	assert_int_equal(io_unlink(io, "LiveOS/a"), 0);
	assert_int_equal(io_unlink(io, "LiveOS/a"), -ENOENT);
	assert_int_equal(io_mkdir(io, "LiveOS/d"), 0);
	assert_int_equal(io_rmdir(io, "LiveOS/d"), 0);
	io_close(io);
}

/* Nothing on a stick may lead out of it. */
static void test_beneath(void **state)
{
	struct io *io = open_stick();
	struct io_file *f;
	struct io_stat st;

	(void)state;
	assert_int_equal(io_open(io, "../secret/x", IO_CREATE, &f), -EXDEV);
	assert_int_equal(io_open(io, "LiveOS/../../secret/x", IO_CREATE, &f), -EXDEV);
	assert_int_equal(io_open(io, "/etc/passwd", IO_READ, &f), -EXDEV);
	assert_int_equal(io_open(io, "", IO_READ, &f), -EXDEV);
	assert_int_equal(io_open(io, "out/x", IO_CREATE, &f), -ELOOP);
	assert_int_equal(io_open(io, "link/b", IO_READ, &f), -ELOOP);
	assert_int_equal(io_mkdir(io, "out/x"), -ELOOP);
	assert_int_equal(io_unlink(io, "../secret"), -EXDEV);
	assert_int_equal(io_rename(io, "LiveOS/b", "out/b", IO_RENAME_NOREPLACE), -ELOOP);
	assert_int_equal(io_stat(io, "LiveOS", &st), 0);
	assert_int_equal(st.kind, IO_DIRECTORY);
	io_close(io);
}

/* What is on a stick may be anything: only plain files are opened, and nothing notices a try. */
static void check_kinds(void)
{
	struct io *io = open_stick();
	struct io_file *f;
	struct io_stat st;

	assert_int_equal(io_open(io, "LiveOS", IO_READ, &f), -EISDIR);
	assert_int_equal(io_open(io, "link", IO_READ, &f), -ELOOP);
	assert_int_equal(io_open(io, "link", IO_WRITE, &f), -ELOOP);
	assert_int_equal(io_open(io, "out/x", IO_READ, &f), -ELOOP);
	assert_int_equal(io_open(io, "fifo", IO_READ, &f), -ENOSTR);
	assert_int_equal(io_open(io, "fifo", IO_WRITE, &f), -ENOSTR);
	assert_int_equal(io_open(io, "fifo", IO_CREATE, &f), -EEXIST);
	assert_int_equal(io_open(io, "socket", IO_READ, &f), -ENOSTR);
	assert_int_equal(io_stat(io, "fifo", &st), 0);
	assert_int_equal(st.kind, IO_OTHER);
	/* Two names: to be looked at, not to be written to. */
	assert_int_equal(io_open(io, "two", IO_WRITE, &f), -EMLINK);
	assert_int_equal(io_open(io, "two", IO_READ, &f), 0);
	assert_int_equal(io_fstat(f, &st), 0);
	assert_int_equal(st.links, 2);
	assert_int_equal(io_file_close(f), 0);
	assert_int_equal(io_open(io, "one", IO_WRITE, &f), 0);
	assert_int_equal(io_pwrite(f, "x", 1, 0), 0);
	assert_int_equal(io_file_close(f), 0);
	assert_int_equal(io_open(io, "none", IO_WRITE, &f), -ENOENT);
	io_close(io);
}

static void make_kinds(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char path[PATH_MAX], other[PATH_MAX];
	int fd;

	assert_int_equal(mkfifo(in_top(path, "stick/fifo"), 0666), 0);
	in_top(path, "stick/socket");
	assert_true(strlen(path) < sizeof(addr.sun_path));
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	fd = open(in_top(path, "stick/one"), O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	fd = open(in_top(path, "stick/two"), O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(link(path, in_top(other, "secret/two")), 0);
}

static void unmake_kinds(void)
{
	static const char *const names[] = { "stick/fifo", "stick/socket", "stick/one",
					     "stick/two", "secret/two" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(unlink(in_top(path, names[i])), 0);
}

/* From now on there is no openat2, as before Linux 5.6, and nothing at an absolute path: no /proc. */
static int live_without(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)AT_FDCWD, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOENT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

static void test_kinds(void **state)
{
	struct io *io;
	struct io_file *f;
	int status;
	pid_t pid;

	(void)state;
	make_kinds();
	check_kinds();
	/* In a child: the io is opened before, with what it needs an absolute path for. */
	io = open_stick();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int wrong = live_without() ? 1 : 0;

		wrong |= io_open(io, "one", IO_WRITE, &f) != 0 ? 2 : 0;
		wrong |= io_open(io, "two", IO_READ, &f) != 0 ? 4 : 0;
		wrong |= io_open(io, "two", IO_WRITE, &f) != -EMLINK ? 8 : 0;
		wrong |= io_open(io, "fifo", IO_READ, &f) != -ENOSTR ? 16 : 0;
		wrong |= io_open(io, "socket", IO_READ, &f) != -ENOSTR ? 32 : 0;
		wrong |= io_open(io, "link", IO_READ, &f) != -ELOOP ? 64 : 0;
		wrong |= io_open(io, "LiveOS", IO_READ, &f) != -EISDIR ? 128 : 0;
		_exit(wrong);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	io_close(io);
	unmake_kinds();
}

/* Outside of sticks block devices are opened, and links followed; a pipe is not even noticed. */
static void test_path(void **state)
{
	char path[PATH_MAX];
	struct io_file *f;

	(void)state;
	assert_int_equal(mkfifo(in_top(path, "fifo"), 0666), 0);
	assert_int_equal(io_path_open(path, IO_READ, &f), -ENOSTR);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(io_path_open("/dev/null", IO_READ, &f), -ENOSTR);
	assert_int_equal(io_path_open(top, IO_READ, &f), -EISDIR);
	assert_int_equal(symlink("stick/LiveOS/b", in_top(path, "to-b")), 0);
	assert_int_equal(io_path_open(path, IO_WRITE, &f), 0);
	assert_int_equal(io_file_close(f), 0);
	assert_int_equal(unlink(path), 0);
}

static void put(struct io *io, const char *path, const char *text)
{
	struct io_file *f;

	assert_int_equal(io_open(io, path, IO_CREATE, &f), 0);
	assert_int_equal(io_pwrite(f, text, strlen(text), 0), 0);
	assert_int_equal(io_fsync(f), 0);
	assert_int_equal(io_file_close(f), 0);
}

static void holds(struct io *io, const char *path, const char *text)
{
	char buf[16] = "";
	struct io_file *f;

	assert_int_equal(io_open(io, path, IO_READ, &f), 0);
	assert_int_equal(io_pread(f, buf, sizeof(buf) - 1, 0), strlen(text));
	assert_string_equal(buf, text);
	assert_int_equal(io_file_close(f), 0);
}

/* Whatever the file system makes of the flags, two files change names, and none is lost. */
static void test_replace(void **state)
{
	static const enum renames ways[] = { ALL_RENAMES, NO_EXCHANGE, NO_FLAGS, NO_HEED };
	struct lm_error e;
	struct io_stat st;
	bool aside;

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct hurt h = { .model = HURT_COUNT, .renames = ways[i] };
		struct io *io = hurt_wrap(&h, open_stick());

		assert_non_null(io);
		put(io, "LiveOS/old", "old");
		put(io, "LiveOS/new", "new");
		assert_int_equal(io_replace(io, "LiveOS", "LiveOS/new", "LiveOS/old",
					    "LiveOS/aside", &aside, &e),
				 0);
		holds(io, "LiveOS/old", "new");
		holds(io, "LiveOS/new", "old");
		assert_int_equal(io_stat(io, "LiveOS/aside", &st), -ENOENT);
		if (ways[i] != ALL_RENAMES)
			assert_true(aside);
		/* A name that is taken stays with what has it. */
		assert_int_equal(io_replace_move(io, "LiveOS", "LiveOS/new", "LiveOS/old", &e),
				 -EEXIST);
		holds(io, "LiveOS/old", "new");
		if (aside) {
			put(io, "LiveOS/aside", "other");
			assert_int_equal(io_replace(io, "LiveOS", "LiveOS/new", "LiveOS/old",
						    "LiveOS/aside", &aside, &e),
					 -EEXIST);
			holds(io, "LiveOS/aside", "other");
			holds(io, "LiveOS/old", "new");
			assert_int_equal(io_unlink(io, "LiveOS/aside"), 0);
		}
		assert_int_equal(io_unlink(io, "LiveOS/old"), 0);
		assert_int_equal(io_unlink(io, "LiveOS/new"), 0);
		io_close(io);
		hurt_end(&h);
	}
}

static unsigned mode_of(const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	assert_int_equal(stat(in_top(path, name), &st), 0);
	return st.st_mode & 07777;
}

/* Whatever the umask: what is new is its maker's alone, or for all to read. */
static void test_modes(void **state)
{
	static const mode_t umasks[] = { 0, 022, 077, 0177 };
	struct io *io = open_stick();
	char path[PATH_MAX];
	struct io_file *f;
	mode_t was;

	(void)state;
	for (size_t i = 0; i < sizeof(umasks) / sizeof(umasks[0]); i++) {
		was = umask(umasks[i]);
		assert_int_equal(io_open(io, "own", IO_CREATE, &f), 0);
		assert_int_equal(io_file_close(f), 0);
		assert_int_equal(io_open(io, "all", IO_CREATE_PUBLIC, &f), 0);
		assert_int_equal(io_file_close(f), 0);
		assert_int_equal(io_path_open(in_top(path, "stick/path"), IO_CREATE, &f), 0);
		assert_int_equal(io_file_close(f), 0);
		assert_int_equal(io_mkdir_private(io, "folder"), 0);
		umask(was);
		assert_int_equal(mode_of("stick/own"), 0600);
		assert_int_equal(mode_of("stick/all"), 0644);
		assert_int_equal(mode_of("stick/path"), 0600);
		assert_int_equal(mode_of("stick/folder") & ~0700u, 0);
		assert_int_equal(io_unlink(io, "own"), 0);
		assert_int_equal(io_unlink(io, "all"), 0);
		assert_int_equal(io_unlink(io, "path"), 0);
		assert_int_equal(io_rmdir(io, "folder"), 0);
	}
	io_close(io);
}

/* A file that takes another's place has its mode, owner, attributes and times, but not its rights. */
static void test_attrs(void **state)
{
	const struct timespec times[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1111111111 } };
	bool root = geteuid() == 0, xattrs;
	struct io *io = open_stick();
	struct stat old, new;
	struct lm_error err;
	char path[PATH_MAX], value[8];

	(void)state;
	put(io, "old", "old");
	put(io, "new", "newer");
	in_top(path, "stick/old");
	if (root)
		assert_int_equal(chown(path, 4242, 2424), 0);
	xattrs = setxattr(path, "user.livemend", "kept", 4, 0) == 0;
	assert_int_equal(chmod(path, 06640), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(stat(path, &old), 0);
	assert_int_equal(io_attrs_copy(io, "old", io, "new", &err), 0);
	in_top(path, "stick/new");
	assert_int_equal(stat(path, &new), 0);
	assert_int_equal(new.st_mode & 07777, 0640);
	assert_int_equal(new.st_uid, old.st_uid);
	assert_int_equal(new.st_gid, old.st_gid);
	assert_int_equal(new.st_mtime, 1111111111);
	if (xattrs) {
		assert_int_equal(getxattr(path, "user.livemend", value, sizeof(value)), 4);
		assert_memory_equal(value, "kept", 4);
	}
	holds(io, "new", "newer");
	assert_int_equal(io_unlink(io, "old"), 0);
	assert_int_equal(io_unlink(io, "new"), 0);
	io_close(io);
}

/* As somebody who may not give files away. */
static int give_away(void)
{
	struct io_attrs attrs = { .mode = 0664, .owned = true, .uid = 4242, .gid = 65534 };
	struct io *io = NULL;
	struct io_file *f;
	char path[PATH_MAX];
	struct stat st;

	if (geteuid() == 0 && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
		return 1;
	if (io_dir_open(in_top(path, "open"), &io) || io_open(io, "mine", IO_CREATE, &f))
		return 2;
	if (io_set_attrs(f, &attrs) != -EPERM)
		return 3;
	/* A group that is not one's own is not had: it gets no more than everybody. */
	attrs = (struct io_attrs){ .mode = 0674, .owned = true, .uid = geteuid(), .gid = 4242 };
	if (io_set_attrs(f, &attrs) || fstat(io_fd(f), &st) || (st.st_mode & 07777) != 0644)
		return 4;
	return io_unlink(io, "mine") ? 5 : 0;
}

static void test_give_away(void **state)
{
	char path[PATH_MAX];
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(mkdir(in_top(path, "open"), 0777), 0);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(chmod(top, 0755), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(give_away());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(rmdir(path), 0);
}

static int count_name(void *arg, const char *name, enum io_kind kind)
{
	assert_string_equal(name, "b");
	assert_int_equal(kind, IO_REGULAR);
	return ++*(int *)arg == 2 ? 7 : 0;
}

static void test_readonly(void **state)
{
	char path[PATH_MAX];
	struct io_fsinfo info;
	struct io_file *f;
	struct io *io;
	int seen = 0;

	(void)state;
	assert_int_equal(io_dir_open_readonly(in_top(path, "stick"), &io), 0);
	assert_int_equal(io_open(io, "LiveOS/b", IO_WRITE, &f), -EROFS);
	assert_int_equal(io_open(io, "LiveOS/c", IO_CREATE, &f), -EROFS);
	assert_int_equal(io_unlink(io, "LiveOS/b"), -EROFS);
	assert_int_equal(io_rename(io, "LiveOS/b", "LiveOS/c", IO_RENAME_NOREPLACE), -EROFS);
	assert_int_equal(io_mkdir(io, "x"), -EROFS);
	assert_int_equal(io_list(io, "LiveOS", count_name, &seen), 0);
	assert_int_equal(seen, 1);
	assert_int_equal(io_list(io, "LiveOS", count_name, &seen), 7);
	assert_int_equal(io_fsinfo(io, &info), 0);
	assert_true(info.size_bytes >= info.free_bytes);
	assert_int_equal(io_open(io, "LiveOS/b", IO_READ, &f), 0);
	assert_true(io_pwrite(f, "x", 1, 0) < 0);
	assert_int_equal(io_file_close(f), 0);
	io_close(io);
}

static void test_source(void **state)
{
	struct io *io = open_stick();
	struct io_source *src;
	struct io_file *f;
	struct lm_error e;
	char buf[8];

	(void)state;
	assert_int_equal(io_open(io, "LiveOS/b", IO_WRITE, &f), 0);
	assert_int_equal(io_truncate(f, 100), 0);
	assert_int_equal(io_file_source(f, false, "b", 101, 0, &src, &e), -EINVAL);
	assert_int_equal(io_file_source(f, false, "b", 50, 51, &src, &e), -EINVAL);
	assert_int_equal(io_file_source(f, true, "b", 50, 0, &src, &e), 0);
	assert_int_equal(src->size_bytes, 50);
	assert_int_equal(io_source_write(src, "abc", 3, 47, &e), 0);
	assert_int_equal(io_source_write(src, "abc", 3, 48, &e), -EINVAL);
	assert_int_equal(io_source_read(src, buf, 3, 47, &e), 0);
	assert_memory_equal(buf, "abc", 3);
	assert_int_equal(io_source_read(src, buf, 4, 47, &e), -EINVAL);
	assert_int_equal(io_source_read(src, buf, 2, UINT64_MAX, &e), -EINVAL);
	assert_int_equal(io_source_flush(src, &e), 0);
	io_source_close(src);
	io_close(io);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),	 cmocka_unit_test(test_names),
		cmocka_unit_test(test_beneath),	 cmocka_unit_test(test_readonly),
		cmocka_unit_test(test_source),	 cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_path),	 cmocka_unit_test(test_replace),
		cmocka_unit_test(test_modes),	 cmocka_unit_test(test_attrs),
		cmocka_unit_test(test_give_away),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

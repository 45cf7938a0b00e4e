/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image_util.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

extern char **environ;

int util_run(const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	char *args[64];
	size_t i;
	int status;
	pid_t pid;

	for (i = 0; argv[i] && i < 63; i++)
		args[i] = strdup(argv[i]);
	args[i] = NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	assert_int_equal(posix_spawnp(&pid, args[0], &actions, NULL, args, environ), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	posix_spawn_file_actions_destroy(&actions);
	for (i = 0; args[i]; i++)
		free(args[i]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *in(const char *dir, const char *name)
{
	static char path[4][1024];
	static unsigned n;

	n = (n + 1) % 4;
	snprintf(path[n], sizeof(path[n]), "%s/%s", dir, name);
	return path[n];
}

void util_spill(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	const char *p = data;

	assert_true(fd >= 0);
	while (len) {
		ssize_t n = write(fd, p, len);

		assert_true(n > 0);
		p += n;
		len -= (size_t)n;
	}
	assert_int_equal(close(fd), 0);
}

unsigned char *util_slurp(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char *data;
	struct stat st;
	size_t done = 0;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	data = malloc(*len + 1);
	assert_non_null(data);
	while (done < *len) {
		ssize_t n = read(fd, data + done, *len - done);

		assert_true(n > 0);
		done += (size_t)n;
	}
	close(fd);
	return data;
}

static uint32_t noise(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* In turn, 192 KiB each: words, noise, zeros. */
static void fill(unsigned char *data, size_t len)
{
	uint32_t seed = 1;
	char word[32];
	size_t i = 0;

	while (i < len) {
		unsigned kind = (unsigned)(i / (192 << 10)) % 3;
		size_t n = 4;

		if (kind == 0) {
			n = (size_t)snprintf(word, sizeof(word), "word %u of it; ",
					     noise(&seed) % 997);
		} else {
			uint32_t v = kind == 1 ? noise(&seed) : 0;

			memcpy(word, &v, 4);
		}
		if (n > len - i)
			n = len - i;
		memcpy(data + i, word, n);
		i += n;
	}
}

unsigned char *util_tree(const char *tree, size_t bytes)
{
	unsigned char *root = malloc(bytes + 1), other[70000];
	char name[64];
	unsigned i;

	assert_non_null(root);
	fill(root, bytes);
	/* The end is no hole. */
	if (bytes)
		root[bytes - 1] = 'x';
	for (i = 0; i < sizeof(other); i++)
		other[i] = (unsigned char)(i * i / 7);
	assert_int_equal(mkdir(tree, 0755), 0);
	assert_int_equal(mkdir(in(tree, "LiveOS"), 0750), 0);
	assert_int_equal(mkdir(in(tree, "many"), 0700), 0);
	assert_int_equal(mkdir(in(tree, "empty"), 0755), 0);
	util_spill(in(tree, "LiveOS/rootfs.img"), root, bytes);
	util_spill(in(tree, "LiveOS/a-before"), other, 66000);
	util_spill(in(tree, "LiveOS/z-behind"), other + 100, 69000);
	util_spill(in(tree, "LiveOS/short"), "short", 5);
	util_spill(in(tree, "nothing"), "", 0);
	assert_int_equal(link(in(tree, "LiveOS/short"), in(tree, "hard-link")), 0);
	assert_int_equal(symlink("LiveOS/rootfs.img", in(tree, "soft-link")), 0);
	assert_int_equal(mkfifo(in(tree, "fifo"), 0600), 0);
	/* Where these may not be made the images are without them. */
	(void)!mknod(in(tree, "device"), S_IFBLK | 0640, makedev(7, 3));
	(void)!mknod(in(tree, "null"), S_IFCHR | 0666, makedev(1, 3));
	(void)!setxattr(in(tree, "LiveOS/short"), "user.livemend", "kept", 4, 0);
	(void)!setxattr(in(tree, "LiveOS"), "user.dir", "kept too", 8, 0);
	(void)!setxattr(in(tree, "LiveOS/rootfs.img"), "user.root", "and this", 8, 0);
	for (i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "many/a-file-with-a-longer-name-%03u", i);
		util_spill(in(tree, name), name, i % 40);
	}
	return root;
}

void util_squash(const char *tree, const char *image, const char *options)
{
	const char *argv[32] = {"mksquashfs", tree,           image,         "-noappend",
				"-quiet",     "-no-progress", "-processors", "2"};
	char *copy = strdup(options), *save = NULL, *word;
	size_t n = 8;

	for (word = strtok_r(copy, " ", &save); word && n < 31; word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	argv[n] = NULL;
	assert_int_equal(util_run(argv), 0);
	free(copy);
}

void util_remove(const char *path)
{
	const char *argv[] = {"rm", "-rf", "--", path, NULL};

	assert_int_equal(util_run(argv), 0);
}

/* ---- a file in memory ---- */

struct mem_file {
	struct io_file file;
	unsigned char *data;
	size_t len;
};

static ssize_t mem_pread(struct io_file *file, void *buf, size_t len, uint64_t off)
{
	struct mem_file *m = (struct mem_file *)file;

	if (off >= m->len)
		return 0;
	if (len > m->len - off)
		len = (size_t)(m->len - off);
	memcpy(buf, m->data + off, len);
	return (ssize_t)len;
}

static int mem_fstat(struct io_file *file, struct io_stat *st)
{
	*st = (struct io_stat){.kind = IO_REGULAR, .size_bytes = ((struct mem_file *)file)->len};
	return 0;
}

static int mem_close(struct io_file *file)
{
	free(file);
	return 0;
}

static const struct io_ops mem_ops = {
	.pread = mem_pread,
	.fstat = mem_fstat,
	.file_close = mem_close,
};

struct io_file *util_mem_file(unsigned char *data, size_t len)
{
	struct mem_file *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	*m = (struct mem_file){{&mem_ops}, data, len};
	return &m->file;
}

/* ---- a file that fails ---- */

struct fail_file {
	struct io_file file;
	struct util_fail *fail;
	struct io_file *inner;
};

#define FAIL(file) ((struct fail_file *)(file))

static ssize_t fail_pread(struct io_file *file, void *buf, size_t len, uint64_t off)
{
	struct util_fail *fail = FAIL(file)->fail;

	/* Reads may come from several threads; those tests do not count them. */
	if (fail->read_nth && ++fail->reads == fail->read_nth)
		return fail->error;
	return io_pread(FAIL(file)->inner, buf, len, off);
}

static int fail_pwrite(struct io_file *file, const void *buf, size_t len, uint64_t off)
{
	struct util_fail *fail = FAIL(file)->fail;

	if (++fail->writes == fail->write_nth)
		return fail->error;
	return io_pwrite(FAIL(file)->inner, buf, len, off);
}

static int fail_fsync(struct io_file *file)
{
	struct util_fail *fail = FAIL(file)->fail;

	if (++fail->syncs == fail->sync_nth)
		return fail->error;
	return io_fsync(FAIL(file)->inner);
}

static int fail_fstat(struct io_file *file, struct io_stat *st)
{
	return io_fstat(FAIL(file)->inner, st);
}

static const struct io_ops fail_ops = {
	.pread = fail_pread,
	.pwrite = fail_pwrite,
	.fsync = fail_fsync,
	.fstat = fail_fstat,
	.file_close = mem_close,
};

void util_fail_open(struct util_fail *fail, struct io_file *inner)
{
	struct fail_file *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	*f = (struct fail_file){{&fail_ops}, fail, inner};
	fail->file = &f->file;
}

/* ---- changes ---- */

static enum image_fate fate(void *arg, uint64_t block)
{
	return (enum image_fate)((struct util_change *)arg)->fates[block];
}

static int content(void *arg, uint64_t block, void *buf, size_t len, unsigned char *fresh,
		   struct lm_error *err)
{
	struct util_change *c = arg;

	(void)err;
	memset(fresh, 0xff, c->block_bytes / IMAGE_SECTOR / 8);
	assert_int_equal(c->fates[block], IMAGE_CHANGE);
	assert_true(!c->asked || block > c->last);
	c->asked++;
	c->last = block;
	memcpy(buf, c->content + block * c->block_bytes, len);
	return 0;
}

struct image_change util_change(struct util_change *c)
{
	c->asked = 0;
	return (struct image_change){.fate = fate, .content = content, .arg = c, .threads = 2};
}

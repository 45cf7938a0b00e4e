/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include <cmocka.h>

#include "core/fs/fs.h"
#include "core/fs/fs_edit.h"
#include "tests/unit/fs_lab.h"

#define KIB 32768u

static const char *const shapes[] = {
	"-b 1024",
	"-b 4096",
	"-b 4096 -O ^has_journal,^extent,^64bit,^metadata_csum -t ext2",
	"-b 1024 -O ^has_journal,^extent,^64bit,^metadata_csum -t ext2",
	"-b 4096 -O ^64bit,^flex_bg",
	"-b 1024 -O meta_bg,^resize_inode",
	"-b 4096 -O quota",
	"-b 4096 -O bigalloc -C 16384",
};
#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static void fill(void)
{
	struct io_source *src = lab_source(IO_WRITE);
	static char data[700000];
	struct fs_edit *ed;
	struct lm_error err;
	char name[60];
	int i;

	memset(data, 'x', sizeof(data));
	assert_int_equal(fs_edit_open(src, &ed, &err), 0);
	assert_int_equal(fs_edit_mkdir(ed, "/a", 0755, &err), 0);
	assert_int_equal(fs_edit_mkdir(ed, "/a/b", 0755, &err), 0);
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "/a/b/a-file-with-quite-a-long-name-%d", i);
		assert_int_equal(fs_edit_write(ed, name, data, 3000 + (size_t)i, 0644, &err), 0);
	}
	/* Holes, in which a big file is then scattered: a tree with index blocks. */
	for (i = 0; i < 100; i += 2) {
		snprintf(name, sizeof(name), "/a/b/a-file-with-quite-a-long-name-%d", i);
		assert_int_equal(fs_edit_unlink(ed, name, &err), 0);
	}
	assert_int_equal(fs_edit_write(ed, "/a/big", data, sizeof(data), 0600, &err), 0);
	assert_int_equal(fs_edit_write(ed, "/\033[2Jevil\n", data, 5000, 0600, &err), 0);
	assert_int_equal(fs_edit_close(ed, &err), 0);
	io_source_close(src);
}

struct seen {
	unsigned char owned[KIB]; /* by KiB */
	uint64_t file, meta, journal;
	uint64_t big_bytes, evil, bad;
	uint64_t big_off;
	const char *place; /* beginning of a path that is looked for */
	uint64_t place_bytes;
};

static int note(void *arg, enum fs_owner_kind kind, const char *path, bool is_dir, uint64_t off,
		uint64_t len)
{
	struct seen *s = arg;
	uint64_t k;

	if (off % 1024 || len % 1024 || len == 0 || (off + len) / 1024 > KIB ||
	    (kind == FS_FILE) != (path != NULL) || kind == FS_FREE)
		return -1000;
	for (k = off / 1024; k < (off + len) / 1024; k++)
		s->owned[k]++;
	if (kind == FS_METADATA)
		s->meta += len;
	else if (kind == FS_JOURNAL)
		s->journal += len;
	else
		s->file += len;
	if (path && strcmp(path, "/a/big") == 0) {
		s->big_bytes += len;
		s->big_off = off;
	}
	if (path && strcmp(path, "/a/b") == 0 && !is_dir)
		s->bad++;
	if (path && strcmp(path, "/?[2Jevil?") == 0)
		s->evil += len;
	if (path && s->place && strncmp(path, s->place, strlen(s->place)) == 0)
		s->place_bytes += len;
	if (path && strpbrk(path, "\033\n"))
		s->bad++;
	return 0;
}

static void assert_owner_is_big(uint64_t block)
{
	/* icheck: "block TAB inode"; ncheck: "inode TAB path" */
	assert_int_equal(lab_run("ino=$(debugfs -R 'icheck %" PRIu64 "' %s 2>/dev/null | "
				 "awk 'NR==2{print $2}'); debugfs -R \"ncheck $ino\" %s "
				 "2>/dev/null | grep -q '/a/big$'",
				 block, lab_path(), lab_path()), 0);
}

static void test_owners(void **state)
{
	static struct seen s;
	size_t i;

	(void)state;
	for (i = 0; i < N_SHAPES; i++) {
		struct io_source *src;
		struct lm_error err;
		struct fs *fs;
		uint64_t k;

		lab_mkfs(shapes[i], KIB);
		fill();
		src = lab_source(IO_READ);
		memset(&s, 0, sizeof(s));
		assert_int_equal(fs_open(src, &fs, &err), 0);
		assert_int_equal(fs_owners(fs, note, &s, &err), 0);
		for (k = 0; k < KIB; k++)
			assert_int_equal(s.owned[k], fs_range_used(fs, k * 1024, 1024));
		assert_true(s.big_bytes >= 700000 && s.big_bytes < 740000);
		assert_true(s.evil >= 5000 && s.evil <= 16384);
		assert_int_equal(s.bad, 0);
		assert_int_equal(s.journal != 0, !strstr(shapes[i], "^has_journal"));
		assert_owner_is_big(s.big_off / fs_info(fs)->block_bytes);
		/* A callback that has seen enough. */
		assert_int_equal(fs_owners(fs, note, &s, &err), 0);
		fs_close(fs);
		io_source_close(src);
	}
}

static void assert_big_below(const char *place)
{
	static struct seen s;
	struct io_source *src = lab_source(IO_READ);
	struct lm_error err;
	struct fs *fs;

	memset(&s, 0, sizeof(s));
	s.place = place;
	assert_int_equal(fs_open(src, &fs, &err), 0);
	assert_int_equal(fs_owners(fs, note, &s, &err), 0);
	assert_int_equal(s.big_bytes, 0);
	assert_true(s.place_bytes >= 700000 && s.place_bytes < 740000);
	fs_close(fs);
	io_source_close(src);
}

static void test_no_name(void **state)
{
	(void)state;
	lab_mkfs("-b 4096", KIB);
	fill();
	assert_int_equal(lab_run("ino=$(debugfs -R 'stat /a/big' %s 2>/dev/null | "
				 "sed -n 's/^Inode: \\([0-9]*\\).*/\\1/p'); test -n \"$ino\" && "
				 "debugfs -w -R 'unlink /a/big' %s >/dev/null 2>&1 && "
				 "echo $ino >%s.ino", lab_path(), lab_path(), lab_path()), 0);
	assert_big_below("/(without a name)/#");
	/* As the kernel leaves a file that was deleted while it was open. */
	assert_int_equal(lab_run("debugfs -w -R \"sif <$(cat %s.ino)> links_count 0\" %s "
				 ">/dev/null 2>&1; rm %s.ino", lab_path(), lab_path(), lab_path()),
			 0);
	assert_big_below("/(deleted, still open)/#");
}

/* Whatever lies on the stick: no crash, no hang, no block with two owners. */
static void test_damage(void **state)
{
	static struct seen s;
	static unsigned char good[KIB * 1024];
	unsigned seed = 4711;
	int fd, round;

	(void)state;
	for (round = 0; round < 300; round++) {
		struct io_source *src;
		struct lm_error err;
		struct fs *fs;
		uint64_t k;
		int i, r;

		if (round % 100 == 0) {
			lab_mkfs(shapes[round / 100 * 2], KIB);
			fill();
			fd = open(lab_path(), O_RDONLY);
			assert_int_equal(read(fd, good, sizeof(good)), sizeof(good));
			close(fd);
		}
		fd = open(lab_path(), O_WRONLY);
		for (i = 0; i < 40; i++) {
			/* Mostly the first MiB, where superblock, tables and directories are. */
			off_t at = (off_t)((unsigned)rand_r(&seed) % (i < 4 ? 4096u : 1u << 20));
			unsigned char byte = (unsigned char)rand_r(&seed);

			if (round % 2 && at >= 1024 && at < 2048)
				continue; /* half of them with a whole superblock */
			assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		}
		close(fd);
		src = lab_source(IO_READ);
		memset(&s, 0, sizeof(s));
		assert_int_equal(fs_open(src, &fs, &err), 0);
		r = fs_owners(fs, note, &s, &err);
		assert_true(r == 0 || r == -EUCLEAN || r == -EMEDIUMTYPE || r == -EIO);
		for (k = 0; r == 0 && k < KIB; k++)
			assert_true(s.owned[k] <= 1);
		fs_close(fs);
		io_source_close(src);
		fd = open(lab_path(), O_WRONLY);
		assert_int_equal(pwrite(fd, good, 2u << 20, 0), 2 << 20);
		close(fd);
	}
}

struct told {
	unsigned lines, calls;
	bool stop;
};

static int told_progress(void *arg, unsigned pass, uint64_t done, uint64_t total)
{
	struct told *t = arg;

	if (pass > 5 || done > total)
		return 1;
	t->calls++;
	return t->stop;
}

static void told_line(void *arg, const char *line)
{
	struct told *t = arg;

	assert_null(strchr(line, '\n'));
	t->lines++;
}

static void test_e2fsck(void **state)
{
	struct told t = {0};
	struct lm_error err;
	int status = -1;

	(void)state;
	lab_mkfs("-b 1024", KIB);
	fill();
	assert_int_equal(fs_e2fsck(lab_path(), FS_CHECK, told_progress, told_line, &t, &status,
				   &err), 0);
	assert_int_equal(status, 0);
	assert_true(t.lines >= 5 && t.calls > 0);
	assert_int_equal(lab_run("debugfs -w -R 'freeb 2500 4' %s >/dev/null 2>&1", lab_path()), 0);
	assert_int_equal(lab_run("debugfs -w -R 'clri /a/big' %s >/dev/null 2>&1", lab_path()), 0);
	assert_int_equal(fs_e2fsck(lab_path(), FS_CHECK, NULL, NULL, NULL, &status, &err), 0);
	assert_int_equal(status, 4);
	assert_int_equal(fs_e2fsck(lab_path(), FS_REPAIR, NULL, NULL, NULL, &status, &err), 0);
	assert_int_equal(status, 1);
	assert_int_equal(fs_e2fsck(lab_path(), FS_PREEN, NULL, NULL, NULL, &status, &err), 0);
	assert_int_equal(status, 0);
	assert_int_equal(fs_e2fsck("/nonexistent", FS_CHECK, NULL, NULL, NULL, &status, &err), 0);
	assert_int_equal(status, 8);
	t = (struct told){.stop = true};
	assert_int_equal(fs_e2fsck(lab_path(), FS_CHECK, told_progress, told_line, &t, &status,
				   &err), -ECANCELED);
	assert_int_equal(err.outcome, LM_CANCELLED);
	assert_int_equal(t.calls, 1);
}

static int cleanup(void **state)
{
	(void)state;
	return unlink(lab_path());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owners), cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_damage), cmocka_unit_test(test_e2fsck),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, cleanup);
}

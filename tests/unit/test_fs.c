/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>

#include <cmocka.h>

#include "core/fs/fs.h"
#include "core/fs/fs_edit.h"
#include "tests/unit/fs_lab.h"
#include "tests/lib/narrow.h"

static const char *const shapes[] = {
	"-b 1024",
	"-b 4096",
	"-b 1024 -O ^metadata_csum,uninit_bg",
	"-b 4096 -O ^has_journal,^extent,^64bit,^metadata_csum -t ext2",
	"-b 4096 -O ^64bit,^flex_bg",
	"-b 1024 -O meta_bg,^resize_inode",
	"-b 4096 -O bigalloc -C 16384",
	"-b 1024 -O bigalloc -C 8192",
};
#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static void fill(void)
{
	struct io_source *src = lab_source(IO_WRITE);
	static char data[300000];
	struct fs_edit *ed;
	struct lm_error err;
	char name[60];
	int i;

	memset(data, 'x', sizeof(data));
	assert_int_equal(fs_edit_open(src, &ed, &err), 0);
	assert_int_equal(fs_edit_mkdir(ed, "/etc", 0755, &err), 0);
	assert_int_equal(fs_edit_mkdir(ed, "/etc", 0755, &err), -EEXIST);
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "/etc/file-with-a-longer-name-%d", i);
		assert_int_equal(fs_edit_write(ed, name, data, (size_t)i * 100, 0644, &err), 0);
	}
	assert_int_equal(fs_edit_write(ed, "/big", data, sizeof(data), 0600, &err), 0);
	assert_int_equal(fs_edit_append(ed, "/big", data, 5000, &err), 0);
	assert_int_equal(fs_edit_append(ed, "/none", data, 1, &err), -ENOENT);
	assert_int_equal(fs_edit_write(ed, "/etc", data, 1, 0600, &err), -EISDIR);
	assert_int_equal(fs_edit_write(ed, "/etc/file-with-a-longer-name-7", "new", 3, 0644, &err),
			 0);
	assert_int_equal(fs_edit_unlink(ed, "/etc/file-with-a-longer-name-100", &err), 0);
	assert_int_equal(fs_edit_unlink(ed, "/etc/file-with-a-longer-name-100", &err), -ENOENT);
	assert_int_equal(fs_edit_symlink(ed, "/link", "etc", &err), 0);
	assert_int_equal(fs_edit_symlink(ed, "/link", "etc", &err), -EEXIST);
	assert_int_equal(fs_edit_close(ed, &err), 0);
	io_source_close(src);
}

static void test_edit(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N_SHAPES; i++) {
		lab_mkfs(shapes[i], 32768);
		fill();
		assert_int_equal(lab_run("e2fsck -fn %s >/dev/null 2>&1", lab_path()), 0);
		assert_int_equal(lab_run("debugfs -R 'cat /etc/file-with-a-longer-name-7' %s "
					 "2>/dev/null | grep -qx new", lab_path()), 0);
		assert_int_equal(lab_run("test $(debugfs -R 'cat /big' %s 2>/dev/null | wc -c) "
					 "= 305000", lab_path()), 0);
	}
}

/* What e2fsprogs says is free, by its own reader; the rest is used. */
static void read_truth(unsigned char *used, uint64_t blocks, uint64_t block_bytes)
{
	static char line[1 << 16];
	FILE *p;
	uint64_t ratio = 1;

	memset(used, 1, blocks);
	snprintf(line, sizeof(line), "dumpe2fs %s 2>/dev/null", lab_path());
	p = popen(line, "r");
	assert_non_null(p);
	while (fgets(line, sizeof(line), p)) {
		char *at = strstr(line, "  Free blocks: ");

		if (strncmp(line, "Cluster size:", 13) == 0)
			ratio = strtoull(line + 13, NULL, 10) / block_bytes;
		at = at ? at + 15 : NULL;
		while (at && *at >= '0' && *at <= '9') {
			uint64_t from = strtoull(at, &at, 10), to = from;

			if (*at == '-')
				to = strtoull(at + 1, &at, 10);
			to |= ratio - 1; /* before 1.47.2 it ends with the start of its last cluster */
			assert_true(to < blocks);
			memset(used + from, 0, to - from + 1);
			at += strspn(at, ", ");
		}
	}
	assert_int_equal(pclose(p), 0);
}

static void test_bitmap(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N_SHAPES; i++) {
		struct io_source *src;
		const struct fs_info *info;
		unsigned char *truth;
		struct lm_error err;
		uint64_t b, free_blocks = 0, first;
		struct fs *fs;

		lab_mkfs(shapes[i], 32768);
		fill();
		src = lab_source(IO_READ);
		assert_int_equal(fs_open(src, &fs, &err), 0);
		info = fs_info(fs);
		assert_true(info->readable);
		assert_string_equal(info->trouble, "");
		assert_int_equal(info->state, LM_FS_CLEAN);
		assert_int_equal(info->size_bytes, 32768 * 1024);
		assert_string_equal(info->type, strstr(shapes[i], "ext2") ? "ext2" : "ext4");
		assert_int_equal(fs_load_bitmap(fs, &err), 0);
		truth = calloc(1, info->blocks + 1);
		first = info->block_bytes == 1024 && !strstr(shapes[i], "bigalloc");
		read_truth(truth, info->blocks, info->block_bytes);
		for (b = 0; b < info->blocks; b++)
			assert_int_equal(fs_range_used(fs, b * info->block_bytes,
						       info->block_bytes), truth[b]);
		for (b = first; b < info->blocks; b++)
			free_blocks += !fs_range_used(fs, b * info->block_bytes,
						      info->block_bytes);
		assert_int_equal(free_blocks, info->blocks_free);
		assert_true(fs_range_used(fs, info->size_bytes, 1));
		assert_true(fs_range_used(fs, info->size_bytes - 1, 2));
		assert_true(fs_range_used(fs, 0, UINT64_MAX));
		assert_false(fs_range_used(fs, 5, 0));
		free(truth);
		fs_close(fs);
		io_source_close(src);
	}
}

static void test_none(void **state)
{
	struct io_source *src;
	struct lm_error err;
	struct fs *fs;

	(void)state;
	assert_int_equal(truncate(lab_path(), 0), 0);
	assert_int_equal(truncate(lab_path(), 100), 0);
	src = lab_source(IO_READ);
	assert_int_equal(fs_open(src, &fs, &err), 0);
	assert_false(fs_info(fs)->readable);
	assert_true(fs_range_used(fs, 0, 1));
	assert_int_equal(fs_load_bitmap(fs, &err), -EMEDIUMTYPE);
	fs_close(fs);
	io_source_close(src);
	/* Cut off. */
	lab_mkfs("-b 4096", 8192);
	assert_int_equal(truncate(lab_path(), 4 << 20), 0);
	src = lab_source(IO_READ);
	assert_int_equal(fs_open(src, &fs, &err), 0);
	assert_false(fs_info(fs)->readable);
	assert_int_equal(fs_info(fs)->state, LM_FS_ERRORS);
	assert_non_null(strstr(fs_info(fs)->trouble, "8.00 MiB"));
	fs_close(fs);
	io_source_close(src);
}

static void test_same(void **state)
{
	struct io_source *src;
	struct lm_error err;
	struct fs *a, *b;
	char why[160];
	bool same = false;

	(void)state;
	lab_mkfs("-b 4096", 16384);
	src = lab_source(IO_READ);
	assert_int_equal(fs_open(src, &a, &err), 0);
	fill();
	assert_int_equal(fs_open(src, &b, &err), 0);
	assert_int_equal(fs_same(a, b, &same, why), 0);
	assert_true(same);
	fs_close(b);
	assert_int_equal(lab_run("resize2fs -f %s 12M >/dev/null 2>&1", lab_path()), 0);
	assert_int_equal(fs_open(src, &b, &err), 0);
	assert_int_equal(fs_same(a, b, &same, why), 0);
	assert_false(same);
	assert_non_null(strstr(why, "shrunk"));
	fs_close(b);
	lab_mkfs("-b 4096", 16384);
	assert_int_equal(fs_open(src, &b, &err), 0);
	assert_int_equal(fs_same(a, b, &same, why), 0);
	assert_false(same);
	assert_non_null(strstr(why, "UUID"));
	fs_close(b);
	fs_close(a);
	io_source_close(src);
}

static void test_zero_free(void **state)
{
	static unsigned char buf[1 << 20];
	struct io_source *src;
	struct lm_error err;
	struct fs *fs;
	size_t i;

	(void)state;
	lab_mkfs("-b 1024", 16384);
	src = lab_source(IO_READ);
	assert_int_equal(fs_open(src, &fs, &err), 0);
	assert_int_equal(fs_load_bitmap(fs, &err), 0);
	memset(buf, 7, sizeof(buf));
	fs_zero_free(fs, 300, buf, sizeof(buf));
	for (i = 0; i < sizeof(buf); i++)
		assert_int_equal(buf[i], fs_range_used(fs, 300 + i, 1) ? 7 : 0);
	fs_close(fs);
	/* With a journal to replay the bitmap is not to be trusted: nothing is thrown away. */
	assert_int_equal(lab_run("debugfs -w -R 'feature needs_recovery' %s >/dev/null 2>&1",
				 lab_path()), 0);
	assert_int_equal(fs_open(src, &fs, &err), 0);
	assert_int_equal(fs_info(fs)->state, LM_FS_DIRTY);
	assert_true(fs_info(fs)->needs_recovery);
	assert_int_equal(fs_load_bitmap(fs, &err), 0);
	memset(buf, 7, sizeof(buf));
	fs_zero_free(fs, 8 << 20, buf, sizeof(buf));
	for (i = 0; i < sizeof(buf); i++)
		assert_int_equal(buf[i], 7);
	fs_close(fs);
	io_source_close(src);
}

/* A transaction that was committed and not written back, made by debugfs. */
static void test_journal(void **state)
{
	struct io_source *src;
	struct lm_error err;
	struct fs *fs;

	(void)state;
	lab_mkfs("-b 1024", 32768);
	assert_int_equal(lab_run("printf 'jo\\njw -b 333 /etc/passwd\\njc\\n' | "
				 "debugfs -w -f - %s >/dev/null 2>&1", lab_path()), 0);
	src = lab_source(IO_READ);
	assert_int_equal(fs_open(src, &fs, &err), 0);
	assert_true(fs_info(fs)->needs_recovery);
	assert_int_equal(fs_info(fs)->state, LM_FS_DIRTY);
	assert_int_equal(fs_load_bitmap(fs, &err), 0);
	fs_close(fs);
	io_source_close(src);
}

/* Bitmaps without a checksum: damage shows in the counts. */
static void test_bitmap_damage(void **state)
{
	struct io_source *src;
	struct lm_error err;
	struct fs *fs;

	(void)state;
	lab_mkfs("-b 1024 -O ^metadata_csum,^uninit_bg", 16384);
	assert_int_equal(lab_run("debugfs -w -R 'freeb 5000 1' %s >/dev/null 2>&1; "
				 "debugfs -w -R 'setb 5000 3' %s >/dev/null 2>&1; "
				 "debugfs -w -R 'set_bg 0 free_blocks_count 9' %s >/dev/null 2>&1",
				 lab_path(), lab_path(), lab_path()), 0);
	src = lab_source(IO_READ);
	assert_int_equal(fs_open(src, &fs, &err), 0);
	assert_int_equal(fs_info(fs)->state, LM_FS_CLEAN);
	assert_int_equal(fs_load_bitmap(fs, &err), -EUCLEAN);
	assert_true(err.what[0] && err.why[0] && err.help[0]);
	assert_true(fs_range_used(fs, 5000 * 1024, 1024)); /* nothing is free then */
	fs_close(fs);
	/* With checksums these tell. */
	lab_mkfs("-b 4096 -O metadata_csum", 16384);
	assert_int_equal(lab_run("b=$(dumpe2fs %s 2>/dev/null | sed -n "
				 "'s/.*Block bitmap at \\([0-9]*\\).*/\\1/p' | head -1); printf '\\252' | "
				 "dd of=%s bs=1 seek=$((b * 4096 + 300)) conv=notrunc 2>/dev/null",
				 lab_path(), lab_path()), 0);
	assert_int_equal(fs_open(src, &fs, &err), 0);
	assert_int_equal(fs_load_bitmap(fs, &err), -EUCLEAN);
	fs_close(fs);
	io_source_close(src);
}

static int cleanup(void **state)
{
	(void)state;
	return unlink(lab_path());
}

/* libext2fs would read the bitmaps to a place behind the memory that it has for them. */
static void test_first_block(void **state)
{
	struct io_source *src;
	struct fs_edit *ed;
	struct lm_error err;
	struct fs *fs;

	(void)state;
	lab_mkfs("-b 1024 -O ^metadata_csum", 4096);
	assert_int_equal(lab_run("printf '\\201' | dd of=%s bs=1 seek=1044 conv=notrunc 2>/dev/null",
				 lab_path()), 0);
	src = lab_source(IO_WRITE);
	assert_int_equal(fs_open(src, &fs, &err), 0);
	assert_false(fs_info(fs)->readable);
	assert_int_equal(fs_load_bitmap(fs, &err), -EMEDIUMTYPE);
	fs_close(fs);
	assert_int_equal(fs_edit_open(src, &ed, &err), -EUCLEAN);
	io_source_close(src);
}

/* ---- copies of the superblock ---- */

static const struct {
	const char *options;
	unsigned mib;
	bool sum;
} with_backups[] = {
	{ "-b 1024", 40, true },
	{ "-b 1024 -O ^metadata_csum,uninit_bg", 40, false },
	{ "-b 1024 -O ^has_journal,^extent,^64bit,^metadata_csum,^sparse_super,^resize_inode -t ext2", 40, false },
	{ "-b 1024 -O meta_bg,^resize_inode", 40, true },
	{ "-b 1024 -O sparse_super2,^resize_inode -E num_backup_sb=2", 40, true },
	{ "-b 2048 -O ^64bit", 100, true },
	{ "-b 4096", 600, true },
};

static void poke(uint64_t off, const void *data, size_t len)
{
	struct io_source *src = lab_source(IO_WRITE);
	struct lm_error err;

	assert_int_equal(io_source_write(src, data, len, off, &err), 0);
	io_source_close(src);
}

static int run_e2fsck(enum fs_e2fsck mode, const struct fs_backup *backup)
{
	const struct fs_e2fsck_with with = { .fd = -1, .backup = backup };
	struct lm_error err;
	int status;

	assert_int_equal(fs_e2fsck_with(lab_path(), mode, &with, NULL, NULL, NULL, &status, &err),
			 0);
	return status;
}

/* The superblock is gone; what a copy of it brings back is the same file system. */
static void back_again(const struct fs *base, const struct fs_backup *backup)
{
	struct io_source *src = lab_source(IO_READ);
	struct lm_error err;
	char why[160];
	bool same = false;
	struct fs *fs;

	assert_int_equal(fs_open(src, &fs, &err), 0);
	assert_false(fs_info(fs)->readable);
	fs_close(fs);
	assert_int_equal(run_e2fsck(FS_REPAIR, backup) & ~3, 0);
	assert_int_equal(run_e2fsck(FS_CHECK, NULL), 0);
	assert_int_equal(fs_open(src, &fs, &err), 0);
	assert_int_equal(fs_same(base, fs, &same, why), 0);
	assert_true(same);
	fs_close(fs);
	io_source_close(src);
	assert_int_equal(lab_run("debugfs -R 'cat /etc/file-with-a-longer-name-7' %s 2>/dev/null | "
				 "grep -q '^new'", lab_path()), 0);
}

static void try_backups(const char *options, unsigned mib, bool sum)
{
	static const unsigned char nothing[1024], rubbish[4096] = { 1, 2, 3 };
	struct fs_backup first, b;
	struct io_source *src;
	unsigned char time[4];
	struct lm_error err;
	struct fs *base;

	lab_mkfs(options, mib * 1024);
	fill();
	src = lab_source(IO_READ);
	assert_int_equal(fs_open(src, &base, &err), 0);
	assert_true(fs_info(base)->readable);
	assert_int_equal(fs_find_backup(base, src, &first, &err), 0);
	assert_true(first.block > 1);
	assert_int_equal(first.block_bytes, fs_info(base)->block_bytes);
	/* The superblock itself need not be there. */
	poke(1024, nothing, sizeof(nothing));
	assert_int_equal(fs_find_backup(base, src, &b, &err), 0);
	assert_int_equal(b.block, first.block);
	back_again(base, &b);
	/* All of its chunk, its descriptors with it. */
	poke(0, rubbish, sizeof(rubbish));
	assert_int_equal(fs_find_backup(base, src, &b, &err), 0);
	back_again(base, &b);
	/* The first copy is damaged: another one. */
	poke(first.block * first.block_bytes + 0x78, "x", 1);
	assert_int_equal(fs_find_backup(base, src, &b, &err), 0);
	assert_int_equal(b.block == first.block, !sum);
	poke(first.block * first.block_bytes, nothing, sizeof(nothing));
	assert_int_equal(fs_find_backup(base, src, &b, &err), 0);
	assert_int_not_equal(b.block, first.block);
	/* A later one is the better one, if it is whole. */
	if (!sum) {
		struct fs_backup last = b;

		assert_int_equal(run_e2fsck(FS_REPAIR, &b) & ~3, 0);
		assert_int_equal(fs_find_backup(base, src, &b, &err), 0);
		memset(time, 0x7f, sizeof(time));
		poke(last.block * last.block_bytes + 0x30, time, sizeof(time));
		assert_int_equal(fs_find_backup(base, src, &b, &err), 0);
		assert_int_equal(b.block, last.block);
		assert_int_equal(b.write_time, 0x7f7f7f7f);
	}
	io_source_close(src);
	/* Those of another file system are none. */
	lab_mkfs(options, mib * 1024);
	src = lab_source(IO_READ);
	assert_int_equal(fs_find_backup(base, src, &b, &err), -ENOENT);
	io_source_close(src);
	fs_close(base);
}

static void test_backup(void **state)
{
	size_t i;

	(void)state;
	if (!fs_e2fsck_exists())
		skip();
	for (i = 0; i < sizeof(with_backups) / sizeof(with_backups[0]); i++) {
		print_message("# %s\n", with_backups[i].options);
		try_backups(with_backups[i].options, with_backups[i].mib, with_backups[i].sum);
	}
}

/* Too small for a second group: nothing to go by. */
static void test_no_backup(void **state)
{
	struct io_source *src;
	struct fs_backup b;
	struct lm_error err;
	struct fs *base;

	(void)state;
	lab_mkfs("-b 4096", 16384);
	src = lab_source(IO_READ);
	assert_int_equal(fs_open(src, &base, &err), 0);
	assert_int_equal(fs_find_backup(base, src, &b, &err), -ENOENT);
	fs_close(base);
	io_source_close(src);
}

/* The base's own superblock stands for it, and its descriptors only where they are gone, too. */
static void stand_in(const char *options, bool all)
{
	static const unsigned char rubbish[8192] = { 1, 2, 3 };
	struct fs_backup b;
	struct io_source *src, *was;
	struct io_file *file;
	struct lm_error err;
	char name[320];
	struct fs *base;

	snprintf(name, sizeof(name), "%s.base", lab_path());
	/* As it was made: all that is in it came later, and its descriptors do not know of it. */
	lab_mkfs(options, 6144);
	assert_int_equal(lab_run("cp %s %s", lab_path(), name), 0);
	assert_int_equal(io_path_open(name, IO_READ, &file), 0);
	assert_int_equal(io_file_source(file, true, "base", 0, 0, &was, &err), 0);
	fill();
	assert_int_equal(fs_open(was, &base, &err), 0);
	/* The superblock's magic, or with it all descriptors. */
	if (all)
		poke(0, rubbish, fs_info(base)->block_bytes == 1024 ? 3072 : sizeof(rubbish));
	else
		poke(1024 + 0x38, "", 1);
	src = lab_source(IO_WRITE);
	assert_int_equal(fs_find_backup(base, src, &b, &err), -ENOENT);
	assert_int_equal(fs_stand_in(base, src, &err), 0);
	assert_int_equal(io_source_flush(src, &err), 0);
	io_source_close(src);
	assert_int_equal(run_e2fsck(FS_REPAIR, NULL) & ~3, 0);
	assert_int_equal(run_e2fsck(FS_CHECK, NULL), 0);
	assert_int_equal(lab_run("debugfs -R 'cat /etc/file-with-a-longer-name-7' %s 2>/dev/null | "
				 "grep -q '^new'",
				 lab_path()),
			 0);
	assert_int_equal(lab_run("debugfs -R 'stat /etc/file-with-a-longer-name-199' %s "
				 "2>/dev/null | grep -q 'Size: 19900'",
				 lab_path()),
			 0);
	fs_close(base);
	io_source_close(was);
	unlink(name);
}

static void test_stand_in(void **state)
{
	static const char *const options[] = { "-b 1024", "-b 4096",
					       "-b 1024 -O ^metadata_csum,uninit_bg",
					       "-b 4096 -O ^metadata_csum,^uninit_bg",
					       "-b 1024 -O meta_bg,^resize_inode" };
	size_t i;

	(void)state;
	if (!fs_e2fsck_exists())
		skip();
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		print_message("# %s\n", options[i]);
		stand_in(options[i], false);
		stand_in(options[i], true);
	}
}

/* A superblock that says more blocks than there are is one of a larger file system. */
static void test_larger(void **state)
{
	static const char *const options[] = { "-b 1024", "-b 1024 -O ^metadata_csum" };
	struct io_source *src;
	struct lm_error err;
	struct fs *a, *b;
	char why[160];
	bool same;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		lab_mkfs(options[i], 16384);
		src = lab_source(IO_READ);
		assert_int_equal(fs_open(src, &a, &err), 0);
		assert_int_equal(lab_run("truncate -s 24M %s && resize2fs -f %s >/dev/null 2>&1 && "
					 "truncate -s 16M %s", lab_path(), lab_path(), lab_path()),
				 0);
		io_source_close(src);
		src = lab_source(IO_READ);
		assert_int_equal(fs_open(src, &b, &err), 0);
		assert_false(fs_info(b)->readable);
		same = true;
		assert_int_equal(fs_same(a, b, &same, why), 0);
		assert_false(same);
		assert_non_null(strstr(why, "grown"));
		fs_close(b);
		fs_close(a);
		io_source_close(src);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_block),
		cmocka_unit_test(test_edit), cmocka_unit_test(test_bitmap),
		cmocka_unit_test(test_none), cmocka_unit_test(test_same),
		cmocka_unit_test(test_zero_free), cmocka_unit_test(test_journal),
		cmocka_unit_test(test_bitmap_damage),
		cmocka_unit_test(test_backup), cmocka_unit_test(test_no_backup),
		cmocka_unit_test(test_stand_in), cmocka_unit_test(test_larger),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, cleanup);
}

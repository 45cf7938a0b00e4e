/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A journal replayed in memory, held against one that debugfs has replayed on the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/fs/fs.h"
#include "core/fs/fs_journal.h"
#include "tests/unit/fs_lab.h"

static const char *const shapes[] = {
	"-b 4096",
	"-b 1024",
	"-b 1024 -O ^metadata_csum,uninit_bg",
	"-b 4096 -O ^64bit,^metadata_csum",
	"-b 1024 -O ^extent,^64bit,^metadata_csum -t ext3",
	"-b 4096 -J fast_commit_size=256 -O fast_commit",
};
#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

/* Three transactions: a block twice, one that looks like a journal, one that is revoked. */
static void write_journal(unsigned block, const char *more)
{
	assert_int_equal(
		lab_run("d=%s.d && head -c %u /dev/urandom >$d.1 && "
			"{ printf '\\300\\073\\071\\230'; head -c %u /dev/urandom; } >$d.2 && "
			"{ echo jo %s; echo \"jw -b 5000,5001,5002,5003 $d.1\"; "
			"echo \"jw -b 5002,5003,5010,5011 $d.2\"; echo jw -r 5000; "
			"echo jc; } >$d.c && debugfs -w -f $d.c %s >/dev/null 2>&1",
			lab_path(), 4 * block, 4 * block - 4, more, lab_path()),
		0);
}

static struct io_source *replayed(struct io_source *src)
{
	struct fs_channel channel = {.src = src};
	struct io_source *out = NULL;
	struct lm_error err;
	ext2_filsys ext;

	assert_int_equal(fs_ext_open(&channel, EXT2_FLAG_IGNORE_CSUM_ERRORS, &ext), 0);
	assert_int_equal(fs_journal_open(ext, src, &out, &err), 0);
	ext2fs_free(ext);
	return out;
}

/* The blocks that were written, and their neighbours; the rest of the disk is as it was. */
static void compare(struct io_source *journal, unsigned block)
{
	unsigned char *want = malloc(block), *got = malloc(block), *part = malloc(block);
	struct io_source *disk = lab_source(IO_READ);
	struct lm_error err;
	unsigned i, cut;

	for (i = 4998; i < 5014; i++) {
		uint64_t off = (uint64_t)i * block;

		assert_int_equal(io_source_read(disk, want, block, off, &err), 0);
		assert_int_equal(io_source_read(journal, got, block, off, &err), 0);
		assert_memory_equal(want, got, block);
		/* In pieces that are no whole blocks. */
		cut = block / 3 + i % 16;
		assert_int_equal(io_source_read(journal, part, block, off + cut, &err), 0);
		assert_memory_equal(want + cut, part, block - cut);
	}
	io_source_close(disk);
	free(want);
	free(got);
	free(part);
}

static void test_replayed(void **state)
{
	struct io_source *src, *journal;
	unsigned block;
	size_t i;

	(void)state;
	for (i = 0; i < N_SHAPES; i++) {
		lab_mkfs(shapes[i], 32768);
		block = strstr(shapes[i], "-b 1024") ? 1024 : 4096;
		write_journal(block, i % 2 ? "" : "-c");
		src = lab_source(IO_READ);
		journal = replayed(src);
		assert_non_null(journal);
		assert_true(fs_journal_settled(journal));
		assert_int_equal(lab_run("debugfs -w -R jr %s >/dev/null 2>&1", lab_path()), 0);
		compare(journal, block);
		/* Its beginning has moved meanwhile. */
		assert_false(fs_journal_settled(journal));
		assert_false(fs_journal_settled(journal));
		io_source_close(journal);
		io_source_close(src);
	}
}

static uint64_t place_of(const char *inode_block)
{
	char line[400], text[32] = "";
	FILE *p;

	snprintf(line, sizeof(line), "debugfs -R 'bmap <8> %s' %s 2>/dev/null", inode_block,
		 lab_path());
	p = popen(line, "r");
	assert_non_null(p);
	assert_non_null(fgets(text, sizeof(text), p));
	pclose(p);
	return strtoull(text, NULL, 10);
}

/* A transaction whose commit was never written is none, nor is what follows it. */
static void test_half(void **state)
{
	static unsigned char zero[4096], got[4096];
	struct io_source *src, *journal;
	struct lm_error err;

	(void)state;
	lab_mkfs("-b 4096", 32768);
	write_journal(4096, "");
	/* The second one's commit, see `debugfs -R "logdump -a"`. */
	assert_int_equal(lab_run("dd if=/dev/zero of=%s bs=4096 seek=%llu count=1 conv=notrunc "
				 "2>/dev/null",
				 lab_path(), (unsigned long long)place_of("12")),
			 0);
	src = lab_source(IO_READ);
	journal = replayed(src);
	assert_non_null(journal);
	assert_int_equal(io_source_read(journal, got, 4096, 5010 * 4096ull, &err), 0);
	assert_memory_equal(got, zero, 4096);
	/* The revocation is not there either, and the first transaction is. */
	assert_int_equal(io_source_read(journal, got, 4096, 5000 * 4096ull, &err), 0);
	assert_true(memcmp(got, zero, 4096) != 0);
	io_source_close(journal);
	io_source_close(src);
}

/* One that has begun since is noticed. */
static void test_goes_on(void **state)
{
	struct io_source *src, *journal;

	(void)state;
	lab_mkfs("-b 4096", 32768);
	write_journal(4096, "");
	src = lab_source(IO_READ);
	journal = replayed(src);
	assert_true(fs_journal_settled(journal));
	assert_int_equal(lab_run("printf '\\300\\073\\071\\230\\0\\0\\0\\1\\0\\0\\0\\4' | dd of=%s "
				 "bs=4096 seek=%llu conv=notrunc 2>/dev/null",
				 lab_path(), (unsigned long long)place_of("15")),
			 0);
	assert_false(fs_journal_settled(journal));
	io_source_close(journal);
	io_source_close(src);
}

/* A source whose journal begins elsewhere each time that its superblock is read. */
struct moving {
	struct io_source source;
	struct io_source *below;
	uint64_t super;
	unsigned char reads;
	bool rests;
};

static int moving_read(struct io_source *src, void *buf, size_t len, uint64_t off,
		       struct lm_error *err)
{
	struct moving *m = (struct moving *)src;
	int ret = io_source_read(m->below, buf, len, off, err);

	if (ret == 0 && off == m->super && len == 4096) {
		m->reads += !m->rests;
		((unsigned char *)buf)[0x1b] = (unsigned char)(100 + m->reads);
	}
	return ret;
}

/* What never stood still while it was read is not taken for whole, though it rests now. */
static void test_never_rests(void **state)
{
	static const struct io_source_ops ops = {.read = moving_read};
	struct moving m = {.source = {.ops = &ops}};
	struct io_source *journal;

	(void)state;
	lab_mkfs("-b 4096", 32768);
	write_journal(4096, "");
	m.below = lab_source(IO_READ);
	m.source.size_bytes = m.below->size_bytes;
	m.super = place_of("0") * 4096;
	journal = replayed(&m.source);
	assert_non_null(journal);
	assert_true(m.reads > 2);
	m.rests = true;
	assert_false(fs_journal_settled(journal));
	io_source_close(journal);
	io_source_close(m.below);
}

static void test_none(void **state)
{
	struct io_source *src;

	(void)state;
	lab_mkfs("-b 4096 -O ^has_journal", 32768);
	src = lab_source(IO_READ);
	assert_null(replayed(src));
	io_source_close(src);
}

/* Whatever stands in it: nothing is read or written outside of what there is. */
static void test_nonsense(void **state)
{
	static const unsigned at[] = {0x0c, 0x10, 0x14, 0x1c, 0x28};
	static const uint32_t values[] = {0, 1, 2, 0x7fffffff, 0xffffffff, 1023, 1024};
	struct io_source *src, *journal;
	unsigned char bytes[4], got[4096];
	struct lm_error err;
	uint64_t place;
	size_t i, k;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		lab_mkfs("-b 4096", 32768);
		write_journal(4096, "");
		place = place_of("0") * 4096 + at[i];
		for (k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
			bytes[0] = (unsigned char)(values[k] >> 24);
			bytes[1] = bytes[2] = (unsigned char)(values[k] >> 8 & 0xff);
			bytes[3] = (unsigned char)(values[k] & 0xff);
			fd = open(lab_path(), O_WRONLY | O_CLOEXEC);
			assert_true(fd >= 0);
			assert_int_equal(pwrite(fd, bytes, 4, (off_t)place), 4);
			close(fd);
			src = lab_source(IO_READ);
			journal = replayed(src);
			if (journal)
				assert_int_equal(
					io_source_read(journal, got, 4096, 5002 * 4096ull, &err),
					0);
			io_source_close(journal);
			io_source_close(src);
		}
	}
}

/* The whole of it: a bitmap that is wrong on the disk, and right in the journal. */
static void test_bitmap(void **state)
{
	struct io_source *src;
	struct lm_error err;
	struct fs *fs;

	(void)state;
	lab_mkfs("-b 4096", 32768);
	assert_int_equal(lab_run("p=$(dumpe2fs %s 2>/dev/null | sed -n "
				 "'s/.*Block bitmap at \\([0-9]*\\).*/\\1/p' | head -n 1) && "
				 "dd if=%s of=%s.d.1 bs=4096 skip=$p count=1 2>/dev/null && "
				 "{ echo jo; echo jw -b $p %s.d.1; echo jc; } >%s.d.c && "
				 "debugfs -w -f %s.d.c %s >/dev/null 2>&1 && "
				 "head -c 4096 /dev/zero | dd of=%s bs=4096 seek=$p conv=notrunc "
				 "2>/dev/null",
				 lab_path(), lab_path(), lab_path(), lab_path(), lab_path(),
				 lab_path(), lab_path(), lab_path()),
			 0);
	src = lab_source(IO_READ);
	assert_int_equal(fs_open(src, &fs, &err), 0);
	assert_int_equal(fs_load_bitmap(fs, &err), -EUCLEAN);
	fs_close(fs);
	assert_int_equal(fs_open_busy(src, false, -1, &fs, &err), 0);
	assert_int_equal(fs_load_bitmap(fs, &err), 0);
	assert_true(fs_range_used(fs, 0, 4096));
	assert_true(fs_busy_settled(fs));
	assert_int_equal(fs_exactness(fs), FS_EXACT_NOT);
	fs_close(fs);
	/* Not even without it: what cannot be right is not held against what is in use. */
	assert_int_equal(fs_open_busy(src, true, -1, &fs, &err), 0);
	assert_int_equal(fs_load_bitmap(fs, &err), 0);
	fs_close(fs);
	io_source_close(src);
}

static int remove_lab(void **state)
{
	(void)state;
	return lab_run("rm -f %s %s.d.*", lab_path(), lab_path());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replayed), cmocka_unit_test(test_half),
		cmocka_unit_test(test_goes_on),  cmocka_unit_test(test_never_rests),
		cmocka_unit_test(test_none),     cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_bitmap),
	};

	return cmocka_run_group_tests_name("fs_journal", tests, NULL, remove_lab);
}

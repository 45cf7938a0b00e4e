/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks that may have changed: what is laid over them, and whether it makes a difference. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "core/bytes.h"
#include "core/image/image.h"
#include "core/image/inside.h"
#include "image_util.h"

#define ROOT_BYTES ((600U << 10) + 1777)
#define BLOCK      (16U << 10)
#define BLOCKS     ((ROOT_BYTES + BLOCK - 1) / BLOCK)
#define JUNK       2048 /* bytes [JUNK, JUNK + 1024) of no block count */

static char top[] = "/tmp/livemend-settle-XXXXXX";
static unsigned char *content;

static const char *at(const char *name)
{
	static char path[4][256];
	static unsigned n;

	n = (n + 1) % 4;
	snprintf(path[n], sizeof(path[n]), "%s/%s", top, name);
	return path[n];
}

static void no_error(int ret, const struct lm_error *err)
{
	if (ret)
		print_message("# %d on %s: %s: %s\n", ret, err->on, err->what, err->why);
	assert_int_equal(ret, 0);
}

/* What is laid over a block. */
enum over { SAME, OTHER, SHORT, FREE };

struct lab {
	struct io_file *file;
	struct image *img;
	unsigned char fates[BLOCKS], over[BLOCKS];
	unsigned told; /* blocks settled */
	struct image_change change;
};

static size_t block_len(uint64_t block)
{
	return (size_t)min_u64(BLOCK, ROOT_BYTES - block * BLOCK);
}

static enum image_fate fate(void *arg, uint64_t block)
{
	return (enum image_fate)((struct lab *)arg)->fates[block];
}

static void put(unsigned char *buf, unsigned char *fresh, const unsigned char *from, size_t off,
		size_t len)
{
	memcpy(buf + off, from + off, len);
	for (size_t i = off / IMAGE_SECTOR; i < div_up(off + len, IMAGE_SECTOR); i++)
		fresh[i / 8] = (unsigned char)(fresh[i / 8] | 1u << i % 8);
}

static int lay(void *arg, uint64_t block, void *buf, size_t len, unsigned char *fresh,
	       struct lm_error *err)
{
	struct lab *lab = arg;
	const unsigned char *was = content + block * BLOCK;
	unsigned char other[BLOCK];

	(void)err;
	memset(buf, 0xee, len); /* what is not marked must not be seen */
	memset(other, 'o', sizeof(other));
	switch (lab->over[block]) {
	case SAME:
		put(buf, fresh, was, 512, len - 512);
		break;
	case OTHER:
		put(buf, fresh, other, 1024, 512);
		break;
	case SHORT: /* the last bytes of the block, less than a sector in the last one */
		put(buf, fresh, other, (len - 1) / 512 * 512, len - (len - 1) / 512 * 512);
		break;
	default:
		put(buf, fresh, other, JUNK, len < JUNK + 1024 ? 0 : 1024);
	}
	return 0;
}

static void clean(void *arg, uint64_t block, void *buf, size_t len)
{
	(void)arg;
	(void)block;
	if (len >= JUNK + 1024)
		memset((char *)buf + JUNK, 0, 1024);
}

static void settle(void *arg, uint64_t block, enum image_fate to)
{
	struct lab *lab = arg;

	assert_int_equal(lab->fates[block], IMAGE_MAYBE);
	lab->fates[block] = (unsigned char)to;
	lab->told++;
}

static void undecided(struct lab *lab)
{
	for (unsigned i = 0; i < BLOCKS; i++) {
		lab->fates[i] = i % 9 == 8 ? IMAGE_KEEP : IMAGE_MAYBE;
		lab->over[i] = (unsigned char)(i % 4);
	}
}

static void open_lab(struct lab *lab, const char *options)
{
	struct lm_error err = {0};

	memset(lab, 0, sizeof(*lab));
	util_squash(at("tree"), at("old.sqfs"), options);
	assert_int_equal(io_path_open(at("old.sqfs"), IO_READ, &lab->file), 0);
	no_error(image_open(lab->file, "old", &lab->img, &err), &err);
	lab->change = (struct image_change){.fate = fate,
					    .content = lay,
					    .clean = clean,
					    .settle = settle,
					    .arg = lab,
					    .threads = 3};
	undecided(lab);
}

static void close_lab(struct lab *lab)
{
	image_close(lab->img);
	io_file_close(lab->file);
}

/* What the block must read as. */
static void expect(const struct lab *lab, uint64_t block, unsigned char *want)
{
	size_t len = block_len(block), last = (len - 1) / 512 * 512;

	memcpy(want, content + block * BLOCK, len);
	if (lab->fates[block] != IMAGE_CHANGE)
		return;
	if (lab->over[block] == OTHER)
		memset(want + 1024, 'o', 512);
	else if (lab->over[block] == SHORT)
		memset(want + last, 'o', len - last);
	clean(NULL, block, want, len);
}

static void check_fates(const struct lab *lab)
{
	for (unsigned i = 0; i < BLOCKS; i++) {
		bool differs = lab->over[i] == OTHER || lab->over[i] == SHORT;

		assert_int_equal(lab->fates[i],
				 i % 9 != 8 && differs ? IMAGE_CHANGE : IMAGE_KEEP);
	}
}

static void check_content(const struct lab *lab, const char *path)
{
	unsigned char want[BLOCK], got[BLOCK];
	struct lm_error err = {0};
	struct io_source *src;
	struct io_file *file;
	struct image *img;

	assert_int_equal(io_path_open(path, IO_READ, &file), 0);
	no_error(image_open(file, path, &img, &err), &err);
	no_error(image_root_source(img, &src, &err), &err);
	for (uint64_t i = 0; i < BLOCKS; i++) {
		expect(lab, i, want);
		no_error(io_source_read(src, got, block_len(i), i * BLOCK, &err), &err);
		assert_memory_equal(got, want, block_len(i));
	}
	io_source_close(src);
	image_close(img);
	io_file_close(file);
}

static int build(struct lab *lab, struct lm_error *err)
{
	struct io_file *out;
	int ret;

	unlink(at("new.sqfs"));
	assert_int_equal(io_path_open(at("new.sqfs"), IO_CREATE, &out), 0);
	ret = image_rewrite(lab->img, &lab->change, out, "new", NULL, NULL, err);
	io_file_close(out);
	return ret;
}

static int verify(struct lab *lab, struct lm_error *err)
{
	struct io_file *file;
	int ret;

	assert_int_equal(io_path_open(at("new.sqfs"), IO_READ, &file), 0);
	ret = image_verify(lab->img, &lab->change, file, "new", true, NULL, NULL, err);
	io_file_close(file);
	return ret;
}

static const char *const kinds[] = {
	"-comp xz -b 16K", "-comp zstd -b 16K -no-fragments", "-comp gzip -b 16K -noD",
	"-comp lz4 -b 16K -always-use-fragments",
};

/* All of them beforehand, or each as it is written: the same image comes of it. */
static void test_settle(void **state)
{
	struct lm_error err = {0};
	struct lab lab;

	(void)state;
	for (unsigned k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (unsigned last = SAME; last <= SHORT; last++) {
			unsigned char *a, *b;
			size_t a_len, b_len;

			open_lab(&lab, kinds[k]);
			lab.over[BLOCKS - 1] = (unsigned char)last;
			no_error(image_settle(lab.img, &lab.change, false, NULL, NULL, &err),
				 &err);
			check_fates(&lab);
			no_error(build(&lab, &err), &err);
			no_error(verify(&lab, &err), &err);
			check_content(&lab, at("new.sqfs"));
			a = util_slurp(at("new.sqfs"), &a_len);

			undecided(&lab);
			lab.over[BLOCKS - 1] = (unsigned char)last;
			no_error(image_settle(lab.img, &lab.change, true, NULL, NULL, &err), &err);
			no_error(build(&lab, &err), &err);
			check_fates(&lab);
			no_error(verify(&lab, &err), &err);
			b = util_slurp(at("new.sqfs"), &b_len);
			assert_int_equal(a_len, b_len);
			assert_memory_equal(a, b, a_len);
			free(a);
			free(b);
			close_lab(&lab);
		}
	}
}

/* Looking for the first one ends early, but never without an answer. */
static void test_first(void **state)
{
	struct lm_error err = {0};
	struct lab lab;
	unsigned i;

	(void)state;
	open_lab(&lab, "-comp xz -b 16K");
	lab.over[0] = OTHER;
	no_error(image_settle(lab.img, &lab.change, true, NULL, NULL, &err), &err);
	assert_int_equal(lab.fates[0], IMAGE_CHANGE);
	assert_true(lab.told < BLOCKS / 2);
	close_lab(&lab);

	open_lab(&lab, "-comp xz -b 16K");
	for (i = 0; i < BLOCKS; i++)
		lab.over[i] = i % 2 ? SAME : FREE;
	no_error(image_settle(lab.img, &lab.change, true, NULL, NULL, &err), &err);
	for (i = 0; i < BLOCKS; i++)
		assert_int_equal(lab.fates[i], IMAGE_KEEP);
	close_lab(&lab);

	/* Only the very last one. */
	open_lab(&lab, "-comp xz -b 16K -no-fragments");
	for (i = 0; i < BLOCKS; i++)
		lab.over[i] = i == BLOCKS - 1 ? SHORT : SAME;
	lab.fates[BLOCKS - 1] = IMAGE_MAYBE;
	no_error(image_settle(lab.img, &lab.change, true, NULL, NULL, &err), &err);
	for (i = 0; i < BLOCKS; i++)
		assert_int_equal(lab.fates[i], i == BLOCKS - 1 ? IMAGE_CHANGE : IMAGE_KEEP);
	close_lab(&lab);
}

static int cancel_at(void *arg, uint64_t done, uint64_t total)
{
	unsigned *left = arg;

	assert_true(done <= total);
	return (*left)-- == 0;
}

static void test_cancel(void **state)
{
	struct lm_error err = {0};
	struct lab lab;
	unsigned n, left;
	int ret;

	(void)state;
	for (n = 0;; n++) {
		open_lab(&lab, "-comp gzip -b 16K");
		left = n;
		ret = image_settle(lab.img, &lab.change, false, cancel_at, &left, &err);
		close_lab(&lab);
		if (!ret)
			break;
		assert_int_equal(ret, -ECANCELED);
		assert_int_equal(err.outcome, LM_CANCELLED);
	}
	assert_true(n > BLOCKS / 2);
}

/* An old block that cannot be decoded: told by every task, by its number, and nothing hangs. */
static void test_damaged(void **state)
{
	struct lm_error err = {0};
	unsigned char *raw;
	struct lab lab;
	size_t len;
	unsigned bad;

	(void)state;
	for (bad = 1; bad < BLOCKS - 1; bad += 5) {
		uint64_t place;

		if (bad % 9 == 8)
			continue;
		open_lab(&lab, "-comp xz -b 16K -no-fragments");
		place = image_root_place(lab.img, bad);
		if (image_root_word(lab.img, bad) & IMAGE_RAW || !image_root_word(lab.img, bad)) {
			close_lab(&lab);
			continue;
		}
		no_error(build(&lab, &err), &err);
		raw = util_slurp(at("old.sqfs"), &len);
		raw[place + image_word_bytes(image_root_word(lab.img, bad)) / 2] ^= 1;
		util_spill(at("old.sqfs"), raw, len);
		free(raw);
		image_close(lab.img);
		io_file_close(lab.file);
		assert_int_equal(io_path_open(at("old.sqfs"), IO_READ, &lab.file), 0);
		no_error(image_open(lab.file, "old", &lab.img, &err), &err);
		lab.fates[bad] = IMAGE_CHANGE;
		lab.over[bad] = OTHER;
		assert_int_equal(verify(&lab, &err), -EIO);
		lab.fates[bad] = IMAGE_MAYBE;
		assert_int_equal(image_settle(lab.img, &lab.change, false, NULL, NULL, &err),
				 -EIO);
		assert_int_equal(err.code, -EIO);
		assert_non_null(strstr(err.on, "old"));
		assert_non_null(strstr(err.what, "cannot be decoded"));
		assert_int_equal(build(&lab, &err), -EIO);
		close_lab(&lab);
	}
}

/* One bit in any block of the new image, whichever thread has it. */
static void test_flips(void **state)
{
	struct lm_error err = {0};
	unsigned char *raw;
	struct lab lab;
	size_t len;

	(void)state;
	open_lab(&lab, "-comp xz -b 16K");
	no_error(build(&lab, &err), &err);
	raw = util_slurp(at("new.sqfs"), &len);
	for (size_t off = 100; off < len - IMAGE_PAD_BYTES; off += 3001) {
		raw[off] ^= 4;
		util_spill(at("new.sqfs"), raw, len);
		raw[off] ^= 4;
		assert_int_equal(verify(&lab, &err), -EBADMSG);
	}
	free(raw);
	close_lab(&lab);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(top))
		return -1;
	content = util_tree(at("tree"), ROOT_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(content);
	util_remove(top);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settle),  cmocka_unit_test(test_first),
		cmocka_unit_test(test_cancel),  cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_flips),
	};

	alarm(120);
	return cmocka_run_group_tests_name("image_settle", tests, setup, teardown);
}

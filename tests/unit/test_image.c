/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Containers made by mksquashfs, rewritten, and read by unsquashfs. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "core/bytes.h"
#include "core/image/image.h"
#include "core/image/inside.h"
#include "image_util.h"
#include "tests/lib/narrow.h"

#define ROOT_BYTES ((2U << 20) + 70001)

static char top[] = "/tmp/livemend-image-XXXXXX";
static unsigned char *content; /* of the root image */

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

static struct image *open_image(const char *path, struct io_file **file)
{
	struct lm_error err = {0};
	struct image *img;

	assert_int_equal(io_path_open(path, IO_READ, file), 0);
	no_error(image_open(*file, path, &img, &err), &err);
	return img;
}

/* The root image as its source gives it, in reads of step bytes. */
static void check_source(struct image *img, const unsigned char *want, size_t len, size_t step)
{
	unsigned char *got = malloc(step);
	struct lm_error err = {0};
	struct io_source *src;
	size_t off;

	no_error(image_root_source(img, &src, &err), &err);
	assert_int_equal(src->size_bytes, len);
	for (off = 0; off < len; off += step) {
		size_t n = step < len - off ? step : len - off;

		no_error(io_source_read(src, got, n, off, &err), &err);
		assert_memory_equal(got, want + off, n);
	}
	assert_int_equal(io_source_read(src, got, 2, len - 1, &err), -EINVAL);
	io_source_close(src);
	free(got);
}

enum pattern { NOTHING, FIRST, LAST, MIDDLE, ALL, MIXED, ZEROED, ALL_HOLES };

/* Chooses fates, and makes the content that is to come of it. */
static unsigned char *make_change(enum pattern pattern, const struct image_info *info,
				  struct util_change *c)
{
	unsigned char *want = malloc(ROOT_BYTES);
	uint64_t i, n = info->root_blocks;

	memcpy(want, content, ROOT_BYTES);
	c->fates = calloc(n, 1);
	c->block_bytes = info->block_bytes;
	c->content = want;
	for (i = 0; i < n; i++) {
		uint64_t from = i * info->block_bytes;
		size_t len = (size_t)min_u64(info->block_bytes, ROOT_BYTES - from);
		enum image_fate fate = IMAGE_KEEP;

		if (pattern == ALL || (pattern == FIRST && i == 0) ||
		    (pattern == LAST && i == n - 1) || (pattern == MIDDLE && i == n / 2) ||
		    (pattern == MIXED && i % 3 == 1))
			fate = IMAGE_CHANGE;
		if ((pattern == MIXED && i % 7 == 3) || pattern == ALL_HOLES)
			fate = IMAGE_HOLE;
		c->fates[i] = (unsigned char)fate;
		if (fate == IMAGE_CHANGE) {
			want[from + len / 2] ^= 0x5a;
			memset(want + from + len / 3, 'c', len / 5);
		} else if (fate == IMAGE_HOLE) {
			memset(want + from, 0, len);
		} else if (pattern == ZEROED && i % 2) {
			c->fates[i] = IMAGE_CHANGE;
			memset(want + from, 0, len);
		}
	}
	return want;
}

static void compare_xattr(const char *name, const char *attr, const char *options)
{
	char a[64], b[64], was[300], is[300];
	ssize_t len;

	snprintf(was, sizeof(was), "%s/%s", at("tree"), name);
	snprintf(is, sizeof(is), "%s/%s", at("got"), name);
	len = getxattr(was, attr, a, sizeof(a));
	if (len < 0 || strstr(options, "-no-xattrs"))
		return;
	assert_int_equal(getxattr(is, attr, b, sizeof(b)), len);
	assert_memory_equal(a, b, (size_t)len);
}

static void compare_trees(const char *image, const unsigned char *want, const char *options)
{
	const char *extract[] = {"unsquashfs",   "-p",     "1",     "-da",     "16",  "-fr", "16",
				 "-no-progress", "-force", "-dest", at("got"), image, NULL};
	const char *diff[] = {"diff",    "-r", "--no-dereference", "-x", "rootfs.img", "-x",
			      "fifo",    "-x", "device",           "-x", "null",       at("tree"),
			      at("got"), NULL};
	struct stat a, b;
	unsigned char *got;
	size_t len;

	assert_int_equal(util_run(extract), 0);
	got = util_slurp(at("got/LiveOS/rootfs.img"), &len);
	assert_int_equal(len, ROOT_BYTES);
	assert_memory_equal(got, want, len);
	free(got);
	assert_int_equal(util_run(diff), 0);
	assert_int_equal(stat(at("got/hard-link"), &a), 0);
	assert_int_equal(stat(at("got/LiveOS/short"), &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	compare_xattr("LiveOS", "user.dir", options);
	compare_xattr("LiveOS/short", "user.livemend", options);
	compare_xattr("LiveOS/rootfs.img", "user.root", options);
	util_remove(at("got"));
}

/* What unsquashfs says of all files: modes, owners, sizes, times, links, attributes. */
static void compare_lists(const char *old, const char *new)
{
	char cmd[1500];
	const char *sh[] = {"sh", "-c", cmd, NULL};

	snprintf(cmd, sizeof(cmd),
		 "set -e; cd %s; unsquashfs -p 1 -da 16 -fr 16 -lln %s >1; unsquashfs -p 1 -da 16 "
		 "-fr 16 -lln %s >2; test -s 1; cmp 1 2",
		 top, old, new);
	assert_int_equal(util_run(sh), 0);
}

static int rewrite(struct image *img, struct util_change *c, const char *path, struct lm_error *err)
{
	struct image_change change = util_change(c);
	struct io_file *out;
	int ret, closed;

	unlink(path);
	assert_int_equal(io_path_open(path, IO_CREATE, &out), 0);
	ret = image_rewrite(img, &change, out, path, NULL, NULL, err);
	closed = io_file_close(out);
	return ret ? ret : closed;
}

static int verify(struct image *img, struct util_change *c, const char *path, bool deep,
		  struct lm_error *err)
{
	struct image_change change = util_change(c);
	struct io_file *file;
	int ret;

	assert_int_equal(io_path_open(path, IO_READ, &file), 0);
	ret = image_verify(img, &change, file, path, deep, NULL, NULL, err);
	io_file_close(file);
	return ret;
}

static void round_trip(const char *options, enum pattern pattern)
{
	char old[256], new[256];
	struct util_change c = {0};
	struct lm_error err = {0};
	struct io_file *file, *file2;
	struct image_change change;
	struct image *img, *img2;
	uint64_t likely, most;
	unsigned char *want;

	snprintf(old, sizeof(old), "%s", at("old.sqfs"));
	snprintf(new, sizeof(new), "%s", at("new.sqfs"));
	util_squash(at("tree"), old, options);
	img = open_image(old, &file);
	if (!image_info(img)->can_rewrite)
		print_message("# %s: %s\n", options, image_info(img)->why_not);
	assert_true(image_info(img)->can_rewrite);
	assert_string_equal(image_info(img)->root_path, "LiveOS/rootfs.img");
	check_source(img, content, ROOT_BYTES, 50000);
	no_error(image_check(img, NULL, NULL, &err), &err);

	want = make_change(pattern, image_info(img), &c);
	change = util_change(&c);
	image_estimate(img, &change, &likely, &most);
	no_error(rewrite(img, &c, new, &err), &err);
	no_error(verify(img, &c, new, false, &err), &err);
	no_error(verify(img, &c, new, true, &err), &err);

	img2 = open_image(new, &file2);
	assert_true(image_info(img2)->can_rewrite);
	assert_true(likely <= most);
	assert_true(image_info(img2)->bytes_used <= most);
	assert_memory_not_equal(image_info(img)->identity, image_info(img2)->identity, 32);
	no_error(image_check(img2, NULL, NULL, &err), &err);
	check_source(img2, want, ROOT_BYTES, 4096);
	compare_trees(new, want, options);
	compare_lists(old, new);
	/* And once more, from what we wrote ourselves. */
	no_error(rewrite(img2, &c, old, &err), &err);
	no_error(verify(img2, &c, old, true, &err), &err);
	if (strstr(options, "fragments"))
		compare_trees(old, want, options);
	image_close(img2);
	io_file_close(file2);
	image_close(img);
	io_file_close(file);
	free(want);
	free(c.fates);
}

static void test_patterns(void **state)
{
	enum pattern p;

	(void)state;
	for (p = NOTHING; p <= ALL_HOLES; p++)
		round_trip("-comp gzip", p);
	/* The end of the root image in a fragment. */
	for (p = LAST; p <= ALL_HOLES; p++)
		round_trip("-comp lz4 -always-use-fragments", p);
}

static void test_compressors(void **state)
{
	static const char *const all[] = {
		"-comp gzip -Xcompression-level 1 -b 4096",
		"-comp gzip -b 1M -Xwindow-size 9",
		"-comp xz",
		"-comp xz -Xbcj x86",
		"-comp xz -Xbcj x86 -b 4096",
		"-comp xz -b 1M -always-use-fragments",
		"-comp xz -b 256K -Xdict-size 64K",
		"-comp lz4",
		"-comp lz4 -Xhc -b 4096",
		"-comp zstd -Xcompression-level 3",
		"-comp zstd -b 1M",
		"-comp lzma",
		"-comp lzma -b 1M -always-use-fragments",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		round_trip(all[i], MIXED);
}

static void test_layouts(void **state)
{
	static const char *const all[] = {
		"-comp gzip -no-fragments",
		"-comp gzip -no-exports",
		"-comp gzip -no-xattrs",
		"-comp gzip -no-exports -no-xattrs -no-fragments",
		"-comp gzip -noD",
		"-comp gzip -noI",
		"-comp gzip -noI -noD -noF -noX",
		"-comp gzip -noF -always-use-fragments",
		"-comp gzip -no-sparse -b 4096",
		"-comp gzip -no-duplicates",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		round_trip(all[i], i % 2 ? ALL : MIXED);
}

static void test_lzo(void **state)
{
	struct lm_error err = {0};
	struct io_source *src;
	struct io_file *file;
	struct image *img;

	(void)state;
	util_squash(at("tree"), at("lzo.sqfs"), "-comp lzo");
	img = open_image(at("lzo.sqfs"), &file);
	assert_string_equal(image_info(img)->compression, "lzo");
	assert_false(image_info(img)->can_read);
	assert_false(image_info(img)->can_rewrite);
	assert_non_null(strstr(image_info(img)->why_not, "lzo"));
	assert_int_equal(image_root_source(img, &src, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.why, "lzo"));
	assert_int_equal(image_check(img, NULL, NULL, &err), -EOPNOTSUPP);
	image_close(img);
	io_file_close(file);
}

static void test_plain_tree(void **state)
{
	struct lm_error err = {0};
	struct io_source *src;
	struct io_file *file;
	struct image *img;

	(void)state;
	util_squash(at("tree/many"), at("plain.sqfs"), "-comp zstd");
	img = open_image(at("plain.sqfs"), &file);
	assert_string_equal(image_info(img)->root_path, "");
	assert_true(image_info(img)->can_read);
	assert_false(image_info(img)->can_rewrite);
	assert_int_equal(image_root_source(img, &src, &err), -ENOENT);
	no_error(image_check(img, NULL, NULL, &err), &err);
	image_close(img);
	io_file_close(file);
}

static void test_root_names(void **state)
{
	static const char *const names[] = {"os.img", "ext3fs.img", "rootfs.img",
					    "LiveOS/ext3fs.img"};
	struct io_file *file;
	struct image *img;
	char path[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(mkdir(at("named"), 0755), 0);
		assert_int_equal(mkdir(at("named/LiveOS"), 0755), 0);
		snprintf(path, sizeof(path), "%s/%s", at("named"), names[i]);
		util_spill(path, content, 10000);
		util_squash(at("named"), at("named.sqfs"), "-comp gzip");
		img = open_image(at("named.sqfs"), &file);
		assert_string_equal(image_info(img)->root_path, names[i]);
		check_source(img, content, 10000, 333);
		image_close(img);
		io_file_close(file);
		util_remove(at("named"));
	}
}

/* mksquashfs stores equal files once: then the root image is not alone in its blocks. */
static void test_shared_blocks(void **state)
{
	struct util_change c = {0};
	struct lm_error err = {0};
	struct io_file *file;
	struct image *img;
	unsigned char *want;

	(void)state;
	assert_int_equal(mkdir(at("twins"), 0755), 0);
	util_spill(at("twins/rootfs.img"), content, ROOT_BYTES);
	util_spill(at("twins/twin"), content, ROOT_BYTES);
	util_squash(at("twins"), at("twins.sqfs"), "-comp gzip");
	util_remove(at("twins"));
	img = open_image(at("twins.sqfs"), &file);
	assert_true(image_info(img)->can_read);
	assert_false(image_info(img)->can_rewrite);
	assert_non_null(strstr(image_info(img)->why_not, "shares"));
	want = make_change(FIRST, image_info(img), &c);
	assert_int_equal(rewrite(img, &c, at("new.sqfs"), &err), -EOPNOTSUPP);
	image_close(img);
	io_file_close(file);
	free(want);
	free(c.fates);
}

static void *read_in_thread(void *img)
{
	check_source(img, content, ROOT_BYTES, 4096);
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[4];
	struct io_file *file;
	struct image *img;
	size_t i;

	(void)state;
	util_squash(at("tree"), at("old.sqfs"), "-comp zstd -always-use-fragments");
	img = open_image(at("old.sqfs"), &file);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_in_thread, img), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	image_close(img);
	io_file_close(file);
}

/* Sequential small reads decode each block once. */
static void test_cache(void **state)
{
	struct util_fail count = {.read_nth = UINT32_MAX, .error = -EIO};
	struct lm_error err = {0};
	struct io_source *src;
	struct io_file *file;
	unsigned char buf[512];
	struct image *img;
	uint64_t off;

	(void)state;
	util_squash(at("tree"), at("old.sqfs"), "-comp gzip -no-sparse");
	assert_int_equal(io_path_open(at("old.sqfs"), IO_READ, &file), 0);
	util_fail_open(&count, file);
	no_error(image_open(count.file, "old", &img, &err), &err);
	no_error(image_root_source(img, &src, &err), &err);
	count.reads = 0;
	for (off = 0; off + sizeof(buf) <= ROOT_BYTES; off += sizeof(buf))
		no_error(io_source_read(src, buf, sizeof(buf), off, &err), &err);
	assert_true(count.reads <= image_info(img)->root_blocks);
	io_source_close(src);
	image_close(img);
	io_file_close(count.file);
	io_file_close(file);
}

static int cancel_at(void *arg, uint64_t done, uint64_t total)
{
	unsigned *left = arg;

	assert_true(done <= total);
	return (*left)-- == 0;
}

static void test_cancel(void **state)
{
	struct util_change c = {0};
	struct image_change change;
	struct lm_error err = {0};
	struct io_file *file, *out;
	unsigned char *want, *got;
	struct image *img;
	unsigned n, left;
	size_t len;
	int ret;

	(void)state;
	util_squash(at("tree"), at("old.sqfs"), "-comp lz4 -b 64K");
	img = open_image(at("old.sqfs"), &file);
	want = make_change(MIXED, image_info(img), &c);
	for (n = 0;; n += 3) {
		left = n;
		change = util_change(&c);
		unlink(at("new.sqfs"));
		assert_int_equal(io_path_open(at("new.sqfs"), IO_CREATE, &out), 0);
		ret = image_rewrite(img, &change, out, "new", cancel_at, &left, &err);
		io_file_close(out);
		if (!ret)
			break;
		assert_int_equal(ret, -ECANCELED);
		assert_int_equal(err.outcome, LM_CANCELLED);
		got = util_slurp(at("new.sqfs"), &len);
		assert_true(len < 4 || memcmp(got, "hsqs", 4) != 0);
		free(got);
	}
	/* Once for each block that was changed, at the least. */
	assert_true(n > c.asked);
	left = 0;
	change = util_change(&c);
	assert_int_equal(io_path_open(at("new.sqfs"), IO_READ, &out), 0);
	assert_int_equal(image_verify(img, &change, out, "new", true, cancel_at, &left, &err),
			 -ECANCELED);
	io_file_close(out);
	left = 3;
	assert_int_equal(image_check(img, cancel_at, &left, &err), -ECANCELED);
	image_close(img);
	io_file_close(file);
	free(want);
	free(c.fates);
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
		cmocka_unit_test(test_patterns),      cmocka_unit_test(test_compressors),
		cmocka_unit_test(test_layouts),       cmocka_unit_test(test_lzo),
		cmocka_unit_test(test_plain_tree),    cmocka_unit_test(test_root_names),
		cmocka_unit_test(test_shared_blocks), cmocka_unit_test(test_threads),
		cmocka_unit_test(test_cache),         cmocka_unit_test(test_cancel),
	};

	alarm(400);
	return cmocka_run_group_tests_name("image", tests, setup, teardown);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Containers that are cut off, flipped, or on media that fail. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqfs/compressor.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "core/bytes.h"
#include "core/image/image.h"
#include "core/image/inside.h"
#include "image_util.h"
#include "tests/lib/narrow.h"

#define ROOT_BYTES ((600U << 10) + 777)

static char top[] = "/tmp/livemend-damage-XXXXXX";
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

/* Codes that a damaged image may end in. */
static bool is_damage(int ret)
{
	return ret == -EBADMSG || ret == -EIO || ret == -EMEDIUMTYPE || ret == -EOPNOTSUPP;
}

/* An old image, a change of it, and the new image, in memory. */
struct pair {
	struct io_file *old_file;
	struct image *old;
	struct util_change c;
	unsigned char *want, *new;
	size_t new_len;
};

static void make_pair(struct pair *p, const char *options)
{
	struct lm_error err = {0};
	struct image_change change;
	struct io_file *out;
	uint64_t i;

	memset(p, 0, sizeof(*p));
	util_squash(at("tree"), at("old.sqfs"), options);
	assert_int_equal(io_path_open(at("old.sqfs"), IO_READ, &p->old_file), 0);
	no_error(image_open(p->old_file, "old", &p->old, &err), &err);
	p->want = malloc(ROOT_BYTES);
	memcpy(p->want, content, ROOT_BYTES);
	p->c.fates = calloc(image_info(p->old)->root_blocks, 1);
	p->c.block_bytes = image_info(p->old)->block_bytes;
	p->c.content = p->want;
	for (i = 0; i < image_info(p->old)->root_blocks; i++) {
		uint64_t from = i * p->c.block_bytes;
		size_t len = (size_t)min_u64(p->c.block_bytes, ROOT_BYTES - from);

		p->c.fates[i] = i % 3 == 1 ? IMAGE_CHANGE : i % 7 == 3 ? IMAGE_HOLE : IMAGE_KEEP;
		if (p->c.fates[i] == IMAGE_CHANGE)
			memset(p->want + from + len / 4, 'n', len / 4);
		else if (p->c.fates[i] == IMAGE_HOLE)
			memset(p->want + from, 0, len);
	}
	unlink(at("new.sqfs"));
	assert_int_equal(io_path_open(at("new.sqfs"), IO_CREATE, &out), 0);
	change = util_change(&p->c);
	no_error(image_rewrite(p->old, &change, out, "new", NULL, NULL, &err), &err);
	io_file_close(out);
	p->new = util_slurp(at("new.sqfs"), &p->new_len);
}

static void free_pair(struct pair *p)
{
	image_close(p->old);
	io_file_close(p->old_file);
	free(p->want);
	free(p->new);
	free(p->c.fates);
}

static int verify(struct pair *p, struct lm_error *err)
{
	struct io_file *file = util_mem_file(p->new, p->new_len);
	struct image_change change = util_change(&p->c);
	int ret = image_verify(p->old, &change, file, "new", false, NULL, NULL, err);

	io_file_close(file);
	return ret;
}

/* To unsquashfs the new image is what it should be. */
static void is_harmless(struct pair *p)
{
	const char *extract[] = {
		"unsquashfs", "-p",           "1",     "-da",     "16",           "-fr",
		"16",         "-no-progress", "-dest", at("got"), at("new.sqfs"), NULL};
	unsigned char *got;
	size_t len;

	util_spill(at("new.sqfs"), p->new, p->new_len);
	assert_int_equal(util_run(extract), 0);
	got = util_slurp(at("got/LiveOS/rootfs.img"), &len);
	assert_int_equal(len, ROOT_BYTES);
	assert_memory_equal(got, p->want, len);
	free(got);
	util_remove(at("got"));
}

/*
 * Whatever is flipped in the new image, verify sees it. The one exception: two
 * compressed forms of the very same table, as lz4 has many, and the four bytes
 * of a fragment that mean nothing.
 */
static void all_flips(const char *options, size_t step)
{
	struct lm_error err = {0};
	unsigned same = 0, tried = 0;
	struct pair p;
	size_t i;
	int ret;

	make_pair(&p, options);
	no_error(verify(&p, &err), &err);
	for (i = 0; i < p.new_len; i += i < IMAGE_SUPER_BYTES || i + 3000 > p.new_len ? 1 : step) {
		tried++;
		p.new[i] = (unsigned char)(p.new[i] ^ 1U << i % 8);
		ret = verify(&p, &err);
		if (!ret) {
			/* In the tables: at the start of them or behind it. */
			assert_true(i >= get_le64(p.new + 64));
			/* Each would take too long. */
			if (same++ % 16 == 0)
				is_harmless(&p);
		}
		p.new[i] = (unsigned char)(p.new[i] ^ 1U << i % 8);
		if (!ret)
			continue;
		assert_true(is_damage(ret));
		assert_int_equal(err.code, ret);
		assert_true(err.what[0] && err.why[0]);
	}
	/* How many encodings of one table there are depends on what is in it (times, names). */
	assert_true(same * 4 < tried);
	no_error(verify(&p, &err), &err);
	free_pair(&p);
}

static void test_flips(void **state)
{
	(void)state;
	all_flips("-comp gzip -b 16K", 1009);
	all_flips("-comp lz4 -b 64K -always-use-fragments", 2003);
	all_flips("-comp xz -b 32K", 1511);
	all_flips("-comp zstd -b 8K -noI", 1511);
}

/* The image is damaged so that the kernel refuses it, or finds no file; the root image is there. */
static void is_refused(struct pair *p, size_t byte, unsigned bit)
{
	struct io_file *file = util_mem_file(p->new, p->new_len);
	unsigned char *got = malloc(ROOT_BYTES);
	struct lm_error err = {0};
	struct io_source *src;
	struct image *img;

	p->new[byte] = (unsigned char)(p->new[byte] ^ 1U << bit);
	/* Some are damage enough not to be opened. */
	if (image_open(file, "refused", &img, &err) == 0) {
		assert_int_equal(image_check_tables(img, &err), -EBADMSG);
		assert_int_equal(image_check(img, NULL, NULL, &err), -EBADMSG);
		if (!image_info(img)->can_mount) {
			assert_non_null(strstr(err.why, image_info(img)->why_no_mount));
			no_error(image_root_source(img, &src, &err), &err);
			no_error(io_source_read(src, got, ROOT_BYTES, 0, &err), &err);
			assert_memory_equal(got, p->want, ROOT_BYTES);
			io_source_close(src);
		}
		image_close(img);
	}
	assert_int_equal(verify(p, &err), -EBADMSG);
	p->new[byte] = (unsigned char)(p->new[byte] ^ 1U << bit);
	io_file_close(file);
	free(got);
}

/* What the kernel looks at when it mounts: every bit of indexes, and of what says how long they
 * are. */
static void all_refused(const char *options, unsigned step)
{
	static const size_t starts[] = {48, 56, 64, 72, 80, 88};
	struct lm_error err = {0};
	uint64_t index[3], len[3];
	struct pair p;
	size_t i, k;

	make_pair(&p, options);
	no_error(verify(&p, &err), &err);
	/* Owners, inodes, attributes. */
	index[0] = get_le64(p.new + 48);
	len[0] = div_up(get_le16(p.new + 26) * UINT64_C(4), IMAGE_META_BYTES) * 8;
	index[1] = get_le64(p.new + 88);
	len[1] = div_up(get_le32(p.new + 4) * UINT64_C(8), IMAGE_META_BYTES) * 8;
	index[2] = get_le64(p.new + 56);
	len[2] = 8;
	for (i = 0; i < 3; i++)
		for (k = 0; index[i] != IMAGE_NOWHERE && k < len[i] * 8; k += step)
			is_refused(&p, (size_t)index[i] + k / 8, k % 8);
	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		for (k = 0; get_le64(p.new + starts[i]) != IMAGE_NOWHERE && k < 64; k += step)
			is_refused(&p, starts[i] + k / 8, k % 8);
	/* The size of it all. */
	for (k = 0; k < 64; k += step)
		is_refused(&p, 40 + k / 8, k % 8);
	no_error(verify(&p, &err), &err);
	free_pair(&p);
}

static void test_refused(void **state)
{
	(void)state;
	all_refused("-comp gzip -b 16K -always-use-fragments", 1);
	all_refused("-comp xz -b 32K -Xdict-size 16K -always-use-fragments", 7);
	all_refused("-comp lz4 -b 64K -noI -always-use-fragments", 7);
}

/* Options of the compressor that the kernel does not take. */
static void test_refused_options(void **state)
{
	struct pair p;
	unsigned k;

	(void)state;
	make_pair(&p, "-comp lz4 -b 64K");
	/* None at all, another version. */
	is_refused(&p, 25, 2);
	for (k = 0; k < 32; k++)
		is_refused(&p, IMAGE_SUPER_BYTES + 2 + k / 8, k % 8);
	free_pair(&p);
	make_pair(&p, "-comp xz -b 64K -Xdict-size 16K");
	is_refused(&p, IMAGE_SUPER_BYTES, 3);
	is_refused(&p, IMAGE_SUPER_BYTES + 2, 0);
	is_refused(&p, IMAGE_SUPER_BYTES + 3, 6);
	free_pair(&p);
}

/* A wrong block in the right place: content of another time. */
static void test_other_content(void **state)
{
	struct lm_error err = {0};
	struct pair p;

	(void)state;
	make_pair(&p, "-comp gzip -b 16K");
	p.want[p.c.block_bytes + 5] ^= 1;
	assert_int_equal(verify(&p, &err), -EBADMSG);
	p.want[p.c.block_bytes + 5] ^= 1;
	p.c.fates[0] = IMAGE_CHANGE;
	no_error(verify(&p, &err), &err);
	p.c.fates[0] = IMAGE_HOLE;
	assert_int_equal(verify(&p, &err), -EBADMSG);
	free_pair(&p);
}

/* Opens, reads and checks what may be damaged: any answer but a crash. */
static bool try_image(unsigned char *data, size_t len)
{
	struct io_file *file = util_mem_file(data, len);
	struct lm_error err = {0};
	unsigned char buf[5000];
	struct io_source *src;
	struct image *img;
	bool good = false;
	uint64_t off;
	int ret;

	ret = image_open(file, "damaged", &img, &err);
	if (ret) {
		assert_true(is_damage(ret));
		assert_int_equal(err.code, ret);
		assert_true(err.what[0] && err.why[0]);
		goto out;
	}
	ret = image_check(img, NULL, NULL, &err);
	good = ret == 0;
	assert_true(good || is_damage(ret));
	if (image_root_source(img, &src, &err) == 0) {
		for (off = 0; off < src->size_bytes && off < 2U << 20; off += sizeof(buf)) {
			size_t n = (size_t)min_u64(sizeof(buf), src->size_bytes - off);

			ret = io_source_read(src, buf, n, off, &err);
			assert_true(!ret || ret == -EIO);
			if (ret)
				break;
		}
		io_source_close(src);
	}
	image_close(img);
out:
	io_file_close(file);
	return good;
}

static void test_truncated(void **state)
{
	static const char *const all[] = {"-comp gzip -b 16K -nopad", "-comp xz -nopad"};
	unsigned char *data, *copy;
	size_t len, n, i;

	(void)state;
	for (i = 0; i < 2; i++) {
		util_squash(at("tree"), at("cut.sqfs"), all[i]);
		data = util_slurp(at("cut.sqfs"), &len);
		for (n = 0; n < len; n += n < 200 || n + 100 > len ? 1 : 997) {
			/* Of its very size, so that ASan sees a step beyond. */
			copy = malloc(n ? n : 1);
			memcpy(copy, data, n);
			assert_false(try_image(copy, n));
			free(copy);
		}
		/* A loop device ends with a whole sector. */
		assert_int_equal(try_image(data, len), len % 512 == 0);
		n = (size_t)div_up(len, 512) * 512;
		copy = calloc(1, n);
		memcpy(copy, data, len);
		assert_true(try_image(copy, n));
		free(copy);
		free(data);
	}
}

static void test_random_damage(void **state)
{
	static const char *const all[] = {
		"-comp gzip -b 16K",      "-comp xz -b 64K -always-use-fragments",
		"-comp lz4 -b 4096 -noI", "-comp zstd -noI -noX -noF",
		"-comp lzma -b 64K",
	};
	uint32_t seed = 12345;
	unsigned char *data, *hurt;
	size_t len, i, k;
	unsigned round;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		util_squash(at("small"), at("hurt.sqfs"), all[i]);
		data = util_slurp(at("hurt.sqfs"), &len);
		hurt = malloc(len);
		for (round = 0; round < 600; round++) {
			uint64_t used = get_le64(data + 40), tables = get_le64(data + 64);
			size_t n = round % 4 + 1;

			memcpy(hurt, data, len);
			for (k = 0; k < n; k++) {
				size_t to;

				seed = seed * 1664525 + 1013904223;
				/* Superblock, tables, anywhere. */
				to = seed >> 8;
				if (round % 3 == 0)
					to %= IMAGE_SUPER_BYTES + 16;
				else if (round % 3 == 1)
					to = (size_t)(tables + to % (used - tables));
				else
					to %= len;
				hurt[to] = (unsigned char)(round % 2 ? hurt[to] ^ 1U << seed % 8
								     : seed >> 5);
			}
			try_image(hurt, len);
		}
		free(hurt);
		free(data);
	}
}

static void test_write_errors(void **state)
{
	struct lm_error err = {0};
	struct image_change change;
	unsigned char *got;
	struct io_file *out;
	struct pair p;
	size_t len;
	unsigned n, kind;
	int ret = 1;

	(void)state;
	make_pair(&p, "-comp gzip -b 4096");
	for (kind = 0; kind < 2; kind++) {
		for (n = 1;; n++) {
			struct util_fail fail = {.write_nth = kind ? 0 : n,
						 .sync_nth = kind ? n : 0,
						 .error = kind ? -EIO : -ENOSPC};

			unlink(at("fail.sqfs"));
			assert_int_equal(io_path_open(at("fail.sqfs"), IO_CREATE, &out), 0);
			util_fail_open(&fail, out);
			change = util_change(&p.c);
			ret = image_rewrite(p.old, &change, fail.file, "new", NULL, NULL, &err);
			io_file_close(fail.file);
			io_file_close(out);
			if (!ret)
				break;
			assert_int_equal(ret, fail.error);
			assert_int_equal(err.code, fail.error);
			assert_string_equal(err.on, "new");
			got = util_slurp(at("fail.sqfs"), &len);
			assert_true(len < 4 || memcmp(got, "hsqs", 4) != 0);
			free(got);
		}
		/* The data, and the superblock. */
		assert_true(n > 2);
	}
	free_pair(&p);
}

static void test_read_errors(void **state)
{
	struct lm_error err = {0};
	struct image_change change;
	struct io_file *out;
	struct image *img;
	unsigned char *got;
	struct pair p;
	unsigned n;
	size_t len;
	int ret = 1;

	(void)state;
	make_pair(&p, "-comp gzip -b 16K");
	for (n = 1; ret; n++) {
		struct util_fail fail = {.read_nth = n, .error = -EIO};

		util_fail_open(&fail, p.old_file);
		ret = image_open(fail.file, "old", &img, &err);
		if (!ret) {
			unlink(at("fail.sqfs"));
			assert_int_equal(io_path_open(at("fail.sqfs"), IO_CREATE, &out), 0);
			change = util_change(&p.c);
			ret = image_rewrite(img, &change, out, "new", NULL, NULL, &err);
			io_file_close(out);
			image_close(img);
			if (ret) {
				got = util_slurp(at("fail.sqfs"), &len);
				assert_true(len < 4 || memcmp(got, "hsqs", 4) != 0);
				free(got);
			}
		}
		io_file_close(fail.file);
		if (ret) {
			assert_int_equal(ret, -EIO);
			assert_string_equal(err.on, "old");
		}
	}
	assert_true(n > 10);
	/* An output that is no fresh file is left alone. */
	assert_int_equal(io_path_open(at("new.sqfs"), IO_WRITE, &out), 0);
	change = util_change(&p.c);
	assert_int_equal(image_rewrite(p.old, &change, out, "new", NULL, NULL, &err), -EEXIST);
	io_file_close(out);
	got = util_slurp(at("new.sqfs"), &len);
	assert_memory_equal(got, p.new, len);
	free(got);
	free_pair(&p);
}

static int content_fails(void *arg, uint64_t block, void *buf, size_t len, unsigned char *fresh,
			 struct lm_error *err)
{
	struct util_change *c = arg;

	memset(buf, 1, len);
	memset(fresh, 0xff, c->block_bytes / IMAGE_SECTOR / 8);
	if (block < 10)
		return 0;
	if (err)
		err->code = -EUCLEAN;
	return -EUCLEAN;
}

static void test_content_error(void **state)
{
	struct image_change change;
	struct lm_error err = {0};
	struct io_file *out;
	struct pair p;

	(void)state;
	make_pair(&p, "-comp xz -b 16K");
	change = util_change(&p.c);
	change.content = content_fails;
	unlink(at("fail.sqfs"));
	assert_int_equal(io_path_open(at("fail.sqfs"), IO_CREATE, &out), 0);
	assert_int_equal(image_rewrite(p.old, &change, out, "new", NULL, NULL, &err), -EUCLEAN);
	assert_int_equal(err.code, -EUCLEAN);
	io_file_close(out);
	free_pair(&p);
}

/* ---- compressors that do what those of libsquashfs may do ---- */

struct odd {
	sqfs_compressor_t base;
	sqfs_s32 result;
};

static sqfs_s32 odd_block(sqfs_compressor_t *cmp, const sqfs_u8 *in, sqfs_u32 size, sqfs_u8 *out,
			  sqfs_u32 outsize)
{
	(void)in;
	(void)size;
	memset(out, 7, outsize);
	return ((struct odd *)cmp)->result;
}

static void odd_destroy(sqfs_object_t *obj)
{
	free(obj);
}

static struct image_codec *odd(sqfs_s32 result)
{
	struct odd *o = calloc(1, sizeof(*o));

	o->base.base.destroy = odd_destroy;
	o->base.do_block = odd_block;
	o->result = result;
	return image_codec_wrap(o);
}

static void test_odd_compressors(void **state)
{
	static const sqfs_s32 bad[] = {SQFS_COMP_MIN - 2, -1000, 0, 64, 65, INT32_MAX};
	unsigned char in[64] = {0}, out[64];
	struct image_codec *codec;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		codec = odd(bad[i]);
		assert_int_equal(image_encode(codec, in, sizeof(in), out), 0);
		if (bad[i] != 64)
			assert_int_equal(image_decode(codec, in, sizeof(in), out, sizeof(out)),
					 -EBADMSG);
		image_codec_free(codec);
	}
	codec = odd(63);
	assert_int_equal(image_encode(codec, in, sizeof(in), out), 63);
	image_codec_free(codec);
}

/* A block that decodes to less than it should is no block of zeros. */
static void test_short_block(void **state)
{
	static const char *const all[] = {"-comp gzip -b 64K", "-comp lzma -b 64K",
					  "-comp zstd -b 64K", "-comp lz4 -b 64K",
					  "-comp xz -b 64K"};
	struct lm_error err = {0};
	unsigned char buf[512], *data, *packed;
	struct image_codec *enc;
	struct io_source *src;
	struct io_file *file;
	struct image *img;
	size_t i, len, n;
	uint64_t place;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		util_squash(at("tree"), at("short.sqfs"), all[i]);
		data = util_slurp(at("short.sqfs"), &len);
		file = util_mem_file(data, len);
		no_error(image_open(file, "short", &img, &err), &err);
		place = image_root_place(img, 0);
		/* The same data, but less of it, over the first block. */
		no_error(image_codec_new(img, IMAGE_ENCODE, &enc, &err), &err);
		packed = malloc(64U << 10);
		n = image_encode(enc, content, 60000, packed);
		assert_true(n > 0 && n <= image_word_bytes(image_root_word(img, 0)));
		memcpy(data + place, packed, n);
		put_le32(img->inodes.data + img->root.inode.list_at, (uint32_t)n);
		no_error(image_root_source(img, &src, &err), &err);
		assert_int_equal(io_source_read(src, buf, sizeof(buf), 0, &err), -EIO);
		assert_int_equal(err.code, -EIO);
		assert_int_equal(image_check(img, NULL, NULL, &err), -EBADMSG);
		io_source_close(src);
		image_codec_free(enc);
		image_close(img);
		io_file_close(file);
		free(packed);
		free(data);
	}
}

/* ---- very many blocks ---- */

#define BIG_BYTES (UINT64_C(9) << 30)

static enum image_fate big_fate(void *arg, uint64_t block)
{
	(void)arg;
	return block == 5 || block == BIG_BYTES / 4096 - 1 ? IMAGE_CHANGE : IMAGE_KEEP;
}

static int big_content(void *arg, uint64_t block, void *buf, size_t len, unsigned char *fresh,
		       struct lm_error *err)
{
	(void)arg;
	(void)err;
	memset(buf, (int)(block % 200) + 1, len);
	*fresh = 0xff;
	return 0;
}

static void *big_job(void *arg)
{
	struct image_change change = {.fate = big_fate, .content = big_content, .threads = 1};
	struct io_file *file, *out;
	struct lm_error err = {0};
	unsigned char buf[4096];
	struct io_source *src;
	struct image *img;

	(void)arg;
	assert_int_equal(io_path_open(at("big.sqfs"), IO_READ, &file), 0);
	no_error(image_open(file, "big", &img, &err), &err);
	assert_int_equal(image_info(img)->root_blocks, BIG_BYTES / 4096);
	unlink(at("new.sqfs"));
	assert_int_equal(io_path_open(at("new.sqfs"), IO_CREATE, &out), 0);
	no_error(image_rewrite(img, &change, out, "new", NULL, NULL, &err), &err);
	no_error(image_verify(img, &change, out, "new", false, NULL, NULL, &err), &err);
	image_close(img);
	no_error(image_open(out, "new", &img, &err), &err);
	no_error(image_root_source(img, &src, &err), &err);
	no_error(io_source_read(src, buf, sizeof(buf), BIG_BYTES - 4096, &err), &err);
	assert_int_equal(buf[77], (BIG_BYTES / 4096 - 1) % 200 + 1);
	no_error(io_source_read(src, buf, sizeof(buf), 4 * 4096, &err), &err);
	assert_int_equal(buf[77], 0);
	io_source_close(src);
	image_close(img);
	io_file_close(out);
	io_file_close(file);
	return NULL;
}

/* Appends metadata blocks, stored as they are. */
static size_t put_meta(unsigned char *to, const unsigned char *from, size_t len)
{
	size_t done = 0, n;

	for (; len; from += n, len -= n) {
		n = len < IMAGE_META_BYTES ? len : IMAGE_META_BYTES;
		put_le16(to + done, (uint16_t)(n | 0x8000));
		memcpy(to + done + 2, from, n);
		done += 2 + n;
	}
	return done;
}

/* A container with nothing but a rootfs.img of 9 GiB, all of it a hole. */
static void make_big(const char *path)
{
	size_t list = (size_t)(BIG_BYTES / 4096) * 4, inodes = 56 + list + 32, len = 96;
	unsigned char *raw = calloc(1, inodes), *img = calloc(1, 2 * inodes), small[64] = {0};
	uint64_t place = (56 + list) / IMAGE_META_BYTES * (IMAGE_META_BYTES + 2);
	struct image_super sb = {.inodes = 2,
				 .block_bytes = 4096,
				 .compression = IMAGE_GZIP,
				 .block_log = 12,
				 .ids = 1,
				 .xattr_start = IMAGE_NOWHERE,
				 .frag_start = IMAGE_NOWHERE,
				 .export_start = IMAGE_NOWHERE,
				 .inode_start = 96};
	unsigned char *dir = raw + 56 + list;

	put_le16(raw, IMAGE_LREG);
	put_le16(raw + 2, 0644);
	put_le32(raw + 12, 2);
	put_le64(raw + 24, BIG_BYTES);
	put_le64(raw + 32, BIG_BYTES - 1);
	put_le32(raw + 40, 1);
	put_le32(raw + 44, IMAGE_NO_FRAGMENT);
	put_le32(raw + 52, UINT32_MAX);
	put_le16(dir, IMAGE_DIR);
	put_le16(dir + 2, 0755);
	put_le32(dir + 12, 1);
	put_le32(dir + 20, 2);
	put_le16(dir + 24, 12 + 8 + 10 + 3);
	put_le32(dir + 28, 3);
	len += put_meta(img + len, raw, inodes);
	sb.root_inode = place << 16 | (56 + list) % IMAGE_META_BYTES;
	sb.dir_start = len;
	put_le32(small + 8, 2);
	put_le16(small + 16, IMAGE_REG);
	put_le16(small + 18, 9);
	memcpy(small + 20, "rootfs.img", 10);
	len += put_meta(img + len, small, 30);
	memset(small, 0, sizeof(small));
	put_le64(img + len + 6, len);
	sb.id_start = len + 6;
	len += put_meta(img + len, small, 4) + 8;
	sb.bytes_used = len;
	image_super_put(&sb, img);
	util_spill(path, img, len);
	free(raw);
	free(img);
}

static void test_many_blocks(void **state)
{
	const char *list[] = {"unsquashfs", "-lln", at("big.sqfs"), NULL};
	const char *list_new[] = {"unsquashfs", "-lln", at("new.sqfs"), NULL};
	pthread_attr_t attr;
	pthread_t thread;

	(void)state;
	make_big(at("big.sqfs"));
	assert_int_equal(util_run(list), 0);
	pthread_attr_init(&attr);
	assert_int_equal(pthread_attr_setstacksize(&attr, 256U << 10), 0);
	assert_int_equal(pthread_create(&thread, &attr, big_job, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	pthread_attr_destroy(&attr);
	assert_int_equal(util_run(list_new), 0);
}

static int setup(void **state)
{
	unsigned char *small;

	(void)state;
	if (!mkdtemp(top))
		return -1;
	content = util_tree(at("tree"), ROOT_BYTES);
	small = util_tree(at("small"), 150000);
	free(small);
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
		cmocka_unit_test(test_flips),           cmocka_unit_test(test_refused),
		cmocka_unit_test(test_refused_options), cmocka_unit_test(test_other_content),
		cmocka_unit_test(test_truncated),       cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_write_errors),    cmocka_unit_test(test_read_errors),
		cmocka_unit_test(test_content_error),   cmocka_unit_test(test_odd_compressors),
		cmocka_unit_test(test_short_block),     cmocka_unit_test(test_many_blocks),
	};

	alarm(240);
	return cmocka_run_group_tests_name("image damage", tests, setup, teardown);
}

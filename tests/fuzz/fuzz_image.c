/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A SquashFS from a stranger: the input is the image. What opens is read,
 * checked, and where the writer takes it written anew with some of its blocks
 * changed; a copy of an image that was found in order is in order as well.
 */
#include "core/image/image.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/store_lab.h"

#define MOST_BLOCKS 64u
#define PAD_BYTES   4096u
#define OUT_BYTES   (UINT64_C(64) << 20)

struct changes {
	uint64_t seed;
};

/* The same answer for a block whenever it is asked for. */
static uint64_t number_of(const struct changes *c, uint64_t block)
{
	uint64_t seed = (c->seed ^ (block * UINT64_C(0x9e3779b97f4a7c15))) | 1;

	lab_random(&seed);
	return lab_random(&seed);
}

static enum image_fate fate(void *arg, uint64_t block)
{
	switch (number_of(arg, block) % 8) {
	case 0:
		return IMAGE_HOLE;
	case 1:
		return IMAGE_CHANGE;
	case 2:
		return IMAGE_MAYBE;
	default:
		return IMAGE_KEEP;
	}
}

static int content(void *arg, uint64_t block, void *buf, size_t len, unsigned char *fresh,
		   struct lm_error *err)
{
	uint64_t n = number_of(arg, block);

	(void)err;
	for (size_t at = 0, i = 0; at < len; at += IMAGE_SECTOR, i++) {
		/* A MAYBE whose sectors are not touched stays what it is. */
		if (n % 8 == 2 && i != n / 8 % 3)
			continue;
		memset((unsigned char *)buf + at, (int)(n >> 16), min_u64(IMAGE_SECTOR, len - at));
		fresh[i / 8] = (unsigned char)(fresh[i / 8] | 1u << i % 8);
	}
	return 0;
}

static void check_info(const struct image_info *info, size_t size)
{
	MUST(memchr(info->compression, 0, sizeof(info->compression)) && info->compression[0]);
	MUST(memchr(info->root_path, 0, sizeof(info->root_path)));
	MUST(memchr(info->why_not, 0, sizeof(info->why_not)) && fuzz_is_printable(info->why_not));
	MUST(info->bytes_used <= size);
	MUST(info->can_rewrite == !info->why_not[0]);
	if (info->root_path[0]) {
		MUST(info->root_stored_bytes <= info->bytes_used);
		MUST(info->root_blocks == div_up(info->root_bytes, info->block_bytes));
	}
}

/* How many blocks of the root image could be read. */
static uint64_t read_root(struct image *image)
{
	const struct image_info *info = image_info(image);
	struct io_source *src;
	struct lm_error err;
	unsigned char *buf = malloc(info->block_bytes);
	uint64_t good = 0;
	int ret;

	MUST(buf);
	ret = image_root_source(image, &src, &err);
	if (ret < 0) {
		fuzz_check_error(ret, &err);
		free(buf);
		return 0;
	}
	MUST(src->size_bytes == info->root_bytes);
	for (uint64_t i = 0; i < info->root_blocks && i < MOST_BLOCKS; i++) {
		uint64_t off = i * info->block_bytes;
		size_t len = (size_t)min_u64(info->block_bytes, info->root_bytes - off);

		ret = io_source_read(src, buf, len, off, &err);
		if (ret < 0)
			fuzz_check_error(ret, &err);
		good += ret == 0;
	}
	io_source_close(src);
	free(buf);
	return good;
}

static void rewrite(struct image *image, bool sound, uint64_t seed)
{
	struct changes changes = {.seed = seed};
	const struct image_change change = {
		.fate = fate, .content = content, .arg = &changes, .threads = 1};
	uint64_t likely, most;
	struct mem_file out;
	struct lm_error err;
	struct image *again;
	int ret;

	if (image_info(image)->root_blocks > 4096)
		return;
	image_estimate(image, &change, &likely, &most);
	MUST(likely <= most);
	mem_file_make(&out, OUT_BYTES, OUT_BYTES);
	out.size = 0;
	ret = image_rewrite(image, &change, &out.file, "new", NULL, NULL, &err);
	if (ret < 0) {
		fuzz_check_error(ret, &err);
		MUST(!sound);
	} else {
		out.size = OUT_BYTES;
		ret = image_open(&out.file, "new", &again, &err);
		MUST(ret == 0 || !sound);
		if (ret == 0) {
			MUST(image_info(again)->root_bytes == image_info(image)->root_bytes);
			MUST(image_info(again)->bytes_used <= most || !sound);
			out.size = div_up(image_info(again)->bytes_used, PAD_BYTES) * PAD_BYTES;
			ret = image_verify(image, &change, &out.file, "new", true, NULL, NULL,
					   &err);
			MUST(ret == 0 || !sound);
			ret = image_check(again, NULL, NULL, &err);
			MUST(ret == 0 || !sound);
			image_close(again);
		}
	}
	mem_file_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mem_file mem;
	struct image *image;
	struct image_pack pack;
	struct lm_error err;
	uint64_t good;
	bool sound;
	int ret;

	mem_file_make(&mem, size, size);
	if (size)
		memcpy(mem.data, data, size);
	ret = image_open(&mem.file, "image", &image, &err);
	if (ret < 0) {
		fuzz_check_error(ret, &err);
		mem_file_free(&mem);
		return 0;
	}
	check_info(image_info(image), size);
	ret = image_check(image, NULL, NULL, &err);
	if (ret < 0)
		fuzz_check_error(ret, &err);
	sound = ret == 0;
	if (image_pack_options(image, &pack, &err) == 0)
		MUST(pack.count <= IMAGE_PACK_ARGS);
	if (image_info(image)->root_path[0] && image_info(image)->can_read) {
		good = read_root(image);
		MUST(!sound || good == min_u64(image_info(image)->root_blocks, MOST_BLOCKS));
	}
	if (image_info(image)->can_rewrite)
		rewrite(image, sound, size ? data[size / 2] : 0);
	image_close(image);
	mem_file_free(&mem);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * change BASE OVERLAY used|all PERMILLE changed|same
 *
 * Makes OVERLAY (a new file) a store over the ext4 in BASE, in which so many
 * in a thousand of the 128 KiB blocks hold something, but at least one: a
 * quarter of the block's data in files changed a little, or written again as
 * it was. Only data of files is touched, so that the file system stays well.
 * used: in a thousand of those that hold data of files, which are nearly all
 * that are stored in an image; all: of all blocks of the root, though what is
 * free in it takes no room in an image, and mksquashfs no time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fs/fs.h"
#include "core/view/view.h"

#define BLOCK (128u << 10)
#define CHUNK 4096u

struct plan {
	unsigned char *chunks; /* one a chunk of the base: 1 = data of a file */
	uint64_t count;
};

static int note_owner(void *arg, enum fs_owner_kind kind, const char *path, bool is_dir,
		      uint64_t off, uint64_t len)
{
	struct plan *plan = arg;
	uint64_t c;

	(void)path;
	if (kind != FS_FILE || is_dir)
		return 0;
	for (c = off / CHUNK; c < (off + len) / CHUNK && c < plan->count; c++)
		plan->chunks[c] = 1;
	return 0;
}

static int fail(const struct lm_error *err)
{
	fprintf(stderr, "change: %s: %s: %s\n", err->what, err->on, err->why);
	return 1;
}

static bool holds_files(const struct plan *plan, uint64_t block)
{
	uint64_t first = block * (BLOCK / CHUNK);

	return memchr(plan->chunks + first, 1, BLOCK / CHUNK) != NULL;
}

static int change_block(struct io_source *view, const struct plan *plan, uint64_t block, bool same,
			struct lm_error *err)
{
	unsigned left = BLOCK / CHUNK / 4;
	unsigned char buf[CHUNK];
	uint64_t c;

	for (c = block * (BLOCK / CHUNK); left && c < (block + 1) * (BLOCK / CHUNK); c++) {
		if (!plan->chunks[c])
			continue;
		if (io_source_read(view, buf, CHUNK, c * CHUNK, err))
			return -1;
		if (!same)
			snprintf((char *)buf + 100, 40, "changed %llu", (unsigned long long)c);
		if (io_source_write(view, buf, CHUNK, c * CHUNK, err))
			return -1;
		left--;
	}
	return 0;
}

static uint64_t count_full(const struct plan *plan, uint64_t blocks)
{
	uint64_t b, full = 0;

	for (b = 0; b < blocks; b++)
		full += holds_files(plan, b);
	return full;
}

/* So many blocks, spread over the full ones, that hold data of files; their number, or -1. */
static long change(struct io_source *view, const struct plan *plan, uint64_t want, uint64_t full,
		   bool same, struct lm_error *err)
{
	uint64_t b, blocks = view->size_bytes / BLOCK, due = full - 1;
	long done = 0;

	for (b = 0; b < blocks; b++) {
		if (!holds_files(plan, b))
			continue;
		due += want;
		if (due < full)
			continue;
		due -= full;
		if (change_block(view, plan, b, same, err))
			return -1;
		done++;
	}
	return io_source_flush(view, err) ? -1 : done;
}

int main(int argc, char **argv)
{
	struct io_file *base_file, *overlay;
	struct io_source *base, *view;
	struct lm_error err = { 0 };
	struct cow_store *store;
	struct plan plan;
	uint64_t full, all, want;
	struct fs *fs;
	long done;

	if (argc != 6)
		return 2;
	if (io_path_open(argv[1], IO_READ, &base_file) ||
	    io_path_open(argv[2], IO_CREATE, &overlay)) {
		fprintf(stderr, "change: cannot open the files\n");
		return 1;
	}
	if (io_file_source(base_file, true, argv[1], 0, 0, &base, &err) ||
	    io_truncate(overlay, base->size_bytes / 4) || cow_format(overlay, 8, argv[2], &err) ||
	    cow_store_open(overlay, argv[2], base->size_bytes / 512, &store, &err) ||
	    view_open(base, store, true, false, &view, &err) || fs_open(base, &fs, &err))
		return fail(&err);
	plan.count = base->size_bytes / CHUNK;
	plan.chunks = calloc(plan.count, 1);
	if (!plan.chunks || fs_owners(fs, note_owner, &plan, &err))
		return fail(&err);
	all = base->size_bytes / BLOCK;
	full = count_full(&plan, all);
	want = (strcmp(argv[3], "all") == 0 ? all : full) * (unsigned)atoi(argv[4]) / 1000;
	done = full ? change(view, &plan, want ? want : 1, full, strcmp(argv[5], "same") == 0, &err)
		    : 0;
	if (done < 0)
		return fail(&err);
	printf("%ld blocks, of %llu that are full and %llu in all; %llu exceptions\n", done,
	       (unsigned long long)full, (unsigned long long)all,
	       (unsigned long long)cow_store_info(store)->exceptions);
	free(plan.chunks);
	fs_close(fs);
	io_source_close(view);
	cow_store_close(store);
	io_source_close(base);
	return io_file_close(overlay) ? 1 : 0;
}

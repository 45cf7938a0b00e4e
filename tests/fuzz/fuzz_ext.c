/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A root file system from a stranger, seen through its overlay: the input is a
 * disk as fuzz.h has it, its other sectors being what the overlay has changed.
 */
#include "core/fs/fs_io.h"
#include "core/fs/fs.h"
#include "core/fs/fs_lost.h"
#include "core/io/io_image.h"
#include "core/report/usage.h"
#include "core/view/view.h"
#include "tests/fuzz/fuzz.h"

#define MOST_SECTORS  (16u << 11)
#define STORE_SECTORS (8u << 11)

struct owners {
	const struct fs *fs;
	uint64_t size, bytes;
	unsigned runs;
};

static int take_owner(void *arg, enum fs_owner_kind kind, const char *path, bool is_dir,
		      uint64_t off_bytes, uint64_t len_bytes)
{
	struct owners *o = arg;

	(void)is_dir;
	MUST(len_bytes > 0 && off_bytes <= o->size && len_bytes <= o->size - off_bytes);
	MUST(kind != FS_FREE && (kind == FS_FILE) == (path != NULL));
	MUST(!path || (path[0] == '/' && fuzz_is_printable(path)));
	MUST(fs_range_used(o->fs, off_bytes, len_bytes));
	o->bytes += len_bytes;
	o->runs++;
	return 0;
}

/* Every used byte has one owner: nothing is left out, and nothing counted twice. */
static void check_owners(struct fs *fs, uint64_t size)
{
	struct owners o = {.fs = fs, .size = size};
	struct lm_error err;
	uint64_t used = 0;
	int ret = fs_owners(fs, take_owner, &o, &err);

	if (ret < 0) {
		fuzz_check_error(ret, &err);
		return;
	}
	for (uint64_t at = 0; at < size; at += 512)
		used += fs_range_used(fs, at, min_u64(512, size - at)) ? min_u64(512, size - at)
								       : 0;
	MUST(o.bytes == used);
}

static void check_fs(struct io_source *src, struct fs *fs)
{
	const struct fs_info *info = fs_info(fs);
	unsigned char block[4096], was[4096];
	struct lm_error err;
	uint64_t lost;
	char why[160];
	bool same = false;
	int ret;

	MUST(memchr(info->type, 0, sizeof(info->type)) &&
	     memchr(info->label, 0, sizeof(info->label)));
	MUST(memchr(info->trouble, 0, sizeof(info->trouble)) && fuzz_is_printable(info->trouble));
	MUST(info->readable == !info->trouble[0]);
	if (info->readable) {
		MUST(info->block_bytes >= 1024 &&
		     info->size_bytes == info->blocks * info->block_bytes);
		MUST(info->size_bytes <= src->size_bytes);
		MUST(info->blocks_free <= info->blocks && info->blocks_avail <= info->blocks_free);
		MUST(info->inodes_free <= info->inodes);
		MUST(fs_same(fs, fs, &same, why) == 0 && same);
	}
	ret = fs_load_bitmap(fs, &err);
	if (ret < 0) {
		fuzz_check_error(ret, &err);
		MUST(info->readable || ret == -EMEDIUMTYPE);
	} else {
		for (uint64_t at = 0; at + sizeof(block) <= min_u64(src->size_bytes, 1 << 20);
		     at += sizeof(block)) {
			memset(block, 0xaa, sizeof(block));
			memcpy(was, block, sizeof(block));
			fs_zero_free(fs, at, block, sizeof(block));
			MUST(info->state == LM_FS_CLEAN || !memcmp(was, block, sizeof(block)));
		}
		check_owners(fs, src->size_bytes);
	}
	ret = fs_count_lost(fs, &lost);
	MUST(ret <= 0 && (info->readable || ret == -EMEDIUMTYPE));
}

static void check_entry(const struct lm_usage_entry *e)
{
	uint64_t children = 0;

	MUST(e->name && fuzz_is_printable(e->name));
	for (const struct lm_usage_entry *c = e->child; c; c = c->next) {
		MUST(c->parent == e);
		MUST(!c->next || c->overlay_bytes >= c->next->overlay_bytes);
		children += c->overlay_bytes;
		check_entry(c);
	}
	MUST(children <= e->overlay_bytes);
}

static void check_usage(struct cow_store *store, struct io_source *base, struct io_source *view,
			struct fs *fs)
{
	const struct stick_look look = {.store = store, .base = base, .view = view, .fs = fs};
	struct lm_usage *u = NULL;
	struct lm_error err;
	int ret = usage_of(&look, NULL, &u, &err);

	if (ret < 0) {
		fuzz_check_error(ret, &err);
		return;
	}
	MUST(u->files_bytes + u->fsmeta_bytes + u->journal_bytes + u->dead_bytes == u->total_bytes);
	MUST(u->root && u->root->overlay_bytes == u->files_bytes);
	MUST(u->total_bytes == cow_store_info(store)->exceptions * u->chunk_bytes);
	check_entry(u->root);
	lm_usage_free(u);
}

static void make_store(struct mem_file *mem, uint32_t chunk_sectors)
{
	mem_file_make(mem, STORE_SECTORS * 512, STORE_SECTORS * 512);
	memcpy(mem->data, "SnAp", 4);
	put_le32(mem->data + 4, 1);
	put_le32(mem->data + 8, 1);
	put_le32(mem->data + 12, chunk_sectors);
}

static void look_inside(struct io_source *base, struct io_source *view, struct cow_store *store)
{
	struct fs *fs, *base_fs;
	struct lm_error err;
	char why[160];
	bool same;

	MUST(fs_open(view, &fs, &err) == 0);
	check_fs(view, fs);
	MUST(fs_open(base, &base_fs, &err) == 0);
	(void)fs_same(base_fs, fs, &same, why);
	check_usage(store, base, view, fs);
	fs_close(base_fs);
	fs_close(fs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mem_file disk, store_mem;
	struct io_source *base, *again, *view;
	struct cow_store *store;
	struct fuzz_sector s;
	struct lm_error err;
	struct io *io;
	size_t at = 0;
	int ret;

	fuzz_disk(data, size, MOST_SECTORS, &disk);
	make_store(&store_mem, size & 1 ? 8 : 16);
	MUST(io_file_source(&disk.file, false, "base", 0, 0, &base, &err) == 0);
	MUST(cow_store_open(&store_mem.file, "overlay", base->size_bytes / 512, &store, &err) == 0);
	MUST(view_open(base, store, true, false, &view, &err) == 0);
	while (fuzz_next_sector(data, size, &at, &s)) {
		if (s.other && s.number < base->size_bytes / 512)
			MUST(io_source_write(view, s.bytes, 512, s.number * UINT64_C(512), &err) ==
			     0);
	}
	MUST(io_source_flush(view, &err) == 0);
	look_inside(base, view, store);
	/* The same as the file system of a stick. */
	MUST(io_file_source(&disk.file, false, "base", 0, 0, &again, &err) == 0);
	ret = fs_io_open(again, &io, &err);
	if (ret < 0)
		fuzz_check_error(ret, &err);
	else
		fuzz_look_round(io);
	io_close(io);
	io_source_close(view);
	cow_store_close(store);
	io_source_close(base);
	mem_file_free(&store_mem);
	mem_file_free(&disk);
	return 0;
}

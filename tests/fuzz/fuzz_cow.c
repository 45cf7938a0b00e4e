/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A store from a stranger: the input is the content of the file. What the
 * format leaves unused in the header says the rest: bytes 16-17 the sectors of
 * the base (0: not known), 18-19 how many sectors of zeros follow the input,
 * 20-27 the seed for what is written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/view/view.h"
#include "tests/unit/store_lab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition) do { if (!(condition)) abort(); } while (0)
#define WRITES 48

struct tables {
	uint64_t n, area, next_free;
	bool cut_off;
};

/* The tables as the kernel reads them. */
static struct tables read_tables(const struct mem_file *mem, uint32_t c)
{
	uint64_t cb = (uint64_t)c * 512, e = cb / 16;
	struct tables t = { .next_free = 2 };

	for (bool ended = false; !ended;) {
		uint64_t at = (1 + t.area * (e + 1)) * cb;

		if (at + cb > mem->size) {
			t.cut_off = true;
			break;
		}
		for (uint64_t i = 0; i < e && !ended; i++) {
			uint64_t new_chunk = get_le64(mem->data + at + i * 16 + 8);

			ended = !new_chunk;
			t.n += !ended;
			if (!ended && t.next_free <= new_chunk)
				t.next_free = new_chunk + 1;
		}
		t.area += !ended;
	}
	if (t.next_free % (e + 1) == 1)
		t.next_free++;
	return t;
}

static void check_figures(const struct mem_file *mem, const struct cow_info *info)
{
	struct tables t;

	MUST(info->file_bytes == mem->size && info->total_sectors == mem->size / 512);
	MUST((info->state == LM_STATE_DAMAGED) == (info->trouble[0] != '\0'));
	MUST(memchr(info->trouble, 0, sizeof(info->trouble)));
	MUST(info->exceptions <= mem->stored / 16);
	MUST(info->room_chunks <= cow_capacity(mem->size, info->chunk_sectors));
	if (info->header_zero)
		MUST(info->state == LM_STATE_EMPTY || info->state == LM_STATE_FULL ||
		     info->state == LM_STATE_DAMAGED);
	if (info->header_zero || mem->size < 16 || get_le32(mem->data) != 0x70416e53 ||
	    info->version != 1 || get_le32(mem->data + 12) != info->chunk_sectors)
		return;
	t = read_tables(mem, info->chunk_sectors);
	MUST(info->exceptions == t.n);
	MUST(info->next_free == t.next_free);
	MUST(info->allocated_sectors == t.next_free * info->chunk_sectors);
	if (t.cut_off)
		MUST(info->state == LM_STATE_DAMAGED);
	else
		MUST(info->metadata_sectors == (t.area + 2) * info->chunk_sectors);
}

static void on_problem(void *arg, const struct cow_problem *problem)
{
	MUST(problem->count > 0);
	*(unsigned *)arg |= 1u << problem->fault;
}

/* Returns the faults as bits. */
static unsigned look(struct cow_store *store)
{
	const struct cow_info *info = cow_store_info(store);
	const struct cow_exception *e;
	unsigned faults = 0;
	unsigned char buf[512];
	uint64_t n;
	struct lm_error err;

	MUST(cow_store_check(store, on_problem, &faults, &err) == __builtin_popcount(faults));
	e = cow_store_sorted(store, &n);
	MUST(n <= info->exceptions);
	/* Records that say the same twice are no fault. */
	MUST(n < info->exceptions || !(faults & 1u << COW_FAULT_OLD_TWICE));
	for (uint64_t i = 0; i < n; i++) {
		MUST(i == 0 || e[i - 1].old_chunk < e[i].old_chunk);
		MUST(e[i].new_chunk && cow_store_lookup(store, e[i].old_chunk) == e[i].new_chunk);
		if (i < 64) {
			int rc = cow_store_read(store, e[i].new_chunk,
						info->chunk_sectors * 512 - 512, buf, 512, &err);

			MUST(rc == 0 || rc == -EIO);
			MUST(rc == 0 || info->state == LM_STATE_DAMAGED);
		}
	}
	return faults;
}

static struct cow_store *open_store(struct mem_file *mem, uint64_t base_sectors)
{
	struct cow_store *store;
	struct lm_error err;

	MUST(cow_store_open(&mem->file, "overlay", base_sectors, &store, &err) == 0);
	check_figures(mem, cow_store_info(store));
	return store;
}

static int base_read(struct io_source *src, void *buf, size_t len, uint64_t off,
		     struct lm_error *err)
{
	(void)src;
	(void)err;
	for (size_t at = 0; at < len;) {
		size_t part = min_u64(len - at, 512 - (off + at) % 512);

		memset((unsigned char *)buf + at, (int)((off + at) / 512 % 251), part);
		at += part;
	}
	return 0;
}

static void base_close(struct io_source *src)
{
	(void)src;
}

static const struct io_source_ops base_ops = { .read = base_read, .close = base_close };

static void read_all(struct io_source *view, unsigned char *buf)
{
	struct lm_error err;

	MUST(io_source_read(view, buf, view->size_bytes, 0, &err) == 0);
}

/* Writes through the view, beside a plain copy of it; both are the same then and after. */
static void write_some(struct mem_file *mem, struct cow_store *store, uint64_t base_sectors,
		       uint64_t seed)
{
	bool force = !cow_store_info(store)->valid;
	struct io_source base = { .ops = &base_ops, .size_bytes = base_sectors * 512 };
	struct io_source *view;
	unsigned char *model, *buf;
	struct lm_error err;
	uint64_t bytes = base_sectors * 512;

	MUST(view_open(&base, store, true, force, &view, &err) == 0);
	model = malloc(bytes);
	buf = malloc(bytes);
	MUST(model && buf);
	read_all(view, model);
	for (int i = 0; i < WRITES; i++) {
		uint64_t off = lab_random(&seed) % bytes;
		uint64_t cb = cow_store_info(store)->chunk_sectors * 512;
		uint64_t len = min_u64(lab_random(&seed) % (2 * cb) + 1, bytes - off);
		bool room = cow_store_info(store)->room_chunks > 2;
		int rc;

		memset(buf, (int)lab_random(&seed), len);
		rc = io_source_write(view, buf, len, off, &err);
		MUST(rc == 0 || (rc == -ENOSPC && !room));
		if (rc == 0)
			memcpy(model + off, buf, len);
		else
			read_all(view, model); /* the first chunks of it may have been written */
		if (lab_random(&seed) % 8 == 0)
			MUST(io_source_flush(view, &err) == 0);
	}
	read_all(view, buf);
	MUST(!memcmp(buf, model, bytes));
	MUST(io_source_flush(view, &err) == 0);
	io_source_close(view);

	store = open_store(mem, base_sectors);
	MUST(cow_store_info(store)->state != LM_STATE_DAMAGED);
	look(store);
	MUST(view_open(&base, store, false, force, &view, &err) == 0);
	read_all(view, buf);
	MUST(!memcmp(buf, model, bytes));
	io_source_close(view);
	cow_store_close(store);
	free(model);
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t base_sectors = 0, more = 0, seed = 1;
	struct mem_file mem;
	struct cow_store *store;

	if (size >= 28) {
		base_sectors = get_le16(data + 16);
		more = get_le16(data + 18) * 512u;
		seed = get_le64(data + 20) | 1;
	}
	mem_file_make(&mem, size + more, size + more);
	if (size)
		memcpy(mem.data, data, size);
	store = open_store(&mem, base_sectors);
	look(store);
	if (cow_store_info(store)->state != LM_STATE_DAMAGED && base_sectors &&
	    base_sectors <= 1024 && cow_store_info(store)->chunk_sectors <= 128)
		write_some(&mem, store, base_sectors, seed);
	cow_store_close(store);
	mem_file_free(&mem);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The merged view and its export, held against a plain copy in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/view/view.h"
#include "tests/unit/store_lab.h"
#include "tests/lib/narrow.h"

struct world {
	struct lab lab;
	struct lab_base base;
	struct cow_store *store;
	struct io_source *view;
	unsigned char *model; /* what the view ought to read */
	uint64_t bytes;
};

static void world_open(struct world *world, bool writable)
{
	struct lm_error err;

	assert_int_equal(cow_store_open(&world->lab.mem.file, "overlay", (world->bytes + 511) / 512,
					&world->store, &err),
			 0);
	assert_int_equal(
		view_open(&world->base.source, world->store, writable, false, &world->view, &err),
		0);
	assert_int_equal(world->view->size_bytes, world->bytes);
}

static void world_shut(struct world *world)
{
	io_source_close(world->view);
	cow_store_close(world->store);
}

static void world_make(struct world *world, uint32_t c, uint64_t bytes, uint64_t room)
{
	memset(world, 0, sizeof(*world));
	world->bytes = bytes;
	lab_make(&world->lab, c, room * c);
	lab_base_make(&world->base, bytes);
	world->model = malloc(bytes);
	assert_non_null(world->model);
	for (uint64_t i = 0; i < bytes; i++)
		world->model[i] = lab_byte(i / 512, i % 512, 99);
}

static void world_free(struct world *world)
{
	lab_free(&world->lab);
	free(world->model);
}

/* An exception made by the lab, and the same in the model. */
static void world_add(struct world *world, uint64_t old_chunk)
{
	uint64_t cb = world->lab.cb;

	lab_add(&world->lab, old_chunk);
	for (uint64_t i = 0; i < cb && old_chunk * cb + i < world->bytes; i++)
		world->model[old_chunk * cb + i] = lab_byte(old_chunk, i, 0);
}

static void assert_view(struct world *world, uint64_t *seed)
{
	unsigned char *buf = malloc(world->bytes);
	struct lm_error err;

	assert_non_null(buf);
	assert_int_equal(io_source_read(world->view, buf, world->bytes, 0, &err), 0);
	assert_memory_equal(buf, world->model, world->bytes);
	for (int i = 0; i < 400; i++) {
		uint64_t off = lab_random(seed) % world->bytes;
		uint64_t len = lab_random(seed) % (world->bytes - off + 1);

		if (i % 4)
			len %= 3 * world->lab.cb;
		memset(buf, 0xee, len + (off + len < world->bytes));
		assert_int_equal(io_source_read(world->view, buf, len, off, &err), 0);
		assert_memory_equal(buf, world->model + off, len);
		if (off + len < world->bytes)
			assert_int_equal(buf[len], 0xee);
	}
	assert_int_equal(io_source_read(world->view, buf, 2, world->bytes - 1, &err), -EINVAL);
	free(buf);
}

static const uint32_t chunk_sizes[] = { 1, 8, 32, 128 };

static void test_read(void **state)
{
	(void)state;
	for (size_t s = 0; s < 4; s++) {
		uint32_t c = chunk_sizes[s];
		uint64_t cb = c * 512, chunks = c > 8 ? 40 : 600, seed = c;
		struct world world;

		/* the base ends within a chunk, and not even at a sector */
		world_make(&world, c, chunks * cb - 100, chunks * 2);
		for (uint64_t i = 0; i < chunks; i++) {
			if (i % 9 < 4) /* in runs */
				world_add(&world, i);
		}
		for (uint64_t i = chunks; i-- > 0;) {
			if (i % 9 == 6) /* in the other order */
				world_add(&world, i);
		}
		if ((chunks - 1) % 9 != 6 && (chunks - 1) % 9 >= 4)
			world_add(&world, chunks - 1);
		world_open(&world, false);
		assert_view(&world, &seed);
		/* a run is one read */
		{
			unsigned char *buf = malloc(4 * cb);
			struct lm_error err;

			assert_non_null(buf);
			world.lab.mem.reads = world.base.reads = 0;
			assert_int_equal(io_source_read(world.view, buf, 4 * cb, 9 * cb, &err), 0);
			assert_int_equal(world.lab.mem.reads, 1);
			assert_int_equal(world.base.reads, 0);
			assert_int_equal(io_source_read(world.view, buf, 2 * cb, 4 * cb, &err), 0);
			assert_int_equal(world.base.reads, 1);
			assert_int_equal(world.lab.mem.reads, 1);
			assert_int_equal(io_source_write(world.view, buf, 1, 0, &err), -EROFS);
			free(buf);
		}
		world_shut(&world);
		world_free(&world);
	}
}

static void test_write(void **state)
{
	(void)state;
	for (size_t s = 0; s < 4; s++) {
		uint32_t c = chunk_sizes[s];
		uint64_t cb = c * 512, chunks = c > 8 ? 40 : 600, seed = c + 5;
		struct world world;
		unsigned char *buf = malloc(5 * cb);
		struct lm_error err;

		assert_non_null(buf);
		world_make(&world, c, chunks * cb - 300, chunks * 2);
		if (c == 8)
			memset(world.lab.mem.data, 0, 16); /* a new store */
		else
			world_add(&world, 3);
		world_open(&world, true);
		for (int i = 0; i < 300; i++) {
			uint64_t off = lab_random(&seed) % world.bytes;
			uint64_t len = lab_random(&seed) % (5 * cb);

			if (i % 3 == 0)
				off = off / cb * cb;
			if (len > world.bytes - off)
				len = world.bytes - off;
			for (uint64_t k = 0; k < len; k++)
				buf[k] = (unsigned char)lab_random(&seed);
			assert_int_equal(io_source_write(world.view, buf, len, off, &err), 0);
			if (len)
				memcpy(world.model + off, buf, len);
			if (i % 50 == 49) {
				assert_view(&world, &seed);
				assert_int_equal(io_source_flush(world.view, &err), 0);
				world_shut(&world);
				world_open(&world, true);
				assert_view(&world, &seed);
			}
		}
		world_shut(&world);
		world_free(&world);
		free(buf);
	}
}

static void test_no_room(void **state)
{
	struct world world;
	struct lm_error err;
	unsigned char buf[9000];
	uint64_t seed = 5;

	(void)state;
	memset(buf, 0x55, sizeof(buf));
	world_make(&world, 8, 100 * 4096, 4); /* room for two */
	world_open(&world, true);
	assert_int_equal(io_source_write(world.view, buf, 10, 4096 * 7 + 3, &err), 0);
	memset(world.model + 4096 * 7 + 3, 0x55, 10);
	assert_int_equal(io_source_write(world.view, buf, 4096, 4096 * 9, &err), 0);
	memset(world.model + 4096 * 9, 0x55, 4096);
	world.base.reads = 0;
	assert_int_equal(io_source_write(world.view, buf, 10, 4096 * 8, &err), -ENOSPC);
	assert_int_equal(io_source_write(world.view, buf, 4096, 4096 * 8, &err), -ENOSPC);
	assert_int_equal(world.base.reads, 0);
	assert_int_equal(io_source_write(world.view, buf, 10, 4096 * 9 + 5, &err), 0);
	assert_view(&world, &seed);
	assert_int_equal(io_source_flush(world.view, &err), 0);
	world_shut(&world);
	world_free(&world);
}

static int open_view(struct lab *lab, struct lab_base *base, bool writable, bool force,
		     unsigned char *first, struct lm_error *err)
{
	struct cow_store *store;
	struct io_source *view;
	int rc;

	assert_int_equal(cow_store_open(&lab->mem.file, "overlay", base->source.size_bytes / 512,
					&store, err),
			 0);
	rc = view_open(&base->source, store, writable, force, &view, err);
	if (!rc) {
		assert_int_equal(io_source_read(view, first, 1, 0, err), 0);
		io_source_close(view);
	} else {
		assert_null(view);
	}
	cow_store_close(store);
	return rc;
}

static void test_refusals(void **state)
{
	struct lab lab;
	struct lab_base base;
	struct io_source *view;
	struct lm_error err;
	unsigned char first, buf[8192];

	(void)state;
	lab_make(&lab, 8, 80);
	lab_add(&lab, 0);
	lab_base_make(&base, 40960);
	assert_int_equal(open_view(&lab, &base, true, false, &first, &err), 0);
	lab.mem.data[4] = 0; /* invalid */
	assert_int_equal(open_view(&lab, &base, false, false, &first, &err), -EUCLEAN);
	assert_int_equal(err.outcome, LM_REFUSED);
	assert_int_equal(open_view(&lab, &base, false, true, &first, &err), 0);
	assert_int_equal(first, lab_byte(0, 0, 0));
	lab.mem.data[4] = 1;
	lab_record(&lab, 1, 99); /* damaged: beyond the end */
	assert_int_equal(open_view(&lab, &base, false, false, &first, &err), -EUCLEAN);
	assert_true(err.why[0] != '\0');
	assert_int_equal(open_view(&lab, &base, false, true, &first, &err), 0);
	assert_int_equal(open_view(&lab, &base, true, true, &first, &err), -EUCLEAN);
	lab_free(&lab);

	assert_int_equal(view_open(&base.source, NULL, true, false, &view, &err), -EROFS);
	assert_int_equal(view_open(&base.source, NULL, false, false, &view, &err), 0);
	assert_int_equal(io_source_read(view, buf, 8192, 100, &err), 0);
	assert_int_equal(buf[0], lab_byte(0, 100, 99));
	base.fail_with = -EIO;
	assert_int_equal(io_source_read(view, buf, 8192, 100, &err), -EIO);
	io_source_close(view);
}

/* ---- export ---- */

struct plain {
	struct io_source source;
	const unsigned char *data;
};

static int plain_read(struct io_source *src, void *buf, size_t len, uint64_t off,
		      struct lm_error *err)
{
	(void)err;
	memcpy(buf, ((struct plain *)src)->data + off, len);
	return 0;
}

static void plain_close(struct io_source *src)
{
	(void)src;
}

struct watched {
	uint64_t last, total;
	unsigned calls, stop_at;
};

static int on_watch(void *arg, uint64_t done, uint64_t total, const char *text)
{
	struct watched *watched = arg;

	assert_non_null(text);
	assert_true(done >= watched->last && done <= total);
	watched->last = done;
	watched->total = total;
	return ++watched->calls == watched->stop_at;
}

static void test_export(void **state)
{
	static const struct io_source_ops ops = { .read = plain_read, .close = plain_close };
	const uint64_t bytes = (5 << 20) + 4096 * 3 + 77;
	struct plain plain = { .source = { .ops = &ops, .size_bytes = bytes } };
	unsigned char *data = calloc(1, bytes), *back = malloc(bytes);
	struct watched watched = { 0 };
	struct lm_watch watch = { on_watch, &watched };
	struct mem_file mem;
	struct lm_error err;
	uint64_t seed = 3, written = 0;

	(void)state;
	assert_non_null(data);
	assert_non_null(back);
	plain.data = data;
	for (uint64_t block = 0; block < bytes / 4096; block++) {
		if (block % 7 < 3 && block > 300)
			data[block * 4096 + lab_random(&seed) % 4096] = 1;
		written += block % 7 < 3 && block > 300 ? 4096 : 0;
	}
	mem_file_make(&mem, 0, bytes);
	memset(mem.data, 0, bytes);
	mem.record = true;
	assert_int_equal(view_export(&plain.source, &mem.file, "out", &watch, &err), 0);
	assert_int_equal(mem.size, bytes);
	assert_memory_equal(mem.data, data, bytes);
	assert_int_equal(watched.last, bytes);
	assert_true(mem.events[mem.n_events - 1].flush);
	for (size_t i = 0; i < mem.n_events; i++)
		written -= mem.events[i].len;
	assert_int_equal(written, 0); /* nothing but what is not zero */
	mem_file_free(&mem);

	data[bytes - 1] = 9; /* the end that is no whole block */
	mem_file_make(&mem, 0, bytes);
	assert_int_equal(view_export(&plain.source, &mem.file, "out", NULL, &err), 0);
	assert_memory_equal(mem.data, data, bytes);
	mem_file_free(&mem);

	memset(&watched, 0, sizeof(watched));
	watched.stop_at = 3;
	mem_file_make(&mem, 0, bytes);
	assert_int_equal(view_export(&plain.source, &mem.file, "out", &watch, &err), -ECANCELED);
	assert_int_equal(err.outcome, LM_CANCELLED);
	mem_file_free(&mem);

	for (unsigned nth = 1; nth < 4; nth++) {
		mem_file_make(&mem, 0, bytes);
		mem.fail_at = nth;
		mem.fail_with = -ENOSPC;
		assert_int_equal(view_export(&plain.source, &mem.file, "out", NULL, &err), -ENOSPC);
		assert_string_equal(err.on, "out");
		mem_file_free(&mem);
	}
	free(data);
	free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),    cmocka_unit_test(test_write),
		cmocka_unit_test(test_no_room), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_export),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

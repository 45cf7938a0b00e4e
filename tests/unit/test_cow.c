/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading stores that were built byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/cow_checks.h"
#include "tests/lib/narrow.h"

static const uint32_t chunk_sizes[] = { 1, 8, 16, 32, 128, 2048 };
#define N_SIZES (sizeof(chunk_sizes) / sizeof(chunk_sizes[0]))

/* Big enough for tables only: the data of these stores is never read. */
static void make_tables(struct lab *lab, uint32_t c, uint64_t n)
{
	uint64_t e = (uint64_t)c * 32, chunks = n + n / e + 40;

	lab_make(lab, c, 0);
	mem_file_free(&lab->mem);
	mem_file_make(&lab->mem, chunks * c * 512, (2 + n / e * (e + 1)) * c * 512);
	memcpy(lab->mem.data, "SnAp\1\0\0\0\1\0\0\0", 12);
	lab->mem.data[12] = (unsigned char)c;
	lab->mem.data[13] = (unsigned char)(c >> 8);
	for (uint64_t i = 0; i < n; i++) {
		lab_record(lab, i * 3, lab->next++);
		if (lab->next % (e + 1) == 1)
			lab->next++;
	}
}

static void test_figures(void **state)
{
	(void)state;
	for (size_t s = 0; s < N_SIZES; s++) {
		uint32_t c = chunk_sizes[s];
		uint64_t e = (uint64_t)c * 32;
		uint64_t n[] = { 0, 1, 2, e - 1, e, e + 1, 2 * e, 2 * e + 1, 3 * e + 7 };

		for (size_t k = 0; k < sizeof(n) / sizeof(n[0]); k++) {
			struct lab lab;
			struct cow_store *store;
			struct faults faults;

			/* Several areas of large chunks lie too far apart for 32 bits. */
			if ((n[k] + 2) * c * 512 > SIZE_MAX / 4)
				continue;
			make_tables(&lab, c, n[k]);
			store = open_mem(&lab.mem, 0);
			assert_figures(&lab, store);
			assert_int_equal(cow_store_info(store)->state,
					 n[k] ? LM_STATE_ACTIVE : LM_STATE_EMPTY);
			assert_int_equal(collect_faults(store, &faults), 0);
			if (n[k]) {
				assert_int_equal(cow_store_lookup(store, 0), 2);
				assert_int_not_equal(cow_store_lookup(store, (n[k] - 1) * 3), 0);
			}
			assert_int_equal(cow_store_lookup(store, 1), 0);
			assert_int_equal(cow_store_lookup(store, n[k] * 3), 0);
			cow_store_close(store);
			lab_free(&lab);
		}
	}
}

static void assert_reads(struct cow_store *store, uint64_t old_chunk, uint64_t cb)
{
	uint64_t chunk = cow_store_lookup(store, old_chunk);
	unsigned char *buf = malloc(cb);
	struct lm_error err;

	assert_non_null(buf);
	assert_int_not_equal(chunk, 0);
	assert_int_equal(cow_store_read(store, chunk, 0, buf, cb, &err), 0);
	for (uint64_t i = 0; i < cb; i++)
		assert_int_equal(buf[i], lab_byte(old_chunk, i, 0));
	assert_int_equal(cow_store_read(store, chunk, (uint32_t)cb - 5, buf, 5, &err), 0);
	assert_int_equal(buf[4], lab_byte(old_chunk, cb - 1, 0));
	free(buf);
}

/* Random order, with data; the end of the file is no whole chunk. */
static void test_data(void **state)
{
	(void)state;
	for (size_t s = 0; s < N_SIZES - 1; s++) {
		uint32_t c = chunk_sizes[s];
		uint64_t n = c > 32 ? 40 : 3 * c * 32 + 5, seed = 7 + c;
		struct lab lab;
		struct cow_store *store;
		struct faults faults;
		const struct cow_exception *sorted;
		uint64_t count, *olds = calloc(n, sizeof(*olds));

		assert_non_null(olds);
		lab_make(&lab, c, (n + n / (c * 32) + 5) * c + (c > 1 ? c / 2 : 0));
		for (uint64_t i = 0; i < n; i++)
			olds[i] = i * 5 + lab_random(&seed) % 5;
		for (uint64_t i = n - 1; i > 0; i--) {
			uint64_t k = lab_random(&seed) % (i + 1), swap = olds[i];

			olds[i] = olds[k];
			olds[k] = swap;
		}
		for (uint64_t i = 0; i < n; i++)
			lab_add(&lab, olds[i]);
		store = open_mem(&lab.mem, n * 5 * c);
		assert_figures(&lab, store);
		assert_int_equal(collect_faults(store, &faults), 0);
		for (uint64_t i = 0; i < n; i++)
			assert_reads(store, olds[i], lab.cb);
		sorted = cow_store_sorted(store, &count);
		assert_int_equal(count, n);
		for (uint64_t i = 1; i < n; i++)
			assert_true(sorted[i - 1].old_chunk < sorted[i].old_chunk);
		cow_store_close(store);
		free(olds);
		lab_free(&lab);
	}
}

/* What the kernel would take, one exception after the other. */
static uint64_t simulate(uint64_t bytes, uint32_t c)
{
	uint64_t z = bytes / 512, e = (uint64_t)c * 32, next = 2, area = 0, n = 0;

	while ((next + 1) * c <= z) {
		next++;
		if (next % (e + 1) == 1)
			next++;
		if ((n + 1) % e == 0 && (1 + ++area * (e + 1) + 1) * c > z)
			break;
		n++;
	}
	return n;
}

static void test_capacity(void **state)
{
	static const uint64_t exact[] = { 256, 513, 770, 1027, 1284 };

	(void)state;
	for (uint64_t chunks = 0; chunks < 2200; chunks++) {
		assert_int_equal(cow_capacity(chunks * 4096, 8), simulate(chunks * 4096, 8));
		assert_int_equal(cow_capacity(chunks * 4096 + 4095, 8), simulate(chunks * 4096, 8));
		assert_int_equal(cow_capacity(chunks * 512, 1), simulate(chunks * 512, 1));
		assert_int_equal(cow_size_is_exact_fit(chunks * 4096, 8),
				 chunks > 1 && chunks % 257 == 1);
	}
	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
		assert_true(cow_size_is_exact_fit(exact[i] << 20, 8));
		assert_false(cow_size_is_exact_fit((exact[i] << 20) + 4096, 8));
		assert_false(cow_size_is_exact_fit((exact[i] << 20) - 4096, 8));
	}
	assert_true(cow_size_is_exact_fit(509ull << 20, 16));
	assert_true(cow_size_is_exact_fit(1009ull << 20, 32));
	assert_int_equal(cow_capacity(1 << 20, 0), 0);
	assert_int_equal(cow_capacity(1 << 20, 7), 0);
	assert_int_equal(cow_capacity(4294967295u, 8), simulate(4294967295u, 8));
	assert_true(cow_capacity(UINT64_MAX, 1) > 0);
}

static void test_full(void **state)
{
	static const uint64_t chunks[] = { 3, 33, 34, 35, 66, 67, 68, 100 };

	(void)state;
	for (size_t k = 0; k < sizeof(chunks) / sizeof(chunks[0]); k++) {
		uint64_t room = simulate(chunks[k] * 512, 1);

		for (uint64_t n = 0; n <= room; n++) {
			struct lab lab;
			struct cow_store *store;
			const struct cow_info *info;

			lab_make(&lab, 1, chunks[k]);
			for (uint64_t i = 0; i < n; i++)
				lab_add(&lab, i);
			store = open_mem(&lab.mem, 0);
			info = cow_store_info(store);
			assert_int_equal(info->room_chunks, room - n);
			assert_int_equal(info->state, n == room ? LM_STATE_FULL
						      : n       ? LM_STATE_ACTIVE
								: LM_STATE_EMPTY);
			cow_store_close(store);
			lab_free(&lab);
		}
	}
}

/* 256 MiB with chunks of 4 KiB: the store that the kernel spoils when it gets full. */
static void test_exact_fit(void **state)
{
	struct lab lab;
	struct cow_store *store;
	struct faults faults;
	uint64_t room = cow_capacity(256 << 20, 8);

	(void)state;
	assert_int_equal(room, 65279);
	lab_make(&lab, 8, 524288);
	for (uint64_t i = 0; i < room; i++) {
		lab_record(&lab, i, lab.next++);
		if (lab.next % 257 == 1)
			lab.next++;
	}
	store = open_mem(&lab.mem, 0);
	assert_figures(&lab, store);
	assert_int_equal(cow_store_info(store)->state, LM_STATE_FULL);
	assert_int_equal(cow_store_info(store)->room_chunks, 0);
	assert_int_equal(collect_faults(store, &faults), 1);
	assert_int_equal(faults.count[COW_FAULT_EXACT_FIT], 1);
	assert_true(faults.first[COW_FAULT_EXACT_FIT].harmless); /* merging it is the cure */
	cow_store_close(store);

	/* One more would fill the last area: nothing is there behind it. */
	lab_record(&lab, room, lab.next);
	store = open_mem(&lab.mem, 0);
	assert_int_equal(cow_store_info(store)->state, LM_STATE_DAMAGED);
	assert_int_equal(cow_store_info(store)->exceptions, 65280);
	collect_faults(store, &faults);
	assert_int_equal(faults.count[COW_FAULT_TRUNCATED], 1);
	cow_store_close(store);
	lab_free(&lab);
}

/* Opens a store whose header was spoiled by hand. */
static void assert_header(const char *bytes16, uint64_t size, enum lm_overlay_state want)
{
	struct lab lab;
	struct cow_store *store;
	struct faults faults;
	const struct cow_info *info;

	lab_make(&lab, 8, 64);
	lab_add(&lab, 5);
	memcpy(lab.mem.data, bytes16, 16);
	lab.mem.size = size;
	store = open_mem(&lab.mem, 0);
	info = cow_store_info(store);
	assert_int_equal(info->state, want);
	assert_int_equal(info->trouble[0] != '\0', want == LM_STATE_DAMAGED);
	assert_int_equal(collect_faults(store, &faults) > 0,
			 want == LM_STATE_DAMAGED || want == LM_STATE_INVALID);
	if (want == LM_STATE_EMPTY || want == LM_STATE_DAMAGED)
		assert_int_equal(info->exceptions, 0);
	if (want == LM_STATE_EMPTY) {
		assert_true(info->header_zero);
		assert_int_equal(info->chunk_sectors, 8);
		assert_int_equal(info->allocated_sectors, 16);
		assert_int_equal(info->metadata_sectors, 16);
	}
	cow_store_close(store);
	lab_free(&lab);
}

static void test_headers(void **state)
{
	(void)state;
	assert_header("SnAp\1\0\0\0\1\0\0\0\10\0\0\0", 32768, LM_STATE_ACTIVE);
	assert_header("SnAp\2\0\0\0\1\0\0\0\10\0\0\0", 32768, LM_STATE_ACTIVE);
	assert_header("SnAp\0\0\0\0\1\0\0\0\10\0\0\0", 32768, LM_STATE_INVALID);
	assert_header("\0\0\0\0\1\0\0\0\1\0\0\0\10\0\0\0", 32768, LM_STATE_EMPTY);
	assert_header("SnAq\1\0\0\0\1\0\0\0\10\0\0\0", 32768, LM_STATE_DAMAGED);
	assert_header("SnAp\1\0\0\0\2\0\0\0\10\0\0\0", 32768, LM_STATE_DAMAGED);
	assert_header("SnAp\1\0\0\0\1\0\0\0\0\0\0\0", 32768, LM_STATE_DAMAGED);
	assert_header("SnAp\1\0\0\0\1\0\0\0\7\0\0\0", 32768, LM_STATE_DAMAGED);
	assert_header("SnAp\1\0\0\0\1\0\0\0\0\40\0\0", 32768, LM_STATE_DAMAGED);
	assert_header("SnAp\1\0\0\0\1\0\0\0\0\0\0\200", 32768, LM_STATE_DAMAGED);
	assert_header("SnAp\1\0\0\0\1\0\0\0\10\0\0\0", 8191, LM_STATE_DAMAGED);
	assert_header("SnAp\1\0\0\0\1\0\0\0\10\0\0\0", 15, LM_STATE_DAMAGED);
	assert_header("SnAp\1\0\0\0\1\0\0\0\10\0\0\0", 0, LM_STATE_DAMAGED);
	assert_header("\0\0\0\0\1\0\0\0\1\0\0\0\10\0\0\0", 8191, LM_STATE_DAMAGED);
	assert_header("\0\0\0\0\1\0\0\0\1\0\0\0\10\0\0\0", 8192, LM_STATE_FULL);
}

static void test_invalid_reads(void **state)
{
	struct lab lab;
	struct cow_store *store;
	struct faults faults;

	(void)state;
	lab_make(&lab, 8, 64);
	lab_add(&lab, 5);
	lab.mem.data[4] = 0;
	store = open_mem(&lab.mem, 0);
	assert_figures(&lab, store);
	assert_false(cow_store_info(store)->valid);
	assert_reads(store, 5, 4096);
	assert_int_equal(collect_faults(store, &faults), 1);
	assert_int_equal(faults.count[COW_FAULT_INVALID], 1);
	cow_store_close(store);
	lab_free(&lab);
}

/* Lengths that only a liar gives cost neither memory nor time. */
static void test_huge(void **state)
{
	struct lab lab;
	struct cow_store *store;
	uint64_t sizes[] = { 1ull << 40, 1ull << 62, INT64_MAX, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		lab_make(&lab, 1, 64);
		lab_add(&lab, UINT64_MAX);
		lab_add(&lab, 1);
		lab.mem.size = sizes[i];
		mem_file_forget(&lab.mem);
		store = open_mem(&lab.mem, 0);
		assert_int_equal(cow_store_info(store)->exceptions, 2);
		assert_int_equal(cow_store_info(store)->state, LM_STATE_ACTIVE);
		assert_int_equal(cow_store_lookup(store, UINT64_MAX), 2);
		assert_true(lab.mem.read_bytes < 4096);
		cow_store_close(store);
		lab_free(&lab);
	}
	/* A chunk number at the end of the world: as in the kernel it wraps. */
	lab_make(&lab, 8, 64);
	lab_record(&lab, 1, UINT64_MAX);
	store = open_mem(&lab.mem, 0);
	assert_int_equal(cow_store_info(store)->state, LM_STATE_DAMAGED);
	assert_int_equal(cow_store_info(store)->room_chunks, 0);
	cow_store_close(store);
	lab_free(&lab);
}

static ssize_t broken_pread(struct io_file *file, void *buf, size_t len, uint64_t off)
{
	(void)file;
	(void)buf;
	return off >= 4096 ? -EIO
			   : (memset(buf, 0, len), memcpy(buf, "SnAp\1\0\0\0\1\0\0\0\10", 13),
			      (ssize_t)len);
}

static void test_read_error(void **state)
{
	struct lab lab;
	struct cow_store *store = (struct cow_store *)&lab;
	struct io_ops ops;
	struct lm_error err;

	(void)state;
	lab_make(&lab, 8, 64);
	ops = *lab.mem.file.ops;
	ops.pread = broken_pread;
	lab.mem.file.ops = &ops;
	assert_int_equal(cow_store_open(&lab.mem.file, "over\033lay", 0, &store, &err), -EIO);
	assert_null(store);
	assert_string_equal(err.on, "over?lay");
	assert_true(err.what[0] && err.why[0]);
	lab_free(&lab);
}

/* A file on disk, where tables are asked for ahead of reading them. */
static void test_real_file(void **state)
{
	char path[] = "/tmp/lm-cow-XXXXXX";
	struct lab lab;
	struct io_file *file;
	struct cow_store *store;
	struct lm_error err;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	lab_make(&lab, 1, 6000);
	for (uint64_t i = 0; i < 5000; i++)
		lab_add(&lab, 7 * i % 5000);
	assert_int_equal(write(fd, lab.mem.data, lab.mem.size), lab.mem.size);
	close(fd);
	assert_int_equal(io_path_open(path, IO_READ, &file), 0);
	assert_int_equal(cow_store_open(file, "overlay", 0, &store, &err), 0);
	assert_figures(&lab, store);
	for (uint64_t i = 0; i < 5000; i++)
		assert_reads(store, i, 512);
	cow_store_close(store);
	assert_int_equal(io_file_close(file), 0);
	assert_int_equal(unlink(path), 0);
	lab_free(&lab);
}

static void test_million(void **state)
{
	/* With 32 bits there are no addresses for so large a file. */
	const uint64_t n = SIZE_MAX < UINT64_MAX ? 100000 : 1000000;
	struct lab lab;
	struct timespec a, b;
	double seconds[2];

	(void)state;
	for (int shuffled = 0; shuffled < 2; shuffled++) {
		struct cow_store *store;
		uint64_t factor = shuffled ? 999983 : 1, count;

		lab_make(&lab, 8, (n + n / 256 + 10) * 8);
		for (uint64_t i = 0; i < n; i++) {
			lab_record(&lab, i * factor % n, lab.next++);
			if (lab.next % 257 == 1)
				lab.next++;
		}
		clock_gettime(CLOCK_MONOTONIC, &a);
		store = open_mem(&lab.mem, 0);
		clock_gettime(CLOCK_MONOTONIC, &b);
		seconds[shuffled] =
			(double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
		assert_figures(&lab, store);
		(void)cow_store_sorted(store, &count);
		assert_int_equal(count, n);
		for (uint64_t i = 0; i < n; i++) {
			uint64_t old = i * factor % n, chunk = 2 + i + i / 256;

			if (cow_store_lookup(store, old) != chunk)
				fail_msg("chunk %llu", (unsigned long long)old);
		}
		cow_store_close(store);
		lab_free(&lab);
	}
	printf("# one million exceptions: %.3f s in order, %.3f s in no order\n", seconds[0],
	       seconds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures),       cmocka_unit_test(test_data),
		cmocka_unit_test(test_capacity),      cmocka_unit_test(test_full),
		cmocka_unit_test(test_exact_fit),     cmocka_unit_test(test_headers),
		cmocka_unit_test(test_invalid_reads), cmocka_unit_test(test_huge),
		cmocka_unit_test(test_read_error),    cmocka_unit_test(test_real_file),
		cmocka_unit_test(test_million),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

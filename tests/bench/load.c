/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load [EXCEPTIONS]: how long opening a large store takes, and how long looking
 * up each of its chunks in random order. The store (one million exceptions of
 * 4 KiB: 4 GiB) is a sparse file in TMPDIR, in random order, the worst case.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/cow/cow.h"

#define CHUNK     4096u
#define PER_AREA  (CHUNK / 16)
#define RUNS      5
#define MULTIPLY  UINT64_C(2654435761) /* odd: a permutation of any power of two */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t old_of(uint64_t i)
{
	return (i * MULTIPLY) & ((UINT64_C(1) << 22) - 1);
}

static int make(struct io_file *file, uint64_t count)
{
	unsigned char area[CHUNK];
	uint64_t i = 0, k;
	int rc = 0;

	for (k = 0; !rc && i <= count; k++) {
		size_t at;

		memset(area, 0, sizeof(area));
		for (at = 0; at < PER_AREA && i < count; at++, i++) {
			put_le64(area + at * 16, old_of(i));
			put_le64(area + at * 16 + 8, 2 + k * (PER_AREA + 1) + at);
		}
		if (at < PER_AREA)
			i = count + 1;
		rc = io_pwrite(file, area, sizeof(area), (1 + k * (PER_AREA + 1)) * CHUNK);
	}
	return rc ? rc : io_truncate(file, (k * (PER_AREA + 1) + 3) * CHUNK);
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000, i, found = 0;
	const char *tmp = getenv("TMPDIR");
	double best = 1e9, looked = 0;
	struct io_file *file;
	struct lm_error err;
	struct rusage usage;
	char path[300];
	int run;

	snprintf(path, sizeof(path), "%.250s/livemend-load-%ld", tmp ? tmp : "/tmp",
		 (long)getpid());
	if (io_path_open(path, IO_CREATE, &file)) {
		perror(path);
		return 1;
	}
	unlink(path);
	if (io_truncate(file, 2 * CHUNK) || cow_format(file, 8, path, &err) ||
	    make(file, count)) {
		fprintf(stderr, "load: making the store failed\n");
		return 1;
	}
	for (run = 0; run < RUNS; run++) {
		struct cow_store *store;
		double start = now(), opened;

		if (cow_store_open(file, path, UINT64_C(8) << 22, &store, &err)) {
			fprintf(stderr, "load: %s: %s\n", err.what, err.why);
			return 1;
		}
		opened = now();
		if (opened - start < best)
			best = opened - start;
		if (cow_store_info(store)->exceptions != count) {
			fprintf(stderr, "load: %llu exceptions\n",
				(unsigned long long)cow_store_info(store)->exceptions);
			return 1;
		}
		for (i = 0; i < count; i++)
			found += cow_store_lookup(store, old_of(i * 7 % count)) != 0;
		looked = now() - opened;
		cow_store_close(store);
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("%llu exceptions: opened in %.3f s (best of %d), looked up in %.0f ns each, "
	       "peak %.1f MiB\n",
	       (unsigned long long)count, best, RUNS, looked / (double)count * 1e9,
	       (double)usage.ru_maxrss / 1024);
	io_file_close(file);
	return found == count * RUNS ? 0 : 1;
}

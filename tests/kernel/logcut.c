/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * logcut - what a power cut can leave, from a log of dm-log-writes
 *
 *   logcut count LOG          how many states there are
 *   logcut make LOG IMAGE N   writes state N into IMAGE, a copy of the device as it was before
 *
 * A flush divides the log into epochs (Documentation/admin-guide/device-mapper/
 * log-writes.rst). All writes of the epochs before the cut are on the medium;
 * of those in the epoch that is cut, any may be: all subsets up to 4 writes;
 * else nothing, beginnings, each of the last writes alone, and random subsets.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/bytes.h"

#define LOG_MAGIC UINT64_C(0x6a736677736872)
#define FLUSH     1u
#define DISCARD   4u
#define SECTOR    512u
#define SUBSETS   4 /* at most so many writes: every subset */
#define SAMPLES   5 /* more writes: of each kind so many */

struct entry {
	uint64_t sector, sectors, data; /* data: where in the log */
};

struct epoch {
	struct entry *entries;
	size_t count;
};

struct log {
	int fd;
	struct epoch *epochs;
	size_t count;
};

static void die(const char *what)
{
	fprintf(stderr, "logcut: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void read_at(int fd, void *buf, size_t len, uint64_t off)
{
	if (pread(fd, buf, len, (off_t)off) != (ssize_t)len)
		die("reading the log");
}

static void *grow(void *array, size_t count, size_t size)
{
	void *grown = reallocarray(array, count + 1, size);

	if (!grown)
		die("memory");
	memset((char *)grown + count * size, 0, size);
	return grown;
}

static struct log load(const char *path)
{
	struct log log = { .fd = open(path, O_RDONLY | O_CLOEXEC) };
	unsigned char head[64];
	uint64_t n, i, at, block;

	if (log.fd < 0)
		die(path);
	read_at(log.fd, head, sizeof(head), 0);
	if (get_le64(head) != LOG_MAGIC || get_le64(head + 8) != 1) {
		errno = EINVAL;
		die("no log of dm-log-writes");
	}
	n = get_le64(head + 16);
	at = block = get_le32(head + 24);
	log.epochs = grow(NULL, 0, sizeof(*log.epochs));
	for (i = 0; i < n; i++) {
		struct epoch *e = &log.epochs[log.count];
		uint64_t sectors, flags, bytes;

		read_at(log.fd, head, 32, at);
		sectors = get_le64(head + 8);
		flags = get_le64(head + 16);
		at += block;
		bytes = flags & DISCARD ? 0 : sectors * block;
		/* A flush makes durable what came before it, not what it carries. */
		if (flags & FLUSH && e->count) {
			log.epochs = grow(log.epochs, ++log.count, sizeof(*log.epochs));
			e = &log.epochs[log.count];
		}
		if (bytes) {
			e->entries = grow(e->entries, e->count, sizeof(*e->entries));
			e->entries[e->count++] = (struct entry){ .sector = get_le64(head) * block /
									   SECTOR,
								 .sectors = bytes / SECTOR,
								 .data = at };
		}
		at += bytes;
	}
	log.count++;
	return log;
}

static size_t states_of(const struct epoch *e)
{
	return e->count <= SUBSETS ? (size_t)1 << e->count : 3 * SAMPLES;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 31)) * UINT64_C(0x7fb5d329728ea185);
	x = (x ^ (x >> 27)) * UINT64_C(0x81dadef4bc2dd44d);
	return x ^ (x >> 33);
}

/* Whether write i of the epoch reached the medium in its state n. */
static bool reached(const struct epoch *e, size_t n, size_t i)
{
	if (e->count <= SUBSETS)
		return n >> i & 1;
	if (n < SAMPLES)
		return i < e->count * n / SAMPLES;
	if (n < 2 * SAMPLES)
		return i + 1 + (n - SAMPLES) == e->count;
	return mix(mix(n * 1000 + e->count) + i) & 1;
}

static void put(const struct log *log, int out, const struct entry *entry)
{
	size_t len = (size_t)(entry->sectors * SECTOR);
	char *buf = malloc(len);

	if (!buf)
		die("memory");
	read_at(log->fd, buf, len, entry->data);
	if (pwrite(out, buf, len, (off_t)(entry->sector * SECTOR)) != (ssize_t)len)
		die("writing the image");
	free(buf);
}

static int make_state(const struct log *log, const char *image, size_t n)
{
	int out = open(image, O_WRONLY | O_CLOEXEC);
	size_t i, k;

	if (out < 0)
		die(image);
	for (k = 0; k < log->count; k++) {
		const struct epoch *e = &log->epochs[k];
		bool cut = n < states_of(e);

		for (i = 0; i < e->count; i++) {
			if (!cut || reached(e, n, i))
				put(log, out, &e->entries[i]);
		}
		if (cut) {
			printf("epoch %zu of %zu (%zu writes), state %zu\n", k, log->count,
			       e->count, n);
			return close(out) ? 1 : 0;
		}
		n -= states_of(e);
	}
	fprintf(stderr, "logcut: there is no such state\n");
	return 1;
}

int main(int argc, char **argv)
{
	size_t k, n = 0;
	struct log log;

	if (argc < 3)
		return 2;
	log = load(argv[2]);
	for (k = 0; k < log.count; k++)
		n += states_of(&log.epochs[k]);
	if (argc == 3 && strcmp(argv[1], "count") == 0)
		return printf("%zu\n", n) < 0;
	if (argc == 5 && strcmp(argv[1], "make") == 0)
		return make_state(&log, argv[3], strtoul(argv[4], NULL, 10));
	return 2;
}

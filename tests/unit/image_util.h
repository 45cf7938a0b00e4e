/* SPDX-License-Identifier: GPL-3.0-or-later */
/* image_util.h - real SquashFS images for tests, and files that fail */
#ifndef TESTS_IMAGE_UTIL_H
#define TESTS_IMAGE_UTIL_H

#include "core/image/image.h"

/* Runs a program (NULL-terminated arguments), silent; returns its status. */
int util_run(const char *const *argv);

/*
 * Makes directory tree with LiveOS/rootfs.img (bytes long: text, noise, zeros)
 * and other files of all kinds around it. Returns the root image's content,
 * to be freed.
 */
unsigned char *util_tree(const char *tree, size_t bytes);
/* mksquashfs tree image options...; options separated by blanks. */
void util_squash(const char *tree, const char *image, const char *options);
void util_remove(const char *path); /* with all that is below */

unsigned char *util_slurp(const char *path, size_t *len);
void util_spill(const char *path, const void *data, size_t len);

/* A file in memory; data is not owned. Reads only. */
struct io_file *util_mem_file(unsigned char *data, size_t len);

/* Calls go to inner, which is not owned; the nth read or write fails with error. */
struct util_fail {
	struct io_file *file;                   /* to be used and closed */
	unsigned reads, writes, syncs;          /* counted so far */
	unsigned read_nth, write_nth, sync_nth; /* 0: never */
	int error;
};
void util_fail_open(struct util_fail *fail, struct io_file *inner);

/* A change for tests: fates from a table, content from a buffer. */
struct util_change {
	unsigned char *fates;
	const unsigned char *content;
	uint32_t block_bytes;
	uint64_t last; /* block asked for last, to see the order */
	unsigned asked;
};
struct image_change util_change(struct util_change *c);

#endif

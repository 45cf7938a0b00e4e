/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz.h - what the fuzz targets share: a property that must hold, a disk and a folder in memory
 *
 * Each target is one function, LLVMFuzzerTestOneInput(). With clang and
 * --enable-fuzzing it is driven by libFuzzer, otherwise by replay.c, which
 * gives it the files named on its command line.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/io/io.h"
#include "tests/unit/mem_io.h"
#include "tests/lib/narrow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: MUST(%s)\n", __FILE__, __LINE__, #condition);      \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* Well-formed UTF-8, and nothing that a terminal takes for more than text. */
bool fuzz_is_printable(const char *text);
/* An error that can be shown: complete, and printable in all its parts. */
void fuzz_check_error(int ret, const struct lm_error *err);

/*
 * A disk out of the sectors that are not zero, so that an input is as small as
 * what it says. Numbers are little-endian: 4 bytes, sectors of the disk (no
 * more than most are made); then for each sector 4 bytes, its number with
 * FUZZ_OTHER for the second disk, and 512 bytes. tests/fuzz/pack makes it.
 */
#define FUZZ_OTHER  (UINT32_C(1) << 31)
#define FUZZ_RECORD (4u + 512u)

struct fuzz_sector {
	uint32_t number;
	bool other;
	const uint8_t *bytes; /* 512 */
};
/* False at the end. *at begins with 0. */
bool fuzz_next_sector(const uint8_t *data, size_t size, size_t *at, struct fuzz_sector *s);
/* The first disk; free with mem_file_free(). */
void fuzz_disk(const uint8_t *data, size_t size, uint32_t most, struct mem_file *mem);

/*
 * Everything in a file system that is only read: listed, looked up, opened,
 * read. Bounded; depth and numbers are those of a stick, not of a bomb.
 */
void fuzz_look_round(struct io *io);

/*
 * A folder out of lines "@@@ PATH", each followed by the content of that file.
 * Writable; directories are there where paths lead through them.
 */
struct io *fuzz_folder(const uint8_t *data, size_t size);
/* A file of it as it is now; NULL: none. Valid until it is changed. */
const uint8_t *fuzz_folder_get(struct io *io, const char *path, size_t *size);
/* Makes it, or replaces what is in it. */
void fuzz_folder_put(struct io *io, const char *path, const void *data, size_t size);

#endif

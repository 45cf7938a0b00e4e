/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mem_io.h - a file in memory behind struct io_file, for tests and fuzzing
 *
 * It can be told to fail at the nth write or fsync, and notes in which order
 * things were written and flushed.
 */
#ifndef TESTS_MEM_IO_H
#define TESTS_MEM_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/io/io.h"

struct mem_event {
	bool flush;
	uint64_t off;
	size_t len;
	unsigned char *was, *now; /* len bytes before and after it; NULL for a flush */
};

struct mem_file {
	struct io_file file;
	unsigned char *data;
	uint64_t size;   /* length that is told */
	uint64_t stored; /* bytes of data; behind them the file reads as zeros */
	bool readonly;
	unsigned reads, writes, flushes;
	uint64_t read_bytes;
	unsigned fail_at; /* the nth write or flush from now on fails; 0: none */
	int fail_with;    /* with this negative errno */
	bool record;
	struct mem_event *events;
	size_t n_events, cap_events;
};

/* size bytes of zeros, of which the first stored ones can be written. Ends the process without
 * memory. */
void mem_file_make(struct mem_file *mem, uint64_t size, uint64_t stored);
void mem_file_free(struct mem_file *mem);
void mem_file_forget(struct mem_file *mem); /* forgets the events */

#endif

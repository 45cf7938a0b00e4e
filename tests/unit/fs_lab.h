/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fs_lab.h - file systems made by mkfs.ext4 and debugfs in a file of the test's own */
#ifndef TESTS_FS_LAB_H
#define TESTS_FS_LAB_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/io/io.h"

/* Runs a command line made of literals and the test's own paths; returns its exit status. */
__attribute__((format(printf, 1, 2))) static int lab_run(const char *format, ...)
{
	char line[2048];
	va_list args;
	int r;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	r = system(line);
	return WIFEXITED(r) ? WEXITSTATUS(r) : -1;
}

static inline const char *lab_path(void)
{
	static char path[300];

	if (!path[0]) {
		const char *tmp = getenv("TMPDIR");

		snprintf(path, sizeof(path), "%s/fs-lab.XXXXXX", tmp ? tmp : "/tmp");
		close(mkstemp(path));
		setenv("PATH", "/usr/sbin:/sbin:/usr/bin:/bin", 1);
	}
	return path;
}

/* A fresh file system of so many KiB. */
static inline void lab_mkfs(const char *options, unsigned kib)
{
	assert_int_equal(truncate(lab_path(), 0), 0);
	assert_int_equal(truncate(lab_path(), (off_t)kib * 1024), 0);
	assert_int_equal(lab_run("mkfs.ext4 -q -F %s %s >/dev/null 2>&1", options, lab_path()), 0);
}

static inline struct io_source *lab_source(enum io_mode mode)
{
	struct io_source *src = NULL;
	struct io_file *file;
	struct lm_error err;

	assert_int_equal(io_path_open(lab_path(), mode, &file), 0);
	assert_int_equal(io_file_source(file, true, "lab", 0, 0, &src, &err), 0);
	return src;
}

#endif

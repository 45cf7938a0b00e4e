/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stick_help.h - sticks made by hand for the tests of core/stick */
#ifndef TESTS_STICK_HELP_H
#define TESTS_STICK_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A new temporary directory, removed by help_remove(). */
static inline char *help_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = NULL;

	assert_true(asprintf(&path, "%s/lm-stick-XXXXXX", tmp ? tmp : "/tmp") > 0);
	assert_non_null(mkdtemp(path));
	return path;
}

/* Runs a command line in dir; the tests' own words only, never names from a stick. */
static inline int help_try(const char *dir, const char *command)
{
	char *line = NULL;
	int status;

	assert_true(asprintf(&line,
			     "cd '%s' && PATH=$PATH:/usr/sbin:/sbin && { %s; } >>log 2>&1 </dev/null",
			     dir, command) > 0);
	status = system(line);
	free(line);
	return status;
}

static inline void help_run(const char *dir, const char *command)
{
	if (help_try(dir, command) != 0)
		fail_msg("failed: %s", command);
}

static inline int help_have(const char *program)
{
	char *line = NULL;
	int status;

	assert_true(asprintf(&line, "PATH=$PATH:/usr/sbin:/sbin command -v %s >/dev/null 2>&1",
			     program) > 0);
	status = system(line);
	free(line);
	return status == 0;
}

static inline void help_remove(char *dir)
{
	char *line = NULL;

	assert_true(asprintf(&line, "rm -rf '%s'", dir) > 0);
	assert_int_equal(system(line), 0);
	free(line);
	free(dir);
}

/* dir/name in static memory. */
static inline const char *help_path(const char *dir, const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* look_lab.h - practice sticks in a directory of the test's own */
#ifndef TESTS_LOOK_LAB_H
#define TESTS_LOOK_LAB_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/livemend.h"

static char lab_dir[300];
static struct lm_ctx *lab_ctx;

/* Replaces the SquashFS by the root image that is in it, as some sticks have it. */
static inline void lab_make_bare(void)
{
	char line[1200];

	snprintf(line, sizeof(line),
		 "cd '%s/LiveOS' && unsquashfs -q -n -d out squashfs.img >/dev/null && "
		 "mv out/LiveOS/rootfs.img . && rm -r out squashfs.img", lab_dir);
	assert_int_equal(system(line), 0);
}

/* Makes a practice stick of this lesson and opens it. */
static inline struct lm_stick *lab_stick(const char *lesson, bool bare)
{
	struct lm_options options = {.op = LM_OP_PRACTICE, .lesson = lesson, .out = lab_dir};
	const char *tmp = getenv("TMPDIR");
	struct lm_stick *stick = NULL;
	struct lm_result result;
	struct lm_plan *plan;
	struct lm_error err;
	struct lm_job *job;

	snprintf(lab_dir, sizeof(lab_dir), "%s/look-lab.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(lab_dir));
	if (!lab_ctx)
		assert_int_equal(lm_ctx_new(&lab_ctx, &err), 0);
	assert_int_equal(lm_plan_make(lab_ctx, NULL, &options, &plan, &err), 0);
	assert_true(plan->possible);
	assert_int_equal(lm_job_start(plan, &job, &err), 0);
	lm_job_finish(job, &result);
	assert_int_equal(result.outcome, LM_DONE);
	lm_plan_free(plan);
	if (bare)
		lab_make_bare();
	assert_int_equal(lm_stick_open(lab_ctx, lab_dir, &stick, &err), 0);
	return stick;
}

static inline void lab_done(struct lm_stick *stick)
{
	char line[400];

	lm_stick_close(stick);
	snprintf(line, sizeof(line), "rm -rf '%s'", lab_dir);
	assert_int_equal(system(line), 0);
}

#endif

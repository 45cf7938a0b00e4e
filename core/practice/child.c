/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs of other packages that make a practice stick. */
#include <errno.h>

#include "core/child/child.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/practice/practice.h"

struct practice_stop {
	bool (*fn)(void *arg);
	void *arg;
};

static int practice_stop(void *arg)
{
	const struct practice_stop *stop = arg;

	return stop->fn && stop->fn(stop->arg);
}

bool practice_child_exists(const char *name)
{
	char path[CHILD_PATH_MAX];

	return child_find(name, path) == 0;
}

int practice_child(const char *const argv[], bool (*stop)(void *arg), void *arg,
		   struct lm_error *err)
{
	struct practice_stop asked = { .fn = stop, .arg = arg };
	struct child_job job = { .argv = argv, .stop = practice_stop, .arg = &asked };
	struct child_end end;
	int rc = child_run(&job, &end, err);

	if (rc == -ECANCELED)
		return lm_fail(err, rc, end.path, NULL, _("Running %s failed"), argv[0]);
	if (rc || end.status == 0)
		return rc;
	rc = lm_fail(err, -EIO, end.path, NULL, _("%s failed"), argv[0]);
	if (end.last[0])
		lm_because(err, "%s", end.last);
	return rc;
}

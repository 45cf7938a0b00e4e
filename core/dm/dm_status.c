/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Status of a snapshot target, asked of the kernel through libdevmapper. */
#include <errno.h>
#include <libdevmapper.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/ctx.h"
#include "core/dm/dm.h"
#include "core/error.h"
#include "core/i18n.h"

/* libdevmapper has one log function for the whole process: this says whose call it is. */
static _Thread_local const struct lm_ctx *log_ctx;

__attribute__((format(printf, 5, 6))) static void
log_line(int level, const char *file, int line, int dm_errno, const char *format, ...)
{
	enum lm_log_level ours;
	char text[512];
	va_list args;

	(void)file;
	(void)line;
	(void)dm_errno;
	level &= 7;
	ours = level <= 3 ? LM_LOG_ERROR : level == 4 ? LM_LOG_WARN : LM_LOG_DEBUG;
	va_start(args, format);
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	va_end(args);
	ctx_log(log_ctx, ours, "device-mapper: %s", text);
}

static void init_log(void)
{
	dm_log_with_errno_init(log_line);
}

static int ask(const char *name, struct dm_snapshot_status *status)
{
	struct dm_task *task;
	uint64_t start, length;
	char *type, *params;
	void *next = NULL;
	int ret = -ENODEV;

	task = dm_task_create(DM_DEVICE_STATUS);
	if (!task)
		return -ENOMEM;
	if (!dm_task_set_name(task, name)) {
		ret = -EINVAL;
		goto out;
	}
	dm_task_no_flush(task);
	if (!dm_task_run(task)) {
		ret = -dm_task_get_errno(task);
		if (ret == 0)
			ret = -EIO;
		goto out;
	}
	do {
		type = params = NULL;
		next = dm_get_next_target(task, next, &start, &length, &type, &params);
		if (type && params &&
		    (strcmp(type, "snapshot") == 0 || strcmp(type, "snapshot-merge") == 0)) {
			ret = dm_parse_snapshot(params, status);
			break;
		}
	} while (next);
out:
	dm_task_destroy(task);
	return ret;
}

int dm_snapshot_status(const struct lm_ctx *ctx, const char *name,
		       struct dm_snapshot_status *status, struct lm_error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int ret;

	memset(status, 0, sizeof(*status));
	if (geteuid() != 0)
		return lm_fail(err, -EACCES, name, _("Run livemend as root."), "%s",
			       _("Asking the kernel for the overlay's status failed"));
	pthread_once(&once, init_log);
	log_ctx = ctx;
	ret = ask(name, status);
	log_ctx = NULL;
	if (ret)
		lm_fail(err, ret, name, NULL, "%s",
			_("Asking the kernel for the overlay's status failed"));
	return ret;
}

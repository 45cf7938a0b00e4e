/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests to device-mapper: libdevmapper's log, its errors, udev's cookies. */
#include "core/dm/dm_task.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/ctx.h"
#include "core/error.h"

#define UDEV_DEADLINE_MS 5000
#define UDEV_TICK_MS     5

static _Thread_local const struct lm_ctx *log_ctx;
static _Thread_local char said[200];
/* What changes something also changes libdevmapper's list of nodes to be made. */
static pthread_mutex_t change_lock = PTHREAD_MUTEX_INITIALIZER;

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
	if (level <= 3 && !said[0])
		snprintf(said, sizeof(said), "%.199s", text);
	ctx_log(log_ctx, ours, "device-mapper: %s", text);
}

static void init_once(void)
{
	char version[64];

	dm_log_with_errno_init(log_line);
	/* Names and UUIDs are ours, or the kernel's as they are. */
	dm_set_name_mangling_mode(DM_STRING_MANGLING_NONE);
	/* Opens the control node, which is not made for several threads. */
	(void)dm_driver_version(version, sizeof(version));
}

void dm_say_begin(const struct lm_ctx *ctx)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	log_ctx = ctx;
	pthread_once(&once, init_once);
	said[0] = '\0';
}

const char *dm_say_end(void)
{
	log_ctx = NULL;
	return said;
}

void dm_because(struct lm_error *err, const char *text)
{
	if (err && text[0])
		lm_because(err, "%s (%s)", err->why, text);
}

struct dm_task *dm_task_by_name(int type, const char *name)
{
	struct dm_task *task = dm_task_create(type);

	if (task && name && !dm_task_set_name(task, name)) {
		dm_task_destroy(task);
		return NULL;
	}
	return task;
}

int dm_task_ask(struct dm_task *task)
{
	int code;

	if (dm_task_run(task))
		return 0;
	code = dm_task_get_errno(task);
	return code ? -code : -EIO;
}

int dm_task_do(struct dm_task *task)
{
	int ret;

	pthread_mutex_lock(&change_lock);
	ret = dm_task_ask(task);
	pthread_mutex_unlock(&change_lock);
	return ret;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void nap(void)
{
	struct timespec t = { 0, UDEV_TICK_MS * 1000000L };

	nanosleep(&t, NULL);
}

/* dm_udev_wait() has no end when udev has died meanwhile. After that it is not asked again. */
static void wait_for_udev(uint32_t cookie, const struct lm_ctx *ctx)
{
	int64_t end = now_ms() + UDEV_DEADLINE_MS;
	int ready = 0, tries;

	while (now_ms() < end) {
		if (!dm_udev_wait_immediate(cookie, &ready) || ready)
			return;
		nap();
	}
	ctx_log(ctx, LM_LOG_WARN, "udev has not answered for %d s: going on without it",
		UDEV_DEADLINE_MS / 1000);
	/* Answers in its place, so that the semaphore does not stay behind. */
	for (tries = 0; tries < 8 && !ready; tries++) {
		if (!dm_udev_complete(cookie) || !dm_udev_wait_immediate(cookie, &ready))
			break;
	}
	dm_udev_set_sync_support(0);
}

int dm_task_do_udev(struct dm_task *task, const struct lm_ctx *ctx)
{
	uint16_t flags = DM_UDEV_DISABLE_SUBSYSTEM_RULES_FLAG | DM_UDEV_DISABLE_DISK_RULES_FLAG |
			 DM_UDEV_DISABLE_OTHER_RULES_FLAG;
	uint32_t cookie = 0;
	int ret;

	pthread_mutex_lock(&change_lock);
	/* With udev the links are udev's alone; without, we need none. */
	if (dm_udev_get_sync_support())
		flags |= DM_UDEV_DISABLE_LIBRARY_FALLBACK;
	if (!dm_task_set_cookie(task, &cookie, flags)) {
		ctx_log(ctx, LM_LOG_WARN, "going on without waiting for udev");
		cookie = 0;
	}
	ret = dm_task_ask(task);
	if (cookie)
		wait_for_udev(cookie, ctx);
	pthread_mutex_unlock(&change_lock);
	return ret;
}

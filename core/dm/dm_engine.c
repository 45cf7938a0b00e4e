/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel here is able to do. */
#include "core/dm/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/ctx.h"
#include "core/dm/dm_task.h"
#include "core/error.h"
#include "core/i18n.h"

static int refuse(struct lm_error *err, int code, const char *on, const char *why)
{
	return lm_refuse(err, code, on,
			 _("Leave --engine away, or use --engine direct: livemend then works "
			   "without device-mapper."),
			 why, "%s", _("The kernel engine cannot be used here"));
}

/* The named one of the targets in the answer to a request. */
static int find_version(struct dm_task *task, const char *target, uint32_t version[3])
{
	struct dm_versions *v;
	unsigned next = 0;
	int ret = dm_task_ask(task);

	v = ret ? NULL : dm_task_get_versions(task);
	if (!ret)
		ret = -ENODEV;
	while (v) {
		v = (struct dm_versions *)((char *)v + next);
		if (strcmp(v->name, target) == 0) {
			memcpy(version, v->version, 3 * sizeof(version[0]));
			ret = 0;
			break;
		}
		next = v->next;
		if (!next)
			break;
	}
	return ret;
}

/* The kernel loads the module of a target when it is asked for its version (since 5.0). */
static int ask_version(const char *target, uint32_t version[3])
{
	struct dm_task *task = dm_task_by_name(DM_DEVICE_GET_TARGET_VERSION, target);
	int ret;

	if (!task)
		return -ENOMEM;
	ret = find_version(task, target, version);
	dm_task_destroy(task);
	if (!ret)
		return 0;
	task = dm_task_by_name(DM_DEVICE_LIST_VERSIONS, NULL);
	if (!task)
		return -ENOMEM;
	ret = find_version(task, target, version);
	dm_task_destroy(task);
	return ret;
}

int dm_engine_version(const struct lm_ctx *ctx, const char *target, uint32_t version[3])
{
	int ret;

	memset(version, 0, 3 * sizeof(version[0]));
	dm_say_begin(ctx);
	ret = ask_version(target, version);
	dm_say_end();
	return ret;
}

static int check_target(const struct lm_ctx *ctx, const char *target, struct lm_error *err)
{
	uint32_t v[3];
	int ret = dm_engine_version(ctx, target, v);

	if (ret) {
		refuse(err, -EOPNOTSUPP, target, "");
		lm_because(err, _("this kernel has no device-mapper target \"%s\""), target);
		return -EOPNOTSUPP;
	}
	/* Before, P and PO were one, and a full store was lost (reference: target 1.15.0). */
	if (strcmp(target, "snapshot") == 0 && (v[0] < 1 || (v[0] == 1 && v[1] < 15))) {
		refuse(err, -EOPNOTSUPP, target, "");
		lm_because(err,
			   _("the snapshot target of this kernel is version %u.%u.%u, and before "
			     "1.15.0 a full overlay becomes invalid"),
			   v[0], v[1], v[2]);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int check_driver(const struct lm_ctx *ctx, struct lm_error *err)
{
	char version[64];
	int ok;

	dm_say_begin(ctx);
	ok = dm_driver_version(version, sizeof(version));
	dm_say_end();
	if (ok)
		return 0;
	return refuse(err, -ENODEV, "/dev/mapper/control",
		      _("this kernel has no device-mapper (module dm-mod)"));
}

static int check_loop(struct lm_error *err)
{
	int fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	refuse(err, -ENODEV, "/dev/loop-control",
	       _("this kernel has no loop devices (module loop)"));
	if (errno != ENOENT && errno != ENODEV && errno != ENXIO)
		lm_because(err, "%s", strerror(errno));
	return -ENODEV;
}

int dm_engine_possible(const struct lm_ctx *ctx, const char *const *targets, struct lm_error *err)
{
	int ret;

	if (geteuid() != 0)
		return refuse(err, -EPERM, NULL, _("it takes root"));
	ret = check_driver(ctx, err);
	if (!ret)
		ret = check_loop(err);
	if (!ret)
		ret = check_target(ctx, "snapshot", err);
	if (!ret)
		ret = check_target(ctx, "linear", err);
	for (; !ret && targets && *targets; targets++)
		ret = check_target(ctx, *targets, err);
	return ret;
}

int dm_engine_choose(const struct lm_ctx *ctx, enum lm_engine preferred,
		     const char *const *targets, enum lm_engine *engine, struct lm_error *err)
{
	enum lm_engine asked = ctx ? ctx->engine : LM_ENGINE_AUTO;
	int ret;

	*engine = LM_ENGINE_DIRECT;
	if (asked == LM_ENGINE_DIRECT ||
	    (asked == LM_ENGINE_AUTO && preferred != LM_ENGINE_KERNEL))
		return 0;
	ret = dm_engine_possible(ctx, targets, err);
	if (ret && asked == LM_ENGINE_AUTO) {
		lm_error_clear(err);
		return 0;
	}
	if (!ret)
		*engine = LM_ENGINE_KERNEL;
	return ret;
}

int dm_engine_wanted(const struct lm_ctx *ctx, struct lm_error *err)
{
	return ctx && ctx->engine == LM_ENGINE_KERNEL ? dm_engine_possible(ctx, NULL, err) : 0;
}

int dm_engine_direct_only(const struct lm_ctx *ctx, struct lm_error *err)
{
	if (!ctx || ctx->engine != LM_ENGINE_KERNEL)
		return 0;
	return refuse(err, -EOPNOTSUPP, NULL,
		      _("this is done in user space only, without device-mapper"));
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a livemend that was killed left in the kernel. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/ctx.h"
#include "core/dm/device.h"
#include "core/dm/dm_task.h"
#include "core/error.h"
#include "core/i18n.h"

/* Devices stand on one another: at most that many on top of each other. */
#define MAX_PASSES 16

struct names {
	char (*list)[128];
	unsigned count;
};

static int list_names(struct names *n)
{
	struct dm_task *task = dm_task_by_name(DM_DEVICE_LIST, NULL);
	struct dm_names *entry;
	unsigned next = 0;
	void *grown;
	int ret;

	if (!task)
		return -ENOMEM;
	ret = dm_task_ask(task);
	entry = ret ? NULL : dm_task_get_names(task);
	if (!entry || !entry->dev)
		goto out;
	do {
		entry = (struct dm_names *)((char *)entry + next);
		grown = reallocarray(n->list, n->count + 1, sizeof(*n->list));
		if (!grown) {
			ret = -ENOMEM;
			goto out;
		}
		n->list = grown;
		snprintf(n->list[n->count++], sizeof(*n->list), "%s", entry->name);
		next = entry->next;
	} while (next);
out:
	dm_task_destroy(task);
	return ret;
}

static bool is_leftover(const char *name, struct dm_info *info)
{
	struct dm_task *task = dm_task_by_name(DM_DEVICE_INFO, name);
	const char *uuid;
	bool is = false;

	if (!task)
		return false;
	if (dm_task_ask(task) == 0 && dm_task_get_info(task, info) && info->exists) {
		uuid = dm_task_get_uuid(task);
		is = uuid && dm_uuid_owner(uuid) == DM_OWNER_DEAD;
	}
	dm_task_destroy(task);
	return is;
}

static int simple(const struct lm_ctx *ctx, const char *name, int type)
{
	struct dm_task *task = dm_task_by_name(type, name);
	int ret;

	if (!task)
		return -ENOMEM;
	ret = dm_task_do_udev(task, ctx);
	dm_task_destroy(task);
	return ret;
}

/* 1: removed, 0: not now. */
static int clear_one(const struct lm_ctx *ctx, const char *name, const struct dm_info *info)
{
	struct dm_task *task;
	int ret;

	if (info->suspended && info->live_table) {
		/* Whoever waits for it must be let go; a table that was never used is not to be. */
		task = dm_task_by_name(DM_DEVICE_CLEAR, name);
		if (task) {
			(void)dm_task_do(task);
			dm_task_destroy(task);
		}
		(void)simple(ctx, name, DM_DEVICE_RESUME);
	}
	if (info->open_count)
		return 0;
	ret = simple(ctx, name, DM_DEVICE_REMOVE);
	if (ret && ret != -ENXIO)
		return 0;
	ctx_log(ctx, LM_LOG_INFO, "removed %s, left behind by a livemend that was ended", name);
	return 1;
}

static int clear_all(const struct lm_ctx *ctx, unsigned *cleared)
{
	struct names names = { 0 };
	struct dm_info info;
	unsigned pass, i, before;
	int ret;

	ret = list_names(&names);
	for (pass = 0; !ret && pass < MAX_PASSES; pass++) {
		before = *cleared;
		for (i = 0; i < names.count; i++) {
			if (is_leftover(names.list[i], &info))
				*cleared += (unsigned)clear_one(ctx, names.list[i], &info);
		}
		if (*cleared == before)
			break;
	}
	for (i = 0; !ret && i < names.count; i++) {
		if (is_leftover(names.list[i], &info))
			ctx_log(ctx, LM_LOG_WARN,
				"%s was left behind by a livemend that was ended, and is in use",
				names.list[i]);
	}
	free(names.list);
	return ret;
}

/* From sysfs, without a word to the driver: nearly always there is nothing to do. */
static bool any_of_ours(void)
{
	glob_t found = { 0 };
	bool any = false;
	size_t i;

	if (glob("/sys/block/dm-*/dm/uuid", 0, NULL, &found) == 0) {
		for (i = 0; i < found.gl_pathc && !any; i++) {
			char uuid[160] = "";
			FILE *f = fopen(found.gl_pathv[i], "re");

			if (!f)
				continue;
			any = fgets(uuid, sizeof(uuid), f) &&
			      strncmp(uuid, DM_UUID_PREFIX, strlen(DM_UUID_PREFIX)) == 0;
			fclose(f);
		}
	}
	globfree(&found);
	return any;
}

int dm_clear_leftovers(const struct lm_ctx *ctx, unsigned *cleared, struct lm_error *err)
{
	unsigned count = 0;
	const char *said;
	int ret;

	if (cleared)
		*cleared = 0;
	if (geteuid() != 0 || !any_of_ours())
		return 0;
	dm_say_begin(ctx);
	ret = clear_all(ctx, &count);
	said = dm_say_end();
	if (ret) {
		lm_fail(err, ret, NULL, NULL, "%s",
			_("Looking for devices left behind in the kernel failed"));
		dm_because(err, said);
	}
	if (cleared)
		*cleared = count;
	return ret;
}

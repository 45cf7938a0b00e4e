/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Status of targets, asked of the kernel through libdevmapper. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/ctx.h"
#include "core/dm/dm_task.h"
#include "core/dm/status.h"
#include "core/error.h"
#include "core/i18n.h"

/* A table of that many targets is none that we would understand. */
#define MAX_TARGETS 256

static int take_targets(struct dm_task *task, struct dm_target_status **list, unsigned *count)
{
	struct dm_target_status *grown;
	uint64_t start, length;
	char *type, *params;
	void *next = NULL;

	do {
		type = params = NULL;
		next = dm_get_next_target(task, next, &start, &length, &type, &params);
		if (!type)
			continue;
		if (*count == MAX_TARGETS)
			return -E2BIG;
		grown = reallocarray(*list, *count + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		*list = grown;
		(void)dm_parse_target(type, params ? params : "", &grown[*count]);
		grown[*count].start = start;
		grown[*count].length = length;
		(*count)++;
	} while (next);
	return 0;
}

static int ask(const char *name, struct dm_target_status **list, unsigned *count)
{
	struct dm_task *task = dm_task_by_name(DM_DEVICE_STATUS, name);
	struct dm_info info;
	int ret;

	if (!task)
		return -ENOMEM;
	dm_task_no_flush(task);
	ret = dm_task_ask(task);
	if (!ret && (!dm_task_get_info(task, &info) || !info.exists))
		ret = -ENXIO;
	if (!ret)
		ret = take_targets(task, list, count);
	dm_task_destroy(task);
	return ret;
}

int dm_status_read(const struct lm_ctx *ctx, const char *name, struct dm_target_status **list,
		   unsigned *count, struct lm_error *err)
{
	const char *said;
	int ret;

	*list = NULL;
	*count = 0;
	if (geteuid() != 0)
		return lm_fail(err, -EACCES, name, _("Run livemend as root."), "%s",
			       _("Asking the kernel for the device's status failed"));
	dm_say_begin(ctx);
	ret = ask(name, list, count);
	said = dm_say_end();
	if (ret) {
		free(*list);
		*list = NULL;
		*count = 0;
		lm_fail(err, ret, name, NULL, "%s",
			_("Asking the kernel for the device's status failed"));
		dm_because(err, said);
	}
	return ret;
}

int dm_snapshot_status(const struct lm_ctx *ctx, const char *name,
		       struct dm_snapshot_status *status, struct lm_error *err)
{
	struct dm_target_status *list;
	unsigned count, i;
	int ret;

	memset(status, 0, sizeof(*status));
	ret = dm_status_read(ctx, name, &list, &count, err);
	if (ret)
		return ret;
	ret = -ENODEV;
	for (i = 0; i < count; i++) {
		if (list[i].kind != DM_KIND_SNAPSHOT && list[i].kind != DM_KIND_MERGE)
			continue;
		ret = list[i].understood ? 0 : -EBADMSG;
		*status = list[i].u.snapshot;
		break;
	}
	free(list);
	if (ret)
		lm_fail(err, ret, name, NULL, "%s",
			_("Asking the kernel for the overlay's status failed"));
	return ret;
}

/* The part after the target's name, "" where there is nothing to say. */
static void detail(const struct dm_target_status *t, char text[32])
{
	const struct dm_mirror_status *m = &t->u.mirror;
	const char *word = "";

	text[0] = '\0';
	if (!t->understood)
		return;
	switch (t->kind) {
	case DM_KIND_SNAPSHOT:
	case DM_KIND_MERGE:
		word = t->u.snapshot.state == LM_STATE_INVALID	    ? " Invalid" :
		       t->u.snapshot.state == LM_STATE_OVERFLOW     ? " Overflow" :
		       t->u.snapshot.state == LM_STATE_MERGE_FAILED ? " Merge failed" :
								      "";
		break;
	case DM_KIND_MIRROR:
		/* Never 100% before the last region is there. */
		snprintf(text, 32, " %u%%%s",
			 (unsigned)(100.0 * (double)m->done / (double)m->total),
			 dm_mirror_failed(m) ? " failed" : "");
		return;
	case DM_KIND_THIN:
		word = t->u.thin.failed ? " Fail" : t->u.thin.error ? " Error" : "";
		break;
	case DM_KIND_THIN_POOL:
		if (t->u.pool.failed || t->u.pool.error || !t->u.pool.data_total) {
			word = t->u.pool.failed ? " Fail" : " Error";
			break;
		}
		snprintf(text, 32, " %u%%%s",
			 (unsigned)(100.0 * (double)t->u.pool.data_used /
				    (double)t->u.pool.data_total),
			 t->u.pool.mode == DM_POOL_FULL ? " full" :
			 t->u.pool.mode == DM_POOL_RO	? " read-only" :
							  "");
		return;
	default:
		break;
	}
	snprintf(text, 32, "%s", word);
}

void dm_status_words(const struct dm_target_status *list, unsigned count, char words[64])
{
	char more[32] = "", text[32];

	if (!count) {
		snprintf(words, 64, "dm");
		return;
	}
	detail(&list[0], text);
	if (count > 1)
		snprintf(more, sizeof(more), " +%u", count - 1);
	snprintf(words, 64, "dm %.16s%.31s%.12s", list[0].type, text, more);
}

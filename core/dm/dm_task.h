/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dm_task.h - one request to the kernel through libdevmapper; for this room alone */
#ifndef DM_DM_TASK_H
#define DM_DM_TASK_H

#include <libdevmapper.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/livemend.h"

/*
 * libdevmapper has one log function for the whole process, and says why
 * something failed nowhere else. Between begin and end its messages on this
 * thread go to the log of ctx, and the first that is an error is kept.
 */
void dm_say_begin(const struct lm_ctx *ctx);
/* The first error since dm_say_begin(), "" when there was none; valid until the next begin. */
const char *dm_say_end(void);

/*
 * A task by name (NULL for none); NULL without memory. The calls that follow
 * are made between dm_say_begin() and dm_say_end().
 */
struct dm_task *dm_task_by_name(int type, const char *name);

/* Runs it: 0 or negative errno. */
int dm_task_do(struct dm_task *task);
/* The same for a question (status, info, list), which no change that hangs keeps waiting. */
int dm_task_ask(struct dm_task *task);
/*
 * The same for what makes udev act (create, resume, remove): with the flags
 * that keep others away, and waits until udev is through with it, for a while.
 */
int dm_task_do_udev(struct dm_task *task, const struct lm_ctx *ctx);

/* Adds what libdevmapper said to the reason of *err, where it said anything. */
void dm_because(struct lm_error *err, const char *said);


/* ---- dm_node.c ---- */
/*
 * Opens the node of block device `name` ("dm-3"), made here where the system
 * makes none. path as in struct dm_dev.
 */
int dm_node_open(const char *name, dev_t dev, bool readonly, int *fd, char path[64]);

/* ---- dm_uuid.c: who made a device ---- */
/* "LIVEMEND-<pid namespace>-<pid>-<start time>-<count>" */
int dm_uuid_new(unsigned count, char uuid[129]);
enum dm_owner { DM_OWNER_OTHERS, DM_OWNER_SELF, DM_OWNER_ALIVE, DM_OWNER_DEAD };
/* OTHERS: not ours, or of a process that cannot be seen from here; never to be touched. */
enum dm_owner dm_uuid_owner(const char *uuid);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dm_priv.h - the same calls with places other than /sys, /dev and /proc, for the tests */
#ifndef DM_DM_PRIV_H
#define DM_DM_PRIV_H

#include "core/dm/dm.h"

struct dm_env {
	const char *sys;       /* "/sys" */
	const char *dev;       /* "/dev" */
	const char *mountinfo; /* "/proc/self/mountinfo" */
};

int dm_env_find_use(const struct dm_env *env, uint64_t dev, uint64_t ino, struct dm_use *use);
int dm_env_find_loop(const struct dm_env *env, uint64_t dev, uint64_t ino, uint64_t rdev,
		     const char *except, char name[32]);
int dm_env_list(const struct dm_env *env, struct dm_node **nodes, unsigned *count);
int dm_env_list_loops(const struct dm_env *env, struct dm_loop **loops, unsigned *count);

#endif

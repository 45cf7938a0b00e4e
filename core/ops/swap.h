/* SPDX-License-Identifier: GPL-3.0-or-later */
/* swap.h - one file takes the place of another */
#ifndef OPS_SWAP_H
#define OPS_SWAP_H

#include "core/ops/session.h"

/* Removes a leftover, unless it shares its clusters with the good file (FAT after a cut). */
int swap_remove_beside(struct session *s, const char *path, const char *good, struct lm_error *err);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* usage.h - the inside of lm_usage_read(), for what is open already */
#ifndef REPORT_USAGE_H
#define REPORT_USAGE_H

#include "core/stick/stick.h"

/* Of a look with store, base, view and fs. Free with lm_usage_free(). */
int usage_of(const struct stick_look *look, const struct lm_watch *watch, struct lm_usage **usage,
	     struct lm_error *err);

/*
 * One tree out of many paths, in which a path may occur more than once. NULL
 * without memory. paths is sorted on the way.
 */
struct usage_path {
	char *path;
	bool is_dir;
	uint64_t bytes;
};
struct lm_usage_entry *usage_tree(struct usage_path *paths, size_t count);

#endif

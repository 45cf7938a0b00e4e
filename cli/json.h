/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json.h - what the core returns, as JSON
 *
 * The keys of cli_json_status() are a contract with other programs: never
 * rename one, never change its unit. Each function returns a new object, to be
 * released with json_object_put(), or NULL without memory; an object that was
 * returned is complete.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <json-c/json_object.h>
#include <stdio.h>

#include "core/livemend.h"

struct json_object *cli_json_error(const struct lm_error *err);
struct json_object *cli_json_status(const struct lm_status *status);
struct json_object *cli_json_layout(const struct lm_node *root);
struct json_object *cli_json_report(const struct lm_report *report);
struct json_object *cli_json_usage(const struct lm_usage *usage, unsigned depth);
struct json_object *cli_json_plan(const struct lm_plan *plan);
struct json_object *cli_json_progress(const struct lm_plan *plan,
				      const struct lm_progress *progress);
struct json_object *cli_json_result(const struct lm_plan *plan, const struct lm_result *result);

/* {"key": object}; takes the reference, and may be given NULL: NULL then. */
struct json_object *cli_json_wrap(const char *key, struct json_object *object);

/*
 * Writes the object and releases it; on one line, or indented for reading.
 * 0 or -ENOMEM; whether it could be written is seen when f is closed.
 */
int cli_json_print(FILE *f, struct json_object *object, bool one_line);

#endif

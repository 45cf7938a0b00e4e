/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * json_maker.h - building JSON objects without losing a failure on the way
 *
 * json-c takes NULL for JSON's null, so a value that could not be made for
 * want of memory would silently become null. Here it spoils the whole object.
 */
#ifndef CLI_JSON_MAKER_H
#define CLI_JSON_MAKER_H

#include <json-c/json_object.h>
#include <stdbool.h>
#include <stdint.h>

struct json_maker {
	struct json_object *o;
	bool failed;
};

struct json_maker jm_start(void);

/* The object, or NULL when anything that went into it failed. */
struct json_object *jm_end(struct json_maker *m);

/* Adds value and takes its reference; NULL means that memory ran out. */
void jm_put(struct json_maker *m, const char *key, struct json_object *value);

void jm_null(struct json_maker *m, const char *key);
void jm_text(struct json_maker *m, const char *key, const char *text); /* NULL: null */
void jm_u64(struct json_maker *m, const char *key, uint64_t value);
void jm_bool(struct json_maker *m, const char *key, bool value);

/* A figure that is not always known: null then. */
void jm_known(struct json_maker *m, const char *key, uint64_t value, bool known);

/* With two decimals; null for what is no number. */
void jm_double(struct json_maker *m, const char *key, double value);

/* Appends value, taking its reference; false when that failed, or value is NULL. */
bool jm_append(struct json_object *array, struct json_object *value);

#endif

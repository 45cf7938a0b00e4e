/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/json_maker.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct json_maker jm_start(void)
{
	struct json_maker m = {.o = json_object_new_object()};

	m.failed = !m.o;
	return m;
}

struct json_object *jm_end(struct json_maker *m)
{
	if (m->failed) {
		json_object_put(m->o);
		m->o = NULL;
	}
	return m->o;
}

void jm_put(struct json_maker *m, const char *key, struct json_object *value)
{
	if (m->failed || !value || json_object_object_add(m->o, key, value)) {
		json_object_put(value);
		m->failed = true;
	}
}

void jm_null(struct json_maker *m, const char *key)
{
	if (!m->failed && json_object_object_add(m->o, key, NULL))
		m->failed = true;
}

void jm_text(struct json_maker *m, const char *key, const char *text)
{
	if (text)
		jm_put(m, key, json_object_new_string(text));
	else
		jm_null(m, key);
}

void jm_u64(struct json_maker *m, const char *key, uint64_t value)
{
	jm_put(m, key, json_object_new_uint64(value));
}

void jm_known(struct json_maker *m, const char *key, uint64_t value, bool known)
{
	if (known)
		jm_u64(m, key, value);
	else
		jm_null(m, key);
}

void jm_bool(struct json_maker *m, const char *key, bool value)
{
	jm_put(m, key, json_object_new_boolean(value));
}

void jm_double(struct json_maker *m, const char *key, double value)
{
	char text[DBL_MAX_10_EXP + 8]; /* the largest there is, with sign and decimals */

	if (!isfinite(value)) {
		jm_null(m, key);
		return;
	}
	snprintf(text, sizeof(text), "%.2f", value);
	/* A decimal comma of the locale is no JSON. */
	if (strchr(text, ','))
		*strchr(text, ',') = '.';
	jm_put(m, key, json_object_new_double_s(value, text));
}

bool jm_append(struct json_object *array, struct json_object *value)
{
	if (value && !json_object_array_add(array, value))
		return true;
	json_object_put(value);
	return false;
}

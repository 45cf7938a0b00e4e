/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * jsonget KEY... <FILE: reads JSON, one object or one a line, with a parser that
 * takes nothing but JSON; prints the value at KEY... of the last one. A number
 * is an index into an array. 1: no JSON; 2: no such value.
 */
#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct json_object *last_of(const char *text, size_t len)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o, *last = NULL;
	const char *p = text, *end = text + len;

	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8 |
					    JSON_TOKENER_ALLOW_TRAILING_CHARS);
	while (p < end) {
		json_tokener_reset(tok);
		o = json_tokener_parse_ex(tok, p, (int)(end - p));
		if (json_tokener_get_error(tok) != json_tokener_success) {
			json_object_put(last);
			last = NULL;
			break;
		}
		json_object_put(last);
		last = o;
		p += json_tokener_get_parse_end(tok);
		while (p < end && isspace((unsigned char)*p))
			p++;
	}
	json_tokener_free(tok);
	return last;
}

int main(int argc, char *argv[])
{
	static char text[16 << 20];
	size_t len = fread(text, 1, sizeof(text), stdin);
	struct json_object *o = last_of(text, len), *value = o;
	int i;

	if (!o) {
		fprintf(stderr, "no JSON\n");
		return 1;
	}
	for (i = 1; i < argc; i++) {
		if (json_object_is_type(value, json_type_array)) {
			size_t n = strtoul(argv[i], NULL, 10);

			if (n >= json_object_array_length(value))
				return 2;
			value = json_object_array_get_idx(value, n);
		} else if (!json_object_object_get_ex(value, argv[i], &value)) {
			return 2;
		}
	}
	printf("%s\n", value ? json_object_get_string(value) : "null");
	json_object_put(o);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/cmd.h"

#include <string.h>

#include "core/i18n.h"
#include "tui/input.h"

static const struct {
	const char *label, *name, *help, *keys, *topic, *line;
	unsigned contexts;
} table[N_CMDS] = {
#define CMD(id, label_, name_, help_, keys_, contexts_, topic_, line_)                             \
	[CMD_##id] = {label_, name_, help_, keys_, topic_, line_, contexts_},
#include "tui/cmd.def"
#undef CMD
};

enum cmd cmd_for_key(unsigned context, uint32_t key)
{
	int i;

	for (i = CMD_NONE + 1; i < N_CMDS; i++) {
		const char *at = table[i].keys;

		if (!(table[i].contexts & context))
			continue;
		while (*at) {
			size_t len = strcspn(at, " ");

			if (key_from_name(at, len) == key)
				return (enum cmd)i;
			at += len;
			at += strspn(at, " ");
		}
	}
	return CMD_NONE;
}

const char *cmd_label(enum cmd cmd)
{
	return table[cmd].label ? _(table[cmd].label) : NULL;
}

const char *cmd_name(enum cmd cmd)
{
	return table[cmd].name ? _(table[cmd].name) : NULL;
}

const char *cmd_topic(enum cmd cmd)
{
	return table[cmd].topic;
}

const char *cmd_line(enum cmd cmd)
{
	return table[cmd].line;
}

enum cmd cmd_for_line(const char *line)
{
	int i;

	for (i = CMD_NONE + 1; line && i < N_CMDS; i++)
		if (table[i].line && strcmp(table[i].line, line) == 0)
			return (enum cmd)i;
	return CMD_NONE;
}

const char *cmd_help(enum cmd cmd)
{
	return table[cmd].help ? _(table[cmd].help) : "";
}

unsigned cmd_contexts(enum cmd cmd)
{
	return table[cmd].contexts;
}

const char *cmd_keys(enum cmd cmd)
{
	return table[cmd].keys ? table[cmd].keys : "";
}

char *cmd_key(enum cmd cmd, char *dst, size_t cap)
{
	size_t len = strcspn(cmd_keys(cmd), " ");

	if (len >= cap)
		len = cap - 1;
	memcpy(dst, cmd_keys(cmd), len);
	dst[len] = '\0';
	return dst;
}

char *cmd_letter(enum cmd cmd, char *dst, size_t cap)
{
	const char *at = cmd_keys(cmd);

	while (*at) {
		size_t len = strcspn(at, " ");

		if (len == 1 && cap > 1) {
			dst[0] = *at;
			dst[1] = '\0';
			return dst;
		}
		at += len;
		at += strspn(at, " ");
	}
	return cmd_key(cmd, dst, cap);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/cmd.h"

#include <string.h>

#include "core/i18n.h"
#include "tui/input.h"

struct row {
	const char *label, *name, *help, *keys, *topic, *line;
	unsigned contexts;
};

static const struct row table[CMD_OP] = {
#define CMD(id, label_, name_, help_, keys_, contexts_, topic_, line_)                             \
	[CMD_##id] = {label_, name_, help_, keys_, topic_, line_, contexts_},
#define OPS(first, last)
#include "tui/cmd.def"
#undef CMD
#undef OPS
};

/* The rows in their order: a command, or the operations of these ranks. */
static const struct {
	enum cmd cmd;
	unsigned first, last;
} rows[] = {
#define CMD(id, label, name, help, keys, contexts, topic, line) {CMD_##id, 0, 0},
#define OPS(first, last)                                        {CMD_NONE, first, last},
#include "tui/cmd.def"
#undef CMD
#undef OPS
};

const struct lm_op_info *cmd_op(enum cmd cmd)
{
	return cmd >= CMD_OP ? lm_op_info((enum lm_op)(cmd - CMD_OP)) : NULL;
}

static struct row row_of(enum cmd cmd)
{
	const struct lm_op_info *op = cmd_op(cmd);

	return op ? (struct row){NULL,      op->name, op->does,   op->key,
				 op->topic, op->word, CTX_SCREENS}
		  : table[cmd];
}

/* Those of these ranks, the lowest first; returns how many. */
static int add_ops(enum cmd *order, unsigned first, unsigned last)
{
	unsigned rank;
	int op, n = 0;

	for (rank = first; rank <= last; rank++)
		for (op = 0; op < LM_N_OPS; op++)
			if (lm_op_info((enum lm_op)op)->keys_rank == rank)
				order[n++] = cmd_of_op((enum lm_op)op);
	return n;
}

static void make_order(enum cmd order[N_CMDS])
{
	size_t row;
	int n = 0;

	for (row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
		if (rows[row].cmd != CMD_NONE)
			order[n++] = rows[row].cmd;
		else
			n += add_ops(&order[n], rows[row].first, rows[row].last);
}

enum cmd cmd_at(int i)
{
	static enum cmd order[N_CMDS];

	if (order[0] == CMD_NONE)
		make_order(order);
	return order[i];
}

enum cmd cmd_for_key(unsigned context, uint32_t key)
{
	int i;

	for (i = CMD_NONE + 1; i < N_CMDS; i++) {
		struct row row = row_of((enum cmd)i);
		const char *at = row.keys;

		if (!(row.contexts & context))
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
	const char *label = row_of(cmd).label;

	return label ? _(label) : NULL;
}

const char *cmd_name(enum cmd cmd)
{
	const char *name = row_of(cmd).name;

	return name ? _(name) : NULL;
}

const char *cmd_topic(enum cmd cmd)
{
	return row_of(cmd).topic;
}

const char *cmd_line(enum cmd cmd)
{
	return row_of(cmd).line;
}

enum cmd cmd_for_line(const char *line)
{
	const char *own;
	int i;

	for (i = CMD_NONE + 1; line && i < N_CMDS; i++) {
		own = row_of((enum cmd)i).line;
		if (own && strcmp(own, line) == 0)
			return (enum cmd)i;
	}
	return CMD_NONE;
}

const char *cmd_help(enum cmd cmd)
{
	const char *help = row_of(cmd).help;

	return help ? _(help) : "";
}

unsigned cmd_contexts(enum cmd cmd)
{
	return row_of(cmd).contexts;
}

const char *cmd_keys(enum cmd cmd)
{
	const char *keys = row_of(cmd).keys;

	return keys ? keys : "";
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

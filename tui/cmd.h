/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd.h - the commands, from one table */
#ifndef TUI_CMD_H
#define TUI_CMD_H

#include <stddef.h>
#include <stdint.h>

#include "core/livemend.h"

/* Where a command works: what kind of thing has the focus. A view may be of two kinds. */
enum {
	CTX_DASH = 1,
	CTX_LIST = 2,
	CTX_TREE = 4,
	CTX_TEXT = 8,    /* a page to be read */
	CTX_WIZARD = 16, /* a page of a plan */
	CTX_JOB = 32,    /* work in progress */
	CTX_END = 64,    /* how it ended */
	CTX_DIALOG = 128,
	CTX_HELP = 256,    /* a page of the help */
	CTX_DOCTOR = 512,  /* with CTX_LIST: findings */
	CTX_CHOICE = 1024, /* with CTX_LIST: the first page of a wizard, where it is chosen how */
	CTX_FIELD = 2048,  /* letters go into the text */
	CTX_LESSON = 4096, /* a step of a lesson */
	CTX_ANY = 2047 | CTX_LESSON, /* everywhere but in a field */
	/* From where another screen can be gone to with its letter. */
	CTX_SCREENS = CTX_DASH | CTX_LIST | CTX_TREE | CTX_TEXT | CTX_HELP | CTX_WIZARD | CTX_END |
		      CTX_LESSON
};

enum cmd {
	CMD_NONE,
#define CMD(id, label, name, help, keys, contexts, topic, line) CMD_##id,
#define OPS(first, last)
#include "tui/cmd.def"
#undef CMD
#undef OPS
	CMD_OP, /* the first of those that carry out an operation: cmd_of_op() */
	N_CMDS = CMD_OP + LM_N_OPS
};

static inline enum cmd cmd_of_op(enum lm_op op)
{
	return (enum cmd)(CMD_OP + op);
}
/* What the command carries out; NULL: no operation. */
const struct lm_op_info *cmd_op(enum cmd cmd);

/* Each of them in the order of the table: i from 0 to N_CMDS - 2. */
enum cmd cmd_at(int i);

/* The command that key means in this context, CMD_NONE when there is none. */
enum cmd cmd_for_key(unsigned context, uint32_t key);

/* Label for the key bar (translated), NULL when it is not for the bar. */
const char *cmd_label(enum cmd cmd);
/* What it is called in the list of what livemend can do (translated), NULL when it is not there. */
const char *cmd_name(enum cmd cmd);
/* Help topic and line-mode command of a command with a name. */
const char *cmd_topic(enum cmd cmd);
const char *cmd_line(enum cmd cmd);
/* The command that does what that command of the line mode does, CMD_NONE when there is none. */
enum cmd cmd_for_line(const char *line);
/* What it does, in a few words (translated). */
const char *cmd_help(enum cmd cmd);
unsigned cmd_contexts(enum cmd cmd);
/* Its keys by name, blank-separated, the main one first. */
const char *cmd_keys(enum cmd cmd);
/* The main key's name: dst takes cap bytes. Returns dst. */
char *cmd_key(enum cmd cmd, char *dst, size_t cap);

/* The same for the first key that is a letter, the main key where there is none. */
char *cmd_letter(enum cmd cmd, char *dst, size_t cap);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd.h - the commands, from one table */
#ifndef TUI_CMD_H
#define TUI_CMD_H

#include <stddef.h>
#include <stdint.h>

/* Where a command works: what kind of thing has the focus. */
enum {
	CTX_DASH = 1,
	CTX_LIST = 2,
	CTX_TREE = 4,
	CTX_TEXT = 8,    /* a page to be read */
	CTX_WIZARD = 16, /* a page of a plan */
	CTX_JOB = 32,    /* work in progress */
	CTX_END = 64,    /* how it ended */
	CTX_DIALOG = 128,
	CTX_FIELD = 256, /* letters go into the text */
	CTX_ANY = 255    /* everywhere but in a field */
};

enum cmd {
	CMD_NONE,
#define CMD(id, label, help, keys, contexts) CMD_##id,
#include "tui/cmd.def"
#undef CMD
	N_CMDS
};

/* The command that key means in this context, CMD_NONE when there is none. */
enum cmd cmd_for_key(unsigned context, uint32_t key);

/* Label for the key bar (translated), NULL when it is not for the bar. */
const char *cmd_label(enum cmd cmd);
/* What it does, in a few words (translated). */
const char *cmd_help(enum cmd cmd);
unsigned cmd_contexts(enum cmd cmd);
/* Its keys by name, blank-separated, the main one first. */
const char *cmd_keys(enum cmd cmd);
/* The main key's name: dst takes cap bytes. Returns dst. */
char *cmd_key(enum cmd cmd, char *dst, size_t cap);

#endif

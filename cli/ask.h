/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ask.h - questions on a terminal; no answer is a no */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "cli/cli.h"

/* A line that is read as it comes, so that other events are not kept waiting. */
struct ask_line {
	char text[128];
	size_t len;
	bool too_long;
};

enum ask_state { ASK_MORE, ASK_LINE, ASK_END };

void ask_line_init(struct ask_line *line);

/* Reads what is there. ASK_LINE: text is whole, without newline; ASK_END: no more will come. */
enum ask_state ask_line_read(struct ask_line *line, int fd);

/* "y", "yes" and their translations. */
bool ask_is_yes(const char *text);

/* True when somebody sits at a terminal, and the output is for people; always in line mode. */
bool ask_possible(const struct cli *cli);

/* Shows a prompt where it is seen: on the output, or on stderr when that is no terminal. */
void ask_prompt(struct out *out, const char *prompt);

/* Asks whether to go on; with a word, that one has to be typed. */
bool ask_agreement(struct out *out, const char *word);

#endif

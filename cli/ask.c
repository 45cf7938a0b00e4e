/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/ask.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/i18n.h"

void ask_line_init(struct ask_line *line)
{
	memset(line, 0, sizeof(*line));
}

enum ask_state ask_line_read(struct ask_line *line, int fd)
{
	ssize_t n;
	char c;

	/* A byte at a time: what follows the line belongs to the next question. */
	do {
		n = read(fd, &c, 1);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return ASK_MORE;
	if (n <= 0)
		return ASK_END;
	if (c == '\n') {
		/* Half of an answer is none. */
		line->text[line->too_long ? 0 : line->len] = '\0';
		return ASK_LINE;
	}
	if (line->len + 1 < sizeof(line->text))
		line->text[line->len++] = c;
	else
		line->too_long = true;
	return ASK_MORE;
}

bool ask_is_yes(const char *text)
{
	return !strcasecmp(text, "y") || !strcasecmp(text, "yes") || !strcasecmp(text, _("yes"));
}

bool ask_possible(const struct cli *cli)
{
	if (cli->in_lines)
		return true;
	return !cli->args.json && isatty(STDIN_FILENO) &&
	       (isatty(STDOUT_FILENO) || isatty(STDERR_FILENO));
}

void ask_prompt(struct out *out, const char *prompt)
{
	FILE *f = out->tty || out->lines ? out->f : stderr;

	fflush(out->f);
	fputs(prompt, f);
	fflush(f);
}

bool ask_agreement(struct out *out, const char *word)
{
	struct ask_line line;
	enum ask_state state;
	char prompt[200];

	if (word)
		snprintf(prompt, sizeof(prompt),
			 _("Type \"%s\" to go on; anything else changes nothing: "), word);
	else
		snprintf(prompt, sizeof(prompt), "%s", _("Go on? [y/N] "));
	ask_prompt(out, prompt);
	ask_line_init(&line);
	do {
		state = ask_line_read(&line, STDIN_FILENO);
	} while (state == ASK_MORE);
	if (state == ASK_END || !isatty(STDIN_FILENO))
		ask_prompt(out, "\n");
	if (state == ASK_END) {
		return false;
	}
	return word ? !strcmp(line.text, word) : ask_is_yes(line.text);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plain_ask.c - questions, numbered choices, and lines that stand by themselves */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/plain.h"
#include "core/i18n.h"
#include "core/text.h"

bool plain_ask(struct plain *p, const char *prompt, char *answer, size_t cap)
{
	struct ask_line line;
	enum ask_state state;
	const char *from;
	size_t len;

	answer[0] = '\0';
	if (p->ended)
		return false;
	ask_prompt(p->out, prompt);
	ask_line_init(&line);
	do {
		state = ask_line_read(&line, STDIN_FILENO);
	} while (state == ASK_MORE);
	/* Where nobody typed, nobody saw a line end either. */
	if (state == ASK_END || !isatty(STDIN_FILENO))
		fputc('\n', p->out->f);
	if (state == ASK_END) {
		p->ended = true;
		return false;
	}
	from = line.text + strspn(line.text, " \t\r");
	len = strlen(from);
	while (len && strchr(" \t\r", from[len - 1]))
		len--;
	snprintf(answer, cap, "%.*s", (int)len, from);
	return true;
}

/* The number in text, -1 when it is none. */
static int number(const char *text)
{
	char *end;
	long n;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	n = strtol(text, &end, 10);
	return *end || n > 100000 ? -1 : (int)n;
}

int plain_choose(struct plain *p, const char *prompt, int count, const char *letters)
{
	char answer[80];
	int n;

	for (;;) {
		if (!plain_ask(p, prompt, answer, sizeof(answer)))
			return PLAIN_LEAVE;
		if (!answer[0])
			return PLAIN_ENTER;
		n = number(answer);
		if (n == 0 || !strcmp(answer, "q") || !strcmp(answer, "Q"))
			return PLAIN_LEAVE;
		if (n > 0 && n <= count)
			return n;
		if (letters && answer[0] && !answer[1] && strchr(letters, answer[0]))
			return PLAIN_LETTER(answer[0]);
		fprintf(p->out->f, "%s\n", _("That is none of the choices."));
	}
}

void plain_item(struct plain *p, int n, const char *text)
{
	char label[16];

	snprintf(label, sizeof(label), "%d", n);
	fprintf(p->out->f, "%3s  ", label);
	out_fill(p->out, 5, 5, text);
}

void plain_heading(struct plain *p, const char *text)
{
	fputc('\n', p->out->f);
	out_wrap(p->out, 0, 0, text);
}

void plain_line(struct plain *p, const char *label, const char *text)
{
	char *whole;

	if (!text || !*text)
		return;
	whole = text_format("%s %s", label, text);
	if (whole)
		out_wrap(p->out, 0, 2, whole);
	free(whole);
}

void plain_say(struct plain *p, unsigned indent, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = text_vformat(format, args);
	va_end(args);
	out_wrap(p->out, indent, indent + 2, text);
	free(text);
}

bool plain_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;
	double n;

	*bytes = 0;
	if (text[0] < '0' || text[0] > '9')
		return false;
	n = strtod(text, &end);
	end += strspn(end, " ");
	unit = *end ? strchr(units, *end >= 'a' && *end <= 'z' ? *end - 32 : *end) : NULL;
	if (*end && !unit)
		return false;
	if (unit) {
		for (; unit >= units; unit--)
			n *= 1024;
		end++;
		if (strcmp(end, "") != 0 && strcmp(end, "B") != 0 && strcmp(end, "iB") != 0)
			return false;
	}
	if (!(n >= 1 && n < 1e18))
		return false;
	*bytes = (uint64_t)n;
	return true;
}

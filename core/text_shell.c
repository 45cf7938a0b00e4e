/* SPDX-License-Identifier: GPL-3.0-or-later */
/* text_shell.c - names in commands: a word stays one word, whatever is in it */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

/* What no shell gives a meaning to, wherever it stands in a word. */
static bool is_plain(const char *word)
{
	return word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "_@%+:,./-")] == '\0';
}

/* Within single quotes only these themselves mean something. */
static void put_inside(FILE *f, const char *word)
{
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", f);
		else
			fputc(*word, f);
	}
}

static void put_word(FILE *f, const char *word)
{
	if (is_plain(word)) {
		fputs(word, f);
		return;
	}
	fputc('\'', f);
	put_inside(f, word);
	fputc('\'', f);
}

/* The printable form, so that what is shown is what is quoted. */
static bool put_name(FILE *f, const char *name, bool begins, bool quoted)
{
	char *word = text_dup(name);

	if (!word)
		return false;
	/* A name that would be taken for an option. */
	if (begins && word[0] == '-')
		fputs("./", f);
	if (quoted)
		put_inside(f, word);
	else
		put_word(f, word);
	free(word);
	return true;
}

static char *ended(FILE *f, char **text, bool ok)
{
	bool good = fclose(f) == 0 && ok;

	if (good)
		return *text;
	free(*text);
	return NULL;
}

char *text_shell(const char *word)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	bool ok;

	if (!f)
		return NULL;
	ok = put_name(f, word, false, false);
	if (!*word)
		fputs("''", f);
	return ended(f, &text, ok);
}

char *text_vcommand(const char *format, va_list args)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	bool ok = f != NULL, begins = true, quoted = false;

	if (!f)
		return NULL;
	for (; *format && ok; format++) {
		if (*format != '%') {
			quoted = quoted != (*format == '\'');
			begins = *format == ' ';
			fputc(*format, f);
			continue;
		}
		format++;
		if (*format == 's') {
			ok = put_name(f, va_arg(args, const char *), begins && !quoted, quoted);
		} else if (*format == 'u') {
			fprintf(f, "%u", va_arg(args, unsigned));
		} else if (strncmp(format, "llu", 3) == 0) {
			fprintf(f, "%llu", va_arg(args, unsigned long long));
			format += 2;
		} else {
			ok = *format == '%' && fputc('%', f) != EOF;
		}
		begins = false;
	}
	return ended(f, &text, ok);
}

char *text_command(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = text_vcommand(format, args);
	va_end(args);
	return text;
}

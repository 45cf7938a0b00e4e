/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/out.h"

#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define WIDEST 100 /* longer lines are hard to read */

unsigned out_columns(int fd)
{
	struct winsize ws;

	if (!ioctl(fd, TIOCGWINSZ, &ws) && ws.ws_col > 0)
		return ws.ws_col;
	return 80;
}

static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no && *no)
		return false;
	return term && *term && strcmp(term, "dumb") != 0 && strncmp(term, "vt1", 3) != 0 &&
	       strncmp(term, "vt2", 3) != 0;
}

void out_init(struct out *out, bool no_color, bool plain)
{
	out->f = stdout;
	out->tty = isatty(STDOUT_FILENO);
	out->colour = out->tty && !no_color && !plain && wants_colour();
	out->lines = plain;
	out->ascii = plain || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	out->width = out->tty ? out_columns(STDOUT_FILENO) : 80;
	if (out->width < 20)
		out->width = 20;
}

int out_close(struct out *out)
{
	int code = 0;

	errno = 0;
	if (ferror(out->f))
		code = -EIO;
	if (fflush(out->f))
		code = errno ? -errno : -EIO;
	errno = 0;
	if (fclose(out->f) && !code)
		code = errno ? -errno : -EIO;
	out->f = NULL;
	return code;
}

static void spaces(FILE *f, unsigned n)
{
	while (n--)
		fputc(' ', f);
}

/* Bytes and columns of the next character; a byte that cannot be read takes one. */
static size_t next_character(const char *text, size_t len, mbstate_t *state, unsigned *columns)
{
	wchar_t wc;
	size_t n = mbrtowc(&wc, text, len, state);
	int w = 1;

	if (n == 0 || n > len) {
		memset(state, 0, sizeof(*state));
		n = 1;
	} else {
		w = wcwidth(wc);
	}
	*columns = w > 0 ? (unsigned)w : 0;
	return n;
}

static unsigned columns_of(const char *text, size_t len)
{
	mbstate_t state = {0};
	unsigned columns = 0, w;
	size_t n;

	for (; len; text += n, len -= n) {
		n = next_character(text, len, &state, &w);
		columns += w;
	}
	return columns;
}

unsigned out_text_columns(const char *text)
{
	return columns_of(text, strlen(text));
}

void out_clip(char *text, unsigned columns)
{
	mbstate_t state = {0};
	size_t len = strlen(text), n;
	unsigned w;

	for (; len; text += n, len -= n) {
		n = next_character(text, len, &state, &w);
		if (w > columns) {
			*text = '\0';
			return;
		}
		columns -= w;
	}
}

void out_wrap(struct out *out, unsigned first, unsigned rest, const char *text)
{
	if (!text || !*text)
		return;
	spaces(out->f, first);
	out_fill(out, first, rest, text);
}

void out_fill(struct out *out, unsigned column, unsigned rest, const char *text)
{
	unsigned width = out->width < WIDEST ? out->width : WIDEST;
	unsigned indent = column, w;
	size_t len;

	if (!text)
		text = "";
	for (;;) {
		while (*text == ' ')
			text++;
		len = strcspn(text, " \n");
		w = columns_of(text, len);
		if (len && column > indent) {
			if (column + 1 + w < width) {
				fputc(' ', out->f);
				column++;
			} else {
				fputc('\n', out->f);
				spaces(out->f, rest);
				column = indent = rest;
			}
		}
		fwrite(text, 1, len, out->f);
		column += w;
		text += len;
		if (!*text)
			break;
		if (*text == '\n') {
			text++;
			fputc('\n', out->f);
			if (!*text)
				return;
			spaces(out->f, rest);
			column = indent = rest;
		}
	}
	fputc('\n', out->f);
}

const char *out_on(const struct out *out, enum out_style style)
{
	static const char *const code[] = {"", "\033[1m", "\033[32m", "\033[1;33m", "\033[1;31m"};

	return out->colour ? code[style] : "";
}

const char *out_off(const struct out *out)
{
	return out->colour ? "\033[0m" : "";
}

char *out_bar(char *dst, unsigned cells, double percent)
{
	unsigned filled = 0, i;

	if (percent >= 100)
		filled = cells;
	else if (percent > 0)
		filled = (unsigned)(percent * (double)cells / 100.0);
	dst[0] = '[';
	for (i = 0; i < cells; i++)
		dst[1 + i] = i < filled ? '#' : '.';
	dst[1 + cells] = ']';
	dst[2 + cells] = '\0';
	return dst;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/cells.h"

#include <stdbool.h>
#include <stdint.h>

/* Length of a well-formed sequence by its first byte; texts were checked by the core. */
static size_t sequence(const unsigned char *s, uint32_t *cp)
{
	size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2, i;

	if (s[0] < 0x80) {
		*cp = s[0];
		return 1;
	}
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	*cp = s[0] & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (s[i] & 0x3fu);
	}
	return len;
}

size_t cells_next(const char *s, wchar_t *ch, int *width)
{
	uint32_t cp = '?';
	size_t len;

	if (!*s)
		return 0;
	len = sequence((const unsigned char *)s, &cp);
	*ch = len ? (wchar_t)cp : L'?';
	*width = wcwidth(*ch);
	if (*width < 0) { /* a control character, or none of this locale */
		*ch = L'?';
		*width = 1;
	}
	return len ? len : 1;
}

int cells_count(const char *s)
{
	int n = 0, width;
	wchar_t ch;
	size_t len;

	while ((len = cells_next(s, &ch, &width)) > 0) {
		n += width;
		s += len;
	}
	return n;
}

size_t cells_fit(const char *s, int cells)
{
	size_t at = 0, len;
	int n = 0, width;
	wchar_t ch;

	while ((len = cells_next(s + at, &ch, &width)) > 0) {
		if (n + width > cells)
			break;
		n += width;
		at += len;
	}
	return at;
}

size_t cells_wrap(const char *s, int cells, size_t *next)
{
	size_t at = 0, len, end = 0, after = 0;
	bool breakable = false;
	int n = 0, width;
	wchar_t ch;

	for (;;) {
		if (s[at] == '\n' || s[at] == '\0') {
			end = at;
			after = at + (s[at] == '\n');
			break;
		}
		if (s[at] == ' ' && at > 0 && s[at - 1] != ' ') {
			end = at;
			breakable = true;
		}
		len = cells_next(s + at, &ch, &width);
		if (n + width > cells) {
			if (!breakable)
				end = at ? at : len;
			after = end;
			while (s[after] == ' ')
				after++;
			if (s[after] == '\n')
				after++;
			break;
		}
		n += width;
		at += len;
	}
	while (end > 0 && s[end - 1] == ' ')
		end--;
	*next = after;
	return end;
}

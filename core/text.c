/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"

/*
 * Length of the well-formed UTF-8 sequence at s (Unicode table 3-7), 0 when
 * there is none; *cp gets the character.
 */
static size_t utf8_sequence(const unsigned char *s, uint32_t *cp)
{
	size_t len, i;
	uint32_t min;

	if (s[0] < 0x80) {
		*cp = s[0];
		return s[0] ? 1 : 0;
	}
	if (s[0] >= 0xc2 && s[0] <= 0xdf) {
		len = 2;
		min = 0x80;
		*cp = s[0] & 0x1f;
	} else if ((s[0] & 0xf0) == 0xe0) {
		len = 3;
		min = 0x800;
		*cp = s[0] & 0x0f;
	} else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		len = 4;
		min = 0x10000;
		*cp = s[0] & 0x07;
	} else {
		return 0;
	}
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (s[i] & 0x3f);
	}
	if (*cp < min || *cp > 0x10ffff || (*cp >= 0xd800 && *cp <= 0xdfff))
		return 0;
	return len;
}

/* Characters that move, hide or reorder what a terminal shows. */
static bool is_harmful(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || /* C0, DEL, C1 */
	       cp == 0xad || cp == 0x61c ||              /* soft hyphen, Arabic mark */
	       (cp >= 0x200b && cp <= 0x200f) ||         /* zero width, direction marks */
	       (cp >= 0x2028 && cp <= 0x202e) ||         /* separators, direction overrides */
	       (cp >= 0x2060 && cp <= 0x206f) ||         /* invisible, isolates */
	       cp == 0xfeff || (cp >= 0xfff0 && cp <= 0xfffb) || /* BOM, specials */
	       (cp >= 0xe0000 && cp <= 0xe0fff);         /* tags */
}

void text_printable(char *dst, size_t cap, const char *src)
{
	const unsigned char *s = (const unsigned char *)(src ? src : "");
	size_t used = 0;

	while (*s) {
		uint32_t cp = 0;
		size_t len = utf8_sequence(s, &cp);
		bool bad = len == 0 || is_harmful(cp);
		size_t out = bad ? 1 : len;

		if (used + out >= cap)
			break;
		if (bad)
			dst[used] = '?';
		else
			memcpy(dst + used, s, len);
		used += out;
		s += len ? len : 1;
	}
	dst[used] = '\0';
}

char *text_dup(const char *src)
{
	size_t cap;
	char *dst;

	if (!src)
		return NULL;
	cap = strlen(src) + 1; /* what replaces a character is never longer */
	dst = malloc(cap);
	if (dst)
		text_printable(dst, cap, src);
	return dst;
}

char *text_vformat(const char *format, va_list args)
{
	char *raw = NULL, *dst;

	if (vasprintf(&raw, format, args) < 0)
		return NULL;
	dst = text_dup(raw);
	free(raw);
	return dst;
}

char *text_format(const char *format, ...)
{
	va_list args;
	char *dst;

	va_start(args, format);
	dst = text_vformat(format, args);
	va_end(args);
	return dst;
}

char *text_size(char dst[16], uint64_t bytes)
{
	static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t u = 0;

	/* 999.5 and not 1024: four digits before the unit would need a place more. */
	while (value >= 999.5 && u + 1 < sizeof(unit) / sizeof(unit[0])) {
		value /= 1024;
		u++;
	}
	if (u == 0)
		snprintf(dst, 16, "%" PRIu64 " B", bytes);
	else
		snprintf(dst, 16, "%.*f %s", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value,
			 unit[u]);
	return dst;
}

int text_parse_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "kmgt";
	uint64_t whole = 0, part = 0, scale = 1, unit = 1, rest;
	const char *at, *u;

	text += strspn(text, " ");
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	for (at = text; isdigit((unsigned char)*at); at++)
		if (whole > (UINT64_MAX - 9) / 10)
			return -ERANGE;
		else
			whole = whole * 10 + (uint64_t)(*at - '0');
	if (*at == '.' || *at == ',') {
		if (!isdigit((unsigned char)at[1]))
			return -EINVAL;
		/* More digits than that say nothing about a size. */
		for (at++; isdigit((unsigned char)*at); at++)
			if (scale < 1000000) {
				part = part * 10 + (uint64_t)(*at - '0');
				scale *= 10;
			}
	}
	at += strspn(at, " ");
	u = *at ? strchr(units, tolower((unsigned char)*at)) : NULL;
	if (u) {
		unit = 1ull << (10 * (u - units + 1));
		at++;
		if (tolower((unsigned char)*at) == 'i' && tolower((unsigned char)at[1]) == 'b')
			at += 2;
	}
	at += strspn(at, " ");
	if (*at || (scale > 1 && unit == 1))
		return -EINVAL;
	/* part is below 10^6 and the unit at most 2^40: this cannot overflow. */
	rest = part * unit / scale;
	if (whole > (UINT64_MAX - rest) / unit)
		return -ERANGE;
	*bytes = whole * unit + rest;
	return 0;
}

char *text_duration(char dst[32], uint64_t seconds)
{
	uint64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (seconds < 60)
		snprintf(dst, 32, _("%" PRIu64 " s"), seconds);
	else if (minutes < 60 && seconds % 60 != 0 && minutes < 10)
		snprintf(dst, 32, _("%" PRIu64 " min %" PRIu64 " s"), minutes, seconds % 60);
	else if (minutes < 60)
		snprintf(dst, 32, _("%" PRIu64 " min"), minutes);
	else if (hours < 24)
		snprintf(dst, 32, _("%" PRIu64 " h %" PRIu64 " min"), hours, minutes % 60);
	else if (days < 2)
		snprintf(dst, 32, _("%" PRIu64 " h"), hours);
	else
		snprintf(dst, 32, _("%" PRIu64 " days"), days);
	return dst;
}

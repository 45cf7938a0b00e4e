/* SPDX-License-Identifier: GPL-3.0-or-later */
/* text.h - text from strangers made printable, allocated text, sizes in words */
#ifndef LM_TEXT_H
#define LM_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copies src to dst (cap bytes, always terminated; cap > 0), control characters
 * (C0, DEL, C1), bidirectional overrides and invalid UTF-8 each becoming '?'.
 * Cuts between characters, never within one. src may be NULL: empty text.
 */
void text_printable(char *dst, size_t cap, const char *src);

/* The same into new memory; NULL when there is none, or src is NULL. Free with free(). */
char *text_dup(const char *src);

/* Formatted, made printable, in new memory; NULL without memory. Free with free(). */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_vformat(const char *format, va_list args);

/*
 * For commands that are shown, to be copied into a shell (text_shell.c). Names come
 * from strangers: `overlay-;rm -rf $HOME` is one word, and no more.
 *
 * text_shell(): the word, within single quotes where it needs them.
 * text_command(): a command, each %s such a word, or part of one; also within
 * single quotes of the format. Understands %s, %u, %llu and %%. What begins with
 * "-" where a word begins is a name, and gets "./" in front.
 * Printable, in new memory; NULL without memory.
 */
char *text_shell(const char *word);
char *text_command(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_vcommand(const char *format, va_list args);

/*
 * "0 B", "512 B", "4.0 KiB", "1.42 GiB": three significant digits, IEC units.
 * dst needs 16 bytes. Returns dst.
 */
char *text_size(char dst[16], uint64_t bytes);

/*
 * The other way round: "512M", "1.5G", "2 GiB", "700000" (bytes). K, M, G, T are
 * powers of 1024. 0, -EINVAL when it is no size, -ERANGE when it is too large.
 */
int text_parse_size(const char *text, uint64_t *bytes);

/* "4 s", "3 min 20 s", "2 h 5 min", "3 days". dst needs 32 bytes. Returns dst. */
char *text_duration(char dst[32], uint64_t seconds);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "tui/lmcurses.h"

#define ESC_DIGIT_MS 2000

static const struct {
	const char *name;
	uint32_t key;
} names[] = {
	{"Up", K_UP},         {"Down", K_DOWN},           {"Left", K_LEFT},
	{"Right", K_RIGHT},   {"PgUp", K_PGUP},           {"PgDn", K_PGDN},
	{"Home", K_HOME},     {"End", K_END},             {"Enter", K_ENTER},
	{"Esc", K_ESC},       {"Tab", K_TAB},             {"S-Tab", K_BACKTAB},
	{"Del", K_DELETE},    {"Backspace", K_BACKSPACE}, {"Space", ' '},
};

int input_open(struct input *input)
{
	WINDOW *pad = newpad(1, 1); /* reading from a pad neither refreshes nor moves the cursor */

	if (!pad)
		return -ENOMEM;
	keypad(pad, TRUE);
	nodelay(pad, TRUE);
	*input = (struct input){.pad = pad};
	return 0;
}

void input_close(struct input *input)
{
	if (input->pad)
		delwin(input->pad);
	input->pad = NULL;
}

/*
 * One character (OK), a key of curses' (KEY_CODE_YES), or nothing (ERR). The bytes of a character
 * are put together here: get_wch() takes what follows a byte that is no character for more of it,
 * and drops the beginning of one whose rest is still on the line.
 */
static int next_code(struct input *input, wint_t *code)
{
	int c;

	if (input->held) {
		*code = (wint_t)input->held;
		input->held = 0;
		return OK;
	}
	while ((c = wgetch(input->pad)) != ERR) {
		bool begun = !mbsinit(&input->part);
		char byte = (char)c;
		wchar_t wide;
		size_t n;

		if (c > 0xff) {
			input->part = (mbstate_t){0};
			*code = (wint_t)c;
			return KEY_CODE_YES;
		}
		n = mbrtowc(&wide, &byte, 1, &input->part);
		if (n == (size_t)-1) {
			input->part = (mbstate_t){0};
			/* What does not go on with a character may begin the next one. */
			n = begun ? mbrtowc(&wide, &byte, 1, &input->part) : (size_t)-1;
		}
		if (n == (size_t)-1)
			input->part = (mbstate_t){0};
		else if (n != (size_t)-2) {
			*code = (wint_t)wide;
			return OK;
		}
	}
	return ERR;
}

static uint32_t from_curses(wint_t code)
{
	switch (code) {
	case KEY_UP:
		return K_UP;
	case KEY_DOWN:
		return K_DOWN;
	case KEY_LEFT:
		return K_LEFT;
	case KEY_RIGHT:
		return K_RIGHT;
	case KEY_PPAGE:
	case KEY_A3:
		return K_PGUP;
	case KEY_NPAGE:
	case KEY_C3:
		return K_PGDN;
	case KEY_HOME:
	case KEY_FIND:
	case KEY_A1:
		return K_HOME;
	case KEY_END:
	case KEY_SELECT:
	case KEY_C1:
		return K_END;
	case KEY_ENTER:
		return K_ENTER;
	case KEY_BTAB:
		return K_BACKTAB;
	case KEY_BACKSPACE:
		return K_BACKSPACE;
	case KEY_DC:
		return K_DELETE;
	default:
		if (code > KEY_F0 && code <= KEY_F0 + 12)
			return (uint32_t)(K_F0 + (int)(code - KEY_F0));
		return KEY_NAMED; /* a key, but none that we know */
	}
}

static uint32_t from_char(wint_t code)
{
	switch (code) {
	case 0:
		return KEY_NAMED;
	case '\r':
	case '\n':
		return K_ENTER;
	case '\t':
		return K_TAB;
	case 0x1b:
		return K_ESC;
	case 0x7f:
	case '\b':
		return K_BACKSPACE;
	default:
		/* Some libraries take more for characters than there are: those would be our keys. */
		return code < KEY_NAMED ? (uint32_t)code : KEY_NAMED;
	}
}

/* ECMA-48: "[", parameters, a final byte; of several parameters the later ones are modifiers. */
static const struct {
	const char *sequence;
	uint32_t key;
} usual[] = {
	{"[A", K_UP},          {"[B", K_DOWN},        {"[C", K_RIGHT},      {"[D", K_LEFT},
	{"OA", K_UP},          {"OB", K_DOWN},        {"OC", K_RIGHT},      {"OD", K_LEFT},
	{"[H", K_HOME},        {"[F", K_END},         {"OH", K_HOME},       {"OF", K_END},
	{"[1~", K_HOME},       {"[7~", K_HOME},       {"[4~", K_END},       {"[8~", K_END},
	{"[3~", K_DELETE},     {"[5~", K_PGUP},       {"[6~", K_PGDN},      {"[Z", K_BACKTAB},
	{"OM", K_ENTER},       {"OP", K_F0 + 1},      {"OQ", K_F0 + 2},     {"OR", K_F0 + 3},
	{"OS", K_F0 + 4},      {"[[A", K_F0 + 1},     {"[[B", K_F0 + 2},    {"[[C", K_F0 + 3},
	{"[[D", K_F0 + 4},     {"[[E", K_F0 + 5},     {"[11~", K_F0 + 1},   {"[12~", K_F0 + 2},
	{"[13~", K_F0 + 3},    {"[14~", K_F0 + 4},    {"[15~", K_F0 + 5},   {"[17~", K_F0 + 6},
	{"[18~", K_F0 + 7},    {"[19~", K_F0 + 8},    {"[20~", K_F0 + 9},   {"[21~", K_F0 + 10},
	{"[23~", K_F0 + 11},   {"[24~", K_F0 + 12},
};

/* What follows Esc and first, which has been read. Nothing is waited for. */
static uint32_t sequence(struct input *input, wint_t first)
{
	char s[32] = {(char)first};
	size_t n = 1, i;
	wint_t code;

	while (next_code(input, &code) == OK) {
		if (code < 0x20 || code > 0x7e) {
			input->held = (uint32_t)code;
			break;
		}
		if (n + 1 < sizeof(s))
			s[n++] = (char)code;
		/* The Linux console's F1 to F5 have a second bracket. */
		if (code >= 0x40 && !(n == 2 && first == '[' && code == '['))
			break;
	}
	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (strcmp(usual[i].sequence, s) == 0)
			return usual[i].key;
	return KEY_NAMED;
}

uint32_t input_key(struct input *input)
{
	wint_t code = 0;
	int rc = next_code(input, &code);
	uint32_t key;

	if (rc == ERR)
		return 0;
	key = rc == KEY_CODE_YES ? from_curses(code) : from_char(code);
	if (key != K_ESC || next_code(input, &code) != OK)
		return key;
	/* curses has waited ESCDELAY for more, and more has come */
	if (code >= '0' && code <= '9')
		return (uint32_t)(K_F0 + (code == '0' ? 10 : (int)(code - '0')));
	if (code == '[' || code == 'O')
		return sequence(input, code);
	input->held = (uint32_t)code;
	return K_ESC;
}

uint32_t input_after_esc(struct input *input, uint32_t key, int64_t now_ms, bool takes_digits)
{
	bool after = input->esc_at && now_ms - input->esc_at <= ESC_DIGIT_MS;

	input->esc_at = key == K_ESC ? now_ms : 0;
	if (key < '0' || key > '9' || takes_digits || !after)
		return key;
	return (uint32_t)(K_F0 + (key == '0' ? 10 : (int)(key - '0')));
}

uint32_t key_from_name(const char *name, size_t len)
{
	wchar_t wide = 0;
	mbstate_t state = {0};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == len && memcmp(names[i].name, name, len) == 0)
			return names[i].key;
	if (len == 3 && name[0] == 'C' && name[1] == '-')
		return K_CTRL(name[2]);
	if (len >= 2 && name[0] == 'F' && name[1] >= '1' && name[1] <= '9') {
		long number = strtol(name + 1, NULL, 10);

		return number <= K_LAST - K_F0 ? (uint32_t)(K_F0 + number) : 0;
	}
	/* Numbers from KEY_NAMED on are other keys'. */
	if (len > 0 && mbrtowc(&wide, name, len, &state) == len && (uint32_t)wide < KEY_NAMED)
		return (uint32_t)wide;
	return 0;
}

bool key_is_text(uint32_t key)
{
	return key >= 0x20 && key < KEY_NAMED && !(key >= 0x7f && key < 0xa0);
}

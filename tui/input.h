/* SPDX-License-Identifier: GPL-3.0-or-later */
/* input.h - keys: read from the terminal, and named */
#ifndef TUI_INPUT_H
#define TUI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

/* A key is a Unicode character (control keys are 1 to 26), or one of these. */
enum {
	KEY_NAMED = 0x110000,
	K_UP,
	K_DOWN,
	K_LEFT,
	K_RIGHT,
	K_PGUP,
	K_PGDN,
	K_HOME,
	K_END,
	K_ENTER,
	K_ESC,
	K_TAB,
	K_BACKTAB,
	K_BACKSPACE,
	K_DELETE,
	K_F0, /* F1 is K_F0 + 1 */
	K_LAST = K_F0 + 12
};

#define K_CTRL(letter) ((uint32_t)(letter) & 0x1fu)

struct input {
	void *pad;      /* keys are read through a window that is never shown */
	mbstate_t part; /* of a character whose rest has not come yet */
	uint32_t held;  /* a character that was read and is still to be given, 0: none */
	int64_t esc_at; /* when Esc was pressed last, in milliseconds; 0: not lately */
};

int input_open(struct input *input);
void input_close(struct input *input);

/*
 * The next key, without waiting; 0 when there is none. Esc followed at once by a
 * digit (as Alt sends it) is the function key of that number (0 is F10). Keys that
 * terminals send in other ways than terminfo says are understood where that is
 * usual, and otherwise are one unknown key rather than Esc and letters.
 */
uint32_t input_key(struct input *input);

/*
 * Fingers that press Esc and then a digit are slower than a terminal: that is a
 * function key too, within two seconds and where digits mean nothing else. key
 * was read at now_ms; returns what it means.
 */
uint32_t input_after_esc(struct input *input, uint32_t key, int64_t now_ms, bool takes_digits);

/* The key of that name ("F1", "Enter", "C-l", "Space", "a"), 0 when there is none. */
uint32_t key_from_name(const char *name, size_t len);

/* Text keys: what a field takes. */
bool key_is_text(uint32_t key);

#endif

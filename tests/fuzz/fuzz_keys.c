/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys: the first byte of the input says which terminal it is, the rest is what
 * comes from its line, and (after it) names of keys as a script gives them.
 */
#include <locale.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tui/input.h"
#include "tui/lmcurses.h"

#define MOST_BYTES 4096 /* well below what a pipe holds */

static struct {
	int line; /* what is written here is what the terminal sends */
	FILE *in, *out;
	SCREEN *screens[3];
	struct input inputs[3];
} term;

static void open_terminals(void)
{
	static const char *const names[3] = {"xterm", "linux", "vt100"};
	int ends[2];

	setlocale(LC_ALL, "C.UTF-8");
	MUST(pipe(ends) == 0);
	term.line = ends[1];
	term.in = fdopen(ends[0], "r");
	term.out = fopen("/dev/null", "we");
	MUST(term.in && term.out);
	for (int i = 0; i < 3; i++) {
		term.screens[i] = newterm(names[i], term.out, term.in);
		MUST(term.screens[i]);
		raw();
		noecho();
		nonl();
		set_escdelay(0);
		meta(stdscr, TRUE);
		MUST(input_open(&term.inputs[i]) == 0);
	}
}

static bool is_key(uint32_t key)
{
	return key <= K_LAST;
}

static void read_keys(struct input *input, const uint8_t *data, size_t size)
{
	size_t keys = 0;
	uint32_t key;
	int64_t now = 1;

	MUST(write(term.line, data, size) == (ssize_t)size);
	input->esc_at = 0;
	input->part = (mbstate_t){0};
	while ((key = input_key(input)) != 0) {
		uint32_t means = input_after_esc(input, key, now, key & 1);

		MUST(is_key(key) && is_key(means));
		MUST(!key_is_text(key) || (key >= 0x20 && key != 0x7f && key < KEY_NAMED));
		now += key;
		/* Each key is made of one byte or more. */
		MUST(++keys <= size);
	}
	/* Nothing that was sent is left for the next one. */
	MUST(input_key(input) == 0);
}

static void read_names(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *word, *save = NULL;

	MUST(text);
	for (word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
		MUST(is_key(key_from_name(word, strlen(word))));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned which;

	if (!term.in)
		open_terminals();
	if (!size || size > MOST_BYTES)
		return 0;
	which = *data % 3;
	set_term(term.screens[which]);
	read_keys(&term.inputs[which], data + 1, size - 1);
	read_names(data + 1, size - 1);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel command line as dracut reads it: words apart by blanks outside of
 * double quotes, the last one of a name counts, a new name goes before its old
 * spelling. dracut.cmdline(7), and 90dmsquash-live and 99base of dracut 059.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/stick/stick_boot.h"

/* Cuts the next word off: "key" or "key=value", quotes taken away. */
static char *next_word(char **line, char **value)
{
	char *from = *line + strspn(*line, " \t\r\n"), *word = from, *to = from;
	bool in_quotes = false;

	*value = NULL;
	if (!*from)
		return NULL;
	for (; *from && (in_quotes || !strchr(" \t\r\n", *from)); from++) {
		if (*from == '"') {
			in_quotes = !in_quotes;
		} else if (*from == '=' && !*value) {
			*to++ = '\0';
			*value = to;
		} else {
			*to++ = *from;
		}
	}
	*line = *from ? from + 1 : from;
	*to = '\0';
	return word;
}

/*
 * One setting: what its words said last. "given" without a value is what
 * dracut takes for yes.
 */
struct setting {
	bool given;
	char *value;
};

static bool find(const char *cmdline, const char *key, struct setting *s, bool *no_memory)
{
	char *copy = strdup(cmdline), *line = copy, *word, *value, *last = NULL;

	s->given = false;
	s->value = NULL;
	if (!copy) {
		*no_memory = true;
		return false;
	}
	while ((word = next_word(&line, &value))) {
		if (strcmp(word, key) == 0) {
			s->given = true;
			last = value;
		}
	}
	if (last && *last) {
		s->value = strdup(last);
		*no_memory |= !s->value;
	}
	free(copy);
	return s->given;
}

/* The value of the first of the two that is there. */
static char *text_of(const char *cmdline, const char *key, const char *old, bool *no_memory)
{
	struct setting s;

	if (!find(cmdline, key, &s, no_memory) && old)
		find(cmdline, old, &s, no_memory);
	return s.value;
}

/* Old spellings count by being there, whatever they say. */
static bool flag(const char *cmdline, const char *key, const char *old, bool *no_memory)
{
	struct setting s;
	bool yes;

	if (find(cmdline, key, &s, no_memory)) {
		yes = !s.value || (strcmp(s.value, "0") != 0 && strcmp(s.value, "no") != 0 &&
				   strcmp(s.value, "off") != 0);
		free(s.value);
		return yes;
	}
	if (!old)
		return false;
	yes = find(cmdline, old, &s, no_memory);
	free(s.value);
	return yes;
}

/* rd.overlay is a yes or no, or what rd.live.overlay was. */
static char *overlay_of(const char *cmdline, bool *overlayfs, bool *no_memory)
{
	static const char *const words[] = { "0", "no", "off", "1" };
	struct setting s;
	size_t i;

	if (find(cmdline, "rd.overlay", &s, no_memory)) {
		*overlayfs = !s.value || (strcmp(s.value, "0") != 0 && strcmp(s.value, "no") != 0 &&
					  strcmp(s.value, "off") != 0);
		for (i = 0; s.value && i < sizeof(words) / sizeof(words[0]); i++) {
			if (strcmp(s.value, words[i]) == 0) {
				free(s.value);
				s.value = NULL;
			}
		}
		if (s.value)
			return s.value;
	}
	return text_of(cmdline, "rd.live.overlay", "overlay", no_memory);
}

int boot_args_parse(const char *cmdline, struct boot_args *a)
{
	bool no_memory = false;
	char *root;

	memset(a, 0, sizeof(*a));
	root = text_of(cmdline, "root", NULL, &no_memory);
	a->live = flag(cmdline, "rd.live.image", "liveimg", &no_memory);
	if (root && strncmp(root, "live:", 5) == 0) {
		a->live = true;
		memmove(root, root + 5, strlen(root + 5) + 1);
	}
	a->root = root;
	a->dir = text_of(cmdline, "rd.live.dir", "live_dir", &no_memory);
	a->squashimg = text_of(cmdline, "rd.live.squashimg", NULL, &no_memory);
	a->overlayfs = flag(cmdline, "rd.live.overlay.overlayfs", NULL, &no_memory);
	a->overlay = overlay_of(cmdline, &a->overlayfs, &no_memory);
	a->reset = flag(cmdline, "rd.overlay.reset", NULL, &no_memory) ||
		   flag(cmdline, "rd.live.overlay.reset", "reset_overlay", &no_memory);
	a->readonly = flag(cmdline, "rd.overlay.readonly", NULL, &no_memory) ||
		      flag(cmdline, "rd.live.overlay.readonly", "readonly_overlay", &no_memory);
	a->thin = flag(cmdline, "rd.live.overlay.thin", NULL, &no_memory);
	a->ram = flag(cmdline, "rd.live.ram", "live_ram", &no_memory);
	a->writable = flag(cmdline, "rd.writable.fsimg", "writable_fsimg", &no_memory);
	a->partition = flag(cmdline, "rd.live.overlay.persistent", NULL, &no_memory);
	if (!no_memory)
		return 0;
	boot_args_free(a);
	return -ENOMEM;
}

void boot_args_free(struct boot_args *a)
{
	free(a->root);
	free(a->dir);
	free(a->squashimg);
	free(a->overlay);
	memset(a, 0, sizeof(*a));
}

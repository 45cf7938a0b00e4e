/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GRUB 2: a script in a language like the shell's. Its words, quotes and plain
 * variables are understood; nothing is run. Of an "if" all branches are read,
 * since what they ask for is only known when it boots, and a variable set in
 * one keeps the first value. Bodies of functions are left out.
 * Language: the GRUB manual, "Writing your own configuration files".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/stick/stick_boot.h"

#define MAX_WORDS 256
#define MAX_WORD 4096
#define MAX_VARS 64
#define MAX_BLOCKS 32
#define MAX_COMMANDS 20000
#define MAX_CMDLINE 16384
/* Characters that variables may expand to in all: their values can hold one another. */
#define MAX_EXPANDED (1u << 20)

enum block { BLOCK_OTHER, BLOCK_FUNCTION, BLOCK_ENTRY, BLOCK_SUBMENU };

struct var {
	char *name, *value;
};

struct level {
	enum block kind;
	unsigned items; /* menu entries and submenus seen in it */
};

struct parser {
	struct boot_reader *r;
	struct boot_menu *menu;
	struct var vars[MAX_VARS];
	size_t n_vars;
	struct level levels[MAX_BLOCKS];
	unsigned level;
	unsigned ifs, skip; /* within how many "if"; in how many blocks to be left out */
	size_t entry;       /* 1 + index of the entry being read */
	unsigned commands;
	size_t expanded;
	char place[64];     /* of the submenu being read, "1>" */
};

struct command {
	char *words[MAX_WORDS];
	size_t n;
};

static const char *get(const struct parser *p, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < p->n_vars; i++) {
		if (strncmp(p->vars[i].name, name, len) == 0 && !p->vars[i].name[len])
			return p->vars[i].value;
	}
	return "";
}

static void put(struct parser *p, const char *name, size_t len, const char *value)
{
	struct var *v;
	size_t i;

	for (i = 0; i < p->n_vars; i++) {
		v = &p->vars[i];
		if (strncmp(v->name, name, len) != 0 || v->name[len])
			continue;
		/* Which branch is taken is not known: the first that says something. */
		if (!p->ifs || !*v->value)
			boot_set(p->r, &v->value, value, strlen(value));
		return;
	}
	if (p->n_vars == MAX_VARS || p->r->no_memory)
		return;
	v = &p->vars[p->n_vars];
	boot_set(p->r, &v->name, name, len);
	boot_set(p->r, &v->value, value, strlen(value));
	if (p->r->no_memory) {
		free(v->name);
		free(v->value);
		v->name = v->value = NULL;
		return;
	}
	p->n_vars++;
}

struct buf {
	char text[MAX_WORD];
	size_t n;
	bool any; /* a word, even if it is empty */
};

static void add(struct buf *b, const char *text, size_t n)
{
	if (n > sizeof(b->text) - 1 - b->n)
		n = sizeof(b->text) - 1 - b->n;
	memcpy(b->text + b->n, text, n);
	b->n += n;
	b->any = true;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '?' || c == '#' || c == '@';
}

/* At '$': adds the value, returns behind it. */
static const char *expand(struct parser *p, const char *s, struct buf *b)
{
	const char *name = s + 1, *value;
	size_t n = 0;
	bool braces = *name == '{';

	name += braces;
	while (is_name(name[n]))
		n++;
	if (!n || (braces && name[n] != '}')) {
		add(b, s, 1);
		return s + 1;
	}
	value = get(p, name, n);
	p->expanded += strlen(value);
	if (*value && p->expanded < MAX_EXPANDED)
		add(b, value, strlen(value));
	return name + n + braces;
}

static const char *quoted(struct parser *p, const char *s, struct buf *b)
{
	char q = *s++;

	b->any = true;
	while (*s && *s != q) {
		if (q == '"' && *s == '$') {
			s = expand(p, s, b);
		} else if (q == '"' && *s == '\\' && s[1] && strchr("\\\"$\n", s[1])) {
			if (s[1] != '\n')
				add(b, s + 1, 1);
			s += 2;
		} else {
			add(b, s++, 1);
		}
	}
	return *s ? s + 1 : s;
}

/*
 * One command up to its end; returns behind it. *open, *close: it ended with a
 * bare "{", or it is a bare "}".
 */
static const char *read_command(struct parser *p, const char *s, struct command *c, bool *open,
				bool *close)
{
	struct buf *b = calloc(1, sizeof(*b));

	c->n = 0;
	*open = *close = false;
	if (!b) {
		p->r->no_memory = true;
		return s + strlen(s);
	}
	for (;;) {
		bool bare = true;

		while (*s == ' ' || *s == '\t' || *s == '\r' || (*s == '\\' && s[1] == '\n'))
			s += *s == '\\' ? 2 : 1;
		if (*s == '#')
			s += strcspn(s, "\n");
		if (!*s)
			break;
		if (*s == '\n' || *s == ';' || *s == '&' || *s == '|') {
			s++;
			break;
		}
		b->n = 0;
		b->any = false;
		while (*s && !strchr(" \t\r\n;&|", *s)) {
			if (*s == '\'' || *s == '"') {
				bare = false;
				s = quoted(p, s, b);
			} else if (*s == '$') {
				s = expand(p, s, b);
			} else if (*s == '\\' && s[1]) {
				if (s[1] != '\n')
					add(b, s + 1, 1);
				s += 2;
			} else {
				add(b, s++, 1);
			}
		}
		b->text[b->n] = '\0';
		if (bare && b->n == 1 && b->text[0] == '{') {
			*open = true;
			break;
		}
		if (bare && b->n == 1 && b->text[0] == '}') {
			*close = true;
			break;
		}
		if (b->any && c->n < MAX_WORDS) {
			c->words[c->n] = NULL;
			boot_set(p->r, &c->words[c->n], b->text, b->n);
			if (p->r->no_memory)
				break;
			c->n++;
		}
	}
	free(b);
	return s;
}

static void set_place(struct parser *p, struct boot_entry *e)
{
	char place[80];

	snprintf(place, sizeof(place), "%s%u", p->place, p->levels[p->level].items);
	boot_set(p->r, &e->place, place, strlen(place));
}

/* menuentry TITLE [--class C] [--id ID] ... { */
static void begin_entry(struct parser *p, const struct command *c)
{
	struct boot_entry *e = boot_menu_add(p->r, p->menu);
	size_t i;

	p->entry = 0;
	if (!e)
		return;
	p->entry = p->menu->n_entries;
	set_place(p, e);
	for (i = 1; i < c->n; i++) {
		const char *w = c->words[i];

		if (strncmp(w, "--id=", 5) == 0)
			boot_set(p->r, &e->id, w + 5, strlen(w + 5));
		else if (strcmp(w, "--id") == 0 && i + 1 < c->n) {
			i++;
			boot_set(p->r, &e->id, c->words[i], strlen(c->words[i]));
		} else if ((strcmp(w, "--class") == 0 || strcmp(w, "--users") == 0 ||
			    strcmp(w, "--hotkey") == 0) &&
			   i + 1 < c->n)
			i++;
		else if (w[0] != '-' && !e->title)
			boot_set(p->r, &e->title, w, strlen(w));
	}
	if (!e->title)
		boot_set(p->r, &e->title, "", 0);
}

static void open_block(struct parser *p, const struct command *c)
{
	const char *what = c->n ? c->words[0] : "";
	struct level *up = &p->levels[p->level];
	enum block kind = BLOCK_OTHER;
	size_t n;

	if (p->level + 1 == MAX_BLOCKS) {
		p->skip++;
		return;
	}
	if (p->skip || strcmp(what, "function") == 0)
		kind = BLOCK_FUNCTION;
	else if (strcmp(what, "menuentry") == 0)
		kind = BLOCK_ENTRY;
	else if (strcmp(what, "submenu") == 0)
		kind = BLOCK_SUBMENU;
	if (kind == BLOCK_ENTRY)
		begin_entry(p, c);
	if (kind == BLOCK_SUBMENU) {
		n = strlen(p->place);
		snprintf(p->place + n, sizeof(p->place) - n, "%u>", up->items);
	}
	if (kind == BLOCK_ENTRY || kind == BLOCK_SUBMENU)
		up->items++;
	if (kind == BLOCK_FUNCTION)
		p->skip++;
	p->level++;
	p->levels[p->level] = (struct level){ .kind = kind };
}

static void close_block(struct parser *p)
{
	char *last;

	if (p->level == 0)
		return;
	switch (p->levels[p->level].kind) {
	case BLOCK_FUNCTION:
		p->skip--;
		break;
	case BLOCK_ENTRY:
		p->entry = 0;
		break;
	case BLOCK_SUBMENU:
		if (p->place[0])
			p->place[strlen(p->place) - 1] = '\0';
		last = strrchr(p->place, '>');
		*(last ? last + 1 : p->place) = '\0';
		break;
	default:
		break;
	}
	p->level--;
}

static void set_cmdline(struct parser *p, const struct command *c)
{
	struct boot_entry *e = &p->menu->entries[p->entry - 1];
	char *line = malloc(MAX_CMDLINE);
	size_t n = 0, i;

	if (!line) {
		p->r->no_memory = true;
		return;
	}
	*line = '\0';
	for (i = 2; i < c->n; i++) {
		/* The kernel takes a word with a blank in it only within quotes. */
		bool blank = strpbrk(c->words[i], " \t") && !strchr(c->words[i], '"');

		if (n + strlen(c->words[i]) + 4 > MAX_CMDLINE)
			break;
		n += (size_t)snprintf(line + n, MAX_CMDLINE - n, blank ? "\"%s\" " : "%s ",
				      c->words[i]);
	}
	free(e->cmdline);
	e->cmdline = line;
}

static void read_text(struct parser *p, const char *text, unsigned depth);

static void source(struct parser *p, const char *path, unsigned depth)
{
	const char *slash = strrchr(p->menu->file, '/');
	char *dir, *text;

	if (depth == BOOT_MAX_DEPTH)
		return;
	dir = strndup(p->menu->file, slash ? (size_t)(slash - p->menu->file) : 0);
	if (!dir) {
		p->r->no_memory = true;
		return;
	}
	text = boot_read(p->r, dir, path, NULL);
	if (text)
		read_text(p, text, depth + 1);
	free(text);
	free(dir);
}

static void assign(struct parser *p, const char *word)
{
	const char *eq = strchr(word, '=');

	if (eq && eq != word && eq - word < 64)
		put(p, word, (size_t)(eq - word), eq + 1);
}

static void obey(struct parser *p, struct command *c, unsigned depth)
{
	const char *what;
	size_t i = 0, n_before = p->menu->n_entries;

	/* "then set x=1" is the command "set x=1". */
	while (i < c->n && (strcmp(c->words[i], "then") == 0 || strcmp(c->words[i], "else") == 0 ||
			    strcmp(c->words[i], "do") == 0))
		i++;
	if (i == c->n)
		return;
	what = c->words[i];
	if (strcmp(what, "if") == 0) {
		p->ifs++;
	} else if (strcmp(what, "fi") == 0) {
		p->ifs -= p->ifs > 0;
	} else if (strcmp(what, "set") == 0 && i + 1 < c->n) {
		assign(p, c->words[i + 1]);
	} else if ((strcmp(what, "linux") == 0 || strcmp(what, "linuxefi") == 0 ||
		    strcmp(what, "linux16") == 0) &&
		   p->entry && i == 0) {
		set_cmdline(p, c);
	} else if ((strcmp(what, "source") == 0 || strcmp(what, "configfile") == 0 ||
		    strcmp(what, ".") == 0) &&
		   i + 1 < c->n && !p->entry) {
		source(p, c->words[i + 1], depth);
	} else if (strcmp(what, "blscfg") == 0) {
		boot_entries(p->r, p->menu);
		for (; n_before < p->menu->n_entries; n_before++) {
			set_place(p, &p->menu->entries[n_before]);
			p->levels[p->level].items++;
		}
	} else if (i == 0) {
		assign(p, what);
	}
}

static void read_text(struct parser *p, const char *text, unsigned depth)
{
	struct command *c = calloc(1, sizeof(*c));
	bool open, close;

	if (!c) {
		p->r->no_memory = true;
		return;
	}
	while (*text && !p->r->no_memory && p->commands++ < MAX_COMMANDS) {
		text = read_command(p, text, c, &open, &close);
		if (open)
			open_block(p, c);
		else if (c->n && !p->skip)
			obey(p, c, depth);
		if (close)
			close_block(p);
		while (c->n)
			free(c->words[--c->n]);
	}
	while (c->n)
		free(c->words[--c->n]);
	free(c);
}

static bool is_number(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s);
}

/* "2", "1>0", an id, a title, or a path of such: "1>title". */
static size_t choose(const struct boot_menu *menu, const char *choice)
{
	const char *last = strrchr(choice, '>');
	size_t i, n = strlen(choice);

	for (i = 0; i < menu->n_entries; i++) {
		const struct boot_entry *e = &menu->entries[i];

		if (e->place && strcmp(e->place, choice) == 0)
			return i + 1;
	}
	/* The number of a submenu: what comes first in it. */
	for (i = 0; i < menu->n_entries; i++) {
		const char *place = menu->entries[i].place;

		if (place && strncmp(place, choice, n) == 0 && place[n] == '>' && n)
			return i + 1;
	}
	last = last ? last + 1 : choice;
	if (is_number(last))
		return 0;
	for (i = 0; i < menu->n_entries; i++) {
		const struct boot_entry *e = &menu->entries[i];

		if ((e->id && strcmp(e->id, last) == 0) || (e->title && strcmp(e->title, last) == 0))
			return i + 1;
	}
	return 0;
}

void boot_grub(struct boot_reader *r, struct boot_menu *menu, const char *text)
{
	struct parser *p = calloc(1, sizeof(*p));
	const char *slash = strrchr(menu->file, '/');
	char dir[600];

	if (!p) {
		r->no_memory = true;
		return;
	}
	p->r = r;
	p->menu = menu;
	snprintf(dir, sizeof(dir), "/%.*s", slash ? (int)(slash - menu->file) : 0, menu->file);
	put(p, "prefix", 6, dir);
	put(p, "cmdpath", 7, dir);
	/* What grub-mkconfig writes before the id of an entry. */
	put(p, "menuentry_id_option", 19, "--id");
	read_text(p, text, 0);
	if (!r->no_memory) {
		const char *choice = get(p, "default", 7);

		boot_set(r, &menu->choice, choice, strlen(choice));
		if (menu->choice && *choice)
			menu->marked = choose(menu, menu->choice);
	}
	while (p->n_vars) {
		p->n_vars--;
		free(p->vars[p->n_vars].name);
		free(p->vars[p->n_vars].value);
	}
	free(p);
}

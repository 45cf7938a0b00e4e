/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SYSLINUX, ISOLINUX and EXTLINUX: a line each, the first word says what it is,
 * in any case. Formats: the SYSLINUX wiki, "Config" and "Menu".
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/stick/stick_boot.h"

struct parser {
	struct boot_reader *r;
	struct boot_menu *menu;
	char *dir;      /* of the main file: where relative names count from */
	char *append;   /* APPEND before the first label */
	char *fallback; /* DEFAULT */
	char *timeout;  /* ONTIMEOUT */
	size_t entry;   /* 1 + index of the label being read, 0: none yet */
	bool in_text, own_append;
};

static void read_text(struct parser *p, char *text, unsigned depth);

/* Cuts the first word off *line and returns it; "" at the end. */
static char *word(char **line)
{
	char *w = *line + strspn(*line, " \t");
	size_t n = strcspn(w, " \t");

	*line = w + n;
	if (**line)
		*(*line)++ = '\0';
	*line += strspn(*line, " \t");
	return w;
}

static void set(struct parser *p, char **dst, const char *text)
{
	boot_set(p->r, dst, text, strlen(text));
}

/* A label without APPEND of its own has the common one. */
static void end_entry(struct parser *p)
{
	struct boot_entry *e = p->entry ? &p->menu->entries[p->entry - 1] : NULL;

	if (e && !p->own_append && p->append)
		set(p, &e->cmdline, p->append);
	p->entry = 0;
	p->own_append = false;
}

static void begin_entry(struct parser *p, const char *label)
{
	struct boot_entry *e;

	end_entry(p);
	e = boot_menu_add(p->r, p->menu);
	if (!e)
		return;
	set(p, &e->id, label);
	p->entry = p->menu->n_entries;
}

/* MENU LABEL marks the hot key by '^'. */
static void set_title(struct parser *p, struct boot_entry *e, const char *text)
{
	char *from, *to;

	set(p, &e->title, text);
	if (!e->title)
		return;
	for (from = to = e->title; *from; from++) {
		if (*from != '^')
			*to++ = *from;
	}
	*to = '\0';
}

static void include(struct parser *p, char *path, unsigned depth)
{
	char *text;

	if (depth == BOOT_MAX_DEPTH)
		return;
	text = boot_read(p->r, p->dir, path, NULL);
	if (text)
		read_text(p, text, depth + 1);
	free(text);
}

static void menu_line(struct parser *p, char *line, unsigned depth)
{
	struct boot_entry *e = p->entry ? &p->menu->entries[p->entry - 1] : NULL;
	const char *what = word(&line);

	if (strcasecmp(what, "label") == 0 && e)
		set_title(p, e, line);
	else if (strcasecmp(what, "default") == 0 && e)
		p->menu->marked = p->entry;
	else if (strcasecmp(what, "include") == 0)
		include(p, word(&line), depth);
	else if (strcasecmp(what, "begin") == 0 || strcasecmp(what, "end") == 0)
		end_entry(p);
}

static void one_line(struct parser *p, char *line, unsigned depth)
{
	struct boot_entry *e;
	const char *what = word(&line);

	if (p->in_text) {
		p->in_text = strcasecmp(what, "endtext") != 0;
		return;
	}
	e = p->entry ? &p->menu->entries[p->entry - 1] : NULL;
	if (!*what || *what == '#')
		return;
	if (strcasecmp(what, "text") == 0)
		p->in_text = true;
	else if (strcasecmp(what, "label") == 0)
		begin_entry(p, line);
	else if (strcasecmp(what, "menu") == 0)
		menu_line(p, line, depth);
	else if (strcasecmp(what, "include") == 0)
		include(p, word(&line), depth);
	else if (strcasecmp(what, "default") == 0)
		set(p, &p->fallback, line);
	else if (strcasecmp(what, "ontimeout") == 0)
		set(p, &p->timeout, line);
	else if (strcasecmp(what, "append") == 0 && e) {
		set(p, &e->cmdline, strcmp(line, "-") == 0 ? "" : line);
		p->own_append = true;
	} else if (strcasecmp(what, "append") == 0) {
		set(p, &p->append, line);
	}
}

static void read_text(struct parser *p, char *text, unsigned depth)
{
	char *line, *save = NULL;

	for (line = strtok_r(text, "\r\n", &save); line; line = strtok_r(NULL, "\r\n", &save)) {
		size_t n = strlen(line);

		while (n && (line[n - 1] == ' ' || line[n - 1] == '\t'))
			line[--n] = '\0';
		one_line(p, line, depth);
	}
}

/* 1 + index of the label that a command begins with; 0: none. Options behind it are added. */
static size_t find_label(struct parser *p, const char *command)
{
	size_t n = strcspn(command, " \t"), i;
	const char *more = command + n + strspn(command + n, " \t");

	for (i = 0; i < p->menu->n_entries; i++) {
		struct boot_entry *e = &p->menu->entries[i];
		const char *old = e->cmdline ? e->cmdline : "";
		char *joined;

		if (!e->id || strncasecmp(e->id, command, n) != 0 || e->id[n])
			continue;
		if (*more) {
			joined = malloc(strlen(old) + strlen(more) + 2);
			if (!joined) {
				p->r->no_memory = true;
				return 0;
			}
			strcpy(joined, old);
			strcat(joined, " ");
			strcat(joined, more);
			free(e->cmdline);
			e->cmdline = joined;
		}
		return i + 1;
	}
	return 0;
}

/* DEFAULT may be a kernel with its options where no label has that name. */
static size_t as_command(struct parser *p, const char *command)
{
	size_t n = strcspn(command, " \t");
	struct boot_entry *e;

	if (!command[n])
		return 0;
	e = boot_menu_add(p->r, p->menu);
	if (!e)
		return 0;
	boot_set(p->r, &e->title, command, n);
	set(p, &e->cmdline, command + n + strspn(command + n, " \t"));
	return p->menu->n_entries;
}

void boot_syslinux(struct boot_reader *r, struct boot_menu *menu, char *text)
{
	struct parser p = { .r = r, .menu = menu };
	const char *slash = strrchr(menu->file, '/');
	size_t chosen = 0, i;

	boot_set(r, &p.dir, menu->file, slash ? (size_t)(slash - menu->file) : 0);
	if (!p.dir)
		return;
	read_text(&p, text, 0);
	end_entry(&p);
	/* Without a key pressed: ONTIMEOUT, what the menu marks, DEFAULT, the first. */
	if (p.timeout)
		chosen = find_label(&p, p.timeout);
	if (!chosen)
		chosen = menu->marked;
	if (!chosen && p.fallback)
		chosen = find_label(&p, p.fallback);
	if (!chosen && p.fallback && !menu->n_entries)
		chosen = as_command(&p, p.fallback);
	menu->marked = chosen;
	for (i = 0; i < menu->n_entries && !r->no_memory; i++) {
		struct boot_entry *e = &menu->entries[i];

		if (!e->title && e->id)
			set(&p, &e->title, e->id);
	}
	free(p.dir);
	free(p.append);
	free(p.fallback);
	free(p.timeout);
}

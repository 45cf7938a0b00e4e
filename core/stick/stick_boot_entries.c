/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boot Loader Specification, type 1: loader/entries, one file an entry, and
 * loader/loader.conf. Kernels with the command line inside (type 2) are not
 * looked into.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/stick/stick_boot.h"
#include "core/stick/stick_priv.h"

#define MAX_FOUND 64
#define MAX_STARS 4 /* a pattern with many of them is slow to match */

struct found {
	struct boot_entry e;
	char *name, *sort_key, *version;
};

struct listing {
	struct boot_reader *r;
	struct found list[MAX_FOUND];
	size_t count;
};

static int take_name(void *arg, const char *name, enum io_kind kind)
{
	struct listing *l = arg;
	size_t n = strlen(name);

	if (kind != IO_REGULAR || n <= 5 || strcasecmp(name + n - 5, ".conf") != 0)
		return 0;
	if (l->count == MAX_FOUND)
		return 1;
	boot_set(l->r, &l->list[l->count].name, name, n);
	l->count += !l->r->no_memory;
	return l->r->no_memory;
}

/* The value of a line "key value" or "key=value", NULL when it is another key. */
static char *value_of(char *line, const char *key)
{
	size_t n = strlen(key);

	line += strspn(line, " \t");
	if (strncmp(line, key, n) != 0 || !strchr(" \t=", line[n]) || !line[n])
		return NULL;
	return line + n + strspn(line + n, " \t=");
}

/* "options" may come several times, and count together. */
static void add_options(struct boot_reader *r, struct boot_entry *e, const char *more)
{
	size_t old = e->cmdline ? strlen(e->cmdline) : 0;
	char *joined = realloc(e->cmdline, old + strlen(more) + 2);

	if (!joined) {
		r->no_memory = true;
		return;
	}
	e->cmdline = joined;
	if (old)
		joined[old++] = ' ';
	strcpy(joined + old, more);
}

/* False: it cannot be read, and is none. */
static bool read_entry(struct boot_reader *r, struct found *f)
{
	char *text = boot_read(r, "loader/entries", f->name, NULL), *line, *save = NULL, *v;

	if (!text)
		return false;
	for (line = strtok_r(text, "\r\n", &save); line; line = strtok_r(NULL, "\r\n", &save)) {
		if ((v = value_of(line, "title")))
			boot_set(r, &f->e.title, v, strlen(v));
		else if ((v = value_of(line, "sort-key")))
			boot_set(r, &f->sort_key, v, strlen(v));
		else if ((v = value_of(line, "version")))
			boot_set(r, &f->version, v, strlen(v));
		else if ((v = value_of(line, "options")))
			add_options(r, &f->e, v);
	}
	free(text);
	boot_set(r, &f->e.id, f->name, strlen(f->name) - 5);
	if (!f->e.title)
		boot_set(r, &f->e.title, f->name, strlen(f->name) - 5);
	return true;
}

/* The order of the menu: those with a sort-key first, the newest version first. */
static int compare(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int c = 0;

	if (!x->sort_key != !y->sort_key)
		return x->sort_key ? -1 : 1;
	if (x->sort_key)
		c = strcmp(x->sort_key, y->sort_key);
	if (!c && x->sort_key && x->version && y->version)
		c = strverscmp(y->version, x->version);
	return c ? c : strverscmp(y->name, x->name);
}

static bool fits(const char *pattern, const struct boot_entry *e, const char *name)
{
	const char *p;
	unsigned stars = 0;

	for (p = pattern; *p; p++)
		stars += *p == '*' || *p == '[';
	if (e->id && strcmp(pattern, e->id) == 0)
		return true;
	return stars <= MAX_STARS && fnmatch(pattern, name, FNM_CASEFOLD) == 0;
}

static void read_loader(struct boot_reader *r, struct boot_menu *menu, const struct listing *l,
			size_t first)
{
	char *text = boot_read(r, "", "loader/loader.conf", NULL), *line, *save = NULL, *v;
	size_t i;

	if (!text)
		return;
	for (line = strtok_r(text, "\r\n", &save); line; line = strtok_r(NULL, "\r\n", &save)) {
		v = value_of(line, "default");
		if (!v)
			continue;
		v[strcspn(v, " \t")] = '\0';
		for (i = 0; i < l->count && first + i < menu->n_entries; i++) {
			if (fits(v, &menu->entries[first + i], l->list[i].name)) {
				menu->marked = first + i + 1;
				break;
			}
		}
	}
	free(text);
}

void boot_entries(struct boot_reader *r, struct boot_menu *menu)
{
	struct listing *l = calloc(1, sizeof(*l));
	size_t i, first = menu->n_entries;
	char *dir = NULL;

	if (!l) {
		r->no_memory = true;
		return;
	}
	l->r = r;
	if (stick_find_entry(r->io, ".", "loader", IO_DIRECTORY, &dir) || !dir)
		goto out;
	free(dir);
	dir = NULL;
	if (io_list(r->io, "loader/entries", take_name, l) < 0)
		goto out;
	for (i = 0; i < l->count;) {
		if (read_entry(r, &l->list[i])) {
			i++;
			continue;
		}
		free(l->list[i].name);
		l->list[i] = l->list[--l->count];
	}
	qsort(l->list, l->count, sizeof(l->list[0]), compare);
	for (i = 0; i < l->count; i++) {
		struct boot_entry *e = boot_menu_add(r, menu);

		if (!e)
			break;
		*e = l->list[i].e;
		memset(&l->list[i].e, 0, sizeof(l->list[i].e));
	}
	if (menu->loader == BOOT_ENTRIES)
		read_loader(r, menu, l, first);
out:
	for (i = 0; i < l->count; i++) {
		free(l->list[i].name);
		free(l->list[i].sort_key);
		free(l->list[i].version);
		free(l->list[i].e.id);
		free(l->list[i].e.title);
		free(l->list[i].e.cmdline);
	}
	free(dir);
	free(l);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding and reading the boot configurations of a stick, within bounds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/stick/stick_boot.h"
#include "core/stick/stick_priv.h"

#define MAX_PATH 512
#define MAX_FILE (256u << 10)
#define MAX_FILES 48
#define MAX_BYTES (2u << 20)

/* Where each loader looks, in its own order; the first that is there counts. */
static const char *const syslinux_files[] = {
	"boot/syslinux/syslinux.cfg",
	"syslinux/syslinux.cfg",
	"syslinux.cfg",
	"boot/isolinux/isolinux.cfg",
	"isolinux/isolinux.cfg",
	"isolinux.cfg",
	"boot/extlinux/extlinux.conf",
	"extlinux/extlinux.conf",
	"syslinux/extlinux.conf",
	"extlinux.conf",
	/* openSUSE, made by kiwi */
	"boot/x86_64/loader/isolinux.cfg",
	"boot/ix86/loader/isolinux.cfg",
	NULL,
};
static const char *const grub_efi_files[] = {
	"EFI/BOOT/grub.cfg", "EFI/fedora/grub.cfg", "EFI/centos/grub.cfg", NULL,
};
static const char *const grub_files[] = {
	"boot/grub2/grub.cfg", "boot/grub/grub.cfg", "grub2/grub.cfg", "grub/grub.cfg", NULL,
};

void boot_set(struct boot_reader *r, char **dst, const char *src, size_t n)
{
	free(*dst);
	*dst = strndup(src, n);
	if (!*dst)
		r->no_memory = true;
}

struct boot_entry *boot_menu_add(struct boot_reader *r, struct boot_menu *menu)
{
	struct boot_entry *grown;

	if (menu->n_entries == BOOT_MAX_ENTRIES)
		return NULL;
	grown = reallocarray(menu->entries, menu->n_entries + 1, sizeof(*grown));
	if (!grown) {
		r->no_memory = true;
		return NULL;
	}
	menu->entries = grown;
	memset(&grown[menu->n_entries], 0, sizeof(*grown));
	return &grown[menu->n_entries++];
}

/*
 * A path of a configuration file as one beneath the stick: "/", "\" and a
 * device of GRUB, "(hd0,1)", before it mean the top. false: not one that can be.
 */
static bool tidy_path(char out[MAX_PATH], const char *from, const char *path)
{
	size_t n = 0;
	const char *p = path;

	if (*p == '(') {
		p = strchr(p, ')');
		if (!p)
			return false;
		from = "";
		p++;
	}
	if (*p == '/' || *p == '\\')
		from = "";
	if (*from)
		n = (size_t)snprintf(out, MAX_PATH, "%s", from);
	while (*p && n < MAX_PATH) {
		size_t len;

		p += strspn(p, "/\\");
		len = strcspn(p, "/\\");
		if (!len)
			break;
		if (len == 2 && memcmp(p, "..", 2) == 0)
			return false;
		if (!(len == 1 && *p == '.')) {
			if (n + len + 2 > MAX_PATH)
				return false;
			if (n)
				out[n++] = '/';
			memcpy(out + n, p, len);
			n += len;
		}
		p += len;
	}
	if (!n || n >= MAX_PATH)
		return false;
	out[n] = '\0';
	return true;
}

/* The same path in the case in which it stands on the stick; NULL: not there. */
static char *as_written(struct boot_reader *r, const char *path)
{
	char *dir, *next = NULL, *copy, *part, *save = NULL;
	struct io_stat st;

	if (io_stat(r->io, path, &st) == 0) {
		copy = st.kind == IO_REGULAR ? strdup(path) : NULL;
		r->no_memory |= st.kind == IO_REGULAR && !copy;
		return copy;
	}
	copy = strdup(path);
	dir = strdup(".");
	for (part = copy ? strtok_r(copy, "/", &save) : NULL; dir && part;) {
		char *rest = strtok_r(NULL, "/", &save);

		if (stick_find_entry(r->io, dir, part, rest ? IO_DIRECTORY : IO_REGULAR, &next))
			next = NULL;
		free(dir);
		dir = next;
		part = rest;
	}
	r->no_memory |= !copy;
	free(copy);
	return dir;
}

char *boot_read(struct boot_reader *r, const char *from, const char *path, char **found)
{
	struct io_file *file = NULL;
	char *real = NULL, *text = NULL;
	char tidy[MAX_PATH];
	struct io_stat st;
	size_t len;

	if (!r->files || !tidy_path(tidy, from, path))
		return NULL;
	real = as_written(r, tidy);
	if (!real || io_open(r->io, real, IO_READ, &file))
		goto out;
	r->files--;
	if (io_fstat(file, &st) || st.size_bytes > MAX_FILE || st.size_bytes > r->bytes)
		goto out;
	len = (size_t)st.size_bytes;
	text = malloc(len + 1);
	if (!text) {
		r->no_memory = true;
		goto out;
	}
	r->bytes -= st.size_bytes;
	if (io_read_full(file, text, len, 0) || memchr(text, 0, len)) {
		free(text);
		text = NULL;
		goto out;
	}
	text[len] = '\0';
	if (found) {
		*found = real;
		real = NULL;
	}
out:
	io_file_close(file);
	free(real);
	return text;
}

static void menu_clear(struct boot_menu *menu)
{
	size_t i;

	for (i = 0; i < menu->n_entries; i++) {
		free(menu->entries[i].id);
		free(menu->entries[i].title);
		free(menu->entries[i].place);
		free(menu->entries[i].cmdline);
	}
	free(menu->entries);
	free(menu->file);
	free(menu->choice);
	memset(menu, 0, sizeof(*menu));
}

void boot_menus_free(struct boot_menus *menus)
{
	size_t i;

	for (i = 0; i < menus->count; i++)
		menu_clear(&menus->list[i]);
	free(menus->list);
	menus->list = NULL;
	menus->count = 0;
}

/* Takes the menu over; one without entries is dropped. */
static void keep(struct boot_reader *r, struct boot_menus *menus, struct boot_menu *menu)
{
	struct boot_menu *grown = NULL;

	if (menu->n_entries) {
		grown = reallocarray(menus->list, menus->count + 1, sizeof(*grown));
		r->no_memory |= !grown;
	}
	if (!grown) {
		menu_clear(menu);
		return;
	}
	menus->list = grown;
	menus->list[menus->count++] = *menu;
}

static void read_first(struct boot_reader *r, enum boot_loader loader, const char *const *files,
		       struct boot_menus *menus)
{
	struct boot_menu menu = { .loader = loader };
	char *text = NULL;

	for (; *files && !text; files++)
		text = boot_read(r, "", *files, &menu.file);
	if (!text)
		return;
	if (loader == BOOT_SYSLINUX)
		boot_syslinux(r, &menu, text);
	else
		boot_grub(r, &menu, text);
	free(text);
	keep(r, menus, &menu);
}

int boot_menus_read(struct io *io, struct boot_menus *menus)
{
	struct boot_reader r = { .io = io, .files = MAX_FILES, .bytes = MAX_BYTES };
	struct boot_menu menu = { .loader = BOOT_ENTRIES };

	memset(menus, 0, sizeof(*menus));
	read_first(&r, BOOT_SYSLINUX, syslinux_files, menus);
	read_first(&r, BOOT_GRUB, grub_efi_files, menus);
	read_first(&r, BOOT_GRUB, grub_files, menus);
	boot_set(&r, &menu.file, "loader/entries", sizeof("loader/entries") - 1);
	boot_entries(&r, &menu);
	keep(&r, menus, &menu);
	if (!r.no_memory)
		return 0;
	boot_menus_free(menus);
	return -ENOMEM;
}

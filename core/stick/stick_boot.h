/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stick_boot.h - the boot configuration of a stick, and what it makes of the next boot
 *
 * Boot loaders are read as far as menus of live media go: which entries there
 * are, which one starts by itself, and with which kernel command line. What a
 * stick says is not trusted: sizes, depths and numbers are bounded, paths stay
 * beneath the stick, and what cannot be understood is left out.
 */
#ifndef STICK_STICK_BOOT_H
#define STICK_STICK_BOOT_H

#include "core/io/io.h"
#include "core/livemend.h"

enum boot_loader { BOOT_SYSLINUX, BOOT_GRUB, BOOT_ENTRIES };

/* What a kernel command line asks of dracut's dmsquash-live. All texts are raw. */
struct boot_args {
	bool live;       /* starts a live system: root=live:, rd.live.image, liveimg */
	char *root;      /* root= without "live:", NULL: not given */
	char *dir;       /* rd.live.dir, NULL: LiveOS */
	char *squashimg; /* rd.live.squashimg, NULL: squashfs.img */
	char *overlay;   /* rd.live.overlay; NULL: not given, or without a value */
	bool reset, readonly, overlayfs, thin, ram, writable;
	bool partition;  /* rd.live.overlay.persistent: kiwi's partition of its own */
};

/* Fills *a; free with boot_args_free(). 0 or -ENOMEM. */
int boot_args_parse(const char *cmdline, struct boot_args *a);
void boot_args_free(struct boot_args *a);

struct boot_entry {
	char *id;    /* what "default" may name, NULL: none */
	char *title; /* what the menu shows */
	char *place; /* GRUB: "2", or "1>0" within a submenu; else NULL */
	char *cmdline;
};

/* One menu, as one loader shows it. */
struct boot_menu {
	enum boot_loader loader;
	char *file;       /* path of the configuration, relative to the stick */
	struct boot_entry *entries;
	size_t n_entries;
	char *choice;     /* what "default" says, NULL: nothing */
	size_t marked;    /* syslinux, MENU DEFAULT: 1 + index, 0: none */
};

struct boot_menus {
	struct boot_menu *list;
	size_t count;
};

/* Reads all the menus that a stick has; none is no error. 0 or -ENOMEM. */
int boot_menus_read(struct io *io, struct boot_menus *menus);
void boot_menus_free(struct boot_menus *menus);
/* Index of the entry that starts by itself; 0 when it cannot be told. */
size_t boot_menu_default(const struct boot_menu *menu);

/* ---------------------------------------------------- for the parsers -- */

#define BOOT_MAX_ENTRIES 256
#define BOOT_MAX_DEPTH 8

struct boot_reader {
	struct io *io;
	unsigned files;  /* that may still be read */
	uint64_t bytes;  /* the same */
	bool no_memory;
};

/*
 * A whole file as text in new memory, NULL where there is none, it is too
 * large, holds NUL bytes, or the reader's bounds are reached. from: directory
 * that a relative path counts from. *found gets the path as it is on the
 * stick (case may differ), in new memory; found may be NULL.
 */
char *boot_read(struct boot_reader *r, const char *from, const char *path, char **found);

/* Appends an empty entry, NULL without memory or when there are too many. */
struct boot_entry *boot_menu_add(struct boot_reader *r, struct boot_menu *menu);
/* Sets *dst to a copy of n bytes of src. */
void boot_set(struct boot_reader *r, char **dst, const char *src, size_t n);

/* text: of menu->file, is cut up while it is read. */
void boot_syslinux(struct boot_reader *r, struct boot_menu *menu, char *text);
void boot_grub(struct boot_reader *r, struct boot_menu *menu, const char *text);
/* loader/entries; where: menu to append to, loader.conf is read when it is BOOT_ENTRIES. */
void boot_entries(struct boot_reader *r, struct boot_menu *menu);

/* ------------------------------------------------- what follows from it -- */

#define BOOT_MAX_NOTES 8

/* Something to know about the next boot. */
struct boot_note {
	enum lm_severity severity;
	const char *id; /* for doctor */
	char *what;     /* a sentence, printable, translated */
	char *remedy;   /* the same, NULL for none */
};

struct stick_boot {
	struct boot_menus menus;
	size_t menu, entry;     /* the entry that counts */
	struct boot_args args;  /* its settings */
	enum lm_boot_uses uses;
	char *overlay; /* raw path of the overlay that it names on this stick, NULL: none */
	bool missing;  /* there is none of that name */
	char *device;  /* raw, as written: where else it is looked for */
	char *text;    /* the next boot in a sentence, printable, translated */
	struct boot_note notes[BOOT_MAX_NOTES];
	size_t n_notes;
};

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boot configurations from a stranger: the input is the stick (see
 * fuzz_folder()), with isolinux.cfg, grub.cfg, loader/entries and overlays.
 */
#include "core/stick/stick_priv.h"
#include "tests/fuzz/fuzz.h"

static void check_menus(const struct boot_menus *menus)
{
	for (size_t i = 0; i < menus->count; i++) {
		const struct boot_menu *menu = &menus->list[i];

		MUST(menu->file && menu->n_entries && menu->n_entries <= BOOT_MAX_ENTRIES);
		MUST(boot_menu_default(menu) < menu->n_entries);
		for (size_t k = 0; k < menu->n_entries; k++) {
			const struct boot_entry *e = &menu->entries[k];
			struct boot_args args;

			MUST(e->title);
			MUST(boot_args_parse(e->cmdline ? e->cmdline : "", &args) == 0);
			MUST(!args.root || strlen(args.root) <= strlen(e->cmdline));
			boot_args_free(&args);
		}
	}
}

static int add_overlay(void *arg, const char *name, enum io_kind kind)
{
	struct lm_stick *s = arg;

	if (kind != IO_REGULAR || s->n_overlays == 8)
		return 0;
	s->overlays[s->n_overlays++] = (struct stick_overlay){.kind = LM_OVERLAY_DM_SNAPSHOT,
							      .path = stick_join("LiveOS", name)};
	return 0;
}

static void check_judgement(const struct lm_stick *s)
{
	const struct stick_boot *b = s->boot;

	MUST(b->n_notes <= BOOT_MAX_NOTES);
	for (size_t i = 0; i < b->n_notes; i++) {
		MUST(b->notes[i].id && b->notes[i].what && fuzz_is_printable(b->notes[i].what));
		MUST(!b->notes[i].remedy || fuzz_is_printable(b->notes[i].remedy));
	}
	MUST(!b->text || fuzz_is_printable(b->text));
	/* What it names on the stick is beneath the stick. */
	MUST(!b->overlay || (b->overlay[0] != '/' && !strstr(b->overlay, "../")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stick_overlay overlays[8];
	struct lm_stick s = {.io = fuzz_folder(data, size),
			     .live_dir = (char[]){"LiveOS"},
			     .given = (char[]){"/dev/sdb1"},
			     .base_path = (char[]){"LiveOS/squashfs.img"},
			     .overlays = overlays,
			     .label = "LIVE",
			     .uuid = "1A2B-3C4D",
			     .fstype = "vfat"};
	struct boot_menus menus;
	char *dir, *squashimg;
	int ret;

	MUST(boot_menus_read(s.io, &menus) == 0);
	check_menus(&menus);
	boot_menus_free(&menus);
	(void)io_list(s.io, "LiveOS", add_overlay, &s);
	MUST(stick_boot_load(&s) == 0);
	ret = stick_boot_dir(&s, &dir, &squashimg);
	MUST(ret == 0);
	MUST(!dir || !strstr(dir, ".."));
	MUST(!squashimg || !strchr(squashimg, '/'));
	free(dir);
	free(squashimg);
	/* Judged again after a change: nothing of the first time is left. */
	for (int i = 0; i < 2; i++) {
		MUST(stick_boot_judge(&s) == 0);
		if (s.boot)
			check_judgement(&s);
	}
	stick_boot_free(s.boot);
	for (size_t i = 0; i < s.n_overlays; i++)
		free(overlays[i].path);
	io_close(s.io);
	return 0;
}

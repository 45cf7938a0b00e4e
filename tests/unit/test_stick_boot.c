/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the next boot will use: menus as distributions write them, and hostile ones. */
#include "tests/unit/stick_help.h"

#include <sys/stat.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/stick/stick_priv.h"

static char *dir;
static struct lm_ctx *ctx;

static int setup(void **state)
{
	(void)state;
	dir = help_dir();
	help_run(dir, "mkdir -p s/LiveOS && printf hsqs >s/LiveOS/squashfs.img");
	return lm_ctx_new(&ctx, NULL);
}

static int teardown(void **state)
{
	(void)state;
	lm_ctx_free(ctx);
	help_remove(dir);
	return 0;
}

static void put(const char *path, const char *text)
{
	char *command;
	FILE *f;

	assert_true(asprintf(&command, "mkdir -p \"$(dirname 's/%s')\"", path) > 0);
	help_run(dir, command);
	free(command);
	assert_true(asprintf(&command, "%s/s/%s", dir, path) > 0);
	f = fopen(command, "w");
	assert_non_null(f);
	assert_int_equal(fputs(text, f) < 0, 0);
	assert_int_equal(fclose(f), 0);
	free(command);
}

/* The stick, as if it were a file system of that label and UUID; NULL: a plain folder. */
static struct lm_stick *look(const char *label, const char *uuid)
{
	struct lm_stick *s = NULL;
	struct lm_error err;

	if (lm_stick_open(ctx, help_path(dir, "s"), &s, &err))
		fail_msg("%s: %s: %s", err.what, err.on, err.why);
	if (label) {
		strcpy(s->label, label);
		strcpy(s->uuid, uuid);
		stick_sort_overlays(s);
	}
	return s;
}

static bool noted(const struct lm_stick *s, const char *id)
{
	size_t i;

	for (i = 0; s->boot && i < s->boot->n_notes; i++) {
		if (strcmp(s->boot->notes[i].id, id) == 0)
			return true;
	}
	return false;
}

static const char *entry(const struct lm_stick *s)
{
	return s->boot->menus.list[s->boot->menu].entries[s->boot->entry].title;
}

static void uses(const struct lm_stick *s, enum lm_boot_uses how, const char *overlay)
{
	assert_non_null(s->boot);
	assert_non_null(s->boot->text);
	if (s->boot->uses != how)
		fail_msg("uses %s: %s", lm_boot_uses_word(s->boot->uses), s->boot->text);
	if (overlay)
		assert_string_equal(s->boot->overlay, overlay);
	else
		assert_null(s->boot->overlay);
}

/* As livecd-iso-to-disk leaves it on a stick. */
static const char fedora_syslinux[] =
	"default vesamenu.c32\ntimeout 100\n\nmenu background splash.png\n"
	"menu title Welcome to Fedora!\nmenu color border 0 #ffffffff #00000000\n\n"
	"label linux0\n  menu label Start ^Fedora\n  kernel vmlinuz0\n"
	"  append initrd=initrd0.img root=live:UUID=1A2B-3C4D rootfstype=vfat rw quiet rhgb "
	"rd.live.image rd.live.overlay=UUID=1A2B-3C4D\n"
	"menu default\n"
	"label check0\n  menu label Verify and Start\n  kernel vmlinuz0\n"
	"  append initrd=initrd0.img root=live:UUID=1A2B-3C4D rw rd.live.image rd.live.check\n"
	"label memtest\n  menu label Memory Test\n  kernel memtest\n"
	"label local\n  menu label Boot from local drive\n  localboot 0xffff\n";

static void test_fedora_syslinux(void **state)
{
	struct lm_stick *s;

	(void)state;
	help_run(dir, "for n in A-1 LIVE-1A2B-3C4D Z-9; do printf SnAp >s/LiveOS/overlay-$n; done");
	put("syslinux/syslinux.cfg", fedora_syslinux);
	s = look("LIVE", "1A2B-3C4D");
	uses(s, LM_BOOT_OVERLAY, "LiveOS/overlay-LIVE-1A2B-3C4D");
	assert_string_equal(entry(s), "Start Fedora");
	assert_string_equal(s->overlays[0].path, "LiveOS/overlay-LIVE-1A2B-3C4D");
	assert_false(s->boot->missing);
	assert_int_equal(s->boot->n_notes, 0);
	lm_stick_close(s);

	/* A folder with the same files: nothing contradicts it. */
	s = look(NULL, NULL);
	uses(s, LM_BOOT_OVERLAY, "LiveOS/overlay-LIVE-1A2B-3C4D");
	assert_string_equal(s->overlays[0].path, "LiveOS/overlay-LIVE-1A2B-3C4D");
	lm_stick_close(s);
}

static void test_renamed_stick(void **state)
{
	struct lm_stick *s;

	(void)state;
	help_run(dir, "printf SnAp >s/LiveOS/overlay-LIVE-1A2B-3C4D");
	put("syslinux/syslinux.cfg", fedora_syslinux);
	/* A new label: the name that is looked for is another. */
	s = look("MINE", "1A2B-3C4D");
	uses(s, LM_BOOT_TEMPORARY, "LiveOS/overlay-MINE-1A2B-3C4D");
	assert_true(s->boot->missing);
	assert_true(noted(s, "boot-missing"));
	assert_false(noted(s, "boot-root"));
	lm_stick_close(s);
	/* A new UUID: the system itself is not found any more. */
	s = look("LIVE", "9999-9999");
	uses(s, LM_BOOT_ELSEWHERE, NULL);
	assert_true(noted(s, "boot-root"));
	assert_true(noted(s, "boot-unused"));
	lm_stick_close(s);
}

static void test_fedora_grub(void **state)
{
	struct lm_stick *s;

	(void)state;
	help_run(dir, "printf SnAp >s/LiveOS/overlay-FEDORA-1A2B-3C4D");
	put("EFI/BOOT/grub.cfg",
	    "set default=\"1\"\n\nfunction load_video {\n  insmod efi_gop\n"
	    "  menuentry 'not one' { linux /x root=live:/dev/sdz }\n}\n\n"
	    "load_video\nset gfxpayload=keep\ninsmod gzio\n\nset timeout=60\n"
	    "### END /etc/grub.d/00_header ###\n\n"
	    "search --no-floppy --set=root -l 'FEDORA'\n\n"
	    "menuentry 'Start Fedora-Workstation-Live 30' --class fedora --class gnu {\n"
	    "\tlinuxefi /images/pxeboot/vmlinuz root=live:LABEL=FEDORA rd.live.image quiet\n"
	    "\tinitrdefi /images/pxeboot/initrd.img\n}\n"
	    "menuentry 'Test this media & start' --class fedora {\n"
	    "\tlinuxefi /images/pxeboot/vmlinuz root=live:LABEL=FEDORA rd.live.image \\\n"
	    "\t\trd.live.check rd.live.overlay=LABEL=FEDORA:auto\n}\n"
	    "submenu 'Troubleshooting -->' {\n"
	    "\tmenuentry 'Basic graphics' --class fedora {\n"
	    "\t\tlinuxefi /images/pxeboot/vmlinuz root=live:LABEL=FEDORA nomodeset rd.live.image\n"
	    "\t}\n\tmenuentry 'Memory' --id mem { linux16 /memtest }\n}\n");
	s = look("FEDORA", "1A2B-3C4D");
	assert_int_equal(s->boot->menus.list[0].n_entries, 4);
	assert_string_equal(s->boot->menus.list[0].entries[2].place, "2>0");
	assert_string_equal(s->boot->menus.list[0].entries[3].place, "2>1");
	assert_string_equal(s->boot->menus.list[0].entries[3].id, "mem");
	assert_string_equal(entry(s), "Test this media & start");
	uses(s, LM_BOOT_OVERLAY, "LiveOS/overlay-FEDORA-1A2B-3C4D");
	lm_stick_close(s);
}

static void default_is(const char *line, const char *title)
{
	struct lm_stick *s;
	char *text;

	assert_true(asprintf(&text,
			     "%s\n"
			     "menuentry 'one' --id=first {\n linux /v root=live:LABEL=X a=1\n}\n"
			     "submenu more {\n"
			     " menuentry \"two three\" $menuentry_id_option 'x-2' {\n"
			     "  linux /v root=live:LABEL=X a=2\n }\n"
			     " menuentry four {\n  linux /v root=live:LABEL=X a=3\n }\n}\n"
			     "menuentry five {\n  linux /v root=live:LABEL=X a=4\n}\n",
			     line) > 0);
	put("boot/grub2/grub.cfg", text);
	free(text);
	s = look("X", "1");
	if (strcmp(entry(s), title) != 0)
		fail_msg("%s: %s", line, entry(s));
	lm_stick_close(s);
}

static void test_grub_default(void **state)
{
	(void)state;
	default_is("", "one");
	default_is("set default=0", "one");
	default_is("set default=2", "five");
	default_is("set default=1", "two three");
	default_is("set default='1>1'", "four");
	default_is("default=\"more>four\"", "four");
	default_is("set default=x-2", "two three");
	default_is("set default='five'", "five");
	default_is("set n=2 ; set default=\"${n}\"", "five");
	default_is("set default=17", "one");
	default_is("if [ \"${next_entry}\" ] ; then\n set default=\"${next_entry}\"\n"
		   " set next_entry=\nelse\n set default=\"${saved_entry}\"\nfi", "one");
	default_is("if [ \"$a\" = b ]; then set default=2; else set default=0; fi", "five");
}

/* kiwi: a tiny configuration on the EFI partition that leads to the real one. */
static void test_opensuse(void **state)
{
	struct lm_stick *s;

	(void)state;
	put("EFI/BOOT/grub.cfg", "set btrfs_relative_path=\"yes\"\n"
				 "search --file --set=root /boot/0x3a4b5c6d\n"
				 "set prefix=($root)/boot/grub2\n"
				 "configfile ($root)/boot/grub2/grub.cfg\n");
	put("boot/grub2/grub.cfg",
	    "set default=0\nset timeout=10\n"
	    "menuentry \"Boot from Hard Disk\" --class opensuse {\n  exit\n}\n"
	    "menuentry \"openSUSE Tumbleweed Live\" --class os --unrestricted {\n"
	    "  set gfxpayload=keep\n  echo Loading kernel...\n"
	    "  linux ($root)/boot/x86_64/loader/linux ${extra_cmdline} ${isoboot} "
	    "root=live:CDLABEL=openSUSE_Tumbleweed rd.live.image splash=silent "
	    "rd.live.overlay.persistent rd.live.overlay.cowfs=ext4\n"
	    "  initrd ($root)/boot/x86_64/loader/initrd\n}\n");
	s = look("openSUSE_Tumbleweed", "2026-01-01-00-00-00-00");
	assert_string_equal(entry(s), "openSUSE Tumbleweed Live");
	uses(s, LM_BOOT_ELSEWHERE, NULL);
	assert_string_equal(s->boot->device, "LABEL=cow");
	assert_true(noted(s, "boot-default"));
	assert_false(noted(s, "boot-root"));
	lm_stick_close(s);
}

/* The media of CentOS 7: a menu in a file of its own, and old names of options. */
static void test_centos_include(void **state)
{
	struct lm_stick *s;

	(void)state;
	help_run(dir, "printf SnAp >'s/LiveOS/overlay-CentOS 7-1A2B-3C4D'");
	put("isolinux/isolinux.cfg", "include menu.cfg\nDEFAULT menu.c32\nprompt 0\r\n");
	put("isolinux/menu.cfg", "append rd.live.image quiet\n"
				 "menu begin ^Troubleshooting\nLABEL vesa\n KERNEL v\nmenu end\n"
				 "LABEL linux0\n  MENU LABEL ^Start CentOS\n  KERNEL vmlinuz0\n"
				 "  TEXT HELP\nLABEL fake\n  MENU DEFAULT\n  ENDTEXT\n"
				 "  APPEND initrd=i root=live:CDLABEL=CentOS\\x207 liveimg "
				 "overlay=\"LABEL=CentOS 7\" reset_overlay\n  MENU DEFAULT\n");
	s = look("CentOS 7", "1A2B-3C4D");
	assert_int_equal(s->boot->menus.list[0].n_entries, 2);
	assert_string_equal(s->boot->menus.list[0].entries[0].cmdline, "rd.live.image quiet");
	assert_string_equal(entry(s), "Start CentOS");
	uses(s, LM_BOOT_OVERLAY, "LiveOS/overlay-CentOS 7-1A2B-3C4D");
	assert_true(s->boot->args.reset);
	assert_true(noted(s, "boot-reset"));
	assert_false(noted(s, "boot-root"));
	lm_stick_close(s);
}

/* An ISO hybrid written to a stick as it is: names in capitals, no overlay. */
static void test_hybrid(void **state)
{
	struct lm_stick *s;

	(void)state;
	put("ISOLINUX/ISOLINUX.CFG", "default linux\nlabel linux\n kernel vmlinuz\n append "
				     "initrd=initrd.img root=live:CDLABEL=Fedora-WS-Live-40 "
				     "rd.live.image quiet rhgb\n");
	s = look("Fedora-WS-Live-40", "2024-04-14-18-00-00-00");
	uses(s, LM_BOOT_TEMPORARY, NULL);
	assert_int_equal(s->boot->n_notes, 0);
	assert_string_equal(s->boot->menus.list[0].file, "ISOLINUX/ISOLINUX.CFG");
	lm_stick_close(s);
	/* With an overlay beside it, that is worth a warning. */
	help_run(dir, "printf SnAp >s/LiveOS/overlay-X-1");
	s = look("Fedora-WS-Live-40", "2024-04-14-18-00-00-00");
	assert_true(noted(s, "boot-unused"));
	lm_stick_close(s);
}

static void test_loader_entries(void **state)
{
	struct lm_stick *s;

	(void)state;
	help_run(dir, "printf SnAp >s/LiveOS/overlay-L-1");
	put("loader/entries/live-5.9.conf", "title Live 5.9\nversion 5.9\nlinux /v\n"
					    "options root=live:LABEL=L rd.live.image\n");
	put("loader/entries/live-5.10.conf", "title Live 5.10\nversion 5.10\nlinux /v\n"
					     "options root=live:LABEL=L rd.live.image\n"
					     "options rd.live.overlay=LABEL=L\n");
	put("loader/entries/notes.txt", "title no entry\n");
	s = look("L", "1");
	assert_string_equal(entry(s), "Live 5.10");
	uses(s, LM_BOOT_OVERLAY, "LiveOS/overlay-L-1");
	lm_stick_close(s);
	/* What cannot be read is none. */
	help_run(dir, "printf 'title \\0\\n' >s/loader/entries/live-6.0.conf");
	put("loader/loader.conf", "timeout 3\ndefault live-5.9*\n");
	s = look("L", "1");
	assert_int_equal(s->boot->menus.list[0].n_entries, 2);
	assert_string_equal(entry(s), "Live 5.9");
	uses(s, LM_BOOT_TEMPORARY, NULL);
	lm_stick_close(s);
	/* Two ways to start it that disagree. */
	put("syslinux/syslinux.cfg", "label l\nappend root=live:LABEL=L rd.live.overlay=LABEL=L\n");
	s = look("L", "1");
	uses(s, LM_BOOT_OVERLAY, "LiveOS/overlay-L-1");
	assert_true(noted(s, "boot-differs"));
	lm_stick_close(s);
	put("boot/grub/grub.cfg", "blscfg\nset default=live-5.10\n");
	s = look("L", "1");
	assert_int_equal(s->boot->menus.count, 3);
	assert_int_equal(boot_menu_default(&s->boot->menus.list[1]), 0);
	lm_stick_close(s);
}

struct setting {
	const char *options;
	enum lm_boot_uses uses;
	const char *overlay;
	const char *id; /* of a note, NULL: any or none */
};

static void test_settings(void **state)
{
	static const struct setting list[] = {
		{ "rd.live.overlay=LABEL=L", LM_BOOT_OVERLAY, "LiveOS/overlay-L-1", NULL },
		{ "rd.live.overlay=UUID=1", LM_BOOT_OVERLAY, "LiveOS/overlay-L-1", NULL },
		{ "rd.live.overlay=/dev/disk/by-label/L:auto", LM_BOOT_OVERLAY, "LiveOS/overlay-L-1",
		  NULL },
		{ "rd.live.overlay=LABEL=L:/LiveOS/overlay-L-1", LM_BOOT_OVERLAY,
		  "LiveOS/overlay-L-1", NULL },
		{ "rd.live.overlay=LABEL=L:LiveOS/overlay-L-1", LM_BOOT_OVERLAY,
		  "LiveOS/overlay-L-1", NULL },
		{ "rd.live.overlay=/dev/sdb1:/LiveOS/overlay-L-1", LM_BOOT_OVERLAY,
		  "LiveOS/overlay-L-1", "boot-device" },
		{ "rd.live.overlay=LABEL=L:/other", LM_BOOT_TEMPORARY, "other", "boot-missing" },
		{ "rd.live.overlay=LABEL=M", LM_BOOT_ELSEWHERE, NULL, "boot-unused" },
		{ "rd.live.overlay=LABEL=L:/../../etc/passwd", LM_BOOT_TEMPORARY, NULL,
		  "boot-unused" },
		{ "rd.live.overlay", LM_BOOT_TEMPORARY, NULL, "boot-unused" },
		{ "rd.live.overlay=1", LM_BOOT_TEMPORARY, NULL, "boot-unused" },
		{ "rd.live.overlay=none", LM_BOOT_IMAGE, NULL, "boot-unused" },
		{ "rd.live.overlay=LABEL=M rd.live.overlay=LABEL=L", LM_BOOT_OVERLAY,
		  "LiveOS/overlay-L-1", NULL },
		{ "rd.live.overlay=LABEL=L rd.live.overlay.readonly", LM_BOOT_OVERLAY,
		  "LiveOS/overlay-L-1", "boot-readonly" },
		{ "rd.live.overlay=LABEL=L rd.live.overlay.readonly=0", LM_BOOT_OVERLAY,
		  "LiveOS/overlay-L-1", NULL },
		{ "rd.live.overlay=LABEL=L rd.live.overlay.reset=1", LM_BOOT_OVERLAY,
		  "LiveOS/overlay-L-1", "boot-reset" },
		{ "rd.live.overlay=LABEL=L rd.live.overlay.thin", LM_BOOT_TEMPORARY, NULL,
		  "boot-unused" },
		{ "rd.live.overlay=LABEL=L rd.writable.fsimg", LM_BOOT_TEMPORARY, NULL,
		  "boot-unused" },
		{ "rd.live.overlay=LABEL=L rd.live.ram", LM_BOOT_OVERLAY, "LiveOS/overlay-L-1",
		  NULL },
		{ "rd.live.overlay=LABEL=L rd.live.overlay.overlayfs", LM_BOOT_OVERLAY,
		  "LiveOS/overlay-L-1", NULL },
		{ "rd.overlay=LABEL=L", LM_BOOT_OVERLAY, "LiveOS/overlay-L-1", NULL },
		{ "rd.overlay=1 rd.live.overlay=LABEL=L", LM_BOOT_OVERLAY, "LiveOS/overlay-L-1",
		  NULL },
		{ "rd.overlay=LABEL=L rd.overlay.reset", LM_BOOT_OVERLAY, "LiveOS/overlay-L-1",
		  "boot-reset" },
		{ "", LM_BOOT_TEMPORARY, NULL, "boot-unused" },
	};
	struct lm_stick *s;
	char *text;
	size_t i;

	(void)state;
	help_run(dir, "printf SnAp >s/LiveOS/overlay-L-1");
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		assert_true(asprintf(&text, "LABEL l\nAPPEND root=live:LABEL=L rw %s quiet\n",
				     list[i].options) > 0);
		put("syslinux.cfg", text);
		free(text);
		s = look("L", "1");
		if (s->boot->uses != list[i].uses ||
		    (list[i].id && !noted(s, list[i].id)) || (!list[i].id && s->boot->n_notes))
			fail_msg("%s: %s (%zu notes)", list[i].options, s->boot->text,
				 s->boot->n_notes);
		if (list[i].overlay)
			uses(s, list[i].uses, list[i].overlay);
		lm_stick_close(s);
	}
}

/* A live directory of another name, known by the boot configuration alone. */
static void test_other_directory(void **state)
{
	struct lm_stick *s;

	(void)state;
	help_run(dir, "rm -r s/LiveOS && mkdir s/spin && printf hsqs >s/spin/sq.img && "
		      "printf SnAp >s/spin/overlay-L-1");
	put("extlinux/extlinux.conf", "label l\nappend root=live:LABEL=L rd.live.dir=/spin "
				      "rd.live.squashimg=sq.img rd.live.overlay=LABEL=L\n");
	s = look("L", "1");
	assert_string_equal(s->live_dir, "spin");
	assert_string_equal(s->base_path, "spin/sq.img");
	uses(s, LM_BOOT_OVERLAY, "spin/overlay-L-1");
	lm_stick_close(s);
}

static void test_status(void **state)
{
	struct lm_status *status = NULL;
	struct lm_error err;
	struct lm_stick *s;

	(void)state;
	put("syslinux.cfg", "label l\nmenu label Go\nappend root=live:LABEL=L "
			    "rd.live.overlay=LABEL=L:/LiveOS/overlay-gone\n");
	s = look(NULL, NULL);
	if (lm_status_read(s, 0, &status, &err))
		fail_msg("%s", err.what);
	assert_int_equal(status->n_overlays, 1);
	assert_int_equal(status->overlays[0].state, LM_STATE_MISSING);
	assert_string_equal(status->overlays[0].path, "LiveOS/overlay-gone");
	assert_true(status->boot.missing);
	assert_string_equal(status->boot.entry, "Go");
	assert_string_equal(status->boot.loader, "syslinux");
	assert_non_null(status->boot.warnings[0]);
	lm_status_free(status);
	lm_stick_close(s);
}

/* Whatever stands there: it ends, quickly, and stays beneath the stick. */
static void test_hostile(void **state)
{
	struct lm_stick *s;

	(void)state;
	help_run(dir, "echo 'label x\nappend root=live:LABEL=EVIL' >outside.cfg && "
		      "mkdir s/syslinux && ln -s ../../outside.cfg s/syslinux/linked.cfg");
	put("syslinux/syslinux.cfg",
	    "include syslinux.cfg\ninclude ../../outside.cfg\ninclude /../outside.cfg\n"
	    "include linked.cfg\ninclude\nmenu\nlabel\nappend\nmenu default\nmenu label\n"
	    "default\nontimeout\ntext help\nlabel never\n");
	s = look("L", "1");
	if (s->boot)
		assert_null(s->boot->text);
	lm_stick_close(s);

	/* An endless circle, values that hold one another, quotes and blocks never closed. */
	put("boot/grub/grub.cfg", "configfile /boot/grub/grub.cfg\nsource /boot/grub/a.cfg\n"
				  "set default=99999999999999999999>$x>>>\n}}}}}}\n"
				  "menuentry 'a' {\n linux\n linux /x\n}\n menuentry {\n}\n{ { {\n"
				  "submenu submenu submenu { menuentry \"$ ${ ${} ${x $x");
	help_run(dir, "{ echo 'set a=xxxxxxxxxxxxxxxx'; i=0; while [ $i -lt 400 ]; do "
		      "echo 'set a=$a$a$a$a'; echo 'menuentry $a {'; "
		      "echo ' linux /v $a $a $a $a $a $a $a $a'; echo '}'; i=$((i+1)); done; } "
		      ">s/boot/grub/a.cfg");
	help_run(dir, "mkdir -p s/loader/entries && i=0; while [ $i -lt 100 ]; do echo "
		      "'options a=\"b' >s/loader/entries/$i.conf; i=$((i+1)); done; "
		      "echo 'default ****************************a' >s/loader/loader.conf");
	s = look("L", "1");
	lm_stick_close(s);

	/* Too large, and not text. */
	help_run(dir, "truncate -s 1G s/syslinux/syslinux.cfg && rm s/loader/loader.conf && "
		      "head -c 4096 /dev/zero >s/loader/loader.conf && "
		      "head -c 100000 /dev/urandom | tr -d '\\0' >s/boot/grub/grub.cfg");
	s = look("L", "1");
	lm_stick_close(s);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* A text that was damaged: pieces doubled, cut out, overwritten by what the languages are made of. */
static char *damaged(const char *text, uint32_t *seed)
{
	static const char marks[] = "{}\"'$\\\n;#=:>()[]* \t/.,|&\r^%";
	size_t len = strlen(text), n = len;
	char *out = calloc(1, 4 * len + 64);
	unsigned i, times = next_random(seed) % 12;

	assert_non_null(out);
	memcpy(out, text, len);
	for (i = 0; i < times && n > 8; i++) {
		size_t at = next_random(seed) % n, piece = next_random(seed) % 40;

		if (piece > n - at)
			piece = n - at;
		switch (next_random(seed) % 4) {
		case 0:
			memmove(out + at, out + at + piece, n - at - piece);
			n -= piece;
			break;
		case 1:
			if (n + piece < 4 * len) {
				memmove(out + at + piece, out + at, n - at);
				n += piece;
			}
			break;
		default:
			out[at] = marks[next_random(seed) % (sizeof(marks) - 1)];
			break;
		}
	}
	out[n] = '\0';
	return out;
}

static void test_damaged(void **state)
{
	static const char grub[] =
		"set default=\"${saved}\"\nset x='a b'\nif [ \"$x\" = 1 ]; then\n set default=1\nfi\n"
		"function f {\n set y=$x\n}\nsource $prefix/more.cfg\nblscfg\n"
		"submenu \"S\" --id s {\n menuentry 'T \\' --class a $menuentry_id_option 'i' {\n"
		"  linux /v root=live:LABEL=L rd.live.overlay=\"LABEL=L:/a b\" $x \\\n quiet\n }\n}\n"
		"menuentry two {\n linuxefi ($root)/v root=live:CDLABEL=a\\x20b rd.live.image\n}\n";
	uint32_t seed = 20081;
	struct boot_args args;
	unsigned i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		const char *from = i % 2 ? grub : fedora_syslinux;
		struct boot_reader r = { .files = 4, .bytes = 1u << 20 };
		struct boot_menu *menu = calloc(1, sizeof(*menu));
		struct boot_menus menus = { .list = menu, .count = 1 };
		char *text = damaged(from, &seed);
		size_t j;

		assert_non_null(menu);
		assert_int_equal(io_dir_open_readonly(help_path(dir, "s"), &r.io), 0);
		menu->loader = i % 2 ? BOOT_GRUB : BOOT_SYSLINUX;
		boot_set(&r, &menu->file, "boot/x.cfg", 10);
		if (i % 2)
			boot_grub(&r, menu, text);
		else
			boot_syslinux(&r, menu, text);
		assert_false(r.no_memory);
		assert_true(!menu->n_entries || boot_menu_default(menu) < menu->n_entries);
		for (j = 0; j < menu->n_entries; j++) {
			if (!menu->entries[j].cmdline)
				continue;
			assert_int_equal(boot_args_parse(menu->entries[j].cmdline, &args), 0);
			boot_args_free(&args);
		}
		io_close(r.io);
		boot_menus_free(&menus);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fedora_syslinux, setup, teardown),
		cmocka_unit_test_setup_teardown(test_renamed_stick, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fedora_grub, setup, teardown),
		cmocka_unit_test_setup_teardown(test_grub_default, setup, teardown),
		cmocka_unit_test_setup_teardown(test_opensuse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_centos_include, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hybrid, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loader_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_settings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_status, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

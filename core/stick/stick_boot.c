/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the next boot will do with the overlay, told from the menus of a stick.
 * The rules are those of dracut's dmsquash-live-root.sh.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/stick/stick_boot.h"
#include "core/stick/stick_priv.h"
#include "core/text.h"

const char *lm_boot_uses_word(enum lm_boot_uses uses)
{
	static const char *const words[] = { "unknown", "overlay", "temporary", "elsewhere",
					     "image" };

	return (unsigned)uses < sizeof(words) / sizeof(words[0]) ? words[uses] : "unknown";
}

/* What one entry comes to. */
struct outcome {
	struct boot_args args;
	enum lm_boot_uses uses;
	char *overlay, *device;
	bool missing;
	bool by_name;    /* the device is named by a number that changes */
	const char *why; /* of LM_BOOT_TEMPORARY, translated */
};

static void outcome_free(struct outcome *o)
{
	boot_args_free(&o->args);
	free(o->overlay);
	free(o->device);
	memset(o, 0, sizeof(*o));
}

/* udev and blkid write bytes that they find unsafe as \xNN. */
static void decode(char *text)
{
	char *to = text;
	unsigned byte;

	while (*text) {
		if (text[0] == '\\' && text[1] == 'x' && sscanf(text + 2, "%2x", &byte) == 1 &&
		    byte) {
			*to++ = (char)byte;
			text += text[3] ? 4 : 3;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* What a device is named by in a command line. */
struct spec {
	enum { BY_LABEL, BY_UUID, BY_OTHER_ID, BY_NODE, BY_NOTHING } by;
	char value[256];
};

static struct spec spec_of(const char *text)
{
	static const struct {
		const char *prefix;
		int by;
	} forms[] = {
		{ "LABEL=", BY_LABEL },		     { "CDLABEL=", BY_LABEL },
		{ "UUID=", BY_UUID },		     { "/dev/disk/by-label/", BY_LABEL },
		{ "/dev/disk/by-uuid/", BY_UUID },   { "PARTUUID=", BY_OTHER_ID },
		{ "PARTLABEL=", BY_OTHER_ID },	     { "/dev/disk/by-", BY_OTHER_ID },
		{ "/dev/", BY_NODE },
	};
	struct spec s = { .by = BY_NOTHING };
	size_t i, n;

	for (i = 0; text && i < sizeof(forms) / sizeof(forms[0]); i++) {
		n = strlen(forms[i].prefix);
		if (strncmp(text, forms[i].prefix, n) != 0)
			continue;
		s.by = forms[i].by;
		if (s.by == BY_NODE)
			n = 0;
		snprintf(s.value, sizeof(s.value), "%s", text + n);
		decode(s.value);
		break;
	}
	return s;
}

enum where { HERE, NOT_HERE, UNSURE };

static bool is_known(const struct lm_stick *s)
{
	return s->label[0] || s->uuid[0];
}

static enum where place_of(const struct lm_stick *s, const struct spec *spec)
{
	switch (spec->by) {
	case BY_LABEL:
		return !is_known(s) ? UNSURE : strcmp(spec->value, s->label) == 0 ? HERE : NOT_HERE;
	case BY_UUID:
		return !is_known(s) ? UNSURE
				    : strcasecmp(spec->value, s->uuid) == 0 ? HERE : NOT_HERE;
	case BY_NODE:
		return s->device && strcmp(spec->value, s->device) == 0 ? HERE : UNSURE;
	case BY_OTHER_ID:
		return UNSURE;
	default:
		return NOT_HERE;
	}
}

static const char *live_dir_of(const struct outcome *o)
{
	const char *dir = o->args.dir ? o->args.dir : "LiveOS";

	dir += strspn(dir, "/");
	return *dir ? dir : ".";
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * overlay-LABEL-UUID in the live directory. Where label and UUID are not known
 * (a plain folder), the first overlay that fits what the configuration says.
 */
static char *own_overlay(const struct lm_stick *s, const struct outcome *o)
{
	struct spec root = spec_of(o->args.root);
	const char *path = NULL;
	char name[560];
	size_t i, n;

	if (is_known(s)) {
		snprintf(name, sizeof(name), "overlay-%s-%s", s->label, s->uuid);
		return stick_join(live_dir_of(o), name);
	}
	for (i = 0; i < s->n_overlays; i++) {
		const char *have = name_of(s->overlays[i].path) + strlen("overlay-");

		n = strlen(root.value);
		if (root.by == BY_LABEL && (strncmp(have, root.value, n) != 0 || have[n] != '-'))
			continue;
		if (root.by == BY_UUID && (strlen(have) < n ||
					   strcasecmp(have + strlen(have) - n, root.value) != 0))
			continue;
		if (!path || strcmp(s->overlays[i].path, path) < 0)
			path = s->overlays[i].path;
	}
	if (path)
		return strdup(path);
	snprintf(name, sizeof(name), "overlay-%s-%s", root.by == BY_LABEL ? root.value : "*",
		 root.by == BY_UUID ? root.value : "*");
	return stick_join(live_dir_of(o), name);
}

/* rd.live.overlay=DEVICE[:PATH|auto] */
static int find_overlay(const struct lm_stick *s, struct outcome *o)
{
	const char *value = o->args.overlay, *path = strrchr(value, ':');
	char *device = strndup(value, strcspn(value, ":"));
	struct spec spec = spec_of(device), root = spec_of(o->args.root);
	enum where where = place_of(s, &spec);
	struct io_stat st;
	bool there;

	if (!device)
		return -ENOMEM;
	/* dracut takes what stands before the first colon, and after the last. */
	path = path ? path + 1 : "";
	path += strspn(path, "/");
	if (strstr(path, "..")) {
		o->uses = LM_BOOT_TEMPORARY;
		o->why = _("the path in rd.live.overlay leads out of the stick");
		free(device);
		return 0;
	}
	o->overlay = *path && strcmp(path, "auto") != 0 ? strdup(path) : own_overlay(s, o);
	if (!o->overlay) {
		free(device);
		return -ENOMEM;
	}
	there = io_stat(s->io, o->overlay, &st) == 0 &&
		(st.kind == IO_REGULAR || st.kind == IO_DIRECTORY);
	/* What the system itself is found by is this stick, wherever it is now. */
	if (where == UNSURE && o->args.root && strcmp(device, o->args.root) == 0)
		where = HERE;
	if (where == UNSURE && spec.by == root.by && strcmp(spec.value, root.value) == 0)
		where = HERE;
	if (where == UNSURE)
		where = there ? HERE : NOT_HERE;
	o->by_name = spec.by == BY_NODE;
	if (spec.by == BY_NOTHING) {
		o->uses = LM_BOOT_TEMPORARY;
		o->why = _("what rd.live.overlay names is no device");
	} else if (where == NOT_HERE) {
		o->uses = LM_BOOT_ELSEWHERE;
		o->device = device;
		device = NULL;
	} else {
		o->uses = there ? LM_BOOT_OVERLAY : LM_BOOT_TEMPORARY;
		o->missing = !there;
		if (!there)
			o->why = _("the overlay that it looks for is not there");
	}
	if (o->uses != LM_BOOT_OVERLAY && !o->missing) {
		free(o->overlay);
		o->overlay = NULL;
	}
	free(device);
	return 0;
}

static int judge_entry(const struct lm_stick *s, const char *cmdline, struct outcome *o)
{
	const struct boot_args *a = &o->args;
	int ret;

	memset(o, 0, sizeof(*o));
	ret = boot_args_parse(cmdline ? cmdline : "", &o->args);
	if (ret || !a->live)
		return ret;
	o->uses = LM_BOOT_TEMPORARY;
	if (a->writable) {
		o->why = _("rd.writable.fsimg copies the whole system there");
	} else if (a->overlay && strcasecmp(a->overlay, "none") == 0) {
		o->uses = LM_BOOT_IMAGE;
	} else if (a->ram && s->container == STICK_BARE) {
		o->why = _("rd.live.ram copies the whole system there");
	} else if (a->thin) {
		o->why = _("rd.live.overlay.thin asks for that");
	} else if (a->partition && !a->overlay) {
		o->uses = LM_BOOT_ELSEWHERE;
		o->device = strdup("LABEL=cow");
		ret = o->device ? 0 : -ENOMEM;
	} else if (a->overlay) {
		ret = find_overlay(s, o);
	} else {
		o->why = _("rd.live.overlay is not set");
	}
	if (ret)
		outcome_free(o);
	return ret;
}

static bool same_outcome(const struct outcome *a, const struct outcome *b)
{
	const char *x = a->overlay ? a->overlay : "", *y = b->overlay ? b->overlay : "";

	return a->uses == b->uses && strcmp(x, y) == 0 && a->args.reset == b->args.reset &&
	       a->args.readonly == b->args.readonly;
}

static char *sentence(const struct outcome *o)
{
	switch (o->uses) {
	case LM_BOOT_OVERLAY:
		if (o->args.reset)
			return text_format(_("The next boot empties %s and then uses it."),
					   o->overlay);
		if (o->args.readonly)
			return text_format(_("The next boot reads %s, and keeps new changes in "
					     "memory only."),
					   o->overlay);
		return text_format(_("The next boot uses %s."), o->overlay);
	case LM_BOOT_TEMPORARY:
		return text_format(_("The next boot keeps changes in memory only: %s."), o->why);
	case LM_BOOT_ELSEWHERE:
		return text_format(_("The next boot looks for an overlay on %s, not on this stick."),
				   o->device);
	case LM_BOOT_IMAGE:
		return text_dup(_("The next boot writes into the root image itself, without an "
				  "overlay."));
	default:
		return text_dup(_("What the next boot uses cannot be told."));
	}
}

/* Takes over both texts. */
static void note(struct stick_boot *b, enum lm_severity severity, const char *id, char *what,
		 char *remedy)
{
	struct boot_note *n = &b->notes[b->n_notes];

	if (b->n_notes == BOOT_MAX_NOTES || !what) {
		free(what);
		free(remedy);
		return;
	}
	*n = (struct boot_note){ severity, id, what, remedy };
	b->n_notes++;
}

static void note_missing(const struct lm_stick *s, struct stick_boot *b, const struct outcome *o,
			 const char *file)
{
	const char *want = o->overlay;
	char *remedy = NULL;

	/* A label or a UUID that was changed: the overlay has still the old name. */
	if (s->n_overlays == 1)
		remedy = text_format(_("If it is the one, rename %s to %s; else change "
				       "rd.live.overlay in %s."),
				     s->overlays[0].path, name_of(want), file);
	else
		remedy = text_format(_("Put it back, or change rd.live.overlay in %s."), file);
	note(b, LM_SEV_WARNING, "boot-missing",
	     s->n_overlays ? text_format(_("the next boot looks for %s, which is not there; %s is "
					   "left aside"),
					 want, s->overlays[0].path) :
			     text_format(_("the next boot looks for %s, which is not there"), want),
	     remedy);
}

/* The overlays of this stick that the next boot does not look at. */
static void note_unused(const struct lm_stick *s, struct stick_boot *b, const struct outcome *o,
			const char *file)
{
	const char *first = s->n_overlays ? s->overlays[0].path : NULL;

	if (!first || o->missing || o->uses == LM_BOOT_UNKNOWN)
		return;
	if (o->uses == LM_BOOT_OVERLAY) {
		if (strcmp(first, o->overlay) != 0)
			note(b, LM_SEV_NOTE, "boot-other",
			     text_format(_("the next boot uses %s, not %s"), o->overlay, first),
			     text_format(_("rd.live.overlay in %s says which."), file));
		return;
	}
	note(b, LM_SEV_WARNING, "boot-unused",
	     o->uses == LM_BOOT_TEMPORARY ?
		     text_format(_("the next boot does not use %s: %s"), first, o->why) :
	     o->uses == LM_BOOT_ELSEWHERE ?
		     text_format(_("the next boot does not use %s, but looks on %s"), first,
				 o->device) :
		     text_format(_("the next boot does not use %s, but writes into the root image"),
				 first),
	     text_format(_("To have it used, put rd.live.overlay=DEVICE:/%s among the options in "
			   "%s, DEVICE being LABEL=... or UUID=... of the stick."),
			 first, file));
}

static void note_root(const struct lm_stick *s, struct stick_boot *b, const struct outcome *o,
		      const char *file)
{
	struct spec root = spec_of(o->args.root);

	if ((root.by == BY_LABEL || root.by == BY_UUID) && place_of(s, &root) == NOT_HERE)
		note(b, LM_SEV_WARNING, "boot-root",
		     text_format(_("the system is looked for on %s, which is not this stick"),
				 o->args.root),
		     text_format(_("Give the stick that label or UUID back, or change root= in %s."),
				 file));
}

static void note_base(const struct lm_stick *s, struct stick_boot *b, const struct outcome *o)
{
	const char *image = o->args.squashimg ? o->args.squashimg : "squashfs.img";
	char *path;
	struct io_stat st;

	if (!o->args.dir && !o->args.squashimg)
		return;
	path = stick_join(live_dir_of(o), image);
	if (path && !strstr(path, "..") && s->base_path && strcasecmp(path, s->base_path) != 0 &&
	    io_stat(s->io, path, &st) == 0)
		note(b, LM_SEV_WARNING, "boot-image",
		     text_format(_("the next boot starts from %s, not from %s"), path,
				 s->base_path),
		     NULL);
	free(path);
}

static void take_notes(const struct lm_stick *s, struct stick_boot *b, const struct outcome *o,
		       bool is_default)
{
	const struct boot_menu *menu = &b->menus.list[b->menu];
	const char *file = menu->file;

	if (!is_default)
		note(b, LM_SEV_NOTE, "boot-default",
		     text_format(_("what %s starts by itself is no live system; \"%s\" is taken"),
				 file, menu->entries[b->entry].title),
		     NULL);
	if (o->missing)
		note_missing(s, b, o, file);
	note_unused(s, b, o, file);
	if (o->uses == LM_BOOT_OVERLAY && o->args.reset)
		note(b, LM_SEV_WARNING, "boot-reset",
		     text_format(_("the next boot empties %s (rd.live.overlay.reset)"), o->overlay),
		     text_format(_("Take rd.live.overlay.reset out of %s to keep the changes."),
				 file));
	if (o->uses == LM_BOOT_OVERLAY && o->args.readonly)
		note(b, LM_SEV_NOTE, "boot-readonly",
		     text_format(_("the next boot only reads %s (rd.live.overlay.readonly); what "
				   "changes then is lost at shutdown"),
				 o->overlay),
		     NULL);
	note_root(s, b, o, file);
	note_base(s, b, o);
	if (o->uses == LM_BOOT_OVERLAY && o->by_name)
		note(b, LM_SEV_NOTE, "boot-device",
		     text_format(_("the overlay is looked for on %s, a name that changes with the "
				   "machine"),
				 o->args.overlay),
		     text_format(_("Name the stick by LABEL= or UUID= in %s."), file));
}

/* The entry of a menu that starts a live system: the default one, else the first. */
static int pick(const struct lm_stick *s, const struct boot_menu *menu, size_t *entry,
		bool *is_default, struct outcome *o)
{
	size_t i, first = boot_menu_default(menu);
	int ret;

	for (i = 0; i <= menu->n_entries; i++) {
		*entry = i ? i - 1 : first;
		*is_default = i == 0;
		ret = judge_entry(s, menu->entries[*entry].cmdline, o);
		if (ret)
			return ret;
		if (o->args.live)
			return 1;
		outcome_free(o);
	}
	return 0;
}

size_t boot_menu_default(const struct boot_menu *menu)
{
	return menu->marked && menu->marked <= menu->n_entries ? menu->marked - 1 : 0;
}

static void forget_judgement(struct stick_boot *b)
{
	while (b->n_notes) {
		b->n_notes--;
		free(b->notes[b->n_notes].what);
		free(b->notes[b->n_notes].remedy);
	}
	boot_args_free(&b->args);
	free(b->overlay);
	free(b->device);
	free(b->text);
	b->overlay = b->device = b->text = NULL;
	b->uses = LM_BOOT_UNKNOWN;
	b->missing = false;
}

void stick_boot_free(struct stick_boot *b)
{
	if (!b)
		return;
	forget_judgement(b);
	boot_menus_free(&b->menus);
	free(b);
}

int stick_boot_load(struct lm_stick *s)
{
	struct boot_menus menus;
	int ret;

	stick_boot_free(s->boot);
	s->boot = NULL;
	ret = boot_menus_read(s->io, &menus);
	if (ret || !menus.count)
		return ret;
	s->boot = calloc(1, sizeof(*s->boot));
	if (!s->boot) {
		boot_menus_free(&menus);
		return -ENOMEM;
	}
	s->boot->menus = menus;
	return 0;
}

int stick_boot_dir(struct lm_stick *s, char **dir, char **squashimg)
{
	struct outcome o;
	size_t i, entry;
	bool is_default;
	int ret = 0;

	*dir = *squashimg = NULL;
	for (i = 0; s->boot && i < s->boot->menus.count && !ret; i++)
		ret = pick(s, &s->boot->menus.list[i], &entry, &is_default, &o);
	if (ret <= 0)
		return ret;
	if (o.args.dir && !strstr(o.args.dir, "..")) {
		*dir = strdup(live_dir_of(&o));
		ret = *dir ? 0 : -ENOMEM;
	}
	if (ret >= 0 && o.args.squashimg && !strchr(o.args.squashimg, '/')) {
		*squashimg = o.args.squashimg;
		o.args.squashimg = NULL;
	}
	outcome_free(&o);
	return ret < 0 ? ret : 0;
}

int stick_boot_judge(struct lm_stick *s)
{
	struct stick_boot *b = s->boot;
	struct outcome o = { 0 }, other;
	bool is_default = false, other_default;
	size_t i, entry;
	int ret = 0;

	if (!b)
		return 0;
	forget_judgement(b);
	for (i = 0; i < b->menus.count && !ret; i++) {
		b->menu = i;
		ret = pick(s, &b->menus.list[i], &b->entry, &is_default, &o);
	}
	if (ret <= 0)
		return ret;
	b->uses = o.uses;
	b->missing = o.missing;
	b->text = sentence(&o);
	take_notes(s, b, &o, is_default);
	for (i = b->menu + 1; i < b->menus.count; i++) {
		char *text;

		if (pick(s, &b->menus.list[i], &entry, &other_default, &other) != 1)
			continue;
		text = same_outcome(&o, &other) ? NULL : sentence(&other);
		if (text)
			note(b, LM_SEV_NOTE, "boot-differs",
			     text_format(_("started by way of %s it is otherwise: %s"),
					 b->menus.list[i].file, text),
			     NULL);
		free(text);
		outcome_free(&other);
	}
	b->args = o.args;
	b->overlay = o.overlay;
	b->device = o.device;
	return b->text ? 0 : -ENOMEM;
}

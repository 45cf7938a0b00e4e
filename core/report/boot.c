/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boot configuration, in the status and among doctor's findings. */
#include <errno.h>
#include <stdlib.h>

#include "core/i18n.h"
#include "core/report/doctor.h"
#include "core/report/status.h"
#include "core/text.h"

static const char *loader_word(enum boot_loader loader)
{
	static const char *const words[] = { "syslinux", "grub", "entries" };

	return words[loader];
}

void status_boot_free(struct lm_status *s)
{
	char **w;

	for (w = s->boot.warnings; w && *w; w++)
		free(*w);
	free(s->boot.warnings);
	free(s->boot.loader);
	free(s->boot.file);
	free(s->boot.entry);
	free(s->boot.overlay);
	free(s->boot.device);
	free(s->boot.text);
}

/* Last in the list: what operations work on stays the first. */
static int add_missing(const struct stick_boot *b, struct lm_status *s)
{
	struct lm_overlay *grown, *o;

	grown = reallocarray(s->overlays, s->n_overlays + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->overlays = grown;
	o = &grown[s->n_overlays];
	*o = (struct lm_overlay){ .kind = LM_OVERLAY_DM_SNAPSHOT, .state = LM_STATE_MISSING };
	s->n_overlays++;
	if (status_text(&o->path, b->overlay))
		return -ENOMEM;
	o->trouble = text_dup(_("The boot configuration names this overlay, and it is not there."));
	return o->trouble ? 0 : -ENOMEM;
}

int status_boot(struct lm_stick *stick, struct lm_status *s)
{
	const struct stick_boot *b = stick->boot;
	const struct boot_menu *menu;
	size_t i;

	if (!b || !b->text)
		return 0;
	menu = &b->menus.list[b->menu];
	s->boot.uses = b->uses;
	s->boot.missing = b->missing;
	s->boot.reset = b->args.reset;
	s->boot.readonly = b->args.readonly;
	if (status_text(&s->boot.loader, loader_word(menu->loader)) ||
	    status_text(&s->boot.file, menu->file) ||
	    status_text(&s->boot.entry, menu->entries[b->entry].title) ||
	    status_text(&s->boot.overlay, b->overlay) || status_text(&s->boot.device, b->device) ||
	    status_text(&s->boot.text, b->text))
		return -ENOMEM;
	s->boot.warnings = calloc(b->n_notes + 1, sizeof(*s->boot.warnings));
	if (!s->boot.warnings)
		return -ENOMEM;
	for (i = 0; i < b->n_notes; i++) {
		s->boot.warnings[i] = text_dup(b->notes[i].what);
		if (!s->boot.warnings[i])
			return -ENOMEM;
	}
	return b->missing ? add_missing(b, s) : 0;
}

static const char *meaning(const struct boot_note *n)
{
	if (n->severity == LM_SEV_WARNING)
		return _("The system starts otherwise than this stick was made for, or without its "
			 "changes.");
	return _("Nothing is wrong with the stick itself.");
}

void doctor_boot(struct doctor *d)
{
	const struct stick_boot *b = d->stick->boot;
	bool warned = false;
	size_t i;

	if (!b || !b->text)
		return;
	for (i = 0; i < b->n_notes; i++) {
		const struct boot_note *n = &b->notes[i];

		warned |= n->severity == LM_SEV_WARNING;
		doctor_add(d, n->severity, n->id, _("Boot configuration"), n->what, meaning(n),
			   n->remedy ? n->remedy : _("Nothing has to be done."));
	}
	if (!warned)
		doctor_add(d, LM_SEV_OK, "boot", _("Boot configuration"), b->text, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dash_actions.c - what can be done from the dashboard, and what cannot, and why */
#include <string.h>

#include "core/i18n.h"
#include "tui/dash.h"

/* What every change needs; NULL: nothing is in the way. */
static const char *obstacle(const struct lm_status *st, const char **because)
{
	if (st->interrupted) {
		*because = _("An operation was cut off. Finish or undo it first: r.");
		return _("resume first");
	}
	if (st->stick.readonly) {
		*because = _("The stick is mounted read only, or is a read-only medium. Mount it "
			     "writable, then press F5.");
		return _("read only");
	}
	if (st->n_overlays == 0 || st->overlays[0].kind == LM_OVERLAY_NONE) {
		*because = _("There is no overlay on this stick: changes are not kept, so there is "
			     "nothing to work on.");
		return _("no overlay");
	}
	if (st->overlays[0].state == LM_STATE_EMPTY) {
		*because = _("The overlay is empty: nothing has been changed since the image was "
			     "made.");
		return _("overlay empty");
	}
	return NULL;
}

static void set(struct dash_action *a, enum cmd cmd, const char *key, const char *label,
		const char *topic, const char *why_not, const char *because)
{
	*a = (struct dash_action){cmd, key, label, topic, why_not, because};
}

void dash_actions(const struct data *data, struct dash_action a[DASH_ACTIONS])
{
	const struct lm_status *st = data->status;
	const char *because = _("The stick is not open.");
	const char *no = _("no stick"), *change = no, *usage = no, *base = no, *resume = no;
	const char *change_because = because, *usage_because = because, *base_because = because;
	const char *resume_because = because;

	if (st) {
		change = obstacle(st, &change_because);
		no = usage = base = resume = NULL;
		if (st->n_overlays == 0 || st->overlays[0].kind == LM_OVERLAY_NONE) {
			usage = _("no overlay");
			usage_because = _("There is no overlay that could be filled.");
		}
		if (!st->base.path) {
			base = _("no image");
			base_because = _("There is no root image on this stick.");
		}
		if (!st->interrupted) {
			resume = _("nothing to mend");
			resume_because = _("No operation was cut off: there is nothing to finish or "
					   "to undo.");
		}
	}
	set(&a[0], CMD_MERGE, "m", _("Merge the overlay"), "merge", change ? change : base,
	    change ? change_because : base_because);
	set(&a[1], CMD_RESUME, "r", _("Resume"), "resume", resume, resume_because);
	set(&a[2], CMD_USAGE, "u", _("What eats the overlay"), "usage", usage, usage_because);
	set(&a[3], CMD_DOCTOR, "d", _("Doctor: check everything"), "doctor", no, because);
	set(&a[4], CMD_EXPORT, "e", _("Export the merged image"), "export", base, base_because);
	set(&a[5], CMD_RESET, "x", _("Reset: forget all changes"), "reset", change, change_because);
	set(&a[6], CMD_PRACTICE, "p", _("Practise on a stick of its own"), "practice", NULL, NULL);
	set(&a[7], CMD_TREE, "t", _("Device layout on a page"), "layout", no, because);
	if (st && st->interrupted)
		a[1].label = _("Resume what was cut off");
}

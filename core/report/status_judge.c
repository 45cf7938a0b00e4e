/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which wall comes first, how it stands, and what to do: from the figures alone. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/bytes.h"
#include "core/i18n.h"
#include "core/report/advice.h"
#include "core/report/status.h"
#include "core/text.h"

/* Less than this says nothing about a rate. */
#define LEAST_SECONDS 3600

struct wall {
	const char *what, *text;
	uint64_t free_bytes;
};

static void wall_nearer(struct wall *first, const char *what, const char *text, uint64_t free_bytes)
{
	if (first->what && first->free_bytes <= free_bytes)
		return;
	first->what = what;
	first->text = text;
	first->free_bytes = free_bytes;
}

static bool takes_writes(const struct lm_overlay *o)
{
	return o->state == LM_STATE_ACTIVE || o->state == LM_STATE_EMPTY;
}

static void overlay_walls(const struct lm_status *s, const struct status_facts *f,
			  struct wall *first)
{
	const struct lm_overlay *o = &s->overlays[0];
	uint64_t room = takes_writes(o) ? f->room_bytes : 0, behind;

	/* The file can grow no further where it has reached the largest size of FAT. */
	if (s->stick.fstype && strcmp(s->stick.fstype, "vfat") == 0 &&
	    o->file_bytes + o->chunk_sectors * 512 > UINT32_MAX)
		wall_nearer(first, "fat-4gib", _("the overlay, which FAT limits to 4 GiB"), room);
	else
		wall_nearer(first, "overlay", _("the overlay"), room);
	/* A sparse file promises room that the stick may not have. */
	behind = o->file_bytes > o->on_disk_bytes ? o->file_bytes - o->on_disk_bytes : 0;
	if (behind > s->stick.free_bytes)
		wall_nearer(first, "stick",
			    _("the room on the stick behind the sparse overlay file"),
			    s->stick.free_bytes);
}

static void root_walls(const struct lm_status *s, const struct status_facts *f, struct wall *first)
{
	uint64_t used_inodes, used_bytes;

	wall_nearer(first, "root-blocks", _("the blocks of the root file system"),
		    f->root_avail_bytes);
	if (!s->root.inodes || s->root.inodes_free >= s->root.inodes)
		return;
	/* A wall in files, told in bytes: as many files as are left, of the size files have here.
	 */
	used_inodes = s->root.inodes - s->root.inodes_free;
	used_bytes = s->root.size_bytes - min_u64(s->root.free_bytes, s->root.size_bytes);
	wall_nearer(first, "root-inodes", _("the number of files of the root file system"),
		    (uint64_t)((double)s->root.inodes_free *
			       ((double)used_bytes / (double)used_inodes)));
}

static int set_rate(struct lm_status *s, const struct status_facts *f)
{
	int64_t age = f->since ? (int64_t)time(NULL) - f->since : 0;
	double seconds;
	char day[32];
	struct tm tm;
	time_t since = (time_t)f->since;

	s->first_wall.seconds_left = -1;
	if (age < LEAST_SECONDS || !f->written_bytes || !localtime_r(&since, &tm))
		return 0;
	seconds = (double)s->first_wall.free_bytes / ((double)f->written_bytes / (double)age);
	/* Beyond that no rate is worth anything. */
	if (seconds > 100.0 * 365 * 86400)
		return 0;
	strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	s->first_wall.seconds_left = (int64_t)seconds;
	s->first_wall.basis =
		text_format(f->since_reset ? _("the average since the overlay was last emptied, %s")
					   : _("the average since the overlay was made, %s"),
			    day);
	return s->first_wall.basis ? 0 : -ENOMEM;
}

static int find_wall(struct lm_status *s, const struct status_facts *f)
{
	struct wall first = {0};

	s->first_wall.seconds_left = -1;
	if (s->ram.present)
		wall_nearer(&first, "ram", _("the memory behind the temporary overlay"),
			    s->ram.free_bytes);
	else if (s->n_overlays &&
		 (s->overlays[0].state == LM_STATE_MISSING || s->overlays[0].no_figures))
		return 0;
	else if (s->n_overlays && s->overlays[0].kind == LM_OVERLAY_DM_SNAPSHOT)
		overlay_walls(s, f, &first);
	else if (s->n_overlays && s->overlays[0].kind == LM_OVERLAY_OVERLAYFS)
		wall_nearer(&first, "stick", _("the room on the stick"), s->stick.free_bytes);
	else
		return 0;
	if (s->root.known && s->n_overlays && s->overlays[0].kind == LM_OVERLAY_DM_SNAPSHOT)
		root_walls(s, f, &first);
	s->wall_known = true;
	s->first_wall.what = strdup(first.what);
	s->first_wall.text = text_dup(first.text);
	s->first_wall.free_bytes = first.free_bytes;
	if (!s->first_wall.what || !s->first_wall.text)
		return -ENOMEM;
	return set_rate(s, f);
}

struct verdict {
	enum lm_health health;
	char *headline, *advice;
	const char *op; /* what the advice asks for */
};

static struct verdict verdict(enum lm_health health, char *headline, const char *advice)
{
	return (struct verdict){health, headline, advice ? text_dup(advice) : NULL, NULL};
}

static struct verdict verdict_op(enum lm_health health, char *headline, const char *op,
				 const char *advice)
{
	struct verdict v = verdict(health, headline, advice);

	v.op = op;
	return v;
}

static struct verdict verdict_advice(enum lm_health health, char *headline, struct advice advice)
{
	return verdict_op(health, headline, advice.op, advice.text);
}

static struct verdict verdict_of_lost(const struct stick_look *look)
{
	const char *op, *help = stick_fs_help(look, &op);

	return verdict_op(
		LM_BROKEN,
		text_format("%s: %s", _("The root file system does not open"), look->fs_why), op,
		help);
}

static struct verdict verdict_of_overlay(const struct lm_status *s, const struct status_facts *f,
					 const struct lm_overlay *o)
{
	char b[16];

	/* Room is no matter for what cannot be used. */
	if (takes_writes(o) || o->state == LM_STATE_FULL) {
		if (!s->paired)
			return verdict_advice(LM_BROKEN,
					      text_dup(_("The overlay and the root image do not "
							 "belong together.")),
					      advice_unpaired());
		if (f->look && f->look->fs_lost)
			return verdict_of_lost(f->look);
	}
	switch (o->state) {
	case LM_STATE_OVERFLOW:
		return verdict_op(LM_BROKEN,
				  text_dup(_("The overlay is full: nothing more can be saved.")),
				  "recover",
				  _("Save what is open elsewhere, boot another system, and recover "
				    "the overlay from there."));
	case LM_STATE_FULL:
		return verdict_advice(
			LM_ACT, text_dup(_("The overlay is full: nothing more can be saved.")),
			advice_full(f->look ? f->look->fs : NULL));
	case LM_STATE_INVALID:
		return verdict_op(
			LM_BROKEN,
			text_dup(_("The overlay is marked invalid: the stick starts without your "
				   "changes.")),
			"recover",
			_("What was saved is most likely still there, and recover brings it "
			  "back. Do not start the stick before."));
	case LM_STATE_MERGE_FAILED:
		return verdict(LM_BROKEN, text_dup(_("A merge by the kernel has failed.")),
			       _("Restart, then let the doctor look at the stick."));
	case LM_STATE_DAMAGED:
		return verdict_advice(LM_BROKEN,
				      text_format("%s: %s", _("The overlay cannot be used"),
						  o->trouble ? o->trouble : _("it makes no sense")),
				      advice_damaged(f->look ? f->look->store : NULL));
	default:
		break;
	}
	if (s->root.known && s->root.state == LM_FS_ERRORS)
		return verdict_advice(LM_ACT, text_dup(_("The root file system has errors.")),
				      advice_fs_errors());
	if (s->boot.uses == LM_BOOT_OVERLAY && s->boot.reset)
		return verdict(
			LM_ACT,
			text_dup(_("The next boot will empty the overlay: all changes would be "
				   "lost.")),
			_("Take rd.live.overlay.reset out of the boot configuration, or merge the "
			  "overlay first."));
	text_size(b, s->first_wall.free_bytes);
	if (o->used_percent >= 95)
		return verdict_op(LM_ACT,
				  text_format(_("Nearly full: %s can still be written."), b),
				  "merge", _("Merge the overlay into the root image soon."));
	if (s->boot.missing || s->boot.uses == LM_BOOT_TEMPORARY ||
	    s->boot.uses == LM_BOOT_ELSEWHERE || s->boot.uses == LM_BOOT_IMAGE)
		return verdict(
			LM_WATCH, text_dup(_("The next boot will not use this overlay.")),
			_("The boot configuration names none, or another; the doctor says more."));
	if (s->root.known && f->root_avail_bytes < s->root.size_bytes / 20)
		return verdict(
			LM_WATCH,
			text_format(_("The root file system is nearly full: %s can still be "
				      "written."),
				    b),
			_("Delete what is not needed from within the system; a merge does not "
			  "make the root file system larger."));
	if (s->root.known && s->root.inodes_free < s->root.inodes / 50)
		return verdict(
			LM_WATCH, text_dup(_("The root file system can hold few more files.")),
			_("Delete what is not needed from within the system; a merge does not "
			  "help against that."));
	if (s->first_wall.what && strcmp(s->first_wall.what, "stick") == 0)
		return verdict_op(
			LM_WATCH,
			text_format(_("The overlay file is larger than what the stick has room "
				      "for: %s can still be written."),
				    b),
			"merge", _("Make room on the stick, or merge the overlay."));
	if (o->used_percent >= 80)
		return verdict_op(
			LM_WATCH,
			text_format(_("The overlay is filling up: %s can still be written."), b),
			"merge", _("Merge the overlay into the root image when there is time."));
	if (!o->attached && s->root.known && s->root.state == LM_FS_DIRTY)
		return verdict_advice(
			LM_WATCH,
			text_dup(_("The system was not shut down properly; nothing else "
				   "is wrong.")),
			advice_fs_dirty());
	if (o->state == LM_STATE_EMPTY)
		return verdict(LM_HEALTHY, text_dup(_("All is well: the overlay is empty.")), NULL);
	return verdict(LM_HEALTHY, text_format(_("All is well: %s can still be written."), b),
		       NULL);
}

static struct verdict verdict_of(const struct lm_status *s, const struct status_facts *f)
{
	char b[16];

	if (s->interrupted_by_other)
		return verdict(LM_ACT,
			       text_dup(_("An operation was interrupted that another version of "
					  "livemend began.")),
			       _("Finish or undo it with the livemend that began it. Until then "
				 "nothing on the stick may be removed or renamed."));
	if (s->interrupted)
		return verdict_op(
			LM_ACT,
			s->interrupted_op
				? text_format(
					  _("An operation (%s) was interrupted; nothing is lost."),
					  s->interrupted_op)
				: text_dup(_("An operation was interrupted, and its record is "
					     "damaged.")),
			"resume", _("Run `livemend resume` to finish or undo it."));
	if (!s->base.path)
		return verdict(
			LM_BROKEN, text_dup(_("The root image is missing.")),
			_("Put back LiveOS/squashfs.img from the medium that the stick was made "
			  "from."));
	if (f->plain_tree)
		return verdict(LM_HEALTHY,
			       text_dup(_("This stick keeps changes with overlayfs, not in a "
					  "dm-snapshot overlay: there is nothing to merge.")),
			       NULL);
	if (f->trouble->code && !s->base.size_sectors)
		return verdict(LM_BROKEN, text_format("%s: %s", f->trouble->what, f->trouble->why),
			       f->trouble->help[0] ? f->trouble->help : NULL);
	if (s->n_overlays && s->overlays[0].kind == LM_OVERLAY_DM_SNAPSHOT)
		return verdict_of_overlay(s, f, &s->overlays[0]);
	if (f->look && f->look->fs_lost)
		return verdict_of_lost(f->look);
	if (s->ram.present) {
		text_size(b, s->ram.free_bytes);
		return verdict(
			s->ram.free_bytes < 64u << 20 ? LM_ACT : LM_WATCH,
			text_format(_("Changes are kept in memory only, room for %s more, and are "
				      "lost at shutdown."),
				    b),
			_("Save what matters to another medium."));
	}
	if (s->n_overlays)
		return verdict(
			LM_HEALTHY,
			text_dup(_("Changes are kept with overlayfs, as files on the stick.")),
			NULL);
	return verdict(LM_HEALTHY, text_dup(_("There is no overlay: changes are not kept.")), NULL);
}

int status_judge(struct lm_status *s, const struct status_facts *facts)
{
	struct verdict v;

	if (find_wall(s, facts))
		return -ENOMEM;
	v = verdict_of(s, facts);
	s->health = v.health;
	s->headline = v.headline;
	s->advice = v.advice;
	s->advice_op = v.op;
	return s->headline ? 0 : -ENOMEM;
}

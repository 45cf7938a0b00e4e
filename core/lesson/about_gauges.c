/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the gauges: what each measures, and which is hit first. */
#include <string.h>

#include "core/i18n.h"
#include "core/lesson/lesson.h"

#define MIB ((double)(1 << 20))

static int check_free(struct lesson *lesson, struct lesson_now *now, const char *answer,
		      struct lm_verdict *verdict, struct lm_error *err)
{
	const struct lm_overlay *o = now->overlay;
	double free_mib = (double)(o->total_sectors - o->allocated_sectors) * 512 / MIB;

	(void)lesson;
	(void)err;
	return lesson_is_number(answer, free_mib, 0.06 + free_mib / 50, UINT64_C(1) << 20, verdict,
				_("Right. That much can still be changed for the first time; what "
				  "has been changed before can be changed again as often as you "
				  "like."));
}

static int check_df(struct lesson *lesson, struct lesson_now *now, const char *answer,
		    struct lm_verdict *verdict, struct lm_error *err)
{
	double free_mib = (double)now->status->root.free_bytes / MIB;

	(void)lesson;
	(void)err;
	return lesson_is_number(answer, free_mib, 0.6 + free_mib / 50, UINT64_C(1) << 20, verdict,
				_("Right. So df promises more than the overlay can take: the "
				  "overlay is what counts."));
}

static int check_wall(struct lesson *lesson, struct lesson_now *now, const char *answer,
		      struct lm_verdict *verdict, struct lm_error *err)
{
	const char *what = now->status->wall_known ? now->status->first_wall.what : "overlay";
	bool right = lesson_is_word(answer, what);

	(void)lesson;
	(void)err;
	/* "root-blocks" and "root-inodes" are the one line "root fs" to who reads the gauges. */
	if (!strncmp(what, "root", 4))
		right = right || lesson_is_word(answer, "root");
	if (!right)
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: look for the line \"First wall\"."));
	return lesson_yes(verdict, "%s",
			  _("Right. The first wall is the one to watch: the others are further "
			    "away."));
}

static const struct lesson_step steps[] = {
	{ .id = "percent",
	  .title = N_("The overlay's gauge"),
	  .text = N_("The first gauge is the overlay's: what of its room is allocated, and how much "
		     "of that is live, dead, or its own tables. It only ever grows: nothing that "
		     "you do in the running system makes it go back.\n\n"
		     "The kernel has the same figures: dmsetup status prints allocated/total and "
		     "metadata, in sectors of 512 bytes."),
	  .todo = N_("How many percent of the overlay are in use?"),
	  .hint = N_("The number before the percent sign, in the line \"overlay\"."),
	  .commands = { "livemend status {dir}", "dmsetup status live-rw" },
	  .does = LM_DOES_ANSWER,
	  .look = "status",
	  .check = lesson_check_percent },
	{ .id = "free",
	  .title = N_("What it can still take"),
	  .text = N_("Free in the overlay means: so much can still be changed for the first time. "
		     "Files that were changed before may lie in chunks that are there already; to "
		     "write these again costs nothing."),
	  .todo = N_("How many MiB are free in the overlay?"),
	  .hint = N_("In the line \"overlay\", the column FREE; or total less allocated."),
	  .commands = { "livemend status {dir}" },
	  .does = LM_DOES_ANSWER,
	  .look = "status",
	  .check = check_free },
	{ .id = "df",
	  .title = N_("What df says"),
	  .text = N_("The second gauge is the root file system's. It is what df knows, and all that "
		     "df knows: how many blocks no file holds. It goes back when a file is "
		     "deleted."),
	  .todo = N_("How many MiB are free in the root file system?"),
	  .hint = N_("In the line \"root fs\", the column FREE."),
	  .commands = { "livemend status {dir}", "df -m /" },
	  .does = LM_DOES_ANSWER,
	  .look = "status",
	  .check = check_df },
	{ .id = "wall",
	  .title = N_("The first wall"),
	  .text = N_("There are several walls that a stick can run into: the overlay's end, the "
		     "root file system's blocks and inodes, the room on the stick itself, 4 GiB "
		     "for one file on FAT, and memory for overlays that are kept there. livemend "
		     "looks at all of them, and names the nearest."),
	  .todo = N_("Which wall comes first here: overlay, root, or stick?"),
	  .hint = N_("The line \"First wall\", below the gauges."),
	  .commands = { "livemend status {dir}" },
	  .does = LM_DOES_ANSWER,
	  .look = "status",
	  .check = check_wall },
	{ .id = "dead",
	  .title = N_("What could be won back"),
	  .text = N_("Part of what is allocated is dead: it belongs to files that have been "
		     "deleted. That part can be won back by a compact, and all of it by a merge."),
	  .todo = N_("How many MiB of the overlay are dead?"),
	  .hint = N_("In the line \"overlay\", behind the word dead; usage says it too."),
	  .commands = { "livemend status {dir}", "livemend usage {dir}" },
	  .does = LM_DOES_ANSWER,
	  .look = "status",
	  .check = lesson_check_dead },
};

const struct lesson_def lesson_gauges = {
	.name = "gauges",
	.title = N_("Reading the gauges"),
	.text = N_("What each gauge measures, which of them goes back, and which wall comes first."),
	.steps = steps,
	.n_steps = sizeof(steps) / sizeof(steps[0]),
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compact: the overlay without what is dead in it. */
#include "core/i18n.h"
#include "core/lesson/lesson.h"

static const struct lesson_step steps[] = {
	{ .id = "dead",
	  .title = N_("Mostly dead"),
	  .text = N_("On this stick many pictures were loaded, and most of them deleted again. The "
		     "overlay is nearly full, and yet few files are in it."),
	  .todo = N_("How many MiB of the overlay are dead?"),
	  .hint = N_("In usage, the line \"dead\"."),
	  .commands = { "livemend usage {dir}" },
	  .does = LM_DOES_ANSWER,
	  .look = "usage",
	  .check = lesson_check_dead },
	{ .id = "compact",
	  .title = N_("Compact"),
	  .text = N_("compact writes a new overlay that holds only what is alive and different from "
		     "the image, compares it with the old one on every block that the file system "
		     "uses, and puts it in its place. The image is not touched.\n\n"
		     "That takes less time and room than a merge: only the living part is copied. "
		     "But only what is dead is won: what is alive stays in the overlay."),
	  .todo = N_("Compact the overlay of this stick."),
	  .hint = N_("The command is compact. Not merge: that is another lesson."),
	  .commands = { "livemend compact {dir}" },
	  .does = LM_DOES_PLAN,
	  .options = { .op = LM_OP_COMPACT },
	  .check = lesson_check_compacted },
	{ .id = "percent",
	  .title = N_("What is true now"),
	  .text = N_("Each file is where it was, and the gauge has gone back: the only way, beside "
		     "a merge, in which it does without anything being lost."),
	  .todo = N_("How many percent of the overlay are in use now?"),
	  .hint = N_("The line \"overlay\"."),
	  .commands = { "livemend status {dir}" },
	  .does = LM_DOES_ANSWER,
	  .look = "status",
	  .check = lesson_check_percent },
};

const struct lesson_def lesson_compact = {
	.name = "compact",
	.title = N_("Compact"),
	.text = N_("Most of the overlay belongs to deleted files: win that room back, without "
		   "touching the image."),
	.steps = steps,
	.n_steps = sizeof(steps) / sizeof(steps[0]),
};

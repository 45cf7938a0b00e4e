/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sticks to practise on: what has become of each, and what one can learn from it. */
#include <string.h>

#include "core/i18n.h"
#include "core/practice/practice.h"

static const struct practice_lesson lessons[] = {
	{ .name = NULL,
	  .text = N_("A healthy stick in use: merge it, and see that nothing is lost."),
	  .fill = 58,
	  .freed = 30 },
	{ .name = "overlay",
	  .guided = true,
	  .text = N_("What an overlay is, and why it fills: write, delete, and see that df tells one "
		     "thing and the gauge another."),
	  .fill = 30 },
	{ .name = "gauges",
	  .guided = true,
	  .text = N_("Reading the gauges: what each of them measures, and which wall comes first."),
	  .fill = 80,
	  .freed = 25 },
	{ .name = "overflow",
	  .guided = true,
	  .text = N_("The overlay is full to the last chunk, and the last file was cut off: the "
		     "kernel would call it Overflow."),
	  .fill = 90,
	  .freed = 10,
	  .overflow = true },
	{ .name = "invalid",
	  .guided = true,
	  .text = N_("The overlay ran full and the kernel marked it invalid: nothing can be read "
		     "any more, and yet everything is still there."),
	  .fill = 90,
	  .freed = 10,
	  .overflow = true,
	  .invalid = true },
	{ .name = "merge",
	  .guided = true,
	  .text = N_("Make what was changed part of the image, so that the overlay is empty again."),
	  .fill = 58,
	  .freed = 30 },
	{ .name = "compact",
	  .guided = true,
	  .text = N_("An overlay that is mostly dead: write it anew, without what is dead."),
	  .fill = 86,
	  .freed = 85 },
	{ .name = "sizes",
	  .guided = true,
	  .text = N_("Choosing sizes: what an overlay holds, which sizes are bad, and how it is made "
		     "larger."),
	  .fill = 70,
	  .freed = 20 },
	{ .name = "home",
	  .guided = true,
	  .text = N_("Moving /home and the log off the overlay, so that it fills less quickly."),
	  .fill = 60 },
	{ .name = "nearly-full",
	  .text = N_("The overlay is all but full of live files: only a merge wins room."),
	  .fill = 97 },
	{ .name = "dead-heavy",
	  .text = N_("Most of the overlay belongs to deleted files: what deleting does not give "
		     "back, a merge does."),
	  .fill = 86,
	  .freed = 85 },
	{ .name = "dirty",
	  .text = N_("The stick was pulled out in the middle of its work: the journal of its file "
		     "system holds changes that are not yet in place."),
	  .fill = 50,
	  .freed = 20,
	  .dirty = true },
};

#define N_LESSONS (sizeof(lessons) / sizeof(lessons[0]))

const struct practice_lesson *practice_lesson_find(const char *name)
{
	size_t i;

	for (i = 0; i < N_LESSONS; i++) {
		if (name ? lessons[i].name && strcmp(lessons[i].name, name) == 0 :
			   !lessons[i].name)
			return &lessons[i];
	}
	return NULL;
}

const char *const *lm_lessons(void)
{
	static const char *const names[] = {
		"overlay", "gauges",	  "overflow",	"invalid", "merge", "compact",
		"sizes",   "home",	  "nearly-full", "dead-heavy", "dirty", NULL
	};

	return names;
}

const char *lm_lesson_text(const char *name)
{
	const struct practice_lesson *lesson = name ? practice_lesson_find(name) : NULL;

	return lesson ? _(lesson->text) : NULL;
}

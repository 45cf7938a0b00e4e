/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Choosing sizes: what an overlay of a given size takes, and which sizes are bad. */
#include "core/i18n.h"
#include "core/lesson/lesson.h"
#include "core/text.h"

#define MIB UINT64_C(1048576)

static int check_capacity(struct lesson *lesson, struct lesson_now *now, const char *answer,
			  struct lm_verdict *verdict, struct lm_error *err)
{
	(void)lesson;
	(void)now;
	(void)err;
	return lesson_is_number(answer, (double)cow_capacity(32 * MIB, 8), 2, 1, verdict,
				_("Right: so about 0.4 percent of the overlay are tables."));
}

static int check_corner(struct lesson *lesson, struct lesson_now *now, const char *answer,
			struct lm_verdict *verdict, struct lm_error *err)
{
	double mib;

	(void)lesson;
	(void)now;
	(void)err;
	if (!lesson_number(answer, MIB, &mib) || (mib != 250 && mib != 256 && mib != 260))
		return lesson_not_yet(verdict, "%s", _("Not yet: one of the three is asked for."));
	if (!cow_size_is_exact_fit((uint64_t)mib * MIB, 8))
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: divide its chunks by 257. The remainder is not 1."));
	return lesson_yes(verdict, "%s",
			  _("Right: 65536 chunks are 255 times 257 and 1. So are 513, 770, 1027 and "
			    "1284 MiB. livemend never makes an overlay of such a size, and says "
			    "so where it finds one."));
}

static int check_fat(struct lesson *lesson, struct lesson_now *now, const char *answer,
		     struct lm_verdict *verdict, struct lm_error *err)
{
	(void)lesson;
	(void)now;
	(void)err;
	return lesson_is_number(answer, 4095, 0, MIB, verdict,
				_("Right: one byte less than 4 GiB is the longest, so the last whole "
				  "MiB is number 4095."));
}

static int check_chunk(struct lesson *lesson, struct lesson_now *now, const char *answer,
		       struct lm_verdict *verdict, struct lm_error *err)
{
	(void)lesson;
	(void)now;
	(void)err;
	return lesson_is_number(answer, 32, 0, 1024, verdict,
				_("Right: a whole chunk. Small chunks waste less, and 4 KiB is what "
				  "live systems use, the size of a block of the file system."));
}

static int check_grown(struct lesson *lesson, struct lesson_now *now, const char *answer,
		       struct lm_verdict *verdict, struct lm_error *err)
{
	char was[16], is[16];

	(void)answer;
	(void)err;
	if (now->facts.overlay_bytes <= lesson->enter.overlay_bytes)
		return lesson_not_yet(verdict, "%s", _("Not yet: the overlay is no longer."));
	if (!now->cow || (now->cow->state != LM_STATE_ACTIVE && now->cow->state != LM_STATE_EMPTY))
		return lesson_not_yet(verdict, "%s", _("Not yet: the overlay cannot be used."));
	if (!lesson_kept(lesson, now, verdict))
		return 0;
	if (cow_size_is_exact_fit(now->facts.overlay_bytes, now->cow->chunk_sectors))
		return lesson_not_yet(verdict, "%s",
				      _("It is longer, but of one of the bad sizes. Choose another."));
	return lesson_yes(verdict,
			  _("Done: the overlay went from %s to %s, and can take as much more. What "
			    "is in it stays where it is."),
			  text_size(was, lesson->enter.overlay_bytes),
			  text_size(is, now->facts.overlay_bytes));
}

static const struct lesson_step steps[] = {
	{ .id = "capacity",
	  .title = N_("How much an overlay holds"),
	  .text = N_("An overlay is divided into chunks, here of 4 KiB. The first is the header. "
		     "Then comes a table with room for 256 entries, then the 256 chunks that these "
		     "entries are about, then the next table, and so on: 257 chunks for 256 "
		     "changes.\n\n"
		     "So of N chunks about (N - 1) * 256 / 257 can hold changes."),
	  .todo = N_("How many chunks of 4 KiB can be changed with an overlay of 32 MiB?"),
	  .hint = N_("32 MiB are 8192 chunks. One is the header. Of the other 8191 take 256/257."),
	  .commands = { "echo $(( (32 * 1024 / 4 - 1) * 256 / 257 ))" },
	  .does = LM_DOES_ANSWER,
	  .check = check_capacity },
	{ .id = "corner",
	  .title = N_("Sizes to avoid"),
	  .text = N_("When a table is full the kernel clears the next one before it goes on. If the "
		     "overlay ends just there, that fails: then the overlay is not merely full but "
		     "marked invalid, and up to 256 changes are lost.\n\n"
		     "It happens when the number of chunks divided by 257 leaves 1."),
	  .todo = N_("Which of these sizes is such a one: 250, 256 or 260 MiB?"),
	  .hint = N_("1 MiB is 256 chunks. The command beside prints the remainder for one of them."),
	  .commands = { "echo $(( 250 * 256 % 257 ))" },
	  .does = LM_DOES_ANSWER,
	  .check = check_corner },
	{ .id = "fat",
	  .title = N_("FAT and its 4 GiB"),
	  .text = N_("Most sticks are FAT, because that boots anywhere. On FAT no file can be 4 GiB "
		     "long, nor can an overlay. If that is too little: a stick with ext4, or "
		     "/home in a file of its own."),
	  .todo = N_("How many whole MiB can an overlay on FAT have at most?"),
	  .hint = N_("4 GiB are 4096 MiB. That is one byte too many."),
	  .commands = { "truncate -s 4095M LiveOS/overlay-NAME" },
	  .does = LM_DOES_ANSWER,
	  .check = check_fat },
	{ .id = "chunk",
	  .title = N_("The size of a chunk"),
	  .text = N_("The kernel copies whole chunks. Whatever is changed in one for the first time, "
		     "be it a single byte, the whole chunk goes into the overlay."),
	  .todo = N_("A program changes 80 bytes in the middle of a file. How many KiB of the overlay "
		     "does that take with chunks of 32 KiB?"),
	  .hint = N_("Is it ever less than a chunk?"),
	  .commands = { "dmsetup table live-rw" },
	  .does = LM_DOES_ANSWER,
	  .check = check_chunk },
	{ .id = "grow",
	  .title = N_("Make it larger"),
	  .text = N_("An overlay can be made larger at any time, also while the system runs from "
		     "it: the file is made longer, and the kernel is told. It can not be made "
		     "smaller that way.\n\n"
		     "How large? Count what is written in a week, take what you want it to last, "
		     "and look that the stick keeps room for a merge: as much as the image."),
	  .todo = N_("Make this stick's overlay 40 MiB long."),
	  .hint = N_("The command is grow."),
	  .commands = { "livemend grow {dir} 40M", "fallocate -l 40M {dir}/{overlay}",
			"losetup -c /dev/loopN" },
	  .does = LM_DOES_PLAN,
	  .options = { .op = LM_OP_GROW, .size_bytes = 40 * MIB },
	  .check = check_grown },
};

const struct lesson_def lesson_sizes = {
	.name = "sizes",
	.title = N_("Choosing sizes"),
	.text = N_("What an overlay of a given size holds, which sizes are bad, and how it is made "
		   "larger."),
	.steps = steps,
	.n_steps = sizeof(steps) / sizeof(steps[0]),
};

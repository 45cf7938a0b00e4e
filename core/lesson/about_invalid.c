/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An overlay that the kernel has marked invalid. */
#include "core/i18n.h"
#include "core/lesson/lesson.h"

static int check_field(struct lesson *lesson, struct lesson_now *now, const char *answer,
		       struct lm_verdict *verdict, struct lm_error *err)
{
	(void)lesson;
	(void)err;
	return lesson_is_number(answer, now->cow && now->cow->valid ? 1 : 0, 0, 1, verdict,
				_("Right. These four bytes are all that the kernel has changed: what "
				  "the overlay holds lies behind them, untouched."));
}

static int check_valid(struct lesson *lesson, struct lesson_now *now, const char *answer,
		       struct lm_verdict *verdict, struct lm_error *err)
{
	if (now->cow && !now->cow->valid && !now->cow->header_zero)
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: the overlay is still marked invalid."));
	return lesson_check_recovered(lesson, now, answer, verdict, err);
}

static const struct lesson_step steps[] = {
	{ .id = "state",
	  .title = N_("What has happened"),
	  .text = N_("A write to this overlay failed: it was full, or the stick was pulled out, or "
		     "there was no room behind a sparse file. The kernel then marked the overlay "
		     "invalid, on the stick itself.\n\n"
		     "From then on the kernel reads nothing from it. The system does not boot: the "
		     "root file system cannot even be mounted, and no message says why."),
	  .todo = N_("Which word does status give for the overlay's state?"),
	  .hint = N_("In the line \"overlay\", the column STATE."),
	  .commands = { "livemend status {dir}", "dmsetup status live-rw" },
	  .does = LM_DOES_ANSWER,
	  .look = "status",
	  .check = lesson_check_state },
	{ .id = "field",
	  .title = N_("Four bytes"),
	  .text = N_("The overlay begins with four words of four bytes: the letters SnAp, then the "
		     "field \"valid\", then the version, then the size of a chunk in sectors. "
		     "\"valid\" is 1 as long as all is well."),
	  .todo = N_("What number is in the field \"valid\" of this overlay?"),
	  .hint = N_("The command beside shows four bytes from byte 4 on."),
	  .commands = { "xxd -s 4 -l 4 {dir}/{overlay}" },
	  .does = LM_DOES_ANSWER,
	  .look = "doctor",
	  .check = check_field },
	{ .id = "recover",
	  .title = N_("Bring it back"),
	  .text = N_("To write a 1 there again is not all: the reason is still there. Where the "
		     "overlay was full it must be enlarged first, and the file system must be "
		     "checked, because it was cut off in the middle of its work.\n\n"
		     "recover does that in the right order, and keeps what it changes aside, so "
		     "that resume can put it back. Do not reset: that would throw all changes "
		     "away."),
	  .todo = N_("Recover the stick. Read the plan first: it says what will be done."),
	  .hint = N_("The command is recover."),
	  .commands = { "livemend recover {dir}",
			"printf '\\1' | dd of={overlay} bs=1 seek=4 conv=notrunc",
			"truncate -s +8M {overlay}", "e2fsck -f /dev/mapper/live-rw" },
	  .does = LM_DOES_PLAN,
	  .options = { .op = LM_OP_RECOVER },
	  .check = check_valid },
	{ .id = "write",
	  .title = N_("It takes changes again"),
	  .text = N_("A stick is mended when it can be used, not when a program says so."),
	  .todo = N_("Write a small file in the live system."),
	  .hint = N_("Do it from here."),
	  .commands = { "echo 'It works.' > ~/Documents/works-again.txt" },
	  .does = LM_DOES_CHANGE,
	  .label = N_("Write a note to ~/Documents"),
	  .act = lesson_act_note,
	  .check = lesson_check_note },
};

const struct lesson_def lesson_invalid = {
	.name = "invalid",
	.title = N_("Invalid, and recovery"),
	.text = N_("The kernel has marked the overlay invalid: nothing can be read any more, and "
		   "yet everything is still there. Bring it back."),
	.steps = steps,
	.n_steps = sizeof(steps) / sizeof(steps[0]),
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An overlay that has run full, and is brought back. */
#include "core/i18n.h"
#include "core/lesson/lesson.h"

static int check_df(struct lesson *lesson, struct lesson_now *now, const char *answer,
		    struct lm_verdict *verdict, struct lm_error *err)
{
	double free_mib = (double)now->status->root.free_bytes / (double)(1 << 20);

	(void)lesson;
	(void)err;
	return lesson_is_number(answer, free_mib, 0.6 + free_mib / 50, UINT64_C(1) << 20, verdict,
				_("Right: df promised room to the last, and the overlay had none."));
}

static const struct lesson_step steps[] = {
	{ .id = "state",
	  .title = N_("What has happened"),
	  .text = N_("The user of this stick loaded the pictures of a holiday. In the middle of "
		     "them the overlay had no chunk left. From that moment the kernel refuses every "
		     "write, also to what has been changed before: it calls that Overflow. The "
		     "programs that run get errors, and the file system makes itself read-only.\n\n"
		     "What had been written stays, and can be read. The file that was being "
		     "written is cut off."),
	  .todo = N_("Which word does status give for the overlay's state?"),
	  .hint = N_("In the line \"overlay\", the column STATE. The kernel's own word, Overflow, is "
		     "gone with its memory: a stick that is not in use can only be seen to be full."),
	  .commands = { "livemend status {dir}", "dmsetup status live-rw" },
	  .does = LM_DOES_ANSWER,
	  .look = "status",
	  .check = lesson_check_state },
	{ .id = "df",
	  .title = N_("Why nobody saw it coming"),
	  .text = N_("df looks at the file system in the merged disk. That one has free blocks. But "
		     "each that is written for the first time needs a chunk of the overlay, and "
		     "there was none."),
	  .todo = N_("How many MiB would df have called free, with the overlay full?"),
	  .hint = N_("In the line \"root fs\", the column FREE."),
	  .commands = { "livemend status {dir}", "df -m /" },
	  .does = LM_DOES_ANSWER,
	  .look = "status",
	  .check = check_df },
	{ .id = "recover",
	  .title = N_("Bring it back"),
	  .text = N_("Deleting files does not help: that too must be written, and is refused. What "
		     "helps is a larger overlay: its end is moved out, and all that is in it stays "
		     "where it is. Then the file system is checked, because it was cut off.\n\n"
		     "recover does both, keeps aside what it changes, and checks again at the end. "
		     "Do not reset: that would throw all changes away."),
	  .todo = N_("Recover the stick. Read the plan first: it says what will be done."),
	  .hint = N_("The command is recover. If it says that there is too little free space on the "
		     "stick, make some: here, in the folder's file system."),
	  .commands = { "livemend recover {dir}",
			"truncate -s +8M {overlay}",
			"losetup -f --show {overlay}",
			"e2fsck -f /dev/mapper/live-rw" },
	  .does = LM_DOES_PLAN,
	  .options = { .op = LM_OP_RECOVER },
	  .check = lesson_check_recovered },
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

const struct lesson_def lesson_overflow = {
	.name = "overflow",
	.title = N_("Overflow, and recovery"),
	.text = N_("The overlay is full to the last chunk, and the last file was cut off. Nothing "
		   "is lost: find out what happened, and bring it back."),
	.steps = steps,
	.n_steps = sizeof(steps) / sizeof(steps[0]),
};

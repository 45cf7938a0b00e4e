/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A merge: what was changed becomes part of the image, and the overlay is empty. */
#include "core/i18n.h"
#include "core/lesson/lesson.h"
#include "core/text.h"

static int check_frees(struct lesson *lesson, struct lesson_now *now, const char *answer,
		       struct lm_verdict *verdict, struct lm_error *err)
{
	struct lm_usage *usage;
	double frees;
	int rc = lm_usage_read(now->stick, NULL, &usage, err);

	(void)lesson;
	if (rc)
		return rc;
	frees = (double)usage->merge_frees_bytes / (double)(1 << 20);
	lm_usage_free(usage);
	return lesson_is_number(answer, frees, 0.06 + frees / 50, UINT64_C(1) << 20, verdict,
				_("Right: all that is in the overlay, live or dead."));
}

static int check_merged(struct lesson *lesson, struct lesson_now *now, const char *answer,
			struct lm_verdict *verdict, struct lm_error *err)
{
	char was[16], is[16];

	(void)answer;
	(void)err;
	if (now->status->interrupted)
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: the merge was cut off. resume finishes it."));
	if (!lesson_kept(lesson, now, verdict))
		return 0;
	if (now->facts.base == lesson->enter.base)
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: the root image is still the old one."));
	if (lesson_mark_files(now->base, LESSON_LETTERS) != lesson->start.letters)
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: the root image is another one, but the letters are "
					"not in it."));
	if (now->facts.allocated > lesson->enter.allocated / 8)
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: the overlay has not been emptied."));
	return lesson_yes(verdict,
			  _("Done: the letters are in the image itself now, and the overlay went "
			    "from %s to %s."),
			  text_size(was, lesson->enter.allocated * 512),
			  text_size(is, now->facts.allocated * 512));
}

static const struct lesson_step steps[] = {
	{ .id = "frees",
	  .title = N_("What a merge would free"),
	  .text = N_("This stick has been in use for some weeks. Letters were written, a program "
		     "was added, pictures came and went.\n\n"
		     "A merge makes all that part of the image: a new image is written that holds "
		     "what image and overlay hold together. Then the overlay is empty, as on the "
		     "first day, and nothing is lost."),
	  .todo = N_("How many MiB of the overlay would a merge free?"),
	  .hint = N_("The last line of usage says it."),
	  .commands = { "livemend usage {dir}" },
	  .does = LM_DOES_ANSWER,
	  .look = "usage",
	  .check = check_frees },
	{ .id = "merge",
	  .title = N_("Merge"),
	  .text = N_("The plan says what is done: the new image is written beside the old one, read "
		     "back and compared; then the two change places; then the overlay is emptied. "
		     "At every moment the stick holds a whole system. If it is pulled out in the "
		     "middle, resume finishes or undoes it.\n\n"
		     "The plan also says how much room that takes. It is compressed again only "
		     "where something has changed, so it is quick."),
	  .todo = N_("Merge the overlay of this stick."),
	  .hint = N_("The command is merge. reset is something else: it forgets the changes."),
	  .commands = { "livemend merge {dir}", "cp -ax / /mnt/new",
			"mksquashfs /mnt/new squashfs.img -comp xz" },
	  .does = LM_DOES_PLAN,
	  .options = { .op = LM_OP_MERGE },
	  .check = check_merged },
	{ .id = "percent",
	  .title = N_("What is true now"),
	  .text = N_("The image has become larger by what was added, and the overlay is all but "
		     "empty."),
	  .todo = N_("How many percent of the overlay are in use now?"),
	  .hint = N_("The line \"overlay\". It may be 0."),
	  .commands = { "livemend status {dir}" },
	  .does = LM_DOES_ANSWER,
	  .look = "status",
	  .check = lesson_check_percent },
	{ .id = "write",
	  .title = N_("And so it goes on"),
	  .text = N_("From now on what is changed goes into the overlay again, over the new "
		     "image."),
	  .todo = N_("Write a small file in the live system: it will lie in the overlay."),
	  .hint = N_("Do it from here."),
	  .commands = { "echo 'It works.' > ~/Documents/works-again.txt" },
	  .does = LM_DOES_CHANGE,
	  .label = N_("Write a note to ~/Documents"),
	  .act = lesson_act_note,
	  .check = lesson_check_note },
};

const struct lesson_def lesson_merge = {
	.name = "merge",
	.title = N_("Merge"),
	.text = N_("Make what was changed part of the image, and have an empty overlay again. "
		   "Nothing is lost."),
	.steps = steps,
	.n_steps = sizeof(steps) / sizeof(steps[0]),
};

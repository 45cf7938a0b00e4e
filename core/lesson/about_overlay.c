/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an overlay is, and why it fills: write, delete, and watch which gauge goes back. */
#include "core/i18n.h"
#include "core/lesson/lesson.h"
#include "core/text.h"

#define FILM       "home/liveuser/Videos/film.mkv"
#define FILM_BYTES (UINT64_C(4) << 20)
#define SLACK      (UINT64_C(64) << 10) /* the file system's own tables */

static int write_film(struct lesson *lesson, char said[LM_VERDICT_CAP], struct lm_error *err)
{
	(void)said;
	return lesson_film(lesson, "/" FILM, FILM_BYTES, false, err);
}

static int check_written(struct lesson *lesson, struct lesson_now *now, const char *answer,
			 struct lm_verdict *verdict, struct lm_error *err)
{
	char was[16], is[16];

	(void)answer;
	(void)err;
	if (lesson_file_bytes(now->root, FILM) != FILM_BYTES)
		return lesson_not_yet(verdict, "%s", _("Not yet: the film is not there."));
	/* Some of its blocks may have come to lie in chunks of files that were deleted before. */
	if ((now->facts.allocated + lesson->enter.dead) * 512 <
	    lesson->enter.allocated * 512 + FILM_BYTES)
		return lesson_not_yet(verdict, "%s",
				      _("The film is there, but the overlay has not grown by it. "
					"Make a new practice stick, and begin again."));
	return lesson_yes(verdict,
			  _("The film is there, and the overlay went from %s to %s: each 4 KiB of "
			    "it is a chunk there now, and 256 chunks take one more for the table "
			    "that says which they are. Only what found room in chunks of files "
			    "deleted before cost nothing."),
			  text_size(was, lesson->enter.allocated * 512),
			  text_size(is, now->facts.allocated * 512));
}

static int unlink_film(struct lesson *lesson, struct fs_edit *edit, void *arg,
		       struct lm_error *err)
{
	(void)lesson;
	(void)arg;
	return fs_edit_unlink(edit, "/" FILM, err);
}

static int delete_film(struct lesson *lesson, char said[LM_VERDICT_CAP], struct lm_error *err)
{
	(void)said;
	return lesson_change(lesson, unlink_film, NULL, err);
}

static int check_deleted(struct lesson *lesson, struct lesson_now *now, const char *answer,
			 struct lm_verdict *verdict, struct lm_error *err)
{
	char more[16], was[16], is[16];

	(void)answer;
	(void)err;
	if (!now->root || lesson_file_bytes(now->root, FILM) != UINT64_MAX)
		return lesson_not_yet(verdict, "%s", _("Not yet: the film is still there."));
	if (now->facts.root_free + SLACK < lesson->enter.root_free + FILM_BYTES ||
	    now->facts.allocated < lesson->enter.allocated)
		return lesson_not_yet(verdict, "%s",
				      _("The film is gone, but not by deleting it in the live "
					"system. Make a new practice stick, and begin again."));
	return lesson_yes(verdict,
			  _("The film is gone. df would say that %s more are free. But the overlay "
			    "went from %s to %s: deleting gave nothing back."),
			  text_size(more, now->facts.root_free - lesson->enter.root_free),
			  text_size(was, lesson->enter.allocated * 512),
			  text_size(is, now->facts.allocated * 512));
}

static const struct lesson_step steps[] = {
	{ .id = "level",
	  .title = N_("Two files are one system"),
	  .text = N_("The system on a live stick is one compressed image. Nothing in it ever "
		     "changes: it can only be read.\n\n"
		     "Whatever is changed is written to a second file, the overlay, in chunks of "
		     "4 KiB. What was never changed is read from the image; what was changed at "
		     "least once is read from the overlay. To the user both together are one disk.\n\n"
		     "The overlay has a fixed size. When it is full, nothing can be changed any "
		     "more."),
	  .todo = N_("How many percent of the overlay are in use now?"),
	  .hint = N_("The gauge \"overlay\" says it, on the first screen, and in what livemend "
		     "status prints."),
	  .commands = { "livemend status {dir}", "dmsetup status live-rw" },
	  .does = LM_DOES_ANSWER,
	  .look = "status",
	  .check = lesson_check_percent },
	{ .id = "write",
	  .title = N_("Write a file"),
	  .text = N_("The user of this stick loads a film of 4 MiB.\n\n"
		     "The file system takes blocks that are free for it, and writes to them. For "
		     "each block that is written for the first time the kernel takes a new chunk "
		     "of the overlay."),
	  .todo = N_("Write the film, and see by how much the overlay grows."),
	  .hint = N_("Do it from here, or with the command beside in a live system that runs."),
	  .commands = { "dd if=/dev/urandom of=~/Videos/film.mkv bs=1M count=4", "sync",
			"livemend status {dir}" },
	  .does = LM_DOES_CHANGE,
	  .label = N_("Write a film of 4 MiB to ~/Videos"),
	  .act = write_film,
	  .check = check_written },
	{ .id = "delete",
	  .title = N_("Delete it again"),
	  .text = N_("The film has been seen, and is deleted.\n\n"
		     "The file system now knows that its blocks are free. It notes that in its "
		     "tables, and these are written to the overlay too. But it tells nobody else: "
		     "for the kernel's snapshot a chunk that was written once stays in use for "
		     "ever."),
	  .todo = N_("Delete the film. Which gauge goes back: that of the root file system, or that "
		     "of the overlay?"),
	  .hint = N_("Do it from here. Then compare what status says of \"root fs\" and of "
		     "\"overlay\" with what it said before."),
	  .commands = { "rm ~/Videos/film.mkv", "df -h /", "dmsetup status live-rw" },
	  .does = LM_DOES_CHANGE,
	  .label = N_("Delete the film"),
	  .act = delete_film,
	  .check = check_deleted },
	{ .id = "dead",
	  .title = N_("Dead chunks"),
	  .text = N_("A chunk of the overlay whose block is free in the file system is called "
		     "dead: nobody will ever read it. The film's are dead now.\n\n"
		     "df does not see them; it only knows the file system. So df says that there "
		     "is room while the overlay is full: that is how most live sticks die. The "
		     "truth is in the overlay's own gauge.\n\n"
		     "If the file system happens to use such a block again, its chunk lives again, "
		     "at no cost. Only a merge or a compact gives the room back for good: there "
		     "are lessons for both."),
	  .todo = N_("How many MiB of the overlay are dead now?"),
	  .hint = N_("Look at usage: the line \"dead\"."),
	  .commands = { "livemend usage {dir}" },
	  .does = LM_DOES_ANSWER,
	  .look = "usage",
	  .check = lesson_check_dead },
};

const struct lesson_def lesson_overlay = {
	.name = "overlay",
	.title = N_("What an overlay is, and why it fills"),
	.text = N_("Write a file, delete it, and see that df tells you one thing and the overlay "
		   "another."),
	.steps = steps,
	.n_steps = sizeof(steps) / sizeof(steps[0]),
};

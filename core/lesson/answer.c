/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said about answers, and the checks that several lessons share. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/i18n.h"
#include "core/lesson/lesson.h"
#include "core/text.h"

#define MIB (UINT64_C(1) << 20)

static void say(struct lm_verdict *verdict, bool done, const char *format, va_list args)
{
	char raw[LM_VERDICT_CAP];

	verdict->done = done;
	if (vsnprintf(raw, sizeof(raw), format, args) < 0)
		raw[0] = '\0';
	text_printable(verdict->text, sizeof(verdict->text), raw);
}

int lesson_yes(struct lm_verdict *verdict, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(verdict, true, format, args);
	va_end(args);
	return 0;
}

int lesson_not_yet(struct lm_verdict *verdict, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(verdict, false, format, args);
	va_end(args);
	return 0;
}

/* Bytes of a unit, 0 for none that is known. */
static uint64_t unit_bytes(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} units[] = { { "b", 1 },	  { "k", 1024 },    { "kib", 1024 },
		      { "kb", 1024 },	  { "m", MIB },	    { "mib", MIB },
		      { "mb", MIB },	  { "g", MIB << 10 }, { "gib", MIB << 10 },
		      { "gb", MIB << 10 } };
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcasecmp(unit, units[i].name))
			return units[i].bytes;
	return 0;
}

/* Digits by hand: strtod() reads what the locale says, and people write both. */
static const char *digits(const char *p, double *number)
{
	double part = 0.1;

	for (*number = 0; *p >= '0' && *p <= '9'; p++)
		*number = *number * 10 + (*p - '0');
	if ((*p == '.' || *p == ',') && p[1] >= '0' && p[1] <= '9')
		for (p++; *p >= '0' && *p <= '9'; p++, part /= 10)
			*number += part * (*p - '0');
	return p;
}

bool lesson_number(const char *answer, uint64_t unit, double *number)
{
	char word[16];
	const char *p = answer ? answer : "";
	uint64_t given;
	size_t len;

	p += strspn(p, " ");
	if (*p < '0' || *p > '9' || strlen(p) > 40)
		return false;
	p = digits(p, number);
	p += strspn(p, " ");
	len = strcspn(p, " ");
	if (p[len + strspn(p + len, " ")])
		return false;
	if (!len)
		return true;
	snprintf(word, sizeof(word), "%.*s", (int)(len < 15 ? len : 15), p);
	if (unit == 1)
		return !strcmp(word, "%") || !strcasecmp(word, "percent");
	given = unit_bytes(word);
	*number *= (double)given / (double)unit;
	return given != 0;
}

int lesson_is_number(const char *answer, double expect, double slack, uint64_t unit,
		     struct lm_verdict *verdict, const char *right)
{
	double number;

	if (!lesson_number(answer, unit, &number))
		return lesson_not_yet(verdict, "%s", _("Not yet: a number is asked for."));
	if (number < expect - slack || number > expect + slack)
		return lesson_not_yet(verdict, "%s",
				      number < expect ?
					      _("Not yet: it is more than that. Look again.") :
					      _("Not yet: it is less than that. Look again."));
	return lesson_yes(verdict, "%s", right);
}

bool lesson_is_word(const char *answer, const char *word)
{
	size_t len;

	if (!answer || !word)
		return false;
	answer += strspn(answer, " /\"'");
	len = strcspn(answer, " /\"'");
	return len == strlen(word) && !strncasecmp(answer, word, len);
}

bool lesson_kept(const struct lesson *lesson, const struct lesson_now *now,
		 struct lm_verdict *verdict)
{
	if (now->facts.letters == lesson->start.letters)
		return true;
	if (now->facts.letters)
		lesson_not_yet(verdict, "%s",
			       _("The letters in Documents are no longer what they were when the "
				 "lesson began. It cannot be ended with this stick: make a new one."));
	else
		lesson_not_yet(verdict, "%s",
			       _("The letters in Documents are gone: what was in the overlay was "
				 "thrown away, as reset does. That cannot be undone. Make a new "
				 "practice stick, and begin again."));
	return false;
}

int lesson_check_percent(struct lesson *lesson, struct lesson_now *now, const char *answer,
			 struct lm_verdict *verdict, struct lm_error *err)
{
	(void)lesson;
	(void)err;
	/* What is shown is rounded down. */
	return lesson_is_number(answer, now->overlay->used_percent - 0.5, 1.0, 1, verdict,
				_("Right: allocated divided by total, the first two of the three "
				  "figures that the kernel gives."));
}

int lesson_check_dead(struct lesson *lesson, struct lesson_now *now, const char *answer,
		      struct lm_verdict *verdict, struct lm_error *err)
{
	double dead = (double)(now->overlay->dead_sectors * 512) / (double)MIB;

	(void)lesson;
	(void)err;
	return lesson_is_number(answer, dead, 0.06 + dead / 50, MIB, verdict,
				_("Right. The overlay keeps them: the kernel does not know that "
				  "the file system needs them no more."));
}

int lesson_check_state(struct lesson *lesson, struct lesson_now *now, const char *answer,
		       struct lm_verdict *verdict, struct lm_error *err)
{
	const char *word = lm_overlay_state_word(now->overlay->state);

	(void)lesson;
	(void)err;
	if (!lesson_is_word(answer, word))
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: that is not the word that status gives."));
	return lesson_yes(verdict, _("Right: the overlay is called \"%s\"."), word);
}

int lesson_check_recovered(struct lesson *lesson, struct lesson_now *now, const char *answer,
			   struct lm_verdict *verdict, struct lm_error *err)
{
	char room[16];

	(void)answer;
	(void)err;
	if (now->overlay->state != LM_STATE_ACTIVE && now->overlay->state != LM_STATE_EMPTY)
		return lesson_not_yet(verdict,
				      _("Not yet: the overlay is still called \"%s\"."),
				      lm_overlay_state_word(now->overlay->state));
	if (!lesson_kept(lesson, now, verdict))
		return 0;
	if (!now->status->root.known || now->status->root.state != LM_FS_CLEAN)
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: the overlay can be used again, but its file "
					"system has not been checked and repaired."));
	if (!now->cow || now->cow->room_chunks < 64)
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: there is no room in the overlay. It would be full "
					"again at once."));
	return lesson_yes(verdict,
			  _("Done: the overlay is usable, its file system clean, every letter is "
			    "there, and there is room for %s more."),
			  text_size(room, now->cow->room_chunks * now->cow->chunk_sectors * 512));
}

int lesson_check_compacted(struct lesson *lesson, struct lesson_now *now, const char *answer,
			   struct lm_verdict *verdict, struct lm_error *err)
{
	char was[16], is[16];

	(void)answer;
	(void)err;
	if (!lesson_kept(lesson, now, verdict))
		return 0;
	if (now->facts.base != lesson->enter.base)
		return lesson_not_yet(verdict, "%s",
				      _("The root image is another one now: that was a merge. It "
					"gives room back too, but it is not what this step is about. "
					"Make a new practice stick, and begin again."));
	if (now->facts.allocated >= lesson->enter.allocated ||
	    now->facts.dead > lesson->enter.dead / 4)
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: the dead chunks are still in the overlay."));
	return lesson_yes(verdict,
			  _("Done: the overlay went from %s to %s, and every letter is there."),
			  text_size(was, lesson->enter.allocated * 512),
			  text_size(is, now->facts.allocated * 512));
}

#define NOTE "home/liveuser/Documents/works-again.txt"

static int write_note(struct lesson *lesson, struct fs_edit *edit, void *arg, struct lm_error *err)
{
	static const char text[] = "The stick takes changes again.\n";

	(void)lesson;
	(void)arg;
	return fs_edit_write(edit, "/" NOTE, text, sizeof(text) - 1, 0644, err);
}

int lesson_act_note(struct lesson *lesson, char said[LM_VERDICT_CAP], struct lm_error *err)
{
	(void)said;
	return lesson_change(lesson, write_note, NULL, err);
}

int lesson_check_note(struct lesson *lesson, struct lesson_now *now, const char *answer,
		      struct lm_verdict *verdict, struct lm_error *err)
{
	(void)lesson;
	(void)answer;
	(void)err;
	if (!now->root || lesson_file_bytes(now->root, NOTE) == UINT64_MAX)
		return lesson_not_yet(verdict, "%s", _("Not yet: the note is not there."));
	if (now->base && lesson_file_bytes(now->base, NOTE) != UINT64_MAX)
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: the note is in the image itself, not in the "
					"overlay."));
	return lesson_yes(verdict, "%s",
			  _("Done: the note is there, and it lies in the overlay."));
}

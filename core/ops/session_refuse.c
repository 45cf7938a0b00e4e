/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_refuse.c - what stands against an operation, whichever it is */
#include <errno.h>

#include "core/dm/dm.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/session.h"

int session_no_pending(const struct session *s, struct lm_error *err)
{
	struct record pending;
	int ret = record_read(s->locked ? s->rw.io : s->stick->io, s->dir, &pending, err);

	if (ret == 1)
		record_free(&pending);
	/* When it is resumed there must be one, else none. */
	if (ret >= 0 && (ret == 1) == s->resuming)
		return 0;
	if (ret < 0 && ret != -EBADMSG)
		return ret;
	return lm_refuse(err, -EBUSY, s->stick->given,
			 s->locked ? _("Run `livemend resume` first.") :
				     _("Run `livemend resume` on it first."),
			 _("an operation on it was interrupted"), "%s",
			 _("The stick is in the middle of something"));
}

int session_changed(const struct session *s, struct lm_error *err)
{
	return lm_refuse(err, -EAGAIN, s->stick->given, _("Look again."),
			 _("it has changed meanwhile"), "%s",
			 _("The stick is not as it was when this was planned"));
}

int session_foreign_note(const struct session *s, const char *why, struct lm_error *err)
{
	return lm_refuse(err, -EUCLEAN, s->stick->given,
			 _("Nothing was touched. Is it the stick that the journal was written on?"),
			 why, "%s",
			 _("The note about an interrupted operation does not fit this stick"));
}

int session_too_late(const struct session *s, const char *why, struct lm_error *err)
{
	lm_fail(err, -EUCLEAN, s->overlay, _("Finish it: `livemend resume` without undoing."), "%s",
		_("It cannot be undone any more"));
	lm_because(err, "%s", why);
	return session_resumable(-EUCLEAN, err);
}

/* ---- base and overlay ---- */

static int refuse_state(const struct session *s, const struct cow_info *info,
			const struct session_words *words, struct lm_error *err)
{
	switch (info->state) {
	case LM_STATE_INVALID:
		return lm_refuse(err, -EUCLEAN, s->overlay, words->help_invalid,
				 _("it is marked as invalid, so the kernel does not read it"), "%s",
				 words->cannot);
	case LM_STATE_DAMAGED:
		return lm_refuse(err, -EUCLEAN, s->overlay, _("See `livemend doctor`."),
				 info->trouble, "%s", words->damaged);
	default:
		return 0;
	}
}

static void worst_problem(void *arg, const struct cow_problem *p)
{
	bool *bad = arg;

	*bad = *bad || !p->harmless;
}

int session_pair_refusal(const struct session *s, const struct stick_look *look,
			 struct lm_error *err)
{
	if (!look->paired)
		return lm_refuse(err, -EUCLEAN, s->overlay,
				 _("Put the image back that the overlay was used with."),
				 look->pair_why, "%s",
				 _("Overlay and image do not belong together"));
	if (look->fs_lost)
		return lm_refuse(err, -EUCLEAN, s->overlay, stick_fs_help(look, NULL),
				 look->fs_why, "%s", _("The root file system does not open"));
	return 0;
}

int session_refusal(const struct session *s, const struct stick_look *look,
		    const struct session_words *words, struct lm_error *err)
{
	bool bad = false;
	int ret = look->store ? refuse_state(s, cow_store_info(look->store), words, err) : 0;

	if (ret < 0)
		return ret;
	if (look->trouble.code != 0) {
		if (err) {
			*err = look->trouble;
			err->outcome = LM_REFUSED;
		}
		return look->trouble.code;
	}
	if (!look->store || !look->base || !look->view || !look->base_file)
		return lm_refuse(err, -EUCLEAN, s->stick->given, _("See `livemend doctor`."),
				 _("image or overlay cannot be read"), "%s", words->nothing);
	ret = cow_store_check(look->store, worst_problem, &bad, err);
	if (ret < 0)
		return ret;
	if (bad)
		return lm_refuse(err, -EUCLEAN, s->overlay, _("See `livemend doctor`."),
				 _("its tables break the rules of the format"), "%s",
				 words->damaged);
	return session_pair_refusal(s, look, err);
}

int session_not_attached(struct io *io, const char *path, struct lm_error *err)
{
	char name[32];
	struct io_stat st;

	/* Without an identity it lies on what nobody has mounted. */
	if (io_stat(io, path, &st) < 0 || st.ino == 0 ||
	    dm_find_loop(st.dev, st.ino, 0, NULL, name) != 1)
		return 0;
	lm_refuse(err, -EBUSY, path,
		  _("Make room for both images on the stick, or merge from another system, in which "
		    "nothing uses the stick."),
		  "", "%s", _("The image on the stick cannot be replaced now"));
	return lm_because(err,
			  _("there is no room for both images, and the running system uses the old "
			    "one (%s): removing it would free nothing"),
			  name);
}

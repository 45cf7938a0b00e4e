/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_overlay.c - the overlay as the record knows it, and emptying it */
#include "core/cow/cow.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/session.h"

int session_open_overlay(struct session *s, enum io_mode mode, struct io_file **file,
			 struct lm_error *err)
{
	int ret = io_open(s->rw.io, s->overlay, mode, file);

	return ret < 0 ?
		       lm_fail(err, ret, s->overlay, NULL, "%s", _("Opening the overlay failed")) :
		       0;
}

int session_close_overlay(struct session *s, struct io_file *file, int ret, struct lm_error *err)
{
	int closed = io_file_close(file);

	if (ret == 0 && closed < 0)
		ret = lm_fail(err, closed, s->overlay, NULL, "%s", _("Writing the overlay failed"));
	return ret;
}

int session_overlay_now(struct session *s, enum session_overlay *now, struct lm_error *err)
{
	struct record_id id;
	bool empty;
	int ret = record_identify_overlay(s->rw.io, s->overlay, &id, &empty, err);

	if (ret < 0)
		return ret;
	*now = record_same(&id, &s->rec.overlay_id) ? SESSION_OVERLAY_SAME :
	       empty                                ? SESSION_OVERLAY_EMPTY :
						      SESSION_OVERLAY_USED;
	return 0;
}

int session_reset_overlay(struct session *s, bool *kept, struct lm_error *err)
{
	struct io_file *file;
	enum session_overlay now;
	int ret = session_overlay_now(s, &now, err);

	if (ret < 0 || now == SESSION_OVERLAY_EMPTY)
		return ret;
	if (now == SESSION_OVERLAY_USED) {
		*kept = true;
		return 0;
	}
	ret = session_open_overlay(s, IO_WRITE, &file, err);
	if (ret < 0)
		return ret;
	return session_close_overlay(s, file, cow_reset(file, s->overlay, err), err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_overlay.c - the overlay as the record knows it, and emptying it */
#include "core/cow/cow.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/session.h"

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
	int ret = session_overlay_now(s, &now, err), closed;

	if (ret < 0 || now == SESSION_OVERLAY_EMPTY)
		return ret;
	if (now == SESSION_OVERLAY_USED) {
		*kept = true;
		return 0;
	}
	ret = io_open(s->rw.io, s->overlay, IO_WRITE, &file);
	if (ret < 0)
		return lm_fail(err, ret, s->overlay, NULL, "%s", _("Opening the overlay failed"));
	ret = cow_reset(file, s->overlay, err);
	closed = io_file_close(file);
	if (ret == 0 && closed < 0)
		ret = lm_fail(err, closed, s->overlay, NULL, "%s",
			      _("Resetting the overlay failed"));
	return ret;
}

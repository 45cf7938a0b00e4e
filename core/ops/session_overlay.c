/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_overlay.c - the overlay as the record knows it, and emptying it */
#include <errno.h>

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

int session_know_overlay(struct session *s, struct lm_error *err)
{
	struct io_stat before;
	int ret = io_stat(s->rw.io, s->overlay, &before);

	if (ret < 0)
		return lm_fail(err, ret, s->overlay, NULL, "%s", _("Reading the overlay failed"));
	ret = record_identify_overlay(s->rw.io, s->overlay, &s->rec.overlay_id, NULL, err);
	if (ret == 0)
		s->overlay_stat = before;
	return ret;
}

/*
 * Its identity covers its tables and the first of its data. What is written to any other chunk
 * in place shows in the time of the file.
 */
static int overlay_was_written(struct session *s, const char *path, bool *written,
			       struct lm_error *err)
{
	const struct io_stat *was = &s->overlay_stat;
	struct io_stat now;
	int ret;

	*written = false;
	if (was->size_bytes == 0)
		return 0;
	ret = io_stat(s->rw.io, path, &now);
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Reading the overlay failed"));
	*written = now.size_bytes != was->size_bytes || now.mtime != was->mtime ||
		   now.mtime_nsec != was->mtime_nsec;
	return 0;
}

int session_overlay_unused(struct session *s, const char *path, struct lm_error *err)
{
	bool written;
	int ret = overlay_was_written(s, path, &written, err);

	if (ret < 0 || !written)
		return ret;
	lm_fail(err, -EBUSY, s->overlay,
		_("Nothing was changed. See that nothing else uses the stick, and begin again."), "%s",
		_("The overlay is not as it was when this began"));
	return lm_because(err, "%s", _("something else has written to it"));
}

int session_overlay_now(struct session *s, enum session_overlay *now, struct lm_error *err)
{
	struct record_id id;
	bool empty, written;
	int ret = record_identify_overlay(s->rw.io, s->overlay, &id, &empty, err);

	if (ret == 0)
		ret = overlay_was_written(s, s->overlay, &written, err);
	if (ret < 0)
		return ret;
	if (record_same(&id, &s->rec.overlay_id) && !written)
		*now = SESSION_OVERLAY_SAME;
	else
		*now = empty ? SESSION_OVERLAY_EMPTY : SESSION_OVERLAY_USED;
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

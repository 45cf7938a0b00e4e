/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * compact_place.c - compacting without room for a new overlay: in place
 *
 * cow_squeeze() keeps the store whole at any instant, so that there is nothing
 * to be undone, and a cut is taken up by beginning again from what is there.
 */
#include <errno.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/compact/compact.h"
#include "core/plan/journal.h"

int compact_in_place(struct compact *c, struct lm_error *err)
{
	struct session *s = c->s;
	struct io_file *file;
	struct io_stat st;
	int ret;

	session_unlook(s); /* what was read of the tables does not hold any more */
	ret = session_open_overlay(s, IO_WRITE, &file, err);
	if (ret < 0)
		return ret;
	ret = cow_squeeze(file, s->overlay, c->kept, c->n_kept, session_progress, s, err);
	/* A length at which a full store becomes invalid: one chunk less has the same room. */
	if (ret == 0)
		ret = io_fstat(file, &st);
	if (ret == 0 && c->bytes < st.size_bytes) {
		ret = io_truncate(file, c->bytes);
		if (ret == 0)
			ret = io_fsync(file);
		if (ret < 0)
			lm_fail(err, ret, s->overlay, NULL, "%s",
				_("Writing to the overlay failed"));
	}
	return session_close_overlay(s, file, ret, err);
}

int compact_finish_in_place(struct compact *c, struct lm_error *err)
{
	struct session *s = c->s;
	int ret = journal_log(s->rw.io, s->dir, err,
			      "compact: %s was made less full in place, without what is free or "
			      "as in the image",
			      s->overlay);

	if (ret == 0)
		session_log_by_hand(s);
	if (ret == 0)
		session_work_clean(s);
	return ret == 0 ? session_clear(s, err) : ret;
}

uint64_t compact_length(uint64_t bytes, uint32_t chunk_sectors)
{
	return cow_size_is_exact_fit(bytes, chunk_sectors) ? bytes - chunk_sectors * 512ull : bytes;
}

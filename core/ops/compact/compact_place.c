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
	struct merge *m = c->m;
	struct io_file *file;
	struct io_stat st;
	int ret, closed;

	merge_unlook(m); /* what was read of the tables does not hold any more */
	ret = io_open(m->rw.io, m->overlay, IO_WRITE, &file);
	if (ret < 0)
		return lm_fail(err, ret, m->overlay, NULL, "%s", _("Opening the overlay failed"));
	ret = cow_squeeze(file, m->overlay, c->kept, c->n_kept, merge_progress, m, err);
	/* A length at which a full store becomes invalid: one chunk less has the same room. */
	if (ret == 0)
		ret = io_fstat(file, &st);
	if (ret == 0 && c->bytes < st.size_bytes) {
		ret = io_truncate(file, c->bytes);
		if (ret == 0)
			ret = io_fsync(file);
		if (ret < 0)
			lm_fail(err, ret, m->overlay, NULL, "%s",
				_("Writing to the overlay failed"));
	}
	closed = io_file_close(file);
	if (ret == 0 && closed < 0)
		ret = lm_fail(err, closed, m->overlay, NULL, "%s",
			      _("Writing to the overlay failed"));
	return ret;
}

int compact_finish_in_place(struct compact *c, struct lm_error *err)
{
	struct merge *m = c->m;
	int ret = journal_log(m->rw.io, m->dir, err,
			      "compact: %s was made less full in place, without what is free or "
			      "as in the image",
			      m->overlay);

	if (ret == 0)
		merge_log_by_hand(m);
	if (ret == 0 && m->work)
		ret = merge_work_clean(m, err);
	return ret == 0 ? journal_pending_clear(m->rw.io, m->dir, err) : ret;
}

uint64_t compact_length(uint64_t bytes, uint32_t chunk_sectors)
{
	return cow_size_is_exact_fit(bytes, chunk_sectors) ? bytes - chunk_sectors * 512ull : bytes;
}

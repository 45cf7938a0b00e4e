/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recover_medium.c - what the stick itself gives: room that is really there, and all the bytes */
#include <errno.h>
#include <stdlib.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/recover/recover.h"

#define PIECE_BYTES (1u << 20)

/* ---- room ---- */

int recover_reserve(struct recover *r, struct io_file *file, struct lm_error *err)
{
	struct session *s = r->s;
	uint64_t spent = 0;
	struct io_fsinfo before, now;
	int ret = io_fsinfo(s->rw.io, &before);

	/* Only holes take room; where they are is not asked, but how much went. */
	for (uint64_t off = r->fill_from; off < r->f.old_bytes && ret == 0;) {
		uint64_t n = min_u64(PIECE_BYTES, r->f.old_bytes - off);

		if (spent + n > r->fill_bytes)
			break;
		if (session_progress(s, spent, r->fill_bytes) != 0)
			return lm_fail(err, -ECANCELED, NULL, NULL, "%s", _("Stopped"));
		ret = io_allocate(file, off, n);
		if (ret == 0)
			ret = io_fsinfo(s->rw.io, &now);
		if (ret == 0 && now.free_bytes < before.free_bytes)
			spent = before.free_bytes - now.free_bytes;
		off += n;
	}
	if (ret == -ENOSPC)
		ret = 0; /* others write to the stick too: what there was is reserved */
	if (ret == 0)
		ret = io_fsync(file);
	return ret < 0 ? lm_fail(err, ret, s->overlay, NULL, "%s",
				 _("Making room in the file failed")) :
			 0;
}

uint64_t recover_room(const struct recover *r)
{
	const struct cow_info *info = cow_store_info(r->look.store);
	uint64_t room = info->room_chunks * info->chunk_sectors * 512, missing, there;
	struct io_fsinfo fs;
	struct io_stat st;

	if (io_stat(r->s->rw.io, r->s->overlay, &st) < 0 || io_fsinfo(r->s->rw.io, &fs) < 0 ||
	    st.on_disk_bytes >= st.size_bytes)
		return room;
	missing = st.size_bytes - st.on_disk_bytes;
	there = room > missing ? room - missing : 0;
	return min_u64(room, there + fs.free_bytes);
}

/* ---- all the bytes ---- */

int recover_read_all(struct recover *r, struct lm_error *err)
{
	struct session *s = r->s;
	const struct cow_info *info = cow_store_info(r->look.store);
	uint64_t end = min_u64(info->allocated_sectors * 512, info->file_bytes);
	unsigned char *buf = malloc(PIECE_BYTES);
	struct io_file *file = NULL;
	int ret = buf ? io_open(s->rw.io, s->overlay, IO_READ, &file) : -ENOMEM;

	for (uint64_t off = 0; off < end && ret == 0;) {
		uint64_t n = min_u64(PIECE_BYTES, end - off);

		if (session_progress(s, off, end) != 0) {
			ret = lm_fail(err, -ECANCELED, NULL, NULL, "%s", _("Stopped"));
			goto out;
		}
		ret = io_read_full(file, buf, (size_t)n, off);
		off += n;
	}
	if (ret < 0)
		lm_fail(err, ret, s->overlay, NULL, "%s", _("Reading the overlay failed"));
out:
	io_file_close(file);
	free(buf);
	return ret;
}

void recover_tell_failing(struct lm_error *err)
{
	if (!err || err->code != -EIO)
		return;
	err->help[0] = '\0';
	lm_error_help(err, _("The stick may be failing, and every further use may make that worse. "
			     "Copy all of it to another disk first, with a tool that goes on after "
			     "errors (ddrescue), and recover the copy."));
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fsck_write.c - what was repaired gets into the overlay, by an undo file, and back out of it */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_extend.h"
#include "core/io/io_patch.h"
#include "core/ops/fsck.h"
#include "core/plan/journal.h"
#include "core/text.h"
#include "core/view/view.h"

/* More than this is changed by no repair of a file system that is worth one. */
#define MOST_BYTES (512ull << 20)

/* Left free on the stick when the overlay is made longer: for the undo file and the journal. */
#define MARGIN_BYTES (4ull << 20)

/* ---- names ---- */

int fsck_paths(struct fsck *f, struct lm_error *err)
{
	if (!f->log_dir && asprintf(&f->log_dir, "%s/livemend", f->s->dir) < 0)
		f->log_dir = NULL;
	if (!f->log && asprintf(&f->log, "%s/livemend/" FSCK_UNDO_FILE, f->s->dir) < 0)
		f->log = NULL;
	return f->log && f->log_dir ? 0 : lm_fail(err, -ENOMEM, NULL, NULL, "%s",
						  _("Planning failed"));
}

int fsck_open_overlay(struct fsck *f, struct io_file **file, struct lm_error *err)
{
	int ret = io_open(f->s->rw.io, f->s->overlay, IO_WRITE, file);

	return ret < 0 ? lm_fail(err, ret, f->s->overlay, NULL, "%s",
				 _("Opening the overlay failed")) :
			 0;
}

static int fsck_close_overlay(struct fsck *f, struct io_file *file, int ret, struct lm_error *err)
{
	int closed = io_file_close(file);

	return ret == 0 && closed < 0 ?
		       lm_fail(err, closed, f->s->overlay, NULL, "%s",
			       _("Writing the overlay failed")) :
		       ret;
}

int fsck_remove_log(struct fsck *f, struct lm_error *err)
{
	int ret = io_unlink(f->s->rw.io, f->log);

	if (ret == 0)
		ret = io_sync_dir(f->s->rw.io, f->log_dir);
	if (ret == 0 || ret == -ENOENT)
		return 0;
	return lm_fail(err, ret, f->log, NULL, "%s", _("Removing a file failed"));
}

int fsck_note(struct fsck *f, enum record_phase phase, struct lm_error *err)
{
	struct session *s = f->s;
	const struct record whole = s->rec;
	int ret;

	/* Only what a recovery's has. Of the operation that it is a part of nothing is begun yet. */
	s->rec = (struct record){ .op = LM_OP_RECOVER,
				  .phase = phase,
				  .base = whole.base,
				  .overlay = whole.overlay,
				  .overlay_id = whole.overlay_id };
	f->noted = true; /* perhaps: clearing does no harm */
	ret = session_record(s, s->rw.io, s->dir, err);
	s->rec = whole;
	return ret;
}

/* ---- which change is made when ---- */

/*
 * From before the first of them to after the last one the overlay is marked
 * invalid (redo_write_store()). Should a medium lose that mark: first what
 * nothing points to yet, then the table that does, then blocks in place, then
 * the superblock, at last the header.
 */
enum { RANK_NEW, RANK_TABLE, RANK_BLOCKS, RANK_SUPERBLOCK, RANK_HEADER };

struct fsck_ranks {
	uint64_t chunk_bytes, stride, next_free, table, superblock;
};

static unsigned fsck_rank_of(void *arg, uint64_t off)
{
	const struct fsck_ranks *k = arg;
	uint64_t chunk = off / k->chunk_bytes;

	if (chunk == 0)
		return RANK_HEADER;
	if (chunk == k->table)
		return RANK_TABLE;
	/* Tables further on cannot be seen before that one is full. */
	if (chunk >= k->next_free || chunk % k->stride == 1)
		return RANK_NEW;
	return chunk == k->superblock ? RANK_SUPERBLOCK : RANK_BLOCKS;
}

static struct fsck_ranks fsck_ranks_of(const struct cow_store *store)
{
	const struct cow_info *info = cow_store_info(store);
	struct fsck_ranks k = { .chunk_bytes = info->chunk_sectors * 512ull };

	k.stride = k.chunk_bytes / 16 + 1;
	k.next_free = info->next_free;
	k.table = 1 + (info->areas - 1) * k.stride;
	/* The superblock of ext2/3/4 begins at byte 1024. */
	k.superblock = cow_store_lookup(store, 1024 / k.chunk_bytes);
	return k;
}

/* ---- gathering ---- */

static int fsck_lay_repairs(struct fsck *f, struct cow_store *store, struct io_source *top,
			    struct lm_error *err)
{
	size_t chunk = cow_store_info(store)->chunk_sectors * (size_t)512;
	unsigned char *buf = calloc(1, chunk), *was = malloc(chunk);
	const struct cow_exception *e;
	uint64_t count;
	int ret = buf && was ? 0 : lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));

	e = cow_store_sorted(fsck_scratch(f), &count);
	for (uint64_t i = 0; i < count && ret == 0; i++) {
		uint64_t off = e[i].old_chunk * chunk;
		size_t n = (size_t)min_u64(chunk, top->size_bytes - off);

		memset(buf + n, 0, chunk - n);
		ret = io_source_read(top, buf, n, off, err);
		if (ret == 0)
			ret = io_source_read(f->view, was, n, off, err);
		/* It wrote what was there: that takes no room. */
		if (ret == 0 && memcmp(buf, was, n) != 0)
			ret = cow_store_write(store, e[i].old_chunk, 0, buf, chunk, NULL, err);
	}
	free(was);
	free(buf);
	return ret == 0 ? cow_store_commit(store, err) : ret;
}

static int fsck_not_enough_room(struct fsck *f, struct lm_error *err)
{
	uint64_t count;
	char size[16];

	(void)cow_store_sorted(fsck_scratch(f), &count);
	lm_fail(err, -ENOSPC, f->s->overlay,
		_("Make room on the stick: delete or move a file."),
		"%s", _("The overlay has no room for what e2fsck repaired"));
	return lm_because(err, _("up to %s are needed"),
			  text_size(size, count * cow_store_info(f->store)->chunk_sectors * 512));
}

static int fsck_gather(struct fsck *f, struct io_patch *patch, struct lm_error *err)
{
	struct io_file *file = io_patch_file(patch);
	struct cow_store *store = NULL;
	struct io_source *top = NULL;
	unsigned char valid[4];
	int ret = 0;

	put_le32(valid, 1);
	if (f->new_bytes > f->old_bytes)
		ret = io_truncate(file, f->new_bytes);
	if (ret == 0 && !cow_store_info(f->store)->valid)
		ret = io_pwrite(file, valid, sizeof(valid), 4);
	if (ret < 0)
		return lm_fail(err, ret, f->s->overlay, NULL, "%s",
			       _("Reading the overlay failed"));
	ret = cow_store_open(file, f->s->overlay, f->base->size_bytes / 512, &store, err);
	if (ret == 0)
		ret = cow_store_clear_tail(store, err);
	if (ret == 0 && fsck_scratch(f))
		ret = view_open(f->view, fsck_scratch(f), false, false, &top, err);
	if (ret == 0 && fsck_scratch(f)) {
		ret = fsck_lay_repairs(f, store, top, err);
		if (ret == -ENOSPC)
			ret = fsck_not_enough_room(f, err);
		else if (ret == -EFBIG)
			lm_because(err, "%s", _("e2fsck changed more than can be kept in memory"));
	}
	io_source_close(top);
	cow_store_close(store);
	return ret;
}

int fsck_save(struct fsck *f, struct lm_error *err)
{
	struct fsck_ranks ranks = fsck_ranks_of(f->store);
	struct io_file *file = NULL;
	struct io_patch *patch = NULL;
	struct redo *redo = NULL;
	int ret = fsck_open_overlay(f, &file, err);

	if (ret < 0)
		return ret;
	ret = io_patch_new(file, MOST_BYTES, &patch);
	if (ret < 0) {
		lm_fail(err, ret, f->s->overlay, NULL, "%s", _("Reading the overlay failed"));
		goto out;
	}
	ret = io_mkdir(f->s->rw.io, f->log_dir);
	if (ret == 0)
		ret = io_sync_dir(f->s->rw.io, f->s->dir);
	if (ret < 0 && ret != -EEXIST) {
		lm_fail(err, ret, f->log_dir, NULL, "%s", _("Writing the undo file failed"));
		goto out;
	}
	ret = fsck_gather(f, patch, err);
	if (ret == 0)
		ret = fsck_remove_log(f, err);
	if (ret == 0) {
		f->logged = true;
		/* An overlay without a header is new: there is nothing in it to be changed. */
		ret = (cow_store_info(f->store)->header_zero ? redo_write : redo_write_store)(
			f->s->rw.io, f->log_dir, f->log, patch, f->old_bytes, fsck_rank_of, &ranks, err);
	}
	if (ret == 0)
		ret = redo_open(f->s->rw.io, f->log, &redo, err);
	if (ret == 1) {
		f->written = redo_info(redo)->changed_bytes;
		ret = 0;
	}
	redo_close(redo);
out:
	io_patch_free(patch);
	io_file_close(file);
	return ret;
}

/* ---- length ---- */

/* How many chunks of the store in memory the overlay has not got yet. */
static uint64_t fsck_new_chunks(const struct fsck *f)
{
	const struct cow_exception *e;
	uint64_t count, fresh = 0;

	e = cow_store_sorted(fsck_scratch(f), &count);
	for (uint64_t i = 0; i < count; i++)
		fresh += cow_store_lookup(f->store, e[i].old_chunk) == 0;
	return fresh;
}

int fsck_choose_room(struct fsck *f, struct lm_error *err)
{
	const struct cow_info *info = cow_store_info(f->store);
	uint64_t chunk = info->chunk_sectors * 512ull, want = f->old_bytes;
	struct io_fsinfo stick;
	int ret = io_fsinfo(f->s->rw.io, &stick);

	if (ret < 0)
		return lm_fail(err, ret, f->s->overlay, NULL, "%s",
			       _("Asking for the free space failed"));
	/* A table for each so many chunks, and a few for what does not come out even. */
	want += (fsck_new_chunks(f) + fsck_new_chunks(f) / (chunk / 16) + 4) * chunk;
	if (cow_size_is_exact_fit(want, info->chunk_sectors))
		want += chunk;
	if (want > stick.file_limit_bytes || stick.free_bytes < MARGIN_BYTES ||
	    want - f->old_bytes > stick.free_bytes - MARGIN_BYTES)
		return fsck_not_enough_room(f, err);
	f->new_bytes = want;
	return 0;
}

int fsck_grow(struct fsck *f, struct lm_error *err)
{
	struct io_file *file;
	int ret = fsck_open_overlay(f, &file, err);

	if (ret < 0)
		return ret;
	f->grown = true;
	ret = io_extend(file, f->s->overlay, f->old_bytes, f->new_bytes, session_progress, f->s,
			err);
	return fsck_close_overlay(f, file, ret, err);
}

int fsck_shrink(struct fsck *f, struct lm_error *err)
{
	struct session *s = f->s;
	struct cow_store *store = NULL;
	struct io_file *file;
	struct io_stat st;
	const struct cow_info *info;
	int ret = fsck_open_overlay(f, &file, err);

	if (ret < 0)
		return ret;
	ret = io_fstat(file, &st);
	if (ret == 0 && st.size_bytes > f->old_bytes) {
		ret = cow_store_open(file, s->overlay, 0, &store, err);
		if (ret < 0)
			goto out;
		info = cow_store_info(store);
		/* A system that ran from it meanwhile has put something there. */
		if (info->next_free * info->chunk_sectors * 512 > f->old_bytes &&
		    info->state != LM_STATE_DAMAGED)
			f->left_alone = true;
		else
			ret = io_truncate(file, f->old_bytes);
		if (ret == 0)
			ret = io_fsync(file);
	}
	if (ret < 0)
		lm_fail(err, ret, s->overlay, NULL, "%s",
			_("Making the overlay as short as it was failed"));
out:
	cow_store_close(store);
	io_file_close(file);
	return ret;
}

/* ---- carrying out ---- */

int fsck_apply(struct fsck *f, struct lm_error *err)
{
	struct session *s = f->s;
	struct redo *redo = NULL;
	struct io_file *file = NULL;
	int ret = redo_open(s->rw.io, f->log, &redo, err) == 1 ? 0 : -EBADMSG;

	if (ret == 0)
		ret = fsck_open_overlay(f, &file, err);
	if (ret == 0) {
		f->applied = true;
		ret = redo_apply(redo, file, s->overlay, false, session_progress, s, err);
		ret = fsck_close_overlay(f, file, ret, err);
	}
	redo_close(redo);
	return ret;
}

int fsck_seal(struct fsck *f, struct record_id *id, struct lm_error *err)
{
	struct session *s = f->s;
	struct redo *redo = NULL;
	int ret = record_identify_overlay(s->rw.io, s->overlay, id, NULL, err);

	if (ret == 0)
		ret = redo_open(s->rw.io, f->log, &redo, err) == 1 ? 0 : -EBADMSG;
	if (ret == 0)
		ret = redo_seal(s->rw.io, f->log, redo, id->hash, err);
	redo_close(redo);
	return ret;
}

/* ---- and back ---- */

static int fsck_undo(struct fsck *f, struct redo *redo, struct lm_error *err)
{
	struct io_file *file;
	int ret = fsck_open_overlay(f, &file, err);

	if (ret < 0)
		return ret;
	ret = redo_apply(redo, file, f->s->overlay, true, NULL, NULL, err);
	return fsck_close_overlay(f, file, ret, err);
}

int fsck_put_back(struct fsck *f)
{
	struct redo *redo = NULL;
	int ret = 0;

	if (f->applied) {
		ret = redo_open(f->s->rw.io, f->log, &redo, NULL);
		ret = ret == 1 ? fsck_undo(f, redo, NULL) : ret < 0 ? ret : -ENOENT;
		redo_close(redo);
	} else if (f->grown) {
		ret = fsck_shrink(f, NULL);
	}
	/* The journal first: what it says to be under way must find its undo file. */
	if (ret == 0 && f->noted)
		ret = session_clear(f->s, NULL);
	if (ret == 0 && f->logged)
		ret = fsck_remove_log(f, NULL);
	if (ret == 0)
		f->noted = f->grown = f->logged = f->applied = false;
	return ret;
}

/* Marked invalid, as it is while it is changed or taken back: nobody has used it since. */
static int fsck_is_barred(struct io_file *file, bool *barred)
{
	unsigned char valid[4];
	int ret = io_read_full(file, valid, sizeof(valid), 4);

	*barred = ret == 0 && get_le32(valid) == 0;
	return ret;
}

static int fsck_may_take_back(struct fsck *f, struct redo *redo, bool *may, struct lm_error *err)
{
	struct session *s = f->s;
	enum redo_state state;
	struct record_id id;
	struct io_file *file;
	bool barred = false;
	int ret = record_identify_overlay(s->rw.io, s->overlay, &id, NULL, err);

	*may = ret == 0 && redo_info(redo)->sealed && strcmp(id.hash, redo_info(redo)->seal) == 0;
	if (ret < 0 || *may)
		return ret;
	/* Not as it was when it was done: taken back already, as a whole or in part, or used. */
	ret = io_open(s->rw.io, s->overlay, IO_READ, &file);
	if (ret < 0)
		return lm_fail(err, ret, s->overlay, NULL, "%s", _("Opening the overlay failed"));
	ret = redo_compare(redo, file, &state, err);
	if (ret == 0) {
		ret = fsck_is_barred(file, &barred);
		if (ret < 0)
			lm_fail(err, ret, s->overlay, NULL, "%s", _("Reading the overlay failed"));
	}
	io_file_close(file);
	*may = ret == 0 && barred && state != REDO_FOREIGN;
	f->left_alone = ret == 0 && !*may && state != REDO_BEFORE;
	return ret;
}

int fsck_take_back(struct fsck *f, struct lm_error *err)
{
	struct redo *redo = NULL;
	bool may = false;
	int ret = fsck_paths(f, err);

	if (ret == 0)
		ret = redo_open(f->s->rw.io, f->log, &redo, err);
	if (ret == 0) /* somebody has removed it */
		f->left_alone = true;
	if (ret == 1) {
		ret = fsck_may_take_back(f, redo, &may, err);
		if (ret == 0 && may)
			ret = fsck_undo(f, redo, err);
	}
	redo_close(redo);
	return ret;
}

/* ---- proof ---- */

int fsck_compare(struct fsck *f, struct lm_error *err)
{
	size_t chunk = cow_store_info(f->store)->chunk_sectors * (size_t)512;
	unsigned char *want = malloc(chunk), *have = malloc(chunk);
	const struct cow_exception *e = NULL;
	uint64_t count = 0;
	int ret = want && have ? 0 : lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));

	if (fsck_scratch(f))
		e = cow_store_sorted(fsck_scratch(f), &count);
	for (uint64_t i = 0; i < count && ret == 0; i++) {
		uint64_t off = e[i].old_chunk * chunk;
		size_t n = (size_t)min_u64(chunk, f->view->size_bytes - off);

		ret = cow_store_read(fsck_scratch(f), e[i].new_chunk, 0, want, n, err);
		if (ret == 0)
			ret = io_source_read(f->view, have, n, off, err);
		if (ret == 0 && memcmp(want, have, n) != 0) {
			lm_fail(err, -EBADMSG, f->s->overlay,
				_("The stick may be failing: copy it, then try again."), "%s",
				_("The overlay does not read back as it was written"));
			ret = lm_because(err, _("it differs at byte %llu"), (unsigned long long)off);
		}
		(void)plan_run_progress(f->s->run, i, count);
	}
	free(want);
	free(have);
	return ret;
}

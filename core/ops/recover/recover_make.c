/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recover_make.c - all changes to the overlay, gathered before any of them is made */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/recover/recover.h"
#include "core/text.h"
#include "core/view/view.h"

/* More than this is changed by no repair of a file system that is worth one. */
#define MOST_BYTES (512ull << 20)

/* ---- which change is made when ---- */

/*
 * From before the first of them to after the last one the overlay is marked
 * invalid (redo_write_store()). Should a medium lose that mark: first what
 * nothing points to yet, then the table that does, then blocks in place, then
 * the superblock, at last the header.
 */
enum { RANK_NEW, RANK_TABLE, RANK_BLOCKS, RANK_SUPERBLOCK, RANK_HEADER };

struct ranks {
	uint64_t chunk_bytes, stride, next_free, table, superblock;
};

static unsigned rank_of(void *arg, uint64_t off)
{
	const struct ranks *k = arg;
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

static struct ranks ranks_of(const struct cow_store *store)
{
	const struct cow_info *info = cow_store_info(store);
	struct ranks k = { .chunk_bytes = info->chunk_sectors * 512ull };

	k.stride = k.chunk_bytes / 16 + 1;
	k.next_free = info->next_free;
	k.table = 1 + (info->areas - 1) * k.stride;
	/* The superblock of ext2/3/4 begins at byte 1024. */
	k.superblock = cow_store_lookup(store, 1024 / k.chunk_bytes);
	return k;
}

/* ---- gathering ---- */

static int lay_repairs(struct recover *r, struct cow_store *store, struct io_source *top,
		       struct lm_error *err)
{
	size_t chunk = cow_store_info(store)->chunk_sectors * (size_t)512;
	unsigned char *buf = calloc(1, chunk);
	const struct cow_exception *e;
	uint64_t count;
	int ret = buf ? 0 : lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));

	e = cow_store_sorted(r->scratch, &count);
	for (uint64_t i = 0; i < count && ret == 0; i++) {
		uint64_t off = e[i].old_chunk * chunk;
		size_t n = (size_t)min_u64(chunk, top->size_bytes - off);

		memset(buf + n, 0, chunk - n);
		ret = io_source_read(top, buf, n, off, err);
		if (ret == 0)
			ret = cow_store_write(store, e[i].old_chunk, 0, buf, chunk, NULL, err);
	}
	free(buf);
	return ret == 0 ? cow_store_commit(store, err) : ret;
}

static int not_enough_room(struct recover *r, struct lm_error *err)
{
	uint64_t count;
	char size[16];

	(void)cow_store_sorted(r->scratch, &count);
	lm_fail(err, -ENOSPC, r->s->overlay,
		_("Make room on the stick, or give the size of a larger overlay with --grow. A "
		  "merge with --work DIR needs no room in the overlay either."),
		"%s", _("The overlay has no room for what e2fsck repaired"));
	return lm_because(err, _("up to %s are needed"),
			  text_size(size, count * cow_store_info(r->look.store)->chunk_sectors * 512));
}

static int gather(struct recover *r, struct io_patch *patch, struct lm_error *err)
{
	struct io_file *file = io_patch_file(patch);
	struct cow_store *store = NULL;
	struct io_source *top = NULL;
	unsigned char valid[4];
	int ret = 0;

	put_le32(valid, 1);
	if (r->new_bytes > r->old_bytes)
		ret = io_truncate(file, r->new_bytes);
	if (ret == 0 && !cow_store_info(r->look.store)->valid)
		ret = io_pwrite(file, valid, sizeof(valid), 4);
	if (ret < 0)
		return lm_fail(err, ret, r->s->overlay, NULL, "%s",
			       _("Reading the overlay failed"));
	ret = cow_store_open(file, r->s->overlay, r->look.base->size_bytes / 512, &store, err);
	if (ret == 0)
		ret = cow_store_clear_tail(store, err);
	if (ret == 0 && r->scratch)
		ret = view_open(r->view, r->scratch, false, false, &top, err);
	if (ret == 0 && r->scratch) {
		ret = lay_repairs(r, store, top, err);
		if (ret == -ENOSPC)
			ret = not_enough_room(r, err);
		else if (ret == -EFBIG)
			lm_because(err, "%s", _("e2fsck changed more than can be kept in memory"));
	}
	io_source_close(top);
	cow_store_close(store);
	return ret;
}

int recover_save(struct recover *r, struct lm_error *err)
{
	struct ranks ranks = ranks_of(r->look.store);
	struct io_file *file = NULL;
	struct io_patch *patch = NULL;
	struct redo *redo = NULL;
	int ret = recover_open_overlay(r, &file, err);

	if (ret < 0)
		return ret;
	ret = io_patch_new(file, MOST_BYTES, &patch);
	if (ret < 0) {
		lm_fail(err, ret, r->s->overlay, NULL, "%s", _("Reading the overlay failed"));
		goto out;
	}
	ret = io_mkdir(r->s->rw.io, r->log_dir);
	if (ret == 0)
		ret = io_sync_dir(r->s->rw.io, r->s->dir);
	if (ret < 0 && ret != -EEXIST) {
		lm_fail(err, ret, r->log_dir, NULL, "%s", _("Writing the undo file failed"));
		goto out;
	}
	ret = gather(r, patch, err);
	if (ret == 0)
		ret = recover_remove_log(r, err);
	if (ret == 0) {
		r->logged = true;
		/* An overlay without a header is new: there is nothing in it to be changed. */
		ret = (cow_store_info(r->look.store)->header_zero ? redo_write : redo_write_store)(
			r->s->rw.io, r->log_dir, r->log, patch, r->old_bytes, rank_of, &ranks, err);
	}
	if (ret == 0)
		ret = redo_open(r->s->rw.io, r->log, &redo, err);
	if (ret == 1) {
		r->written = redo_info(redo)->changed_bytes;
		ret = 0;
	}
	redo_close(redo);
out:
	io_patch_free(patch);
	io_file_close(file);
	return ret;
}

/* ---- proof ---- */

int recover_compare(struct recover *r, struct lm_error *err)
{
	size_t chunk = cow_store_info(r->look.store)->chunk_sectors * (size_t)512;
	unsigned char *want = malloc(chunk), *have = malloc(chunk);
	const struct cow_exception *e = NULL;
	uint64_t count = 0;
	int ret = want && have ? 0 : lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));

	if (r->scratch)
		e = cow_store_sorted(r->scratch, &count);
	for (uint64_t i = 0; i < count && ret == 0; i++) {
		uint64_t off = e[i].old_chunk * chunk;
		size_t n = (size_t)min_u64(chunk, r->view->size_bytes - off);

		ret = cow_store_read(r->scratch, e[i].new_chunk, 0, want, n, err);
		if (ret == 0)
			ret = io_source_read(r->view, have, n, off, err);
		if (ret == 0 && memcmp(want, have, n) != 0) {
			lm_fail(err, -EBADMSG, r->s->overlay,
				_("The stick may be failing: copy it, then try again."), "%s",
				_("The overlay does not read back as it was written"));
			ret = lm_because(err, _("it differs at byte %llu"), (unsigned long long)off);
		}
		(void)plan_run_progress(r->s->run, i, count);
	}
	free(want);
	free(have);
	return ret;
}

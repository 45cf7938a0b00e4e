/* SPDX-License-Identifier: GPL-3.0-or-later */
/* swap.c - see swap.h */
#include "core/ops/swap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/fs.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_replace.h"

int swap_init(struct swap *w, const char *fresh, const char *aside, struct lm_error *err)
{
	if (asprintf(&w->fresh, "%s/%s", w->s->dir, fresh) < 0)
		w->fresh = NULL;
	if (asprintf(&w->aside, "%s/%s", w->s->dir, aside) < 0)
		w->aside = NULL;
	return w->fresh && w->aside ? 0 :
				      lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
}

void swap_free(struct swap *w)
{
	free(w->fresh);
	free(w->aside);
}

int swap_identify_overlay(struct io *io, const char *path, struct record_id *id,
			  struct lm_error *err)
{
	struct io_stat st;
	int ret = io_stat(io, path, &st);

	*id = (struct record_id){ 0 };
	if (ret == -ENOENT)
		return 0;
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Reading the overlay failed"));
	return record_identify_overlay(io, path, id, NULL, err);
}

static int swap_identify(const struct swap *w, const char *path, struct record_id *id,
			 struct lm_error *err)
{
	return w->identify(w->s->rw.io, path, id, err);
}

int swap_find(const struct swap *w, struct swap_places *p, struct lm_error *err)
{
	int ret = swap_identify(w, w->path, &p->now, err);

	if (ret == 0)
		ret = swap_identify(w, w->fresh, &p->fresh, err);
	return ret == 0 ? swap_identify(w, w->aside, &p->aside, err) : ret;
}

bool swap_is_old(const struct swap *w, const struct record_id *id)
{
	return record_same(id, w->old_id);
}

bool swap_is_new(const struct swap *w, const struct record_id *id)
{
	return record_same(id, w->new_id);
}

bool swap_is_other(const struct swap *w, const struct record_id *id)
{
	return record_exists(id) && !swap_is_old(w, id) && !swap_is_new(w, id);
}

int swap_not_ours(const struct swap *w, struct lm_error *err)
{
	lm_fail(err, -EUCLEAN, w->path,
		_("Nothing was touched. Compare the files in LiveOS with your backups; "
		  "PENDING.txt names their sizes."),
		"%s", w->not_ours);
	lm_because(err, "%s", _("they were changed by something else, or are damaged"));
	return session_resumable(-EUCLEAN, err);
}

int swap_check(const struct swap *w, const struct record_id *id, struct lm_error *err)
{
	struct record_id now;
	int ret = swap_identify(w, w->path, &now, err);

	return ret < 0 || record_same(&now, id) ? ret : swap_not_ours(w, err);
}

/* ---- forwards and backwards ---- */

int swap_forward(const struct swap *w, struct lm_error *err)
{
	struct io *io = w->s->rw.io;
	struct swap_places p;
	int ret = swap_find(w, &p, err);

	if (ret < 0 || swap_is_new(w, &p.now))
		return ret;
	if (swap_is_old(w, &p.now) && swap_is_new(w, &p.fresh) && !record_exists(&p.aside))
		ret = io_replace(io, w->s->dir, w->fresh, w->path, w->aside, NULL, err);
	else if (!record_exists(&p.now) && swap_is_old(w, &p.aside) && swap_is_new(w, &p.fresh))
		/* Cut in the sequence for file systems that cannot exchange. */
		ret = io_replace_move(io, w->s->dir, w->fresh, w->path, err);
	else
		return swap_not_ours(w, err);
	return ret < 0 ? ret : swap_check(w, w->new_id, err);
}

int swap_back(const struct swap *w, const struct swap_places *p, struct lm_error *err)
{
	struct io *io = w->s->rw.io;
	const char *dir = w->s->dir;
	int ret;

	if (swap_is_old(w, &p->now))
		return 0;
	if (swap_is_new(w, &p->now) && swap_is_old(w, &p->fresh) && !record_exists(&p->aside)) {
		ret = io_replace(io, dir, w->fresh, w->path, w->aside, NULL, err);
	} else if (swap_is_new(w, &p->now) && swap_is_old(w, &p->aside) &&
		   !record_exists(&p->fresh)) {
		ret = io_replace_move(io, dir, w->path, w->fresh, err);
		if (ret == 0)
			ret = io_replace_move(io, dir, w->aside, w->path, err);
	} else if (!record_exists(&p->now) && swap_is_old(w, &p->aside)) {
		ret = io_replace_move(io, dir, w->aside, w->path, err);
	} else {
		return 1;
	}
	return ret < 0 ? ret : swap_check(w, w->old_id, err);
}

/* ---- what is left over ---- */

/* The first device block of a file on FAT; -errno where it cannot be told (only root may ask). */
static int first_block(struct io *io, const char *path, int *block)
{
	struct io_file *file;
	int ret = io_open(io, path, IO_READ, &file);

	if (ret < 0)
		return ret;
	*block = 0;
	ret = io_fd(file) < 0 ? -EOPNOTSUPP : 0;
	if (ret == 0 && ioctl(io_fd(file), FIBMAP, block) != 0)
		ret = -errno;
	io_file_close(file);
	return ret;
}

static int swap_same_content(const struct swap *w, const char *path, bool *same,
			     struct lm_error *err)
{
	struct record_id left, good;
	int ret = swap_identify(w, path, &left, err);

	if (ret == 0)
		ret = swap_identify(w, w->path, &good, err);
	*same = ret == 0 && record_same(&left, &good);
	return ret;
}

int swap_remove(const struct swap *w, const char *path, struct lm_error *err)
{
	struct session *s = w->s;
	struct io_stat left, good;
	struct io_fsinfo info;
	bool same = false;
	int a, b, ret;

	ret = io_stat(s->rw.io, path, &left);
	if (ret == -ENOENT)
		return 0;
	if (ret == 0)
		ret = io_stat(s->rw.io, w->path, &good);
	if (ret == 0)
		ret = io_fsinfo(s->rw.io, &info);
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Removing a file failed"));
	/*
	 * A cut during the exchange on FAT can leave both names on the same
	 * clusters. Removing one would free them under the other. The content is
	 * only looked at if it may be so: a file that was being written when it
	 * was cut may be longer than its chain of clusters, and reading beyond
	 * that makes the kernel turn the whole stick read-only.
	 */
	if (strcmp(info.fstype, "vfat") == 0 && left.size_bytes == good.size_bytes) {
		ret = swap_same_content(w, path, &same, err);
		if (ret < 0)
			return ret;
	}
	if (same) {
		ret = first_block(s->rw.io, w->path, &a);
		if (ret == 0)
			ret = first_block(s->rw.io, path, &b);
		if (ret < 0 || a == b) {
			ctx_log(s->ctx, LM_LOG_WARN,
				_("%s is left alone: it may share its clusters with the image. "
				  "Unmount the stick and run fsck.vfat -n on it"),
				path);
			return 0;
		}
	}
	return io_replace_remove(s->rw.io, s->dir, path, err);
}

int swap_remove_rest(const struct swap *w, const struct swap_places *p, struct lm_error *err)
{
	int ret = record_exists(&p->fresh) ? swap_remove(w, w->fresh, err) : 0;

	return ret == 0 && record_exists(&p->aside) ? swap_remove(w, w->aside, err) : ret;
}

int swap_remove_unseen(const struct swap *w, struct lm_error *err)
{
	int ret = io_replace_remove(w->s->rw.io, w->s->dir, w->aside, err);

	return ret == 0 ? io_replace_remove(w->s->rw.io, w->s->dir, w->fresh, err) : ret;
}

int swap_undo_end(const struct swap *w, bool whole, session_undo_fn end, void *arg,
		  struct lm_error *err)
{
	struct session *s = w->s;
	bool last = !whole && s->resuming;
	int ret = 0;

	if (whole)
		ret = swap_remove(w, w->fresh, err);
	else if (!last)
		ret = io_replace_remove(s->rw.io, s->dir, w->fresh, err);
	if (ret == 0 && end)
		ret = end(arg, err);
	if (ret == 0)
		ret = session_clear(s, err);
	return ret == 0 && last ? io_replace_remove(s->rw.io, s->dir, w->fresh, err) : ret;
}

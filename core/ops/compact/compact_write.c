/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compact_write.c - the new overlay beside the old one, and the proof of it */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/compact/compact.h"
#include "core/io/io_extend.h"
#include "core/view/view.h"
#include "core/view/view_fate.h"

/* Neighbouring chunks are read together, up to this much. */
#define PIECE (1u << 20)
/* Flushed this often, so that progress is what the stick has taken. */
#define FLUSH_BYTES (32u << 20)

static int compact_write_no_memory(const char *name, struct lm_error *err)
{
	return lm_fail(err, -ENOMEM, name, NULL, "%s", _("Writing the new overlay failed"));
}

/* ---- a file that is as long as it is going to be ---- */

/*
 * A store takes its room from the length of its file. On FAT a file is made
 * longer by writing zeros: that is left to the end, or the part that is in use
 * would be written twice.
 */
struct sized {
	struct io_file file;
	struct io_file *inner;
	uint64_t bytes;
};

static struct sized *sized_of(struct io_file *file)
{
	return (struct sized *)file;
}

static ssize_t sized_pread(struct io_file *file, void *buf, size_t len, uint64_t off)
{
	return io_pread(sized_of(file)->inner, buf, len, off);
}

static int sized_pwrite(struct io_file *file, const void *buf, size_t len, uint64_t off)
{
	return io_pwrite(sized_of(file)->inner, buf, len, off);
}

static int sized_fsync(struct io_file *file)
{
	return io_fsync(sized_of(file)->inner);
}

static int sized_fstat(struct io_file *file, struct io_stat *st)
{
	int ret = io_fstat(sized_of(file)->inner, st);

	st->size_bytes = sized_of(file)->bytes;
	return ret;
}

static const struct io_ops sized_ops = {
	.pread = sized_pread,
	.pwrite = sized_pwrite,
	.fsync = sized_fsync,
	.fstat = sized_fstat,
};

/* ---- writing ---- */

struct writer {
	struct compact *c;
	struct sized sized;
	struct cow_store *store;
	unsigned char *buf;
	uint64_t chunk, size; /* bytes of a chunk, and of the device */
	uint64_t most;        /* chunks read at a time */
	uint64_t total;       /* bytes to be written */
	uint64_t written, flushed;
	io_progress_fn progress;
	void *arg;
};

static int compact_write_tell(struct writer *w, struct lm_error *err)
{
	if (w->progress && w->progress(w->arg, w->written, w->total) != 0)
		return lm_fail(err, -ECANCELED, NULL, NULL, "%s", _("Stopped"));
	return 0;
}

/* How many chunks follow each other from kept[i] on. */
static uint64_t run_at(const struct writer *w, uint64_t i)
{
	const struct compact *c = w->c;
	uint64_t n = 1;

	while (n < w->most && i + n < c->n_kept && c->kept[i + n] == c->kept[i] + n)
		n++;
	return n;
}

static int compact_write_run(struct writer *w, uint64_t first, uint64_t count, struct lm_error *err)
{
	uint64_t off = first * w->chunk, len = min_u64(count * w->chunk, w->size - off);
	int ret;

	/* The last chunk of the device may stick out of it. */
	memset(w->buf + len, 0, (size_t)(count * w->chunk - len));
	ret = io_source_read(w->c->s->top, w->buf, (size_t)len, off, err);
	for (uint64_t i = 0; i < count && ret == 0; i++)
		ret = cow_store_write(w->store, first + i, 0, w->buf + i * w->chunk,
				      (size_t)w->chunk, NULL, err);
	if (ret < 0)
		return ret;
	w->written += count * w->chunk;
	if (w->written - w->flushed >= FLUSH_BYTES) {
		ret = io_fsync(w->sized.inner);
		w->flushed = w->written;
		if (ret < 0)
			return lm_fail(err, ret, w->c->swap.fresh, NULL, "%s",
				       _("Writing the new overlay failed"));
	}
	return compact_write_tell(w, err);
}

static int write_store(struct writer *w, struct lm_error *err)
{
	struct compact *c = w->c;
	int ret;

	ret = cow_format(&w->sized.file, c->chunk_sectors, c->swap.fresh, err);
	if (ret == 0)
		ret = cow_store_open(&w->sized.file, c->swap.fresh, w->size / 512, &w->store, err);
	for (uint64_t i = 0; i < c->n_kept && ret == 0;) {
		uint64_t n = run_at(w, i);

		ret = compact_write_run(w, c->kept[i], n, err);
		i += n;
	}
	if (ret == 0)
		ret = cow_store_commit(w->store, err);
	cow_store_close(w->store);
	w->store = NULL;
	return ret;
}

static int tell_rest(void *arg, uint64_t done, uint64_t total)
{
	struct writer *w = arg;

	(void)total;
	return w->progress ? w->progress(w->arg, w->written + done, w->total) : 0;
}

/* What the store does not use yet: real where it was real in the old one, else a hole. */
static int write_rest(struct writer *w, struct lm_error *err)
{
	struct compact *c = w->c;
	struct io_stat st;
	int ret = io_fstat(w->sized.inner, &st);

	if (ret == 0 && c->allocated)
		return io_extend(w->sized.inner, c->swap.fresh, min_u64(st.size_bytes, c->bytes),
				 c->bytes, tell_rest, w, err);
	if (ret == 0)
		ret = io_truncate(w->sized.inner, c->bytes);
	if (ret == 0)
		ret = io_fsync(w->sized.inner);
	return ret < 0 ? lm_fail(err, ret, c->swap.fresh, NULL, "%s",
				 _("Writing the new overlay failed")) :
			 0;
}

int compact_write(struct compact *c, io_progress_fn progress, void *arg,
		  struct lm_error *err)
{
	struct session *s = c->s;
	struct writer w = { .c = c, .progress = progress, .arg = arg };
	int ret, closed;

	w.chunk = (uint64_t)c->chunk_sectors * 512;
	w.size = s->look.base->size_bytes;
	w.most = max_u64(PIECE / w.chunk, 1);
	w.total = c->n_kept * w.chunk;
	if (c->allocated)
		w.total = max_u64(w.total, c->bytes);
	w.sized = (struct sized){ .file.ops = &sized_ops, .bytes = c->bytes };
	w.buf = malloc((size_t)(w.most * w.chunk));
	if (!w.buf)
		return compact_write_no_memory(c->swap.fresh, err);
	ret = io_open(s->rw.io, c->swap.fresh, IO_CREATE, &w.sized.inner);
	if (ret < 0) {
		lm_fail(err, ret, c->swap.fresh, NULL, "%s", _("Creating the new overlay failed"));
		goto out;
	}
	ret = write_store(&w, err);
	if (ret == 0)
		ret = write_rest(&w, err);
	closed = io_file_close(w.sized.inner);
	if (ret == 0 && closed < 0)
		ret = lm_fail(err, closed, c->swap.fresh, NULL, "%s",
			      _("Writing the new overlay failed"));
	if (ret == -ENOSPC)
		lm_error_help(err, _("Make room on the stick, then try again."));
out:
	free(w.buf);
	return ret;
}

/* ---- the proof ---- */

struct proof {
	struct compact *c;
	const char *path;
	struct cow_store *store;
	struct io_source *view; /* base and new overlay */
	io_progress_fn progress;
	void *arg;
};

static int compact_write_differs(const struct proof *p, struct lm_error *err, const char *why)
{
	lm_fail(err, -EBADMSG, p->path,
		_("Nothing is lost: the old overlay is untouched. The stick may be failing: copy "
		  "it, then try again."),
		"%s", _("The new overlay does not read back as it was written"));
	return lm_because(err, "%s", why);
}

static int compact_write_prove_chunk(void *arg, const struct view_chunk *c, struct lm_error *err)
{
	const struct proof *p = arg;

	if (c->kind == VIEW_LIVE)
		return compact_write_differs(
			p, err, _("a block that the file system uses is not the same"));
	if (p->progress && (c->index & 255) == 0 && p->progress(p->arg, c->index, c->count) != 0)
		return lm_fail(err, -ECANCELED, NULL, NULL, "%s", _("Stopped"));
	return 0;
}

static void count_problem(void *arg, const struct cow_problem *problem)
{
	unsigned *bad = arg;

	/* Its size may be the old one's, for better or worse. */
	*bad += !problem->harmless;
}

/* The store as such: sound, and nothing in it that the old one does not have. */
static int prove_tables(const struct proof *p, struct lm_error *err)
{
	const struct cow_info *info = cow_store_info(p->store);
	const struct session *s = p->c->s;
	uint64_t n;
	const struct cow_exception *e = cow_store_sorted(p->store, &n);
	unsigned bad = 0;
	int ret = cow_store_check(p->store, count_problem, &bad, err);

	if (ret < 0)
		return ret;
	if (bad || !info->valid || info->header_zero ||
	    info->chunk_sectors != cow_store_info(s->look.store)->chunk_sectors)
		return compact_write_differs(p, err, _("its tables are not as they must be"));
	if (p->c->kept && info->allocated_sectors != p->c->after_sectors)
		return compact_write_differs(p, err, _("it is not as full as it must be"));
	for (uint64_t i = 0; i < n; i++) {
		if (!cow_store_lookup(s->look.store, e[i].old_chunk) &&
		    !(s->scratch && cow_store_lookup(s->scratch, e[i].old_chunk)))
			return compact_write_differs(
				p, err, _("it holds something that the old one does not"));
	}
	return 0;
}

/* The new overlay stands in for the base: what differs from it would be missing. */
static int prove_all(struct proof *p, struct lm_error *err)
{
	const struct session *s = p->c->s;
	const struct view_fate fate = {
		.store = s->look.store, .over = s->scratch, .base = p->view, .now = s->top,
		.fs = p->c->trust ? s->look.fs : NULL,
	};
	int ret = prove_tables(p, err);

	return ret == 0 ?
		       view_fate_each(&fate, VIEW_FATE_COMPARE, compact_write_prove_chunk, p, err) :
		       ret;
}

int compact_prove(struct compact *c, const char *path, io_progress_fn progress, void *arg,
		  struct lm_error *err)
{
	struct session *s = c->s;
	struct proof p = { .c = c, .path = path, .progress = progress, .arg = arg };
	uint64_t size = s->look.base->size_bytes;
	struct io_file *file = NULL;
	int ret;

	ret = io_open(s->rw.io, path, IO_READ, &file);
	if (ret == 0)
		ret = io_drop_cache(file); /* from the device, not from memory */
	if (ret < 0)
		lm_fail(err, ret, path, NULL, "%s", _("Reading the new overlay back failed"));
	if (ret == 0)
		ret = cow_store_open(file, path, size / 512, &p.store, err);
	if (ret == 0 && cow_store_info(p.store)->state == LM_STATE_DAMAGED)
		ret = compact_write_differs(&p, err, cow_store_info(p.store)->trouble);
	if (ret == 0)
		ret = view_open(s->look.base, p.store, false, false, &p.view, err);
	if (ret == 0)
		ret = prove_all(&p, err);
	io_source_close(p.view);
	cow_store_close(p.store);
	io_file_close(file);
	return ret;
}

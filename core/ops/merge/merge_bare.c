/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * merge_bare.c - merging into a root image that lies on the stick as it is
 *
 * Changed chunks are written into the image in place. The overlay stays as it
 * is until all of them are there and were read back, so image and overlay give
 * the same system at any moment, and a merge that was cut off simply runs again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/merge/merge.h"

/* Neighbouring chunks are written together, up to this much. */
#define RUN_BYTES (1u << 20)
#define FLUSH_BYTES (16u << 20)

struct apply {
	struct merge *m;
	struct plan_run *run;
	struct io_file *file;
	unsigned char *buf;
	uint64_t off, len; /* the run that is being gathered */
	uint64_t done, total, flushed;
};

static int merge_bare_write_run(struct apply *a, struct lm_error *err)
{
	int ret = 0;

	if (a->len == 0)
		return 0;
	ret = io_pwrite(a->file, a->buf, (size_t)a->len, a->off);
	a->done += a->len;
	a->len = 0;
	/* Progress is what the stick has taken, and so a cancel does not wait long either. */
	if (ret == 0 && a->done - a->flushed >= FLUSH_BYTES) {
		ret = io_fsync(a->file);
		a->flushed = a->done;
	}
	if (ret < 0)
		return lm_fail(err, ret, a->m->s->base, NULL, "%s",
			       _("Writing to the image failed"));
	ret = plan_run_progress(a->run, a->done, a->total);
	return ret < 0 ? lm_fail(err, ret, NULL, NULL, "%s", _("Stopped")) : 0;
}

static int apply_chunk(void *arg, uint64_t off, uint64_t len, struct lm_error *err)
{
	struct apply *a = arg;
	int ret = 0;

	if (a->len > 0 && (a->off + a->len != off || a->len + len > RUN_BYTES))
		ret = merge_bare_write_run(a, err);
	if (ret < 0)
		return ret;
	if (a->len == 0)
		a->off = off;
	ret = io_source_read(a->m->s->look.view, a->buf + a->len, (size_t)len, off, err);
	a->len += len;
	return ret;
}

int merge_step_apply(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	struct apply a = { .m = m, .run = run, .total = m->changes.live_bytes };
	int ret, closed;

	m->s->run = run;
	ret = session_note(m->s, RECORD_APPLYING, err);
	if (ret < 0)
		return ret;
	/* A chunk may be larger than a run: there is always room for one. */
	a.buf = malloc(RUN_BYTES + (size_t)COW_MAX_CHUNK_SECTORS * 512);
	if (!a.buf)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Writing to the image failed"));
	ret = io_open(m->s->rw.io, m->s->base, IO_WRITE, &a.file);
	if (ret < 0) {
		lm_fail(err, ret, m->s->base, NULL, "%s", _("Opening the image failed"));
		goto out;
	}
	ret = changes_each_chunk(&m->changes, apply_chunk, &a, err);
	if (ret == 0)
		ret = merge_bare_write_run(&a, err);
	plan_run_flushing(run, true);
	closed = io_fsync(a.file);
	plan_run_flushing(run, false);
	if (ret == 0 && closed < 0)
		ret = lm_fail(err, closed, m->s->base, NULL, "%s",
			      _("Writing to the image failed"));
	closed = io_file_close(a.file);
	if (ret == 0 && closed < 0)
		ret = lm_fail(err, closed, m->s->base, NULL, "%s",
			      _("Writing to the image failed"));
out:
	free(a.buf);
	return ret;
}

struct prove {
	struct merge *m;
	struct plan_run *run;
	struct cow_store *store;
	unsigned char *buf; /* two chunks */
};

/* What the image holds now against what the overlay holds. */
static int merge_bare_prove_chunk(struct prove *p, const struct cow_exception *e,
				  struct lm_error *err)
{
	struct merge *m = p->m;
	uint64_t chunk = cow_store_info(p->store)->chunk_sectors * 512ull, off, len;
	unsigned char *want = p->buf + chunk;
	int ret;

	if (!view_fate_range(&m->changes.chunks, e->old_chunk, &off, &len) ||
	    !view_fate_used(&m->changes.chunks, off, len))
		return 0;
	ret = io_read_full(m->s->look.base_file, p->buf, (size_t)len, off);
	if (ret < 0)
		return lm_fail(err, ret, m->s->base, NULL, "%s",
			       _("Reading the image back failed"));
	ret = cow_store_read(p->store, e->new_chunk, 0, want, (size_t)len, err);
	if (ret < 0)
		return ret;
	if (view_fate_same(&m->changes.chunks, off, p->buf, want, (size_t)len))
		return 0;
	lm_fail(err, -EIO, m->s->base,
		_("Nothing is lost: the overlay still holds it. The stick may be failing: copy "
		  "it, then try again."),
		"%s", _("The image does not read back as it was written"));
	return lm_because(err, _("it differs at byte %llu"), (unsigned long long)off);
}

int merge_step_verify_bare(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	struct prove p = { .m = m, .run = run };
	uint64_t count;
	const struct cow_exception *e;
	int ret;

	m->s->run = run;
	/* Afresh, and cold; file system and view are read from what is on the stick now. */
	ret = merge_look(m, m->s->base, err);
	if (ret == 0)
		ret = io_drop_cache(m->s->look.base_file);
	if (ret < 0)
		return ret;
	ret = changes_find(&m->changes, &m->s->look, CHANGES_LIVE, true, NULL, NULL, err);
	if (ret < 0)
		return ret;
	p.store = m->s->look.store;
	p.buf = malloc(2 * (size_t)cow_store_info(p.store)->chunk_sectors * 512);
	if (!p.buf)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Reading the image back failed"));
	e = cow_store_sorted(p.store, &count);
	for (uint64_t i = 0; i < count && ret == 0; i++) {
		ret = merge_bare_prove_chunk(&p, &e[i], err);
		if (ret == 0)
			ret = plan_run_progress(run, i + 1, count);
		if (ret == -ECANCELED)
			lm_fail(err, ret, NULL, NULL, "%s", _("Stopped"));
	}
	free(p.buf);
	return ret;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/view/view.h"

struct view {
	struct io_source source;
	struct io_source *base;
	struct cow_store *store; /* NULL: the base alone */
	uint32_t chunk_bytes;
	unsigned char *fill;     /* a chunk as it reads now, when writable */
};

static struct view *view_of(struct io_source *src)
{
	return (struct view *)src;
}

/*
 * How much of len bytes from off on lies in one piece: in chunks that follow
 * each other in the store, or in chunks of the base. *at is the chunk of the
 * store it begins in, 0 for the base.
 */
static size_t find_run(const struct view *view, uint64_t off, size_t len, uint64_t *at)
{
	uint64_t chunk = off / view->chunk_bytes;
	uint64_t run = view->chunk_bytes - off % view->chunk_bytes;

	uint64_t follows;

	*at = cow_store_lookup(view->store, chunk);
	follows = *at ? *at + 1 : 0;
	while (run < len && cow_store_lookup(view->store, ++chunk) == follows) {
		run += view->chunk_bytes;
		follows += *at != 0;
	}
	return (size_t)min_u64(run, len);
}

static int view_read(struct io_source *src, void *buf, size_t len, uint64_t off,
		     struct lm_error *err)
{
	struct view *view = view_of(src);
	unsigned char *to = buf;

	if (!view->store)
		return io_source_read(view->base, buf, len, off, err);
	while (len) {
		uint64_t at;
		size_t run = find_run(view, off, len, &at);
		int rc;

		if (at)
			rc = cow_store_read(view->store, at, (uint32_t)(off % view->chunk_bytes),
					    to, run, err);
		else
			rc = io_source_read(view->base, to, run, off, err);
		if (rc)
			return rc;
		to += run;
		off += run;
		len -= run;
	}
	return 0;
}

/* The chunk of the base; zeros where the last one sticks out of it. */
static int read_fill(struct view *view, uint64_t chunk, struct lm_error *err)
{
	uint64_t off = chunk * view->chunk_bytes;
	size_t len = (size_t)min_u64(view->chunk_bytes, view->source.size_bytes - off);

	memset(view->fill + len, 0, view->chunk_bytes - len);
	return io_source_read(view->base, view->fill, len, off, err);
}

static int view_write(struct io_source *src, const void *buf, size_t len, uint64_t off,
		      struct lm_error *err)
{
	struct view *view = view_of(src);
	const unsigned char *from = buf;

	while (len) {
		uint64_t chunk = off / view->chunk_bytes;
		uint32_t in = (uint32_t)(off % view->chunk_bytes);
		size_t part = (size_t)min_u64(len, view->chunk_bytes - in);
		const void *fill = NULL;
		int rc;

		if (part < view->chunk_bytes && !cow_store_lookup(view->store, chunk) &&
		    cow_store_info(view->store)->room_chunks) {
			rc = read_fill(view, chunk, err);
			if (rc)
				return rc;
			fill = view->fill;
		}
		rc = cow_store_write(view->store, chunk, in, from, part, fill, err);
		if (rc)
			return rc;
		from += part;
		off += part;
		len -= part;
	}
	return 0;
}

static int view_flush(struct io_source *src, struct lm_error *err)
{
	return cow_store_commit(view_of(src)->store, err);
}

static void view_close(struct io_source *src)
{
	struct view *view = view_of(src);

	free(view->fill);
	free(view);
}

static const struct io_source_ops read_ops = { .read = view_read, .close = view_close };
static const struct io_source_ops write_ops = {
	.read = view_read, .write = view_write, .flush = view_flush, .close = view_close
};

static int refuse(int code, const char *why, struct lm_error *err)
{
	return lm_refuse(err, code, NULL, NULL, why, "%s",
			 _("Laying the overlay over the root image failed"));
}

static int may_open(const struct cow_store *store, bool writable, bool force, struct lm_error *err)
{
	const struct cow_info *info;

	if (!store)
		return writable ? refuse(-EROFS, _("without an overlay it is read-only"), err) : 0;
	info = cow_store_info(store);
	if (info->state == LM_STATE_DAMAGED && (writable || !force))
		return refuse(-EUCLEAN, info->trouble, err);
	if (info->state == LM_STATE_INVALID && !force)
		return refuse(-EUCLEAN, _("the overlay is marked as invalid"), err);
	return 0;
}

int view_open(struct io_source *base, struct cow_store *store, bool writable, bool force,
	      struct io_source **source, struct lm_error *err)
{
	struct view *view;
	int rc;

	*source = NULL;
	rc = may_open(store, writable, force, err);
	if (rc)
		return rc;
	view = calloc(1, sizeof(*view));
	if (view && store) {
		view->chunk_bytes = cow_store_info(store)->chunk_sectors * 512;
		if (writable)
			view->fill = malloc(view->chunk_bytes);
	}
	if (!view || (writable && !view->fill)) {
		free(view);
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s",
			       _("Laying the overlay over the root image failed"));
	}
	view->source.ops = writable ? &write_ops : &read_ops;
	view->source.size_bytes = base->size_bytes;
	view->base = base;
	view->store = store;
	*source = &view->source;
	return 0;
}

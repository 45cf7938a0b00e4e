/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/lesson/draft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"

struct draft {
	struct io_source source;
	struct io_source *below;
	unsigned char **blocks; /* NULL: as below */
	uint64_t count;
};

static struct draft *draft_of(struct io_source *src)
{
	return (struct draft *)src;
}

/* The last block may be cut off by the end. */
static size_t block_len(const struct draft *d, uint64_t block)
{
	return (size_t)min_u64(DRAFT_BLOCK, d->source.size_bytes - block * DRAFT_BLOCK);
}

static int draft_read(struct io_source *src, void *buf, size_t len, uint64_t off,
		      struct lm_error *err)
{
	struct draft *d = draft_of(src);
	unsigned char *to = buf;
	int rc = io_source_read(d->below, buf, len, off, err);

	while (!rc && len) {
		uint64_t block = off / DRAFT_BLOCK;
		size_t in = (size_t)(off % DRAFT_BLOCK);
		size_t part = (size_t)min_u64(len, DRAFT_BLOCK - in);

		if (d->blocks[block])
			memcpy(to, d->blocks[block] + in, part);
		to += part;
		off += part;
		len -= part;
	}
	return rc;
}

static int draft_write(struct io_source *src, const void *buf, size_t len, uint64_t off,
		       struct lm_error *err)
{
	struct draft *d = draft_of(src);
	const unsigned char *from = buf;

	while (len) {
		uint64_t block = off / DRAFT_BLOCK;
		size_t in = (size_t)(off % DRAFT_BLOCK);
		size_t part = (size_t)min_u64(len, DRAFT_BLOCK - in);

		if (!d->blocks[block]) {
			unsigned char *copy = calloc(1, DRAFT_BLOCK);
			int rc = copy ? 0 : lm_fail(err, -ENOMEM, NULL, NULL, "%s",
						    _("Changing the live system failed"));

			if (!rc)
				rc = io_source_read(d->below, copy, block_len(d, block),
						    block * DRAFT_BLOCK, err);
			if (rc) {
				free(copy);
				return rc;
			}
			d->blocks[block] = copy;
		}
		memcpy(d->blocks[block] + in, from, part);
		from += part;
		off += part;
		len -= part;
	}
	return 0;
}

static int draft_flush(struct io_source *src, struct lm_error *err)
{
	(void)src;
	(void)err;
	return 0;
}

static void draft_close(struct io_source *src)
{
	struct draft *d = draft_of(src);
	uint64_t i;

	for (i = 0; i < d->count; i++)
		free(d->blocks[i]);
	free(d->blocks);
	free(d);
}

static const struct io_source_ops draft_ops = {
	.read = draft_read, .write = draft_write, .flush = draft_flush, .close = draft_close
};

int draft_open(struct io_source *below, struct io_source **out, struct lm_error *err)
{
	struct draft *d = calloc(1, sizeof(*d));

	*out = NULL;
	if (d && below->size_bytes / DRAFT_BLOCK < SIZE_MAX / sizeof(*d->blocks)) {
		d->count = below->size_bytes / DRAFT_BLOCK + 1;
		d->blocks = calloc((size_t)d->count, sizeof(*d->blocks));
	}
	if (!d || !d->blocks) {
		free(d);
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s",
			       _("Changing the live system failed"));
	}
	d->source.ops = &draft_ops;
	d->source.size_bytes = below->size_bytes;
	d->below = below;
	*out = &d->source;
	return 0;
}

/* What was written as it had been before costs nothing: the page cache would not know better,
 * but the journal does. */
static int same_as_below(struct draft *d, uint64_t block, bool *same, struct lm_error *err)
{
	unsigned char old[DRAFT_BLOCK];
	size_t len = block_len(d, block);
	int rc = io_source_read(d->below, old, len, block * DRAFT_BLOCK, err);

	*same = !rc && memcmp(old, d->blocks[block], len) == 0;
	return rc;
}

static int apply_pass(struct draft *d, const struct fs *before, bool data, struct lm_error *err)
{
	uint64_t i;
	bool same;
	int rc;

	for (i = 0; i < d->count; i++) {
		uint64_t off = i * DRAFT_BLOCK;

		if (!d->blocks[i] ||
		    fs_range_used(before, off, block_len(d, i)) == data)
			continue;
		rc = same_as_below(d, i, &same, err);
		if (!rc && !same)
			rc = io_source_write(d->below, d->blocks[i], block_len(d, i), off, err);
		if (rc)
			return rc;
	}
	return 0;
}

int draft_apply(struct io_source *src, const struct fs *before, struct lm_error *err)
{
	struct draft *d = draft_of(src);
	int rc = apply_pass(d, before, true, err);

	return rc ? rc : apply_pass(d, before, false, err);
}

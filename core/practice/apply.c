/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the copy that lived on to the overlay: chunk by chunk, what differs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/practice/practice.h"

#define CHUNK  (PRACTICE_CHUNK_SECTORS * 512u)
#define STRIPE (256u * CHUNK)

_Static_assert(CHUNK == PRACTICE_BLOCK_BYTES, "a chunk is a block");
_Static_assert(PRACTICE_ROOT_BYTES % STRIPE == 0, "the root is whole stripes");

int practice_state_open(const char *path, struct practice_state *state, struct lm_error *err)
{
	int rc;

	memset(state, 0, sizeof(*state));
	rc = io_path_open(path, IO_READ, &state->file);
	if (rc)
		lm_fail(err, rc, path, NULL, "%s", _("Opening the root image failed"));
	else
		rc = io_file_source(state->file, false, path, 0, 0, &state->src, err);
	if (!rc)
		rc = fs_open(state->src, &state->fs, err);
	if (!rc)
		rc = fs_load_bitmap(state->fs, err);
	if (rc)
		practice_state_close(state);
	return rc;
}

void practice_state_close(struct practice_state *state)
{
	fs_close(state->fs);
	io_source_close(state->src);
	io_file_close(state->file);
	memset(state, 0, sizeof(*state));
}

/* Compares one stripe with what the overlay and the base say, and writes what differs. */
static int apply_stripe(struct cow_store *store, const char *base, const char *now, uint64_t first,
			const struct practice_state *only_free, struct lm_error *err)
{
	char mapped[CHUNK];
	size_t off;
	int rc;

	for (off = 0; off < STRIPE; off += CHUNK) {
		uint64_t old_chunk = first + off / CHUNK;
		uint64_t new_chunk = cow_store_lookup(store, old_chunk);
		const char *before = base + off;

		if (only_free && fs_range_used(only_free->fs, old_chunk * CHUNK, CHUNK))
			continue;
		if (new_chunk) {
			rc = cow_store_read(store, new_chunk, 0, mapped, CHUNK, err);
			if (rc)
				return rc;
			before = mapped;
		}
		if (memcmp(before, now + off, CHUNK) == 0)
			continue;
		rc = cow_store_write(store, old_chunk, 0, now + off, CHUNK, NULL, err);
		if (rc)
			return rc;
	}
	return 0;
}

int practice_apply(struct practice_state *base, struct practice_state *now,
		   const struct practice_state *only_free, struct cow_store *store,
		   struct lm_error *err)
{
	char *before = malloc(2 * STRIPE), *after = before ? before + STRIPE : NULL;
	uint64_t off;
	int rc = 0, committed;

	if (!before)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Filling the overlay failed"));
	for (off = 0; !rc && off < PRACTICE_ROOT_BYTES; off += STRIPE) {
		rc = io_source_read(base->src, before, STRIPE, off, err);
		if (!rc)
			rc = io_source_read(now->src, after, STRIPE, off, err);
		if (!rc)
			rc = apply_stripe(store, before, after, off / CHUNK, only_free, err);
	}
	free(before);
	if (rc && rc != -ENOSPC)
		return rc;
	committed = cow_store_commit(store, rc ? NULL : err);
	return rc ? rc : committed;
}

int practice_apply_same(struct practice_state *base, uint64_t count, struct cow_store *store,
			struct lm_error *err)
{
	uint64_t chunk = PRACTICE_ROOT_BYTES / CHUNK;
	char buf[CHUNK];
	int rc = 0;

	/* From the end: there lies data, at the beginning metadata. */
	while (!rc && count && chunk-- > 1) {
		if (!fs_range_used(base->fs, chunk * CHUNK, CHUNK) ||
		    cow_store_lookup(store, chunk))
			continue;
		rc = io_source_read(base->src, buf, CHUNK, chunk * CHUNK, err);
		if (!rc)
			rc = cow_store_write(store, chunk, 0, buf, CHUNK, NULL, err);
		count--;
	}
	return rc ? rc : cow_store_commit(store, err);
}

static int read_all(int fd, void *buf, size_t len, off_t off)
{
	char *p = buf;

	while (len) {
		ssize_t n = pread(fd, p, len, off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		p += n;
		off += n;
		len -= (size_t)n;
	}
	return 0;
}

int practice_copy(const char *from, const char *to, struct lm_error *err)
{
	char *buf = malloc(STRIPE);
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	off_t data = 0, end, size;
	struct stat st;
	int rc = 0;

	if (!buf || in < 0 || out < 0 || fstat(in, &st) < 0 || ftruncate(out, st.st_size) < 0) {
		rc = buf ? -errno : -ENOMEM;
		goto out;
	}
	size = st.st_size;
	while (data < size) {
		data = lseek(in, data, SEEK_DATA);
		if (data < 0) {
			rc = errno == ENXIO ? 0 : -errno;
			break;
		}
		end = lseek(in, data, SEEK_HOLE);
		if (end < 0) {
			rc = -errno;
			break;
		}
		while (!rc && data < end) {
			size_t len = end - data < (off_t)STRIPE ? (size_t)(end - data) : STRIPE;
			size_t done = 0;

			rc = read_all(in, buf, len, data);
			while (!rc && done < len) {
				ssize_t n = pwrite(out, buf + done, len - done,
						   data + (off_t)done);

				if (n < 0 && errno != EINTR)
					rc = -errno;
				else if (n > 0)
					done += (size_t)n;
			}
			data += (off_t)len;
		}
		if (rc)
			break;
	}
out:
	if (in >= 0)
		close(in);
	if (out >= 0 && close(out) < 0 && !rc)
		rc = -errno;
	free(buf);
	return rc ? lm_fail(err, rc, to, NULL, "%s", _("Copying the root image failed")) : 0;
}

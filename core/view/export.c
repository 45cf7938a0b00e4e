/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/view/copy.h"
#include "core/view/view.h"

#define BUFFER_BYTES (1u << 20)
#define HOLE_BYTES   4096u

static bool is_zero(const unsigned char *p, size_t len)
{
	return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

/* Length of the piece at the beginning of buf that is all hole, or all data. */
static size_t find_piece(const unsigned char *buf, size_t len, bool *hole)
{
	size_t at = (size_t)min_u64(len, HOLE_BYTES);

	*hole = is_zero(buf, at);
	while (at < len) {
		size_t step = (size_t)min_u64(len - at, HOLE_BYTES);

		if (is_zero(buf + at, step) != *hole)
			break;
		at += step;
	}
	return at;
}

int view_write_sparse(struct io_file *out, const unsigned char *buf, size_t len, uint64_t off,
		      uint64_t *written)
{
	while (len) {
		bool hole;
		size_t piece = find_piece(buf, len, &hole);
		int rc = hole ? 0 : io_pwrite(out, buf, piece, off);

		if (rc)
			return rc;
		if (!hole && written)
			*written += piece;
		buf += piece;
		off += piece;
		len -= piece;
	}
	return 0;
}

static int ask_watch(const struct lm_watch *watch, uint64_t done, uint64_t total, const char *text)
{
	return watch && watch->fn && watch->fn(watch->arg, done, total, text) ? -ECANCELED : 0;
}

int view_export(struct io_source *src, struct io_file *out, const char *out_name,
		const struct lm_watch *watch, struct lm_error *err)
{
	const char *what = _("Exporting the root image failed");
	unsigned char *buf = malloc(BUFFER_BYTES);
	int rc;

	if (!buf)
		return lm_fail(err, -ENOMEM, out_name, NULL, "%s", what);
	rc = io_truncate(out, src->size_bytes);
	if (rc) {
		rc = lm_fail(err, rc, out_name, NULL, "%s", what);
		goto out;
	}
	for (uint64_t off = 0; off < src->size_bytes;) {
		size_t len = (size_t)min_u64(BUFFER_BYTES, src->size_bytes - off);

		rc = ask_watch(watch, off, src->size_bytes, _("Writing the root image"));
		if (rc) {
			rc = lm_fail(err, rc, out_name, NULL, "%s", _("The export was not finished"));
			goto out;
		}
		rc = io_source_read(src, buf, len, off, err);
		if (rc)
			goto out;
		rc = view_write_sparse(out, buf, len, off, NULL);
		if (rc) {
			rc = lm_fail(err, rc, out_name, NULL, "%s", what);
			goto out;
		}
		off += len;
	}
	/* Too late to stop: what follows only waits for the device. */
	(void)ask_watch(watch, src->size_bytes, src->size_bytes, _("Flushing"));
	rc = io_fsync(out);
	if (rc)
		rc = lm_fail(err, rc, out_name, NULL, "%s", what);
out:
	free(buf);
	return rc;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/cow/store.h"
#include "core/error.h"
#include "core/i18n.h"

void cow_header_make(unsigned char *chunk, uint32_t chunk_sectors)
{
	memset(chunk, 0, (size_t)chunk_sectors * COW_SECTOR_BYTES);
	put_le32(chunk, COW_MAGIC);
	put_le32(chunk + 4, 1);
	put_le32(chunk + 8, COW_VERSION);
	put_le32(chunk + 12, chunk_sectors);
}

int cow_reset(struct io_file *file, const char *name, struct lm_error *err)
{
	static const unsigned char zeros[COW_SECTOR_BYTES];
	int rc;

	rc = io_pwrite(file, zeros, sizeof(zeros), 0);
	if (rc)
		return lm_fail(err, rc, name, NULL, "%s", _("Emptying the overlay failed"));
	rc = io_fsync(file);
	if (rc)
		return lm_fail(err, rc, name, NULL, "%s",
			       _("Flushing the emptied overlay to the stick failed"));
	return 0;
}

int cow_format(struct io_file *file, uint32_t chunk_sectors, const char *name,
	       struct lm_error *err)
{
	size_t bytes = (size_t)chunk_sectors * COW_SECTOR_BYTES;
	unsigned char *chunk;
	struct io_stat st;
	int rc;

	if (!cow_chunk_sectors_ok(chunk_sectors))
		return lm_refuse(err, -EINVAL, name, NULL,
				 _("the chunk size must be a power of two up to 4096 sectors"),
				 "%s", _("Making an overlay failed"));
	rc = io_fstat(file, &st);
	if (!rc && st.size_bytes < 2 * bytes)
		rc = -ENOSPC;
	if (rc)
		return lm_fail(err, rc, name, NULL, "%s", _("Making an overlay failed"));
	chunk = calloc(1, bytes);
	if (!chunk)
		return lm_fail(err, -ENOMEM, name, NULL, "%s", _("Making an overlay failed"));
	/* No header may be seen before the table behind it is empty. */
	rc = io_pwrite(file, chunk, bytes, bytes);
	if (!rc)
		rc = io_fsync(file);
	if (!rc) {
		cow_header_make(chunk, chunk_sectors);
		rc = io_pwrite(file, chunk, bytes, 0);
	}
	if (!rc)
		rc = io_fsync(file);
	free(chunk);
	if (rc)
		return lm_fail(err, rc, name, NULL, "%s", _("Making an overlay failed"));
	return 0;
}

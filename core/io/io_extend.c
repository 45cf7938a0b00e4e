/* SPDX-License-Identifier: GPL-3.0-or-later */
/* io_extend.c - see io_extend.h */
#include "core/io/io_extend.h"

#include <errno.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"

#define PIECE (8u << 20)
/* Flushed this often, so that progress is what the device has taken. */
#define FLUSH_BYTES (32u << 20)

int io_extend(struct io_file *file, const char *name, uint64_t from, uint64_t to,
		io_progress_fn progress, void *arg, struct lm_error *err)
{
	uint64_t flushed = from;
	int ret = 0;

	for (uint64_t off = from; off < to && ret == 0;) {
		uint64_t n = min_u64(PIECE, to - off);

		if (progress && progress(arg, off - from, to - from) != 0)
			return lm_fail(err, -ECANCELED, NULL, NULL, "%s", _("Stopped"));
		ret = io_allocate(file, off, n);
		off += n;
		if (ret == 0 && off - flushed >= FLUSH_BYTES) {
			ret = io_fsync(file);
			flushed = off;
		}
	}
	if (ret == 0)
		ret = io_fsync(file);
	if (ret < 0)
		return lm_fail(err, ret, name, NULL, "%s", _("Making room in the file failed"));
	if (progress && progress(arg, to - from, to - from) != 0)
		return lm_fail(err, -ECANCELED, NULL, NULL, "%s", _("Stopped"));
	return 0;
}

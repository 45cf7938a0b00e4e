/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io.h"
#include "core/text.h"

static bool in_range(const struct io_source *src, size_t len, uint64_t off)
{
	uint64_t end;

	return !add_overflows(off, (uint64_t)len, &end) && end <= src->size_bytes;
}

int io_source_read(struct io_source *src, void *buf, size_t len, uint64_t off,
		   struct lm_error *err)
{
	if (!in_range(src, len, off)) {
		lm_fail(err, -EINVAL, NULL, NULL, _("Reading %zu bytes at %" PRIu64 " failed"), len,
			off);
		lm_because(err, _("that is beyond the end, at %" PRIu64), src->size_bytes);
		return -EINVAL;
	}
	return len ? src->ops->read(src, buf, len, off, err) : 0;
}

int io_source_write(struct io_source *src, const void *buf, size_t len, uint64_t off,
		    struct lm_error *err)
{
	if (!src->ops->write)
		return lm_fail(err, -EROFS, NULL, NULL, _("Writing at %" PRIu64 " failed"), off);
	if (!in_range(src, len, off)) {
		lm_fail(err, -EINVAL, NULL, NULL, _("Writing %zu bytes at %" PRIu64 " failed"), len,
			off);
		lm_because(err, _("that is beyond the end, at %" PRIu64), src->size_bytes);
		return -EINVAL;
	}
	return len ? src->ops->write(src, buf, len, off, err) : 0;
}

int io_source_flush(struct io_source *src, struct lm_error *err)
{
	return src->ops->flush ? src->ops->flush(src, err) : 0;
}

void io_source_close(struct io_source *src)
{
	if (src)
		src->ops->close(src);
}

struct file_source {
	struct io_source src;
	struct io_file *file;
	char *name;
	uint64_t start;
	bool owned;
};

static int file_source_read(struct io_source *src, void *buf, size_t len, uint64_t off,
			    struct lm_error *err)
{
	struct file_source *fs = (struct file_source *)src;
	int ret = io_read_full(fs->file, buf, len, fs->start + off);

	if (ret)
		return lm_fail(err, ret, fs->name,
			       _("Copy what you can to another medium: this one may be failing."),
			       _("Reading %zu bytes at %" PRIu64 " failed"), len, fs->start + off);
	return 0;
}

static int file_source_write(struct io_source *src, const void *buf, size_t len, uint64_t off,
			     struct lm_error *err)
{
	struct file_source *fs = (struct file_source *)src;
	int ret = io_pwrite(fs->file, buf, len, fs->start + off);

	if (ret)
		return lm_fail(err, ret, fs->name, NULL,
			       _("Writing %zu bytes at %" PRIu64 " failed"), len, fs->start + off);
	return 0;
}

static int file_source_flush(struct io_source *src, struct lm_error *err)
{
	struct file_source *fs = (struct file_source *)src;
	int ret = io_fsync(fs->file);

	if (ret)
		return lm_fail(err, ret, fs->name, NULL, _("Flushing to the device failed"));
	return 0;
}

static void file_source_close(struct io_source *src)
{
	struct file_source *fs = (struct file_source *)src;

	if (fs->owned)
		io_file_close(fs->file);
	free(fs->name);
	free(fs);
}

static const struct io_source_ops file_source_ops = {
	.read = file_source_read,
	.write = file_source_write,
	.flush = file_source_flush,
	.close = file_source_close,
};

int io_file_source(struct io_file *file, bool owned, const char *name, uint64_t off, uint64_t size,
		   struct io_source **src, struct lm_error *err)
{
	struct file_source *fs = NULL;
	struct io_stat st;
	uint64_t end;
	int ret;

	*src = NULL;
	ret = io_fstat(file, &st);
	if (ret)
		return lm_fail(err, ret, name, NULL, _("Finding out the size failed"));
	if (off > st.size_bytes || add_overflows(off, size, &end) || end > st.size_bytes) {
		lm_fail(err, -EINVAL, name, NULL, _("Opening a part of it failed"));
		lm_because(err, _("the part lies beyond its end"));
		return -EINVAL;
	}
	fs = calloc(1, sizeof(*fs));
	if (!fs)
		return lm_fail(err, -ENOMEM, name, NULL, _("Opening failed"));
	fs->name = text_dup(name ? name : "");
	if (!fs->name) {
		free(fs);
		return lm_fail(err, -ENOMEM, name, NULL, _("Opening failed"));
	}
	fs->src.ops = &file_source_ops;
	fs->src.size_bytes = size ? size : st.size_bytes - off;
	fs->file = file;
	fs->owned = owned;
	fs->start = off;
	*src = &fs->src;
	return 0;
}

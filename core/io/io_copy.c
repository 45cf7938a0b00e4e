/* SPDX-License-Identifier: GPL-3.0-or-later */
/* io_copy.c - see io_copy.h */
#include "core/io/io_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"

#define PIECE (1u << 20)
/* Flushed this often, so that progress is what the device has taken. */
#define FLUSH_BYTES (32u << 20)

struct copy {
	const char *from_name, *to_name;
	struct io_file *from, *to;
	unsigned char *buf; /* two pieces */
	uint64_t size;
	io_progress_fn progress;
	void *arg;
};

static int tell(struct copy *c, uint64_t done, struct lm_error *err)
{
	if (c->progress && c->progress(c->arg, done, 2 * c->size) != 0)
		return lm_fail(err, -ECANCELED, NULL, NULL, "%s", _("Stopped"));
	return 0;
}

static int read_failed(int ret, const char *name, struct lm_error *err)
{
	return lm_fail(err, ret, name, NULL, "%s", _("Reading the file failed"));
}

static int write_failed(int ret, const char *name, struct lm_error *err)
{
	return lm_fail(err, ret, name, NULL, "%s", _("Writing the file failed"));
}

static int write_all(struct copy *c, struct lm_error *err)
{
	uint64_t off, flushed = 0;
	int ret = 0;

	for (off = 0; off < c->size && ret == 0;) {
		size_t n = (size_t)min_u64(PIECE, c->size - off);

		ret = io_read_full(c->from, c->buf, n, off);
		if (ret < 0)
			return read_failed(ret, c->from_name, err);
		ret = io_pwrite(c->to, c->buf, n, off);
		off += n;
		if (ret == 0 && off - flushed >= FLUSH_BYTES) {
			ret = io_fsync(c->to);
			flushed = off;
		}
		if (ret < 0)
			return write_failed(ret, c->to_name, err);
		ret = tell(c, off, err);
	}
	if (ret == 0) {
		ret = io_fsync(c->to);
		if (ret < 0)
			write_failed(ret, c->to_name, err);
	}
	return ret;
}

static int compare_all(struct copy *c, struct lm_error *err)
{
	int ret = io_drop_cache(c->to);

	if (ret < 0)
		return read_failed(ret, c->to_name, err);
	for (uint64_t off = 0; off < c->size && ret == 0;) {
		size_t n = (size_t)min_u64(PIECE, c->size - off);

		ret = io_read_full(c->from, c->buf, n, off);
		if (ret < 0)
			return read_failed(ret, c->from_name, err);
		ret = io_read_full(c->to, c->buf + PIECE, n, off);
		if (ret < 0)
			return read_failed(ret, c->to_name, err);
		if (memcmp(c->buf, c->buf + PIECE, n) != 0) {
			read_failed(-EIO, c->to_name, err);
			return lm_because(err, "%s", _("it does not read back as it was written"));
		}
		off += n;
		ret = tell(c, c->size + off, err);
	}
	return ret;
}

int io_copy(struct io *from_io, const char *from, struct io *to_io, const char *dir,
	      const char *to, io_progress_fn progress, void *arg, struct lm_error *err)
{
	struct copy c = { .from_name = from, .to_name = to, .progress = progress, .arg = arg };
	struct io_stat st;
	int ret, closed;

	c.buf = malloc(2 * PIECE);
	if (!c.buf)
		return lm_fail(err, -ENOMEM, to, NULL, "%s", _("Copying a file failed"));
	ret = io_open(from_io, from, IO_READ, &c.from);
	if (ret == 0)
		ret = io_fstat(c.from, &st);
	if (ret < 0) {
		read_failed(ret, from, err);
		goto out;
	}
	c.size = st.size_bytes;
	ret = io_open(to_io, to, IO_CREATE, &c.to);
	if (ret < 0) {
		write_failed(ret, to, err);
		goto out;
	}
	ret = write_all(&c, err);
	if (ret == 0) {
		ret = io_sync_dir(to_io, dir);
		if (ret < 0)
			write_failed(ret, to, err);
	}
	if (ret == 0)
		ret = compare_all(&c, err);
out:
	closed = io_file_close(c.to);
	if (ret == 0 && closed < 0)
		ret = write_failed(closed, to, err);
	io_file_close(c.from);
	free(c.buf);
	return ret;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/view/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_file.h"
#include "core/view/lazy.h"
#include "core/view/place.h"

/* What is copied at a time. */
#define UNIT_BYTES (64u << 10)
/* How finely it is looked for what has changed. */
#define COMPARE_BYTES 512u
/* Less than this for a lazy copy is not worth the try: the superblocks and bitmaps alone. */
#define LAZY_LEAST (16ull << 20)

struct view_copy {
	struct io_source *src;
	struct io_file *file;
	bool lazy, whole; /* lazy: how it is to be; whole: all of it is there */
	struct lazy watch;
	uint64_t budget, written;
	unsigned char *have, *touched; /* a bit for each unit */
	unsigned char *buf, *other;    /* a unit */
	char *dir, path[120];          /* dir: where there is no /proc, with the file in it */
	/* what went wrong while the child was waiting */
	int failed;
	struct lm_error error;
};

static const char *copy_failed_text(void)
{
	return _("Making a copy of the root file system for e2fsck failed");
}

static bool bit_of(const unsigned char *bits, uint64_t i)
{
	return bits[i / 8] & 1u << i % 8;
}

static void set_bit_of(unsigned char *bits, uint64_t i)
{
	bits[i / 8] = (unsigned char)(bits[i / 8] | 1u << i % 8);
}

/* ---- filling ---- */

static int copy_no_room(struct lm_error *err)
{
	return lm_fail(err, -ENOSPC, NULL,
		       _("Close other programs, or set TMPDIR to a folder with more room, on another "
			 "disk than the stick. With FUSE (fuse3) no room is needed."),
		       "%s", copy_failed_text());
}

static int copy_unit(struct view_copy *c, uint64_t unit, struct lm_error *err)
{
	uint64_t off = unit * UNIT_BYTES;
	size_t len = (size_t)min_u64(UNIT_BYTES, c->src->size_bytes - off);
	int ret;

	if (bit_of(c->have, unit))
		return 0;
	if (c->written > c->budget)
		return copy_no_room(err);
	ret = io_source_read(c->src, c->buf, len, off, err);
	if (ret < 0)
		return ret;
	ret = view_write_sparse(c->file, c->buf, len, off, &c->written);
	if (ret == -ENOSPC)
		return copy_no_room(err);
	if (ret < 0)
		return lm_fail(err, ret, NULL, NULL, "%s", copy_failed_text());
	set_bit_of(c->have, unit);
	return 0;
}

/* lazy_touch_fn */
static int copy_touch(void *arg, uint64_t off, uint64_t len, bool write)
{
	struct view_copy *c = arg;
	uint64_t size = c->src->size_bytes, last;

	if (len == 0 || off >= size)
		return 0;
	last = (off + min_u64(len, size - off) - 1) / UNIT_BYTES;
	for (uint64_t unit = off / UNIT_BYTES; unit <= last; unit++) {
		struct lm_error err;
		int ret;

		lm_error_clear(&err);
		ret = copy_unit(c, unit, &err);
		if (ret < 0) {
			if (!c->failed) {
				c->failed = ret;
				c->error = err;
			}
			return ret == -ENOSPC ? -ENOSPC : -EIO;
		}
		if (write)
			set_bit_of(c->touched, unit);
	}
	return 0;
}

static int copy_all(struct view_copy *c, fs_progress_fn progress, void *arg, struct lm_error *err)
{
	uint64_t units = div_up(c->src->size_bytes, UNIT_BYTES);
	int ret = 0;

	for (uint64_t unit = 0; unit < units && ret == 0; unit++) {
		if (progress && unit % 16 == 0 && progress(arg, 0, unit, units) != 0)
			return lm_fail(err, -ECANCELED, NULL, NULL, "%s", _("Stopped"));
		ret = copy_unit(c, unit, err);
		/* Each that e2fsck could have changed: it is not watched. */
		set_bit_of(c->touched, unit);
	}
	c->whole = ret == 0;
	return ret;
}

/* ---- the file ---- */

/* By a name: where /proc is not there to give one to a file without. */
static int copy_by_name(struct view_copy *c, uint64_t need, const dev_t *not_on, size_t n,
			int *fd)
{
	struct stat st;
	uint64_t room = 0;
	int ret = view_place_make(NULL, &c->dir);

	if (ret < 0)
		return ret;
	ret = stat(c->dir, &st) < 0 ? -errno : 0;
	for (size_t i = 0; i < n && ret == 0; i++)
		ret = st.st_dev == not_on[i] ? -ENOSPC : 0;
	if (ret == 0)
		ret = view_place_room(c->dir, &room);
	if (ret == 0 && room / 2 < need)
		ret = -ENOSPC;
	if (ret < 0)
		return ret;
	c->budget = room / 2;
	if (snprintf(c->path, sizeof(c->path), "%s/root.img", c->dir) >= (int)sizeof(c->path))
		return -ENAMETOOLONG;
	*fd = open(c->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (*fd < 0) {
		c->path[0] = '\0';
		return -errno;
	}
	return 0;
}

static int copy_make_file(struct view_copy *c, const dev_t *not_on, size_t n, struct lm_error *err)
{
	uint64_t size = c->src->size_bytes, need = c->lazy ? min_u64(size, LAZY_LEAST + size / 32) :
							     size;
	int fd = -1, ret;

	if (access("/proc/self/fd", X_OK) == 0)
		ret = view_temp_file(need, not_on, n, &fd, &c->budget);
	else
		ret = copy_by_name(c, need, not_on, n, &fd);
	if (ret == -ENOSPC)
		return copy_no_room(err);
	if (ret == 0 && c->lazy)
		ret = lazy_init(&c->watch, fd, copy_touch, c);
	if (ret < 0 && fd >= 0)
		close(fd);
	if (ret == 0)
		ret = io_fd_file(fd, &c->file);
	if (ret == 0)
		ret = io_truncate(c->file, size);
	/* Number 3 is where fs_e2fsck_with() puts it. */
	if (ret == 0 && !c->path[0])
		snprintf(c->path, sizeof(c->path), "/proc/self/fd/3");
	return ret < 0 ? lm_fail(err, ret, NULL, NULL, "%s", copy_failed_text()) : 0;
}

int view_copy_open(struct io_source *src, bool lazy, const dev_t *not_on, size_t n_not_on,
		   struct view_copy **copy, struct lm_error *err)
{
	size_t bits = (size_t)(div_up(src->size_bytes, UNIT_BYTES) / 8 + 1);
	struct view_copy *c;
	int ret;

	*copy = NULL;
	if (lazy && !lazy_possible()) {
		lm_fail(err, -EOPNOTSUPP, NULL, NULL, "%s", copy_failed_text());
		return lm_because(err, "%s",
				  _("this kernel cannot tell of the calls of a child "
				    "(seccomp, Linux 5.5)"));
	}
	c = calloc(1, sizeof(*c));
	if (c) {
		c->src = src;
		c->lazy = lazy;
		c->have = calloc(1, bits);
		c->touched = calloc(1, bits);
		c->buf = malloc(UNIT_BYTES);
		c->other = malloc(UNIT_BYTES);
	}
	if (!c || !c->have || !c->touched || !c->buf || !c->other)
		ret = lm_fail(err, -ENOMEM, NULL, NULL, "%s", copy_failed_text());
	else
		ret = copy_make_file(c, not_on, n_not_on, err);
	if (ret < 0) {
		view_copy_close(c);
		return ret;
	}
	*copy = c;
	return 0;
}

void view_copy_close(struct view_copy *c)
{
	if (!c)
		return;
	io_file_close(c->file);
	if (c->dir) {
		if (c->path[0])
			(void)unlink(c->path);
		(void)rmdir(c->dir);
	}
	lazy_free(&c->watch);
	free(c->dir);
	free(c->have);
	free(c->touched);
	free(c->buf);
	free(c->other);
	free(c);
}

/* ---- e2fsck ---- */

int view_copy_e2fsck(struct view_copy *c, enum fs_e2fsck mode, const struct fs_backup *backup,
		     const char *const *env, fs_progress_fn progress, fs_line_fn line, void *arg,
		     int *status, struct lm_error *err)
{
	struct fs_e2fsck_with with = { .fd = c->dir ? -1 : io_fd(c->file),
				       .env = env,
				       .backup = backup };
	int ret = c->lazy || c->whole ? 0 : copy_all(c, progress, arg, err);

	if (ret < 0)
		return ret;
	if (c->lazy) {
		with.prepare = lazy_prepare;
		with.answer = lazy_answer;
		with.arg = &c->watch;
		c->watch.listener = -1;
	}
	c->failed = 0;
	ret = fs_e2fsck_with(c->path, mode, &with, progress, line, arg, status, err);
	if (c->failed && ret != -ECANCELED) {
		/* What e2fsck calls an I/O error has its true reason here. */
		ret = c->failed;
		if (err)
			*err = c->error;
	}
	return ret;
}

/* ---- what it changed ---- */

static int take_unit(struct view_copy *c, uint64_t unit, struct io_source *to,
		     struct lm_error *err)
{
	uint64_t off = unit * UNIT_BYTES;
	size_t len = (size_t)min_u64(UNIT_BYTES, c->src->size_bytes - off), at, n;
	int ret = io_read_full(c->file, c->buf, len, off);

	if (ret < 0)
		return lm_fail(err, ret, NULL, NULL, "%s", copy_failed_text());
	ret = io_source_read(to, c->other, len, off, err);
	for (at = 0; at < len && ret == 0; at += n) {
		n = (size_t)min_u64(COMPARE_BYTES, len - at);
		if (memcmp(c->buf + at, c->other + at, n) != 0)
			ret = io_source_write(to, c->buf + at, n, off + at, err);
	}
	return ret;
}

int view_copy_take(struct view_copy *c, struct io_source *to, struct lm_error *err)
{
	uint64_t units = div_up(c->src->size_bytes, UNIT_BYTES);
	int ret = 0;

	for (uint64_t unit = 0; unit < units && ret == 0; unit++)
		if (bit_of(c->have, unit) && bit_of(c->touched, unit))
			ret = take_unit(c, unit, to, err);
	return ret == 0 ? io_source_flush(to, err) : ret;
}

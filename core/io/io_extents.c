/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/io_extents.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

struct extents_file {
	struct io_file file;
	struct io_source *src;
	struct io_extents x;
	unsigned char *bytes; /* of a file in memory, else NULL */
	struct io_stat st;
};

int io_extents_add(struct io_extents *x, uint64_t from, uint64_t src_off, uint64_t len)
{
	struct io_extent *last = x->count ? &x->list[x->count - 1] : NULL;
	uint64_t end, src_end;

	if (add_overflows(from, len, &end) || add_overflows(src_off, len, &src_end))
		return -EUCLEAN;
	if (last && (from < last->from + last->len))
		return -EUCLEAN;
	if (last && last->from + last->len == from && last->src_off + last->len == src_off) {
		last->len += len;
		return 0;
	}
	if (x->count == x->cap) {
		size_t cap = x->cap ? x->cap * 2 : 8;
		struct io_extent *grown = reallocarray(x->list, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		x->list = grown;
		x->cap = cap;
	}
	x->list[x->count++] = (struct io_extent){ from, src_off, len };
	return 0;
}

void io_extents_free(struct io_extents *x)
{
	free(x->list);
	memset(x, 0, sizeof(*x));
}

/* The first extent that ends behind off. */
static size_t find_extent(const struct io_extents *x, uint64_t off)
{
	size_t low = 0, high = x->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (x->list[mid].from + x->list[mid].len <= off)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static ssize_t extents_pread(struct io_file *file, void *buf, size_t len, uint64_t off)
{
	struct extents_file *f = (struct extents_file *)file;
	unsigned char *out = buf;
	struct lm_error err;
	size_t i, done = 0;

	if (off >= f->st.size_bytes)
		return 0;
	len = (size_t)min_u64(min_u64(len, f->st.size_bytes - off), SSIZE_MAX);
	if (f->bytes) {
		memcpy(buf, f->bytes + off, len);
		return (ssize_t)len;
	}
	for (i = find_extent(&f->x, off); done < len; i++) {
		const struct io_extent *e = i < f->x.count ? &f->x.list[i] : NULL;
		uint64_t at = off + done, hole;
		size_t n;
		int ret;

		hole = !e ? len - done : e->from > at ? min_u64(e->from - at, len - done) : 0;
		memset(out + done, 0, (size_t)hole);
		done += (size_t)hole;
		at += hole;
		if (!e || done == len)
			break;
		n = (size_t)min_u64(e->len - (at - e->from), len - done);
		ret = io_source_read(f->src, out + done, n, e->src_off + (at - e->from), &err);
		if (ret)
			return done ? (ssize_t)done : ret;
		done += n;
	}
	return (ssize_t)done;
}

static int extents_fstat(struct io_file *file, struct io_stat *st)
{
	*st = ((struct extents_file *)file)->st;
	return 0;
}

static int extents_close(struct io_file *file)
{
	struct extents_file *f = (struct extents_file *)file;

	io_extents_free(&f->x);
	free(f->bytes);
	free(f);
	return 0;
}

static const struct io_ops extents_ops = {
	.pread = extents_pread,
	.fstat = extents_fstat,
	.file_close = extents_close,
};

static int new_file(struct io_source *src, struct io_extents *x, void *bytes,
		    const struct io_stat *st, struct io_file **file)
{
	struct extents_file *f = calloc(1, sizeof(*f));

	*file = NULL;
	if (!f) {
		if (x)
			io_extents_free(x);
		free(bytes);
		return -ENOMEM;
	}
	f->file.ops = &extents_ops;
	f->src = src;
	if (x)
		f->x = *x;
	f->bytes = bytes;
	f->st = *st;
	*file = &f->file;
	return 0;
}

int io_extents_file(struct io_source *src, struct io_extents *x, const struct io_stat *st,
		    struct io_file **file)
{
	size_t i;

	*file = NULL;
	for (i = 0; i < x->count; i++) {
		uint64_t end = x->list[i].src_off + x->list[i].len;

		if (end > src->size_bytes) {
			io_extents_free(x);
			return -EUCLEAN;
		}
	}
	return new_file(src, x, NULL, st, file);
}

int io_memory_file(void *bytes, size_t len, const struct io_stat *st, struct io_file **file)
{
	struct io_stat own = *st;

	own.size_bytes = len;
	return new_file(NULL, NULL, bytes, &own, file);
}

int io_walk(const char *path, int (*fn)(void *arg, const char *name), void *arg)
{
	char name[1024];

	if (*path == '/' || *path == '\0')
		return -EXDEV;
	while (*path) {
		size_t n = strcspn(path, "/");
		int ret;

		if (n >= sizeof(name))
			return -ENAMETOOLONG;
		memcpy(name, path, n);
		name[n] = '\0';
		path += n;
		path += strspn(path, "/");
		if (!n || strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0)
			return -EXDEV;
		ret = fn(arg, name);
		if (ret)
			return ret;
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/io_patch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

#define PAGE_BYTES 4096u
#define SECTORS    (PAGE_BYTES / IO_PATCH_SECTOR)

/* One piece of the file as it will be. */
struct page {
	uint64_t number;
	unsigned touched; /* bit for each sector that was written to */
	unsigned char bytes[PAGE_BYTES];
};

struct io_patch {
	struct io_file file; /* must be first */
	struct io_file *below;
	uint64_t below_bytes, bytes, limit;
	struct page **pages; /* ascending by number */
	size_t count, cap;
};

static struct io_patch *patch_of(struct io_file *file)
{
	return (struct io_patch *)file;
}

/* The place of the page with this number, or where it belongs. */
static size_t place_of(const struct io_patch *p, uint64_t number)
{
	size_t low = 0, high = p->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (p->pages[mid]->number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* What below holds there, and zeros beyond its end. */
static int read_below(struct io_patch *p, void *buf, size_t len, uint64_t off)
{
	size_t there = off < p->below_bytes ? (size_t)min_u64(len, p->below_bytes - off) : 0;
	int ret = there ? io_read_full(p->below, buf, there, off) : 0;

	memset((char *)buf + there, 0, len - there);
	return ret;
}

static int page_for_writing(struct io_patch *p, uint64_t number, struct page **page)
{
	size_t at = place_of(p, number);
	struct page *new_page;
	int ret;

	if (at < p->count && p->pages[at]->number == number) {
		*page = p->pages[at];
		return 0;
	}
	if ((p->count + 1) * (uint64_t)PAGE_BYTES > p->limit)
		return -EFBIG;
	if (p->count == p->cap) {
		size_t cap = p->cap * 2 + 64;
		struct page **pages = reallocarray(p->pages, cap, sizeof(struct page *));

		if (!pages)
			return -ENOMEM;
		p->pages = pages;
		p->cap = cap;
	}
	new_page = calloc(1, sizeof(*new_page));
	if (!new_page)
		return -ENOMEM;
	new_page->number = number;
	ret = read_below(p, new_page->bytes, PAGE_BYTES, number * PAGE_BYTES);
	if (ret < 0) {
		free(new_page);
		return ret;
	}
	memmove(p->pages + at + 1, p->pages + at, (p->count - at) * sizeof(struct page *));
	p->pages[at] = new_page;
	p->count++;
	*page = new_page;
	return 0;
}

static int patch_pwrite(struct io_file *file, const void *buf, size_t len, uint64_t off)
{
	struct io_patch *p = patch_of(file);
	const unsigned char *from = buf;
	uint64_t end;

	if (add_overflows(off, len, &end) || end > INT64_MAX)
		return -EFBIG;
	while (len > 0) {
		size_t at = (size_t)(off % PAGE_BYTES);
		size_t n = (size_t)min_u64(len, PAGE_BYTES - at);
		struct page *page;
		int ret = page_for_writing(p, off / PAGE_BYTES, &page);

		if (ret < 0)
			return ret;
		memcpy(page->bytes + at, from, n);
		for (size_t s = at / IO_PATCH_SECTOR; s <= (at + n - 1) / IO_PATCH_SECTOR; s++)
			page->touched |= 1u << s;
		from += n;
		off += n;
		len -= n;
	}
	p->bytes = max_u64(p->bytes, end);
	return 0;
}

static ssize_t patch_pread(struct io_file *file, void *buf, size_t len, uint64_t off)
{
	struct io_patch *p = patch_of(file);
	unsigned char *to = buf;
	size_t done = 0;

	if (off >= p->bytes)
		return 0;
	len = (size_t)min_u64(len, p->bytes - off);
	while (done < len) {
		uint64_t here = off + done, number = here / PAGE_BYTES;
		size_t at = (size_t)(here % PAGE_BYTES), place = place_of(p, number);
		size_t n = (size_t)min_u64(len - done, PAGE_BYTES - at);

		if (place < p->count && p->pages[place]->number == number) {
			memcpy(to + done, p->pages[place]->bytes + at, n);
		} else {
			int ret;

			/* All at once up to the next page of ours. */
			n = len - done;
			if (place < p->count)
				n = (size_t)min_u64(n, p->pages[place]->number * PAGE_BYTES - here);
			ret = read_below(p, to + done, n, here);
			if (ret < 0)
				return ret;
		}
		done += n;
	}
	return (ssize_t)done;
}

static int patch_nothing(struct io_file *file)
{
	(void)file;
	return 0;
}

static int patch_truncate(struct io_file *file, uint64_t size)
{
	struct io_patch *p = patch_of(file);

	if (size < p->bytes)
		return -EINVAL;
	p->bytes = size;
	return 0;
}

static int patch_allocate(struct io_file *file, uint64_t off, uint64_t len)
{
	uint64_t end;

	if (add_overflows(off, len, &end))
		return -EFBIG;
	return end > patch_of(file)->bytes ? patch_truncate(file, end) : 0;
}

static int patch_fstat(struct io_file *file, struct io_stat *st)
{
	int ret = io_fstat(patch_of(file)->below, st);

	st->size_bytes = patch_of(file)->bytes;
	return ret;
}

static int patch_lock(struct io_file *file)
{
	(void)file;
	return -EOPNOTSUPP;
}

static int patch_fd(struct io_file *file)
{
	(void)file;
	return -1;
}

static const struct io_ops patch_ops = {
	.pread = patch_pread,
	.pwrite = patch_pwrite,
	.fsync = patch_nothing,
	.truncate = patch_truncate,
	.allocate = patch_allocate,
	.drop_cache = patch_nothing,
	.fstat = patch_fstat,
	.lock = patch_lock,
	.file_close = patch_nothing,
	.fd = patch_fd,
};

int io_patch_new(struct io_file *below, uint64_t limit, struct io_patch **patch)
{
	struct io_patch *p = calloc(1, sizeof(*p));
	struct io_stat st;
	int ret;

	*patch = NULL;
	if (!p)
		return -ENOMEM;
	ret = io_fstat(below, &st);
	if (ret < 0) {
		free(p);
		return ret;
	}
	p->file.ops = &patch_ops;
	p->below = below;
	p->below_bytes = p->bytes = st.size_bytes;
	p->limit = limit;
	*patch = p;
	return 0;
}

void io_patch_free(struct io_patch *patch)
{
	if (!patch)
		return;
	for (size_t i = 0; i < patch->count; i++)
		free(patch->pages[i]);
	free(patch->pages);
	free(patch);
}

struct io_file *io_patch_file(struct io_patch *patch)
{
	return &patch->file;
}

uint64_t io_patch_size(const struct io_patch *patch)
{
	return patch->bytes;
}

/* Forgets the sectors that are what they were, and those beyond the end. */
static unsigned really_changed(const struct io_patch *p, const struct page *page,
			       const unsigned char *was)
{
	unsigned changed = page->touched;

	for (size_t s = 0; s < SECTORS; s++) {
		size_t at = s * IO_PATCH_SECTOR;

		if (page->number * PAGE_BYTES + at >= p->bytes ||
		    memcmp(page->bytes + at, was + at, IO_PATCH_SECTOR) == 0)
			changed &= ~(1u << s);
	}
	return changed;
}

int io_patch_each(struct io_patch *patch, io_patch_fn fn, void *arg)
{
	unsigned char was[PAGE_BYTES];
	int ret = 0;

	for (size_t i = 0; i < patch->count && ret == 0; i++) {
		const struct page *page = patch->pages[i];
		uint64_t start = page->number * PAGE_BYTES;
		unsigned changed;

		ret = read_below(patch, was, PAGE_BYTES, start);
		if (ret < 0)
			break;
		changed = really_changed(patch, page, was);
		for (size_t s = 0; s < SECTORS && ret == 0;) {
			size_t from = s;

			while (s < SECTORS && changed >> s & 1)
				s++;
			if (s == from) {
				s++;
				continue;
			}
			from *= IO_PATCH_SECTOR;
			ret = fn(arg, start + from, was + from, page->bytes + from,
				 (size_t)min_u64(s * IO_PATCH_SECTOR - from,
						 patch->bytes - start - from));
		}
	}
	return ret;
}

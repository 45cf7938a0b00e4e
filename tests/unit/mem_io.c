/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/mem_io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/bytes.h"

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

/* Pages of zeros that take up room only where they are written. */
static unsigned char *get_pages(uint64_t size)
{
	void *pages;

	/* A test that wants more than there are addresses for is wrong on this machine. */
	if (size > SIZE_MAX)
		abort();
	pages = mmap(NULL, size ? (size_t)size : 1, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return pages == MAP_FAILED ? must(NULL) : pages;
}

static void put_pages(unsigned char *pages, uint64_t size)
{
	if (pages)
		(void)munmap(pages, size ? (size_t)size : 1);
}

static ssize_t mem_pread(struct io_file *file, void *buf, size_t len, uint64_t off)
{
	struct mem_file *mem = (struct mem_file *)file;
	size_t real;

	mem->reads++;
	if (off >= mem->size)
		return 0;
	len = (size_t)min_u64(len, mem->size - off);
	mem->read_bytes += len;
	real = off < mem->stored ? (size_t)min_u64(len, mem->stored - off) : 0;
	if (real)
		memcpy(buf, mem->data + off, real);
	memset((unsigned char *)buf + real, 0, len - real);
	return (ssize_t)len;
}

static int may_fail(struct mem_file *mem)
{
	if (mem->readonly)
		return -EROFS;
	return mem->fail_at && --mem->fail_at == 0 ? mem->fail_with : 0;
}

static struct mem_event *note(struct mem_file *mem)
{
	if (mem->n_events == mem->cap_events) {
		mem->cap_events = mem->cap_events * 2 + 64;
		mem->events =
			must(reallocarray(mem->events, mem->cap_events, sizeof(*mem->events)));
	}
	memset(&mem->events[mem->n_events], 0, sizeof(*mem->events));
	return &mem->events[mem->n_events++];
}

static int mem_pwrite(struct io_file *file, const void *buf, size_t len, uint64_t off)
{
	struct mem_file *mem = (struct mem_file *)file;
	int rc = may_fail(mem);

	if (rc)
		return rc;
	/* A write that makes the file longer is a fault of who writes. */
	if (off > mem->stored || len > mem->stored - off)
		abort();
	if (mem->record && len) {
		struct mem_event *event = note(mem);

		event->off = off;
		event->len = len;
		event->was = memcpy(must(malloc(len)), mem->data + off, len);
		event->now = memcpy(must(malloc(len)), buf, len);
	}
	mem->writes++;
	if (len)
		memcpy(mem->data + off, buf, len);
	return 0;
}

static int mem_fsync(struct io_file *file)
{
	struct mem_file *mem = (struct mem_file *)file;
	int rc = may_fail(mem);

	if (rc)
		return rc;
	mem->flushes++;
	if (mem->record)
		note(mem)->flush = true;
	return 0;
}

static int mem_fstat(struct io_file *file, struct io_stat *st)
{
	struct mem_file *mem = (struct mem_file *)file;

	memset(st, 0, sizeof(*st));
	st->kind = IO_REGULAR;
	st->size_bytes = mem->size;
	st->on_disk_bytes = mem->stored;
	return 0;
}

static int mem_truncate(struct io_file *file, uint64_t size)
{
	struct mem_file *mem = (struct mem_file *)file;

	if (size > mem->stored) {
		unsigned char *data = get_pages(size);

		memcpy(data, mem->data, (size_t)mem->stored);
		put_pages(mem->data, mem->stored);
		mem->data = data;
		mem->stored = size;
	}
	mem->size = size;
	return 0;
}

static int mem_close(struct io_file *file)
{
	(void)file;
	return 0;
}

static int mem_fd(struct io_file *file)
{
	(void)file;
	return -1;
}

static const struct io_ops mem_ops = {
	.pread = mem_pread,
	.pwrite = mem_pwrite,
	.fsync = mem_fsync,
	.fstat = mem_fstat,
	.truncate = mem_truncate,
	.file_close = mem_close,
	.fd = mem_fd,
};

void mem_file_make(struct mem_file *mem, uint64_t size, uint64_t stored)
{
	memset(mem, 0, sizeof(*mem));
	mem->file.ops = &mem_ops;
	mem->size = size;
	mem->stored = stored;
	mem->data = get_pages(stored);
	mem->fail_with = -EIO;
}

void mem_file_forget(struct mem_file *mem)
{
	for (size_t i = 0; i < mem->n_events; i++) {
		free(mem->events[i].was);
		free(mem->events[i].now);
	}
	mem->n_events = 0;
	mem->writes = mem->flushes = mem->reads = 0;
	mem->read_bytes = 0;
}

void mem_file_free(struct mem_file *mem)
{
	mem_file_forget(mem);
	free(mem->events);
	put_pages(mem->data, mem->stored);
	memset(mem, 0, sizeof(*mem));
}

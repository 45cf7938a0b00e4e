/* SPDX-License-Identifier: GPL-3.0-or-later */
/* small_stick.c - see small_stick.h */
#include "tests/lib/small_stick.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/cow/cow.h"
#include "core/fs/fs.h"
#include "core/io/io.h"
#include "core/livemend.h"
#include "core/stick/stick.h"
#include "core/view/view.h"

#define OVERLAY "LiveOS/overlay-LIVE-1A2B-3C4D"
#define CHUNK 4096u
#define BLOCK 1024u

static void run(const char *format, ...)
{
	char line[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (system(line) != 0)
		fail_msg("failed: %s", line);
}

static unsigned char *slurp(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	unsigned char *data;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	data = malloc(*len + 1);
	assert_non_null(data);
	assert_int_equal(read(fd, data, *len), *len);
	close(fd);
	return data;
}

static void spill(const char *path, const unsigned char *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(close(fd), 0);
}

/* ---- states of the folder ---- */

void small_files_free(struct small_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->files[i].data);
	files->count = 0;
}

static struct small_files *walking;
static const char *walk_top;

static int take(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type != FTW_F)
		return 0;
	assert_true(walking->count < SMALL_MAX_FILES);
	snprintf(walking->files[walking->count].path, sizeof(walking->files[0].path), "%s",
		 path + strlen(walk_top) + 1);
	walking->files[walking->count].data =
		slurp(path, &walking->files[walking->count].len);
	walking->count++;
	return 0;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void small_save(const struct small_stick *s, struct small_files *files)
{
	files->count = 0;
	walking = files;
	walk_top = s->top;
	assert_int_equal(nftw(s->top, take, 8, FTW_PHYS), 0);
}

void small_restore(const struct small_stick *s, const struct small_files *files)
{
	char path[256];

	nftw(s->top, drop, 8, FTW_PHYS | FTW_DEPTH);
	assert_int_equal(mkdir(s->top, 0755), 0);
	snprintf(path, sizeof(path), "%s/LiveOS", s->top);
	assert_int_equal(mkdir(path, 0755), 0);
	for (size_t i = 0; i < files->count; i++) {
		snprintf(path, sizeof(path), "%s/%s", s->top, files->files[i].path);
		if (strstr(path, "/livemend/")) {
			char dir[256];

			snprintf(dir, sizeof(dir), "%s/LiveOS/livemend", s->top);
			mkdir(dir, 0755);
		}
		spill(path, files->files[i].data, files->files[i].len);
	}
}

bool small_exists(const struct small_stick *s, const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", s->top, path);
	return access(full, F_OK) == 0;
}

bool small_same(const struct small_stick *s, const struct small_files *files, const char *path)
{
	char full[256];
	unsigned char *now;
	size_t len;
	bool same = false;

	if (!small_exists(s, path))
		return false;
	snprintf(full, sizeof(full), "%s/%s", s->top, path);
	now = slurp(full, &len);
	for (size_t i = 0; i < files->count; i++) {
		if (strcmp(files->files[i].path, path) == 0)
			same = files->files[i].len == len &&
			       memcmp(files->files[i].data, now, len) == 0;
	}
	free(now);
	return same;
}

/* ---- making one ---- */

/* Half of it compresses, half does not; the same on each run. */
static void write_file(const char *dir, const char *name, size_t len, unsigned seed)
{
	unsigned char *data = malloc(len);
	char path[512];

	assert_non_null(data);
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245u + 12345u;
		data[i] = (i / 512) % 2 ? (unsigned char)(seed >> 16) : (unsigned char)(i / 4096);
	}
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	spill(path, data, len);
	free(data);
}

static void find_used(struct small_stick *s, const char *path)
{
	struct io_file *file;
	struct io_source *src;
	struct fs *fs;

	assert_int_equal(io_path_open(path, IO_READ, &file), 0);
	assert_int_equal(io_file_source(file, true, path, 0, 0, &src, NULL), 0);
	assert_int_equal(fs_open(src, &fs, NULL), 0);
	assert_true(fs_info(fs)->readable);
	assert_int_equal(fs_load_bitmap(fs, NULL), 0);
	s->used = calloc(s->want_len / BLOCK, sizeof(*s->used));
	assert_non_null(s->used);
	for (size_t b = 0; b < s->want_len / BLOCK; b++)
		s->used[b] = fs_range_used(fs, b * BLOCK, BLOCK);
	fs_close(fs);
	io_source_close(src);
}

static bool chunk_used(const struct small_stick *s, size_t chunk)
{
	for (size_t b = chunk * CHUNK / BLOCK; b < (chunk + 1) * CHUNK / BLOCK; b++) {
		if (b < s->want_len / BLOCK && s->used[b])
			return true;
	}
	return false;
}

static void make_overlay(struct small_stick *s, const unsigned char *base, const char *path)
{
	struct cow_store *store;
	struct io_file *file;
	unsigned char garbage[CHUNK], last[CHUNK];
	unsigned dead = 0, equal = 0, live = 0;

	memset(garbage, 0xa5, sizeof(garbage));
	run("truncate -s 1028K %s", path);
	assert_int_equal(io_path_open(path, IO_WRITE, &file), 0);
	assert_int_equal(cow_format(file, CHUNK / 512, path, NULL), 0);
	assert_int_equal(cow_store_open(file, path, s->want_len / 512, &store, NULL), 0);
	for (size_t c = 0; c * CHUNK < s->want_len; c++) {
		const unsigned char *new = s->want + c * CHUNK, *from = NULL;
		size_t len = s->want_len - c * CHUNK;
		bool partial = len < CHUNK;

		if (partial) {
			memcpy(last, garbage, sizeof(last));
			memcpy(last, new, len);
			new = last;
		} else {
			len = CHUNK;
		}
		if (!chunk_used(s, c)) {
			if (dead++ < 5 || partial)
				from = garbage;
		} else if (memcmp(new, base + c * CHUNK, len) != 0) {
			from = new;
			live++;
		} else if (c % 20 == 7 || partial) {
			from = new;
			equal++;
		}
		if (from)
			assert_int_equal(cow_store_write(store, c, 0, from, CHUNK, NULL, NULL), 0);
	}
	assert_int_equal(cow_store_commit(store, NULL), 0);
	cow_store_close(store);
	assert_int_equal(io_file_close(file), 0);
	if (live < 20 || equal < 3 || dead < 5)
		fail_msg("live %u, equal %u, dead %u", live, equal, dead);
}

static void make(struct small_stick *s, bool bare, bool same, enum small_tail tail)
{
	const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	char path[256];
	unsigned char *base;
	size_t len;

	memset(s, 0, sizeof(*s));
	if (system("PATH=$PATH:/sbin:/usr/sbin; command -v mkfs.ext4 debugfs mksquashfs e2fsck "
		   ">/dev/null") != 0)
		skip();
	setenv("PATH", "/usr/sbin:/sbin:/usr/bin:/bin", 1);
	snprintf(s->room, sizeof(s->room), "%s/lm-crash-XXXXXX", tmp);
	assert_non_null(mkdtemp(s->room));
	snprintf(s->top, sizeof(s->top), "%s/stick", s->room);
	snprintf(s->trash, sizeof(s->trash), "%s/trash", s->room);
	s->bare = bare;
	run("cd %s && mkdir -p trash stick/LiveOS tree/sub root/LiveOS", s->room);
	snprintf(path, sizeof(path), "%s/tree", s->room);
	write_file(path, "one", 150000, 1);
	write_file(path, "two", 200000, 2);
	write_file(path, "sub/three", 90000, 3);
	write_file(path, "gone", 120000, 4);
	run("cd %s && mkfs.ext4 -q -F -b 1024 -O ^has_journal -E root_owner=0:0 -d tree a.img %s "
	    ">/dev/null 2>&1", s->room, tail == SMALL_TAIL_DEAD ? "2049K" : "2M");
	/* What lies behind the file system counts, for nobody knows what it is. */
	if (tail == SMALL_TAIL_EQUAL || tail == SMALL_TAIL_LIVE)
		run("truncate -s +3K %s/a.img", s->room);
	write_file(path, "new", 110000, 5);
	write_file(path, "two", 200000, 6);
	run("cd %s && cp a.img b.img && printf 'rm gone\\nrm two\\nwrite tree/new new\\n"
	    "write tree/two two\\nmkdir dir\\n' > cmds && debugfs -w -f cmds b.img >/dev/null 2>&1 "
	    "&& { e2fsck -fy b.img >/dev/null 2>&1; e2fsck -fn b.img >/dev/null 2>&1; }", s->room);
	if (tail == SMALL_TAIL_LIVE)
		run("printf x | dd of=%s/b.img bs=1 seek=2100000 conv=notrunc 2>/dev/null", s->room);
	snprintf(path, sizeof(path), "%s/b.img", s->room);
	s->want = slurp(path, &s->want_len);
	find_used(s, path);
	snprintf(path, sizeof(path), "%s/a.img", s->room);
	base = slurp(path, &len);
	assert_int_equal(len, s->want_len);
	snprintf(path, sizeof(path), "%s/%s", s->top, OVERLAY);
	make_overlay(s, base, path);
	free(base);
	if (bare)
		run("cd %s && cp a.img stick/LiveOS/rootfs.img", s->room);
	else
		run("cd %s && cp %s root/LiveOS/rootfs.img && mksquashfs root "
		    "stick/LiveOS/squashfs.img -noappend -comp gzip -b 16K -quiet -no-progress "
		    ">/dev/null 2>&1", s->room, same ? "b.img" : "a.img");
	small_save(s, &s->fresh);
}

void small_make(struct small_stick *s, bool bare)
{
	make(s, bare, false, SMALL_WHOLE);
}

void small_make_tail(struct small_stick *s, bool bare, enum small_tail tail)
{
	make(s, bare, false, tail);
}

void small_make_same(struct small_stick *s)
{
	make(s, false, true, SMALL_WHOLE);
}

void small_free(struct small_stick *s)
{
	small_files_free(&s->fresh);
	free(s->want);
	free(s->used);
	if (s->room[0])
		nftw(s->room, drop, 8, FTW_PHYS | FTW_DEPTH);
}

int small_on_view(const struct small_stick *stick, const char *overlay, const char *format)
{
	struct lm_stick *opened;
	struct stick_look look;
	struct cow_store *store;
	struct io_source *view;
	struct io_file *file, *out;
	char path[300], copy[300], line[700];
	unsigned char now[512], was[512];
	struct lm_ctx *ctx;
	uint64_t size;
	int status;

	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	assert_int_equal(lm_stick_open(ctx, stick->top, &opened, NULL), 0);
	assert_int_equal(stick_look_open(opened, 0, &look, NULL), 0);
	snprintf(path, sizeof(path), "%s/%s", stick->top, overlay);
	snprintf(copy, sizeof(copy), "%s/view.img", stick->room);
	assert_int_equal(io_path_open(path, IO_WRITE, &file), 0);
	assert_int_equal(cow_store_open(file, path, 0, &store, NULL), 0);
	assert_int_equal(view_open(look.base, store, true, false, &view, NULL), 0);
	size = view->size_bytes;
	assert_int_equal(io_path_open(copy, IO_CREATE, &out), 0);
	assert_int_equal(view_export(view, out, copy, NULL, NULL), 0);
	io_file_close(out);
	snprintf(line, sizeof(line), format, copy);
	status = system(line);
	assert_int_equal(io_path_open(copy, IO_READ, &out), 0);
	for (uint64_t off = 0; off < size; off += sizeof(now)) {
		assert_int_equal(io_read_full(out, now, sizeof(now), off), 0);
		assert_int_equal(io_source_read(view, was, sizeof(was), off, NULL), 0);
		if (memcmp(now, was, sizeof(now)) != 0)
			assert_int_equal(io_source_write(view, now, sizeof(now), off, NULL), 0);
	}
	assert_int_equal(io_source_flush(view, NULL), 0);
	io_file_close(out);
	unlink(copy);
	io_source_close(view);
	cow_store_close(store);
	io_file_close(file);
	stick_look_close(&look);
	lm_stick_close(opened);
	lm_ctx_free(ctx);
	return status;
}

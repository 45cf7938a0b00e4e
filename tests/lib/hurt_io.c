/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hurt_io.c - see hurt_io.h */
#include "tests/lib/hurt_io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512u

enum undo_kind { UNDO_WRITE, UNDO_SIZE, UNDO_CREATE, UNDO_MKDIR, UNDO_UNLINK, UNDO_RENAME,
		 UNDO_EXCHANGE };

/* A change that has not been flushed. */
struct hurt_undo {
	enum undo_kind kind;
	struct hurt_undo *next; /* older */
	ino_t ino;              /* of the file, WRITE and SIZE */
	int fd;
	uint64_t off, len, size; /* WRITE: range, and the size before; SIZE: both sizes */
	unsigned char *before, *after;
	char a[256], b[256];    /* paths; UNLINK: b is the place in the trash */
};

struct hurt_dir {
	struct io io;
	struct io *inner;
	struct hurt *h;
};

struct hurt_file {
	struct io_file file;
	struct io_file *inner;
	struct hurt *h;
	char path[256];
	int fd; /* of our own, for the log */
	ino_t ino;
};

static void die(const char *what)
{
	fprintf(stderr, "# hurt_io: %s: %s\n", what, strerror(errno));
	abort();
}

/* ---- counting, and what happens ---- */

static bool can_fill(const char *call)
{
	static const char *const calls[] = { "create", "mkdir", "pwrite", "allocate", "truncate",
					     "fsync", "rename" };

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(call, calls[i]) == 0)
			return true;
	}
	return false;
}

/* 0: go on. 1: cut here, a write may be carried out in part. Negative: fail with it. */
static int at_call(struct hurt *h, const char *call, const char *path, bool change)
{
	h->calls++;
	if (change)
		h->changes++;
	if (h->dead)
		return -EIO;
	if (h->hit || h->model == HURT_COUNT)
		return 0;
	if (h->model == HURT_TELL) {
		if (h->calls < h->n)
			return 0;
	} else if (h->model == HURT_FAIL) {
		if (h->calls < h->n || (h->code == -ENOSPC && !can_fill(call)))
			return 0;
	} else if (!change || h->changes < h->n) {
		return 0;
	}
	h->hit = true;
	snprintf(h->what, sizeof(h->what), "%s %s", call, path);
	if (h->model == HURT_TELL) {
		h->tell(h->tell_arg);
		return 0;
	}
	if (h->model == HURT_FAIL)
		return h->code;
	if (h->model == HURT_KILL)
		raise(SIGKILL);
	h->dead = true;
	return 1;
}

static unsigned dice(struct hurt *h)
{
	h->seed = h->seed * 1103515245u + 12345u;
	return h->seed >> 16 & 0x7fff;
}

/* ---- the log of what is not flushed ---- */

static struct hurt_undo *log_add(struct hurt *h, enum undo_kind kind, const char *a, const char *b)
{
	struct hurt_undo *u = calloc(1, sizeof(*u));

	if (!u)
		die("calloc");
	u->kind = kind;
	u->fd = -1;
	snprintf(u->a, sizeof(u->a), "%s", a ? a : "");
	snprintf(u->b, sizeof(u->b), "%s", b ? b : "");
	u->next = h->log;
	h->log = u;
	return u;
}

static void undo_free(struct hurt_undo *u)
{
	if (u->fd >= 0)
		close(u->fd);
	free(u->before);
	free(u->after);
	free(u);
}

static bool of_file(const struct hurt_undo *u)
{
	return u->kind == UNDO_WRITE || u->kind == UNDO_SIZE;
}

/* Forgets what has been flushed: of one file (ino), or of the directories (ino 0). */
static void log_flushed(struct hurt *h, ino_t ino)
{
	struct hurt_undo **at = &h->log;

	while (*at) {
		struct hurt_undo *u = *at;

		if (ino ? of_file(u) && u->ino == ino : !of_file(u)) {
			*at = u->next;
			if (u->kind == UNDO_UNLINK && unlink(u->b) != 0)
				die("emptying the trash");
			undo_free(u);
		} else {
			at = &u->next;
		}
	}
}

static void full_path(const struct hurt *h, char path[PATH_MAX], const char *rel)
{
	snprintf(path, PATH_MAX, "%s/%s", h->top, rel);
}

static void undo_dir(const struct hurt *h, const struct hurt_undo *u)
{
	char a[PATH_MAX], b[PATH_MAX];
	int ret = 0;

	full_path(h, a, u->a);
	full_path(h, b, u->b);
	switch (u->kind) {
	case UNDO_CREATE:
		ret = unlink(a);
		break;
	case UNDO_MKDIR:
		ret = rmdir(a);
		break;
	case UNDO_UNLINK:
		ret = rename(u->b, a);
		break;
	case UNDO_RENAME:
		ret = rename(b, a);
		break;
	case UNDO_EXCHANGE:
		ret = renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
		break;
	default:
		break;
	}
	if (ret != 0)
		die("taking back a change");
}

static void undo_file(const struct hurt_undo *u)
{
	if (u->kind == UNDO_WRITE && u->before &&
	    pwrite(u->fd, u->before, (size_t)u->len, (off_t)u->off) != (ssize_t)u->len)
		die("taking back a write");
	if (ftruncate(u->fd, (off_t)u->size) != 0)
		die("taking back a size");
}

/* What of an unflushed write reached the medium: each sector by itself. */
static void redo_write(struct hurt *h, const struct hurt_undo *u)
{
	unsigned fate = dice(h) % 3; /* all, none, some sectors */

	if (fate == 1)
		return;
	if (u->kind == UNDO_SIZE) {
		if (ftruncate(u->fd, (off_t)u->len) != 0)
			die("ftruncate");
		return;
	}
	for (uint64_t off = 0; off < u->len;) {
		uint64_t n = SECTOR - (u->off + off) % SECTOR;

		if (n > u->len - off)
			n = u->len - off;
		if ((fate == 0 || dice(h) % 2) &&
		    pwrite(u->fd, u->after + off, (size_t)n, (off_t)(u->off + off)) != (ssize_t)n)
			die("pwrite");
		off += n;
	}
}

void hurt_end(struct hurt *h)
{
	struct hurt_undo *u, *order = NULL;
	unsigned dirs = 0, keep;

	if (h->lossy && h->dead) {
		/* Contents first, while every name is where the log has it: fds need no names. */
		for (u = h->log; u; u = u->next) {
			if (of_file(u))
				undo_file(u);
			else
				dirs++;
		}
		keep = dirs ? dice(h) % (dirs + 1) : 0;
		for (u = h->log; u && dirs > keep; u = u->next) {
			if (!of_file(u)) {
				undo_dir(h, u);
				if (u->kind == UNDO_UNLINK)
					u->b[0] = '\0';
				dirs--;
			}
		}
		/* Oldest first again. */
		while (h->log) {
			u = h->log;
			h->log = u->next;
			u->next = order;
			order = u;
		}
		for (u = order; u; u = u->next) {
			if (of_file(u))
				redo_write(h, u);
		}
		h->log = order;
	}
	while (h->log) {
		u = h->log;
		h->log = u->next;
		if (u->kind == UNDO_UNLINK && u->b[0])
			unlink(u->b);
		undo_free(u);
	}
}

/* ---- files ---- */

static struct hurt_file *hf(struct io_file *file)
{
	return (struct hurt_file *)file;
}

static ssize_t f_pread(struct io_file *file, void *buf, size_t len, uint64_t off)
{
	struct hurt_file *f = hf(file);
	int ret = at_call(f->h, "pread", f->path, false);

	return ret ? ret : io_pread(f->inner, buf, len, off);
}

static void log_write(struct hurt_file *f, const void *buf, size_t len, uint64_t off)
{
	struct hurt_undo *u = log_add(f->h, UNDO_WRITE, f->path, NULL);
	struct stat st;

	if (fstat(f->fd, &st) != 0)
		die("fstat");
	u->ino = f->ino;
	u->fd = dup(f->fd);
	u->off = off;
	u->len = len;
	u->size = (uint64_t)st.st_size;
	u->before = calloc(1, len ? len : 1);
	u->after = malloc(len ? len : 1);
	if (u->fd < 0 || !u->before || !u->after)
		die("logging a write");
	memcpy(u->after, buf, len);
	if (pread(f->fd, u->before, len, (off_t)off) < 0)
		die("pread");
}

static int f_pwrite(struct io_file *file, const void *buf, size_t len, uint64_t off)
{
	struct hurt_file *f = hf(file);
	int ret = at_call(f->h, "pwrite", f->path, true);

	if (ret < 0)
		return ret;
	if (f->h->lossy)
		log_write(f, buf, len, off);
	if (ret == 1) {
		/* In flight when it happened: some whole sectors of it. */
		size_t part = len / SECTOR ? (dice(f->h) % (len / SECTOR + 1)) * SECTOR : 0;

		if (part && io_pwrite(f->inner, buf, part, off) < 0)
			die("pwrite");
		return -EIO;
	}
	return io_pwrite(f->inner, buf, len, off);
}

static int f_fsync(struct io_file *file)
{
	struct hurt_file *f = hf(file);
	int ret = at_call(f->h, "fsync", f->path, true);

	if (ret)
		return ret < 0 ? ret : -EIO;
	if (f->h->lossy)
		log_flushed(f->h, f->ino);
	return io_fsync(f->inner);
}

static void log_size(struct hurt_file *f, uint64_t size)
{
	struct hurt_undo *u;
	struct stat st;

	if (fstat(f->fd, &st) != 0)
		die("fstat");
	if (size < (uint64_t)st.st_size) {
		unsigned char *tail = calloc(1, (size_t)((uint64_t)st.st_size - size));

		if (!tail || pread(f->fd, tail, (size_t)((uint64_t)st.st_size - size),
				   (off_t)size) < 0)
			die("pread");
		log_write(f, tail, (size_t)((uint64_t)st.st_size - size), size);
		free(tail);
	}
	u = log_add(f->h, UNDO_SIZE, f->path, NULL);
	u->ino = f->ino;
	u->fd = dup(f->fd);
	u->size = (uint64_t)st.st_size;
	u->len = size;
	if (u->fd < 0)
		die("dup");
}

static int f_truncate(struct io_file *file, uint64_t size)
{
	struct hurt_file *f = hf(file);
	int ret = at_call(f->h, "truncate", f->path, true);

	if (ret)
		return ret < 0 ? ret : -EIO;
	if (f->h->lossy)
		log_size(f, size);
	return io_truncate(f->inner, size);
}

static int f_set_attrs(struct io_file *file, const struct io_attrs *attrs)
{
	struct hurt_file *f = hf(file);
	int ret = at_call(f->h, "set_attrs", f->path, true);

	return ret ? (ret < 0 ? ret : -EIO) : io_set_attrs(f->inner, attrs);
}

static int f_allocate(struct io_file *file, uint64_t off, uint64_t len)
{
	struct hurt_file *f = hf(file);
	int ret = at_call(f->h, "allocate", f->path, true);
	struct stat st;

	if (ret)
		return ret < 0 ? ret : -EIO;
	if (f->h->lossy && fstat(f->fd, &st) == 0 && off + len > (uint64_t)st.st_size)
		log_size(f, off + len);
	return io_allocate(f->inner, off, len);
}

static int f_drop_cache(struct io_file *file)
{
	struct hurt_file *f = hf(file);
	int ret = at_call(f->h, "drop_cache", f->path, false);

	return ret ? ret : io_drop_cache(f->inner);
}

static int f_fstat(struct io_file *file, struct io_stat *st)
{
	struct hurt_file *f = hf(file);
	int ret = at_call(f->h, "fstat", f->path, false);

	return ret ? ret : io_fstat(f->inner, st);
}

static int f_lock(struct io_file *file)
{
	struct hurt_file *f = hf(file);
	int ret = at_call(f->h, "lock", f->path, false);

	return ret ? ret : io_lock(f->inner);
}

static int f_close(struct io_file *file)
{
	struct hurt_file *f = hf(file);
	int ret = io_file_close(f->inner);

	if (f->fd >= 0)
		close(f->fd);
	free(f);
	return ret;
}

static int f_fd(struct io_file *file)
{
	return io_fd(hf(file)->inner);
}

/* ---- the directory ---- */

static struct hurt_dir *hd(struct io *io)
{
	return (struct hurt_dir *)io;
}

static const struct io_ops hurt_ops;

static int d_open(struct io *io, const char *path, enum io_mode mode, struct io_file **file)
{
	struct hurt_dir *d = hd(io);
	bool create = mode == IO_CREATE || mode == IO_CREATE_PUBLIC;
	int ret = at_call(d->h, create ? "create" : "open", path, create);
	char full[PATH_MAX];
	struct hurt_file *f;
	struct stat st;

	*file = NULL;
	if (ret)
		return ret < 0 ? ret : -EIO;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	ret = io_open(d->inner, path, mode, &f->inner);
	if (ret < 0) {
		free(f);
		return ret;
	}
	f->file.ops = &hurt_ops;
	f->h = d->h;
	f->fd = -1;
	snprintf(f->path, sizeof(f->path), "%s", path);
	*file = &f->file;
	if (!d->h->lossy)
		return 0;
	full_path(d->h, full, path);
	if (mode != IO_READ) {
		f->fd = open(full, O_RDWR | O_CLOEXEC);
		if (f->fd < 0)
			die("open");
	}
	if (stat(full, &st) != 0)
		die("stat");
	f->ino = st.st_ino;
	if (create)
		log_add(d->h, UNDO_CREATE, path, NULL);
	return 0;
}

static int d_stat(struct io *io, const char *path, struct io_stat *st)
{
	int ret = at_call(hd(io)->h, "stat", path, false);

	return ret ? ret : io_stat(hd(io)->inner, path, st);
}

static int d_list(struct io *io, const char *path, io_list_fn fn, void *arg)
{
	int ret = at_call(hd(io)->h, "list", path, false);

	return ret ? ret : io_list(hd(io)->inner, path, fn, arg);
}

static int d_fsinfo(struct io *io, struct io_fsinfo *info)
{
	int ret = at_call(hd(io)->h, "fsinfo", "", false);

	if (ret == 0)
		ret = io_fsinfo(hd(io)->inner, info);
	if (ret == 0 && hd(io)->h->renames == NO_HEED)
		strcpy(info->fstype, "fuse");
	return ret;
}

static int make_dir(struct io *io, const char *path, int (*make)(struct io *io, const char *path))
{
	struct hurt_dir *d = hd(io);
	int ret = at_call(d->h, "mkdir", path, true);

	if (ret)
		return ret < 0 ? ret : -EIO;
	ret = make(d->inner, path);
	if (ret == 0 && d->h->lossy)
		log_add(d->h, UNDO_MKDIR, path, NULL);
	return ret;
}

static int d_mkdir(struct io *io, const char *path)
{
	return make_dir(io, path, io_mkdir);
}

static int d_mkdir_private(struct io *io, const char *path)
{
	return make_dir(io, path, io_mkdir_private);
}

static int d_unlink(struct io *io, const char *path)
{
	struct hurt_dir *d = hd(io);
	int ret = at_call(d->h, "unlink", path, true);
	char full[PATH_MAX], trash[256];

	if (ret)
		return ret < 0 ? ret : -EIO;
	if (!d->h->lossy)
		return io_unlink(d->inner, path);
	full_path(d->h, full, path);
	snprintf(trash, sizeof(trash), "%s/%u", d->h->trash, d->h->trashed++);
	if (rename(full, trash) != 0)
		return -errno;
	log_add(d->h, UNDO_UNLINK, path, trash);
	return 0;
}

static int d_rmdir(struct io *io, const char *path)
{
	int ret = at_call(hd(io)->h, "rmdir", path, true);

	if (ret)
		return ret < 0 ? ret : -EIO;
	return io_rmdir(hd(io)->inner, path);
}

static int d_rename(struct io *io, const char *from, const char *to, enum io_rename how)
{
	struct hurt_dir *d = hd(io);
	int ret = at_call(d->h, how == IO_RENAME_EXCHANGE ? "exchange" : "rename", from, true);

	if (ret)
		return ret < 0 ? ret : -EIO;
	if ((how == IO_RENAME_EXCHANGE && d->h->renames == NO_EXCHANGE) ||
	    (how != IO_RENAME_PLAIN && d->h->renames == NO_FLAGS))
		return -EINVAL;
	if (d->h->renames == NO_HEED)
		how = IO_RENAME_PLAIN;
	ret = io_rename(d->inner, from, to, how);
	if (ret == 0 && d->h->lossy)
		log_add(d->h, how == IO_RENAME_EXCHANGE ? UNDO_EXCHANGE : UNDO_RENAME, from, to);
	return ret;
}

static int d_sync_dir(struct io *io, const char *path)
{
	struct hurt_dir *d = hd(io);
	int ret = at_call(d->h, "sync_dir", path, true);

	if (ret)
		return ret < 0 ? ret : -EIO;
	log_flushed(d->h, 0);
	return io_sync_dir(d->inner, path);
}

static int d_sync_fs(struct io *io)
{
	int ret = at_call(hd(io)->h, "sync_fs", "", true);

	/* Passed on it would cost time only; it is no flush in this model. */
	return ret > 0 ? -EIO : ret;
}

static void d_close(struct io *io)
{
	io_close(hd(io)->inner);
	free(io);
}

static const struct io_ops hurt_ops = {
	.open = d_open,
	.stat = d_stat,
	.list = d_list,
	.fsinfo = d_fsinfo,
	.mkdir = d_mkdir,
	.mkdir_private = d_mkdir_private,
	.unlink = d_unlink,
	.rmdir = d_rmdir,
	.rename_files = d_rename,
	.sync_dir = d_sync_dir,
	.sync_fs = d_sync_fs,
	.close = d_close,
	.pread = f_pread,
	.pwrite = f_pwrite,
	.fsync = f_fsync,
	.truncate = f_truncate,
	.set_attrs = f_set_attrs,
	.allocate = f_allocate,
	.drop_cache = f_drop_cache,
	.fstat = f_fstat,
	.lock = f_lock,
	.file_close = f_close,
	.fd = f_fd,
};

struct io *hurt_wrap(void *arg, struct io *inner)
{
	struct hurt_dir *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->io.ops = &hurt_ops;
	d->inner = inner;
	d->h = arg;
	return &d->io;
}

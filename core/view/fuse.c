/* SPDX-License-Identifier: GPL-3.0-or-later */
#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/view/place.h"
#include "core/view/view.h"

#define FILE_NAME  "root.img"
#define FILE_INODE 2
#define FOREVER    86400.0 /* seconds: nobody else changes the file */

struct view_fuse {
	struct io_source *src;
	bool writable;
	char *dir, *path;
	bool own_dir;
	struct fuse_session *session;
	bool mounted, started;
	pthread_t thread;
	int stop_fd;
	unsigned char *buf;
	size_t buf_bytes;
	/* Only the thread writes these, until it has been joined. */
	int failed;
	struct lm_error error;
};

/* What libfuse has to say would otherwise go to standard error. */
static _Thread_local char last_log[200];

__attribute__((format(printf, 2, 0))) static void keep_log(enum fuse_log_level level,
							    const char *format, va_list args)
{
	(void)level;
	if (vsnprintf(last_log, sizeof(last_log), format, args) < 0)
		last_log[0] = '\0';
	last_log[strcspn(last_log, "\n")] = '\0';
}

static struct view_fuse *fuse_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* Keeps the first error for view_fuse_close(), and gives the code to the caller. */
static void reply_failed(fuse_req_t req, int rc, const struct lm_error *err)
{
	struct view_fuse *fuse = fuse_of(req);

	if (!fuse->failed) {
		fuse->failed = rc;
		fuse->error = *err;
	}
	(void)fuse_reply_err(req, -rc);
}

/* ---- the calls of the kernel ---- */

static bool fill_stat(const struct view_fuse *fuse, fuse_ino_t ino, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = ino;
	st->st_uid = geteuid();
	st->st_gid = getegid();
	if (ino == FUSE_ROOT_ID) {
		st->st_mode = S_IFDIR | 0500;
		st->st_nlink = 2;
		return true;
	}
	if (ino != FILE_INODE)
		return false;
	st->st_mode = S_IFREG | (fuse->writable ? 0600 : 0400);
	st->st_nlink = 1;
	st->st_size = (off_t)fuse->src->size_bytes;
	st->st_blksize = 4096;
	st->st_blocks = (blkcnt_t)div_up(fuse->src->size_bytes, 512);
	return true;
}

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = {
		.ino = FILE_INODE, .attr_timeout = FOREVER, .entry_timeout = FOREVER
	};

	if (parent != FUSE_ROOT_ID || strcmp(name, FILE_NAME) != 0) {
		(void)fuse_reply_err(req, ENOENT);
		return;
	}
	(void)fill_stat(fuse_of(req), FILE_INODE, &entry.attr);
	(void)fuse_reply_entry(req, &entry);
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	struct stat st;

	(void)info;
	if (fill_stat(fuse_of(req), ino, &st))
		(void)fuse_reply_attr(req, &st, FOREVER);
	else
		(void)fuse_reply_err(req, ENOENT);
}

/* Times and modes are nobody's concern; the size cannot change. */
static void on_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int set,
		       struct fuse_file_info *info)
{
	if (set & FUSE_SET_ATTR_SIZE &&
	    (ino != FILE_INODE || (uint64_t)attr->st_size != fuse_of(req)->src->size_bytes))
		(void)fuse_reply_err(req, EPERM);
	else
		on_getattr(req, ino, info);
}

static void on_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *info)
{
	static const char *const names[] = { ".", "..", FILE_NAME };
	char buf[512];
	size_t used = 0;

	(void)info;
	if (ino != FUSE_ROOT_ID) {
		(void)fuse_reply_err(req, ENOTDIR);
		return;
	}
	size = (size_t)min_u64(size, sizeof(buf));
	for (off_t i = off; i >= 0 && i < 3; i++) {
		struct stat st;
		size_t need;

		(void)fill_stat(fuse_of(req), i == 2 ? FILE_INODE : FUSE_ROOT_ID, &st);
		need = fuse_add_direntry(req, buf + used, size - used, names[i], &st, i + 1);
		if (need > size - used)
			break;
		used += need;
	}
	(void)fuse_reply_buf(req, buf, used);
}

static void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	if (ino != FILE_INODE) {
		(void)fuse_reply_err(req, EISDIR);
	} else if ((info->flags & O_ACCMODE) != O_RDONLY && !fuse_of(req)->writable) {
		(void)fuse_reply_err(req, EROFS);
	} else {
		/* The page cache is right: all writes come through it. */
		info->keep_cache = 1;
		(void)fuse_reply_open(req, info);
	}
}

static void on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *info)
{
	struct view_fuse *fuse = fuse_of(req);
	uint64_t left;
	struct lm_error err = { 0 };
	int rc;

	(void)ino;
	(void)info;
	if (off < 0 || (uint64_t)off >= fuse->src->size_bytes) {
		(void)fuse_reply_buf(req, NULL, 0);
		return;
	}
	left = fuse->src->size_bytes - (uint64_t)off;
	size = (size_t)min_u64(size, left);
	if (size > fuse->buf_bytes) {
		unsigned char *buf = realloc(fuse->buf, size);

		if (!buf) {
			(void)fuse_reply_err(req, ENOMEM);
			return;
		}
		fuse->buf = buf;
		fuse->buf_bytes = size;
	}
	rc = io_source_read(fuse->src, fuse->buf, size, (uint64_t)off, &err);
	if (rc)
		reply_failed(req, rc, &err);
	else
		(void)fuse_reply_buf(req, (const char *)fuse->buf, size);
}

static void on_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
		     struct fuse_file_info *info)
{
	struct view_fuse *fuse = fuse_of(req);
	struct lm_error err = { 0 };
	int rc;

	(void)ino;
	(void)info;
	if (!fuse->writable) {
		(void)fuse_reply_err(req, EROFS);
		return;
	}
	if (off < 0 || (uint64_t)off > fuse->src->size_bytes ||
	    size > fuse->src->size_bytes - (uint64_t)off) {
		(void)fuse_reply_err(req, EFBIG);
		return;
	}
	rc = io_source_write(fuse->src, buf, size, (uint64_t)off, &err);
	if (rc)
		reply_failed(req, rc, &err);
	else
		(void)fuse_reply_write(req, size);
}

static void reply_flush(fuse_req_t req)
{
	struct view_fuse *fuse = fuse_of(req);
	struct lm_error err = { 0 };
	int rc = fuse->writable ? io_source_flush(fuse->src, &err) : 0;

	if (rc)
		reply_failed(req, rc, &err);
	else
		(void)fuse_reply_err(req, 0);
}

static void on_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *info)
{
	(void)ino;
	(void)datasync;
	(void)info;
	reply_flush(req);
}

static void on_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	(void)ino;
	(void)info;
	reply_flush(req);
}

static void on_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs st = { .f_bsize = 4096, .f_frsize = 4096, .f_namemax = 255, .f_files = 2 };

	(void)ino;
	st.f_blocks = div_up(fuse_of(req)->src->size_bytes, 4096);
	(void)fuse_reply_statfs(req, &st);
}

static const struct fuse_lowlevel_ops operations = {
	.lookup = on_lookup, .getattr = on_getattr, .setattr = on_setattr,
	.readdir = on_readdir, .open = on_open, .read = on_read, .write = on_write,
	.fsync = on_fsync, .flush = on_flush, .statfs = on_statfs,
};

/* ---- the thread ---- */

/* Stops at a word on stop_fd, or when the mount has gone away. */
static void serve(struct view_fuse *fuse)
{
	struct fuse_buf buf = { 0 };
	struct pollfd fds[2] = {
		{ .fd = fuse_session_fd(fuse->session), .events = POLLIN },
		{ .fd = fuse->stop_fd, .events = POLLIN },
	};

	while (!fuse_session_exited(fuse->session)) {
		int rc = poll(fds, 2, -1);

		if (rc < 0 && errno != EINTR)
			break;
		if (rc > 0 && fds[1].revents)
			break;
		if (rc <= 0)
			continue;
		rc = fuse_session_receive_buf(fuse->session, &buf);
		if (rc == -EINTR || rc == -EAGAIN)
			continue;
		if (rc <= 0)
			break;
		fuse_session_process_buf(fuse->session, &buf);
	}
	free(buf.mem);
}

static void end_session(struct view_fuse *fuse)
{
	fuse_session_destroy(fuse->session);
	fuse->session = NULL;
	view_place_unmount(fuse->dir);
}

static void *run(void *arg)
{
	struct view_fuse *fuse = arg;

	(void)pthread_setname_np(pthread_self(), "livemend-fuse");
	serve(fuse);
	/* Closes the connection, so that nobody waits for an answer that will not come. */
	end_session(fuse);
	return NULL;
}

static int start_thread(struct view_fuse *fuse)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	rc = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (rc)
		return -rc;
	rc = pthread_create(&fuse->thread, NULL, run, fuse);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	fuse->started = !rc;
	return -rc;
}

/* ---- up and down ---- */

/* The mount is ours, not the library's: it would run programs with whatever environment there is. */
static int make_session(struct view_fuse *fuse)
{
	char *argv[] = { (char *)(uintptr_t)"livemend", NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	char name[24];
	int fd, rc;

	fuse->session = fuse_session_new(&args, &operations, sizeof(operations), fuse);
	fuse_opt_free_args(&args);
	if (!fuse->session)
		return -ENOMEM;
	rc = view_place_mount(fuse->dir, fuse->writable, &fd, last_log);
	if (rc)
		return rc;
	fuse->mounted = true;
	snprintf(name, sizeof(name), "/dev/fd/%d", fd);
	/* Takes the descriptor over. */
	rc = fuse_session_mount(fuse->session, name);
	if (rc)
		close(fd);
	return rc ? -EOPNOTSUPP : 0;
}

/* Ends the thread, and with it the mount. */
static void stop_thread(struct view_fuse *fuse)
{
	uint64_t one = 1;

	if (!fuse->started)
		return;
	/* An eventfd takes this without fail. */
	while (write(fuse->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(fuse->thread, NULL);
	fuse->started = false;
}

static void take_down(struct view_fuse *fuse)
{
	stop_thread(fuse);
	if (fuse->session && fuse->mounted)
		end_session(fuse);
	else if (fuse->session)
		fuse_session_destroy(fuse->session);
	if (fuse->own_dir)
		(void)rmdir(fuse->dir);
	if (fuse->stop_fd >= 0)
		close(fuse->stop_fd);
	free(fuse->buf);
	free(fuse->path);
	free(fuse->dir);
	free(fuse);
}

static int open_failed(int rc, const char *dir, struct lm_error *err)
{
	lm_fail(err, rc, dir, _("As root, or with the package fuse3 installed, it should work."),
		"%s", _("Offering the root image as a file through FUSE failed"));
	if (last_log[0])
		lm_because(err, "%s", last_log);
	return rc;
}

int view_fuse_open(struct io_source *src, bool writable, const char *dir, struct view_fuse **out,
		   struct lm_error *err)
{
	struct view_fuse *fuse;
	int rc;

	*out = NULL;
	last_log[0] = '\0';
	if (!view_fuse_available())
		return open_failed(-EOPNOTSUPP, NULL, err);
	fuse = calloc(1, sizeof(*fuse));
	if (!fuse)
		return open_failed(-ENOMEM, NULL, err);
	fuse->src = src;
	fuse->writable = writable;
	fuse_set_log_func(keep_log);
	fuse->stop_fd = eventfd(0, EFD_CLOEXEC);
	rc = fuse->stop_fd < 0 ? -errno : 0;
	if (!rc && dir) {
		fuse->dir = strdup(dir);
		rc = fuse->dir ? 0 : -ENOMEM;
	} else if (!rc) {
		rc = view_place_make(NULL, &fuse->dir);
		fuse->own_dir = !rc;
	}
	if (!rc && asprintf(&fuse->path, "%s/" FILE_NAME, fuse->dir) < 0) {
		fuse->path = NULL;
		rc = -ENOMEM;
	}
	if (!rc)
		rc = make_session(fuse);
	if (!rc)
		rc = start_thread(fuse);
	if (rc) {
		rc = open_failed(rc, fuse->dir, err);
		take_down(fuse);
		return rc;
	}
	*out = fuse;
	return 0;
}

const char *view_fuse_path(const struct view_fuse *fuse)
{
	return fuse->path;
}

/* What was written through a mapping of the file is still in the page cache only. */
static void write_back(const struct view_fuse *fuse)
{
	int fd = open(fuse->path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fsync(fd); /* its error is kept by reply_failed() */
	close(fd);
}

int view_fuse_close(struct view_fuse *fuse, struct lm_error *err)
{
	struct io_source *src = fuse->src;
	bool writable = fuse->writable;
	int rc;

	if (writable)
		write_back(fuse);
	stop_thread(fuse);
	rc = fuse->failed;
	if (rc && err)
		*err = fuse->error;
	take_down(fuse);
	if (!rc && writable)
		rc = io_source_flush(src, err);
	return rc;
}

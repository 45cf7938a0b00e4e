/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * merge_full_verify.c - proof of an image that was made from nothing
 *
 * Its root image is decoded by livemend and compared with the merged view that
 * livemend reads itself, so a mistake of the kernel's copying, or of
 * mksquashfs, shows. All other files are compared as the kernel mounts them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/dm/loop.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/merge/merge_full.h"

#define STEP_BYTES (1u << 20)
#define FILE_BYTES 65536
#define MAX_DEPTH 64
#define MAX_NAMES 65536

static int merge_full_verify_differs(const struct merge *m, const char *path, const char *why,
				     struct lm_error *err)
{
	lm_fail(err, -EBADMSG, path,
		_("Nothing on the stick was changed. Is the disk of the work folder in order?"),
		"%s", _("The new image is not what it should be"));
	(void)m;
	return lm_because(err, "%s", why);
}

/* ---- the root image ---- */

static int same_root(struct merge *m, struct io_source *root, const char *path,
		     struct lm_error *err)
{
	uint64_t size = m->s->look.view->size_bytes, off;
	bool clean = m->s->look.fs && fs_info(m->s->look.fs)->readable &&
		     fs_load_bitmap(m->s->look.fs, NULL) == 0;
	unsigned char *buf = malloc(2 * (size_t)STEP_BYTES), *want = buf + STEP_BYTES;
	int ret = 0;

	if (!buf)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Reading the new image back failed"));
	if (root->size_bytes != size)
		ret = merge_full_verify_differs(m, path, _("its root image has another size"), err);
	for (off = 0; off < size && ret == 0; off += STEP_BYTES) {
		size_t len = (size_t)min_u64(STEP_BYTES, size - off);

		ret = io_source_read(root, buf, len, off, err);
		if (ret == 0)
			ret = io_source_read(m->s->look.view, want, len, off, err);
		if (ret == 0 && clean) {
			fs_zero_free(m->s->look.fs, off, buf, len);
			fs_zero_free(m->s->look.fs, off, want, len);
		}
		if (ret == 0 && memcmp(buf, want, len) != 0)
			ret = merge_full_verify_differs(
				m, path, _("its root image differs from image and overlay"), err);
		if (ret == 0) {
			ret = session_progress(m->s, off + len, size);
			if (ret < 0)
				lm_fail(err, ret, NULL, NULL, "%s", _("Stopped"));
		}
	}
	free(buf);
	return ret;
}

/* ---- everything else ---- */

struct trees {
	struct merge *m;
	const char *root_path; /* is proved by itself */
	char path[4096];       /* of what is looked at, for messages */
	struct lm_error *err;
};

static int tree_failed(struct trees *t, int code)
{
	return lm_fail(t->err, code, t->path, NULL, "%s", _("Reading the new image back failed"));
}

static int tree_differs(struct trees *t, const char *why)
{
	return merge_full_verify_differs(t->m, t->path, why, t->err);
}

static int read_up_to(int fd, unsigned char *buf, size_t len)
{
	size_t done = 0;
	ssize_t got;

	while (done < len) {
		got = read(fd, buf + done, len - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (int)done;
}

static int same_content(struct trees *t, int a, int b)
{
	unsigned char *buf = malloc(2 * FILE_BYTES);
	int x, y, ret = 0;

	if (!buf)
		return tree_failed(t, -ENOMEM);
	do {
		x = read_up_to(a, buf, FILE_BYTES);
		y = read_up_to(b, buf + FILE_BYTES, FILE_BYTES);
		if (x < 0 || y < 0)
			ret = tree_failed(t, x < 0 ? x : y);
		else if (x != y || memcmp(buf, buf + FILE_BYTES, (size_t)x) != 0)
			ret = tree_differs(t, _("a file in it has another content"));
	} while (!ret && x == FILE_BYTES);
	free(buf);
	return ret;
}

/* By the path below /proc/self/fd: of links and devices, too, which cannot be opened. */
static int merge_full_verify_same_xattrs(struct trees *t, const char *a, const char *b)
{
	char *names = malloc(4 * (size_t)MAX_NAMES), *value = names + 2 * MAX_NAMES, *name;
	ssize_t n, len, x, y;
	int ret = 0;

	if (!names)
		return tree_failed(t, -ENOMEM);
	n = llistxattr(a, names, MAX_NAMES);
	len = llistxattr(b, names + MAX_NAMES, MAX_NAMES);
	if (n < 0 && errno == EOPNOTSUPP)
		n = 0;
	if (len < 0 && errno == EOPNOTSUPP)
		len = 0;
	if (n < 0 || len < 0)
		ret = tree_failed(t, -errno);
	else if (n != len)
		ret = tree_differs(t, _("a file in it has other extended attributes"));
	for (name = names; !ret && name < names + n; name += strlen(name) + 1) {
		x = lgetxattr(a, name, value, MAX_NAMES);
		y = lgetxattr(b, name, value + MAX_NAMES, MAX_NAMES);
		if (x < 0 || x != y || memcmp(value, value + MAX_NAMES, (size_t)x) != 0)
			ret = tree_differs(t, _("a file in it has other extended attributes"));
	}
	free(names);
	return ret;
}

static int same_link(struct trees *t, const char *a, const char *b)
{
	char x[4096], y[4096];
	ssize_t n = readlink(a, x, sizeof(x)), k = readlink(b, y, sizeof(y));

	if (n < 0 || k < 0)
		return tree_failed(t, -errno);
	return n == k && memcmp(x, y, (size_t)n) == 0 ? 0 :
							tree_differs(t, _("a link in it differs"));
}

static int merge_full_verify_same_dirs(struct trees *t, int a, int b, unsigned depth);

static int same_regular_or_dir(struct trees *t, int dir_a, int dir_b, const char *name, bool dir,
			       unsigned depth)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (dir ? O_DIRECTORY : 0);
	int a = openat(dir_a, name, flags), b = -1, ret;

	if (a >= 0)
		b = openat(dir_b, name, flags);
	if (a < 0 || b < 0)
		ret = tree_failed(t, -errno);
	else
		ret = dir ? merge_full_verify_same_dirs(t, a, b, depth + 1) : same_content(t, a, b);
	if (a >= 0)
		close(a);
	if (b >= 0)
		close(b);
	return ret;
}

static int same_entry(struct trees *t, int dir_a, int dir_b, const char *name, unsigned depth)
{
	char a[300], b[300];
	struct stat x, y;
	bool is_root = strcmp(t->path, t->root_path) == 0;
	int ret;

	snprintf(a, sizeof(a), "/proc/self/fd/%d/%s", dir_a, name);
	snprintf(b, sizeof(b), "/proc/self/fd/%d/%s", dir_b, name);
	if (fstatat(dir_a, name, &x, AT_SYMLINK_NOFOLLOW) < 0)
		return tree_failed(t, -errno);
	if (fstatat(dir_b, name, &y, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? tree_differs(t, _("a file is missing in it")) :
					 tree_failed(t, -errno);
	/* The root image was made in the work folder, whose file system may know less of owners. */
	if (is_root)
		return S_ISREG(y.st_mode) && x.st_size == y.st_size ?
			       0 :
			       tree_differs(t, _("its root image has another size"));
	if (x.st_mode != y.st_mode || x.st_uid != y.st_uid || x.st_gid != y.st_gid ||
	    x.st_rdev != y.st_rdev || x.st_mtime != y.st_mtime ||
	    (!S_ISDIR(x.st_mode) && (x.st_size != y.st_size || x.st_nlink != y.st_nlink)))
		return tree_differs(t, _("a file in it has another owner, mode, size or time"));
	ret = merge_full_verify_same_xattrs(t, a, b);
	if (ret)
		return ret;
	if (S_ISLNK(x.st_mode))
		return same_link(t, a, b);
	if (S_ISREG(x.st_mode) || S_ISDIR(x.st_mode))
		return same_regular_or_dir(t, dir_a, dir_b, name, S_ISDIR(x.st_mode), depth);
	return 0;
}

static int count_entries(int fd, unsigned long *count)
{
	int own = openat(fd, ".", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	struct dirent *e;
	DIR *d;

	*count = 0;
	d = own < 0 ? NULL : fdopendir(own);
	if (!d) {
		int ret = -errno;

		if (own >= 0)
			close(own);
		return ret;
	}
	while ((e = readdir(d)))
		(*count)++;
	closedir(d);
	return 0;
}

static int merge_full_verify_same_dirs(struct trees *t, int a, int b, unsigned depth)
{
	size_t len = strlen(t->path);
	unsigned long x, y;
	struct dirent *e;
	int own, ret;
	DIR *d;

	if (depth == MAX_DEPTH)
		return tree_failed(t, -ELOOP);
	ret = count_entries(a, &x);
	if (!ret)
		ret = count_entries(b, &y);
	if (ret)
		return tree_failed(t, ret);
	if (x != y)
		return tree_differs(t, _("a directory in it has more or fewer files"));
	own = openat(a, ".", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	d = own < 0 ? NULL : fdopendir(own);
	if (!d) {
		ret = tree_failed(t, -errno);
		if (own >= 0)
			close(own);
		return ret;
	}
	while (!ret && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(t->path + len, sizeof(t->path) - len, "%s%s", len ? "/" : "", e->d_name);
		ret = same_entry(t, a, b, e->d_name, depth);
		t->path[len] = '\0';
		if (!ret && plan_run_cancelled(t->m->s->run))
			ret = lm_fail(t->err, -ECANCELED, NULL, NULL, "%s", _("Stopped"));
	}
	closedir(d);
	return ret;
}

static int mount_image(struct merge *m, struct io_file *file, const char *path,
		       struct dm_loopdev **loop, int *mount, struct lm_error *err)
{
	int ret = dm_loop_attach_file(m->s->ctx, file, path, DM_LOOP_READONLY, loop, err);

	if (ret < 0)
		return ret;
	*mount = stick_mount_private((*loop)->node, "squashfs", true);
	return *mount < 0 ? lm_fail(err, *mount, path, NULL, "%s", _("Mounting the image failed")) :
			    0;
}

static int same_trees(struct merge *m, struct io_file *file, const char *path,
		      struct lm_error *err)
{
	struct trees t = { .m = m,
			   .root_path = image_info(m->s->look.image)->root_path,
			   .err = err };
	struct dm_loopdev *old_loop = NULL, *new_loop = NULL;
	int old = -1, new = -1, ret;

	ret = mount_image(m, m->s->look.base_file, m->s->base, &old_loop, &old, err);
	if (ret == 0)
		ret = mount_image(m, file, path, &new_loop, &new, err);
	if (ret == 0)
		ret = merge_full_verify_same_dirs(&t, old, new, 0);
	if (new >= 0)
		close(new);
	if (old >= 0)
		close(old);
	dm_loop_detach(new_loop);
	dm_loop_detach(old_loop);
	return ret;
}

int merge_full_verify_at(struct merge *m, struct plan_run *run, struct io *io, const char *path,
			 struct lm_error *err)
{
	struct io_source *root = NULL;
	struct image *image = NULL;
	struct io_file *file;
	int ret;

	m->s->run = run;
	ret = io_open(io, path, IO_READ, &file);
	if (ret == 0) {
		ret = io_drop_cache(file);
		if (ret < 0)
			io_file_close(file);
	}
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Reading the new image back failed"));
	if (m->s->bare) {
		ret = io_file_source(file, false, path, 0, 0, &root, err);
	} else {
		ret = image_open(file, path, &image, err);
		if (ret == 0)
			ret = image_check_tables(image, err);
		if (ret == 0 && strcmp(image_info(image)->root_path,
				       image_info(m->s->look.image)->root_path) != 0)
			ret = merge_full_verify_differs(m, path, _("there is no root image in it"),
							err);
		if (ret == 0)
			ret = image_root_source(image, &root, err);
	}
	if (ret == 0)
		ret = same_root(m, root, path, err);
	if (ret == 0 && !m->s->bare)
		ret = same_trees(m, file, path, err);
	io_source_close(root);
	image_close(image);
	io_file_close(file);
	return ret;
}

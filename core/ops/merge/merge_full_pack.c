/* SPDX-License-Identifier: GPL-3.0-or-later */
/* merge_full_pack.c - the copy of the root image becomes the new image, and goes to the stick */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/ctx.h"
#include "core/dm/loop.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_attrs.h"
#include "core/io/io_replace.h"
#include "core/ops/merge/merge_full.h"
#include "core/ops/merge/mksquashfs.h"

#define MARGIN_BYTES (1u << 20)
#define MAX_NAMES 4096
#define MAX_VALUE 65536

static int pack_failed(int ret, const char *on, struct lm_error *err)
{
	return lm_fail(err, ret, on, NULL, "%s", _("Packing the new image failed"));
}

/* The extended attributes of the old root image, such as an SELinux label. */
static int copy_xattrs(int from, int to)
{
	char names[MAX_NAMES], *value, *name;
	ssize_t len = flistxattr(from, names, sizeof(names)), n;
	int ret = 0;

	if (len <= 0)
		return 0;
	value = malloc(MAX_VALUE);
	if (!value)
		return -ENOMEM;
	for (name = names; name < names + len && !ret; name += strlen(name) + 1) {
		n = fgetxattr(from, name, value, MAX_VALUE);
		/* The work folder's file system may know none; the image is then without. */
		if (n >= 0 && fsetxattr(to, name, value, (size_t)n, 0) < 0 && errno != EOPNOTSUPP &&
		    errno != EPERM)
			ret = -errno;
	}
	free(value);
	return ret;
}

/* Owner, mode, times: the copy takes the place of the file in the tree that is packed. */
static int dress(struct merge *m, const struct dm_loopdev *loop, const char *root_path,
		 struct lm_error *err)
{
	int mount, from = -1, ret = 0, closed;
	struct timespec times[2];
	struct io_file *file;
	struct stat st;

	mount = stick_mount_private(loop->node, "squashfs", true);
	if (mount < 0)
		return lm_fail(err, mount, m->s->base, NULL, "%s", _("Mounting the image failed"));
	ret = io_open(m->s->work, m->work_root, IO_WRITE, &file);
	if (ret < 0)
		goto out;
	from = openat(mount, root_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (from < 0 || fstat(from, &st) < 0)
		ret = -errno;
	if (!ret && (fchown(io_fd(file), st.st_uid, st.st_gid) < 0 ||
		     fchmod(io_fd(file), st.st_mode & 07777) < 0) &&
	    errno != EPERM)
		ret = -errno;
	if (!ret)
		ret = copy_xattrs(from, io_fd(file));
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	if (!ret && futimens(io_fd(file), times) < 0)
		ret = -errno;
	closed = io_file_close(file);
	if (!ret)
		ret = closed;
out:
	if (from >= 0)
		close(from);
	close(mount);
	return ret ? pack_failed(ret, m->s->work_path, err) : 0;
}

static int on_percent(void *arg, unsigned percent)
{
	struct merge *m = arg;
	uint64_t size = m->s->look.base->size_bytes;

	return session_progress(m->s, size / 100 * percent, size);
}

static void merge_full_pack_on_line(void *arg, const char *line)
{
	const struct merge *m = arg;

	ctx_log(m->s->ctx, LM_LOG_INFO, "mksquashfs: %s", line);
}

static int run_mksquashfs(struct merge *m, const struct dm_loopdev *loop, struct lm_error *err)
{
	struct mksquashfs_job job = { .old_node = loop->node,
				      .root_path = image_info(m->s->look.image)->root_path,
				      .progress = on_percent,
				      .line = merge_full_pack_on_line,
				      .arg = m };
	const struct io_attrs own = { .mode = 0600 };
	char *dir = NULL, *root = NULL, *out = NULL;
	struct image_pack pack;
	struct mksquashfs mk;
	int ret;

	ret = mksquashfs_find(&mk, err);
	if (ret == 0)
		ret = image_pack_options(m->s->look.image, &pack, err);
	if (ret == 0 && (asprintf(&dir, "%s/%s", m->s->work_path, m->work_mount) < 0 ||
			 asprintf(&root, "%s/%s", m->s->work_path, m->work_root) < 0 ||
			 asprintf(&out, "%s/%s", m->s->work_path, m->work_pack) < 0))
		ret = pack_failed(-ENOMEM, m->s->work_path, err);
	if (ret == 0) {
		ret = io_mkdir_private(m->s->work, m->work_mount);
		if (ret == -EEXIST)
			ret = 0;
		if (ret < 0)
			pack_failed(ret, m->s->work_path, err);
	}
	if (ret == 0) {
		job.dir = dir;
		job.root = root;
		job.out = out;
		job.pack = &pack;
		ret = mksquashfs_run(&mk, &job, err);
		io_rmdir(m->s->work, m->work_mount);
	}
	if (ret == 0)
		ret = io_attrs_give(m->s->work, m->work_pack, &own, err);
	if (ret == 0)
		ret = io_replace_move(m->s->work, ".", m->work_pack, m->s->work_new, err);
	free(dir);
	free(root);
	free(out);
	return ret;
}

static int merge_full_pack_image(struct merge *m, struct lm_error *err)
{
	struct dm_loopdev *loop = NULL;
	int ret;

	ret = io_replace_remove(m->s->work, ".", m->s->work_new, err);
	if (ret == 0)
		ret = io_replace_remove(m->s->work, m->work_tree, m->work_pack, err);
	if (ret == 0)
		ret = dm_loop_attach_file(m->s->ctx, m->s->look.base_file, m->s->base,
					  DM_LOOP_READONLY, &loop, err);
	if (ret == 0)
		ret = dress(m, loop, image_info(m->s->look.image)->root_path, err);
	if (ret == 0)
		ret = run_mksquashfs(m, loop, err);
	dm_loop_detach(loop);
	/* The copies of snapshot-merge are what it is taken up from after a cut. */
	if (ret == 0 && m->s->rec.merge.method == LM_METHOD_MIRROR)
		ret = io_replace_remove(m->s->work, m->work_tree, m->work_root, err);
	return ret;
}

/* mksquashfs flushes nothing. */
static int merge_full_pack_flush(struct merge *m, struct lm_error *err)
{
	struct io_file *file;
	int ret = io_open(m->s->work, m->s->work_new, IO_WRITE, &file), closed;

	if (ret < 0)
		return pack_failed(ret, m->s->work_path, err);
	plan_run_flushing(m->s->run, true);
	ret = io_fsync(file);
	plan_run_flushing(m->s->run, false);
	closed = io_file_close(file);
	if (ret == 0)
		ret = closed;
	if (ret == 0)
		ret = io_sync_dir(m->s->work, ".");
	return ret < 0 ? pack_failed(ret, m->s->work_path, err) : 0;
}

int merge_step_pack(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	int ret;

	m->s->run = run;
	if (m->s->bare) {
		/* There is nothing to pack: the copy is the new image. */
		ret = io_replace_remove(m->s->work, ".", m->s->work_new, err);
		if (ret == 0)
			ret = io_replace_move(m->s->work, ".", m->work_root, m->s->work_new, err);
	} else {
		ret = merge_full_pack_image(m, err);
	}
	if (ret == 0)
		ret = merge_full_pack_flush(m, err);
	if (ret == 0)
		ret = record_identify(m->s->work, m->s->work_new, &m->s->rec.merge.new_image, err);
	if (ret == 0 && merge_unchanged(m)) {
		/* A cut could leave either, and nobody could tell which. */
		lm_fail(err, -EEXIST, m->s->base,
			_("Use `livemend merge` as it is (the method rewrite)."), "%s",
			_("The new image cannot be told from the old one"));
		ret = lm_because(err, "%s", _("length, beginning and end are the same"));
	}
	return ret;
}

int merge_step_place(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	struct io_fsinfo info;
	int ret;

	m->s->run = run;
	ret = io_fsinfo(m->s->rw.io, &info);
	if (ret < 0)
		return lm_fail(err, ret, m->s->stick->given, NULL, "%s",
			       _("Asking for the free space failed"));
	if (!m->s->ctx->tight &&
	    m->s->rec.merge.new_image.bytes + MARGIN_BYTES <= info.free_bytes) {
		ret = merge_step_copy(run, m, err);
		return ret < 0 ? ret : merge_step_replace(run, m, err);
	}
	ret = merge_step_backup(run, m, err);
	return ret < 0 ? ret : merge_step_swap(run, m, err);
}

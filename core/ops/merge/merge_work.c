/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * merge_work.c - merge --work DIR
 *
 * The new image is built and proved in DIR. Where the stick has room for both
 * images, it is copied beside the old one and all goes on as ever. Where it has
 * not, the old image is first copied to DIR and compared, and then the one on
 * the stick is removed and replaced: until that is done, the stick needs DIR.
 * The journal is kept in both places.
 */
#include <errno.h>
#include <stdio.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_attrs.h"
#include "core/io/io_replace.h"
#include "core/io/io_copy.h"
#include "core/ops/merge/merge.h"

void merge_work_names(struct merge *m)
{
	const char *run = m->s->rec.run;

	/*
	 * What has, or is packed with, the modes and capabilities of the image's content lies in
	 * a folder that nobody else can look into: a program that is setuid there is nobody's.
	 */
	snprintf(m->work_tree, sizeof(m->work_tree), "livemend-%s.tree", run);
	snprintf(m->work_root, sizeof(m->work_root), "livemend-%s.tree/root", run);
	snprintf(m->work_cow, sizeof(m->work_cow), "livemend-%s.tree/cow", run);
	snprintf(m->work_pack, sizeof(m->work_pack), "livemend-%s.tree/new", run);
	snprintf(m->work_mount, sizeof(m->work_mount), "livemend-%s.tree/mnt", run);
}

int merge_step_copy(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	int ret;

	m->s->run = run;
	if (m->unchanged)
		return 0;
	ret = io_copy(m->s->work, m->s->work_new, m->s->rw.io, m->s->dir, m->swap.fresh,
		      session_progress, m->s, err);
	return ret < 0 ? ret :
			 io_attrs_copy(m->s->rw.io, m->s->base, m->s->rw.io, m->swap.fresh, err);
}

int merge_step_backup(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;

	m->s->run = run;
	if (m->unchanged)
		return 0;
	return session_work_backup(m->s, m->s->base, err);
}

/* The file in the work folder is what the record says. */
static int prove_in_work(struct merge *m, const char *name, const struct record_id *id,
			 struct lm_error *err)
{
	struct record_id now;
	int ret = record_identify(m->s->work, name, &now, err);

	if (ret < 0 || record_same(&now, id))
		return ret;
	lm_fail(err, -ENOENT, m->s->work_path,
		_("Find the folder with the files livemend-*.new and livemend-*.old; the journal "
		  "on the stick tells its path."),
		"%s", _("The work folder does not hold the image that is needed"));
	if (err)
		err->outcome = LM_RESUMABLE;
	return lm_because(err, _("%s is missing, or is another file"), name);
}

/*
 * What the image on the stick has, or, where a cut has left none, the copy of the
 * old one; that is only as good as its file system. Else: for its maker alone.
 */
static void find_attrs(struct merge *m, struct io_attrs *attrs)
{
	struct io_fsinfo info;

	if (io_attrs_of(m->s->rw.io, m->s->base, attrs) == 0)
		return;
	if (io_fsinfo(m->s->work, &info) < 0 || !io_attrs_kept(&info) ||
	    io_attrs_of(m->s->work, m->s->work_old, attrs) < 0)
		*attrs = (struct io_attrs){ .mode = 0600 };
}

int merge_work_put(struct merge *m, const char *name, const struct record_id *id,
		   struct lm_error *err)
{
	struct io_attrs attrs = { 0 };
	struct record_id now;
	int ret = record_identify(m->s->rw.io, m->s->base, &now, err);

	if (ret < 0 || record_same(&now, id))
		return ret;
	ret = prove_in_work(m, name, id, err);
	/* The only other thing that may be there is the old image, and it must be safe. */
	if (ret == 0 && record_exists(&now)) {
		if (record_same(&now, &m->s->rec.merge.old_image)) {
			ret = prove_in_work(m, m->s->work_old, &m->s->rec.merge.old_image, err);
		} else if (!record_same(&now, &m->s->rec.merge.new_image)) {
			lm_fail(err, -EUCLEAN, m->s->base, NULL, "%s",
				_("The image on the stick is not one that the journal names"));
			ret = lm_because(err, "%s", _("it was changed by something else"));
		}
	}
	if (ret == 0) {
		find_attrs(m, &attrs);
		ret = io_replace_remove(m->s->rw.io, m->s->dir, m->s->base, err);
	}
	if (ret == 0)
		ret = io_replace_remove(m->s->rw.io, m->s->dir, m->swap.fresh, err);
	if (ret == 0)
		ret = io_copy(m->s->work, name, m->s->rw.io, m->s->dir, m->swap.fresh,
			      session_progress, m->s, err);
	/* An owner that cannot be had is no reason to leave the stick without an image. */
	if (ret == 0)
		(void)io_attrs_give(m->s->rw.io, m->swap.fresh, &attrs, NULL);
	if (ret == 0)
		ret = io_replace_move(m->s->rw.io, m->s->dir, m->swap.fresh, m->s->base, err);
	io_attrs_free(&attrs);
	return ret;
}

int merge_step_swap(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;
	int ret;

	if (m->unchanged)
		return 0;
	plan_run_critical(run, true);
	m->s->run = run;
	ret = session_not_attached(m->s->rw.io, m->s->base, err);
	if (ret < 0)
		return ret;
	merge_unlook(m);
	m->s->rec.phase = RECORD_SWAPPING;
	ret = session_record(m->s, m->s->work, ".", err);
	if (ret == 0)
		ret = session_record(m->s, m->s->rw.io, m->s->dir, err);
	if (ret < 0)
		return ret;
	m->s->committed = true;
	return merge_work_put(m, m->s->work_new, &m->s->rec.merge.new_image, err);
}

/* The copies of the methods that need them. */
static void merge_work_unpack(struct merge *m)
{
	const char *const files[] = { m->work_root, m->work_cow, m->work_pack };
	struct io *work = m->s->work;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		io_unlink(work, files[i]);
	io_rmdir(work, m->work_mount);
	/* A disk that is failing, which may be why it is removed, need not take a flush. */
	if (io_rmdir(work, m->work_tree) == 0)
		(void)io_sync_dir(work, ".");
}

void merge_work_clean(struct merge *m)
{
	if (!m->s->work || !m->s->work_ours)
		return;
	session_work_remove(m->s);
	if (m->s->rec.merge.method != LM_METHOD_REWRITE)
		merge_work_unpack(m);
	session_work_end(m->s);
}

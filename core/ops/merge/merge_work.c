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
#include "core/io/io_replace.h"
#include "core/io/io_copy.h"
#include "core/ops/merge/merge.h"

void merge_work_names(struct merge *m)
{
	const char *hash = m->s->rec.old_image.hash;

	session_work_names(m->s);
	snprintf(m->work_root, sizeof(m->work_root), "livemend-%.12s.root", hash);
	snprintf(m->work_cow, sizeof(m->work_cow), "livemend-%.12s.cow", hash);
	snprintf(m->work_tree, sizeof(m->work_tree), "livemend-%.12s.tree", hash);
}

int merge_step_copy(struct plan_run *run, void *merge, struct lm_error *err)
{
	struct merge *m = merge;

	m->s->run = run;
	if (m->unchanged)
		return 0;
	return io_copy(m->s->work, m->s->work_new, m->s->rw.io, m->s->dir, m->swap.fresh,
		       session_progress, m->s, err);
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

int merge_work_put(struct merge *m, const char *name, const struct record_id *id,
		   struct lm_error *err)
{
	struct record_id now;
	int ret = record_identify(m->s->rw.io, m->s->base, &now, err);

	if (ret < 0 || record_same(&now, id))
		return ret;
	ret = prove_in_work(m, name, id, err);
	/* The only other thing that may be there is the old image, and it must be safe. */
	if (ret == 0 && record_exists(&now)) {
		if (record_same(&now, &m->s->rec.old_image)) {
			ret = prove_in_work(m, m->s->work_old, &m->s->rec.old_image, err);
		} else if (!record_same(&now, &m->s->rec.new_image)) {
			lm_fail(err, -EUCLEAN, m->s->base, NULL, "%s",
				_("The image on the stick is not one that the journal names"));
			ret = lm_because(err, "%s", _("it was changed by something else"));
		}
	}
	if (ret == 0)
		ret = io_replace_remove(m->s->rw.io, m->s->dir, m->s->base, err);
	if (ret == 0)
		ret = io_replace_remove(m->s->rw.io, m->s->dir, m->swap.fresh, err);
	if (ret == 0)
		ret = io_copy(m->s->work, name, m->s->rw.io, m->s->dir, m->swap.fresh,
			      session_progress, m->s, err);
	if (ret == 0)
		ret = io_replace_move(m->s->rw.io, m->s->dir, m->swap.fresh, m->s->base, err);
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
	merge_unlook(m);
	m->s->rec.phase = RECORD_SWAPPING;
	ret = record_write(m->s->work, ".", &m->s->rec, err);
	if (ret == 0)
		ret = record_write(m->s->rw.io, m->s->dir, &m->s->rec, err);
	if (ret < 0)
		return ret;
	m->s->committed = true;
	return merge_work_put(m, m->s->work_new, &m->s->rec.new_image, err);
}

int merge_full_clean(struct merge *m, struct lm_error *err)
{
	int ret = io_replace_remove(m->s->work, ".", m->work_root, err);

	if (ret == 0)
		ret = io_replace_remove(m->s->work, ".", m->work_cow, err);
	if (ret == 0)
		io_rmdir(m->s->work, m->work_tree); /* -ENOENT as a rule */
	return ret;
}

int merge_work_clean(struct merge *m, struct lm_error *err)
{
	int ret;

	if (!m->s->work)
		return 0;
	ret = session_work_remove(m->s, err);
	if (ret == 0 && m->s->rec.method != LM_METHOD_REWRITE)
		ret = merge_full_clean(m, err);
	return ret == 0 ? session_work_end(m->s, err) : ret;
}

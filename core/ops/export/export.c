/* SPDX-License-Identifier: GPL-3.0-or-later */
/* export.c - the merged root image as a sparse file of its own */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/stick/stick_attach.h"
#include "core/dm/engine.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_attrs.h"
#include "core/io/io_replace.h"
#include "core/ops/op.h"
#include "core/plan/plan.h"
#include "core/stick/stick.h"
#include "core/text.h"
#include "core/view/view.h"

struct export {
	struct lm_stick *stick;
	char *out;           /* as given */
	char *folder, *name; /* its parts */
	struct io *io;       /* the folder */
	struct stick_look look;
	bool looking, made, by_kernel;
};

static void export_free(void *state)
{
	struct export *x = state;

	if (x->looking)
		stick_look_close(&x->look);
	io_close(x->io);
	free(x->out);
	free(x->folder);
	free(x->name);
	free(x);
}

static int export_watch(void *arg, uint64_t done, uint64_t total, const char *text)
{
	(void)text;
	return plan_run_progress(arg, done, total);
}

static int export_look(struct export *x, struct lm_error *err)
{
	int ret = stick_look_open(x->stick, 0, &x->look, err);

	x->looking = ret == 0;
	if (ret == 0 && x->look.trouble.code != 0) {
		*err = x->look.trouble;
		err->outcome = LM_REFUSED;
		return err->code;
	}
	if (ret == 0 && !x->look.view)
		return lm_refuse(err, -ENOENT, x->stick->given, NULL,
				 _("there is no root image that can be read"), "%s",
				 _("There is nothing to export"));
	if (ret == 0 && !x->look.paired)
		return lm_refuse(err, -EUCLEAN, x->stick->given, _("See `livemend doctor`."),
				 x->look.pair_why, "%s",
				 _("Overlay and image do not belong together"));
	return ret;
}

/* The same device, as livemend makes it or as the kernel does. */
static int copy_view(struct export *x, struct io_file *file, const struct lm_watch *w,
		     struct lm_error *err)
{
	struct stick_attach *attach = NULL;
	struct io_source *src = NULL;
	int ret, closed;

	if (!x->by_kernel)
		return view_export(x->look.view, file, x->out, w, err);
	ret = stick_attach_open(x->stick, 0, 0, &attach, err);
	if (ret < 0)
		return ret;
	ret = stick_attach_source(attach, &src, err);
	if (ret == 0)
		ret = view_export(src, file, x->out, w, err);
	io_source_close(src);
	closed = stick_attach_close(attach, ret < 0 ? NULL : err);
	return ret < 0 ? ret : closed;
}

static bool for_all(struct io_file *file)
{
	struct io_attrs attrs;
	bool all;

	if (!file)
		return true;
	if (io_attrs_read(file, &attrs) < 0)
		return false; /* inside of an image, or on a device */
	all = (attrs.mode & 04) != 0;
	io_attrs_free(&attrs);
	return all;
}

/* What not everybody may read on the stick, not everybody may read in the copy. */
static int let_read(struct export *x, struct io_file *file)
{
	struct io_attrs attrs = { .mode = 0600 };

	if (for_all(x->look.base_file) && for_all(x->look.overlay_file))
		attrs.mode = 0644;
	return io_set_attrs(file, &attrs);
}

static int step_export(struct plan_run *run, void *state, struct lm_error *err)
{
	struct export *x = state;
	struct lm_watch w = { .fn = export_watch, .arg = run };
	struct io_file *file = NULL;
	int ret, closed;

	/* Afresh: the plan may have been looked at for a while. */
	if (x->looking)
		stick_look_close(&x->look);
	x->looking = false;
	ret = export_look(x, err);
	if (ret < 0)
		return ret;
	ret = io_open(x->io, x->name, IO_CREATE, &file);
	if (ret < 0)
		return lm_fail(err, ret, x->out, NULL, "%s", _("Creating the file failed"));
	x->made = true;
	ret = copy_view(x, file, &w, err);
	if (ret == 0)
		ret = let_read(x, file);
	closed = io_file_close(file);
	if (ret == 0)
		ret = closed;
	if (ret == 0)
		ret = io_sync_dir(x->io, ".");
	if (ret < 0 && err->code == 0)
		lm_fail(err, ret, x->out, NULL, "%s", _("Writing the file failed"));
	return ret;
}

static void export_on_abort(struct plan_run *run, void *state, struct lm_error *err)
{
	struct export *x = state;
	struct lm_error e;

	(void)run;
	if (x->made && io_replace_remove(x->io, ".", x->name, &e) < 0)
		err->outcome = LM_ATTENTION;
}

static int split(struct export *x, const char *out, struct lm_error *err)
{
	char *copy = strdup(out), *other = strdup(out);

	x->out = strdup(out);
	if (copy && other) {
		x->folder = strdup(dirname(copy));
		x->name = strdup(basename(other));
	}
	free(copy);
	free(other);
	if (!x->out || !x->folder || !x->name)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	return 0;
}

/* A file system that is mounted changes under the hands of whoever copies it. */
static int refuse_mounted(const struct export *x, struct lm_plan *plan, struct lm_error *err)
{
	const struct lm_stick *s = x->stick;
	struct dm_use use = { 0 };
	struct io_stat st;

	if (s->n_overlays == 0 || !s->overlays[0].attached)
		return 0;
	if (io_stat(s->io, s->overlays[0].path, &st) == 0 &&
	    dm_find_use(st.dev, st.ino, &use) == 1 && use.mounted)
		return lm_refuse(err, -EBUSY, s->overlays[0].path,
				 _("Export it from another system."),
				 _("it is mounted, and changes while it is copied"), "%s",
				 _("A running system cannot be exported"));
	plan_warn(plan, "%s",
		  _("The kernel has the overlay attached. If anything writes to it meanwhile, the "
		    "copy is worth nothing."));
	return 0;
}

static int export_ledger(struct export *x, struct lm_plan *plan, struct lm_error *err)
{
	const struct fs_info *fs = x->look.fs ? fs_info(x->look.fs) : NULL;
	uint64_t size = x->look.view->size_bytes, likely = size;
	struct io_fsinfo info;
	struct io_stat st;
	char need[16], have[16];
	int ret;

	ret = io_stat(x->io, x->name, &st);
	if (ret == 0)
		return lm_refuse(err, -EEXIST, x->out, _("Give another name, or remove it first."),
				 _("it exists already, and nothing is overwritten"), "%s",
				 _("The file cannot be made"));
	ret = io_fsinfo(x->io, &info);
	if (ret < 0)
		return lm_fail(err, ret, x->folder, NULL, "%s",
			       _("Asking for the free space failed"));
	if (fs && fs->readable && fs->blocks >= fs->blocks_free)
		likely = min_u64(size, (fs->blocks - fs->blocks_free) * fs->block_bytes);
	/* FAT has no holes, and the length counts against its limit in any case. */
	if (strcmp(info.fstype, "vfat") == 0 || strcmp(info.fstype, "exfat") == 0)
		likely = size;
	plan_need(plan, x->folder, _("the merged root image"), likely, size, info.free_bytes,
		  info.file_limit_bytes);
	if (size > info.file_limit_bytes) {
		lm_refuse(err, -EFBIG, x->out, _("Choose a folder on another file system."), "",
			  "%s", _("The file would be too large"));
		return lm_because(err, _("the image has %s; the largest file there is %s"),
				  text_size(need, size), text_size(have, info.file_limit_bytes));
	}
	if (likely > info.free_bytes) {
		lm_refuse(err, -ENOSPC, x->folder, _("Choose a folder with more room."), "", "%s",
			  _("There is not enough room"));
		return lm_because(err, _("about %s are needed, %s are free"),
				  text_size(need, likely), text_size(have, info.free_bytes));
	}
	return 0;
}

static int make(struct export *x, const struct lm_options *options, struct lm_plan *plan,
		struct lm_error *err)
{
	struct lm_step *s;
	int ret;

	if (!options->out || !*options->out)
		return lm_refuse(err, -EINVAL, NULL, _("Give the name of a file to write to."),
				 _("no file was named"), "%s", _("Where to?"));
	ret = split(x, options->out, err);
	if (ret == 0) {
		ret = io_dir_open(x->folder, &x->io);
		if (ret < 0)
			return lm_fail(err, ret, x->folder, NULL, "%s",
				       _("The folder cannot be opened"));
	}
	if (ret == 0)
		ret = export_look(x, err);
	if (ret == 0)
		ret = refuse_mounted(x, plan, err);
	if (ret == 0)
		ret = export_ledger(x, plan, err);
	if (ret < 0)
		return ret;
	s = plan_step(plan, "export", _("Write the merged root image"),
		      _("What the overlay holds comes from the overlay, the rest from the image. "
			"Runs of zeros become holes."),
		      step_export);
	plan_command(s, "dd if=/dev/mapper/live-rw of=%s bs=1M conv=sparse,fsync", x->out);
	s->reads = text_dup(_("image and overlay"));
	s->writes = text_dup(x->out);
	s->undo = text_dup(_("the file is deleted"));
	s->work_bytes = x->look.view->size_bytes;
	s->cancellable = true;
	plan_abort(plan, export_on_abort);
	return 0;
}

int ops_plan_export(struct lm_stick *stick, const struct lm_options *options, struct lm_plan *plan,
		    struct lm_error *err)
{
	struct export *x = calloc(1, sizeof(*x));
	enum lm_engine engine;
	struct lm_error why;
	char now[600];
	int ret;

	if (!x)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Planning failed"));
	x->stick = stick;
	plan_state(plan, x, export_free);
	lm_error_clear(&why);
	plan_text(plan, _("Export the merged root image"),
		  _("Writes image and overlay as one file system image, as a sparse file. The stick "
		    "is only read."));
	plan_risk(plan, NULL, _("A cancel deletes the unfinished file."), NULL);
	ret = dm_engine_choose(stick->ctx, LM_ENGINE_DIRECT, NULL, &engine, &why);
	x->by_kernel = engine == LM_ENGINE_KERNEL;
	if (ret == 0)
		ret = make(x, options, plan, &why);
	if (ret == -ENOMEM) {
		if (err)
			*err = why;
		return ret;
	}
	if (ret < 0) {
		plan_refuse(plan, &why);
		return 0;
	}
	snprintf(now, sizeof(now), _("%s holds the root file system as it is with the overlay."),
		 x->out);
	return plan_result(plan, now, "");
}

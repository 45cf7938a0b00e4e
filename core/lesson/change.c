/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The live system's files changed without booting it: base, overlay and file system by hand. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/lesson/draft.h"
#include "core/lesson/lesson.h"
#include "core/practice/practice.h"
#include "core/view/view.h"

/* The stick, opened to be lived with. */
struct living {
	struct lm_stick *stick;
	struct stick_rw rw;
	struct stick_look look; /* for the base */
	struct io_file *file;
	struct cow_store *store;
	struct io_source *view;
};

static void living_close(struct living *v)
{
	io_source_close(v->view);
	cow_store_close(v->store);
	io_file_close(v->file);
	stick_look_close(&v->look);
	if (v->stick)
		stick_rw_close(&v->rw);
	lm_stick_close(v->stick);
}

static int open_overlay(struct living *v, struct lm_error *err)
{
	const struct stick_overlay *o = v->stick->n_overlays ? &v->stick->overlays[0] : NULL;
	int rc;

	if (!o || o->kind != LM_OVERLAY_DM_SNAPSHOT || !v->look.base)
		return lm_refuse(err, -ENOENT, v->stick->given, NULL,
				 _("there is no overlay over a root image"), "%s",
				 _("The live system cannot be changed"));
	rc = io_open(v->rw.io, o->path, IO_WRITE, &v->file);
	if (rc)
		return lm_fail(err, rc, o->path, NULL, "%s", _("Opening the overlay failed"));
	rc = cow_store_open(v->file, o->path, v->look.base->size_bytes / 512, &v->store, err);
	if (!rc)
		rc = view_open(v->look.base, v->store, true, false, &v->view, err);
	return rc;
}

static int living_open(struct lesson *lesson, struct living *v, struct lm_error *err)
{
	int rc;

	memset(v, 0, sizeof(*v));
	rc = lm_stick_open(lesson->ctx, lesson->dir, &v->stick, err);
	if (!rc)
		rc = stick_rw_open(v->stick, &v->rw, err);
	if (!rc)
		rc = stick_look_open(v->stick, 0, &v->look, err);
	if (!rc)
		rc = lesson_practice_only(v->stick, &v->look, err);
	if (!rc)
		rc = open_overlay(v, err);
	if (rc)
		living_close(v);
	return rc;
}

/* As the kernel marks a file system when a write to the overlay fails; that place is mapped. */
static void mark_errors(struct io_source *view)
{
	struct fs_edit *edit;

	if (fs_edit_open(view, &edit, NULL) == 0) {
		fs_edit_mark_errors(edit);
		fs_edit_close(edit, NULL);
	}
}

static int edit_draft(struct lesson *lesson, struct io_source *draft, lesson_edit_fn fn, void *arg,
		      struct lm_error *err)
{
	struct fs_edit *edit;
	int rc = fs_edit_open(draft, &edit, err), closed;

	if (rc)
		return rc;
	rc = fn(lesson, edit, arg, err);
	closed = fs_edit_close(edit, rc ? NULL : err);
	return rc ? rc : closed;
}

int lesson_change(struct lesson *lesson, lesson_edit_fn fn, void *arg, struct lm_error *err)
{
	struct io_source *draft = NULL;
	struct fs *before = NULL;
	struct living v;
	int rc = living_open(lesson, &v, err), committed;

	if (rc)
		return rc;
	rc = fs_open(v.view, &before, err);
	if (!rc)
		rc = fs_load_bitmap(before, err);
	if (!rc)
		rc = draft_open(v.view, &draft, err);
	if (!rc)
		rc = edit_draft(lesson, draft, fn, arg, err);
	if (!rc) {
		rc = draft_apply(draft, before, err);
		if (rc == -ENOSPC)
			mark_errors(v.view);
		committed = io_source_flush(v.view, rc ? NULL : err);
		if (!rc)
			rc = committed;
	}
	io_source_close(draft);
	fs_close(before);
	living_close(&v);
	return rc;
}

int lesson_change_home(struct lesson *lesson, lesson_edit_fn fn, void *arg, struct lm_error *err)
{
	struct io_source *src = NULL;
	struct io_file *file = NULL;
	struct stick_rw rw;
	struct lm_stick *stick;
	int rc = lm_stick_open(lesson->ctx, lesson->dir, &stick, err), closed;

	if (rc)
		return rc;
	rc = stick_rw_open(stick, &rw, err);
	if (rc) {
		lm_stick_close(stick);
		return rc;
	}
	if (!stick->home_path)
		rc = lm_fail(err, -ENOENT, "home.img", NULL, "%s", _("There is no home.img"));
	if (!rc) {
		rc = io_open(rw.io, stick->home_path, IO_WRITE, &file);
		if (rc)
			lm_fail(err, rc, stick->home_path, NULL, "%s",
				_("Opening home.img failed"));
	}
	if (!rc)
		rc = io_file_source(file, false, "home.img", 0, 0, &src, err);
	if (!rc)
		rc = edit_draft(lesson, src, fn, arg, err);
	if (!rc) {
		rc = io_fsync(file);
		if (rc)
			lm_fail(err, rc, "home.img", NULL, "%s", _("Writing home.img failed"));
	}
	io_source_close(src);
	closed = io_file_close(file);
	if (!rc && closed)
		rc = lm_fail(err, closed, "home.img", NULL, "%s", _("Writing home.img failed"));
	stick_rw_close(&rw);
	lm_stick_close(stick);
	return rc;
}

int lesson_mkdir(struct fs_edit *edit, const char *path, struct lm_error *err)
{
	struct lm_error local = { 0 };
	int rc = fs_edit_mkdir(edit, path, 0755, &local);

	if (rc == -EEXIST)
		return 0;
	if (rc && err)
		*err = local;
	return rc;
}

struct film {
	const char *path;
	uint64_t bytes;
};

static int write_film(struct lesson *lesson, struct fs_edit *edit, void *arg, struct lm_error *err)
{
	const struct film *film = arg;
	size_t len = (size_t)film->bytes; /* of our own choice */
	char dir[128], *data, *slash;
	int rc;

	(void)lesson;
	snprintf(dir, sizeof(dir), "%s", film->path);
	slash = strrchr(dir, '/');
	data = malloc(len);
	if (!data || !slash) {
		free(data);
		return lm_fail(err, -ENOMEM, film->path, NULL, "%s", _("Writing a file failed"));
	}
	*slash = '\0';
	practice_noise(data, len, 9000);
	rc = lesson_mkdir(edit, dir, err);
	if (!rc)
		rc = fs_edit_write(edit, film->path, data, len, 0644, err);
	free(data);
	return rc;
}

int lesson_film(struct lesson *lesson, const char *path, uint64_t bytes, bool home,
		struct lm_error *err)
{
	struct film film = { path, bytes };

	return home ? lesson_change_home(lesson, write_film, &film, err) :
		      lesson_change(lesson, write_film, &film, err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stick as it is now, and the facts that are compared. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/fs/fs_io.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_image.h"
#include "core/lesson/lesson.h"
#include "core/practice/practice.h"
#include "core/view/view.h"

#define FILE_MAX (UINT64_C(16) << 20)

/* FNV-1a: to notice a change, not to withstand one who wants to cheat himself. */
static uint64_t mix(uint64_t mark, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len--)
		mark = (mark ^ *p++) * UINT64_C(0x100000001b3);
	return mark;
}

struct marking {
	struct io *io;
	const char *dir;
	uint64_t sum;
	int rc;
};

static int mark_file(void *arg, const char *name, enum io_kind kind)
{
	struct marking *m = arg;
	uint64_t mark = mix(UINT64_C(0xcbf29ce484222325), name, strlen(name)), off = 0;
	char path[512], buf[4096];
	struct io_file *file;
	ssize_t n;

	/* Only what was there at the beginning; what the learner writes is no loss if it changes. */
	if (kind != IO_REGULAR || strncmp(name, "letter-", 7) != 0)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", m->dir, name);
	m->rc = io_open(m->io, path, IO_READ, &file);
	if (m->rc)
		return m->rc;
	while ((n = io_pread(file, buf, sizeof(buf), off)) > 0 && off < FILE_MAX) {
		mark = mix(mark, buf, (size_t)n);
		off += (uint64_t)n;
	}
	io_file_close(file);
	m->rc = n < 0 ? (int)n : 0;
	/* A sum: the order of a directory is of no interest. */
	m->sum += mark | 1;
	return m->rc;
}

uint64_t lesson_mark_files(struct io *io, const char *dir)
{
	struct marking m = { .io = io, .dir = dir };

	if (!io || io_list(io, dir, mark_file, &m) || m.rc)
		return 0;
	return m.sum;
}

uint64_t lesson_file_bytes(struct io *io, const char *path)
{
	struct io_stat st;

	return io && io_stat(io, path, &st) == 0 ? st.size_bytes : UINT64_MAX;
}

bool lesson_file_has(struct io *io, const char *path, const char *text)
{
	char buf[4096];
	struct io_file *file;
	ssize_t n;

	if (!io || io_open(io, path, IO_READ, &file))
		return false;
	n = io_pread(file, buf, sizeof(buf) - 1, 0);
	io_file_close(file);
	if (n < 0)
		return false;
	buf[n] = '\0';
	return strstr(buf, text) != NULL;
}

/* The files in a root image; what is below is not owned, and the io owns only the view of it. */
static struct io *open_files(struct io_source *base, struct cow_store *store)
{
	struct io_source *view;
	struct io *io;

	/* Also where the overlay is marked invalid: what is in it is still to be there afterwards. */
	if (!base || view_open(base, store, false, true, &view, NULL))
		return NULL;
	return fs_io_open(view, &io, NULL) ? NULL : io;
}

struct io *lesson_home_files(struct lesson_now *now)
{
	struct lm_stick *s = now->stick;
	struct io_source *src;
	struct io_file *file;
	struct io *io;

	if (!s->home_path || io_open(s->io, s->home_path, IO_READ, &file))
		return NULL;
	if (io_file_source(file, true, "home.img", 0, 0, &src, NULL)) {
		io_file_close(file);
		return NULL;
	}
	return fs_io_open(src, &io, NULL) ? NULL : io;
}

static void note_facts(struct lesson_now *now)
{
	struct lesson_facts *f = &now->facts;
	const struct lm_overlay *o = now->overlay;

	f->allocated = o->allocated_sectors;
	f->exceptions = o->exceptions;
	f->dead = o->dead_known ? o->dead_sectors : 0;
	f->overlay_bytes = o->file_bytes;
	f->root_free = now->status->root.known ? now->status->root.free_bytes : 0;
	f->base = now->look.image ? get_le64(image_info(now->look.image)->identity) :
				    now->status->base.file_bytes;
	f->letters = lesson_mark_files(now->root, LESSON_LETTERS);
}

int lesson_practice_only(const struct lm_stick *stick, const struct stick_look *look,
			 struct lm_error *err)
{
	const char *overlay = stick->n_overlays ? stick->overlays[0].path : NULL;

	if (stick->access == STICK_FOLDER && overlay && look->base_fs &&
	    strstr(overlay, "/overlay-" PRACTICE_NAME "-") &&
	    strcmp(fs_info(look->base_fs)->label, PRACTICE_LABEL) == 0)
		return 0;
	return lm_refuse(err, -EPERM, stick->given,
			 _("Make a practice stick: livemend practice --lesson NAME DIR."),
			 _("this is no practice stick, and nobody's own files are changed for a "
			   "lesson"),
			 "%s", _("There can be no lesson on this stick"));
}

int lesson_now_open(struct lesson *lesson, struct lesson_now *now, struct lm_error *err)
{
	int rc;

	memset(now, 0, sizeof(*now));
	rc = lm_stick_open(lesson->ctx, lesson->dir, &now->stick, err);
	if (!rc)
		rc = lm_status_read(now->stick, 0, &now->status, err);
	if (!rc && !now->status->n_overlays)
		rc = lm_refuse(err, -ENOENT, lesson->dir, _("Make a new practice stick."),
			       _("there is no overlay"), "%s",
			       _("The lesson cannot go on with this stick"));
	if (!rc)
		rc = stick_look_open(now->stick, 0, &now->look, err);
	if (!rc)
		rc = lesson_practice_only(now->stick, &now->look, err);
	if (rc) {
		lesson_now_close(now);
		return rc;
	}
	now->overlay = &now->status->overlays[0];
	if (now->look.store) {
		now->cow = cow_store_info(now->look.store);
		if (now->cow->state != LM_STATE_DAMAGED)
			now->root = open_files(now->look.base, now->look.store);
	}
	now->base = open_files(now->look.base, NULL);
	note_facts(now);
	return 0;
}

void lesson_now_close(struct lesson_now *now)
{
	io_close(now->base);
	io_close(now->root);
	stick_look_close(&now->look);
	lm_status_free(now->status);
	lm_stick_close(now->stick);
	memset(now, 0, sizeof(*now));
}

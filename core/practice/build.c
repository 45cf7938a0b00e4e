/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chapters of making a practice stick, in the order of the plan's steps. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/practice/practice.h"
#include "core/text.h"

#define SAME_CHUNKS 40
#define WORK_NAME "livemend-work"
/* What may lie in the work folder; nothing else is ever removed from it. */
static const char *const work_files[] = { "pack/LiveOS/rootfs.img", "now.img", "first.img",
					  "second.img", "cut.img", "commands", "content0",
					  "content1" };
static const char *const work_dirs[] = { "pack/LiveOS", "pack", "." };

static int failed(const char *on, int rc, struct lm_error *err)
{
	return lm_fail(err, rc, on, NULL, "%s", _("Making the practice stick failed"));
}

static int stopped(const struct practice *p, struct lm_error *err)
{
	return p->stop && p->stop(p->stop_arg) ? failed(p->dir, -ECANCELED, err) : 0;
}

int practice_new(struct practice **out, const char *dir, const struct practice_lesson *lesson,
		 struct lm_error *err)
{
	struct practice *p = calloc(1, sizeof(*p));
	unsigned char id[4];

	*out = NULL;
	if (!p)
		return failed(dir, -ENOMEM, err);
	p->lesson = lesson;
	p->dir = strdup(dir);
	if (!p->dir || asprintf(&p->work, "%s/%s", dir, WORK_NAME) < 0) {
		p->work = NULL;
		goto no_memory;
	}
	if (asprintf(&p->base, "%s/%s", p->work, work_files[0]) < 0) {
		p->base = NULL;
		goto no_memory;
	}
	if (asprintf(&p->now, "%s/%s", p->work, work_files[1]) < 0) {
		p->now = NULL;
		goto no_memory;
	}
	if (getrandom(id, sizeof(id), 0) != sizeof(id)) {
		practice_free(p);
		return failed(dir, -EIO, err);
	}
	snprintf(p->overlay, sizeof(p->overlay), "LiveOS/overlay-" PRACTICE_NAME "-%02X%02X-%02X%02X",
		 id[0], id[1], id[2], id[3]);
	*out = p;
	return 0;
no_memory:
	practice_free(p);
	return failed(dir, -ENOMEM, err);
}

void practice_free(struct practice *p)
{
	if (!p)
		return;
	practice_state_close(&p->base_state);
	cow_store_close(p->store);
	io_file_close(p->overlay_file);
	io_close(p->io);
	free(p->now);
	free(p->base);
	free(p->work);
	free(p->dir);
	free(p);
}

static int make_dirs(struct practice *p, struct lm_error *err)
{
	static const char *const dirs[] = { "LiveOS", "syslinux", WORK_NAME, WORK_NAME "/pack",
					    WORK_NAME "/pack/LiveOS" };
	size_t i;
	int rc;

	if (mkdir(p->dir, 0755) == 0)
		p->made_dir = true;
	else if (errno != EEXIST)
		return failed(p->dir, -errno, err);
	rc = io_dir_open(p->dir, &p->io);
	if (rc)
		return failed(p->dir, rc, err);
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		rc = io_mkdir(p->io, dirs[i]);
		if (rc)
			return failed(dirs[i], rc, err);
		p->made_any = true;
	}
	return 0;
}

int practice_make_root(struct practice *p, struct lm_error *err)
{
	char size[24];
	const char *argv[] = { "mkfs.ext4", "-q",  "-F",  "-b",  "4096", "-m",	  "1",
			       "-N",	    "8192", "-J", "size=4", "-L", PRACTICE_LABEL, "-E",
			       "lazy_itable_init=1,root_owner=0:0", p->base, size, NULL };
	struct practice_fs *fs;
	int rc = make_dirs(p, err), fd, closed;

	if (rc)
		return rc;
	fd = open(p->base, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(p->base, -errno, err);
	rc = ftruncate(fd, (off_t)PRACTICE_ROOT_BYTES) < 0 ? -errno : 0;
	if (close(fd) < 0 && !rc)
		rc = -errno;
	if (rc)
		return failed(p->base, rc, err);
	snprintf(size, sizeof(size), "%lluk", (unsigned long long)(PRACTICE_ROOT_BYTES >> 10));
	rc = practice_child(argv, p->stop, p->stop_arg, err);
	if (!rc)
		rc = practice_fs_open(p->base, &fs, err);
	if (rc)
		return rc;
	rc = practice_tree(fs, err);
	closed = practice_fs_close(fs, rc ? NULL : err);
	return rc ? rc : closed;
}

int practice_pack(struct practice *p, struct lm_error *err)
{
	char source[4096], image[4096];
	const char *argv[] = { "mksquashfs", source,	    image,	 "-comp",
			       "xz",	     "-b",	    "128K",	 "-noappend",
			       "-all-root",  "-no-progress", "-no-xattrs", NULL };
	struct io_file *file;
	int rc, closed;

	if (snprintf(source, sizeof(source), "%s/pack", p->work) >= (int)sizeof(source) ||
	    snprintf(image, sizeof(image), "%s/LiveOS/squashfs.img", p->dir) >= (int)sizeof(image))
		return failed(p->dir, -ENAMETOOLONG, err);
	rc = practice_child(argv, p->stop, p->stop_arg, err);
	if (rc)
		return rc;
	/* mksquashfs flushes nothing. */
	rc = io_open(p->io, "LiveOS/squashfs.img", IO_WRITE, &file);
	if (rc)
		return failed(image, rc, err);
	rc = io_fsync(file);
	closed = io_file_close(file);
	if (rc || closed)
		return failed(image, rc ? rc : closed, err);
	return 0;
}

int practice_make_overlay(struct practice *p, struct lm_error *err)
{
	int rc = io_open(p->io, p->overlay, IO_CREATE_PUBLIC, &p->overlay_file);

	if (!rc)
		rc = io_truncate(p->overlay_file, PRACTICE_OVERLAY_BYTES);
	/* Room that a stick really gives it, where the file system can. */
	if (!rc)
		rc = io_allocate(p->overlay_file, 0, PRACTICE_OVERLAY_BYTES);
	if (rc && rc != -EOPNOTSUPP)
		return failed(p->overlay, rc, err);
	rc = cow_format(p->overlay_file, PRACTICE_CHUNK_SECTORS, p->overlay, err);
	if (!rc)
		rc = practice_state_open(p->base, &p->base_state, err);
	if (!rc)
		rc = cow_store_open(p->overlay_file, p->overlay, PRACTICE_ROOT_BYTES / 512,
				    &p->store, err);
	if (!rc)
		rc = practice_copy(p->base, p->now, err);
	return rc;
}

/* What became of the copy so far, into the overlay. */
static int apply(struct practice *p, const char *state_path, const struct practice_state *only_free,
		 struct lm_error *err)
{
	struct practice_state state;
	int rc = stopped(p, err);

	if (!rc)
		rc = practice_state_open(state_path, &state, err);
	if (rc)
		return rc;
	rc = practice_apply(&p->base_state, &state, only_free, p->store, err);
	practice_state_close(&state);
	return rc;
}

enum edit { EDIT_SETTLE, EDIT_PICTURES, EDIT_DELETE, EDIT_TIDY, EDIT_FIRST, EDIT_SECOND, EDIT_CUT };

static uint64_t used_chunks(const struct practice *p)
{
	return cow_store_info(p->store)->allocated_sectors / PRACTICE_CHUNK_SECTORS;
}

static int edit(struct practice *p, const char *path, enum edit what, struct lm_error *err)
{
	uint64_t total = PRACTICE_OVERLAY_BYTES / PRACTICE_BLOCK_BYTES;
	uint64_t want = total * p->lesson->fill / 100, have = used_chunks(p);
	unsigned dropped;
	struct practice_fs *fs;
	int rc = practice_fs_open(path, &fs, err), closed;

	if (rc)
		return rc;
	switch (what) {
	case EDIT_SETTLE:
		rc = practice_life(fs, 0, err);
		break;
	case EDIT_TIDY:
		rc = practice_life(fs, 1, err);
		break;
	case EDIT_PICTURES:
		/* Some for the tables that the store and the file system need for them. */
		if (want > have + 64)
			rc = practice_pictures(fs, "picture", (want - have - 32) *
					       PRACTICE_BLOCK_BYTES, &p->pictures, err);
		break;
	case EDIT_DELETE:
		rc = practice_pictures_remove(fs, p->pictures, p->lesson->freed, err);
		break;
	case EDIT_FIRST:
	case EDIT_SECOND:
		rc = practice_last_words(fs, what == EDIT_SECOND, err);
		break;
	case EDIT_CUT:
		/* More than fits, also when it comes to lie in chunks that are mapped already. */
		rc = practice_pictures(fs, "holiday", PRACTICE_OVERLAY_BYTES * 5 / 4, &dropped,
				       err);
		break;
	}
	closed = practice_fs_close(fs, rc ? NULL : err);
	return rc ? rc : closed;
}

int practice_live(struct practice *p, struct lm_error *err)
{
	static const enum edit life[] = { EDIT_SETTLE, EDIT_PICTURES, EDIT_DELETE, EDIT_TIDY };
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < sizeof(life) / sizeof(life[0]); i++) {
		rc = edit(p, p->now, life[i], err);
		if (!rc)
			rc = apply(p, p->now, NULL, err);
	}
	return rc ? rc : practice_apply_same(&p->base_state, SAME_CHUNKS, p->store, err);
}

/* The name of another state of the root image in the work folder. */
static char *beside(const struct practice *p, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", p->work, name) < 0 ? NULL : path;
}

/* Copies that go on alone, each a step further; then both steps into the journal. */
static int break_off(struct practice *p, struct lm_error *err)
{
	char *first = beside(p, "first.img"), *second = beside(p, "second.img");
	int rc = first && second ? 0 : failed(p->dir, -ENOMEM, err);

	if (!rc)
		rc = practice_copy(p->now, first, err);
	if (!rc)
		rc = edit(p, first, EDIT_FIRST, err);
	if (!rc)
		rc = practice_copy(first, second, err);
	if (!rc)
		rc = edit(p, second, EDIT_SECOND, err);
	if (!rc)
		rc = practice_journal(p->now, first, second, p->work, err);
	if (!rc)
		rc = apply(p, p->now, NULL, err);
	free(first);
	free(second);
	return rc;
}

/*
 * Data goes first: when the overlay takes no more of it, the file system never
 * hears of the file, and marks itself as one with errors (that got in before).
 */
static int run_full(struct practice *p, struct lm_error *err)
{
	const char *argv[] = { "debugfs", "-w", "-R", "set_super_value state 2", p->now, NULL };
	struct practice_state before = { .fs = NULL };
	char *cut = beside(p, "cut.img");
	struct lm_error full;
	int rc = cut ? practice_copy(p->now, cut, err) : failed(p->dir, -ENOMEM, err);

	if (!rc)
		rc = edit(p, cut, EDIT_CUT, err);
	if (!rc)
		rc = practice_child(argv, p->stop, p->stop_arg, err);
	if (!rc)
		rc = apply(p, p->now, NULL, err);
	if (!rc)
		rc = practice_state_open(p->now, &before, err);
	if (!rc) {
		rc = apply(p, cut, &before, &full);
		if (rc == -ENOSPC)
			rc = 0;
		else if (rc == 0)
			rc = failed(p->overlay, -EIO, err);
		else if (err)
			*err = full;
	}
	practice_state_close(&before);
	free(cut);
	return rc;
}

int practice_break(struct practice *p, struct lm_error *err)
{
	static const unsigned char invalid[4];
	int rc = 0;

	if (p->lesson->dirty)
		rc = break_off(p, err);
	if (!rc && p->lesson->overflow)
		rc = run_full(p, err);
	if (!rc && p->lesson->invalid) {
		/* The second word of the header, as the kernel writes it. */
		rc = io_pwrite(p->overlay_file, invalid, sizeof(invalid), 4);
		if (!rc)
			rc = io_fsync(p->overlay_file);
		if (rc)
			failed(p->overlay, rc, err);
	}
	return rc;
}

static int put_file(struct practice *p, const char *name, const char *text, struct lm_error *err)
{
	struct io_file *file;
	int rc, closed;

	if (!text)
		return failed(name, -ENOMEM, err);
	rc = io_open(p->io, name, IO_CREATE_PUBLIC, &file);
	if (rc)
		return failed(name, rc, err);
	rc = io_pwrite(file, text, strlen(text), 0);
	if (!rc)
		rc = io_fsync(file);
	closed = io_file_close(file);
	return rc || closed ? failed(name, rc ? rc : closed, err) : 0;
}

/* The beginning of the lesson; the facts are noted when it is taken up. */
static int put_lesson(struct practice *p, struct lm_error *err)
{
	char text[96];

	snprintf(text, sizeof(text), "livemend lesson 1\nname %s\nstep 0\n", p->lesson->name);
	return put_file(p, "lesson.txt", text, err);
}

static int put_texts(struct practice *p, struct lm_error *err)
{
	char *config = NULL, *readme = NULL;
	int rc;

	if (asprintf(&config,
		     "default linux\nlabel linux\n  kernel vmlinuz\n"
		     "  append initrd=initrd.img root=live:LABEL=PRACTICE rd.live.image "
		     "rd.live.overlay=LABEL=PRACTICE:/%s rw quiet\n",
		     p->overlay) < 0)
		config = NULL;
	/* In the language of whoever makes it; the lines are short for any viewer. */
	if (asprintf(&readme,
		     _("A live stick to practise on, made by livemend practice.\n\n"
		       "  LiveOS/squashfs.img  the system as it came, compressed\n"
		       "  %s\n"
		       "                       all changes since\n"
		       "  syslinux/            how it would boot (there is no kernel here)\n\n"
		       "%s\n\n"
		       "Look:     livemend status .\n"
		       "Mend it:  livemend .\n\n"
		       "Nothing here is worth anything: break it, delete it, make another.\n"),
		     p->overlay, _(p->lesson->text)) < 0)
		readme = NULL;
	rc = put_file(p, "syslinux/syslinux.cfg", config, err);
	if (!rc)
		rc = put_file(p, "README.txt", readme, err);
	if (!rc && p->lesson->guided)
		rc = put_lesson(p, err);
	free(config);
	free(readme);
	return rc;
}

/* What is not there is gone already. */
static int gone(int rc)
{
	return rc == -ENOENT ? 0 : rc;
}

static int remove_work(struct practice *p, struct lm_error *err)
{
	char name[64];
	size_t i;
	int rc;

	for (i = 0; i < sizeof(work_files) / sizeof(work_files[0]); i++) {
		snprintf(name, sizeof(name), WORK_NAME "/%s", work_files[i]);
		rc = gone(io_unlink(p->io, name));
		if (rc)
			return failed(name, rc, err);
	}
	for (i = 0; i < sizeof(work_dirs) / sizeof(work_dirs[0]); i++) {
		if (strcmp(work_dirs[i], ".") == 0)
			snprintf(name, sizeof(name), WORK_NAME);
		else
			snprintf(name, sizeof(name), WORK_NAME "/%s", work_dirs[i]);
		rc = gone(io_rmdir(p->io, name));
		if (rc)
			return failed(name, rc, err);
	}
	return 0;
}

static void close_images(struct practice *p)
{
	practice_state_close(&p->base_state);
	cow_store_close(p->store);
	p->store = NULL;
}

int practice_finish(struct practice *p, struct lm_error *err)
{
	int rc = put_texts(p, err), closed;

	if (rc)
		return rc;
	close_images(p);
	closed = io_file_close(p->overlay_file);
	p->overlay_file = NULL;
	if (closed)
		return failed(p->overlay, closed, err);
	rc = remove_work(p, err);
	if (rc)
		return rc;
	rc = io_sync_dir(p->io, "LiveOS");
	if (!rc)
		rc = io_sync_dir(p->io, ".");
	return rc ? failed(p->dir, rc, err) : 0;
}

int practice_undo(struct practice *p, struct lm_error *err)
{
	const char *const files[] = { "LiveOS/squashfs.img", p->overlay, "syslinux/syslinux.cfg",
				      "README.txt", "lesson.txt" };
	size_t i;
	int rc = 0;

	close_images(p);
	io_file_close(p->overlay_file);
	p->overlay_file = NULL;
	if (p->made_any) {
		rc = remove_work(p, err);
		for (i = 0; !rc && i < sizeof(files) / sizeof(files[0]); i++) {
			rc = gone(io_unlink(p->io, files[i]));
			if (rc)
				failed(files[i], rc, err);
		}
		if (!rc) {
			rc = gone(io_rmdir(p->io, "LiveOS"));
			if (!rc)
				rc = gone(io_rmdir(p->io, "syslinux"));
			if (rc)
				failed(p->dir, rc, err);
		}
	}
	if (!rc && p->made_dir && rmdir(p->dir) < 0)
		rc = failed(p->dir, -errno, err);
	return rc;
}

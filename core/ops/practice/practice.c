/* SPDX-License-Identifier: GPL-3.0-or-later */
/* practice.c - make a stick to practise on: the plan around core/practice/ */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/op.h"
#include "core/plan/plan.h"
#include "core/practice/practice.h"
#include "core/text.h"

/* At the peak: image, overlay, and the written parts of up to four states of the root image. */
#define NEED_BYTES (UINT64_C(150) << 20)
#define MOST_BYTES (UINT64_C(300) << 20)

static bool is_cancelled(void *arg)
{
	return plan_run_cancelled(arg);
}

static int chapter(struct plan_run *run, struct practice *p,
		   int (*fn)(struct practice *, struct lm_error *), struct lm_error *err)
{
	p->stop = is_cancelled;
	p->stop_arg = run;
	return fn(p, err);
}

#define STEP(name, fn)                                                                 \
	static int name(struct plan_run *run, void *arg, struct lm_error *err)         \
	{                                                                              \
		return chapter(run, arg, fn, err);                                     \
	}
STEP(step_root, practice_make_root)
STEP(step_pack, practice_pack)
STEP(step_overlay, practice_make_overlay)
STEP(step_live, practice_live)
STEP(step_break, practice_break)
STEP(step_finish, practice_finish)

static void practice_on_abort(struct plan_run *run, void *state, struct lm_error *err)
{
	struct lm_error undo;

	(void)run;
	if (practice_undo(state, &undo) < 0)
		lm_error_help(err, _("Not all could be removed again: delete the folder."));
}

static void release(void *state)
{
	practice_free(state);
}

static bool is_empty_dir(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool empty = dir != NULL;

	while (empty && (entry = readdir(dir)))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (dir)
		closedir(dir);
	return empty;
}

/* Why the stick cannot be made there; 0 when it can. *free_bytes: room on that file system. */
static int look_at_place(const char *dir, uint64_t *free_bytes, struct lm_error *err)
{
	static const char *const tools[] = { "mkfs.ext4", "mksquashfs", "debugfs" };
	const char *what = _("No practice stick can be made there");
	char *copy = NULL;
	const char *place = dir;
	struct statvfs vfs;
	struct stat st;
	size_t i;
	int rc = 0;

	*free_bytes = 0;
	if (lstat(dir, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			return lm_refuse(err, -ENOTDIR, dir, _("Name a folder that is empty, or new."),
					 _("it is no folder"), "%s", what);
		if (!is_empty_dir(dir))
			return lm_refuse(err, -ENOTEMPTY, dir,
					 _("Name a folder that is empty, or new."),
					 _("the folder is not empty, and nothing in it is to be lost"),
					 "%s", what);
	} else if (errno == ENOENT) {
		copy = strdup(dir);
		if (!copy)
			return lm_fail(err, -ENOMEM, dir, NULL, "%s", what);
		place = dirname(copy);
	}
	if (statvfs(place, &vfs) < 0 || access(place, W_OK | X_OK) < 0) {
		int code = -errno;

		rc = lm_refuse(err, code, place, _("Name a folder where you may write."),
			       strerror(-code), "%s", what);
	} else {
		*free_bytes = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	}
	free(copy);
	for (i = 0; !rc && i < sizeof(tools) / sizeof(tools[0]); i++) {
		if (!practice_child_exists(tools[i]))
			rc = lm_refuse(err, -ENOENT, tools[i],
				       _("Install the packages e2fsprogs and squashfs-tools."),
				       _("a program that it needs is missing"), "%s", what);
	}
	return rc;
}

static void set_step(struct lm_step *step, const char *reads, const char *writes,
		     uint64_t work_bytes)
{
	step->reads = reads ? strdup(reads) : NULL;
	step->writes = strdup(writes);
	step->undo = strdup(_("What was made is deleted again."));
	step->work_bytes = work_bytes;
	step->cancellable = true;
}

static void add_steps(struct lm_plan *plan, const struct practice *p)
{
	struct lm_step *s;

	s = plan_step(plan, "root", _("Make a root file system"),
		      _("A live system's root is an ext4 in a file: here a small one, filled with "
			"programs and texts of this machine's /usr."),
		      step_root);
	set_step(s, "/usr", "livemend-work/pack/LiveOS/rootfs.img", UINT64_C(20) << 20);
	plan_command(s, "truncate -s 96M pack/LiveOS/rootfs.img");
	plan_command(s, "mkfs.ext4 -F -b 4096 -L practice pack/LiveOS/rootfs.img");

	s = plan_step(plan, "pack", _("Pack it into a SquashFS"),
		      _("Compressed and read-only it takes a third of the room: this is what a "
			"live stick is delivered as."),
		      step_pack);
	set_step(s, "livemend-work/pack", "LiveOS/squashfs.img", UINT64_C(40) << 20);
	plan_command(s, "mksquashfs pack LiveOS/squashfs.img -comp xz -b 128K -noappend");

	s = plan_step(plan, "overlay", _("Make an empty overlay"),
		      _("What changes is written here, chunk by chunk, over the image that never "
			"changes: a dm-snapshot store."),
		      step_overlay);
	set_step(s, NULL, p->overlay, PRACTICE_OVERLAY_BYTES);
	plan_command(s, "dd if=/dev/zero of=%s bs=1M count=%llu", p->overlay,
		     (unsigned long long)(PRACTICE_OVERLAY_BYTES >> 20));

	s = plan_step(plan, "live", _("Live with it for some weeks"),
		      _("Files are added, changed and deleted, so that the overlay holds live "
			"chunks, dead ones and tables, as any stick's does."),
		      step_live);
	set_step(s, NULL, p->overlay, PRACTICE_OVERLAY_BYTES);
	plan_command(s, "mount /dev/mapper/live-rw /mnt && cp -r ~/Pictures /mnt/home/liveuser/");

	if (p->lesson->dirty || p->lesson->overflow) {
		s = plan_step(plan, "break", _("Break it"), _(p->lesson->text), step_break);
		set_step(s, NULL, p->overlay, UINT64_C(8) << 20);
		if (p->lesson->dirty)
			plan_command(s, "debugfs -w -R 'journal_write -b BLOCKS FILE' rootfs.img");
		if (p->lesson->invalid)
			plan_command(s, "printf '\\0\\0\\0\\0' | dd of=%s bs=1 seek=4 conv=notrunc",
				     p->overlay);
	}

	s = plan_step(plan, "finish", _("Write the boot configuration and a README"),
		      _("The boot configuration is what names the overlay to a real stick; then "
			"all is flushed, and the work folder removed."),
		      step_finish);
	set_step(s, NULL, "syslinux/syslinux.cfg, README.txt", UINT64_C(1) << 20);
	plan_command(s, "sync; rm -r livemend-work");
}

int ops_plan_practice(struct lm_stick *stick, const struct lm_options *options,
		      struct lm_plan *plan, struct lm_error *err)
{
	const struct practice_lesson *lesson = practice_lesson_find(options->lesson);
	struct lm_error refusal;
	struct practice *p;
	uint64_t free_bytes;
	char *next, *word;
	int rc;

	(void)stick;
	if (!options->out || !options->out[0]) {
		lm_fail(err, -EINVAL, NULL, NULL, "%s", _("Where shall the practice stick be made?"));
		if (err)
			err->outcome = LM_USAGE;
		return -EINVAL;
	}
	if (!lesson) {
		lm_fail(err, -EINVAL, options->lesson, _("See `livemend practice --help`."), "%s",
			_("There is no such lesson"));
		if (err)
			err->outcome = LM_USAGE;
		return -EINVAL;
	}
	rc = practice_new(&p, options->out, lesson, err);
	if (rc)
		return rc;
	plan_state(plan, p, release);
	plan_abort(plan, practice_on_abort);
	plan_text(plan, _("Make a stick to practise on"), _(lesson->text));
	plan_risk(plan, NULL, _("Delete the folder: that is all of it."), NULL);
	add_steps(plan, p);
	lm_error_clear(&refusal);
	rc = look_at_place(options->out, &free_bytes, &refusal);
	if (rc) {
		plan_refuse(plan, &refusal);
		return 0;
	}
	plan_need(plan, options->out, _("the stick, and copies while it is made"), NEED_BYTES,
		  MOST_BYTES, free_bytes, 0);
	if (free_bytes < NEED_BYTES) {
		lm_refuse(&refusal, -ENOSPC, options->out,
			  _("Free some space, or name a folder on another file system."),
			  _("there is not enough free space"), "%s",
			  _("No practice stick can be made there"));
		plan_refuse(plan, &refusal);
		return 0;
	}
	word = text_command("%s", options->out);
	next = text_format(lesson->guided ? _("Begin the lesson: livemend practice %s")
					  : _("Open it: livemend %s"),
			   word ? word : "DIR");
	rc = plan_result(plan, _("The practice stick is ready."), next);
	free(next);
	free(word);
	return rc;
}

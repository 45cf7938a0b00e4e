/* SPDX-License-Identifier: GPL-3.0-or-later */
/* e2fsck as a child process: argument vector, output and progress by pipes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/child/child.h"
#include "core/error.h"
#include "core/fs/fs.h"
#include "core/i18n.h"

struct e2fsck_run {
	const struct fs_e2fsck_with *with;
	const char *target;
	fs_progress_fn progress;
	fs_line_fn line;
	void *arg;
	unsigned pass;
	uint64_t done, total;
};

static void e2fsck_line(void *arg, const char *line)
{
	const struct e2fsck_run *run = arg;
	size_t len = strlen(run->target);

	/* Where the device lay for it tells nobody anything. */
	if (strncmp(line, run->target, len) == 0 && strncmp(line + len, ": ", 2) == 0)
		line += len + 2;
	if (run->line)
		run->line(run->arg, line);
}

static void e2fsck_bar(void *arg, const char *line)
{
	struct e2fsck_run *run = arg;
	unsigned pass;
	uint64_t done, total;

	if (sscanf(line, "%u %" SCNu64 " %" SCNu64, &pass, &done, &total) != 3)
		return;
	run->pass = pass;
	run->done = done;
	run->total = total;
}

static int e2fsck_stop(void *arg)
{
	const struct e2fsck_run *run = arg;

	return run->progress ? run->progress(run->arg, run->pass, run->done, run->total) : 0;
}

static int e2fsck_prepare(void *arg, int socket)
{
	const struct e2fsck_run *run = arg;

	return run->with->prepare(run->with->arg, socket);
}

static int e2fsck_answer(void *arg, int fd)
{
	const struct e2fsck_run *run = arg;

	return run->with->answer(run->with->arg, fd);
}

bool fs_e2fsck_exists(void)
{
	char path[CHILD_PATH_MAX];

	return child_find("e2fsck", path) == 0;
}

int fs_e2fsck_with(const char *path, enum fs_e2fsck mode, const struct fs_e2fsck_with *with,
		   fs_progress_fn progress, fs_line_fn line, void *arg, int *status,
		   struct lm_error *err)
{
	static const char *const modes[] = { "-fn", "-fp", "-fy" };
	static const struct fs_e2fsck_with nothing = { .fd = -1 };
	struct e2fsck_run run = { .progress = progress, .line = line, .arg = arg };
	char bar[12], target[4096], block[24], block_bytes[12];
	const char *argv[10] = { "e2fsck", modes[mode], "-C", bar };
	struct child_job job = { .argv = argv,
				 .bar = true,
				 .line = e2fsck_line,
				 .progress = e2fsck_bar,
				 .stop = e2fsck_stop,
				 .arg = &run };
	struct child_end end;
	int ret, n, argc = 4;

	run.with = with ? with : &nothing;
	run.target = target;
	job.env = run.with->env;
	job.fds = &run.with->fd;
	job.n_fds = run.with->fd >= 0 ? 1 : 0;
	if (run.with->prepare) {
		job.prepare = e2fsck_prepare;
		job.answer = e2fsck_answer;
	}
	/* What is given comes first, as 3. A name that begins with - would be an option. */
	snprintf(bar, sizeof(bar), "%zu", 3 + job.n_fds);
	n = snprintf(target, sizeof(target), "%s%s", path[0] == '-' ? "./" : "", path);
	if (n >= (int)sizeof(target))
		return lm_fail(err, -ENAMETOOLONG, path, NULL, "%s",
			       _("Checking the file system failed"));
	if (mode == FS_REPAIR && run.with->backup) {
		snprintf(block, sizeof(block), "%" PRIu64, run.with->backup->block);
		snprintf(block_bytes, sizeof(block_bytes), "%" PRIu32,
			 run.with->backup->block_bytes);
		argv[argc++] = "-b";
		argv[argc++] = block;
		argv[argc++] = "-B";
		argv[argc++] = block_bytes;
	}
	argv[argc] = target;
	ret = child_run(&job, &end, err);
	if (ret == -ENOENT && end.status < 0 && !fs_e2fsck_exists())
		return lm_fail(err, ret, "e2fsck", _("Install e2fsprogs, which it belongs to."),
			       "%s", _("The program e2fsck was not found"));
	if (!end.prepared) {
		ret = -EOPNOTSUPP;
		if (err)
			err->code = ret;
	}
	/* A program that is there and cannot be started is none of a system without it. */
	if (ret == -ENOENT) {
		ret = -EIO;
		if (err)
			err->code = ret;
	}
	if (ret == 0)
		*status = end.status;
	return ret;
}

int fs_e2fsck(const char *path, enum fs_e2fsck mode, fs_progress_fn progress, fs_line_fn line,
	      void *arg, int *status, struct lm_error *err)
{
	return fs_e2fsck_with(path, mode, NULL, progress, line, arg, status, err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mksquashfs.c - see mksquashfs.h
 *
 * The tree is the old image as the kernel mounts it, with the new root image
 * bound over the old one: owners, times, links, devices and extended
 * attributes of everything else are what they were, and nothing is unpacked.
 */
#include "core/ops/merge/mksquashfs.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "core/child/child.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/text.h"

#define MAX_ARGS (IMAGE_PACK_ARGS + 12)

bool mksquashfs_parse_version(const char *text, unsigned v[3])
{
	const char *p = strstr(text, "mksquashfs version ");

	v[0] = v[1] = v[2] = 0;
	if (!p)
		return false;
	p += strlen("mksquashfs version ");
	return sscanf(p, "%u.%u.%u", &v[0], &v[1], &v[2]) >= 2;
}

bool mksquashfs_is_bad(const unsigned v[3])
{
	return v[0] == 4 && v[1] == 7 && v[2] <= 4;
}

int mksquashfs_parse_progress(const char *line)
{
	const char *p = strrchr(line, '%');
	int value = 0, digits = 0, place = 1;

	if (!p)
		return -1;
	while (p > line && p[-1] >= '0' && p[-1] <= '9' && digits < 3) {
		p--;
		value += (*p - '0') * place;
		place *= 10;
		digits++;
	}
	return digits && value <= 100 ? value : -1;
}

struct mksquashfs_run {
	const struct mksquashfs_job *job; /* NULL: only its first line is wanted */
	const char *target;
	unsigned percent;
	char first[200], last[200]; /* lines that are no progress bar */
};

static void mksquashfs_line(void *arg, const char *line)
{
	struct mksquashfs_run *run = arg;
	int percent = mksquashfs_parse_progress(line);

	if (percent >= 0 && (strchr(line, '/') || line[0] < 'A')) {
		run->percent = (unsigned)percent;
		return;
	}
	text_printable(run->last, sizeof(run->last), line);
	if (!run->first[0])
		memcpy(run->first, run->last, sizeof(run->first));
	if (run->job && run->job->line)
		run->job->line(run->job->arg, run->last);
}

static int mksquashfs_stop(void *arg)
{
	const struct mksquashfs_run *run = arg;

	return run->job && run->job->progress ?
		       run->job->progress(run->job->arg, run->percent) :
		       0;
}

/* In the child: the tree that only it sees. */
static int mksquashfs_mount(void *arg, int socket)
{
	const struct mksquashfs_run *run = arg;
	const struct mksquashfs_job *job = run->job;

	(void)socket;
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(job->old_node, job->dir, "squashfs", MS_RDONLY | MS_NOSUID, NULL) ||
	    mount(job->root, run->target, NULL, MS_BIND, NULL))
		return -errno;
	return 0;
}

int mksquashfs_find(struct mksquashfs *mk, struct lm_error *err)
{
	static const char *const argv[] = { "mksquashfs", "-version", NULL };
	struct mksquashfs_run run = { 0 };
	struct child_job job = { .argv = argv, .line = mksquashfs_line, .arg = &run };
	struct child_end end;
	int ret;

	memset(mk, 0, sizeof(*mk));
	if (child_find("mksquashfs", mk->program) < 0)
		return lm_refuse(err, -ENOENT, "mksquashfs",
				 _("Install squashfs-tools; or use `livemend merge` as it is (the "
				   "method rewrite), which needs no other program."),
				 _("there is no such program on this system"), "%s",
				 _("The new image cannot be packed"));
	ret = child_run(&job, &end, err);
	if (ret < 0 && end.signal == 0)
		return ret;
	if (ret || !mksquashfs_parse_version(run.first, mk->version))
		return lm_refuse(err, -EOPNOTSUPP, mk->program,
				 _("Use `livemend merge` as it is (the method rewrite)."),
				 _("it does not tell its version"), "%s",
				 _("This mksquashfs cannot be used"));
	if (mksquashfs_is_bad(mk->version)) {
		lm_refuse(err, -EOPNOTSUPP, mk->program,
			  _("Update squashfs-tools to 4.7.5 or later; or use `livemend merge` as it "
			    "is (the method rewrite)."),
			  "", "%s", _("This mksquashfs cannot be used"));
		return lm_because(err, _("version %u.%u.%u loses data of sparse files"),
				  mk->version[0], mk->version[1], mk->version[2]);
	}
	return 0;
}

static int mksquashfs_failed(const struct mksquashfs *mk, const struct mksquashfs_run *run,
			     const struct child_end *end, int ret, struct lm_error *err)
{
	if (ret == -ECANCELED)
		return lm_fail(err, -ECANCELED, run->job->out, NULL, "%s", _("Stopped"));
	if (!end->prepared) {
		lm_fail(err, -EIO, run->job->old_node, NULL, "%s", _("Mounting the image failed"));
		return lm_because(err, "%s", _("see the kernel's messages (dmesg)"));
	}
	if (ret < 0 && end->signal == 0)
		return ret;
	lm_fail(err, strstr(run->last, "No space") ? -ENOSPC : -EIO, mk->program, NULL, "%s",
		_("Packing the new image failed"));
	if (end->signal)
		return lm_because(err, _("mksquashfs was ended by signal %d"), end->signal);
	if (run->last[0])
		return lm_because(err, "mksquashfs: %s", run->last);
	return lm_because(err, _("mksquashfs ended with status %d"), end->status);
}

int mksquashfs_run(const struct mksquashfs *mk, const struct mksquashfs_job *job,
		   struct lm_error *err)
{
	/* Nothing is appended to, nothing is kept for recovery in somebody's home. */
	static const char *const always[] = { "-noappend", "-no-recovery", "-progress" };
	const char *argv[MAX_ARGS + 1];
	struct mksquashfs_run run = { .job = job };
	struct child_job child = { .argv = argv,
				   .line = mksquashfs_line,
				   .stop = mksquashfs_stop,
				   /* Not asked: at the first signal it would write out what it has. */
				   .stop_signal = SIGKILL,
				   .prepare = mksquashfs_mount,
				   .arg = &run };
	struct child_end end;
	char *target = NULL;
	unsigned n = 0, i;
	int ret;

	argv[n++] = mk->program;
	argv[n++] = job->dir;
	argv[n++] = job->out;
	for (i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		argv[n++] = always[i];
	for (i = 0; i < job->pack->count; i++)
		argv[n++] = job->pack->text[i];
	argv[n] = NULL;
	if (asprintf(&target, "%s/%s", job->dir, job->root_path) < 0)
		return lm_fail(err, -ENOMEM, mk->program, NULL, "%s",
			       _("Starting mksquashfs failed"));
	run.target = target;
	ret = child_run(&child, &end, err);
	if (ret < 0 || end.status != 0)
		ret = mksquashfs_failed(mk, &run, &end, ret, err);
	free(target);
	return ret;
}

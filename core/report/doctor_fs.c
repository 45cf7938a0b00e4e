/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What doctor has to say about the root file system: its own word, and e2fsck's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/stick/stick_fsck.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/report/advice.h"
#include "core/report/doctor.h"
#include "core/report/sums.h"
#include "core/text.h"

struct check {
	struct doctor *d;
	char first[160]; /* the first thing that e2fsck would repair */
};

static int doctor_progress(void *arg, unsigned pass, uint64_t done, uint64_t total)
{
	struct check *c = arg;
	uint64_t all = fs_info(c->d->look.fs)->size_bytes, part = all / 5;
	double within = total ? (double)done / (double)total : 0.0;

	if (pass > 0)
		part = (uint64_t)((double)part * ((double)(pass - 1) + within));
	else
		part = 0;
	return doctor_watch(c->d, part, all, _("Checking the root file system"), NULL);
}

static void doctor_line(void *arg, const char *line)
{
	struct check *c = arg;

	/* With -n each fault that could be repaired ends so. */
	if (!c->first[0] && strstr(line, "? no"))
		text_printable(c->first, sizeof(c->first), line);
}

static void doctor_judge(struct check *c, int status)
{
	const struct fs_info *info = fs_info(c->d->look.fs);
	bool in_use = c->d->stick->n_overlays > 0 && c->d->stick->overlays[0].attached;
	char *what;

	if (status == 0) {
		doctor_add(c->d, LM_SEV_OK, "fs-check", _("Root file system"),
			   _("e2fsck found no fault"), NULL, NULL);
		return;
	}
	if (status & ~(1 | 2 | 4)) {
		doctor_add(c->d, LM_SEV_WARNING, "fs-check-failed", _("Root file system"),
			   _("e2fsck could not check it"),
			   _("It may be damaged beyond what e2fsck understands."),
			   _("Copy what you need off the system: livemend export."));
		return;
	}
	what = c->first[0] ? text_format(_("e2fsck found faults; the first: %s"), c->first)
			   : text_format("%s", _("e2fsck found faults"));
	if (in_use || info->needs_recovery)
		doctor_add(c->d, LM_SEV_NOTE, "fs-faults-dirty", _("Root file system"), what,
			   _("That is to be expected as long as it is in use or its journal was "
			     "not replayed."),
			   _("To be sure, check again after a clean shutdown."));
	else
		doctor_add(c->d, LM_SEV_ILL, "fs-faults", _("Root file system"), what,
			   _("Files may be lost or mixed up, and it gets worse with each use."),
			   advice_fs_errors().text);
	free(what);
}

static void doctor_not_checked(struct doctor *d, const char *why)
{
	doctor_add(d, LM_SEV_NOTE, "fs-not-checked", _("Root file system"), why,
		   _("Only what it says about itself was read; e2fsck did not look at it."), NULL);
}

static int doctor_e2fsck(struct doctor *d, struct lm_error *err)
{
	const struct stick_fsck_on on = {
		.ctx = d->stick->ctx, .stick = d->stick, .view = d->look.view, .chunk_sectors = 8
	};
	struct check c = {.d = d};
	struct stick_fsck *fsck = NULL;
	struct lm_error e = {0};
	int status = 0, r;

	r = stick_fsck_open(&on, &fsck, &e);
	if (r == 0)
		r = stick_fsck_run(fsck, FS_CHECK, doctor_progress, doctor_line, &c, &status, &e);
	/* What was asked for and cannot be is no finding. */
	if (r == -ECANCELED || (r < 0 && e.outcome == LM_REFUSED && r != -ENOENT)) {
		if (err)
			*err = e;
	} else if (r == 0) {
		doctor_judge(&c, status);
	} else if (!fsck || stick_fsck_way(fsck) == STICK_FSCK_WAYS || r == -EINTR) {
		doctor_not_checked(d, e.why[0] ? e.why : e.what);
		r = 0;
	} else {
		doctor_add(d, LM_SEV_ILL, "fs-read", _("Root file system"), e.what, e.why,
			   _("Copy the stick to a good one; this one may be failing."));
		r = 0;
	}
	stick_fsck_close(fsck);
	return r;
}

static void doctor_state(struct doctor *d, const struct fs_info *info)
{
	bool in_use = d->stick->n_overlays > 0 && d->stick->overlays[0].attached;

	if (info->state == LM_FS_ERRORS)
		doctor_add(d, LM_SEV_ILL, "fs-errors", _("Root file system"),
			   _("the kernel found errors in it"),
			   _("Files may be damaged, and the system may refuse to write."),
			   advice_fs_errors().text);
	else if (info->state == LM_FS_DIRTY && in_use)
		doctor_add(d, LM_SEV_OK, "fs-in-use", _("Root file system"), _("it is in use"),
			   NULL, NULL);
	else if (info->state == LM_FS_DIRTY)
		doctor_add(d, LM_SEV_NOTE, "fs-dirty", _("Root file system"),
			   info->needs_recovery ? _("its journal is to be replayed")
						: _("it was not unmounted"),
			   _("The stick was pulled or switched off without a shutdown."),
			   advice_fs_dirty().text);
	else
		doctor_add(d, LM_SEV_OK, "fs-state", _("Root file system"),
			   _("it was unmounted cleanly"), NULL, NULL);
}

/* e2fsck would take for faults what the system is about to write. */
static void doctor_mounted(struct doctor *d)
{
	const char *note = sums_exact_text(sums_exact(&d->look));

	doctor_add(d, LM_SEV_NOTE, "fs-mounted", _("Root file system"),
		   _("it is mounted and written to: e2fsck was not run on it"),
		   _("What changes while it is read looks like a fault and is none. The kernel "
		     "watches over it, and has marked none."),
		   _("To be sure, check the stick from another system."));
	if (note)
		doctor_add(d, LM_SEV_NOTE, "figures-about", _("Root file system"),
			   _("its figures are not exact"), note, NULL);
}

/* A file system that livemend never reads is none of its business; one that was there is. */
static void doctor_no_fs(struct doctor *d)
{
	const char *op;

	if (!d->look.fs_lost) {
		doctor_add(d, LM_SEV_NOTE, "fs-kind", _("Root file system"),
			   fs_info(d->look.fs)->trouble, _("It was not checked."), NULL);
		return;
	}
	doctor_add(d, LM_SEV_ILL, "fs-damaged", _("Root file system"), d->look.fs_why,
		   _("The system cannot start."), stick_fs_help(&d->look, &op));
	doctor_op(d, op);
}

int doctor_fs(struct doctor *d, struct lm_error *err)
{
	if (!d->look.fs)
		return 0; /* what cannot be opened was told already */
	if (!d->look.paired) {
		if (fs_info(d->look.fs)->readable)
			doctor_state(d, fs_info(d->look.fs));
		doctor_not_checked(d,
				   _("with an overlay of another image there is nothing to check"));
		return 0;
	}
	if (!fs_info(d->look.fs)->readable) {
		doctor_no_fs(d);
		return 0;
	}
	doctor_state(d, fs_info(d->look.fs));
	if (fs_is_busy(d->look.fs)) {
		/* Errors it has marked are told of by doctor_state(). */
		if (fs_info(d->look.fs)->state != LM_FS_ERRORS)
			doctor_mounted(d);
		return 0;
	}
	return doctor_e2fsck(d, err);
}

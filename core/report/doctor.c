/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/report/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/plan/record.h"
#include "core/report/advice.h"
#include "core/text.h"

/* What mends it: the remedies' commands. A finding that is not listed has none. */
static const char *doctor_op_of(const char *id)
{
	static const struct {
		const char *id, *op;
	} ops[] = {
		{"interrupted", "resume"},      {"overlay-nearly-full", "merge"},
		{"overlay-sparse", "merge"},    {"store-invalid", "recover"},
		{"store-stale-tail", "merge"},  {"store-hole", "merge"},
		{"store-exact-fit", "merge"},   {"fs-errors", "recover"},
		{"fs-dirty", "merge"},          {"fs-faults", "recover"},
		{"fs-faults-dirty", "recover"},
	};
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strcmp(ops[i].id, id) == 0)
			return ops[i].op;
	return NULL;
}

void doctor_add(struct doctor *d, enum lm_severity severity, const char *id, const char *subject,
		const char *what, const char *means, const char *remedy)
{
	struct lm_report *r = d->report;
	struct lm_finding *f;

	if (r->count == d->cap) {
		size_t cap = d->cap ? 2 * d->cap : 16;

		f = reallocarray(r->findings, cap, sizeof(*f));
		if (!f) {
			d->no_memory = true;
			return;
		}
		r->findings = f;
		d->cap = cap;
	}
	f = &r->findings[r->count++];
	*f = (struct lm_finding){.severity = severity, .id = id};
	if (severity != LM_SEV_OK)
		f->op = doctor_op_of(id);
	f->subject = text_dup(subject);
	f->what = text_dup(what);
	f->means = text_dup(means);
	f->remedy = text_dup(remedy);
	if (!f->subject || !f->what || (means && !f->means) || (remedy && !f->remedy))
		d->no_memory = true;
	if (severity >= LM_SEV_WARNING)
		r->ill = true;
}

void doctor_op(struct doctor *d, const char *op)
{
	if (d->report->count > 0)
		d->report->findings[d->report->count - 1].op = op;
}

int doctor_watch(struct doctor *d, uint64_t done, uint64_t total, const char *text,
		 struct lm_error *err)
{
	if (!d->watch || !d->watch->fn || d->watch->fn(d->watch->arg, done, total, text) == 0)
		return 0;
	return lm_fail(err, -ECANCELED, NULL, NULL, "%s", _("Looking was stopped"));
}

static int doctor_image_progress(void *arg, uint64_t done, uint64_t total)
{
	return doctor_watch(arg, done, total, _("Decoding the image"), NULL);
}

static int doctor_base(struct doctor *d, struct lm_error *err)
{
	const struct lm_error *t = &d->look.trouble;
	struct lm_error e = {0};
	int r;

	if (!d->look.base) {
		doctor_add(d, LM_SEV_ILL, "base", _("Root image"),
			   t->what[0] ? t->what : _("it cannot be opened"),
			   t->why[0] ? t->why : _("The system cannot start without it."),
			   t->help[0]
				   ? t->help
				   : _("Write the image to the stick anew; the overlay can stay."));
		return 0;
	}
	if (!d->look.image) {
		doctor_add(d, LM_SEV_OK, "base", _("Root image"), _("it opens"), NULL, NULL);
		return 0;
	}
	r = d->flags & LM_DOCTOR_DEEP ? image_check(d->look.image, doctor_image_progress, d, &e)
				      : image_check_tables(d->look.image, &e);
	if (r == -ECANCELED || r == -ENOMEM) {
		if (err)
			*err = e;
		return r;
	}
	if (r < 0)
		doctor_add(d, LM_SEV_ILL, "base-damaged", _("Root image"), e.what, e.why,
			   _("Write the image to the stick anew; the overlay fits only the very "
			     "same image."));
	else if (d->flags & LM_DOCTOR_DEEP)
		doctor_add(d, LM_SEV_OK, "base-deep", _("Root image"), _("every block decodes"),
			   NULL, NULL);
	else
		doctor_add(d, LM_SEV_OK, "base", _("Root image"), _("its tables are in order"),
			   NULL, NULL);
	return 0;
}

static void doctor_pairing(struct doctor *d)
{
	const struct cow_info *info = d->look.store ? cow_store_info(d->look.store) : NULL;

	if (!info || !d->look.base)
		return;
	/* What is not read shows nothing of the system that it belongs to. */
	if (d->look.paired &&
	    (info->state == LM_STATE_DAMAGED || info->state == LM_STATE_INVALID))
		return;
	if (d->look.paired && d->look.fs_lost && info->exceptions > 0)
		doctor_add(d, LM_SEV_NOTE, "pairing-unknown", _("Overlay and image"),
			   _("it cannot be told whether they belong together"),
			   _("That is seen from the root file system, which does not open."), NULL);
	else if (d->look.paired)
		doctor_add(d, LM_SEV_OK, "pairing", _("Overlay and image"),
			   _("they belong together, as far as can be told"), NULL, NULL);
	else
		doctor_add(d, LM_SEV_ILL, "pairing", _("Overlay and image"), d->look.pair_why,
			   _("Used together they show a mixture of two systems and destroy both."),
			   advice_unpaired().text);
}

static void doctor_space(struct doctor *d)
{
	struct io_fsinfo info;
	char size[16];
	char *what;

	if (io_fsinfo(d->stick->io, &info) < 0)
		return;
	what = text_format(_("%s are free on it"), text_size(size, info.free_bytes));
	doctor_add(d, LM_SEV_OK, "stick-free", _("Stick"), what, NULL, NULL);
	free(what);
}

static void doctor_home(struct doctor *d)
{
	struct io_source *src = NULL;
	struct io_file *file = NULL;
	const struct fs_info *info;
	struct lm_error e = {0};
	struct fs *fs = NULL;
	int r;

	if (!d->stick->home_path)
		return;
	r = io_open(d->stick->io, d->stick->home_path, IO_READ, &file);
	if (r < 0)
		lm_fail(&e, r, NULL, NULL, "%s", _("it cannot be opened"));
	else
		r = io_file_source(file, true, d->stick->home_path, 0, 0, &src, &e);
	if (r < 0 && file && !src)
		io_file_close(file);
	if (r == 0)
		r = fs_open(src, &fs, &e);
	if (r < 0) {
		doctor_add(d, LM_SEV_WARNING, "home", _("Home"), e.what, e.why, NULL);
		goto out;
	}
	info = fs_info(fs);
	if (strcmp(info->type, "crypto_LUKS") == 0)
		doctor_add(d, LM_SEV_OK, "home", _("Home"), _("encrypted, not looked into"), NULL,
			   NULL);
	else if (info->state == LM_FS_ERRORS)
		doctor_add(d, LM_SEV_WARNING, "home-errors", _("Home"),
			   info->trouble[0] ? info->trouble : _("the kernel found errors in it"),
			   _("Files in it may be damaged."),
			   _("Copy it, then let e2fsck repair it: e2fsck -f home.img"));
	else
		doctor_add(d, LM_SEV_OK, "home", _("Home"), _("it is there"), NULL, NULL);
out:
	fs_close(fs);
	io_source_close(src);
}

/* Files of operations that are under way; without a note of one they are left from one. */
static const struct leftover {
	const char *name, *what;
	bool image;     /* an image, else an overlay */
	const char *op; /* what removes it */
} leftovers[] = {
	{"livemend.new", N_("a half-made image, livemend.new, lies on it"), true, "resume"},
	{"livemend.old", N_("an image that was replaced, livemend.old, lies on it"), true, NULL},
	{"livemend.cow", N_("a half-made overlay, livemend.cow, lies on it"), false, "resume"},
	{"livemend.bak", N_("an overlay that was replaced, livemend.bak, lies on it"), false,
	 "resume"},
};

static bool doctor_has_overlay(const struct lm_stick *s)
{
	return s->n_overlays > 0 && s->overlays[0].kind == LM_OVERLAY_DM_SNAPSHOT;
}

static void doctor_leftovers(struct doctor *d)
{
	const struct lm_stick *s = d->stick;
	struct io_stat st;
	char path[300];
	size_t i;

	for (i = 0; i < sizeof(leftovers) / sizeof(leftovers[0]); i++) {
		const struct leftover *l = &leftovers[i];

		snprintf(path, sizeof(path), "%s/%s", s->live_dir ? s->live_dir : "LiveOS",
			 l->name);
		if (io_stat(s->io, path, &st) < 0)
			continue;
		if (l->image ? !s->base_path : !doctor_has_overlay(s)) {
			doctor_add(
				d, LM_SEV_WARNING, "leftover-alone", _("Stick"), _(l->what),
				l->image ? _("There is no root image beside it: it may be all "
					     "that is left of it.")
					 : _("There is no overlay beside it: it may be all that is "
					     "left of it."),
				_("Do not delete it. Copy it to another disk, and give it the name "
				  "of the file that is missing."));
			continue;
		}
		doctor_add(
			d, LM_SEV_NOTE, "leftover", _("Stick"), _(l->what),
			_("It takes room and nothing uses it."),
			l->op ? _("livemend resume proves the image in place, and removes it.")
			      : _("It may be deleted if no fault is found in image and overlay."));
		doctor_op(d, l->op);
	}
}

static void doctor_interrupted(struct doctor *d)
{
	struct record pending;
	int r;

	r = record_read(d->stick->io, d->stick->live_dir, &pending, NULL);
	if (r == 1) {
		char *what = text_format(_("an operation was cut off: %s"), lm_op_word(pending.op));

		doctor_add(d, LM_SEV_ILL, "interrupted", _("Stick"), what,
			   _("Nothing is lost: the old or the new is whole."),
			   _("Finish or undo it: livemend resume."));
		free(what);
		record_free(&pending);
		return;
	}
	if (r == -EPROTONOSUPPORT)
		doctor_add(d, LM_SEV_ILL, "interrupted", _("Stick"),
			   _("an operation was cut off that another version of livemend began"),
			   _("This version cannot tell how far it came."),
			   _("Finish or undo it with the livemend that began it."));
	if (r == -EBADMSG)
		doctor_add(d, LM_SEV_WARNING, "interrupted-damaged", _("Stick"),
			   _("the note of an operation that was cut off is damaged"),
			   _("livemend cannot tell how far it came."),
			   _("Read LiveOS/livemend/PENDING.txt, and livemend resume."));
	doctor_leftovers(d);
}

static int worst_first(const void *a, const void *b)
{
	const struct lm_finding *x = a, *y = b;

	return (int)y->severity - (int)x->severity;
}

/* Keeps the order of findings of one severity, which qsort() need not. */
static void sort_findings(struct lm_report *r)
{
	size_t i, j;

	for (i = 1; i < r->count; i++) {
		struct lm_finding f = r->findings[i];

		for (j = i; j > 0 && worst_first(&r->findings[j - 1], &f) > 0; j--)
			r->findings[j] = r->findings[j - 1];
		r->findings[j] = f;
	}
}

static int doctor_report(struct lm_stick *stick, unsigned flags, const struct lm_watch *watch,
			 struct lm_report **report, struct lm_error *err)
{
	struct doctor d = {.stick = stick, .watch = watch, .flags = flags};
	int r;

	*report = NULL;
	d.report = calloc(1, sizeof(*d.report));
	if (!d.report)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Checking the stick failed"));
	r = stick_look_open(stick, 0, &d.look, err);
	if (r < 0) {
		lm_report_free(d.report);
		return r;
	}
	doctor_interrupted(&d);
	r = doctor_base(&d, err);
	doctor_store(&d);
	doctor_pairing(&d);
	if (r == 0)
		r = doctor_fs(&d, err);
	doctor_home(&d);
	doctor_boot(&d);
	doctor_space(&d);
	if (r == 0 && d.no_memory)
		r = lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Checking the stick failed"));
	stick_look_close(&d.look);
	if (r < 0) {
		lm_report_free(d.report);
		return r;
	}
	sort_findings(d.report);
	*report = d.report;
	return 0;
}

int lm_doctor(struct lm_stick *stick, unsigned flags, const struct lm_watch *watch,
	      struct lm_report **report, struct lm_error *err)
{
	unsigned before = lm_files_short();
	int ret = doctor_report(stick, flags, watch, report, err);

	if (lm_files_short() == before)
		return ret;
	lm_report_free(*report);
	*report = NULL;
	return lm_files_fail(err, stick->given);
}

void lm_report_free(struct lm_report *report)
{
	size_t i;

	if (!report)
		return;
	for (i = 0; i < report->count; i++) {
		free(report->findings[i].subject);
		free(report->findings[i].what);
		free(report->findings[i].means);
		free(report->findings[i].remedy);
	}
	free(report->findings);
	free(report);
}

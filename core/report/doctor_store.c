/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What doctor has to say about the overlay. */
#include <stdlib.h>

#include "core/i18n.h"
#include "core/report/advice.h"
#include "core/report/doctor.h"
#include "core/report/sums.h"
#include "core/text.h"

/* From this part on a full overlay is near. */
#define NEARLY_FULL_PERCENT 85

struct fault_text {
	enum lm_severity severity;
	const char *id, *what, *means, *remedy; /* remedy NULL: advice_damaged() */
};

static const char keep_copy[] = N_("Copy the overlay file to another disk before anything else. "
				   "Then: livemend recover. To start without it: livemend "
				   "reset.");

static const struct fault_text faults[] = {
	[COW_FAULT_HEADER] = {LM_SEV_ILL, "store-header", N_("its header makes no sense"),
			      N_("The system cannot start with this overlay."), NULL},
	[COW_FAULT_INVALID] = {LM_SEV_ILL, "store-invalid",
			       N_("the kernel marked it invalid, because it was full or a device "
				  "failed"),
			       N_("The system cannot start with it; what was saved before that "
				  "moment is still in it."),
			       keep_copy},
	[COW_FAULT_TRUNCATED] = {LM_SEV_ILL, "store-truncated",
				 N_("it ends before its own tables do"),
				 N_("Part of what was saved is missing: the file was cut off."),
				 NULL},
	[COW_FAULT_OLD_RANGE] = {LM_SEV_ILL, "store-outside-base",
				 N_("it changes blocks that the root image does not have"),
				 N_("It was damaged, or made for a larger root image."), NULL},
	[COW_FAULT_NEW_RANGE] = {LM_SEV_ILL, "store-beyond-end",
				 N_("some of its data lies beyond its end"),
				 N_("Part of what was saved is missing: the file was cut off, or "
				    "its table is damaged."),
				 NULL},
	[COW_FAULT_NEW_METADATA] = {LM_SEV_ILL, "store-in-tables",
				    N_("its table points into the table itself"),
				    N_("The table is damaged; some files have a wrong content."),
				    NULL},
	[COW_FAULT_OLD_TWICE] = {LM_SEV_WARNING, "store-duplicate",
				 N_("two entries of its table are for the same block"),
				 N_("Only one of them can be right; the kernel takes the first."),
				 NULL},
	[COW_FAULT_NEW_TWICE] = {LM_SEV_ILL, "store-shared",
				 N_("two entries of its table share the same data"),
				 N_("One of them shows a wrong content."), NULL},
	[COW_FAULT_HOLE] = {LM_SEV_NOTE, "store-hole", N_("some space was taken and never used"),
			    N_("The stick was pulled while it was written. Nothing is lost but "
			       "that space."),
			    N_("A merge wins it back: livemend merge.")},
	[COW_FAULT_STALE_TAIL] = {LM_SEV_WARNING, "store-stale-tail",
				  N_("old entries stand behind the end of its table"),
				  N_("They are harmless now, but when the table grows up to them "
				     "the kernel will take them for true."),
				  N_("Merge the overlay before you use the stick again: "
				     "livemend merge.")},
	[COW_FAULT_EXACT_FIT] = {LM_SEV_NOTE, "store-exact-fit",
				 N_("its size is one at which a full overlay becomes invalid"),
				 N_("With most sizes a full overlay only refuses to take more; "
				    "this one would then not start again."),
				 N_("Merge it before it is full: livemend merge.")},
};

static void doctor_fault(void *arg, const struct cow_problem *p)
{
	struct doctor *d = arg;
	const struct fault_text *t = &faults[p->fault];
	struct advice damaged = advice_damaged(d->look.store);
	/* Where recover would refuse the rest, it is no help against being invalid. */
	bool own = t->remedy && (p->fault != COW_FAULT_INVALID || damaged.op);
	enum lm_overlay_state state = cow_store_info(d->look.store)->state;
	enum lm_severity severity = t->severity;
	char *what;

	/* What helps against these is refused as long as it cannot be used at all. */
	if (p->harmless && (state == LM_STATE_DAMAGED || state == LM_STATE_INVALID))
		return;
	if (p->harmless && p->fault == COW_FAULT_OLD_TWICE)
		severity = LM_SEV_NOTE;
	what = p->count > 1
		       ? text_format(_("%s (%llu times)"), _(t->what), (unsigned long long)p->count)
		       : text_dup(_(t->what));
	doctor_add(d, severity, t->id, _("Overlay"), what, _(t->means),
		   own ? _(t->remedy) : damaged.text);
	if (!own)
		doctor_op(d, damaged.op);
	free(what);
}

/* A sparse overlay promises room that the stick has to have when it is used. */
static void doctor_backing(struct doctor *d)
{
	struct io_fsinfo info;
	struct io_stat st;
	char promised[16], there[16];
	uint64_t missing;
	char *what;

	if (io_fstat(d->look.overlay_file, &st) < 0 || io_fsinfo(d->stick->io, &info) < 0 ||
	    st.on_disk_bytes >= st.size_bytes)
		return;
	missing = st.size_bytes - st.on_disk_bytes;
	if (missing <= info.free_bytes)
		return;
	what = text_format(_("%s of it are not on the stick yet, which has only %s free"),
			   text_size(promised, missing), text_size(there, info.free_bytes));
	doctor_add(d, LM_SEV_WARNING, "overlay-sparse", _("Overlay"), what,
		   _("The stick will be full before the overlay is, and writing then fails."),
		   _("Make room on the stick, or merge the overlay: livemend merge."));
	free(what);
}

/* What the kernel has marked in memory only: the file says nothing of it yet. */
static void doctor_stopped(struct doctor *d, const struct sums *sums)
{
	if (sums->state == LM_STATE_OVERFLOW) {
		doctor_add(d, LM_SEV_ILL, "overlay-full", _("Overlay"), _("it is full"),
			   _("Nothing more can be saved; the running system fails at the next "
			     "write."),
			   _("Save what is open elsewhere, boot another system, and recover the "
			     "overlay from there."));
		doctor_op(d, "recover");
	} else {
		doctor_add(d, LM_SEV_ILL, "overlay-failed", _("Overlay"),
			   _("the kernel has stopped using it, after a fault of the stick or "
			     "because it is full"),
			   _("Nothing more can be saved until the system is started again."),
			   _("Save what is open elsewhere, and let the doctor look at the stick "
			     "from another system."));
	}
}

static void doctor_room(struct doctor *d)
{
	char left[16], all[16];
	struct sums sums;
	uint64_t percent;
	char *what;

	sums_of_look(&sums, d->stick, &d->look);
	if (sums.from_kernel && sums.state != LM_STATE_ACTIVE && sums.state != LM_STATE_EMPTY) {
		doctor_stopped(d, &sums);
		return;
	}
	if (sums.state == LM_STATE_FULL) {
		struct advice full = advice_full(d->look.fs);

		doctor_add(d, LM_SEV_ILL, "overlay-full", _("Overlay"), _("it is full"),
			   _("Nothing more can be saved; the running system fails at the next "
			     "write."),
			   full.text);
		doctor_op(d, full.op);
		return;
	}
	percent = sums.total_sectors ? 100 * sums.allocated_sectors / sums.total_sectors : 0;
	what = text_format(_("%s of %s are left"), text_size(left, sums.room_bytes),
			   text_size(all, sums.total_sectors * 512));
	if (percent >= NEARLY_FULL_PERCENT)
		doctor_add(d, LM_SEV_WARNING, "overlay-nearly-full", _("Overlay"), what,
			   _("Deleting files does not give room back; when it is full nothing "
			     "can be saved."),
			   _("Merge it: livemend merge."));
	else
		doctor_add(d, LM_SEV_OK, "overlay-room", _("Overlay"), what, NULL, NULL);
	free(what);
}

void doctor_store(struct doctor *d)
{
	const struct cow_info *info;
	struct lm_error err = {0};
	int kinds;

	if (!d->look.store) {
		if (d->stick->n_overlays == 0)
			doctor_add(
				d, LM_SEV_NOTE, "overlay-none", _("Overlay"), _("there is none"),
				_("Changes are kept in memory and lost when it is switched off."),
				NULL);
		else if (d->stick->overlays[0].kind != LM_OVERLAY_DM_SNAPSHOT)
			doctor_add(d, LM_SEV_NOTE, "overlay-kind", _("Overlay"),
				   _("it is of a kind that livemend does not look into"),
				   _("It was not checked."), NULL);
		else
			doctor_add(d, LM_SEV_ILL, "overlay-unreadable", _("Overlay"),
				   _("it cannot be opened"),
				   _("It may be gone, or you may not have the right to read it."),
				   advice_damaged(NULL).text);
		return;
	}
	info = cow_store_info(d->look.store);
	kinds = cow_store_check(d->look.store, doctor_fault, d, &err);
	if (kinds < 0)
		doctor_add(d, LM_SEV_ILL, "store-read", _("Overlay"), err.what, err.why,
			   _("Copy the stick to a good one; this one is failing."));
	else if (info->state == LM_STATE_DAMAGED && kinds == 0)
		doctor_add(d, LM_SEV_ILL, "store-damaged", _("Overlay"), info->trouble,
			   _("The system cannot start with this overlay."),
			   advice_damaged(d->look.store).text);
	else if (kinds == 0)
		doctor_add(d, LM_SEV_OK, "store", _("Overlay"), _("its table is in order"), NULL,
			   NULL);
	if (info->state == LM_STATE_DAMAGED || info->state == LM_STATE_INVALID)
		return;
	doctor_room(d);
	doctor_backing(d);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* merge_hurt.c - words for a stick whose own file system a cut has hurt */
#include <stdio.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/merge/merge.h"

void merge_tell_if_hurt(struct plan_run *run, const struct merge *m, const char *how)
{
	char now[600];
	struct io_fsinfo info;

	if (io_fsinfo(m->rw.io, &info) < 0 || !info.readonly)
		return;
	snprintf(now, sizeof(now),
		 _("%s The stick's own file system was hurt by the cut, and the kernel has made it "
		   "read-only."),
		 how);
	plan_run_result(run, now,
				_("Unmount the stick and check it with `fsck.vfat -a` on its "
				  "partition; then mount it again."));
}

const char *merge_fsck_help(void)
{
	return _("If the kernel has made the stick read-only, its own file system was hurt by the "
		 "cut: unmount it, check it with `fsck.vfat -a` on its partition, mount it again, and "
		 "resume again. Nothing is lost.");
}

void merge_help_if_hurt(const struct merge *m, struct lm_error *err)
{
	struct io_fsinfo info;

	if (io_fsinfo(m->rw.io, &info) < 0 || !info.readonly || !err)
		return;
	err->help[0] = '\0';
	lm_error_help(err, merge_fsck_help());
}

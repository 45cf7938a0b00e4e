/* SPDX-License-Identifier: GPL-3.0-or-later */
/* merge_reboot.c - merge --reboot: the running system starts anew from the new image */
#include "core/child/child.h"
#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/merge/merge.h"

int merge_step_reboot(struct plan_run *run, void *merge, struct lm_error *err)
{
	const char *const argv[] = { "shutdown", "-r", "+1",
				     _("livemend has merged the overlay: restart in one minute"),
				     NULL };
	const struct child_job job = { .argv = argv };
	struct merge *m = merge;
	struct child_end end;
	struct lm_error why;

	lm_error_clear(&why);
	plan_run_critical(run, true);
	if (child_run(&job, &end, &why) == 0 && end.status == 0) {
		plan_run_result(run,
				_("The changes are part of the image now, and the overlay is empty."),
				_("The system restarts in one minute; `shutdown -c` prevents it. Take "
				  "rd.live.overlay.readonly out of the boot options then."));
		return 0;
	}
	(void)err;
	ctx_log(m->s->ctx, LM_LOG_WARN, "shutdown: %s", why.code ? why.why : end.last);
	plan_run_result(run,
			_("The changes are part of the image now, and the overlay is empty. The restart "
			  "could not be arranged."),
			_("Restart the system yourself when it suits you, without "
			  "rd.live.overlay.readonly."));
	return 0;
}

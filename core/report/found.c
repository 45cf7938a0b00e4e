/* SPDX-License-Identifier: GPL-3.0-or-later */
/* found.c - how a stick in the list of sticks stands */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/livemend.h"
#include "core/text.h"

int lm_found_judge(struct lm_ctx *ctx, struct lm_found *found, struct lm_error *err)
{
	struct lm_status *status = NULL;
	struct lm_stick *stick = NULL;
	struct lm_error e = {0};
	char *line = NULL;
	int ret;

	ret = lm_stick_open(ctx, found->path, &stick, &e);
	if (!ret)
		ret = lm_status_read(stick, LM_STATUS_QUICK, &status, &e);
	if (!ret)
		line = text_dup(status->headline);
	else
		line = text_format("%s: %s", e.what, e.why);
	free(found->headline);
	found->headline = line;
	found->judged = !ret;
	if (!ret)
		found->health = status->health;
	if (!line && !ret)
		ret = lm_fail(&e, -ENOMEM, found->path, NULL, "%s", _("Looking at the stick failed"));
	if (ret && err)
		*err = e;
	lm_status_free(status);
	lm_stick_close(stick);
	return ret;
}

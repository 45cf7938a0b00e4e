/* SPDX-License-Identifier: GPL-3.0-or-later */
/* service_work.c - the calls on the open stick */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/i18n.h"
#include "tui/service_priv.h"

static int watch(void *arg, uint64_t done, uint64_t total, const char *text)
{
	struct worker *w = arg;
	bool cancel;

	(void)text;
	pthread_mutex_lock(&w->s->lock);
	w->done = done;
	w->total = total;
	cancel = w->cancel || w->s->stop || w->orphan;
	pthread_mutex_unlock(&w->s->lock);
	return cancel;
}

static void do_open(struct worker *w)
{
	struct service *s = w->s;
	char *path, *shown;

	if (w->stick)
		lm_stick_close(w->stick);
	w->stick = NULL;
	pthread_mutex_lock(&s->lock);
	path = s->path ? strdup(s->path) : NULL;
	pthread_mutex_unlock(&s->lock);
	memset(&w->open_err, 0, sizeof(w->open_err));
	w->open_rc = lm_stick_open(s->ctx, path, &w->stick, &w->open_err);
	if (w->open_rc < 0)
		w->stick = NULL;
	shown = strdup(w->stick ? lm_stick_path(w->stick) : "");
	service_post(w, WANT_OPEN, w->open_rc < 0 ? NULL : shown, w->open_rc, &w->open_err);
	if (w->open_rc < 0)
		free(shown);
	free(path);
}

/* "wx": what is there is somebody's. */
static int write_new(const char *path, const char *text, struct lm_error *err)
{
	FILE *f = path ? fopen(path, "wxe") : NULL;
	int rc = f ? 0 : -errno;

	if (f && fputs(text, f) < 0)
		rc = -errno;
	if (f && (fflush(f) || fsync(fileno(f))) && rc == 0 && errno != EINVAL)
		rc = -errno;
	if (f && fclose(f) && rc == 0)
		rc = -errno;
	if (rc == 0)
		return 0;
	err->code = rc;
	snprintf(err->what, sizeof(err->what), "%s", _("The file was not written"));
	snprintf(err->on, sizeof(err->on), "%s", path ? path : "");
	snprintf(err->why, sizeof(err->why), "%s", strerror(-rc));
	snprintf(err->help, sizeof(err->help), "%s",
		 rc == -EEXIST ? _("Choose another name: no file is overwritten.")
			       : _("Choose another folder."));
	return rc;
}

static void do_save(struct worker *w)
{
	struct service *s = w->s;
	struct lm_error err = {0};
	char *path, *text;
	int rc;

	pthread_mutex_lock(&s->lock);
	path = s->save_path;
	text = s->save_text;
	s->save_path = s->save_text = NULL;
	pthread_mutex_unlock(&s->lock);
	rc = path && text ? write_new(path, text, &err) : -ENOMEM;
	service_post(w, WANT_SAVE, rc < 0 ? NULL : path, rc, &err);
	if (rc < 0)
		free(path);
	free(text);
}

static bool needs_stick(enum want want, const struct lm_options *o)
{
	return want != WANT_PLAN || lm_op_info(o->op)->traits & LM_OP_NEEDS_STICK;
}

void service_serve(struct worker *w, enum want want)
{
	struct service *s = w->s;
	struct lm_watch progress = {watch, w};
	struct lm_error err = {0};
	struct lm_options options;
	struct lm_status *status = NULL;
	struct lm_node *layout = NULL;
	struct lm_usage *usage = NULL;
	struct lm_report *report = NULL;
	struct lm_plan *plan = NULL;
	char *text = NULL;
	void *data = NULL;
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	options = s->options;
	if (want == WANT_PLAN)
		w->plan_tag = s->plan_asked;
	pthread_mutex_unlock(&s->lock);
	if (want == WANT_OPEN) {
		do_open(w);
		return;
	}
	if (want == WANT_SAVE) {
		do_save(w);
		return;
	}
	if (want == WANT_LESSON) {
		service_lesson(w);
		return;
	}
	if (!w->stick && needs_stick(want, &options)) {
		if (want != WANT_PRESENT)
			service_post(w, want, NULL, w->open_rc < 0 ? w->open_rc : -ENODEV,
				     &w->open_err);
		return;
	}
	switch (want) {
	case WANT_PRESENT:
		rc = lm_stick_present(w->stick, &err);
		if (rc == 0)
			return;
		break;
	case WANT_STATUS:
	case WANT_FULL_STATUS:
		rc = lm_status_read(w->stick, want == WANT_STATUS ? LM_STATUS_QUICK : 0, &status,
				    &err);
		data = status;
		break;
	case WANT_LAYOUT:
		rc = lm_layout_read(w->stick, &layout, &err);
		data = layout;
		break;
	case WANT_USAGE:
		rc = lm_usage_read(w->stick, &progress, &usage, &err);
		data = usage;
		break;
	case WANT_DOCTOR:
	case WANT_DEEP_DOCTOR:
		rc = lm_doctor(w->stick, want == WANT_DOCTOR ? 0 : LM_DOCTOR_DEEP, &progress,
			       &report, &err);
		data = report;
		break;
	case WANT_JOURNAL:
		rc = lm_journal_read(w->stick, &text, &err);
		data = text;
		break;
	case WANT_PLAN:
		rc = lm_plan_make(s->ctx, needs_stick(want, &options) ? w->stick : NULL, &options,
				  &plan, &err);
		data = plan;
		break;
	default:
		return;
	}
	service_post(w, want, rc < 0 ? NULL : data, rc, &err);
}

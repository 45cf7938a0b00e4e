/* SPDX-License-Identifier: GPL-3.0-or-later */
/* view_doctor.c - findings: how bad, what it means, what helps, and the key that does it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "tui/actions.h"
#include "tui/cells.h"
#include "tui/dialog.h"
#include "tui/doc.h"
#include "tui/gauge.h"
#include "tui/list.h"
#include "tui/ui.h"
#include "tui/words.h"

struct doctor {
	struct view view;
	struct list list;
	struct doc detail;
	size_t detail_of; /* the row that the detail is about, SIZE_MAX: none yet */
	int detail_rows;
};

static const struct lm_report *report(const struct doctor *d)
{
	return d->view.ui->data.report;
}

static void doctor_free(struct view *v)
{
	service_cancel(v->ui->service);
	doc_clear(&((struct doctor *)v)->detail);
	free(v);
}

static unsigned doctor_context(const struct view *v)
{
	(void)v;
	return CTX_LIST | CTX_DOCTOR;
}

static const char *doctor_topic(const struct view *v)
{
	(void)v;
	return "doctor";
}

static void add_key(struct doctor *d, const struct lm_finding *f)
{
	struct action list[ACTIONS_MAX];
	size_t n = actions_list(d->view.ui, list), i;
	char label[16], text[300], key[16];

	for (i = 0; i < n; i++) {
		const struct action *a = &list[i];

		if (!f->op || a->cmd != cmd_for_line(f->op))
			continue;
		snprintf(label, sizeof(label), "%s", _("Key:        "));
		snprintf(text, sizeof(text), "%s  %s%s%s", cmd_key(a->cmd, key, sizeof(key)),
			 cmd_name(a->cmd), a->why_not ? _(". Not now: ") : "",
			 a->why_not ? a->because : "");
		doc_item(&d->detail, ROLE_KEY, 0, label, text);
	}
}

static void explain(struct doctor *d)
{
	const struct lm_finding *f;

	if (d->detail_of == d->list.at)
		return;
	d->detail_of = d->list.at;
	doc_clear(&d->detail);
	f = &report(d)->findings[d->list.at];
	doc_add(&d->detail, ROLE_HEADING, 0, "%s: %s", f->subject ? f->subject : "",
		f->what ? f->what : "");
	if (f->means)
		doc_item(&d->detail, ROLE_NORMAL, 0, _("It means:   "), f->means);
	if (f->remedy)
		doc_item(&d->detail, ROLE_NORMAL, 0, _("What helps: "), f->remedy);
	add_key(d, f);
}

static void doctor_fit(struct view *v, int rows, int cols)
{
	struct doctor *d = (struct doctor *)v;
	size_t n = report(d) ? report(d)->count : 0;
	int room = rows - 2;

	d->detail_rows = 0;
	if (n) {
		list_fit(&d->list, n, room);
		explain(d);
		doc_fit(&d->detail, 1000, cols);
		d->detail_rows =
			(int)d->detail.n_lines < room - 3 ? (int)d->detail.n_lines : room - 3;
		/* The same height whatever is selected: nothing jumps. */
		if (d->detail_rows < room / 2)
			d->detail_rows = room / 2;
		room -= d->detail_rows + 1;
		doc_fit(&d->detail, d->detail_rows, cols);
	}
	list_fit(&d->list, n, room);
}

static void draw_row(const void *arg, const struct canvas *cv, int y, size_t i, bool focus)
{
	const struct lm_finding *f = &((const struct lm_report *)arg)->findings[i];
	enum role role;
	const char *word = word_severity(f->severity, &role);
	char line[400];

	canvas_put(cv, y, 2, role, word);
	snprintf(line, sizeof(line), "%s: %s", f->subject ? f->subject : "",
		 f->what ? f->what : "");
	canvas_clip(cv, y, 11, cv->at.cols - 12, focus ? ROLE_FOCUS : ROLE_NORMAL, line);
}

static void draw_waiting(const struct doctor *d, const struct canvas *cv)
{
	struct service *service = d->view.ui->service;
	const struct lm_error *err = &d->view.ui->data.report_err;
	struct doc doc = {0};
	uint64_t done, total;

	service_progress(service, &done, &total);
	if (service_reading(service) && total)
		doc_add(&doc, ROLE_NORMAL, 2, _("Reading ... %d%%. Esc stops."),
			gauge_percent(done, total));
	else if (service_reading(service) || !err->code)
		doc_add(&doc, ROLE_NORMAL, 2, "%s", _("Reading ... Esc stops."));
	else
		doc_error(&doc, err);
	doc_fit(&doc, cv->at.rows, cv->at.cols);
	doc_draw(&doc, cv);
	doc_clear(&doc);
}

static void doctor_draw(const struct view *v, const struct canvas *cv)
{
	const struct doctor *d = (const struct doctor *)v;
	struct canvas part = canvas_part(cv, (struct rect){2, 0, cv->at.rows - 2, cv->at.cols});
	int top = cv->at.rows - d->detail_rows;
	struct point cursor;

	canvas_put(cv, 0, 0, ROLE_HEADING, _("Doctor: what was checked, worst first"));
	if (d->list.count == 0) {
		draw_waiting(d, &part);
		return;
	}
	list_draw(&d->list, &part, draw_row, report(d));
	cursor = *cv->cursor;
	canvas_fill(cv, top - 1, 0, cv->at.cols, ROLE_RULE, cv->glyphs[GLYPH_HLINE]);
	part = canvas_part(cv, (struct rect){top, 0, d->detail_rows, cv->at.cols});
	doc_draw(&d->detail, &part);
	*cv->cursor = cursor;
}

static void look(struct doctor *d, enum want want)
{
	struct data *data = &d->view.ui->data;

	service_free_answer(WANT_DOCTOR, data->report);
	data->report = NULL;
	d->detail_of = SIZE_MAX;
	d->list = (struct list){0};
	service_ask(d->view.ui->service, want);
}

static bool doctor_command(struct view *v, enum cmd cmd)
{
	struct doctor *d = (struct doctor *)v;

	switch (cmd) {
	case CMD_ACCEPT:
		if (d->list.count && report(d)->findings[d->list.at].op)
			action_do(v->ui, cmd_for_line(report(d)->findings[d->list.at].op));
		else
			ui_say(v->ui, _("There is no command that would mend this."));
		return true;
	case CMD_REFRESH:
		look(d, WANT_DOCTOR);
		return true;
	case CMD_DEEP:
		look(d, WANT_DEEP_DOCTOR);
		return true;
	default:
		return list_command(&d->list, cmd);
	}
}

static void doctor_notice(struct view *v, enum notice note, enum want want)
{
	struct doctor *d = (struct doctor *)v;

	if (note == NOTE_ANSWER && (want == WANT_DOCTOR || want == WANT_STATUS))
		d->detail_of = SIZE_MAX;
	if (note == NOTE_TICK && d->list.count == 0)
		v->ui->dirty = true;
}

static void doctor_status(const struct view *v, char *dst, size_t cap)
{
	const struct doctor *d = (const struct doctor *)v;

	if (!report(d))
		return;
	snprintf(dst, cap, "%s",
		 report(d)->ill
			 ? _("Something needs attention. Enter goes to what mends the finding.")
			 : _("All is well. Nothing was changed: the doctor only reads."));
}

static const struct view_ops doctor_ops = {
	.free = doctor_free,
	.context = doctor_context,
	.topic = doctor_topic,
	.fit = doctor_fit,
	.draw = doctor_draw,
	.command = doctor_command,
	.notice = doctor_notice,
	.status = doctor_status,
};

void doctor_open(struct ui *ui)
{
	struct doctor *d = calloc(1, sizeof(*d));

	if (!d) {
		ui_say(ui, _("Not enough memory."));
		return;
	}
	d->view.ops = &doctor_ops;
	ui_push(ui, &d->view);
	look(d, WANT_DOCTOR);
}

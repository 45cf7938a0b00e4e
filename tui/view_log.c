/* SPDX-License-Identifier: GPL-3.0-or-later */
/* view_log.c - what was done to this stick, and what was said in this session */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/i18n.h"
#include "tui/actions.h"
#include "tui/dialog.h"
#include "tui/doc.h"
#include "tui/ui.h"

enum { JOURNAL_TICKS = 3 };

struct log_page {
	struct view view;
	struct doc doc;
	char *session; /* as it is shown */
	int ticks;
};

static void log_free(struct view *v)
{
	struct log_page *p = (struct log_page *)v;

	doc_clear(&p->doc);
	free(p->session);
	free(p);
}

static unsigned log_context(const struct view *v)
{
	(void)v;
	return CTX_TEXT;
}

static const char *log_topic(const struct view *v)
{
	(void)v;
	return "log";
}

static void log_fit(struct view *v, int rows, int cols)
{
	doc_fit(&((struct log_page *)v)->doc, rows - 2, cols);
}

static void log_draw(const struct view *v, const struct canvas *cv)
{
	const struct log_page *p = (const struct log_page *)v;
	struct canvas text = canvas_part(cv, (struct rect){2, 0, cv->at.rows - 2, cv->at.cols});

	canvas_put(cv, 0, 0, ROLE_HEADING, _("Log"));
	doc_draw(&p->doc, &text);
}

static void fill(struct log_page *p)
{
	const struct data *d = &p->view.ui->data;
	bool at_end = p->doc.rows == 0 || doc_seen(&p->doc);
	size_t top = p->doc.top;

	doc_clear(&p->doc);
	doc_add(&p->doc, ROLE_HEADING, 0, "%s", _("What livemend has done to this stick"));
	if (d->journal && *d->journal)
		doc_text(&p->doc, ROLE_NORMAL, 2, d->journal);
	else if (d->journal_err.code)
		doc_error(&p->doc, &d->journal_err);
	else
		doc_add(&p->doc, ROLE_NORMAL, 2, "%s",
			d->journal ? _("Nothing so far.")
			: ui_at_work(p->view.ui)
				? _("It is being written to; look again when the work is over.")
				: _("Reading ..."));
	doc_add(&p->doc, ROLE_NORMAL, 0, "%s", "");
	doc_add(&p->doc, ROLE_HEADING, 0, "%s", _("Messages of this session"));
	if (p->session && *p->session)
		doc_text(&p->doc, ROLE_NORMAL, 2, p->session);
	else
		doc_add(&p->doc, ROLE_NORMAL, 2, "%s", _("None."));
	p->doc.top = top;
	if (at_end)
		doc_end(&p->doc);
	p->view.ui->dirty = true;
}

static void ask_journal(struct log_page *p)
{
	/* Work in progress owns the stick: then the journal is what it was. */
	if (!ui_at_work(p->view.ui))
		service_ask(p->view.ui->service, WANT_JOURNAL);
}

static void read_session(struct log_page *p)
{
	char *session = logbuf_text(p->view.ui->log);

	if (p->session && session && strcmp(p->session, session) == 0) {
		free(session);
		return;
	}
	free(p->session);
	p->session = session;
	fill(p);
}

/* All that is shown, as it is shown but for the wrapping. */
static char *whole_text(const struct log_page *p)
{
	char *text = NULL;
	size_t len, i;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (i = 0; i < p->doc.n_paras; i++)
		if (p->doc.paras[i].text)
			fprintf(f, "%*s%s\n", p->doc.paras[i].first, "", p->doc.paras[i].text);
	return fclose(f) == 0 ? text : NULL;
}

static void save_to(void *arg, const char *path)
{
	struct log_page *p = arg;
	char *text = whole_text(p);

	if (text)
		service_save(p->view.ui->service, path, text);
	else
		ui_say(p->view.ui, _("Not enough memory."));
}

static void save(struct log_page *p)
{
	char name[64] = "livemend.log";
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(name, sizeof(name), "livemend-%Y%m%d-%H%M%S.log", &tm);
	dialog_prompt(
		p->view.ui, _("Save the log"),
		_("File to write this log to, as plain text. An existing file is not overwritten. "
		  "On a live system, mind that /root and /tmp lie in the overlay."),
		name, "log", save_to, p);
}

static bool log_command(struct view *v, enum cmd cmd)
{
	struct log_page *p = (struct log_page *)v;

	switch (cmd) {
	case CMD_REFRESH:
		ask_journal(p);
		read_session(p);
		return true;
	case CMD_SAVE:
		save(p);
		return true;
	default:
		return doc_command(&p->doc, cmd);
	}
}

static void log_notice(struct view *v, enum notice note, enum want want)
{
	struct log_page *p = (struct log_page *)v;

	if (note == NOTE_ANSWER && want == WANT_JOURNAL)
		fill(p);
	if (note != NOTE_TICK || v->ui->top != v)
		return;
	read_session(p);
	if (++p->ticks % JOURNAL_TICKS == 0)
		ask_journal(p);
}

static void log_status(const struct view *v, char *dst, size_t cap)
{
	(void)v;
	snprintf(dst, cap, "%s", _("Newest last. w saves it to a file, Esc goes back."));
}

static const struct view_ops log_ops = {
	.free = log_free,
	.context = log_context,
	.topic = log_topic,
	.fit = log_fit,
	.draw = log_draw,
	.command = log_command,
	.notice = log_notice,
	.status = log_status,
};

void log_open(struct ui *ui)
{
	struct log_page *p = calloc(1, sizeof(*p));

	if (!p) {
		ui_say(ui, _("Not enough memory."));
		return;
	}
	p->view.ops = &log_ops;
	ui_push(ui, &p->view);
	ask_journal(p);
	read_session(p);
	fill(p);
}

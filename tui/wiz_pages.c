/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wiz_pages.c - a plan and its outcome as text */
#include <stdio.h>
#include <string.h>

#include "core/i18n.h"
#include "core/text.h"
#include "tui/wizard.h"

static void refusal(struct doc *d, const struct lm_plan *p)
{
	doc_add(d, ROLE_ACT, 0, "%s", _("This cannot be done now, and nothing will be changed."));
	doc_error(d, &p->refusal);
	doc_add(d, ROLE_NORMAL, 0, "%s", "");
}

static void what(struct doc *d, const struct lm_plan *p)
{
	char label[32];
	size_t i;

	doc_add(d, ROLE_HEADING, 0, "%s", p->title);
	doc_add(d, ROLE_NORMAL, 0, "%s", p->summary ? p->summary : "");
	for (i = 0; p->warnings && p->warnings[i]; i++)
		doc_item(d, ROLE_WATCH, 0, _("Warning: "), p->warnings[i]);
	doc_add(d, ROLE_NORMAL, 0, "%s", "");
	for (i = 0; i < p->n_steps; i++) {
		const struct lm_step *s = &p->steps[i];

		snprintf(label, sizeof(label), "%2zu. ", i + 1);
		doc_item(d, ROLE_HEADING, 0, label, s->title);
		if (s->why)
			doc_add(d, ROLE_NORMAL, 4, "%s", s->why);
		if (s->reads)
			doc_item(d, ROLE_NORMAL, 4, _("Reads:  "), s->reads);
		if (s->writes)
			doc_item(d, ROLE_NORMAL, 4, _("Writes: "), s->writes);
		if (!s->cancellable)
			doc_add(d, ROLE_NORMAL, 4, "%s",
				_("Runs to its end: a cancel takes effect after it."));
	}
}

static void commands(struct doc *d, const struct lm_plan *p)
{
	bool any = false;
	size_t i, j;

	doc_add(d, ROLE_NORMAL, 0, "%s",
		_("The same by hand. livemend does not run these: it does their work itself, with "
		  "checks in between."));
	for (i = 0; i < p->n_steps; i++) {
		char **c = p->steps[i].commands;

		if (!c || !c[0])
			continue;
		any = true;
		doc_add(d, ROLE_NORMAL, 0, "%s", "");
		doc_add(d, ROLE_HEADING, 0, "# %s", p->steps[i].title);
		for (j = 0; c[j]; j++)
			doc_item(d, ROLE_COMMAND, 0, "  ", c[j]);
	}
	if (!any)
		doc_add(d, ROLE_NORMAL, 0, "%s", _("There are no commands that would do it."));
}

static void room(struct doc *d, const struct lm_plan *p)
{
	char need[16], most[16], there[16];
	size_t i;

	doc_add(d, ROLE_NORMAL, 0, "%s", _("What must fit at the same time, at the worst moment:"));
	for (i = 0; i < p->n_needs; i++) {
		const struct lm_need *n = &p->needs[i];
		uint64_t extra = n->most_bytes > n->need_bytes ? n->most_bytes - n->need_bytes : 0;

		doc_add(d, ROLE_NORMAL, 0, "%s", "");
		doc_add(d, ROLE_HEADING, 0, "%s: %s", n->where, n->what);
		doc_add(d, n->ok ? ROLE_NORMAL : ROLE_ACT, 2,
			_("needs %s, at most %s; free there: %s.  %s"), text_size(need, n->need_bytes),
			text_size(most, n->most_bytes > n->need_bytes ? n->most_bytes : n->need_bytes),
			text_size(there, n->free_bytes), n->ok ? _("It fits.") : _("NOT ENOUGH ROOM."));
		if (n->free_bytes)
			doc_bar(d, 2, n->need_bytes < n->free_bytes ? n->need_bytes : n->free_bytes,
				n->need_bytes + extra <= n->free_bytes ? extra : n->need_bytes < n->free_bytes ? n->free_bytes - n->need_bytes : 0,
				n->free_bytes);
		if (n->file_limit_bytes)
			doc_add(d, ROLE_NORMAL, 2, _("The largest file possible there: %s."),
				text_size(there, n->file_limit_bytes));
	}
	doc_add(d, ROLE_NORMAL, 0, "%s", "");
	if (p->n_needs)
		doc_add(d, ROLE_NORMAL, 0, "%s",
			_("# expected   = in the worst case   . stays free"));
	else
		doc_add(d, ROLE_NORMAL, 0, "%s", _("It needs no room."));
	if (lm_op_info(p->op)->traits & LM_OP_NEW_IMAGE)
		doc_add(d, ROLE_NORMAL, 0, "%s",
			_("w chooses a work folder on another disk for the new image."));
}

static void safety(struct doc *d, const struct lm_plan *p)
{
	size_t i;

	doc_add(d, p->destroys ? ROLE_ACT : ROLE_OK, 0, "%s",
		p->destroys ? _("What is lost") : _("Nothing is lost"));
	if (p->destroys)
		doc_add(d, ROLE_NORMAL, 2, "%s", p->destroys);
	else
		doc_add(d, ROLE_NORMAL, 2, "%s", _("Every file keeps its content."));
	doc_add(d, ROLE_NORMAL, 0, "%s", "");
	doc_add(d, ROLE_HEADING, 0, "%s", _("If it is cut off, and how it is undone"));
	doc_add(d, ROLE_NORMAL, 2, "%s", p->undo ? p->undo : _("There is nothing to undo."));
	for (i = 0; i < p->n_steps; i++)
		if (p->steps[i].undo)
			doc_add(d, ROLE_NORMAL, 2, "%zu. %s: %s", i + 1, p->steps[i].title,
				p->steps[i].undo);
	for (i = 0; p->warnings && p->warnings[i]; i++) {
		if (i == 0) {
			doc_add(d, ROLE_NORMAL, 0, "%s", "");
			doc_add(d, ROLE_HEADING, 0, "%s", _("Warnings"));
		}
		doc_add(d, ROLE_WATCH, 2, "%s", p->warnings[i]);
	}
}

void wiz_fill_page(struct wizard *w)
{
	doc_clear(&w->doc);
	if (!w->plan) {
		doc_error(&w->doc, &w->plan_err);
		return;
	}
	if (!w->plan->possible && w->page == PAGE_WHAT)
		refusal(&w->doc, w->plan);
	switch (w->page) {
	case PAGE_WHAT:
		what(&w->doc, w->plan);
		break;
	case PAGE_COMMANDS:
		commands(&w->doc, w->plan);
		break;
	case PAGE_ROOM:
		room(&w->doc, w->plan);
		break;
	default:
		safety(&w->doc, w->plan);
		break;
	}
}

static const char *outcome_text(enum lm_outcome outcome)
{
	switch (outcome) {
	case LM_DONE:
		return _("DONE");
	case LM_ATTENTION:
		return _("DONE, but something needs attention");
	case LM_CANCELLED:
		return _("CANCELLED at a safe point");
	case LM_RESUMABLE:
		return _("STOPPED half-way: Resume (r) takes it up");
	case LM_REFUSED:
		return _("REFUSED: nothing was changed");
	default:
		return _("FAILED: everything is as before");
	}
}

void wiz_fill_end(struct wizard *w)
{
	const struct lm_result *r = &w->result;
	char time[32];

	doc_clear(&w->doc);
	doc_add(&w->doc, r->outcome == LM_DONE ? ROLE_OK : ROLE_ACT, 0, "%s",
		outcome_text(r->outcome));
	doc_add(&w->doc, ROLE_NORMAL, 0, "%s", "");
	if (r->now[0]) {
		doc_add(&w->doc, ROLE_HEADING, 0, "%s", _("How it is now"));
		doc_add(&w->doc, ROLE_NORMAL, 2, "%s", r->now);
	}
	if (r->error.code) {
		doc_add(&w->doc, ROLE_NORMAL, 0, "%s", "");
		doc_error(&w->doc, &r->error);
	}
	if (r->next[0] && strcmp(r->next, r->error.help) != 0) {
		doc_add(&w->doc, ROLE_NORMAL, 0, "%s", "");
		doc_add(&w->doc, ROLE_HEADING, 0, "%s", _("What to do next"));
		doc_add(&w->doc, ROLE_NORMAL, 2, "%s", r->next);
	}
	doc_add(&w->doc, ROLE_NORMAL, 0, "%s", "");
	doc_add(&w->doc, ROLE_NORMAL, 0, _("It took %s."),
		r->seconds < 1 ? _("less than a second") : text_duration(time, (uint64_t)r->seconds));
}

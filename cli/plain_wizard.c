/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plain_wizard.c - from a plan to its outcome, page by page
 *
 * The same plans as on the full screen and on the command line: what is
 * explained here is what is done.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/plain.h"
#include "core/i18n.h"
#include "core/text.h"

enum page { PAGE_WHAT, PAGE_COMMANDS, PAGE_ROOM, PAGE_SAFETY, N_PAGES };

static void page_what(struct plain *p, const struct lm_plan *plan)
{
	size_t i;

	out_wrap(p->out, 0, 0, plan->summary);
	for (i = 0; i < plan->n_steps; i++) {
		char *line = text_format("%s. %s", plan->steps[i].title,
					 plan->steps[i].why ? plan->steps[i].why : "");

		if (line)
			plain_item(p, (int)i + 1, line);
		free(line);
	}
}

static void page_commands(struct plain *p, const struct lm_plan *plan)
{
	char **c;
	size_t i;

	fprintf(p->out->f, "%s\n", _("By hand this would be, step by step:"));
	for (i = 0; i < plan->n_steps; i++) {
		const struct lm_step *s = &plan->steps[i];

		plain_item(p, (int)i + 1, s->title);
		/* Not filled: a command is there to be copied. */
		for (c = s->commands; c && *c; c++)
			fprintf(p->out->f, "     $ %s\n", *c);
		if (s->reads)
			plain_say(p, 5, _("reads: %s"), s->reads);
		if (s->writes)
			plain_say(p, 5, _("writes: %s"), s->writes);
	}
}

static void page_room(struct plain *p, const struct lm_plan *plan)
{
	char need[16], most[16], left[16];
	size_t i;

	if (!plan->n_needs)
		fprintf(p->out->f, "%s\n", _("It needs no room worth naming."));
	for (i = 0; i < plan->n_needs; i++) {
		const struct lm_need *n = &plan->needs[i];
		char *line = text_format(_("%s, for %s: %s needed, at most %s; %s free: %s."),
					 n->where, n->what, text_size(need, n->need_bytes),
					 text_size(most, n->most_bytes),
					 text_size(left, n->free_bytes),
					 n->ok ? _("enough") : _("NOT enough"));

		out_wrap(p->out, 0, 2, line);
		free(line);
	}
}

static void page_safety(struct plain *p, const struct lm_plan *plan)
{
	const char *said = NULL;
	char **w;
	size_t i;

	plain_line(p, _("What is lost:"), plan->destroys ? plan->destroys : _("nothing."));
	plain_line(p, _("If it is interrupted, or to undo it:"), plan->undo);
	for (i = 0; i < plan->n_steps; i++) {
		const char *undo = plan->steps[i].undo;

		/* What several steps have in common is said once. */
		if (undo && (!said || strcmp(said, undo) != 0))
			plain_say(p, 0, _("Undoing step %zu: %s"), i + 1, undo);
		said = undo ? undo : said;
	}
	for (w = plan->warnings; w && *w; w++)
		plain_line(p, _("Note:"), *w);
}

static void show_page(struct plain *p, const struct lm_plan *plan, enum page page)
{
	static const char *const names[] = {N_("What"), N_("Commands"), N_("Room"), N_("Safety")};

	fprintf(p->out->f, _("\n%s. Page %d of %d: %s\n"), plan->title, page + 1, N_PAGES + 1,
		_(names[page]));
	switch (page) {
	case PAGE_WHAT:
		page_what(p, plan);
		break;
	case PAGE_COMMANDS:
		page_commands(p, plan);
		break;
	case PAGE_ROOM:
		page_room(p, plan);
		break;
	default:
		page_safety(p, plan);
		break;
	}
}

/* True when the last page was turned; false when it was left. */
static bool read_pages(struct plain *p, const struct lm_plan *plan)
{
	int page = PAGE_WHAT, choice;

	for (;;) {
		show_page(p, plan, (enum page)page);
		choice = plain_choose(p, _("Enter goes on, b back, h explains, q leaves; nothing is "
					   "changed yet: "),
				      N_PAGES, "bnh");
		if (choice == PLAIN_LEAVE)
			return false;
		if (choice == PLAIN_LETTER('b') && page == PAGE_WHAT)
			return false;
		if (choice == PLAIN_LETTER('h'))
			plain_topic(p, lm_op_info(plan->op)->topic);
		else if (choice == PLAIN_LETTER('b'))
			page--;
		else if (choice == PLAIN_ENTER || choice == PLAIN_LETTER('n'))
			page++;
		else
			page = choice - 1;
		if (page == N_PAGES)
			return true;
	}
}

static void say_refusal(struct plain *p, const struct lm_plan *plan)
{
	fprintf(p->out->f, "\n%s\n", plan->title);
	fprintf(p->out->f, "%s\n", _("This cannot be done now. Nothing was changed."));
	plain_error(p, &plan->refusal);
	page_room(p, plan);
}

int plain_plan(struct plain *p, struct lm_stick *stick, const struct lm_options *options)
{
	struct lm_plan *plan = NULL;
	struct lm_error err = {0};
	int outcome = -1;

	if (lm_plan_make(p->cli->ctx, stick, options, &plan, &err)) {
		plain_error(p, &err);
		return -1;
	}
	if (!plan->possible) {
		say_refusal(p, plan);
		goto out;
	}
	if (read_pages(p, plan)) {
		fprintf(p->out->f, _("\n%s. Page %d of %d: Start\n"), plan->title, N_PAGES + 1,
			N_PAGES + 1);
		plain_line(p, _("What is lost:"), plan->destroys ? plan->destroys : _("nothing."));
		if (ask_agreement(p->out, plan->confirm)) {
			fprintf(p->out->f, "%s\n", _("It begins. Ctrl-C stops it at the next safe "
						     "point."));
			outcome = cli_run_plan(p->cli, plan);
			p->resumable = outcome == LM_RESUMABLE;
		}
	}
	if (outcome < 0)
		fprintf(p->out->f, "%s\n", _("Left: nothing was begun."));
out:
	lm_plan_free(plan);
	return outcome;
}

/* ------------------------------------------------------------ inputs -- */

static bool ask_text(struct plain *p, const char *prompt, const char *usual, char *dst, size_t cap)
{
	if (!plain_ask(p, prompt, dst, cap) || !strcmp(dst, "q"))
		return false;
	if (!dst[0] && usual)
		snprintf(dst, cap, "%s", usual);
	return true;
}

/* What one way needs, and whether it can be gone here: its own plan says so. */
static void say_way(struct plain *p, int number, const char *about, const struct lm_options *o)
{
	struct lm_plan *plan = NULL;
	struct lm_error err = {0};
	char room[16], most[16], *line;
	uint64_t need = 0, upto = 0;
	size_t i;

	if (lm_plan_make(p->cli->ctx, p->stick, o, &plan, &err)) {
		line = text_format(_("%s Not possible: %s. %s"), about, err.what, err.why);
	} else if (!plan->possible) {
		line = text_format(_("%s Not possible: %s. %s"), about, plan->refusal.what,
				   plan->refusal.why);
	} else {
		for (i = 0; i < plan->n_needs; i++) {
			need += plan->needs[i].need_bytes;
			upto += plan->needs[i].most_bytes;
		}
		line = text_format(_("%s Possible here. Room: %s, at most %s. Lost: %s"), about,
				   text_size(room, need), text_size(most, upto),
				   plan->destroys ? plan->destroys : _("nothing."));
	}
	if (line)
		plain_item(p, number, line);
	free(line);
	lm_plan_free(plan);
}

static bool ask_method(struct plain *p, struct lm_options *o)
{
	static const char *const methods[] = {
		N_("rewrite: only what has changed is compressed again; the quickest."),
		N_("mirror: the whole disk is copied by the kernel, then compressed; slow."),
		N_("snapshot-merge: the kernel merges into a copy, which is compressed; slow."),
	};
	int i, choice;

	fprintf(p->out->f, "%s\n", _("How to merge:"));
	for (i = 0; i < 3; i++) {
		o->method = (enum lm_method)i;
		say_way(p, i + 1, _(methods[i]), o);
	}
	choice = plain_choose(p, _("Number (Enter: 1, q leaves): "), 3, NULL);
	o->method = choice > 0 ? (enum lm_method)(choice - 1) : LM_METHOD_REWRITE;
	return choice != PLAIN_LEAVE;
}

static bool ask_undo(struct plain *p, struct lm_options *o)
{
	static const char *const ways[] = {
		N_("Finish what was cut off."),
		N_("Go back to the state before."),
	};
	int i, choice;

	for (i = 0; i < 2; i++) {
		o->undo = i == 1;
		say_way(p, i + 1, _(ways[i]), o);
	}
	choice = plain_choose(p, _("Number (Enter: 1, q leaves): "), 2, NULL);
	o->undo = choice == 2;
	return choice != PLAIN_LEAVE;
}

static bool ask_bytes(struct plain *p, const char *prompt, bool needed, uint64_t *bytes)
{
	char text[40];

	for (;;) {
		if (!plain_ask(p, prompt, text, sizeof(text)) || !strcmp(text, "q"))
			return false;
		*bytes = 0;
		if (!text[0] && !needed)
			return true;
		if (plain_size(text, bytes))
			return true;
		fprintf(p->out->f, "%s\n", _("A size is asked for, as 40M or 1.5G."));
	}
}

static bool ask_out(struct plain *p, const struct lm_op_info *op, struct lm_options *o, char *out,
		    size_t cap)
{
	char *prompt =
		text_format(op->takes & LM_TAKES_FILE ? _("File to write (Enter: %s, q leaves): ")
						      : _("Folder to make (Enter: %s, q leaves): "),
			    op->out);
	bool ok = prompt && ask_text(p, prompt, op->out, out, cap);

	free(prompt);
	o->out = out;
	return ok;
}

static bool ask_work(struct plain *p, struct lm_options *o, char *work, size_t cap)
{
	if (!ask_text(p,
		      _("Folder to work in, on another disk (Enter: none, on the stick; q "
			"leaves): "),
		      NULL, work, cap))
		return false;
	o->work = work[0] ? work : NULL;
	return true;
}

static bool ask_size(struct plain *p, bool needed, uint64_t *bytes)
{
	return needed ? ask_bytes(p, _("New size of the overlay, as 40M or 1.5G (q leaves): "),
				  true, bytes)
		      : ask_bytes(p,
				  _("New size of the overlay (Enter: as is sensible, q leaves): "),
				  false, bytes);
}

/* What it takes, one after the other; false when one was left. */
static bool ask_inputs(struct plain *p, const struct lm_op_info *op, struct lm_options *o,
		       char *out, char *work, size_t cap)
{
	if (op->takes & (LM_TAKES_FILE | LM_TAKES_FOLDER) && !ask_out(p, op, o, out, cap))
		return false;
	if (op->takes & LM_TAKES_METHOD && !ask_method(p, o))
		return false;
	if (op->takes & LM_TAKES_WORK && !ask_work(p, o, work, cap))
		return false;
	if (op->takes & LM_TAKES_UNDO && !ask_undo(p, o))
		return false;
	return !(op->takes & LM_TAKES_SIZE) ||
	       ask_size(p, op->takes & LM_NEEDS_SIZE, &o->size_bytes);
}

void plain_wizard(struct plain *p, const struct lm_op_info *op)
{
	struct lm_options o = {.op = op->op};
	char out[128] = "", work[128] = "";

	if (!ask_inputs(p, op, &o, out, work, sizeof(out))) {
		fprintf(p->out->f, "%s\n", _("Left: nothing was begun."));
		return;
	}
	if (plain_plan(p, op->traits & LM_OP_NEEDS_STICK ? p->stick : NULL, &o) >= 0) {
		plain_reopen(p);
		fputc('\n', p->out->f);
		plain_status(p);
	}
}

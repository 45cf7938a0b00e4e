/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/wizard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "tui/cells.h"
#include "tui/lesson.h"

#define TAKES_OUT (LM_TAKES_FILE | LM_TAKES_FOLDER)

void wiz_drop_plans(struct wizard *w, bool all)
{
	struct service *service = w->view.ui->service;
	size_t i;

	w->asked = 0; /* an answer that is under way is for nobody now */
	for (i = 0; i < w->n_ways; i++) {
		struct way *way = &w->ways[i];

		if (!all && way == w->chosen)
			continue;
		service_free_plan(service, way->plan);
		way->plan = NULL;
		way->known = way->asked = false;
	}
	if (all && !w->chosen)
		service_free_plan(service, w->plan);
	if (all) {
		w->plan = NULL;
		w->chosen = NULL;
	}
}

int wiz_first(const struct wizard *w)
{
	return w->n_ways > 0;
}

static void wizard_free(struct view *v)
{
	struct wizard *w = (struct wizard *)v;

	wiz_drop_plans(w, true);
	doc_clear(&w->doc);
	doc_clear(&w->detail);
	free(w);
}

static unsigned wizard_context(const struct view *v)
{
	const struct wizard *w = (const struct wizard *)v;

	switch (w->stage) {
	case STAGE_INPUT:
		return CTX_FIELD;
	case STAGE_LESSON:
		return CTX_LIST;
	case STAGE_HOW:
		return CTX_LIST | CTX_CHOICE;
	case STAGE_CONFIRM:
		return w->plan->confirm ? CTX_FIELD : CTX_DIALOG;
	case STAGE_RUN:
		return CTX_JOB;
	case STAGE_END:
		return CTX_END;
	default:
		return CTX_WIZARD;
	}
}

static const char *wizard_topic(const struct view *v)
{
	return ((const struct wizard *)v)->op->topic;
}

static size_t count_lessons(void)
{
	const char *const *l = lm_lessons();
	size_t n = 0;

	while (l && l[n])
		n++;
	return n;
}

static void wizard_fit(struct view *v, int rows, int cols)
{
	struct wizard *w = (struct wizard *)v;

	w->rows = rows;
	doc_fit(&w->doc, w->stage == STAGE_END ? rows : rows - 2, cols);
	list_fit(&w->lessons, count_lessons() + 1, rows - 4);
	if (w->stage == STAGE_HOW)
		how_fit(w, rows - 2, cols);
}

static void ask_plan(struct wizard *w)
{
	struct lm_options o = {.op = w->op->op};
	const char *const *lessons = lm_lessons();

	wiz_drop_plans(w, true);
	w->page = PAGE_WHAT;
	doc_clear(&w->doc);
	if (w->n_ways) {
		how_open(w);
		return;
	}
	if (w->op->takes & TAKES_OUT)
		o.out = w->out.text;
	if (w->op->takes & LM_TAKES_WORK && w->work.text[0])
		o.work = w->work.text;
	if (w->op->takes & LM_TAKES_LESSON && w->lessons.at > 0)
		o.lesson = lessons[w->lessons.at - 1];
	w->stage = STAGE_PLAN;
	w->asked = service_ask_plan(w->view.ui->service, &o);
}

/* ---------------------------------------------------------------- drawing */

static void draw_wrapped(const struct canvas *cv, int *y, enum role role, const char *text)
{
	size_t next, len;
	char line[400];

	do {
		len = cells_wrap(text, cv->at.cols - 2, &next);
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		canvas_put(cv, (*y)++, 0, role, line);
		text += next;
	} while (*text && next);
}

static void draw_input(const struct wizard *w, const struct canvas *cv)
{
	const char *text = w->asks_work ? _("Work folder: where what is new is built, on another "
					    "disk if the stick is full. Empty: on the stick.")
					: _(w->op->out_about);
	int y = 0;

	canvas_put(cv, y, 0, ROLE_HEADING, _(w->op->title));
	y += 2;
	draw_wrapped(cv, &y, ROLE_NORMAL, text);
	y++;
	canvas_put(cv, y, 0, ROLE_NORMAL, ">");
	field_draw(w->asks_work ? &w->work : &w->out, cv, y, 2, cv->at.cols - 4);
}

static void draw_lessons(const struct wizard *w, const struct canvas *cv)
{
	const char *const *lessons = lm_lessons();
	const struct list *l = &w->lessons;
	size_t i;
	int y = 2;

	canvas_put(cv, 0, 0, ROLE_HEADING, _("Which stick do you want to practise on?"));
	for (i = l->top; i < l->count && y < cv->at.rows; i++, y++) {
		const char *name = i ? lessons[i - 1] : _("healthy");
		const char *text = i ? lm_lesson_text(name) : _("A stick in good order, with an overlay in use");
		bool focus = i == l->at;

		canvas_put(cv, y, 0, ROLE_NORMAL, focus ? ">" : " ");
		canvas_clip(cv, y, 2, 14, focus ? ROLE_FOCUS : ROLE_NORMAL, name);
		if (focus)
			canvas_cursor(cv, y, 2);
		canvas_clip(cv, y, 17, cv->at.cols - 18, ROLE_NORMAL, text ? text : "");
	}
}

static void draw_confirm(const struct wizard *w, const struct canvas *cv)
{
	const struct lm_plan *p = w->plan;
	char line[300];
	int y = 0, x = 0, i;

	draw_wrapped(cv, &y, ROLE_HEADING, p->title);
	y++;
	if (p->destroys)
		draw_wrapped(cv, &y, ROLE_ACT, p->destroys);
	else
		draw_wrapped(cv, &y, ROLE_OK, _("Nothing is lost."));
	if (p->undo)
		draw_wrapped(cv, &y, ROLE_NORMAL, p->undo);
	y++;
	if (p->confirm) {
		snprintf(line, sizeof(line), _("To start, type the word  %s  and press Enter. Esc goes back."), p->confirm);
		draw_wrapped(cv, &y, ROLE_NORMAL, line);
		y++;
		canvas_put(cv, y, 0, ROLE_NORMAL, ">");
		field_draw(&w->word, cv, y, 2, 24);
		return;
	}
	draw_wrapped(cv, &y, ROLE_NORMAL, _("Start now? (y/N)"));
	y++;
	for (i = 0; i < 2; i++) {
		bool focus = (i == 1) == w->yes;

		canvas_put(cv, y, x, ROLE_NORMAL, focus ? ">" : " ");
		if (focus)
			canvas_cursor(cv, y, x + 2);
		x = canvas_put(cv, y, x + 2, focus ? ROLE_FOCUS : ROLE_NORMAL,
			       i ? _("[Yes, start]") : _("[No, go back]")) + 2;
	}
}

static void draw_path(const struct wizard *w, const struct canvas *cv)
{
	static const char *const names[] = {N_("How"),  N_("What"),   N_("Commands"),
					    N_("Room"), N_("Safety"), N_("Start")};
	int first = wiz_first(w), i, x = 0, at;

	at = w->stage == STAGE_HOW ? 0 : w->stage == STAGE_CONFIRM ? N_PAGES + 1 : (int)w->page + 1;
	for (i = !first; i <= N_PAGES + 1; i++) {
		x = canvas_printf(cv, 0, x, i == at ? ROLE_FOCUS : ROLE_NORMAL,
				  i == at ? "[%d %s]" : "%d %s", i + first, _(names[i]));
		if (i <= N_PAGES)
			x = canvas_put(cv, 0, x, ROLE_NORMAL, " > ");
	}
}

static void wizard_draw(const struct view *v, const struct canvas *cv)
{
	const struct wizard *w = (const struct wizard *)v;
	struct canvas part = canvas_part(cv, (struct rect){2, 0, cv->at.rows - 2, cv->at.cols});

	switch (w->stage) {
	case STAGE_INPUT:
		draw_input(w, cv);
		break;
	case STAGE_LESSON:
		draw_lessons(w, cv);
		break;
	case STAGE_HOW:
		draw_path(w, cv);
		how_draw(w, &part);
		break;
	case STAGE_PLAN:
		canvas_cursor(cv, 0, 0);
		canvas_put(cv, 0, 0, ROLE_NORMAL, _("Looking at the stick and making a plan. Nothing is changed ..."));
		break;
	case STAGE_CONFIRM:
		draw_path(w, cv);
		draw_confirm(w, &part);
		break;
	case STAGE_RUN:
		progress_draw(w, cv);
		break;
	case STAGE_END:
		doc_draw(&w->doc, cv);
		break;
	default:
		if (w->plan)
			draw_path(w, cv);
		doc_draw(&w->doc, &part);
		break;
	}
}

/* ------------------------------------------------------------------- keys */

void wiz_turn(struct wizard *w, enum wiz_page page)
{
	w->page = page;
	w->stage = STAGE_PAGES;
	wiz_fill_page(w);
}

static void next(struct wizard *w)
{
	if (!w->plan)
		return;
	if (w->page + 1 < N_PAGES) {
		wiz_turn(w, w->page + 1);
	} else if (!w->plan->possible) {
		ui_say(w->view.ui, _("This plan cannot be carried out: its first page says why, "
				     "and what would help."));
	} else {
		wiz_drop_plans(w, false);
		w->stage = STAGE_CONFIRM;
		w->yes = false;
		field_set(&w->word, "");
	}
}

/* Which practice stick it is to be is asked for, where it was not chosen before. */
static bool asks_lesson(const struct wizard *w)
{
	return w->op->takes & LM_TAKES_LESSON && !w->lesson_set;
}

static void back(struct wizard *w)
{
	if (w->stage == STAGE_CONFIRM)
		wiz_turn(w, N_PAGES - 1);
	else if (w->stage == STAGE_PAGES && w->page > 0)
		wiz_turn(w, w->page - 1);
	else if (w->stage == STAGE_PAGES && w->n_ways)
		how_open(w);
	else if (w->stage == STAGE_PAGES && asks_lesson(w))
		w->stage = STAGE_LESSON;
	else if (w->stage == STAGE_LESSON || (w->stage == STAGE_PAGES && w->op->takes & TAKES_OUT))
		w->stage = STAGE_INPUT;
	else
		ui_close(&w->view);
}

static void confirm_command(struct wizard *w, enum cmd cmd)
{
	switch (cmd) {
	case CMD_LEFT:
	case CMD_PANE_BACK:
		w->yes = false;
		break;
	case CMD_RIGHT:
		w->yes = true;
		break;
	case CMD_PANE:
		w->yes = !w->yes;
		break;
	case CMD_YES:
		wiz_start(w);
		break;
	case CMD_ACCEPT:
		if (w->yes)
			wiz_start(w);
		else
			back(w);
		break;
	case CMD_ACCEPT_FIELD:
		if (strcmp(w->word.text, w->plan->confirm) == 0)
			wiz_start(w);
		else
			ui_say(w->view.ui, _("That is not the word: nothing was started."));
		break;
	default:
		break;
	}
}

static bool is_close(enum cmd cmd)
{
	return cmd == CMD_CLOSE || cmd == CMD_CLOSE_FIELD || cmd == CMD_NO;
}

static void ask_work(struct wizard *w)
{
	if (!(w->op->takes & LM_TAKES_WORK)) {
		ui_say(w->view.ui, _("This needs no work folder."));
		return;
	}
	w->asks_work = true;
	w->stage = STAGE_INPUT;
}

static bool pages_command(struct wizard *w, enum cmd cmd)
{
	switch (cmd) {
	case CMD_NEXT:
		/* Enter first shows the rest of a page, then turns it. */
		if (!doc_seen(&w->doc))
			return doc_command(&w->doc, CMD_PGDN);
		next(w);
		return true;
	case CMD_BACK:
		back(w);
		return true;
	case CMD_WORK:
		ask_work(w);
		return true;
	default:
		return doc_command(&w->doc, cmd);
	}
}

/* The lesson of the practice stick that has been made; NULL: it has none, or was not made. */
static const char *new_lesson(const struct wizard *w)
{
	const char *name = NULL;

	if (w->op->takes & LM_TAKES_LESSON && w->result.outcome == LM_DONE && w->lessons.at > 0)
		name = lm_lessons()[w->lessons.at - 1];
	return name && lm_lesson_is_guided(name) ? name : NULL;
}

static bool made_a_stick(const struct wizard *w)
{
	return w->op->traits & LM_OP_MAKES_STICK && w->result.outcome == LM_DONE;
}

static void leave_end(struct wizard *w, bool onward)
{
	struct ui *ui = w->view.ui;

	if (new_lesson(w)) {
		ui_open_stick(ui, w->out.text);
		lessons_open(ui);
	} else if (onward && made_a_stick(w)) {
		ui_open_stick(ui, w->out.text);
	} else if (!lesson_return(ui)) {
		ui_home(ui);
	}
}

static bool wizard_command(struct view *v, enum cmd cmd)
{
	struct wizard *w = (struct wizard *)v;

	switch (w->stage) {
	case STAGE_INPUT:
		if (cmd == CMD_ACCEPT_FIELD && w->out.text[0] == '\0' && !w->asks_work) {
			ui_say(v->ui, _("Type a name first."));
		} else if (cmd == CMD_ACCEPT_FIELD && !w->asks_work && asks_lesson(w)) {
			w->stage = STAGE_LESSON;
		} else if (cmd == CMD_ACCEPT_FIELD) {
			w->asks_work = false;
			ask_plan(w);
		} else if (is_close(cmd) && w->asks_work) {
			w->asks_work = false;
			if (w->plan || !w->n_ways)
				wiz_turn(w, w->page);
			else
				how_open(w);
		} else {
			return cmd != CMD_HELP_KEY && cmd != CMD_REPAINT && cmd != CMD_MENU &&
			       !is_close(cmd);
		}
		return true;
	case STAGE_LESSON:
		if (cmd == CMD_ACCEPT)
			ask_plan(w);
		else if (cmd == CMD_LEAVE || is_close(cmd))
			w->stage = STAGE_INPUT;
		else
			return list_command(&w->lessons, cmd);
		return true;
	case STAGE_HOW:
		if (cmd == CMD_WORK)
			ask_work(w);
		return cmd == CMD_WORK || how_command(w, cmd);
	case STAGE_PAGES:
		return pages_command(w, cmd);
	case STAGE_CONFIRM:
		if (is_close(cmd)) {
			back(w);
			return true;
		}
		confirm_command(w, cmd);
		return cmd != CMD_HELP_KEY && cmd != CMD_HELP_SIGN && cmd != CMD_REPAINT &&
		       cmd != CMD_MENU;
	case STAGE_RUN:
		if (cmd == CMD_CANCEL)
			wiz_cancel(w);
		return cmd == CMD_CANCEL;
	case STAGE_END:
		if (cmd == CMD_ACCEPT || is_close(cmd))
			leave_end(w, cmd == CMD_ACCEPT);
		return cmd == CMD_ACCEPT || is_close(cmd) || doc_command(&w->doc, cmd);
	case STAGE_PLAN:
		if (cmd == CMD_BACK)
			back(w);
		return cmd == CMD_BACK;
	default:
		return false;
	}
}

static bool wizard_key(struct view *v, uint32_t key)
{
	struct wizard *w = (struct wizard *)v;

	if (w->stage == STAGE_INPUT)
		return field_key(w->asks_work ? &w->work : &w->out, key);
	if (w->stage == STAGE_CONFIRM && w->plan->confirm)
		return field_key(&w->word, key);
	return false;
}

static void wizard_notice(struct view *v, enum notice note, enum want want)
{
	struct wizard *w = (struct wizard *)v;
	struct data *d = &v->ui->data;

	if (note == NOTE_JOB)
		wiz_on_job(w);
	if (note == NOTE_TICK && w->job)
		wiz_on_job(w); /* the clock goes on, even where the work stands still */
	if (note == NOTE_END && w->job)
		wiz_cancel_now(w);
	if (note == NOTE_END && w->job && w->progress.state == LM_JOB_ASKING)
		lm_job_answer(w->job, false);
	if (note != NOTE_ANSWER || want != WANT_PLAN ||
	    service_plan_tag(v->ui->service) != w->asked)
		return;
	if (w->stage != STAGE_PLAN) {
		how_answer(w);
	} else {
		w->plan = d->plan;
		d->plan = NULL;
		w->plan_err = d->plan_err;
		wiz_turn(w, PAGE_WHAT);
	}
}

static void wizard_status(const struct view *v, char *dst, size_t cap)
{
	const struct wizard *w = (const struct wizard *)v;
	const char *text = "";
	int last = wiz_first(w) + N_PAGES + 1;

	if (w->stage == STAGE_RUN) {
		progress_status(w, dst, cap);
		return;
	}
	if (w->stage == STAGE_HOW) {
		how_status(w, dst, cap);
		return;
	}
	if (w->stage == STAGE_PAGES && w->plan && w->plan->possible) {
		snprintf(dst, cap,
			 doc_seen(&w->doc) ? _("Enter goes on. Nothing is changed before you agree "
					       "on page %d.")
					   : _("Enter shows the rest of this page. Nothing is "
					       "changed before page %d."),
			 last);
		return;
	}
	if (w->stage == STAGE_PAGES && !w->plan)
		text = _("There is no plan. q leaves, nothing was changed.");
	else if (w->stage == STAGE_PAGES && !w->plan->possible)
		text = _("Refused: nothing will be changed. q leaves.");
	else if (w->stage == STAGE_CONFIRM)
		text = _("Nothing has been changed so far.");
	else if (w->stage == STAGE_INPUT)
		text = _("Enter goes on, Esc goes back. Nothing is written yet.");
	else if (w->stage == STAGE_LESSON)
		text = _("Each lesson is a stick that is broken in its own way. Enter chooses.");
	else if (w->stage == STAGE_END && new_lesson(w))
		text = _("Enter opens the new stick and begins the lesson.");
	else if (w->stage == STAGE_END && lesson_waits(v->ui))
		text = _("Enter goes back to the lesson.");
	else if (w->stage == STAGE_END)
		text = made_a_stick(w) ? _("Enter opens the practice stick, Esc goes back to the "
					   "first screen.")
				       : _("Enter goes back to the first screen.");
	snprintf(dst, cap, "%s", text);
}

static int wizard_fd(const struct view *v)
{
	const struct wizard *w = (const struct wizard *)v;

	return w->job ? lm_job_fd(w->job) : -1;
}

static bool wizard_may_end(const struct view *v)
{
	return ((const struct wizard *)v)->job == NULL;
}

static const struct view_ops wizard_ops = {
	.free = wizard_free,
	.context = wizard_context,
	.topic = wizard_topic,
	.fit = wizard_fit,
	.draw = wizard_draw,
	.command = wizard_command,
	.key = wizard_key,
	.notice = wizard_notice,
	.status = wizard_status,
	.fd = wizard_fd,
	.may_end = wizard_may_end,
};

void wizard_open(struct ui *ui, const struct lm_op_info *op)
{
	struct wizard *w = calloc(1, sizeof(*w));

	if (!w) {
		ui_say(ui, _("Not enough memory."));
		return;
	}
	w->view.ops = &wizard_ops;
	w->op = op;
	ui_push(ui, &w->view);
	if (op->how)
		w->n_ways = 1; /* how_open() fills them in */
	if (op->takes & TAKES_OUT) {
		field_set(&w->out, op->out);
		w->stage = STAGE_INPUT;
	} else {
		ask_plan(w);
	}
}

void practice_open(struct ui *ui, const char *name)
{
	const char *const *lessons = lm_lessons();
	const struct lm_op_info *op = lm_op_that_takes(LM_TAKES_LESSON);
	struct view *before = ui->top;
	struct wizard *w;
	size_t i;

	wizard_open(ui, op);
	if (ui->top == before)
		return;
	w = (struct wizard *)ui->top;
	w->view.opened_by = cmd_of_op(op->op);
	for (i = 0; lessons[i] && strcmp(lessons[i], name) != 0; i++)
		continue;
	w->lessons.at = lessons[i] ? i + 1 : 0;
	w->lessons.count = w->lessons.at + 1;
	w->lesson_set = true;
}

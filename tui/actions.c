/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/actions.h"

#include <string.h>

#include "core/i18n.h"
#include "tui/dialog.h"
#include "tui/ui.h"

/* The screens among the operations, which have their places (menu_rank) in the table. */
static const struct {
	enum cmd cmd;
	unsigned rank;
} screens[] = {
	{CMD_USAGE, 49},  {CMD_DOCTOR, 49}, {CMD_LESSONS, 49}, {CMD_TREE, 99},
	{CMD_STICKS, 99}, {CMD_LOG, 99},    {CMD_HELP, 99},
};
enum { N_SCREENS = sizeof(screens) / sizeof(screens[0]), MAX_RANK = 99 };
_Static_assert(N_SCREENS + LM_N_OPS <= ACTIONS_MAX, "there is room for every action");

bool ui_at_work(const struct ui *ui)
{
	const struct view *v;

	for (v = ui->top; v; v = v->below)
		if (!v->closed && v->ops->may_end && !v->ops->may_end(v))
			return true;
	return false;
}

static void no(struct action *a, const char *why_not, const char *because)
{
	a->why_not = why_not;
	a->because = because;
}

static bool always(enum cmd cmd)
{
	const struct lm_op_info *op = cmd_op(cmd);

	return op ? !(op->traits & LM_OP_NEEDS_STICK)
		  : cmd == CMD_HELP || cmd == CMD_LOG || cmd == CMD_STICKS || cmd == CMD_LESSONS;
}

static const struct lm_overlay *overlay_of(const struct lm_status *st)
{
	return st->n_overlays && st->overlays[0].kind != LM_OVERLAY_NONE ? &st->overlays[0] : NULL;
}

static bool is_usable(const struct lm_overlay *o)
{
	return o->state == LM_STATE_ACTIVE || o->state == LM_STATE_EMPTY;
}

/* The doctor has looked deeper than the status does. */
static bool report_asks(const struct data *d, const char *op)
{
	size_t i;

	for (i = 0; d->report && i < d->report->count; i++)
		if (d->report->findings[i].op && strcmp(d->report->findings[i].op, op) == 0)
			return true;
	return false;
}

/* Is there something to be mended by that operation? */
static bool needs_mending(const struct data *d, const struct lm_op_info *op)
{
	const struct lm_status *st = d->status;
	const struct lm_overlay *o = overlay_of(st);

	return !is_usable(o) || !st->paired || report_asks(d, op->word) ||
	       (st->advice_op && strcmp(st->advice_op, op->word) == 0) ||
	       (!o->attached && st->root.known && st->root.state != LM_FS_CLEAN &&
		st->root.state != LM_FS_UNKNOWN);
}

/* What every change needs. */
static bool obstacle(struct action *a, const struct lm_status *st)
{
	if (st->interrupted)
		no(a, _("resume first"),
		   _("An operation was cut off. Finish or undo it first: i."));
	else if (st->stick.readonly)
		no(a, _("read only"),
		   _("The stick is mounted read only, or is a read-only medium. "
		     "Mount it writable, then press F5."));
	else if (!overlay_of(st))
		no(a, _("no overlay"),
		   _("There is no overlay on this stick: changes are not kept, "
		     "so there is nothing to work on."));
	return a->why_not != NULL;
}

static void change(struct action *a, const struct lm_op_info *op, const struct data *d)
{
	const struct lm_status *st = d->status;
	const struct lm_overlay *o;

	if (obstacle(a, st))
		return;
	o = overlay_of(st);
	if (op->traits & LM_OP_MENDS && !needs_mending(d, op))
		no(a, _("nothing to mend"),
		   _("The overlay can be used and the file system is in "
		     "order: there is nothing to recover."));
	else if (op->traits & LM_OP_NEEDS_CHANGES && o->state == LM_STATE_EMPTY)
		no(a, _("overlay empty"),
		   _("The overlay is empty: nothing has been changed since "
		     "the image was made."));
	else if (op->traits & LM_OP_NEEDS_STORE && o->kind == LM_OVERLAY_OVERLAYFS)
		no(a, _("not needed"),
		   _("This stick keeps its changes as files (overlayfs): what "
		     "is deleted takes no room, and all the room of the stick "
		     "can be used."));
	else if (op->traits & LM_OP_NEEDS_IMAGE && !st->base.path)
		no(a, _("no image"), _("There is no root image on this stick."));
	else if (op->traits & LM_OP_NEEDS_SOUND && o->state == LM_STATE_DAMAGED)
		no(a, _("recover first"), _("The overlay is damaged. Recover it first: r."));
}

static void judge(struct action *a, const struct ui *ui)
{
	const struct lm_status *st = ui->data.status;
	const struct lm_op_info *op = cmd_op(a->cmd);
	unsigned traits = op ? op->traits : 0;

	if (ui_at_work(ui)) {
		if (a->cmd != CMD_HELP && a->cmd != CMD_LOG)
			no(a, _("at work"),
			   _("The stick is being written. Wait for the end, or "
			     "cancel it first: c."));
		return;
	}
	if (always(a->cmd))
		return;
	if (!st) {
		if (ui->data.gone || ui->data.open_err.code)
			no(a, _("no stick"),
			   _("No stick is open. F2 chooses one; p makes one to "
			     "practise on."));
		else if (ui->data.status_err.code)
			no(a, _("not readable"), _("The stick cannot be read. F5 tries again."));
		else
			no(a, _("reading"), _("The stick is still being read. One moment."));
		return;
	}
	if (traits & LM_OP_CHANGES)
		change(a, op, &ui->data);
	else if (traits & LM_OP_TAKES_UP && !st->interrupted)
		no(a, _("none"),
		   _("No operation was cut off: there is nothing to finish or to "
		     "undo."));
	else if (a->cmd == CMD_USAGE && !overlay_of(st))
		no(a, _("no overlay"), _("There is no overlay that could be filled."));
	else if (traits & LM_OP_NEEDS_IMAGE && !st->base.path)
		no(a, _("no image"), _("There is no root image on this stick."));
}

size_t actions_list(const struct ui *ui, struct action list[ACTIONS_MAX])
{
	const struct lm_status *st = ui->data.status;
	unsigned first = st && st->interrupted ? LM_OP_TAKES_UP : 0, rank;
	size_t n = 0, i;
	int op;

	/* Those that mend come first; what was cut off goes before all. */
	for (op = 0; op < LM_N_OPS; op++)
		if (lm_op_info((enum lm_op)op)->traits & first)
			list[n++] = (struct action){.cmd = cmd_of_op((enum lm_op)op)};
	for (rank = 1; rank <= MAX_RANK; rank++) {
		for (op = 0; op < LM_N_OPS; op++) {
			const struct lm_op_info *info = lm_op_info((enum lm_op)op);

			if (info->menu_rank == rank && !(info->traits & first))
				list[n++] = (struct action){.cmd = cmd_of_op((enum lm_op)op)};
		}
		for (i = 0; i < N_SCREENS; i++)
			if (screens[i].rank == rank)
				list[n++] = (struct action){.cmd = screens[i].cmd};
	}
	for (i = 0; i < n; i++)
		judge(&list[i], ui);
	return n;
}

enum cmd action_advised(const struct ui *ui)
{
	const struct lm_status *st = ui->data.status;

	return st && st->advice_op ? cmd_for_line(st->advice_op) : CMD_NONE;
}

static void carry_out(struct ui *ui, enum cmd cmd)
{
	const struct lm_op_info *op = cmd_op(cmd);
	struct view *v, *before = ui->top;

	/* A screen is open once; of the wizards there is one. */
	for (v = ui->top; v; v = v->below)
		if (v->opened_by == cmd || (op && cmd_op(v->opened_by)))
			ui_close_through(ui, v);
	switch (cmd) {
	case CMD_STICKS:
		sticks_open(ui);
		break;
	case CMD_USAGE:
		usage_open(ui);
		break;
	case CMD_DOCTOR:
		doctor_open(ui);
		break;
	case CMD_TREE:
		tree_open(ui);
		break;
	case CMD_LOG:
		log_open(ui);
		break;
	case CMD_LESSONS:
		lessons_open(ui);
		break;
	default:
		if (op)
			wizard_open(ui, op);
		break;
	}
	if (ui->top != before)
		ui->top->opened_by = cmd;
}

bool action_do(struct ui *ui, enum cmd cmd)
{
	struct action list[ACTIONS_MAX];
	size_t n = actions_list(ui, list), i;

	for (i = 0; i < n && list[i].cmd != cmd; i++)
		continue;
	if (i == n)
		return false;
	if (cmd == CMD_HELP)
		help_open(ui, ui->top->ops->topic ? ui->top->ops->topic(ui->top) : "keys");
	else if (list[i].why_not)
		dialog_message(ui, cmd_name(cmd), list[i].because, cmd_topic(cmd));
	else
		carry_out(ui, cmd);
	return true;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/bar.h"

#include <stdio.h>
#include <string.h>

#include "core/i18n.h"
#include "core/text.h"
#include "tui/cells.h"
#include "tui/ui.h"
#include "tui/words.h"

/* The dashboard says it itself; everywhere else a stick in trouble must not be out of sight. */
static const char *health_beside(const struct ui *ui, const struct lm_status *st)
{
	const struct view *v = ui->top;
	enum role role;

	while (v->ops->popup && v->below)
		v = v->below;
	return v->below && st->health >= LM_ACT ? word_health(st->health, &role) : "";
}

void bar_title(const struct ui *ui, const struct canvas *cv)
{
	const struct lm_status *st = ui->data.status;
	char text[400], size[16];
	char right[80] = "";
	int room;

	if (st && st->stick.size_bytes)
		snprintf(text, sizeof(text), "%s%s%s%s%s%s%s", st->stick.label ? st->stick.label : "",
			 st->stick.label ? _(" on ") : "", st->stick.model ? st->stick.model : "",
			 st->stick.model ? " " : "", text_size(size, st->stick.size_bytes),
			 st->stick.fstype ? " " : "", st->stick.fstype ? st->stick.fstype : "");
	else
		snprintf(text, sizeof(text), "%s", ui->data.path ? ui->data.path : "");
	if (ui->data.gone)
		snprintf(right, sizeof(right), "%s", _("GONE"));
	else if (st)
		snprintf(right, sizeof(right), "%s%s%s", health_beside(ui, st),
			 st->stick.readonly || st->stick.booted ? "  " : "",
			 st->stick.readonly ? _("READ ONLY")
			 : st->stick.booted ? _("booted")
					    : "");
	room = cv->at.cols - cells_count(right);
	if (st && st->stick.size_bytes && st->stick.path && !st->stick.booted &&
	    cells_count(text) + cells_count(st->stick.path) + 4 <= room - 13) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "  (%s)", st->stick.path);
	}
	canvas_put(cv, 0, 0, ROLE_TITLE, "livemend");
	canvas_clip(cv, 0, 11, room - 13, ROLE_NORMAL, text);
	canvas_put(cv, 0, room, ROLE_TITLE, right);
}

/* With the blanks behind it. */
static int label_cells(enum cmd cmd)
{
	char key[16];

	return cells_count(cmd_key(cmd, key, sizeof(key))) + 1 + cells_count(cmd_label(cmd)) + 2;
}

void bar_keys(const struct ui *ui, const struct canvas *cv)
{
	unsigned context = ui->top->ops->context(ui->top);
	enum cmd last = CMD_QUIT;
	int i, x = 0, room = cv->at.cols;
	char key[16];

	for (i = CMD_NONE + 1; i < N_CMDS; i++)
		if (cmd_label((enum cmd)i) && (cmd_contexts((enum cmd)i) & context) &&
		    (i == CMD_CLOSE || i == CMD_CLOSE_FIELD || i == CMD_QUIT || i == CMD_CANCEL ||
		     i == CMD_BACK))
			last = (enum cmd)i;
	/* The way out is always there, at the end, and before it the way to everything else. */
	room -= label_cells(last) - 2;
	if (cmd_contexts(CMD_MENU) & context)
		room -= label_cells(CMD_MENU);
	for (i = CMD_NONE + 1; i < N_CMDS; i++) {
		const char *label = cmd_label((enum cmd)i);

		if (!label || !(cmd_contexts((enum cmd)i) & context))
			continue;
		if (i != (int)last && i != CMD_MENU && x + label_cells((enum cmd)i) > room)
			continue;
		if (i == CMD_MENU)
			room += label_cells(CMD_MENU);
		x = canvas_put(cv, 0, x, ROLE_KEY, cmd_key((enum cmd)i, key, sizeof(key))) + 1;
		x = canvas_put(cv, 0, x, ROLE_NORMAL, label) + 2;
	}
}

int bar_lines(const char *text, int cols)
{
	int n = 0;
	size_t next;

	do {
		cells_wrap(text, cols > 8 ? cols : 8, &next);
		text += next;
		n++;
	} while (*text && next);
	return n;
}

void bar_status(const struct canvas *cv, const char *text)
{
	int y;

	for (y = 0; *text && y < cv->at.rows; y++) {
		char line[512];
		size_t next, len = cells_wrap(text, cv->at.cols > 8 ? cv->at.cols : 8, &next);

		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		canvas_put(cv, y, 0, ROLE_ADVICE, line);
		text += next;
	}
}

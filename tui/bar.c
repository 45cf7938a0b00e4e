/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/bar.h"

#include <stdio.h>
#include <string.h>

#include "core/i18n.h"
#include "core/text.h"
#include "tui/cells.h"
#include "tui/ui.h"

void bar_title(const struct ui *ui, const struct canvas *cv)
{
	const struct lm_status *st = ui->data.status;
	char text[400], size[16];
	const char *right = "";
	int room;

	if (st && st->stick.size_bytes)
		snprintf(text, sizeof(text), "%s%s%s%s%s%s%s", st->stick.label ? st->stick.label : "",
			 st->stick.label ? _(" on ") : "", st->stick.model ? st->stick.model : "",
			 st->stick.model ? " " : "", text_size(size, st->stick.size_bytes),
			 st->stick.fstype ? " " : "", st->stick.fstype ? st->stick.fstype : "");
	else
		snprintf(text, sizeof(text), "%s", ui->data.path ? ui->data.path : "");
	if (st)
		right = st->stick.readonly ? _("READ ONLY") : st->stick.booted ? _("booted") : "";
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

void bar_keys(const struct ui *ui, const struct canvas *cv)
{
	unsigned context = ui->top->ops->context(ui->top);
	enum cmd last = CMD_QUIT;
	int i, x = 0, room = cv->at.cols;
	char key[16];

	for (i = CMD_NONE + 1; i < N_CMDS; i++)
		if (cmd_label((enum cmd)i) && (cmd_contexts((enum cmd)i) & context) &&
		    (i == CMD_CLOSE || i == CMD_CLOSE_FIELD || i == CMD_QUIT || i == CMD_CANCEL))
			last = (enum cmd)i;
	/* The way out is always there, at the end. */
	room -= cells_count(cmd_key(last, key, sizeof(key))) + cells_count(cmd_label(last)) + 1;
	for (i = CMD_NONE + 1; i < N_CMDS; i++) {
		const char *label = cmd_label((enum cmd)i);
		int width;

		if (!label || !(cmd_contexts((enum cmd)i) & context))
			continue;
		cmd_key((enum cmd)i, key, sizeof(key));
		width = cells_count(key) + 1 + cells_count(label) + 2;
		if (i != (int)last && x + width > room)
			continue;
		x = canvas_put(cv, 0, x, ROLE_KEY, key) + 1;
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

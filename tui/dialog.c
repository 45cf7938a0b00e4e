/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/dialog.h"

#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "tui/cells.h"
#include "tui/doc.h"

struct dialog {
	struct view view;
	struct doc doc;
	char *title, *buttons[2];
	char topic[32];
	size_t n, at;
	int inner_rows, inner_cols;
	void (*answer)(void *arg, bool yes);
	void *arg;
};

static void dialog_free(struct view *v)
{
	struct dialog *d = (struct dialog *)v;

	doc_clear(&d->doc);
	free(d->title);
	free(d->buttons[0]);
	free(d->buttons[1]);
	free(d);
}

static unsigned dialog_context(const struct view *v)
{
	(void)v;
	return CTX_DIALOG;
}

static const char *dialog_topic(const struct view *v)
{
	return ((const struct dialog *)v)->topic;
}

static void dialog_fit(struct view *v, int rows, int cols)
{
	struct dialog *d = (struct dialog *)v;

	d->inner_cols = cols - 8 < 66 ? cols - 8 : 66;
	doc_fit(&d->doc, 1000, d->inner_cols);
	d->inner_rows = (int)d->doc.n_lines + 2;
	if (d->inner_rows > rows - 4)
		d->inner_rows = rows - 4;
	doc_fit(&d->doc, d->inner_rows - 2, d->inner_cols);
}

static void dialog_draw(const struct view *v, const struct canvas *screen)
{
	const struct dialog *d = (const struct dialog *)v;
	struct rect r = layout_box(screen->at.rows, screen->at.cols, d->inner_rows, d->inner_cols);
	struct canvas box = canvas_part(screen, r), text;
	size_t i;
	int x = 2, y = r.rows - 2;

	canvas_clear(&box);
	canvas_box(&box, d->title);
	text = canvas_part(&box, (struct rect){1, 2, r.rows - 4, r.cols - 4});
	doc_draw(&d->doc, &text);
	for (i = 0; i < d->n; i++) {
		bool focus = i == d->at;

		canvas_put(&box, y, x, ROLE_NORMAL, focus ? ">" : " ");
		if (focus)
			canvas_cursor(&box, y, x + 2);
		x = canvas_printf(&box, y, x + 2, focus ? ROLE_FOCUS : ROLE_NORMAL, "[%s]",
				  d->buttons[i]) + 2;
	}
}

static void finish(struct dialog *d, bool yes)
{
	void (*answer)(void *, bool) = d->answer;

	ui_close(&d->view);
	if (answer)
		answer(d->arg, yes);
}

static bool dialog_command(struct view *v, enum cmd cmd)
{
	struct dialog *d = (struct dialog *)v;

	switch (cmd) {
	case CMD_LEFT:
	case CMD_PANE_BACK:
		d->at -= d->at > 0;
		return true;
	case CMD_RIGHT:
	case CMD_PANE:
		d->at = cmd == CMD_PANE ? (d->at + 1) % d->n : d->at + (d->at + 1 < d->n);
		return true;
	case CMD_ACCEPT:
		finish(d, d->at == 1);
		return true;
	case CMD_YES:
		if (d->n == 2)
			finish(d, true);
		return true;
	case CMD_NO:
	case CMD_CLOSE:
		finish(d, false);
		return true;
	default:
		return doc_command(&d->doc, cmd);
	}
}

static const struct view_ops dialog_ops = {
	.popup = true,
	.free = dialog_free,
	.context = dialog_context,
	.topic = dialog_topic,
	.fit = dialog_fit,
	.draw = dialog_draw,
	.command = dialog_command,
};

static struct dialog *dialog_new(const char *title, const char *topic, const char *no,
				 const char *yes)
{
	struct dialog *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->view.ops = &dialog_ops;
	d->title = strdup(title);
	d->buttons[0] = strdup(no);
	d->buttons[1] = yes ? strdup(yes) : NULL;
	d->n = yes ? 2 : 1;
	strncpy(d->topic, topic ? topic : "keys", sizeof(d->topic) - 1);
	if (!d->title || !d->buttons[0] || (yes && !d->buttons[1])) {
		dialog_free(&d->view);
		return NULL;
	}
	return d;
}

void dialog_message(struct ui *ui, const char *title, const char *text, const char *topic)
{
	struct dialog *d = dialog_new(title, topic, _("Close"), NULL);

	if (!d) {
		ui_say(ui, text);
		return;
	}
	doc_text(&d->doc, ROLE_NORMAL, 0, text);
	ui_push(ui, &d->view);
}

void dialog_error(struct ui *ui, const char *title, const struct lm_error *err, const char *topic)
{
	struct dialog *d = dialog_new(title, topic, _("Close"), NULL);

	if (!d) {
		ui_say(ui, err->what);
		return;
	}
	doc_error(&d->doc, err);
	ui_push(ui, &d->view);
}

struct view *dialog_ask(struct ui *ui, const char *title, const char *text, const char *no,
			const char *yes, const char *topic, void (*answer)(void *arg, bool yes),
			void *arg)
{
	struct dialog *d = dialog_new(title, topic, no, yes);

	if (!d) {
		answer(arg, false);
		return NULL;
	}
	doc_text(&d->doc, ROLE_NORMAL, 0, text);
	d->answer = answer;
	d->arg = arg;
	ui_push(ui, &d->view);
	return &d->view;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* prompt.c - a box that asks for a line of text */
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "tui/dialog.h"
#include "tui/doc.h"
#include "tui/field.h"

struct prompt {
	struct view view;
	struct doc doc;
	struct field field;
	char *title;
	char topic[32];
	int inner_rows, inner_cols;
	void (*answer)(void *arg, const char *text);
	void *arg;
};

static void prompt_free(struct view *v)
{
	struct prompt *p = (struct prompt *)v;

	doc_clear(&p->doc);
	free(p->title);
	free(p);
}

static unsigned prompt_context(const struct view *v)
{
	(void)v;
	return CTX_FIELD;
}

static const char *prompt_topic(const struct view *v)
{
	return ((const struct prompt *)v)->topic;
}

static void prompt_fit(struct view *v, int rows, int cols)
{
	struct prompt *p = (struct prompt *)v;

	p->inner_cols = cols - 8 < 66 ? cols - 8 : 66;
	doc_fit(&p->doc, 1000, p->inner_cols);
	p->inner_rows = (int)p->doc.n_lines + 2;
	if (p->inner_rows > rows - 4)
		p->inner_rows = rows - 4;
	doc_fit(&p->doc, p->inner_rows - 2, p->inner_cols);
}

static void prompt_draw(const struct view *v, const struct canvas *screen)
{
	const struct prompt *p = (const struct prompt *)v;
	struct rect r = layout_box(screen->at.rows, screen->at.cols, p->inner_rows, p->inner_cols);
	struct canvas box = canvas_part(screen, r), text;

	canvas_clear(&box);
	canvas_box(&box, p->title);
	text = canvas_part(&box, (struct rect){1, 2, r.rows - 4, r.cols - 4});
	doc_draw(&p->doc, &text);
	canvas_put(&box, r.rows - 2, 2, ROLE_NORMAL, ">");
	field_draw(&p->field, &box, r.rows - 2, 4, r.cols - 7);
}

static bool prompt_command(struct view *v, enum cmd cmd)
{
	struct prompt *p = (struct prompt *)v;

	if (cmd != CMD_ACCEPT_FIELD)
		return false;
	if (!p->field.text[0]) {
		ui_say(v->ui, _("Type something first, or go back with Esc."));
		return true;
	}
	ui_close(v);
	p->answer(p->arg, p->field.text);
	return true;
}

static bool prompt_key(struct view *v, uint32_t key)
{
	return field_key(&((struct prompt *)v)->field, key);
}

static void prompt_status(const struct view *v, char *dst, size_t cap)
{
	(void)v;
	strncpy(dst, _("Enter takes what was typed, Esc goes back."), cap - 1);
	dst[cap - 1] = '\0';
}

static const struct view_ops prompt_ops = {
	.popup = true,
	.free = prompt_free,
	.context = prompt_context,
	.topic = prompt_topic,
	.fit = prompt_fit,
	.draw = prompt_draw,
	.command = prompt_command,
	.key = prompt_key,
	.status = prompt_status,
};

void dialog_prompt(struct ui *ui, const char *title, const char *text, const char *initial,
		   const char *topic, void (*answer)(void *arg, const char *text), void *arg)
{
	struct prompt *p = calloc(1, sizeof(*p));

	if (p)
		p->title = strdup(title);
	if (!p || !p->title) {
		free(p);
		ui_say(ui, _("Not enough memory."));
		return;
	}
	p->view.ops = &prompt_ops;
	strncpy(p->topic, topic, sizeof(p->topic) - 1);
	p->answer = answer;
	p->arg = arg;
	doc_text(&p->doc, ROLE_NORMAL, 0, text);
	field_set(&p->field, initial);
	ui_push(ui, &p->view);
}

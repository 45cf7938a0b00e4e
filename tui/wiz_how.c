/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wiz_how.c - the ways to do it, each with a plan of its own, in one table
 *
 * What a way needs, and whether it can be gone, is what its plan says: the core
 * is asked for all the plans, one after the other, while the table is shown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/i18n.h"
#include "core/text.h"
#include "tui/cells.h"
#include "tui/dialog.h"
#include "tui/wizard.h"

/* A guess for a stick that is neither the best nor the worst: USB 2 does not write faster. */
#define GUESS_BYTES_PER_SECOND (20ull << 20)
#define MIB                    (1ull << 20)

static struct way *add_way(struct wizard *w, const char *name, const char *about)
{
	struct way *way;

	if (w->n_ways == MAX_WAYS)
		return &w->ways[MAX_WAYS - 1];
	way = &w->ways[w->n_ways++];
	*way = (struct way){.about = about};
	snprintf(way->name, sizeof(way->name), "%s", name);
	return way;
}

static void method_ways(struct wizard *w)
{
	add_way(w, "rewrite",
		_("A new image is written in which unchanged blocks are the old ones, copied as "
		  "they "
		  "lie; only what has changed is compressed. The old image and the overlay stay "
		  "until "
		  "the new image has been read back. The way for every day."))
		->method = LM_METHOD_REWRITE;
	add_way(w, "mirror",
		_("The whole root image is copied through dm-mirror into a work folder and "
		  "compressed "
		  "anew: the procedure of the wiki, made safe. Needs device-mapper, root, and a "
		  "work "
		  "folder (w)."))
		->method = LM_METHOD_MIRROR;
	add_way(w, "snapshot-merge",
		_("The whole root image is copied into a work folder, the kernel merges the "
		  "overlay "
		  "into the copy, and it is compressed anew. Needs device-mapper, root, and a work "
		  "folder (w)."))
		->method = LM_METHOD_SNAPSHOT_MERGE;
}

static void size_way(struct wizard *w, uint64_t bytes, const char *what)
{
	char size[16], name[48];
	size_t i;

	bytes = bytes / MIB * MIB;
	for (i = 0; i < w->n_ways; i++)
		if (w->ways[i].size_bytes == bytes)
			return;
	snprintf(name, sizeof(name), "%s  %s", text_size(size, bytes), what);
	add_way(w, name,
		_("The overlay gets this size. What is in it stays where it is; only the room "
		  "behind "
		  "it grows."))
		->size_bytes = bytes;
}

static void size_ways(struct wizard *w)
{
	const struct lm_status *st = w->view.ui->data.status;
	const struct lm_overlay *o = st && st->n_overlays ? &st->overlays[0] : NULL;
	uint64_t now = o ? o->file_bytes ? o->file_bytes : o->total_sectors * 512 : 0;
	uint64_t room = st ? st->stick.free_bytes : 0, most;
	bool fat = st && st->stick.fstype && strcmp(st->stick.fstype, "vfat") == 0;

	w->asks_size = true;
	if (!now)
		return;
	/* A sparse file's own holes count as room that is spoken for. */
	if (o->file_bytes > o->on_disk_bytes)
		room -= room < o->file_bytes - o->on_disk_bytes ? room
								: o->file_bytes - o->on_disk_bytes;
	size_way(w, now + now / 2, _("(1.5 times)"));
	size_way(w, now * 2, _("(2 times)"));
	size_way(w, now * 4, _("(4 times)"));
	most = now + room / 10 * 9;
	/* Every chunk of the root file system once, and the tables: more is never used. */
	if (st->base.size_sectors && most > st->base.size_sectors * 512 / 50 * 51 + MIB)
		most = st->base.size_sectors * 512 / 50 * 51 + MIB;
	if (fat && most >= 4096 * MIB)
		most = 4095 * MIB;
	if (most > now + MIB)
		size_way(w, most,
			 fat && most == 4095 * MIB ? _("(most on FAT)") : _("(the most of use)"));
}

static void fill_ways(struct wizard *w)
{
	w->n_ways = 0;
	w->asks_size = false;
	if (w->op->takes & LM_TAKES_METHOD)
		method_ways(w);
	if (w->op->takes & LM_TAKES_SIZE && !(w->op->takes & LM_NEEDS_SIZE))
		add_way(w, _("As is sensible"),
			_("What is broken is put right, and the overlay made larger only if it "
			  "must be."));
	if (w->op->takes & LM_TAKES_SIZE)
		size_ways(w);
	if (w->op->takes & LM_TAKES_UNDO) {
		add_way(w, _("Finish it"), _("What was begun is brought to its end."));
		add_way(w, _("Undo it"),
			_("Back to the state before, where that is still possible."))
			->undo = true;
	}
}

void how_open(struct wizard *w)
{
	if (w->n_ways == 0 || !w->ways[0].name[0])
		fill_ways(w);
	w->stage = STAGE_HOW;
	w->plan = NULL; /* it is a way's */
	w->chosen = NULL;
	how_ask(w);
}

void how_ask(struct wizard *w)
{
	struct lm_options o = {.op = w->op->op};
	size_t i;

	for (i = 0; i < w->n_ways; i++) {
		struct way *way = &w->ways[i];

		if (way->asked && !way->known)
			return; /* one at a time */
	}
	for (i = 0; i < w->n_ways && w->ways[i].known; i++)
		continue;
	if (i == w->n_ways)
		return;
	w->ways[i].asked = true;
	o.method = w->ways[i].method;
	o.size_bytes = w->ways[i].size_bytes;
	o.undo = w->ways[i].undo;
	if (w->work.text[0])
		o.work = w->work.text;
	w->asked = service_ask_plan(w->view.ui->service, &o);
}

void how_answer(struct wizard *w)
{
	struct data *d = &w->view.ui->data;
	size_t i;

	for (i = 0; i < w->n_ways; i++) {
		struct way *way = &w->ways[i];

		if (!way->asked || way->known)
			continue;
		way->known = true;
		way->plan = d->plan;
		d->plan = NULL;
		way->err = d->plan_err;
		break;
	}
	if (w->stage == STAGE_HOW)
		how_ask(w);
}

/* ---------------------------------------------------------------- drawing */

static uint64_t room_of(const struct lm_plan *p)
{
	uint64_t most = 0;
	size_t i;

	for (i = 0; i < p->n_needs; i++) {
		const struct lm_need *n = &p->needs[i];

		if (n->need_bytes > most)
			most = n->need_bytes;
		if (n->most_bytes > most)
			most = n->most_bytes;
	}
	return most;
}

static uint64_t seconds_of(const struct lm_plan *p)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < p->n_steps; i++)
		bytes += p->steps[i].work_bytes;
	return bytes / GUESS_BYTES_PER_SECOND + 1;
}

static const char *can(const struct way *way, enum role *role)
{
	*role = ROLE_NORMAL;
	if (!way->known)
		return "...";
	*role = way->plan && way->plan->possible ? ROLE_OK : ROLE_OFF;
	return way->plan && way->plan->possible ? _("yes") : _("no");
}

static bool safety_fits(const struct canvas *cv)
{
	return cv->at.cols >= 76;
}

static const char *safety(const struct way *way)
{
	if (!way->plan || !way->plan->possible)
		return "";
	return way->plan->destroys ? _("something is lost") : _("nothing is lost");
}

static void draw_way(const void *arg, const struct canvas *cv, int y, size_t i, bool focus)
{
	const struct wizard *w = arg;
	const struct way *way = &w->ways[i];
	int name = safety_fits(cv) ? 33 : 24;
	const char *verdict;
	char text[32];
	enum role role;

	if (i >= w->n_ways) {
		canvas_put(cv, y, 2, focus ? ROLE_FOCUS : ROLE_NORMAL, _("Another size: type it"));
		return;
	}
	canvas_clip(cv, y, 2, name - 1, focus ? ROLE_FOCUS : ROLE_NORMAL, way->name);
	verdict = can(way, &role);
	canvas_put(cv, y, name + 2, role, verdict);
	if (!way->plan || !way->plan->possible)
		return;
	text_size(text, room_of(way->plan));
	canvas_put(cv, y, name + 16 - cells_count(text), ROLE_NORMAL, text);
	text_duration(text, seconds_of(way->plan));
	canvas_put(cv, y, name + 28 - cells_count(text), ROLE_NORMAL, text);
	if (safety_fits(cv))
		canvas_put(cv, y, name + 30, ROLE_NORMAL, safety(way));
}

static void explain(struct wizard *w)
{
	const struct way *way = w->how.at < w->n_ways ? &w->ways[w->how.at] : NULL;

	doc_clear(&w->detail);
	if (!way) {
		doc_add(&w->detail, ROLE_NORMAL, 0, "%s",
			_("Type the size that the overlay is to have."));
		return;
	}
	/* Where there is little room, why not is worth more than what it would be. */
	if (way->known && !(way->plan && way->plan->possible)) {
		doc_error(&w->detail, way->plan ? &way->plan->refusal : &way->err);
		doc_add(&w->detail, ROLE_NORMAL, 0, "%s", "");
	}
	doc_add(&w->detail, ROLE_NORMAL, 0, "%s", way->about);
	if (!way->plan || !way->plan->possible)
		return;
	doc_add(&w->detail, ROLE_NORMAL, 0, "%s", "");
	if (way->plan->destroys) {
		doc_add(&w->detail, ROLE_ACT, 0, "%s", way->plan->destroys);
	} else {
		doc_add(&w->detail, ROLE_OK, 0, "%s", _("Nothing is lost."));
	}
	if (way->plan->undo)
		doc_item(&w->detail, ROLE_NORMAL, 0, _("If it is cut off: "), way->plan->undo);
}

void how_fit(struct wizard *w, int rows, int cols)
{
	size_t n = w->n_ways + w->asks_size;
	int head = 3, room = rows - head;

	list_fit(&w->how, n, room < (int)n + 4 ? room - 3 : (int)n);
	w->detail_rows = room - w->how.rows - 1;
	explain(w);
	doc_fit(&w->detail, w->detail_rows > 0 ? w->detail_rows : 1, cols);
}

void how_draw(const struct wizard *w, const struct canvas *cv)
{
	int name = safety_fits(cv) ? 33 : 24, at = 3 + w->how.rows + 1;
	struct canvas part = canvas_part(cv, (struct rect){3, 0, w->how.rows, cv->at.cols});
	struct point cursor;

	canvas_put(cv, 0, 0, ROLE_HEADING, _(w->op->how));
	canvas_put(cv, 2, name + 2, ROLE_HEADING, _("Now?"));
	canvas_put(cv, 2, name + 16 - cells_count(_("Room")), ROLE_HEADING, _("Room"));
	canvas_put(cv, 2, name + 28 - cells_count(_("Time")), ROLE_HEADING, _("Time"));
	if (safety_fits(cv))
		canvas_put(cv, 2, name + 30, ROLE_HEADING, _("Safety"));
	list_draw(&w->how, &part, draw_way, w);
	if (w->detail_rows < 1)
		return;
	cursor = *cv->cursor;
	part = canvas_part(cv, (struct rect){at, 0, w->detail_rows, cv->at.cols});
	doc_draw(&w->detail, &part);
	*cv->cursor = cursor;
}

/* ------------------------------------------------------------------- keys */

static void choose(struct wizard *w, struct way *way)
{
	if (!way->known) {
		ui_say(w->view.ui, _("One moment: this way is still being looked at."));
		return;
	}
	w->chosen = way;
	w->plan = way->plan;
	w->plan_err = way->err;
	wiz_turn(w, PAGE_WHAT);
}

static void typed(void *arg, const char *text)
{
	struct wizard *w = arg;
	uint64_t bytes;
	size_t i;

	if (text_parse_size(text, &bytes) < 0 || bytes < MIB) {
		ui_say(w->view.ui, _("That is no size. Write it like 2G, 1.5G or 800M."));
		return;
	}
	for (i = 0; i < w->n_ways && w->ways[i].size_bytes != bytes / MIB * MIB; i++)
		continue;
	/* One typed size more than fits takes the place of the last. */
	if (i == MAX_WAYS) {
		if (w->ways[i - 1].asked && !w->ways[i - 1].known) {
			ui_say(w->view.ui, _("One moment: this way is still being looked at."));
			return;
		}
		i = --w->n_ways;
		service_free_plan(w->view.ui->service, w->ways[i].plan);
	}
	size_way(w, bytes, _("(as typed)"));
	w->how.at = i;
	how_ask(w);
}

bool how_command(struct wizard *w, enum cmd cmd)
{
	if (cmd != CMD_ACCEPT)
		return list_command(&w->how, cmd);
	if (w->how.at < w->n_ways)
		choose(w, &w->ways[w->how.at]);
	else
		dialog_prompt(
			w->view.ui, _("Size of the overlay"),
			_("The whole size, not what is added. K, M, G and T are understood: 2G, "
			  "1.5G, 800M."),
			"", w->op->topic, typed, w);
	return true;
}

void how_status(const struct wizard *w, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s",
		 w->op->takes & LM_TAKES_WORK
			 ? _("Enter takes this way; w sets a work folder. Times are "
			     "for a stick of 20 MB/s.")
			 : _("Enter takes this. Nothing is changed yet. Times are for "
			     "a stick of 20 MB/s."));
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dash_lines.c - the upper part of the dashboard: how it stands */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/i18n.h"
#include "core/text.h"
#include "tui/cells.h"
#include "tui/dash.h"
#include "tui/words.h"

static void judge(struct gauge *g, uint64_t used, uint64_t total)
{
	double part = total ? (double)used / (double)total : 0;

	g->percent = gauge_percent(used, total);
	g->word = used >= total ? _("FULL") : part >= 0.95 ? _("ACT") : part >= 0.8 ? _("watch") : _("ok");
	g->word_role = part >= 0.95 ? ROLE_ACT : part >= 0.8 ? ROLE_WATCH : ROLE_OK;
}

static void simple(struct dash_line *l, const char *name, const char *topic, uint64_t free_bytes,
		   uint64_t total)
{
	uint64_t used = total > free_bytes ? total - free_bytes : 0;

	l->topic = topic;
	l->gauge.name = name;
	l->gauge.total = total;
	l->gauge.parts[0] = (struct gauge_part){'#', ROLE_USED, used};
	gauge_amounts(l->gauge.text, sizeof(l->gauge.text), used, total);
	judge(&l->gauge, used, total);
}

static void none(struct dash_line *l, const char *name, const char *topic, const char *text)
{
	l->topic = topic;
	l->gauge.name = name;
	l->gauge.total = 0;
	snprintf(l->gauge.text, sizeof(l->gauge.text), "%s", text);
}

static const char *state_word(enum lm_overlay_state state)
{
	switch (state) {
	case LM_STATE_OVERFLOW:
		return _("OVERFLOW");
	case LM_STATE_FULL:
		return _("FULL");
	case LM_STATE_INVALID:
		return _("INVALID");
	case LM_STATE_MERGE_FAILED:
		return _("FAILED");
	case LM_STATE_DAMAGED:
		return _("DAMAGED");
	case LM_STATE_MISSING:
		return _("MISSING");
	case LM_STATE_EMPTY:
		return _("empty");
	default:
		return NULL;
	}
}

static int overlay(struct dash_line *l, const struct lm_overlay *o)
{
	const char *word = state_word(o->state);
	uint64_t used = o->allocated_sectors * 512, total = o->total_sectors * 512;
	uint64_t meta = o->metadata_sectors * 512;
	uint64_t dead = o->dead_known ? o->dead_sectors * 512 : 0, live;

	l->topic = "overlay";
	l->gauge.name = _("Overlay");
	if (o->kind == LM_OVERLAY_NONE || o->state == LM_STATE_MISSING) {
		none(l, _("Overlay"), "overlay",
		     o->state == LM_STATE_MISSING ? _("MISSING: named at boot, but not there")
						  : _("none: changes are lost at shutdown"));
		return 1;
	}
	if (o->no_figures) {
		snprintf(l->gauge.text, sizeof(l->gauge.text), _("%s: how full is not known"),
			 word ? word : lm_overlay_kind_word(o->kind));
		return 1;
	}
	if (total == 0) {
		snprintf(l->gauge.text, sizeof(l->gauge.text), "%s%s%s",
			 lm_overlay_kind_word(o->kind), word ? ": " : "", word ? word : "");
		return 1;
	}
	meta = meta < used ? meta : used;
	dead = dead < used - meta ? dead : used - meta;
	live = used - meta - dead;
	l->gauge.total = total;
	l->gauge.parts[0] = (struct gauge_part){'#', ROLE_LIVE, live};
	l->gauge.parts[1] = (struct gauge_part){'=', ROLE_DEAD, dead};
	l->gauge.parts[2] = (struct gauge_part){'+', ROLE_META, meta};
	gauge_amounts(l->gauge.text, sizeof(l->gauge.text), used, total);
	judge(&l->gauge, used, total);
	if (word) {
		l->gauge.word = word;
		l->gauge.word_role = o->state == LM_STATE_EMPTY ? ROLE_OK : ROLE_ACT;
	}
	l[1].legend = (struct dash_legend){true, o->dead_known, live, dead, meta,
					   used < total ? total - used : 0};
	return 2;
}

/* A file system that must be repaired is not "ok", however much room it has. */
static void root_word(struct gauge *g, const struct lm_status *st)
{
	bool in_use = st->n_overlays && st->overlays[0].attached;

	/* Without the overlay it is the image alone that is seen. */
	if (st->n_overlays && (st->overlays[0].state == LM_STATE_INVALID ||
			       st->overlays[0].state == LM_STATE_DAMAGED)) {
		g->word = _("image");
		g->word_role = ROLE_NORMAL;
	} else if (st->root.state == LM_FS_ERRORS) {
		g->word = _("ERRORS");
		g->word_role = ROLE_ACT;
	} else if (st->root.state == LM_FS_DIRTY && !in_use && g->word_role == ROLE_OK) {
		g->word = _("dirty");
		g->word_role = ROLE_WATCH;
	} else if (st->root.exact == LM_EXACT_NOT && g->word_role == ROLE_OK) {
		g->word = _("about");
		g->word_role = ROLE_NORMAL;
	}
}

static void wall(struct dash_line *l, const struct lm_status *st)
{
	char room[16], when[32];

	l->topic = "wall";
	if (!st->wall_known) {
		snprintf(l->text, sizeof(l->text), "%s",
			 st->n_overlays && st->overlays[0].no_figures ?
				 _("First wall: not known.") :
				 _("First wall: none in sight."));
		return;
	}
	text_size(room, st->first_wall.free_bytes);
	if (st->first_wall.seconds_left >= 0)
		snprintf(l->text, sizeof(l->text), _("First wall: %s, in about %s (%s left)."),
			 st->first_wall.text,
			 text_duration(when, (uint64_t)st->first_wall.seconds_left), room);
	else
		snprintf(l->text, sizeof(l->text), _("First wall: %s, %s left."),
			 st->first_wall.text, room);
	l->role = ROLE_HEADING;
}

/* A sentence that does not fit goes on in a second line, which cannot have the focus. */
static int headline(struct dash_line *l, const struct lm_status *st, int cols)
{
	size_t len, next;

	l->topic = "dashboard";
	snprintf(l->text, sizeof(l->text), "%s  %s", word_health(st->health, &l->role),
		 st->headline ? st->headline : "");
	len = cells_wrap(l->text, cols > 20 ? cols - 2 : 18, &next);
	if (!l->text[next])
		return 1;
	snprintf(l[1].text, sizeof(l[1].text), "%s", l->text + next);
	l[1].role = l->role;
	l->text[len] = '\0';
	return 2;
}

int dash_lines(const struct data *data, int cols, struct dash_line lines[DASH_MAX_GAUGES])
{
	const struct lm_status *st = data->status;
	int n = 0;
	size_t i;

	memset(lines, 0, sizeof(*lines) * DASH_MAX_GAUGES);
	if (!st)
		return 0;
	n += headline(&lines[n], st, cols);
	wall(&lines[n++], st);
	for (i = 0; i < st->n_overlays && i < 2; i++)
		n += overlay(&lines[n], &st->overlays[i]);
	if (st->n_overlays == 0)
		none(&lines[n++], _("Overlay"), "overlay", _("none: changes are lost at shutdown"));
	if (st->root.known) {
		simple(&lines[n], _("Root fs"), "rootfs", st->root.free_bytes, st->root.size_bytes);
		root_word(&lines[n++].gauge, st);
		simple(&lines[n], _("Inodes"), "rootfs", st->root.inodes_free, st->root.inodes);
		snprintf(lines[n].gauge.text, sizeof(lines[n].gauge.text),
			 _("%" PRIu64 " of %" PRIu64),
			 st->root.inodes - st->root.inodes_free, st->root.inodes);
		n++;
	} else {
		none(&lines[n++], _("Root fs"), "rootfs", _("cannot be read: see the doctor, d"));
	}
	if (st->stick.size_bytes)
		simple(&lines[n++], _("Stick"), "stick", st->stick.free_bytes,
		       st->stick.size_bytes);
	if (!st->home.present) {
		none(&lines[n++], _("Home"), "home", _("no home.img: /home is in the overlay"));
	} else if (st->home.free_known) {
		simple(&lines[n++], _("Home"), "home", st->home.free_bytes, st->home.size_bytes);
	} else {
		char size[16], text[64];

		snprintf(text, sizeof(text),
			 st->home.encrypted ? _("%s, encrypted: its use is not visible")
					    : _("%s, its use is not visible"),
			 text_size(size, st->home.size_bytes));
		none(&lines[n++], _("Home"), "home", text);
	}
	if (st->ram.present)
		simple(&lines[n++], _("RAM"), "ram", st->ram.free_bytes, st->ram.size_bytes);
	return n;
}

static void draw_legend(const struct canvas *cv, int y, const struct dash_legend *g, bool bars)
{
	static const struct {
		const char *word;
		enum role role;
	} parts[] = {{N_("# live"), ROLE_LIVE},
		     {N_("= dead"), ROLE_DEAD},
		     {N_("+ tables"), ROLE_META},
		     {N_(". free"), ROLE_FREE}};
	const uint64_t amounts[] = {g->live, g->dead, g->tables, g->free};
	int x = cv->at.cols >= 80 && bars ? 12 : 2, i;
	char size[16], text[64];

	for (i = 0; i < 4; i++) {
		if (i == 1 && !g->dead_known)
			snprintf(text, sizeof(text), "%s", _("= dead ?"));
		else
			snprintf(text, sizeof(text), "%s %s", _(parts[i].word),
				 text_size(size, amounts[i]));
		if (x + cells_count(text) > cv->at.cols)
			break;
		x = canvas_put(cv, y, x, parts[i].role, text) + 2;
	}
}

void dash_line_draw(const struct canvas *cv, int y, const struct dash_line *l, bool focus, bool bars)
{
	if (l->legend.on) {
		draw_legend(cv, y, &l->legend, bars);
		return;
	}
	if (l->gauge.name) {
		gauge_line(cv, y, &l->gauge, focus, bars);
		return;
	}
	canvas_put(cv, y, 0, ROLE_NORMAL, focus ? ">" : " ");
	if (focus)
		canvas_cursor(cv, y, 2);
	canvas_clip(cv, y, 2, cv->at.cols - 2, focus ? ROLE_FOCUS : l->role, l->text);
}

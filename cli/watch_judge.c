/* SPDX-License-Identifier: GPL-3.0-or-later */
/* watch_judge.c - see watch.h; knows neither sticks nor clocks */
#include <string.h>

#include "cli/watch.h"

/* A rate over less than this, or over fewer samples, is none. */
#define LEAST_SECONDS 5.0
#define LEAST_SAMPLES 3
/* Longer ago says nothing about now. */
#define MOST_SECONDS 3600.0

const char *watch_wall_word(enum watch_wall wall)
{
	static const char *const words[WATCH_WALLS] = {
		[WATCH_OVERLAY] = "overlay",         [WATCH_ROOT_BLOCKS] = "root-blocks",
		[WATCH_ROOT_INODES] = "root-inodes", [WATCH_STICK] = "stick",
		[WATCH_RAM] = "ram",
	};

	return words[wall];
}

static void set(struct watch_gauge *g, uint64_t size, uint64_t free_now)
{
	g->there = size > 0 && free_now <= size;
	if (!g->there)
		return;
	g->percent = 100.0 * (double)(size - free_now) / (double)size;
	g->free_bytes = free_now;
}

static void set_overlay(const struct lm_overlay *o, struct watch_sample *s)
{
	struct watch_gauge *g = &s->gauge[WATCH_OVERLAY];

	s->state = o->state;
	s->usable = o->state == LM_STATE_ACTIVE || o->state == LM_STATE_EMPTY;
	g->there = true;
	g->percent = s->usable ? o->used_percent : 100;
	if (s->usable && o->allocated_sectors < o->total_sectors)
		g->free_bytes = (o->total_sectors - o->allocated_sectors) * 512;
}

void watch_gauges(const struct lm_status *status, struct watch_sample *s)
{
	const struct lm_overlay *o = status->n_overlays ? &status->overlays[0] : NULL;
	bool sparse;

	memset(s, 0, sizeof(*s));
	s->usable = true;
	s->state = LM_STATE_ACTIVE;
	if (o && o->kind == LM_OVERLAY_DM_SNAPSHOT)
		set_overlay(o, s);
	if (status->root.known && o) {
		set(&s->gauge[WATCH_ROOT_BLOCKS], status->root.size_bytes,
		    status->root.free_bytes);
		set(&s->gauge[WATCH_ROOT_INODES], status->root.inodes, status->root.inodes_free);
	}
	/* A stick full of files is no wall, as long as nothing of the overlay must still go there. */
	sparse = o && (o->kind != LM_OVERLAY_DM_SNAPSHOT || o->on_disk_bytes < o->file_bytes);
	if (sparse)
		set(&s->gauge[WATCH_STICK], status->stick.size_bytes, status->stick.free_bytes);
	if (status->ram.present)
		set(&s->gauge[WATCH_RAM], status->ram.size_bytes, status->ram.free_bytes);
}

void watch_limits_set(struct watch_limits *limits, const struct cli_args *args)
{
	limits->n = 0;
	for (unsigned i = 0; i < args->n_at; i++)
		limits->at[limits->n++] = args->at[i];
	if (limits->n == 0 || limits->at[limits->n - 1] != 100)
		limits->at[limits->n++] = 100;
}

static void keep(struct watch_track *t, uint64_t free_bytes, double now)
{
	unsigned drop = 0;

	/* Room was won: what was before is another story. */
	if (t->n_kept > 0 && free_bytes > t->kept[t->n_kept - 1].free_bytes)
		t->n_kept = 0;
	while (drop < t->n_kept && now - t->kept[drop].at > MOST_SECONDS)
		drop++;
	if (t->n_kept - drop == WATCH_KEPT)
		drop++;
	memmove(t->kept, t->kept + drop, (t->n_kept - drop) * sizeof(t->kept[0]));
	t->n_kept -= drop;
	t->kept[t->n_kept].at = now;
	t->kept[t->n_kept++].free_bytes = free_bytes;
}

static void measure(const struct watch_track *t, struct watch_event *e)
{
	uint64_t last, first;
	double left;

	e->seconds_left = -1;
	if (t->n_kept < LEAST_SAMPLES)
		return;
	e->span = t->kept[t->n_kept - 1].at - t->kept[0].at;
	first = t->kept[0].free_bytes;
	last = t->kept[t->n_kept - 1].free_bytes;
	if (e->span < LEAST_SECONDS || last >= first)
		return;
	e->rate = (double)(first - last) / e->span;
	left = (double)last / e->rate;
	if (left < 1e10)
		e->seconds_left = (int64_t)left;
}

struct watch_event watch_judge(struct watch_track *t, const struct watch_limits *limits,
			       const struct watch_gauge *gauge, double now)
{
	struct watch_event e = { .seconds_left = -1 };
	unsigned level = 0;

	if (!gauge->there)
		return e;
	keep(t, gauge->free_bytes, now);
	measure(t, &e);
	while (level < limits->n && gauge->percent >= limits->at[level])
		level++;
	if (level > t->level) {
		e.change = WATCH_CROSSED;
		e.threshold = limits->at[level - 1];
		t->level = level;
		return e;
	}
	while (t->level > level && gauge->percent < limits->at[t->level - 1] - WATCH_HYSTERESIS) {
		e.change = WATCH_LEFT;
		e.threshold = limits->at[--t->level];
	}
	return e;
}

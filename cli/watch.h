/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch.h - inside of `livemend watch`
 *
 *   watch.c         the loop: waits for a sample, a signal, or the time
 *   watch_sample.c  one look at the stick, in a process of its own: a read that
 *                   hangs must not make the watch hang
 *   watch_judge.c   which thresholds were crossed, how fast, how long it will last
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include <sys/types.h>

#include "cli/cli.h"

enum watch_wall {
	WATCH_OVERLAY,
	WATCH_ROOT_BLOCKS,
	WATCH_ROOT_INODES,
	WATCH_STICK,
	WATCH_RAM,
	WATCH_WALLS
};

/* The words of lm_wall.what, untranslated: for scripts and JSON. */
const char *watch_wall_word(enum watch_wall wall);

struct watch_gauge {
	bool there;
	double percent;      /* used */
	uint64_t free_bytes; /* of inodes: how many */
};

/* What one look found. Passed through a pipe as it is. */
struct watch_sample {
	int code; /* 0, or negative errno: err says why */
	struct lm_error err;
	enum lm_overlay_state state;
	bool usable; /* the overlay can be written to, as far as is known */
	struct watch_gauge gauge[WATCH_WALLS];
};

/* Fills the gauges from a status. */
void watch_gauges(const struct lm_status *status, struct watch_sample *sample);

/* ---- watch_sample.c ---- */

/* Begins a look in a child. *fd: the sample can be read from it, and it is closed by its reader. */
int watch_look_start(struct cli *cli, pid_t *child, int *fd);
/* After fd became readable: reads it, closes it, takes leave of the child. */
void watch_look_end(pid_t child, int fd, struct watch_sample *sample);
/* Ends a look that does not end by itself; never waits. */
void watch_look_kill(pid_t child, int fd);

/* ---- watch_judge.c ---- */

#define WATCH_KEPT 120      /* samples a rate is taken from */
#define WATCH_HYSTERESIS 2.0 /* percent below a threshold before it counts as left */

struct watch_track {
	unsigned level; /* how many thresholds it is beyond */
	struct {
		double at;
		uint64_t free_bytes;
	} kept[WATCH_KEPT];
	unsigned n_kept;
};

struct watch_limits {
	unsigned at[CLI_MAX_AT + 1]; /* ascending; the last one is 100 */
	unsigned n;
};

enum watch_change { WATCH_NOTHING, WATCH_CROSSED, WATCH_LEFT };

struct watch_event {
	enum watch_change change;
	unsigned threshold;
	double rate;          /* bytes a second, 0: not known */
	int64_t seconds_left; /* -1: not known */
	double span;          /* seconds that the rate rests on */
};

/* The thresholds asked for, and 100. */
void watch_limits_set(struct watch_limits *limits, const struct cli_args *args);
/* Takes a gauge at a time (seconds of a clock that only goes forwards). */
struct watch_event watch_judge(struct watch_track *track, const struct watch_limits *limits,
			       const struct watch_gauge *gauge, double now);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * child.h - the one runner of programs of other packages
 *
 * A program is started by its absolute path, never through PATH or a shell,
 * with an environment of our own, in a session of its own, with the
 * descriptors that it is given and no others. It ends with livemend, too.
 */
#ifndef CHILD_CHILD_H
#define CHILD_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/livemend.h"

/*
 * Where programs are looked for: first where the distribution has its own. What
 * is in /usr/local, where others than root may be allowed to write (the group
 * staff on Debian), can add to these and never take their place. 0, or -ENOENT.
 * An absolute path is only looked at.
 */
#define CHILD_PATH_MAX 256
int child_find(const char *name, char path[CHILD_PATH_MAX]);

/* A line, without its end, made printable; longer ones come in pieces. Empty ones are left out. */
typedef void (*child_line_fn)(void *arg, const char *line);
/* Asked several times a second; non-zero ends the child. */
typedef int (*child_stop_fn)(void *arg);
/*
 * In the child, just before the program is started: only what may be called
 * between fork and exec. socket: the other end of what `answer` reads. 0, or
 * negative errno.
 */
typedef int (*child_prepare_fn)(void *arg, int socket);
/* In the parent: there is something to be read from fd. A new descriptor to watch, or -1: no more. */
typedef int (*child_answer_fn)(void *arg, int fd);

#define CHILD_MAX_FDS 4u
#define CHILD_MAX_ENV 6u

struct child_job {
	const char *const *argv; /* NULL at the end; argv[0] is found by child_find() */
	const char *const *env;  /* "NAME=value", beside PATH and LC_ALL=C; NULL: nothing */
	const int *fds;          /* become 3, 4, ... in the child; not closed here; at most CHILD_MAX_FDS */
	size_t n_fds;
	bool bar;                /* the number after these is a pipe for lines of progress */
	child_line_fn line;      /* standard output and error, which are one pipe */
	child_line_fn progress;  /* the lines of the bar */
	child_stop_fn stop;
	int stop_signal;         /* 0: SIGTERM */
	unsigned grace_ms;       /* from it to SIGKILL; 0: five seconds */
	child_prepare_fn prepare;
	child_answer_fn answer;
	void *arg;               /* of all of them */
};

struct child_end {
	int status;    /* its exit status, or -1 */
	int signal;    /* that ended it, or 0 */
	bool prepared; /* false: job->prepare failed, the program was not started */
	char path[CHILD_PATH_MAX];
	char last[200]; /* the last line of its output, printable */
};

/*
 * Runs the program to its end. 0 when it ended by itself, whatever its exit
 * status; -EINTR when a signal ended it; -ECANCELED when stop said so; -ENOENT
 * when there is no such program; else it could not be started. err says it all
 * but for what only the caller knows, end (may be NULL) is always filled.
 */
int child_run(const struct child_job *job, struct child_end *end, struct lm_error *err);

/* A descriptor through a socket: 0 or negative errno; the descriptor, or -1. Neither waits. */
int child_send_fd(int socket, int fd);
int child_receive_fd(int socket);

/* ---- inside ---- */

/* One end of a pipe that is read line by line. */
struct child_lines {
	int fd; /* -1: closed */
	size_t used;
	char buf[1024];
};
/* Reads what there is and hands on whole lines; closes at the end, after the rest of it. */
void child_lines_read(struct child_lines *in, child_line_fn take, void *arg);

#endif

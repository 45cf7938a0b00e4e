/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lazy.h - a child that the kernel stops at each read and write, until it was told to go on
 *
 * It is meant for a program that does as it is expected to, not for one that
 * wants to escape: only the calls by which e2fsck and its libraries work on a
 * device are watched, and others that would read or write are not there for it.
 */
#ifndef VIEW_LAZY_H
#define VIEW_LAZY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The child is about to read, or to write, these bytes of the file, or of
 * another one: what is said of others does no harm. Negative errno: its call
 * fails with that.
 */
typedef int (*lazy_touch_fn)(void *arg, uint64_t off, uint64_t len, bool write);

struct lazy {
	dev_t dev; /* the file */
	ino_t ino;
	lazy_touch_fn touch;
	void *arg;
	int listener;      /* -1 before the child has begun */
	unsigned *request, *answer; /* private: buffers as long as this kernel wants them */
	size_t request_bytes, answer_bytes;
};

/* Whether this kernel and this machine can do it. */
bool lazy_possible(void);
int lazy_init(struct lazy *lazy, int fd, lazy_touch_fn touch, void *arg);
void lazy_free(struct lazy *lazy);
/* child_prepare_fn and child_answer_fn; arg: the struct lazy. */
int lazy_prepare(void *arg, int socket);
int lazy_answer(void *arg, int fd);

#endif

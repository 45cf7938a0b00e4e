/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loop.h - loop devices of our own, and the size of those of others
 *
 * A loop device of ours goes away with its last user (autoclear), also after
 * SIGKILL. It is made from a descriptor, never from a name.
 */
#ifndef DM_LOOP_H
#define DM_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/io/io.h"

struct lm_ctx;

#define DM_LOOP_READONLY 1u
#define DM_LOOP_DIRECT   2u /* direct I/O where the file system can; best effort */

struct dm_loopdev {
	int fd;        /* of the loop device; the loop lasts as long as it is open, or used */
	int number;
	char node[64]; /* "/dev/loop3" */
	dev_t devno;
	uint64_t sectors;
	bool readonly, direct;
};

/*
 * Attaches the file of descriptor fd (not taken over; kept by the kernel) from
 * offset on; size_bytes 0: to its end. name is for messages. -EACCES without
 * root, -ENODEV or -ENXIO where the kernel has no loop devices.
 */
int dm_loop_attach(const struct lm_ctx *ctx, int fd, const char *name, uint64_t offset,
		   uint64_t size_bytes, unsigned flags, struct dm_loopdev **loop,
		   struct lm_error *err);
/* The same for an open file of a stick or work folder; -ENOTTY when it has no descriptor. */
int dm_loop_attach_file(const struct lm_ctx *ctx, struct io_file *file, const char *name,
			unsigned flags, struct dm_loopdev **loop, struct lm_error *err);
/*
 * Takes over the present size of the backing file, while in use; loop->sectors
 * is the new one. A dm target on top notices a larger store by itself.
 */
int dm_loop_resize(struct dm_loopdev *loop, struct lm_error *err);
/* Detaches and frees; with something still on top it goes away as soon as that does. */
void dm_loop_detach(struct dm_loopdev *loop); /* NULL allowed */

/*
 * The same for a loop device of another program, for growing what is in use:
 * loop is "loop3" (struct dm_use), which must have the file with identity dev
 * and ino behind it. -ESTALE when it has another one. *sectors (may be NULL)
 * gets the new size.
 */
int dm_loop_resize_used(const char *loop, uint64_t dev, uint64_t ino, uint64_t *sectors,
			struct lm_error *err);

/* Whether that is a loop device on the file with this identity: 1, 0, or negative errno. */
int dm_loop_is_on(dev_t loop, uint64_t dev, uint64_t ino);
/* Detaches a loop device of another program that nothing uses any more; best effort. */
void dm_loop_clear(dev_t loop);

#endif

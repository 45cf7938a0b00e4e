/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * io_attrs.h - owner, mode, extended attributes and times of a file that takes another's place
 *
 * A file is made for its maker alone (IO_CREATE: 0600), and gets what the old
 * one had when it is complete. What runs with rights of its own does not go
 * along: setuid, setgid and capabilities were given to another content.
 */
#ifndef IO_IO_ATTRS_H
#define IO_IO_ATTRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "core/io/io.h"

struct io_xattr {
	char *name;
	void *value;
	size_t len;
};

struct io_attrs {
	unsigned mode;            /* 0777 at most */
	bool owned, dated;        /* the following count */
	uint32_t uid, gid;
	struct timespec times[2]; /* access, modification */
	struct io_xattr *xattrs;
	size_t n_xattrs;
};

/* Of an open file; -EOPNOTSUPP for one without a descriptor. To be freed. */
int io_attrs_read(struct io_file *file, struct io_attrs *attrs);
void io_attrs_free(struct io_attrs *attrs); /* what is all 0 is free */
/* Of a file by name. */
int io_attrs_of(struct io *io, const char *path, struct io_attrs *attrs);

/* Gives them to a file, and flushes it. */
int io_attrs_give(struct io *io, const char *path, const struct io_attrs *attrs,
		  struct lm_error *err);
/* Gives path what from has. */
int io_attrs_copy(struct io *from_io, const char *from, struct io *io, const char *path,
		  struct lm_error *err);

/*
 * Whether owner and mode are each file's own on this file system: not on FAT and
 * the like, where they are the mount's; not known of FUSE and the network.
 */
bool io_attrs_kept(const struct io_fsinfo *info);

/*
 * Of io_set_attrs(): owner (-EPERM where that cannot be had), group (one that
 * cannot be had: the file's own gets no more than everybody), extended
 * attributes, mode and times as far as the file system has them.
 */
int io_fd_set_attrs(int fd, const struct io_attrs *attrs);

#endif

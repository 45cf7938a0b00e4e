/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A struct io that lets nothing through but reading. */
#include <errno.h>
#include <stdlib.h>

#include "core/io/io.h"

struct readonly {
	struct io io;
	struct io *inner;
};

static int ro_open(struct io *io, const char *path, enum io_mode mode, struct io_file **file)
{
	if (mode != IO_READ)
		return -EROFS;
	return io_open(((struct readonly *)io)->inner, path, mode, file);
}

static int ro_stat(struct io *io, const char *path, struct io_stat *st)
{
	return io_stat(((struct readonly *)io)->inner, path, st);
}

static int ro_list(struct io *io, const char *path, io_list_fn fn, void *arg)
{
	return io_list(((struct readonly *)io)->inner, path, fn, arg);
}

static int ro_fsinfo(struct io *io, struct io_fsinfo *info)
{
	return io_fsinfo(((struct readonly *)io)->inner, info);
}

static void ro_close(struct io *io)
{
	struct readonly *ro = (struct readonly *)io;

	io_close(ro->inner);
	free(ro);
}

static const struct io_ops readonly_ops = {
	.open = ro_open,
	.stat = ro_stat,
	.list = ro_list,
	.fsinfo = ro_fsinfo,
	.close = ro_close,
};

struct io *io_readonly(struct io *inner)
{
	struct readonly *ro = calloc(1, sizeof(*ro));

	if (!ro)
		return NULL;
	ro->io.ops = &readonly_ops;
	ro->inner = inner;
	return &ro->io;
}

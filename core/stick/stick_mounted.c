/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the root file system of a pair is mounted at this moment, and how it can be asked. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/dm/status.h"
#include "core/stick/stick_priv.h"

static bool mounted_devno(const char *node, dev_t *dev)
{
	char path[80], line[32] = "";
	unsigned maj, min;
	bool known;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/block/%.31s/dev", node);
	f = fopen(path, "re");
	if (!f)
		return false;
	known = fgets(line, sizeof(line), f) && sscanf(line, "%u:%u", &maj, &min) == 2;
	fclose(f);
	if (known)
		*dev = makedev(maj, min);
	return known;
}

/* What shows the very same bytes as the device below it; whom nobody tells takes it for that. */
static bool mounted_through(const struct lm_ctx *ctx, const struct dm_node *n,
			    const struct dm_node *below)
{
	struct dm_target_status *list = NULL;
	unsigned count = 0;
	bool same;

	if (n->n_below != 1 || strcmp(n->below[0], below->node) != 0 ||
	    n->size_bytes != below->size_bytes)
		return false;
	if (dm_status_read(ctx, n->name, &list, &count, NULL))
		return true;
	same = count == 1 && list[0].kind == DM_KIND_ORIGIN;
	free(list);
	return same;
}

/* The device that the root is mounted from: that of the overlay, or an origin on it. */
static const struct dm_node *mounted_node(const struct lm_ctx *ctx, const struct dm_node *nodes,
					  unsigned count, const char *node)
{
	const struct dm_node *own = NULL;
	unsigned i;

	for (i = 0; i < count && !own; i++)
		if (strcmp(nodes[i].node, node) == 0)
			own = &nodes[i];
	if (!own || own->mountpoint[0])
		return own;
	for (i = 0; i < count; i++)
		if (nodes[i].mountpoint[0] && mounted_through(ctx, &nodes[i], own))
			return &nodes[i];
	return NULL;
}

static int mounted_open_top(dev_t dev)
{
	char *path = stick_mount_of(dev);
	struct stat st;
	int fd = -1;

	if (path)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_NOATIME | O_CLOEXEC);
	/* Times of access are for root to leave alone, and for the owner. */
	if (path && fd < 0 && errno == EPERM)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	free(path);
	/* Another file system may be mounted on it. */
	if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_dev != dev)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void mounted_open_device(struct stick_mounted *m, const char *node, dev_t dev, uint64_t size)
{
	struct io_file *file;
	struct stat st;
	char path[48];

	snprintf(path, sizeof(path), "/dev/%.31s", node);
	if (io_path_open(path, IO_READ, &file))
		return;
	/* A static /dev may hold an old node of that name for something else. */
	if (fstat(io_fd(file), &st) < 0 || !S_ISBLK(st.st_mode) || st.st_rdev != dev ||
	    io_file_source(file, true, path, 0, size, &m->device, NULL)) {
		io_file_close(file);
		m->device = NULL;
	}
}

void stick_mounted_open(const struct stick_pair *pair, uint64_t size, struct stick_mounted *m)
{
	const struct stick_overlay *o = pair->overlay;
	const struct dm_node *root = NULL;
	struct dm_node *nodes = NULL;
	unsigned count = 0;
	struct dm_use use;
	struct io_stat st;
	dev_t dev;

	*m = (struct stick_mounted){.top = -1};
	/* Attached so that nobody can write to it, it is as if it were at rest. */
	if (!o || !o->attached || o->quiet || o->kind != LM_OVERLAY_DM_SNAPSHOT ||
	    io_stat(pair->io, o->path, &st) || !st.ino || dm_find_use(st.dev, st.ino, &use) != 1 ||
	    !use.mounted || !use.dm_node[0] || dm_list(&nodes, &count))
		return;
	root = mounted_node(pair->ctx, nodes, count, use.dm_node);
	if (root && root->mountpoint[0] && root->size_bytes == size &&
	    mounted_devno(root->node, &dev)) {
		m->mounted = true;
		m->top = mounted_open_top(dev);
		mounted_open_device(m, root->node, dev, size);
	}
	free(nodes);
}

void stick_mounted_close(struct stick_mounted *m)
{
	/* A look that was never opened, or is closed again, is all zeros. */
	if (!m->mounted)
		return;
	io_source_close(m->device);
	if (m->top >= 0)
		close(m->top);
	*m = (struct stick_mounted){.top = -1};
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loop and device-mapper devices as sysfs shows them: needs no root. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libmount.h>
#include <limits.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/dm/dm.h"
#include "core/dm/dm_priv.h"
#include "core/dm/dm_task.h"
#include "core/error.h"

static const struct dm_env here = { "/sys", "/dev", "/proc/self/mountinfo" };

/* Reads the attribute block/NAME/ATTR, without its newline. */
/* What could not be opened may be there all the same. */
static int sysfs_failed(void)
{
	int ret = -errno;

	lm_files_note(ret);
	return ret;
}

static int read_attr(const struct dm_env *env, const char *name, const char *attr, char *buf,
		     size_t cap)
{
	char path[PATH_MAX];
	ssize_t n;
	int fd, ret = 0;

	if (snprintf(path, sizeof(path), "%s/block/%s/%s", env->sys, name, attr) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return sysfs_failed();
	n = read(fd, buf, cap - 1);
	if (n < 0)
		ret = -errno;
	close(fd);
	if (ret)
		return ret;
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return 0;
}

static uint64_t read_number(const struct dm_env *env, const char *name, const char *attr)
{
	char buf[32];

	return read_attr(env, name, attr, buf, sizeof(buf)) ? 0 : strtoull(buf, NULL, 10);
}

static int read_devno(const struct dm_env *env, const char *name, dev_t *dev)
{
	unsigned maj, min;
	char buf[32];
	int ret = read_attr(env, name, "dev", buf, sizeof(buf));

	if (ret)
		return ret;
	if (sscanf(buf, "%u:%u", &maj, &min) != 2)
		return -EBADMSG;
	*dev = makedev(maj, min);
	return 0;
}

/* Calls fn for each name in block/NAME/SUB, or in block/ itself; ends at the first non-zero. */
static int each_name(const struct dm_env *env, const char *name, const char *sub,
		     int (*fn)(void *arg, const char *name), void *arg)
{
	struct dirent **list = NULL;
	char path[PATH_MAX];
	int n, i, ret = 0;

	if (snprintf(path, sizeof(path), "%s/block/%s/%s", env->sys, name, sub) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	n = scandir(path, &list, NULL, versionsort);
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	for (i = 0; i < n; i++) {
		if (!ret && list[i]->d_name[0] != '.')
			ret = fn(arg, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return ret;
}

static struct libmnt_table *mounts_read(const struct dm_env *env)
{
	return mnt_new_table_from_file(env->mountinfo);
}

/* Where the device is mounted, or NULL. */
static const char *mounted_at(struct libmnt_table *mounts, const struct dm_env *env,
			      const char *name)
{
	struct libmnt_fs *fs;
	dev_t dev;

	if (!mounts || read_devno(env, name, &dev))
		return NULL;
	fs = mnt_table_find_devno(mounts, dev, MNT_ITER_FORWARD);
	return fs ? mnt_fs_get_target(fs) : NULL;
}

static bool is_identity(const char *path, uint64_t dev, uint64_t ino)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

/* The kernel's own 32-bit form of a device number (new_encode_dev). */
static uint64_t kernel_dev(uint64_t dev)
{
	return (minor(dev) & 0xffu) | (uint64_t)major(dev) << 8 |
	       (uint64_t)(minor(dev) & ~0xffu) << 12;
}

static dev_t dev_of_kernel(uint64_t code)
{
	return makedev((unsigned)(code >> 8 & 0xfff),
		       (unsigned)((code & 0xff) | (code >> 12 & 0xfff00)));
}

/* What the kernel says to those who may open a loop device; else negative errno. */
static int read_loop(const struct dm_env *env, const char *loop, struct loop_info64 *info)
{
	char path[PATH_MAX];
	struct stat st;
	int fd, ret;

	if (snprintf(path, sizeof(path), "%s/%s", env->dev, loop) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return sysfs_failed();
	if (fstat(fd, &st) || !S_ISBLK(st.st_mode)) {
		close(fd);
		return -ENOTBLK;
	}
	ret = ioctl(fd, LOOP_GET_STATUS64, info) ? -errno : 0;
	close(fd);
	return ret;
}

/* Which inode is behind it. 1: this one, 0: another, negative: the kernel would not say. */
static int loop_has_inode(const struct dm_env *env, const char *loop, uint64_t dev, uint64_t ino)
{
	struct loop_info64 info;
	int ret = read_loop(env, loop, &info);

	return ret ? ret : info.lo_inode == ino && info.lo_device == kernel_dev(dev);
}

/*
 * The name of a backing file is as seen from the root of its mount when that
 * mount was detached since, which is what a live system does while it boots:
 * it is tried below every mount of the same file system.
 */
static bool names_inode(const char *backing, struct libmnt_table *mounts, uint64_t dev,
			uint64_t ino)
{
	struct libmnt_iter *itr;
	struct libmnt_fs *fs;
	char path[PATH_MAX];
	bool found = false;

	if (is_identity(backing, dev, ino))
		return true;
	if (!mounts)
		return false;
	itr = mnt_new_iter(MNT_ITER_FORWARD);
	if (!itr)
		return false;
	while (!found && mnt_table_next_fs(mounts, itr, &fs) == 0) {
		const char *target = mnt_fs_get_target(fs);

		if (!target || mnt_fs_get_devno(fs) != dev)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", target, backing) < (int)sizeof(path))
			found = is_identity(path, dev, ino);
	}
	mnt_free_iter(itr);
	return found;
}

struct find {
	const struct dm_env *env;
	struct libmnt_table *mounts;
	uint64_t dev, ino;
	struct dm_use *use;
	unsigned depth;
	unsigned held, left; /* how many stand on a loop device, and how many are leftovers */
	bool found;
};

static int above_is_mounted(void *arg, const char *name)
{
	struct find *f = arg;
	int ret;

	if (mounted_at(f->mounts, f->env, name))
		return 1;
	/* The kernel allows no loops; a fake tree might have one. */
	if (f->depth >= 8)
		return 0;
	f->depth++;
	ret = each_name(f->env, name, "holders", above_is_mounted, f);
	f->depth--;
	return ret;
}

static int take_holder(void *arg, const char *name)
{
	struct find *f = arg;
	char dm_name[sizeof(f->use->dm_name)], uuid[160];
	bool mounted;

	f->held++;
	if (read_attr(f->env, name, "dm/name", dm_name, sizeof(dm_name)))
		return 0;
	mounted = above_is_mounted(f, name) == 1;
	f->left += !mounted && read_attr(f->env, name, "dm/uuid", uuid, sizeof(uuid)) == 0 &&
		   dm_uuid_owner(uuid) == DM_OWNER_DEAD;
	/* Of several, the one that is mounted is the one that matters. */
	if (f->use->dm_name[0] && !mounted)
		return 0;
	snprintf(f->use->dm_name, sizeof(f->use->dm_name), "%s", dm_name);
	snprintf(f->use->dm_node, sizeof(f->use->dm_node), "%s", name);
	f->use->mounted = f->use->mounted || mounted;
	return mounted;
}

static int try_loop(void *arg, const char *name)
{
	struct find *f = arg;
	char backing[PATH_MAX];
	int same, ret;

	if (strncmp(name, "loop", 4) != 0 ||
	    read_attr(f->env, name, "loop/backing_file", backing, sizeof(backing)) ||
	    !backing[0])
		return 0;
	same = loop_has_inode(f->env, name, f->dev, f->ino);
	if (same < 0)
		same = names_inode(backing, f->mounts, f->dev, f->ino);
	if (!same)
		return 0;
	f->use->readonly = read_number(f->env, name, "ro") == 1 &&
			   (!f->found || f->use->readonly);
	/* The first is the one that is told of, unless nobody uses it any more. */
	if (f->found && !f->use->leftover)
		return 0;
	f->found = true;
	f->use->dm_name[0] = f->use->dm_node[0] = '\0';
	snprintf(f->use->loop, sizeof(f->use->loop), "%.31s", name);
	f->use->mounted = mounted_at(f->mounts, f->env, name) != NULL;
	f->held = f->left = 0;
	ret = each_name(f->env, name, "holders", take_holder, f);
	f->use->leftover = !f->use->mounted && f->held > 0 && f->left == f->held;
	return ret < 0 ? ret : 0;
}

int dm_env_find_use(const struct dm_env *env, uint64_t dev, uint64_t ino, struct dm_use *use)
{
	struct find f = { .env = env, .dev = dev, .ino = ino, .use = use };
	int ret;

	memset(use, 0, sizeof(*use));
	if (!ino)
		return 0;
	f.mounts = mounts_read(env);
	ret = each_name(env, "", "", try_loop, &f);
	mnt_unref_table(f.mounts);
	return ret < 0 ? ret : f.found;
}

int dm_find_use(uint64_t dev, uint64_t ino, struct dm_use *use)
{
	return dm_env_find_use(&here, dev, ino, use);
}

/* The disk that a partition is a part of; a disk is its own. */
static dev_t whole_disk(const struct dm_env *env, dev_t dev)
{
	unsigned maj, min;
	char path[160];
	dev_t whole = dev;
	FILE *f;

	snprintf(path, sizeof(path), "%.80s/dev/block/%u:%u/partition", env->sys, major(dev),
		 minor(dev));
	if (access(path, F_OK))
		return dev;
	snprintf(path, sizeof(path), "%.80s/dev/block/%u:%u/../dev", env->sys, major(dev),
		 minor(dev));
	f = fopen(path, "re");
	if (!f) {
		lm_files_note(-errno);
		return dev;
	}
	if (fscanf(f, "%u:%u", &maj, &min) == 2)
		whole = makedev(maj, min);
	fclose(f);
	return whole;
}

struct find_loop {
	const struct dm_env *env;
	struct libmnt_table *mounts;
	uint64_t dev, ino;
	dev_t disk; /* 0: a file is looked for */
	const char *except;
	char *name;
};

static int try_any_loop(void *arg, const char *name)
{
	struct find_loop *f = arg;
	struct loop_info64 info;
	char backing[PATH_MAX];
	dev_t on = 0;
	struct stat st;
	bool same;
	int ret;

	if (strncmp(name, "loop", 4) != 0 || (f->except && strcmp(name, f->except) == 0) ||
	    read_attr(f->env, name, "loop/backing_file", backing, sizeof(backing)) || !backing[0])
		return 0;
	ret = read_loop(f->env, name, &info);
	if (f->disk) {
		if (ret == 0)
			on = dev_of_kernel(info.lo_rdevice);
		else if (stat(backing, &st) == 0 && S_ISBLK(st.st_mode))
			on = st.st_rdev;
		same = on && whole_disk(f->env, on) == f->disk;
	} else if (ret == 0) {
		same = info.lo_inode == f->ino && info.lo_device == kernel_dev(f->dev);
	} else {
		same = names_inode(backing, f->mounts, f->dev, f->ino);
	}
	if (same)
		snprintf(f->name, 32, "%.31s", name);
	return same;
}

int dm_env_find_loop(const struct dm_env *env, uint64_t dev, uint64_t ino, uint64_t rdev,
		     const char *except, char name[32])
{
	struct find_loop f = { .env = env, .dev = dev, .ino = ino, .except = except, .name = name };
	int ret;

	name[0] = '\0';
	f.disk = rdev ? whole_disk(env, rdev) : 0;
	f.mounts = mounts_read(env);
	ret = each_name(env, "", "", try_any_loop, &f);
	mnt_unref_table(f.mounts);
	return ret;
}

int dm_find_loop(uint64_t dev, uint64_t ino, uint64_t rdev, const char *except, char name[32])
{
	return dm_env_find_loop(&here, dev, ino, rdev, except, name);
}

struct listing {
	const struct dm_env *env;
	struct libmnt_table *mounts;
	struct dm_node *nodes;
	struct dm_loop *loops;
	unsigned count;
};

static int add_below(void *arg, const char *name)
{
	struct dm_node *n = arg;

	if (n->n_below < sizeof(n->below) / sizeof(n->below[0]))
		snprintf(n->below[n->n_below++], sizeof(n->below[0]), "%.31s", name);
	return 0;
}

static int add_node(void *arg, const char *name)
{
	struct listing *l = arg;
	struct dm_node *n, *grown;
	const char *mount;
	int ret;

	if (strncmp(name, "dm-", 3) != 0)
		return 0;
	grown = reallocarray(l->nodes, l->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	l->nodes = grown;
	n = &l->nodes[l->count];
	memset(n, 0, sizeof(*n));
	/* A device may vanish while it is being looked at. */
	if (read_attr(l->env, name, "dm/name", n->name, sizeof(n->name)))
		return 0;
	snprintf(n->node, sizeof(n->node), "%.31s", name);
	n->size_bytes = read_number(l->env, name, "size") * 512;
	mount = mounted_at(l->mounts, l->env, name);
	snprintf(n->mountpoint, sizeof(n->mountpoint), "%s", mount ? mount : "");
	ret = each_name(l->env, name, "slaves", add_below, n);
	if (ret)
		return ret;
	l->count++;
	return 0;
}

int dm_env_list(const struct dm_env *env, struct dm_node **nodes, unsigned *count)
{
	struct listing l = { .env = env };
	int ret;

	l.mounts = mounts_read(env);
	ret = each_name(env, "", "", add_node, &l);
	mnt_unref_table(l.mounts);
	if (ret) {
		free(l.nodes);
		l.nodes = NULL;
		l.count = 0;
	}
	*nodes = l.nodes;
	*count = l.count;
	return ret;
}

int dm_list(struct dm_node **nodes, unsigned *count)
{
	return dm_env_list(&here, nodes, count);
}

static int add_loop(void *arg, const char *name)
{
	struct listing *l = arg;
	struct dm_loop *n, *grown;
	char backing[PATH_MAX];
	const char *mount;

	if (strncmp(name, "loop", 4) != 0 ||
	    read_attr(l->env, name, "loop/backing_file", backing, sizeof(backing)) || !backing[0])
		return 0;
	grown = reallocarray(l->loops, l->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	l->loops = grown;
	n = &l->loops[l->count++];
	memset(n, 0, sizeof(*n));
	snprintf(n->name, sizeof(n->name), "%.31s", name);
	snprintf(n->backing, sizeof(n->backing), "%.511s", backing);
	n->size_bytes = read_number(l->env, name, "size") * 512;
	n->offset = read_number(l->env, name, "loop/offset");
	n->readonly = read_number(l->env, name, "ro") != 0;
	mount = mounted_at(l->mounts, l->env, name);
	snprintf(n->mountpoint, sizeof(n->mountpoint), "%s", mount ? mount : "");
	return 0;
}

int dm_env_list_loops(const struct dm_env *env, struct dm_loop **loops, unsigned *count)
{
	struct listing l = { .env = env };
	int ret;

	l.mounts = mounts_read(env);
	ret = each_name(env, "", "", add_loop, &l);
	mnt_unref_table(l.mounts);
	if (ret) {
		free(l.loops);
		l.loops = NULL;
		l.count = 0;
	}
	*loops = l.loops;
	*count = l.count;
	return ret;
}

int dm_list_loops(struct dm_loop **loops, unsigned *count)
{
	return dm_env_list_loops(&here, loops, count);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loop devices by ioctl (include/uapi/linux/loop.h, drivers/block/loop.c). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "core/ctx.h"
#include "core/dm/dm_task.h"
#include "core/dm/loop.h"
#include "core/error.h"
#include "core/i18n.h"

#define FREE_TRIES     64
#define STATUS_TRIES   50
#define DETACH_TRIES   200
#define PAUSE_MS       20

static void short_pause(void)
{
	struct timespec t = { 0, PAUSE_MS * 1000000L };

	nanosleep(&t, NULL);
}

/* The kernel's own 32-bit form of a device number (new_encode_dev). */
static uint64_t kernel_dev(uint64_t dev)
{
	return (minor(dev) & 0xffu) | (uint64_t)major(dev) << 8 |
	       (uint64_t)(minor(dev) & ~0xffu) << 12;
}

/* What the system calls the number of a loop device: minors may be shared with partitions. */
static dev_t loop_devno(int number)
{
	unsigned maj = 7, min = (unsigned)number;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/block/loop%d/dev", number);
	f = fopen(path, "re");
	if (!f) {
		lm_files_note(-errno);
		return makedev(maj, min);
	}
	if (fscanf(f, "%u:%u", &maj, &min) != 2) {
		maj = 7;
		min = (unsigned)number;
	}
	fclose(f);
	return makedev(maj, min);
}

static int get_sectors(int fd, uint64_t *sectors)
{
	uint64_t bytes = 0;

	if (ioctl(fd, BLKGETSIZE64, &bytes))
		return -errno;
	*sectors = bytes / 512;
	return 0;
}

/* For kernels before 5.8, in two steps. */
static int configure_old(int loop, const struct loop_config *config)
{
	struct loop_info64 info = config->info;
	int ret, tries;

	if (ioctl(loop, LOOP_SET_FD, config->fd))
		return -errno;
	info.lo_flags &= LO_FLAGS_AUTOCLEAR;
	for (tries = 0; tries < STATUS_TRIES; tries++) {
		ret = ioctl(loop, LOOP_SET_STATUS64, &info) ? -errno : 0;
		if (ret != -EAGAIN)
			break;
		short_pause();
	}
	if (ret)
		ioctl(loop, LOOP_CLR_FD, 0);
	return ret;
}

static int configure(int loop, const struct loop_config *config)
{
	int ret = ioctl(loop, LOOP_CONFIGURE, config) ? -errno : 0;

	if (ret == -EINVAL || ret == -ENOTTY || ret == -ENOSYS)
		ret = configure_old(loop, config);
	return ret;
}

/* Another program may take the same free device in between. */
static int attach_free(struct dm_loopdev *loop, const struct loop_config *config)
{
	int control, number, tries, ret = -EBUSY;
	char name[32];

	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (control < 0)
		return -errno;
	for (tries = 0; tries < FREE_TRIES && ret == -EBUSY; tries++) {
		number = ioctl(control, LOOP_CTL_GET_FREE);
		if (number < 0) {
			ret = -errno;
			break;
		}
		snprintf(name, sizeof(name), "loop%d", number);
		loop->number = number;
		loop->devno = loop_devno(number);
		ret = dm_node_open(name, loop->devno, loop->readonly, &loop->fd, loop->node);
		if (ret)
			break;
		ret = configure(loop->fd, config);
		if (ret) {
			close(loop->fd);
			loop->fd = -1;
		}
	}
	close(control);
	return ret;
}

/* The limits that were asked for hold, and the kernel took the right file. */
static int prove(struct dm_loopdev *loop, int fd)
{
	struct loop_info64 info = { 0 };
	struct stat st;

	if (fstat(fd, &st) || ioctl(loop->fd, LOOP_GET_STATUS64, &info))
		return -errno;
	if (S_ISREG(st.st_mode) &&
	    (info.lo_inode != st.st_ino || info.lo_device != kernel_dev(st.st_dev)))
		return -ESTALE;
	if (loop->readonly && !(info.lo_flags & LO_FLAGS_READ_ONLY))
		return -EROFS;
	loop->readonly = (info.lo_flags & LO_FLAGS_READ_ONLY) != 0;
	return get_sectors(loop->fd, &loop->sectors);
}

int dm_loop_attach(const struct lm_ctx *ctx, int fd, const char *name, uint64_t offset,
		   uint64_t size_bytes, unsigned flags, struct dm_loopdev **loop,
		   struct lm_error *err)
{
	struct loop_config config = { .fd = (uint32_t)fd };
	struct dm_loopdev *l = calloc(1, sizeof(*l));
	int ret;

	*loop = NULL;
	if (!l)
		return lm_fail(err, -ENOMEM, name, NULL, "%s", _("Making a loop device failed"));
	l->fd = -1;
	l->readonly = (flags & DM_LOOP_READONLY) != 0;
	config.info.lo_offset = offset;
	config.info.lo_sizelimit = size_bytes;
	config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (l->readonly ? LO_FLAGS_READ_ONLY : 0u);
	snprintf((char *)config.info.lo_file_name, sizeof(config.info.lo_file_name), "livemend");
	ret = attach_free(l, &config);
	if (!ret)
		ret = prove(l, fd);
	if (!ret && flags & DM_LOOP_DIRECT)
		l->direct = ioctl(l->fd, LOOP_SET_DIRECT_IO, 1ul) == 0;
	if (ret) {
		dm_loop_detach(l);
		return lm_fail(err, ret, name,
			       ret == -EACCES || ret == -EPERM ? _("Run livemend as root.") : NULL,
			       "%s", _("Making a loop device failed"));
	}
	ctx_log(ctx, LM_LOG_DEBUG, "%s: %s%s%s", l->node, name, l->readonly ? ", read-only" : "",
		l->direct ? ", direct I/O" : "");
	*loop = l;
	return 0;
}

int dm_loop_attach_file(const struct lm_ctx *ctx, struct io_file *file, const char *name,
			unsigned flags, struct dm_loopdev **loop, struct lm_error *err)
{
	int fd = io_fd(file);

	*loop = NULL;
	if (fd < 0)
		return lm_fail(err, -ENOTTY, name, NULL, "%s", _("Making a loop device failed"));
	return dm_loop_attach(ctx, fd, name, 0, 0, flags, loop, err);
}

int dm_loop_resize(struct dm_loopdev *loop, struct lm_error *err)
{
	int ret = ioctl(loop->fd, LOOP_SET_CAPACITY, 0) ? -errno : 0;

	if (!ret)
		ret = get_sectors(loop->fd, &loop->sectors);
	if (ret)
		lm_fail(err, ret, loop->node, NULL, "%s",
			_("Telling the kernel the new size of a file in use failed"));
	return ret;
}

static bool is_held(const char *name)
{
	char path[80];
	struct dirent **list = NULL;
	int n;

	snprintf(path, sizeof(path), "/sys/block/%s/holders", name);
	n = scandir(path, &list, NULL, NULL);
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
	return n > 2;
}

/* Closing is all it takes; but somebody (udev) may be looking at it just now. */
void dm_loop_detach(struct dm_loopdev *loop)
{
	struct loop_info64 info = { 0 }, now = { 0 };
	int tries, fd;
	bool known;
	char path[64];
	char name[32];

	if (!loop)
		return;
	if (loop->fd < 0) {
		free(loop);
		return;
	}
	known = ioctl(loop->fd, LOOP_GET_STATUS64, &info) == 0;
	close(loop->fd);
	snprintf(name, sizeof(name), "loop%d", loop->number);
	for (tries = 0; known && tries < DETACH_TRIES; tries++) {
		bool there;

		/* As its last user we end it by closing. */
		if (dm_node_open(name, loop->devno, true, &fd, path))
			break;
		there = ioctl(fd, LOOP_GET_STATUS64, &now) == 0 &&
			now.lo_inode == info.lo_inode && now.lo_device == info.lo_device &&
			strcmp((char *)now.lo_file_name, (char *)info.lo_file_name) == 0;
		close(fd);
		if (!there || is_held(name))
			break;
		short_pause();
	}
	free(loop);
}

int dm_loop_resize_used(const char *loop, uint64_t dev, uint64_t ino, uint64_t *sectors,
			struct lm_error *err)
{
	struct loop_info64 info = { 0 };
	uint64_t now = 0;
	char path[64];
	int number, fd, ret;

	if (sectors)
		*sectors = 0;
	if (sscanf(loop, "loop%d", &number) != 1 || number < 0)
		return lm_fail(err, -EINVAL, loop, NULL, "%s",
			       _("Telling the kernel the new size of a file in use failed"));
	ret = dm_node_open(loop, loop_devno(number), true, &fd, path);
	if (ret)
		return lm_fail(err, ret, loop, NULL, "%s",
			       _("Telling the kernel the new size of a file in use failed"));
	if (ioctl(fd, LOOP_GET_STATUS64, &info))
		ret = -errno;
	else if (info.lo_inode != ino || info.lo_device != kernel_dev(dev))
		ret = -ESTALE;
	else if (ioctl(fd, LOOP_SET_CAPACITY, 0))
		ret = -errno;
	if (!ret)
		ret = get_sectors(fd, &now);
	close(fd);
	if (ret)
		return lm_fail(err, ret, path, NULL, "%s",
			       _("Telling the kernel the new size of a file in use failed"));
	if (sectors)
		*sectors = now;
	return 0;
}

/* The node of a loop device by its number alone: only what has the right number is opened. */
static int open_by_devno(dev_t loop, int *fd)
{
	char name[32], path[64];

	*fd = -1;
	if (major(loop) != 7)
		return -ENOTBLK;
	snprintf(name, sizeof(name), "loop%u", minor(loop));
	return dm_node_open(name, loop, true, fd, path);
}

int dm_loop_is_on(dev_t loop, uint64_t dev, uint64_t ino)
{
	struct loop_info64 info = { 0 };
	int fd, ret = open_by_devno(loop, &fd);

	if (ret)
		return ret;
	ret = ioctl(fd, LOOP_GET_STATUS64, &info) ? -errno : 0;
	close(fd);
	return ret ? ret : info.lo_inode == ino && info.lo_device == kernel_dev(dev);
}

void dm_loop_clear(dev_t loop)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "loop%u", minor(loop));
	if (is_held(name) || open_by_devno(loop, &fd))
		return;
	(void)ioctl(fd, LOOP_CLR_FD, 0);
	close(fd);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Devices of our own, and tables swapped under those of others. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "core/ctx.h"
#include "core/dm/device.h"
#include "core/dm/dm_task.h"
#include "core/error.h"
#include "core/i18n.h"

#define REMOVE_TRIES   100
#define REMOVE_PAUSE_MS 50

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* A request about dev without more to it. */
static int simple(const struct dm_dev *dev, int type, bool udev)
{
	struct dm_task *task = dm_task_by_name(type, dev->name);
	int ret;

	if (!task)
		return -ENOMEM;
	ret = udev ? dm_task_do_udev(task, dev->ctx) : dm_task_do(task);
	dm_task_destroy(task);
	return ret;
}

static int get_info(const struct dm_dev *dev, struct dm_info *info)
{
	struct dm_task *task = dm_task_by_name(DM_DEVICE_INFO, dev->name);
	int ret;

	if (!task)
		return -ENOMEM;
	ret = dm_task_ask(task);
	if (!ret && !dm_task_get_info(task, info))
		ret = -EIO;
	if (!ret && !info->exists)
		ret = -ENXIO;
	dm_task_destroy(task);
	return ret;
}

static int failed(struct lm_error *err, int ret, const struct dm_dev *dev, const char *what)
{
	const char *said = dm_say_end();

	lm_fail(err, ret, dev->name, NULL, "%s", what);
	dm_because(err, said);
	return ret;
}

/* ---------------------------------------------------------------- making -- */

static int create_empty(struct dm_dev *dev)
{
	struct dm_task *task = dm_task_by_name(DM_DEVICE_CREATE, dev->name);
	struct dm_info info;
	int ret;

	if (!task)
		return -ENOMEM;
	ret = dm_task_set_uuid(task, dev->uuid) ? dm_task_do(task) : -ENOMEM;
	if (!ret && !dm_task_get_info(task, &info))
		ret = -EIO;
	if (!ret)
		dev->devno = makedev(info.major, info.minor);
	dm_task_destroy(task);
	return ret;
}

/* A name that nobody has yet. */
static int create(struct dm_dev *dev, const char *purpose)
{
	static atomic_uint counter;
	int ret = -EBUSY, tries;

	for (tries = 0; tries < 16 && ret == -EBUSY; tries++) {
		unsigned count = atomic_fetch_add(&counter, 1);

		snprintf(dev->name, sizeof(dev->name), "livemend-%ld-%u-%.32s", (long)getpid(),
			 count, purpose);
		ret = dm_uuid_new(count, dev->uuid);
		if (!ret)
			ret = create_empty(dev);
	}
	return ret;
}

static int load(struct dm_dev *dev, const struct dm_target *targets, unsigned count, bool readonly,
		uint64_t *sectors)
{
	struct dm_task *task = dm_task_by_name(DM_DEVICE_RELOAD, dev->name);
	unsigned i;
	int ret = 0;

	if (!task)
		return -ENOMEM;
	*sectors = 0;
	if (readonly && !dm_task_set_ro(task))
		ret = -ENOMEM;
	for (i = 0; i < count && !ret; i++) {
		const struct dm_target *t = &targets[i];

		if (!dm_task_add_target(task, t->start, t->length, t->type, t->params))
			ret = -ENOMEM;
		*sectors = t->start + t->length;
	}
	if (!ret)
		ret = dm_task_do(task);
	dm_task_destroy(task);
	return ret;
}

/* Gone with its last user, which is us: nothing stays behind when we are killed. */
static int defer_removal(struct dm_dev *dev)
{
	struct dm_task *task = dm_task_by_name(DM_DEVICE_REMOVE, dev->name);
	int ret;

	if (!task)
		return -ENOMEM;
	ret = dm_task_deferred_remove(task) ? dm_task_do_udev(task, dev->ctx) : -ENOMEM;
	dm_task_destroy(task);
	return ret;
}

/* The first resume makes the device usable: from then on it is held open. */
static int resume(struct dm_dev *dev)
{
	int ret = simple(dev, DM_DEVICE_RESUME, true);
	char name[32];

	if (ret || !dev->own || dev->fd >= 0)
		return ret;
	snprintf(name, sizeof(name), "dm-%u", minor(dev->devno));
	ret = dm_node_open(name, dev->devno, dev->readonly, &dev->fd, dev->path);
	if (ret || dev->stays)
		return ret;
	/* Kernels before 3.13 cannot: then it is found by its UUID at the next start. */
	if (defer_removal(dev))
		ctx_log(dev->ctx, LM_LOG_DEBUG, "%s: no removal with its last user", dev->name);
	return 0;
}

static int remove_now(const struct dm_dev *dev)
{
	struct dm_info info;
	int ret, tries;

	for (tries = 0; tries < REMOVE_TRIES; tries++) {
		/* With its last user it goes by itself, which takes a moment. */
		ret = get_info(dev, &info);
		if (ret == -ENXIO)
			return 0;
		if (ret)
			return ret;
		ret = simple(dev, DM_DEVICE_REMOVE, true);
		if (!ret || ret == -ENXIO)
			return 0;
		if (ret != -EBUSY)
			return ret;
		pause_ms(REMOVE_PAUSE_MS);
	}
	return -EBUSY;
}

static struct dm_dev *new_dev(const struct lm_ctx *ctx)
{
	struct dm_dev *dev = calloc(1, sizeof(*dev));

	if (dev) {
		dev->ctx = ctx;
		dev->fd = -1;
	}
	return dev;
}

int dm_dev_create(const struct lm_ctx *ctx, const char *purpose, const struct dm_target *targets,
		  unsigned count, unsigned flags, struct dm_dev **dev, struct lm_error *err)
{
	struct dm_dev *d = new_dev(ctx);
	bool made;
	int ret;

	*dev = NULL;
	if (!d)
		return lm_fail(err, -ENOMEM, purpose, NULL, "%s",
			       _("Making a device-mapper device failed"));
	d->own = true;
	d->readonly = (flags & DM_DEV_READONLY) != 0;
	d->stays = (flags & DM_DEV_STAYS) != 0;
	dm_say_begin(ctx);
	ret = create(d, purpose);
	made = ret == 0;
	if (!ret && !(flags & DM_DEV_NO_TABLE)) {
		ret = load(d, targets, count, d->readonly, &d->sectors);
		if (!ret)
			ret = resume(d);
	}
	if (!ret) {
		dm_say_end();
		*dev = d;
		return 0;
	}
	failed(err, ret, d, _("Making a device-mapper device failed"));
	if (d->fd >= 0)
		close(d->fd);
	dm_say_begin(ctx);
	if (made && remove_now(d))
		ctx_log(ctx, LM_LOG_ERROR, "%s: could not be removed", d->name);
	dm_say_end();
	free(d);
	return ret;
}

int dm_dev_find(const struct lm_ctx *ctx, const char *name, struct dm_dev **dev,
		struct lm_error *err)
{
	struct dm_target_status *list;
	struct dm_info info;
	struct dm_dev *d;
	unsigned count;
	int ret;

	*dev = NULL;
	ret = dm_status_read(ctx, name, &list, &count, err);
	if (ret)
		return ret;
	d = new_dev(ctx);
	if (!d) {
		free(list);
		return lm_fail(err, -ENOMEM, name, NULL, "%s", _("Finding the device failed"));
	}
	snprintf(d->name, sizeof(d->name), "%s", name);
	if (count)
		d->sectors = list[count - 1].start + list[count - 1].length;
	free(list);
	dm_say_begin(ctx);
	ret = get_info(d, &info);
	if (ret) {
		failed(err, ret, d, _("Finding the device failed"));
		free(d);
		return ret;
	}
	dm_say_end();
	d->devno = makedev(info.major, info.minor);
	d->readonly = info.read_only != 0;
	snprintf(d->path, sizeof(d->path), "/dev/dm-%d", info.minor);
	*dev = d;
	return 0;
}

/* -------------------------------------------------------- tables and life -- */

int dm_dev_load(struct dm_dev *dev, const struct dm_target *targets, unsigned count,
		unsigned flags, struct lm_error *err)
{
	uint64_t sectors;
	int ret;

	dm_say_begin(dev->ctx);
	ret = load(dev, targets, count, (flags & DM_DEV_READONLY) != 0, &sectors);
	if (ret)
		return failed(err, ret, dev, _("Loading a table into the kernel failed"));
	dm_say_end();
	dev->sectors = sectors;
	if (dev->own)
		dev->readonly = (flags & DM_DEV_READONLY) != 0;
	return 0;
}

int dm_dev_clear(struct dm_dev *dev, struct lm_error *err)
{
	int ret;

	dm_say_begin(dev->ctx);
	ret = simple(dev, DM_DEVICE_CLEAR, false);
	if (ret)
		return failed(err, ret, dev, _("Taking a table out of the kernel failed"));
	dm_say_end();
	return 0;
}

static int suspend(struct dm_dev *dev, unsigned flags)
{
	struct dm_task *task = dm_task_by_name(DM_DEVICE_SUSPEND, dev->name);
	int ret = 0;

	if (!task)
		return -ENOMEM;
	if ((flags & DM_SUSPEND_NOFLUSH && !dm_task_no_flush(task)) ||
	    (flags & DM_SUSPEND_NOFREEZE && !dm_task_skip_lockfs(task)))
		ret = -ENOMEM;
	if (!ret)
		ret = dm_task_do(task);
	dm_task_destroy(task);
	return ret;
}

int dm_dev_suspend(struct dm_dev *dev, unsigned flags, struct lm_error *err)
{
	int ret;

	dm_say_begin(dev->ctx);
	ret = suspend(dev, flags);
	if (ret)
		return failed(err, ret, dev, _("Holding the device still failed"));
	dm_say_end();
	return 0;
}

int dm_dev_resume(struct dm_dev *dev, struct lm_error *err)
{
	int ret;

	dm_say_begin(dev->ctx);
	ret = resume(dev);
	if (ret)
		return failed(err, ret, dev, _("Letting the device go on failed"));
	dm_say_end();
	return 0;
}

/*
 * What was on the device is out of reach between suspend and resume. If it is
 * the root of the running system, that includes this program: nothing may be
 * paged in, no message looked up or written.
 */
int dm_dev_swap(struct dm_dev *dev, const struct dm_target *targets, unsigned count,
		unsigned flags, struct lm_error *err)
{
	const char *what = _("Holding the device still failed");
	const char *load_failed = _("Loading a table into the kernel failed");
	const char *resume_failed = _("Letting the device go on failed");
	char said[200] = "";
	uint64_t sectors = 0;
	int ret, back = 0;

	(void)mlockall(MCL_CURRENT | MCL_FUTURE);
	dm_say_begin(NULL);
	ret = suspend(dev, flags & DM_SWAP_NOFREEZE ? DM_SUSPEND_NOFREEZE : 0);
	if (!ret) {
		/* Only now: a snapshot reads its exceptions while it is being loaded. */
		what = load_failed;
		ret = load(dev, targets, count, (flags & DM_DEV_READONLY) != 0, &sectors);
		back = simple(dev, DM_DEVICE_RESUME, true);
		if (back) {
			/* The new table cannot be used: the old one is still there. */
			what = resume_failed;
			ret = back;
			(void)simple(dev, DM_DEVICE_CLEAR, false);
			back = simple(dev, DM_DEVICE_RESUME, true);
		}
	}
	snprintf(said, sizeof(said), "%s", dm_say_end());
	(void)munlockall();
	if (back)
		ctx_log(dev->ctx, LM_LOG_ERROR, "%s: could not be resumed", dev->name);
	if (ret) {
		lm_fail(err, ret, dev->name, NULL, "%s", what);
		dm_because(err, said);
		return ret;
	}
	dev->sectors = sectors;
	return 0;
}

int dm_dev_remove(struct dm_dev *dev, struct lm_error *err)
{
	int ret = 0;

	if (!dev)
		return 0;
	if (dev->fd >= 0)
		close(dev->fd);
	if (dev->own) {
		dm_say_begin(dev->ctx);
		ret = remove_now(dev);
		if (ret) {
			failed(err, ret, dev, _("Removing a device-mapper device failed"));
			lm_error_help(err, _("Something else has it open. It is removed as soon as "
					     "that is closed, or when livemend is started again."));
		} else {
			dm_say_end();
		}
	}
	free(dev);
	return ret;
}

int dm_dev_status(const struct dm_dev *dev, struct dm_target_status **list, unsigned *count,
		  struct lm_error *err)
{
	return dm_status_read(dev->ctx, dev->name, list, count, err);
}

int dm_dev_status1(const struct dm_dev *dev, struct dm_target_status *status, struct lm_error *err)
{
	struct dm_target_status *list;
	unsigned count;
	int ret = dm_dev_status(dev, &list, &count, err);

	memset(status, 0, sizeof(*status));
	if (ret)
		return ret;
	if (!count || (!list[0].understood && list[0].kind != DM_KIND_OTHER)) {
		ret = lm_fail(err, -EBADMSG, dev->name, NULL, "%s",
			      _("The kernel's answer about the device is not understood"));
	} else {
		*status = list[0];
	}
	free(list);
	return ret;
}

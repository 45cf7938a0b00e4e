/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stick_monitor.c - media that come and go
 *
 * Events say when to look; what is there is decided by looking: the names and
 * sizes of the block devices, and the mounts. Where events are not delivered
 * (a container, no udev, an old kernel) the looking alone does it, on a timer.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/stick/stick_priv.h"

enum { LOOK_MS = 3000, LOOK_TEST_MS = 50 };

struct lm_monitor {
	char *root;
	int epoll, timer, mounts;
	struct udev *udev;
	struct udev_monitor *events;
	uint64_t seen;
};

static uint64_t hash(uint64_t h, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	while (n--)
		h = (h ^ *p++) * 0x100000001b3ull; /* FNV-1a */
	return h;
}

static uint64_t hash_file(uint64_t h, int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_CLOEXEC);
	char buf[4096];
	ssize_t n;

	if (fd < 0)
		return h;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		h = hash(h, buf, (size_t)n);
	close(fd);
	return h;
}

/* What there is, as one number. The order in which sysfs lists the devices does not matter. */
static uint64_t look(const struct lm_monitor *m)
{
	uint64_t h = 0;
	char path[4096];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/proc/self/mountinfo", m->root);
	h = hash_file(1, AT_FDCWD, path);
	snprintf(path, sizeof(path), "%s/sys/class/block", m->root);
	dir = opendir(path);
	while (dir && (e = readdir(dir)) != NULL) {
		uint64_t one = hash(2, e->d_name, strlen(e->d_name));

		if (e->d_name[0] == '.' || !stick_is_medium(e->d_name))
			continue;
		snprintf(path, sizeof(path), "%.255s/size", e->d_name);
		h += hash_file(one, dirfd(dir), path);
	}
	if (dir)
		closedir(dir);
	return h;
}

static int watch(struct lm_monitor *m, int fd, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.fd = fd};

	return epoll_ctl(m->epoll, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

/* Events are a help, not a need: where they cannot be had, the timer does. */
static void watch_events(struct lm_monitor *m)
{
	const char *source = access("/run/udev/control", F_OK) == 0 ? "udev" : "kernel";

	m->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (m->mounts >= 0)
		watch(m, m->mounts, EPOLLPRI);
	m->udev = udev_new();
	m->events = m->udev ? udev_monitor_new_from_netlink(m->udev, source) : NULL;
	if (!m->events)
		return;
	if (udev_monitor_filter_add_match_subsystem_devtype(m->events, "block", NULL) < 0 ||
	    udev_monitor_enable_receiving(m->events) < 0 ||
	    watch(m, udev_monitor_get_fd(m->events), EPOLLIN) < 0)
		m->events = udev_monitor_unref(m->events);
}

int stick_monitor_start(const char *root, struct lm_monitor **monitor, struct lm_error *err)
{
	int ms = *root ? LOOK_TEST_MS : LOOK_MS, ret;
	struct timespec every = {ms / 1000, ms % 1000 * 1000000L};
	struct itimerspec timer = {every, every};
	struct lm_monitor *m = calloc(1, sizeof(*m));

	*monitor = NULL;
	if (!m)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Watching for sticks failed"));
	m->mounts = -1;
	m->timer = -1;
	m->root = strdup(root);
	m->epoll = epoll_create1(EPOLL_CLOEXEC);
	ret = !m->root ? -ENOMEM : m->epoll < 0 ? -errno : 0;
	if (ret)
		goto fail;
	m->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (m->timer < 0 || timerfd_settime(m->timer, 0, &timer, NULL)) {
		ret = -errno;
		goto fail;
	}
	ret = watch(m, m->timer, EPOLLIN);
	if (ret)
		goto fail;
	if (!*root)
		watch_events(m);
	m->seen = look(m);
	*monitor = m;
	return 0;
fail:
	lm_monitor_stop(m);
	return lm_fail(err, ret, NULL, NULL, "%s", _("Watching for sticks failed"));
}

int lm_monitor_start(struct lm_ctx *ctx, struct lm_monitor **monitor, struct lm_error *err)
{
	(void)ctx;
	return stick_monitor_start("", monitor, err);
}

void lm_monitor_stop(struct lm_monitor *m)
{
	if (!m)
		return;
	udev_monitor_unref(m->events);
	udev_unref(m->udev);
	if (m->mounts >= 0)
		close(m->mounts);
	if (m->timer >= 0)
		close(m->timer);
	if (m->epoll >= 0)
		close(m->epoll);
	free(m->root);
	free(m);
}

int lm_monitor_fd(const struct lm_monitor *m)
{
	return m->epoll;
}

/* An event about a medium counts, even if names and sizes are the same: it may be another one. */
static bool drain(struct lm_monitor *m)
{
	struct udev_device *d;
	bool medium = false;
	struct epoll_event e;
	uint64_t ticks;
	int i;

	while (m->events && (d = udev_monitor_receive_device(m->events)) != NULL) {
		const char *name = udev_device_get_sysname(d);

		medium = medium || (name && stick_is_medium(name));
		udev_device_unref(d);
	}
	if (read(m->timer, &ticks, sizeof(ticks)) < 0)
		ticks = 0; /* it was another descriptor that was readable */
	/* Asking is what takes back the kernel's mark on the list of mounts. */
	for (i = 0; i < 8 && epoll_wait(m->epoll, &e, 1, 0) == 1 && e.data.fd == m->mounts; i++)
		continue;
	return medium;
}

bool lm_monitor_changed(struct lm_monitor *m)
{
	bool medium = drain(m);
	uint64_t now = look(m);
	bool changed = medium || now != m->seen;

	m->seen = now;
	return changed;
}

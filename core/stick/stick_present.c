/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stick_present.c - is an opened stick still there? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/stick/stick_priv.h"

/* A device that was pulled keeps its node for a while, and its mounts, but not its place in sysfs. */
static bool device_there(dev_t dev)
{
	char path[64];

	/* Major 0: no block device below (btrfs, tmpfs, overlay, a network). */
	if (major(dev) == 0 || access("/sys/dev/block", F_OK) != 0)
		return true;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	return access(path, F_OK) == 0;
}

static bool folder_there(const struct lm_stick *s)
{
	char *live = stick_join(s->mountpoint, s->live_dir);
	struct stat st;
	bool there;

	if (!live)
		return true;
	there = stat(live, &st) == 0 ? device_there(st.st_dev)
				     : errno != ENOENT && errno != ENOTDIR && errno != ENODEV &&
					       errno != EIO && errno != ENOTCONN;
	free(live);
	return there;
}

static bool file_there(const struct lm_stick *s)
{
	const char *path = s->device ? s->device : s->given;
	struct stat st;

	if (stat(path, &st))
		return errno != ENOENT && errno != ENOTDIR && errno != ENXIO && errno != ENODEV;
	return device_there(S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev);
}

int lm_stick_present(struct lm_stick *stick, struct lm_error *err)
{
	bool there = stick->mountpoint ? folder_there(stick) : file_there(stick);

	if (there)
		return 0;
	lm_fail(err, -ENODEV, stick->given, _("Plug it in or mount it again."), "%s",
		_("The stick is gone"));
	if (err)
		snprintf(err->why, sizeof(err->why), "%s",
			 _("It was pulled out, unmounted or removed."));
	return -ENODEV;
}

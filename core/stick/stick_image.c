/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stick inside a disk image, or on a block device that is not mounted. */
#include <errno.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/stick/stick_priv.h"

int stick_open_image(struct lm_stick *s, const char *path, struct lm_error *err)
{
	(void)s;
	return lm_refuse(err, -EMEDIUMTYPE, path, _("Mount it and give the mount point."),
			 _("it is not mounted"), "%s", _("The stick cannot be opened"));
}

int stick_open_device(struct lm_stick *s, const char *path, dev_t rdev, struct lm_error *err)
{
	char *mount = stick_mount_of(rdev);
	int ret;

	if (!mount)
		return stick_open_image(s, path, err);
	ret = stick_open_folder(s, mount, err);
	free(mount);
	return ret;
}

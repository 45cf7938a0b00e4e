/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live media among the block devices. */
#include <errno.h>
#include <libudev.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/stick/stick_priv.h"
#include "core/text.h"

void lm_found_free(struct lm_found *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(list[i].path);
		free(list[i].label);
		free(list[i].model);
		free(list[i].fstype);
		free(list[i].contents);
		free(list[i].headline);
	}
	free(list);
}

struct finding {
	struct lm_found *list;
	size_t count;
	char *booted; /* device of the booted stick, not to be listed twice */
};

static char *contents_of(const struct lm_stick *s)
{
	const struct stick_overlay *o = s->n_overlays ? &s->overlays[0] : NULL;
	const char *base = s->container == STICK_SQUASHFS ? _("squashfs image")
			   : s->container == STICK_EROFS  ? _("erofs image")
			   : s->container == STICK_BARE	  ? _("plain root image")
							  : _("no image");

	return text_format("%s%s%s%s", base,
			   !o ? _(", no overlay")
			   : o->kind == LM_OVERLAY_OVERLAYFS ? _(", overlayfs")
							     : _(", overlay"),
			   s->n_overlays > 1 ? _(" and another") : "",
			   s->home_path ? _(", home") : "");
}

static int add(struct finding *f, const struct lm_stick *s, const char *path)
{
	struct lm_found *grown = reallocarray(f->list, f->count + 1, sizeof(*grown)), *n;

	if (!grown)
		return -ENOMEM;
	f->list = grown;
	n = &grown[f->count];
	memset(n, 0, sizeof(*n));
	n->booted = !path;
	n->path = text_dup(path);
	n->label = s->label[0] ? text_dup(s->label) : NULL;
	n->model = s->model[0] ? text_dup(s->model) : NULL;
	n->fstype = s->fstype[0] ? text_dup(s->fstype) : NULL;
	n->size_bytes = s->part_bytes;
	n->contents = contents_of(s);
	f->count++;
	return (path && !n->path) || !n->contents ? -ENOMEM : 0;
}

bool stick_is_medium(const char *name)
{
	static const char *const not_these[] = { "loop", "ram", "zram", "dm-", "sr", "fd", "nbd" };
	size_t i;

	for (i = 0; i < sizeof(not_these) / sizeof(not_these[0]); i++) {
		size_t n = strlen(not_these[i]);

		if (strncmp(name, not_these[i], n) == 0 && strcmp(not_these[i], "sr") != 0)
			return false;
	}
	return true;
}

static int try_device(struct lm_ctx *ctx, struct finding *f, const char *syspath,
		      struct udev *udev)
{
	struct udev_device *d = udev_device_new_from_syspath(udev, syspath);
	const char *node, *name;
	struct lm_stick *s = NULL;
	int ret = 0;

	node = d ? udev_device_get_devnode(d) : NULL;
	name = d ? udev_device_get_sysname(d) : NULL;
	if (node && name && stick_is_medium(name) && !(f->booted && strcmp(f->booted, node) == 0) &&
	    lm_stick_open(ctx, node, &s, NULL) == 0) {
		ret = add(f, s, node);
		lm_stick_close(s);
	}
	udev_device_unref(d);
	return ret;
}

int lm_find(struct lm_ctx *ctx, struct lm_found **list, size_t *count, struct lm_error *err)
{
	struct udev_list_entry *entry;
	struct udev_enumerate *all = NULL;
	struct finding f = { 0 };
	struct lm_stick *s = NULL;
	struct udev *udev;
	int ret = 0;

	*list = NULL;
	*count = 0;
	udev = udev_new();
	if (!udev)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Looking for sticks failed"));
	if (stick_open_booted(ctx, "", &s, NULL) == 0) {
		ret = add(&f, s, NULL);
		if (!ret && s->device) {
			f.booted = strdup(s->device);
			ret = f.booted ? 0 : -ENOMEM;
		}
		lm_stick_close(s);
	}
	all = udev_enumerate_new(udev);
	if (!all)
		ret = -ENOMEM;
	if (!ret) {
		udev_enumerate_add_match_subsystem(all, "block");
		udev_enumerate_scan_devices(all);
		udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(all))
		{
			ret = try_device(ctx, &f, udev_list_entry_get_name(entry), udev);
			if (ret)
				break;
		}
	}
	udev_enumerate_unref(all);
	udev_unref(udev);
	free(f.booted);
	if (ret) {
		lm_found_free(f.list, f.count);
		return lm_fail(err, ret, NULL, NULL, "%s", _("Looking for sticks failed"));
	}
	*list = f.list;
	*count = f.count;
	return 0;
}

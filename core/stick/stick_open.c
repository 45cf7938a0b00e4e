/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/stick/stick_priv.h"
#include "core/text.h"

static const char as_root[] = N_("Run livemend as root, or make it readable for yourself.");

static int open_failed(struct lm_stick *s, int ret, struct lm_error *err)
{
	if (ret == -EACCES || ret == -EPERM) {
		lm_fail(err, ret, s->given, _(as_root), "%s", _("Opening the stick failed"));
		if (err)
			err->outcome = LM_REFUSED;
		return ret;
	}
	return lm_fail(err, ret, s->given, NULL, "%s", _("Opening the stick failed"));
}

void stick_forget(struct lm_stick *s)
{
	size_t i;

	for (i = 0; i < s->n_overlays; i++) {
		free(s->overlays[i].path);
		free(s->overlays[i].dm_name);
	}
	free(s->overlays);
	stick_boot_free(s->boot);
	s->boot = NULL;
	free(s->base_path);
	free(s->osmin_path);
	free(s->home_path);
	free(s->live_dir);
	s->overlays = NULL;
	s->n_overlays = 0;
	s->base_path = s->osmin_path = s->home_path = s->live_dir = NULL;
	io_close(s->io);
	s->io = NULL;
	free(s->mountpoint);
	s->mountpoint = NULL;
}

void lm_stick_close(struct lm_stick *s)
{
	if (!s)
		return;
	stick_forget(s);
	free(s->device);
	free(s->given);
	free(s->shown);
	free(s);
}

const char *lm_stick_path(const struct lm_stick *stick)
{
	return stick->shown;
}

/*
 * The live directory itself was given: the stick begins one above it. Where
 * that is another file system, the directory is the whole stick.
 */
static char *top_of_live_dir(const char *real)
{
	char *copy = strdup(real), *parent = NULL;
	struct stat a, b;

	if (!copy)
		return NULL;
	if (strcasecmp(basename(copy), "LiveOS") == 0) {
		strcpy(copy, real);
		parent = strdup(dirname(copy));
		if (parent && (stat(real, &a) || stat(parent, &b) || a.st_dev != b.st_dev)) {
			free(parent);
			parent = NULL;
		}
	}
	free(copy);
	return parent;
}

int stick_open_folder(struct lm_stick *s, const char *path, struct lm_error *err)
{
	char *real, *top = NULL, *name = NULL;
	bool whole;
	struct stat st;
	int ret;

	real = realpath(path, NULL);
	if (!real)
		return open_failed(s, -errno, err);
	top = top_of_live_dir(real);
	if (top) {
		name = strdup(strrchr(real, '/') + 1);
		ret = name ? io_dir_open_readonly(top, &s->io) : -ENOMEM;
		/* Not allowed to look above: then this directory is all there is. */
		if (ret == -EACCES) {
			free(top);
			free(name);
			top = name = NULL;
		}
	}
	if (!top)
		ret = io_dir_open_readonly(real, &s->io);
	if (ret) {
		ret = open_failed(s, ret, err);
		goto out;
	}
	s->mountpoint = top ? top : real;
	if (top)
		top = NULL;
	else
		real = NULL;
	if (stat(s->mountpoint, &st)) {
		ret = open_failed(s, -errno, err);
		goto out;
	}
	ret = stick_scan(s, name, NULL, err);
	if (ret)
		goto out;
	whole = stick_is_mount_root(s->mountpoint);
	stick_identify(s, st.st_dev);
	if (!whole) {
		/* The label of the disk that a plain folder lies on says nothing about it. */
		s->label[0] = s->uuid[0] = s->model[0] = '\0';
		s->part_bytes = 0;
	}
	stick_sort_overlays(s);
out:
	free(real);
	free(top);
	free(name);
	return ret;
}

static int open_by_type(struct lm_stick *s, const char *path, struct lm_error *err)
{
	struct stat st;

	if (stat(path, &st)) {
		int code = -errno;

		if (code == -ENOENT || code == -ENOTDIR)
			return lm_refuse(err, -ENOENT, path,
					 _("Check the spelling; `lsblk -f` lists block devices and "
					   "where they are mounted."),
					 _("there is no such file or directory"), "%s",
					 _("Opening the stick failed"));
		return open_failed(s, code, err);
	}
	if (S_ISDIR(st.st_mode))
		return stick_open_folder(s, path, err);
	if (S_ISREG(st.st_mode))
		return stick_open_image(s, path, err);
	if (S_ISBLK(st.st_mode))
		return stick_open_device(s, path, st.st_rdev, err);
	return lm_refuse(err, -EMEDIUMTYPE, path,
			 _("Give the top directory of a live stick, its disk image or .iso, or its "
			   "block device."),
			 _("it is neither a directory, nor a file, nor a block device"), "%s",
			 _("This is no live stick"));
}

static struct lm_stick *new_stick(struct lm_ctx *ctx, const char *given)
{
	struct lm_stick *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->ctx = ctx;
	s->given = strdup(given);
	s->shown = text_dup(given);
	if (!s->given || !s->shown) {
		lm_stick_close(s);
		return NULL;
	}
	return s;
}

static int stick_open(struct lm_ctx *ctx, const char *path, struct lm_stick **stick,
		      struct lm_error *err)
{
	struct lm_stick *s;
	int ret;

	*stick = NULL;
	if (!path)
		return stick_open_booted(ctx, "", stick, err);
	if (!*path)
		return lm_refuse(err, -ENOENT, NULL, NULL, _("the name is empty"), "%s",
				 _("Opening the stick failed"));
	s = new_stick(ctx, path);
	if (!s)
		return lm_fail(err, -ENOMEM, path, NULL, "%s", _("Opening the stick failed"));
	ret = open_by_type(s, path, err);
	if (ret) {
		lm_stick_close(s);
		return ret;
	}
	*stick = s;
	return 0;
}

int lm_stick_open(struct lm_ctx *ctx, const char *path, struct lm_stick **stick,
		  struct lm_error *err)
{
	unsigned before = lm_files_short();
	int ret = stick_open(ctx, path, stick, err);

	if (lm_files_short() == before)
		return ret;
	lm_stick_close(*stick);
	*stick = NULL;
	return lm_files_fail(err, path);
}

/* The value of a word of the kernel command line, in new memory; NULL when it is not there. */
static char *boot_option(const char *cmdline, const char *key)
{
	size_t n = strlen(key);
	const char *p = cmdline;

	while (*p) {
		size_t len = strcspn(p, " \n");

		if (len > n && strncmp(p, key, n) == 0 && p[n] == '=')
			return strndup(p + n + 1, len - n - 1);
		p += len;
		p += strspn(p, " \n");
	}
	return NULL;
}

static void read_cmdline(const char *root, char *buf, size_t cap)
{
	char path[512];
	size_t n = 0;
	FILE *f;

	buf[0] = '\0';
	if (snprintf(path, sizeof(path), "%s/proc/cmdline", root) >= (int)sizeof(path))
		return;
	f = fopen(path, "re");
	if (!f)
		return;
	n = fread(buf, 1, cap - 1, f);
	buf[n] = '\0';
	fclose(f);
}

int stick_open_booted(struct lm_ctx *ctx, const char *root, struct lm_stick **stick,
		      struct lm_error *err)
{
	/* dracut's place, and the one of the initramfs of Fedora before it. */
	static const char *const places[] = { "/run/initramfs/live", "/mnt/live" };
	char cmdline[4096], path[512], *dir, *squashimg;
	struct lm_stick *s = NULL;
	struct stat st;
	size_t i;
	int ret;

	*stick = NULL;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (snprintf(path, sizeof(path), "%s%s", root, places[i]) >= (int)sizeof(path))
			return -ENAMETOOLONG;
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			break;
	}
	if (i == sizeof(places) / sizeof(places[0])) {
		snprintf(path, sizeof(path), "%s/run/live/medium", root);
		if (stat(path, &st) == 0)
			return lm_refuse(err, -EMEDIUMTYPE, path,
					 _("Name the stick to work on."),
					 _("this system was booted in the manner of Debian's live "
					   "media, which have no LiveOS overlay"),
					 "%s", _("There is no booted live stick"));
		return lm_refuse(err, -ENODEV, NULL,
				 _("Name the stick: its directory, block device or image. "
				   "`livemend practice DIR` makes one to try."),
				 _("this system was not booted from a live stick: there is no "
				   "/run/initramfs/live"),
				 "%s", _("There is no booted live stick"));
	}
	s = new_stick(ctx, path);
	if (!s)
		return lm_fail(err, -ENOMEM, path, NULL, "%s", _("Opening the stick failed"));
	read_cmdline(root, cmdline, sizeof(cmdline));
	dir = boot_option(cmdline, "rd.live.dir");
	squashimg = boot_option(cmdline, "rd.live.squashimg");
	if (dir)
		memmove(dir, dir + strspn(dir, "/"), strlen(dir + strspn(dir, "/")) + 1);
	s->access = STICK_BOOTED;
	s->mountpoint = realpath(path, NULL);
	ret = s->mountpoint ? io_dir_open_readonly(s->mountpoint, &s->io) : -errno;
	if (ret)
		ret = open_failed(s, ret, err);
	else
		ret = stick_scan(s, dir && *dir && !strstr(dir, "..") ? dir : NULL,
				 squashimg && !strchr(squashimg, '/') ? squashimg : NULL, err);
	free(dir);
	free(squashimg);
	if (ret) {
		lm_stick_close(s);
		return ret;
	}
	stick_identify(s, st.st_dev);
	stick_sort_overlays(s);
	*stick = s;
	return 0;
}

int stick_free_bytes(struct lm_stick *stick, uint64_t *bytes)
{
	struct io_fsinfo info;
	int ret = io_fsinfo(stick->io, &info);

	*bytes = ret ? 0 : info.free_bytes;
	return ret;
}

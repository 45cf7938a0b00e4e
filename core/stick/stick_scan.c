/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What lies where on a stick, told from names and magic numbers only. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/bytes.h"
#include "core/ctx.h"
#include "core/dm/dm.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/stick/stick_priv.h"

#define MAX_OVERLAYS 64 /* a directory may hold anything; nobody has so many */

static const char overlay_prefix[] = "overlay-";

/* Names of the base, the first that is there being used; dracut's dmsquash-live and before. */
static const char *const base_names[] = { "squashfs.img", "rootfs.img", "ext3fs.img", "os.img" };

char *stick_join(const char *dir, const char *name)
{
	size_t a = strlen(dir), b = strlen(name);
	bool top = strcmp(dir, ".") == 0;
	char *path = malloc(a + b + 2);

	if (!path)
		return NULL;
	if (top) {
		memcpy(path, name, b + 1);
	} else {
		memcpy(path, dir, a);
		path[a] = '/';
		memcpy(path + a + 1, name, b + 1);
	}
	return path;
}

struct match {
	const char *want;
	enum io_kind kind;
	char *exact, *folded;
	bool no_memory;
};

static int match_name(void *arg, const char *name, enum io_kind kind)
{
	struct match *m = arg;

	if (kind != m->kind || strcasecmp(name, m->want) != 0)
		return 0;
	if (strcmp(name, m->want) == 0) {
		m->exact = strdup(name);
		m->no_memory = !m->exact;
		return 1;
	}
	if (!m->folded) {
		m->folded = strdup(name);
		m->no_memory = !m->folded;
	}
	return m->no_memory;
}

int stick_find_entry(struct io *io, const char *dir, const char *want, enum io_kind kind,
		     char **path)
{
	struct match m = { .want = want, .kind = kind };
	int ret;

	*path = NULL;
	ret = io_list(io, dir, match_name, &m);
	if (m.no_memory)
		ret = -ENOMEM;
	if (ret >= 0) {
		const char *name = m.exact ? m.exact : m.folded;

		ret = 0;
		if (name) {
			*path = stick_join(dir, name);
			ret = *path ? 0 : -ENOMEM;
		}
	}
	free(m.exact);
	free(m.folded);
	return ret;
}

static int find_base(struct lm_stick *s, const char *squashimg)
{
	size_t i;
	int ret;

	if (squashimg) {
		ret = stick_find_entry(s->io, s->live_dir, squashimg, IO_REGULAR, &s->base_path);
		if (ret || s->base_path)
			return ret;
	}
	for (i = 0; i < sizeof(base_names) / sizeof(base_names[0]); i++) {
		ret = stick_find_entry(s->io, s->live_dir, base_names[i], IO_REGULAR, &s->base_path);
		if (ret || s->base_path)
			return ret;
	}
	return 0;
}

/* What an unreadable or short file is cannot be told: it is then taken for a bare image. */
static enum stick_container container_of_base(struct lm_stick *s)
{
	unsigned char head[1028];
	struct io_file *file;
	ssize_t n;

	if (!s->base_path)
		return STICK_NO_BASE;
	if (io_open(s->io, s->base_path, IO_READ, &file))
		return strcasestr(s->base_path, "squashfs") ? STICK_SQUASHFS : STICK_BARE;
	n = io_pread(file, head, sizeof(head), 0);
	io_file_close(file);
	if (n >= 4 && memcmp(head, "hsqs", 4) == 0)
		return STICK_SQUASHFS;
	if (n == sizeof(head) && get_le32(head + 1024) == 0xe0f5e1e2u)
		return STICK_EROFS;
	/* A SquashFS with a broken start is still meant to be one. */
	if (strcasestr(s->base_path, "squashfs"))
		return STICK_SQUASHFS;
	return STICK_BARE;
}

/* Of a file named overlay-*: a dm-snapshot store, or a file system for overlayfs? */
static enum lm_overlay_kind kind_of_file(struct lm_stick *s, const char *path)
{
	unsigned char head[2048];
	struct io_file *file;
	ssize_t n;

	if (io_open(s->io, path, IO_READ, &file))
		return LM_OVERLAY_DM_SNAPSHOT;
	n = io_pread(file, head, sizeof(head), 0);
	io_file_close(file);
	if (n != sizeof(head) || memcmp(head, "SnAp", 4) == 0)
		return LM_OVERLAY_DM_SNAPSHOT;
	if (get_le16(head + 1024 + 56) == 0xef53 || memcmp(head, "XFSB", 4) == 0)
		return LM_OVERLAY_OVERLAYFS;
	return LM_OVERLAY_DM_SNAPSHOT;
}

static int add_overlay(void *arg, const char *name, enum io_kind kind)
{
	struct lm_stick *s = arg;
	struct stick_overlay *grown, *o;

	if (strncasecmp(name, overlay_prefix, sizeof(overlay_prefix) - 1) != 0 ||
	    (kind != IO_REGULAR && kind != IO_DIRECTORY))
		return 0;
	if (s->n_overlays == MAX_OVERLAYS) {
		ctx_log(s->ctx, LM_LOG_WARN, _("%s: more than %d overlays, the rest is left out"),
			s->live_dir, MAX_OVERLAYS);
		return 1;
	}
	grown = reallocarray(s->overlays, s->n_overlays + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->overlays = grown;
	o = &s->overlays[s->n_overlays];
	memset(o, 0, sizeof(*o));
	o->path = stick_join(s->live_dir, name);
	if (!o->path)
		return -ENOMEM;
	s->n_overlays++;
	o->kind = kind == IO_DIRECTORY ? LM_OVERLAY_OVERLAYFS : kind_of_file(s, o->path);
	return 0;
}

static int find_attached(struct lm_stick *s)
{
	struct dm_use use;
	struct io_stat st;
	size_t i;

	for (i = 0; i < s->n_overlays; i++) {
		struct stick_overlay *o = &s->overlays[i];

		if (io_stat(s->io, o->path, &st) || st.kind != IO_REGULAR || !st.ino)
			continue;
		/* What a livemend that was killed has left there is no use of it. */
		if (dm_find_use(st.dev, st.ino, &use) != 1 || use.leftover)
			continue;
		o->attached = true;
		o->quiet = use.readonly;
		o->dm_name = strdup(use.dm_name[0] ? use.dm_name : use.loop);
		if (!o->dm_name)
			return -ENOMEM;
	}
	return 0;
}

/* dracut looks for overlay-LABEL-UUID of the very partition it boots from. */
static bool is_own_overlay(const struct lm_stick *s, const struct stick_overlay *o)
{
	const char *slash = strrchr(o->path, '/');
	const char *name = (slash ? slash + 1 : o->path) + sizeof(overlay_prefix) - 1;
	size_t l = strlen(s->label);

	return s->uuid[0] && strncasecmp(name, s->label, l) == 0 && name[l] == '-' &&
	       strcasecmp(name + l + 1, s->uuid) == 0;
}

static unsigned rank_of(const struct lm_stick *s, const struct stick_overlay *o)
{
	if (o->attached)
		return 0;
	if (s->boot && s->boot->overlay && strcmp(s->boot->overlay, o->path) == 0)
		return 1;
	if (is_own_overlay(s, o))
		return 2;
	return o->kind == LM_OVERLAY_DM_SNAPSHOT ? 3 : 4;
}

static int compare_overlays(const void *a, const void *b, void *arg)
{
	const struct stick_overlay *x = a, *y = b;
	unsigned rx = rank_of(arg, x), ry = rank_of(arg, y);

	if (rx != ry)
		return rx < ry ? -1 : 1;
	return strcmp(x->path, y->path);
}

void stick_sort_overlays(struct lm_stick *s)
{
	/* Without memory for it the order is the one of the names; nothing else rests on it. */
	(void)stick_boot_judge(s);
	if (s->n_overlays > 1)
		qsort_r(s->overlays, s->n_overlays, sizeof(*s->overlays), compare_overlays, s);
}

static const char *other_system(struct lm_stick *s)
{
	struct io_stat st;

	if (io_stat(s->io, "live/filesystem.squashfs", &st) == 0)
		return _("it is a live medium in the manner of Debian (live/filesystem.squashfs), "
			 "which has no LiveOS overlay");
	if (io_stat(s->io, "casper", &st) == 0)
		return _("it is a live medium in the manner of Ubuntu (casper/), which has no "
			 "LiveOS overlay");
	if (io_stat(s->io, "arch", &st) == 0)
		return _("it is a live medium in the manner of Arch Linux (arch/), which has no "
			 "LiveOS overlay");
	return _("there is neither a LiveOS/ directory nor a squashfs.img or rootfs.img");
}

static int refuse(struct lm_stick *s, const char *why, struct lm_error *err)
{
	return lm_refuse(err, -EMEDIUMTYPE, s->given,
			 _("Give the top directory of a live stick (the one that holds LiveOS/), "
			   "its disk image or .iso, or its block device."),
			 why, "%s", _("This is no live stick"));
}

static int choose_live_dir(struct lm_stick *s, const char *dir)
{
	static const char *const names[] = { "LiveOS", "sysroot" };
	struct io_stat st;
	size_t i;
	int ret;

	if (dir && io_stat(s->io, dir, &st) == 0 && st.kind == IO_DIRECTORY) {
		s->live_dir = strdup(dir);
		return s->live_dir ? 0 : -ENOMEM;
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ret = stick_find_entry(s->io, ".", names[i], IO_DIRECTORY, &s->live_dir);
		if (ret)
			return ret;
		if (!s->live_dir)
			continue;
		ret = find_base(s, NULL);
		/* "sysroot" alone is a common name. */
		if (ret || s->base_path || i == 0)
			return ret;
		free(s->live_dir);
		s->live_dir = NULL;
	}
	s->live_dir = strdup(".");
	return s->live_dir ? 0 : -ENOMEM;
}

int stick_scan(struct lm_stick *s, const char *dir, const char *squashimg, struct lm_error *err)
{
	char *boot_dir = NULL, *boot_image = NULL, *record;
	bool own_dir = false;
	struct io_stat st;
	int ret;

	ret = stick_boot_load(s);
	if (!ret && !dir && !squashimg) {
		ret = stick_boot_dir(s, &boot_dir, &boot_image);
		dir = boot_dir;
		squashimg = boot_image;
	}
	if (!ret)
		ret = choose_live_dir(s, dir);
	if (ret)
		goto fail;
	own_dir = strcmp(s->live_dir, ".") != 0;
	free(s->base_path);
	s->base_path = NULL;
	ret = find_base(s, squashimg);
	if (ret)
		goto fail;
	s->container = container_of_base(s);
	ret = stick_find_entry(s->io, s->live_dir, "osmin.img", IO_REGULAR, &s->osmin_path);
	if (!ret)
		ret = stick_find_entry(s->io, s->live_dir, "home.img", IO_REGULAR, &s->home_path);
	if (!ret)
		ret = io_list(s->io, s->live_dir, add_overlay, s);
	if (ret < 0)
		goto fail;
	ret = find_attached(s);
	if (ret)
		goto fail;
	free(boot_dir);
	free(boot_image);
	if (s->base_path)
		return 0;
	if (!own_dir)
		return refuse(s, other_system(s), err);
	/* Half a stick is one all the same when there is something to lose on it. */
	record = stick_join(s->live_dir, "livemend");
	if (!record) {
		ret = -ENOMEM;
		boot_dir = boot_image = NULL;
		goto fail;
	}
	if (!s->n_overlays && !s->home_path && io_stat(s->io, record, &st))
		ret = refuse(s, _("its LiveOS/ holds neither a root image nor an overlay"), err);
	free(record);
	return ret;
fail:
	free(boot_dir);
	free(boot_image);
	return lm_fail(err, ret, s->given,
		       ret == -EACCES ? _("Run livemend as root, or make it readable for yourself.")
				      : NULL,
		       "%s", _("Looking for the live system failed"));
}

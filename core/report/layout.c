/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What lies on what: partition, files, what is inside them, loop and dm devices, mounts. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/dm/status.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/stick/stick.h"
#include "core/text.h"

#define MAX_DEPTH 8

void lm_layout_free(struct lm_node *n)
{
	while (n) {
		struct lm_node *next = n->next;

		lm_layout_free(n->child);
		free(n->name);
		free(n->type);
		free(n->detail);
		free(n->where);
		free(n);
		n = next;
	}
}

/* Appends a child (or makes a root, with parent NULL). Texts are made printable. */
static struct lm_node *layout_add(struct lm_node *parent, const char *type, const char *name,
				  const char *detail, const char *where, uint64_t size)
{
	struct lm_node *n = calloc(1, sizeof(*n)), **end;

	if (!n)
		return NULL;
	n->type = strdup(type);
	n->name = text_dup(name);
	n->detail = text_dup(detail);
	n->where = where && *where ? text_dup(where) : NULL;
	n->size_bytes = size;
	if (!n->type || !n->name || (detail && !n->detail) || (where && *where && !n->where)) {
		lm_layout_free(n);
		return NULL;
	}
	if (parent) {
		for (end = &parent->child; *end; end = &(*end)->next)
			;
		*end = n;
	}
	return n;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

struct kernel {
	const struct lm_ctx *ctx;
	struct dm_node *nodes;
	struct dm_loop *loops;
	unsigned n_nodes, n_loops;
};

/* "dm snapshot", "dm mirror 45%": what the device is, and how far; without root only "dm". */
static void target_words(const struct kernel *k, const char *name, char words[64])
{
	struct dm_target_status *list = NULL;
	unsigned count = 0;

	(void)dm_status_read(k->ctx, name, &list, &count, NULL);
	dm_status_words(list, count, words);
	free(list);
}

static int layout_holders(struct lm_node *below, const char *node, const struct kernel *k,
			  unsigned depth)
{
	struct lm_node *n, *m;
	unsigned i, j;
	char words[64];

	if (depth == MAX_DEPTH)
		return 0;
	for (i = 0; i < k->n_nodes; i++) {
		const struct dm_node *d = &k->nodes[i];

		for (j = 0; j < d->n_below; j++) {
			if (strcmp(d->below[j], node) != 0)
				continue;
			target_words(k, d->name, words);
			n = layout_add(below, "dm", d->name, words, NULL, d->size_bytes);
			if (!n)
				return -ENOMEM;
			m = d->mountpoint[0]
				    ? layout_add(n, "mount", d->mountpoint, NULL, d->mountpoint, 0)
				    : n;
			if (!m || layout_holders(n, d->node, k, depth + 1))
				return -ENOMEM;
			break;
		}
	}
	return 0;
}

/* The loop device that the kernel has on a file, and what stands on it. */
static int layout_loop(struct lm_stick *stick, struct lm_node *file, const char *path,
		       const struct kernel *k)
{
	struct lm_node *n;
	struct io_stat st;
	struct dm_use use;
	unsigned i;

	if (io_stat(stick->io, path, &st) || !st.ino || dm_find_use(st.dev, st.ino, &use) != 1)
		return 0;
	for (i = 0; i < k->n_loops; i++) {
		const struct dm_loop *l = &k->loops[i];

		if (strcmp(l->name, use.loop) != 0)
			continue;
		n = layout_add(file, "loop", l->name, NULL, NULL, l->size_bytes);
		if (!n)
			return -ENOMEM;
		n->readonly = l->readonly;
		if (l->mountpoint[0] &&
		    !layout_add(n, "mount", l->mountpoint, NULL, l->mountpoint, 0))
			return -ENOMEM;
		return layout_holders(n, l->name, k, 0);
	}
	return 0;
}

static struct lm_node *layout_file(struct lm_stick *stick, struct lm_node *top, const char *path,
				   const char *detail, const struct kernel *k)
{
	struct lm_node *n;
	struct io_stat st;

	memset(&st, 0, sizeof(st));
	if (io_stat(stick->io, path, &st) == 0 && st.kind != IO_REGULAR)
		st.size_bytes = 0;
	n = layout_add(top, "file", last_part(path), detail, path, st.size_bytes);
	if (n && layout_loop(stick, n, path, k))
		return NULL;
	return n;
}

static const char *overlay_detail(enum lm_overlay_kind kind)
{
	return kind == LM_OVERLAY_OVERLAYFS ? "overlayfs" : "dm-snapshot";
}

/* The configuration by which the next boot goes, with what it says. */
static int layout_boot(struct lm_stick *stick, struct lm_node *top)
{
	const struct stick_boot *b = stick->boot;
	struct lm_node *n;
	const char *path;
	struct io_stat st;
	char *detail;

	if (!b || !b->text)
		return 0;
	path = b->menus.list[b->menu].file;
	if (io_stat(stick->io, path, &st) || st.kind != IO_REGULAR)
		st.size_bytes = 0;
	switch (b->uses) {
	case LM_BOOT_OVERLAY:
		detail = text_format(_("next boot: %s"), last_part(b->overlay));
		break;
	case LM_BOOT_ELSEWHERE:
		detail = text_format(_("next boot: an overlay on %s"), b->device);
		break;
	case LM_BOOT_IMAGE:
		detail = text_dup(_("next boot: the image itself"));
		break;
	default:
		detail = text_dup(_("next boot: memory only"));
		break;
	}
	n = detail ? layout_add(top, "boot", last_part(path), detail, path, st.size_bytes) : NULL;
	free(detail);
	return n ? 0 : -ENOMEM;
}

static int layout_files(struct lm_stick *stick, struct lm_node *top, const struct kernel *k)
{
	struct stick_look look;
	char detail[64] = "";
	struct lm_node *base = NULL, *inner;
	size_t i;
	int ret;

	ret = stick_look_open(stick, 0, &look, NULL);
	if (ret)
		return ret;
	ret = -ENOMEM;
	if (stick->base_path) {
		const char *root_fs = look.base_fs ? fs_info(look.base_fs)->type : "";

		if (look.image)
			snprintf(detail, sizeof(detail), "squashfs %s",
				 image_info(look.image)->compression);
		else
			snprintf(detail, sizeof(detail), "%s",
				 stick->container == STICK_SQUASHFS ? "squashfs"
				 : stick->container == STICK_EROFS  ? "erofs"
								    : root_fs);
		base = layout_file(stick, top, stick->base_path, detail, k);
		if (!base)
			goto out;
		if (look.image && image_info(look.image)->root_path[0]) {
			inner = layout_add(base, "image",
					   last_part(image_info(look.image)->root_path), root_fs,
					   image_info(look.image)->root_path,
					   image_info(look.image)->root_bytes);
			if (!inner)
				goto out;
			inner->readonly = true;
		}
	}
	for (i = 0; i < stick->n_overlays; i++) {
		if (!layout_file(stick, top, stick->overlays[i].path,
				 overlay_detail(stick->overlays[i].kind), k))
			goto out;
	}
	if (stick->osmin_path && !layout_file(stick, top, stick->osmin_path, "squashfs", k))
		goto out;
	if (stick->home_path && !layout_file(stick, top, stick->home_path, "home", k))
		goto out;
	if (layout_boot(stick, top))
		goto out;
	ret = 0;
out:
	stick_look_close(&look);
	return ret;
}

static int layout_read(struct lm_stick *stick, struct lm_node **root, struct lm_error *err)
{
	struct kernel k = {.ctx = stick->ctx};
	struct io_fsinfo info;
	struct lm_node *top;
	const char *name;
	char detail[128];
	int ret;

	*root = NULL;
	memset(&info, 0, sizeof(info));
	/* What the kernel does not tell is left out: the files are still worth showing. */
	(void)dm_list(&k.nodes, &k.n_nodes);
	(void)dm_list_loops(&k.loops, &k.n_loops);
	(void)io_fsinfo(stick->io, &info);
	snprintf(detail, sizeof(detail), "%s%s%s", info.fstype, stick->label[0] ? " " : "",
		 stick->label);
	name = stick->device ? last_part(stick->device) : stick->given;
	top = layout_add(NULL, stick->access == STICK_IMAGE ? "file" : "part", name, detail,
			 stick->mountpoint ? stick->mountpoint : stick->device,
			 stick->part_bytes ? stick->part_bytes : info.size_bytes);
	ret = top ? layout_files(stick, top, &k) : -ENOMEM;
	if (top)
		top->readonly = info.readonly;
	free(k.nodes);
	free(k.loops);
	if (ret) {
		lm_layout_free(top);
		return lm_fail(err, ret, stick->given, NULL, "%s", _("Reading the layout failed"));
	}
	*root = top;
	return 0;
}

int lm_layout_read(struct lm_stick *stick, struct lm_node **root, struct lm_error *err)
{
	unsigned before = lm_files_short();
	int ret = layout_read(stick, root, err);

	if (lm_files_short() == before)
		return ret;
	lm_layout_free(*root);
	*root = NULL;
	return lm_files_fail(err, stick->given);
}

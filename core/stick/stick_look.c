/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base and overlay of a stick opened for looking. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/stick/stick_priv.h"
#include "core/text.h"
#include "core/view/view.h"

/* The first trouble is the one that explains the others. */
static void keep_trouble(struct stick_look *look, const struct lm_error *err)
{
	if (!look->trouble.code)
		look->trouble = *err;
}

static void open_failed(struct stick_look *look, int code, const char *path)
{
	struct lm_error e;

	lm_fail(&e, code, path,
		code == -EACCES ? _("Run livemend as root, or make it readable for yourself.") :
				  NULL,
		"%s", _("Opening the file failed"));
	keep_trouble(look, &e);
}

/* What stands in a stick->path of our own is raw; messages are made printable by lm_fail(). */
static void open_base(const struct stick_pair *s, struct stick_look *look)
{
	struct lm_error e = { 0 };
	int ret;

	if (!s->base) {
		lm_fail(&e, -ENOENT, s->live_dir, NULL, "%s", _("There is no root image"));
		lm_because(&e, _("neither squashfs.img nor rootfs.img is there"));
		keep_trouble(look, &e);
		return;
	}
	ret = io_open(s->io, s->base, IO_READ, &look->base_file);
	if (ret) {
		open_failed(look, ret, s->base);
		return;
	}
	switch (s->container) {
	case STICK_SQUASHFS:
		ret = image_open(look->base_file, s->base, &look->image, &e);
		if (!ret && image_info(look->image)->can_read &&
		    !image_info(look->image)->root_path[0])
			ret = lm_refuse(&e, -EOPNOTSUPP, s->base, NULL,
					_("the image holds the system's files themselves, no root "
					  "image; such a system is used with overlayfs"),
					"%s", _("There is no root image to look into"));
		if (!ret)
			ret = image_root_source(look->image, &look->base, &e);
		break;
	case STICK_EROFS:
		ret = lm_refuse(&e, -EOPNOTSUPP, s->base, NULL,
				_("it is an EROFS image, which livemend does not read"), "%s",
				_("The root image cannot be opened"));
		break;
	default:
		ret = io_file_source(look->base_file, false, s->base, 0, 0, &look->base, &e);
		break;
	}
	if (ret)
		keep_trouble(look, &e);
}

static void open_store(const struct stick_pair *s, struct stick_look *look)
{
	const struct stick_overlay *o = s->overlay;
	struct lm_error e = { 0 };
	int ret;

	if (!o || o->kind != LM_OVERLAY_DM_SNAPSHOT)
		return;
	ret = io_open(s->io, o->path, IO_READ, &look->overlay_file);
	if (ret) {
		open_failed(look, ret, o->path);
		return;
	}
	ret = cow_store_open(look->overlay_file, o->path,
			     look->base ? look->base->size_bytes / 512 : 0, &look->store, &e);
	if (ret)
		keep_trouble(look, &e);
}

static void open_view(const struct stick_pair *s, struct stick_look *look)
{
	const struct cow_info *info = look->store ? cow_store_info(look->store) : NULL;
	struct cow_store *store = look->store;
	struct lm_error e = { 0 };
	int ret;

	if (!look->base)
		return;
	if (info && (info->state == LM_STATE_DAMAGED || info->state == LM_STATE_INVALID)) {
		const char *path = s->overlay->path;

		if (info->state == LM_STATE_INVALID) {
			lm_fail(&e, -EUCLEAN, path,
				_("What it holds is still there: keep a copy of the overlay file, "
				  "and change nothing. `livemend doctor` says more."),
				"%s", _("The overlay cannot be used as it is"));
			lm_because(&e, _("the kernel marked it invalid"));
		} else {
			lm_fail(&e, -EUCLEAN, path, NULL, "%s", _("The overlay is damaged"));
			lm_because(&e, "%s", info->trouble);
		}
		keep_trouble(look, &e);
		store = NULL;
	}
	ret = view_open(look->base, store, false, false, &look->view, &e);
	if (ret)
		keep_trouble(look, &e);
}

static void open_fs(struct io_source *src, struct fs **fs, struct stick_look *look)
{
	struct lm_error e = { 0 };

	if (src && fs_open(src, fs, &e))
		keep_trouble(look, &e);
}

/* While an operation is half-way the record may name the image that is about to be, or was. */
static bool is_pending(const struct stick_pair *s)
{
	static const char *const notes[] = { "livemend/" STICK_NOTE, "livemend/" STICK_TWIN };
	struct io_stat st;
	bool none = true;

	for (size_t i = 0; i < 2 && none; i++) {
		char *path = stick_join(s->live_dir, notes[i]);
		int ret = path ? io_stat(s->io, path, &st) : -ENOMEM;

		none = ret == -ENOENT || ret == -ENOTDIR || (ret == 0 && st.kind != IO_REGULAR);
		free(path);
	}
	return !none;
}

static void judge_pairing(const struct stick_pair *s, struct stick_look *look)
{
	const struct cow_info *info = look->store ? cow_store_info(look->store) : NULL;
	bool same = true, recorded = false, matches = true;
	char why[160] = "";

	look->paired = true;
	/* An empty overlay belongs to every base; a damaged one says nothing. */
	if (!info || !info->exceptions || !look->fs || !look->base_fs)
		return;
	if (fs_same(look->base_fs, look->fs, &same, why) == 0 && !same) {
		look->paired = false;
		text_printable(look->pair_why, sizeof(look->pair_why), why);
		return;
	}
	if (stick_pair_read(s, look->image ? image_info(look->image) : NULL, fs_info(look->base_fs),
			    &recorded, &matches, NULL) == 0 &&
	    recorded && !matches && !is_pending(s)) {
		look->paired = false;
		text_printable(look->pair_why, sizeof(look->pair_why),
			       _("the overlay was made for another root image, says the record "
				 "that livemend keeps on the stick"));
	}
}

static void close_merged(struct stick_look *look)
{
	fs_close(look->fs);
	io_source_close(look->view);
	cow_store_close(look->store);
	io_file_close(look->overlay_file);
	look->fs = NULL;
	look->view = NULL;
	look->store = NULL;
	look->overlay_file = NULL;
}

static void open_mounted_fs(struct stick_look *look)
{
	struct io_source *src = look->mounted.device ? look->mounted.device : look->view;
	struct lm_error e = {0};

	if (src &&
	    fs_open_busy(src, look->mounted.device != NULL, look->mounted.top, &look->fs, &e))
		keep_trouble(look, &e);
}

static void open_merged(const struct stick_pair *s, struct stick_look *look)
{
	open_store(s, look);
	open_view(s, look);
	if (!look->base_fs)
		open_fs(look->base, &look->base_fs, look);
	if (look->mounted.mounted && look->view)
		open_mounted_fs(look);
	else
		open_fs(look->view, &look->fs, look);
	look->fs_lost = look->fs && fs_is_lost(look->base_fs, look->fs, look->fs_why);
}

/* While it is written to, what is read may be neither the old nor the new: then once more. */
static void open_until_whole(const struct stick_pair *s, struct stick_look *look)
{
	unsigned tries = s->overlay && s->overlay->attached ? 4 : 1;
	struct lm_error before = look->trouble;

	for (;;) {
		open_merged(s, look);
		tries--;
		if (!tries || look->trouble.code == -ENOMEM)
			return;
		if (look->fs && !look->fs_lost && look->trouble.code == before.code &&
		    fs_busy_settled(look->fs))
			return;
		close_merged(look);
		look->trouble = before;
	}
}

struct stick_pair stick_pair_of(struct lm_stick *stick, size_t overlay)
{
	return (struct stick_pair){
		.ctx = stick->ctx,
		.given = stick->given,
		.io = stick->io,
		.live_dir = stick->live_dir,
		.base = stick->base_path,
		.container = stick->container,
		.overlay = overlay < stick->n_overlays ? &stick->overlays[overlay] : NULL,
	};
}

int stick_look_pair(const struct stick_pair *pair, struct stick_look *look, struct lm_error *err)
{
	memset(look, 0, sizeof(*look));
	look->mounted.top = -1;
	open_base(pair, look);
	if (look->base)
		stick_mounted_open(pair, look->base->size_bytes, &look->mounted);
	open_until_whole(pair, look);
	judge_pairing(pair, look);
	if (look->trouble.code == -ENOMEM) {
		if (err)
			*err = look->trouble;
		stick_look_close(look);
		return -ENOMEM;
	}
	return 0;
}

int stick_look_open(struct lm_stick *stick, size_t overlay, struct stick_look *look,
		    struct lm_error *err)
{
	const struct stick_pair pair = stick_pair_of(stick, overlay);

	return stick_look_pair(&pair, look, err);
}

const char *stick_fs_help(const struct stick_look *look, const char **op)
{
	bool base_lost = !look->base_fs || !fs_info(look->base_fs)->readable;

	if (op)
		*op = base_lost ? NULL : "recover";
	if (base_lost)
		return _("Write the image to the stick anew; the overlay fits only the very same "
			 "image.");
	return _("Recover it: livemend recover looks for a backup of its superblock. livemend reset "
		 "would give up the overlay instead: the system is then as it is in the image, and "
		 "all changes are lost.");
}

void stick_look_close(struct stick_look *look)
{
	close_merged(look);
	stick_mounted_close(&look->mounted);
	fs_close(look->base_fs);
	io_source_close(look->base);
	image_close(look->image);
	io_file_close(look->base_file);
	memset(look, 0, sizeof(*look));
}

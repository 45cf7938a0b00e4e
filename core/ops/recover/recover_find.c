/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recover_find.c - what is the matter with an overlay, and how long it should be */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/recover/recover.h"
#include "core/text.h"
#include "core/view/view.h"

/* A boot of a small system alone takes this much; with less a stick is full again at once. */
#define ROOM_BYTES (16ull << 20)
/* Left free on the stick: for the undo file, the journal, and the stick's own directories. */
#define MARGIN_BYTES (4ull << 20)
/* Less than this is not worth it. */
#define LEAST_GAIN (64ull << 10)

bool recover_any(const struct recover_ills *i)
{
	return i->invalid || i->tail || i->corner || i->no_room || i->cut_table || i->hollow ||
	       i->dirty || i->errors;
}

/* ---- the look ---- */

void recover_unlook(struct recover *r)
{
	fs_close(r->f.fs);
	io_source_close(r->forced);
	if (r->looking)
		stick_look_close(&r->look);
	r->f.fs = NULL;
	r->forced = r->f.view = r->f.base = NULL;
	r->f.base_fs = NULL;
	r->f.store = NULL;
	r->looking = false;
}

/* Pairing was judged without what an unusable overlay holds: once more, with it. */
static int recover_find_judge_pairing(struct recover *r)
{
	struct stick_look *look = &r->look;
	char why[160] = "";
	bool same = true;

	if (!r->forced || !look->base_fs || !fs_info(look->base_fs)->readable ||
	    !fs_info(r->f.fs)->readable || cow_store_info(look->store)->exceptions == 0)
		return 0;
	if (fs_same(look->base_fs, r->f.fs, &same, why) == 0 && !same) {
		look->paired = false;
		text_printable(look->pair_why, sizeof(look->pair_why), why);
	}
	return 0;
}

int recover_look(struct recover *r, const struct stick_pair *pair, struct lm_error *err)
{
	struct stick_look *look = &r->look;
	const struct cow_info *info;
	char why[160];
	int ret;

	recover_unlook(r);
	ret = stick_look_pair(pair, look, err);
	r->looking = ret == 0;
	if (ret < 0)
		return ret;
	if (!look->base || !look->store) {
		if (err)
			*err = look->trouble;
		return look->trouble.code ? look->trouble.code : -EUCLEAN;
	}
	info = cow_store_info(look->store);
	r->f.pair = pair;
	r->f.store = look->store;
	r->f.base = look->base;
	r->f.base_fs = look->base_fs;
	r->f.view = look->view;
	if (info->state == LM_STATE_INVALID || info->state == LM_STATE_DAMAGED) {
		ret = view_open(look->base, look->store, false, true, &r->forced, err);
		r->f.view = r->forced;
	}
	if (ret == 0 && !r->f.view)
		ret = lm_fail(err, -EUCLEAN, pair->given, NULL, "%s",
			      _("Laying the overlay over the root image failed"));
	if (ret == 0)
		ret = fs_open(r->f.view, &r->f.fs, err);
	if (ret < 0)
		return ret;
	/* Where the image itself does not open there is no other half to go by. */
	r->f.lost = look->base_fs && fs_info(look->base_fs)->readable &&
		    fs_is_lost(look->base_fs, r->f.fs, why);
	return recover_find_judge_pairing(r);
}

int recover_look_again(struct recover *r, struct lm_error *err)
{
	struct session *s = r->s;

	s->pair = stick_pair_of(s->stick, 0);
	s->pair.io = s->rw.io;
	return recover_look(r, &s->pair, err);
}

/* ---- what is the matter ---- */

struct faults {
	bool bad, tail, corner, cut;
};

static void on_problem(void *arg, const struct cow_problem *p)
{
	struct faults *f = arg;

	switch (p->fault) {
	case COW_FAULT_HOLE:
	case COW_FAULT_INVALID:
		break;
	case COW_FAULT_STALE_TAIL:
		f->tail = true;
		break;
	case COW_FAULT_EXACT_FIT:
		f->corner = true;
		break;
	case COW_FAULT_TRUNCATED:
		f->cut = true;
		break;
	default:
		f->bad = true;
	}
}

int recover_refusal(const struct recover *r, struct lm_error *err)
{
	const struct session *s = r->s;
	const struct cow_info *info = cow_store_info(r->look.store);
	struct faults f = { 0 };
	int ret = cow_store_check(r->look.store, on_problem, &f, err);

	if (ret < 0)
		return ret;
	if (f.bad)
		return lm_refuse(err, -EUCLEAN, s->overlay,
				 _("If there is a copy of the overlay file, put it back. To look "
				   "for files in it: `livemend doctor` and `livemend export` say "
				   "what can be read. To start without it: `livemend reset`."),
				 info->trouble, "%s",
				 _("This overlay cannot be recovered without guessing"));
	if (info->file_bytes < 4ull * info->chunk_sectors * 512)
		return lm_refuse(err, -EUCLEAN, s->overlay, NULL,
				 _("it is too short to be a snapshot store"), "%s",
				 _("This overlay cannot be recovered"));
	if (!r->look.paired)
		return lm_refuse(err, -EUCLEAN, s->overlay,
				 _("Put the image back that the overlay was used with."),
				 r->look.pair_why, "%s",
				 _("Overlay and image do not belong together"));
	/* Nothing of it is damaged: a copy would only take back what made it what it is. */
	if (r->f.lost && fs_info(r->f.fs)->ext && fs_info(r->f.fs)->state == LM_FS_UNKNOWN)
		return lm_refuse(err, -EOPNOTSUPP, s->overlay,
				 _("Recover it by a newer livemend, with newer e2fsprogs."),
				 fs_info(r->f.fs)->trouble, "%s",
				 _("The root file system cannot be checked"));
	return 0;
}

int recover_find(struct recover *r, const struct io_stat *st, const struct io_fsinfo *info,
		 struct lm_error *err)
{
	const struct cow_info *cow = cow_store_info(r->look.store);
	const struct fs_info *fs = fs_info(r->f.fs);
	uint64_t missing = st->size_bytes > st->on_disk_bytes ? st->size_bytes - st->on_disk_bytes :
								0;
	struct faults f = { 0 };
	uint64_t room;
	int ret = cow_store_check(r->look.store, on_problem, &f, err);

	if (ret < 0)
		return ret;
	room = cow->room_chunks * cow->chunk_sectors * 512;
	r->ills = (struct recover_ills){
		.invalid = !cow->valid,
		.tail = f.tail,
		.cut_table = f.cut,
		.corner = f.corner ||
			  cow_size_is_exact_fit(st->size_bytes, cow->chunk_sectors),
		.no_room = cow->room_chunks == 0 ||
			   room < min_u64(ROOM_BYTES, st->size_bytes / 32),
		.hollow = missing > LEAST_GAIN && missing > info->free_bytes,
		.dirty = fs->readable && fs->state == LM_FS_DIRTY,
		.errors = (fs->readable && fs->state == LM_FS_ERRORS) || r->f.lost,
	};
	r->f.old_bytes = st->size_bytes;
	return 0;
}

/* ---- how long ---- */

/* The longest length of at most `bytes` that is none of the corner ones. */
static uint64_t no_corner(const struct recover *r, uint64_t bytes)
{
	uint64_t chunk = cow_store_info(r->look.store)->chunk_sectors * 512ull;

	if (cow_size_is_exact_fit(bytes, (uint32_t)(chunk / 512)) && bytes > chunk)
		return bytes / chunk * chunk - 1;
	return bytes;
}

/* So that the table that is cut off is in it, and something behind it. */
static uint64_t least_for_table(const struct recover *r)
{
	const struct cow_info *info = cow_store_info(r->look.store);
	uint64_t chunk = info->chunk_sectors * 512ull, stride = chunk / 16 + 1;

	return (4 + (info->areas - 1) * stride) * chunk;
}

static int refuse_size(const struct recover *r, int code, const char *help, const char *why,
		       struct lm_error *err)
{
	return lm_refuse(err, code, r->s->overlay, help, why, "%s",
			 _("The overlay cannot be made that long"));
}

static int asked_size(struct recover *r, uint64_t asked, uint64_t most, uint64_t free_bytes,
		      struct lm_error *err)
{
	uint64_t chunk = cow_store_info(r->look.store)->chunk_sectors * 512ull;
	char a[16], b[16];

	if (asked < r->f.old_bytes)
		return refuse_size(r, -ERANGE,
				   _("A smaller overlay is made by `livemend merge` and a new stick "
				     "only."),
				   _("it is longer than that already"), err);
	if (asked > most) {
		refuse_size(r, -EFBIG, _("A merge empties the overlay and needs no larger one."),
			    "", err);
		return lm_because(err, _("%s were asked for, and no file on the stick can be "
					 "longer than %s"),
				  text_size(a, asked), text_size(b, most));
	}
	if (asked - r->f.old_bytes > free_bytes) {
		refuse_size(r, -ENOSPC, _("Make room on the stick, or ask for less."), "", err);
		return lm_because(err, _("%s more are needed, %s are free"),
				  text_size(a, asked - r->f.old_bytes), text_size(b, free_bytes));
	}
	r->f.new_bytes = max_u64(no_corner(r, asked), r->f.old_bytes);
	if (cow_size_is_exact_fit(r->f.new_bytes, (uint32_t)(chunk / 512)))
		r->f.new_bytes += chunk;
	return 0;
}

int recover_size(struct recover *r, uint64_t asked, const struct io_stat *st,
		 const struct io_fsinfo *info, struct lm_error *err)
{
	uint64_t missing = st->size_bytes > st->on_disk_bytes ? st->size_bytes - st->on_disk_bytes :
								0;
	uint64_t spare, want, chunk = cow_store_info(r->look.store)->chunk_sectors * 512ull;

	r->f.new_bytes = r->f.old_bytes;
	/* What the overlay has been promised already is not free for more of it. */
	spare = info->free_bytes > missing ? info->free_bytes - missing : 0;
	/* Of little, most is for the undo file; but a repair may need new chunks, too. */
	spare -= min_u64(MARGIN_BYTES, spare - spare / 4);
	if (asked)
		return asked_size(r, asked, info->file_limit_bytes, spare, err);
	if (r->ills.hollow) {
		const struct cow_info *cow = cow_store_info(r->look.store);

		r->fill_from = min_u64(cow->allocated_sectors * 512, r->f.old_bytes);
		r->fill_bytes = info->free_bytes -
				min_u64(2 * MARGIN_BYTES, info->free_bytes / 2);
		r->fill_bytes = min_u64(r->fill_bytes, r->f.old_bytes - r->fill_from);
		if (r->fill_bytes < LEAST_GAIN)
			r->fill_bytes = 0;
	}
	if (!r->ills.no_room && !r->ills.corner && !r->ills.cut_table)
		return 0;
	want = r->f.old_bytes + chunk;
	if (r->ills.no_room || r->ills.cut_table)
		want = r->f.old_bytes + max_u64(r->f.old_bytes / 4, ROOM_BYTES);
	if (r->ills.cut_table)
		want = max_u64(want, least_for_table(r));
	/* Half of what is free stays free, if it can: a merge wants room too. */
	want = min_u64(want, r->f.old_bytes + max_u64(spare / 2, min_u64(spare, ROOM_BYTES)));
	want = no_corner(r, min_u64(want, info->file_limit_bytes));
	if (want > r->f.old_bytes && (r->ills.corner || want - r->f.old_bytes >= LEAST_GAIN))
		r->f.new_bytes = want;
	if (r->ills.cut_table && r->f.new_bytes < least_for_table(r))
		return lm_refuse(err, -ENOSPC, r->s->overlay,
				 _("Make room on the stick: delete or move a file."),
				 _("it must be made longer to be readable, and the stick is full"),
				 "%s", _("This overlay cannot be recovered here"));
	return 0;
}

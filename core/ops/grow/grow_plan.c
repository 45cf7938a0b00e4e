/* SPDX-License-Identifier: GPL-3.0-or-later */
/* grow_plan.c - plans making an overlay larger, and taking up what was cut off of it */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/ctx.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/ops/grow/grow.h"
#include "core/ops/op.h"
#include "core/text.h"

/* Journal, directory entries, and a few clusters to be rounded up to. */
#define MARGIN_BYTES (256u << 10)
#define MEBIBYTE (1ull << 20)

struct planning {
	struct grow *g;
	struct lm_plan *plan;
	struct io_fsinfo stick_info;
	enum lm_overlay_state state;
	uint64_t want; /* bytes asked for */
};

static const char *grow_plan_title(void)
{
	return _("Make the overlay larger");
}

/* ---- what stands against it ---- */

/* A running system whose overlay is a partition or a disk: there is no file to be found. */
static bool is_in_partition(const struct lm_stick *s)
{
	struct dm_node *nodes = NULL;
	unsigned count = 0;
	bool found = false;

	if (s->access != STICK_BOOTED || dm_list(&nodes, &count) < 0)
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(nodes[i].name, "live-rw") != 0)
			continue;
		for (unsigned k = 0; k < nodes[i].n_below; k++)
			found = found || (strncmp(nodes[i].below[k], "loop", 4) != 0 &&
					  strncmp(nodes[i].below[k], "dm-", 3) != 0);
	}
	free(nodes);
	return found;
}

static int grow_plan_refuse_kind(const struct lm_stick *s, struct lm_error *err)
{
	const char *what = _("This overlay cannot be made larger");

	if (s->n_overlays == 0 && is_in_partition(s))
		return lm_refuse(err, -EOPNOTSUPP, s->given,
				 _("Make the partition larger, from another system, with a "
				   "partitioning program. The overlay takes all of it by itself."),
				 _("it lies in a partition of its own"), "%s", what);
	if (s->n_overlays == 0)
		return lm_refuse(err, -ENOENT, s->given, NULL, _("the stick has no overlay file"),
				 "%s", _("There is nothing to make larger"));
	if (s->overlays[0].kind == LM_OVERLAY_DM_SNAPSHOT)
		return 0;
	return lm_refuse(err, -EOPNOTSUPP, s->overlays[0].path,
			 _("A directory (overlayfs) can use all the room of the stick; make room "
			   "there."),
			 _("it is not of the dm-snapshot kind"), "%s", what);
}

static int refuse_access(const struct grow *g, struct lm_error *err)
{
	struct lm_stick *s = g->s->stick;
	int ret;

	if (!g->attached)
		return stick_rw_possible(s, err);
	if (geteuid() != 0)
		return lm_refuse(err, -EPERM, g->s->overlay, _("Run livemend as root."),
				 _("it is in use, and telling the kernel its new size takes root"),
				 "%s", _("The overlay cannot be made larger"));
	ret = stick_rw_possible_used(s, err);
	/* The initramfs mounts the stick read-only, or rw, as it was told to. */
	if (ret == -EROFS && s->mountpoint && err)
		snprintf(err->help, sizeof(err->help),
			 _("Mount it for writing: `mount -o remount,rw %.200s`. The running system "
			   "does not mind."),
			 s->shown && s->access != STICK_BOOTED ? s->shown : s->mountpoint);
	return ret;
}

static int grow_plan_refuse_state(const struct planning *p, const char *trouble,
				  struct lm_error *err)
{
	const char *overlay = p->g->s->overlay;

	if (p->state == LM_STATE_INVALID)
		return lm_refuse(err, -EUCLEAN, overlay,
				 _("Recover it, and give it more room with it: `livemend recover "
				   "--grow SIZE`."),
				 _("it is marked as invalid; more room alone does not help that"),
				 "%s", _("This overlay must be recovered first"));
	if (p->state == LM_STATE_DAMAGED)
		return lm_refuse(err, -EUCLEAN, overlay, _("See `livemend doctor`."), trouble, "%s",
				 _("This overlay is damaged"));
	return 0;
}

/* ---- size and room ---- */

static uint64_t room(const struct planning *p)
{
	const struct grow *g = p->g;
	uint64_t taken = MARGIN_BYTES + (g->attached ? 0 : g->sparse_bytes);
	uint64_t free_bytes = p->stick_info.free_bytes;

	return free_bytes > taken ? free_bytes - taken : 0;
}

/* What would be possible, in whole MiB where that is more than nothing. */
static void say_possible(const struct planning *p, struct lm_error *err)
{
	const struct grow *g = p->g;
	uint64_t most;
	char size[16], add[16];

	if (!err)
		return;
	if (add_overflows(g->old_bytes, room(p), &most))
		most = UINT64_MAX;
	most = min_u64(most, p->stick_info.file_limit_bytes);
	most -= most % MEBIBYTE;
	most = grow_choose_length(most, g->old_bytes, most, g->chunk_sectors);
	err->help[0] = '\0';
	if (most >= g->old_bytes + MEBIBYTE)
		snprintf(err->help, sizeof(err->help),
			 _("%s is possible, that is %s more: `livemend grow %lluM STICK`. For more, "
			   "delete or move files from the stick; a merge or `livemend compact` wins "
			   "room inside the overlay."),
			 text_size(size, most), text_size(add, most - g->old_bytes),
			 (unsigned long long)(most / MEBIBYTE));
	else
		lm_error_help(err, _("No more is possible on this stick as it is. Delete or move "
				     "files from it; a merge or `livemend compact` wins room inside "
				     "the overlay."));
}

static int choose_size(struct planning *p, const struct lm_options *o, struct lm_error *err)
{
	struct grow *g = p->g;
	uint64_t limit = p->stick_info.file_limit_bytes;
	char size[16], asked[16];

	p->want = o->size_bytes;
	if (o->size_is_more && add_overflows(g->old_bytes, o->size_bytes, &p->want))
		p->want = UINT64_MAX;
	if (p->want == g->old_bytes)
		return 1;
	if (p->want < g->old_bytes) {
		lm_refuse(err, -EINVAL, g->s->overlay,
			  _("To make what it holds less, use `livemend compact`; to empty it, "
			    "merge or reset it."),
			  "", "%s", _("An overlay cannot be made smaller"));
		return lm_because(err, _("it is %s, and %s would cut off what lies at its end"),
				  text_size(size, g->old_bytes), text_size(asked, p->want));
	}
	if (p->want > limit) {
		lm_refuse(err, -EFBIG, g->s->overlay, NULL, "", "%s",
			  _("The overlay would be too large for this stick"));
		lm_because(err, _("the largest file on %s is %s"), p->stick_info.fstype,
			   limit == UINT32_MAX ? _("4 GiB less one byte") :
						 text_size(size, limit));
		say_possible(p, err);
		return -EFBIG;
	}
	g->new_bytes = grow_choose_length(p->want, g->old_bytes, limit, g->chunk_sectors);
	if (g->new_bytes == 0)
		return lm_refuse(err, -EINVAL, g->s->overlay, NULL,
				 _("there is no possible size between it and what was asked for"),
				 "%s", _("The overlay cannot be made larger"));
	if (g->new_bytes != p->want)
		plan_warn(p->plan,
			  _("It becomes %llu bytes long: whole chunks, and none of the few sizes at "
			    "which a full overlay becomes invalid."),
			  (unsigned long long)g->new_bytes);
	return 0;
}

static int grow_plan_ledger(struct planning *p, struct lm_error *err)
{
	struct grow *g = p->g;
	uint64_t need = g->new_bytes - g->old_bytes + MARGIN_BYTES;
	char more[16], have[16];

	if (!g->attached)
		need += g->sparse_bytes;
	plan_need(p->plan, _("the stick"), _("the longer overlay"), need, need,
		  p->stick_info.free_bytes, 0);
	if (need <= p->stick_info.free_bytes)
		return 0;
	lm_refuse(err, -ENOSPC, g->s->stick->given, NULL, "", "%s",
		  _("There is not enough room on the stick"));
	lm_because(err, _("%s are needed, %s are free"), text_size(more, need),
		   text_size(have, p->stick_info.free_bytes));
	say_possible(p, err);
	return -ENOSPC;
}

/* ---- words ---- */

static void grow_plan_say_warnings(struct planning *p)
{
	const struct grow *g = p->g;
	char size[16];

	if (g->sparse_bytes > 0 && g->attached)
		plan_warn(p->plan,
			  _("The overlay has holes (%s): the stick must keep room for them. They can "
			    "be filled only while it is not in use."),
			  text_size(size, g->sparse_bytes));
	else if (g->sparse_bytes > 0)
		plan_warn(p->plan,
			  _("The overlay has holes (%s): they are filled too, so that the stick "
			    "cannot run out of room below it."),
			  text_size(size, g->sparse_bytes));
	if (g->attached && p->state == LM_STATE_OVERFLOW)
		plan_warn(p->plan, "%s",
			  _("The running system has met the end of the overlay already. The kernel is "
			    "told to look at it anew; should that fail, it must be restarted before "
			    "it can use the new room. Nothing that was saved before is lost."));
	if (strcmp(p->stick_info.fstype, "vfat") == 0 || strcmp(p->stick_info.fstype, "exfat") == 0)
		plan_warn(p->plan,
			  _("On %s a file becomes longer by writing zeros: that takes as long as "
			    "copying as much."),
			  p->stick_info.fstype);
}

void grow_say_steps(struct grow *g, struct lm_plan *plan)
{
	struct lm_step *s;

	s = plan_step(plan, "extend", _("Make the file longer"),
		      _("Its room is made sure of now, so that it cannot be missing later. The "
			"table of the overlay need not change: nothing in it says how long the "
			"file is."),
		      grow_step_extend);
	plan_command(s, "fallocate -l %llu %s", (unsigned long long)g->new_bytes, g->s->overlay);
	s->writes = text_dup(g->s->overlay);
	s->undo = text_dup(_("the file gets its old length back"));
	s->work_bytes = g->new_bytes - g->old_bytes;
	s->cancellable = true;
	if (g->attached) {
		s = plan_step(plan, "kernel", _("Tell the kernel"),
			      _("The loop device below the running system takes the new size; the "
				"kernel looks at it whenever it needs a new chunk."),
			      grow_step_kernel);
		plan_command(s, "losetup --set-capacity /dev/%s", g->use.loop);
		s->writes = text_dup(_("the size of a loop device"));
		s->work_bytes = MEBIBYTE;
	}
	s = plan_step(plan, "verify", _("Look at the overlay again"),
		      _("It must hold what it held, and have the new size."), grow_step_finish);
	s->reads = text_dup(_("the overlay's tables"));
	s->writes = text_dup(_("the journal"));
	s->work_bytes = MEBIBYTE;
	plan_abort(plan, grow_abort);
}

static void grow_plan_say(struct planning *p)
{
	struct grow *g = p->g;
	struct lm_step *s;
	char old[16], new[16], text[400];

	snprintf(text, sizeof(text),
		 g->attached ? _("The overlay is %s, it becomes %s. The running system goes on "
				 "meanwhile, and has the new room at the end. What the overlay holds "
				 "is not touched.") :
			       _("The overlay is %s, it becomes %s. What it holds is not touched."),
		 text_size(old, g->old_bytes), text_size(new, g->new_bytes));
	plan_text(p->plan, grow_plan_title(), text);
	s = plan_step(p->plan, "check", _("Check the stick"),
		      _("The overlay must be as it was when this was planned."), grow_step_check);
	s->cancellable = true;
	grow_say_steps(g, p->plan);
	grow_plan_say_warnings(p);
}

/* ---- all of it ---- */

static int grow_plan_look(struct planning *p, struct lm_error *err)
{
	struct grow *g = p->g;
	struct lm_stick *s = g->s->stick;
	struct dm_snapshot_status live;
	struct cow_store *store = NULL;
	struct io_file *file = NULL;
	struct io_stat st;
	int ret = io_open(s->io, g->s->overlay, IO_READ, &file);

	if (ret == 0)
		ret = io_fstat(file, &st);
	if (ret == 0)
		ret = io_fsinfo(s->io, &p->stick_info);
	if (ret < 0) {
		lm_fail(err, ret, g->s->overlay, NULL, "%s", _("Opening the overlay failed"));
		goto out;
	}
	if (st.kind == IO_BLOCKDEV) {
		ret = lm_refuse(err, -EOPNOTSUPP, g->s->overlay,
				_("Make the partition larger, from another system, with a "
				  "partitioning program. The overlay takes all of it by itself."),
				_("it lies in a partition of its own"), "%s",
				_("This overlay cannot be made larger"));
		goto out;
	}
	ret = cow_store_open(file, g->s->overlay, 0, &store, err);
	if (ret < 0)
		goto out;
	g->old_bytes = st.size_bytes;
	g->sparse_bytes = st.on_disk_bytes < st.size_bytes ? st.size_bytes - st.on_disk_bytes : 0;
	g->chunk_sectors = cow_store_info(store)->chunk_sectors;
	p->state = cow_store_info(store)->state;
	if (g->attached && g->use.dm_name[0] &&
	    dm_snapshot_status(g->s->ctx, g->use.dm_name, &live, NULL) == 0 &&
	    live.state != LM_STATE_ACTIVE)
		p->state = live.state;
	ret = grow_plan_refuse_state(p, cow_store_info(store)->trouble, err);
out:
	cow_store_close(store);
	io_file_close(file);
	return ret;
}

/* More room for what is not to be used any more helps nobody. */
static int grow_pair_refusal(const struct grow *g, struct lm_error *err)
{
	struct stick_look pair;
	int ret;

	/* What the kernel uses it has read itself. */
	if (g->attached)
		return 0;
	ret = stick_look_open(g->s->stick, 0, &pair, err);
	if (ret < 0)
		return ret;
	ret = session_pair_refusal(g->s, &pair, err);
	stick_look_close(&pair);
	return ret;
}

static int grow_plan_all(struct planning *p, const struct lm_options *o, struct lm_error *err)
{
	struct grow *g = p->g;
	struct lm_stick *s = g->s->stick;
	int ret = grow_plan_refuse_kind(s, err);

	if (ret == 0)
		ret = session_overlay_path(g->s, s->overlays[0].path, err);
	if (ret == 0)
		ret = session_no_pending(g->s, err);
	if (ret == 0)
		ret = grow_find_use(g, s->io, err);
	if (ret == 0)
		ret = grow_plan_look(p, err);
	if (ret == 0)
		ret = grow_pair_refusal(g, err);
	if (ret == 0)
		ret = choose_size(p, o, err);
	if (ret == 1)
		return session_plan_nothing(p->plan, grow_plan_title(),
					    _("The overlay has that size already."));
	if (ret == 0)
		ret = refuse_access(g, err);
	if (ret < 0)
		return ret;
	grow_plan_say(p);
	return grow_plan_ledger(p, err);
}

int ops_plan_grow(struct lm_stick *stick, const struct lm_options *options, struct lm_plan *plan,
		  struct lm_error *err)
{
	struct planning p = { .plan = plan, .g = grow_new(stick, err) };
	struct lm_error why;

	if (!p.g)
		return -ENOMEM;
	lm_error_clear(&why);
	plan_state(plan, p.g, grow_free);
	plan_text(plan, grow_plan_title(),
		  _("The overlay gets more room. What it holds is not touched."));
	plan_risk(plan, NULL,
		  _("A cancel gives the file its old length back. If it is cut off, `livemend "
		    "resume` finishes or undoes it."),
		  NULL);
	plan_result(plan, _("The overlay is larger now."), "");
	return session_planned(plan, grow_plan_all(&p, options, &why), &why, err);
}

/* ---- resume ---- */

struct record_prose grow_prose(const struct record *r)
{
	(void)r;
	return (struct record_prose){
		.doing = _("The overlay was being made larger."),
		.safe = _("Nothing is lost: what the overlay holds is not touched by that."),
	};
}

static int grow_plan_take_record(struct grow *g, struct record *rec, struct lm_error *err)
{
	struct session *s = g->s;
	bool known = session_resume_knows(s, rec);
	struct io_stat st;
	int ret;

	g->old_bytes = rec->overlay_id.bytes;
	g->new_bytes = rec->grow.new_bytes;
	if (known && io_stat(s->stick->io, rec->overlay, &st) == 0)
		known = g->old_bytes > 0 && g->new_bytes > g->old_bytes &&
			st.size_bytes >= g->old_bytes && st.size_bytes <= g->new_bytes;
	if (!known)
		return session_foreign_note(s, _("the overlay is not the one that it names"), err);
	free(rec->base);
	rec->base = NULL;
	ret = session_resume_take(s, rec, err);
	if (ret == 0)
		ret = grow_find_use(g, s->stick->io, err);
	if (!g->attached && st.on_disk_bytes < st.size_bytes)
		g->sparse_bytes = st.size_bytes - st.on_disk_bytes;
	return ret == 0 ? refuse_access(g, err) : ret;
}

int grow_resume(struct lm_stick *stick, const struct lm_options *options, struct record *rec,
		struct lm_plan *plan, struct lm_error *err)
{
	struct grow *g = grow_new(stick, err);
	struct lm_error why;
	struct lm_step *s;
	int ret;

	if (!g)
		return -ENOMEM;
	lm_error_clear(&why);
	plan_state(plan, g, grow_free);
	session_resume_text(plan);
	ret = grow_plan_take_record(g, rec, &why);
	if (ret < 0)
		return session_planned(plan, ret, &why, err);
	session_resume_say_check(plan, grow_step_check);
	if (options->undo) {
		plan_text(plan, _("Undo the interrupted operation"),
			  _("The overlay was being made larger. It gets its old length back; what it "
			    "holds is not touched."));
		s = plan_step(plan, "undo", _("Take it back"),
			      _("Nothing lies behind the old end, which is looked at first."),
			      grow_step_undo);
		s->writes = text_dup(g->s->overlay);
		plan_abort(plan, grow_abort);
		plan_result(plan, _("The overlay has its old length."), "");
	} else {
		plan_text(plan, _("Finish making the overlay larger"),
			  _("It was cut off while the file was being made longer; the rest of it is "
			    "done now. What the overlay holds was not touched."));
		grow_say_steps(g, plan);
		plan_result(plan, _("The overlay is larger now."), "");
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state of a stick in figures. */
#include "core/report/status.h"
#include "core/report/sums.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/bytes.h"
#include "core/ctx.h"
#include "core/stick/stick_attach.h"
#include "core/dm/engine.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/plan/record.h"
#include "core/text.h"
#include "core/view/view_fate.h"

#define JOURNAL_TAIL 65536u

const char *lm_overlay_kind_word(enum lm_overlay_kind kind)
{
	static const char *const words[] = { "none", "dm-snapshot", "overlayfs", "linear", "thin" };

	return (unsigned)kind < sizeof(words) / sizeof(words[0]) ? words[kind] : "none";
}

const char *lm_overlay_state_word(enum lm_overlay_state state)
{
	static const char *const words[] = { "active",  "empty",        "overflow", "full",
					     "invalid", "merge-failed", "damaged",  "missing" };

	return (unsigned)state < sizeof(words) / sizeof(words[0]) ? words[state] : "damaged";
}

void lm_status_free(struct lm_status *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->n_overlays; i++) {
		free(s->overlays[i].path);
		free(s->overlays[i].attached_as);
		free(s->overlays[i].trouble);
	}
	free(s->overlays);
	free(s->stick.path);
	free(s->stick.label);
	free(s->stick.uuid);
	free(s->stick.fstype);
	free(s->stick.model);
	free(s->base.path);
	free(s->base.container);
	free(s->base.compression);
	free(s->base.root);
	free(s->base.fstype);
	free(s->home.path);
	status_boot_free(s);
	free(s->first_wall.what);
	free(s->first_wall.text);
	free(s->first_wall.basis);
	free(s->headline);
	free(s->advice);
	free(s->interrupted_op);
	free(s);
}

int status_text(char **dst, const char *src)
{
	if (!src || !*src)
		return 0;
	*dst = text_dup(src);
	return *dst ? 0 : -ENOMEM;
}

static int read_stick(struct lm_stick *stick, struct lm_status *s)
{
	struct io_fsinfo info;
	const char *fstype = stick->fstype;

	memset(&info, 0, sizeof(info));
	if (io_fsinfo(stick->io, &info) == 0 && strcmp(info.fstype, "unknown") != 0)
		fstype = info.fstype;
	/* libblkid tells the ext family apart, the kernel's magic number does not. */
	if (strncmp(fstype, "ext", 3) == 0 && stick->fstype[0])
		fstype = stick->fstype;
	s->stick.size_bytes = stick->part_bytes ? stick->part_bytes : info.size_bytes;
	s->stick.free_bytes = info.free_bytes;
	s->stick.readonly = info.readonly;
	s->stick.booted = stick->access == STICK_BOOTED ||
			  (stick->mountpoint &&
			   strcmp(stick->mountpoint, "/run/initramfs/live") == 0);
	if (status_text(&s->stick.path, stick->given) || status_text(&s->stick.label, stick->label) ||
	    status_text(&s->stick.uuid, stick->uuid) || status_text(&s->stick.fstype, fstype) ||
	    status_text(&s->stick.model, stick->model))
		return -ENOMEM;
	return 0;
}

static int read_base(struct lm_stick *stick, const struct stick_look *look, struct lm_status *s)
{
	static const char *const containers[] = {
		[STICK_NO_BASE] = "none", [STICK_BARE] = "none", [STICK_SQUASHFS] = "squashfs",
		[STICK_EROFS] = "erofs",
	};
	const struct image_info *image = look->image ? image_info(look->image) : NULL;
	struct io_stat st;
	const char *slash;

	if (status_text(&s->base.path, stick->base_path) ||
	    status_text(&s->base.container, containers[stick->container]))
		return -ENOMEM;
	if (look->base_file && io_fstat(look->base_file, &st) == 0)
		s->base.file_bytes = st.size_bytes;
	if (look->base)
		s->base.size_sectors = look->base->size_bytes / 512;
	if (image) {
		s->base.block_bytes = image->block_bytes;
		if (!look->base)
			s->base.size_sectors = image->root_bytes / 512;
		if (status_text(&s->base.compression, image->compression) ||
		    status_text(&s->base.root, image->root_path))
			return -ENOMEM;
	} else if (stick->container == STICK_BARE) {
		slash = strrchr(stick->base_path, '/');
		if (status_text(&s->base.root, slash ? slash + 1 : stick->base_path))
			return -ENOMEM;
	}
	if (look->base_fs && status_text(&s->base.fstype, fs_info(look->base_fs)->type))
		return -ENOMEM;
	return 0;
}

static int set_trouble(struct lm_overlay *o, const struct cow_info *info)
{
	switch (o->state) {
	case LM_STATE_OVERFLOW:
	case LM_STATE_FULL:
		return status_text(&o->trouble, _("The overlay is full: nothing more can be saved."));
	case LM_STATE_INVALID:
		return status_text(&o->trouble, _("The kernel marked the overlay invalid, because it "
					       "ran full or could not be written."));
	case LM_STATE_MERGE_FAILED:
		return status_text(&o->trouble, _("The kernel's merge of the overlay failed; it can "
					       "still be read."));
	case LM_STATE_DAMAGED:
		if (!o->trouble)
			return status_text(&o->trouble, info && info->trouble[0]
							     ? info->trouble
							     : _("The overlay cannot be read."));
		return 0;
	default:
		return 0;
	}
}

static void take_sums(struct lm_overlay *o, const struct sums *sums)
{
	o->state = sums->state;
	o->chunk_sectors = sums->chunk_sectors;
	o->no_figures = !sums->known;
	o->allocated_sectors = sums->allocated_sectors;
	o->total_sectors = sums->total_sectors;
	o->metadata_sectors = sums->metadata_sectors;
	o->exceptions = sums->exceptions;
}

/* What the kernel says of a store that it has attached goes before what the file says. */
static void ask_kernel(struct lm_stick *stick, struct sums *sums, const char *dm_name)
{
	struct dm_snapshot_status live;

	if (dm_name[0] && dm_snapshot_status(stick->ctx, dm_name, &live, NULL) == 0)
		sums_take_kernel(sums, &live);
}

/* The kernel's word about a store that nobody uses. What it is not to be given stays as read. */
static int attach_and_ask(struct lm_stick *stick, size_t i, struct sums *sums, struct lm_error *err)
{
	enum lm_overlay_state state = sums->state;
	struct dm_snapshot_status live;
	struct stick_attach *attach;
	struct lm_error e = { 0 };
	int ret, closed;

	if (state != LM_STATE_ACTIVE && state != LM_STATE_EMPTY && state != LM_STATE_FULL)
		return 0;
	ret = stick_attach_open(stick, i, 0, &attach, &e);
	if (ret && e.outcome == LM_REFUSED) {
		ctx_log(stick->ctx, LM_LOG_WARN, "%s: %s", e.what, e.why);
		return 0;
	}
	if (!ret) {
		/* A new store, which the kernel would have to write to first, has no status. */
		ret = stick_attach_status(attach, &live, &e);
		if (!ret && live.state == LM_STATE_ACTIVE)
			sums_take_kernel(sums, &live);
		sums->state = state;
		if (ret == -ENODATA)
			ret = 0;
		closed = stick_attach_close(attach, ret ? NULL : &e);
		ret = ret ? ret : closed;
	}
	if (ret && err)
		*err = e;
	return ret;
}

static int read_overlay(struct lm_stick *stick, size_t i, const struct stick_look *look,
			unsigned flags, struct lm_overlay *o, struct status_facts *facts,
			struct lm_error *err)
{
	const struct stick_overlay *from = &stick->overlays[i];
	const struct cow_info *info = NULL;
	struct cow_store *own = NULL;
	struct io_file *file = NULL;
	struct lm_error e = { 0 };
	struct dm_use use = { 0 };
	struct io_stat st;
	struct sums sums;
	int ret;

	o->kind = from->kind;
	o->state = LM_STATE_ACTIVE;
	if (status_text(&o->path, from->path))
		return -ENOMEM;
	if (io_stat(stick->io, from->path, &st) == 0) {
		o->file_bytes = st.kind == IO_REGULAR ? st.size_bytes : 0;
		o->on_disk_bytes = st.kind == IO_REGULAR ? st.on_disk_bytes : 0;
		o->attached = st.ino && dm_find_use(st.dev, st.ino, &use) == 1 && !use.leftover;
	}
	if (o->attached && status_text(&o->attached_as, use.dm_name[0] ? use.dm_name : use.loop))
		return -ENOMEM;
	if (o->kind != LM_OVERLAY_DM_SNAPSHOT)
		return 0;
	if (i == 0) {
		info = look->store ? cow_store_info(look->store) : NULL;
		e = look->trouble;
	} else {
		ret = io_open(stick->io, from->path, IO_READ, &file);
		if (ret)
			lm_fail(&e, ret, from->path, NULL, "%s", _("Opening the overlay failed"));
		else if (cow_store_open(file, from->path,
					look->base ? look->base->size_bytes / 512 : 0, &own,
					&e) == 0)
			info = cow_store_info(own);
	}
	sums_of_store(&sums, info);
	ret = 0;
	if (!info && e.code) {
		o->trouble = text_format("%s: %s", e.what, e.why);
		ret = o->trouble ? 0 : -ENOMEM;
	}
	if (o->attached)
		ask_kernel(stick, &sums, use.dm_name);
	else if (flags & LM_STATUS_KERNEL && !ret &&
		 lm_ctx_engine(stick->ctx) == LM_ENGINE_KERNEL)
		ret = attach_and_ask(stick, i, &sums, err);
	take_sums(o, &sums);
	if (facts && sums.known)
		facts->room_bytes = sums.room_bytes;
	o->used_percent = o->total_sectors ? 100.0 * (double)o->allocated_sectors /
						     (double)o->total_sectors
					   : 0;
	if (!ret)
		ret = set_trouble(o, info);
	cow_store_close(own);
	io_file_close(file);
	return ret;
}

static int status_count_chunk(void *arg, const struct view_chunk *c, struct lm_error *err)
{
	(void)err;
	*(uint64_t *)arg += c->kind == VIEW_DEAD;
	return 0;
}

static void count_dead(const struct stick_look *look, struct lm_overlay *o)
{
	const struct view_fate fate = { .store = look->store, .base = look->base, .fs = look->fs };
	uint64_t dead = 0;

	if (!look->store || !look->base || o->state == LM_STATE_DAMAGED ||
	    o->state == LM_STATE_INVALID || view_fate_trust(look->fs, false, NULL) != 1 ||
	    view_fate_each(&fate, VIEW_FATE_USED, status_count_chunk, &dead, NULL))
		return;
	o->dead_sectors = dead * cow_store_info(look->store)->chunk_sectors;
	o->dead_known = true;
}

static void read_root(const struct stick_look *look, struct lm_status *s,
		      struct status_facts *facts)
{
	const struct fs_info *info = look->fs ? fs_info(look->fs) : NULL;

	s->root.state = LM_FS_UNKNOWN;
	if (!info || !info->readable)
		return;
	s->root.known = true;
	s->root.state = info->state;
	s->root.size_bytes = info->size_bytes;
	s->root.free_bytes = info->blocks_free * info->block_bytes;
	s->root.inodes = info->inodes;
	s->root.inodes_free = info->inodes_free;
	s->root.mounted = fs_is_busy(look->fs);
	s->root.exact = sums_exact(look);
	s->root.note = sums_exact_text(s->root.exact);
	facts->root_avail_bytes = info->blocks_avail * info->block_bytes;
}

static int read_home(struct lm_stick *stick, struct lm_status *s)
{
	struct io_source *src = NULL;
	struct io_file *file = NULL;
	struct fs *fs = NULL;
	char head[6] = "";
	struct io_stat st;

	if (!stick->home_path)
		return 0;
	s->home.present = true;
	if (status_text(&s->home.path, stick->home_path))
		return -ENOMEM;
	if (io_stat(stick->io, stick->home_path, &st) == 0)
		s->home.size_bytes = st.size_bytes;
	if (io_open(stick->io, stick->home_path, IO_READ, &file))
		return 0;
	if (io_read_full(file, head, sizeof(head), 0) == 0)
		s->home.encrypted = memcmp(head, "LUKS\xba\xbe", 6) == 0;
	if (!s->home.encrypted &&
	    io_file_source(file, false, stick->home_path, 0, 0, &src, NULL) == 0 &&
	    fs_open(src, &fs, NULL) == 0 && fs_info(fs)->readable) {
		s->home.free_bytes = fs_info(fs)->blocks_free * fs_info(fs)->block_bytes;
		s->home.free_known = true;
	}
	fs_close(fs);
	io_source_close(src);
	io_file_close(file);
	return 0;
}

static uint64_t memory_available(void)
{
	uint64_t kib = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
			break;
	}
	fclose(f);
	return kib * 1024;
}

/* A system booted without a persistent overlay has one in RAM, below the same live-rw. */
static void read_ram(struct lm_stick *stick, struct lm_status *s)
{
	struct dm_snapshot_status live;
	struct dm_node *nodes = NULL;
	unsigned count = 0, i;
	uint64_t left = UINT64_MAX;

	for (i = 0; i < s->n_overlays; i++) {
		if (s->overlays[i].attached)
			return;
	}
	if (!s->stick.booted || dm_list(&nodes, &count))
		return;
	for (i = 0; i < count; i++) {
		if (strcmp(nodes[i].name, "live-rw") != 0)
			continue;
		s->ram.present = true;
		s->ram.size_bytes = nodes[i].size_bytes;
		if (dm_snapshot_status(stick->ctx, nodes[i].name, &live, NULL) == 0) {
			s->ram.size_bytes = live.total_sectors * 512;
			left = live.state == LM_STATE_ACTIVE
				       ? (live.total_sectors - min_u64(live.allocated_sectors,
								       live.total_sectors)) * 512
				       : 0;
		}
		s->ram.free_bytes = min_u64(min_u64(memory_available(), s->ram.size_bytes), left);
	}
	free(nodes);
}

static int read_pending(struct lm_stick *stick, struct lm_status *s)
{
	struct record pending;
	int ret = record_read(stick->io, stick->live_dir, &pending, NULL);

	if (ret == 1) {
		s->interrupted = true;
		ret = status_text(&s->interrupted_op, lm_op_word(pending.op));
		record_free(&pending);
		return ret;
	}
	/* A record that is there and damaged, or not of this version, still says that something was
	 * cut off. */
	s->interrupted_by_other = ret == -EPROTONOSUPPORT;
	s->interrupted = ret == -EBADMSG || ret == -EPROTONOSUPPORT;
	return ret == -ENOMEM ? ret : 0;
}

/* Lines of journal.txt begin with the time, "2026-11-21 04:05:06Z". */
static int64_t line_time(const char *line)
{
	struct tm tm;
	char *end;

	memset(&tm, 0, sizeof(tm));
	end = strptime(line, "%Y-%m-%d %H:%M:%SZ", &tm);
	return end ? timegm(&tm) : 0;
}

/* When the journal last tells of an overlay made empty; 0 when it does not. */
static int64_t last_emptied(struct lm_stick *stick)
{
	struct io_file *file = NULL;
	int64_t last = 0, t;
	char *path = NULL, *text = NULL, *line, *save = NULL;
	struct io_stat st;
	uint64_t off;
	ssize_t n;

	if (asprintf(&path, "%s/livemend/journal.txt", stick->live_dir) < 0)
		return 0;
	if (io_open(stick->io, path, IO_READ, &file) || io_fstat(file, &st))
		goto out;
	off = st.size_bytes > JOURNAL_TAIL ? st.size_bytes - JOURNAL_TAIL : 0;
	text = malloc(JOURNAL_TAIL + 1);
	n = text ? io_pread(file, text, JOURNAL_TAIL, off) : -1;
	if (n <= 0)
		goto out;
	text[n] = '\0';
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strstr(line, "reset: ") && !strstr(line, "merge: "))
			continue;
		if (strstr(line, "stopped") || strstr(line, "was kept"))
			continue;
		t = line_time(line);
		if (t > last)
			last = t;
	}
out:
	free(text);
	io_file_close(file);
	free(path);
	return last;
}

static void find_since(struct lm_stick *stick, struct status_facts *facts)
{
	struct io_stat st;

	facts->since = last_emptied(stick);
	facts->since_reset = facts->since != 0;
	if (!facts->since && io_stat(stick->io, stick->overlays[0].path, &st) == 0)
		facts->since = st.btime;
}

static int read_overlays(struct lm_stick *stick, const struct stick_look *look, unsigned flags,
			 struct lm_status *s, struct status_facts *facts, struct lm_error *err)
{
	const struct cow_info *info = look->store ? cow_store_info(look->store) : NULL;
	size_t i;
	int ret;

	if (!stick->n_overlays)
		return 0;
	s->overlays = calloc(stick->n_overlays, sizeof(*s->overlays));
	if (!s->overlays)
		return -ENOMEM;
	for (i = 0; i < stick->n_overlays; i++) {
		s->n_overlays = i + 1;
		ret = read_overlay(stick, i, look, flags, &s->overlays[i], i == 0 ? facts : NULL,
				   err);
		if (ret)
			return ret;
	}
	if (!(flags & LM_STATUS_QUICK))
		count_dead(look, &s->overlays[0]);
	if (info && info->state != LM_STATE_DAMAGED) {
		facts->written_bytes = info->exceptions * info->chunk_sectors * 512;
		find_since(stick, facts);
	}
	return 0;
}

static int status_read(struct lm_stick *stick, unsigned flags, struct lm_status **status,
		       struct lm_error *err)
{
	struct status_facts facts = { 0 };
	struct lm_status *s = NULL;
	struct lm_error e = { 0 };
	struct stick_look look;
	int ret = 0;

	*status = NULL;
	if (flags & LM_STATUS_KERNEL && lm_ctx_engine(stick->ctx) == LM_ENGINE_KERNEL)
		ret = dm_engine_possible(stick->ctx, NULL, err);
	if (!ret)
		ret = stick_look_open(stick, 0, &look, err);
	if (ret)
		return ret;
	s = calloc(1, sizeof(*s));
	ret = s ? 0 : -ENOMEM;
	if (!ret)
		ret = read_stick(stick, s);
	if (!ret)
		ret = read_base(stick, &look, s);
	if (!ret)
		ret = read_overlays(stick, &look, flags, s, &facts, &e);
	if (!ret) {
		read_root(&look, s, &facts);
		ret = read_home(stick, s);
	}
	if (!ret)
		ret = status_boot(stick, s);
	if (!ret)
		ret = read_pending(stick, s);
	if (!ret) {
		read_ram(stick, s);
		s->paired = look.paired;
		facts.trouble = &look.trouble;
		facts.look = &look;
		facts.plain_tree = stick->container == STICK_EROFS ||
				   (look.image && !image_info(look.image)->root_path[0]);
		ret = status_judge(s, &facts);
	}
	stick_look_close(&look);
	if (ret) {
		lm_status_free(s);
		if (e.code) {
			if (err)
				*err = e;
			return ret;
		}
		return lm_fail(err, ret, stick->given, NULL, "%s", _("Reading the status failed"));
	}
	*status = s;
	return 0;
}

int lm_status_read(struct lm_stick *stick, unsigned flags, struct lm_status **status,
		   struct lm_error *err)
{
	unsigned before = lm_files_short();
	int ret = status_read(stick, flags, status, err);

	if (lm_files_short() == before)
		return ret;
	lm_status_free(*status);
	*status = NULL;
	return lm_files_fail(err, stick->given);
}

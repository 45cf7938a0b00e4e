/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The status of small sticks with a bare root image, in all the states of an overlay. */
#include "tests/unit/stick_help.h"

#include <errno.h>
#include <ext2fs/ext2fs.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "core/ctx.h"
#include "core/ops/changes.h"
#include "core/ops/compact/compact.h"
#include "core/report/status.h"
#include "core/plan/journal.h"
#include "core/plan/record.h"
#include "core/stick/stick_priv.h"
#include "tests/lib/small_stick.h"

static struct small_stick small;
static struct lm_ctx *ctx;
static const char overlay[] = "LiveOS/overlay-LIVE-1A2B-3C4D";

static int setup(void **state)
{
	(void)state;
	small_make(&small, true);
	return lm_ctx_new(&ctx, NULL);
}

static int teardown(void **state)
{
	(void)state;
	lm_ctx_free(ctx);
	small_free(&small);
	return 0;
}

static struct lm_status *status_of(unsigned flags)
{
	struct lm_status *s = NULL;
	struct lm_stick *stick;
	struct lm_error err;

	if (lm_stick_open(ctx, small.top, &stick, &err) ||
	    lm_status_read(stick, flags, &s, &err))
		fail_msg("%s: %s", err.what, err.why);
	lm_stick_close(stick);
	assert_non_null(s->headline);
	return s;
}

static void poke(const char *path, uint64_t off, const void *bytes, size_t len)
{
	int fd = open(help_path(small.top, path), O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, (off_t)off), (ssize_t)len);
	close(fd);
}

static void test_healthy(void **state)
{
	struct lm_status *s = status_of(0), *quick = status_of(LM_STATUS_QUICK);
	const struct lm_overlay *o = &s->overlays[0];

	(void)state;
	assert_int_equal(s->n_overlays, 1);
	assert_string_equal(o->path, overlay);
	assert_int_equal(o->kind, LM_OVERLAY_DM_SNAPSHOT);
	assert_int_equal(o->state, LM_STATE_ACTIVE);
	assert_true(o->exceptions > 0);
	assert_int_equal(o->allocated_sectors - o->metadata_sectors,
			 o->exceptions * o->chunk_sectors);
	assert_int_equal(o->total_sectors, o->file_bytes / 512);
	/* The overlay was made with chunks that belong to nothing. */
	assert_true(o->dead_known && o->dead_sectors > 0 &&
		    o->dead_sectors < o->exceptions * o->chunk_sectors);
	assert_false(quick->overlays[0].dead_known);
	assert_false(o->attached);
	assert_true(s->root.known && s->root.inodes_free < s->root.inodes);
	assert_true(s->root.size_bytes == s->base.size_sectors * 512);
	assert_string_equal(s->base.container, "none");
	assert_string_equal(s->base.root, "rootfs.img");
	assert_string_equal(s->base.fstype, "ext4");
	assert_true(s->wall_known && s->first_wall.free_bytes <= s->root.free_bytes);
	/* Just made: no rate can be told. */
	assert_int_equal(s->first_wall.seconds_left, -1);
	assert_null(s->first_wall.basis);
	assert_true(s->paired && !s->interrupted && !s->home.present && !s->ram.present);
	lm_status_free(s);
	lm_status_free(quick);
}

static void test_states(void **state)
{
	static const unsigned char zero[512];
	struct lm_status *s;

	(void)state;
	poke(overlay, 4, "\0\0\0\0", 4);
	s = status_of(0);
	assert_int_equal(s->overlays[0].state, LM_STATE_INVALID);
	assert_int_equal(s->health, LM_BROKEN);
	assert_true(s->overlays[0].trouble && s->advice);
	assert_int_equal(s->first_wall.free_bytes, 0);
	lm_status_free(s);
	poke(overlay, 0, "XXXX", 4);
	s = status_of(0);
	assert_int_equal(s->overlays[0].state, LM_STATE_DAMAGED);
	assert_int_equal(s->health, LM_BROKEN);
	assert_non_null(s->overlays[0].trouble);
	/* The base is still told of. */
	assert_true(s->root.known);
	lm_status_free(s);
	poke(overlay, 0, zero, sizeof(zero));
	s = status_of(0);
	assert_int_equal(s->overlays[0].state, LM_STATE_EMPTY);
	assert_int_equal(s->health, LM_HEALTHY);
	assert_int_equal(s->overlays[0].exceptions, 0);
	assert_int_equal(s->overlays[0].dead_sectors, 0);
	lm_status_free(s);
}

static void test_full(void **state)
{
	struct lm_status *s = status_of(LM_STATUS_QUICK);
	uint64_t need = s->overlays[0].allocated_sectors * 512;

	(void)state;
	lm_status_free(s);
	assert_int_equal(truncate(help_path(small.top, overlay), (off_t)need), 0);
	s = status_of(0);
	assert_int_equal(s->overlays[0].state, LM_STATE_FULL);
	assert_int_equal(s->health, LM_ACT);
	assert_string_equal(s->headline, "The overlay is full: nothing more can be saved.");
	assert_string_equal(s->first_wall.what, "overlay");
	assert_int_equal(s->first_wall.free_bytes, 0);
	lm_status_free(s);
}

static void test_home_and_hostile(void **state)
{
	struct lm_status *s;

	(void)state;
	help_run(small.room, "printf 'LUKS\\272\\276' >stick/LiveOS/home.img && "
			     "truncate -s 1M stick/LiveOS/home.img && "
			     "touch \"$(printf 'stick/LiveOS/overlay-\\033[31mx')\"");
	s = status_of(0);
	assert_true(s->home.present && s->home.encrypted && !s->home.free_known);
	assert_int_equal(s->home.size_bytes, 1 << 20);
	assert_int_equal(s->n_overlays, 2);
	/* Which comes first is a matter of the name; neither may reach a terminal as it is. */
	assert_null(strchr(s->overlays[0].path, '\033'));
	assert_null(strchr(s->overlays[1].path, '\033'));
	lm_status_free(s);
	help_run(small.room, "rm stick/LiveOS/home.img && mke2fs -q -t ext4 stick/LiveOS/home.img 2M");
	s = status_of(0);
	assert_true(s->home.present && !s->home.encrypted && s->home.free_known);
	assert_true(s->home.free_bytes > 0 && s->home.free_bytes < s->home.size_bytes);
	lm_status_free(s);
}

static void test_interrupted(void **state)
{
	static const struct record_prose prose = { "A merge.", "Nothing is lost." };
	const struct journal_entry entries[] = { { "op", "merge" } };
	char base[] = "LiveOS/rootfs.img", path[] = "LiveOS/overlay-LIVE-1A2B-3C4D";
	struct record record = { .op = LM_OP_MERGE, .phase = RECORD_BUILDING, .base = base,
				 .overlay = path };
	struct lm_status *s;
	struct io *io;

	(void)state;
	assert_int_equal(io_dir_open(small.top, &io), 0);
	io_mkdir(io, "LiveOS/livemend");
	assert_int_equal(record_identify_overlay(io, path, &record.overlay_id, NULL, NULL), 0);
	assert_int_equal(record_identify(io, base, &record.merge.old_image, NULL), 0);
	assert_int_equal(record_write(io, "LiveOS", &record, &prose, NULL), 0);
	s = status_of(0);
	assert_true(s->interrupted && !s->interrupted_by_other);
	assert_string_equal(s->interrupted_op, "merge");
	assert_int_equal(s->health, LM_ACT);
	assert_non_null(strstr(s->advice, "resume"));
	lm_status_free(s);
	/* Whole, and not understood: nobody here can finish it. */
	assert_int_equal(journal_pending_write(io, "LiveOS", "A merge.\n", entries, 1, NULL), 0);
	s = status_of(0);
	assert_true(s->interrupted && s->interrupted_by_other);
	assert_int_equal(s->health, LM_ACT);
	assert_null(s->advice_op);
	lm_status_free(s);
	io_close(io);
}

static void test_other_base(void **state)
{
	struct lm_status *s;

	(void)state;
	help_run(small.room, "mke2fs -q -F -t ext4 stick/LiveOS/rootfs.img $(stat -c %s "
			     "stick/LiveOS/rootfs.img | awk '{print $1/1024}')k");
	s = status_of(0);
	assert_false(s->paired);
	assert_int_equal(s->health, LM_BROKEN);
	lm_status_free(s);
	help_run(small.room, "rm stick/LiveOS/rootfs.img");
	s = status_of(0);
	assert_null(s->base.path);
	assert_int_equal(s->health, LM_BROKEN);
	lm_status_free(s);
}

/* The judgement by itself: a rate, a sparse overlay, few inodes. */
static void test_walls(void **state)
{
	struct lm_error none = { 0 };
	struct lm_overlay o = {
		.kind = LM_OVERLAY_DM_SNAPSHOT, .chunk_sectors = 8, .file_bytes = 1u << 30,
		.on_disk_bytes = 1u << 30,
	};
	struct status_facts f = {
		.room_bytes = 500u << 20,
		.written_bytes = 100u << 20,
		.since = (int64_t)time(NULL) - 10 * 86400,
		.root_avail_bytes = 900u << 20,
		.trouble = &none,
	};
	struct lm_status s = { .overlays = &o, .n_overlays = 1, .paired = true };
	char base[] = "LiveOS/rootfs.img", fat[] = "vfat";
	int i;

	(void)state;
	s.base.path = base;
	s.base.size_sectors = 1;
	s.stick.free_bytes = 1u << 30;
	s.root.known = true;
	s.root.size_bytes = 2u << 30;
	s.root.free_bytes = 1u << 30;
	s.root.inodes = 1000;
	s.root.inodes_free = 900;
	for (i = 0; i < 4; i++) {
		static const char *const what[] = { "overlay", "stick", "root-inodes", "fat-4gib" };

		if (i == 1) {
			o.on_disk_bytes = 1u << 20;
			s.stick.free_bytes = 40u << 20;
		} else if (i == 2) {
			s.root.inodes_free = 1;
		} else if (i == 3) {
			s.root.inodes_free = 900;
			s.stick.fstype = fat;
			o.file_bytes = o.on_disk_bytes = UINT32_MAX;
		}
		assert_int_equal(status_judge(&s, &f), 0);
		assert_true(s.wall_known);
		assert_string_equal(s.first_wall.what, what[i]);
		if (i == 0) {
			/* 10 MiB a day, 500 left. */
			assert_true(labs((long)s.first_wall.seconds_left - 50 * 86400) < 100);
			assert_non_null(s.first_wall.basis);
		}
		free(s.first_wall.what);
		free(s.first_wall.text);
		free(s.first_wall.basis);
		free(s.headline);
		free(s.advice);
		memset(&s.first_wall, 0, sizeof(s.first_wall));
	}
}

static void test_layout(void **state)
{
	struct lm_stick *stick;
	struct lm_node *root, *n;
	unsigned files = 0;

	(void)state;
	assert_int_equal(lm_stick_open(ctx, small.top, &stick, NULL), 0);
	assert_int_equal(lm_layout_read(stick, &root, NULL), 0);
	assert_null(root->next);
	assert_string_equal(root->where, small.top);
	for (n = root->child; n; n = n->next) {
		assert_string_equal(n->type, "file");
		assert_true(n->size_bytes > 0);
		files++;
	}
	assert_int_equal(files, 2);
	assert_string_equal(root->child->name, "rootfs.img");
	assert_string_equal(root->child->detail, "ext4");
	lm_layout_free(root);
	lm_stick_close(stick);
}

/* ---- the worth of chunks: by status, usage, compact and merge, and by other code ---- */

#define COUNT_BLOCK 1024u
#define COUNT_CHUNK 4096u

static unsigned char *whole(const char *name, size_t *len)
{
	int fd = open(help_path(small.room, name), O_RDONLY | O_CLOEXEC);
	unsigned char *data = NULL;
	struct stat st;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	*len = (size_t)st.st_size;
	data = malloc(*len);
	assert_non_null(data);
	assert_int_equal(read(fd, data, *len), *len);
	close(fd);
	return data;
}

/* Which blocks of the merged file system are free, as dumpe2fs prints it. */
static void read_free(bool *is_free, size_t blocks)
{
	unsigned long first, last;
	char line[4096], *p;
	FILE *f;

	snprintf(line, sizeof(line), "dumpe2fs %s/b.img 2>/dev/null", small.room);
	f = popen(line, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		p = strstr(line, "Free blocks: ");
		/* "Free blocks: 12" is their number, in the head; ranges stand further in. */
		if (!p || p == line)
			continue;
		for (p += strlen("Free blocks: "); *p >= '0' && *p <= '9'; p += strspn(p, ", ")) {
			first = last = strtoul(p, &p, 10);
			if (*p == '-')
				last = strtoul(p + 1, &p, 10);
			for (; first <= last; first++) {
				assert_true(first < blocks);
				is_free[first] = true;
			}
		}
	}
	pclose(f);
}

struct counted {
	uint64_t all, dead, equal, live, live_bytes;
};

/* From the bytes of the files alone. */
static void count_by_hand(struct counted *n)
{
	size_t len, base_len, overlay_len, blocks;
	unsigned char *now = whole("b.img", &len), *base = whole("a.img", &base_len);
	unsigned char *store = whole("stick/LiveOS/overlay-LIVE-1A2B-3C4D", &overlay_len);
	bool *is_free;

	assert_int_equal(len, base_len);
	blocks = len / COUNT_BLOCK;
	is_free = calloc(blocks, sizeof(*is_free));
	assert_non_null(is_free);
	read_free(is_free, blocks);
	*n = (struct counted){ 0 };
	for (size_t i = 0; i < COUNT_CHUNK / 16; i++) {
		const unsigned char *record = store + COUNT_CHUNK + i * 16;
		size_t off = (record[0] | (size_t)record[1] << 8) * COUNT_CHUNK, end, b;
		const unsigned char *data = store + (record[8] | (size_t)record[9] << 8) * COUNT_CHUNK;
		bool used = false, differs = false;

		if (data == store)
			break;
		n->all++;
		end = off + COUNT_CHUNK < len ? off + COUNT_CHUNK : len;
		for (b = off; b < end; b++) {
			if (is_free[b / COUNT_BLOCK])
				continue;
			used = true;
			differs = differs || base[b] != data[b - off];
		}
		n->dead += !used;
		n->equal += used && !differs;
		n->live += differs;
		n->live_bytes += differs ? end - off : 0;
	}
	free(is_free);
	free(store);
	free(base);
	free(now);
}

static void test_partial(void **state)
{
	static const enum small_tail tails[] = { SMALL_WHOLE, SMALL_TAIL_DEAD, SMALL_TAIL_EQUAL,
						 SMALL_TAIL_LIVE };
	struct counted n, whole_ones = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		struct changes changes;
		struct lm_status *s;
		struct lm_stick *stick;
		struct stick_look look;
		struct lm_usage *u;
		struct compact *c;
		struct lm_error err;

		small_make_tail(&small, true, tails[i]);
		assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
		count_by_hand(&n);
		/* It is the last chunk that makes the difference. */
		assert_true(n.dead >= 5 && n.equal >= 3 && n.live >= 20);
		assert_int_equal(small.want_len % COUNT_CHUNK == 0, tails[i] == SMALL_WHOLE);
		if (i == 0)
			whole_ones = n;
		if (tails[i] == SMALL_TAIL_DEAD)
			assert_int_equal(n.dead, 6);
		if (tails[i] == SMALL_TAIL_EQUAL)
			assert_int_equal(n.equal, whole_ones.equal + 1);
		if (tails[i] == SMALL_TAIL_LIVE)
			assert_int_equal(n.live_bytes % COUNT_CHUNK, 3072);

		s = status_of(0);
		assert_true(s->overlays[0].dead_known);
		assert_int_equal(s->overlays[0].dead_sectors, n.dead * COUNT_CHUNK / 512);
		assert_int_equal(s->overlays[0].exceptions, n.all);
		lm_status_free(s);
		assert_int_equal(lm_stick_open(ctx, small.top, &stick, &err), 0);
		assert_int_equal(lm_usage_read(stick, NULL, &u, &err), 0);
		assert_int_equal(u->total_bytes, n.all * COUNT_CHUNK);
		assert_int_equal(u->dead_bytes, n.dead * COUNT_CHUNK);
		assert_int_equal(u->equal_bytes, n.equal * COUNT_CHUNK);
		assert_int_equal(u->files_bytes + u->fsmeta_bytes, (n.equal + n.live) * COUNT_CHUNK);
		assert_int_equal(u->compact_frees_bytes, (n.dead + n.equal) * COUNT_CHUNK);
		lm_usage_free(u);
		assert_int_equal(stick_look_open(stick, 0, &look, &err), 0);
		c = compact_new(stick, &err);
		assert_non_null(c);
		assert_int_equal(compact_scan(c, &look, look.view, NULL, NULL, NULL, &err), 0);
		assert_int_equal(c->dead, n.dead);
		assert_int_equal(c->equal, n.equal);
		assert_int_equal(c->n_kept, n.live);
		compact_free(c);
		assert_int_equal(changes_find(&changes, &look, CHANGES_ALL, true, NULL, NULL, &err), 0);
		assert_int_equal(changes.live_bytes, n.live_bytes);
		changes_free(&changes);
		stick_look_close(&look);
		lm_stick_close(stick);
		lm_ctx_free(ctx);
		small_free(&small);
	}
}

/* ---- a root file system that does not open any more ---- */

/* Where the overlay keeps the superblock: its chunk 0 of the root image. */
static off_t super_in_overlay(void)
{
	size_t len;
	unsigned char *store = whole("stick/LiveOS/overlay-LIVE-1A2B-3C4D", &len);
	off_t at = 0;

	for (size_t i = 0; i < COUNT_CHUNK / 16 && !at; i++) {
		const unsigned char *record = store + COUNT_CHUNK + i * 16;

		if (!(record[0] | record[1]))
			at = (record[8] | (off_t)record[9] << 8) * COUNT_CHUNK + 1024;
	}
	free(store);
	assert_true(at > 1024);
	return at;
}

enum loss { LOSS_BYTE, LOSS_ZERO, LOSS_OTHER_BASE, LOSSES };

static void lose(enum loss loss)
{
	static const unsigned char zero[1024];
	unsigned char *other;
	size_t len;

	switch (loss) {
	case LOSS_BYTE:
		poke(overlay, (uint64_t)super_in_overlay() + 0x78, "x", 1);
		break;
	case LOSS_ZERO:
		poke(overlay, (uint64_t)super_in_overlay(), zero, sizeof(zero));
		break;
	default:
		/* What such an overlay holds there. */
		help_run(small.room, "mke2fs -q -F -t ext4 -b 1024 other.img 3M");
		other = whole("other.img", &len);
		poke(overlay, (uint64_t)super_in_overlay(), other + 1024, 1024);
		free(other);
	}
}

static const struct lm_finding *finding(const struct lm_report *r, const char *id)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->findings[i].id, id) == 0)
			return &r->findings[i];
	return NULL;
}

static void check_lost(enum loss loss)
{
	static const char *const why[] = { "checksum", "gone" };
	struct lm_status *s = status_of(0);
	const struct lm_finding *f;
	struct lm_report *r = NULL;
	struct lm_stick *stick;

	assert_int_equal(s->health, LM_BROKEN);
	assert_int_equal(lm_stick_open(ctx, small.top, &stick, NULL), 0);
	assert_int_equal(lm_doctor(stick, 0, NULL, &r, NULL), 0);
	assert_true(r->ill);
	if (loss == LOSS_OTHER_BASE) {
		assert_false(s->paired);
		f = finding(r, "pairing");
		assert_non_null(f);
		assert_int_equal(f->severity, LM_SEV_ILL);
	} else {
		assert_non_null(strstr(s->headline, why[loss]));
		assert_string_equal(s->advice_op, "recover");
		assert_non_null(strstr(s->advice, "reset"));
		/* One fact, one sentence. */
		f = finding(r, "fs-damaged");
		assert_non_null(f);
		assert_int_equal(f->severity, LM_SEV_ILL);
		assert_string_equal(f->op, "recover");
		assert_string_equal(f->remedy, s->advice);
		assert_null(finding(r, "pairing"));
	}
	assert_null(finding(r, "fs-kind"));
	lm_report_free(r);
	for (size_t i = 0; i < 3; i++) {
		static const enum lm_op ops[] = { LM_OP_MERGE, LM_OP_COMPACT, LM_OP_GROW };
		struct lm_options options = { .op = ops[i], .size_bytes = 1 << 20,
					      .size_is_more = true };
		struct lm_plan *plan;

		assert_int_equal(lm_plan_make(ctx, stick, &options, &plan, NULL), 0);
		assert_false(plan->possible);
		assert_int_equal(plan->refusal.outcome, LM_REFUSED);
		assert_true(plan->refusal.what[0] && plan->refusal.why[0] && plan->refusal.help[0]);
		if (loss != LOSS_OTHER_BASE)
			assert_string_equal(plan->refusal.help, s->advice);
		lm_plan_free(plan);
	}
	lm_stick_close(stick);
	lm_status_free(s);
}

static void test_lost(void **state)
{
	(void)state;
	for (int bare = 0; bare < 2; bare++) {
		small_make(&small, bare);
		assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
		for (enum loss loss = 0; loss < LOSSES; loss++) {
			lose(loss);
			check_lost(loss);
			small_restore(&small, &small.fresh);
		}
		lm_ctx_free(ctx);
		small_free(&small);
	}
}

/* A file system that never was ext is none that was lost. */
static void test_not_ext(void **state)
{
	struct lm_options options = { .op = LM_OP_MERGE };
	struct lm_report *r = NULL;
	struct lm_stick *stick;
	struct lm_status *s;
	struct lm_plan *plan;

	(void)state;
	help_run(small.room, "dd if=/dev/zero of=stick/LiveOS/rootfs.img bs=1k seek=1 count=1 "
			     "conv=notrunc 2>/dev/null && printf XFSB | dd of=stick/LiveOS/rootfs.img "
			     "conv=notrunc 2>/dev/null");
	poke(overlay, (uint64_t)super_in_overlay() - 1024, "XFSB", 4);
	poke(overlay, (uint64_t)super_in_overlay() + 0x38, "\0\0", 2);
	s = status_of(0);
	assert_int_equal(s->health, LM_HEALTHY);
	assert_false(s->root.known);
	assert_int_equal(lm_stick_open(ctx, small.top, &stick, NULL), 0);
	assert_int_equal(lm_plan_make(ctx, stick, &options, &plan, NULL), 0);
	assert_true(plan->possible);
	lm_plan_free(plan);
	assert_int_equal(lm_doctor(stick, 0, NULL, &r, NULL), 0);
	assert_non_null(finding(r, "fs-kind"));
	assert_null(finding(r, "fs-damaged"));
	lm_report_free(r);
	lm_stick_close(stick);
	lm_status_free(s);
}

/* Sets a feature that nobody knows, as one of a later time has it. */
static void from_the_future(const char *path, off_t at)
{
	int fd = open(help_path(small.top, path), O_RDWR | O_CLOEXEC);
	unsigned char sb[1024];
	uint32_t sum;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, sb, sizeof(sb), at), sizeof(sb));
	sb[0x63] |= 0x40;
	sum = ext2fs_crc32c_le(~0u, sb, 0x3fc);
	for (int i = 0; i < 4; i++)
		sb[0x3fc + i] = (unsigned char)(sum >> 8 * i);
	assert_int_equal(pwrite(fd, sb, sizeof(sb), at), sizeof(sb));
	close(fd);
}

/* What livemend does not know is not ill for that; but it is not merged unchecked. */
static void test_unknown(void **state)
{
	struct lm_options options = { .op = LM_OP_MERGE };
	struct lm_stick *stick;
	struct lm_status *s;
	struct lm_plan *plan;

	(void)state;
	from_the_future("LiveOS/rootfs.img", 1024);
	from_the_future(overlay, super_in_overlay());
	s = status_of(0);
	assert_int_equal(s->health, LM_HEALTHY);
	lm_status_free(s);
	assert_int_equal(lm_stick_open(ctx, small.top, &stick, NULL), 0);
	assert_int_equal(lm_plan_make(ctx, stick, &options, &plan, NULL), 0);
	assert_false(plan->possible);
	assert_int_equal(plan->refusal.code, -EOPNOTSUPP);
	lm_plan_free(plan);
	lm_stick_close(stick);
	/* In the overlay alone it is no feature, but damage. */
	small_restore(&small, &small.fresh);
	from_the_future(overlay, super_in_overlay());
	s = status_of(0);
	assert_int_equal(s->health, LM_BROKEN);
	lm_status_free(s);
}

/* ---- a damaged store has no figures ---- */

static void test_no_figures(void **state)
{
	struct lm_status *s;

	(void)state;
	/* The first exception says that its data lies at the end of the world. */
	poke(overlay, COUNT_CHUNK + 8, "\xff\xff\xff\xff\xff\xff\xff\x0f", 8);
	s = status_of(0);
	assert_int_equal(s->overlays[0].state, LM_STATE_DAMAGED);
	assert_true(s->overlays[0].no_figures);
	assert_int_equal(s->overlays[0].allocated_sectors, 0);
	assert_int_equal(s->overlays[0].total_sectors, 0);
	assert_int_equal(s->overlays[0].exceptions, 0);
	assert_true(s->overlays[0].used_percent == 0);
	assert_false(s->overlays[0].dead_known);
	assert_false(s->wall_known);
	assert_true(s->overlays[0].file_bytes > 0);
	lm_status_free(s);
}

/* ---- status and doctor ---- */

/* Both call for the same, in the same words, and what they call for is possible. */
static void agree(const char *id)
{
	struct lm_status *s = status_of(0);
	struct lm_report *r = NULL;
	struct lm_stick *stick;
	const struct lm_finding *f;

	assert_int_equal(lm_stick_open(ctx, small.top, &stick, NULL), 0);
	assert_int_equal(lm_doctor(stick, 0, NULL, &r, NULL), 0);
	f = finding(r, id);
	if (!f)
		fail_msg("doctor does not say %s", id);
	assert_string_equal(f->remedy, s->advice);
	assert_int_equal(!f->op, !s->advice_op);
	/* Of what cannot be used nothing is said to be in order, nor to be merged. */
	if (strncmp(id, "store-", 6) == 0)
		for (size_t i = 0; i < r->count; i++)
			assert_true(strcmp(r->findings[i].id, "pairing") != 0 &&
				    (!r->findings[i].op || strcmp(r->findings[i].op, "merge") != 0));
	if (f->op) {
		struct lm_options options = { .op = strcmp(f->op, "merge") == 0 ? LM_OP_MERGE :
											 LM_OP_RECOVER };
		struct lm_plan *plan;

		assert_string_equal(f->op, s->advice_op);
		assert_string_equal(f->op, lm_op_word(options.op));
		assert_int_equal(lm_plan_make(ctx, stick, &options, &plan, NULL), 0);
		if (!plan->possible)
			fail_msg("%s: %s is called for, and refused: %s: %s", id, f->op,
				 plan->refusal.what, plan->refusal.why);
		lm_plan_free(plan);
	}
	lm_report_free(r);
	lm_stick_close(stick);
	lm_status_free(s);
	small_restore(&small, &small.fresh);
}

static void test_agree(void **state)
{
	struct lm_status *s = status_of(LM_STATUS_QUICK);
	uint64_t need = s->overlays[0].allocated_sectors * 512;

	(void)state;
	lm_status_free(s);
	assert_int_equal(truncate(help_path(small.top, overlay), (off_t)need), 0);
	agree("overlay-full");
	poke(overlay, 0, "XXXX", 4);
	agree("store-header");
	poke(overlay, COUNT_CHUNK + 8, "\1\0", 2);
	agree("store-in-tables");
	/* The first exception again: two share their data. */
	poke(overlay, COUNT_CHUNK + 16 + 8, "\2\0", 2);
	agree("store-shared");
	help_run(small.room, "mke2fs -q -F -t ext4 stick/LiveOS/rootfs.img 2M");
	agree("pairing");
}

/* What operations leave when they are cut off, and no note of one. */
static void test_leftovers(void **state)
{
	static const char *const names[] = { "livemend.new", "livemend.old", "livemend.cow",
					     "livemend.bak" };
	const struct lm_finding *f;
	struct lm_report *r = NULL;
	struct lm_stick *stick;

	(void)state;
	assert_int_equal(lm_stick_open(ctx, small.top, &stick, NULL), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char line[64];

		snprintf(line, sizeof(line), "printf x >stick/LiveOS/%s", names[i]);
		help_run(small.room, line);
		assert_int_equal(lm_doctor(stick, 0, NULL, &r, NULL), 0);
		f = finding(r, "leftover");
		assert_non_null(f);
		assert_int_equal(f->severity, LM_SEV_NOTE);
		assert_non_null(strstr(f->what, names[i]));
		assert_true(f->remedy && f->remedy[0]);
		/* What is called for does it. */
		if (f->op) {
			struct lm_options options = { .op = LM_OP_RESUME };
			struct lm_plan *plan;

			assert_string_equal(f->op, "resume");
			assert_int_equal(lm_plan_make(ctx, stick, &options, &plan, NULL), 0);
			assert_true(plan->possible && plan->n_steps > 1);
			lm_plan_free(plan);
		}
		lm_report_free(r);
		snprintf(line, sizeof(line), "rm stick/LiveOS/%s", names[i]);
		help_run(small.room, line);
	}
	lm_stick_close(stick);
	/* Alone, it may be all there is. */
	help_run(small.room, "mv stick/LiveOS/overlay-* stick/LiveOS/livemend.bak");
	assert_int_equal(lm_stick_open(ctx, small.top, &stick, NULL), 0);
	assert_int_equal(lm_doctor(stick, 0, NULL, &r, NULL), 0);
	f = finding(r, "leftover-alone");
	assert_non_null(f);
	assert_int_equal(f->severity, LM_SEV_WARNING);
	lm_report_free(r);
	lm_stick_close(stick);
}

/* Looking changes nothing, and takes no time that anybody would notice. */
static void test_looking(void **state)
{
	struct small_files before = { .count = 0 };
	struct timespec a, b;
	size_t i;

	(void)state;
	small_save(&small, &before);
	clock_gettime(CLOCK_MONOTONIC, &a);
	lm_status_free(status_of(0));
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_true((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < 1000);
	for (i = 0; i < before.count; i++)
		assert_true(small_same(&small, &before, before.files[i].path));
	small_files_free(&before);
}

/* One that was never opened, or is closed again, takes no descriptor with it. */
static void test_look_of_zeros(void **state)
{
	struct stick_look look;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	/* The number that zeros stand for is one that is open. */
	assert_true(fd >= 0);
	memset(&look, 0, sizeof(look));
	stick_look_close(&look);
	stick_look_close(&look);
	assert_true(fcntl(0, F_GETFD) >= 0);
	if (fd > 0)
		close(fd);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_healthy), TEST(test_states),     TEST(test_full),
		TEST(test_home_and_hostile),	TEST(test_interrupted), TEST(test_other_base),
		cmocka_unit_test(test_look_of_zeros),
		cmocka_unit_test(test_walls),   TEST(test_layout),      TEST(test_looking),
		cmocka_unit_test(test_partial), cmocka_unit_test(test_lost),
		TEST(test_agree), TEST(test_leftovers), TEST(test_not_ext), TEST(test_unknown), TEST(test_no_figures),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

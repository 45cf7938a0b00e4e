/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_crash_repair.c - merging with a file system that must be repaired first, cut off or
 * failing at every single call
 *
 * e2fsck itself is at work, on a copy, which needs nothing of the machine. The
 * oracle: at any instant image and overlay, unless the overlay is marked
 * invalid, give the file system as it was, or as e2fsck makes it, and no third
 * one; when it says that nothing has changed, or after an undoing resume, image
 * and overlay are what they were to the byte; a resume that finishes, and a
 * merge after it, leave the repaired system in the image.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/fs/fs.h"
#include "core/view/view.h"
#include "tests/crash/harness.h"

#define BARE "LiveOS/rootfs.img"
#define UNDO "LiveOS/livemend/recover.undo"

/* A way of e2fsck's that is everywhere: a copy as a whole (dm/fsck.h). */
#define WHOLE 3

static const char *const same_time[] = {"E2FSCK_TIME=2100000000", NULL};

struct crash crash;

static struct small_files ill;
static unsigned char *was, *mended; /* what the merged view reads as, before and after */
static bool *in_use;                /* blocks of 1024 bytes in the repaired file system */
static bool full;                   /* the overlay has no room for the repair */

static const char *base_name(void)
{
	return stick.bare ? BARE : BASE;
}

/* ---- repairs ---- */

/* Where the stand-in for e2fsck writes: file content, in chunks that the overlay has not. */
#define MOST_SPOTS 3
static uint64_t spots[MOST_SPOTS];
static size_t n_spots;

static int mend_spots(void *arg, struct io_source *top)
{
	unsigned char block[1024];
	int ret = 0;

	(void)arg;
	memset(block, 0x5a, sizeof(block));
	for (size_t i = 0; i < n_spots && ret == 0; i++)
		ret = io_source_write(top, block, sizeof(block), spots[i], NULL);
	return ret;
}

static void prepare(struct lm_ctx *ctx, struct lm_options *options)
{
	(void)options;
	ctx->no_e2fsck = false;
	ctx->fsck_way = WHOLE;
	ctx->e2fsck_env = same_time;
	if (full) {
		ctx->repair = mend_spots;
		ctx->no_e2fsck = true;
	}
}

/* ---- the oracle ---- */

/* How much was written to it in its life, its times of checking, and the checksum over that. */
static void mask(unsigned char *view)
{
	memset(view + 1024 + 0x178, 0, 8);
	memset(view + 1024 + 0x3fc, 0, 4);
}

static bool same_view(const unsigned char *a, const unsigned char *b)
{
	for (size_t i = 0; i < stick.want_len / 1024; i++)
		if (in_use[i] && memcmp(a + i * 1024, b + i * 1024, 1024) != 0)
			return false;
	return true;
}

/* Reads all of the merged view; false: the overlay is marked invalid. */
static bool read_view(unsigned char *to)
{
	struct stick_look look;
	struct lm_stick *s;
	struct lm_ctx *ctx;
	bool valid = false;

	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	assert_int_equal(lm_stick_open(ctx, stick.top, &s, NULL), 0);
	assert_int_equal(stick_look_open(s, 0, &look, NULL), 0);
	assert_non_null(look.store);
	if (cow_store_info(look.store)->state != LM_STATE_INVALID) {
		if (!look.view || !look.paired)
			fail_msg("%s: %s", where, look.view ? look.pair_why : look.trouble.what);
		assert_int_equal(look.view->size_bytes, stick.want_len);
		assert_int_equal(io_source_read(look.view, to, stick.want_len, 0, NULL), 0);
		mask(to);
		valid = true;
	}
	stick_look_close(&look);
	lm_stick_close(s);
	lm_ctx_free(ctx);
	return valid;
}

enum reads_as { AS_IT_WAS, MENDED, BARRED };

static enum reads_as reads_as(void)
{
	unsigned char *now = malloc(stick.want_len);
	enum reads_as as = BARRED;

	assert_non_null(now);
	if (read_view(now)) {
		if (same_view(now, mended))
			as = MENDED;
		else if (memcmp(now, was, stick.want_len) == 0)
			as = AS_IT_WAS;
		else
			fail_msg("%s: it reads neither as it was nor as repaired", where);
	}
	free(now);
	return as;
}

static bool overlay_is_empty(void)
{
	struct io_file *file;
	struct cow_store *store = crash_open_overlay(false, &file);
	bool empty = cow_store_info(store)->state == LM_STATE_EMPTY;

	crash_close_overlay(store, file);
	return empty;
}

static bool is_untouched(void)
{
	return small_same(&stick, &ill, OVERLAY) && small_same(&stick, &ill, base_name());
}

static void check(void)
{
	enum reads_as as = reads_as();

	/* Whoever meets it barred finds a note, and what is needed to go on. */
	if (as == BARRED && !(small_exists(&stick, UNDO) &&
			      small_exists(&stick, "LiveOS/livemend/PENDING.txt")))
		fail_msg("%s: marked invalid, without a note or its undo file", where);
}

static void no_undo_file(void)
{
	crash_check_clean();
	if (small_exists(&stick, UNDO))
		fail_msg("%s: the undo file was left behind", where);
}

static void check_done(void)
{
	no_undo_file();
	if (!overlay_is_empty())
		fail_msg("%s: the overlay is not empty", where);
	if (reads_as() != MENDED)
		fail_msg("%s: it is not what e2fsck makes of it", where);
}

static void check_untouched(void)
{
	no_undo_file();
	if (is_untouched())
		return;
	/* Written in place: what is in it already is the repaired system. */
	if (!stick.bare || reads_as() != MENDED)
		fail_msg("%s: it says that nothing has changed, but it has", where);
}

static void finish(void)
{
	check();
	crash_must(LM_OP_RESUME, false);
	check();
	crash_check_clean();
	/* An undo file that a cut has left is of no use, and does no harm. */
	if (overlay_is_empty()) {
		assert_int_equal(reads_as(), MENDED);
		return;
	}
	/* Undone, or the repair alone was finished, which can be taken back. */
	if (!is_untouched() && !stick.bare && !small_exists(&stick, UNDO))
		fail_msg("%s: the resume left something in between", where);
	crash_must(LM_OP_MERGE, false);
	check_done();
}

/* Only what had come to its end already is not as it was. */
static bool undone(enum lm_outcome outcome)
{
	if (outcome != LM_DONE) {
		finish();
		return false;
	}
	crash_check_clean();
	if (is_untouched())
		return true;
	if (overlay_is_empty()) {
		assert_int_equal(reads_as(), MENDED);
		return false;
	}
	if (!stick.bare)
		fail_msg("%s: an undoing resume has not put it back", where);
	assert_int_equal(reads_as(), MENDED);
	return true;
}

static void check_settled(void)
{
	enum reads_as as = reads_as();

	crash_check_clean();
	assert_true(as != BARRED);
}

/* ---- the stick ---- */

static void damage(void)
{
	/* Counts, a bitmap and a number of links, which e2fsck mends without a question. */
	assert_int_equal(small_on_view(&stick, OVERLAY,
				       "PATH=$PATH:/sbin:/usr/sbin; printf 'ssv state 0\\n"
				       "ssv free_blocks_count 7\\nset_inode_field one links_count 7\\n"
				       "setb 900 40\\n' | debugfs -w -f - %s >/dev/null 2>&1"), 0);
}

/* A file's, not a table's or a directory's. */
static bool is_content(const unsigned char *block)
{
	bool seen[256] = {false};
	unsigned kinds = 0;

	for (size_t i = 0; i < 1024; i++) {
		kinds += !seen[block[i]];
		seen[block[i]] = true;
	}
	return kinds > 100;
}

/* Cut to what it holds: the next chunk that is written has no room. */
static void fill_up(void)
{
	struct io_file *file;
	struct cow_store *store = crash_open_overlay(false, &file);
	const struct cow_info *info = cow_store_info(store);
	uint64_t bytes = info->next_free * info->chunk_sectors * 512;
	uint64_t chunk = info->chunk_sectors * 512;
	char path[256];

	n_spots = 0;
	for (uint64_t off = 0; off + chunk <= stick.want_len && n_spots < MOST_SPOTS; off += chunk) {
		bool content = cow_store_lookup(store, off / chunk) == 0;

		for (uint64_t i = 0; i < chunk / 1024; i++)
			content = content && stick.used[off / 1024 + i] &&
				  is_content(stick.want + off + i * 1024);
		if (content)
			spots[n_spots++] = off + 1024;
	}
	assert_true(n_spots > 0);
	crash_close_overlay(store, file);
	snprintf(path, sizeof(path), "%s/" OVERLAY, stick.top);
	assert_int_equal(truncate(path, (off_t)bytes), 0);
}

static void read_use(void)
{
	char path[300];
	struct io_source *src;
	struct io_file *file;
	struct fs *fs;

	snprintf(path, sizeof(path), "%s/mended.img", stick.room);
	assert_int_equal(io_path_open(path, IO_READ, &file), 0);
	assert_int_equal(io_file_source(file, true, path, 0, 0, &src, NULL), 0);
	assert_int_equal(io_source_read(src, mended, stick.want_len, 0, NULL), 0);
	mask(mended);
	assert_int_equal(fs_open(src, &fs, NULL), 0);
	assert_int_equal(fs_load_bitmap(fs, NULL), 0);
	for (size_t i = 0; i < stick.want_len / 1024; i++)
		in_use[i] = fs_range_used(fs, i * 1024, 1024);
	fs_close(fs);
	io_source_close(src);
	unlink(path);
}

/* What e2fsck makes of a plain copy is what all is held against. */
static void make_ill(bool no_room)
{
	char line[700];

	full = no_room;
	small_restore(&stick, &stick.fresh);
	if (full)
		fill_up();
	else
		damage();
	small_files_free(&ill);
	small_save(&stick, &ill);
	assert_true(read_view(was));
	if (full) {
		memcpy(mended, was, stick.want_len);
		memcpy(in_use, stick.used, stick.want_len / 1024 * sizeof(*in_use));
		for (size_t i = 0; i < n_spots; i++)
			memset(mended + spots[i], 0x5a, 1024);
		return;
	}
	snprintf(line, sizeof(line),
		 "PATH=$PATH:/sbin:/usr/sbin; cp %%s %s/mended.img; "
		 "E2FSCK_TIME=2100000000 e2fsck -fp %s/mended.img >/dev/null 2>&1; "
		 "e2fsck -fn %s/mended.img >/dev/null 2>&1",
		 stick.room, stick.room, stick.room);
	assert_int_equal(small_on_view(&stick, OVERLAY, line), 0);
	read_use();
	assert_false(same_view(was, mended));
	small_restore(&stick, &ill);
}

static int setup(bool bare, bool no_room)
{
	static const struct crash repair = {
		.op = LM_OP_MERGE,
		.start = &ill,
		.prepare = prepare,
		.check = check,
		.check_done = check_done,
		.check_untouched = check_untouched,
		.check_settled = check_settled,
		.finish = finish,
		.undone = undone,
		.leftovers = {"LiveOS/livemend.new", "LiveOS/livemend.old"},
		.least = 20,
		.head = 12,
		.tail = 12,
		.each = 7,
		.sparse = true,
	};

	small_make(&stick, bare);
	crash = repair;
	was = malloc(stick.want_len);
	mended = malloc(stick.want_len);
	in_use = calloc(stick.want_len / 1024, sizeof(*in_use));
	assert_true(was && mended && in_use);
	make_ill(no_room);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	small_files_free(&ill);
	free(was);
	free(mended);
	free(in_use);
	small_free(&stick);
	return 0;
}

static int setup_image(void **state)
{
	(void)state;
	return setup(false, false);
}

static void change_to_full(void **state)
{
	assert_int_equal(teardown(state), 0);
	assert_int_equal(setup(false, true), 0);
}

static void change_to_bare(void **state)
{
	assert_int_equal(teardown(state), 0);
	assert_int_equal(setup(true, false), 0);
}

/* ---- tests ---- */

static void test_cut_undo(void **state)
{
	(void)state;
	assert_true(crash_cut_undo() > crash_share(20));
}

static void test_lossy(void **state)
{
	(void)state;
	crash_cut(true, 1);
}

static void test_resume_undo(void **state)
{
	(void)state;
	assert_true(crash_cut_resume(true) > crash_share(50));
}

static void test_cancel(void **state)
{
	struct crash_told told;

	(void)state;
	told = crash_cancel();
	assert_true(told.stopped > crash_share(20));
}

/* A question that is not answered by a yes: nothing is repaired, nothing is merged. */
static void test_no(void **state)
{
	struct lm_error why;

	(void)state;
	small_restore(&stick, &ill);
	assert_int_equal(small_on_view(&stick, OVERLAY,
				       "PATH=$PATH:/sbin:/usr/sbin; debugfs -w -R 'unlink one' %s "
				       ">/dev/null 2>&1"), 0);
	small_files_free(&ill);
	small_save(&stick, &ill);
	assert_int_equal(crash_run(NULL, LM_OP_MERGE, false, &why), LM_CANCELLED);
	assert_true(is_untouched());
	no_undo_file();
	make_ill(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_lossy),
		T(test_cut_undo),
		T(test_cut_resume),
		T(test_resume_undo),
		T(test_fail_eio),
		T(test_fail_enospc),
		T(test_cancel),
		T(test_no),
		cmocka_unit_test(change_to_full),
		T(test_lossy),
		T(test_cut_undo),
		T(test_fail_enospc),
		T(test_cancel),
		cmocka_unit_test(change_to_bare),
		T(test_lossy),
		T(test_cut_undo),
		T(test_fail_eio),
		T(test_cancel),
	};

	cmocka_set_test_filter(getenv("LM_ONLY"));
	return cmocka_run_group_tests(tests, setup_image, teardown);
}

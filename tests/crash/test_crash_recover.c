/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_crash_recover.c - recovering, cut off or failing at every single call
 *
 * The overlay is full, invalid, has stale records behind its table, and its
 * file system gets repairs in chunks that are there and in new ones. The
 * oracle: the image is never touched; whenever the overlay is marked valid
 * everything in it is as it was, if it was valid, or as it is to be; a resume
 * makes it the very file that an unhurt run makes; a resume that undoes makes it
 * the very file that it was; and what a run says of its outcome is true.
 */
#include "tests/crash/harness.h"

#include <unistd.h>

#include "core/bytes.h"

#define UNDO       "LiveOS/livemend/recover.undo"
#define MORE_BYTES (256u << 10)

static struct small_files ill, well;
static uint64_t ill_bytes;
static bool was_valid;

/* Blocks far from each other: some are in the overlay, some are not. */
static int mend_some(void *arg, struct io_source *top)
{
	unsigned char block[1024];
	int ret = 0;

	(void)arg;
	for (uint64_t off = 64 << 10; off + sizeof(block) <= top->size_bytes && ret == 0;
	     off += top->size_bytes / 16 / 1024 * 1024) {
		ret = io_source_read(top, block, sizeof(block), off, NULL);
		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = (unsigned char)(block[i] ^ 0x5a);
		if (ret == 0)
			ret = io_source_write(top, block, sizeof(block), off, NULL);
	}
	return ret;
}

static void prepare(struct lm_ctx *ctx, struct lm_options *options)
{
	if (options->op == LM_OP_RECOVER)
		options->size_bytes = ill_bytes + MORE_BYTES;
	ctx->repair = mend_some;
}

/* ---- the oracle ---- */

static void path_of(char path[200], const char *name)
{
	snprintf(path, 200, "%s/%s", stick.top, name);
}

static void check_untouched(void)
{
	crash_check_clean();
	if (small_exists(&stick, UNDO))
		fail_msg("%s: the undo file was left behind", where);
	if (!small_same(&stick, &ill, OVERLAY))
		fail_msg("%s: it says that nothing has changed, but it has", where);
}

static void check_recovered(void)
{
	crash_check_clean();
	if (!small_same(&stick, &well, OVERLAY))
		fail_msg("%s: the overlay is not what it is to be", where);
}

static bool is_valid_on_disk(void)
{
	unsigned char header[16];
	char path[200];
	FILE *f;

	path_of(path, OVERLAY);
	f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fread(header, 1, sizeof(header), f), sizeof(header));
	fclose(f);
	return get_le32(header + 4) != 0;
}

/* What it was, but for its length. */
static bool is_ill_on_disk(void)
{
	struct small_files now = {0};
	const unsigned char *was = NULL, *is = NULL;
	size_t was_len = 0, len = 0;
	bool same = false;

	small_save(&stick, &now);
	for (size_t i = 0; i < ill.count; i++) {
		if (strcmp(ill.files[i].path, OVERLAY) == 0) {
			was = ill.files[i].data;
			was_len = ill.files[i].len;
		}
	}
	for (size_t i = 0; i < now.count; i++) {
		if (strcmp(now.files[i].path, OVERLAY) == 0) {
			is = now.files[i].data;
			len = now.files[i].len;
		}
	}
	assert_true(was && is);
	same = len >= was_len && memcmp(was, is, was_len) == 0;
	small_files_free(&now);
	return same;
}

/* At any moment: whoever starts from it then finds what was, or what is to be, or is refused. */
static void check_state(void)
{
	if (!small_same(&stick, &stick.fresh, BASE))
		fail_msg("%s: the image was touched", where);
	if (is_valid_on_disk() && !small_same(&stick, &well, OVERLAY) &&
	    !(was_valid && is_ill_on_disk()))
		fail_msg("%s: it is marked valid, and is neither what it was nor what it is to be",
			 where);
}

/* The first run, that nothing happens to, makes what it is to be. */
static void begin(void)
{
	small_files_free(&well);
}

static void check_done(void)
{
	if (well.count == 0) {
		small_save(&stick, &well);
		check_state();
		assert_true(is_valid_on_disk());
		assert_false(small_same(&stick, &ill, OVERLAY));
	}
	check_recovered();
}

static void check_settled(void)
{
	check_state();
	crash_check_clean();
	if (!small_same(&stick, &well, OVERLAY) && !small_same(&stick, &ill, OVERLAY))
		fail_msg("%s: the resume left something in between", where);
}

static bool undone(enum lm_outcome outcome)
{
	if (outcome != LM_DONE)
		fail_msg("%s, undone: outcome %d", where, outcome);
	crash_check_clean();
	if (small_same(&stick, &ill, OVERLAY))
		return true;
	check_recovered(); /* it had all been done */
	return false;
}

/* From whatever there is now to a recovered stick. */
static void resume_and_recover(void)
{
	check_state();
	crash_must(LM_OP_RESUME, false);
	check_settled();
	if (!small_same(&stick, &well, OVERLAY))
		crash_must(LM_OP_RECOVER, false);
	check_recovered();
}

/* ---- the stick ---- */

static void make_ill(bool invalid)
{
	struct lm_stick *s;
	struct stick_look look;
	struct lm_ctx *ctx;
	const struct cow_info *info;
	unsigned char bytes[16];
	char path[200];
	uint64_t tail;
	FILE *f;

	small_restore(&stick, &stick.fresh);
	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	assert_int_equal(lm_stick_open(ctx, stick.top, &s, NULL), 0);
	assert_int_equal(stick_look_open(s, 0, &look, NULL), 0);
	info = cow_store_info(look.store);
	ill_bytes = info->next_free * info->chunk_sectors * 512;
	/* Two records behind the terminator of the first area; it must not be full. */
	assert_int_equal(info->areas, 1);
	tail = info->chunk_sectors * 512ull + (info->exceptions + 3) * 16;
	assert_true(info->exceptions + 4 < info->chunk_sectors * 32ull);
	stick_look_close(&look);
	lm_stick_close(s);
	lm_ctx_free(ctx);

	path_of(path, OVERLAY);
	f = fopen(path, "r+b");
	assert_non_null(f);
	put_le64(bytes, 7);
	put_le64(bytes + 8, 9);
	assert_int_equal(fseek(f, (long)tail, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, 16, f), 16);
	put_le32(bytes, invalid ? 0 : 1);
	assert_int_equal(fseek(f, 4, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, 4, f), 4);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(truncate(path, (off_t)ill_bytes), 0);
	small_files_free(&ill);
	small_save(&stick, &ill);
	was_valid = !invalid;
}

static void test_cut_undo(void **state)
{
	(void)state;
	assert_true(crash_cut_undo() > crash_share(15));
}

static void test_cut_undoing(void **state)
{
	(void)state;
	assert_true(crash_cut_resume(true) > crash_share(50));
}

static void test_cancel(void **state)
{
	(void)state;
	assert_true(crash_cancel().stopped > crash_share(5));
}

/* After the end: back to the byte, but only as long as nobody has used it. */
static void test_undo_later(void **state)
{
	char path[200];
	unsigned char byte = 0x77;
	FILE *f;

	(void)state;
	crash_count(false);
	crash_must(LM_OP_RESUME, true);
	check_untouched();

	crash_count(false);
	path_of(path, OVERLAY);
	f = fopen(path, "r+b");
	assert_non_null(f);
	/* What a start of the system changes, of all that is there: the first mapped chunk. */
	assert_int_equal(fseek(f, 2 * 4096 + 1030, SEEK_SET), 0);
	assert_int_equal(fwrite(&byte, 1, 1, f), 1);
	assert_int_equal(fclose(f), 0);
	small_files_free(&well);
	small_save(&stick, &well);
	crash_must(LM_OP_RESUME, true);
	check_recovered();

	/* Nor after another operation: then its undo file is no use, and goes. */
	assert_true(small_exists(&stick, UNDO));
	crash_must(LM_OP_RESET, false);
	assert_false(small_exists(&stick, UNDO));
}

static unsigned calls_with_room(bool invalid)
{
	char path[200];

	make_ill(invalid);
	path_of(path, OVERLAY);
	ill_bytes += 4 << 20;
	assert_int_equal(truncate(path, (off_t)ill_bytes), 0);
	small_files_free(&ill);
	small_save(&stick, &ill);
	return crash_count(true);
}

/* Invalid and not full: an error of the medium did that, so all of it is read before anything. */
static void test_read_all(void **state)
{
	unsigned valid = calls_with_room(false), invalid = calls_with_room(true);

	(void)state;
	if (invalid <= valid)
		fail_msg("%u calls for an invalid overlay with room, %u for a valid one", invalid,
			 valid);
	test_fail_eio(state);
}

static int with_invalid(void **state)
{
	(void)state;
	make_ill(true);
	return 0;
}

static int with_valid(void **state)
{
	(void)state;
	make_ill(false);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	small_make(&stick, false);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	small_files_free(&ill);
	small_files_free(&well);
	small_free(&stick);
	return 0;
}

struct crash crash = {
	.op = LM_OP_RECOVER,
	.start = &ill,
	.prepare = prepare,
	.begin = begin,
	.check = check_state,
	.check_done = check_done,
	.check_untouched = check_untouched,
	.check_settled = check_settled,
	.undone = undone,
	.finish = resume_and_recover,
	.least = 20,
	.head = 24,
	.tail = 24,
	.each = 8,
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_cut, with_invalid),
		cmocka_unit_test_setup(test_cut_lossy, with_invalid),
		cmocka_unit_test_setup(test_cut, with_valid),
		cmocka_unit_test_setup(test_cut_lossy, with_valid),
		cmocka_unit_test_setup(test_cut_undo, with_invalid),
		cmocka_unit_test_setup(test_cut_resume, with_invalid),
		cmocka_unit_test_setup(test_cut_undoing, with_valid),
		cmocka_unit_test_setup(test_fail_eio, with_invalid),
		cmocka_unit_test_setup(test_fail_enospc, with_invalid),
		cmocka_unit_test_setup(test_cancel, with_invalid),
		cmocka_unit_test_setup(test_kill, with_invalid),
		cmocka_unit_test_setup(test_undo_later, with_invalid),
		cmocka_unit_test(test_read_all),
	};

	cmocka_set_test_filter(getenv("LM_ONLY"));
	return cmocka_run_group_tests(tests, setup, teardown);
}

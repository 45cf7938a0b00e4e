/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_recover.c - what recover finds and chooses; gathered changes; the undo file */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/ctx.h"
#include "core/stick/stick_fsck.h"
#include "core/fs/fs_edit.h"
#include "core/io/io_patch.h"
#include "core/ops/recover/recover.h"
#include "core/view/view.h"
#include "tests/unit/look_lab.h"

/* ---- io_patch ---- */

struct runs {
	unsigned count;
	uint64_t off[8];
	size_t len[8];
};

static int note_run(void *arg, uint64_t off, const void *was, const void *is, size_t len)
{
	struct runs *r = arg;

	assert_true(r->count < 8);
	assert_int_not_equal(memcmp(was, is, len), 0);
	r->off[r->count] = off;
	r->len[r->count++] = len;
	return 0;
}

static struct io *folder(char path[64])
{
	struct io *io;

	snprintf(path, 64, "/tmp/recover-unit.XXXXXX");
	assert_non_null(mkdtemp(path));
	assert_int_equal(io_dir_open(path, &io), 0);
	return io;
}

static void no_folder(struct io *io, const char *path)
{
	char line[100];

	io_close(io);
	snprintf(line, sizeof(line), "rm -rf '%s'", path);
	assert_int_equal(system(line), 0);
}

static struct io_file *file_of(struct io *io, const char *name, size_t len)
{
	struct io_file *file;
	unsigned char *buf = malloc(len);

	assert_non_null(buf);
	for (size_t i = 0; i < len; i++)
		buf[i] = (unsigned char)(i * 7 + i / 512);
	assert_int_equal(io_open(io, name, IO_CREATE, &file), 0);
	assert_int_equal(io_pwrite(file, buf, len, 0), 0);
	assert_int_equal(io_fsync(file), 0);
	free(buf);
	return file;
}

static void patch_gathers(void **state)
{
	unsigned char buf[9000], back[9000], was[512];
	struct io_patch *patch;
	struct io_file *file, *p;
	struct runs runs = { 0 };
	struct io_stat st;
	char path[64];
	struct io *io = folder(path);

	(void)state;
	file = file_of(io, "f", 20000);
	assert_int_equal(io_patch_new(file, 1 << 20, &patch), 0);
	p = io_patch_file(patch);
	memset(buf, 0xee, sizeof(buf));
	/* Within a sector, across pages, beyond the end; and the same as it was. */
	assert_int_equal(io_pwrite(p, buf, 3, 700), 0);
	assert_int_equal(io_pwrite(p, buf, 9000, 8100), 0);
	assert_int_equal(io_truncate(p, 30000), 0);
	assert_int_equal(io_pwrite(p, buf, 10, 29000), 0);
	assert_int_equal(io_pread(file, was, 512, 512 * 4), 512);
	assert_int_equal(io_pwrite(p, was, 512, 512 * 4), 0);

	assert_int_equal(io_fstat(p, &st), 0);
	assert_int_equal(st.size_bytes, 30000);
	assert_int_equal(io_pread(p, back, 9000, 8100), 9000);
	assert_memory_equal(back, buf, 9000);
	assert_int_equal(io_pread(p, back, 9000, 20000), 9000);
	for (unsigned i = 0; i < 9000; i++)
		assert_int_equal(back[i], 0);
	assert_int_equal(io_pread(p, back, 20, 29995), 5);
	assert_int_equal(io_truncate(p, 100), -EINVAL);

	assert_int_equal(io_patch_each(patch, note_run, &runs), 0);
	/* 512..1024; 7680..8192, 8192..12288, 12288..16384, 16384..17408; 28672..29184 */
	assert_int_equal(runs.count, 6);
	assert_int_equal(runs.off[0], 512);
	assert_int_equal(runs.len[0], 512);
	assert_int_equal(runs.off[1], 7680);
	assert_int_equal(runs.off[4], 16384);
	assert_int_equal(runs.len[4], 1024);
	assert_int_equal(runs.off[5], 28672);
	/* What is below was never written to. */
	assert_int_equal(io_fstat(file, &st), 0);
	assert_int_equal(st.size_bytes, 20000);
	io_patch_free(patch);

	assert_int_equal(io_patch_new(file, 8192, &patch), 0);
	assert_int_equal(io_pwrite(io_patch_file(patch), buf, 9000, 0), -EFBIG);
	io_patch_free(patch);
	io_file_close(file);
	no_folder(io, path);
}

/* ---- the undo file ---- */

static unsigned rank_by_offset(void *arg, uint64_t off)
{
	(void)arg;
	return off == 0 ? 4 : off < 8192 ? 1 : 0;
}

static struct redo *undo_of(struct io *io, struct io_file *file)
{
	struct io_patch *patch;
	struct redo *redo;
	struct lm_error err;
	char bytes[3000];

	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(io_patch_new(file, 1 << 20, &patch), 0);
	assert_int_equal(io_truncate(io_patch_file(patch), 40000), 0);
	assert_int_equal(io_pwrite(io_patch_file(patch), bytes, 4, 4), 0);
	assert_int_equal(io_pwrite(io_patch_file(patch), bytes, 3000, 5000), 0);
	assert_int_equal(io_pwrite(io_patch_file(patch), bytes, 3000, 36000), 0);
	assert_int_equal(redo_write(io, ".", "undo", patch, 20000, rank_by_offset, NULL, &err), 0);
	io_patch_free(patch);
	assert_int_equal(redo_open(io, "undo", &redo, &err), 1);
	return redo;
}

static void undo_file_goes_both_ways(void **state)
{
	unsigned char before[20000], now[40000];
	enum redo_state at;
	struct redo *redo;
	struct io_file *file;
	struct io_stat st;
	char path[64];
	struct io *io = folder(path);

	(void)state;
	file = file_of(io, "f", 20000);
	assert_int_equal(io_pread(file, before, 20000, 0), 20000);
	redo = undo_of(io, file);
	assert_int_equal(redo_info(redo)->old_bytes, 20000);
	assert_int_equal(redo_info(redo)->new_bytes, 40000);
	assert_false(redo_info(redo)->sealed);

	assert_int_equal(redo_compare(redo, file, &at, NULL), 0);
	assert_int_equal(at, REDO_BEFORE);
	assert_int_equal(io_truncate(file, 40000), 0);
	assert_int_equal(io_pwrite(file, "xxxx", 4, 4), 0);
	assert_int_equal(redo_compare(redo, file, &at, NULL), 0);
	assert_int_equal(at, REDO_BETWEEN);
	assert_int_equal(redo_apply(redo, file, "f", false, NULL, NULL, NULL), 0);
	assert_int_equal(redo_compare(redo, file, &at, NULL), 0);
	assert_int_equal(at, REDO_AFTER);
	assert_int_equal(io_pread(file, now, 40000, 0), 40000);
	assert_int_equal(now[5], 'x');
	assert_int_equal(now[7999], 'x');
	assert_int_equal(now[8000], before[8000]);
	assert_int_equal(now[38999], 'x');

	assert_int_equal(io_pwrite(file, "?", 1, 6000), 0);
	assert_int_equal(redo_compare(redo, file, &at, NULL), 0);
	assert_int_equal(at, REDO_FOREIGN);

	assert_int_equal(redo_apply(redo, file, "f", true, NULL, NULL, NULL), 0);
	assert_int_equal(io_fstat(file, &st), 0);
	assert_int_equal(st.size_bytes, 20000);
	assert_int_equal(io_pread(file, now, 20000, 0), 20000);
	assert_memory_equal(now, before, 20000);

	assert_int_equal(redo_seal(io, "undo", redo, "abcdef", NULL), 0);
	redo_close(redo);
	assert_int_equal(redo_open(io, "undo", &redo, NULL), 1);
	assert_true(redo_info(redo)->sealed);
	assert_string_equal(redo_info(redo)->seal, "abcdef");
	redo_close(redo);
	io_file_close(file);
	no_folder(io, path);
}

/* Its sums are those that sha256sum makes; one with the sums of before is not called damaged. */
static void undo_file_has_a_sum_for_all(void **state)
{
	static const char check[] =
		"cd %s && set -- $(od -An -v -tu8 -j32 -N8 undo) && "
		"[ $(head -c $(($1 - 32)) undo | sha256sum | cut -c-64) = "
		"$(tail -c +$(($1 - 31)) undo | head -c 32 | od -An -v -tx1 | tr -d ' \n') ] && "
		"[ $(tail -c +$(($1 - 31)) undo | head -c 104 | sha256sum | cut -c-64) = "
		"$(tail -c 32 undo | od -An -v -tx1 | tr -d ' \n') ]";
	struct lm_error err;
	struct redo *redo;
	struct io_file *file, *log;
	char path[64], command[500];
	struct io *io = folder(path);

	(void)state;
	file = file_of(io, "f", 20000);
	redo = undo_of(io, file);
	assert_int_equal(redo_seal(io, "undo", redo, "abcdef", NULL), 0);
	redo_close(redo);
	snprintf(command, sizeof(command), check, path);
	assert_int_equal(system(command), 0);
	assert_int_equal(io_open(io, "undo", IO_WRITE, &log), 0);
	assert_int_equal(io_pwrite(log, "LMREDO1", 7, 0), 0);
	io_file_close(log);
	assert_int_equal(redo_open(io, "undo", &redo, &err), -EPROTONOSUPPORT);
	assert_true(strstr(err.why, "version") != NULL);
	io_file_close(file);
	no_folder(io, path);
}

/* No bit of it can be wrong without being noticed; what is cut off is no undo file. */
static void undo_file_is_proved(void **state)
{
	struct lm_error err;
	struct redo *redo;
	struct io_file *file, *log;
	struct io_stat st;
	unsigned char byte;
	char path[64];
	struct io *io = folder(path);

	(void)state;
	file = file_of(io, "f", 20000);
	redo_close(undo_of(io, file));
	assert_int_equal(io_open(io, "undo", IO_WRITE, &log), 0);
	assert_int_equal(io_fstat(log, &st), 0);
	for (uint64_t at = 0; at < st.size_bytes; at += at < 200 ? 1 : 97) {
		assert_int_equal(io_pread(log, &byte, 1, at), 1);
		byte ^= 0x10;
		assert_int_equal(io_pwrite(log, &byte, 1, at), 0);
		assert_int_equal(redo_open(io, "undo", &redo, &err), -EBADMSG);
		assert_true(err.what[0] != '\0' && err.why[0] != '\0');
		byte ^= 0x10;
		assert_int_equal(io_pwrite(log, &byte, 1, at), 0);
	}
	for (uint64_t len = st.size_bytes - 1; len > 400; len = len * 2 / 3) {
		assert_int_equal(io_truncate(log, len), 0);
		assert_int_equal(redo_open(io, "undo", &redo, &err), -EBADMSG);
	}
	io_file_close(log);
	assert_int_equal(io_unlink(io, "undo"), 0);
	assert_int_equal(redo_open(io, "undo", &redo, &err), 0);
	io_file_close(file);
	no_folder(io, path);
}

/* One of a stranger may be as long as a file can be, and nothing but holes: it is not read. */
static void hollow_undo_file(void **state)
{
	static const struct {
		uint64_t bytes, entries;
		size_t filled; /* from the header on, with entries that could be */
	} cases[] = {
		{1ull << 40, ((1ull << 40) - 96) / 8208 + 1, 0},
		{1ull << 40, ((1ull << 40) - 96) / 16, 0},
		{1ull << 40, ((1ull << 40) - 96) / 8208 + 1, 160000},
		{60u << 20, ((60u << 20) - 96) / 8208 + 1, 0},
		{1ull << 40, 1, 0}, /* so few cannot be so long */
		{1ull << 40, 0, 0},
	};
	struct lm_error err;
	struct redo *redo;
	struct io_file *log;
	unsigned char entry[16], header[64];
	char path[64];
	struct io *io = folder(path);

	(void)state;
	alarm(60);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(header, 0, sizeof(header));
		memcpy(header, "LMREDO2\n", 8);
		put_le64(header + 8, 1ull << 40);
		put_le64(header + 16, 1ull << 41);
		put_le64(header + 24, cases[i].entries);
		put_le64(header + 32, cases[i].bytes);
		assert_int_equal(io_open(io, "undo", IO_CREATE, &log), 0);
		assert_int_equal(io_truncate(log, cases[i].bytes), 0);
		assert_int_equal(io_pwrite(log, header, sizeof(header), 0), 0);
		for (size_t at = 0; at < cases[i].filled; at += sizeof(entry)) {
			put_le64(entry, at * 4096);
			put_le64(entry + 8, 4096);
			assert_int_equal(io_pwrite(log, entry, sizeof(entry), 64 + at), 0);
		}
		io_file_close(log);
		assert_int_equal(redo_open(io, "undo", &redo, &err), -EBADMSG);
		assert_int_equal(io_unlink(io, "undo"), 0);
	}
	alarm(0);
	no_folder(io, path);
}

/* ---- what is found, and how long it is to be ---- */

static struct recover *look_at(struct lm_stick *s)
{
	struct recover *r = recover_new(s, NULL);
	struct stick_pair pair = stick_pair_of(s, 0);

	assert_non_null(r);
	assert_int_equal(recover_paths(r, s->overlays[0].path, NULL), 0);
	assert_int_equal(recover_look(r, &pair, NULL), 0);
	assert_int_equal(recover_refusal(r, NULL), 0);
	return r;
}

static void lengths_are_sensible(void **state)
{
	struct lm_stick *s = lab_stick("overflow", false);
	struct recover *r = look_at(s);
	struct io_stat st;
	struct io_fsinfo info = { .free_bytes = 1ull << 40, .file_limit_bytes = UINT64_MAX };
	struct lm_error err;
	uint64_t old;

	(void)state;
	assert_int_equal(io_stat(s->io, s->overlays[0].path, &st), 0);
	st.on_disk_bytes = st.size_bytes;
	old = st.size_bytes;
	assert_int_equal(recover_find(r, &st, &info, NULL), 0);
	assert_true(r->ills.no_room && !r->ills.invalid && !r->ills.corner && !r->ills.hollow);
	assert_int_equal(recover_size(r, 0, &st, &info, NULL), 0);
	assert_int_equal(r->f.new_bytes, old + (16 << 20));

	/* Half of what is free, at the most; and never so much that nothing is. */
	info.free_bytes = 100 << 20;
	assert_int_equal(recover_size(r, 0, &st, &info, NULL), 0);
	assert_true(r->f.new_bytes > old && r->f.new_bytes <= old + (50 << 20));
	info.free_bytes = 3 << 20;
	assert_int_equal(recover_size(r, 0, &st, &info, NULL), 0);
	assert_true(r->f.new_bytes > old && r->f.new_bytes <= old + (1 << 20));
	info.free_bytes = 200 << 10;
	assert_int_equal(recover_size(r, 0, &st, &info, NULL), 0);
	assert_int_equal(r->f.new_bytes, old);
	/* The largest file there. */
	info.free_bytes = 1ull << 40;
	info.file_limit_bytes = old + 200000;
	assert_int_equal(recover_size(r, 0, &st, &info, NULL), 0);
	assert_int_equal(r->f.new_bytes, old + 200000);

	/* Asked for: shorter, longer than possible, longer than there is room for. */
	assert_int_equal(recover_size(r, old - 1, &st, &info, &err), -ERANGE);
	assert_int_equal(recover_size(r, old + 200001, &st, &info, &err), -EFBIG);
	info.file_limit_bytes = UINT64_MAX;
	info.free_bytes = 10 << 20;
	assert_int_equal(recover_size(r, old + (11 << 20), &st, &info, &err), -ENOSPC);
	assert_int_equal(err.outcome, LM_REFUSED);

	/* 256 MiB is the first corner size of chunks of 4 KiB: never to be taken. */
	info.free_bytes = 1ull << 40;
	assert_true(cow_size_is_exact_fit(256 << 20, 8));
	assert_int_equal(recover_size(r, 256 << 20, &st, &info, NULL), 0);
	assert_false(cow_size_is_exact_fit(r->f.new_bytes, 8));
	assert_true(r->f.new_bytes >= (256 << 20) - 4096);

	/* Sparse, on a stick without the room: what there is is reserved. */
	st.on_disk_bytes = 4096;
	info.free_bytes = 12 << 20;
	assert_int_equal(recover_find(r, &st, &info, NULL), 0);
	assert_true(r->ills.hollow);
	recover_free(r);
	lab_done(s);
}

static void holes_get_what_there_is(void **state)
{
	struct lm_stick *s = lab_stick("dirty", false);
	struct recover *r = look_at(s);
	struct io_fsinfo info = { .free_bytes = 12 << 20, .file_limit_bytes = UINT64_MAX };
	struct io_stat st;

	(void)state;
	assert_int_equal(io_stat(s->io, s->overlays[0].path, &st), 0);
	st.on_disk_bytes = 4096;
	assert_int_equal(recover_find(r, &st, &info, NULL), 0);
	assert_true(r->ills.hollow);
	assert_int_equal(recover_size(r, 0, &st, &info, NULL), 0);
	assert_int_equal(r->f.new_bytes, st.size_bytes);
	assert_true(r->fill_bytes > (4 << 20) && r->fill_bytes < info.free_bytes);
	assert_int_equal(r->fill_from, cow_store_info(r->look.store)->allocated_sectors * 512);
	info.free_bytes = 64 << 10;
	assert_int_equal(recover_size(r, 0, &st, &info, NULL), 0);
	assert_int_equal(r->fill_bytes, 0);
	recover_free(r);
	lab_done(s);
}

static void only_what_makes_sense(void **state)
{
	struct lm_stick *s = lab_stick("invalid", false);
	struct stick_pair pair;
	struct recover *r = look_at(s);
	struct io_fsinfo info = { .free_bytes = 1ull << 40, .file_limit_bytes = UINT64_MAX };
	struct lm_error err;
	struct io_stat st;
	char path[400];
	unsigned char twice[8];
	long table;
	FILE *f;

	(void)state;
	assert_int_equal(io_stat(s->io, s->overlays[0].path, &st), 0);
	assert_int_equal(recover_find(r, &st, &info, NULL), 0);
	table = (long)cow_store_info(r->look.store)->chunk_sectors * 512;
	assert_true(cow_store_info(r->look.store)->exceptions > 2);
	assert_true(r->ills.invalid);
	/* The merged file system is seen, although the overlay is marked. */
	assert_true(fs_info(r->f.fs)->readable);
	recover_free(r);

	/* The second record is for the same chunk as the first: which of the two is right? */
	snprintf(path, sizeof(path), "%s/%s", lab_dir, s->overlays[0].path);
	f = fopen(path, "r+b");
	assert_non_null(f);
	assert_int_equal(fseek(f, table, SEEK_SET), 0);
	assert_int_equal(fread(twice, 1, 8, f), 8);
	assert_int_equal(fseek(f, table + 16, SEEK_SET), 0);
	assert_int_equal(fwrite(twice, 1, 8, f), 8);
	assert_int_equal(fclose(f), 0);
	r = recover_new(s, NULL);
	assert_int_equal(recover_paths(r, s->overlays[0].path, NULL), 0);
	pair = stick_pair_of(s, 0);
	assert_int_equal(recover_look(r, &pair, NULL), 0);
	assert_int_equal(recover_refusal(r, &err), -EUCLEAN);
	assert_int_equal(err.outcome, LM_REFUSED);
	recover_free(r);
	lab_done(s);
}

/* ---- a superblock that is gone: e2fsck itself, without FUSE ---- */

__attribute__((format(printf, 1, 2))) static int shell(const char *format, ...)
{
	char line[2000];
	va_list args;
	int status;

	va_start(args, format);
	assert_in_range(vsnprintf(line, sizeof(line), format, args), 1, sizeof(line) - 1);
	va_end(args);
	status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool lacks_tools(void)
{
	return !fs_e2fsck_exists() ||
	       shell("PATH=$PATH:/sbin:/usr/sbin command -v debugfs >/dev/null") != 0;
}

/* Writes to the merged view, into the overlay. */
static void spoil(struct lm_stick *s, uint64_t off, const void *data, size_t len)
{
	struct stick_look look;
	struct cow_store *store;
	struct io_source *top;
	struct io_file *file;
	char path[400];

	assert_int_equal(stick_look_open(s, 0, &look, NULL), 0);
	snprintf(path, sizeof(path), "%s/%s", lab_dir, s->overlays[0].path);
	assert_int_equal(io_path_open(path, IO_WRITE, &file), 0);
	assert_int_equal(cow_store_open(file, "overlay", look.base->size_bytes / 512, &store, NULL),
			 0);
	assert_int_equal(view_open(look.base, store, true, false, &top, NULL), 0);
	assert_int_equal(io_source_write(top, data, len, off, NULL), 0);
	assert_int_equal(io_source_flush(top, NULL), 0);
	io_source_close(top);
	cow_store_close(store);
	io_file_close(file);
	stick_look_close(&look);
}

static struct lm_plan *plan_of(struct lm_stick *s, struct lm_options *o)
{
	struct lm_plan *plan;

	assert_int_equal(lm_plan_make(lab_ctx, s, o, &plan, NULL), 0);
	return plan;
}

static enum lm_outcome run_plan(struct lm_plan *plan, bool yes, unsigned *asked)
{
	struct lm_progress p;
	struct lm_result result;
	struct lm_job *job;

	assert_int_equal(lm_job_start(plan, &job, NULL), 0);
	do {
		struct pollfd fd = { .fd = lm_job_fd(job), .events = POLLIN };

		assert_true(poll(&fd, 1, 60000) == 1);
		lm_job_progress(job, &p);
		if (p.state == LM_JOB_ASKING) {
			(*asked)++;
			lm_job_answer(job, yes);
		}
	} while (p.state != LM_JOB_ENDED);
	lm_job_finish(job, &result);
	if (result.outcome != LM_DONE)
		print_message("# %s: %s\n", result.error.what, result.error.why);
	lm_plan_free(plan);
	return result.outcome;
}

static enum lm_outcome recover_it(struct lm_stick *s, bool yes, unsigned *asked)
{
	struct lm_options o = { .op = LM_OP_RECOVER };
	struct lm_plan *plan = plan_of(s, &o);

	*asked = 0;
	assert_true(plan->possible);
	return run_plan(plan, yes, asked);
}

static bool says(const struct lm_plan *plan, const char *word)
{
	size_t i, k;

	if (strstr(plan->summary, word))
		return true;
	for (i = 0; plan->warnings && plan->warnings[i]; i++)
		if (strstr(plan->warnings[i], word))
			return true;
	for (i = 0; i < plan->n_steps; i++)
		for (k = 0; plan->steps[i].commands && plan->steps[i].commands[k]; k++)
			if (strstr(plan->steps[i].commands[k], word))
				return true;
	return false;
}

/* All files of the merged root, below lab_dir/name; and e2fsck finds nothing. */
static void files_to(struct lm_stick *s, const char *name)
{
	char out[400];
	struct lm_options o = { .op = LM_OP_EXPORT, .out = out };
	unsigned asked = 0;

	snprintf(out, sizeof(out), "%s/%s.img", lab_dir, name);
	assert_int_equal(run_plan(plan_of(s, &o), true, &asked), LM_DONE);
	assert_int_equal(shell("PATH=$PATH:/sbin:/usr/sbin; e2fsck -fn '%s' >/dev/null 2>&1", out),
			 0);
	assert_int_equal(shell("PATH=$PATH:/sbin:/usr/sbin; mkdir '%s/%s' && "
			       "debugfs -R 'rdump / %s/%s' '%s' >/dev/null 2>&1 && rm '%s'",
			       lab_dir, name, lab_dir, name, out, out),
			 0);
}

static void keep_overlay(const struct lm_stick *s, const char *name)
{
	assert_int_equal(shell("cp '%s/%s' '%s/%s'", lab_dir, s->overlays[0].path, lab_dir, name),
			 0);
}

static void put_overlay(const struct lm_stick *s, const char *name)
{
	assert_int_equal(shell("cp '%s/%s' '%s/%s' && rm -rf '%s/%s/livemend'", lab_dir, name,
			       lab_dir, s->overlays[0].path, lab_dir, s->live_dir),
			 0);
}

static bool overlay_is(const struct lm_stick *s, const char *name)
{
	return shell("cmp -s '%s/%s' '%s/%s'", lab_dir, name, lab_dir, s->overlays[0].path) == 0;
}

/* Spoilt there; nothing is merged, and a recovery brings all of it back, or nothing is changed. */
static void comes_back(struct lm_stick *s, uint64_t off, const void *data, size_t len,
		       const char *by)
{
	struct lm_options merge = { .op = LM_OP_MERGE }, recover = { .op = LM_OP_RECOVER };
	struct lm_options undo = { .op = LM_OP_RESUME, .undo = true };
	struct lm_plan *plan;
	unsigned asked;

	put_overlay(s, "whole");
	spoil(s, off, data, len);
	keep_overlay(s, "spoilt");
	plan = plan_of(s, &merge);
	assert_false(plan->possible);
	lm_plan_free(plan);

	/* It says what it goes by, and what there would be instead. */
	plan = plan_of(s, &recover);
	assert_true(plan->possible);
	assert_true(says(plan, "superblock") && says(plan, "livemend reset") && says(plan, by));
	lm_plan_free(plan);

	assert_int_equal(recover_it(s, false, &asked), LM_CANCELLED);
	assert_int_equal(asked, 1);
	assert_true(overlay_is(s, "spoilt"));

	assert_int_equal(recover_it(s, true, &asked), LM_DONE);
	assert_int_equal(asked, 1);
	files_to(s, "is");
	assert_int_equal(shell("diff -r --no-dereference '%s/want' '%s/is' >&2", lab_dir, lab_dir),
			 0);
	assert_int_equal(shell("rm -rf '%s/is'", lab_dir), 0);
	plan = plan_of(s, &merge);
	assert_true(plan->possible);
	lm_plan_free(plan);

	assert_int_equal(run_plan(plan_of(s, &undo), true, &asked), LM_DONE);
	assert_true(overlay_is(s, "spoilt"));
}

static const unsigned char no_super[1024], rubbish[4096] = "no superblock";

static void by_copy_of_image(void **state)
{
	struct lm_stick *s;
	unsigned asked;

	(void)state;
	if (lacks_tools())
		skip();
	s = lab_stick("dirty", false);
	lab_ctx->no_fuse = true;
	keep_overlay(s, "whole");
	assert_int_equal(recover_it(s, true, &asked), LM_DONE);
	files_to(s, "want");
	/* The label, all of it, all of its chunk. */
	comes_back(s, 1024 + 0x78, "spoilt", 6, "from the one in the image");
	comes_back(s, 1024, no_super, sizeof(no_super), "from the one in the image");
	comes_back(s, 0, rubbish, sizeof(rubbish), "from the one in the image");
	lab_ctx->no_fuse = false;
	lab_done(s);
}

/* A stick whose root has blocks of 1 KiB, and so copies of its superblock. */
static struct lm_stick *stick_with_copies(const char *options)
{
	const char *tmp = getenv("TMPDIR");
	struct lm_stick *s = NULL;
	struct io_file *file;
	char path[400];

	snprintf(lab_dir, sizeof(lab_dir), "%s/recover-lab.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(lab_dir));
	if (!lab_ctx)
		assert_int_equal(lm_ctx_new(&lab_ctx, NULL), 0);
	assert_int_equal(shell("PATH=$PATH:/sbin:/usr/sbin; cd '%s' && mkdir LiveOS tree tree/etc && "
			       "for i in $(seq 300); do seq $i 900 >tree/etc/f$i; done && "
			       "mkfs.ext4 -q -F -b 1024 %s -d tree LiveOS/rootfs.img 24M >/dev/null 2>&1 && "
			       "truncate -s 16M LiveOS/overlay-TEST-1234-ABCD && rm -r tree",
			       lab_dir, options),
			 0);
	snprintf(path, sizeof(path), "%s/LiveOS/overlay-TEST-1234-ABCD", lab_dir);
	assert_int_equal(io_path_open(path, IO_WRITE, &file), 0);
	assert_int_equal(cow_format(file, 8, "overlay", NULL), 0);
	io_file_close(file);
	assert_int_equal(lm_stick_open(lab_ctx, lab_dir, &s, NULL), 0);
	return s;
}

/* Files that the image does not have. */
static void use_it(struct lm_stick *s)
{
	static char data[200000];
	struct stick_look look;
	struct cow_store *store;
	struct io_source *top;
	struct io_file *file;
	struct fs_edit *ed;
	char path[400];
	int i;

	memset(data, 'd', sizeof(data));
	assert_int_equal(stick_look_open(s, 0, &look, NULL), 0);
	snprintf(path, sizeof(path), "%s/%s", lab_dir, s->overlays[0].path);
	assert_int_equal(io_path_open(path, IO_WRITE, &file), 0);
	assert_int_equal(cow_store_open(file, "overlay", look.base->size_bytes / 512, &store, NULL),
			 0);
	assert_int_equal(view_open(look.base, store, true, false, &top, NULL), 0);
	assert_int_equal(fs_edit_open(top, &ed, NULL), 0);
	for (i = 0; i < 120; i++) {
		snprintf(path, sizeof(path), "/etc/new-%d", i);
		assert_int_equal(fs_edit_write(ed, path, data, (size_t)i * 700, 0644, NULL), 0);
	}
	assert_int_equal(fs_edit_close(ed, NULL), 0);
	assert_int_equal(io_source_flush(top, NULL), 0);
	io_source_close(top);
	cow_store_close(store);
	io_file_close(file);
	stick_look_close(&look);
}

static void by_copy_in_it(void **state)
{
	static const char *const options[] = { "", "-O ^metadata_csum,^has_journal" };
	struct lm_stick *s;
	size_t i;

	(void)state;
	if (lacks_tools())
		skip();
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		s = stick_with_copies(options[i]);
		lab_ctx->no_fuse = true;
		use_it(s);
		keep_overlay(s, "whole");
		files_to(s, "want");
		if (i == 0)
			comes_back(s, 1024 + 0x78, "spoilt", 6, "-b 8193 -B 1024");
		comes_back(s, 1024, no_super, sizeof(no_super), "-b 8193 -B 1024");
		/* With it the descriptors of all groups. */
		comes_back(s, 0, rubbish, sizeof(rubbish), "-b 8193 -B 1024");
		lab_ctx->no_fuse = false;
		lab_done(s);
	}
}

/* What is whole, and of another file system, is not put right but refused. */
static void not_of_another(void **state)
{
	static const char *const other[] = {
		"-U random", /* another one of the same size */
		"-U 01234567-89ab-cdef-0123-456789abcdef",
	};
	struct lm_options recover = { .op = LM_OP_RECOVER };
	unsigned char sb[1024];
	struct lm_plan *plan;
	struct lm_stick *s;
	char path[400];
	size_t i;
	FILE *f;

	(void)state;
	if (lacks_tools())
		skip();
	s = stick_with_copies(other[1]);
	use_it(s);
	keep_overlay(s, "whole");
	for (i = 0; i < 2; i++) {
		put_overlay(s, "whole");
		/* The second one is larger. */
		snprintf(path, sizeof(path), "%s/other.img", lab_dir);
		assert_int_equal(shell("PATH=$PATH:/sbin:/usr/sbin; rm -f '%s'; "
				       "mkfs.ext4 -q -F -b 1024 %s '%s' %s >/dev/null 2>&1",
				       path, other[i], path, i ? "64M" : "24M"),
				 0);
		f = fopen(path, "rb");
		assert_non_null(f);
		assert_int_equal(fseek(f, 1024, SEEK_SET), 0);
		assert_int_equal(fread(sb, 1, sizeof(sb), f), sizeof(sb));
		fclose(f);
		spoil(s, 1024, sb, sizeof(sb));
		keep_overlay(s, "spoilt");
		plan = plan_of(s, &recover);
		assert_false(plan->possible);
		assert_non_null(strstr(plan->refusal.what, "do not belong together"));
		assert_non_null(strstr(plan->refusal.why, i ? "grown" : "UUID"));
		lm_plan_free(plan);
		assert_true(overlay_is(s, "spoilt"));
	}
	lab_done(s);
}

static int done(void **state)
{
	(void)state;
	lm_ctx_free(lab_ctx);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patch_gathers),
		cmocka_unit_test(undo_file_goes_both_ways),
		cmocka_unit_test(undo_file_is_proved),
		cmocka_unit_test(hollow_undo_file),
		cmocka_unit_test(undo_file_has_a_sum_for_all),
		cmocka_unit_test(lengths_are_sensible),
		cmocka_unit_test(holes_get_what_there_is),
		cmocka_unit_test(only_what_makes_sense),
		cmocka_unit_test(by_copy_of_image),
		cmocka_unit_test(by_copy_in_it),
		cmocka_unit_test(not_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}

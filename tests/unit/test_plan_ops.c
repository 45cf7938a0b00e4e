/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans of the operations on a small real stick: what they say, refuse, and do. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/ops/op.h"
#include "core/ctx.h"
#include "core/livemend.h"
#include "core/plan/journal.h"
#include "core/stick/stick.h"
#include "core/view/view.h"
#include "tests/lib/small_stick.h"

#define OVERLAY "LiveOS/overlay-LIVE-1A2B-3C4D"

static struct small_stick stick;
static struct lm_ctx *ctx;
static struct lm_stick *s;

static int setup_image(void **state)
{
	(void)state;
	small_make(&stick, false);
	return 0;
}

static int setup_bare(void **state)
{
	(void)state;
	small_make(&stick, true);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	small_free(&stick);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	alarm(60);
	small_restore(&stick, &stick.fresh);
	assert_int_equal(lm_ctx_new(&ctx, NULL), 0);
	ctx->no_fuse = ctx->no_e2fsck = true;
	s = NULL;
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (s)
		lm_stick_close(s);
	lm_ctx_free(ctx);
	return 0;
}

static struct lm_plan *plan_for(const struct lm_options *o)
{
	struct lm_plan *plan;
	struct lm_error err;

	if (s)
		lm_stick_close(s);
	if (lm_stick_open(ctx, stick.top, &s, &err) < 0)
		fail_msg("%s: %s", err.what, err.why);
	if (lm_plan_make(ctx, s, o, &plan, &err) < 0)
		fail_msg("%s: %s", err.what, err.why);
	assert_non_null(plan->title);
	assert_non_null(plan->summary);
	assert_non_null(plan->warnings);
	return plan;
}

static void refused(const struct lm_options *o, int code, const char *word)
{
	struct lm_plan *plan = plan_for(o);
	struct lm_job *job;

	assert_true(word[0] != '\0'); /* in which everything would be found */
	assert_false(plan->possible);
	assert_int_equal(plan->refusal.outcome, LM_REFUSED);
	assert_int_equal(plan->refusal.code, code);
	assert_true(plan->refusal.what[0] && plan->refusal.why[0]);
	if (!strstr(plan->refusal.why, word) && !strstr(plan->refusal.help, word) &&
	    !strstr(plan->refusal.what, word))
		fail_msg("no \"%s\" in: %s: %s. %s", word, plan->refusal.what, plan->refusal.why,
			 plan->refusal.help);
	assert_true(lm_job_start(plan, &job, NULL) < 0);
	lm_plan_free(plan);
}

static void done(const struct lm_options *o, const char *word)
{
	struct lm_plan *plan = plan_for(o);
	struct lm_result r;
	struct lm_job *job;

	if (!plan->possible)
		fail_msg("%s: %s", plan->refusal.what, plan->refusal.why);
	assert_int_equal(lm_job_start(plan, &job, NULL), 0);
	lm_job_finish(job, &r);
	if (r.outcome != LM_DONE)
		fail_msg("%s: %s: %s", r.error.what, r.error.on, r.error.why);
	if (!strstr(r.now, word))
		fail_msg("no \"%s\" in: %s", word, r.now);
	lm_plan_free(plan);
}

static void poke(const char *path, off_t off, const void *data, size_t len)
{
	char full[256];
	int fd;

	snprintf(full, sizeof(full), "%s/%s", stick.top, path);
	fd = open(full, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, off), len);
	close(fd);
}

static void test_merge_plan(void **state)
{
	struct lm_options o = { .op = LM_OP_MERGE };
	struct lm_plan *plan = plan_for(&o);

	(void)state;
	assert_true(plan->possible);
	assert_null(plan->destroys);
	assert_string_equal(plan->steps[0].id, "check");
	assert_string_equal(plan->steps[plan->n_steps - 1].id, "reset");
	assert_true(plan->n_needs > 0);
	for (size_t i = 0; i < plan->n_needs; i++)
		assert_true(plan->needs[i].ok && plan->needs[i].need_bytes > 0);
	/* The last steps are beyond the point of no return. */
	assert_true(plan->steps[0].cancellable);
	assert_false(plan->steps[plan->n_steps - 1].cancellable);
	/* Planning writes nothing. */
	assert_true(small_same(&stick, &stick.fresh, OVERLAY));
	assert_false(small_exists(&stick, "LiveOS/livemend"));
	lm_plan_free(plan);
}

static void refused_somehow(const struct lm_options *options, const char *word)
{
	struct lm_plan *plan = plan_for(options);

	assert_false(plan->possible);
	assert_int_equal(plan->refusal.outcome, LM_REFUSED);
	assert_non_null(strstr(plan->refusal.help, word));
	lm_plan_free(plan);
}

static void test_merge_refusals(void **state)
{
	struct lm_options o = { .op = LM_OP_MERGE };
	struct lm_options mirror = { .op = LM_OP_MERGE, .method = LM_METHOD_MIRROR };
	struct lm_options on_stick = { .op = LM_OP_MERGE, .work = stick.top };
	struct lm_options nowhere = { .op = LM_OP_MERGE, .work = "/nonexistent/dir" };
	const unsigned char zero[4] = { 0 };

	(void)state;
	/* No work folder is named; before that, there may be no device-mapper at all. */
	refused_somehow(&mirror, "rewrite");
	if (!stick.bare) {
		refused(&on_stick, -EINVAL, "stick itself");
		refused(&nowhere, -ENOENT, "folder");
	}
	poke(OVERLAY, 4, zero, 4); /* valid = 0 */
	refused(&o, -EUCLEAN, "invalid");
	small_restore(&stick, &stick.fresh);
	poke(OVERLAY, 0, "junk", 4);
	refused(&o, -EUCLEAN, "mark of a snapshot store");
	small_restore(&stick, &stick.fresh);
}

static void test_pending_refuses(void **state)
{
	struct lm_options merge = { .op = LM_OP_MERGE }, reset = { .op = LM_OP_RESET };
	struct lm_options resume = { .op = LM_OP_RESUME };
	char junk[100] = "junk";
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/LiveOS/livemend", stick.top);
	assert_int_equal(mkdir(path, 0755), 0);
	poke("LiveOS/livemend/PENDING.txt", 0, junk, sizeof(junk));
	refused(&merge, -EBUSY, "resume");
	refused(&reset, -EBUSY, "resume");
	/* A damaged note and no more: the stick is proved good, and the note removed. */
	done(&resume, "leftovers");
	assert_false(small_exists(&stick, "LiveOS/livemend/PENDING.txt"));
	assert_true(small_same(&stick, &stick.fresh, OVERLAY));
	done(&resume, "Nothing was interrupted");
}

/* A note of another version: nothing is begun, finished or cleaned away. */
static void test_version_refuses(void **state)
{
	struct lm_options merge = {.op = LM_OP_MERGE}, resume = {.op = LM_OP_RESUME};
	struct journal_entry e[] = {{"op", "merge"}};
	struct io *io;
	char line[600];

	(void)state;
	assert_int_equal(io_dir_open(stick.top, &io), 0);
	assert_int_equal(journal_pending_write(io, "LiveOS", "Words.", e, 1, NULL), 0);
	io_close(io);
	snprintf(line, sizeof(line),
		 "cd %s/LiveOS/livemend && sed -e '/^sha256: /,$d' -e 's/^journal: 2/journal: 3/' "
		 "PENDING.txt >t && echo \"sha256: $(sha256sum <t | cut -d' ' -f1)\" >>t && "
		 "{ cat t; yes '' | head -c 8192; } | head -c 8192 >PENDING.txt && rm t",
		 stick.top);
	assert_int_equal(system(line), 0);
	poke("LiveOS/livemend.new", 0, "half of an image", 16);
	refused(&merge, -EPROTONOSUPPORT, "version");
	refused(&resume, -EPROTONOSUPPORT, "version");
	assert_true(small_exists(&stick, "LiveOS/livemend/PENDING.txt"));
	assert_true(small_exists(&stick, "LiveOS/livemend.new"));
}

/* Whole notes with something that this version does not know: nobody's wreck, nothing is touched.
 */
static void test_unknown_words(void **state)
{
	static const char sum[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	static const struct {
		const char *key, *value;
	} cases[] = {
		{"op", "remix"},
		{"op", "export"}, /* leaves no note */
		{"op", NULL},
		{"phase", "reticulating"},
		{"phase", NULL},
		{"method", "append"},
		{"old-hash", "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"},
		{"new-hash", "../../../../../../../../../../../../../../../../etc/passwd/passwd"},
		{"overlay-hash", "0123"},
		{"old-bytes", "-1"},
		{"old-bytes", " 1"},
		{"new-bytes", "1e3"},
		{"overlay-bytes", "18446744073709551616"},
		{"overlay-bytes", ""},
		{"overlay-bytes", NULL},
	};
	struct lm_options merge = {.op = LM_OP_MERGE}, resume = {.op = LM_OP_RESUME};

	(void)state;
	poke("LiveOS/livemend.new", 0, "half of an image", 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct journal_entry e[] = {
			{"op", "merge"},       {"method", "rewrite"}, {"phase", "building"},
			{"overlay", OVERLAY},  {"old-bytes", "1"},    {"old-hash", sum},
			{"new-bytes", "0"},    {"new-hash", ""},      {"overlay-bytes", "8"},
			{"overlay-hash", sum},
		};
		struct lm_status *status;
		struct lm_report *report;
		bool said = false;
		struct io *io;

		for (size_t k = 0; k < sizeof(e) / sizeof(e[0]); k++)
			if (strcmp(e[k].key, cases[i].key) == 0)
				e[k].value = cases[i].value;
		assert_int_equal(io_dir_open(stick.top, &io), 0);
		assert_int_equal(journal_pending_write(io, "LiveOS", "Words.", e,
						       sizeof(e) / sizeof(e[0]), NULL),
				 0);
		io_close(io);
		refused(&merge, -EPROTONOSUPPORT, "version");
		refused(&resume, -EPROTONOSUPPORT, "version");
		assert_true(small_exists(&stick, "LiveOS/livemend/PENDING.txt"));
		assert_true(small_exists(&stick, "LiveOS/livemend.new"));
		if (i % 4)
			continue;
		assert_int_equal(lm_status_read(s, LM_STATUS_QUICK, &status, NULL), 0);
		assert_true(status->interrupted && status->interrupted_by_other);
		assert_non_null(strstr(status->headline, "another version"));
		assert_null(status->advice_op);
		lm_status_free(status);
		assert_int_equal(lm_doctor(s, 0, NULL, &report, NULL), 0);
		for (size_t k = 0; k < report->count; k++) {
			const struct lm_finding *f = &report->findings[k];

			said = said || (strcmp(f->id, "interrupted") == 0 &&
					strstr(f->what, "another version"));
		}
		assert_true(said);
		lm_report_free(report);
	}
	assert_true(small_same(&stick, &stick.fresh, OVERLAY));
}

/* A note from another stick, or by a stranger: it names files that it must not get at. */
static void test_foreign_note(void **state)
{
	static const char *const overlays[] = { "LiveOS/home.img", "../etc/passwd",
						"LiveOS/overlay-other" };
	struct lm_options resume = { .op = LM_OP_RESUME };

	(void)state;
	poke("LiveOS/home.img", 0, "precious", 8);
	for (size_t i = 0; i < sizeof(overlays) / sizeof(overlays[0]); i++) {
		struct journal_entry e[] = {
			{ "op", "reset" },	  { "phase", "resetting" },
			{ "overlay", overlays[i] }, { "old-bytes", "0" },
			{ "old-hash", "" },	  { "new-bytes", "0" },
			{ "new-hash", "" },	  { "overlay-bytes", "8" },
			{ "overlay-hash", "" },
		};
		struct io *io;

		assert_int_equal(io_dir_open(stick.top, &io), 0);
		assert_int_equal(journal_pending_write(io, "LiveOS", "Words.", e, 9, NULL), 0);
		io_close(io);
		refused(&resume, -EUCLEAN, "journal");
		assert_true(small_exists(&stick, "LiveOS/home.img"));
		assert_true(small_same(&stick, &stick.fresh, OVERLAY));
	}
}

static void test_leftover(void **state)
{
	struct lm_options resume = { .op = LM_OP_RESUME };

	(void)state;
	poke("LiveOS/livemend.new", 0, "half of an image", 16);
	done(&resume, "leftovers");
	assert_false(small_exists(&stick, "LiveOS/livemend.new"));
	assert_true(small_same(&stick, &stick.fresh, OVERLAY));
	/* Never when the image in place is not good. */
	poke("LiveOS/livemend.new", 0, "half of an image", 16);
	if (!stick.bare) {
		struct lm_plan *plan;
		struct lm_result r;
		struct lm_job *job;

		poke("LiveOS/squashfs.img", 2000, "damage damage damage", 20);
		plan = plan_for(&resume);
		assert_true(plan->possible);
		assert_int_equal(lm_job_start(plan, &job, NULL), 0);
		lm_job_finish(job, &r);
		assert_int_not_equal(r.outcome, LM_DONE);
		lm_plan_free(plan);
		assert_true(small_exists(&stick, "LiveOS/livemend.new"));
	}
}

static void test_reset_and_nothing(void **state)
{
	struct lm_options merge = { .op = LM_OP_MERGE }, reset = { .op = LM_OP_RESET };
	struct lm_plan *plan;
	char *text;

	(void)state;
	poke("LiveOS/home.img", 0, "precious", 8);
	plan = plan_for(&reset);
	assert_non_null(plan->destroys);
	assert_string_equal(plan->confirm, "reset");
	lm_plan_free(plan);
	done(&reset, "empty");
	assert_true(small_exists(&stick, "LiveOS/home.img"));
	done(&reset, "nothing to forget");
	done(&merge, "nothing to merge");
	assert_int_equal(lm_journal_read(s, &text, NULL), 0);
	assert_non_null(strstr(text, "reset: "));
	free(text);
}

static void test_merge(void **state)
{
	struct lm_options merge = { .op = LM_OP_MERGE, .deep = true };
	char *text;

	(void)state;
	done(&merge, "overlay is empty");
	done(&merge, "nothing to merge");
	assert_int_equal(lm_journal_read(s, &text, NULL), 0);
	assert_non_null(strstr(text, "merge: "));
	free(text);
}

/* It belongs to the old image, and goes with it. */
/* The name of an overlay is anybody's: as a command it stays one word. */
static void test_hostile_name(void **state)
{
	static const char name[] = "LiveOS/overlay-;rm -rf $HOME",
			  quoted[] = "of='LiveOS/overlay-;rm -rf $HOME' bs=512";
	struct lm_options reset = {.op = LM_OP_RESET};
	char from[256], to[256], *text;
	struct lm_plan *plan;
	bool seen = false;

	(void)state;
	snprintf(from, sizeof(from), "%s/" OVERLAY, stick.top);
	snprintf(to, sizeof(to), "%s/%s", stick.top, name);
	assert_int_equal(rename(from, to), 0);
	plan = plan_for(&reset);
	assert_true(plan->possible);
	for (size_t i = 0; i < plan->n_steps; i++) {
		for (char **c = plan->steps[i].commands; c && *c; c++) {
			if (strstr(*c, "rm -rf") && !strstr(*c, quoted))
				fail_msg("not quoted: %s", *c);
			seen = seen || strstr(*c, quoted);
		}
	}
	assert_true(seen);
	lm_plan_free(plan);
	done(&(struct lm_options){.op = LM_OP_MERGE}, "");
	assert_int_equal(lm_journal_read(s, &text, NULL), 0);
	assert_non_null(strstr(text, "by hand: "));
	if (!strstr(text, quoted))
		fail_msg("not quoted in the journal: %s", text);
	free(text);
}

static void test_osmin(void **state)
{
	struct lm_options merge = { .op = LM_OP_MERGE };
	struct lm_plan *plan;
	bool told = false;

	(void)state;
	poke("LiveOS/osmin.img", 0, "old", 3);
	plan = plan_for(&merge);
	for (size_t i = 0; plan->warnings[i]; i++)
		told = told || strstr(plan->warnings[i], "osmin");
	lm_plan_free(plan);
	assert_true(told);
	done(&merge, "overlay is empty");
	assert_false(small_exists(&stick, "LiveOS/osmin.img"));
}

static void test_export(void **state)
{
	char out[128];
	struct lm_options o = { .op = LM_OP_EXPORT, .out = out };
	struct lm_options nowhere = { .op = LM_OP_EXPORT, .out = "/nonexistent/x.img" };
	struct lm_options none = { .op = LM_OP_EXPORT };
	unsigned char *data = malloc(stick.want_len);
	struct stat st;
	int fd;

	(void)state;
	snprintf(out, sizeof(out), "%s/out.img", stick.room);
	refused(&nowhere, -ENOENT, "folder");
	refused(&none, -EINVAL, "file");
	done(&o, "out.img");
	fd = open(out, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, stick.want_len);
	assert_int_equal(read(fd, data, stick.want_len), stick.want_len);
	for (size_t b = 0; b < stick.want_len / 1024; b++) {
		if (stick.used[b])
			assert_memory_equal(data + b * 1024, stick.want + b * 1024, 1024);
	}
	close(fd);
	refused(&o, -EEXIST, "exists");
	unlink(out);
	free(data);
}

/* ---- the file system's check, for real through FUSE ---- */

static int on_view(const char *format)
{
	return small_on_view(&stick, OVERLAY, format);
}

/* Merges, answering every question; *asked counts them. */
static enum lm_outcome merge_answering(bool yes, unsigned *asked)
{
	struct lm_options o = { .op = LM_OP_MERGE };
	struct lm_plan *plan = plan_for(&o);
	struct lm_progress p;
	struct lm_result r;
	struct lm_job *job;

	*asked = 0;
	assert_true(plan->possible);
	assert_int_equal(lm_job_start(plan, &job, NULL), 0);
	do {
		struct pollfd fd = { .fd = lm_job_fd(job), .events = POLLIN };

		assert_true(poll(&fd, 1, 30000) == 1);
		lm_job_progress(job, &p);
		if (p.state == LM_JOB_ASKING) {
			assert_true(p.question[0] != '\0');
			(*asked)++;
			lm_job_answer(job, yes);
		}
	} while (p.state != LM_JOB_ENDED);
	lm_job_finish(job, &r);
	lm_plan_free(plan);
	return r.outcome;
}

static void check_sound(const char *name, bool there)
{
	char line[512];
	struct lm_options o = { .op = LM_OP_EXPORT };
	char out[128];

	snprintf(out, sizeof(out), "%s/sound.img", stick.room);
	o.out = out;
	done(&o, "sound.img");
	snprintf(line, sizeof(line), "e2fsck -fn %s >/dev/null 2>&1", out);
	assert_int_equal(system(line), 0);
	snprintf(line, sizeof(line), "debugfs -R 'stat %s' %s 2>/dev/null | grep -q Inode", name,
		 out);
	assert_int_equal(system(line) == 0, there);
	unlink(out);
}

static void test_fsck_clean(void **state)
{
	unsigned asked;

	(void)state;
	ctx->no_e2fsck = false;
	assert_int_equal(merge_answering(false, &asked), LM_DONE);
	assert_int_equal(asked, 0);
	check_sound("one", true);
}

/* Not unmounted cleanly: mended without a question, as the next boot would do. */
static void test_fsck_dirty(void **state)
{
	unsigned asked;

	(void)state;
	assert_int_equal(on_view("debugfs -w -R 'ssv state 0' %s >/dev/null 2>&1"), 0);
	/* Without e2fsck it cannot be mended, and is not merged. */
	refused(&(struct lm_options){ .op = LM_OP_MERGE }, -EUCLEAN, "e2fsck");
	assert_false(small_exists(&stick, "LiveOS/livemend/PENDING.txt"));
	ctx->no_e2fsck = false;
	assert_int_equal(merge_answering(false, &asked), LM_DONE);
	assert_int_equal(asked, 0);
	check_sound("one", true);
}

/* Errors that take a decision: a question, and nothing merged without a yes. */
static void test_fsck_errors(void **state)
{
	unsigned asked;

	(void)state;
	ctx->no_e2fsck = false;
	assert_int_equal(on_view("debugfs -w -R 'unlink one' %s >/dev/null 2>&1"), 0);
	assert_int_equal(merge_answering(false, &asked), LM_CANCELLED);
	assert_int_equal(asked, 1);
	assert_false(small_exists(&stick, "LiveOS/livemend/PENDING.txt"));
	assert_false(small_exists(&stick, "LiveOS/livemend.new"));
	assert_int_equal(merge_answering(true, &asked), LM_DONE);
	assert_int_equal(asked, 1);
	check_sound("one", false);
}

/* Without e2fsck nothing is said to be usable that has errors; and they can be mended later. */
/* What may leave a record is able to say what it was doing, and to take it up. */
static void test_table(void **state)
{
	(void)state;
	for (enum lm_op op = 0; op < LM_N_OPS; op++) {
		const struct op *row = op_of(op);

		assert_non_null(row);
		assert_non_null(row->plan);
		if (lm_op_info(op)->traits & LM_OP_CHANGES &&
		    !(lm_op_info(op)->traits & LM_OP_TAKES_UP)) {
			assert_non_null(row->prose);
			assert_non_null(row->resume);
		}
		assert_int_equal(!row->has_leftover, !row->remove_leftover);
	}
}

static void test_recover_without(void **state)
{
	const struct lm_options o = { .op = LM_OP_RECOVER };
	unsigned char invalid[4] = { 0 };
	struct lm_report *report;
	struct lm_plan *plan;
	bool found = false;

	(void)state;
	assert_int_equal(on_view("debugfs -w -R 'ssv state 2' %s >/dev/null 2>&1"), 0);
	refused(&o, -ENOENT, "e2fsprogs");
	refused(&(struct lm_options){ .op = LM_OP_MERGE }, -EUCLEAN, "e2fsprogs");
	poke(OVERLAY, 4, invalid, sizeof(invalid));
	plan = plan_for(&o);
	assert_true(plan->possible);
	assert_non_null(strstr(plan->warnings[0], "e2fsprogs"));
	lm_plan_free(plan);
	done(&o, "has errors");
	/* Where there is one: doctor sends to recover, and that is the end of it. */
	ctx->no_e2fsck = false;
	assert_int_equal(lm_doctor(s, 0, NULL, &report, NULL), 0);
	for (size_t i = 0; i < report->count; i++)
		found = found || (report->findings[i].op &&
				  strcmp(report->findings[i].op, "recover") == 0);
	assert_true(found);
	lm_report_free(report);
	done(&o, "can be used again");
	plan = plan_for(&o);
	assert_non_null(strstr(plan->summary, "in order"));
	lm_plan_free(plan);
	done(&(struct lm_options){ .op = LM_OP_MERGE }, "part of the image");
	check_sound("one", true);
}

/* One plan of TAP for both kinds of stick: the second half works on the other kind. */
static void change_to_image(void **state)
{
	assert_int_equal(teardown(state), 0);
	assert_int_equal(setup_image(state), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
#define TESTS                                                                                      \
	T(test_table), T(test_merge_plan), T(test_merge_refusals), T(test_pending_refuses),                       \
		T(test_version_refuses), T(test_unknown_words), T(test_foreign_note),              \
		T(test_leftover), T(test_reset_and_nothing), T(test_merge), T(test_export),        \
		T(test_osmin), T(test_hostile_name), T(test_fsck_clean), T(test_fsck_dirty),       \
		T(test_fsck_errors), T(test_recover_without)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TESTS,
		cmocka_unit_test(change_to_image),
		TESTS,
	};

	return cmocka_run_group_tests(tests, setup_bare, teardown);
}

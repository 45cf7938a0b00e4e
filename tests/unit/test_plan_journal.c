/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal: what is written is read back; whatever is broken, it is noticed. */
#include <errno.h>
#include <fcntl.h>
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

#include "core/cow/cow.h"
#include "core/error.h"
#include "core/plan/journal.h"
#include "core/plan/record.h"
#include "core/stick/stick.h"

struct room {
	char dir[64];
	struct io *io;
};

static void run(const char *format, const char *arg)
{
	char line[256];

	snprintf(line, sizeof(line), format, arg);
	assert_int_equal(system(line), 0);
}

static int setup(void **state)
{
	struct room *r = calloc(1, sizeof(*r));

	*state = r;
	alarm(60);
	strcpy(r->dir, "/tmp/lm-journal-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	run("mkdir %s/LiveOS", r->dir);
	return io_dir_open(r->dir, &r->io);
}

static int teardown(void **state)
{
	struct room *r = *state;

	io_close(r->io);
	run("rm -rf %s", r->dir);
	free(r);
	return 0;
}

static void put(struct room *r, const char *phase)
{
	struct journal_entry e[] = {
		{ "op", "merge" },
		{ "phase", phase },
		{ "name", "odd: 100% \n\x01name" },
		{ "absent", NULL },
		{ "size", "18446744073709551615" },
	};
	struct lm_error err;

	assert_int_equal(journal_pending_write(r->io, "LiveOS", "Words for people.", e,
					       sizeof(e) / sizeof(e[0]), &err), 0);
}

static int get(struct room *r, char *phase)
{
	struct journal_pending p;
	struct lm_error err;
	int ret = journal_pending_read(r->io, "LiveOS", &p, &err);

	phase[0] = '\0';
	if (ret == 1) {
		strcpy(phase, journal_get(&p, "phase"));
		journal_pending_free(&p);
	}
	return ret;
}

static int open_slot(struct room *r, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/LiveOS/livemend/%s", r->dir, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void test_round(void **state)
{
	struct room *r = *state;
	struct journal_pending p;
	char phase[32];
	uint64_t v;

	assert_int_equal(get(r, phase), 0);
	put(r, "building");
	put(r, "ready");
	assert_int_equal(journal_pending_read(r->io, "LiveOS", &p, NULL), 1);
	assert_string_equal(journal_get(&p, "phase"), "ready");
	assert_string_equal(journal_get(&p, "name"), "odd: 100% \n\x01name");
	assert_null(journal_get(&p, "absent"));
	assert_int_equal(p.sequence, 2);
	assert_int_equal(journal_get_number(&p, "size", &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(journal_get_number(&p, "op", &v), -EBADMSG);
	assert_int_equal(journal_get_number(&p, "nothing", &v), -EBADMSG);
	journal_pending_free(&p);
	put(r, "replaced");
	assert_int_equal(get(r, phase), 1);
	assert_string_equal(phase, "replaced");
	assert_int_equal(journal_pending_clear(r->io, "LiveOS", NULL), 0);
	assert_int_equal(get(r, phase), 0);
	assert_int_equal(journal_pending_clear(r->io, "LiveOS", NULL), 0);
}

/* Each byte of the newest slot, changed or cut off there: the older one speaks. */
static void test_torn(void **state)
{
	struct room *r = *state;
	unsigned char text[JOURNAL_SLOT_BYTES];
	char phase[32];
	int fd;

	put(r, "building");
	put(r, "ready"); /* lies in PENDING.bak */
	fd = open_slot(r, "PENDING.bak");
	assert_int_equal(pread(fd, text, sizeof(text), 0), sizeof(text));
	for (size_t i = 0; i < sizeof(text); i += i < 1000 ? 1 : 97) {
		unsigned char bad = text[i] ^ 1;

		assert_int_equal(pwrite(fd, &bad, 1, (off_t)i), 1);
		assert_int_equal(get(r, phase), 1);
		assert_string_equal(phase, "building");
		assert_int_equal(pwrite(fd, &text[i], 1, (off_t)i), 1);
		if (i % 64 == 0) {
			assert_int_equal(ftruncate(fd, (off_t)i), 0);
			assert_int_equal(get(r, phase), 1);
			assert_string_equal(phase, "building");
			assert_int_equal(pwrite(fd, text, sizeof(text), 0), sizeof(text));
		}
	}
	assert_int_equal(get(r, phase), 1);
	assert_string_equal(phase, "ready");
	/* A torn one is written again, the good one left alone. */
	assert_int_equal(ftruncate(fd, 100), 0);
	put(r, "again");
	assert_int_equal(get(r, phase), 1);
	assert_string_equal(phase, "again");
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(get(r, phase), 1);
	assert_string_equal(phase, "building");
	close(fd);
	fd = open_slot(r, "PENDING.txt");
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(get(r, phase), -EBADMSG);
	close(fd);
	assert_int_equal(journal_pending_clear(r->io, "LiveOS", NULL), 0);
	assert_int_equal(get(r, phase), 0);
}

/* Puts text for the slot in place: what sed makes of it, the sum as `sum` makes it, and padding. */
static void rewrite(struct room *r, const char *edit, const char *key, const char *sum)
{
	char line[600];

	snprintf(line, sizeof(line),
		 "cd %s/LiveOS/livemend && sed -e '/^sha256: /,$d' -e '%s' PENDING.txt >t && "
		 "echo \"%s: $(%s <t | cut -d' ' -f1)\" >>t && "
		 "{ cat t; yes '' | head -c %u; } | head -c %u >PENDING.txt && rm t",
		 r->dir, edit, key, sum, JOURNAL_SLOT_BYTES, JOURNAL_SLOT_BYTES);
	assert_int_equal(system(line), 0);
}

/* The sum is one that sha256sum makes; a whole slot of another version is not a damaged one. */
static void test_versions(void **state)
{
	static const struct {
		const char *edit, *key, *sum;
		int want;
	} cases[] = {
		{"s/building/ready/", "sha256", "sha256sum", 1},
		{"s/^journal: 2/journal: 3/", "sha256", "sha256sum", -EPROTONOSUPPORT},
		{"s/^journal: 2/journal: 1/", "sha512", "sha512sum", -EPROTONOSUPPORT},
		{"s/^journal: 2/journal: 1/", "sha512", "sha256sum", -EBADMSG},
		{"s/^journal: 2/journal: 1/", "sha256", "sha512sum", -EBADMSG},
		{"s/^journal: 2/journal: x/", "sha256", "sha256sum", -EPROTONOSUPPORT},
		{"s/^journal: 2/version: 2/", "sha256", "sha256sum", -EPROTONOSUPPORT},
	};
	struct room *r = *state;
	struct journal_pending p;
	struct lm_error err;
	char phase[32];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(r, "building");
		rewrite(r, cases[i].edit, cases[i].key, cases[i].sum);
		assert_int_equal(get(r, phase), cases[i].want);
		if (cases[i].want == -EPROTONOSUPPORT) {
			/* It is neither written over nor removed. */
			assert_int_equal(
				journal_pending_write(r->io, "LiveOS", "W.", NULL, 0, &err),
				-EPROTONOSUPPORT);
			assert_int_equal(journal_pending_clear(r->io, "LiveOS", &err),
					 -EPROTONOSUPPORT);
			assert_int_equal(journal_pending_read(r->io, "LiveOS", &p, &err),
					 -EPROTONOSUPPORT);
			assert_int_equal(err.outcome, LM_REFUSED);
			assert_true(err.help[0] != '\0');
			run("rm %s/LiveOS/livemend/PENDING.txt", r->dir);
		} else {
			assert_int_equal(journal_pending_clear(r->io, "LiveOS", &err), 0);
		}
	}
	/* Beside it nothing of ours counts. */
	put(r, "building");
	put(r, "ready");
	rewrite(r, "s/^journal: 2/journal: 3/", "sha256", "sha256sum");
	assert_int_equal(get(r, phase), -EPROTONOSUPPORT);
}

/* What a command prints first, without its blanks. */
static void shell(const char *command, char *text, size_t cap)
{
	FILE *f = popen(command, "r");

	assert_non_null(f);
	assert_non_null(fgets(text, (int)cap, f));
	assert_int_equal(pclose(f), 0);
	text[strcspn(text, " \n")] = '\0';
}

/* The identity of an image is what record.h says a shell makes of it. */
static void test_identity(void **state)
{
	static const unsigned sizes[] = {0, 1, 4095, 4096, 4097, 8192, 100000};
	struct room *r = *state;
	struct record_id id;
	char command[300], want[100];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		snprintf(command, sizeof(command), "cd %s && seq 100000 | head -c %u >F", r->dir,
			 sizes[i]);
		assert_int_equal(system(command), 0);
		assert_int_equal(record_identify(r->io, "F", &id, NULL), 0);
		assert_int_equal(id.bytes, sizes[i]);
		snprintf(command, sizeof(command),
			 "cd %s && { head -c 4096 F; tail -c 4096 F; } | sha256sum", r->dir);
		shell(command, want, sizeof(want));
		assert_string_equal(id.hash, want);
	}
	assert_int_equal(record_identify(r->io, "none", &id, NULL), 0);
	assert_false(record_exists(&id));
}

/* That of an overlay, too: 600 exceptions in three areas of 256. */
static void test_overlay_identity(void **state)
{
	static const unsigned old[] = {5, 31, 32, 0, 700, 4000};
	struct room *r = *state;
	struct record_id id;
	struct cow_store *store;
	struct io_file *file;
	unsigned char chunk[4096];
	char command[900], want[100];
	bool empty;

	run("truncate -s 8M %s/F", r->dir);
	assert_int_equal(io_open(r->io, "F", IO_WRITE, &file), 0);
	assert_int_equal(cow_format(file, 8, "F", NULL), 0);
	assert_int_equal(record_identify_overlay(r->io, "F", &id, &empty, NULL), 0);
	assert_true(empty);
	assert_int_equal(cow_store_open(file, "F", 0, &store, NULL), 0);
	for (unsigned i = 0; i < 600; i++) {
		memset(chunk, (int)(i % 251), sizeof(chunk));
		assert_int_equal(cow_store_write(store, i < 6 ? old[i] : 1000 + i, 0, chunk,
						 sizeof(chunk), NULL, NULL),
				 0);
	}
	assert_int_equal(cow_store_commit(store, NULL), 0);
	cow_store_close(store);
	io_file_close(file);
	snprintf(command, sizeof(command),
		 "cd %s && for k in 0 1 2; do dd if=F bs=4096 skip=$((1 + k * 257)) count=1 "
		 "2>/dev/null; "
		 "done | od -An -v -tu8 -w16 | awk '$2 { print $1, $2 }' | sort -n >T && "
		 "{ head -c 512 F; cat T; while read -r old new; do "
		 "[ $((old * 4096)) -lt 131072 ] && dd if=F bs=4096 skip=$new count=1 2>/dev/null; "
		 "done <T; } | sha256sum",
		 r->dir);
	shell(command, want, sizeof(want));
	assert_int_equal(record_identify_overlay(r->io, "F", &id, &empty, NULL), 0);
	assert_false(empty);
	assert_int_equal(id.bytes, 8 << 20);
	assert_string_equal(id.hash, want);
}

static void test_too_long(void **state)
{
	struct room *r = *state;
	char *big = malloc(2 * JOURNAL_SLOT_BYTES);
	struct journal_entry e = { "big", big };

	memset(big, 'x', 2 * JOURNAL_SLOT_BYTES);
	for (size_t n = JOURNAL_SLOT_BYTES - 400; n < JOURNAL_SLOT_BYTES + 100; n += 1) {
		char phase[8];
		int ret;

		big[n] = '\0';
		ret = journal_pending_write(r->io, "LiveOS", "Words.", &e, 1, NULL);
		if (ret == 0) {
			struct journal_pending p;

			assert_int_equal(journal_pending_read(r->io, "LiveOS", &p, NULL), 1);
			assert_int_equal(strlen(journal_get(&p, "big")), n);
			journal_pending_free(&p);
		} else {
			assert_int_equal(ret, -E2BIG);
		}
		big[n] = 'x';
		(void)phase;
	}
	free(big);
}

static void test_log(void **state)
{
	struct room *r = *state;
	struct lm_stick stick = { .io = r->io, .live_dir = (char *)(uintptr_t)"LiveOS" };
	char *text, *second;
	int fd;

	assert_int_equal(lm_journal_read(&stick, &text, NULL), 0);
	assert_string_equal(text, "");
	free(text);
	assert_int_equal(journal_log(r->io, "LiveOS", NULL, "first %d", 1), 0);
	fd = open_slot(r, "journal.txt");
	assert_true(lseek(fd, 0, SEEK_END) > 0);
	assert_int_equal(write(fd, "to\033rn", 5), 5);
	close(fd);
	assert_int_equal(journal_log(r->io, "LiveOS", NULL, "sec\nond"), 0);
	assert_int_equal(lm_journal_read(&stick, &text, NULL), 0);
	assert_non_null(strstr(text, "  first 1\nto?rn\n"));
	second = strstr(text, "  sec?ond\n");
	assert_non_null(second);
	assert_int_equal(strlen(second), 10);
	free(text);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_round),    T(test_torn),     T(test_too_long),        T(test_log),
		T(test_versions), T(test_identity), T(test_overlay_identity)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

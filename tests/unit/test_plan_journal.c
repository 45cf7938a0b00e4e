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

#include "core/error.h"
#include "core/plan/journal.h"
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
	const struct CMUnitTest tests[] = { T(test_round), T(test_torn), T(test_too_long),
					    T(test_log) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

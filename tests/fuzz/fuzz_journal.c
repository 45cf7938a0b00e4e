/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a stick says of an interrupted operation: the input is its folder (see
 * fuzz_folder()), with LiveOS/livemend/PENDING.txt, PENDING.bak, journal.txt. A
 * slot whose name ends in "+" gets the checksum that it should have, and is
 * filled up to its size: so the fuzzer gets past both.
 */
#include "core/plan/journal.h"
#include "core/plan/record.h"
#include "core/stick/stick.h"
#include "core/sum.h"
#include "tests/fuzz/fuzz.h"

#define FOLDER "LiveOS/livemend/"

static void seal_slot(struct io *io, const char *from, const char *to)
{
	char slot[JOURNAL_SLOT_BYTES + 1], digits[SUM_DIGITS + 1];
	size_t len;
	const uint8_t *data = fuzz_folder_get(io, from, &len);

	if (!data || len > JOURNAL_SLOT_BYTES - SUM_DIGITS - 16)
		return;
	memcpy(slot, data, len);
	sum_of_hex(data, len, digits);
	len += (size_t)sprintf(slot + len, "sha256: %s", digits);
	memset(slot + len, '\n', JOURNAL_SLOT_BYTES - len);
	fuzz_folder_put(io, to, slot, JOURNAL_SLOT_BYTES);
}

static void check_pending(const struct journal_pending *p)
{
	uint64_t number;

	MUST(p->count > 0 && p->entries);
	for (size_t i = 0; i < p->count; i++) {
		MUST(p->entries[i].key && p->entries[i].value);
		MUST(!strpbrk(p->entries[i].key, "\n"));
		MUST(journal_get(p, p->entries[i].key));
	}
	MUST(journal_get_number(p, "sequence", &number) == 0 && number == p->sequence);
	MUST(!journal_get(p, "no such key"));
}

/* What is read is written so that the same is read; and the next one goes before it. */
static void write_again(struct io *io, const struct journal_pending *p)
{
	struct journal_pending again;
	struct lm_error err;
	/* Version and sequence are the journal's own, and come first. */
	int ret = journal_pending_write(io, "LiveOS", "words", p->entries + 2, p->count - 2, &err);

	if (ret < 0) {
		fuzz_check_error(ret, &err);
		return;
	}
	MUST(journal_pending_read(io, "LiveOS", &again, &err) == 1);
	/* A stranger's number may be the largest there is. */
	if (again.sequence == p->sequence + 1 && p->sequence + 1 != 0) {
		MUST(again.count == p->count);
		for (size_t i = 2; i < p->count; i++) {
			MUST(strcmp(again.entries[i].key, p->entries[i].key) == 0);
			MUST(strcmp(again.entries[i].value, p->entries[i].value) == 0);
		}
	}
	journal_pending_free(&again);
}

static const struct record_prose prose = {.doing = "doing", .safe = "safe"};

static int copy_slot(struct io *io, char slot[JOURNAL_SLOT_BYTES])
{
	size_t a, b;
	const uint8_t *one = fuzz_folder_get(io, FOLDER "PENDING.txt", &a);
	const uint8_t *two = fuzz_folder_get(io, FOLDER "PENDING.bak", &b);

	/* Just written, with nothing before it: one of the two. */
	if (!one == !two || (one ? a : b) != JOURNAL_SLOT_BYTES)
		return -1;
	memcpy(slot, one ? one : two, JOURNAL_SLOT_BYTES);
	return 0;
}

/* A record comes back as it was written. */
static void check_record(struct io *io)
{
	char once[JOURNAL_SLOT_BYTES], twice[JOURNAL_SLOT_BYTES];
	struct record record = {0};
	struct lm_error err;
	int ret = record_read(io, "LiveOS", &record, &err);

	if (ret < 0)
		fuzz_check_error(ret, &err);
	if (ret <= 0)
		return;
	MUST(journal_pending_clear(io, "LiveOS", &err) == 0);
	ret = record_write(io, "LiveOS", &record, &prose, &err);
	record_free(&record);
	if (ret < 0) {
		fuzz_check_error(ret, &err);
		return;
	}
	MUST(copy_slot(io, once) == 0);
	MUST(record_read(io, "LiveOS", &record, &err) == 1);
	MUST(journal_pending_clear(io, "LiveOS", &err) == 0);
	MUST(record_write(io, "LiveOS", &record, &prose, &err) == 0);
	record_free(&record);
	MUST(copy_slot(io, twice) == 0 && memcmp(once, twice, sizeof(once)) == 0);
}

static void check_log(struct io *io)
{
	struct lm_stick stick = {.io = io, .live_dir = (char[]){"LiveOS"}};
	struct lm_error err;
	char *text = NULL, *line, *save = NULL;
	int ret = lm_journal_read(&stick, &text, &err);

	if (ret < 0) {
		fuzz_check_error(ret, &err);
		MUST(!text);
		return;
	}
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		MUST(fuzz_is_printable(line));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct io *io = fuzz_folder(data, size);
	struct journal_pending pending;
	struct lm_error err;
	int ret;

	seal_slot(io, FOLDER "PENDING.txt+", FOLDER "PENDING.txt");
	seal_slot(io, FOLDER "PENDING.bak+", FOLDER "PENDING.bak");
	fuzz_folder_put(io, "LiveOS/here", "", 0);
	check_log(io);
	ret = journal_pending_read(io, "LiveOS", &pending, &err);
	if (ret < 0) {
		fuzz_check_error(ret, &err);
		ret = record_read(io, "LiveOS", &(struct record){0}, &err);
		fuzz_check_error(ret, &err);
	} else if (ret == 1) {
		check_pending(&pending);
		if (pending.count > 2 && strcmp(pending.entries[1].key, "sequence") == 0)
			write_again(io, &pending);
		journal_pending_free(&pending);
		check_record(io);
	}
	ret = journal_log(io, "LiveOS", &err, "fuzzed: %s", (const char *)"\x1b[2J");
	if (ret < 0)
		fuzz_check_error(ret, &err);
	check_log(io);
	if (journal_pending_clear(io, "LiveOS", &err) == 0)
		MUST(journal_pending_read(io, "LiveOS", &pending, &err) == 0);
	io_close(io);
	return 0;
}

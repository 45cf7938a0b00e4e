/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal.h - the plain-text record on the stick
 *
 * LiveOS/livemend/journal.txt: what was done to this stick, appended and
 * flushed line by line; and LiveOS/livemend/PENDING.txt, which exists exactly
 * while an operation is under way: what was going on, in words for whoever
 * finds the stick, and in "key: value" lines for `livemend resume`, with a
 * checksum. It is input from a stranger like everything else on a stick: a
 * name in it is only ever used after the file it names has been proved to be
 * what the journal says by size and hash.
 *
 * PENDING.txt has a twin, PENDING.bak. The two are slots of one fixed size,
 * written in turn, in place, each with a sequence number and in its last line a
 * SHA-256 over all that stands above that line (`sed '/^sha256: /,$d' | sha256sum`
 * makes the same); the valid one with the higher number counts. Whatever else a
 * later version changes, that line stays: by it one of a later version is known
 * from one that is damaged. The usual way, a new
 * file renamed over the old one, is not safe on vfat (after the flush the name
 * can be left on freed clusters), while writing into clusters that a file has
 * already changes neither the allocation table nor the directory: whatever a
 * cut does to the slot that is being written, the other one is whole.
 */
#ifndef PLAN_JOURNAL_H
#define PLAN_JOURNAL_H

#include "core/io/io.h"
#include "core/livemend.h"

#define JOURNAL_SLOT_BYTES 8192u

struct journal_entry { /* one key: value */
	const char *key;
	const char *value;
};

/*
 * Writes PENDING.txt anew so that a cut leaves the old or the new one, never a mixture.
 * words: lines of at most 76 columns or so for people. Keys are letters, digits, "-" and ".";
 * a value may hold any bytes.
 */
int journal_pending_write(struct io *io, const char *live_dir, const char *words,
			  const struct journal_entry *entries, size_t count,
			  struct lm_error *err);

struct journal_pending {
	struct journal_entry *entries; /* owned */
	size_t count;
	uint64_t sequence;
};
/*
 * 1: there is one, *pending filled; 0: none; -EBADMSG: one that is damaged, as
 * its checksum says, and nothing but that; -EPROTONOSUPPORT (a refusal): one of another version of
 * livemend, on whose stick nothing is to be touched.
 */
int journal_pending_read(struct io *io, const char *live_dir, struct journal_pending *pending,
			 struct lm_error *err);
/* That refusal: what is there is whole, and path holds what this version does not know. */
int journal_other_version(const char *path, struct lm_error *err);
void journal_pending_free(struct journal_pending *pending);
/* The value of a key, NULL when there is none. */
const char *journal_get(const struct journal_pending *pending, const char *key);
/* As a decimal number: -EBADMSG when there is none or it is none. */
int journal_get_number(const struct journal_pending *pending, const char *key, uint64_t *value);

/* Removes it: the operation is over. */
int journal_pending_clear(struct io *io, const char *live_dir, struct lm_error *err);

/* Where it is, below the top of the stick; path holds PATH_MAX bytes. 0 or -ENAMETOOLONG. */
int journal_log_path(char *path, const char *live_dir);
/* Appends a line with the time to journal.txt. */
int journal_log(struct io *io, const char *live_dir, struct lm_error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif

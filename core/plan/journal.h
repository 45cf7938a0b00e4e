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
 */
#ifndef PLAN_JOURNAL_H
#define PLAN_JOURNAL_H

#include "core/io/io.h"
#include "core/livemend.h"

struct journal_entry { /* one key: value */
	const char *key;
	const char *value;
};

/* Writes PENDING.txt anew so that a cut leaves the old or the new one, never a mixture. */
int journal_pending_write(struct io *io, const char *live_dir, const char *words,
			  const struct journal_entry *entries, size_t count,
			  struct lm_error *err);

struct journal_pending {
	struct journal_entry *entries; /* owned */
	size_t count;
};
/* 1: there is one, *pending filled; 0: none; -EBADMSG: one that is damaged. */
int journal_pending_read(struct io *io, const char *live_dir, struct journal_pending *pending,
			 struct lm_error *err);
void journal_pending_free(struct journal_pending *pending);
const char *journal_get(const struct journal_pending *pending, const char *key);

/* Removes it: the operation is over. */
int journal_pending_clear(struct io *io, const char *live_dir, struct lm_error *err);

/* Appends a line with the time to journal.txt. */
int journal_log(struct io *io, const char *live_dir, struct lm_error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * swap.h - one file takes the place of another, whatever happens meanwhile
 *
 * The file that counts has its name; the new one lies beside it (fresh), and
 * where two names cannot be exchanged at once the old one is put aside for a
 * moment. After the exchange the old file has the name fresh.
 *
 * Nothing here believes that the step before it was carried out: each call
 * identifies the files by length and hash and does what is left to do. That
 * makes running it again right at any time, which is all that resume does.
 */
#ifndef OPS_SWAP_H
#define OPS_SWAP_H

#include "core/ops/session.h"

/* *id is empty when there is no such file. */
typedef int (*swap_identify_fn)(struct io *io, const char *path, struct record_id *id,
				struct lm_error *err);

struct swap {
	struct session *s;
	const char *path;
	char *fresh, *aside; /* owned */
	const struct record_id *old_id, *new_id;
	swap_identify_fn identify;
	const char *not_ours; /* what it means when none of the files is what the record says */
};

/* fresh, aside: names in the live directory. 0 or -ENOMEM; swap_free() in both cases. */
int swap_init(struct swap *w, const char *fresh, const char *aside, struct lm_error *err);
void swap_free(struct swap *w);

/* record_identify_overlay() as a swap_identify_fn; record_identify() is one. */
int swap_identify_overlay(struct io *io, const char *path, struct record_id *id,
			  struct lm_error *err);

/* What lies where now. */
struct swap_places {
	struct record_id now, fresh, aside; /* now: of path */
};
int swap_find(const struct swap *w, struct swap_places *p, struct lm_error *err);
bool swap_is_old(const struct swap *w, const struct record_id *id);
bool swap_is_new(const struct swap *w, const struct record_id *id);
/* There is one, and it is neither: somebody has used it since. */
bool swap_is_other(const struct swap *w, const struct record_id *id);

/* None of the files is what the record says. -EUCLEAN, LM_RESUMABLE. */
int swap_not_ours(const struct swap *w, struct lm_error *err);
/* The same, unless the file that counts is the one that id says. */
int swap_check(const struct swap *w, const struct record_id *id, struct lm_error *err);

/* The new file gets the name, wherever a cut left things. */
int swap_forward(const struct swap *w, struct lm_error *err);
/* The old file gets the name again. 1: it is not there, and nothing was done. */
int swap_back(const struct swap *w, const struct swap_places *p, struct lm_error *err);

/* Removes a leftover, unless it shares its clusters with the file that counts (FAT after a cut). */
int swap_remove(const struct swap *w, const char *path, struct lm_error *err);
/* Removes what lies beside it, after swap_find(). */
int swap_remove_rest(const struct swap *w, const struct swap_places *p, struct lm_error *err);
/*
 * The same for the very end of what was cut in it. While a file is being
 * removed its chain of clusters may be cut, and reading it then makes the
 * kernel turn a FAT read-only: it is not looked at, and goes last of all.
 */
int swap_remove_unseen(const struct swap *w, struct lm_error *err);
/*
 * The end of undoing: fresh goes, then end (may be NULL) is done with arg, and
 * the journal is cleared. What was being written when it was cut (not whole) goes
 * last of all, and unseen: see above. Before the exchange the two files cannot
 * share clusters.
 */
int swap_undo_end(const struct swap *w, bool whole, session_undo_fn end, void *arg,
		  struct lm_error *err);

#endif

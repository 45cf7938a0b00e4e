/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * record.h - how far an operation came, as the journal on the stick holds it
 *
 * Everything in it is only a claim: paths are those of the stick at hand, and
 * a file is touched only after its size and hash have been found to be those
 * that the record names.
 */
#ifndef PLAN_RECORD_H
#define PLAN_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/io/io.h"
#include "core/livemend.h"
#include "core/sum.h"

/* Digits of what tells one run from all others. */
#define RECORD_RUN_DIGITS 16u

/* What a file is: its length, and a SHA-256 of what tells it from others. */
struct record_id {
	uint64_t bytes;
	char hash[SUM_DIGITS + 1]; /* hexadecimal; empty: there is no such file */
};

enum record_phase {
	RECORD_CHECKING,  /* nothing is begun but, if so noted, the repair of the file system */
	RECORD_BUILDING,  /* the new image is being written, beside the old one or in the work folder */
	RECORD_READY,     /* the new image is proved; the names are being exchanged */
	RECORD_SWAPPING,  /* no room for both: the old image is in the work folder, and being replaced */
	RECORD_REPLACED,  /* the new image has the name; the overlay is being reset */
	RECORD_CLEANING,  /* all is done but the removal of the old image */
	RECORD_APPLYING,  /* a bare image: changes are being written into it */
	RECORD_RESETTING, /* the overlay is being reset */
	RECORD_MERGING,   /* snapshot-merge: copies in the work folder are being merged by the kernel */
	RECORD_PHASES
};

/* A tagged union, by op. */
struct record {
	enum lm_op op;
	enum record_phase phase;
	char *base, *overlay; /* relative to the stick */
	char *work;           /* absolute path of the work folder, NULL: none */
	/*
	 * Random, hexadecimal: in the names of the files in the work folder, and in the note
	 * there. Empty: without a work folder.
	 */
	char run[RECORD_RUN_DIGITS + 1];
	bool repaired;        /* the overlay's file system, first: an undo file takes it back */
	struct record_id overlay_id;
	union {
		struct {
			enum lm_method method;
			char *osmin; /* relative to the stick, NULL: none */
			struct record_id old_image, new_image;
		} merge;
		struct {
			struct record_id image, fresh; /* the image; the new overlay */
		} compact;
		struct {
			uint64_t new_bytes;
		} grow;
	};
};

void record_free(struct record *record);

/* What the operation says to whoever finds the stick. */
struct record_prose {
	const char *doing; /* what was being done */
	const char *safe;  /* why nothing is lost */
};
/* Writes it to the journal, with words for whoever finds the stick. */
int record_write(struct io *io, const char *live_dir, const struct record *record,
		 const struct record_prose *prose, struct lm_error *err);
/*
 * 1: there is one; 0: none; -EBADMSG: it is damaged (its checksum is wrong);
 * -EPROTONOSUPPORT (a refusal): it is of another version, or holds a word or a
 * value that this one does not know.
 */
int record_read(struct io *io, const char *live_dir, struct record *record, struct lm_error *err);

/*
 * The identity of a file, read cold: its length, and the hash of its first 4096
 * bytes and its last (of a shorter file of all of it, twice), so that a shell
 * makes the same of an image F:
 *	{ head -c 4096 F; tail -c 4096 F; } | sha256sum
 * 0 also when there is none: id->hash is empty then.
 */
int record_identify(struct io *io, const char *path, struct record_id *id, struct lm_error *err);
/*
 * The same for an overlay: a hash of its first 512 bytes (the header), of all
 * its exceptions, and of what it holds of the first 128 KiB of the device. There
 * lie the superblocks of ext4 and btrfs, which every mount for writing changes:
 * an overlay that was booted from meanwhile is another one, though no exception
 * be added. An exception goes in as a line "OLD NEW" of chunk numbers in
 * decimal, ascending by OLD, and behind all of these lines the chunks NEW of
 * those below 128 KiB, whole. For an overlay F, its table being the lines in T:
 *	{ head -c 512 F; cat T; while read -r old new; do
 *	  [ $((old * CHUNK)) -lt 131072 ] && dd if=F bs=CHUNK skip=$new count=1
 *	  done <T; } | sha256sum
 * *empty (may be NULL): there is nothing in it.
 */
int record_identify_overlay(struct io *io, const char *path, struct record_id *id, bool *empty,
			    struct lm_error *err);
bool record_same(const struct record_id *a, const struct record_id *b);
/* The same operation on the same files, as far as it came. */
bool record_equal(const struct record *a, const struct record *b);
static inline bool record_exists(const struct record_id *id)
{
	return id->hash[0] != '\0';
}

#endif

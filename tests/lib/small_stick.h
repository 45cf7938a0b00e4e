/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * small_stick.h - a live stick of a few MiB in a folder, with what it must read as
 *
 * Its base and its overlay come from two states of one real ext4 file system:
 * the overlay holds their difference, and besides chunks that are free (with
 * garbage in them) and chunks equal to the base.
 */
#ifndef TESTS_LIB_SMALL_STICK_H
#define TESTS_LIB_SMALL_STICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMALL_MAX_FILES 12

/* The files below a folder, in memory. */
struct small_files {
	struct {
		char path[128];
		unsigned char *data;
		size_t len;
	} files[SMALL_MAX_FILES];
	size_t count;
};

struct small_stick {
	char room[64];       /* temporary folder of the test */
	char top[96];        /* the stick: room/stick */
	char trash[96];      /* room/trash */
	bool bare;
	struct small_files fresh; /* as it was made */
	unsigned char *want; /* the merged root */
	size_t want_len;
	bool *used;          /* per block of 1024 bytes: counts */
};

/* Makes it; skips the test where mkfs.ext4, debugfs or mksquashfs are missing. */
void small_make(struct small_stick *s, bool bare);
/* The image holds all that the overlay holds already. */
void small_make_same(struct small_stick *s);
/*
 * The root image is no whole number of chunks of the overlay. The chunk at its
 * end is in the overlay, and free, the same as in the image, or different.
 */
enum small_tail { SMALL_WHOLE, SMALL_TAIL_DEAD, SMALL_TAIL_EQUAL, SMALL_TAIL_LIVE };
void small_make_tail(struct small_stick *s, bool bare, enum small_tail tail);
void small_free(struct small_stick *s);

/* Puts the folder into a state, or takes it down. */
void small_restore(const struct small_stick *s, const struct small_files *files);
void small_save(const struct small_stick *s, struct small_files *files);
void small_files_free(struct small_files *files);

bool small_exists(const struct small_stick *s, const char *path);
/* The file's content is that of the state. */
bool small_same(const struct small_stick *s, const struct small_files *files, const char *path);

/*
 * Runs a command on the merged view in a file of its own (format has one %s, its
 * path), and writes what it changed to the overlay. Its exit status.
 */
int small_on_view(const struct small_stick *stick, const char *overlay, const char *format);

#endif

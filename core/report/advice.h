/* SPDX-License-Identifier: GPL-3.0-or-later */
/* advice.h - what helps against what: said by status and doctor in the same words */
#ifndef REPORT_ADVICE_H
#define REPORT_ADVICE_H

#include "core/stick/stick.h"

/* A sentence (translated), and the command that does it; NULL where there is none. */
struct advice {
	const char *text, *op;
};

/* An overlay that is damaged; store is NULL where its file cannot be opened. */
struct advice advice_damaged(struct cow_store *store);
/* One that is full, and not in use; fs is that of the merged view. */
struct advice advice_full(const struct fs *fs);
/* The merged file system is marked as having errors, or e2fsck found some. */
struct advice advice_fs_errors(void);
/* It was not unmounted, and nothing else is wrong with it. */
struct advice advice_fs_dirty(void);
/* Overlay and image are of different systems. */
struct advice advice_unpaired(void);

#endif

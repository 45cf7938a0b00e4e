/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ctx.h - the inside of a context: the log and the choice of engine */
#ifndef LM_CTX_H
#define LM_CTX_H

#include "core/livemend.h"

struct io;
struct io_source;

struct lm_ctx {
	lm_log_fn log;
	void *log_arg;
	enum lm_engine engine;
	/*
	 * For tests: wraps the I/O table of each stick, and each work folder,
	 * that is opened for an operation (fail-nth, crash-at-nth). NULL in real
	 * life. Takes over inner, which it closes when it is closed itself.
	 */
	struct io *(*wrap_io)(void *arg, struct io *inner);
	void *wrap_arg;
	/* For tests: makes repairs in top, in place of e2fsck. 0 or negative errno. */
	int (*repair)(void *arg, struct io_source *top);
	void *repair_arg;
	/* For tests: as where there is no FUSE, no e2fsck, or no room on the stick for two images. */
	bool no_fuse, no_e2fsck, tight;
	/* For tests: one more than the only way that e2fsck is given a view by (dm/fsck.h); 0: any. */
	unsigned fsck_way;
	/* For tests: what e2fsck has in its environment besides, such as the time; NULL: nothing. */
	const char *const *e2fsck_env;
};

/* Writes a line to the log; ctx may be NULL. The text is made printable. */
void ctx_log(const struct lm_ctx *ctx, enum lm_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif

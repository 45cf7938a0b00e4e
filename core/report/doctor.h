/* SPDX-License-Identifier: GPL-3.0-or-later */
/* doctor.h - how the checks of doctor write down what they find */
#ifndef REPORT_DOCTOR_H
#define REPORT_DOCTOR_H

#include "core/stick/stick.h"

struct doctor {
	struct lm_stick *stick;
	struct stick_look look;
	const struct lm_watch *watch;
	unsigned flags;
	struct lm_report *report;
	size_t cap;
	bool no_memory;
};

/* Texts are translated and copied; means and remedy may be NULL. */
void doctor_add(struct doctor *d, enum lm_severity severity, const char *id, const char *subject,
		const char *what, const char *means, const char *remedy);

/* The command that mends what was added last is this one, or (NULL) there is none. */
void doctor_op(struct doctor *d, const char *op);

/* -ECANCELED (and *err) when the watch wants to stop. */
int doctor_watch(struct doctor *d, uint64_t done, uint64_t total, const char *text,
		 struct lm_error *err);

/* doctor_store.c: the overlay. */
void doctor_store(struct doctor *d);
/* doctor_fs.c: the root file system. */
int doctor_fs(struct doctor *d, struct lm_error *err);
/* boot.c: what the next boot does with all that. */
void doctor_boot(struct doctor *d);

#endif

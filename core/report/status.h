/* SPDX-License-Identifier: GPL-3.0-or-later */
/* status.h - what the two halves of the status share */
#ifndef REPORT_STATUS_H
#define REPORT_STATUS_H

#include "core/stick/stick.h"

/* What is needed beside struct lm_status to judge it. */
struct status_facts {
	uint64_t room_bytes;    /* data that the first overlay can still take */
	uint64_t written_bytes; /* data it holds */
	int64_t since;          /* when it was made or last emptied, seconds; 0: not known */
	bool since_reset;       /* since is the time of a merge or reset */
	uint64_t root_avail_bytes; /* free for ordinary users */
	const struct lm_error *trouble; /* what could not be opened, code 0: nothing */
	const struct stick_look *look; /* NULL: nothing is known of it */
	bool plain_tree;        /* the image holds files, not a root image */
};

/* First wall, health, headline, advice. 0 or -ENOMEM. */
int status_judge(struct lm_status *s, const struct status_facts *facts);

/* A copy made printable; an empty text counts as absent. 0 or -ENOMEM. */
int status_text(char **dst, const char *src);

/* What the boot configuration says; an overlay that is missing is added. 0 or -ENOMEM. */
int status_boot(struct lm_stick *stick, struct lm_status *s);
void status_boot_free(struct lm_status *s);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The status line of the snapshot target (drivers/md/dm-snap.c, snapshot_status). */
#include <errno.h>
#include <string.h>

#include "core/bytes.h"
#include "core/dm/dm.h"

/* Decimal digits and nothing else; *p moves behind them. */
static int parse_number(const char **p, uint64_t *value)
{
	uint64_t v = 0;

	if (**p < '0' || **p > '9')
		return -EBADMSG;
	while (**p >= '0' && **p <= '9') {
		if (mul_overflows(v, (uint64_t)10, &v) ||
		    add_overflows(v, (uint64_t)(**p - '0'), &v))
			return -EBADMSG;
		(*p)++;
	}
	*value = v;
	return 0;
}

int dm_parse_snapshot(const char *params, struct dm_snapshot_status *status)
{
	struct dm_snapshot_status s = { .state = LM_STATE_ACTIVE };
	const char *p = params;

	memset(status, 0, sizeof(*status));
	status->state = LM_STATE_DAMAGED;
	if (strcmp(p, "Invalid") == 0) {
		status->state = LM_STATE_INVALID;
		return 0;
	}
	if (strcmp(p, "Overflow") == 0) {
		status->state = LM_STATE_OVERFLOW;
		return 0;
	}
	if (strcmp(p, "Merge failed") == 0) {
		status->state = LM_STATE_MERGE_FAILED;
		return 0;
	}
	if (parse_number(&p, &s.allocated_sectors) || *p++ != '/' ||
	    parse_number(&p, &s.total_sectors) || *p++ != ' ' ||
	    parse_number(&p, &s.metadata_sectors) || *p != '\0')
		return -EBADMSG;
	/* A figure that contradicts the others is no status of a snapshot. */
	if (s.metadata_sectors > s.allocated_sectors)
		return -EBADMSG;
	*status = s;
	return 0;
}

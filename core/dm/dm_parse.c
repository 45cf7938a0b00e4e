/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Status lines of device-mapper targets; status.h names the sources of their formats. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "core/bytes.h"
#include "core/dm/status.h"

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

/* Exactly this text; *p moves behind it. */
static int parse_word(const char **p, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*p, word, n) != 0)
		return -EBADMSG;
	*p += n;
	return 0;
}

/* "used/total", of which used may not be more. */
static int parse_share(const char **p, uint64_t *part, uint64_t *whole)
{
	if (parse_number(p, part) || parse_word(p, "/") || parse_number(p, whole) ||
	    *part > *whole)
		return -EBADMSG;
	return 0;
}

/* "253:3", as the kernel names a device. */
static int parse_device(const char **p, dev_t *dev)
{
	uint64_t maj, min;

	if (parse_number(p, &maj) || parse_word(p, ":") || parse_number(p, &min) ||
	    maj > 0xfff || min > 0xfffff)
		return -EBADMSG;
	*dev = makedev((unsigned)maj, (unsigned)min);
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
	if (parse_number(&p, &s.allocated_sectors) || parse_word(&p, "/") ||
	    parse_number(&p, &s.total_sectors) || parse_word(&p, " ") ||
	    parse_number(&p, &s.metadata_sectors) || *p != '\0')
		return -EBADMSG;
	/* A figure that contradicts the others is no status of a snapshot. */
	if (s.metadata_sectors > s.allocated_sectors)
		return -EBADMSG;
	*status = s;
	return 0;
}

/* "1 core", or "3 disk 7:2 A" with a letter for the log's device. */
static int parse_log(const char **p, struct dm_mirror_status *m)
{
	dev_t log;

	if (strcmp(*p, "1 core") == 0) {
		m->log_health = 'A';
		return 0;
	}
	m->on_disk = true;
	if (parse_word(p, "3 disk ") || parse_device(p, &log) || parse_word(p, " ") ||
	    !**p || !strchr("ADF", **p) || (*p)[1] != '\0')
		return -EBADMSG;
	m->log_health = **p;
	return 0;
}

int dm_parse_mirror(const char *params, struct dm_mirror_status *status)
{
	struct dm_mirror_status m = { 0 };
	const char *p = params;
	uint64_t legs;
	unsigned i;

	memset(status, 0, sizeof(*status));
	if (parse_number(&p, &legs) || parse_word(&p, " ") || !legs || legs > DM_MIRROR_MAX_LEGS)
		return -EBADMSG;
	m.legs = (unsigned)legs;
	for (i = 0; i < m.legs; i++) {
		if (parse_device(&p, &m.leg[i]) || parse_word(&p, " "))
			return -EBADMSG;
	}
	if (parse_share(&p, &m.done, &m.total) || parse_word(&p, " 1 "))
		return -EBADMSG;
	for (i = 0; i < m.legs; i++, p++) {
		if (!*p || !strchr("ADSRFU", *p))
			return -EBADMSG;
		m.health[i] = *p;
	}
	if (!m.total || parse_word(&p, " ") || parse_log(&p, &m))
		return -EBADMSG;
	*status = m;
	return 0;
}

static bool all_alive(const struct dm_mirror_status *m)
{
	return m->legs && strspn(m->health, "A") == m->legs && m->log_health == 'A';
}

bool dm_mirror_done(const struct dm_mirror_status *m)
{
	return m->total && m->done == m->total && all_alive(m);
}

bool dm_mirror_failed(const struct dm_mirror_status *m)
{
	return !all_alive(m);
}

bool dm_merge_done(const struct dm_snapshot_status *s)
{
	return s->state == LM_STATE_ACTIVE && s->allocated_sectors &&
	       s->allocated_sectors == s->metadata_sectors;
}

/* "Fail" and "Error" stand for everything. 1: that was it. */
static int parse_trouble(const char *params, bool *failed, bool *error)
{
	*failed = strcmp(params, "Fail") == 0;
	*error = strcmp(params, "Error") == 0;
	return *failed || *error;
}

int dm_parse_thin(const char *params, struct dm_thin_status *status)
{
	struct dm_thin_status t = { 0 };
	const char *p = params;

	memset(status, 0, sizeof(*status));
	if (!parse_trouble(p, &t.failed, &t.error)) {
		if (parse_number(&p, &t.mapped_sectors) || parse_word(&p, " "))
			return -EBADMSG;
		if (strcmp(p, "-") != 0) {
			t.any_mapped = true;
			if (parse_number(&p, &t.highest_sector) || *p != '\0')
				return -EBADMSG;
		}
	}
	*status = t;
	return 0;
}

/* One of the words, each with what follows it; returns its number or -EBADMSG. */
static int parse_choice(const char **p, const char *const *words)
{
	int i;

	for (i = 0; words[i]; i++) {
		if (parse_word(p, words[i]) == 0)
			return i;
	}
	return -EBADMSG;
}

int dm_parse_pool(const char *params, struct dm_pool_status *status)
{
	static const char *const modes[] = { "rw ", "ro ", "out_of_data_space ", NULL };
	static const char *const discards[] = { "ignore_discard ", "discard_passdown ",
						"no_discard_passdown ", NULL };
	static const char *const full[] = { "queue_if_no_space ", "error_if_no_space ", NULL };
	static const char *const check[] = { "- ", "needs_check ", NULL };
	struct dm_pool_status t = { 0 };
	const char *p = params;
	uint64_t number;
	int mode, r;

	memset(status, 0, sizeof(*status));
	if (parse_trouble(p, &t.failed, &t.error)) {
		*status = t;
		return 0;
	}
	if (parse_number(&p, &t.transaction) || parse_word(&p, " ") ||
	    parse_share(&p, &t.meta_used, &t.meta_total) || parse_word(&p, " ") ||
	    parse_share(&p, &t.data_used, &t.data_total) || parse_word(&p, " "))
		return -EBADMSG;
	/* The metadata snapshot that somebody holds, if any. */
	if (parse_word(&p, "- ") && (parse_number(&p, &number) || parse_word(&p, " ")))
		return -EBADMSG;
	mode = parse_choice(&p, modes);
	if (mode < 0 || parse_choice(&p, discards) < 0)
		return -EBADMSG;
	t.mode = (enum dm_pool_mode)mode;
	r = parse_choice(&p, full);
	if (r < 0)
		return -EBADMSG;
	t.error_if_no_space = r == 1;
	r = parse_choice(&p, check);
	if (r < 0)
		return -EBADMSG;
	t.needs_check = r == 1;
	/* Kernels before 4.19 end here; the low water mark of the metadata follows. */
	if (*p && (parse_number(&p, &number) || parse_word(&p, " ") || *p))
		return -EBADMSG;
	*status = t;
	return 0;
}

static const struct {
	const char *word;
	enum dm_target_kind kind;
} kinds[] = {
	{ "snapshot", DM_KIND_SNAPSHOT }, { "snapshot-origin", DM_KIND_ORIGIN },
	{ "snapshot-merge", DM_KIND_MERGE }, { "mirror", DM_KIND_MIRROR },
	{ "linear", DM_KIND_LINEAR }, { "thin", DM_KIND_THIN },
	{ "thin-pool", DM_KIND_THIN_POOL },
};

int dm_parse_target(const char *type, const char *params, struct dm_target_status *status)
{
	int ret = 0;
	size_t i;

	memset(status, 0, sizeof(*status));
	snprintf(status->type, sizeof(status->type), "%s", type);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].word, type) == 0)
			status->kind = kinds[i].kind;
	}
	switch (status->kind) {
	case DM_KIND_SNAPSHOT:
	case DM_KIND_MERGE:
		ret = dm_parse_snapshot(params, &status->u.snapshot);
		break;
	case DM_KIND_MIRROR:
		ret = dm_parse_mirror(params, &status->u.mirror);
		break;
	case DM_KIND_THIN:
		ret = dm_parse_thin(params, &status->u.thin);
		break;
	case DM_KIND_THIN_POOL:
		ret = dm_parse_pool(params, &status->u.pool);
		break;
	case DM_KIND_ORIGIN:
	case DM_KIND_LINEAR:
		ret = *params ? -EBADMSG : 0;
		break;
	default:
		return 0;
	}
	status->understood = ret == 0;
	return ret;
}

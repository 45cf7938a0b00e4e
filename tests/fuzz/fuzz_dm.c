/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the kernel says of device-mapper targets, or what something else says in
 * its place: the input is lines "TYPE PARAMS".
 */
#include <inttypes.h>
#include <sys/sysmacros.h>

#include "core/dm/device.h"
#include "core/dm/renew.h"
#include "core/dm/status.h"
#include "tests/fuzz/fuzz.h"

#define MOST_TARGETS 16

/* The figures, printed the kernel's way, are the text again. */
static void check_figures(const struct dm_target_status *t, const char *params)
{
	char again[512];

	switch (t->kind) {
	case DM_KIND_SNAPSHOT:
	case DM_KIND_MERGE:
		if (t->u.snapshot.state != LM_STATE_ACTIVE)
			return;
		MUST(t->u.snapshot.metadata_sectors <= t->u.snapshot.allocated_sectors);
		snprintf(again, sizeof(again), "%" PRIu64 "/%" PRIu64 " %" PRIu64,
			 t->u.snapshot.allocated_sectors, t->u.snapshot.total_sectors,
			 t->u.snapshot.metadata_sectors);
		MUST(params[0] == '0' || strstr(params, "/0") || strstr(params, " 0") ||
		     strcmp(again, params) == 0);
		(void)dm_merge_done(&t->u.snapshot);
		break;
	case DM_KIND_MIRROR:
		MUST(t->u.mirror.legs >= 1 && t->u.mirror.legs <= DM_MIRROR_MAX_LEGS);
		MUST(strlen(t->u.mirror.health) == t->u.mirror.legs);
		MUST(t->u.mirror.total && t->u.mirror.done <= t->u.mirror.total);
		MUST(!(dm_mirror_done(&t->u.mirror) && dm_mirror_failed(&t->u.mirror)));
		break;
	case DM_KIND_THIN_POOL:
		MUST(t->u.pool.data_used <= t->u.pool.data_total);
		MUST(t->u.pool.meta_used <= t->u.pool.meta_total);
		break;
	default:
		break;
	}
}

static void check_table(const char *params)
{
	struct dm_target target;
	dev_t base, cow;
	uint64_t chunk;

	if (dm_parse_snapshot_table(params, &base, &cow, &chunk))
		return;
	/* The table that is made of it is the same. */
	if (base != cow && chunk <= DM_MAX_CHUNK_SECTORS &&
	    dm_target_snapshot(&target, 8, base, cow, chunk, false) == 0)
		MUST(strstr(params, " P ") || strcmp(target.params, params) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dm_target_status list[MOST_TARGETS];
	char *text = strndup((const char *)data, size), *line, *save = NULL, words[64];
	unsigned count = 0;

	MUST(text);
	for (line = strtok_r(text, "\n", &save); line && count < MOST_TARGETS;
	     line = strtok_r(NULL, "\n", &save)) {
		struct dm_target_status *t = &list[count++];
		char *params = strchr(line, ' ');
		int ret;

		if (params)
			*params++ = '\0';
		else
			params = line + strlen(line);
		ret = dm_parse_target(line, params, t);
		MUST(ret == 0 || ret == -EBADMSG);
		MUST(memchr(t->type, 0, sizeof(t->type)));
		MUST(t->understood == (ret == 0 && t->kind != DM_KIND_OTHER));
		if (t->understood)
			check_figures(t, params);
		check_table(params);
	}
	memset(words, 'x', sizeof(words));
	dm_status_words(list, count, words);
	MUST(memchr(words, 0, sizeof(words)) && strncmp(words, "dm", 2) == 0);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* record.c - see record.h */
#include "core/plan/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/cow/cow.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/plan/journal.h"

/* Both ends of an image: its superblock, and the tables that follow the data. */
#define END_BYTES 4096u
/* Where a mount leaves its traces. */
#define FRONT_BYTES (128u << 10)

static const char *const phase_words[RECORD_PHASES] = {
	[RECORD_CHECKING] = "checking", [RECORD_BUILDING] = "building",
	[RECORD_READY] = "ready",       [RECORD_SWAPPING] = "swapping",
	[RECORD_REPLACED] = "replaced", [RECORD_CLEANING] = "cleaning",
	[RECORD_APPLYING] = "applying",
	[RECORD_RESETTING] = "resetting", [RECORD_MERGING] = "merging",
};

static const char *const method_words[] = {
	[LM_METHOD_REWRITE] = "rewrite",
	[LM_METHOD_MIRROR] = "mirror",
	[LM_METHOD_SNAPSHOT_MERGE] = "snapshot-merge",
};

void record_free(struct record *record)
{
	free(record->base);
	free(record->overlay);
	free(record->work);
	if (record->op == LM_OP_MERGE)
		free(record->merge.osmin);
	*record = (struct record){ 0 };
}

/* ---- the lines ---- */

/* What stands on the stick; what an operation does not have is empty there, or 0. */
struct lines {
	enum lm_method method;
	char *osmin;
	struct record_id old_id, new_id;
};

static struct lines record_lines(const struct record *r)
{
	struct lines l = { .method = LM_METHOD_REWRITE };

	switch (r->op) {
	case LM_OP_MERGE:
		l.method = r->merge.method;
		l.osmin = r->merge.osmin;
		l.old_id = r->merge.old_image;
		l.new_id = r->merge.new_image;
		break;
	case LM_OP_COMPACT:
		l.old_id = r->compact.image;
		l.new_id = r->compact.fresh;
		break;
	case LM_OP_GROW:
		l.new_id.bytes = r->grow.new_bytes;
		break;
	default:
		break;
	}
	return l;
}

/* Takes over what l holds. */
static void record_take_lines(struct record *r, struct lines *l)
{
	switch (r->op) {
	case LM_OP_MERGE:
		r->merge.method = l->method;
		r->merge.osmin = l->osmin;
		l->osmin = NULL;
		r->merge.old_image = l->old_id;
		r->merge.new_image = l->new_id;
		break;
	case LM_OP_COMPACT:
		r->compact.image = l->old_id;
		r->compact.fresh = l->new_id;
		break;
	case LM_OP_GROW:
		r->grow.new_bytes = l->new_id.bytes;
		break;
	default:
		break;
	}
	free(l->osmin);
}

/* ---- writing and reading ---- */

static char *words(const struct record_prose *prose)
{
	char *text;

	if (asprintf(
		    &text,
		    _("livemend: an operation on this stick is not finished\n"
		      "----------------------------------------------------\n"
		      "If livemend is not running now, it was cut off: by a pulled stick, a power\n"
		      "cut, or the like.\n"
		      "\n"
		      "%s\n"
		      "%s\n"
		      "\n"
		      "What to do: connect the stick to a running Linux and enter\n"
		      "\n"
		      "    livemend resume STICK\n"
		      "\n"
		      "STICK is the stick's device (such as /dev/sdb1) or the folder where it is\n"
		      "mounted. Until then do not remove or rename anything in the folder LiveOS."),
		    prose->doing, prose->safe) < 0)
		return NULL;
	return text;
}

int record_write(struct io *io, const char *live_dir, const struct record *r,
		 const struct record_prose *prose, struct lm_error *err)
{
	char old_bytes[24], new_bytes[24], overlay_bytes[24];
	const struct lines l = record_lines(r);
	const struct journal_entry entries[] = {
		{ "op", lm_op_word(r->op) },
		{ "method", method_words[l.method] },
		{ "phase", phase_words[r->phase] },
		{ "base", r->base },
		{ "overlay", r->overlay },
		{ "osmin", l.osmin },
		{ "work", r->work },
		{ "run", r->run[0] ? r->run : NULL },
		{ "repaired", r->repaired ? "yes" : NULL },
		{ "old-bytes", old_bytes },
		{ "old-hash", l.old_id.hash },
		{ "new-bytes", new_bytes },
		{ "new-hash", l.new_id.hash },
		{ "overlay-bytes", overlay_bytes },
		{ "overlay-hash", r->overlay_id.hash },
	};
	char *text = words(prose);
	int ret;

	if (!text)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Writing the journal failed"));
	snprintf(old_bytes, sizeof(old_bytes), "%llu", (unsigned long long)l.old_id.bytes);
	snprintf(new_bytes, sizeof(new_bytes), "%llu", (unsigned long long)l.new_id.bytes);
	snprintf(overlay_bytes, sizeof(overlay_bytes), "%llu",
		 (unsigned long long)r->overlay_id.bytes);
	ret = journal_pending_write(io, live_dir, text, entries,
				    sizeof(entries) / sizeof(entries[0]), err);
	free(text);
	return ret;
}

static int get_text(const struct journal_pending *p, const char *key, char **text)
{
	const char *value = journal_get(p, key);

	if (!value)
		return 0;
	*text = strdup(value);
	return *text ? 0 : -ENOMEM;
}

/* As sum_end_hex() writes it: it may become a part of names. */
static bool is_hash(const char *text)
{
	return strlen(text) == SUM_DIGITS && strspn(text, "0123456789abcdef") == SUM_DIGITS;
}

/* It becomes a part of names, too. */
static int get_run(const struct journal_pending *p, char run[RECORD_RUN_DIGITS + 1])
{
	const char *value = journal_get(p, "run");

	if (!value)
		return 0;
	if (strlen(value) != RECORD_RUN_DIGITS ||
	    strspn(value, "0123456789abcdef") != RECORD_RUN_DIGITS)
		return -EPROTONOSUPPORT;
	strcpy(run, value);
	return 0;
}

static int get_id(const struct journal_pending *p, const char *bytes, const char *hash,
		  struct record_id *id)
{
	const char *value = journal_get(p, hash);

	if (!value || (value[0] && !is_hash(value)))
		return -EPROTONOSUPPORT;
	strcpy(id->hash, value);
	return journal_get_number(p, bytes, &id->bytes) < 0 ? -EPROTONOSUPPORT : 0;
}

/* One that names none is of before there were several. */
static int get_method(const struct journal_pending *p, enum lm_method *method)
{
	const char *word = journal_get(p, "method");
	size_t i;

	*method = LM_METHOD_REWRITE;
	if (!word)
		return 0;
	for (i = 0; i < sizeof(method_words) / sizeof(method_words[0]); i++) {
		if (strcmp(word, method_words[i]) == 0) {
			*method = (enum lm_method)i;
			return 0;
		}
	}
	return -EPROTONOSUPPORT;
}

/* What was written whole, and is not understood, is of another version: -EPROTONOSUPPORT. */
static int from_pending(const struct journal_pending *p, struct record *r)
{
	const char *op = journal_get(p, "op"), *phase = journal_get(p, "phase");
	const struct lm_op_info *info = lm_op_find(op);
	struct lines l = { 0 };
	int ret = 0;

	/* Only what changes a stick leaves a record. */
	if (!info || !(info->traits & LM_OP_CHANGES) || !phase)
		return -EPROTONOSUPPORT;
	r->op = info->op;
	for (r->phase = 0; r->phase < RECORD_PHASES; r->phase++) {
		if (strcmp(phase, phase_words[r->phase]) == 0)
			break;
	}
	if (r->phase == RECORD_PHASES)
		return -EPROTONOSUPPORT;
	ret = get_method(p, &l.method);
	if (ret == 0)
		ret = get_text(p, "base", &r->base);
	if (ret == 0)
		ret = get_text(p, "overlay", &r->overlay);
	if (ret == 0)
		ret = get_text(p, "osmin", &l.osmin);
	if (ret == 0)
		ret = get_text(p, "work", &r->work);
	if (ret == 0)
		ret = get_run(p, r->run);
	if (ret == 0)
		ret = get_id(p, "old-bytes", "old-hash", &l.old_id);
	if (ret == 0)
		ret = get_id(p, "new-bytes", "new-hash", &l.new_id);
	if (ret == 0)
		ret = get_id(p, "overlay-bytes", "overlay-hash", &r->overlay_id);
	record_take_lines(r, &l);
	if (ret == 0)
		r->repaired = journal_get(p, "repaired") != NULL;
	return ret;
}

int record_read(struct io *io, const char *live_dir, struct record *record, struct lm_error *err)
{
	struct journal_pending p;
	int ret;

	*record = (struct record){ 0 };
	ret = journal_pending_read(io, live_dir, &p, err);
	if (ret <= 0)
		return ret;
	ret = from_pending(&p, record);
	journal_pending_free(&p);
	if (ret == 0)
		return 1;
	record_free(record);
	if (ret == -EPROTONOSUPPORT)
		return journal_other_version(live_dir, err);
	return lm_fail(err, ret, live_dir, NULL, "%s",
		       _("Reading the note about an interrupted operation failed"));
}

/* ---- identities ---- */

static int add_range(struct sum *sum, struct io_file *file, uint64_t off, uint64_t len)
{
	unsigned char buf[END_BYTES];
	int ret = io_read_full(file, buf, (size_t)len, off);

	if (ret == 0)
		sum_add(sum, buf, (size_t)len);
	return ret;
}

static void end_identity(struct sum *sum, struct record_id *id, uint64_t bytes)
{
	id->bytes = bytes;
	sum_end_hex(sum, id->hash);
}

int record_identify(struct io *io, const char *path, struct record_id *id, struct lm_error *err)
{
	struct sum sum;
	struct io_file *file;
	struct io_stat st;
	uint64_t end = 0;
	int ret;

	*id = (struct record_id){ 0 };
	sum_start(&sum);
	ret = io_open(io, path, IO_READ, &file);
	if (ret == -ENOENT)
		return 0;
	if (ret < 0)
		goto out;
	ret = io_drop_cache(file);
	if (ret == 0)
		ret = io_fstat(file, &st);
	if (ret == 0) {
		end = min_u64(END_BYTES, st.size_bytes);
		ret = add_range(&sum, file, 0, end);
	}
	if (ret == 0)
		ret = add_range(&sum, file, st.size_bytes - end, end);
	if (ret == 0)
		end_identity(&sum, id, st.size_bytes);
	io_file_close(file);
out:
	return ret < 0 ? lm_fail(err, ret, path, NULL, "%s", _("Reading the file failed")) : 0;
}

static int add_exceptions(struct sum *sum, struct cow_store *store, struct lm_error *err)
{
	size_t chunk = cow_store_info(store)->chunk_sectors * (size_t)512;
	uint64_t count;
	const struct cow_exception *e = cow_store_sorted(store, &count);
	unsigned char *buf;
	char line[48];
	int ret = 0;

	for (uint64_t i = 0; i < count; i++)
		sum_add(sum, line,
			(size_t)snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 "\n",
					 e[i].old_chunk, e[i].new_chunk));
	buf = malloc(chunk ? chunk : 1);
	if (!buf)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Reading the overlay failed"));
	for (uint64_t i = 0; i < count && ret == 0; i++) {
		if (chunk == 0 || e[i].old_chunk >= div_up(FRONT_BYTES, chunk))
			break;
		/* Of a damaged store what cannot be read does not count. */
		ret = cow_store_read(store, e[i].new_chunk, 0, buf, chunk, err);
		if (ret == 0)
			sum_add(sum, buf, chunk);
		else if (cow_store_info(store)->state == LM_STATE_DAMAGED)
			ret = 0;
	}
	free(buf);
	return ret;
}

int record_identify_overlay(struct io *io, const char *path, struct record_id *id, bool *empty,
			    struct lm_error *err)
{
	struct sum sum;
	struct cow_store *store = NULL;
	struct io_file *file;
	struct io_stat st;
	int ret;

	*id = (struct record_id){ 0 };
	sum_start(&sum);
	if (empty)
		*empty = false;
	ret = io_open(io, path, IO_READ, &file);
	if (ret < 0)
		return lm_fail(err, ret, path, NULL, "%s", _("Opening the overlay failed"));
	ret = io_fstat(file, &st);
	if (ret == 0)
		ret = add_range(&sum, file, 0, min_u64(512, st.size_bytes));
	if (ret < 0) {
		lm_fail(err, ret, path, NULL, "%s", _("Reading the overlay failed"));
		goto out;
	}
	ret = cow_store_open(file, path, 0, &store, err);
	if (ret == 0)
		ret = add_exceptions(&sum, store, err);
	if (ret == 0) {
		end_identity(&sum, id, st.size_bytes);
		if (empty)
			*empty = cow_store_info(store)->state == LM_STATE_EMPTY;
	}
out:
	cow_store_close(store);
	io_file_close(file);
	return ret;
}

bool record_same(const struct record_id *a, const struct record_id *b)
{
	return record_exists(a) && a->bytes == b->bytes && strcmp(a->hash, b->hash) == 0;
}

static bool record_same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Two that name no file are the same here. */
static bool record_same_id(const struct record_id *a, const struct record_id *b)
{
	return a->bytes == b->bytes && strcmp(a->hash, b->hash) == 0;
}

bool record_equal(const struct record *a, const struct record *b)
{
	const struct lines la = record_lines(a), lb = record_lines(b);

	return a->op == b->op && a->phase == b->phase && la.method == lb.method &&
	       record_same_text(a->overlay, b->overlay) && record_same_text(a->work, b->work) &&
	       strcmp(a->run, b->run) == 0 &&
	       record_same_text(la.osmin, lb.osmin) &&
	       record_same_id(&a->overlay_id, &b->overlay_id) &&
	       record_same_id(&la.old_id, &lb.old_id) && record_same_id(&la.new_id, &lb.new_id);
}

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
	free(record->osmin);
	free(record->work);
	*record = (struct record){ 0 };
}

/* ---- words for people ---- */

static const char *what_was_done(const struct record *r)
{
	switch (r->op) {
	case LM_OP_RESET:
		return _("The overlay was being reset (its changes forgotten).");
	case LM_OP_COMPACT:
		return _("The overlay was being compacted (written anew without what is free).");
	case LM_OP_GROW:
		return _("The overlay was being made larger.");
	case LM_OP_RECOVER:
		return _("The overlay was being recovered (made usable again).");
	default:
		return _("The overlay was being merged into the root image.");
	}
}

static const char *why_compact_is_safe(const struct record *r)
{
	switch (r->phase) {
	case RECORD_CHECKING:
	case RECORD_BUILDING:
		return _("Nothing is lost: image and overlay are untouched. A new overlay\n"
			 "(livemend.cow) was being written; it is not complete.");
	case RECORD_READY:
		return _("Nothing is lost: the old overlay and the new one are both complete on this\n"
			 "stick, and either of them gives the same system.");
	case RECORD_APPLYING:
		return _("Nothing is lost: the overlay gives the same system at any moment.");
	default:
		return _("Nothing is lost: the new overlay is complete and in its place.");
	}
}

static const char *why_it_is_safe(const struct record *r)
{
	if (r->op == LM_OP_COMPACT)
		return why_compact_is_safe(r);
	if (r->op == LM_OP_GROW)
		return _("Nothing is lost: what the overlay holds is not touched by that.");
	if (r->op == LM_OP_RECOVER)
		return r->phase == RECORD_APPLYING ?
			       _("Nothing is lost: what was changed in it, and what is still to be\n"
				 "changed, lies in LiveOS/livemend/recover.undo. KEEP THAT FILE. Until\n"
				 "that is finished the stick may not start.") :
			       _("Nothing is lost: what the overlay holds has not been touched yet.");
	switch (r->phase) {
	case RECORD_CHECKING:
	case RECORD_BUILDING:
		return _("Nothing is lost: the old image and the overlay are untouched.\n"
			 "A new image (livemend.new) was being written; it is not complete.");
	case RECORD_MERGING:
		return _("Nothing is lost: the old image and the overlay are untouched. Copies of\n"
			 "them, in the work folder named below (work), were being merged.");
	case RECORD_READY:
		return _("Nothing is lost: the old image and the new one are both complete on\n"
			 "this stick, and either of them gives the same system with the overlay.");
	case RECORD_SWAPPING:
		return _("Nothing is lost: the old image and the new one are both complete in the\n"
			 "work folder named below (work), and the overlay is untouched. KEEP THAT\n"
			 "FOLDER: the image on this stick itself may be incomplete.");
	case RECORD_REPLACED:
	case RECORD_CLEANING:
		return _("Nothing is lost: the new image is complete and in its place.");
	case RECORD_APPLYING:
		return _("Nothing is lost: the overlay is complete, and what it holds was being\n"
			 "written into the image. Image and overlay give the same system as before.");
	default:
		return _("The changes in the overlay are to be forgotten; the image is untouched.");
	}
}

static char *words(const struct record *r)
{
	char *text;

	if (asprintf(&text,
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
		     what_was_done(r), why_it_is_safe(r)) < 0)
		return NULL;
	return text;
}

/* ---- writing and reading ---- */

/* Only room is lost if that fails. */
static void forget_recovery(struct io *io, const char *live_dir)
{
	struct io_stat st;
	char *path;

	if (asprintf(&path, "%s/livemend/" RECORD_UNDO_FILE, live_dir) < 0)
		return;
	if (io_stat(io, path, &st) == 0)
		(void)io_unlink(io, path);
	free(path);
}

int record_write(struct io *io, const char *live_dir, const struct record *r,
		 struct lm_error *err)
{
	char old_bytes[24], new_bytes[24], overlay_bytes[24];
	const struct journal_entry entries[] = {
		{ "op", lm_op_word(r->op) },
		{ "method", method_words[r->method] },
		{ "phase", phase_words[r->phase] },
		{ "base", r->base },
		{ "overlay", r->overlay },
		{ "osmin", r->osmin },
		{ "work", r->work },
		{ "old-bytes", old_bytes },
		{ "old-hash", r->old_image.hash },
		{ "new-bytes", new_bytes },
		{ "new-hash", r->new_image.hash },
		{ "overlay-bytes", overlay_bytes },
		{ "overlay-hash", r->overlay_id.hash },
	};
	char *text = words(r);
	int ret;

	if (!text)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Writing the journal failed"));
	snprintf(old_bytes, sizeof(old_bytes), "%llu", (unsigned long long)r->old_image.bytes);
	snprintf(new_bytes, sizeof(new_bytes), "%llu", (unsigned long long)r->new_image.bytes);
	snprintf(overlay_bytes, sizeof(overlay_bytes), "%llu",
		 (unsigned long long)r->overlay_id.bytes);
	ret = journal_pending_write(io, live_dir, text, entries,
				    sizeof(entries) / sizeof(entries[0]), err);
	free(text);
	if (ret == 0 && r->op != LM_OP_RECOVER)
		forget_recovery(io, live_dir);
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

static int get_id(const struct journal_pending *p, const char *bytes, const char *hash,
		  struct record_id *id)
{
	const char *value = journal_get(p, hash);

	if (!value || (value[0] && strlen(value) != sizeof(id->hash) - 1))
		return -EBADMSG;
	strcpy(id->hash, value);
	return journal_get_number(p, bytes, &id->bytes);
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
	return -EBADMSG;
}

static int from_pending(const struct journal_pending *p, struct record *r)
{
	static const enum lm_op ops[] = { LM_OP_MERGE, LM_OP_RESET, LM_OP_COMPACT, LM_OP_GROW, LM_OP_RECOVER };
	const char *op = journal_get(p, "op"), *phase = journal_get(p, "phase");
	bool known = false;
	int ret = 0;

	for (size_t i = 0; op && i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strcmp(op, lm_op_word(ops[i])) == 0) {
			r->op = ops[i];
			known = true;
		}
	}
	if (!known || !phase)
		return -EBADMSG;
	for (r->phase = 0; r->phase < RECORD_PHASES; r->phase++) {
		if (strcmp(phase, phase_words[r->phase]) == 0)
			break;
	}
	if (r->phase == RECORD_PHASES)
		return -EBADMSG;
	ret = get_method(p, &r->method);
	if (ret == 0)
		ret = get_text(p, "base", &r->base);
	if (ret == 0)
		ret = get_text(p, "overlay", &r->overlay);
	if (ret == 0)
		ret = get_text(p, "osmin", &r->osmin);
	if (ret == 0)
		ret = get_text(p, "work", &r->work);
	if (ret == 0)
		ret = get_id(p, "old-bytes", "old-hash", &r->old_image);
	if (ret == 0)
		ret = get_id(p, "new-bytes", "new-hash", &r->new_image);
	if (ret == 0)
		ret = get_id(p, "overlay-bytes", "overlay-hash", &r->overlay_id);
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
	lm_fail(err, ret, live_dir, NULL, "%s",
		_("Reading the note about an interrupted operation failed"));
	if (ret == -EBADMSG)
		lm_because(err, "%s", _("this version does not know what it says"));
	return ret;
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

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/plan/redo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/sum.h"

#define HEADER_BYTES 64u
#define ENTRY_BYTES  16u
#define PIECE_BYTES  65536u
#define MOST_LEN     4096u
/* Longer than this, and that many times as long as what lies on the disk: hollow. */
#define HOLLOW_BYTES (64u << 20)
#define HOLLOW_TIMES 64u
#define SEAL_BYTES   (8u + 64u + SUM_BYTES)
/* The valid field of a store's header. */
#define VALID_OFF    4u
#define VALID_BYTES  4u

static const char magic[8] = "LMREDO2\n";
static const char old_magic[8] = "LMREDO1\n"; /* with another sum */
static const char seal_magic[8] = "LMDONE2\n";

struct entry {
	uint64_t off, data; /* data: where its old bytes begin in the log */
	uint32_t len, rank;
};

struct redo {
	struct io_file *log;
	struct redo_info info;
	struct entry *entries;
	unsigned char sum[SUM_BYTES];
	uint64_t log_bytes;
	unsigned char was_valid[VALID_BYTES], is_valid[VALID_BYTES]; /* of a store */
};

/* ---- writing ---- */

struct writing {
	struct io_file *log;
	struct sum sum;
	redo_rank_fn rank;
	void *arg;
	uint64_t at, count, data_bytes;
	bool store;
	unsigned char was_valid[VALID_BYTES];
};

static int put(struct writing *w, const void *data, size_t len)
{
	int ret = io_pwrite(w->log, data, len, w->at);

	sum_add(&w->sum, data, len);
	w->at += len;
	return ret;
}

static int count_entry(void *arg, uint64_t off, const void *was, const void *is, size_t len)
{
	struct writing *w = arg;

	(void)is;
	if (off == 0 && len >= VALID_OFF + VALID_BYTES)
		memcpy(w->was_valid, (const unsigned char *)was + VALID_OFF, VALID_BYTES);
	w->count++;
	w->data_bytes += 2 * (uint64_t)len;
	return 0;
}

static int put_entry(void *arg, uint64_t off, const void *was, const void *is, size_t len)
{
	struct writing *w = arg;
	unsigned char e[ENTRY_BYTES];

	(void)was;
	(void)is;
	put_le64(e, off);
	put_le32(e + 8, (uint32_t)len);
	put_le32(e + 12, w->rank(w->arg, off));
	return put(w, e, sizeof(e));
}

static int put_data(void *arg, uint64_t off, const void *was, const void *is, size_t len)
{
	struct writing *w = arg;
	int ret = put(w, was, len);

	(void)off;
	return ret < 0 ? ret : put(w, is, len);
}

static int put_all(struct writing *w, struct io_patch *patch, uint64_t old_bytes)
{
	unsigned char header[HEADER_BYTES] = { 0 }, sum[SUM_BYTES];
	int ret = 0;

	if (w->store) {
		ret = io_read_full(io_patch_file(patch), header + 48, VALID_BYTES, VALID_OFF);
		memcpy(w->was_valid, header + 48, VALID_BYTES); /* if it is not changed */
	}
	if (ret == 0)
		ret = io_patch_each(patch, count_entry, w);
	if (ret < 0)
		return ret;
	put_le32(header + 40, w->store);
	memcpy(header + 44, w->was_valid, w->store ? VALID_BYTES : 0);
	memcpy(header, magic, sizeof(magic));
	put_le64(header + 8, old_bytes);
	put_le64(header + 16, io_patch_size(patch));
	put_le64(header + 24, w->count);
	put_le64(header + 32,
		 HEADER_BYTES + w->count * ENTRY_BYTES + w->data_bytes + SUM_BYTES);
	ret = put(w, header, sizeof(header));
	if (ret == 0)
		ret = io_patch_each(patch, put_entry, w);
	if (ret == 0)
		ret = io_patch_each(patch, put_data, w);
	if (ret < 0)
		return ret;
	sum_end(&w->sum, sum);
	ret = io_pwrite(w->log, sum, sizeof(sum), w->at);
	return ret == 0 ? io_fsync(w->log) : ret;
}

static int write_log(struct io *io, const char *dir, const char *path, struct io_patch *patch,
		     uint64_t old_bytes, struct writing w, struct lm_error *err)
{
	struct redo *redo = NULL;
	int ret, closed;

	sum_start(&w.sum);
	ret = io_open(io, path, IO_CREATE, &w.log);
	if (ret < 0)
		goto out;
	ret = put_all(&w, patch, old_bytes);
	closed = io_file_close(w.log);
	if (ret == 0)
		ret = closed;
	if (ret == 0)
		ret = io_sync_dir(io, dir);
out:
	if (ret < 0) {
		lm_fail(err, ret, path,
			ret == -ENOSPC ? _("Make some room on the stick, and try again.") : NULL,
			"%s", _("Writing the undo file failed"));
	} else {
		/* What is not read back whole now is no help later. */
		ret = redo_open(io, path, &redo, err);
		redo_close(redo);
		ret = ret == 1 ? 0 : ret < 0 ? ret : -EIO;
	}
	if (ret < 0 && ret != -EEXIST)
		(void)io_unlink(io, path);
	return ret;
}

int redo_write(struct io *io, const char *dir, const char *path, struct io_patch *patch,
	       uint64_t old_bytes, redo_rank_fn rank, void *arg, struct lm_error *err)
{
	struct writing w = { .rank = rank, .arg = arg };

	return write_log(io, dir, path, patch, old_bytes, w, err);
}

int redo_write_store(struct io *io, const char *dir, const char *path, struct io_patch *patch,
		     uint64_t old_bytes, redo_rank_fn rank, void *arg, struct lm_error *err)
{
	struct writing w = { .rank = rank, .arg = arg, .store = true };

	return write_log(io, dir, path, patch, old_bytes, w, err);
}

/* ---- reading ---- */

static int bad(const char *path, struct lm_error *err)
{
	lm_fail(err, -EBADMSG, path, NULL, "%s", _("The undo file is damaged"));
	return lm_because(err, "%s", _("its checksum is wrong"));
}

/* The sum of the first `bytes` bytes, and the one that is written behind them. */
static int check_sum(struct redo *r, uint64_t bytes)
{
	unsigned char *buf = malloc(PIECE_BYTES), digest[SUM_BYTES];
	struct sum sum;
	int ret = buf ? 0 : -ENOMEM;

	sum_start(&sum);

	for (uint64_t at = 0; at < bytes && ret == 0;) {
		size_t n = (size_t)min_u64(PIECE_BYTES, bytes - at);

		ret = io_read_full(r->log, buf, n, at);
		if (ret == 0)
			sum_add(&sum, buf, n);
		at += n;
	}
	if (ret == 0) {
		sum_end(&sum, digest);
		ret = io_read_full(r->log, r->sum, sizeof(r->sum), bytes);
	}
	if (ret == 0 && memcmp(digest, r->sum, sizeof(digest)) != 0)
		ret = -EBADMSG;
	free(buf);
	return ret;
}

/*
 * What is all but holes was not written by redo_write(): all of it would have to
 * be read, and may be as long as a file can be. No compression does that much.
 */
static bool is_hollow(const struct io_stat *st)
{
	return st->on_disk_bytes > 0 && st->size_bytes > HOLLOW_BYTES &&
	       st->size_bytes / HOLLOW_TIMES > st->on_disk_bytes;
}

/* What it says of itself must be possible before anything is read by it. */
static int read_header(struct redo *r, const struct io_stat *st)
{
	unsigned char h[HEADER_BYTES];
	uint64_t room;
	int ret = st->size_bytes < HEADER_BYTES + SUM_BYTES ?
			  -EBADMSG :
			  io_read_full(r->log, h, sizeof(h), 0);

	if (ret < 0)
		return ret;
	if (memcmp(h, old_magic, sizeof(old_magic)) == 0)
		return -EPROTONOSUPPORT;
	r->info.old_bytes = get_le64(h + 8);
	r->info.new_bytes = get_le64(h + 16);
	r->info.entries = get_le64(h + 24);
	r->log_bytes = get_le64(h + 32);
	r->info.store = get_le32(h + 40) != 0;
	memcpy(r->was_valid, h + 44, VALID_BYTES);
	memcpy(r->is_valid, h + 48, VALID_BYTES);
	if (memcmp(h, magic, sizeof(magic)) != 0 || r->log_bytes > st->size_bytes ||
	    r->log_bytes < HEADER_BYTES + SUM_BYTES || r->info.new_bytes < r->info.old_bytes ||
	    r->info.new_bytes > INT64_MAX || is_hollow(st))
		return -EBADMSG;
	room = r->log_bytes - HEADER_BYTES - SUM_BYTES;
	return r->info.entries > room / ENTRY_BYTES ||
			       div_up(room, ENTRY_BYTES + 2 * MOST_LEN) > r->info.entries ?
		       -EBADMSG :
		       0;
}

/* There is room for one more. What a header says is not believed before it is there. */
static int make_room(struct redo *r, uint64_t have, uint64_t *cap)
{
	struct entry *bigger;
	uint64_t more;

	if (have < *cap)
		return 0;
	more = *cap ? min_u64(2 * *cap, r->info.entries) : min_u64(1024, r->info.entries);
	if (more > SIZE_MAX / sizeof(*bigger))
		return -ENOMEM;
	bigger = realloc(r->entries, (size_t)more * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	r->entries = bigger;
	*cap = more;
	return 0;
}

/* One that cannot be ends it, so that no more is read than what might have been written. */
static int read_entries(struct redo *r)
{
	uint64_t data = HEADER_BYTES + r->info.entries * ENTRY_BYTES, cap = 0;
	unsigned char raw[ENTRY_BYTES];

	for (uint64_t i = 0; i < r->info.entries; i++) {
		int ret = io_read_full(r->log, raw, sizeof(raw), HEADER_BYTES + i * ENTRY_BYTES);
		struct entry *e;
		uint64_t end;

		if (ret == 0)
			ret = make_room(r, i, &cap);
		if (ret < 0)
			return ret;
		e = &r->entries[i];
		e->off = get_le64(raw);
		e->len = get_le32(raw + 8);
		e->rank = get_le32(raw + 12);
		e->data = data;
		if (e->len == 0 || e->len > MOST_LEN || e->rank >= REDO_RANKS ||
		    add_overflows(e->off, e->len, &end) || end > r->info.new_bytes)
			return -EBADMSG;
		data += 2 * (uint64_t)e->len;
		if (data > r->log_bytes - SUM_BYTES)
			return -EBADMSG;
		r->info.changed_bytes += e->len;
	}
	if (r->info.store && r->info.old_bytes < VALID_OFF + VALID_BYTES)
		return -EBADMSG;
	return data + SUM_BYTES == r->log_bytes ? 0 : -EBADMSG;
}

static void sum_of_seal(const struct redo *r, const unsigned char *seal, unsigned char *sum)
{
	unsigned char buf[SUM_BYTES + 72];

	memcpy(buf, r->sum, SUM_BYTES);
	memcpy(buf + SUM_BYTES, seal, 72);
	sum_of(buf, sizeof(buf), sum);
}

static int read_seal(struct redo *r, uint64_t file_bytes)
{
	unsigned char seal[SEAL_BYTES], sum[SUM_BYTES];
	int ret;

	if (file_bytes < r->log_bytes + SEAL_BYTES)
		return 0;
	ret = io_read_full(r->log, seal, sizeof(seal), r->log_bytes);
	if (ret < 0)
		return ret;
	sum_of_seal(r, seal, sum);
	r->info.sealed = memcmp(seal, seal_magic, sizeof(seal_magic)) == 0 &&
			 memcmp(sum, seal + 72, sizeof(sum)) == 0;
	if (r->info.sealed)
		memcpy(r->info.seal, seal + 8, 64);
	return 0;
}

int redo_open(struct io *io, const char *path, struct redo **redo, struct lm_error *err)
{
	struct redo *r = calloc(1, sizeof(*r));
	struct io_stat st;
	int ret;

	*redo = NULL;
	if (!r)
		return lm_fail(err, -ENOMEM, path, NULL, "%s", _("Reading the undo file failed"));
	ret = io_open(io, path, IO_READ, &r->log);
	if (ret == -ENOENT) {
		free(r);
		return 0;
	}
	if (ret == 0)
		ret = io_drop_cache(r->log);
	if (ret == 0)
		ret = io_fstat(r->log, &st);
	if (ret == 0)
		ret = read_header(r, &st);
	if (ret == 0)
		ret = read_entries(r);
	if (ret == 0)
		ret = check_sum(r, r->log_bytes - SUM_BYTES);
	if (ret == 0)
		ret = read_seal(r, st.size_bytes);
	if (ret == 0) {
		*redo = r;
		return 1;
	}
	redo_close(r);
	if (ret == -EBADMSG)
		return bad(path, err);
	lm_fail(err, ret, path, NULL, "%s", _("Reading the undo file failed"));
	if (ret == -EPROTONOSUPPORT)
		lm_because(err, "%s", _("another version of livemend wrote it"));
	return ret;
}

void redo_close(struct redo *redo)
{
	if (!redo)
		return;
	io_file_close(redo->log);
	free(redo->entries);
	free(redo);
}

const struct redo_info *redo_info(const struct redo *redo)
{
	return &redo->info;
}

/* ---- comparing ---- */

struct counts {
	bool old_seen, new_seen, foreign;
};

static void compare_sectors(const unsigned char *now, const unsigned char *was,
			    const unsigned char *is, size_t len, struct counts *c)
{
	for (size_t at = 0; at < len; at += IO_PATCH_SECTOR) {
		size_t n = (size_t)min_u64(IO_PATCH_SECTOR, len - at);
		bool old = memcmp(now + at, was + at, n) == 0;
		bool new = memcmp(now + at, is + at, n) == 0;

		c->old_seen = c->old_seen || (old && !new);
		c->new_seen = c->new_seen || (new && !old);
		c->foreign = c->foreign || (!old && !new);
	}
}

/* Beyond the end of a file that was not made longer yet there is nothing. */
static int read_now(struct io_file *file, unsigned char *buf, size_t len, uint64_t off)
{
	ssize_t n = io_pread(file, buf, len, off);

	if (n < 0)
		return (int)n;
	memset(buf + n, 0, len - (size_t)n);
	return 0;
}

static const unsigned char barred[VALID_BYTES];

/* The valid field has a third value while changes are made. */
static int compare_valid(const struct redo *r, struct io_file *file, struct counts *c)
{
	unsigned char now[VALID_BYTES];
	int ret = r->info.store ? io_read_full(file, now, sizeof(now), VALID_OFF) : 1;

	if (ret != 0)
		return ret < 0 ? ret : 0;
	if (memcmp(now, r->was_valid, sizeof(now)) == 0 || memcmp(now, r->is_valid, sizeof(now)) == 0)
		compare_sectors(now, r->was_valid, r->is_valid, sizeof(now), c);
	else if (memcmp(now, barred, sizeof(now)) == 0)
		c->old_seen = c->new_seen = true;
	else
		c->foreign = true;
	return 0;
}

/* What of an entry is the valid field, which is looked at, and written, by itself. */
static void mask_valid(const struct redo *r, const struct entry *e, unsigned char *bytes)
{
	if (r->info.store && e->off == 0 && e->len >= VALID_OFF + VALID_BYTES)
		memcpy(bytes + VALID_OFF, barred, VALID_BYTES);
}

int redo_compare(struct redo *redo, struct io_file *file, enum redo_state *state,
		 struct lm_error *err)
{
	unsigned char was[MOST_LEN], is[MOST_LEN], now[MOST_LEN];
	struct counts c = { 0 };
	int ret = io_drop_cache(file);

	if (ret == 0)
		ret = compare_valid(redo, file, &c);
	for (uint64_t i = 0; i < redo->info.entries && ret == 0 && !c.foreign; i++) {
		const struct entry *e = &redo->entries[i];

		ret = io_read_full(redo->log, was, e->len, e->data);
		if (ret == 0)
			ret = io_read_full(redo->log, is, e->len, e->data + e->len);
		if (ret == 0)
			ret = read_now(file, now, e->len, e->off);
		if (ret < 0)
			break;
		mask_valid(redo, e, was);
		mask_valid(redo, e, is);
		mask_valid(redo, e, now);
		compare_sectors(now, was, is, e->len, &c);
	}
	if (ret < 0)
		return lm_fail(err, ret, NULL, NULL, "%s", _("Reading the overlay failed"));
	*state = c.foreign ? REDO_FOREIGN :
		 !c.new_seen ? REDO_BEFORE :
		 !c.old_seen ? REDO_AFTER :
			       REDO_BETWEEN;
	return 0;
}

/* ---- carrying out ---- */

static int apply_rank(struct redo *r, struct io_file *file, unsigned rank, bool undo,
		      uint64_t *done, io_progress_fn progress, void *arg)
{
	unsigned char buf[MOST_LEN];
	bool wrote = false;
	int ret = 0;

	for (uint64_t i = 0; i < r->info.entries && ret == 0; i++) {
		const struct entry *e = &r->entries[i];

		if (e->rank != rank)
			continue;
		ret = io_read_full(r->log, buf, e->len, e->data + (undo ? 0 : e->len));
		mask_valid(r, e, buf);
		if (ret == 0)
			ret = io_pwrite(file, buf, e->len, e->off);
		wrote = true;
		*done += e->len;
		/* Cancelling is no use here: it is taken back or finished by resume only. */
		if (progress)
			(void)progress(arg, *done, r->info.changed_bytes);
	}
	return ret == 0 && wrote ? io_fsync(file) : ret;
}

static int put_valid(const struct redo *r, struct io_file *file, const unsigned char *valid)
{
	int ret;

	if (!r->info.store || r->info.entries == 0)
		return 0;
	ret = io_pwrite(file, valid, VALID_BYTES, VALID_OFF);
	return ret == 0 ? io_fsync(file) : ret;
}

int redo_apply(struct redo *redo, struct io_file *file, const char *name, bool undo,
	       io_progress_fn progress, void *arg, struct lm_error *err)
{
	uint64_t done = 0;
	struct io_stat st;
	int ret = put_valid(redo, file, barred);

	for (unsigned i = 0; i < REDO_RANKS && ret == 0; i++)
		ret = apply_rank(redo, file, undo ? REDO_RANKS - 1 - i : i, undo, &done, progress,
				 arg);
	if (ret == 0 && undo) {
		ret = io_fstat(file, &st);
		if (ret == 0 && st.size_bytes > redo->info.old_bytes)
			ret = io_truncate(file, redo->info.old_bytes);
		if (ret == 0)
			ret = io_fsync(file);
	}
	if (ret == 0)
		ret = put_valid(redo, file, undo ? redo->was_valid : redo->is_valid);
	if (ret < 0)
		return lm_fail(err, ret, name, NULL, "%s", _("Writing to the overlay failed"));
	return 0;
}

int redo_seal(struct io *io, const char *path, struct redo *redo, const char *identity,
	      struct lm_error *err)
{
	unsigned char seal[SEAL_BYTES] = { 0 };
	struct io_file *file;
	int ret = io_open(io, path, IO_WRITE, &file), closed;

	if (ret == 0) {
		memcpy(seal, seal_magic, sizeof(seal_magic));
		memcpy(seal + 8, identity, strnlen(identity, 64));
		sum_of_seal(redo, seal, seal + 72);
		ret = io_pwrite(file, seal, sizeof(seal), redo->log_bytes);
		if (ret == 0)
			ret = io_fsync(file);
		closed = io_file_close(file);
		if (ret == 0)
			ret = closed;
	}
	return ret < 0 ? lm_fail(err, ret, path, NULL, "%s", _("Writing the undo file failed")) : 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* journal.c - LiveOS/livemend/: PENDING.txt and journal.txt; see journal.h */
#include "core/plan/journal.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <nettle/sha2.h>
#include <nettle/version.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/sum.h"
#include "core/stick/stick.h"
#include "core/text.h"

#define FOLDER "livemend"

/* Short 8.3 names: one directory entry each, all within one sector of the directory. */
static const char *const slot_names[2] = {STICK_NOTE, STICK_TWIN};

static const char rule[] =
	"---- below this line: for the program, do not edit ----\n";
static const char version_key[] = "journal: ";
static const char sum_key[] = "sha256: ";
/* The sum of version 1. */
static const char old_sum_key[] = "sha512: ";

enum {
	JOURNAL_VERSION = 2,
	SUM_LINE = sizeof(sum_key) - 1 + SUM_DIGITS + 1,
	OLD_SUM_LINE = sizeof(old_sum_key) - 1 + 2 * SHA512_DIGEST_SIZE + 1
};

static int path_of(char *path, const char *live_dir, const char *name)
{
	int n = snprintf(path, PATH_MAX, "%s/" FOLDER "%s%s", live_dir, name ? "/" : "",
			 name ? name : "");

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* ---- text that grows within a slot ---- */

struct slot_text {
	char *buf; /* JOURNAL_SLOT_BYTES + 1 */
	size_t len;
	bool full;
};

static void put(struct slot_text *t, const char *text, size_t len)
{
	if (len > JOURNAL_SLOT_BYTES - t->len) {
		t->full = true;
		return;
	}
	memcpy(t->buf + t->len, text, len);
	t->len += len;
}

static void put_string(struct slot_text *t, const char *text)
{
	put(t, text, strlen(text));
}

/* A value on one line: control characters and "%" as %XX. */
static void put_value(struct slot_text *t, const char *value)
{
	char code[4];

	for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
		if (*p < 0x20 || *p == 0x7f || *p == '%') {
			snprintf(code, sizeof(code), "%%%02X", *p);
			put(t, code, 3);
		} else {
			put(t, (const char *)p, 1);
		}
	}
	put(t, "\n", 1);
}

static void put_sum(struct slot_text *t)
{
	char text[SUM_DIGITS + 1];

	sum_of_hex(t->buf, t->len, text);
	put_string(t, sum_key);
	put_string(t, text);
	put(t, "\n", 1);
}

/* ---- reading ---- */

static int unhex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Undoes put_value() in place. */
static int decode(char *value)
{
	char *to = value;

	for (char *from = value; *from; from++) {
		if (*from == '%') {
			int high = unhex(from[1]);
			int low = high < 0 ? -1 : unhex(from[2]);

			if (low < 0 || (high == 0 && low == 0))
				return -EBADMSG;
			*to++ = (char)(high * 16 + low);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return 0;
}

static int add_entry(struct journal_pending *p, const char *key, const char *value)
{
	struct journal_entry *bigger = realloc(p->entries, (p->count + 1) * sizeof(*bigger));
	struct journal_entry *e;

	if (!bigger)
		return -ENOMEM;
	p->entries = bigger;
	e = &bigger[p->count];
	e->key = strdup(key);
	e->value = strdup(value);
	p->count++;
	return e->key && e->value ? 0 : -ENOMEM;
}

/* Whole, but written by version 1, whose sum, and identities, were others. */
static bool is_of_version_1(const char *text, const char *end)
{
	const char *line = end - OLD_SUM_LINE;
	unsigned char sum[SHA512_DIGEST_SIZE];
	struct sha512_ctx ctx;
	char digits[3];

	if (end - text < OLD_SUM_LINE || memcmp(line, old_sum_key, sizeof(old_sum_key) - 1) != 0)
		return false;
	sha512_init(&ctx);
	sha512_update(&ctx, (size_t)(line - text), (const uint8_t *)text);
#if NETTLE_VERSION_MAJOR >= 4
	sha512_digest(&ctx, sum);
#else
	sha512_digest(&ctx, sizeof(sum), sum);
#endif
	line += sizeof(old_sum_key) - 1;
	for (size_t i = 0; i < sizeof(sum); i++) {
		snprintf(digits, sizeof(digits), "%02x", sum[i]);
		if (memcmp(line + 2 * i, digits, 2) != 0)
			return false;
	}
	return true;
}

/* Does it say that it is of our version? */
static bool is_of_this_version(const char *body)
{
	unsigned long version;
	char *end;

	if (strncmp(body, version_key, sizeof(version_key) - 1) != 0)
		return false;
	body += sizeof(version_key) - 1;
	if (*body < '0' || *body > '9')
		return false;
	version = strtoul(body, &end, 10);
	return *end == '\n' && version == JOURNAL_VERSION;
}

/* The lines below the rule, as this version writes them: else -EPROTONOSUPPORT. */
static int parse_lines(char *text, struct journal_pending *p)
{
	char *line = strstr(text, rule), *next;
	int ret;

	if (!line || !is_of_this_version(line + sizeof(rule) - 1))
		return -EPROTONOSUPPORT;
	for (line += sizeof(rule) - 1; *line; line = next) {
		char *value = strstr(line, ": ");

		next = strchr(line, '\n');
		if (!next || !value || value > next)
			return -EPROTONOSUPPORT;
		*next++ = '\0';
		*value = '\0';
		value += 2;
		if (decode(value) < 0)
			return -EPROTONOSUPPORT;
		ret = add_entry(p, line, value);
		if (ret < 0)
			return ret;
	}
	return journal_get_number(p, "sequence", &p->sequence) < 0 ? -EPROTONOSUPPORT : 0;
}

/* text: JOURNAL_SLOT_BYTES and a terminator; it is taken apart. */
static int parse_slot(char *text, struct journal_pending *p)
{
	char want[SUM_DIGITS + 1];
	char *end, *line;

	if (strlen(text) != JOURNAL_SLOT_BYTES)
		return -EBADMSG;
	end = text + JOURNAL_SLOT_BYTES;
	while (end > text && end[-1] == '\n')
		end--;
	end++; /* the one that ends the last line */
	if (end > text + JOURNAL_SLOT_BYTES || end - text < SUM_LINE)
		return -EBADMSG;
	line = end - SUM_LINE;
	if (memcmp(line, sum_key, sizeof(sum_key) - 1) != 0)
		return is_of_version_1(text, end) ? -EPROTONOSUPPORT : -EBADMSG;
	sum_of_hex(text, (size_t)(line - text), want);
	if (memcmp(line + sizeof(sum_key) - 1, want, SUM_DIGITS) != 0)
		return -EBADMSG;
	*line = '\0';
	/* What is whole and not understood is no wreck, but somebody else's. */
	return parse_lines(text, p);
}

/*
 * 1: valid, *p filled; 0: there is none; -EBADMSG: damaged; -EPROTONOSUPPORT: of
 * another version; else an error of reading.
 */
static int read_slot(struct io *io, const char *live_dir, unsigned slot,
		     struct journal_pending *p)
{
	char path[PATH_MAX];
	struct io_file *file;
	char *text;
	int ret;

	*p = (struct journal_pending){ 0 };
	ret = path_of(path, live_dir, slot_names[slot]);
	if (ret < 0)
		return ret;
	ret = io_open(io, path, IO_READ, &file);
	/* A link, a device or a directory: livemend made none, and whoever writes refuses it. */
	if (ret == -ENOENT || ret == -ENOTDIR || ret == -ELOOP || ret == -ENOSTR || ret == -EISDIR)
		return 0;
	if (ret < 0)
		return ret == -EIO ? -EBADMSG : ret;
	text = calloc(1, JOURNAL_SLOT_BYTES + 1);
	ret = text ? io_read_full(file, text, JOURNAL_SLOT_BYTES, 0) : -ENOMEM;
	/* On FAT a slot whose making was cut may have a length, and no clusters: EIO. */
	if (ret == -ENODATA || ret == -EIO)
		ret = -EBADMSG;
	if (ret == 0)
		ret = parse_slot(text, p);
	free(text);
	io_file_close(file);
	if (ret < 0) {
		journal_pending_free(p);
		return ret;
	}
	return 1;
}

/*
 * Reads both slots. *newest gets the valid one with the higher number, *which
 * its place (-1: none is valid). Returns 1, 0 or a negative errno as
 * journal_pending_read() does.
 */
static int read_newest(struct io *io, const char *live_dir, struct journal_pending *newest,
		       int *which)
{
	struct journal_pending p[2];
	int ret[2];

	*newest = (struct journal_pending){ 0 };
	*which = -1;
	for (unsigned i = 0; i < 2; i++) {
		ret[i] = read_slot(io, live_dir, i, &p[i]);
		/* One of another version may be the newer one, or the only true one. */
		if (ret[i] < 0 && ret[i] != -EBADMSG) {
			if (i == 1)
				journal_pending_free(&p[0]);
			return ret[i];
		}
	}
	if (ret[0] == 1 && (ret[1] != 1 || p[0].sequence >= p[1].sequence))
		*which = 0;
	else if (ret[1] == 1)
		*which = 1;
	for (int i = 0; i < 2; i++) {
		if (i == *which)
			*newest = p[i];
		else
			journal_pending_free(&p[i]);
	}
	if (*which >= 0)
		return 1;
	return ret[0] < 0 || ret[1] < 0 ? -EBADMSG : 0;
}

int journal_other_version(const char *path, struct lm_error *err)
{
	return lm_refuse(err, -EPROTONOSUPPORT, path,
			 _("Finish or undo it with the livemend that began it. Until then "
			   "nothing on the stick may be removed or renamed."),
			 _("another version of livemend began it, and this one cannot read "
			   "how far it came"),
			 "%s", _("An operation on the stick was interrupted"));
}

int journal_pending_read(struct io *io, const char *live_dir, struct journal_pending *pending,
			 struct lm_error *err)
{
	char path[PATH_MAX];
	int which;
	int ret = read_newest(io, live_dir, pending, &which);

	if (ret >= 0)
		return ret;
	if (path_of(path, live_dir, slot_names[0]) < 0)
		path[0] = '\0';
	if (ret == -EPROTONOSUPPORT)
		return journal_other_version(path, err);
	lm_fail(err, ret, path, NULL, "%s", _("Reading the note about an interrupted operation failed"));
	if (ret == -EBADMSG)
		lm_because(err, "%s", _("it is damaged"));
	return ret;
}

void journal_pending_free(struct journal_pending *pending)
{
	for (size_t i = 0; i < pending->count; i++) {
		free((void *)(uintptr_t)pending->entries[i].key);
		free((void *)(uintptr_t)pending->entries[i].value);
	}
	free(pending->entries);
	*pending = (struct journal_pending){ 0 };
}

const char *journal_get(const struct journal_pending *pending, const char *key)
{
	for (size_t i = 0; i < pending->count; i++) {
		if (strcmp(pending->entries[i].key, key) == 0)
			return pending->entries[i].value;
	}
	return NULL;
}

int journal_get_number(const struct journal_pending *pending, const char *key, uint64_t *value)
{
	const char *text = journal_get(pending, key);
	unsigned long long v;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return -EBADMSG;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return -EBADMSG;
	*value = v;
	return 0;
}

/* ---- writing ---- */

/* Makes the folder where there is none, its name durable. */
static int make_folder(struct io *io, const char *live_dir)
{
	char path[PATH_MAX];
	int ret = path_of(path, live_dir, NULL);

	if (ret == 0)
		ret = io_mkdir(io, path);
	if (ret == -EEXIST)
		return 0;
	return ret < 0 ? ret : io_sync_dir(io, live_dir);
}

/*
 * Opens for writing, making it where there is none; *made then says that its
 * name is yet to be made durable.
 */
static int open_or_make(struct io *io, const char *path, struct io_file **file, bool *made)
{
	int ret = io_open(io, path, IO_WRITE, file);

	*made = ret == -ENOENT;
	return *made ? io_open(io, path, IO_CREATE_PUBLIC, file) : ret;
}

static int sync_folder(struct io *io, const char *live_dir)
{
	char path[PATH_MAX];
	int ret = path_of(path, live_dir, NULL);

	return ret < 0 ? ret : io_sync_dir(io, path);
}

static int write_slot(struct io *io, const char *live_dir, unsigned slot, const char *text)
{
	char path[PATH_MAX];
	struct io_file *file;
	bool made = false;
	int ret, closed;

	ret = path_of(path, live_dir, slot_names[slot]);
	if (ret == 0)
		ret = open_or_make(io, path, &file, &made);
	if (ret < 0)
		return ret;
	ret = io_pwrite(file, text, JOURNAL_SLOT_BYTES, 0);
	if (ret == 0)
		ret = io_fsync(file);
	closed = io_file_close(file);
	if (ret == 0)
		ret = closed;
	if (ret == 0 && made)
		ret = sync_folder(io, live_dir);
	return ret;
}

int journal_pending_write(struct io *io, const char *live_dir, const char *words,
			  const struct journal_entry *entries, size_t count, struct lm_error *err)
{
	struct slot_text text = { 0 };
	struct journal_pending old;
	char number[24], path[PATH_MAX] = "";
	int which, ret;

	text.buf = malloc(JOURNAL_SLOT_BYTES + 1);
	if (!text.buf)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Writing the journal failed"));
	ret = read_newest(io, live_dir, &old, &which);
	if (ret < 0 && ret != -EBADMSG)
		goto out;
	put_string(&text, words);
	put_string(&text, "\n\n");
	put_string(&text, rule);
	put_string(&text, version_key);
	snprintf(number, sizeof(number), "%d", JOURNAL_VERSION);
	put_value(&text, number);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)old.sequence + 1);
	put_string(&text, "sequence: ");
	put_value(&text, number);
	for (size_t i = 0; i < count; i++) {
		if (!entries[i].value)
			continue;
		put_string(&text, entries[i].key);
		put_string(&text, ": ");
		put_value(&text, entries[i].value);
	}
	put_sum(&text);
	ret = -E2BIG;
	if (text.full)
		goto out;
	memset(text.buf + text.len, '\n', JOURNAL_SLOT_BYTES - text.len);
	ret = make_folder(io, live_dir);
	if (ret == 0)
		ret = write_slot(io, live_dir, which == 0 ? 1 : 0, text.buf);
out:
	journal_pending_free(&old);
	free(text.buf);
	if (ret == 0)
		return 0;
	if (path_of(path, live_dir, slot_names[0]) < 0)
		path[0] = '\0';
	return lm_fail(err, ret, path, NULL, "%s", _("Writing the journal failed"));
}

int journal_pending_clear(struct io *io, const char *live_dir, struct lm_error *err)
{
	struct journal_pending newest;
	char path[PATH_MAX] = "";
	int which, ret;

	ret = read_newest(io, live_dir, &newest, &which);
	journal_pending_free(&newest);
	if (ret < 0 && ret != -EBADMSG)
		goto fail;
	/* The newest last: a cut between the two must not bring back what was true before it. */
	for (unsigned i = 0; i < 2; i++) {
		unsigned slot = which == 0 ? 1 - i : i;

		ret = path_of(path, live_dir, slot_names[slot]);
		if (ret == 0)
			ret = io_unlink(io, path);
		if (ret == -ENOENT || ret == -ENOTDIR)
			continue;
		if (ret == 0)
			ret = sync_folder(io, live_dir);
		if (ret < 0)
			goto fail;
	}
	return 0;
fail:
	return lm_fail(err, ret, path, NULL, "%s", _("Removing the note about the operation failed"));
}

/* ---- journal.txt ---- */

int journal_log_path(char *path, const char *live_dir)
{
	return path_of(path, live_dir, "journal.txt");
}

int journal_log(struct io *io, const char *live_dir, struct lm_error *err, const char *format, ...)
{
	char text[900], line[1000], path[PATH_MAX] = "", stamp[40], last = '\n';
	struct io_file *file = NULL;
	struct io_stat st;
	struct tm tm;
	time_t now = time(NULL);
	va_list args;
	bool made = false;
	int ret, closed, len;

	va_start(args, format);
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	va_end(args);
	if (!gmtime_r(&now, &tm) || strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%SZ", &tm) == 0)
		strcpy(stamp, "-");
	ret = journal_log_path(path, live_dir);
	if (ret == 0)
		ret = make_folder(io, live_dir);
	if (ret == 0)
		ret = open_or_make(io, path, &file, &made);
	if (ret == 0)
		ret = io_fstat(file, &st);
	/* A line that was cut off is ended, so that each record stays on its own line. */
	if (ret == 0 && st.size_bytes > 0)
		ret = io_read_full(file, &last, 1, st.size_bytes - 1);
	if (ret < 0)
		goto out;
	len = snprintf(line, sizeof(line), "%s%s  ", last == '\n' ? "" : "\n", stamp);
	text_printable(line + len, sizeof(line) - (size_t)len - 1, text);
	strcat(line, "\n");
	ret = io_pwrite(file, line, strlen(line), st.size_bytes);
	if (ret == 0)
		ret = io_fsync(file);
out:
	if (file) {
		closed = io_file_close(file);
		if (ret == 0)
			ret = closed;
		if (ret == 0 && made)
			ret = sync_folder(io, live_dir);
	}
	return ret < 0 ? lm_fail(err, ret, path, NULL, "%s", _("Writing the journal failed")) : 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * LiveOS/livemend/pairing: which root image each overlay belongs to.
 *
 * A dm-snapshot store names no base. Where livemend has had an overlay in its
 * hands it leaves this record beside it:
 *
 *	livemend pairing 2
 *	overlay: overlay-LIVE-1A2B-3C4D
 *	image-sha256: <64 hex digits, of the SquashFS superblock (96 bytes); 0s without one>
 *	image-bytes: <bytes used by the SquashFS; 0 without one>
 *	root-bytes: <size of the file system>
 *	root-uuid: <32 hex digits>
 *	sha256: <64 hex digits, of all before this line>
 *
 * The five lines are repeated for each overlay. Bytes of a name outside of
 * printable ASCII, and '%', are written as %XX. The record is advice: one that
 * is missing, damaged or of another version counts as not there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/stick/stick_priv.h"
#include "core/sum.h"

#define RECORD_MAX 65536
#define MAGIC_LINE "livemend pairing 2\n"
#define SUM_KEY    "sha256: "

struct pair {
	char overlay[1024]; /* escaped */
	char image[65];
	uint64_t image_bytes, root_bytes;
	char uuid[33];
};

struct record {
	struct pair *pairs;
	size_t count;
};

static void put_hex(char *dst, const unsigned char *src, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		dst[2 * i] = digits[src[i] >> 4];
		dst[2 * i + 1] = digits[src[i] & 15];
	}
	dst[2 * n] = '\0';
}

static int escape_name(char *dst, size_t cap, const char *path)
{
	const char *slash = strrchr(path, '/');
	const unsigned char *p = (const unsigned char *)(slash ? slash + 1 : path);
	size_t n = 0;

	for (; *p; p++) {
		if (n + 4 > cap)
			return -ENAMETOOLONG;
		if (*p <= ' ' || *p >= 0x7f || *p == '%')
			n += (size_t)snprintf(dst + n, cap - n, "%%%02X", *p);
		else
			dst[n++] = (char)*p;
	}
	dst[n] = '\0';
	return 0;
}

static int pair_of(struct pair *pair, const char *overlay_path, const struct image_info *image,
		   const struct fs_info *base_fs)
{
	memset(pair, 0, sizeof(*pair));
	if (image) {
		put_hex(pair->image, image->identity, sizeof(image->identity));
		pair->image_bytes = image->bytes_used;
	} else {
		memset(pair->image, '0', 64);
	}
	pair->root_bytes = base_fs->size_bytes;
	put_hex(pair->uuid, base_fs->uuid, sizeof(base_fs->uuid));
	return escape_name(pair->overlay, sizeof(pair->overlay), overlay_path);
}

static bool is_hex(const char *text, size_t digits)
{
	return strspn(text, "0123456789abcdef") == digits && text[digits] == '\0';
}

static bool take_number(const char *text, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return !errno && *end == '\0';
}

static int parse_line(struct record *r, char *line)
{
	char *value = strstr(line, ": ");
	struct pair *p, *grown;

	if (!value)
		return -EBADMSG;
	*value = '\0';
	value += 2;
	if (strcmp(line, "overlay") == 0) {
		if (strlen(value) >= sizeof(p->overlay))
			return -EBADMSG;
		grown = reallocarray(r->pairs, r->count + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		r->pairs = grown;
		p = &r->pairs[r->count++];
		memset(p, 0, sizeof(*p));
		strcpy(p->overlay, value);
		return 0;
	}
	if (!r->count)
		return -EBADMSG;
	p = &r->pairs[r->count - 1];
	if (strcmp(line, "image-sha256") == 0 && is_hex(value, 64))
		strcpy(p->image, value);
	else if (strcmp(line, "root-uuid") == 0 && is_hex(value, 32))
		strcpy(p->uuid, value);
	else if (strcmp(line, "image-bytes") == 0)
		return take_number(value, &p->image_bytes) ? 0 : -EBADMSG;
	else if (strcmp(line, "root-bytes") == 0)
		return take_number(value, &p->root_bytes) ? 0 : -EBADMSG;
	else
		return -EBADMSG;
	return 0;
}

static int parse_record(struct record *r, char *text, size_t len)
{
	char *line, *last, *save = NULL, want[SUM_DIGITS + 1];
	size_t i;
	int ret = 0;

	if (strlen(text) != len || strncmp(text, MAGIC_LINE, sizeof(MAGIC_LINE) - 1) != 0)
		return -EBADMSG;
	last = strstr(text, "\n" SUM_KEY);
	if (!last)
		return -EBADMSG;
	last++;
	sum_of_hex(text, (size_t)(last - text), want);
	line = last + sizeof(SUM_KEY) - 1;
	if (strlen(line) != SUM_DIGITS + 1 || memcmp(line, want, SUM_DIGITS) != 0 ||
	    line[SUM_DIGITS] != '\n')
		return -EBADMSG;
	*last = '\0';
	for (line = strtok_r(text + sizeof(MAGIC_LINE) - 1, "\n", &save); line && !ret;
	     line = strtok_r(NULL, "\n", &save))
		ret = parse_line(r, line);
	/* Half of what an overlay belongs to says nothing, and could not be written again. */
	for (i = 0; i < r->count && !ret; i++) {
		if (!r->pairs[i].image[0] || !r->pairs[i].uuid[0])
			ret = -EBADMSG;
	}
	return ret;
}

/* -ENOENT: none; -EBADMSG: one that cannot be trusted. */
static int read_record(struct io *io, const char *path, struct record *r)
{
	struct io_file *file;
	char *text = NULL;
	ssize_t n;
	int ret;

	memset(r, 0, sizeof(*r));
	ret = io_open(io, path, IO_READ, &file);
	if (ret)
		return ret;
	text = malloc(RECORD_MAX + 1);
	if (!text) {
		ret = -ENOMEM;
		goto out;
	}
	n = io_pread(file, text, RECORD_MAX + 1, 0);
	if (n < 0 || n > RECORD_MAX) {
		ret = n < 0 ? (int)n : -EBADMSG;
		goto out;
	}
	text[n] = '\0';
	ret = parse_record(r, text, (size_t)n);
	if (ret) {
		free(r->pairs);
		memset(r, 0, sizeof(*r));
	}
out:
	free(text);
	io_file_close(file);
	return ret;
}

static char *record_path(const char *live_dir)
{
	return stick_join(live_dir, "livemend/pairing");
}

int stick_pair_read(const struct stick_pair *pair, const struct image_info *image,
		    const struct fs_info *base_fs, bool *recorded, bool *matches,
		    struct lm_error *err)
{
	struct record r = { 0 };
	struct pair now;
	char *path = NULL;
	size_t i;
	int ret;

	*recorded = false;
	*matches = true;
	if (!pair->overlay)
		return 0;
	ret = pair_of(&now, pair->overlay->path, image, base_fs);
	if (ret)
		return 0;
	path = record_path(pair->live_dir);
	ret = path ? read_record(pair->io, path, &r) : -ENOMEM;
	if (ret == -ENOMEM || ret == -EIO)
		ret = lm_fail(err, ret, path, NULL, "%s", _("Reading the record of pairs failed"));
	else
		ret = 0;
	for (i = 0; i < r.count; i++) {
		const struct pair *p = &r.pairs[i];

		if (strcmp(p->overlay, now.overlay) != 0)
			continue;
		*recorded = true;
		*matches = strcmp(p->image, now.image) == 0 && p->image_bytes == now.image_bytes &&
			   p->root_bytes == now.root_bytes && strcmp(p->uuid, now.uuid) == 0;
	}
	free(r.pairs);
	free(path);
	return ret;
}

static char *print_record(const struct record *r, const struct pair *now, size_t *len)
{
	char *text = NULL, digits[SUM_DIGITS + 1];
	FILE *f = open_memstream(&text, len);
	size_t i;

	if (!f)
		return NULL;
	fputs(MAGIC_LINE, f);
	for (i = 0; i <= r->count; i++) {
		const struct pair *p = i < r->count ? &r->pairs[i] : now;

		if (p != now && strcmp(p->overlay, now->overlay) == 0)
			continue;
		fprintf(f,
			"overlay: %s\nimage-sha256: %s\nimage-bytes: %" PRIu64
			"\nroot-bytes: %" PRIu64 "\nroot-uuid: %s\n",
			p->overlay, p->image, p->image_bytes, p->root_bytes, p->uuid);
	}
	fflush(f);
	sum_of_hex(text, *len, digits);
	fprintf(f, SUM_KEY "%s\n", digits);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

int stick_pair_write(struct io *io, const char *live_dir, const char *overlay_path,
		     const struct image_info *image, const struct fs_info *base_fs,
		     struct lm_error *err)
{
	char *dir = NULL, *path = NULL, *text = NULL;
	struct io_file *file = NULL;
	struct record r = { 0 };
	struct pair now;
	size_t len = 0;
	int ret, closed;

	ret = pair_of(&now, overlay_path, image, base_fs);
	if (ret)
		goto out;
	dir = stick_join(live_dir, "livemend");
	path = record_path(live_dir);
	if (!dir || !path) {
		ret = -ENOMEM;
		goto out;
	}
	ret = io_mkdir(io, dir);
	if (ret && ret != -EEXIST)
		goto out;
	ret = read_record(io, path, &r);
	if (ret == -ENOMEM)
		goto out;
	text = print_record(&r, &now, &len);
	/* With those of a stranger it may become longer than one that is read: then without them. */
	if (text && len > RECORD_MAX) {
		free(text);
		r.count = 0;
		text = print_record(&r, &now, &len);
	}
	if (!text) {
		ret = -ENOMEM;
		goto out;
	}
	/*
	 * Written anew under its own name: a cut leaves no record or a torn one,
	 * both of which count as none, and that costs nothing but certainty.
	 */
	ret = io_unlink(io, path);
	if (ret && ret != -ENOENT)
		goto out;
	ret = io_open(io, path, IO_CREATE_PUBLIC, &file);
	if (!ret)
		ret = io_pwrite(file, text, len, 0);
	if (!ret)
		ret = io_fsync(file);
	closed = io_file_close(file);
	if (!ret)
		ret = closed;
	if (!ret)
		ret = io_sync_dir(io, dir);
out:
	if (ret)
		lm_fail(err, ret, path, NULL, "%s", _("Writing the record of pairs failed"));
	free(r.pairs);
	free(text);
	free(path);
	free(dir);
	return ret;
}

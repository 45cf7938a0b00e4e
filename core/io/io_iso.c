/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ISO 9660 with Rock Ridge or Joliet names, read-only.
 *
 * Format: ECMA-119; SUSP and RRIP 1.12 (NM, PX, CE); the Joliet specification.
 * As in Linux, Rock Ridge goes before Joliet, and plain names are shown in
 * lower case without version.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_extents.h"
#include "core/io/io_image.h"

#define SECTOR 2048u
#define MAX_DESCRIPTORS 64
#define MAX_DIR (16u << 20)
#define MAX_CONTINUATIONS 16
#define MAX_NAME 1024

enum { FLAG_DIR = 0x02, FLAG_ASSOCIATED = 0x04, FLAG_MORE = 0x80 };
enum names { NAMES_PLAIN, NAMES_JOLIET, NAMES_ROCK_RIDGE };

struct node {
	uint64_t off, len; /* of the first extent */
	bool is_dir, is_other;
	int64_t mtime;
};

struct iso {
	struct io io;
	struct io_source *src;
	uint32_t block;
	uint64_t size_bytes;
	enum names names;
	unsigned skip; /* bytes of each system use area that SUSP passes over */
	struct node root;
};

static int64_t record_time(const unsigned char *t)
{
	struct tm tm = {
		.tm_year = t[0],
		.tm_mon = t[1] - 1,
		.tm_mday = t[2],
		.tm_hour = t[3],
		.tm_min = t[4],
		.tm_sec = t[5],
	};

	return timegm(&tm) - (int64_t)(signed char)t[6] * 900;
}

/* Reads what a directory record says; -EUCLEAN for what cannot be. rec has its len bytes. */
static int parse_record(const struct iso *iso, const unsigned char *rec, size_t len,
			struct node *n)
{
	size_t name_len = rec[32];

	if (len < 34 || 33 + name_len > len)
		return -EUCLEAN;
	/* Interleaved files have gone out of use with CD-ROM drives that needed them. */
	if (rec[26] || rec[27])
		return -EOPNOTSUPP;
	memset(n, 0, sizeof(*n));
	n->off = ((uint64_t)get_le32(rec + 2) + rec[1]) * iso->block;
	n->len = get_le32(rec + 10);
	n->is_dir = rec[25] & FLAG_DIR;
	n->mtime = record_time(rec + 18);
	return 0;
}

/* ---- names ---- */

struct rock {
	char name[MAX_NAME];
	size_t len;
	bool named, moved;
	uint32_t mode;
};

/* One run of System Use entries; *ce gets the continuation, block 0: none. */
static void parse_susp(const unsigned char *p, size_t len, struct rock *r, uint32_t ce[3])
{
	memset(ce, 0, 3 * sizeof(ce[0]));
	while (len >= 4) {
		size_t n = p[2];

		if (n < 4 || n > len)
			return;
		if (memcmp(p, "NM", 2) == 0 && n >= 5) {
			/* Flags 2 and 4 are "." and "..": no names. */
			if (!(p[4] & 6) && r->len + (n - 5) < sizeof(r->name)) {
				memcpy(r->name + r->len, p + 5, n - 5);
				r->len += n - 5;
				r->named = true;
			}
		} else if (memcmp(p, "PX", 2) == 0 && n >= 12) {
			r->mode = get_le32(p + 4);
		} else if (memcmp(p, "CE", 2) == 0 && n >= 28) {
			ce[0] = get_le32(p + 4);
			ce[1] = get_le32(p + 12);
			ce[2] = get_le32(p + 20);
		} else if (memcmp(p, "CL", 2) == 0 || memcmp(p, "RE", 2) == 0) {
			r->moved = true;
		} else if (memcmp(p, "ST", 2) == 0) {
			return;
		}
		p += n;
		len -= n;
	}
}

static int read_rock(const struct iso *iso, const unsigned char *rec, size_t len, struct rock *r)
{
	size_t start = 33u + rec[32] + !(rec[32] & 1) + iso->skip, hops;
	unsigned char area[SECTOR];
	struct lm_error err;
	uint32_t ce[3];

	memset(r, 0, sizeof(*r));
	if (start > len)
		return 0;
	parse_susp(rec + start, len - start, r, ce);
	for (hops = 0; ce[0] && hops < MAX_CONTINUATIONS; hops++) {
		uint64_t off = (uint64_t)ce[0] * iso->block + ce[1];
		size_t n = ce[2];
		int ret;

		if (n > sizeof(area) || off > iso->src->size_bytes ||
		    n > iso->src->size_bytes - off)
			return -EUCLEAN;
		ret = io_source_read(iso->src, area, n, off, &err);
		if (ret)
			return ret;
		parse_susp(area, n, r, ce);
	}
	r->name[r->len] = '\0';
	return 0;
}

static void plain_name(const unsigned char *src, size_t len, char *name)
{
	size_t n = 0, i;

	for (i = 0; i < len && src[i] != ';'; i++) {
		unsigned char c = src[i];

		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c + 32);
		name[n++] = (char)c;
	}
	while (n && name[n - 1] == '.')
		n--;
	name[n] = '\0';
}

static void joliet_name(const unsigned char *src, size_t len, char *name)
{
	size_t n = 0, i;

	for (i = 0; i + 1 < len; i += 2) {
		unsigned c = (unsigned)src[i] << 8 | src[i + 1];

		if (c == ';')
			break;
		/* Big-endian UCS-2. */
		if (c < 0x80) {
			name[n++] = (char)c;
		} else if (c < 0x800) {
			name[n++] = (char)(0xc0 | c >> 6);
			name[n++] = (char)(0x80 | (c & 0x3f));
		} else {
			name[n++] = (char)(0xe0 | c >> 12);
			name[n++] = (char)(0x80 | (c >> 6 & 0x3f));
			name[n++] = (char)(0x80 | (c & 0x3f));
		}
	}
	name[n] = '\0';
}

/* 1: named, 0: an entry to pass over, or negative. */
static int name_of(const struct iso *iso, const unsigned char *rec, size_t len, struct node *n,
		   char name[MAX_NAME])
{
	struct rock r;
	int ret;

	if (rec[32] == 1 && rec[33] <= 1)
		return 0;
	name[0] = '\0';
	if (iso->names == NAMES_ROCK_RIDGE) {
		ret = read_rock(iso, rec, len, &r);
		if (ret)
			return ret;
		if (r.moved)
			return 0;
		n->is_other = r.mode && !S_ISREG(r.mode) && !S_ISDIR(r.mode);
		if (r.named)
			memcpy(name, r.name, r.len + 1);
	}
	if (!name[0] && iso->names == NAMES_JOLIET)
		joliet_name(rec + 33, rec[32], name);
	else if (!name[0])
		plain_name(rec + 33, rec[32], name);
	/* A NUL within, a slash, or the names that mean something else: no name. */
	if (!name[0] || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	return 1;
}

/* ---- directories ---- */

/* x: all extents of the entry. Returns non-zero to end; fn may take over x->list. */
typedef int (*entry_fn)(void *arg, const char *name, const struct node *node, uint64_t size,
			struct io_extents *x);

static int read_range(const struct iso *iso, uint64_t off, uint64_t len, unsigned char **data)
{
	struct lm_error err;
	int ret;

	if (len > MAX_DIR || off > iso->src->size_bytes || len > iso->src->size_bytes - off)
		return -EUCLEAN;
	*data = malloc(len ? (size_t)len : 1);
	if (!*data)
		return -ENOMEM;
	ret = io_source_read(iso->src, *data, (size_t)len, off, &err);
	if (ret) {
		free(*data);
		*data = NULL;
	}
	return ret;
}

static int each_entry(const struct iso *iso, const struct node *dir, entry_fn fn, void *arg)
{
	struct io_extents x = { 0 };
	unsigned char *data = NULL;
	char name[MAX_NAME];
	struct node n;
	uint64_t size = 0;
	size_t at = 0;
	int ret;

	ret = read_range(iso, dir->off, dir->len, &data);
	while (!ret && at < dir->len) {
		const unsigned char *rec = data + at;
		size_t len = rec[0], left = (size_t)min_u64(dir->len - at, SECTOR - at % SECTOR);
		int named;

		/* No record crosses a sector; zeros fill the rest of one. */
		if (!len) {
			at += left;
			continue;
		}
		if (len > left || len < 34) {
			ret = -EUCLEAN;
			break;
		}
		at += len;
		if (rec[25] & FLAG_ASSOCIATED)
			continue;
		ret = parse_record(iso, rec, len, &n);
		if (ret)
			break;
		named = name_of(iso, rec, len, &n, name);
		if (named <= 0) {
			ret = named;
			continue;
		}
		ret = n.len ? io_extents_add(&x, size, n.off, n.len) : 0;
		size += n.len;
		/* A file of 4 GiB and more has a record for each of its parts. */
		if (!ret && rec[25] & FLAG_MORE)
			continue;
		if (!ret)
			ret = fn(arg, name, &n, size, &x);
		io_extents_free(&x);
		size = 0;
	}
	io_extents_free(&x);
	free(data);
	return ret;
}

struct walk {
	const struct iso *iso;
	struct node at;
	uint64_t size;
	struct io_extents x;
	const char *want;
};

static int match_entry(void *arg, const char *name, const struct node *node, uint64_t size,
		       struct io_extents *x)
{
	struct walk *w = arg;
	bool same = w->iso->names == NAMES_ROCK_RIDGE ? strcmp(name, w->want) == 0 :
							strcasecmp(name, w->want) == 0;

	if (!same)
		return 0;
	w->at = *node;
	w->size = size;
	w->x = *x;
	memset(x, 0, sizeof(*x));
	return 1;
}

static int step_into(void *arg, const char *name)
{
	struct walk *w = arg;
	struct node dir = w->at;
	int ret;

	io_extents_free(&w->x);
	if (!dir.is_dir)
		return -ENOTDIR;
	w->want = name;
	ret = each_entry(w->iso, &dir, match_entry, w);
	return ret == 1 ? 0 : ret == 0 ? -ENOENT : ret;
}

/* w->x is to be freed, or taken over, after success. */
static int find(const struct iso *iso, const char *path, struct walk *w)
{
	int ret;

	memset(w, 0, sizeof(*w));
	w->iso = iso;
	w->at = iso->root;
	ret = io_walk(path, step_into, w);
	if (ret)
		io_extents_free(&w->x);
	return ret;
}

/* ---- the table of calls ---- */

static enum io_kind kind_of(const struct node *n)
{
	return n->is_dir ? IO_DIRECTORY : n->is_other ? IO_OTHER : IO_REGULAR;
}

static void fill_stat(const struct walk *w, struct io_stat *st)
{
	memset(st, 0, sizeof(*st));
	st->kind = kind_of(&w->at);
	st->size_bytes = st->kind == IO_REGULAR ? w->size : 0;
	st->on_disk_bytes = st->size_bytes;
	st->mtime = w->at.mtime;
}

static int iso_open(struct io *io, const char *path, enum io_mode mode, struct io_file **file)
{
	struct iso *iso = (struct iso *)io;
	struct io_stat st;
	struct walk w;
	int ret;

	if (mode != IO_READ)
		return -EROFS;
	ret = find(iso, path, &w);
	if (ret)
		return ret;
	fill_stat(&w, &st);
	if (st.kind != IO_REGULAR) {
		io_extents_free(&w.x);
		return st.kind == IO_DIRECTORY ? -EISDIR : -ELOOP;
	}
	return io_extents_file(iso->src, &w.x, &st, file);
}

static int iso_stat(struct io *io, const char *path, struct io_stat *st)
{
	struct walk w;
	int ret = find((struct iso *)io, path, &w);

	if (ret)
		return ret;
	fill_stat(&w, st);
	io_extents_free(&w.x);
	return 0;
}

struct listing {
	io_list_fn fn;
	void *arg;
};

static int list_entry(void *arg, const char *name, const struct node *node, uint64_t size,
		      struct io_extents *x)
{
	struct listing *l = arg;

	(void)size;
	(void)x;
	return l->fn(l->arg, name, kind_of(node));
}

static int iso_list(struct io *io, const char *path, io_list_fn fn, void *arg)
{
	struct iso *iso = (struct iso *)io;
	struct listing l = { fn, arg };
	struct walk w;
	int ret = find(iso, path, &w);

	if (ret)
		return ret;
	io_extents_free(&w.x);
	return w.at.is_dir ? each_entry(iso, &w.at, list_entry, &l) : -ENOTDIR;
}

static int iso_fsinfo(struct io *io, struct io_fsinfo *info)
{
	memset(info, 0, sizeof(*info));
	strcpy(info->fstype, "iso9660");
	info->size_bytes = ((struct iso *)io)->size_bytes;
	info->inodes_free = UINT64_MAX;
	info->file_limit_bytes = UINT64_MAX;
	info->readonly = true;
	return 0;
}

static void iso_close(struct io *io)
{
	struct iso *iso = (struct iso *)io;

	io_source_close(iso->src);
	free(iso);
}

static const struct io_ops iso_ops = {
	.open = iso_open,
	.stat = iso_stat,
	.list = iso_list,
	.fsinfo = iso_fsinfo,
	.close = iso_close,
};

/* ---- opening ---- */

/* SUSP announces itself by SP in the first record of the root directory. */
static int detect_rock_ridge(struct iso *iso)
{
	unsigned char *data = NULL;
	const unsigned char *su;
	size_t start;
	int ret;

	ret = read_range(iso, iso->root.off, min_u64(iso->root.len, SECTOR), &data);
	if (ret)
		return ret == -ENOMEM || ret == -EIO ? ret : 0;
	if (iso->root.len >= SECTOR && data[0] >= 34) {
		start = 33u + data[32] + !(data[32] & 1);
		su = data + start;
		if (start + 7 <= data[0] && memcmp(su, "SP", 2) == 0 && su[2] >= 7 &&
		    su[4] == 0xbe && su[5] == 0xef) {
			iso->names = NAMES_ROCK_RIDGE;
			iso->skip = su[6];
		}
	}
	free(data);
	return 0;
}

static bool is_joliet(const unsigned char *d)
{
	return d[88] == '%' && d[89] == '/' && (d[90] == '@' || d[90] == 'C' || d[90] == 'E');
}

static int read_descriptors(struct iso *iso, struct lm_error *err)
{
	unsigned char d[SECTOR];
	bool primary = false, joliet = false;
	struct node joliet_root = { 0 };
	unsigned i;
	int ret;

	for (i = 0; i < MAX_DESCRIPTORS; i++) {
		uint64_t off = (uint64_t)(16 + i) * SECTOR;

		if (off + SECTOR > iso->src->size_bytes)
			break;
		ret = io_source_read(iso->src, d, sizeof(d), off, err);
		if (ret)
			return ret;
		if (memcmp(d + 1, "CD001", 5) != 0 || d[0] == 255)
			break;
		if (d[0] == 1 && !primary) {
			iso->block = get_le16(d + 128);
			if (iso->block != 512 && iso->block != 1024 && iso->block != SECTOR)
				return -EUCLEAN;
			iso->size_bytes = (uint64_t)get_le32(d + 80) * iso->block;
			ret = parse_record(iso, d + 156, 34, &iso->root);
			if (ret)
				return ret;
			primary = true;
		} else if (d[0] == 2 && primary && !joliet && is_joliet(d)) {
			joliet = parse_record(iso, d + 156, 34, &joliet_root) == 0;
		}
	}
	if (!primary)
		return -EMEDIUMTYPE;
	ret = detect_rock_ridge(iso);
	if (!ret && iso->names == NAMES_PLAIN && joliet) {
		iso->names = NAMES_JOLIET;
		iso->root = joliet_root;
	}
	iso->root.is_dir = true;
	return ret;
}

int io_iso_open(struct io_source *src, struct io **io, struct lm_error *err)
{
	struct lm_error own;
	struct iso *iso;
	int ret;

	*io = NULL;
	iso = calloc(1, sizeof(*iso));
	if (!iso) {
		io_source_close(src);
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Opening the file system failed"));
	}
	iso->io.ops = &iso_ops;
	iso->src = src;
	lm_error_clear(&own);
	ret = read_descriptors(iso, &own);
	if (ret) {
		iso_close(&iso->io);
		if (own.code && err)
			*err = own;
		else if (!own.code)
			lm_fail(err, ret, NULL, NULL, "%s",
				ret == -EMEDIUMTYPE ?
					_("There is no ISO 9660 file system") :
					_("Opening the ISO 9660 file system failed"));
		return ret;
	}
	*io = &iso->io;
	return 0;
}

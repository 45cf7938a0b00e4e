/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * FAT12, FAT16 and FAT32 with long names, read-only.
 *
 * Format: Microsoft's "FAT: General Overview of On-Disk Format" 1.03 and
 * "FAT32 File System Specification"; where they leave room, what Linux does
 * (fs/fat/inode.c, dir.c). No state is kept between calls but the geometry.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_extents.h"
#include "core/io/io_image.h"

#define WINDOW 65536u            /* of the table that is held while a chain is followed */
#define DIR_MAX (65536u * 32)    /* the most that a directory may hold */
#define ENTRY 32u
#define NAME_UNITS 260           /* 20 long entries of 13 UTF-16 units */

enum { ATTR_HIDDEN = 0x02, ATTR_VOLUME = 0x08, ATTR_DIR = 0x10, ATTR_LONG = 0x0f };

struct fat {
	struct io io;
	struct io_source *src;
	unsigned bits;
	uint32_t cluster_bytes, clusters; /* valid numbers: 2 .. clusters + 1 */
	uint64_t table_off, data_off;
	uint64_t root_off;     /* FAT12/16 */
	uint32_t root_bytes;
	uint32_t root_cluster; /* FAT32 */
	uint64_t info_off;     /* FSInfo sector, 0: none */
	uint64_t size_bytes;
};

struct node {
	uint32_t cluster; /* 0: the fixed root directory, or an empty file */
	uint32_t size;
	bool is_dir, is_root;
	int64_t mtime, btime;
};

/* ---- the table ---- */

struct chain {
	const struct fat *fat;
	unsigned char *window; /* WINDOW + 1 bytes: an entry of FAT12 may straddle its end */
	uint64_t window_at;
	size_t window_len;
};

static int chain_begin(struct chain *c, const struct fat *fat)
{
	memset(c, 0, sizeof(*c));
	c->fat = fat;
	c->window = malloc(WINDOW + 1);
	return c->window ? 0 : -ENOMEM;
}

static int chain_load(struct chain *c, uint64_t off)
{
	uint64_t at = off / WINDOW * WINDOW;
	struct lm_error err;
	int ret;

	/* A file system that is cut off. */
	if (c->fat->table_off + at >= c->fat->src->size_bytes) {
		c->window_len = 0;
		return -EUCLEAN;
	}
	if (c->window_len && c->window_at == at)
		return 0;
	c->window_at = at;
	c->window_len =
		(size_t)min_u64(WINDOW + 1, c->fat->src->size_bytes - (c->fat->table_off + at));
	ret = io_source_read(c->fat->src, c->window, c->window_len, c->fat->table_off + at, &err);
	if (ret)
		c->window_len = 0;
	return ret;
}

/* *next is 0 at the end of the chain. A free, bad or impossible entry is -EUCLEAN. */
static int chain_next(struct chain *c, uint32_t cluster, uint32_t *next)
{
	const struct fat *f = c->fat;
	uint64_t off = f->bits == 32 ? (uint64_t)cluster * 4 :
		       f->bits == 16 ? (uint64_t)cluster * 2 :
				       cluster + cluster / 2;
	uint32_t v, end;
	size_t in;
	int ret;

	ret = chain_load(c, off);
	if (ret)
		return ret;
	in = (size_t)(off - c->window_at);
	if (in + (f->bits == 32 ? 4 : 2) > c->window_len)
		return -EUCLEAN;
	if (f->bits == 32) {
		v = get_le32(c->window + in) & 0x0fffffff;
		end = 0x0ffffff8;
	} else if (f->bits == 16) {
		v = get_le16(c->window + in);
		end = 0xfff8;
	} else {
		v = get_le16(c->window + in);
		v = cluster & 1 ? v >> 4 : v & 0xfff;
		end = 0xff8;
	}
	if (v >= end) {
		*next = 0;
		return 0;
	}
	if (v < 2 || v - 2 >= f->clusters)
		return -EUCLEAN;
	*next = v;
	return 0;
}

static uint64_t cluster_off(const struct fat *f, uint32_t cluster)
{
	return f->data_off + (uint64_t)(cluster - 2) * f->cluster_bytes;
}

/*
 * Follows a chain for at most limit bytes. A chain that is shorter than want
 * bytes, or bites its own tail, is -EUCLEAN.
 */
static int follow(const struct fat *f, uint32_t first, uint64_t want, uint64_t limit,
		  struct io_extents *x)
{
	uint64_t done = 0, marked_at = 1, steps = 0;
	uint32_t at = first, mark = first;
	struct chain c;
	int ret;

	if (!first)
		return want ? -EUCLEAN : 0;
	if (first < 2 || first - 2 >= f->clusters)
		return -EUCLEAN;
	ret = chain_begin(&c, f);
	while (!ret && at && done < limit) {
		ret = io_extents_add(x, done, cluster_off(f, at), f->cluster_bytes);
		if (ret)
			break;
		done += f->cluster_bytes;
		ret = chain_next(&c, at, &at);
		/* Brent: the mark jumps forward at powers of two; a loop comes back to it. */
		if (at && at == mark)
			ret = -EUCLEAN;
		if (++steps == marked_at) {
			mark = at;
			marked_at *= 2;
		}
	}
	free(c.window);
	if (!ret && done < want)
		ret = -EUCLEAN;
	return ret;
}

/* ---- directories ---- */

static int read_dir(const struct fat *f, const struct node *dir, unsigned char **data, size_t *len)
{
	struct io_extents x = { 0 };
	struct lm_error err;
	size_t i;
	int ret = 0;

	*data = NULL;
	*len = 0;
	if (dir->is_root && f->bits != 32)
		ret = f->root_bytes ? io_extents_add(&x, 0, f->root_off, f->root_bytes) : 0;
	else
		ret = follow(f, dir->cluster, 1, DIR_MAX, &x);
	if (!ret) {
		for (i = 0; i < x.count; i++)
			*len += (size_t)x.list[i].len;
		*data = malloc(*len ? *len : 1);
		ret = *data ? 0 : -ENOMEM;
	}
	for (i = 0; !ret && i < x.count; i++)
		ret = io_source_read(f->src, *data + x.list[i].from, (size_t)x.list[i].len,
				     x.list[i].src_off, &err);
	io_extents_free(&x);
	if (ret) {
		free(*data);
		*data = NULL;
	}
	return ret;
}

struct long_name {
	uint16_t units[NAME_UNITS];
	unsigned expect; /* the ordinal that must come next; 0: complete */
	unsigned char sum;
	bool valid;
};

static unsigned char short_sum(const unsigned char *name)
{
	unsigned sum = 0, i;

	for (i = 0; i < 11; i++)
		sum = (((sum & 1) << 7) + (sum >> 1) + name[i]) & 0xff;
	return (unsigned char)sum;
}

static void take_long(struct long_name *l, const unsigned char *e)
{
	static const unsigned char places[13] = { 1,  3,  5,  7,  9,  14, 16,
						  18, 20, 22, 24, 28, 30 };
	unsigned ordinal = e[0] & 0x3f, i;

	if (e[0] & 0x40) {
		memset(l, 0, sizeof(*l));
		l->valid = ordinal >= 1 && ordinal <= 20;
		l->expect = ordinal;
		l->sum = e[13];
	}
	if (!l->valid || ordinal != l->expect || ordinal == 0 || e[13] != l->sum) {
		l->valid = false;
		return;
	}
	for (i = 0; i < 13; i++)
		l->units[(ordinal - 1) * 13 + i] = get_le16(e + places[i]);
	l->expect--;
}

static size_t put_utf8(char *dst, uint32_t c)
{
	if (c < 0x80) {
		dst[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		dst[0] = (char)(0xc0 | c >> 6);
		dst[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		dst[0] = (char)(0xe0 | c >> 12);
		dst[1] = (char)(0x80 | (c >> 6 & 0x3f));
		dst[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	dst[0] = (char)(0xf0 | c >> 18);
	dst[1] = (char)(0x80 | (c >> 12 & 0x3f));
	dst[2] = (char)(0x80 | (c >> 6 & 0x3f));
	dst[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* A name that could not be told from a path, or holds half a surrogate, is none: false. */
static bool long_to_utf8(const struct long_name *l, char name[NAME_UNITS * 3 + 1])
{
	size_t i, n = 0;

	for (i = 0; i < NAME_UNITS && l->units[i] && l->units[i] != 0xffff; i++) {
		uint32_t c = l->units[i];

		if (c == '/' || (c >= 0xdc00 && c < 0xe000))
			return false;
		if (c >= 0xd800 && c < 0xdc00) {
			uint32_t low = i + 1 < NAME_UNITS ? l->units[i + 1] : 0;

			if (low < 0xdc00 || low > 0xdfff)
				return false;
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i++;
		}
		n += put_utf8(name + n, c);
	}
	name[n] = '\0';
	return n > 0;
}

/*
 * The upper half of code page 437. Which one a short name is in is written
 * nowhere; this is what Linux takes unless it is told otherwise.
 */
static const uint16_t cp437[128] = {
	0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7,
	0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5,
	0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
	0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192,
	0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba,
	0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
	0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556,
	0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
	0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
	0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567,
	0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b,
	0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
	0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4,
	0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229,
	0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
	0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

static unsigned char to_lower(unsigned char c)
{
	static const unsigned char pairs[][2] = {
		{ 0x80, 0x87 }, { 0x8e, 0x84 }, { 0x8f, 0x86 }, { 0x90, 0x82 },
		{ 0x92, 0x91 }, { 0x99, 0x94 }, { 0x9a, 0x81 }, { 0xa5, 0xa4 },
	};
	size_t i;

	if (c >= 'A' && c <= 'Z')
		return (unsigned char)(c + 32);
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (c == pairs[i][0])
			return pairs[i][1];
	}
	return c;
}

/* 8.3, in the letters that the two flags for lower case ask for. */
static bool short_to_text(const unsigned char *e, char *name)
{
	size_t n = 0, i, end = 8;

	while (end > 0 && e[end - 1] == ' ')
		end--;
	for (i = 0; i < end; i++) {
		unsigned char c = i == 0 && e[0] == 0x05 ? 0xe5 : e[i];

		if (c < 0x20 || c == '/')
			return false;
		if (e[12] & 0x08)
			c = to_lower(c);
		n += put_utf8(name + n, c < 0x80 ? c : cp437[c - 0x80]);
	}
	end = 11;
	while (end > 8 && e[end - 1] == ' ')
		end--;
	if (end > 8)
		name[n++] = '.';
	for (i = 8; i < end; i++) {
		unsigned char c = e[i];

		if (c < 0x20 || c == '/')
			return false;
		if (e[12] & 0x10)
			c = to_lower(c);
		n += put_utf8(name + n, c < 0x80 ? c : cp437[c - 0x80]);
	}
	name[n] = '\0';
	return n > 0;
}

/* DOS keeps local time of a zone that is written nowhere; taken as UTC. */
static int64_t dos_time(uint16_t date, uint16_t clock)
{
	struct tm tm = {
		.tm_year = 80 + (date >> 9),
		.tm_mon = (date >> 5 & 15) - 1,
		.tm_mday = date & 31,
		.tm_hour = clock >> 11,
		.tm_min = clock >> 5 & 63,
		.tm_sec = 2 * (clock & 31),
	};

	return date ? timegm(&tm) : 0;
}

typedef int (*entry_fn)(void *arg, const char *name, const struct node *node);

static int each_entry(const struct fat *f, const struct node *dir, entry_fn fn, void *arg)
{
	char name[NAME_UNITS * 3 + 1];
	struct long_name l = { .valid = false };
	unsigned char *data;
	size_t len, at;
	int ret;

	ret = read_dir(f, dir, &data, &len);
	for (at = 0; !ret && at + ENTRY <= len; at += ENTRY) {
		const unsigned char *e = data + at;
		struct node n = { 0 };
		bool named;

		if (e[0] == 0)
			break;
		if (e[0] == 0xe5) {
			l.valid = false;
			continue;
		}
		if ((e[11] & 0x3f) == ATTR_LONG) {
			take_long(&l, e);
			continue;
		}
		named = l.valid && l.expect == 0 && l.sum == short_sum(e) && long_to_utf8(&l, name);
		l.valid = false;
		if (e[11] & ATTR_VOLUME || e[0] == '.')
			continue;
		if (!named && !short_to_text(e, name))
			continue;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		n.cluster = get_le16(e + 26);
		if (f->bits == 32)
			n.cluster |= (uint32_t)get_le16(e + 20) << 16;
		n.size = get_le32(e + 28);
		n.is_dir = e[11] & ATTR_DIR;
		n.mtime = dos_time(get_le16(e + 24), get_le16(e + 22));
		n.btime = dos_time(get_le16(e + 16), get_le16(e + 14));
		ret = fn(arg, name, &n);
	}
	free(data);
	return ret;
}

struct walk {
	const struct fat *fat;
	struct node at;
	const char *want;
};

static int match_entry(void *arg, const char *name, const struct node *node)
{
	struct walk *w = arg;

	/* FAT does not tell upper from lower case. */
	if (strcasecmp(name, w->want) != 0)
		return 0;
	w->at = *node;
	return 1;
}

static int step_into(void *arg, const char *name)
{
	struct walk *w = arg;
	struct node dir = w->at;
	int ret;

	if (!dir.is_dir)
		return -ENOTDIR;
	w->want = name;
	ret = each_entry(w->fat, &dir, match_entry, w);
	return ret == 1 ? 0 : ret == 0 ? -ENOENT : ret;
}

static int find(const struct fat *f, const char *path, struct node *node)
{
	struct walk w = { .fat = f };
	int ret;

	w.at.is_dir = w.at.is_root = true;
	w.at.cluster = f->root_cluster;
	ret = io_walk(path, step_into, &w);
	*node = w.at;
	return ret;
}

/* ---- the table of calls ---- */

static void fill_stat(const struct fat *f, const struct node *n, struct io_stat *st)
{
	memset(st, 0, sizeof(*st));
	st->kind = n->is_dir ? IO_DIRECTORY : IO_REGULAR;
	st->size_bytes = n->is_dir ? 0 : n->size;
	/* FAT has no holes. */
	st->on_disk_bytes = div_up(st->size_bytes, f->cluster_bytes) * f->cluster_bytes;
	st->links = 1;
	st->mtime = n->mtime;
	st->btime = n->btime;
}

static int fat_open(struct io *io, const char *path, enum io_mode mode, struct io_file **file)
{
	struct fat *f = (struct fat *)io;
	struct io_extents x = { 0 };
	struct io_stat st;
	struct node n;
	int ret;

	if (mode != IO_READ)
		return -EROFS;
	ret = find(f, path, &n);
	if (ret)
		return ret;
	if (n.is_dir)
		return -EISDIR;
	ret = n.size ? follow(f, n.cluster, n.size, n.size, &x) : 0;
	if (ret) {
		io_extents_free(&x);
		return ret;
	}
	fill_stat(f, &n, &st);
	return io_extents_file(f->src, &x, &st, file);
}

static int fat_stat(struct io *io, const char *path, struct io_stat *st)
{
	struct fat *f = (struct fat *)io;
	struct node n;
	int ret = find(f, path, &n);

	if (!ret)
		fill_stat(f, &n, st);
	return ret;
}

struct listing {
	io_list_fn fn;
	void *arg;
};

static int list_entry(void *arg, const char *name, const struct node *node)
{
	struct listing *l = arg;

	return l->fn(l->arg, name, node->is_dir ? IO_DIRECTORY : IO_REGULAR);
}

static int fat_list(struct io *io, const char *path, io_list_fn fn, void *arg)
{
	struct fat *f = (struct fat *)io;
	struct listing l = { fn, arg };
	struct node n;
	int ret = find(f, path, &n);

	if (ret)
		return ret;
	return n.is_dir ? each_entry(f, &n, list_entry, &l) : -ENOTDIR;
}

static bool free_from_info(const struct fat *f, uint64_t *count)
{
	unsigned char s[512];
	struct lm_error err;

	if (!f->info_off || io_source_read(f->src, s, sizeof(s), f->info_off, &err) ||
	    get_le32(s) != 0x41615252 || get_le32(s + 484) != 0x61417272)
		return false;
	*count = get_le32(s + 488);
	return *count <= f->clusters;
}

static int count_free(const struct fat *f, uint64_t *count)
{
	struct chain c;
	uint32_t i, next;
	int ret;

	*count = 0;
	ret = chain_begin(&c, f);
	for (i = 2; !ret && i - 2 < f->clusters; i++) {
		/* A free entry reads as an impossible link; a bad cluster is one as well. */
		ret = chain_next(&c, i, &next);
		if (ret == -EUCLEAN) {
			uint64_t off = f->bits == 32 ? (uint64_t)i * 4 :
				       f->bits == 16 ? (uint64_t)i * 2 :
						       i + i / 2;
			size_t in = (size_t)(off - c.window_at);

			ret = 0;
			if (in + (f->bits == 32 ? 4 : 2) > c.window_len)
				continue;
			next = f->bits == 32 ? get_le32(c.window + in) & 0x0fffffff :
					       get_le16(c.window + in);
			if (f->bits == 12)
				next = i & 1 ? next >> 4 : next & 0xfff;
			*count += next == 0;
		}
	}
	free(c.window);
	return ret;
}

static int fat_fsinfo(struct io *io, struct io_fsinfo *info)
{
	struct fat *f = (struct fat *)io;
	uint64_t count;
	int ret;

	memset(info, 0, sizeof(*info));
	strcpy(info->fstype, "vfat");
	if (!free_from_info(f, &count)) {
		ret = count_free(f, &count);
		if (ret)
			return ret;
	}
	info->size_bytes = f->size_bytes;
	info->free_bytes = count * f->cluster_bytes;
	info->inodes_free = UINT64_MAX;
	info->file_limit_bytes = UINT32_MAX;
	return 0;
}

static void fat_close(struct io *io)
{
	struct fat *f = (struct fat *)io;

	io_source_close(f->src);
	free(f);
}

static const struct io_ops fat_ops = {
	.open = fat_open,
	.stat = fat_stat,
	.list = fat_list,
	.fsinfo = fat_fsinfo,
	.close = fat_close,
};

/* ---- the boot sector ---- */

static bool is_power_of_2(uint32_t v)
{
	return v && !(v & (v - 1));
}

static int parse_boot(struct fat *f, const unsigned char *b)
{
	uint32_t sector = get_le16(b + 11), per_cluster = b[13], reserved = get_le16(b + 14);
	uint32_t tables = b[16], root_entries = get_le16(b + 17), table_sectors = get_le16(b + 22);
	uint64_t total = get_le16(b + 19), root_sectors, first_data, entries, clusters;
	bool is_32 = table_sectors == 0;

	if (!total)
		total = get_le32(b + 32);
	if (is_32)
		table_sectors = get_le32(b + 36);
	if (!is_power_of_2(sector) || sector < 512 || sector > 4096 ||
	    !is_power_of_2(per_cluster) || !reserved || !tables || tables > 8 || !table_sectors)
		return -EMEDIUMTYPE;
	root_sectors = div_up((uint64_t)root_entries * ENTRY, sector);
	first_data = reserved + (uint64_t)tables * table_sectors + root_sectors;
	if (first_data >= total || (!is_32 && !root_entries))
		return -EMEDIUMTYPE;
	clusters = (total - first_data) / per_cluster;
	f->bits = is_32 ? 32 : clusters < 4085 ? 12 : 16;
	/* Numbers that the table has no entry for do not exist. */
	entries = (uint64_t)table_sectors * sector * 8 / f->bits;
	if (entries < 3)
		return -EMEDIUMTYPE;
	clusters = min_u64(clusters, entries - 2);
	f->clusters = (uint32_t)min_u64(clusters, 0x0ffffff5);
	f->cluster_bytes = sector * per_cluster;
	f->table_off = (uint64_t)reserved * sector;
	f->root_off = ((uint64_t)reserved + (uint64_t)tables * table_sectors) * sector;
	f->root_bytes = root_entries * ENTRY;
	f->data_off = first_data * sector;
	f->size_bytes = total * sector;
	if (is_32) {
		uint32_t info = get_le16(b + 48);

		f->root_cluster = get_le32(b + 44);
		f->info_off = info && info < reserved ? (uint64_t)info * sector : 0;
	}
	if (f->data_off > f->src->size_bytes)
		return -EBADMSG;
	return 0;
}

int io_fat_open(struct io_source *src, struct io **io, struct lm_error *err)
{
	unsigned char boot[512];
	struct fat *f;
	int ret;

	*io = NULL;
	if (src->size_bytes < sizeof(boot)) {
		io_source_close(src);
		return lm_fail(err, -EMEDIUMTYPE, NULL, NULL, "%s",
			       _("There is no FAT file system"));
	}
	ret = io_source_read(src, boot, sizeof(boot), 0, err);
	if (ret) {
		io_source_close(src);
		return ret;
	}
	f = calloc(1, sizeof(*f));
	if (!f) {
		io_source_close(src);
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Opening the file system failed"));
	}
	f->io.ops = &fat_ops;
	f->src = src;
	ret = parse_boot(f, boot);
	if (ret) {
		fat_close(&f->io);
		lm_fail(err, ret, NULL, NULL, "%s", _("Opening the FAT file system failed"));
		lm_because(err, ret == -EBADMSG ? _("it is cut off") :
						  _("its boot sector makes no sense"));
		return ret;
	}
	*io = &f->io;
	return 0;
}

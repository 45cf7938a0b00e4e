/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mountable.c - whether the kernel would mount a container
 *
 * Linux (5.10 to 6.12) looks at more than is needed to read the root image,
 * and refuses an image for good where it finds it wrong: tables lie one behind
 * the other without a gap, in the order fragments, export, owners, attributes,
 * each with an index whose entries ascend in steps of a metadata block at most;
 * the options of the compressor must be of its kind; the root is a directory
 * with an owner. An image that breaks these rules can still be read here, so
 * that what it holds can be saved.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/image/inside.h"

#define KERNEL_SECTOR 512u /* loop devices end with a whole one */
#define INDEX_STEP    (IMAGE_META_BYTES + 2)
#define XATTR_HEADER  16

/* Notes the first reason. */
static void mount_refused(struct image *img, const char *why, ...)
	__attribute__((format(printf, 2, 3)));
static void mount_refused(struct image *img, const char *why, ...)
{
	va_list args;

	if (!img->info.can_mount)
		return;
	img->info.can_mount = false;
	va_start(args, why);
	vsnprintf(img->info.why_no_mount, sizeof(img->info.why_no_mount), why, args);
	va_end(args);
}

/* A table with an index, as the kernel sees it. */
struct mount_table {
	const char *what;
	uint64_t index, len; /* place of the index, bytes of the table */
	uint64_t end;        /* of the blocks: where the index begins, or its header */
	uint64_t next;       /* what follows the index */
	bool exact;          /* follows at once; else somewhere behind */
};

/* *first: where the blocks of the table begin. */
static int mount_check_index(struct image *img, const struct mount_table *t, uint64_t *first,
			     struct lm_error *err)
{
	uint64_t n = div_up(t->len, IMAGE_META_BYTES), i, end, place, last = 0;
	unsigned char entry[8];
	int ret;

	if (add_overflows(t->index, n * 8, &end) || end > t->next || (t->exact && end != t->next)) {
		mount_refused(img, _("%s does not end where the next one begins"), t->what);
		return 0;
	}
	for (i = 0; i < n; i++) {
		ret = image_read(img, entry, sizeof(entry), t->index + 8 * i, err);
		if (ret)
			return ret;
		place = get_le64(entry);
		if (i == 0)
			*first = place;
		else if (place <= last || place - last > INDEX_STEP)
			break;
		last = place;
	}
	if (i < n || last >= t->end || t->end - last > INDEX_STEP)
		mount_refused(img, _("%s points to a wrong place"), t->what);
	return 0;
}

/* *next: where names and values of attributes begin. */
static int mount_check_xattrs(struct image *img, uint64_t *next, struct lm_error *err)
{
	const struct image_super *sb = &img->sb;
	struct mount_table t = {.what = _("the table of attributes"), .exact = true};
	unsigned char head[XATTR_HEADER];
	uint64_t first = 0;
	int ret;

	ret = image_read(img, head, sizeof(head), sb->xattr_start, err);
	if (ret)
		return ret;
	*next = get_le64(head);
	/* The index lies behind the header, the blocks before it. */
	t.end = sb->xattr_start;
	t.index = t.end + XATTR_HEADER;
	t.len = get_le32(head + 8) * UINT64_C(16);
	t.next = sb->bytes_used;
	if (!t.len || *next >= sb->xattr_start) {
		mount_refused(img, _("%s has a wrong header"), t.what);
		return 0;
	}
	ret = mount_check_index(img, &t, &first, err);
	if (!ret && (*next >= first || first >= sb->xattr_start))
		mount_refused(img, _("%s points to a wrong place"), t.what);
	return ret;
}

/* Backwards, as the kernel goes: the end of each table is the beginning of the next one. */
static int mount_check_tables(struct image *img, struct lm_error *err)
{
	const struct image_super *sb = &img->sb;
	struct mount_table tables[] = {
		{.what = _("the table of owners"),
		 .index = sb->id_start,
		 .len = sb->ids * UINT64_C(4),
		 .exact = true},
		{.what = _("the table of inodes"),
		 .index = sb->export_start,
		 .len = sb->inodes * UINT64_C(8),
		 .exact = true},
		{.what = _("the table of fragments"),
		 .index = sb->frag_start,
		 .len = sb->fragments * UINT64_C(16)},
	};
	uint64_t next = sb->bytes_used;
	size_t i;
	int ret = 0;

	if (sb->xattr_start != IMAGE_NOWHERE)
		ret = mount_check_xattrs(img, &next, err);
	for (i = 0; i < sizeof(tables) / sizeof(tables[0]) && !ret && img->info.can_mount; i++) {
		struct mount_table *t = &tables[i];

		/* These two need not be there. */
		if ((i == 1 && t->index == IMAGE_NOWHERE) || (i == 2 && !t->len))
			continue;
		t->end = t->index;
		t->next = next;
		if (t->len)
			ret = mount_check_index(img, t, &next, err);
		else
			mount_refused(img, _("%s is empty"), t->what);
	}
	if (!ret && sb->dir_start >= next)
		mount_refused(img, "%s", _("its tables are not in order"));
	return ret;
}

/* A power of two, or three times one. */
static bool is_dictionary(uint32_t bytes)
{
	uint32_t low = bytes & (~bytes + 1);

	return bytes && bytes <= INT32_MAX && (bytes == low || bytes == 3 * low);
}

static void mount_check_options(struct image *img)
{
	const char *why = NULL;

	switch (img->sb.compression) {
	case IMAGE_XZ:
		if (img->options_len &&
		    (img->options_len < 8 || !is_dictionary(get_le32(img->options))))
			why = _("the options of its compressor make no sense");
		break;
	case IMAGE_LZ4:
		if (img->options_len < 8 || get_le32(img->options) != 1)
			why = _("the options of its compressor make no sense");
		break;
	case IMAGE_LZMA:
		/*
		 * Kernels with patches of their own took it. But where the tables are not
		 * compressed nothing shows that it is lzma but this number.
		 */
		if (img->sb.flags & IMAGE_F_RAW_INODES)
			why = _("it is said to be compressed with lzma, which the kernel does not "
				"know");
		break;
	default:
		break;
	}
	if (why)
		mount_refused(img, "%s", why);
}

int image_mount_check(struct image *img, struct lm_error *err)
{
	img->info.can_mount = true;
	if (img->sb.bytes_used > img->file_bytes - img->file_bytes % KERNEL_SECTOR)
		mount_refused(img, "%s", _("its last sector is not complete"));
	mount_check_options(img);
	return mount_check_tables(img, err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* open.c - opening a container and finding the root image in it */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/image/inside.h"

/* What image builders called it, the usual place first. */
static const char *const root_names[] = {
	"LiveOS/rootfs.img", "LiveOS/ext3fs.img", "os.img", "ext3fs.img", "rootfs.img",
};

int image_bad(const struct image *img, struct lm_error *err, const char *why, ...)
{
	char text[sizeof(err->why)];
	va_list args;

	va_start(args, why);
	vsnprintf(text, sizeof(text), why, args);
	va_end(args);
	lm_fail(err, -EBADMSG, img->name, NULL, "%s", _("This SquashFS image is damaged"));
	lm_because(err, "%s", text);
	return -EBADMSG;
}

int image_no_memory(const struct image *img, struct lm_error *err)
{
	return lm_fail(err, -ENOMEM, img->name, NULL, "%s", _("Reading the SquashFS image failed"));
}

int image_read(const struct image *img, void *buf, size_t len, uint64_t off, struct lm_error *err)
{
	int ret = io_read_full(img->file, buf, len, off);

	if (ret == -ENODATA)
		return image_bad(img, err, _("it ends before byte %" PRIu64), off + len);
	if (ret)
		return lm_fail(err, ret, img->name, NULL,
			       _("Reading the SquashFS image failed at byte %" PRIu64), off);
	return 0;
}

static int load_fragments(struct image *img, struct image_codec *codec, struct lm_error *err)
{
	unsigned char *raw = NULL;
	uint32_t i;
	int ret;

	if (!img->sb.fragments)
		return 0;
	ret = image_table_load(img, codec, img->sb.frag_start, img->sb.fragments * UINT64_C(16),
			       _("the table of fragments"), &raw, err);
	if (ret)
		return ret;
	img->fragments = calloc(img->sb.fragments, sizeof(*img->fragments));
	if (!img->fragments) {
		free(raw);
		return image_no_memory(img, err);
	}
	for (i = 0; i < img->sb.fragments; i++) {
		struct image_fragment *f = &img->fragments[i];
		uint32_t size;

		f->start = get_le64(raw + 16 * (size_t)i);
		f->word = get_le32(raw + 16 * (size_t)i + 8);
		size = image_word_bytes(f->word);
		if (f->word & ~(2 * IMAGE_RAW - 1) || !size || size > img->sb.block_bytes ||
		    f->start < IMAGE_SUPER_BYTES || f->start > img->sb.inode_start ||
		    size > img->sb.inode_start - f->start) {
			free(raw);
			return image_bad(img, err, _("fragment %" PRIu32 " makes no sense"), i);
		}
	}
	free(raw);
	return 0;
}

static uint64_t tables_end(const struct image_super *sb)
{
	uint64_t end = sb->id_start;

	if (sb->fragments)
		end = min_u64(end, sb->frag_start);
	return min_u64(end, sb->export_start);
}

/* The listings end where the metadata blocks of the next table begin. */
static int dirs_end(const struct image *img, uint64_t *end, struct lm_error *err)
{
	unsigned char first[8];
	int ret = image_read(img, first, sizeof(first), tables_end(&img->sb), err);

	if (ret)
		return ret;
	*end = get_le64(first);
	if (*end < img->sb.dir_start || *end > tables_end(&img->sb))
		return image_bad(img, err, _("its tables are not in order"));
	return 0;
}

/* Checks each block of the root image, and notes where every so many of them are. */
static int map_root(struct image *img, struct lm_error *err)
{
	struct image_root *root = &img->root;
	uint64_t i, at = 0;
	int ret = image_file_stored(img, &root->inode, &root->stored, err);

	if (ret)
		return ret;
	root->list = img->inodes.data + root->inode.list_at;
	root->offsets =
		calloc((size_t)(root->inode.blocks / IMAGE_STEP) + 1, sizeof(*root->offsets));
	if (!root->offsets)
		return image_no_memory(img, err);
	for (i = 0; i < root->inode.blocks; i++) {
		if (i % IMAGE_STEP == 0)
			root->offsets[i / IMAGE_STEP] = at;
		at += image_word_bytes(image_root_word(img, i));
	}
	img->info.root_bytes = root->inode.bytes;
	img->info.root_blocks = div_up(root->inode.bytes, img->sb.block_bytes);
	root->tail_in_fragment = root->inode.blocks < img->info.root_blocks;
	img->info.root_stored_bytes = root->stored;
	img->info.other_bytes = img->sb.bytes_used - root->stored;
	return 0;
}

static int find_root(struct image *img, struct lm_error *err)
{
	struct image_inode inode;
	size_t i;
	int ret;

	for (i = 0; i < sizeof(root_names) / sizeof(root_names[0]); i++) {
		ret = image_find_path(img, root_names[i], &inode, err);
		if (ret == -ENOENT)
			continue;
		if (ret)
			return ret;
		if (inode.type != IMAGE_REG && inode.type != IMAGE_LREG)
			continue;
		img->root.inode = inode;
		snprintf(img->info.root_path, sizeof(img->info.root_path), "%s", root_names[i]);
		return map_root(img, err);
	}
	return 0;
}

static void refuse(struct image *img, const char *why)
{
	snprintf(img->info.why_not, sizeof(img->info.why_not), "%s", why);
}

static bool meets_root(const struct image *img, uint64_t start, uint64_t len)
{
	uint64_t first = img->root.inode.start, end = first + img->root.stored;

	return img->root.stored && len && start < end && first < start + len;
}

/* Whether the writer takes this layout; if not, why. */
static int judge(struct image *img, struct lm_error *err)
{
	const struct image_root *root = &img->root;
	struct image_codec *codec;
	struct image_inode inode;
	uint64_t at, stored;
	uint32_t i;
	int ret;

	ret = image_codec_new(img, IMAGE_ENCODE, &codec, NULL);
	if (ret == -ENOMEM)
		return image_no_memory(img, err);
	if (ret) {
		refuse(img, _("libsquashfs does not know the options of its compressor"));
		return 0;
	}
	image_codec_free(codec);
	for (at = 0; at < img->inodes.len; at += inode.len) {
		ret = image_inode_at(img, at, &inode, err);
		if (ret)
			return ret;
		if ((inode.type != IMAGE_REG && inode.type != IMAGE_LREG) ||
		    inode.at == root->inode.at)
			continue;
		ret = image_file_stored(img, &inode, &stored, err);
		if (ret)
			return ret;
		if (meets_root(img, inode.start, stored)) {
			refuse(img, _("another file shares blocks with the root image"));
			return 0;
		}
		if (root->tail_in_fragment && stored &&
		    inode.start <
			    img->fragments[root->inode.fragment].start +
				    image_word_bytes(img->fragments[root->inode.fragment].word) &&
		    inode.start + stored > img->fragments[root->inode.fragment].start) {
			refuse(img, _("another file shares blocks with the root image"));
			return 0;
		}
	}
	for (i = 0; i < img->sb.fragments; i++) {
		const struct image_fragment *f = &img->fragments[i];

		if (meets_root(img, f->start, image_word_bytes(f->word))) {
			refuse(img, _("another file shares blocks with the root image"));
			return 0;
		}
	}
	/* The root image comes last; a short inode gives its place in 32 bits. */
	if (root->inode.type == IMAGE_REG &&
	    img->sb.inode_start - root->stored > UINT32_MAX - img->sb.block_bytes) {
		refuse(img, _("more than 4 GiB of other files are in it"));
		return 0;
	}
	img->info.can_rewrite = true;
	return 0;
}

static int find_xattrs(struct image *img, struct lm_error *err)
{
	const struct image_super *sb = &img->sb;
	unsigned char head[16];
	int ret;

	img->xattr_kv = IMAGE_NOWHERE;
	if (sb->xattr_start == IMAGE_NOWHERE)
		return 0;
	ret = image_read(img, head, sizeof(head), sb->xattr_start, err);
	if (ret)
		return ret;
	img->xattr_kv = get_le64(head);
	if (img->xattr_kv < sb->id_start + div_up(sb->ids * UINT64_C(4), IMAGE_META_BYTES) * 8 ||
	    img->xattr_kv > sb->xattr_start ||
	    div_up(get_le32(head + 8) * UINT64_C(16), IMAGE_META_BYTES) * 8 >
		    sb->bytes_used - sb->xattr_start - sizeof(head))
		return image_bad(img, err, _("its table of attributes makes no sense"));
	return 0;
}

static int load(struct image *img, struct lm_error *err)
{
	struct image_codec *codec;
	uint64_t end;
	int ret;

	ret = image_super_read(img, err);
	if (!ret)
		ret = image_mount_check(img, err);
	if (ret)
		return ret;
	ret = image_codec_new(img, IMAGE_DECODE, &codec, NULL);
	if (ret == -EOPNOTSUPP) {
		snprintf(img->info.why_not, sizeof(img->info.why_not),
			 _("it is compressed with %s, which livemend cannot read"),
			 img->info.compression);
		return 0;
	}
	if (ret)
		return image_no_memory(img, err);
	img->info.can_read = true;
	ret = image_meta_load(img, codec, img->sb.inode_start, img->sb.dir_start,
			      _("the inode table"), &img->inodes, err);
	if (!ret)
		ret = dirs_end(img, &end, err);
	if (!ret)
		ret = image_meta_load(img, codec, img->sb.dir_start, end, _("the directory table"),
				      &img->dirs, err);
	if (!ret)
		ret = load_fragments(img, codec, err);
	if (!ret)
		ret = find_xattrs(img, err);
	image_codec_free(codec);
	if (!ret)
		ret = find_root(img, err);
	if (ret)
		return ret;
	if (img->info.root_path[0])
		return judge(img, err);
	img->info.other_bytes = img->sb.bytes_used;
	refuse(img, _("there is no root image in it"));
	return 0;
}

int image_open(struct io_file *file, const char *name, struct image **image, struct lm_error *err)
{
	struct image *img = calloc(1, sizeof(*img));
	int ret;

	*image = NULL;
	if (img)
		img->name = strdup(name);
	if (!img || !img->name) {
		free(img);
		return lm_fail(err, -ENOMEM, name, NULL, _("Opening the SquashFS image failed"));
	}
	img->file = file;
	ret = load(img, err);
	if (ret) {
		image_close(img);
		return ret;
	}
	*image = img;
	return 0;
}

void image_close(struct image *image)
{
	if (!image)
		return;
	image_meta_free(&image->inodes);
	image_meta_free(&image->dirs);
	free(image->fragments);
	free(image->root.offsets);
	free(image->name);
	free(image);
}

const struct image_info *image_info(const struct image *image)
{
	return &image->info;
}

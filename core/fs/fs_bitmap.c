/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which bytes are in use: the block bitmap, kept flat, one bit a cluster. */
#include "core/fs/fs_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"

/* Clusters fetched from libext2fs at once; a multiple of 8. */
#define FETCH (UINT64_C(1) << 20)

static int fetch_bits(struct fs *fs, uint64_t first, struct lm_error *err)
{
	uint64_t bit;

	for (bit = 0; bit < fs->clusters; bit += FETCH) {
		errcode_t code = ext2fs_get_block_bitmap_range2(
			fs->ext->block_map, first + bit, (size_t)min_u64(FETCH, fs->clusters - bit),
			fs->used + bit / 8);

		if (code)
			return fs_ext_fail(err, &fs->channel, code, NULL, NULL,
					   _("Reading the root file system's block bitmap failed"));
	}
	return 0;
}

/* Once it was unmounted cleanly, bitmap and descriptors say the same. */
static int check_counts(const struct fs *fs, struct lm_error *err)
{
	uint64_t free_clusters = 0, bit;

	if (fs->info.state != LM_FS_CLEAN)
		return 0;
	for (bit = 0; bit < fs->clusters; bit++)
		free_clusters += !fs_bit(fs->used, bit);
	if (free_clusters == fs->free_clusters)
		return 0;
	lm_fail(err, -EUCLEAN, NULL,
		_("Let e2fsck repair the file system; merge does so first."), "%s",
		_("Reading the root file system's block bitmap failed"));
	lm_because(err, _("it and the group descriptors disagree on how many blocks are free"));
	return -EUCLEAN;
}

void fs_bitmap_shape(struct fs *fs)
{
	uint64_t first = EXT2FS_B2C(fs->ext, fs->ext->super->s_first_data_block);

	fs->clusters = EXT2FS_B2C(fs->ext, fs->info.blocks - 1) - first + 1;
	fs->cluster_bytes = (uint64_t)EXT2FS_CLUSTER_RATIO(fs->ext) * fs->info.block_bytes;
	fs->data_start = first * fs->cluster_bytes;
}

int fs_load_bitmap(struct fs *fs, struct lm_error *err)
{
	errcode_t code;
	int r;

	if (fs->used)
		return 0;
	if (!fs->info.readable) {
		lm_fail(err, -EMEDIUMTYPE, NULL, NULL, "%s",
			_("The root file system cannot be read"));
		if (fs->info.trouble[0])
			lm_because(err, "%s", fs->info.trouble);
		return -EMEDIUMTYPE;
	}
	code = ext2fs_read_block_bitmap(fs->ext);
	if (code)
		return fs_ext_fail(err, &fs->channel, code, NULL,
				   _("Let e2fsck repair the file system; merge does so first."),
				   _("Reading the root file system's block bitmap failed"));
	fs_bitmap_shape(fs);
	fs->used = calloc(1, (size_t)(div_up(fs->clusters, 8)));
	if (!fs->used)
		r = lm_fail(err, -ENOMEM, NULL, NULL, "%s",
			    _("Reading the root file system's block bitmap failed"));
	else
		r = fetch_bits(fs, fs->data_start / fs->cluster_bytes, err);
	if (r == 0)
		r = check_counts(fs, err);
	if (r < 0) {
		free(fs->used);
		fs->used = NULL;
	}
	ext2fs_free_block_bitmap(fs->ext->block_map);
	fs->ext->block_map = NULL;
	return r;
}

/* Free from off on: how many bytes, at most len. 0 when the byte at off is in use. */
static uint64_t free_run(const struct fs *fs, uint64_t off, uint64_t len)
{
	uint64_t bit, end, stop;

	if (!fs->used || off < fs->data_start || off >= fs->info.size_bytes)
		return 0;
	bit = (off - fs->data_start) / fs->cluster_bytes;
	stop = fs->data_start + bit * fs->cluster_bytes;
	end = min_u64(len > UINT64_MAX - off ? UINT64_MAX : off + len, fs->info.size_bytes);
	while (stop < end && !fs_bit(fs->used, bit)) {
		bit++;
		stop += fs->cluster_bytes;
	}
	return stop <= off ? 0 : min_u64(stop, end) - off;
}

bool fs_range_used(const struct fs *fs, uint64_t off, uint64_t len)
{
	return len > 0 && free_run(fs, off, len) < len;
}

void fs_zero_free(const struct fs *fs, uint64_t off, void *buf, size_t len)
{
	size_t at = 0;

	if (fs->info.state != LM_FS_CLEAN || !fs->used)
		return;
	while (at < len) {
		uint64_t here = off + at, run = free_run(fs, here, len - at), step;

		if (run > 0) {
			memset((char *)buf + at, 0, (size_t)run);
			at += (size_t)run;
			continue;
		}
		/* On to the next cluster; clusters lie at multiples of their size. */
		step = fs->cluster_bytes - here % fs->cluster_bytes;
		at += (size_t)min_u64(step, len - at);
	}
}

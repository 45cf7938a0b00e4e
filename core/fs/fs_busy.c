/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/fs/fs_busy.h"

#include <errno.h>
#include <linux/fsmap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/fs/fs_journal.h"
#include "core/fs/fs_mounted.h"
#include "core/i18n.h"

static int busy_no_memory(struct lm_error *err)
{
	return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Reading the root file system failed"));
}

int fs_busy_prepare(struct fs *fs, bool current, struct lm_error *err)
{
	struct fs_channel channel = {.src = fs->channel.src};
	struct lm_error e = {0};
	ext2_filsys ext;
	int ret;

	if (current || fs_ext_open(&channel, EXT2_FLAG_IGNORE_CSUM_ERRORS, &ext))
		return 0;
	ret = fs_journal_open(ext, fs->channel.src, &fs->busy->replayed, &e);
	ext2fs_free(ext);
	if (ret == -ENOMEM)
		return busy_no_memory(err);
	/* What else fails here fails again where the rest is read. */
	if (fs->busy->replayed)
		fs->channel.src = fs->busy->replayed;
	return 0;
}

struct take_map {
	const struct fs *fs;
	unsigned char *used, *own;
};

/* What the kernel does not speak of counts as used; of clusters only whole ones are free. */
static int busy_take_map(void *arg, uint64_t owner, uint64_t off, uint64_t len)
{
	struct take_map *t = arg;
	const struct fs *fs = t->fs;
	bool is_free = owner == FMR_OWN_FREE;
	uint64_t end, first, last;

	if (owner == FMR_OWN_UNKNOWN || add_overflows(off, len, &end))
		return 0;
	end = min_u64(end, fs->data_start + fs->clusters * fs->cluster_bytes);
	off = max_u64(off, fs->data_start);
	if (off >= end)
		return 0;
	first = off - fs->data_start;
	last = end - fs->data_start;
	first = is_free ? div_up(first, fs->cluster_bytes) : first / fs->cluster_bytes;
	/* The file system may end within a cluster. */
	if (is_free && end < fs->info.size_bytes)
		last = last / fs->cluster_bytes;
	else
		last = div_up(last, fs->cluster_bytes);
	for (; first < last; first++) {
		if (is_free)
			t->used[first >> 3] =
				(unsigned char)(t->used[first >> 3] & ~(1u << (first & 7)));
		else if (t->own)
			fs_set_bit(t->own, first);
	}
	return 0;
}

static int busy_map(const struct fs *fs, unsigned char *used, unsigned char *own)
{
	struct take_map t = {.fs = fs, .used = used, .own = own};

	memset(used, 0xff, (size_t)div_up(fs->clusters, 8));
	return fs_mounted_map(fs->busy->top, busy_take_map, &t);
}

static void busy_figures(struct fs *fs)
{
	struct fs_info *info = &fs->info;
	struct statfs st;

	if (fstatfs(fs->busy->top, &st) < 0 || (uint64_t)st.f_bsize != info->block_bytes)
		return;
	info->blocks_free = min_u64(st.f_bfree, info->blocks);
	info->blocks_avail = min_u64(st.f_bavail, info->blocks_free);
	info->inodes = st.f_files;
	info->inodes_free = min_u64(st.f_ffree, info->inodes);
}

int fs_busy_ask(struct fs *fs, struct lm_error *err)
{
	struct fs_busy *b = fs->busy;
	unsigned char *used, *own;
	size_t bytes;
	int ret;

	/* Nothing is left out, and nothing taken for granted, on the word of what is changing. */
	if (fs->info.state == LM_FS_CLEAN)
		fs->info.state = LM_FS_DIRTY;
	if (b->top < 0)
		return 0;
	fs_bitmap_shape(fs);
	bytes = (size_t)div_up(fs->clusters, 8);
	used = calloc(1, bytes);
	own = calloc(1, bytes);
	ret = used && own ? busy_map(fs, used, own) : -ENOMEM;
	if (ret == 0) {
		busy_figures(fs);
		b->asked = true;
		b->own = own;
		fs->used = used;
		return 0;
	}
	free(used);
	free(own);
	return ret == -ENOMEM ? busy_no_memory(err) : 0;
}

unsigned char *fs_busy_used_now(const struct fs *fs)
{
	unsigned char *used = calloc(1, (size_t)div_up(fs->clusters, 8));

	if (used && busy_map(fs, used, NULL) == 0)
		return used;
	free(used);
	return NULL;
}

void fs_busy_free(struct fs_busy *busy)
{
	if (!busy)
		return;
	io_source_close(busy->replayed);
	free(busy->own);
	free(busy);
}

enum fs_exact fs_exactness(const struct fs *fs)
{
	if (!fs->busy)
		return FS_EXACT;
	if (!fs->busy->asked)
		return FS_EXACT_NOT;
	return fs_mounted_may_walk() ? FS_EXACT : FS_EXACT_FREE;
}

bool fs_is_busy(const struct fs *fs)
{
	return fs->busy != NULL;
}

bool fs_busy_settled(struct fs *fs)
{
	if (!fs->busy || fs->busy->asked || !fs->busy->replayed || !fs->info.readable)
		return true;
	return fs_load_bitmap(fs, NULL) == 0 && fs_journal_settled(fs->busy->replayed);
}

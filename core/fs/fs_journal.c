/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/fs/fs_journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/i18n.h"

#define JBD_MAGIC      0xc03b3998u
#define JBD_DESCRIPTOR 1u
#define JBD_COMMIT     2u
#define JBD_SUPER_V1   3u
#define JBD_SUPER_V2   4u
#define JBD_REVOKE     5u

#define JBD_64BIT       0x02u
#define JBD_CSUM_V2     0x08u
#define JBD_CSUM_V3     0x10u
#define JBD_FAST_COMMIT 0x20u
/* Blocks at the end that are none of the ring, where the superblock does not say how many. */
#define JBD_FAST_BLOCKS 256u

#define TAG_ESCAPE    1u
#define TAG_SAME_UUID 2u
#define TAG_LAST      8u

/* A journal is a few hundredths of its file system; beyond that it is left alone. */
#define MOST_BYTES (256u << 20)
/* While it is read its beginning may be written over: then it is read again. */
#define TRIES 5

/* A block that the journal has a copy of: the last one, or that it is not to be used. */
struct jbd_copy {
	uint64_t block; /* of the file system */
	uint32_t order; /* transactions, counted from the first one on */
	uint32_t serial;
	uint32_t at; /* place in the journal, in blocks */
	bool revoked, escaped;
	unsigned char *data;
};

struct jbd {
	struct io_source source;
	struct io_source *below;
	uint64_t *map; /* where the blocks of the journal lie */
	uint32_t n_map;
	uint32_t block_bytes, first, last, incompat;
	uint32_t start, sequence; /* as its superblock has them */
	uint32_t head, next;     /* behind the last whole transaction, and the number of the next */
	struct jbd_copy *copies; /* then sorted by block, one for each */
	size_t n_copies, cap;
	size_t n_whole; /* those of transactions that are whole */
	unsigned char *data, *block;
};

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t be16(const unsigned char *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static int jbd_read(struct jbd *j, uint32_t at, unsigned char *to, struct lm_error *err)
{
	return io_source_read(j->below, to, j->block_bytes, j->map[at] * j->block_bytes, err);
}

static uint32_t jbd_after(const struct jbd *j, uint32_t at, uint32_t count)
{
	/* count < last - first */
	return at + count < j->last ? at + count : at + count - (j->last - j->first);
}

/* 1: it is one that can be replayed; 0: not; or the error. */
static int jbd_super(struct jbd *j, struct lm_error *err)
{
	unsigned char *sb = j->block;
	uint32_t type, length, fast = 0;
	int ret = jbd_read(j, 0, sb, err);

	if (ret < 0)
		return ret;
	type = be32(sb + 4);
	length = be32(sb + 0x10);
	if (be32(sb) != JBD_MAGIC || (type != JBD_SUPER_V1 && type != JBD_SUPER_V2) ||
	    be32(sb + 0x0c) != j->block_bytes || length > j->n_map)
		return 0;
	j->incompat = type == JBD_SUPER_V2 ? be32(sb + 0x28) : 0;
	if (j->incompat & JBD_FAST_COMMIT)
		fast = be32(sb + 0x54) ? be32(sb + 0x54) : JBD_FAST_BLOCKS;
	j->first = be32(sb + 0x14);
	j->last = length > fast ? length - fast : 0;
	j->sequence = be32(sb + 0x18);
	j->start = be32(sb + 0x1c);
	return j->first > 0 && j->last > j->first + 1 &&
	       (j->start == 0 || (j->start >= j->first && j->start < j->last));
}

static int jbd_note(struct jbd *j, uint64_t block, uint32_t order, uint32_t at, bool revoked,
		    bool escaped)
{
	if (j->n_copies == j->cap) {
		size_t cap = j->cap ? 2 * j->cap : 1024;
		struct jbd_copy *copies = reallocarray(j->copies, cap, sizeof(*copies));

		if (!copies)
			return -ENOMEM;
		j->copies = copies;
		j->cap = cap;
	}
	j->copies[j->n_copies] = (struct jbd_copy){
		.block = block,
		.order = order,
		.serial = (uint32_t)j->n_copies,
		.at = at,
		.revoked = revoked,
		.escaped = escaped,
	};
	j->n_copies++;
	return 0;
}

static uint32_t jbd_tag_bytes(const struct jbd *j)
{
	if (j->incompat & JBD_CSUM_V3)
		return 16;
	return 8 + (j->incompat & JBD_64BIT ? 4u : 0u) + (j->incompat & JBD_CSUM_V2 ? 2u : 0u);
}

/* What a descriptor in j->block speaks of. *count: the blocks that follow it. */
static int jbd_descriptor(struct jbd *j, uint32_t at, uint32_t order, uint32_t *count)
{
	uint32_t tag = jbd_tag_bytes(j), off = 12, end = j->block_bytes, flags;
	int ret = 0;

	*count = 0;
	if (j->incompat & (JBD_CSUM_V2 | JBD_CSUM_V3))
		end -= 4;
	while (ret == 0 && end - off >= tag) {
		const unsigned char *p = j->block + off;
		uint64_t block = be32(p);

		if (j->incompat & JBD_CSUM_V3) {
			flags = be32(p + 4);
			block |= j->incompat & JBD_64BIT ? (uint64_t)be32(p + 8) << 32 : 0;
		} else {
			flags = be16(p + 6);
			block |= j->incompat & JBD_64BIT ? (uint64_t)be32(p + 8) << 32 : 0;
		}
		/* No transaction is as long as the journal. */
		if (++*count >= j->last - j->first)
			return 0;
		ret = jbd_note(j, block, order, jbd_after(j, at, *count), false,
			       flags & TAG_ESCAPE);
		off += tag;
		if (flags & TAG_LAST)
			break;
		if (!(flags & TAG_SAME_UUID)) {
			if (end - off < 16)
				break;
			off += 16;
		}
	}
	return ret;
}

static int jbd_revoke(struct jbd *j, uint32_t order)
{
	uint32_t bytes = j->incompat & JBD_64BIT ? 8 : 4, off = 16, end = be32(j->block + 12);
	int ret = 0;

	if (end > j->block_bytes)
		end = j->block_bytes;
	for (; ret == 0 && off + bytes <= end; off += bytes) {
		const unsigned char *p = j->block + off;
		uint64_t block = bytes == 8 ? (uint64_t)be32(p) << 32 | be32(p + 4) : be32(p);

		ret = jbd_note(j, block, order, 0, true, false);
	}
	return ret;
}

/* All transactions from the first on, up to the last whole one. */
static int jbd_scan(struct jbd *j, struct lm_error *err)
{
	uint32_t at = j->start, order = 0, passed = 0, count;
	int ret = 0;

	j->n_copies = j->n_whole = 0;
	j->head = at;
	j->next = j->sequence;
	while (ret == 0 && at != 0 && passed < j->last - j->first) {
		ret = jbd_read(j, at, j->block, err);
		if (ret < 0 || be32(j->block) != JBD_MAGIC || be32(j->block + 8) != j->next)
			break;
		count = 0;
		switch (be32(j->block + 4)) {
		case JBD_DESCRIPTOR:
			ret = jbd_descriptor(j, at, order, &count);
			break;
		case JBD_REVOKE:
			ret = jbd_revoke(j, order);
			break;
		case JBD_COMMIT:
			order++;
			j->next++;
			break;
		default:
			return 0;
		}
		if (ret < 0)
			return lm_fail(err, ret, NULL, NULL, "%s",
				       _("Reading the root file system's journal failed"));
		if (count >= j->last - j->first)
			break;
		passed += count + 1;
		at = jbd_after(j, jbd_after(j, at, count), 1);
		if (be32(j->block + 4) == JBD_COMMIT) {
			j->head = at;
			j->n_whole = j->n_copies;
		}
	}
	return ret;
}

/* By block; of one block the latest first, what revokes it before what it revokes. */
static int jbd_by_block(const void *a, const void *b)
{
	const struct jbd_copy *x = a, *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	if (x->order != y->order)
		return x->order > y->order ? -1 : 1;
	if (x->revoked != y->revoked)
		return x->revoked ? -1 : 1;
	/* Twice in one transaction: the one that was written last. */
	return x->serial > y->serial ? -1 : 1;
}

/* Leaves of each block the one that counts, if there is one. */
static void jbd_choose(struct jbd *j)
{
	uint64_t blocks = j->below->size_bytes / j->block_bytes;
	size_t i, n = 0;

	j->n_copies = j->n_whole;
	if (j->n_copies > 0)
		qsort(j->copies, j->n_copies, sizeof(*j->copies), jbd_by_block);
	for (i = 0; i < j->n_copies; i++) {
		if (i > 0 && j->copies[i].block == j->copies[i - 1].block)
			continue;
		/* The place is overwritten further down at the earliest. */
		j->copies[n++] = j->copies[i];
	}
	j->n_copies = n;
	for (i = n = 0; i < j->n_copies; i++)
		if (!j->copies[i].revoked && j->copies[i].block < blocks)
			j->copies[n++] = j->copies[i];
	j->n_copies = n;
}

static int jbd_fetch(struct jbd *j, struct lm_error *err)
{
	size_t i;
	int ret = 0;

	free(j->data);
	j->data = NULL;
	if (j->n_copies == 0)
		return 0;
	if (j->n_copies > MOST_BYTES / j->block_bytes)
		return -EFBIG;
	j->data = malloc(j->n_copies * j->block_bytes);
	if (!j->data)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s",
			       _("Reading the root file system's journal failed"));
	for (i = 0; i < j->n_copies && ret == 0; i++) {
		struct jbd_copy *c = &j->copies[i];

		c->data = j->data + i * j->block_bytes;
		ret = jbd_read(j, c->at, c->data, err);
		/* It looked like a part of the journal, and was changed on that account. */
		if (ret == 0 && c->escaped)
			memcpy(c->data, "\xc0\x3b\x39\x98", 4);
	}
	return ret;
}

/* 1: done; 0: this journal is left alone. */
static int jbd_load(struct jbd *j, struct lm_error *err)
{
	uint32_t start = 0, sequence = 0;
	unsigned tries;
	int ret;

	ret = jbd_super(j, err);
	for (tries = 0; ret == 1 && tries < TRIES; tries++) {
		start = j->start;
		sequence = j->sequence;
		ret = jbd_scan(j, err);
		if (ret < 0)
			return ret;
		jbd_choose(j);
		ret = jbd_fetch(j, err);
		if (ret == -EFBIG)
			return 0;
		if (ret == 0)
			ret = jbd_super(j, err);
		/* As long as its beginning stays, nothing behind it is written over. */
		if (ret == 1 && j->start == start && j->sequence == sequence)
			return 1;
	}
	/* Of what could not be read in one piece fs_journal_settled() is to say so. */
	if (ret == 1) {
		j->start = start;
		j->sequence = sequence;
	}
	return ret;
}

/* ---- the source ---- */

static struct jbd *jbd_of(struct io_source *src)
{
	return (struct jbd *)src;
}

static size_t jbd_from(const struct jbd *j, uint64_t block)
{
	size_t low = 0, high = j->n_copies;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (j->copies[mid].block < block)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int journal_read(struct io_source *src, void *buf, size_t len, uint64_t off,
			struct lm_error *err)
{
	struct jbd *j = jbd_of(src);
	uint64_t end = off + len;
	size_t i;
	int ret;

	ret = io_source_read(j->below, buf, len, off, err);
	if (ret < 0 || len == 0)
		return ret;
	for (i = jbd_from(j, off / j->block_bytes);
	     i < j->n_copies && j->copies[i].block * j->block_bytes < end; i++) {
		uint64_t at = j->copies[i].block * j->block_bytes, from = max_u64(at, off);
		uint64_t until = min_u64(at + j->block_bytes, end);

		memcpy((unsigned char *)buf + (from - off), j->copies[i].data + (from - at),
		       (size_t)(until - from));
	}
	return 0;
}

static void journal_close(struct io_source *src)
{
	struct jbd *j = jbd_of(src);

	free(j->map);
	free(j->copies);
	free(j->data);
	free(j->block);
	free(j);
}

static const struct io_source_ops journal_ops = {.read = journal_read, .close = journal_close};

struct jbd_gather {
	struct jbd *j;
	uint64_t most, blocks;
	bool no_memory, wrong;
};

static int jbd_take_block(ext2_filsys ext, blk64_t *block, e2_blkcnt_t count, blk64_t ref,
			  int offset, void *arg)
{
	struct jbd_gather *g = arg;
	struct jbd *j = g->j;

	(void)ext;
	(void)ref;
	(void)offset;
	/* It has no holes. */
	if (count != (e2_blkcnt_t)j->n_map || *block >= g->blocks || j->n_map >= g->most) {
		g->wrong = true;
		return BLOCK_ABORT;
	}
	if ((j->n_map & (j->n_map - 1)) == 0) {
		size_t cap = j->n_map ? 2 * (size_t)j->n_map : 1;
		uint64_t *map = reallocarray(j->map, cap, sizeof(*map));

		if (!map) {
			g->no_memory = true;
			return BLOCK_ABORT;
		}
		j->map = map;
	}
	j->map[j->n_map++] = *block;
	return 0;
}

/* Where it lies: that never changes. 1: known; 0: not. */
static int jbd_find(struct jbd *j, ext2_filsys ext)
{
	struct jbd_gather g = {.j = j};
	ext2_ino_t ino = ext->super->s_journal_inum;

	g.blocks = ext2fs_blocks_count(ext->super);
	g.most = min_u64(g.blocks, INT32_MAX);
	if (!ext2fs_has_feature_journal(ext->super) || ino == 0 || ext->super->s_journal_dev != 0)
		return 0;
	if (ext2fs_block_iterate3(ext, ino, BLOCK_FLAG_DATA_ONLY | BLOCK_FLAG_READ_ONLY, NULL,
				  jbd_take_block, &g))
		g.wrong = true;
	return g.no_memory ? -ENOMEM : !g.wrong && j->n_map > 2;
}

int fs_journal_open(ext2_filsys ext, struct io_source *src, struct io_source **out,
		    struct lm_error *err)
{
	struct jbd *j = calloc(1, sizeof(*j));
	int ret = -ENOMEM;

	*out = NULL;
	if (j) {
		j->source.ops = &journal_ops;
		j->source.size_bytes = src->size_bytes;
		j->below = src;
		j->block_bytes = ext->blocksize;
		j->block = malloc(ext->blocksize);
	}
	if (j && j->block)
		ret = jbd_find(j, ext);
	if (ret == -ENOMEM)
		lm_fail(err, ret, NULL, NULL, "%s",
			_("Reading the root file system's journal failed"));
	if (ret == 1)
		ret = jbd_load(j, err);
	if (ret != 1) {
		if (j)
			journal_close(&j->source);
		return ret;
	}
	*out = &j->source;
	return 0;
}

bool fs_journal_settled(struct io_source *journal)
{
	struct jbd *j = jbd_of(journal);
	uint32_t start = j->start, sequence = j->sequence;
	bool same = jbd_super(j, NULL) == 1 && j->start == start && j->sequence == sequence;

	j->start = start;
	j->sequence = sequence;
	/* Of an empty one the superblock tells where its next transaction begins. */
	if (!same || start == 0)
		return same;
	return jbd_read(j, j->head, j->block, NULL) == 0 &&
	       (be32(j->block) != JBD_MAGIC || be32(j->block + 8) != j->next);
}

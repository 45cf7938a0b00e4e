/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An io_manager of libext2fs that reads and writes a struct io_source. */
#include "core/fs/fs_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/error.h"

/*
 * ext2fs_open2() hands an io_manager nothing but a name, so the address of the
 * struct fs_channel travels in it as text.
 */
#define NAME_PREFIX "livemend:"

static struct fs_channel *channel_of(io_channel io)
{
	return io->private_data;
}

static errcode_t range(io_channel io, unsigned long long block, int count, uint64_t *off,
		       size_t *len)
{
	uint64_t size = (uint64_t)(unsigned)io->block_size, end;

	if (count == INT32_MIN)
		return EXT2_ET_INVALID_ARGUMENT;
	/* A negative count is in bytes. */
	if (count < 0)
		*len = (size_t)-(int64_t)count;
	else if (mul_overflows((size_t)count, (size_t)size, len))
		return EXT2_ET_INVALID_ARGUMENT;
	if (mul_overflows((uint64_t)block, size, off) || add_overflows(*off, (uint64_t)*len, &end))
		return EXT2_ET_INVALID_ARGUMENT;
	return 0;
}

static errcode_t note(struct fs_channel *channel, int r, const struct lm_error *err)
{
	if (r < 0 && !channel->failed) {
		channel->failed = true;
		channel->error = *err;
	}
	return r < 0 ? -r : 0;
}

static errcode_t read_blk64(io_channel io, unsigned long long block, int count, void *data)
{
	struct fs_channel *channel = channel_of(io);
	struct lm_error err = {0};
	uint64_t off, size = channel->src->size_bytes;
	size_t len, have;
	errcode_t code;

	code = range(io, block, count, &off, &len);
	if (code)
		return code;
	have = off >= size ? 0 : (size_t)min_u64(len, size - off);
	memset((char *)data + have, 0, len - have);
	if (have > 0) {
		code = note(channel, io_source_read(channel->src, data, have, off, &err), &err);
		if (code)
			return code;
	}
	return have < len ? EXT2_ET_SHORT_READ : 0;
}

static errcode_t write_blk64(io_channel io, unsigned long long block, int count, const void *data)
{
	struct fs_channel *channel = channel_of(io);
	struct lm_error err = {0};
	uint64_t off;
	size_t len;
	errcode_t code;

	code = range(io, block, count, &off, &len);
	if (code)
		return code;
	return note(channel, io_source_write(channel->src, data, len, off, &err), &err);
}

static errcode_t read_blk(io_channel io, unsigned long block, int count, void *data)
{
	return read_blk64(io, block, count, data);
}

static errcode_t write_blk(io_channel io, unsigned long block, int count, const void *data)
{
	return write_blk64(io, block, count, data);
}

static errcode_t write_byte(io_channel io, unsigned long offset, int count, const void *data)
{
	struct fs_channel *channel = channel_of(io);
	struct lm_error err = {0};

	if (count < 0)
		return EXT2_ET_INVALID_ARGUMENT;
	return note(channel, io_source_write(channel->src, data, (size_t)count, offset, &err),
		    &err);
}

static errcode_t flush(io_channel io)
{
	struct fs_channel *channel = channel_of(io);
	struct lm_error err = {0};

	/* A source that cannot be written has nothing to flush. */
	if (!channel->src->ops->flush)
		return 0;
	return note(channel, io_source_flush(channel->src, &err), &err);
}

static errcode_t set_blksize(io_channel io, int size)
{
	if (size <= 0)
		return EXT2_ET_INVALID_ARGUMENT;
	io->block_size = size;
	return 0;
}

static errcode_t set_option(io_channel io, const char *option, const char *arg)
{
	(void)io;
	(void)option;
	(void)arg;
	return EXT2_ET_INVALID_ARGUMENT;
}

static errcode_t channel_close(io_channel io)
{
	if (--io->refcount > 0)
		return 0;
	free(io->name);
	free(io);
	return 0;
}

static errcode_t channel_open(const char *name, int flags, io_channel *out);

static struct struct_io_manager manager = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "livemend",
	.open = channel_open,
	.close = channel_close,
	.set_blksize = set_blksize,
	.read_blk = read_blk,
	.write_blk = write_blk,
	.flush = flush,
	.write_byte = write_byte,
	.set_option = set_option,
	.read_blk64 = read_blk64,
	.write_blk64 = write_blk64,
};

static errcode_t channel_open(const char *name, int flags, io_channel *out)
{
	uintptr_t address;
	io_channel io;

	(void)flags;
	if (sscanf(name, NAME_PREFIX "%" SCNxPTR, &address) != 1)
		return EXT2_ET_BAD_DEVICE_NAME;
	io = calloc(1, sizeof(*io));
	if (!io)
		return EXT2_ET_NO_MEMORY;
	io->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	io->manager = &manager;
	io->name = strdup(name);
	if (!io->name) {
		free(io);
		return EXT2_ET_NO_MEMORY;
	}
	io->block_size = 1024;
	io->refcount = 1;
	io->private_data = (void *)address;
	*out = io;
	return 0;
}

__attribute__((format(printf, 3, 0))) static void
drop_message(const char *whoami, long code, const char *format, va_list args)
{
	(void)whoami;
	(void)code;
	(void)format;
	(void)args;
}

/* libext2fs warns of bits out of range through com_err(), which would print on stderr. */
static void library_init(void)
{
	initialize_ext2_error_table();
	set_com_err_hook(drop_message);
}

enum fs_super fs_super_check(const unsigned char *sb, uint64_t size, uint64_t *bytes)
{
	uint32_t log_block = get_le32(sb + 0x18), first = get_le32(sb + 0x14);
	uint32_t inodes = get_le32(sb), inode_size = get_le32(sb + 0x4c) ? get_le16(sb + 0x58) : 128;
	uint64_t blocks = get_le32(sb + 0x04), inode_bytes;

	if (get_le32(sb + 0x60) & EXT4_FEATURE_INCOMPAT_64BIT)
		blocks |= (uint64_t)get_le32(sb + 0x150) << 32;
	/* Bitmaps that begin behind block 1 are read to a place behind their memory. */
	if (log_block > 6 || get_le32(sb + 0x20) == 0 || get_le32(sb + 0x28) == 0 ||
	    inode_size < 128 || first > 1 || first >= blocks || inodes == 0 ||
	    mul_overflows(blocks, (uint64_t)1024 << log_block, bytes) ||
	    mul_overflows((uint64_t)inodes, (uint64_t)inode_size, &inode_bytes) ||
	    inode_bytes > *bytes)
		return FS_SUPER_NONSENSE;
	return *bytes > size ? FS_SUPER_TOO_LARGE : FS_SUPER_SOUND;
}

/* Not for fs.c alone: an image or device that is read as a stick comes here, too. */
static errcode_t check_before(struct fs_channel *channel)
{
	unsigned char sb[FS_SUPER_BYTES];
	struct lm_error err;
	uint64_t bytes;

	/* What is no such file system, or cannot be read, libext2fs has its own words for. */
	if (channel->src->size_bytes < FS_SUPER_OFF + sizeof(sb) ||
	    io_source_read(channel->src, sb, sizeof(sb), FS_SUPER_OFF, &err) < 0 ||
	    get_le16(sb + 0x38) != EXT2_SUPER_MAGIC)
		return 0;
	return fs_super_check(sb, channel->src->size_bytes, &bytes) == FS_SUPER_SOUND ?
		       0 :
		       EXT2_ET_CORRUPT_SUPERBLOCK;
}

static errcode_t open_at(struct fs_channel *channel, int flags, int superblock,
			 unsigned block_bytes, ext2_filsys *ext)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char name[sizeof(NAME_PREFIX) + 2 * sizeof(uintptr_t)];

	pthread_once(&once, library_init);
	snprintf(name, sizeof(name), NAME_PREFIX "%" PRIxPTR, (uintptr_t)channel);
	/* Multi-mount protection would open the name as a path. */
	return ext2fs_open2(name, NULL, flags | EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP, superblock,
			    block_bytes, &manager, ext);
}

errcode_t fs_ext_open(struct fs_channel *channel, int flags, ext2_filsys *ext)
{
	errcode_t code = check_before(channel);

	*ext = NULL;
	return code ? code : open_at(channel, flags, 0, 0, ext);
}

errcode_t fs_ext_open_backup(struct fs_channel *channel, const struct fs_backup *backup,
			     ext2_filsys *ext)
{
	*ext = NULL;
	if (backup->block > INT32_MAX)
		return EXT2_ET_INVALID_ARGUMENT;
	return open_at(channel, 0, (int)backup->block, backup->block_bytes, ext);
}

errcode_t fs_ext_turn_to(ext2_filsys ext, struct fs_channel *channel)
{
	char name[sizeof(NAME_PREFIX) + 2 * sizeof(uintptr_t)];
	io_channel io;
	errcode_t code;

	snprintf(name, sizeof(name), NAME_PREFIX "%" PRIxPTR, (uintptr_t)channel);
	code = channel_open(name, IO_FLAG_RW, &io);
	if (code)
		return code;
	code = io_channel_set_blksize(io, (int)ext->blocksize);
	if (code) {
		io_channel_close(io);
		return code;
	}
	io_channel_close(ext->io);
	ext->io = ext->image_io = io;
	/* It writes what differs from this, which is not there. */
	if (ext->orig_super)
		ext2fs_free_mem(&ext->orig_super);
	return 0;
}

int fs_ext_errno(errcode_t code)
{
	switch (code) {
	case EXT2_ET_NO_MEMORY:
		return -ENOMEM;
	case EXT2_ET_BLOCK_ALLOC_FAIL:
	case EXT2_ET_INODE_ALLOC_FAIL:
	case EXT2_ET_DIR_NO_SPACE:
		return -ENOSPC;
	case EXT2_ET_FILE_NOT_FOUND:
		return -ENOENT;
	case EXT2_ET_FILE_EXISTS:
	case EXT2_ET_DIR_EXISTS:
		return -EEXIST;
	case EXT2_ET_NO_DIRECTORY:
		return -ENOTDIR;
	case EXT2_ET_RO_FILSYS:
		return -EROFS;
	case EXT2_ET_BAD_MAGIC:
		return -EMEDIUMTYPE;
	case EXT2_ET_UNSUPP_FEATURE:
	case EXT2_ET_RO_UNSUPP_FEATURE:
		return -EOPNOTSUPP;
	case EXT2_ET_FILE_TOO_BIG:
		return -EFBIG;
	case EXT2_ET_INVALID_ARGUMENT:
		return -EINVAL;
	default:
		/* Small codes are errno itself; what is left means damage. */
		return code > 0 && code < 4096 ? (int)-code : -EUCLEAN;
	}
}

int fs_ext_fail(struct lm_error *err, struct fs_channel *channel, errcode_t code, const char *on,
		const char *help, const char *what)
{
	int r;

	if (channel && channel->failed) {
		if (err)
			*err = channel->error;
		return channel->error.code < 0 ? channel->error.code : -EIO;
	}
	r = fs_ext_errno(code);
	lm_fail(err, r, on, help, "%s", what);
	if (code >= 4096)
		lm_because(err, "%s", error_message(code));
	return r;
}

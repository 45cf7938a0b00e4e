/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * io.h - the one table of calls under everything that is read from or written to a stick
 *
 * A struct io stands for the top directory of a file system (a mounted stick,
 * a plain folder, or a file system inside a disk image that is read without
 * mounting). Paths are relative to it, "/"-separated, without "..", and never
 * followed through symbolic links or out of it.
 *
 * Implementations: io_dir_open() (real), io_readonly() (refuses writes with
 * -EROFS), fs_io_open(), io_fat_open(), io_iso_open() (file systems inside
 * an image, read-only); tests wrap fail-nth and crash-at-nth around them.
 *
 * Only regular files are opened: a directory is -EISDIR, a symbolic link
 * -ELOOP, and a device node, a pipe or a socket -ENOSTR, none of which are
 * opened even for a moment. A file with more than one name is opened for reading
 * only (-EMLINK): what its other name is used for is not known.
 *
 * All calls return 0 or a negative errno unless said otherwise, and are the
 * only way in which core/ touches a stick. They fill no struct lm_error: the
 * caller knows what it was doing.
 */
#ifndef IO_IO_H
#define IO_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/livemend.h"

struct io;
struct io_attrs;
struct io_file;

enum io_mode {
	IO_READ,   /* read only */
	IO_WRITE,  /* read and write, must exist */
	/* Read and write, must not exist yet (O_EXCL); mode 0600, whatever the umask. */
	IO_CREATE,
	IO_CREATE_PUBLIC /* the same with mode 0644: what everybody may read */
};

enum io_kind { IO_REGULAR, IO_DIRECTORY, IO_BLOCKDEV, IO_OTHER };

struct io_stat {
	enum io_kind kind;
	uint64_t size_bytes;
	uint64_t on_disk_bytes; /* really allocated */
	uint64_t dev, ino;      /* identity, 0 where there is none */
	uint32_t links;         /* names it has, 0 where that is not known */
	int64_t mtime, btime;   /* seconds; btime 0 when not known */
	uint32_t mtime_nsec;    /* of mtime, as far as the file system keeps it */
};

struct io_fsinfo {
	char fstype[16];        /* "vfat", "ext4", "iso9660", "exfat", "tmpfs", ... or "unknown" */
	uint64_t size_bytes, free_bytes; /* free for an ordinary user */
	uint64_t inodes_free;   /* UINT64_MAX when there is no such limit */
	uint64_t file_limit_bytes; /* largest file; 4294967295 on FAT, else UINT64_MAX */
	bool readonly;
};

/* How rename_files() goes about it. */
enum io_rename {
	IO_RENAME_NOREPLACE, /* -EEXIST when the new name is taken; -EINVAL as below */
	IO_RENAME_EXCHANGE,  /* both must exist; -EINVAL or -ENOSYS where the file system cannot */
	IO_RENAME_PLAIN      /* every file system can; what has the new name is gone: see first */
};

/* Bytes done of total; non-zero ends it with -ECANCELED. */
typedef int (*io_progress_fn)(void *arg, uint64_t done, uint64_t total);
/* One entry of a directory; non-zero return ends the listing and is returned. */
typedef int (*io_list_fn)(void *arg, const char *name, enum io_kind kind);

struct io_ops {
	int (*open)(struct io *io, const char *path, enum io_mode mode, struct io_file **file);
	int (*stat)(struct io *io, const char *path, struct io_stat *st);
	int (*list)(struct io *io, const char *path, io_list_fn fn, void *arg);
	int (*fsinfo)(struct io *io, struct io_fsinfo *info);
	int (*mkdir)(struct io *io, const char *path); /* mode 0755 */
	int (*mkdir_private)(struct io *io, const char *path); /* mode 0700 */
	int (*unlink)(struct io *io, const char *path);
	int (*rmdir)(struct io *io, const char *path);
	int (*rename_files)(struct io *io, const char *from, const char *to, enum io_rename how);
	int (*sync_dir)(struct io *io, const char *path); /* fsync of a directory */
	int (*sync_fs)(struct io *io);                    /* syncfs: no flush on vfat! */
	void (*close)(struct io *io);

	/* Short only at end of file; returns bytes read. */
	ssize_t (*pread)(struct io_file *file, void *buf, size_t len, uint64_t off);
	/* Writes all or fails. */
	int (*pwrite)(struct io_file *file, const void *buf, size_t len, uint64_t off);
	int (*fsync)(struct io_file *file); /* an error is final for that file */
	int (*truncate)(struct io_file *file, uint64_t size);
	int (*set_attrs)(struct io_file *file, const struct io_attrs *attrs); /* io_attrs.h */
	/* Makes sure the range is backed by storage and the file at least that long. */
	int (*allocate)(struct io_file *file, uint64_t off, uint64_t len);
	/* Forgets what the page cache holds of it, so that the next read is cold.
	 * Best effort: 0 also where nothing could be done. After fsync only. */
	int (*drop_cache)(struct io_file *file);
	int (*fstat)(struct io_file *file, struct io_stat *st);
	/* Exclusive, non-blocking lock for as long as it is open; -EWOULDBLOCK when taken. */
	int (*lock)(struct io_file *file);
	int (*file_close)(struct io_file *file); /* always frees; reports what close() said */
	/* A real descriptor for things like ioctl, or -1. Owned by the file. */
	int (*fd)(struct io_file *file);
};

/* First members of each implementation's own struct. */
struct io {
	const struct io_ops *ops;
};
struct io_file {
	const struct io_ops *ops;
};

/* The calls, by name. A NULL file or io is allowed in io_close() and io_file_close() only. */
int io_open(struct io *io, const char *path, enum io_mode mode, struct io_file **file);
int io_stat(struct io *io, const char *path, struct io_stat *st);
int io_list(struct io *io, const char *path, io_list_fn fn, void *arg);
int io_fsinfo(struct io *io, struct io_fsinfo *info);
int io_mkdir(struct io *io, const char *path);
int io_mkdir_private(struct io *io, const char *path);
int io_unlink(struct io *io, const char *path);
int io_rmdir(struct io *io, const char *path);
int io_rename(struct io *io, const char *from, const char *to, enum io_rename how);
int io_sync_dir(struct io *io, const char *path);
int io_sync_fs(struct io *io);
void io_close(struct io *io);
ssize_t io_pread(struct io_file *file, void *buf, size_t len, uint64_t off);
int io_pwrite(struct io_file *file, const void *buf, size_t len, uint64_t off);
int io_fsync(struct io_file *file);
int io_truncate(struct io_file *file, uint64_t size);
int io_set_attrs(struct io_file *file, const struct io_attrs *attrs);
int io_allocate(struct io_file *file, uint64_t off, uint64_t len);
int io_drop_cache(struct io_file *file);
int io_fstat(struct io_file *file, struct io_stat *st);
int io_lock(struct io_file *file);
int io_file_close(struct io_file *file);
int io_fd(struct io_file *file);

/* Reads exactly len bytes: -ENODATA when the file ends before. */
int io_read_full(struct io_file *file, void *buf, size_t len, uint64_t off);

/* A real directory. Every open goes through openat2(RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS). */
int io_dir_open(const char *path, struct io **io);
/* The same, refusing every write with -EROFS. */
int io_dir_open_readonly(const char *path, struct io **io);
/*
 * A single real file or block device by path, outside of any stick. Follows
 * symbolic links; a file may have several names.
 */
int io_path_open(const char *path, enum io_mode mode, struct io_file **file);
/* Every call goes to inner, writes are refused; inner is closed with it. */
struct io *io_readonly(struct io *inner);

/* ------------------------------------------------------------------------
 * Something of a fixed size that can be read at any place: a bare file, a
 * file inside a SquashFS, the merged view.
 */
struct io_source;
struct io_source_ops {
	/* Reads exactly len bytes, off + len <= size. 0 or negative errno. Not thread-safe. */
	int (*read)(struct io_source *src, void *buf, size_t len, uint64_t off,
		    struct lm_error *err);
	/* Exactly len bytes; NULL for what cannot be written. */
	int (*write)(struct io_source *src, const void *buf, size_t len, uint64_t off,
		     struct lm_error *err);
	/* Everything written so far is on the device; NULL as above. */
	int (*flush)(struct io_source *src, struct lm_error *err);
	void (*close)(struct io_source *src);
};
struct io_source {
	const struct io_source_ops *ops;
	uint64_t size_bytes;
};

/* Checked calls: a range beyond the end fails with -EINVAL, a missing write with -EROFS. */
int io_source_read(struct io_source *src, void *buf, size_t len, uint64_t off,
		   struct lm_error *err);
int io_source_write(struct io_source *src, const void *buf, size_t len, uint64_t off,
		    struct lm_error *err);
int io_source_flush(struct io_source *src, struct lm_error *err);
void io_source_close(struct io_source *src); /* NULL allowed */

/*
 * A file, or a part of one, as a source; size 0: to its end. name is for
 * messages. The file is closed with the source when owned. Writable when the
 * file is open for writing.
 */
int io_file_source(struct io_file *file, bool owned, const char *name, uint64_t off, uint64_t size,
		   struct io_source **src, struct lm_error *err);

#endif

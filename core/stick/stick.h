/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stick.h - what is on a stick: where its images and overlays are
 */
#ifndef STICK_STICK_H
#define STICK_STICK_H

#include "core/cow/cow.h"
#include "core/fs/fs.h"
#include "core/image/image.h"
#include "core/io/io.h"
#include "core/livemend.h"
#include "core/stick/stick_boot.h"

/* How the stick was reached. */
enum stick_access {
	STICK_FOLDER, /* a directory: a mounted stick or a plain folder */
	STICK_IMAGE,  /* a disk image or .iso, read without mounting */
	STICK_DEVICE, /* a block device that is not mounted, read without mounting */
	STICK_BOOTED  /* the booted live system's own stick */
};

enum stick_container { STICK_NO_BASE, STICK_BARE, STICK_SQUASHFS, STICK_EROFS };

struct stick_overlay {
	enum lm_overlay_kind kind;
	char *path;       /* raw, relative to io */
	bool attached;
	bool quiet;       /* attached, but so that nobody can write to it (rd.live.overlay.readonly) */
	char *dm_name;    /* NULL when not attached */
};

/*
 * The note of an operation that is under way, and its twin, in the folder livemend of the live
 * directory; see core/plan/journal.h.
 */
#define STICK_NOTE "PENDING.txt"
#define STICK_TWIN "PENDING.bak"

/* struct lm_stick of the public header. All paths are raw bytes, relative to io. */
struct lm_stick {
	struct lm_ctx *ctx;
	char *given;      /* path as given, raw */
	char *shown;      /* the same, printable */
	enum stick_access access;
	char *mountpoint; /* absolute path of the directory, NULL for IMAGE and DEVICE */
	char *device;     /* block device or image file, NULL when not known */
	struct io *io;    /* read-only; the top of the stick */
	char *live_dir;   /* "LiveOS" */
	enum stick_container container;
	char *base_path;  /* "LiveOS/squashfs.img", NULL: none */
	char *osmin_path; /* "LiveOS/osmin.img", NULL: none */
	char *home_path;  /* "LiveOS/home.img", NULL: none */
	struct stick_overlay *overlays; /* the one the next boot uses first */
	size_t n_overlays;
	struct stick_boot *boot; /* NULL: no boot configuration was found */
	char label[64], uuid[64], fstype[16], model[64]; /* raw */
	uint64_t part_offset; /* IMAGE, DEVICE: where the file system begins in device */
	uint64_t part_bytes; /* its size, 0 when not known */
};

/* A root file system that the kernel has mounted, and writes to. */
struct stick_mounted {
	bool mounted;             /* false: the others say nothing */
	int top;                  /* its top directory; -1: out of reach */
	struct io_source *device; /* what it is mounted from; NULL: not to be read */
};

/*
 * Everything needed to look at base + overlay; what could not be opened is
 * NULL, with the reason in trouble. Close with stick_look_close().
 */
struct stick_look {
	struct io_file *base_file, *overlay_file;
	struct image *image;     /* NULL for a bare base */
	struct io_source *base;  /* the root image without overlay */
	struct cow_store *store;
	struct io_source *view;  /* merged; the base alone where there is no usable store */
	struct fs *base_fs, *fs; /* of base, and of view: as it is mounted, if it is */
	struct stick_mounted mounted;
	bool paired;             /* base and overlay belong together (true when not disproved) */
	char pair_why[200];
	bool fs_lost;            /* the root file system is ext, and does not open: see fs_is_lost() */
	char fs_why[160];
	struct lm_error trouble; /* first thing that could not be opened, code 0 = all well */
};

/*
 * A base and an overlay, wherever they lie: what is looked at, or given to the
 * kernel. Nothing in it is owned.
 */
struct stick_pair {
	struct lm_ctx *ctx;
	const char *given;    /* of the stick, for messages */
	struct io *io;        /* paths are relative to it */
	const char *live_dir; /* where the record of pairs is */
	const char *base;     /* NULL: none */
	enum stick_container container;
	const struct stick_overlay *overlay; /* NULL: none */
};
/* overlay: index into stick->overlays; one that is none means the base alone. */
struct stick_pair stick_pair_of(struct lm_stick *stick, size_t overlay);

/* Opens read-only. Fails only without memory. */
int stick_look_pair(const struct stick_pair *pair, struct stick_look *look, struct lm_error *err);
/* The same for a pair of the stick's. */
int stick_look_open(struct lm_stick *stick, size_t overlay, struct stick_look *look,
		    struct lm_error *err);
void stick_look_close(struct stick_look *look);

/* What helps where fs_lost, in words; *op (may be NULL) gets the command that does it, or NULL. */
const char *stick_fs_help(const struct stick_look *look, const char **op);

/*
 * A stick opened for an operation: a real, writable directory. For a folder
 * or mounted stick that is the directory itself; for a block device or disk
 * image it is mounted (root only) in a mount namespace of our own. Takes the
 * lock: -EBUSY when another livemend works on it. The ctx's wrap_io is applied.
 */
struct stick_rw {
	struct lm_stick *stick;
	struct io *io;           /* writable */
	struct io_file *lock;
	char *path;              /* absolute path of the directory, for messages */
	void *mount;             /* private: what must be unmounted */
};
int stick_rw_open(struct lm_stick *stick, struct stick_rw *rw, struct lm_error *err);
/* Whether stick_rw_open() can be expected to succeed; writes nothing. */
int stick_rw_possible(struct lm_stick *stick, struct lm_error *err);
/*
 * The same for what can be done while the kernel uses the overlay (growing it):
 * only what it uses is not refused.
 */
int stick_rw_open_used(struct lm_stick *stick, struct stick_rw *rw, struct lm_error *err);
int stick_rw_possible_used(struct lm_stick *stick, struct lm_error *err);
/*
 * Whether a new file may take the place of this one: it must get its owner, which
 * root can give it, and else only the owner. Writes nothing.
 */
int stick_rw_may_replace(struct lm_stick *stick, const char *path, struct lm_error *err);
void stick_rw_close(struct stick_rw *rw);

/*
 * stick_names.c: whether what an operation is going to write to can be written
 * to: no directory, link, device or pipe has its name, and no file with another
 * name besides. 0, or a refusal that says what is in the way and what helps.
 * stick_rw_possible() and stick_rw_open() have asked for the stick.
 */
int stick_names_check(const struct lm_stick *s, struct io *io, struct lm_error *err);
/* The folder livemend below dir, and what is in it. */
int stick_names_journal(struct io *io, const char *dir, struct lm_error *err);
/* A work folder (io is open on path), which others may be able to write to. */
int stick_names_work(struct io *io, const char *path, struct lm_error *err);
/* A name that is used for a moment only, and must be free before. */
int stick_names_free(struct io *io, const char *path, struct lm_error *err);

/*
 * Mounts the file system on block device node in a mount of our own that no
 * other program sees, and that is gone with the last descriptor in it. Returns
 * the descriptor of its top, or a negative errno.
 */
int stick_mount_private(const char *node, const char *fstype, bool readonly);

/* The record of what belongs together, LiveOS/livemend/pairing; see stick_pair.c. */
int stick_pair_read(const struct stick_pair *pair, const struct image_info *image,
		    const struct fs_info *base_fs, bool *recorded, bool *matches,
		    struct lm_error *err);
int stick_pair_write(struct io *io, const char *live_dir, const char *overlay_path,
		     const struct image_info *image, const struct fs_info *base_fs,
		     struct lm_error *err);

/* Copies one status field set; used by ops. */
int stick_free_bytes(struct lm_stick *stick, uint64_t *bytes);

#endif

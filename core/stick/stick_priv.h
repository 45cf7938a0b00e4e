/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stick_priv.h - what the files of this room share */
#ifndef STICK_STICK_PRIV_H
#define STICK_STICK_PRIV_H

#include <sys/types.h>

#include "core/stick/stick.h"

/* Where a booted system has its stick and its kernel command line; "" for the root, else for tests. */
int stick_open_booted(struct lm_ctx *ctx, const char *root, struct lm_stick **stick,
		      struct lm_error *err);

/* Opens stick->io for a directory, and says what is in it. */
int stick_open_folder(struct lm_stick *s, const char *path, struct lm_error *err);
/* The same for a disk image, an .iso, or a block device that is not mounted. */
int stick_open_image(struct lm_stick *s, const char *path, struct lm_error *err);
/* A block device: its mount point where it has one, else read as an image. */
int stick_open_device(struct lm_stick *s, const char *path, dev_t rdev, struct lm_error *err);

/*
 * Looks for the live directory and what it holds. 0, -EMEDIUMTYPE when there
 * is none (err then says what was looked for), or another negative errno.
 * dir: name of the live directory when the boot configuration names one, else NULL.
 */
int stick_scan(struct lm_stick *s, const char *dir, const char *squashimg, struct lm_error *err);
/* Puts the overlay that the next boot uses first; after label and uuid are known. */
void stick_sort_overlays(struct lm_stick *s);

/* Fills label, uuid, fstype, model, device, part_bytes from a block device, as far as can be. */
void stick_identify(struct lm_stick *s, dev_t dev);
/* The same for the file system at off in an open file. -EMEDIUMTYPE: none. */
int stick_probe_fs(int fd, uint64_t off, uint64_t size, char fstype[16], char label[64],
		   char uuid[64]);

/*
 * Finds an entry of dir as it is written there: plain ISO 9660 names come in
 * one case only. *path is NULL when there is none.
 */
int stick_find_entry(struct io *io, const char *dir, const char *want, enum io_kind kind,
		     char **path);

/* stick_boot.c. Reads the boot configuration of s->io into s->boot, NULL: none. 0 or -ENOMEM. */
int stick_boot_load(struct lm_stick *s);
/* The live directory and image that it names, in new memory; NULL: it names none. */
int stick_boot_dir(struct lm_stick *s, char **dir, char **squashimg);
/* Works out what it comes to; after label, UUID and overlays are known. 0 or -ENOMEM. */
int stick_boot_judge(struct lm_stick *s);
void stick_boot_free(struct stick_boot *boot);

/* Whether path is the top of a mounted file system. */
bool stick_is_mount_root(const char *path);
/* Where the device is mounted at its own top, in new memory; NULL when it is not. */
char *stick_mount_of(dev_t dev);

/* The partitions of a disk, from sysfs; returns how many were put into list. */
unsigned stick_partitions(dev_t disk, dev_t *list, unsigned cap);
/* Closes what was opened and forgets what was found: the next file system may be tried. */
void stick_forget(struct lm_stick *s);

/* False for the names of block devices that hold no stick of their own: loop, dm, ram. */
bool stick_is_medium(const char *name);

/* Where to watch; "" for the root, else for tests: then nothing but looking, often. */
int stick_monitor_start(const char *root, struct lm_monitor **monitor, struct lm_error *err);

/* dir/name, or name alone where dir is "."; in new memory. */
char *stick_join(const char *dir, const char *name);

/* A mount of our own, seen by nobody else and gone with the last descriptor. */
struct stat;
struct stick_mount;
int stick_mount_open(const struct lm_stick *s, struct stick_mount **mount, char path[64],
		     struct lm_error *err);
void stick_mount_close(struct stick_mount *mount);
/*
 * Whether stick_mount_open() may: -EBUSY with a refusal where the image file or
 * device is mounted, attached to a loop device, or in the hands of another
 * livemend, under whatever name. Writes nothing.
 */
int stick_mount_possible(const struct lm_stick *s, struct lm_error *err);

/*
 * Finds out whether the file system on the pair (of so many bytes) is mounted,
 * and opens what can be opened of it. Never fails; what is not to be had is -1
 * or NULL.
 */
void stick_mounted_open(const struct stick_pair *pair, uint64_t size, struct stick_mounted *m);
void stick_mounted_close(struct stick_mounted *m);

/* Where the file or block device is mounted, whatever of it, in new memory; NULL: it is not. */
char *stick_mounted_at(const struct stat *st);

#endif

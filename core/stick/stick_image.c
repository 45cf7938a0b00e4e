/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stick inside a disk image or .iso, or on a block device that is not mounted. */
#include <blkid.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "core/bytes.h"
#include "core/fs/fs_io.h"
#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_image.h"
#include "core/stick/stick_priv.h"

#define MAX_PARTS 64

struct part {
	uint64_t off, size; /* bytes; size 0: to the end */
	char fstype[16], label[64], uuid[64];
};

struct parts {
	struct part list[MAX_PARTS];
	unsigned count;
	bool whole; /* the file system fills the medium, or lies at its start as on an isohybrid */
};

/* Looks for a file system at off; one that libblkid does not know is passed over. */
static void try_part(struct parts *p, int fd, uint64_t off, uint64_t size)
{
	struct part *n = &p->list[p->count];

	if (p->count == MAX_PARTS)
		return;
	memset(n, 0, sizeof(*n));
	n->off = off;
	n->size = size;
	if (stick_probe_fs(fd, off, size, n->fstype, n->label, n->uuid) == 0)
		p->count++;
}

static void try_table(struct parts *p, int fd, uint64_t medium)
{
	blkid_partlist list;
	blkid_probe pr;
	int i, n;

	pr = blkid_new_probe();
	if (!pr)
		return;
	if (blkid_probe_set_device(pr, fd, 0, 0))
		goto out;
	blkid_probe_enable_superblocks(pr, 0);
	blkid_probe_enable_partitions(pr, 1);
	list = blkid_probe_get_partitions(pr);
	n = list ? blkid_partlist_numof_partitions(list) : 0;
	for (i = 0; i < n; i++) {
		blkid_partition part = blkid_partlist_get_partition(list, i);
		blkid_loff_t start = blkid_partition_get_start(part);
		blkid_loff_t size = blkid_partition_get_size(part);
		uint64_t off, len;

		/* The container of logical partitions is none itself. */
		if (start <= 0 || size <= 0 || blkid_partition_is_extended(part) ||
		    mul_overflows((uint64_t)start, (uint64_t)512, &off) ||
		    mul_overflows((uint64_t)size, (uint64_t)512, &len) || off >= medium)
			continue;
		try_part(p, fd, off, min_u64(len, medium - off));
	}
out:
	blkid_free_probe(pr);
}

static int open_fs(struct lm_stick *s, const char *path, const struct part *part,
		   struct lm_error *err)
{
	struct io_source *src;
	struct io_file *file;
	int ret;

	ret = io_path_open(path, IO_READ, &file);
	if (ret)
		return lm_fail(err, ret, path, NULL, "%s", _("Opening the stick failed"));
	ret = io_file_source(file, true, path, part->off, part->size, &src, err);
	if (ret) {
		io_file_close(file);
		return ret;
	}
	if (strcmp(part->fstype, "iso9660") == 0)
		ret = io_iso_open(src, &s->io, err);
	else if (strcmp(part->fstype, "vfat") == 0)
		ret = io_fat_open(src, &s->io, err);
	else if (strncmp(part->fstype, "ext", 3) == 0 && strlen(part->fstype) == 4)
		ret = fs_io_open(src, &s->io, err);
	else {
		io_source_close(src);
		ret = lm_refuse(err, -EMEDIUMTYPE, path,
				_("Mount it and give the mount point to livemend."),
				_("without mounting, livemend reads FAT, ext2/3/4 and ISO 9660 only"),
				_("The file system (%s) cannot be read"), part->fstype);
	}
	return ret;
}

static int open_part(struct lm_stick *s, const char *path, const struct part *part,
		     struct lm_error *err)
{
	int ret = open_fs(s, path, part, err);

	if (!ret)
		ret = stick_scan(s, NULL, NULL, err);
	if (ret) {
		stick_forget(s);
		return ret;
	}
	s->part_offset = part->off;
	if (part->size)
		s->part_bytes = part->size;
	memcpy(s->fstype, part->fstype, sizeof(s->fstype));
	memcpy(s->label, part->label, sizeof(s->label));
	memcpy(s->uuid, part->uuid, sizeof(s->uuid));
	stick_sort_overlays(s);
	return 0;
}

static int refuse_empty(const char *path, struct lm_error *err)
{
	return lm_refuse(err, -EMEDIUMTYPE, path,
			 _("Give the top directory of a live stick, its disk image or .iso, or its "
			   "block device."),
			 _("there is no file system in it, and no partition with one"), "%s",
			 _("This is no live stick"));
}

static int choose_part(struct lm_stick *s, const char *path, const struct parts *p,
		       struct lm_error *err)
{
	struct lm_error first = { 0 }, e;
	unsigned i;
	int ret;

	for (i = 0; i < p->count; i++) {
		lm_error_clear(&e);
		ret = open_part(s, path, &p->list[i], &e);
		if (!ret || ret == -ENOMEM) {
			if (ret && err)
				*err = e;
			return ret;
		}
		/* Damage on one that could be it says more than that others are none. */
		if (!first.code || (first.code == -EMEDIUMTYPE && ret != -EMEDIUMTYPE))
			first = e;
	}
	if (p->count > 1 && first.code == -EMEDIUMTYPE)
		return lm_refuse(err, -EMEDIUMTYPE, path,
				 _("Give the partition that holds LiveOS/, or its mount point."),
				 _("none of its partitions holds a LiveOS/ directory"), "%s",
				 _("This is no live stick"));
	if (err)
		*err = first;
	return first.code;
}

int stick_open_image(struct lm_stick *s, const char *path, struct lm_error *err)
{
	struct parts *p = NULL;
	struct io_file *file;
	struct io_stat st;
	int ret;

	ret = io_path_open(path, IO_READ, &file);
	if (!ret)
		ret = io_fstat(file, &st);
	if (ret) {
		lm_fail(err, ret, path,
			ret == -EACCES ?
				_("Run livemend as root, or make it readable for yourself.") :
				NULL,
			"%s", _("Opening the stick failed"));
		if (err && ret == -EACCES)
			err->outcome = LM_REFUSED;
		return ret;
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		io_file_close(file);
		return lm_fail(err, -ENOMEM, path, NULL, "%s", _("Opening the stick failed"));
	}
	/* An isohybrid has a partition table as well, which points at itself: the iso first. */
	try_part(p, io_fd(file), 0, 0);
	try_table(p, io_fd(file), st.size_bytes);
	io_file_close(file);
	s->access = st.kind == IO_BLOCKDEV ? STICK_DEVICE : STICK_IMAGE;
	if (!s->device)
		s->device = strdup(path);
	s->part_bytes = st.size_bytes;
	if (!s->device)
		ret = lm_fail(err, -ENOMEM, path, NULL, "%s", _("Opening the stick failed"));
	else
		ret = p->count ? choose_part(s, path, p, err) : refuse_empty(path, err);
	free(p);
	return ret;
}

/* The first of a disk's partitions that is mounted and holds a stick. */
static int open_mounted_part(struct lm_stick *s, dev_t rdev)
{
	dev_t parts[MAX_PARTS];
	unsigned count = stick_partitions(rdev, parts, MAX_PARTS), i;
	int ret = -ENODEV;

	for (i = 0; i < count && ret; i++) {
		char *mount = stick_mount_of(parts[i]);

		if (!mount)
			continue;
		ret = stick_open_folder(s, mount, NULL);
		if (ret)
			stick_forget(s);
		free(mount);
	}
	return ret;
}

int stick_open_device(struct lm_stick *s, const char *path, dev_t rdev, struct lm_error *err)
{
	char *mount = stick_mount_of(rdev);
	int ret;

	if (mount) {
		ret = stick_open_folder(s, mount, err);
		free(mount);
		return ret;
	}
	if (open_mounted_part(s, rdev) == 0)
		return 0;
	ret = stick_open_image(s, path, err);
	/* Model and such, which the medium itself does not tell. */
	if (!ret)
		stick_identify(s, rdev);
	return ret;
}

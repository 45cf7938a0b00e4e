/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Label, UUID, model of the device below; by libblkid where it may be read, else by libudev. */
#include <blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <libmount.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/stick/stick_priv.h"

static void set(char *dst, size_t cap, const char *src)
{
	if (src && !dst[0])
		snprintf(dst, cap, "%s", src);
}

int stick_probe_fs(int fd, uint64_t off, uint64_t size, char fstype[16], char label[64],
		   char uuid[64])
{
	const char *value;
	blkid_probe pr;
	int ret = -EMEDIUMTYPE;

	pr = blkid_new_probe();
	if (!pr)
		return -ENOMEM;
	if (blkid_probe_set_device(pr, fd, (blkid_loff_t)off, (blkid_loff_t)size)) {
		ret = -EIO;
		goto out;
	}
	blkid_probe_enable_superblocks(pr, 1);
	blkid_probe_set_superblocks_flags(pr, BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID |
						      BLKID_SUBLKS_TYPE);
	if (blkid_do_safeprobe(pr) != 0)
		goto out;
	if (blkid_probe_lookup_value(pr, "TYPE", &value, NULL) == 0) {
		set(fstype, 16, value);
		ret = 0;
	}
	if (blkid_probe_lookup_value(pr, "LABEL", &value, NULL) == 0)
		set(label, 64, value);
	if (blkid_probe_lookup_value(pr, "UUID", &value, NULL) == 0)
		set(uuid, 64, value);
out:
	blkid_free_probe(pr);
	return ret;
}

/* udev writes bytes that it finds unsafe as \xNN. */
static void set_encoded(char *dst, size_t cap, const char *src)
{
	size_t n = 0;
	unsigned byte;

	if (!src || dst[0])
		return;
	while (*src && n + 1 < cap) {
		if (src[0] == '\\' && src[1] == 'x' && sscanf(src + 2, "%2x", &byte) == 1) {
			dst[n++] = (char)byte;
			src += 4;
		} else {
			dst[n++] = *src++;
		}
	}
	dst[n] = '\0';
}

static void trim(char *text)
{
	size_t n = strlen(text);

	while (n && text[n - 1] == ' ')
		text[--n] = '\0';
}

static void identify_by_udev(struct lm_stick *s, struct udev_device *d)
{
	struct udev_device *disk;
	const char *size, *node;

	node = udev_device_get_devnode(d);
	if (node && !s->device)
		s->device = strdup(node);
	size = udev_device_get_sysattr_value(d, "size");
	if (size && !s->part_bytes)
		s->part_bytes = strtoull(size, NULL, 10) * 512;
	set(s->fstype, sizeof(s->fstype), udev_device_get_property_value(d, "ID_FS_TYPE"));
	set_encoded(s->label, sizeof(s->label),
		    udev_device_get_property_value(d, "ID_FS_LABEL_ENC"));
	set_encoded(s->uuid, sizeof(s->uuid), udev_device_get_property_value(d, "ID_FS_UUID_ENC"));
	disk = udev_device_get_parent_with_subsystem_devtype(d, "block", "disk");
	if (!disk)
		disk = d;
	set_encoded(s->model, sizeof(s->model),
		    udev_device_get_property_value(disk, "ID_MODEL_ENC"));
	set(s->model, sizeof(s->model), udev_device_get_sysattr_value(disk, "device/model"));
	trim(s->model);
}

void stick_identify(struct lm_stick *s, dev_t dev)
{
	struct udev_device *d = NULL;
	struct udev *udev;
	struct stat st;
	int fd;

	if (!dev)
		return;
	udev = udev_new();
	if (udev)
		d = udev_device_new_from_devnum(udev, 'b', dev);
	/* The medium itself is asked first: udev may not be running, or be late. */
	if (d && udev_device_get_devnode(d)) {
		fd = open(udev_device_get_devnode(d), O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			if (fstat(fd, &st) == 0 && S_ISBLK(st.st_mode) && st.st_rdev == dev)
				stick_probe_fs(fd, 0, 0, s->fstype, s->label, s->uuid);
			close(fd);
		}
	}
	if (d)
		identify_by_udev(s, d);
	udev_device_unref(d);
	udev_unref(udev);
}

unsigned stick_partitions(dev_t disk, dev_t *list, unsigned cap)
{
	struct udev_enumerate *all = NULL;
	struct udev_list_entry *entry;
	struct udev_device *d = NULL;
	struct udev *udev = udev_new();
	unsigned n = 0;

	if (udev)
		d = udev_device_new_from_devnum(udev, 'b', disk);
	if (d)
		all = udev_enumerate_new(udev);
	if (all) {
		udev_enumerate_add_match_parent(all, d);
		udev_enumerate_add_match_property(all, "DEVTYPE", "partition");
		udev_enumerate_scan_devices(all);
		udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(all))
		{
			struct udev_device *part = udev_device_new_from_syspath(
				udev, udev_list_entry_get_name(entry));

			if (part && n < cap && udev_device_get_devnum(part) != disk)
				list[n++] = udev_device_get_devnum(part);
			udev_device_unref(part);
		}
	}
	udev_enumerate_unref(all);
	udev_device_unref(d);
	udev_unref(udev);
	return n;
}

bool stick_is_mount_root(const char *path)
{
	struct libmnt_table *t = mnt_new_table_from_file("/proc/self/mountinfo");
	bool is = t && mnt_table_find_target(t, path, MNT_ITER_BACKWARD) != NULL;

	mnt_unref_table(t);
	return is;
}

char *stick_mount_of(dev_t dev)
{
	struct libmnt_table *t = mnt_new_table_from_file("/proc/self/mountinfo");
	struct libmnt_iter *itr = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	char *found = NULL;

	while (t && itr && !found && mnt_table_next_fs(t, itr, &fs) == 0) {
		const char *root = mnt_fs_get_root(fs);

		/* A bind mount of a part of it is not the stick. */
		if (mnt_fs_get_devno(fs) == dev && root && strcmp(root, "/") == 0)
			found = strdup(mnt_fs_get_target(fs));
	}
	mnt_free_iter(itr);
	mnt_unref_table(t);
	return found;
}

char *stick_mounted_at(const struct stat *st)
{
	struct libmnt_table *t = mnt_new_table_from_file("/proc/self/mountinfo");
	struct libmnt_iter *itr = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	char *found = NULL;

	while (t && itr && !found && mnt_table_next_fs(t, itr, &fs) == 0) {
		const char *source = mnt_fs_get_source(fs);
		struct stat from;
		bool same = S_ISBLK(st->st_mode) && mnt_fs_get_devno(fs) == st->st_rdev;

		/* FUSE (fuse2fs, fusefat) and file systems that need no loop device name the file. */
		if (!same && source && source[0] == '/' && stat(source, &from) == 0)
			same = S_ISBLK(st->st_mode) ? S_ISBLK(from.st_mode) &&
							      from.st_rdev == st->st_rdev :
						      S_ISREG(from.st_mode) &&
							      from.st_dev == st->st_dev &&
							      from.st_ino == st->st_ino;
		if (same)
			found = strdup(mnt_fs_get_target(fs));
	}
	mnt_free_iter(itr);
	mnt_unref_table(t);
	return found;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* io_attrs.c - see io_attrs.h */
#include "core/io/io_attrs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_file.h"

/* What the kernel has as limits (XATTR_LIST_MAX, XATTR_SIZE_MAX). */
#define MOST_NAMES 65536
#define MOST_VALUE 65536
#define MAX_XATTRS 64

bool io_attrs_kept(const struct io_fsinfo *info)
{
	static const char *const kept[] = { "ext4", "btrfs", "xfs", "f2fs", "tmpfs", "overlay" };

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (strcmp(info->fstype, kept[i]) == 0)
			return true;
	}
	return false;
}

void io_attrs_free(struct io_attrs *attrs)
{
	for (size_t i = 0; i < attrs->n_xattrs; i++) {
		free(attrs->xattrs[i].name);
		free(attrs->xattrs[i].value);
	}
	free(attrs->xattrs);
	*attrs = (struct io_attrs){ 0 };
}

/* Capabilities are given to a content, and that is another one now. */
static bool goes_along(const char *name)
{
	return strcmp(name, "security.capability") != 0 && strncmp(name, "security.ima", 12) != 0 &&
	       strncmp(name, "security.evm", 12) != 0;
}

static int add_xattr(struct io_attrs *attrs, int fd, const char *name)
{
	char *value = malloc(MOST_VALUE);
	ssize_t len = value ? fgetxattr(fd, name, value, MOST_VALUE) : -1;
	struct io_xattr *x;

	/* Those that we may not read are not ours to hand on. */
	if (len < 0) {
		free(value);
		return value ? 0 : -ENOMEM;
	}
	x = &attrs->xattrs[attrs->n_xattrs];
	x->name = strdup(name);
	x->value = value;
	x->len = (size_t)len;
	attrs->n_xattrs++;
	return x->name ? 0 : -ENOMEM;
}

static int read_xattrs(struct io_attrs *attrs, int fd)
{
	char *names = malloc(MOST_NAMES);
	ssize_t len = names ? flistxattr(fd, names, MOST_NAMES) : 0;
	int ret = names ? 0 : -ENOMEM;

	if (ret == 0 && len > 0) {
		attrs->xattrs = calloc(MAX_XATTRS, sizeof(*attrs->xattrs));
		if (!attrs->xattrs)
			ret = -ENOMEM;
	}
	for (char *name = names; ret == 0 && len > 0 && name < names + len;
	     name += strlen(name) + 1) {
		if (goes_along(name) && attrs->n_xattrs < MAX_XATTRS)
			ret = add_xattr(attrs, fd, name);
	}
	free(names);
	return ret;
}

int io_attrs_read(struct io_file *file, struct io_attrs *attrs)
{
	int fd = io_fd(file), ret;
	struct stat st;

	*attrs = (struct io_attrs){ 0 };
	if (fd < 0)
		return -EOPNOTSUPP;
	if (fstat(fd, &st))
		return -errno;
	attrs->mode = st.st_mode & 0777;
	attrs->owned = attrs->dated = true;
	attrs->uid = st.st_uid;
	attrs->gid = st.st_gid;
	attrs->times[0] = st.st_atim;
	attrs->times[1] = st.st_mtim;
	ret = read_xattrs(attrs, fd);
	if (ret < 0)
		io_attrs_free(attrs);
	return ret;
}

/* The file system, or its mount, has none of these. */
static bool has_none(int code)
{
	return code == EPERM || code == EOPNOTSUPP || code == ENOSYS || code == EINVAL;
}

int io_fd_set_attrs(int fd, const struct io_attrs *attrs)
{
	unsigned mode = attrs->mode & 0777;
	bool group = true;
	struct stat now;

	if (fstat(fd, &now))
		return -errno;
	/* The owner first: until the mode is set, nobody else can open it. */
	if (attrs->owned && now.st_uid != attrs->uid && fchown(fd, attrs->uid, (gid_t)-1))
		return -errno;
	if (attrs->owned && now.st_gid != attrs->gid && fchown(fd, (uid_t)-1, attrs->gid)) {
		if (!has_none(errno))
			return -errno;
		/* One's own group gets no more than everybody. */
		group = false;
		mode &= ~070u | (mode & 07) << 3;
	}
	for (size_t i = 0; i < attrs->n_xattrs; i++) {
		const struct io_xattr *x = &attrs->xattrs[i];

		if (!group && strncmp(x->name, "system.posix_acl_", 17) == 0)
			continue;
		if (fsetxattr(fd, x->name, x->value, x->len, 0) && !has_none(errno))
			return -errno;
	}
	if ((now.st_mode & 0777) != mode || attrs->n_xattrs) {
		if (fchmod(fd, mode) && !has_none(errno))
			return -errno;
	}
	if (attrs->dated && futimens(fd, attrs->times) && !has_none(errno))
		return -errno;
	return 0;
}

int io_attrs_of(struct io *io, const char *path, struct io_attrs *attrs)
{
	struct io_file *file;
	int ret = io_open(io, path, IO_READ, &file);

	*attrs = (struct io_attrs){ 0 };
	if (ret < 0)
		return ret;
	ret = io_attrs_read(file, attrs);
	io_file_close(file);
	return ret;
}

int io_attrs_give(struct io *io, const char *path, const struct io_attrs *attrs,
		  struct lm_error *err)
{
	struct io_file *file;
	int ret = io_open(io, path, IO_WRITE, &file), closed;

	if (ret == 0) {
		ret = io_set_attrs(file, attrs);
		if (ret == 0)
			ret = io_fsync(file);
		closed = io_file_close(file);
		if (ret == 0)
			ret = closed;
	}
	return ret < 0 ? lm_fail(err, ret, path, NULL, "%s",
				 _("Giving the new file the owner and mode of the old one failed")) :
			 0;
}

int io_attrs_copy(struct io *from_io, const char *from, struct io *io, const char *path,
		  struct lm_error *err)
{
	struct io_attrs attrs;
	int ret = io_attrs_of(from_io, from, &attrs);

	/* Inside of an image there is no more to go by: it stays its maker's alone. */
	if (ret == -EOPNOTSUPP)
		return 0;
	if (ret < 0)
		return lm_fail(err, ret, from, NULL, "%s",
			       _("Giving the new file the owner and mode of the old one failed"));
	ret = io_attrs_give(io, path, &attrs, err);
	io_attrs_free(&attrs);
	return ret;
}

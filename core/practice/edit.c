/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A root image in a plain file, open for editing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/fs/fs_edit.h"
#include "core/i18n.h"
#include "core/practice/practice.h"

struct practice_fs {
	struct io_file *file;
	struct io_source *src;
	struct fs_edit *edit;
};

int practice_fs_close(struct practice_fs *fs, struct lm_error *err)
{
	int rc = 0, closed = 0;

	if (!fs)
		return 0;
	if (fs->edit)
		rc = fs_edit_close(fs->edit, err);
	io_source_close(fs->src);
	if (fs->file)
		closed = io_file_close(fs->file);
	free(fs);
	if (!rc && closed)
		rc = lm_fail(err, closed, NULL, NULL, "%s", _("Writing the root image failed"));
	return rc;
}

int practice_fs_open(const char *path, struct practice_fs **out, struct lm_error *err)
{
	struct practice_fs *fs = calloc(1, sizeof(*fs));
	int rc;

	*out = NULL;
	if (!fs)
		return lm_fail(err, -ENOMEM, path, NULL, "%s", _("Opening the root image failed"));
	rc = io_path_open(path, IO_WRITE, &fs->file);
	if (rc)
		lm_fail(err, rc, path, NULL, "%s", _("Opening the root image failed"));
	else
		rc = io_file_source(fs->file, false, path, 0, 0, &fs->src, err);
	if (!rc)
		rc = fs_edit_open(fs->src, &fs->edit, err);
	if (rc) {
		practice_fs_close(fs, NULL);
		return rc;
	}
	*out = fs;
	return 0;
}

int practice_fs_mkdir(struct practice_fs *fs, const char *path, unsigned mode,
		      struct lm_error *err)
{
	return fs_edit_mkdir(fs->edit, path, mode, err);
}

/* Makes the directories that path lies in; those that are there stay as they are. */
static int make_parents(struct practice_fs *fs, const char *path, struct lm_error *err)
{
	char dir[256];
	const char *slash = path;
	int rc;

	while ((slash = strchr(slash + 1, '/'))) {
		size_t len = (size_t)(slash - path);
		struct lm_error local;

		if (len >= sizeof(dir))
			return lm_fail(err, -ENAMETOOLONG, path, NULL, "%s",
				       _("Making a directory failed"));
		memcpy(dir, path, len);
		dir[len] = '\0';
		lm_error_clear(&local);
		rc = fs_edit_mkdir(fs->edit, dir, 0755, &local);
		if (rc && rc != -EEXIST) {
			if (err)
				*err = local;
			return rc;
		}
	}
	return 0;
}

int practice_fs_put(struct practice_fs *fs, const char *path, unsigned mode, const void *data,
		    size_t len, struct lm_error *err)
{
	int rc = make_parents(fs, path, err);

	return rc ? rc : fs_edit_write(fs->edit, path, data, len, mode, err);
}

int practice_fs_append(struct practice_fs *fs, const char *path, const void *data, size_t len,
		       struct lm_error *err)
{
	return fs_edit_append(fs->edit, path, data, len, err);
}

int practice_fs_remove(struct practice_fs *fs, const char *path, struct lm_error *err)
{
	return fs_edit_unlink(fs->edit, path, err);
}

int practice_fs_symlink(struct practice_fs *fs, const char *path, const char *target,
			struct lm_error *err)
{
	return fs_edit_symlink(fs->edit, path, target, err);
}

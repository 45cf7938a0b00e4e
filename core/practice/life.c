/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Some weeks in the life of a stick, so that its overlay holds what overlays hold. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/practice/practice.h"

#define BUF_BYTES (256u << 10)

static int put_text(struct practice_fs *fs, const char *path, const char *text,
		    struct lm_error *err)
{
	return practice_fs_put(fs, path, 0644, text, strlen(text), err);
}

/* The user settles in: settings, documents, a package, logs. */
static int settle_in(struct practice_fs *fs, char *buf, struct lm_error *err)
{
	char path[80];
	unsigned i;
	int rc = put_text(fs, "/etc/hostname", "my-stick\n", err);

	if (!rc)
		rc = put_text(fs, "/etc/locale.conf", "LANG=C.UTF-8\n", err);
	for (i = 0; !rc && i < 12; i++) {
		snprintf(path, sizeof(path), "/home/liveuser/Documents/letter-%02u.txt", i + 1);
		practice_prose(buf, 20000, 100 + i);
		rc = practice_fs_put(fs, path, 0644, buf, 20000 + 1000 * i, err);
	}
	for (i = 0; !rc && i < 8; i++) {
		snprintf(path, sizeof(path), "/usr/lib/notebook/module-%u.so", i);
		practice_noise(buf, 60u << 10, 200 + i);
		rc = practice_fs_put(fs, path, 0755, buf, 60u << 10, err);
	}
	practice_prose(buf, BUF_BYTES, 300);
	if (!rc)
		rc = practice_fs_put(fs, "/var/log/messages", 0644, buf, BUF_BYTES, err);
	if (!rc)
		rc = practice_fs_append(fs, "/var/log/boot.log", buf, 64u << 10, err);
	return rc;
}

/* Later: some of it is deleted, some changed, some put back. */
static int tidy_up(struct practice_fs *fs, char *buf, struct lm_error *err)
{
	char path[80];
	unsigned i;
	int rc = 0;

	for (i = 0; !rc && i < 4; i++) {
		snprintf(path, sizeof(path), "/usr/lib/notebook/module-%u.so", 2 * i);
		rc = practice_fs_remove(fs, path, err);
	}
	if (!rc)
		rc = practice_fs_remove(fs, "/home/liveuser/Documents/letter-02.txt", err);
	if (!rc)
		rc = practice_fs_remove(fs, "/usr/share/practice/chapter-16.txt", err);
	practice_prose(buf, BUF_BYTES, 301);
	if (!rc)
		rc = practice_fs_append(fs, "/var/log/messages", buf, 40000, err);
	if (!rc)
		rc = practice_fs_put(fs, "/home/liveuser/Documents/letter-05.txt", 0644, buf,
				     23000, err);
	return rc;
}

int practice_life(struct practice_fs *fs, unsigned chapter, struct lm_error *err)
{
	char *buf = malloc(BUF_BYTES);
	int rc;

	if (!buf)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Living with the stick failed"));
	rc = chapter == 0 ? settle_in(fs, buf, err) : tidy_up(fs, buf, err);
	free(buf);
	return rc;
}

static void picture_path(char path[64], const char *name, unsigned n)
{
	snprintf(path, 64, "/home/liveuser/Pictures/%.16s-%03u.jpg", name, n);
}

int practice_pictures(struct practice_fs *fs, const char *name, uint64_t bytes, unsigned *count,
		      struct lm_error *err)
{
	char *buf = malloc(BUF_BYTES), path[64];
	unsigned n = 0;
	int rc = 0;

	if (!buf)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Living with the stick failed"));
	while (!rc && bytes >= PRACTICE_BLOCK_BYTES) {
		/* 40 to 136 KiB, and the rest at last, in whole blocks. */
		size_t len = (10u + n * 7u % 25u) * PRACTICE_BLOCK_BYTES;

		if (len > bytes)
			len = (size_t)(bytes / PRACTICE_BLOCK_BYTES * PRACTICE_BLOCK_BYTES);
		practice_noise(buf, len, 1000 + n);
		picture_path(path, name, n);
		rc = practice_fs_put(fs, path, 0644, buf, len, err);
		bytes -= len;
		n++;
	}
	*count = n;
	free(buf);
	return rc;
}

int practice_pictures_remove(struct practice_fs *fs, unsigned count, unsigned percent,
			     struct lm_error *err)
{
	unsigned i;
	int rc = 0;

	for (i = 0; !rc && i < count; i++) {
		char path[64];

		/* Spread evenly: each time the sum of the percentages passes a whole one. */
		if ((i + 1) * percent / 100 == i * percent / 100)
			continue;
		picture_path(path, "picture", i);
		rc = practice_fs_remove(fs, path, err);
	}
	return rc;
}

int practice_last_words(struct practice_fs *fs, unsigned which, struct lm_error *err)
{
	char *buf = malloc(BUF_BYTES);
	int rc;

	if (!buf)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Living with the stick failed"));
	practice_prose(buf, BUF_BYTES, 400 + which);
	if (which == 0)
		rc = practice_fs_put(fs, "/home/liveuser/Documents/just-saved.txt", 0644, buf,
				     30000, err);
	else
		rc = practice_fs_append(fs, "/var/log/messages", buf, 20000, err);
	free(buf);
	return rc;
}

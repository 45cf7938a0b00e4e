/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The system as it comes: configuration and documents of our own, programs
 * and texts copied from this machine's /usr, which is public everywhere.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/practice/practice.h"

#define PROGRAM_BYTES  (1u << 20) /* of programs, all in all */
#define SHARE_BYTES    (2u << 20) /* of what lies in /usr/share */
#define FILE_MAX_BYTES (1u << 20)
#define DEPTH_MAX      6

struct budget {
	struct practice_fs *fs;
	uint64_t left;
	char *buf; /* FILE_MAX_BYTES */
};

static const char *const programs[] = { "/usr/bin/bash", "/usr/bin/cat",  "/usr/bin/cp",
					"/usr/bin/grep", "/usr/bin/ls",	  "/usr/bin/mv",
					"/usr/bin/sed",	 "/usr/bin/tar",  "/usr/bin/find",
					"/usr/bin/sort", "/usr/bin/date", "/usr/bin/df",
					"/usr/bin/awk",	 "/usr/bin/more", "/usr/bin/dd" };

static const char *const shares[] = { "/usr/share/common-licenses", "/usr/share/licenses",
				      "/usr/share/misc",	    "/usr/share/terminfo",
				      "/usr/share/perl5",	    "/usr/share/i18n",
				      "/usr/share/zoneinfo",	    "/usr/share/doc" };

/* Copies one regular file; one that cannot be read, or is too large, is left out. */
static int copy_file(struct budget *b, const char *path, unsigned mode, struct lm_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	size_t len = 0;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_MAX_BYTES ||
	    (uint64_t)st.st_size > b->left) {
		close(fd);
		return 0;
	}
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, b->buf + len, (size_t)st.st_size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	b->left -= len;
	return practice_fs_put(b->fs, path, mode, b->buf, len, err);
}

static int is_plain_name(const struct dirent *entry)
{
	return entry->d_name[0] != '.' &&
	       strspn(entry->d_name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789._+-") == strlen(entry->d_name);
}

static int copy_tree(struct budget *b, const char *dir, unsigned depth, struct lm_error *err)
{
	struct dirent **entries;
	int i, n = scandir(dir, &entries, is_plain_name, alphasort), rc = 0;

	if (n < 0)
		return 0;
	for (i = 0; i < n; i++) {
		char path[240];
		struct stat st;

		if (!rc && b->left > 4096 &&
		    snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name) <
			    (int)sizeof(path) &&
		    lstat(path, &st) == 0) {
			if (S_ISREG(st.st_mode))
				rc = copy_file(b, path, 0644, err);
			else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
				rc = copy_tree(b, path, depth + 1, err);
		}
		free(entries[i]);
	}
	free(entries);
	return rc;
}

static int put_text(struct practice_fs *fs, const char *path, const char *text,
		    struct lm_error *err)
{
	return practice_fs_put(fs, path, 0644, text, strlen(text), err);
}

static int configuration(struct practice_fs *fs, struct lm_error *err)
{
	static const struct {
		const char *path, *text;
	} files[] = {
		{ "/etc/hostname", "localhost-live\n" },
		{ "/etc/os-release", "NAME=\"livemend practice\"\nID=livemend-practice\n"
				     "PRETTY_NAME=\"A system to practise on\"\nVERSION_ID=1\n" },
		{ "/etc/fstab", "/dev/root / ext4 defaults,noatime 0 0\n"
				"vartmp /var/tmp tmpfs defaults 0 0\n" },
		{ "/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"
				 "liveuser:x:1000:1000:Live System User:/home/liveuser:/bin/bash\n" },
		{ "/etc/group", "root:x:0:\nliveuser:x:1000:\n" },
		{ "/etc/hosts", "127.0.0.1 localhost localhost.localdomain\n::1 localhost\n" },
		{ "/etc/motd", "This system exists to be broken and mended.\n" },
		{ "/root/.bashrc", "alias ll='ls -l'\n" },
	};
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < sizeof(files) / sizeof(files[0]); i++)
		rc = put_text(fs, files[i].path, files[i].text, err);
	if (!rc)
		rc = practice_fs_mkdir(fs, "/tmp", 01777, err);
	if (!rc)
		rc = practice_fs_mkdir(fs, "/proc", 0555, err);
	if (!rc)
		rc = practice_fs_mkdir(fs, "/sys", 0555, err);
	if (!rc)
		rc = practice_fs_mkdir(fs, "/dev", 0755, err);
	if (!rc)
		rc = practice_fs_symlink(fs, "/bin", "usr/bin", err);
	return rc;
}

int practice_tree(struct practice_fs *fs, struct lm_error *err)
{
	struct budget b = { .fs = fs, .left = PROGRAM_BYTES };
	size_t i;
	int rc;

	b.buf = malloc(FILE_MAX_BYTES);
	if (!b.buf)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Making the system failed"));
	rc = configuration(fs, err);
	for (i = 0; !rc && i < sizeof(programs) / sizeof(programs[0]); i++)
		rc = copy_file(&b, programs[i], 0755, err);
	b.left = SHARE_BYTES;
	for (i = 0; !rc && i < sizeof(shares) / sizeof(shares[0]); i++)
		rc = copy_tree(&b, shares[i], 0, err);
	for (i = 0; !rc && i < 16; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/usr/share/practice/chapter-%02zu.txt", i + 1);
		practice_prose(b.buf, 48u << 10, i);
		rc = practice_fs_put(fs, path, 0644, b.buf, 48u << 10, err);
	}
	if (!rc) {
		practice_prose(b.buf, 96u << 10, 77);
		rc = practice_fs_put(fs, "/var/log/boot.log", 0644, b.buf, 96u << 10, err);
	}
	if (!rc)
		rc = put_text(fs, "/home/liveuser/Documents/welcome.txt",
			      "Welcome. Change things, delete things, fill the stick.\n", err);
	free(b.buf);
	return rc;
}

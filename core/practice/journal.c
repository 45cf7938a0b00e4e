/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A journal with something in it, through debugfs, which knows how to write one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/practice/practice.h"

#define BLOCK      PRACTICE_BLOCK_BYTES
#define LIST_BYTES 4000 /* of a debugfs command line */

static int io_failed(const char *path, int rc, struct lm_error *err)
{
	return lm_fail(err, rc, path, NULL, "%s", _("Making the unfinished journal failed"));
}

static int block_io(int fd, void *buf, uint64_t block, bool write)
{
	off_t off = (off_t)(block * BLOCK);
	ssize_t n = write ? pwrite(fd, buf, BLOCK, off) : pread(fd, buf, BLOCK, off);

	if (n < 0)
		return -errno;
	return n == (ssize_t)BLOCK ? 0 : -EIO;
}

/*
 * Goes through what differs between two states: data goes to target at once,
 * metadata into the file content, its block numbers into list.
 */
static int split_edit(int target, int before, int after, struct practice_state *state, int content,
		      char list[LIST_BYTES])
{
	unsigned char a[BLOCK], b[BLOCK];
	uint64_t block, n = 0;
	size_t used = 0;
	int rc = 0;

	/* Block 0 holds the superblock, which the kernel leaves as it was. */
	for (block = 1; !rc && block < PRACTICE_ROOT_BYTES / BLOCK; block++) {
		rc = block_io(before, a, block, false);
		if (!rc)
			rc = block_io(after, b, block, false);
		if (rc || memcmp(a, b, BLOCK) == 0)
			continue;
		if (!fs_range_used(state->fs, block * BLOCK, BLOCK)) {
			rc = block_io(target, b, block, true);
			continue;
		}
		if (used + 24 > LIST_BYTES)
			return -E2BIG;
		used += (size_t)snprintf(list + used, LIST_BYTES - used, "%s%llu", n ? "," : "",
					 (unsigned long long)block);
		rc = block_io(content, b, n++, true);
	}
	return !rc && n == 0 ? -ENODATA : rc;
}

int practice_journal(const char *path, const char *first, const char *second, const char *work,
		     struct lm_error *err)
{
	const char *const states[3] = { path, first, second };
	int fd[3] = { -1, -1, -1 }, content = -1, rc = 0;
	char list[LIST_BYTES], name[2][256], commands[256];
	const char *argv[] = { "debugfs", "-w", "-f", commands, path, NULL };
	struct practice_state state = { .fs = NULL };
	FILE *script = NULL;
	unsigned i;

	if (snprintf(commands, sizeof(commands), "%s/commands", work) >= (int)sizeof(commands))
		return io_failed(work, -ENAMETOOLONG, err);
	for (i = 0; i < 3; i++) {
		fd[i] = open(states[i], (i ? O_RDONLY : O_RDWR) | O_CLOEXEC);
		if (fd[i] < 0) {
			rc = io_failed(states[i], -errno, err);
			goto out;
		}
	}
	rc = practice_state_open(path, &state, err);
	if (rc)
		goto out;
	script = fopen(commands, "wxe");
	if (!script) {
		rc = io_failed(commands, -errno, err);
		goto out;
	}
	fputs("journal_open\n", script);
	for (i = 0; i < 2; i++) {
		snprintf(name[i], sizeof(name[i]), "%.240s/content%u", work, i);
		content = open(name[i], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		rc = content < 0 ? -errno :
				   split_edit(fd[0], fd[i], fd[i + 1], &state, content, list);
		if (content >= 0)
			close(content);
		if (rc) {
			rc = io_failed(name[i], rc, err);
			goto out;
		}
		fprintf(script, "journal_write -b %s \"%s\"\n", list, name[i]);
	}
	fputs("journal_close\n", script);
	if (ferror(script) || fclose(script)) {
		script = NULL;
		rc = io_failed(commands, -EIO, err);
		goto out;
	}
	script = NULL;
	rc = practice_child(argv, NULL, NULL, err);
out:
	if (script)
		fclose(script);
	practice_state_close(&state);
	for (i = 0; i < 3; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
	}
	return rc;
}

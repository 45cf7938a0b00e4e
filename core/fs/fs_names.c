/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/fs/fs_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/text.h"

/* No path that a kernel would take is deeper; in a damaged tree this ends a loop. */
#define MAX_DEPTH 2048

struct entry {
	uint32_t parent; /* inode of the directory, 0: no name known */
	uint32_t name;   /* place in the arena */
};

struct fs_names {
	ext2_filsys ext;
	struct entry *entries; /* by inode number */
	uint32_t count;
	char *arena;           /* names, each ended by NUL */
	size_t used, cap;
	char *raw, *path;      /* of the last answer */
	size_t raw_cap;
	bool no_memory;
};

int fs_names_new(ext2_filsys ext, struct fs_names **out, struct lm_error *err)
{
	struct fs_names *names = calloc(1, sizeof(*names));

	*out = names;
	if (names) {
		names->ext = ext;
		names->count = ext->super->s_inodes_count;
		names->entries = calloc((size_t)names->count + 1, sizeof(*names->entries));
	}
	if (names && names->entries)
		return 0;
	fs_names_free(names);
	*out = NULL;
	return lm_fail(err, -ENOMEM, NULL, NULL, "%s", _("Reading the directories failed"));
}

void fs_names_free(struct fs_names *names)
{
	if (!names)
		return;
	free(names->entries);
	free(names->arena);
	free(names->raw);
	free(names->path);
	free(names);
}

static int keep_name(struct fs_names *names, const char *name, size_t len, uint32_t *place)
{
	size_t i;

	if (names->cap - names->used < len + 1) {
		size_t cap = names->cap ? 2 * names->cap : 65536;
		char *arena = cap > UINT32_MAX ? NULL : realloc(names->arena, cap);

		if (!arena)
			return -ENOMEM;
		names->arena = arena;
		names->cap = cap;
	}
	*place = (uint32_t)names->used;
	/* A slash or NUL within a name is damage; it must not look like a path. */
	for (i = 0; i < len; i++)
		names->arena[names->used + i] =
			(char)(name[i] == '/' || name[i] == '\0' ? '?' : name[i]);
	names->arena[names->used + len] = '\0';
	names->used += len + 1;
	return 0;
}

static int take_entry(ext2_ino_t dir, int kind, struct ext2_dir_entry *dirent, int offset,
		      int block_size, char *buf, void *arg)
{
	struct fs_names *names = arg;
	size_t len = (size_t)ext2fs_dirent_name_len(dirent);
	struct entry *e;

	(void)offset;
	(void)block_size;
	(void)buf;
	if (kind != DIRENT_OTHER_FILE || dirent->inode == 0 || dirent->inode > names->count ||
	    len == 0)
		return 0;
	e = &names->entries[dirent->inode];
	if (e->parent != 0)
		return 0;
	if (keep_name(names, dirent->name, len, &e->name) < 0) {
		names->no_memory = true;
		return DIRENT_ABORT;
	}
	e->parent = dir;
	return 0;
}

int fs_names_add_dir(struct fs_names *names, ext2_ino_t dir, struct lm_error *err)
{
	ext2fs_dir_iterate2(names->ext, dir, 0, NULL, take_entry,
			    names);
	if (names->no_memory)
		return lm_fail(err, -ENOMEM, NULL, NULL, "%s",
			       _("Reading the directories failed"));
	return 0;
}

/* Puts text before what stands at *at in raw, growing it to the front. */
static int prepend(struct fs_names *names, size_t *at, const char *text)
{
	size_t len = strlen(text);

	while (*at < len) {
		size_t cap = names->raw_cap ? 2 * names->raw_cap : 1024;
		size_t tail = names->raw_cap - *at;
		char *raw = malloc(cap);

		if (!raw)
			return -ENOMEM;
		if (tail > 0)
			memcpy(raw + cap - tail, names->raw + *at, tail);
		free(names->raw);
		names->raw = raw;
		names->raw_cap = cap;
		*at = cap - tail;
	}
	*at -= len;
	memcpy(names->raw + *at, text, len);
	return 0;
}

static int put_path(struct fs_names *names, ext2_ino_t ino, bool deleted, size_t *at)
{
	char number[16];
	unsigned depth;
	int r = 0;

	for (depth = 0; r == 0 && ino != EXT2_ROOT_INO; depth++) {
		const struct entry *e = &names->entries[ino];

		if (e->parent == 0 || depth >= MAX_DEPTH)
			break;
		r = prepend(names, at, names->arena + e->name);
		if (r == 0)
			r = prepend(names, at, "/");
		ino = e->parent;
	}
	if (r < 0 || ino == EXT2_ROOT_INO)
		return r;
	snprintf(number, sizeof(number), "/#%u", ino);
	r = prepend(names, at, number);
	if (r == 0)
		r = prepend(names, at,
			    deleted ? _("/(deleted, still open)") : _("/(without a name)"));
	return r;
}

const char *fs_names_path(struct fs_names *names, ext2_ino_t ino, bool deleted)
{
	size_t at = names->raw_cap;

	if (ino == EXT2_ROOT_INO)
		return "/";
	if (ino > names->count)
		return NULL;
	/* The end first: a string is built from its last byte. */
	if (prepend(names, &at, "\1") < 0 || put_path(names, ino, deleted, &at) < 0)
		return NULL;
	names->raw[names->raw_cap - 1] = '\0';
	free(names->path);
	names->path = text_dup(names->raw + at);
	return names->path;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz.c - see fuzz.h */
#include "tests/fuzz/fuzz.h"

#include "core/text.h"

#define MOST_NAMES 64
#define MOST_LOOKS 256
#define MOST_DEPTH 5
#define MOST_READ  (1u << 20)

bool fuzz_is_printable(const char *text)
{
	char *clean = text_dup(text);
	bool same;

	MUST(clean);
	same = strcmp(clean, text) == 0;
	free(clean);
	return same;
}

void fuzz_check_error(int ret, const struct lm_error *err)
{
	MUST(ret < 0 && err->code < 0);
	MUST(err->what[0] && memchr(err->what, 0, sizeof(err->what)));
	MUST(memchr(err->on, 0, sizeof(err->on)) && memchr(err->why, 0, sizeof(err->why)) &&
	     memchr(err->help, 0, sizeof(err->help)));
	MUST(fuzz_is_printable(err->what) && fuzz_is_printable(err->on) &&
	     fuzz_is_printable(err->why) && fuzz_is_printable(err->help));
}

bool fuzz_next_sector(const uint8_t *data, size_t size, size_t *at, struct fuzz_sector *s)
{
	size_t here = *at ? *at : 4;

	if (here > size || size - here < FUZZ_RECORD)
		return false;
	s->number = get_le32(data + here) & ~FUZZ_OTHER;
	s->other = get_le32(data + here) & FUZZ_OTHER;
	s->bytes = data + here + 4;
	*at = here + FUZZ_RECORD;
	return true;
}

void fuzz_disk(const uint8_t *data, size_t size, uint32_t most, struct mem_file *mem)
{
	uint32_t sectors = size < 4 ? 0 : get_le32(data);
	struct fuzz_sector s;
	size_t at = 0;

	if (sectors > most)
		sectors = most;
	mem_file_make(mem, sectors * UINT64_C(512), sectors * UINT64_C(512));
	while (fuzz_next_sector(data, size, &at, &s)) {
		if (!s.other && s.number < sectors)
			memcpy(mem->data + s.number * UINT64_C(512), s.bytes, 512);
	}
}

struct names {
	char *list[MOST_NAMES];
	enum io_kind kinds[MOST_NAMES];
	unsigned count, asked;
};

static int take_name(void *arg, const char *name, enum io_kind kind)
{
	struct names *n = arg;

	/* What a path is made of: anything else would be another file than the one meant. */
	MUST(*name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
	if (n->count == MOST_NAMES)
		return 1;
	n->list[n->count] = strdup(name);
	MUST(n->list[n->count]);
	n->kinds[n->count++] = kind;
	return 0;
}

static void read_file(struct io *io, const char *path)
{
	struct io_file *file = NULL;
	struct io_stat st;
	uint64_t at = 0;
	int ret = io_open(io, path, IO_READ, &file);

	if (ret < 0) {
		MUST(!file);
		return;
	}
	MUST(ret == 0 && io_fstat(file, &st) == 0 && st.kind == IO_REGULAR);
	while (at < min_u64(st.size_bytes, MOST_READ)) {
		unsigned char buf[4096];
		size_t len = (size_t)min_u64(sizeof(buf), st.size_bytes - at);
		ssize_t n = io_pread(file, buf, len, at);

		MUST(n <= (ssize_t)len);
		if (n < 0)
			break;
		MUST(n == (ssize_t)len);
		at += len;
	}
	if (st.size_bytes) {
		unsigned char last[2];

		MUST(io_pread(file, last, 2, st.size_bytes - 1) <= 1);
	}
	MUST(io_pread(file, &st, 1, st.size_bytes) <= 0);
	MUST(io_file_close(file) == 0);
	MUST(io_open(io, path, IO_WRITE, &file) < 0);
}

static void look_round(struct io *io, const char *dir, unsigned depth, unsigned *looks)
{
	struct names n = {.count = 0};
	struct io_stat st;

	(void)io_list(io, dir, take_name, &n);
	for (unsigned i = 0; i < n.count; i++) {
		char *path = NULL;

		if (*looks > 0) {
			(*looks)--;
			MUST(asprintf(&path, "%s%s%s", depth ? dir : "", depth ? "/" : "",
				      n.list[i]) > 0);
			if (io_stat(io, path, &st) == 0) {
				if (st.kind == IO_REGULAR)
					read_file(io, path);
				else if (st.kind == IO_DIRECTORY && depth < MOST_DEPTH)
					look_round(io, path, depth + 1, looks);
			}
			free(path);
		}
		free(n.list[i]);
	}
}

void fuzz_look_round(struct io *io)
{
	unsigned looks = MOST_LOOKS;
	struct io_fsinfo info;
	struct io_stat st;

	look_round(io, ".", 0, &looks);
	if (io_fsinfo(io, &info) == 0) {
		MUST(memchr(info.fstype, 0, sizeof(info.fstype)));
		MUST(info.free_bytes <= info.size_bytes);
	}
	MUST(io_stat(io, "no/such/file", &st) < 0);
	MUST(io_stat(io, "../up", &st) < 0);
	MUST(io_mkdir(io, "new") < 0 && io_unlink(io, "LiveOS") < 0);
}

/* ---- a folder ---- */

struct node {
	struct node *next;
	char *path;
	uint8_t *data;
	size_t size;
	bool is_dir, gone;
};

struct folder {
	struct io io;
	struct node *nodes; /* those that are gone, too: they may be open */
};

struct handle {
	struct io_file file;
	struct node *node;
	bool writable;
};

static const char *tidy(const char *path)
{
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	return strcmp(path, ".") == 0 ? "" : path;
}

static struct node *find_node(struct io *io, const char *path)
{
	struct node *n;

	path = tidy(path);
	for (n = ((struct folder *)io)->nodes; n; n = n->next) {
		if (!n->gone && strcmp(n->path, path) == 0)
			return n;
	}
	return NULL;
}

static struct node *add_node(struct io *io, const char *path, size_t len, bool is_dir)
{
	struct folder *f = (struct folder *)io;
	struct node *n = calloc(1, sizeof(*n));

	MUST(n);
	n->path = strndup(path, len);
	MUST(n->path);
	n->is_dir = is_dir;
	n->next = f->nodes;
	f->nodes = n;
	return n;
}

/* The directories that lead to it; NULL when one of them is a file. */
static struct node *add_file(struct io *io, const char *path)
{
	const char *slash;

	for (slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		char *dir = strndup(path, (size_t)(slash - path));
		struct node *n;

		MUST(dir);
		n = find_node(io, dir);
		if (!n)
			n = add_node(io, dir, strlen(dir), true);
		free(dir);
		if (!n->is_dir)
			return NULL;
	}
	return add_node(io, path, strlen(path), false);
}

static size_t parent_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

static bool has_parent(struct io *io, const char *path)
{
	char *dir = strndup(path, parent_len(path));
	struct node *n;
	bool there;

	MUST(dir);
	n = find_node(io, dir);
	there = n && n->is_dir;
	free(dir);
	return there;
}

static ssize_t folder_pread(struct io_file *file, void *buf, size_t len, uint64_t off)
{
	const struct node *n = ((struct handle *)file)->node;

	if (off >= n->size)
		return 0;
	len = (size_t)min_u64(len, n->size - off);
	if (len)
		memcpy(buf, n->data + off, len);
	return (ssize_t)len;
}

static int folder_truncate(struct io_file *file, uint64_t size)
{
	struct handle *h = (struct handle *)file;
	uint8_t *data;

	if (!h->writable)
		return -EBADF;
	if (size > 64u << 20)
		return -ENOSPC;
	data = realloc(h->node->data, size ? size : 1);
	MUST(data);
	if (size > h->node->size)
		memset(data + h->node->size, 0, size - h->node->size);
	h->node->data = data;
	h->node->size = size;
	return 0;
}

static int folder_pwrite(struct io_file *file, const void *buf, size_t len, uint64_t off)
{
	struct handle *h = (struct handle *)file;
	uint64_t end;
	int ret = h->writable ? 0 : -EBADF;

	if (ret == 0 && add_overflows(off, (uint64_t)len, &end))
		ret = -EFBIG;
	if (ret == 0 && end > h->node->size)
		ret = folder_truncate(file, end);
	if (ret == 0 && len)
		memcpy(h->node->data + off, buf, len);
	return ret;
}

static void fill_stat(const struct node *n, struct io_stat *st)
{
	memset(st, 0, sizeof(*st));
	st->kind = n->is_dir ? IO_DIRECTORY : IO_REGULAR;
	st->size_bytes = st->on_disk_bytes = n->size;
}

static int folder_fstat(struct io_file *file, struct io_stat *st)
{
	fill_stat(((struct handle *)file)->node, st);
	return 0;
}

static int folder_fsync(struct io_file *file)
{
	(void)file;
	return 0;
}

static int folder_file_close(struct io_file *file)
{
	free(file);
	return 0;
}

static int folder_open(struct io *io, const char *path, enum io_mode mode, struct io_file **file)
{
	struct node *n = find_node(io, path);
	struct handle *h;

	if (mode == IO_CREATE || mode == IO_CREATE_PUBLIC) {
		if (n)
			return -EEXIST;
		if (!has_parent(io, path))
			return -ENOENT;
		n = add_node(io, path, strlen(path), false);
	}
	if (!n)
		return -ENOENT;
	if (n->is_dir)
		return -EISDIR;
	h = calloc(1, sizeof(*h));
	MUST(h);
	h->file.ops = io->ops;
	h->node = n;
	h->writable = mode != IO_READ;
	*file = &h->file;
	return 0;
}

static int folder_stat(struct io *io, const char *path, struct io_stat *st)
{
	struct node *n = find_node(io, path);

	if (n)
		fill_stat(n, st);
	return n ? 0 : -ENOENT;
}

static int folder_list(struct io *io, const char *path, io_list_fn fn, void *arg)
{
	struct node *dir = find_node(io, path), *n, *next;
	size_t len;
	int ret = 0;

	if (!dir || !dir->is_dir)
		return dir ? -ENOTDIR : -ENOENT;
	len = strlen(dir->path);
	for (n = ((struct folder *)io)->nodes; n && !ret; n = next) {
		next = n->next;
		if (n->gone || n == dir || parent_len(n->path) != len ||
		    strncmp(n->path, dir->path, len) != 0)
			continue;
		ret = fn(arg, n->path + len + (len > 0), n->is_dir ? IO_DIRECTORY : IO_REGULAR);
	}
	return ret;
}

static int folder_fsinfo(struct io *io, struct io_fsinfo *info)
{
	(void)io;
	memset(info, 0, sizeof(*info));
	strcpy(info->fstype, "vfat");
	info->size_bytes = 64 << 20;
	info->free_bytes = 32 << 20;
	info->inodes_free = UINT64_MAX;
	info->file_limit_bytes = UINT32_MAX;
	return 0;
}

static int folder_mkdir(struct io *io, const char *path)
{
	if (find_node(io, path))
		return -EEXIST;
	if (!has_parent(io, path))
		return -ENOENT;
	add_node(io, path, strlen(path), true);
	return 0;
}

static int folder_unlink(struct io *io, const char *path)
{
	struct node *n = find_node(io, path);

	if (!n || n->is_dir)
		return n ? -EISDIR : -ENOENT;
	n->gone = true;
	return 0;
}

static int folder_sync_dir(struct io *io, const char *path)
{
	struct node *n = find_node(io, path);

	return n && n->is_dir ? 0 : -ENOENT;
}

static void folder_close(struct io *io)
{
	struct folder *f = (struct folder *)io;

	while (f->nodes) {
		struct node *n = f->nodes;

		f->nodes = n->next;
		free(n->path);
		free(n->data);
		free(n);
	}
	free(f);
}

static const struct io_ops folder_ops = {
	.open = folder_open,
	.stat = folder_stat,
	.list = folder_list,
	.fsinfo = folder_fsinfo,
	.mkdir = folder_mkdir,
	.mkdir_private = folder_mkdir,
	.unlink = folder_unlink,
	.sync_dir = folder_sync_dir,
	.close = folder_close,
	.pread = folder_pread,
	.pwrite = folder_pwrite,
	.fsync = folder_fsync,
	.truncate = folder_truncate,
	.fstat = folder_fstat,
	.file_close = folder_file_close,
};

void fuzz_folder_put(struct io *io, const char *path, const void *data, size_t size)
{
	struct node *n = find_node(io, path);

	if (!n)
		n = add_file(io, path);
	if (!n || n->is_dir)
		return;
	free(n->data);
	n->data = malloc(size + 1);
	MUST(n->data);
	if (size)
		memcpy(n->data, data, size);
	n->size = size;
}

const uint8_t *fuzz_folder_get(struct io *io, const char *path, size_t *size)
{
	struct node *n = find_node(io, path);

	if (!n || n->is_dir)
		return NULL;
	*size = n->size;
	return n->data ? n->data : (const uint8_t *)"";
}

/* As a file system would have it: no empty parts, no "." and "..", at most 255 bytes each. */
static bool is_path(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || n > 255 || (n == 1 && path[0] == '.') ||
		    (n == 2 && memcmp(path, "..", 2) == 0))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

struct io *fuzz_folder(const uint8_t *data, size_t size)
{
	static const char mark[] = "@@@ ";
	const size_t m = sizeof(mark) - 1;
	struct folder *f = calloc(1, sizeof(*f));
	unsigned files = 0;
	size_t at = 0;

	MUST(f);
	f->io.ops = &folder_ops;
	add_node(&f->io, "", 0, true);
	while (size - at > m && memcmp(data + at, mark, m) == 0 && files++ < 128) {
		const uint8_t *line = data + at + m, *end = memchr(line, '\n', size - at - m);
		const uint8_t *body, *next;
		char *path;

		if (!end)
			break;
		path = strndup((const char *)line, (size_t)(end - line));
		MUST(path);
		body = end + 1;
		/* The newline before the next mark belongs to this file. */
		next = memmem(end, size - (size_t)(end - data), "\n@@@ ", m + 1);
		next = next ? next + 1 : data + size;
		if (is_path(path))
			fuzz_folder_put(&f->io, path, body, (size_t)(next - body));
		free(path);
		at = (size_t)(next - data);
	}
	return &f->io;
}

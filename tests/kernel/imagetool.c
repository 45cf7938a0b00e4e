/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * imagetool - core/image against the kernel's SquashFS; runs in the guest, as root
 *
 *   imagetool flips IMAGE STEP DIR
 *
 * Flips bits of IMAGE, one at a time, and asks both: all bits of the
 * superblock, of the compressor's options, of indexes, of headers of metadata
 * blocks and of the header of the attributes, and of the rest of the tables
 * every STEP-th one. Prints a line of figures and what is to be known of it:
 *
 *   flips       bits that were flipped
 *   refused     the kernel does not mount it
 *   errors      it mounts it, and fails to read a file or directory in it
 *   other       it reads another root image, without an error
 *   missed      refused, but well for livemend: never
 *   unseen      errors, but every block is well for livemend: never
 *   unlike      both read a root image, but not the same one: never
 *   strict      mounted by the kernel, but not well for livemend
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/image/image.h"

#define ROOT_PATH   "LiveOS/rootfs.img"
#define SUPER_BYTES 96
#define META_BYTES  8192
#define SHOWN       2
#define WORKERS     6

struct lab {
	char path[256], mountpoint[256];
	int fd;   /* the image, to be written */
	int loop; /* a loop device on it */
	char loop_path[32];
	unsigned char *data; /* the image as it was */
	size_t len;
	unsigned char *wanted; /* bits to be flipped, a byte for each */
};

static void die(const char *what)
{
	fprintf(stderr, "imagetool: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t mix(uint64_t sum, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len--)
		sum = (sum ^ *p++) * UINT64_C(0x100000001b3);
	return sum;
}

/* ---- what the kernel says ---- */

struct seen {
	bool mounts, errors;
	uint64_t root; /* of the root image's content; 0: it is not there */
	int code;
	char where[160];
};

static void seen_error(struct seen *seen, const char *name)
{
	if (!seen->errors) {
		seen->code = errno;
		snprintf(seen->where, sizeof(seen->where), "%s", name);
		for (char *c = seen->where; *c; c++)
			if (*c < ' ' || *c > '~')
				*c = '?';
	}
	seen->errors = true;
}

static void see_file(int dir, const char *name, bool root, struct seen *seen)
{
	static unsigned char buf[1 << 17];
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW);
	uint64_t sum = 1;
	ssize_t n = 0;

	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		sum = mix(sum, buf, (size_t)n);
	if (fd < 0 || n < 0)
		seen_error(seen, name);
	else if (root)
		seen->root = sum;
	if (fd >= 0)
		close(fd);
}

static void see_xattrs(int dir, const char *name, struct seen *seen)
{
	char path[400], names[4096], value[4096];
	ssize_t n, at;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	n = llistxattr(path, names, sizeof(names));
	if (n < 0 && errno != EOPNOTSUPP)
		seen_error(seen, name);
	for (at = 0; at < n; at += (ssize_t)strlen(names + at) + 1)
		if (lgetxattr(path, names + at, value, sizeof(value)) < 0)
			seen_error(seen, name);
}

static void see_dir(int fd, unsigned depth, const char *path, struct seen *seen)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;

	if (!d || depth > 8) {
		seen_error(seen, path);
		return;
	}
	while (errno = 0, (e = readdir(d))) {
		char below[400], target[4200];
		struct stat st;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof(below), "%s%s%.255s", path, *path ? "/" : "", e->d_name);
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			seen_error(seen, e->d_name);
			continue;
		}
		see_xattrs(dirfd(d), e->d_name, seen);
		if (S_ISDIR(st.st_mode)) {
			int sub = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

			if (sub < 0)
				seen_error(seen, e->d_name);
			else
				see_dir(sub, depth + 1, below, seen);
		} else if (S_ISREG(st.st_mode)) {
			see_file(dirfd(d), e->d_name, strcmp(below, ROOT_PATH) == 0, seen);
		} else if (S_ISLNK(st.st_mode) &&
			   readlinkat(dirfd(d), e->d_name, target, sizeof(target)) < 0) {
			seen_error(seen, e->d_name);
		}
	}
	if (errno)
		seen_error(seen, path);
	closedir(d);
}

/* read: everything in it, too. */
static void ask_kernel(const struct lab *lab, bool read, struct seen *seen)
{
	int fd;

	memset(seen, 0, sizeof(*seen));
	if (ioctl(lab->loop, BLKFLSBUF, 0) < 0)
		die("BLKFLSBUF");
	if (mount(lab->loop_path, lab->mountpoint, "squashfs", MS_RDONLY, NULL) < 0) {
		seen->code = errno;
		return;
	}
	seen->mounts = true;
	if (!read)
		goto out;
	fd = open(lab->mountpoint, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		seen_error(seen, "/");
	else
		see_dir(fd, 0, "", seen);
	if (!seen->root && !seen->errors) {
		errno = ENOENT;
		seen_error(seen, ROOT_PATH);
	}
out:
	if (umount(lab->mountpoint) < 0)
		die("umount");
}

/* ---- what livemend says ---- */

struct said {
	bool well, deep; /* of the tables; of every block */
	uint64_t root;
	char why[700];
};

static void ask_livemend(const struct lab *lab, struct said *said)
{
	static unsigned char buf[1 << 17];
	struct lm_error err = {0};
	struct image *img = NULL;
	struct io_source *src = NULL;
	struct io_file *file;
	uint64_t off;
	int ret;

	memset(said, 0, sizeof(*said));
	if (io_path_open(lab->path, IO_READ, &file))
		die(lab->path);
	ret = image_open(file, "image", &img, &err);
	if (!ret)
		ret = image_root_source(img, &src, &err);
	if (!ret)
		ret = image_check_tables(img, &err);
	said->well = ret == 0;
	if (!ret)
		ret = image_check(img, NULL, NULL, &err);
	said->deep = ret == 0;
	said->root = 1;
	for (off = 0; said->deep && off < src->size_bytes; off += sizeof(buf)) {
		size_t n = (size_t)min_u64(sizeof(buf), src->size_bytes - off);

		if (io_source_read(src, buf, n, off, &err))
			break;
		said->root = mix(said->root, buf, n);
	}
	if (!said->deep)
		snprintf(said->why, sizeof(said->why), "%s: %s", err.what, err.why);
	io_source_close(src);
	image_close(img);
	io_file_close(file);
}

/* ---- which bits ---- */

static void want(struct lab *lab, uint64_t from, uint64_t len)
{
	for (; len && from < lab->len; from++, len--)
		lab->wanted[from] = 0xff;
}

/* Headers of the metadata blocks between from and to. */
static void want_headers(struct lab *lab, uint64_t from, uint64_t to)
{
	while (from + 2 < to && to <= lab->len) {
		want(lab, from, 2);
		from += 2 + (get_le16(lab->data + from) & 0x7fffU);
	}
}

/* An index of a table of len bytes, and its blocks. */
static uint64_t want_index(struct lab *lab, uint64_t index, uint64_t len)
{
	uint64_t n = div_up(len, META_BYTES);

	want(lab, index, n * 8);
	want_headers(lab, get_le64(lab->data + index), index);
	return get_le64(lab->data + index);
}

static void choose_bits(struct lab *lab, unsigned step)
{
	const unsigned char *p = lab->data;
	uint64_t inodes = get_le64(p + 64), dirs = get_le64(p + 72), used = get_le64(p + 40);
	uint64_t xattrs = get_le64(p + 56), export = get_le64(p + 88), next, bit;

	want(lab, 0, SUPER_BYTES);
	if (get_le16(p + 24) & 0x400)
		want(lab, SUPER_BYTES, 2 + (get_le16(p + SUPER_BYTES) & 0x7fffU));
	next = want_index(lab, get_le64(p + 48), get_le16(p + 26) * UINT64_C(4));
	if (export != UINT64_MAX)
		next = want_index(lab, export, get_le32(p + 4) * UINT64_C(8));
	if (get_le32(p + 16))
		next = want_index(lab, get_le64(p + 80), get_le32(p + 16) * UINT64_C(16));
	want_headers(lab, inodes, dirs);
	want_headers(lab, dirs, next);
	if (xattrs != UINT64_MAX) {
		want(lab, xattrs, 16);
		want_index(lab, xattrs + 16, get_le32(p + xattrs + 8) * UINT64_C(16));
		want_headers(lab, get_le64(p + xattrs), xattrs);
	}
	for (bit = inodes * 8; bit < used * 8; bit += step)
		lab->wanted[bit / 8] |= (unsigned char)(1U << bit % 8);
}

/* ---- both ---- */

struct figures {
	unsigned long flips, refused, errors, other, missed, unseen, unlike, strict;
};

static void show(unsigned long *n, const char *kind, uint64_t bit, const struct seen *seen,
		 const struct said *said)
{
	if ((*n)++ < SHOWN)
		printf("# %s: byte %llu, bit %u: kernel: %s%s%s, livemend: %s\n", kind,
		       (unsigned long long)bit / 8, (unsigned)(bit % 8),
		       seen->code ? strerror(seen->code) : "fine", *seen->where ? " at " : "",
		       seen->where, *said->why ? said->why : "well");
}

static void flip(struct lab *lab, uint64_t bit, const struct seen *first, struct figures *f)
{
	unsigned char byte = (unsigned char)(lab->data[bit / 8] ^ 1U << bit % 8);
	struct seen seen;
	struct said said;

	if (pwrite(lab->fd, &byte, 1, (off_t)(bit / 8)) != 1)
		die("writing");
	/*
	 * Where livemend has something against it there is nothing to be proved by reading,
	 * and some kernels fall over damaged inodes.
	 */
	ask_livemend(lab, &said);
	ask_kernel(lab, said.well, &seen);
	if (pwrite(lab->fd, lab->data + bit / 8, 1, (off_t)(bit / 8)) != 1)
		die("writing");
	f->flips++;
	f->refused += !seen.mounts;
	f->errors += seen.mounts && seen.errors;
	f->other += seen.root && !seen.errors && seen.root != first->root;
	if (!seen.mounts && said.well)
		show(&f->missed, "missed", bit, &seen, &said);
	else if (seen.errors && said.deep)
		show(&f->unseen, "unseen", bit, &seen, &said);
	else if (!seen.errors && said.deep && said.root != seen.root)
		show(&f->unlike, "unlike", bit, &seen, &said);
	else if (seen.mounts && !seen.errors && !said.deep)
		show(&f->strict, "strict", bit, &seen, &said);
}

static void attach(struct lab *lab)
{
	int control = open("/dev/loop-control", O_RDWR), n, tries;

	/* Another worker may be faster to take it. */
	for (tries = 0; tries < 100; tries++) {
		n = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
		if (n < 0)
			die("/dev/loop-control");
		snprintf(lab->loop_path, sizeof(lab->loop_path), "/dev/loop%d", n);
		lab->loop = open(lab->loop_path, O_RDONLY);
		if (lab->loop >= 0 && ioctl(lab->loop, LOOP_SET_FD, lab->fd) == 0)
			break;
		if (lab->loop >= 0)
			close(lab->loop);
		lab->loop = -1;
	}
	if (lab->loop < 0)
		die(lab->loop_path);
	close(control);
}

/* A copy of the image, to be changed. */
static void make_copy(struct lab *lab, const char *dir, unsigned worker)
{
	snprintf(lab->path, sizeof(lab->path), "%s/image.%u", dir, worker);
	snprintf(lab->mountpoint, sizeof(lab->mountpoint), "%s/mnt.%u", dir, worker);
	lab->fd = open(lab->path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (lab->fd < 0 || write(lab->fd, lab->data, lab->len) != (ssize_t)lab->len)
		die(lab->path);
	if (mkdir(lab->mountpoint, 0755) < 0 && errno != EEXIST)
		die(lab->mountpoint);
	attach(lab);
}

/* Every WORKERS-th of the bits. */
static void work(struct lab *lab, const char *dir, unsigned worker, struct figures *f)
{
	struct seen first;
	struct said said;
	uint64_t bit;
	unsigned long n = 0;

	make_copy(lab, dir, worker);
	ask_kernel(lab, true, &first);
	ask_livemend(lab, &said);
	if (!first.mounts || first.errors || !said.deep || said.root != first.root) {
		printf("# not as it should be before anything is flipped: kernel: %s at %s; "
		       "livemend: %s\n",
		       strerror(first.code), first.where, said.why);
		exit(1);
	}
	for (bit = 0; bit < lab->len * UINT64_C(8); bit++)
		if (lab->wanted[bit / 8] & (1U << bit % 8) && n++ % WORKERS == worker)
			flip(lab, bit, &first, f);
	ioctl(lab->loop, LOOP_CLR_FD);
	unlink(lab->path);
	rmdir(lab->mountpoint);
}

/* Mounting is mostly waiting: several at a time. */
static int flips(const char *path, unsigned step, const char *dir)
{
	struct figures *f = mmap(NULL, WORKERS * sizeof(*f), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct figures sum = {0};
	struct lab lab = {0};
	int fd = open(path, O_RDONLY), status, failed = 0;
	struct stat st;
	unsigned i;

	if (fd < 0 || fstat(fd, &st) < 0 || f == MAP_FAILED)
		die(path);
	lab.len = (size_t)st.st_size;
	lab.data = malloc(lab.len);
	lab.wanted = calloc(1, lab.len);
	if (!lab.data || !lab.wanted || read(fd, lab.data, lab.len) != (ssize_t)lab.len)
		die(path);
	close(fd);
	choose_bits(&lab, step);
	for (i = 0; i < WORKERS; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0) {
			work(&lab, dir, i, &f[i]);
			fflush(stdout);
			_exit(0);
		}
	}
	for (i = 0; i < WORKERS; i++)
		if (wait(&status) < 0 || status != 0)
			failed = 1;
	for (i = 0; i < WORKERS; i++) {
		sum.flips += f[i].flips;
		sum.refused += f[i].refused;
		sum.errors += f[i].errors;
		sum.other += f[i].other;
		sum.missed += f[i].missed;
		sum.unseen += f[i].unseen;
		sum.unlike += f[i].unlike;
		sum.strict += f[i].strict;
	}
	printf("flips %lu refused %lu errors %lu other %lu missed %lu unseen %lu unlike %lu "
	       "strict %lu\n",
	       sum.flips, sum.refused, sum.errors, sum.other, sum.missed, sum.unseen, sum.unlike,
	       sum.strict);
	free(lab.data);
	free(lab.wanted);
	return failed || sum.missed || sum.unseen || sum.unlike;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "flips") == 0 && atoi(argv[3]) > 0)
		return flips(argv[2], (unsigned)atoi(argv[3]), argv[4]);
	fprintf(stderr, "usage: imagetool flips IMAGE STEP DIR\n");
	return 2;
}

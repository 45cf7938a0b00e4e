/* SPDX-License-Identifier: GPL-3.0-or-later */
/* File systems inside images, and sticks inside disk images. */
#include "tests/unit/stick_help.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/ctx.h"
#include "core/fs/fs_io.h"
#include "core/io/io_image.h"
#include "core/stick/stick_priv.h"

typedef int (*opener)(struct io_source *src, struct io **io, struct lm_error *err);

static char *dir;
static struct lm_ctx *ctx;

/* A live directory with a big file, a small one, an empty one, and names of all sorts. */
static const char tree[] =
	"mkdir -p t/LiveOS/livemend t/EFI && "
	"{ printf hsqs; head -c 3000000 /dev/urandom; } >t/LiveOS/squashfs.img && "
	"printf SnAp >t/LiveOS/overlay-LIVE-1A2B-3C4D && head -c 70000 /dev/zero >>t/LiveOS/overlay-LIVE-1A2B-3C4D && "
	": >t/LiveOS/empty && printf small >'t/LiveOS/a rather long name with spaces.txt' && "
	"printf umlaut >t/LiveOS/gr\xc3\xbc\xc3\x9f" "e.txt && "
	"for i in $(seq 1 300); do echo $i >t/EFI/file-number-$i.conf; done";

static int setup(void **state)
{
	(void)state;
	dir = help_dir();
	help_run(dir, tree);
	return lm_ctx_new(&ctx, NULL);
}

static int teardown(void **state)
{
	(void)state;
	lm_ctx_free(ctx);
	help_remove(dir);
	return 0;
}

static struct io_source *source_of(const char *name)
{
	struct io_source *src;
	struct io_file *file;

	assert_int_equal(io_path_open(help_path(dir, name), IO_READ, &file), 0);
	assert_int_equal(io_file_source(file, true, name, 0, 0, &src, NULL), 0);
	return src;
}

static struct io *open_fs(opener open_it, const char *name)
{
	struct io_source *src = source_of(name);
	struct lm_error err = { 0 };
	struct io *io;

	if (open_it(src, &io, &err))
		fail_msg("%s: %s", err.what, err.why);
	return io;
}

static void same_file(struct io *io, const char *path)
{
	struct io_file *a, *b;
	struct io_stat st;
	unsigned char x[5000], y[5000];
	uint64_t off = 0;
	ssize_t n;
	char *real;

	assert_true(asprintf(&real, "%s/t/%s", dir, path) > 0);
	assert_int_equal(io_open(io, path, IO_READ, &a), 0);
	assert_int_equal(io_path_open(real, IO_READ, &b), 0);
	assert_int_equal(io_fstat(a, &st), 0);
	do {
		n = io_pread(b, y, sizeof(y), off);
		assert_true(n >= 0);
		assert_int_equal(io_pread(a, x, sizeof(x), off), n);
		assert_memory_equal(x, y, (size_t)n);
		off += (uint64_t)n;
	} while (n > 0);
	assert_int_equal(st.size_bytes, off);
	assert_int_equal(io_file_close(a), 0);
	assert_int_equal(io_file_close(b), 0);
	free(real);
}

static int count_name(void *arg, const char *name, enum io_kind kind)
{
	(void)name;
	*(unsigned *)arg += kind == IO_REGULAR;
	return 0;
}

static void check_tree(struct io *io)
{
	struct io_file *file = NULL;
	struct io_stat st;
	unsigned count = 0;

	same_file(io, "LiveOS/squashfs.img");
	same_file(io, "LiveOS/overlay-LIVE-1A2B-3C4D");
	same_file(io, "LiveOS/empty");
	same_file(io, "./LiveOS/a rather long name with spaces.txt");
	same_file(io, "LiveOS/gr\xc3\xbc\xc3\x9f" "e.txt");
	same_file(io, "EFI/file-number-299.conf");
	assert_int_equal(io_list(io, "EFI", count_name, &count), 0);
	assert_int_equal(count, 300);
	assert_int_equal(io_stat(io, "LiveOS", &st), 0);
	assert_int_equal(st.kind, IO_DIRECTORY);
	assert_int_equal(io_stat(io, "LiveOS/nothing", &st), -ENOENT);
	assert_int_equal(io_stat(io, "LiveOS/empty/x", &st), -ENOTDIR);
	assert_int_equal(io_open(io, "LiveOS", IO_READ, &file), -EISDIR);
	assert_int_equal(io_open(io, "LiveOS/../LiveOS/empty", IO_READ, &file), -EXDEV);
	assert_int_equal(io_open(io, "LiveOS/empty", IO_WRITE, &file), -EROFS);
	assert_int_equal(io_unlink(io, "LiveOS/empty"), -EROFS);
}

static void make_fat(const char *image, const char *size, const char *options)
{
	char *line;

	assert_true(asprintf(&line,
			     "truncate -s %s %s && mkfs.vfat %s -n LIVE -i 1A2B3C4D %s && "
			     "LC_ALL=C.UTF-8 mcopy -s -i %s t/LiveOS t/EFI ::",
			     size, image, options, image, image) > 0);
	help_run(dir, line);
	free(line);
}

static void test_fat(void **state)
{
	static const char *const kinds[][2] = {
		{ "8M", "-F 12 -s 8" }, { "20M", "-F 16 -s 1" }, { "48M", "-F 32 -s 1" },
	};
	struct io_fsinfo info;
	struct io *io;
	size_t i;

	(void)state;
	if (!help_have("mkfs.vfat") || !help_have("mcopy"))
		skip();
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		help_run(dir, "rm -f fat.img");
		make_fat("fat.img", kinds[i][0], kinds[i][1]);
		io = open_fs(io_fat_open, "fat.img");
		check_tree(io);
		assert_int_equal(io_fsinfo(io, &info), 0);
		assert_string_equal(info.fstype, "vfat");
		assert_true(info.free_bytes > 0 && info.free_bytes < info.size_bytes);
		assert_true(info.file_limit_bytes == UINT32_MAX);
		io_close(io);
	}
}

static void test_fat_fragmented(void **state)
{
	struct io *io;

	(void)state;
	if (!help_have("mkfs.vfat") || !help_have("mcopy"))
		skip();
	help_run(dir, "truncate -s 40M f.img && mkfs.vfat -F 32 -s 1 f.img && "
		      "mkdir x && for i in $(seq 1 200); do head -c 2048 /dev/urandom >x/$i; done && "
		      "mcopy -i f.img x/* :: && mdel -i f.img $(seq -f ::%g 1 2 199) && "
		      "mmd -i f.img ::LiveOS && mcopy -i f.img t/LiveOS/squashfs.img ::LiveOS/");
	io = open_fs(io_fat_open, "f.img");
	same_file(io, "LiveOS/squashfs.img");
	io_close(io);
}

/* A chain that leads back into itself must be noticed, and must not hang. */
static void test_fat_loop(void **state)
{
	struct io_file *file = NULL;
	struct io *io;

	(void)state;
	if (!help_have("mkfs.vfat") || !help_have("mcopy"))
		skip();
	help_run(dir, "truncate -s 20M l.img && mkfs.vfat -F 16 -s 1 -R 1 -f 1 l.img && "
		      "mcopy -i l.img t/LiveOS/squashfs.img ::big");
	/* The file is the first: cluster 2 on. Its 1002nd entry points to cluster 10. */
	help_run(dir, "printf '\\012\\000' | dd of=l.img bs=1 seek=$((512 + 2 * 1002)) conv=notrunc");
	io = open_fs(io_fat_open, "l.img");
	assert_int_equal(io_open(io, "big", IO_READ, &file), -EUCLEAN);
	io_close(io);
}

static void test_ext(void **state)
{
	static const char *const kinds[] = { "-t ext4", "-t ext2 -b 1024", "-t ext3",
					     "-t ext4 -O inline_data -I 256" };
	struct io_fsinfo info;
	char *line;
	struct io *io;
	size_t i;

	(void)state;
	if (!help_have("mkfs.ext4"))
		skip();
	help_run(dir, "ln -s squashfs.img t/LiveOS/link && truncate -s 200000 t/LiveOS/sparse && "
		      "printf end >>t/LiveOS/sparse");
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct io_file *file = NULL;

		assert_true(asprintf(&line, "rm -f e.img && mke2fs -q %s -d t e.img 16M",
				     kinds[i]) > 0);
		help_run(dir, line);
		free(line);
		io = open_fs(fs_io_open, "e.img");
		if (i == 3) {
			/* mke2fs 1.47 cuts files with holes short when it may use inline data. */
			same_file(io, "LiveOS/a rather long name with spaces.txt");
			same_file(io, "LiveOS/squashfs.img");
			io_close(io);
			continue;
		}
		check_tree(io);
		same_file(io, "LiveOS/sparse");
		assert_int_equal(io_open(io, "LiveOS/link", IO_READ, &file), -ELOOP);
		assert_int_equal(io_fsinfo(io, &info), 0);
		assert_true(info.free_bytes > 0 && info.free_bytes < info.size_bytes);
		io_close(io);
	}
}

static void test_iso(void **state)
{
	struct io *io;

	(void)state;
	if (!help_have("xorriso"))
		skip();
	help_run(dir, "xorriso -as mkisofs -quiet -V LIVE -R -o rr.iso t");
	io = open_fs(io_iso_open, "rr.iso");
	check_tree(io);
	io_close(io);
	help_run(dir, "xorriso -as mkisofs -quiet -V LIVE -J -joliet-long --norock -o j.iso t");
	io = open_fs(io_iso_open, "j.iso");
	same_file(io, "LiveOS/squashfs.img");
	same_file(io, "LiveOS/gr\xc3\xbc\xc3\x9f" "e.txt");
	same_file(io, "EFI/file-number-7.conf");
	io_close(io);
	help_run(dir, "mkdir -p p/LiveOS t/liveos && cp t/LiveOS/squashfs.img p/LiveOS/ && "
		      "cp t/LiveOS/squashfs.img t/liveos/ && "
		      "xorriso -as mkisofs -quiet -V LIVE -iso-level 2 --norock -o p.iso p");
	io = open_fs(io_iso_open, "p.iso");
	same_file(io, "liveos/squashfs.img");
	io_close(io);
}

/* A file beyond 4 GiB, in several extents; sparse on disk, and quick to write. */
static void test_iso_multi_extent(void **state)
{
	struct io_file *file;
	struct io_stat st;
	char tail[4] = "";
	struct io *io;

	(void)state;
	if (!help_have("xorriso"))
		skip();
	help_run(dir, "mkdir big && truncate -s 4300M big/rootfs.img && printf TAIL >>big/rootfs.img");
	if (help_try(dir, "test $(df --output=avail -k . | tail -1) -gt 5500000") != 0)
		skip();
	help_run(dir, "timeout 100 xorriso -as mkisofs -quiet -iso-level 3 -R -o - big | "
		      "cp --sparse=always /dev/stdin big.iso");
	io = open_fs(io_iso_open, "big.iso");
	assert_int_equal(io_open(io, "rootfs.img", IO_READ, &file), 0);
	assert_int_equal(io_fstat(file, &st), 0);
	assert_true(st.size_bytes == (4300ull << 20) + 4);
	assert_int_equal(io_read_full(file, tail, 4, 4300ull << 20), 0);
	assert_memory_equal(tail, "TAIL", 4);
	io_file_close(file);
	io_close(io);
}

static struct lm_stick *open_ok(const char *name)
{
	struct lm_stick *s = NULL;
	struct lm_error err;

	if (lm_stick_open(ctx, help_path(dir, name), &s, &err))
		fail_msg("%s: %s: %s", name, err.what, err.why);
	return s;
}

static void check_live(const char *name, const char *fstype, const char *overlay)
{
	struct lm_stick *s = open_ok(name);

	assert_int_equal(s->access, STICK_IMAGE);
	assert_string_equal(s->fstype, fstype);
	assert_string_equal(s->label, "LIVE");
	assert_int_equal(s->container, STICK_SQUASHFS);
	assert_string_equal(s->base_path, "LiveOS/squashfs.img");
	assert_string_equal(s->overlays[0].path, overlay);
	assert_null(s->mountpoint);
	lm_stick_close(s);
}

static void test_disk_images(void **state)
{
	static const char mine[] = "LiveOS/overlay-LIVE-1A2B-3C4D";

	(void)state;
	if (!help_have("mkfs.vfat") || !help_have("mcopy") || !help_have("xorriso"))
		skip();
	/* Another overlay that sorts before the one of this very file system. */
	help_run(dir, "printf SnAp >t/LiveOS/overlay-AAAA-1");
	make_fat("fat.img", "40M", "-F 32 -s 1");
	check_live("fat.img", "vfat", mine);
	help_run(dir, "mke2fs -q -t ext4 -L LIVE -d t e.img 16M");
	check_live("e.img", "ext4", "LiveOS/overlay-AAAA-1");
	help_run(dir, "xorriso -as mkisofs -quiet -V LIVE -R -o l.iso t");
	check_live("l.iso", "iso9660", "LiveOS/overlay-AAAA-1");
	if (!help_have("sfdisk"))
		skip();
	help_run(dir, "truncate -s 64M mbr.img && printf 'label: dos\\n2048,4096,83\\n8192,+,c\\n' | "
		      "sfdisk -q mbr.img && dd if=fat.img of=mbr.img bs=512 seek=8192 conv=notrunc");
	check_live("mbr.img", "vfat", mine);
	help_run(dir, "truncate -s 64M gpt.img && printf 'label: gpt\\n2048,4096\\n8192,+\\n' | "
		      "sfdisk -q gpt.img && dd if=fat.img of=gpt.img bs=512 seek=8192 conv=notrunc");
	check_live("gpt.img", "vfat", mine);
}

static void refused(const char *name, int code)
{
	struct lm_stick *s = NULL;
	struct lm_error err = { 0 };

	assert_int_equal(lm_stick_open(ctx, help_path(dir, name), &s, &err), code);
	assert_null(s);
	assert_int_equal(err.outcome, LM_REFUSED);
	assert_true(err.what[0] && err.why[0] && err.help[0]);
}

static void test_refused_images(void **state)
{
	(void)state;
	help_run(dir, "truncate -s 1M zero.img && head -c 1000000 /dev/urandom >noise.img && : >none.img "
		      "&& mkdir o && mke2fs -q -t ext4 -d o other.img 8M");
	refused("zero.img", -EMEDIUMTYPE);
	refused("none.img", -EMEDIUMTYPE);
	refused("noise.img", -EMEDIUMTYPE);
	refused("other.img", -EMEDIUMTYPE);
}

/* Reads what there is, whatever it says. */
static int touch(void *arg, const char *name, enum io_kind kind)
{
	struct io *io = arg;
	unsigned char buf[4096];
	struct io_file *file;
	struct io_stat st;
	char path[2048];

	snprintf(path, sizeof(path), "LiveOS/%s", name);
	if (io_stat(io, path, &st) || kind != IO_REGULAR || io_open(io, path, IO_READ, &file))
		return 0;
	io_pread(file, buf, sizeof(buf), 0);
	io_pread(file, buf, sizeof(buf), st.size_bytes / 2);
	io_file_close(file);
	return 0;
}

static void flip(const char *name, opener open_it, size_t span, unsigned rounds)
{
	unsigned char *image, *copy;
	struct io_file *file;
	struct io_stat st;
	unsigned i, k, seed = 12345, opened = 0;
	int fd;

	assert_int_equal(io_path_open(help_path(dir, name), IO_READ, &file), 0);
	assert_int_equal(io_fstat(file, &st), 0);
	span = span < st.size_bytes ? span : (size_t)st.size_bytes;
	image = malloc(span);
	copy = malloc(span);
	assert_true(image && copy);
	assert_int_equal(io_read_full(file, image, span, 0), 0);
	io_file_close(file);
	fd = open(help_path(dir, name), O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	for (i = 0; i < rounds; i++) {
		struct lm_error err;
		struct io *io;

		memcpy(copy, image, span);
		for (k = 0; k < 1 + i % 16; k++) {
			size_t at = (size_t)rand_r(&seed) % span;

			/* Half of them where the structures are. */
			if (k & 1)
				at %= 4096;
			copy[at] = (unsigned char)rand_r(&seed);
		}
		assert_int_equal(pwrite(fd, copy, span, 0), (ssize_t)span);
		if (open_it(source_of(name), &io, &err))
			continue;
		opened++;
		io_list(io, "LiveOS", touch, io);
		io_list(io, "EFI", touch, io);
		io_close(io);
	}
	/* Most flips leave something that opens; all of them must be survived. */
	assert_true(opened > 0);
	close(fd);
	free(image);
	free(copy);
}

static void test_flips(void **state)
{
	(void)state;
	if (!help_have("mkfs.vfat") || !help_have("mcopy") || !help_have("xorriso"))
		skip();
	make_fat("a.img", "8M", "-F 12 -s 8");
	flip("a.img", io_fat_open, 65536, 400);
	make_fat("b.img", "40M", "-F 32 -s 1 -f 1 -R 8");
	flip("b.img", io_fat_open, 400000, 200);
	help_run(dir, "xorriso -as mkisofs -quiet -V LIVE -R -J -o c.iso t");
	flip("c.iso", io_iso_open, 200000, 400);
	help_run(dir, "mke2fs -q -t ext4 -d t d.img 12M");
	flip("d.img", fs_io_open, 200000, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fat, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fat_fragmented, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fat_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ext, setup, teardown),
		cmocka_unit_test_setup_teardown(test_iso, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disk_images, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_images, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flips, setup, teardown),
		/* The last: 4 GiB go through a pipe for it, and without sanitizers is enough. */
		cmocka_unit_test_setup_teardown(test_iso_multi_extent, setup, teardown),
	};
	size_t n = sizeof(tests) / sizeof(tests[0]);

	alarm(240);
	return _cmocka_run_group_tests("tests", tests, getenv("LM_SANITIZED") ? n - 1 : n, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening for an operation: lock, refusals, private mounts; and the record of pairs. */
#include "tests/unit/stick_help.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/stick/stick_priv.h"

static char *dir;
static struct lm_ctx *ctx;

static int setup(void **state)
{
	(void)state;
	dir = help_dir();
	help_run(dir, "mkdir -p s/LiveOS && truncate -s 1M s/LiveOS/rootfs.img && "
		      "truncate -s 64K s/LiveOS/overlay-LIVE-1A2B-3C4D && chmod 755 .");
	return lm_ctx_new(&ctx, NULL);
}

static int teardown(void **state)
{
	(void)state;
	lm_ctx_free(ctx);
	help_remove(dir);
	return 0;
}

static struct lm_stick *open_ok(const char *name)
{
	struct lm_stick *s = NULL;
	struct lm_error err;

	if (lm_stick_open(ctx, help_path(dir, name), &s, &err))
		fail_msg("%s: %s: %s", name, err.what, err.why);
	return s;
}

static void refused(struct lm_stick *s, int code)
{
	struct lm_error err = { 0 };
	struct stick_rw rw;

	assert_int_equal(stick_rw_open(s, &rw, &err), code);
	assert_int_equal(err.outcome, LM_REFUSED);
	assert_true(err.what[0] && err.why[0] && err.help[0]);
	assert_null(rw.io);
}

static void test_lock(void **state)
{
	struct lm_stick *s = open_ok("s");
	struct io_file *file;
	struct stick_rw rw;

	(void)state;
	assert_int_equal(stick_rw_possible(s, NULL), 0);
	assert_int_equal(stick_rw_open(s, &rw, NULL), 0);
	assert_non_null(rw.lock);
	refused(s, -EBUSY);
	assert_int_equal(io_open(rw.io, "LiveOS/new", IO_CREATE, &file), 0);
	assert_int_equal(io_file_close(file), 0);
	stick_rw_close(&rw);
	assert_int_equal(stick_rw_open(s, &rw, NULL), 0);
	stick_rw_close(&rw);
	lm_stick_close(s);
}

static void write_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "mine", 4), 4);
	close(fd);
}

/* What is in the way of an operation is found before it begins, and named with what helps. */
static void test_in_the_way(void **state)
{
	static const struct {
		const char *make;
		int code;
	} ways[] = {
		{ "mkfifo s/LiveOS/livemend", -ENOTDIR },
		{ "ln -s ../.. s/LiveOS/livemend", -ENOTDIR },
		{ "touch s/LiveOS/livemend", -ENOTDIR },
		{ "mkdir -p s/LiveOS/livemend/journal.txt", -ENOSTR },
		{ "mkdir s/LiveOS/livemend; ln -s ../../mine s/LiveOS/livemend/journal.txt", -ENOSTR },
		{ "mkdir s/LiveOS/livemend; mkfifo s/LiveOS/livemend/journal.txt", -ENOSTR },
		{ "mkdir s/LiveOS/livemend; ln mine s/LiveOS/livemend/journal.txt", -EMLINK },
		{ "mkdir s/LiveOS/livemend; ln mine s/LiveOS/livemend/PENDING.bak", -EMLINK },
		{ "mkdir s/LiveOS/livemend; mkfifo s/LiveOS/livemend/PENDING.txt", -ENOSTR },
		{ "mkdir -p s/LiveOS/livemend/recover.undo", -ENOSTR },
		{ "mkdir -p s/LiveOS/livemend/pairing", -ENOSTR },
		{ "mkdir s/LiveOS/livemend.new", -ENOSTR },
		{ "ln -s mine s/LiveOS/livemend.old", -ENOSTR },
		{ "mkfifo s/LiveOS/livemend.cow", -ENOSTR },
		{ "mkdir s/LiveOS/livemend.bak", -ENOSTR },
		{ "ln s/LiveOS/overlay-LIVE-1A2B-3C4D other", -EMLINK },
		{ "ln s/LiveOS/rootfs.img other", -EMLINK },
	};
	struct lm_stick *s;
	struct stick_rw rw;
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s", help_path(dir, "mine"));
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		write_file(path);
		help_run(dir, ways[i].make);
		s = open_ok("s");
		print_message("# %s\n", ways[i].make);
		assert_int_equal(stick_rw_possible(s, NULL), ways[i].code);
		assert_int_equal(stick_rw_possible_used(s, NULL), ways[i].code);
		refused(s, ways[i].code);
		lm_stick_close(s);
		help_run(dir, "test $(cat mine) = mine && rm -rf s/LiveOS/livemend* other mine");
	}
	s = open_ok("s");
	assert_int_equal(stick_rw_open(s, &rw, NULL), 0);
	stick_rw_close(&rw);
	lm_stick_close(s);
}

/* As on NFS: only what is open for writing may be locked. */
struct nfs_file {
	struct io_file file;
	struct io_file *inner;
	bool write;
};
struct nfs {
	struct io io;
	struct io *inner;
};
static const struct io_ops nfs_ops;

static int nfs_open(struct io *io, const char *path, enum io_mode mode, struct io_file **file)
{
	struct nfs_file *f = calloc(1, sizeof(*f));
	int ret;

	assert_non_null(f);
	ret = io_open(((struct nfs *)io)->inner, path, mode, &f->inner);
	if (ret) {
		free(f);
		return ret;
	}
	f->file.ops = &nfs_ops;
	f->write = mode != IO_READ;
	*file = &f->file;
	return 0;
}

static int nfs_lock(struct io_file *file)
{
	struct nfs_file *f = (struct nfs_file *)file;

	return f->write ? io_lock(f->inner) : -EBADF;
}

static int nfs_file_close(struct io_file *file)
{
	int ret = io_file_close(((struct nfs_file *)file)->inner);

	free(file);
	return ret;
}

static int nfs_stat(struct io *io, const char *path, struct io_stat *st)
{
	return io_stat(((struct nfs *)io)->inner, path, st);
}

static void nfs_close(struct io *io)
{
	io_close(((struct nfs *)io)->inner);
	free(io);
}

static const struct io_ops nfs_ops = {
	.open = nfs_open,
	.stat = nfs_stat,
	.close = nfs_close,
	.lock = nfs_lock,
	.file_close = nfs_file_close,
};

static struct io *nfs_wrap(void *arg, struct io *inner)
{
	struct nfs *n = calloc(1, sizeof(*n));

	(void)arg;
	if (n) {
		n->io.ops = &nfs_ops;
		n->inner = inner;
	}
	return n ? &n->io : NULL;
}

static void test_lock_for_writers(void **state)
{
	struct lm_stick *s = open_ok("s");
	struct stick_rw rw;

	(void)state;
	ctx->wrap_io = nfs_wrap;
	assert_int_equal(stick_rw_open(s, &rw, NULL), 0);
	refused(s, -EBUSY);
	stick_rw_close(&rw);
	lm_stick_close(s);
}

static int wraps;

static struct io *wrap(void *arg, struct io *inner)
{
	(void)arg;
	wraps++;
	return io_readonly(inner);
}

static void test_wrapped(void **state)
{
	struct lm_stick *s = open_ok("s");
	struct io_file *file = NULL;
	struct stick_rw rw;

	(void)state;
	ctx->wrap_io = wrap;
	assert_int_equal(stick_rw_open(s, &rw, NULL), 0);
	assert_int_equal(wraps, 1);
	assert_int_equal(io_open(rw.io, "LiveOS/new", IO_CREATE, &file), -EROFS);
	stick_rw_close(&rw);
	lm_stick_close(s);
}

/* As somebody else, in a child of its own. */
static void test_no_permission(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct lm_error err = { 0 };
		struct lm_stick *s = NULL;
		struct stick_rw rw;
		int ok;

		if (setgid(65534) || setuid(65534))
			_exit(3);
		ok = lm_stick_open(ctx, help_path(dir, "s"), &s, &err) == 0 &&
		     stick_rw_possible(s, &err) == -EACCES && err.outcome == LM_REFUSED &&
		     stick_rw_open(s, &rw, &err) == -EACCES;
		lm_stick_close(s);
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_iso_refused(void **state)
{
	struct lm_stick *s;

	(void)state;
	if (!help_have("xorriso"))
		skip();
	help_run(dir, "xorriso -as mkisofs -quiet -R -V LIVE -o l.iso s");
	s = open_ok("l.iso");
	assert_int_equal(stick_rw_possible(s, NULL), -EROFS);
	refused(s, -EROFS);
	lm_stick_close(s);
}

/* An image with partitions is mounted where nobody sees it, written to, and let go. */
static void test_private_mount(void **state)
{
	static const char *const makes[] = {
		"mke2fs -q -t ext4 -d s p.img 8M",
		"truncate -s 8M p.img && mkfs.vfat -n LIVE p.img && mcopy -s -i p.img s/LiveOS ::",
	};
	size_t i, mounted = 0;

	(void)state;
	if (geteuid() != 0 || !help_have("sfdisk") || !help_have("mcopy") ||
	    access("/dev/loop-control", W_OK))
		skip();
	for (i = 0; i < sizeof(makes) / sizeof(makes[0]); i++) {
		struct lm_error err = { 0 };
		struct io_file *file;
		struct stick_rw rw;
		struct lm_stick *s;
		int ret;

		help_run(dir, "rm -f p.img d.img");
		help_run(dir, makes[i]);
		help_run(dir, "truncate -s 16M d.img && printf 'label: dos\\n4096,16384,c\\n' | "
			      "sfdisk -q d.img && dd if=p.img of=d.img bs=512 seek=4096 conv=notrunc");
		s = open_ok("d.img");
		assert_int_equal(s->part_offset, 4096 * 512);
		ret = stick_rw_open(s, &rw, &err);
		/* The kernel may have no such file system, or no right to mount. */
		if (ret == -ENODEV || ret == -EPERM || ret == -ENOSYS) {
			lm_stick_close(s);
			continue;
		}
		mounted++;
		if (ret)
			fail_msg("%s: %s", err.what, err.why);
		assert_int_equal(io_open(rw.io, "LiveOS/written", IO_CREATE, &file), 0);
		assert_int_equal(io_pwrite(file, "hello", 5, 0), 0);
		assert_int_equal(io_fsync(file), 0);
		assert_int_equal(io_file_close(file), 0);
		/* Nobody sees it. */
		assert_int_not_equal(help_try(dir, "grep -q d.img /proc/self/mountinfo"), 0);
		stick_rw_close(&rw);
		lm_stick_close(s);
		/* And it is gone. */
		help_run(dir, "for i in $(seq 100); do losetup -j d.img | grep -q . || exit 0; "
			      "sleep 0.05; done; exit 1");
		s = open_ok("d.img");
		assert_int_equal(io_open(s->io, "LiveOS/written", IO_READ, &file), 0);
		io_file_close(file);
		lm_stick_close(s);
	}
	if (!mounted)
		skip();
}

/* Whoever has the lock of an image file has it under all of its names. */
static void test_image_locked(void **state)
{
	static const char *const names[] = { "l.img", "hard.img", "link.img" };
	struct lm_error err;
	struct lm_stick *s;
	int fd;

	(void)state;
	if (!help_have("mke2fs"))
		skip();
	help_run(dir, "mke2fs -q -t ext4 -d s l.img 8M && ln l.img hard.img && ln -s l.img link.img");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		s = open_ok(names[i]);
		assert_int_equal(stick_mount_possible(s, NULL), 0);
		fd = open(help_path(dir, "l.img"), O_RDWR);
		assert_true(fd >= 0);
		assert_int_equal(flock(fd, LOCK_EX), 0);
		lm_error_clear(&err);
		assert_int_equal(stick_mount_possible(s, &err), -EBUSY);
		assert_int_equal(err.outcome, LM_REFUSED);
		assert_non_null(strstr(err.why, "another livemend"));
		if (geteuid() == 0) {
			assert_int_equal(stick_rw_possible(s, NULL), -EBUSY);
			refused(s, -EBUSY);
		}
		close(fd);
		assert_int_equal(stick_mount_possible(s, NULL), 0);
		lm_stick_close(s);
	}
}

/* The kernel has the overlay in its hands. */
static void test_attached(void **state)
{
	struct lm_error err = { 0 };
	struct stick_rw rw;
	struct lm_stick *s;

	(void)state;
	if (geteuid() != 0 || !help_have("losetup") ||
	    help_try(dir, "losetup -f --show s/LiveOS/overlay-LIVE-1A2B-3C4D >loop") != 0)
		skip();
	s = open_ok("s");
	if (!s->overlays[0].attached || stick_rw_possible(s, NULL) != -EBUSY ||
	    stick_rw_open(s, &rw, &err) != -EBUSY) {
		help_run(dir, "losetup -d $(cat loop)");
		fail();
	}
	assert_int_equal(err.outcome, LM_REFUSED);
	help_run(dir, "losetup -d $(cat loop)");
	lm_stick_close(s);
}

static int read_pair(struct lm_stick *s, size_t overlay, const struct image_info *image,
		     const struct fs_info *fs, bool *recorded, bool *matches, struct lm_error *err)
{
	const struct stick_pair pair = stick_pair_of(s, overlay);

	return stick_pair_read(&pair, image, fs, recorded, matches, err);
}

static void test_pairing(void **state)
{
	struct image_info image = { .bytes_used = 12345 };
	struct fs_info fs = { .size_bytes = 1 << 20 };
	bool recorded, matches;
	struct lm_stick *s;
	struct io *io;

	(void)state;
	memset(image.identity, 0xa5, sizeof(image.identity));
	memset(fs.uuid, 0x5a, sizeof(fs.uuid));
	help_run(dir, "touch 's/LiveOS/overlay-a %\tb'");
	s = open_ok("s");
	assert_int_equal(s->n_overlays, 2);
	assert_int_equal(read_pair(s, 0, &image, &fs, &recorded, &matches, NULL), 0);
	assert_true(!recorded && matches);

	assert_int_equal(io_dir_open(help_path(dir, "s"), &io), 0);
	assert_int_equal(stick_pair_write(io, "LiveOS", s->overlays[0].path, &image, &fs, NULL), 0);
	assert_int_equal(read_pair(s, 0, &image, &fs, &recorded, &matches, NULL), 0);
	assert_true(recorded && matches);
	assert_int_equal(read_pair(s, 1, &image, &fs, &recorded, &matches, NULL), 0);
	assert_true(!recorded && matches);
	/* The second beside the first, the first anew. */
	assert_int_equal(stick_pair_write(io, "LiveOS", s->overlays[1].path, NULL, &fs, NULL), 0);
	assert_int_equal(read_pair(s, 1, NULL, &fs, &recorded, &matches, NULL), 0);
	assert_true(recorded && matches);
	assert_int_equal(read_pair(s, 0, &image, &fs, &recorded, &matches, NULL), 0);
	assert_true(recorded && matches);
	image.identity[31] ^= 1;
	assert_int_equal(read_pair(s, 0, &image, &fs, &recorded, &matches, NULL), 0);
	assert_true(recorded && !matches);
	assert_int_equal(stick_pair_write(io, "LiveOS", s->overlays[0].path, &image, &fs, NULL), 0);
	assert_int_equal(read_pair(s, 0, &image, &fs, &recorded, &matches, NULL), 0);
	assert_true(recorded && matches);

	/* Anything wrong with it, and it counts as not there. */
	help_run(dir, "cp s/LiveOS/livemend/pairing keep && "
		      "sed -i 's/image-bytes: 1/image-bytes: 2/' s/LiveOS/livemend/pairing");
	assert_int_equal(read_pair(s, 0, &image, &fs, &recorded, &matches, NULL), 0);
	assert_true(!recorded && matches);
	help_run(dir, "head -c 100 keep >s/LiveOS/livemend/pairing");
	assert_int_equal(read_pair(s, 0, &image, &fs, &recorded, &matches, NULL), 0);
	assert_true(!recorded && matches);
	help_run(dir, "head -c 100000 /dev/urandom >s/LiveOS/livemend/pairing");
	assert_int_equal(read_pair(s, 0, &image, &fs, &recorded, &matches, NULL), 0);
	assert_true(!recorded && matches);
	/* And is written over. */
	assert_int_equal(stick_pair_write(io, "LiveOS", s->overlays[0].path, &image, &fs, NULL), 0);
	assert_int_equal(read_pair(s, 0, &image, &fs, &recorded, &matches, NULL), 0);
	assert_true(recorded && matches);
	/* So is one that says half, with a checksum that is right. */
	help_run(dir, "printf 'livemend pairing 2\\noverlay: half\\nsha256: %s\\n' "
		      "$(printf 'livemend pairing 2\\noverlay: half\\n' | sha256sum | cut -c1-64) "
		      ">s/LiveOS/livemend/pairing");
	assert_int_equal(stick_pair_write(io, "LiveOS", s->overlays[0].path, &image, &fs, NULL), 0);
	assert_int_equal(read_pair(s, 0, &image, &fs, &recorded, &matches, NULL), 0);
	assert_true(recorded && matches);
	io_close(io);
	lm_stick_close(s);
}

/* However many there are, and however long their names: what was written last can be read. */
static void test_many_pairs(void **state)
{
	struct image_info image = { .bytes_used = 12345 };
	struct fs_info fs = { .size_bytes = 1 << 20 };
	bool recorded, matches;
	struct lm_stick *s;
	char path[260], *own;
	struct io *io;

	(void)state;
	s = open_ok("s");
	assert_int_equal(io_dir_open(help_path(dir, "s"), &io), 0);
	own = s->overlays[0].path;
	s->overlays[0].path = path;
	for (int i = 0; i < 80; i++) {
		memset(path, 1, sizeof(path));
		memcpy(path, "LiveOS/", 7);
		snprintf(path + 250, 10, "%u", (unsigned)i % 100);
		assert_int_equal(stick_pair_write(io, "LiveOS", path, &image, &fs, NULL), 0);
		assert_int_equal(read_pair(s, 0, &image, &fs, &recorded, &matches, NULL), 0);
		assert_true(recorded && matches);
	}
	s->overlays[0].path = own;
	io_close(io);
	lm_stick_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_the_way, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lock_for_writers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrapped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_permission, setup, teardown),
		cmocka_unit_test_setup_teardown(test_iso_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_private_mount, setup, teardown),
		cmocka_unit_test_setup_teardown(test_image_locked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_attached, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pairing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_pairs, setup, teardown),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

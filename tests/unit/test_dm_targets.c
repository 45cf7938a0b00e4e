/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables and status lines of targets, who made a device, loops: what needs no device-mapper. */
#include "tests/unit/stick_help.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#include "core/ctx.h"
#include "core/dm/device.h"
#include "core/dm/dm_task.h"
#include "core/dm/engine.h"
#include "core/dm/loop.h"
#include "core/dm/renew.h"

/* Every text that is cut off, or has one byte more or another, is refused, or is a number. */
static void hurt(const char *text, int (*parse)(const char *params))
{
	size_t n = strlen(text), i;
	char copy[256];

	for (i = 0; i < n; i++) {
		snprintf(copy, sizeof(copy), "%.*s", (int)i, text);
		(void)parse(copy);
		snprintf(copy, sizeof(copy), "%s", text);
		copy[i] = '\x80';
		assert_int_equal(parse(copy), -EBADMSG);
		copy[i] = '%';
		assert_int_equal(parse(copy), -EBADMSG);
		snprintf(copy, sizeof(copy), "%.*s-%s", (int)i, text, text + i);
		assert_int_equal(parse(copy), -EBADMSG);
	}
	snprintf(copy, sizeof(copy), "%s ", text);
	assert_int_equal(parse(copy), -EBADMSG);
	snprintf(copy, sizeof(copy), "%s\n", text);
	assert_int_equal(parse(copy), -EBADMSG);
	snprintf(copy, sizeof(copy), " %s", text);
	assert_int_equal(parse(copy), -EBADMSG);
}

static int try_mirror(const char *params)
{
	struct dm_mirror_status m;

	return dm_parse_mirror(params, &m);
}

static void test_mirror(void **state)
{
	static const char *const bad[] = {
		"",
		"0 0/1 1  1 core",
		"9 7:0 7:1 7:2 7:3 7:4 7:5 7:6 7:7 7:8 1/1 1 AAAAAAAAA 1 core",
		"2 7:0 7:1 129/128 1 AA 1 core",
		"2 7:0 7:1 0/0 1 AA 1 core",
		"2 7:0 7:1 1/128 2 AA 1 core",
		"2 7:0 7:1 1/128 1 A 1 core",
		"2 7:0 7:1 1/128 1 AAA 1 core",
		"2 7:0 7:1 1/128 1 AX 1 core",
		"2 7:0 7:1 1/128 1 aa 1 core",
		"2 7:0 7:1 1/128 1 AA 1 clustered-core",
		"2 7:0 7:1 1/128 1 AA 2 core",
		"2 7:0 7:1 1/128 1 AA 3 disk 7:2",
		"2 7:0 7:1 1/128 1 AA 3 disk 7:2 X",
		"2 7:0 7:1 1/128 1 AA 3 disk 7:2 AA",
		"2 7:0 loop1 1/128 1 AA 1 core",
		"2 4096:0 7:1 1/128 1 AA 1 core",
		"2 7:1048576 7:1 1/128 1 AA 1 core",
		"2 7:0 7:1 99999999999999999999/99999999999999999999 1 AA 1 core",
	};
	struct dm_mirror_status m;
	size_t i;

	(void)state;
	assert_int_equal(dm_parse_mirror("2 7:0 254:1048575 57/128 1 AA 1 core", &m), 0);
	assert_int_equal(m.legs, 2);
	assert_int_equal(major(m.leg[1]), 254);
	assert_int_equal(minor(m.leg[1]), 1048575);
	assert_int_equal(m.done, 57);
	assert_int_equal(m.total, 128);
	assert_string_equal(m.health, "AA");
	assert_false(m.on_disk);
	assert_false(dm_mirror_done(&m) || dm_mirror_failed(&m));
	/* All regions, but what was copied is not what was there. */
	assert_int_equal(dm_parse_mirror("2 7:0 7:1 128/128 1 AS 1 core", &m), 0);
	assert_true(dm_mirror_failed(&m) && !dm_mirror_done(&m));
	assert_int_equal(dm_parse_mirror("2 7:0 7:1 127/128 1 RA 1 core", &m), 0);
	assert_true(dm_mirror_failed(&m) && !dm_mirror_done(&m));
	assert_int_equal(dm_parse_mirror("2 7:0 7:1 128/128 1 AA 3 disk 7:2 A", &m), 0);
	assert_true(m.on_disk && dm_mirror_done(&m));
	assert_int_equal(dm_parse_mirror("2 7:0 7:1 128/128 1 AA 3 disk 7:2 D", &m), 0);
	assert_true(dm_mirror_failed(&m) && !dm_mirror_done(&m));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(dm_parse_mirror(bad[i], &m), -EBADMSG);
		assert_false(dm_mirror_done(&m));
	}
	hurt("2 7:0 7:1 57/128 1 AA 1 core", try_mirror);
	hurt("2 7:0 7:1 57/128 1 AA 3 disk 7:2 A", try_mirror);
}

static int try_thin(const char *params)
{
	struct dm_thin_status t;

	return dm_parse_thin(params, &t);
}

static int try_pool(const char *params)
{
	struct dm_pool_status t;

	return dm_parse_pool(params, &t);
}

static void test_thin(void **state)
{
	static const char *const bad[] = {
		"", "-", "128", "128 ", "128 --", "128 255 ", "fail", "Fail ", "Error 0", "12x 255",
		"99999999999999999999 1",
	};
	struct dm_thin_status t;
	size_t i;

	(void)state;
	assert_int_equal(dm_parse_thin("0 -", &t), 0);
	assert_false(t.any_mapped || t.failed || t.error);
	assert_int_equal(dm_parse_thin("128 255", &t), 0);
	assert_true(t.any_mapped);
	assert_int_equal(t.mapped_sectors, 128);
	assert_int_equal(t.highest_sector, 255);
	assert_int_equal(dm_parse_thin("Fail", &t), 0);
	assert_true(t.failed);
	assert_int_equal(dm_parse_thin("Error", &t), 0);
	assert_true(t.error);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(dm_parse_thin(bad[i], &t), -EBADMSG);
	hurt("128 255", try_thin);
}

static void test_pool(void **state)
{
	static const char *const bad[] = {
		"",
		"0 10/1024 0/512 - rw discard_passdown queue_if_no_space -",
		"0 10/1024 0/512 - xx discard_passdown queue_if_no_space - 1024 ",
		"0 10/1024 0/512 - rw discard queue_if_no_space - 1024 ",
		"0 10/1024 0/512 - rw discard_passdown queue_if_no_space - 1024",
		"0 1025/1024 0/512 - rw discard_passdown queue_if_no_space - 1024 ",
		"0 10/1024 513/512 - rw discard_passdown queue_if_no_space - 1024 ",
		"0 10/1024 0/512 x rw discard_passdown queue_if_no_space - 1024 ",
		"Fail ",
	};
	struct dm_pool_status t;
	size_t i;

	(void)state;
	assert_int_equal(dm_parse_pool("3 10/1024 5/512 - rw discard_passdown queue_if_no_space "
				       "- 1024 ", &t), 0);
	assert_int_equal(t.transaction, 3);
	assert_int_equal(t.meta_used, 10);
	assert_int_equal(t.meta_total, 1024);
	assert_int_equal(t.data_used, 5);
	assert_int_equal(t.data_total, 512);
	assert_int_equal(t.mode, DM_POOL_RW);
	assert_false(t.error_if_no_space || t.needs_check);
	assert_int_equal(dm_parse_pool("0 10/1024 512/512 77 out_of_data_space ignore_discard "
				       "error_if_no_space needs_check 1024 ", &t), 0);
	assert_int_equal(t.mode, DM_POOL_FULL);
	assert_true(t.error_if_no_space && t.needs_check);
	/* As kernels before 4.19 say it. */
	assert_int_equal(dm_parse_pool("0 10/1024 1/512 - ro no_discard_passdown "
				       "queue_if_no_space - ", &t), 0);
	assert_int_equal(t.mode, DM_POOL_RO);
	assert_int_equal(dm_parse_pool("Fail", &t), 0);
	assert_true(t.failed);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(dm_parse_pool(bad[i], &t), -EBADMSG);
	hurt("3 10/1024 5/512 77 rw discard_passdown queue_if_no_space - 1024 ", try_pool);
}

static void words(const char *want, const char *type, const char *params)
{
	struct dm_target_status t;
	char text[64];

	(void)dm_parse_target(type, params, &t);
	dm_status_words(&t, 1, text);
	assert_string_equal(text, want);
}

static void test_words(void **state)
{
	static const char long_type[] = "a-target-with-a-name-that-no-kernel-would-allow";
	struct dm_target_status list[2];
	char text[64];

	(void)state;
	words("dm snapshot", "snapshot", "16/32 16");
	words("dm snapshot Overflow", "snapshot", "Overflow");
	words("dm snapshot Invalid", "snapshot", "Invalid");
	words("dm snapshot-merge Merge failed", "snapshot-merge", "Merge failed");
	words("dm snapshot", "snapshot", "nonsense");
	words("dm snapshot-origin", "snapshot-origin", "");
	words("dm linear", "linear", "");
	words("dm linear", "linear", "1:2 3");
	words("dm mirror 44%", "mirror", "2 7:0 7:1 57/128 1 AA 1 core");
	words("dm mirror 99%", "mirror", "2 7:0 7:1 999999/1000000 1 AA 1 core");
	words("dm mirror 99% failed", "mirror", "2 7:0 7:1 127/128 1 AS 1 core");
	words("dm mirror 100%", "mirror", "2 7:0 7:1 18446744073709551615/18446744073709551615 1 "
					  "AA 1 core");
	words("dm thin", "thin", "128 255");
	words("dm thin Error", "thin", "Error");
	words("dm thin-pool 50% full", "thin-pool",
	      "0 10/1024 256/512 - out_of_data_space ignore_discard error_if_no_space - 1 ");
	words("dm thin-pool Error", "thin-pool",
	      "0 10/1024 0/0 - rw ignore_discard error_if_no_space - 1 ");
	words("dm crypt", "crypt", "anything");
	words("dm a-target-with-a-", long_type, "");
	assert_int_equal(dm_parse_target("linear", "", &list[0]), 0);
	assert_int_equal(dm_parse_target("mirror", "?", &list[1]), -EBADMSG);
	assert_false(list[1].understood);
	dm_status_words(list, 2, text);
	assert_string_equal(text, "dm linear +1");
	dm_status_words(NULL, 0, text);
	assert_string_equal(text, "dm");
}

static void test_tables(void **state)
{
	dev_t a = makedev(7, 0), b = makedev(254, 1048575), c = makedev(7, 2);
	static const uint64_t bad_chunks[] = { 0, 3, 12, 8192, 1u << 21, UINT64_MAX, 1ull << 32 };
	static const uint64_t bad_regions[] = { 0, 1, 3, 1ull << 31, UINT64_MAX, 1ull << 63 };
	struct dm_target t;
	size_t i;

	(void)state;
	assert_int_equal(dm_target_snapshot(&t, 81920, a, b, 8, false), 0);
	assert_int_equal(t.start, 0);
	assert_int_equal(t.length, 81920);
	assert_string_equal(t.type, "snapshot");
	assert_string_equal(t.params, "7:0 254:1048575 PO 8");
	assert_int_equal(dm_target_snapshot(&t, 81920, a, b, 4096, true), 0);
	assert_string_equal(t.type, "snapshot-merge");
	assert_string_equal(t.params, "7:0 254:1048575 PO 4096");
	for (i = 0; i < sizeof(bad_chunks) / sizeof(bad_chunks[0]); i++) {
		assert_int_equal(dm_target_snapshot(&t, 81920, a, b, bad_chunks[i], false),
				 -EINVAL);
		assert_string_equal(t.type, "");
	}
	assert_int_equal(dm_target_snapshot(&t, 81920, a, a, 8, false), -EINVAL);
	assert_int_equal(dm_target_snapshot(&t, 0, a, b, 8, false), -EINVAL);
	assert_int_equal(dm_target_snapshot(&t, UINT64_MAX, a, b, 8, false), -EINVAL);

	assert_int_equal(dm_target_origin(&t, 8, a), 0);
	assert_string_equal(t.params, "7:0");
	assert_int_equal(dm_target_linear(&t, 8, a, 2048), 0);
	assert_string_equal(t.params, "7:0 2048");
	assert_int_equal(dm_target_linear(&t, 8, a, UINT64_MAX), -EINVAL);
	assert_int_equal(dm_target_linear(&t, 8, a, INT64_MAX / 512), -EINVAL);
	assert_int_equal(dm_target_error(&t, 8), 0);
	assert_string_equal(t.params, "");

	assert_int_equal(dm_target_mirror(&t, 81920, a, b, 8192), 0);
	assert_string_equal(t.params, "core 1 8192 2 7:0 0 254:1048575 0 1 handle_errors");
	/* A region is never larger than the device. */
	assert_int_equal(dm_target_mirror(&t, 5000, a, b, 8192), 0);
	assert_string_equal(t.params, "core 1 4096 2 7:0 0 254:1048575 0 1 handle_errors");
	assert_int_equal(dm_target_mirror_logged(&t, 81920, a, b, 1024, c), 0);
	assert_string_equal(t.params, "disk 2 7:2 1024 2 7:0 0 254:1048575 0 1 handle_errors");
	for (i = 0; i < sizeof(bad_regions) / sizeof(bad_regions[0]); i++) {
		assert_int_equal(dm_target_mirror(&t, 81920, a, b, bad_regions[i]), -EINVAL);
		assert_string_equal(t.type, "");
	}
	assert_int_equal(dm_target_mirror(&t, 81920, a, a, 8192), -EINVAL);
	assert_int_equal(dm_target_mirror(&t, 1, a, b, 8192), -EINVAL);
	assert_int_equal(dm_target_mirror_logged(&t, 81920, a, b, 1024, a), -EINVAL);
	assert_int_equal(dm_target_mirror_logged(&t, 81920, a, b, 1024, b), -EINVAL);
}

static void test_snapshot_table(void **state)
{
	static const char *const bad[] = {
		"", "7:0", "7:0 7:1", "7:0 7:1 PO", "7:0 7:1 N 8", "7:0 7:1 O 8", "7:0 7:1 OP 8",
		"7:0 7:1 PO 8 1 discard_zeroes_cow", "7:0  7:1 PO 8", " 7:0 7:1 PO 8",
		"7:0 7:1 PO 8 ", "7:0 7:1 PO -8", "07:0 7:1 PO 8", "7:0 7:1 PO 8x",
		"4294967303:0 7:1 PO 8", "7:1048576 7:1 PO 8", "loop0 loop1 PO 8",
		"7:0 7:1 PO 99999999999999999999",
	};
	dev_t base, cow;
	uint64_t chunk;
	size_t i;

	(void)state;
	assert_int_equal(dm_parse_snapshot_table("7:0 254:1048575 PO 8", &base, &cow, &chunk), 0);
	assert_int_equal(base, makedev(7, 0));
	assert_int_equal(cow, makedev(254, 1048575));
	assert_int_equal(chunk, 8);
	assert_int_equal(dm_parse_snapshot_table("7:0 7:1 P 128", &base, &cow, &chunk), 0);
	assert_int_equal(chunk, 128);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(dm_parse_snapshot_table(bad[i], &base, &cow, &chunk), -EBADMSG);
}

/* The UUID that a child would give to its devices; it has ended when this returns. */
static void uuid_of_child(char uuid[129])
{
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char own[129] = "";

		if (dm_uuid_new(7, own) || write(ends[1], own, sizeof(own)) != sizeof(own))
			_exit(1);
		_exit(0);
	}
	close(ends[1]);
	n = read(ends[0], uuid, 129);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(n, 129);
}

static void test_owner(void **state)
{
	static const char *const others[] = {
		"",
		"LVM-abcdef",
		"LIVEMEND-",
		"LIVEMEND-x",
		"LIVEMEND-1-2",
		"livemend-1-1-1-1",
		"LIVEMEND-1-1-1-1", /* in another namespace: nobody can tell */
		"CRYPT-LUKS2-00000000000000000000000000000000-home",
	};
	char uuid[129], text[160], *p;
	uint64_t space;
	size_t i;

	(void)state;
	assert_int_equal(dm_uuid_new(3, uuid), 0);
	assert_memory_equal(uuid, DM_UUID_PREFIX, strlen(DM_UUID_PREFIX));
	assert_int_equal(dm_uuid_owner(uuid), DM_OWNER_SELF);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(dm_uuid_owner(others[i]), DM_OWNER_OTHERS);
	snprintf(text, sizeof(text), "%s-1", uuid);
	assert_int_equal(dm_uuid_owner(text), DM_OWNER_OTHERS);
	snprintf(text, sizeof(text), "%s ", uuid);
	assert_int_equal(dm_uuid_owner(text), DM_OWNER_OTHERS);

	uuid_of_child(uuid);
	assert_int_equal(dm_uuid_owner(uuid), DM_OWNER_DEAD);

	/* The number was given to another process since: the time tells. */
	assert_int_equal(dm_uuid_new(3, uuid), 0);
	p = strrchr(uuid, '-');
	*p = '\0';
	p = strrchr(uuid, '-');
	*p = '\0';
	snprintf(text, sizeof(text), "%s-1-3", uuid);
	assert_int_equal(dm_uuid_owner(text), DM_OWNER_DEAD);
	/* Process 1 is alive, and this is not its time. */
	assert_int_equal(sscanf(uuid, DM_UUID_PREFIX "%" SCNu64, &space), 1);
	snprintf(text, sizeof(text), DM_UUID_PREFIX "%" PRIu64 "--5-1-3", space);
	assert_int_equal(dm_uuid_owner(text), DM_OWNER_OTHERS);
}

static void test_choice(void **state)
{
	static const char *const none[] = { "livemend-has-no-such-target", NULL };
	struct lm_error err = { 0 };
	enum lm_engine engine;
	struct lm_ctx *ctx;

	(void)state;
	assert_int_equal(lm_ctx_new(&ctx, &err), 0);
	assert_int_equal(dm_engine_direct_only(ctx, &err), 0);
	assert_int_equal(dm_engine_choose(ctx, LM_ENGINE_DIRECT, NULL, &engine, &err), 0);
	assert_int_equal(engine, LM_ENGINE_DIRECT);
	/* What the kernel cannot do is done without it, unless it was asked for. */
	assert_int_equal(dm_engine_choose(ctx, LM_ENGINE_KERNEL, none, &engine, &err), 0);
	assert_int_equal(engine, LM_ENGINE_DIRECT);
	assert_int_equal(err.code, 0);
	lm_ctx_set_engine(ctx, LM_ENGINE_DIRECT);
	assert_int_equal(dm_engine_choose(ctx, LM_ENGINE_KERNEL, NULL, &engine, &err), 0);
	assert_int_equal(engine, LM_ENGINE_DIRECT);
	lm_ctx_set_engine(ctx, LM_ENGINE_KERNEL);
	assert_true(dm_engine_choose(ctx, LM_ENGINE_DIRECT, none, &engine, &err) < 0);
	assert_int_equal(err.outcome, LM_REFUSED);
	assert_true(err.why[0] && err.help[0]);
	assert_int_equal(dm_engine_direct_only(ctx, &err), -EOPNOTSUPP);
	assert_int_equal(err.outcome, LM_REFUSED);
	lm_ctx_free(ctx);
}

/* A file of that many bytes, open for writing. */
static int make_file(const char *dir, const char *name, off_t bytes)
{
	int fd = open(help_path(dir, name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, bytes), 0);
	return fd;
}

/* Loop devices need root and a kernel that has them; a container may have neither. */
static bool loops_work(const char *dir)
{
	int fd = make_file(dir, "probe", 4096), ret;
	struct dm_loopdev *loop;

	ret = dm_loop_attach(NULL, fd, "probe", 0, 0, DM_LOOP_READONLY, &loop, NULL);
	close(fd);
	if (!ret)
		dm_loop_detach(loop);
	return ret == 0;
}

static void wait_unused(uint64_t dev, uint64_t ino)
{
	struct timespec tick = { 0, 20 * 1000000L };
	struct dm_use use;

	while (dm_find_use(dev, ino, &use) == 1)
		nanosleep(&tick, NULL); /* main() has an alarm */
}

static void test_loop(void **state)
{
	char *dir = help_dir(), buf[1024];
	struct dm_loopdev *loop = NULL, *part = NULL;
	struct lm_error err = { 0 };
	struct dm_use use;
	struct stat st;
	uint64_t sectors;
	int fd;

	(void)state;
	if (!loops_work(dir)) {
		help_remove(dir);
		skip();
	}
	fd = make_file(dir, "file", 1 << 20);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pwrite(fd, "here", 4, 4096), 4);
	assert_int_equal(dm_loop_attach(NULL, fd, "file", 0, 0, DM_LOOP_DIRECT, &loop, &err), 0);
	assert_int_equal(loop->sectors, 2048);
	assert_false(loop->readonly);
	assert_int_equal(dm_find_use(st.st_dev, st.st_ino, &use), 1);
	assert_int_equal(use.loop[0], 'l');

	/* A part of it, read-only. */
	assert_int_equal(dm_loop_attach(NULL, fd, "file", 4096, 8192, DM_LOOP_READONLY, &part, &err),
			 0);
	assert_int_equal(part->sectors, 16);
	assert_true(part->readonly);
	assert_int_not_equal(part->number, loop->number);
	assert_int_equal(pread(part->fd, buf, 4, 0), 4);
	assert_memory_equal(buf, "here", 4);
	assert_int_equal(pwrite(part->fd, "none", 4, 0), -1);
	dm_loop_detach(part);

	/* Larger while in use, told by its owner and by others. */
	assert_int_equal(ftruncate(fd, 2 << 20), 0);
	assert_int_equal(dm_loop_resize(loop, &err), 0);
	assert_int_equal(loop->sectors, 4096);
	assert_int_equal(ftruncate(fd, 3 << 20), 0);
	assert_int_equal(dm_loop_resize_used(use.loop, st.st_dev, st.st_ino, &sectors, &err), 0);
	assert_int_equal(sectors, 6144);
	assert_int_equal(dm_loop_resize_used(use.loop, st.st_dev, st.st_ino + 1, &sectors, &err),
			 -ESTALE);
	assert_true(err.what[0] && err.why[0]);
	assert_int_equal(dm_loop_resize_used("sda", st.st_dev, st.st_ino, NULL, &err), -EINVAL);
	dm_loop_detach(loop);
	assert_int_equal(dm_find_use(st.st_dev, st.st_ino, &use), 0);
	close(fd);
	help_remove(dir);
}

/* Whoever is killed takes his loops along; those who want one at the same time get one each. */
static void test_loop_race(void **state)
{
	char *dir = help_dir();
	struct dm_loopdev *loop;
	struct stat st;
	int fd, i, n, status;
	pid_t pid;

	(void)state;
	if (!loops_work(dir)) {
		help_remove(dir);
		skip();
	}
	fd = make_file(dir, "file", 1 << 20);
	assert_int_equal(fstat(fd, &st), 0);
	for (i = 0; i < 4; i++) {
		pid = fork();
		assert_true(pid >= 0);
		if (pid)
			continue;
		for (n = 0; n < 5; n++) {
			if (dm_loop_attach(NULL, fd, "file", 0, 0, 0, &loop, NULL))
				_exit(1);
			dm_loop_detach(loop);
		}
		if (dm_loop_attach(NULL, fd, "file", 0, 0, 0, &loop, NULL))
			_exit(1);
		raise(SIGKILL);
	}
	for (i = 0; i < 4; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	wait_unused(st.st_dev, st.st_ino);
	close(fd);
	help_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loop),   cmocka_unit_test(test_loop_race),
		cmocka_unit_test(test_mirror), cmocka_unit_test(test_thin),
		cmocka_unit_test(test_pool),   cmocka_unit_test(test_words),
		cmocka_unit_test(test_snapshot_table), cmocka_unit_test(test_tables), cmocka_unit_test(test_owner),
		cmocka_unit_test(test_choice),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Status lines, and a fake sysfs. */
#include "tests/unit/stick_help.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "core/dm/device.h"
#include "core/dm/dm_priv.h"
#include "core/dm/dm_task.h"

static void parses(const char *text, enum lm_overlay_state state, uint64_t a, uint64_t t, uint64_t m)
{
	struct dm_snapshot_status s;

	assert_int_equal(dm_parse_snapshot(text, &s), 0);
	assert_int_equal(s.state, state);
	assert_int_equal(s.allocated_sectors, a);
	assert_int_equal(s.total_sectors, t);
	assert_int_equal(s.metadata_sectors, m);
}

static void test_parse(void **state)
{
	static const char *const bad[] = {
		"",		 "Unknown",	  "16/16",	"16/16 ",	 " 16/16 16",
		"16/16 16 ",	 "16 / 16 16",	  "-1/16 16",	"+1/16 1",	 "0x10/16 16",
		"16/16 16\n",	 "Invalid ",	  "invalid",	"Merge  failed", "16/32 24x",
		"16/32 32",	 "99999999999999999999/1 1",	"1/99999999999999999999 1",
		"18446744073709551616/1 1",
	};
	struct dm_snapshot_status s;
	size_t i;

	(void)state;
	parses("16/16 16", LM_STATE_ACTIVE, 16, 16, 16);
	parses("98272/196608 392", LM_STATE_ACTIVE, 98272, 196608, 392);
	parses("40/47 0", LM_STATE_ACTIVE, 40, 47, 0);
	parses("18446744073709551615/18446744073709551615 1", LM_STATE_ACTIVE, UINT64_MAX,
	       UINT64_MAX, 1);
	parses("Invalid", LM_STATE_INVALID, 0, 0, 0);
	parses("Overflow", LM_STATE_OVERFLOW, 0, 0, 0);
	parses("Merge failed", LM_STATE_MERGE_FAILED, 0, 0, 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(dm_parse_snapshot(bad[i], &s), -EBADMSG);
		assert_int_not_equal(s.state, LM_STATE_ACTIVE);
	}
}

/*
 * loop0: base image, below live-base and live-rw; loop1: overlay, below live-rw,
 * which is mounted; loop2: its file has another name now; loop3: free.
 */
static const char tree[] =
	"mkdir -p sys/block mnt/LiveOS dev other && printf a >mnt/LiveOS/rootfs.img && "
	"printf b >mnt/LiveOS/overlay && printf c >mnt/LiveOS/moved && "
	"for i in 0 1 2 3; do mkdir -p sys/block/loop$i/holders; echo 7:$i >sys/block/loop$i/dev; "
	"  echo 2048 >sys/block/loop$i/size; echo 0 >sys/block/loop$i/ro; done; "
	"echo 1 >sys/block/loop0/ro; "
	"for i in 0 1 2; do mkdir sys/block/loop$i/loop; echo 512 >sys/block/loop$i/loop/offset; done; "
	"echo $PWD/mnt/LiveOS/rootfs.img >sys/block/loop0/loop/backing_file; "
	"echo /LiveOS/overlay >sys/block/loop1/loop/backing_file; "
	"echo $PWD/mnt/LiveOS/gone >sys/block/loop2/loop/backing_file; "
	"for i in 0 1; do mkdir -p sys/block/dm-$i/dm sys/block/dm-$i/slaves sys/block/dm-$i/holders; "
	"  echo 253:$i >sys/block/dm-$i/dev; echo 4096 >sys/block/dm-$i/size; done; "
	"echo live-base >sys/block/dm-0/dm/name; echo live-rw >sys/block/dm-1/dm/name; "
	"ln -s ../../loop0 sys/block/dm-0/slaves/loop0; ln -s ../../loop0 sys/block/dm-1/slaves/loop0; "
	"ln -s ../../loop1 sys/block/dm-1/slaves/loop1; "
	"mkdir sys/block/loop0/holders/dm-0 sys/block/loop0/holders/dm-1 sys/block/loop1/holders/dm-1";

static void identity(const char *dir, const char *name, uint64_t *dev, uint64_t *ino)
{
	struct stat st;

	assert_int_equal(stat(help_path(dir, name), &st), 0);
	*dev = st.st_dev;
	*ino = st.st_ino;
}

/* A device of a livemend that is no more, and then one of one that is alive, hold a file. */
static void test_leftover_use(const struct dm_env *env, const char *dir)
{
	char uuid[129], line[1024], *p;
	uint64_t dev, ino;
	struct dm_use use;

	assert_int_equal(dm_uuid_new(7, uuid), 0);
	/* "LIVEMEND-space-pid-ticks-count": the same number, of another process. */
	p = strrchr(uuid, '-');
	assert_non_null(p);
	*p = '\0';
	snprintf(line, sizeof(line),
		 "printf d >mnt/LiveOS/held && mkdir -p sys/block/loop4/holders/dm-4 "
		 "sys/block/loop4/loop sys/block/dm-4/dm sys/block/dm-4/holders && "
		 "echo 7:4 >sys/block/loop4/dev && echo $PWD/mnt/LiveOS/held "
		 ">sys/block/loop4/loop/backing_file && echo 253:4 >sys/block/dm-4/dev && "
		 "echo livemend-view >sys/block/dm-4/dm/name && echo %s1-7 >sys/block/dm-4/dm/uuid",
		 uuid);
	help_run(dir, line);
	identity(dir, "mnt/LiveOS/held", &dev, &ino);
	assert_int_equal(dm_env_find_use(env, dev, ino, &use), 1);
	assert_string_equal(use.dm_name, "livemend-view");
	assert_true(use.leftover);
	/* It is alive: that is a use. */
	snprintf(line, sizeof(line), "echo %s-7 >sys/block/dm-4/dm/uuid", uuid);
	help_run(dir, line);
	assert_int_equal(dm_env_find_use(env, dev, ino, &use), 1);
	assert_false(use.leftover);
	/* Dead, but somebody else's device stands on the file, too. */
	snprintf(line, sizeof(line),
		 "echo %s1-7 >sys/block/dm-4/dm/uuid && mkdir -p sys/block/loop4/holders/dm-5 "
		 "sys/block/dm-5/dm sys/block/dm-5/holders && echo 253:5 >sys/block/dm-5/dev && "
		 "echo theirs >sys/block/dm-5/dm/name", uuid);
	help_run(dir, line);
	assert_int_equal(dm_env_find_use(env, dev, ino, &use), 1);
	assert_false(use.leftover);
	/* Dead, but mounted. */
	help_run(dir, "rm -r sys/block/loop4/holders/dm-5 sys/block/dm-5 && "
		      "echo '22 1 253:4 / /x rw - ext4 /dev/dm-4 rw' >>mountinfo");
	assert_int_equal(dm_env_find_use(env, dev, ino, &use), 1);
	assert_false(use.leftover);
	help_run(dir, "rm -r sys/block/loop4 sys/block/dm-4");
}

static void test_sysfs(void **state)
{
	struct dm_env env;
	struct dm_use use;
	struct dm_node *nodes;
	struct dm_loop *loops;
	unsigned count;
	uint64_t dev, ino;
	char *dir = help_dir(), *sys, *devs, *mounts, *line;

	(void)state;
	help_run(dir, tree);
	identity(dir, "mnt", &dev, &ino);
	/* The stick is said to be mounted at mnt, as the file system that it really is on. */
	assert_true(asprintf(&line,
			     "printf '20 1 %u:%u / '$PWD'/mnt rw - ext4 /dev/x rw\\n"
			     "21 1 253:1 / / rw - ext4 /dev/mapper/live-rw rw\\n' >mountinfo",
			     (unsigned)(dev >> 8 & 0xfff), (unsigned)((dev & 0xff) | (dev >> 12 & 0xfff00))) >
		    0);
	help_run(dir, line);
	free(line);
	assert_true(asprintf(&sys, "%s/sys", dir) > 0 && asprintf(&devs, "%s/dev", dir) > 0 &&
		    asprintf(&mounts, "%s/mountinfo", dir) > 0);
	env = (struct dm_env){ sys, devs, mounts };

	/* The overlay: its name is from below a mount that was detached while booting. */
	identity(dir, "mnt/LiveOS/overlay", &dev, &ino);
	assert_int_equal(dm_env_find_use(&env, dev, ino, &use), 1);
	assert_string_equal(use.loop, "loop1");
	assert_string_equal(use.dm_name, "live-rw");
	assert_string_equal(use.dm_node, "dm-1");
	assert_true(use.mounted);
	assert_false(use.readonly);
	/* The base: of two holders the mounted one. */
	identity(dir, "mnt/LiveOS/rootfs.img", &dev, &ino);
	assert_int_equal(dm_env_find_use(&env, dev, ino, &use), 1);
	assert_string_equal(use.loop, "loop0");
	assert_string_equal(use.dm_name, "live-rw");
	assert_true(use.readonly);
	/* Not in use, as far as names tell. */
	identity(dir, "mnt/LiveOS/moved", &dev, &ino);
	assert_int_equal(dm_env_find_use(&env, dev, ino, &use), 0);
	assert_int_equal(dm_env_find_use(&env, 0, 0, &use), 0);

	assert_false(use.leftover);
	test_leftover_use(&env, dir);

	assert_int_equal(dm_env_list(&env, &nodes, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(nodes[0].name, "live-base");
	assert_string_equal(nodes[1].name, "live-rw");
	assert_int_equal(nodes[1].n_below, 2);
	assert_string_equal(nodes[1].below[1], "loop1");
	assert_int_equal(nodes[1].size_bytes, 4096 * 512);
	assert_string_equal(nodes[1].mountpoint, "/");
	free(nodes);
	assert_int_equal(dm_env_list_loops(&env, &loops, &count), 0);
	assert_int_equal(count, 3);
	assert_true(loops[0].readonly && !loops[1].readonly);
	assert_int_equal(loops[0].offset, 512);
	assert_string_equal(loops[1].backing, "/LiveOS/overlay");
	free(loops);

	/* No sysfs at all: nothing is in use, and that is no error. */
	help_run(dir, "rm -r sys");
	assert_int_equal(dm_env_find_use(&env, dev, ino, &use), 0);
	assert_int_equal(dm_env_list(&env, &nodes, &count), 0);
	assert_int_equal(count, 0);
	free(nodes);
	free(sys);
	free(devs);
	free(mounts);
	help_remove(dir);
}

/* A real loop device, whose file is renamed behind its back. */
static void test_real_loop(void **state)
{
	char *dir = help_dir();
	struct dm_use use;
	uint64_t dev, ino;

	(void)state;
	if (geteuid() != 0 || !help_have("losetup") ||
	    help_try(dir, "truncate -s 1M file && losetup -f --show file >loop") != 0) {
		help_remove(dir);
		skip();
	}
	help_run(dir, "mv file other");
	identity(dir, "other", &dev, &ino);
	if (dm_find_use(dev, ino, &use) != 1) {
		help_run(dir, "losetup -d $(cat loop)");
		fail();
	}
	assert_string_equal(use.dm_name, "");
	assert_false(use.mounted);
	/* An open loop device goes away with its last user; wait for that. */
	help_run(dir, "losetup -d $(cat loop); for i in $(seq 100); do "
		      "losetup -j other | grep -q . || exit 0; sleep 0.05; done; exit 1");
	assert_int_equal(dm_find_use(dev, ino, &use), 0);
	help_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_sysfs),
		cmocka_unit_test(test_real_loop),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

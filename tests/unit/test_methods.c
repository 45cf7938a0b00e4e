/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What mksquashfs says, and what it is told; the merging itself is tested by tests/kernel/methods.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/ops/merge/mksquashfs.h"
#include "tests/unit/stick_help.h"

static void test_version(void **state)
{
	static const struct {
		const char *text;
		bool understood, bad;
	} list[] = {
		{ "mksquashfs version 4.5.1 (2022/03/17)\ncopyright", true, false },
		{ "mksquashfs version 4.4-git.1 (2020/06/11)", true, false },
		{ "mksquashfs version 4.6.1 (2023/03/25)", true, false },
		{ "mksquashfs version 4.7 (2025/06/03)", true, true },
		{ "mksquashfs version 4.7.1 (2025/06/21)", true, true },
		{ "mksquashfs version 4.7.4 (2025/11/01)", true, true },
		{ "mksquashfs version 4.7.5 (2026/02/01)", true, false },
		{ "mksquashfs version 4.8 (2026/08/01)", true, false },
		{ "mksquashfs version four", false, false },
		{ "", false, false },
	};
	unsigned v[3];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (mksquashfs_parse_version(list[i].text, v) != list[i].understood ||
		    (list[i].understood && mksquashfs_is_bad(v) != list[i].bad))
			fail_msg("%s: %u.%u.%u", list[i].text, v[0], v[1], v[2]);
	}
}

static void test_progress(void **state)
{
	(void)state;
	assert_int_equal(mksquashfs_parse_progress("[===            -] 100/458  21%"), 21);
	assert_int_equal(mksquashfs_parse_progress("[================] 458/458 100%"), 100);
	assert_int_equal(mksquashfs_parse_progress("[|] 0/1   0%"), 0);
	assert_int_equal(mksquashfs_parse_progress("Creating 4.0 filesystem"), -1);
	assert_int_equal(mksquashfs_parse_progress("%"), -1);
	assert_int_equal(mksquashfs_parse_progress("999%"), -1);
	assert_int_equal(mksquashfs_parse_progress(""), -1);
}

/* Image made with these options: the same must be asked for again. */
static void again(const char *dir, const char *options, const char *want)
{
	char command[512], all[1024] = "";
	struct image_pack pack;
	struct io_file *file;
	struct image *image;
	struct lm_error err;
	unsigned i;

	snprintf(command, sizeof(command),
		 "rm -f o.img && mksquashfs t o.img -noappend -no-progress %s", options);
	help_run(dir, command);
	assert_int_equal(io_path_open(help_path(dir, "o.img"), IO_READ, &file), 0);
	assert_int_equal(image_open(file, "o.img", &image, &err), 0);
	assert_int_equal(image_pack_options(image, &pack, &err), 0);
	for (i = 0; i < pack.count; i++) {
		strcat(all, pack.text[i]);
		strcat(all, " ");
	}
	assert_string_equal(all, want);
	image_close(image);
	io_file_close(file);
}

static void test_options(void **state)
{
	char *dir = help_dir();

	(void)state;
	if (!help_have("mksquashfs")) {
		help_remove(dir);
		skip();
	}
	help_run(dir, "mkdir -p t/LiveOS && head -c 300000 /dev/urandom >t/LiveOS/rootfs.img");
	again(dir, "-comp xz", "-comp xz -b 131072 ");
	again(dir, "-comp xz -b 1M -Xbcj x86,arm -Xdict-size 512K",
	      "-comp xz -b 1048576 -Xdict-size 524288 -Xbcj x86,arm ");
	again(dir, "-comp gzip -Xcompression-level 3 -Xwindow-size 12 -Xstrategy fixed,filtered",
	      "-comp gzip -b 131072 -Xcompression-level 3 -Xwindow-size 12 "
	      "-Xstrategy filtered,fixed ");
	again(dir, "-comp zstd -Xcompression-level 19", "-comp zstd -b 131072 -Xcompression-level 19 ");
	again(dir, "-comp lz4 -Xhc -b 64K", "-comp lz4 -b 65536 -Xhc ");
	again(dir, "-comp zstd -noI -noD -noF -noX -no-exports -no-fragments -no-duplicates",
	      "-comp zstd -b 131072 -noI -noD -noF -noX -no-fragments -no-duplicates -no-exports ");
	again(dir, "-comp zstd -noId", "-comp zstd -b 131072 -noId ");
	again(dir, "-comp zstd -always-use-fragments -no-xattrs",
	      "-comp zstd -b 131072 -always-use-fragments -no-xattrs ");
	help_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_options),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/stick_help.h"

#include <errno.h>
#include <sys/stat.h>

#include "core/ctx.h"
#include "core/error.h"
#include "core/stick/stick_priv.h"

static char *dir;
static struct lm_ctx *ctx;

static int setup(void **state)
{
	(void)state;
	dir = help_dir();
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

	if (lm_stick_open(ctx, name ? help_path(dir, name) : dir, &s, &err))
		fail_msg("%s: %s: %s", err.what, err.on, err.why);
	return s;
}

static void open_refused(const char *path, int code)
{
	struct lm_stick *s = NULL;
	struct lm_error err = { 0 };

	assert_int_equal(lm_stick_open(ctx, path, &s, &err), code);
	assert_null(s);
	assert_int_equal(err.code, code);
	assert_int_equal(err.outcome, LM_REFUSED);
	assert_true(err.what[0] && err.why[0] && err.help[0]);
}

static void test_folder(void **state)
{
	struct lm_stick *s;

	(void)state;
	help_run(dir, "mkdir s s/LiveOS && printf hsqs >s/LiveOS/squashfs.img && "
		      "printf SnAp >s/LiveOS/overlay-LIVE-1A2B-3C4D && "
		      "mkdir s/LiveOS/overlay-OTHER-1 s/LiveOS/ovlwork && "
		      "printf x >s/LiveOS/home.img && printf x >s/LiveOS/osmin.img");
	s = open_ok("s");
	assert_int_equal(s->access, STICK_FOLDER);
	assert_string_equal(s->live_dir, "LiveOS");
	assert_int_equal(s->container, STICK_SQUASHFS);
	assert_string_equal(s->base_path, "LiveOS/squashfs.img");
	assert_string_equal(s->home_path, "LiveOS/home.img");
	assert_string_equal(s->osmin_path, "LiveOS/osmin.img");
	assert_int_equal(s->n_overlays, 2);
	assert_int_equal(s->overlays[0].kind, LM_OVERLAY_DM_SNAPSHOT);
	assert_string_equal(s->overlays[0].path, "LiveOS/overlay-LIVE-1A2B-3C4D");
	assert_int_equal(s->overlays[1].kind, LM_OVERLAY_OVERLAYFS);
	assert_string_equal(s->label, "");
	lm_stick_close(s);

	/* The live directory itself is understood as well. */
	s = open_ok("s/LiveOS");
	assert_string_equal(s->live_dir, "LiveOS");
	assert_string_equal(s->base_path, "LiveOS/squashfs.img");
	lm_stick_close(s);
}

static void test_bare_and_top(void **state)
{
	struct lm_stick *s;

	(void)state;
	help_run(dir, "mkdir -p b/LiveOS t && truncate -s 1M b/LiveOS/rootfs.img && "
		      "printf hsqs >t/squashfs.img && truncate -s 4096 t/overlay-X-1");
	s = open_ok("b");
	assert_int_equal(s->container, STICK_BARE);
	assert_string_equal(s->base_path, "LiveOS/rootfs.img");
	assert_int_equal(s->n_overlays, 0);
	lm_stick_close(s);
	s = open_ok("t");
	assert_string_equal(s->live_dir, ".");
	assert_string_equal(s->base_path, "squashfs.img");
	assert_int_equal(s->overlays[0].kind, LM_OVERLAY_DM_SNAPSHOT);
	lm_stick_close(s);
}

static void test_refusals(void **state)
{
	(void)state;
	help_run(dir, "mkdir -p e d/live h/LiveOS && touch d/live/filesystem.squashfs && mkfifo f");
	open_refused(help_path(dir, "none"), -ENOENT);
	open_refused(help_path(dir, "e"), -EMEDIUMTYPE);
	open_refused(help_path(dir, "d"), -EMEDIUMTYPE);
	open_refused(help_path(dir, "h"), -EMEDIUMTYPE);
	open_refused(help_path(dir, "f"), -EMEDIUMTYPE);
}

static void test_order(void **state)
{
	struct lm_stick *s;

	(void)state;
	help_run(dir, "mkdir -p o/LiveOS && printf hsqs >o/LiveOS/squashfs.img && "
		      "for n in A-1 LIVE-1A2B-3C4D Z-9; do printf SnAp >o/LiveOS/overlay-$n; done");
	s = open_ok("o");
	assert_string_equal(s->overlays[0].path, "LiveOS/overlay-A-1");
	strcpy(s->label, "LIVE");
	strcpy(s->uuid, "1A2B-3C4D");
	stick_sort_overlays(s);
	assert_string_equal(s->overlays[0].path, "LiveOS/overlay-LIVE-1A2B-3C4D");
	assert_string_equal(s->overlays[1].path, "LiveOS/overlay-A-1");
	lm_stick_close(s);
}

static void test_links_are_not_followed(void **state)
{
	(void)state;
	help_run(dir, "mkdir -p l/LiveOS x && printf hsqs >x/squashfs.img && "
		      "ln -s ../../x/squashfs.img l/LiveOS/squashfs.img && "
		      "mkdir m && ln -s ../x m/LiveOS");
	open_refused(help_path(dir, "l"), -EMEDIUMTYPE);
	open_refused(help_path(dir, "m"), -EMEDIUMTYPE);
}

static void test_booted(void **state)
{
	struct lm_stick *s = NULL;
	struct lm_error err;
	char *root;

	(void)state;
	assert_true(asprintf(&root, "%s/root", dir) > 0);
	help_run(dir, "mkdir -p root/proc root/run/initramfs/live/Fedora root/run/initramfs/live/LiveOS "
		      "&& printf hsqs >root/run/initramfs/live/Fedora/sq.img && "
		      "printf hsqs >root/run/initramfs/live/LiveOS/squashfs.img && "
		      "echo 'quiet rd.live.dir=/Fedora rd.live.squashimg=sq.img x=y' >root/proc/cmdline");
	if (stick_open_booted(ctx, root, &s, &err))
		fail_msg("%s: %s", err.what, err.why);
	assert_int_equal(s->access, STICK_BOOTED);
	assert_string_equal(s->base_path, "Fedora/sq.img");
	lm_stick_close(s);
	help_run(dir, ": >root/proc/cmdline");
	assert_int_equal(stick_open_booted(ctx, root, &s, &err), 0);
	assert_string_equal(s->base_path, "LiveOS/squashfs.img");
	lm_stick_close(s);
	help_run(dir, "rm -r root/run");
	assert_int_equal(stick_open_booted(ctx, root, &s, &err), -ENODEV);
	assert_int_equal(err.outcome, LM_REFUSED);
	free(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bare_and_top, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links_are_not_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_booted, setup, teardown),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

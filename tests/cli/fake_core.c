/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fake_core.c - a core in which sticks are scenarios, with the real plans and runner
 *
 * Linked with the command line in place of the rooms that know sticks, so that
 * what a person or a script meets in rare moments (questions, refusals, cuts,
 * failures) can be had at will. The name given as STICK chooses the scenario.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/dm/device.h"
#include "core/error.h"
#include "core/plan/plan.h"
#include "tui/tui.h"

struct lm_stick {
	struct lm_ctx *ctx;
	char name[32];
};

/* Tells the test that the work has begun. */
static void mark(void)
{
	if (getenv("LM_FAKE_MARK"))
		close(creat(getenv("LM_FAKE_MARK"), 0600));
}

/* There is no kernel either. */
int dm_clear_leftovers(const struct lm_ctx *ctx, unsigned *cleared, struct lm_error *err)
{
	(void)ctx;
	(void)cleared;
	(void)err;
	return 0;
}

int lm_stick_open(struct lm_ctx *ctx, const char *path, struct lm_stick **out, struct lm_error *err)
{
	*out = NULL;
	/* The running system's own. */
	if (!path && getenv("LM_FAKE_BOOTED"))
		path = "/good";
	if (!path || !strcmp(path, "/none"))
		return lm_refuse(err, -ENODEV, "\033[2Jevil", "Name a stick", "there is none",
				 "No live stick was found");
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->ctx = ctx;
	snprintf((*out)->name, sizeof((*out)->name), "%s", path + (path[0] == '/'));
	return 0;
}

void lm_stick_close(struct lm_stick *stick)
{
	free(stick);
}

const char *lm_stick_path(const struct lm_stick *stick)
{
	return stick->name;
}

const char *lm_exact_word(enum lm_exact exact)
{
	return exact == LM_EXACT ? "exact" : "about";
}

const char *lm_boot_uses_word(enum lm_boot_uses uses)
{
	(void)uses;
	return "overlay";
}

const char *lm_overlay_kind_word(enum lm_overlay_kind kind)
{
	return kind == LM_OVERLAY_DM_SNAPSHOT ? "dm-snapshot" : "none";
}

const char *lm_overlay_state_word(enum lm_overlay_state state)
{
	static const char *const words[] = {"active",  "empty",        "overflow", "full",
					    "invalid", "merge-failed", "damaged",  "missing"};

	return words[state];
}

int lm_status_read(struct lm_stick *stick, unsigned flags, struct lm_status **out,
		   struct lm_error *err)
{
	struct {
		struct lm_status s;
		struct lm_overlay o;
	} *both = calloc(1, sizeof(*both));
	struct lm_status *s = &both->s;

	if (!both)
		return -ENOMEM;
	if (flags & LM_STATUS_KERNEL && lm_ctx_engine(stick->ctx) == LM_ENGINE_KERNEL) {
		free(both);
		return lm_refuse(err, -EPERM, NULL, NULL, "it takes root",
				 "The kernel engine cannot be used here");
	}
	s->stick.path = "/fake";
	s->stick.label = "LIVE";
	s->stick.fstype = "vfat";
	s->stick.size_bytes = 1u << 30;
	s->stick.free_bytes = 1u << 28;
	s->base.path = "LiveOS/squashfs.img";
	s->base.container = "squashfs";
	s->base.compression = "xz";
	s->base.root = "LiveOS/rootfs.img";
	s->base.fstype = "ext4";
	s->base.size_sectors = 2097152;
	s->overlays = &both->o;
	s->n_overlays = 1;
	s->paired = true;
	both->o.kind = LM_OVERLAY_DM_SNAPSHOT;
	both->o.path = "LiveOS/overlay-LIVE-1A2B-3C4D";
	both->o.allocated_sectors = 98272;
	both->o.total_sectors = 196608;
	both->o.metadata_sectors = 392;
	both->o.chunk_sectors = 8;
	both->o.used_percent = 49.98;
	if (!strcmp(stick->name, "full")) {
		both->o.state = LM_STATE_FULL;
		both->o.trouble = "There is no room for one more chunk.";
		s->health = LM_ACT;
	}
	s->root.known = true;
	s->root.size_bytes = 1u << 30;
	s->root.free_bytes = 1u << 29;
	s->root.inodes = 65536;
	s->root.inodes_free = 60000;
	s->headline = "It stands well.";
	*out = s;
	return 0;
}

void lm_status_free(struct lm_status *status)
{
	free(status);
}

int lm_layout_read(struct lm_stick *stick, struct lm_node **root, struct lm_error *err)
{
	static struct lm_node rootfs = {
		.name = "rootfs.img", .type = "image", .size_bytes = 1u << 30};
	static struct lm_node overlay = {.name = "overlay-LIVE", .type = "file"};
	static struct lm_node image = {.name = "squashfs.img",
				       .type = "image",
				       .detail = "squashfs xz",
				       .readonly = true,
				       .child = &rootfs,
				       .next = &overlay};
	static struct lm_node part = {.name = "sdb1",
				      .type = "part",
				      .detail = "vfat LIVE",
				      .where = "/mnt",
				      .child = &image};

	(void)stick;
	(void)err;
	*root = &part;
	return 0;
}

void lm_layout_free(struct lm_node *root)
{
	(void)root;
}

int lm_doctor(struct lm_stick *stick, unsigned flags, const struct lm_watch *watch,
	      struct lm_report **report, struct lm_error *err)
{
	static struct lm_finding findings[] = {
		{LM_SEV_ILL, "pairing", "overlay", "It belongs to another image.",
		 "Files are destroyed.", "Find the right image.", NULL},
		{LM_SEV_OK, "container", "image", "It can be read.", NULL, NULL, NULL},
	};
	static struct lm_report reports[2] = {{findings, 2, true}, {findings + 1, 1, false}};
	struct timespec pause = {.tv_nsec = 5000000};
	unsigned i;

	(void)flags;
	for (i = 0; !strcmp(stick->name, "slow") && i < 4000; i++) {
		if (i == 0)
			mark();
		if (watch->fn(watch->arg, i, 4000, "Reading the image"))
			return lm_fail(err, -ECANCELED, NULL, NULL, "Stopped");
		nanosleep(&pause, NULL);
	}
	*report = &reports[strcmp(stick->name, "ill") != 0];
	return 0;
}

void lm_report_free(struct lm_report *report)
{
	(void)report;
}

int lm_usage_read(struct lm_stick *stick, const struct lm_watch *watch, struct lm_usage **usage,
		  struct lm_error *err)
{
	static struct lm_usage_entry log = {
		.name = "log", .is_dir = true, .overlay_bytes = 4096, .files = 1};
	static struct lm_usage_entry var = {
		.name = "var", .is_dir = true, .overlay_bytes = 4096, .files = 1, .child = &log};
	static struct lm_usage_entry root = {
		.name = "/", .is_dir = true, .overlay_bytes = 4096, .files = 1, .child = &var};
	static struct lm_usage u = {.root = &root,
				    .total_bytes = 8192,
				    .files_bytes = 4096,
				    .dead_bytes = 4096,
				    .merge_frees_bytes = 8192};

	(void)stick;
	(void)watch;
	(void)err;
	var.parent = &root;
	log.parent = &var;
	*usage = &u;
	return 0;
}

void lm_usage_free(struct lm_usage *usage)
{
	(void)usage;
}

const char *const *lm_lessons(void)
{
	static const char *const names[] = {"overflow", NULL};

	return names;
}

const char *lm_lesson_text(const char *name)
{
	(void)name;
	return "A full overlay.";
}

/* No terminal is good enough for this one. */
int tui_run(struct lm_ctx *ctx, const char *stick_path, const struct tui_opts *opts)
{
	(void)ctx;
	(void)stick_path;
	(void)opts;
	return -ENOTTY;
}

/* ------------------------------------------------------------- plans -- */

static int wait_until_stopped(struct plan_run *run, struct lm_error *err)
{
	struct timespec pause = {.tv_nsec = 2000000};
	uint64_t i;

	for (i = 0; i < 5000; i++) {
		if (plan_run_progress(run, i << 20, 5000u << 20))
			return lm_fail(err, -ECANCELED, NULL, NULL, "Stopped");
		if (i == 2)
			mark();
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int step_build(struct plan_run *run, void *arg, struct lm_error *err)
{
	const char *name = arg;
	struct timespec pause = {.tv_nsec = 1000000};
	uint64_t i;

	if (!strcmp(name, "slow"))
		return wait_until_stopped(run, err);
	if (!strcmp(name, "ask") && !plan_run_ask(run, "Shall it be repaired?"))
		return lm_refuse(err, -EPERM, NULL, NULL, "you said no", "It was not repaired");
	if (!strcmp(name, "unchanged"))
		return lm_fail(err, -EIO, "/fake", "Try another stick", "Reading failed");
	if (!strcmp(name, "resumable")) {
		lm_fail(err, -EIO, "/fake", NULL, "Exchanging the names failed");
		err->outcome = LM_RESUMABLE;
		return -EIO;
	}
	for (i = 0; i <= 50; i++) {
		if (plan_run_progress(run, i << 20, 50u << 20))
			return lm_fail(err, -ECANCELED, NULL, NULL, "Stopped");
		if (i == 2)
			mark();
		nanosleep(&pause, NULL);
	}
	if (getenv("LM_FAKE_DONE"))
		close(creat(getenv("LM_FAKE_DONE"), 0600));
	return 0;
}

static int step_check(struct plan_run *run, void *arg, struct lm_error *err)
{
	(void)run;
	(void)arg;
	(void)err;
	return 0;
}

static int make(struct lm_plan *plan, const char *name)
{
	struct lm_error why;
	struct lm_step *step;

	if (plan_text(plan, "Do the thing", "It does the thing, as a test."))
		return -ENOMEM;
	step = plan_step(plan, "check", "Check the thing", "It might be broken.", step_check);
	if (!step || plan_command(step, "check --thing %s", name))
		return -ENOMEM;
	step = plan_step(plan, "build", "Write the thing", "It is needed.", step_build);
	if (!step)
		return -ENOMEM;
	step->work_bytes = 50u << 20;
	step->cancellable = true;
	if (strcmp(name, "nothing") != 0)
		step->writes = strdup("the thing");
	plan_state(plan, strdup(name), free);
	if (plan_need(plan, "the stick", "the new thing", 1u << 20, 2u << 20, 5u << 20, 0) ||
	    plan_result(plan, "The thing is done.", "Use it."))
		return -ENOMEM;
	if (!strcmp(name, "confirm"))
		plan->confirm = strdup("reset");
	if (!strcmp(name, "refuse")) {
		lm_refuse(&why, -ENOSPC, "/fake", "Use --work", "there is no room",
			  "The thing cannot be done");
		plan_refuse(plan, &why);
	}
	return 0;
}

int lm_plan_make(struct lm_ctx *ctx, struct lm_stick *stick, const struct lm_options *options,
		 struct lm_plan **out, struct lm_error *err)
{
	int ret = -ENOMEM;

	*out = plan_new(ctx, options->op);
	if (*out)
		ret = make(*out, stick ? stick->name : options->out);
	if (ret == 0)
		ret = plan_ready(*out, err);
	if (ret < 0) {
		lm_plan_free(*out);
		*out = NULL;
	}
	return ret;
}

/* No lessons here, and no journal. */
bool lm_lesson_is_guided(const char *name)
{
	(void)name;
	return false;
}

int lm_lesson_open(struct lm_ctx *ctx, const char *dir, struct lm_lesson **lesson,
		   struct lm_error *err)
{
	(void)ctx;
	(void)dir;
	*lesson = NULL;
	return lm_fail(err, -ENOENT, NULL, NULL, "There is no lesson");
}

void lm_lesson_close(struct lm_lesson *lesson)
{
	(void)lesson;
}

int lm_lesson_do(struct lm_lesson *lesson, char said[LM_VERDICT_CAP], struct lm_error *err)
{
	(void)lesson;
	said[0] = '\0';
	return lm_fail(err, -EINVAL, NULL, NULL, "There is no lesson");
}

int lm_lesson_check(struct lm_lesson *lesson, const char *answer, struct lm_verdict *verdict,
		    struct lm_error *err)
{
	(void)lesson;
	(void)answer;
	(void)verdict;
	return lm_fail(err, -EINVAL, NULL, NULL, "There is no lesson");
}

int lm_journal_read(struct lm_stick *stick, char **text, struct lm_error *err)
{
	(void)stick;
	(void)err;
	*text = strdup("merge: done\n  $ livemend merge STICK\n");
	return *text ? 0 : -ENOMEM;
}

int lm_find(struct lm_ctx *ctx, struct lm_found **list, size_t *count, struct lm_error *err)
{
	static struct lm_found found[] = {
		{.path = "/good", .label = "LIVE", .size_bytes = 1u << 30, .model = "Fake"},
		{.path = "/full", .size_bytes = 1u << 30},
	};

	found[0].booted = getenv("LM_FAKE_BOOTED") != NULL;

	(void)ctx;
	(void)err;
	*list = found;
	*count = 2;
	return 0;
}

void lm_found_free(struct lm_found *list, size_t count)
{
	(void)list;
	(void)count;
}

int lm_found_judge(struct lm_ctx *ctx, struct lm_found *found, struct lm_error *err)
{
	(void)ctx;
	(void)err;
	found->judged = true;
	found->headline = "It stands well.";
	return 0;
}

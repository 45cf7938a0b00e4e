/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fake_core.c - livemend.h without a stick: scenarios chosen by the stick's path
 *
 * The path is words joined by ':'. Sticks: healthy watch full invalid
 * interrupted nooverlay openerror escapes. What happens to the next job:
 * fail=STEP ask=STEP hold=STEP critical=STEP slow. For plans: refuse word.
 * growing: each look at the status finds 32 MiB more. noise: planning prints. slowopen: opening takes half a second. hang: it never ends.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/livemend.h"

struct lm_ctx {
	lm_log_fn log;
	void *arg;
};

struct lm_stick {
	char path[128];
	bool merged;
};

#define GIB (1024ull * 1024 * 1024)
#define MIB (1024ull * 1024)

static bool merged_once; /* a merge has succeeded: the next stick that is opened is empty */
static char scenario[128];
static atomic_bool plugged_out; /* or, with "plug", in */

static pthread_mutex_t scenario_lock = PTHREAD_MUTEX_INITIALIZER; /* all threads ask */

/* The number behind the word, 0 without one; -1 when the scenario does not have it. */
static int step_of(const char *word)
{
	const char *at;
	int step;

	pthread_mutex_lock(&scenario_lock);
	at = strstr(scenario, word);
	step = at ? atoi(at + strlen(word)) : -1;
	pthread_mutex_unlock(&scenario_lock);
	return step;
}

static bool is(const char *word)
{
	return step_of(word) >= 0;
}

static void nap(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

int lm_ctx_new(struct lm_ctx **ctx, struct lm_error *err)
{
	(void)err;
	*ctx = calloc(1, sizeof(**ctx));
	return *ctx ? 0 : -ENOMEM;
}

void lm_ctx_free(struct lm_ctx *ctx)
{
	free(ctx);
}

void lm_ctx_set_log(struct lm_ctx *ctx, lm_log_fn fn, void *arg)
{
	ctx->log = fn;
	ctx->arg = arg;
}

static void fill_error(struct lm_error *err, int code, const char *what, const char *on, const char *why,
		       const char *help)
{
	memset(err, 0, sizeof(*err));
	err->code = code;
	err->outcome = LM_UNCHANGED;
	snprintf(err->what, sizeof(err->what), "%s", what);
	snprintf(err->on, sizeof(err->on), "%s", on);
	snprintf(err->why, sizeof(err->why), "%s", why);
	snprintf(err->help, sizeof(err->help), "%s", help);
}

int lm_stick_open(struct lm_ctx *ctx, const char *path, struct lm_stick **stick, struct lm_error *err)
{
	(void)ctx;
	pthread_mutex_lock(&scenario_lock);
	snprintf(scenario, sizeof(scenario), "%s", path ? path : "healthy");
	pthread_mutex_unlock(&scenario_lock);
	if (is("slowopen"))
		nap(500);
	while (is("hang"))
		nap(50);
	if (is("openerror")) {
		fill_error(err, -EMEDIUMTYPE, "This is no live stick", "/tmp/photos",
			   "There is no folder LiveOS on it",
			   "Give the folder, device or image that holds LiveOS");
		return -EMEDIUMTYPE;
	}
	*stick = calloc(1, sizeof(**stick));
	if (!*stick)
		return -ENOMEM;
	snprintf((*stick)->path, sizeof((*stick)->path), "%s", scenario);
	(*stick)->merged = merged_once;
	return 0;
}

void lm_stick_close(struct lm_stick *stick)
{
	free(stick);
}

int lm_stick_present(struct lm_stick *stick, struct lm_error *err)
{
	(void)stick;
	if (!is("vanish") || !plugged_out)
		return 0;
	fill_error(err, -ENODEV, "The stick is gone", "/dev/sdb1", "It was pulled out, unmounted or removed.",
		   "Plug it in or mount it again.");
	return -ENODEV;
}

int lm_found_judge(struct lm_ctx *ctx, struct lm_found *found, struct lm_error *err)
{
	(void)ctx;
	(void)err;
	found->judged = true;
	found->health = found->booted ? LM_HEALTHY : LM_WATCH;
	found->headline = strdup(found->booted ? "All is well: 1.61 GiB can still be written."
					       : "The overlay is filling up: 348 MiB can still be written.");
	return 0;
}

/* A timer stands for the hand that plugs: "plug" and "vanish" happen a while after the start. */
struct lm_monitor {
	int fd;
};

int lm_monitor_start(struct lm_ctx *ctx, struct lm_monitor **monitor, struct lm_error *err)
{
	struct itimerspec once = {.it_value = {0, 400000000}};
	struct lm_monitor *m = calloc(1, sizeof(*m));

	(void)ctx;
	(void)err;
	if (!m)
		return -ENOMEM;
	m->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	timerfd_settime(m->fd, 0, &once, NULL);
	*monitor = m;
	return 0;
}

void lm_monitor_stop(struct lm_monitor *monitor)
{
	if (monitor)
		close(monitor->fd);
	free(monitor);
}

int lm_monitor_fd(const struct lm_monitor *monitor)
{
	return monitor->fd;
}

bool lm_monitor_changed(struct lm_monitor *monitor)
{
	struct itimerspec once = {.it_value = {1, 500000000}};
	uint64_t n;

	if (read(monitor->fd, &n, sizeof(n)) < 0 || !(is("plug") || is("vanish")))
		return false;
	/* What was pulled out is put back a while later. */
	if (!plugged_out)
		timerfd_settime(monitor->fd, 0, &once, NULL);
	plugged_out = !plugged_out;
	return true;
}

const char *lm_stick_path(const struct lm_stick *stick)
{
	return stick->path;
}

int lm_find(struct lm_ctx *ctx, struct lm_found **list, size_t *count, struct lm_error *err)
{
	(void)ctx;
	(void)err;
	*count = is("plug") && plugged_out ? 3 : 2;
	*list = calloc(3, sizeof(**list));
	if (!*list)
		return -ENOMEM;
	(*list)[0] = (struct lm_found){.label = strdup("LIVE"), .model = strdup("SanDisk Ultra"),
				       .fstype = strdup("vfat"), .size_bytes = 28 * GIB,
				       .booted = true,
				       .contents = strdup("squashfs image, overlay, home")};
	(*list)[1] = (struct lm_found){.path = strdup("watch"), .label = strdup("RESCUE"),
				       .model = strdup("Kingston DT"), .fstype = strdup("ext4"),
				       .size_bytes = 14 * GIB,
				       .contents = strdup("squashfs image, overlay")};
	if (*count == 3)
		(*list)[2] = (struct lm_found){.path = strdup("/dev/sdz1"), .label = strdup("NEW"),
					       .model = strdup("No Name"), .fstype = strdup("vfat"),
					       .size_bytes = 7 * GIB,
					       .contents = strdup("squashfs image, no overlay")};
	return 0;
}

void lm_found_free(struct lm_found *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(list[i].path);
		free(list[i].label);
		free(list[i].model);
		free(list[i].fstype);
		free(list[i].contents);
		free(list[i].headline);
	}
	free(list);
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

static unsigned samples; /* "growing": how often it was looked at */

int lm_status_read(struct lm_stick *stick, unsigned flags, struct lm_status **status,
		   struct lm_error *err)
{
	struct lm_status *s = calloc(1, sizeof(*s));
	struct lm_overlay *o;

	(void)err;
	if (!s)
		return -ENOMEM;
	s->stick.path = strdup("/dev/sdb1");
	s->stick.label = strdup(is("escapes") ? "LI?[31mVE" : "LIVE");
	s->stick.fstype = strdup("vfat");
	s->stick.model = strdup("SanDisk Ultra");
	s->stick.size_bytes = 28 * GIB + 700 * MIB;
	s->stick.free_bytes = 8 * GIB + 400 * MIB;
	s->stick.booted = is("booted");
	s->base.path = strdup("LiveOS/squashfs.img");
	s->root.known = !is("invalid");
	s->root.size_bytes = 6 * GIB + 300 * MIB;
	s->root.free_bytes = 3 * GIB + 900 * MIB;
	s->root.inodes = 400000;
	s->root.inodes_free = 260000;
	s->home.present = true;
	s->home.size_bytes = 4 * GIB;
	s->home.encrypted = true;
	s->wall_known = true;
	s->first_wall.what = strdup("overlay");
	s->first_wall.text = strdup("the overlay");
	s->first_wall.seconds_left = is("watch") ? 3 * 86400 : -1;
	s->paired = true;
	if (!is("nooverlay")) {
		s->overlays = o = calloc(1, sizeof(*o));
		s->n_overlays = 1;
		o->kind = LM_OVERLAY_DM_SNAPSHOT;
		o->path = strdup("LiveOS/overlay-LIVE-1A2B-3C4D");
		o->total_sectors = 2 * GIB / 512;
		o->file_bytes = o->on_disk_bytes = 2 * GIB;
		o->metadata_sectors = 6 * MIB / 512;
		o->allocated_sectors = is("full") ? o->total_sectors
				       : is("watch") ? 1700 * MIB / 512 : 400 * MIB / 512;
		o->state = is("full") ? LM_STATE_FULL : is("invalid") ? LM_STATE_INVALID : LM_STATE_ACTIVE;
		if (is("growing"))
			o->allocated_sectors += 32 * MIB / 512 * ++samples;
		if (stick->merged) {
			o->state = LM_STATE_EMPTY;
			o->allocated_sectors = 16;
			o->metadata_sectors = 16;
		}
		o->dead_known = !(flags & LM_STATUS_QUICK) && !is("invalid");
		o->dead_sectors = o->dead_known && !stick->merged ? 98 * MIB / 512 : 0;
		s->first_wall.free_bytes = (o->total_sectors - o->allocated_sectors) * 512;
	}
	s->advice_op = is("interrupted") ? "resume" : is("full") || is("invalid") ? "recover"
		       : is("watch") && !stick->merged ? "merge" : NULL;
	s->interrupted = is("interrupted");
	if (s->interrupted)
		s->interrupted_op = strdup("merge");
	s->health = is("full") || s->interrupted ? LM_ACT : is("invalid") ? LM_BROKEN
		    : is("watch") ? LM_WATCH : LM_HEALTHY;
	s->headline = strdup(s->interrupted ? "A merge was cut off."
			     : is("full") ? "The overlay is full: the system can write nothing more."
			     : is("invalid") ? "The overlay was marked invalid by the kernel."
			     : is("watch") ? "The overlay is 83 % full." : "All is well.");
	s->advice = s->interrupted ? strdup("Finish the merge that was cut off: r")
		    : is("full") || is("watch")
			    ? strdup("A merge writes the changes into the image and empties the overlay, in about a minute: m")
			    : NULL;
	*status = s;
	return 0;
}

void lm_status_free(struct lm_status *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->n_overlays; i++)
		free(s->overlays[i].path);
	free(s->overlays);
	free(s->stick.path);
	free(s->stick.label);
	free(s->stick.fstype);
	free(s->stick.model);
	free(s->base.path);
	free(s->first_wall.what);
	free(s->first_wall.text);
	free(s->headline);
	free(s->advice);
	free(s->interrupted_op);
	free(s);
}

static struct lm_node *node(const char *name, const char *detail, const char *where, uint64_t size,
			    struct lm_node *child, struct lm_node *next)
{
	struct lm_node *n = calloc(1, sizeof(*n));

	if (!n)
		abort();
	n->name = strdup(name);
	n->detail = strdup(detail);
	n->where = where ? strdup(where) : NULL;
	n->size_bytes = size;
	n->child = child;
	n->next = next;
	return n;
}

int lm_layout_read(struct lm_stick *stick, struct lm_node **root, struct lm_error *err)
{
	struct lm_node *base, *overlay, *home;

	(void)stick;
	(void)err;
	base = node("live-base", "dm linear", NULL, 0, NULL, NULL);
	base = node("rootfs.img", "ext4", NULL, 6 * GIB + 300 * MIB, base, NULL);
	home = node("home.img", "LUKS2", "/home", 4 * GIB, NULL, NULL);
	overlay = node("overlay-LIVE-1A2B-3C4D", "", NULL, 2 * GIB,
		       node("live-rw", "dm snapshot", "/", 0, NULL, NULL), home);
	base = node("squashfs.img", "squashfs xz", NULL, GIB + 400 * MIB, base, overlay);
	*root = node("sdb1", "vfat LIVE", "/run/initramfs/live", 28 * GIB, base, NULL);
	return 0;
}

void lm_layout_free(struct lm_node *n)
{
	while (n) {
		struct lm_node *next = n->next;

		lm_layout_free(n->child);
		free(n->name);
		free(n->detail);
		free(n->where);
		free(n);
		n = next;
	}
}

int lm_doctor(struct lm_stick *stick, unsigned flags, const struct lm_watch *watch,
	      struct lm_report **report, struct lm_error *err)
{
	static struct lm_finding findings[] = {
		{LM_SEV_WARNING, "overlay-filling", (char *)"Overlay", (char *)"83 % of it is used",
		 (char *)"When it is full the kernel gives it up, and with it all changes since the last merge.",
		 (char *)"Merge the overlay.", "merge"},
		{LM_SEV_NOTE, "dead", (char *)"Overlay", (char *)"98 MiB belong to deleted files",
		 (char *)"They can be won back.", (char *)"Compact the overlay; a merge drops them as well.", "compact"},
		{LM_SEV_OK, "pairing", (char *)"Pairing", (char *)"overlay and image belong together", NULL, NULL, NULL},
		{LM_SEV_OK, "fs", (char *)"Root file system", (char *)"clean", NULL, NULL, NULL},
	};

	(void)stick;
	(void)flags;
	if (watch->fn(watch->arg, 1, 2, "reading")) {
		fill_error(err, -ECANCELED, "Stopped", "", "", "");
		return -ECANCELED;
	}
	*report = calloc(1, sizeof(**report));
	if (!*report)
		return -ENOMEM;
	(*report)->findings = findings;
	(*report)->count = 4;
	(*report)->ill = true;
	return 0;
}

void lm_report_free(struct lm_report *report)
{
	free(report);
}

static struct lm_usage_entry entries[] = {
	{.name = (char *)"/", .is_dir = true, .overlay_bytes = 900 * MIB, .files = 31},
	{.name = (char *)"var", .is_dir = true, .overlay_bytes = 700 * MIB, .files = 20},
	{.name = (char *)"home", .is_dir = true, .overlay_bytes = 200 * MIB, .files = 11},
	{.name = (char *)"cache", .is_dir = true, .overlay_bytes = 650 * MIB, .files = 12},
	{.name = (char *)"log", .is_dir = true, .overlay_bytes = 50 * MIB, .files = 8},
	{.name = (char *)"a file with a name that is really long, longer than any screen should have to "
			 "show on one line.iso",
	 .overlay_bytes = 650 * MIB, .files = 1},
};

int lm_usage_read(struct lm_stick *stick, const struct lm_watch *watch, struct lm_usage **usage,
		  struct lm_error *err)
{
	struct lm_usage *u = calloc(1, sizeof(*u));

	(void)stick;
	(void)watch;
	(void)err;
	if (!u)
		return -ENOMEM;
	entries[0].child = &entries[1];
	entries[1].parent = entries[2].parent = &entries[0];
	entries[1].next = &entries[2];
	entries[1].child = &entries[3];
	entries[3].parent = entries[4].parent = &entries[1];
	entries[3].next = &entries[4];
	entries[3].child = &entries[5];
	entries[5].parent = &entries[3];
	u->root = entries;
	u->files_bytes = 900 * MIB;
	u->fsmeta_bytes = 20 * MIB;
	u->journal_bytes = 64 * MIB;
	u->dead_bytes = 98 * MIB;
	u->tables_bytes = 6 * MIB;
	u->total_bytes = 1088 * MIB;
	u->merge_frees_bytes = 1088 * MIB;
	u->compact_frees_bytes = 98 * MIB;
	*usage = u;
	return 0;
}

void lm_usage_free(struct lm_usage *usage)
{
	free(usage);
}

int lm_journal_read(struct lm_stick *stick, char **text, struct lm_error *err)
{
	(void)stick;
	(void)err;
	*text = strdup("2026-11-20 10:00 merge: done, 1.2 GiB written\n");
	return *text ? 0 : -ENOMEM;
}

/* ------------------------------------------------------------ plan, job */

static char *df[] = {(char *)"df -h /run/initramfs/live", NULL};
static char *mk[] = {(char *)"mksquashfs root squashfs.img.new -comp xz", NULL};
static char *mv[] = {(char *)"mv squashfs.img.new squashfs.img", (char *)"sync", NULL};
static char *warnings[] = {(char *)"The stick is vfat: a file holds at most 4 GiB.", NULL};
static struct lm_step steps[] = {
	{"check", (char *)"Check the file system", (char *)"What is broken now would be broken in the new image.",
	 df, (char *)"the overlay and the image", NULL, NULL, 100 * MIB, true},
	{"build", (char *)"Write the new image", (char *)"Unchanged blocks are copied as they lie, changed ones compressed.",
	 mk, (char *)"1.4 GiB", (char *)"LiveOS/squashfs.img.new", (char *)"the new file is removed", 1400 * MIB, true},
	{"verify", (char *)"Read it back", (char *)"Only what has been read back from the stick is trusted.",
	 NULL, (char *)"both images", NULL, NULL, 1400 * MIB, true},
	{"exchange", (char *)"Exchange the images", (char *)"The new image takes the place of the old one.",
	 mv, NULL, (char *)"two names", (char *)"the old name is put back", 0, false},
	{"reset", (char *)"Empty the overlay", (char *)"Its changes are in the image now.",
	 NULL, NULL, (char *)"the overlay's header", NULL, 16384, true},
};
static struct lm_need needs[] = {
	{(char *)"the stick", (char *)"the new image beside the old one", GIB + 300 * MIB, GIB + 700 * MIB,
	 8 * GIB + 400 * MIB, 4 * GIB - 1, true},
};

/* As a library that prints does it, and a child that nobody has told better. */
static void noise(void)
{
	fprintf(stderr, "NOISE of a library\n");
	printf("NOISE on stdout\n");
	fflush(stdout);
	if (system("echo NOISE of a child; cat >/dev/null"))
		abort();
}

/* As the core calls its plans; of what is new since then, as the table does. */
static const char *title_of(const struct lm_options *options)
{
	static const char *const titles[LM_N_OPS] = {
		[LM_OP_MERGE] = "Merge the overlay into the root image",
		[LM_OP_RESET] = "Forget all changes in the overlay",
		[LM_OP_EXPORT] = "Write the merged root image to a file",
		[LM_OP_RESUME] = "Finish the merge that was cut off",
		[LM_OP_RECOVER] = "Make the overlay usable again",
		[LM_OP_COMPACT] = "Rewrite the overlay without its dead chunks",
		[LM_OP_GROW] = "Make the overlay larger",
		[LM_OP_PRACTICE] = "Make a practice stick",
	};

	if (options->undo)
		return "Undo the merge that was cut off";
	return titles[options->op] ? titles[options->op] : lm_op_info(options->op)->name;
}

int lm_plan_make(struct lm_ctx *ctx, struct lm_stick *stick, const struct lm_options *options,
		 struct lm_plan **plan, struct lm_error *err)
{
	struct lm_plan *p = calloc(1, sizeof(*p));

	(void)stick;
	if (ctx->log)
		ctx->log(ctx->arg, LM_LOG_INFO, "planning");
	if (is("noise"))
		noise();
	if (!p)
		return -ENOMEM;
	if (is("noplan")) {
		free(p);
		fill_error(err, -EIO, "Reading the overlay failed", "/dev/sdb1, sector 8", "Input/output error (EIO)",
			   "Copy the stick with ddrescue and work on the copy");
		return -EIO;
	}
	p->op = options->op;
	p->title = (char *)title_of(options);
	p->summary = (char *)"A new image with all changes in it is written beside the old one, read back, and "
			     "takes its place; then the overlay is emptied. The old image stays until then.";
	p->steps = steps;
	p->n_steps = 5;
	p->needs = needs;
	p->n_needs = 1;
	p->destroys = lm_op_info(p->op)->confirm
			      ? (char *)"All changes since the last merge: 394 MiB."
			      : NULL;
	p->undo = (char *)"Until the exchange: remove the new file. After it: resume finishes the rest.";
	p->warnings = warnings;
	p->confirm = lm_op_info(p->op)->confirm || is("word") ? (char *)"forget" : NULL;
	p->possible = !is("refuse");
	if (options->method != LM_METHOD_REWRITE && !options->work) {
		p->possible = false;
		fill_error(&p->refusal, -ENOSPC, "A work folder is needed", "the stick",
			   "The whole root image is copied, and the stick has no room for it",
			   "Choose a folder on another disk as work folder");
	} else if (options->size_bytes >= 8 * GIB) {
		p->possible = false;
		fill_error(&p->refusal, -EFBIG, "The overlay cannot become so large", "the stick",
			   "On FAT a file holds at most 4 GiB", "Choose a smaller size, or merge instead");
	} else if (!p->possible) {
		fill_error(&p->refusal, -ENOSPC, "There is no room for the new image", "the stick",
			   "1.3 GiB are needed, 400 MiB are free", "Use --work DIR on another disk");
		p->refusal.outcome = LM_REFUSED;
	}
	*plan = p;
	return 0;
}

void lm_plan_free(struct lm_plan *plan)
{
	free(plan);
}

struct lm_job {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int fd;
	bool cancel, answered, yes;
	struct lm_plan *plan;
	struct lm_progress p;
	struct lm_result r;
};

static void poke(struct lm_job *j)
{
	uint64_t one = 1;

	j->p.serial++;
	if (write(j->fd, &one, sizeof(one)) < 0)
		abort();
}

/* All with the lock. */
static void wait_cancel(struct lm_job *j)
{
	while (!j->cancel)
		pthread_cond_wait(&j->wake, &j->lock);
}

static enum lm_outcome work(struct lm_job *j)
{
	size_t i;
	int part;

	for (i = 0; i < j->plan->n_steps; i++) {
		int at = (int)i + 1;

		j->p.state = at == step_of("critical=") ? LM_JOB_CRITICAL : LM_JOB_RUNNING;
		j->p.step = i;
		j->p.total_bytes = j->plan->steps[i].work_bytes;
		for (part = 1; part <= 4; part++) {
			j->p.done_bytes = j->p.total_bytes / 4 * (unsigned)part;
			j->p.all_done_bytes += j->p.total_bytes / 4;
			j->p.flushing = at == step_of("flush=");
			snprintf(j->p.message, sizeof(j->p.message), "block %d of 4", part);
			poke(j);
			if (part == 2 && (at == step_of("hold=") || at == step_of("critical=") ||
					  at == step_of("flush=")))
				wait_cancel(j);
			if (part == 2 && at == step_of("ask=")) {
				j->p.state = LM_JOB_ASKING;
				snprintf(j->p.question, sizeof(j->p.question),
					 "The file system has errors. Let e2fsck mend them in the overlay?");
				poke(j);
				while (!j->answered && !j->cancel)
					pthread_cond_wait(&j->wake, &j->lock);
				j->p.state = LM_JOB_RUNNING;
				if (!j->yes)
					return LM_UNCHANGED;
			}
			if (part == 3 && at == step_of("fail="))
				return at > 3 ? LM_RESUMABLE : LM_UNCHANGED;
			if (is("slow")) {
				pthread_mutex_unlock(&j->lock);
				nap(100);
				pthread_mutex_lock(&j->lock);
			}
			if (j->cancel && j->p.state != LM_JOB_CRITICAL) {
				j->p.state = LM_JOB_CANCELLING;
				poke(j);
				return LM_CANCELLED;
			}
		}
	}
	return LM_DONE;
}

static void *run(void *arg)
{
	struct lm_job *j = arg;

	pthread_mutex_lock(&j->lock);
	j->p.n_steps = j->plan->n_steps;
	j->p.all_total_bytes = 2900 * MIB;
	j->p.bytes_per_second = 20.0 * MIB;
	j->p.eta_seconds = 75;
	j->p.elapsed_seconds = 12;
	j->r.outcome = work(j);
	j->r.seconds = 83;
	if (j->r.outcome == LM_DONE) {
		merged_once = lm_op_info(j->plan->op)->traits & LM_OP_NEW_IMAGE ||
			      lm_op_info(j->plan->op)->confirm;
		snprintf(j->r.now, sizeof(j->r.now), "All changes are in the image; the overlay is empty.");
		snprintf(j->r.next, sizeof(j->r.next), "Boot from the stick as ever.");
	} else if (j->r.outcome == LM_CANCELLED) {
		snprintf(j->r.now, sizeof(j->r.now), "The stick is as it was before.");
	} else {
		snprintf(j->r.now, sizeof(j->r.now), "%s", j->r.outcome == LM_RESUMABLE
			 ? "The new image is complete, its exchange is not." : "The stick is as it was before.");
		fill_error(&j->r.error, -EIO, "Writing failed", "LiveOS/squashfs.img.new, byte 4096",
			   "Input/output error (EIO)", "Try another port; if it fails again, replace the stick");
	}
	j->p.state = LM_JOB_ENDED;
	poke(j);
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

int lm_job_start(struct lm_plan *plan, struct lm_job **job, struct lm_error *err)
{
	struct lm_job *j = calloc(1, sizeof(*j));

	(void)err;
	if (!j)
		return -ENOMEM;
	j->plan = plan;
	j->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->wake, NULL);
	if (j->fd < 0 || pthread_create(&j->thread, NULL, run, j)) {
		free(j);
		return -EAGAIN;
	}
	*job = j;
	return 0;
}

int lm_job_fd(const struct lm_job *job)
{
	return job->fd;
}

void lm_job_progress(struct lm_job *job, struct lm_progress *progress)
{
	pthread_mutex_lock(&job->lock);
	*progress = job->p;
	pthread_mutex_unlock(&job->lock);
}

void lm_job_cancel(struct lm_job *job)
{
	pthread_mutex_lock(&job->lock);
	job->cancel = true;
	pthread_cond_broadcast(&job->wake);
	pthread_mutex_unlock(&job->lock);
}

void lm_job_answer(struct lm_job *job, bool yes)
{
	pthread_mutex_lock(&job->lock);
	job->answered = true;
	job->yes = yes;
	pthread_cond_broadcast(&job->wake);
	pthread_mutex_unlock(&job->lock);
}

void lm_job_finish(struct lm_job *job, struct lm_result *result)
{
	pthread_join(job->thread, NULL);
	*result = job->r;
	close(job->fd);
	pthread_mutex_destroy(&job->lock);
	pthread_cond_destroy(&job->wake);
	free(job);
}

const char *const *lm_lessons(void)
{
	static const char *const lessons[] = {"overflow", "dirty", NULL};

	return lessons;
}

const char *lm_lesson_text(const char *name)
{
	return strcmp(name, "overflow") == 0 ? "The overlay ran full while the system was at work"
					     : "The plug was pulled: the file system is not clean";
}

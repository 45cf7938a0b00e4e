/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dmtool - the kernel engine by hand, for tests/kernel/engine.sh
 *
 *   dmtool [-d] attach [rw|ro|base] STICK   attaches, then does what it is told on stdin
 *   dmtool leave STICK       leaves an attached stick behind, as one that was killed may
 *   dmtool clear             removes what was left behind
 *   dmtool status NAME       the targets of a device
 *   dmtool mirror FROM TO REGION_SECTORS [LOG]
 *   dmtool merge BASE COW CHUNK_SECTORS
 *   dmtool swap NAME TYPE PARAMS  puts another table under a device, after its own length
 *   dmtool resize LOOP FILE  the size of a file that another program has in use
 *   dmtool renew NAME FILE   room for an overlay in use that was full and has grown
 *   dmtool engine [TARGET]...
 *
 * With DMTOOL_FAIL=N the Nth request to device-mapper or to a loop device fails.
 *
 * Lines on stdin: "status", "grown", "e2fsck check|preen|repair", "write OFFSET BYTES", "end".
 * Each is answered by one line.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/stick/stick_attach.h"
#include "core/dm/device.h"
#include "core/dm/engine.h"
#include "core/dm/loop.h"
#include "core/dm/renew.h"
#include "core/stick/stick.h"

static struct lm_ctx *ctx;

/* ------------------------------------------------------------------- faults -- */

/* By --wrap of the linker. */
struct dm_task;
int __wrap_ioctl(int fd, unsigned long request, void *arg);
int __real_ioctl(int fd, unsigned long request, void *arg);
int __wrap_dm_task_run(struct dm_task *task);
int __real_dm_task_run(struct dm_task *task);

static unsigned requests, fail_at;

static bool is_to_fail(void)
{
	return ++requests == fail_at;
}

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	if (is_to_fail()) {
		errno = EIO;
		return -1;
	}
	return __real_ioctl(fd, request, arg);
}

int __wrap_dm_task_run(struct dm_task *task)
{
	return is_to_fail() ? 0 : __real_dm_task_run(task);
}

static int say_error(const struct lm_error *e)
{
	printf("error %d %d %s: %s: %s\n", e->outcome, e->code, e->what, e->on, e->why);
	fflush(stdout);
	return 1;
}

static void log_line(void *arg, enum lm_log_level level, const char *text)
{
	(void)arg;
	(void)level;
	fprintf(stderr, "log: %s\n", text);
}

static void show_snapshot(const struct dm_snapshot_status *s)
{
	if (s->state == LM_STATE_ACTIVE)
		printf("%" PRIu64 "/%" PRIu64 " %" PRIu64 "\n", s->allocated_sectors,
		       s->total_sectors, s->metadata_sectors);
	else
		printf("%s\n", lm_overlay_state_word(s->state));
	fflush(stdout);
}

/* ------------------------------------------------------------------- attach -- */

/* Also where it comes just before the next line is waited for. */
static void on_signal(int number)
{
	(void)number;
	close(STDIN_FILENO);
}

static void e2fsck_line(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "e2fsck: %s\n", line);
}

static int e2fsck_progress(void *arg, unsigned pass, uint64_t done, uint64_t total)
{
	unsigned *most = arg;

	(void)done;
	(void)total;
	if (pass > *most)
		*most = pass;
	return 0;
}

static void run_e2fsck(struct stick_attach *a, const char *word)
{
	enum fs_e2fsck mode = strcmp(word, "check") == 0 ? FS_CHECK :
			      strcmp(word, "preen") == 0 ? FS_PREEN :
							   FS_REPAIR;
	struct lm_error e = { 0 };
	unsigned most = 0;
	int status = -1;

	if (stick_attach_e2fsck(a, mode, e2fsck_progress, e2fsck_line, &most, &status, &e))
		say_error(&e);
	else
		printf("e2fsck %d\n", status);
	fflush(stdout);
}

/* From offset on, with bytes that nothing else has. */
static void run_write(struct stick_attach *a, uint64_t off, uint64_t len)
{
	struct io_source *src = NULL;
	struct lm_error e = { 0 };
	char *buf = malloc(len ? len : 1);
	int ret = buf ? stick_attach_source(a, &src, &e) : -ENOMEM;

	if (!ret) {
		memset(buf, 0xa5, len);
		ret = io_source_write(src, buf, len, off, &e);
	}
	if (!ret)
		ret = io_source_flush(src, &e);
	if (ret)
		say_error(&e);
	else
		printf("written\n");
	fflush(stdout);
	io_source_close(src);
	free(buf);
}

/* false: end of it. */
static bool obey(struct stick_attach *a, char *line)
{
	struct dm_snapshot_status live;
	struct lm_error e = { 0 };
	uint64_t off, len;
	char word[16];

	line[strcspn(line, "\n")] = '\0';
	if (strcmp(line, "status") == 0) {
		if (stick_attach_status(a, &live, &e))
			printf("none\n");
		else
			show_snapshot(&live);
	} else if (strcmp(line, "grown") == 0) {
		if (stick_attach_grown(a, &e))
			say_error(&e);
		else
			printf("grown %" PRIu64 "\n", a->overlay->sectors);
	} else if (sscanf(line, "e2fsck %15s", word) == 1) {
		run_e2fsck(a, word);
	} else if (sscanf(line, "write %" SCNu64 " %" SCNu64, &off, &len) == 2) {
		run_write(a, off, len);
	} else {
		return false;
	}
	fflush(stdout);
	return true;
}

static int open_attached(const char *path, const char *how, struct lm_stick **stick, struct io **io,
			 struct stick_attach **a, struct lm_error *e)
{
	unsigned flags = strcmp(how, "rw") == 0   ? STICK_ATTACH_WRITE :
			 strcmp(how, "base") == 0 ? STICK_ATTACH_BASE :
						    0;
	struct stick_pair pair;
	int ret = lm_stick_open(ctx, path, stick, e);

	if (ret)
		return ret;
	pair = stick_pair_of(*stick, 0);
	if (flags & STICK_ATTACH_WRITE) {
		ret = io_dir_open((*stick)->mountpoint, io);
		if (ret)
			return ret;
		pair.io = *io;
	}
	return stick_attach_pair(&pair, flags, a, e);
}

static int attach(const char *how, const char *path)
{
	struct sigaction act = { .sa_handler = on_signal };
	struct lm_stick *stick = NULL;
	struct stick_attach *a = NULL;
	struct lm_error e = { 0 };
	struct io *io = NULL;
	char *line = NULL;
	size_t cap = 0;
	int ret;

	/* Without SA_RESTART: waiting for a line ends, as a cancel ends a step. */
	sigaction(SIGTERM, &act, NULL);
	if (open_attached(path, how, &stick, &io, &a, &e)) {
		ret = say_error(&e);
	} else {
		printf("%s %" PRIu64 " %" PRIu64 "\n", a->dev->path, a->sectors, a->chunk_sectors);
		fflush(stdout);
		while (getline(&line, &cap, stdin) > 0 && obey(a, line))
			;
		ret = stick_attach_close(a, &e) ? say_error(&e) : 0;
	}
	free(line);
	io_close(io);
	lm_stick_close(stick);
	return ret;
}

/* ------------------------------------------------------------- left behind -- */

static int leave(const char *path)
{
	struct lm_stick *stick = NULL;
	struct stick_attach *a = NULL;
	struct dm_dev *under = NULL, *over = NULL;
	struct lm_error e = { 0 };
	struct dm_target t;
	struct io *io = NULL;

	if (open_attached(path, "ro", &stick, &io, &a, &e))
		return say_error(&e);
	/* Two more on top, one of them suspended, that do not go away by themselves. */
	if (dm_target_linear(&t, a->sectors, a->dev->devno, 0) ||
	    dm_dev_create(ctx, "under", &t, 1, DM_DEV_READONLY | DM_DEV_STAYS, &under, &e) ||
	    dm_target_linear(&t, a->sectors, under->devno, 0) ||
	    dm_dev_create(ctx, "over", &t, 1, DM_DEV_READONLY | DM_DEV_STAYS, &over, &e) ||
	    dm_dev_suspend(over, 0, &e))
		return say_error(&e);
	printf("%s\n", over->name);
	fflush(stdout);
	raise(SIGKILL);
	return 1;
}

static int clear(void)
{
	struct lm_error e = { 0 };
	unsigned cleared;

	if (dm_clear_leftovers(ctx, &cleared, &e))
		return say_error(&e);
	printf("cleared %u\n", cleared);
	return 0;
}

/* ------------------------------------------------------------------ targets -- */

static int status(const char *name)
{
	struct dm_target_status *list;
	struct lm_error e = { 0 };
	unsigned count, i;
	char words[64];

	if (dm_status_read(ctx, name, &list, &count, &e))
		return say_error(&e);
	dm_status_words(list, count, words);
	printf("%s:", words);
	for (i = 0; i < count; i++)
		printf(" %s%s", list[i].type,
		       list[i].understood || list[i].kind == DM_KIND_OTHER ? "" : "?");
	printf("\n");
	free(list);
	return 0;
}

static void tick(void)
{
	struct timespec t = { 0, 20 * 1000000L };

	nanosleep(&t, NULL);
}

static int attach_path(const char *path, bool write, struct dm_loopdev **loop, struct lm_error *e)
{
	struct io_file *file;
	int ret = io_path_open(path, write ? IO_WRITE : IO_READ, &file);

	*loop = NULL;
	if (ret) {
		snprintf(e->what, sizeof(e->what), "%s", path);
		e->code = ret;
		return ret;
	}
	ret = dm_loop_attach_file(ctx, file, path, write ? 0 : DM_LOOP_READONLY, loop, e);
	io_file_close(file);
	return ret;
}

/* Until it has ended, one way or the other; what it said on the way must make sense. */
static int follow_mirror(const struct dm_dev *dev, struct lm_error *e)
{
	struct dm_target_status s;
	uint64_t before = 0;

	for (;;) {
		int ret = dm_dev_status1(dev, &s, e);

		if (ret)
			return ret;
		if (s.kind != DM_KIND_MIRROR || s.u.mirror.done < before)
			return -EBADMSG;
		before = s.u.mirror.done;
		if (dm_mirror_failed(&s.u.mirror) || dm_mirror_done(&s.u.mirror))
			break;
		tick();
	}
	printf("%s %s\n", dm_mirror_done(&s.u.mirror) ? "done" : "failed", s.u.mirror.health);
	return 0;
}

static int mirror(char **argv, int argc)
{
	struct dm_loopdev *from = NULL, *to = NULL, *log = NULL;
	struct dm_dev *dev = NULL;
	struct lm_error e = { 0 };
	struct dm_target t;
	uint64_t region = strtoull(argv[2], NULL, 10);
	int ret;

	ret = attach_path(argv[0], false, &from, &e);
	if (!ret)
		ret = attach_path(argv[1], true, &to, &e);
	if (!ret && argc > 3)
		ret = attach_path(argv[3], true, &log, &e);
	if (!ret)
		ret = log ? dm_target_mirror_logged(&t, from->sectors, from->devno, to->devno,
						    region, log->devno) :
			    dm_target_mirror(&t, from->sectors, from->devno, to->devno, region);
	if (!ret)
		ret = dm_dev_create(ctx, "mirror", &t, 1, 0, &dev, &e);
	if (!ret)
		ret = follow_mirror(dev, &e);
	if (ret)
		say_error(&e);
	dm_dev_remove(dev, NULL);
	dm_loop_detach(log);
	dm_loop_detach(to);
	dm_loop_detach(from);
	return ret != 0;
}

static int follow_merge(const struct dm_dev *dev, struct lm_error *e)
{
	struct dm_snapshot_status s;
	int ret;

	for (;;) {
		ret = dm_snapshot_status(ctx, dev->name, &s, e);
		if (ret || s.state != LM_STATE_ACTIVE || dm_merge_done(&s))
			break;
		tick();
	}
	if (!ret) {
		printf("%s ", dm_merge_done(&s) ? "done" : "failed");
		show_snapshot(&s);
	}
	return ret;
}

static int merge(char **argv)
{
	struct dm_loopdev *base = NULL, *cow = NULL;
	struct dm_dev *dev = NULL;
	struct lm_error e = { 0 };
	struct dm_target t;
	int ret;

	ret = attach_path(argv[0], true, &base, &e);
	if (!ret)
		ret = attach_path(argv[1], true, &cow, &e);
	if (!ret)
		ret = dm_target_snapshot(&t, base->sectors, base->devno, cow->devno,
					 strtoull(argv[2], NULL, 10), true);
	if (!ret)
		ret = dm_dev_create(ctx, "merge", &t, 1, 0, &dev, &e);
	if (!ret)
		ret = follow_merge(dev, &e);
	if (ret)
		say_error(&e);
	dm_dev_remove(dev, NULL);
	dm_loop_detach(cow);
	dm_loop_detach(base);
	return ret != 0;
}

static int swap(const char *name, const char *type, const char *params)
{
	struct dm_dev *dev = NULL;
	struct lm_error e = { 0 };
	struct dm_target t = { 0 };

	if (dm_dev_find(ctx, name, &dev, &e))
		return say_error(&e);
	t.length = dev->sectors;
	snprintf(t.type, sizeof(t.type), "%s", type);
	snprintf(t.params, sizeof(t.params), "%s", params);
	if (dm_dev_swap(dev, &t, 1, 0, &e)) {
		dm_dev_remove(dev, NULL);
		return say_error(&e);
	}
	dm_dev_remove(dev, NULL);
	printf("swapped\n");
	return 0;
}

static int resize(const char *loop, const char *path)
{
	struct lm_error e = { 0 };
	uint64_t sectors;
	struct stat st;

	if (stat(path, &st))
		return 1;
	if (dm_loop_resize_used(loop, st.st_dev, st.st_ino, &sectors, &e))
		return say_error(&e);
	printf("%" PRIu64 "\n", sectors);
	return 0;
}

static int renew(const char *name, const char *path)
{
	struct dm_snapshot_status now;
	struct io_file *file = NULL;
	struct lm_error e = { 0 };
	int ret;

	if (io_path_open(path, IO_WRITE, &file))
		return 1;
	ret = dm_renew_overlay(ctx, name, file, path, &now, &e);
	io_file_close(file);
	if (ret)
		return say_error(&e);
	show_snapshot(&now);
	return 0;
}

static int engine(char **targets)
{
	struct lm_error e = { 0 };

	if (dm_engine_possible(ctx, (const char *const *)targets, &e))
		return say_error(&e);
	printf("possible\n");
	return 0;
}

static int choose(int argc, char **argv)
{
	const char *what = argc > 0 ? argv[0] : "";

	if (strcmp(what, "attach") == 0 && argc == 3)
		return attach(argv[1], argv[2]);
	if (strcmp(what, "leave") == 0 && argc == 2)
		return leave(argv[1]);
	if (strcmp(what, "clear") == 0 && argc == 1)
		return clear();
	if (strcmp(what, "status") == 0 && argc == 2)
		return status(argv[1]);
	if (strcmp(what, "mirror") == 0 && argc >= 4)
		return mirror(argv + 1, argc - 1);
	if (strcmp(what, "merge") == 0 && argc == 4)
		return merge(argv + 1);
	if (strcmp(what, "swap") == 0 && argc == 4)
		return swap(argv[1], argv[2], argv[3]);
	if (strcmp(what, "resize") == 0 && argc == 3)
		return resize(argv[1], argv[2]);
	if (strcmp(what, "renew") == 0 && argc == 3)
		return renew(argv[1], argv[2]);
	if (strcmp(what, "engine") == 0)
		return engine(argv + 1);
	fprintf(stderr, "dmtool: usage is in its source\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct lm_error e = { 0 };
	bool debug = argc > 1 && strcmp(argv[1], "-d") == 0;
	int ret;

	if (lm_ctx_new(&ctx, &e))
		return 2;
	if (getenv("DMTOOL_FAIL"))
		fail_at = (unsigned)strtoul(getenv("DMTOOL_FAIL"), NULL, 10);
	if (debug)
		lm_ctx_set_log(ctx, log_line, NULL);
	ret = choose(argc - 1 - debug, argv + 1 + debug);
	if (fail_at && requests < fail_at)
		printf("there were %u requests\n", requests);
	lm_ctx_free(ctx);
	return ret;
}

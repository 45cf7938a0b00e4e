/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Moving what is written most off the overlay: /home into a file of its own, the log into memory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io.h"
#include "core/lesson/lesson.h"
#include "core/practice/practice.h"
#include "core/text.h"

#define HOME_IMAGE "LiveOS/home.img"
#define HOME_BYTES (UINT64_C(24) << 20)
#define LETTERS    "liveuser/Documents" /* in home.img */
#define FILM       "liveuser/Videos/film.mkv"
#define FILM_BYTES (UINT64_C(1) << 20)
#define JOURNALD   "etc/systemd/journald.conf.d/50-volatile.conf"
#define FILE_MAX   (UINT64_C(8) << 20)

static int check_largest(struct lesson *lesson, struct lesson_now *now, const char *answer,
			 struct lm_verdict *verdict, struct lm_error *err)
{
	const char *name;
	struct lm_usage *usage;
	bool right;
	int rc = lm_usage_read(now->stick, NULL, &usage, err);

	(void)lesson;
	if (rc)
		return rc;
	name = usage->root && usage->root->child ? usage->root->child->name : "home";
	right = lesson_is_word(answer, name);
	lm_usage_free(usage);
	if (!right)
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: the largest is the first below /."));
	return lesson_yes(verdict, "%s",
			  _("Right. What is written most often is best kept off the overlay."));
}

/* The way of a running system's user would be mkfs.ext4 on a file: so it is here. */
static int make_home(struct lesson *lesson, char said[LM_VERDICT_CAP], struct lm_error *err)
{
	const char *argv[] = { "mkfs.ext4", "-q", "-F", "-b", "4096", "-m", "0", "-O",
			       "^has_journal", "-L", "home", "-E",
			       "lazy_itable_init=1,root_owner=0:0", NULL, NULL };
	struct io_file *file = NULL;
	struct io *io = NULL;
	char *path = text_format("%s/%s", lesson->dir, HOME_IMAGE);
	int rc = path ? io_dir_open(lesson->dir, &io) : -ENOMEM, closed;

	(void)said;
	if (!rc)
		rc = io_open(io, HOME_IMAGE, IO_CREATE_PUBLIC, &file);
	if (!rc) {
		rc = io_truncate(file, HOME_BYTES);
		if (!rc)
			rc = io_allocate(file, 0, HOME_BYTES);
		if (rc == -EOPNOTSUPP)
			rc = 0;
		closed = io_file_close(file);
		rc = rc ? rc : closed;
	}
	if (rc) {
		lm_fail(err, rc, HOME_IMAGE, NULL, "%s", _("Making home.img failed"));
	} else {
		argv[13] = path;
		rc = practice_child(argv, NULL, NULL, err);
		if (rc)
			io_unlink(io, HOME_IMAGE);
	}
	io_close(io);
	free(path);
	return rc;
}

static int check_made(struct lesson *lesson, struct lesson_now *now, const char *answer,
		      struct lm_verdict *verdict, struct lm_error *err)
{
	struct io *home = lesson_home_files(now);

	(void)lesson;
	(void)answer;
	(void)err;
	if (!home)
		return lesson_not_yet(verdict, "%s",
				      now->stick->home_path ?
					      _("Not yet: home.img holds no file system.") :
					      _("Not yet: there is no LiveOS/home.img."));
	io_close(home);
	return lesson_yes(verdict, "%s",
			  _("Done: the file is there, with a file system in it. The live system "
			    "mounts it on /home at the next boot."));
}

/* One folder of the live system copied into home.img, or deleted. */
struct moving {
	struct io *from;      /* the live system's files; NULL: delete */
	struct fs_edit *edit;
	const char *path;     /* "home/liveuser" */
	unsigned depth;
	struct lm_error *err;
	char **found;         /* deleting: the files */
	size_t n_found;
	int rc;
};

static int move_entry(void *arg, const char *name, enum io_kind kind);

static int move_folder(struct moving *m, const char *path)
{
	struct moving sub = *m;
	int rc;

	if (m->depth > 8)
		return lm_fail(m->err, -ELOOP, path, NULL, "%s", _("Moving the files failed"));
	sub.path = path;
	sub.depth++;
	if (m->edit) {
		/* "home/liveuser" is "/liveuser" there. */
		rc = strchr(path, '/') ? lesson_mkdir(m->edit, strchr(path, '/'), m->err) : 0;
		if (rc)
			return rc;
	}
	rc = io_list(m->from, path, move_entry, &sub);
	m->found = sub.found;
	m->n_found = sub.n_found;
	if (rc && !sub.rc)
		return lm_fail(m->err, rc, path, NULL, "%s", _("Reading a folder failed"));
	return rc;
}

static int copy_file(struct moving *m, const char *path)
{
	struct io_file *file;
	struct io_stat st;
	void *data = NULL;
	size_t len = 0;
	int rc = io_open(m->from, path, IO_READ, &file);

	if (rc)
		return lm_fail(m->err, rc, path, NULL, "%s", _("Reading a file failed"));
	rc = io_fstat(file, &st);
	if (!rc && st.size_bytes > FILE_MAX)
		rc = -EFBIG;
	if (!rc) {
		len = (size_t)st.size_bytes;
		data = malloc(len + 1);
		rc = data ? io_read_full(file, data, len, 0) : -ENOMEM;
	}
	io_file_close(file);
	if (rc)
		lm_fail(m->err, rc, path, NULL, "%s", _("Reading a file failed"));
	else
		rc = fs_edit_write(m->edit, strchr(path, '/'), data, len, 0644, m->err);
	free(data);
	return rc;
}

static int note_file(struct moving *m, const char *path)
{
	char **more = realloc(m->found, (m->n_found + 1) * sizeof(*more));

	if (more)
		m->found = more;
	if (!more || asprintf(&more[m->n_found], "/%s", path) < 0)
		return lm_fail(m->err, -ENOMEM, path, NULL, "%s", _("Moving the files failed"));
	m->n_found++;
	return 0;
}

static int move_entry(void *arg, const char *name, enum io_kind kind)
{
	struct moving *m = arg;
	char path[512];

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	if (snprintf(path, sizeof(path), "%s/%s", m->path, name) >= (int)sizeof(path))
		m->rc = lm_fail(m->err, -ENAMETOOLONG, m->path, NULL, "%s",
				_("Moving the files failed"));
	else if (kind == IO_DIRECTORY)
		m->rc = move_folder(m, path);
	else if (kind == IO_REGULAR)
		m->rc = m->edit ? copy_file(m, path) : note_file(m, path);
	return m->rc;
}

static int fill_home(struct lesson *lesson, struct fs_edit *edit, void *arg, struct lm_error *err)
{
	struct moving m = { .from = arg, .edit = edit, .err = err };

	(void)lesson;
	return move_folder(&m, "home");
}

static int empty_home(struct lesson *lesson, struct fs_edit *edit, void *arg, struct lm_error *err)
{
	const struct moving *m = arg;
	size_t i;
	int rc = 0;

	(void)lesson;
	for (i = 0; !rc && i < m->n_found; i++)
		rc = fs_edit_unlink(edit, m->found[i], err);
	return rc;
}

/* First all is copied; only when that is on the stick the old files are deleted. */
static int move_home(struct lesson *lesson, char said[LM_VERDICT_CAP], struct lm_error *err)
{
	struct moving old = { .err = err };
	struct lesson_now now;
	int rc = lesson_now_open(lesson, &now, err);

	(void)said;
	if (rc)
		return rc;
	if (!now.root)
		rc = lm_fail(err, -EUCLEAN, lesson->dir, NULL, "%s",
			     _("The live system's files cannot be read"));
	if (!rc)
		rc = lesson_change_home(lesson, fill_home, now.root, err);
	old.from = now.root;
	if (!rc)
		rc = move_folder(&old, "home");
	lesson_now_close(&now);
	if (!rc)
		rc = lesson_change(lesson, empty_home, &old, err);
	while (old.n_found)
		free(old.found[--old.n_found]);
	free(old.found);
	return rc;
}

static int check_moved(struct lesson *lesson, struct lesson_now *now, const char *answer,
		       struct lm_verdict *verdict, struct lm_error *err)
{
	struct io *home = lesson_home_files(now);
	uint64_t there = lesson_mark_files(home, LETTERS);

	(void)answer;
	(void)err;
	io_close(home);
	if (there != lesson->start.letters)
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: the letters are not all in home.img."));
	if (now->facts.letters)
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: the letters are in home.img, but still in the "
					"overlay as well."));
	return lesson_yes(verdict, "%s",
			  _("Done: every letter is in home.img, and no longer in the root file "
			    "system. The chunks that held them are dead now: a compact gives "
			    "them back."));
}

static int write_conf(struct lesson *lesson, struct fs_edit *edit, void *arg, struct lm_error *err)
{
	static const char text[] = "[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\n";
	int rc = lesson_mkdir(edit, "/etc/systemd", err);

	(void)lesson;
	(void)arg;
	if (!rc)
		rc = lesson_mkdir(edit, "/etc/systemd/journald.conf.d", err);
	return rc ? rc : fs_edit_write(edit, "/" JOURNALD, text, sizeof(text) - 1, 0644, err);
}

static int set_logs(struct lesson *lesson, char said[LM_VERDICT_CAP], struct lm_error *err)
{
	(void)said;
	return lesson_change(lesson, write_conf, NULL, err);
}

static int check_logs(struct lesson *lesson, struct lesson_now *now, const char *answer,
		      struct lm_verdict *verdict, struct lm_error *err)
{
	(void)lesson;
	(void)answer;
	(void)err;
	if (!lesson_file_has(now->root, JOURNALD, "Storage=volatile") &&
	    !lesson_file_has(now->root, "etc/systemd/journald.conf", "\nStorage=volatile"))
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: nothing says Storage=volatile to the journal."));
	return lesson_yes(verdict, "%s",
			  _("Done: from the next boot on the log is kept in memory, and forgotten at "
			    "power-off. Who needs the log must not do this."));
}

static int write_home(struct lesson *lesson, char said[LM_VERDICT_CAP], struct lm_error *err)
{
	(void)said;
	return lesson_film(lesson, "/" FILM, FILM_BYTES, true, err);
}

static int check_home(struct lesson *lesson, struct lesson_now *now, const char *answer,
		      struct lm_verdict *verdict, struct lm_error *err)
{
	struct io *home = lesson_home_files(now);
	bool there = lesson_file_bytes(home, FILM) == FILM_BYTES;

	(void)answer;
	(void)err;
	io_close(home);
	if (!there)
		return lesson_not_yet(verdict, "%s", _("Not yet: the film is not in home.img."));
	if (now->facts.allocated > lesson->enter.allocated)
		return lesson_not_yet(verdict, "%s",
				      _("The film is there, but the overlay has grown as well: "
					"something else was written."));
	return lesson_yes(verdict, "%s",
			  _("Done: the film is there, and the overlay has not moved. What is deleted "
			    "in home.img is free again at once, too."));
}

static int check_won(struct lesson *lesson, struct lesson_now *now, const char *answer,
		     struct lm_verdict *verdict, struct lm_error *err)
{
	struct io *home = lesson_home_files(now);
	uint64_t there = lesson_mark_files(home, LETTERS);
	char was[16], is[16];

	(void)answer;
	(void)err;
	io_close(home);
	if (there != lesson->start.letters)
		return lesson_not_yet(verdict, "%s",
				      _("The letters are no longer all in home.img. Make a new "
					"practice stick, and begin again."));
	if (now->facts.allocated >= lesson->enter.allocated ||
	    now->facts.dead > lesson->enter.dead / 4)
		return lesson_not_yet(verdict, "%s",
				      _("Not yet: what the files left behind is still in the "
					"overlay."));
	return lesson_yes(verdict,
			  _("Done: the overlay went from %s to %s, and will fill much more slowly "
			    "from now on."),
			  text_size(was, lesson->enter.allocated * 512),
			  text_size(is, now->facts.allocated * 512));
}

static const struct lesson_step steps[] = {
	{ .id = "largest",
	  .title = N_("Who eats the overlay"),
	  .text = N_("Before anything is moved one should know what fills the overlay. usage adds up "
		     "the chunks of every folder and file."),
	  .todo = N_("Which folder below / holds most of the overlay?"),
	  .hint = N_("The first one in the list of usage."),
	  .commands = { "livemend usage --depth 1 {dir}" },
	  .does = LM_DOES_ANSWER,
	  .look = "usage",
	  .check = check_largest },
	{ .id = "make",
	  .title = N_("A file for /home"),
	  .text = N_("A live system that finds LiveOS/home.img on its stick mounts it on /home. That "
		     "is an ordinary file system in a file, not under the overlay: what is deleted "
		     "there is free again, and a merge or reset leaves it alone. "
		     "livecd-iso-to-disk makes one with --home-size-mb."),
	  .todo = N_("Make LiveOS/home.img, 24 MiB long."),
	  .hint = N_("Do it from here, or with the commands beside in the stick's folder."),
	  .commands = { "fallocate -l 24M {dir}/LiveOS/home.img",
			"mkfs.ext4 -L home {dir}/LiveOS/home.img" },
	  .does = LM_DOES_CHANGE,
	  .label = N_("Make LiveOS/home.img"),
	  .act = make_home,
	  .check = check_made },
	{ .id = "move",
	  .title = N_("Move the files"),
	  .text = N_("First everything is copied; when it is safely there, and only then, it is "
		     "deleted in the old place. The other way round would be quicker, until the "
		     "plug is pulled."),
	  .todo = N_("Move the files of /home into home.img."),
	  .hint = N_("Do it from here."),
	  .commands = { "mount -o loop LiveOS/home.img /mnt", "cp -a /home/. /mnt/ && sync",
			"rm -r /home/*" },
	  .does = LM_DOES_CHANGE,
	  .label = N_("Copy /home into home.img, then delete it in the overlay"),
	  .act = move_home,
	  .check = check_moved },
	{ .id = "logs",
	  .title = N_("The log"),
	  .text = N_("A running system writes to its log all day, always to new places. On a stick "
		     "where nobody reads yesterday's log it can be kept in memory."),
	  .todo = N_("Tell the journal to keep its log in memory."),
	  .hint = N_("Do it from here: it writes a file of three lines below /etc/systemd."),
	  .commands = { "mkdir -p /etc/systemd/journald.conf.d",
			"printf '[Journal]\\nStorage=volatile\\n' > "
			"/etc/systemd/journald.conf.d/50-volatile.conf" },
	  .does = LM_DOES_CHANGE,
	  .label = N_("Set Storage=volatile for the journal"),
	  .act = set_logs,
	  .check = check_logs },
	{ .id = "write",
	  .title = N_("Does it help?"),
	  .text = N_("The user loads a film again, 1 MiB this time. /home is home.img now."),
	  .todo = N_("Write the film, and see that the overlay does not grow."),
	  .hint = N_("Do it from here."),
	  .commands = { "dd if=/dev/urandom of=~/Videos/film.mkv bs=1M count=1",
			"livemend status {dir}" },
	  .does = LM_DOES_CHANGE,
	  .label = N_("Write a film of 1 MiB to /home"),
	  .act = write_home,
	  .check = check_home },
	{ .id = "compact",
	  .title = N_("Win the room back"),
	  .text = N_("What the moved files left behind in the overlay is dead now. A compact gives "
		     "it back; so would a merge. Neither touches home.img."),
	  .todo = N_("Compact the overlay."),
	  .hint = N_("The command is compact."),
	  .commands = { "livemend compact {dir}" },
	  .does = LM_DOES_PLAN,
	  .options = { .op = LM_OP_COMPACT },
	  .check = check_won },
};

const struct lesson_def lesson_home = {
	.name = "home",
	.title = N_("Moving /home and the log off the overlay"),
	.text = N_("What is written most often need not go through the overlay: give /home a file "
		   "of its own, and keep the log in memory."),
	.steps = steps,
	.n_steps = sizeof(steps) / sizeof(steps[0]),
};

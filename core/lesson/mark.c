/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mark.c - where a lesson stands, in a small text file on the stick
 *
 *   livemend lesson 1
 *   name overflow
 *   step 2
 *   start.allocated 49152      facts, once they have been noted
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/io/io_replace.h"
#include "core/lesson/lesson.h"

#define FIRST_LINE "livemend lesson 1\n"
#define MARK_MAX   4096
#define FRESH      "lesson.new"
#define ASIDE      "lesson.old"

static const struct {
	const char *name;
	size_t at;
} fields[] = {
	{ "allocated", offsetof(struct lesson_facts, allocated) },
	{ "exceptions", offsetof(struct lesson_facts, exceptions) },
	{ "dead", offsetof(struct lesson_facts, dead) },
	{ "root_free", offsetof(struct lesson_facts, root_free) },
	{ "overlay_bytes", offsetof(struct lesson_facts, overlay_bytes) },
	{ "base", offsetof(struct lesson_facts, base) },
	{ "letters", offsetof(struct lesson_facts, letters) },
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static uint64_t *field(struct lesson_facts *facts, size_t i)
{
	return (uint64_t *)(void *)((char *)facts + fields[i].at);
}

static int spoilt(const struct lesson *lesson, struct lm_error *err)
{
	lm_fail(err, -EINVAL, LESSON_FILE,
		_("Make a new practice stick, in another folder, and begin again."), "%s",
		_("The lesson cannot be taken up"));
	(void)lesson;
	return lm_because(err, "%s", _("the note of where it stands makes no sense"));
}

/* One line of the file, without its end; true when it is understood. */
static bool read_line(struct lesson *lesson, const char *line, unsigned *seen)
{
	char key[40];
	uint64_t value;
	size_t i;

	if (strncmp(line, "name ", 5) == 0) {
		lesson->def = lesson_def_find(line + 5);
		return lesson->def != NULL;
	}
	if (sscanf(line, "%39s %" SCNu64, key, &value) != 2)
		return false;
	if (strcmp(key, "step") == 0) {
		lesson->at = (size_t)value;
		return true;
	}
	for (i = 0; i < N_FIELDS; i++) {
		char name[40];

		snprintf(name, sizeof(name), "start.%s", fields[i].name);
		if (strcmp(key, name) == 0) {
			*field(&lesson->start, i) = value;
			++*seen;
			return true;
		}
		snprintf(name, sizeof(name), "enter.%s", fields[i].name);
		if (strcmp(key, name) == 0) {
			*field(&lesson->enter, i) = value;
			++*seen;
			return true;
		}
	}
	return false;
}

int lesson_mark_read(struct lesson *lesson, bool *noted, struct lm_error *err)
{
	char text[MARK_MAX + 1], *line, *rest = NULL;
	struct io_file *file = NULL;
	unsigned seen = 0;
	struct io *io;
	ssize_t n;
	int rc = io_dir_open_readonly(lesson->dir, &io);

	if (!rc) {
		rc = io_open(io, LESSON_FILE, IO_READ, &file);
		io_close(io);
	}
	if (rc)
		return lm_fail(err, rc, lesson->dir,
			       _("Make one: livemend practice --lesson NAME DIR. The lessons are "
				 "listed by livemend practice --help."),
			       "%s", _("There is no lesson in that folder"));
	n = io_pread(file, text, MARK_MAX, 0);
	io_file_close(file);
	if (n < 0)
		return lm_fail(err, (int)n, LESSON_FILE, NULL, "%s", _("Reading the lesson failed"));
	text[n] = '\0';
	if (strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0)
		return spoilt(lesson, err);
	for (line = strtok_r(text + strlen(FIRST_LINE), "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		if (!read_line(lesson, line, &seen))
			return spoilt(lesson, err);
	if (!lesson->def || lesson->at > lesson->def->n_steps ||
	    (seen != 0 && seen != 2 * N_FIELDS))
		return spoilt(lesson, err);
	*noted = seen != 0;
	return 0;
}

static int put(struct io *io, const char *text)
{
	struct io_file *file;
	int rc = io_open(io, FRESH, IO_CREATE_PUBLIC, &file), closed;

	if (rc)
		return rc;
	rc = io_pwrite(file, text, strlen(text), 0);
	if (!rc)
		rc = io_fsync(file);
	closed = io_file_close(file);
	return rc ? rc : closed;
}

static char *mark_text(const struct lesson *lesson)
{
	struct lesson_facts start = lesson->start, enter = lesson->enter;
	char *text = NULL;
	size_t len, i;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	fprintf(f, FIRST_LINE "name %s\nstep %zu\n", lesson->def->name, lesson->at);
	for (i = 0; i < N_FIELDS; i++)
		fprintf(f, "start.%s %" PRIu64 "\nenter.%s %" PRIu64 "\n", fields[i].name,
			*field(&start, i), fields[i].name, *field(&enter, i));
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

int lesson_mark_write(const struct lesson *lesson, struct lm_error *err)
{
	const char *what = _("Noting where the lesson stands failed");
	char *text = mark_text(lesson);
	struct io *io = NULL;
	int rc = text ? io_dir_open(lesson->dir, &io) : -ENOMEM;

	if (!rc)
		rc = io_replace_remove(io, ".", FRESH, err);
	if (!rc) {
		rc = put(io, text);
		if (rc)
			lm_fail(err, rc, lesson->dir, NULL, "%s", what);
		else
			rc = io_replace(io, ".", FRESH, LESSON_FILE, ASIDE, NULL, err);
		if (!rc)
			rc = io_replace_remove(io, ".", FRESH, err);
	} else {
		lm_fail(err, rc, lesson->dir, NULL, "%s", what);
	}
	io_close(io);
	free(text);
	return rc;
}

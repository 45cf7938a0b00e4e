/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tui/script.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tui/cells.h"
#include "tui/dump.h"
#include "tui/ui.h"

#define PATIENCE_S 10 /* LM_PATIENCE says another number */

struct script {
	FILE *in, *out;
	char line[512];
	char *rest; /* of the line: what is still to be done, NULL: read the next */
	char verb[16];
	time_t since;
	long patience; /* seconds */
};

int script_open(struct script **script, const char *path, const char *dump)
{
	struct script *s = calloc(1, sizeof(*s));
	const char *patience = getenv("LM_PATIENCE");

	if (!s)
		return -ENOMEM;
	s->patience = patience ? strtol(patience, NULL, 10) : PATIENCE_S;
	s->in = fopen(path, "re");
	s->out = dump ? fopen(dump, "we") : stdout;
	if (!s->in || !s->out) {
		int rc = -errno;

		if (s->in)
			fclose(s->in);
		free(s);
		return rc;
	}
	*script = s;
	return 0;
}

void script_close(struct script *s)
{
	if (!s)
		return;
	fclose(s->in);
	if (s->out != stdout)
		fclose(s->out);
	free(s);
}

static bool next_line(struct script *s)
{
	size_t n;

	while (fgets(s->line, sizeof(s->line), s->in)) {
		s->line[strcspn(s->line, "\n")] = '\0';
		n = strcspn(s->line, " ");
		if (s->line[0] == '#' || n == 0 || n >= sizeof(s->verb))
			continue;
		memcpy(s->verb, s->line, n);
		s->verb[n] = '\0';
		s->rest = s->line + n + (s->line[n] == ' ');
		s->since = time(NULL);
		return true;
	}
	return false;
}

static bool shows(const struct ui *ui, const char *text)
{
	char row[2048];
	int y;

	for (y = 0; y < ui->term.rows; y++) {
		dump_row(y, ui->term.cols, row, sizeof(row));
		if (strstr(row, text))
			return true;
	}
	return false;
}

static int fail(struct script *s, struct ui *ui)
{
	fprintf(s->out, "== IN VAIN: %s %s\n", s->verb, s->rest);
	dump_screen(s->out, ui->term.rows, ui->term.cols);
	fflush(s->out);
	ui->exit_status = 99;
	ui_end(ui, SIGTERM);
	s->rest = NULL;
	return 0;
}

static void press(struct script *s, struct ui *ui)
{
	size_t n = strcspn(s->rest, " ");
	uint32_t key = key_from_name(s->rest, n);

	s->rest += n;
	s->rest += strspn(s->rest, " ");
	if (key)
		ui_key(ui, key);
	else
		fail(s, ui);
}

static void type(struct script *s, struct ui *ui)
{
	wchar_t ch;
	int width;
	size_t n = cells_next(s->rest, &ch, &width);

	s->rest += n;
	ui_key(ui, (uint32_t)ch);
}

static void resize(struct script *s, struct ui *ui)
{
	int rows = 24, cols = 80;

	if (sscanf(s->rest, "%dx%d", &cols, &rows) == 2)
		term_force_size(&ui->term, rows, cols);
	ui->dirty = ui->repaint = true;
}

static bool cursor_at(const struct ui *ui, const char *text)
{
	char row[2048];
	int y = dump_cursor_row();

	dump_row(y, ui->term.cols, row, sizeof(row));
	return strstr(row, text) != NULL;
}

int script_step(struct script *s, struct ui *ui)
{
	if (!s->rest && !next_line(s)) {
		if (ui->ending)
			return -1;
		ui_end(ui, SIGTERM);
		return 0;
	}
	if (strcmp(s->verb, "wait") == 0 || strcmp(s->verb, "gone") == 0) {
		if (shows(ui, s->rest) == (s->verb[0] == 'w')) {
			s->rest = NULL;
			return 0;
		}
		return time(NULL) - s->since > s->patience ? fail(s, ui) : 20;
	}
	if (strcmp(s->verb, "now") != 0 && service_busy(ui->service))
		return time(NULL) - s->since > s->patience ? fail(s, ui) : 20;
	if (strcmp(s->verb, "key") == 0 || strcmp(s->verb, "now") == 0)
		press(s, ui);
	else if (strcmp(s->verb, "type") == 0)
		type(s, ui);
	else if (strcmp(s->verb, "size") == 0)
		resize(s, ui);
	else if (strcmp(s->verb, "lost") == 0)
		ui_end(ui, SIGHUP);
	else if (strcmp(s->verb, "at") == 0 && !cursor_at(ui, s->rest))
		return fail(s, ui);
	else if (strcmp(s->verb, "dump") == 0) {
		fprintf(s->out, "== %s\n", s->rest);
		dump_screen(s->out, ui->term.rows, ui->term.cols);
	}
	if ((s->verb[0] != 'k' && strcmp(s->verb, "now") != 0 && strcmp(s->verb, "type") != 0) ||
	    (s->rest && !*s->rest))
		s->rest = NULL;
	return 0;
}

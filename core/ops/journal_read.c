/* SPDX-License-Identifier: GPL-3.0-or-later */
/* journal_read.c - what was done on a stick, as its journal.txt tells */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/i18n.h"
#include "core/plan/journal.h"
#include "core/stick/stick.h"
#include "core/text.h"

#define MAX_LOG_BYTES (4u << 20)

/* Printable, but line by line. */
static void journal_clean(char *text)
{
	for (char *line = text; line;) {
		char *end = strchr(line, '\n');
		char *clean;

		if (end)
			*end = '\0';
		clean = text_dup(line);
		/* text_printable() never makes a text longer. */
		if (clean)
			memcpy(line, clean, strlen(clean) + 1);
		else
			*line = '\0';
		if (end && clean) {
			size_t n = strlen(clean);

			memset(line + n, ' ', (size_t)(end - line) - n);
		}
		free(clean);
		if (end)
			*end = '\n';
		line = end ? end + 1 : NULL;
	}
}

int lm_journal_read(struct lm_stick *stick, char **text, struct lm_error *err)
{
	char path[PATH_MAX] = "";
	struct io_file *file = NULL;
	struct io_stat st;
	uint64_t from = 0;
	size_t len;
	int ret;

	*text = NULL;
	ret = journal_log_path(path, stick->live_dir);
	if (ret == 0)
		ret = io_open(stick->io, path, IO_READ, &file);
	if (ret == -ENOENT || ret == -ENOTDIR) {
		*text = strdup("");
		return *text ? 0 :
			       lm_fail(err, -ENOMEM, NULL, NULL, "%s",
				       _("Reading the journal failed"));
	}
	if (ret == 0)
		ret = io_fstat(file, &st);
	if (ret < 0)
		goto out;
	/* The end of it is what matters, and a stranger's file may be of any size. */
	if (st.size_bytes > MAX_LOG_BYTES)
		from = st.size_bytes - MAX_LOG_BYTES;
	len = (size_t)(st.size_bytes - from);
	*text = malloc(len + 1);
	ret = *text ? io_read_full(file, *text, len, from) : -ENOMEM;
	if (ret < 0)
		goto out;
	for (size_t i = 0; i < len; i++) {
		if ((*text)[i] == '\0')
			(*text)[i] = '?';
	}
	(*text)[len] = '\0';
	journal_clean(*text);
out:
	io_file_close(file);
	if (ret < 0) {
		free(*text);
		*text = NULL;
		return lm_fail(err, ret, path, NULL, "%s", _("Reading the journal failed"));
	}
	return 0;
}

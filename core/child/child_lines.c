/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a child writes, line by line. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/child/child.h"
#include "core/text.h"

static void child_lines_give(char *text, child_line_fn take, void *arg)
{
	char line[sizeof(((struct child_lines *)NULL)->buf) + 1];

	text_printable(line, sizeof(line), text);
	if (take && line[0])
		take(arg, line);
}

void child_lines_read(struct child_lines *in, child_line_fn take, void *arg)
{
	ssize_t got = read(in->fd, in->buf + in->used, sizeof(in->buf) - 1 - in->used);
	char *start = in->buf, *end;

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got > 0)
		in->used += (size_t)got;
	in->buf[in->used] = '\0';
	for (end = in->buf; end < in->buf + in->used; end++) {
		/* A NUL would hide what follows it; a progress bar ends in a carriage return. */
		if (*end == '\0')
			*end = ' ';
		if (*end != '\n' && *end != '\r')
			continue;
		*end = '\0';
		child_lines_give(start, take, arg);
		start = end + 1;
	}
	in->used -= (size_t)(start - in->buf);
	memmove(in->buf, start, in->used + 1);
	/* The rest at the end, and a line that is longer than the buffer, as it is. */
	if (in->used > 0 && (got <= 0 || in->used == sizeof(in->buf) - 1)) {
		child_lines_give(in->buf, take, arg);
		in->used = 0;
	}
	if (got <= 0) {
		close(in->fd);
		in->fd = -1;
	}
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli_stubs.h - handlers that do nothing, for tests of the command table alone */
#ifndef TEST_CLI_STUBS_H
#define TEST_CLI_STUBS_H

#include "cli/cli.h"

#define STUB(name)                                                                                 \
	int name(struct cli *cli)                                                                  \
	{                                                                                          \
		(void)cli;                                                                         \
		return LM_DONE;                                                                    \
	}
STUB(cli_status)
STUB(cli_layout)
STUB(cli_doctor)
STUB(cli_usage)
STUB(cli_watch)
STUB(cli_op)
#undef STUB

const char *const *lm_lessons(void)
{
	static const char *const names[] = {"overflow", "dirty", NULL};

	return names;
}

const char *lm_lesson_text(const char *name)
{
	return name;
}

#endif
